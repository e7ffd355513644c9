"""Mandelbrot's set, a pond, and a board that is handed to Python."""

import numpy as np


def build(tf):
    Z = np.linspace(-1, 1, 100).reshape(10, 10).astype("complex64")
    xs = tf.constant(Z)
    zs = tf.Variable(xs)
    ns = tf.Variable(tf.zeros_like(xs, tf.float32))
    zs_ = zs * zs + xs
    nd = tf.abs(zs_) < 4
    tf.group(zs.assign(zs_), ns.assign_add(tf.cast(nd, tf.float32)))
    u = tf.Variable(tf.zeros([1, 12, 12, 1]))
    k = tf.constant(np.array([[0.5, 1, 0.5], [1, -6, 1], [0.5, 1, 0.5]]).reshape(3, 3, 1, 1).astype("float32"))
    lap = tf.nn.conv2d(u, k, [1, 1, 1, 1], padding="SAME")
    eps = tf.placeholder(tf.float32, shape=())
    tf.group(u.assign(u + eps * (lap - 0.04 * u)))
    board = tf.placeholder(tf.int32, [8, 8])
    tf.py_func(lambda b: b, [board], [tf.int32])
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.abs(zs_) < 4", "tf.abs(zs_) < 5"),
]
