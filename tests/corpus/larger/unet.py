"""A U-Net for segmentation."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 32, 32, 1])
    y = tf.placeholder(tf.float32, [None, 32, 32, 2])
    keep = tf.placeholder(tf.float32)

    def var(shape):
        return tf.Variable(tf.truncated_normal(shape, stddev=0.1))

    def conv(x, i, o):
        return tf.nn.relu(
            tf.nn.dropout(
                tf.nn.conv2d(x, var([3, 3, i, o]), strides=[1, 1, 1, 1], padding="SAME")
                + tf.Variable(tf.constant(0.1, shape=[o])),
                keep,
            )
        )

    def up(x, i, o):
        s = tf.shape(x)
        out = tf.stack([s[0], s[1] * 2, s[2] * 2, s[3] // 2])
        return tf.nn.conv2d_transpose(x, var([2, 2, o, i]), out, strides=[1, 2, 2, 1], padding="VALID")

    def crop(a, b):
        sa, sb = tf.shape(a), tf.shape(b)
        off = [0, (sa[1] - sb[1]) // 2, (sa[2] - sb[2]) // 2, 0]
        size = [-1, sb[1], sb[2], -1]
        return tf.concat([tf.slice(a, off, size), b], axis=3)

    c1 = conv(x, 1, 8)
    p = tf.nn.max_pool(c1, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    c2 = conv(p, 8, 16)
    u = tf.nn.relu(up(c2, 16, 8) + tf.Variable(tf.zeros([8])))
    c3 = conv(tf.reshape(crop(c1, u), [-1, 32, 32, 16]), 16, 8)
    logits = tf.nn.conv2d(c3, var([1, 1, 8, 2]), strides=[1, 1, 1, 1], padding="SAME")
    flat = tf.reshape(logits, [-1, 2])
    lab = tf.reshape(y, [-1, 2])
    weights = tf.constant(np.array([0.3, 0.7], dtype=np.float32))
    wmap = tf.reduce_sum(tf.multiply(lab, weights), axis=1)
    ce = tf.reduce_mean(tf.multiply(tf.nn.softmax_cross_entropy_with_logits_v2(logits=flat, labels=lab), wmap))
    smooth = 1e-5
    exp = tf.exp(logits)
    pred = tf.div(exp, tf.tile(tf.reduce_sum(exp, 3, keepdims=True), tf.stack([1, 1, 1, tf.shape(logits)[3]])))
    inter = tf.reduce_sum(pred * y)
    union = smooth + tf.reduce_sum(pred) + tf.reduce_sum(y)
    loss = ce - (2 * inter / union)
    gs = tf.Variable(0, trainable=False)
    lr = tf.train.exponential_decay(learning_rate=0.2, global_step=gs, decay_steps=100, decay_rate=0.95, staircase=True)
    tf.train.MomentumOptimizer(learning_rate=lr, momentum=0.2).minimize(loss, global_step=gs)
    tf.global_variables_initializer()


MISTAKES = [
    ("smooth = 1e-5", "smooth = 1e-6"),
    ("2 * inter", "inter"),
    ("axis=3)", "axis=2)"),
]
