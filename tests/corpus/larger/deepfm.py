"""Factorization machine and deep network on the same embeddings."""

import numpy as np


def build(tf):
    idx = tf.placeholder(tf.int32, [None, None])
    val = tf.placeholder(tf.float32, [None, None])
    y = tf.placeholder(tf.float32, [None, 1])
    keep = tf.placeholder(tf.float32, [None])
    train = tf.placeholder(tf.bool)
    FE = tf.Variable(tf.random_normal([90, 8], 0.0, 0.01))
    FB = tf.Variable(tf.random_uniform([90, 1], 0.0, 1.0))
    emb = tf.nn.embedding_lookup(FE, idx)
    v = tf.reshape(val, shape=[-1, 7, 1])
    emb = tf.multiply(emb, v)
    first = tf.reduce_sum(tf.multiply(tf.nn.embedding_lookup(FB, idx), v), 2)
    first = tf.nn.dropout(first, keep[0])
    second = 0.5 * tf.subtract(tf.square(tf.reduce_sum(emb, 1)), tf.reduce_sum(tf.square(emb), 1))
    second = tf.nn.dropout(second, keep[1])
    h = tf.reshape(emb, shape=[-1, 7 * 8])
    h = tf.nn.dropout(h, keep[0])
    W = tf.Variable(np.linspace(-1, 1, 56 * 16).reshape(56, 16), dtype=np.float32)
    b = tf.Variable(np.zeros((1, 16)), dtype=np.float32)
    h = tf.nn.dropout(tf.nn.relu(tf.add(tf.matmul(h, W), b)), keep[1])
    cat = tf.concat([first, second, h], axis=1)
    out = tf.add(
        tf.matmul(cat, tf.Variable(np.ones((31, 1)), dtype=np.float32)),
        tf.Variable(tf.constant(0.01), dtype=np.float32),
    )
    out = tf.nn.sigmoid(out)
    loss = tf.losses.log_loss(y, out)
    tf.train.AdamOptimizer(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8).minimize(loss)
    tf.global_variables_initializer()
    tf.train.Saver()


MISTAKES = [
    ("0.5 * tf.subtract", "0.25 * tf.subtract"),
    ("epsilon=1e-8", "epsilon=1e-7"),
]
