"""A mixture density network."""

import numpy as np


def build(tf):
    x = tf.placeholder(tf.float32, [None, 1])
    y = tf.placeholder(tf.float32, [None, 1])
    K = 5
    W1 = tf.Variable(tf.random_normal([1, 24], stddev=1.0))
    b1 = tf.Variable(tf.random_normal([1, 24]))
    h = tf.nn.tanh(tf.matmul(x, W1) + b1)
    W2 = tf.Variable(tf.random_normal([24, 3 * K]))
    b2 = tf.Variable(tf.random_normal([1, 3 * K]))
    out = tf.matmul(h, W2) + b2
    pi, sigma, mu = tf.split(out, 3, 1)
    pi = tf.exp(pi - tf.reduce_max(pi, 1, keep_dims=True))
    pi = tf.multiply(tf.reciprocal(tf.reduce_sum(pi, 1, keep_dims=True)), pi)
    sigma = tf.exp(sigma)
    r = tf.multiply(tf.subtract(y, mu), tf.reciprocal(sigma))
    r = -tf.square(r) / 2
    p = tf.multiply(tf.multiply(tf.exp(r), tf.reciprocal(sigma)), 1 / np.sqrt(2 * np.pi))
    p = tf.reduce_sum(tf.multiply(p, pi), 1, keep_dims=True)
    loss = tf.reduce_mean(-tf.log(p))
    ent = tf.reduce_mean(tf.reduce_logsumexp(tf.log(pi + 1e-8) + r, axis=1))
    grads = tf.train.RMSPropOptimizer(0.005, decay=0.8, momentum=0.1, centered=True)
    grads.minimize(loss - 0.1 * ent)
    tf.global_variables_initializer()


MISTAKES = [("pi, sigma, mu =", "pi, mu, sigma ="), ("-tf.square(r) / 2", "-tf.square(r)"), ("decay=0.8", "decay=0.9")]
