"""A VGG-like network."""

import numpy as np


def build(tf):
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    y = tf.placeholder(tf.float32, [None, 10])
    keep_prob = tf.placeholder(tf.float32)

    def conv(x, n, name):
        with tf.name_scope(name):
            w = tf.Variable(
                tf.truncated_normal(
                    [3, 3, x.get_shape()[-1].value if hasattr(x.get_shape()[-1], "value") else x.get_shape()[-1], n],
                    stddev=0.1,
                ),
                name="weights",
            )
            b = tf.Variable(tf.constant(0.0, shape=[n]), trainable=True, name="biases")
            return tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 1, 1, 1], padding="SAME"), b), name=name)

    def pool(x):
        return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")

    h = pool(conv(x, 8, "c1"))
    h = tf.nn.lrn(h, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75)
    h = pool(conv(conv(h, 16, "c2"), 16, "c3"))
    shape = int(np.prod(h.get_shape()[1:]))
    flat = tf.reshape(h, [-1, shape])
    w = tf.Variable(tf.truncated_normal([shape, 32], stddev=1e-1))
    b = tf.Variable(tf.constant(1.0, shape=[32]))
    fc = tf.nn.dropout(tf.nn.relu(tf.nn.bias_add(tf.matmul(flat, w), b)), keep_prob)
    tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(w), 5e-4))
    w2 = tf.Variable(tf.truncated_normal([32, 10], stddev=1e-1))
    b2 = tf.Variable(tf.constant(0.0, shape=[10]))
    out = tf.matmul(fc, w2) + b2
    ce = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=out))
    tf.add_to_collection("losses", ce)
    total = tf.add_n(tf.get_collection("losses"), name="total_loss")
    tf.train.AdamOptimizer(1e-4).minimize(total)
    tf.nn.softmax(out)
    tf.global_variables_initializer()


MISTAKES = [
    ("alpha=0.001 / 9.0", "alpha=0.001 / 8.0"),
    ("5e-4", "5e-3"),
    (", b)), keep_prob)", ", b)), 1 - keep_prob)"),
]
