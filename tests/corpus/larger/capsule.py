"""Capsules with routing by agreement."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    X = tf.placeholder(tf.float32, [None, 20, 20, 1])
    y = tf.placeholder(tf.int64, [None])

    def squash(s, axis=-1):
        sq = tf.reduce_sum(tf.square(s), axis=axis, keepdims=True)
        return sq / (1.0 + sq) * (s / tf.sqrt(sq + 1e-7))

    h = tf.layers.conv2d(X, 16, 9, activation=tf.nn.relu)
    h = tf.layers.conv2d(h, 16, 5, strides=2, activation=tf.nn.relu)
    caps = squash(tf.reshape(h, [-1, 4 * 4 * 4, 4]))
    W = tf.Variable(tf.random_normal(shape=(1, 64, 10, 6, 4), stddev=0.1))
    batch = tf.shape(X)[0]
    Wt = tf.tile(W, [batch, 1, 1, 1, 1])
    c = tf.tile(tf.expand_dims(tf.expand_dims(caps, -1), 2), [1, 1, 10, 1, 1])
    u = tf.matmul(Wt, c)
    b = tf.zeros([batch, 64, 10, 1, 1], dtype=np.float32)
    num_routing = 3
    for r in range(num_routing):
        k = tf.nn.softmax(b, axis=2)
        v = squash(tf.reduce_sum(tf.multiply(k, u), axis=1, keepdims=True), axis=-2)
        if r < num_routing - 1:
            b = tf.add(b, tf.matmul(u, tf.tile(v, [1, 64, 1, 1, 1]), transpose_a=True))
    norm = tf.sqrt(tf.reduce_sum(tf.square(v), axis=-2) + 1e-7)
    length = tf.squeeze(norm, axis=[1, 3])
    pred = tf.argmax(length, axis=1)
    T = tf.one_hot(y, depth=10)
    m_plus = 0.9
    present = tf.square(tf.maximum(0.0, m_plus - length))
    absent = tf.square(tf.maximum(0.0, length - 0.1))
    margin = tf.reduce_mean(tf.reduce_sum(tf.add(T * present, 0.5 * (1.0 - T) * absent), axis=1))
    flag = tf.placeholder_with_default(False, shape=())
    target = tf.cond(flag, lambda: y, lambda: pred)
    mask = tf.reshape(tf.one_hot(target, depth=10), [-1, 1, 10, 1, 1])
    dec = tf.reshape(tf.multiply(v, mask), [-1, 60])
    dec = tf.layers.dense(tf.layers.dense(dec, 32, activation=tf.nn.relu), 400, activation=tf.nn.sigmoid)
    rec = tf.reduce_sum(tf.square(tf.reshape(X, [-1, 400]) - dec))
    tf.train.AdamOptimizer().minimize(tf.add(margin, 0.0005 * rec))
    tf.global_variables_initializer()
    tf.train.Saver()


MISTAKES = [
    ("1e-7", "1e-9"),
    ("num_routing = 3", "num_routing = 2"),
    ("0.0005 *", "0.005 *"),
    ("m_plus = 0.9", "m_plus = 0.8"),
]
