"""Neighbours are sampled and aggregated."""

import numpy as np


def build(tf):
    batch = tf.placeholder(tf.int32, [None])
    adj = tf.Variable(tf.constant(np.arange(300).reshape(100, 3) % 100, dtype=tf.int32), trainable=False)
    feats = tf.Variable(tf.constant(np.linspace(0, 1, 1000).reshape(100, 10), dtype=tf.float32), trainable=False)
    a = tf.transpose(tf.random_shuffle(tf.transpose(tf.nn.embedding_lookup(adj, batch))))
    neigh = tf.slice(a, [0, 0], [-1, 2])
    hn = tf.reduce_mean(tf.reshape(tf.nn.embedding_lookup(feats, tf.reshape(neigh, [-1])), [-1, 2, 10]), axis=1)
    hs = tf.nn.embedding_lookup(feats, batch)
    hn, hs = tf.nn.dropout(hn, 0.9), tf.nn.dropout(hs, 0.9)
    W1, W2 = tf.get_variable("w1", [10, 6]), tf.get_variable("w2", [10, 6])
    h = tf.nn.relu(tf.concat([tf.matmul(hs, W1), tf.matmul(hn, W2)], axis=1))
    h = tf.nn.l2_normalize(h, 1)
    labels = tf.reshape(tf.cast(batch, dtype=tf.int64), [-1, 1])
    neg, _, _ = tf.nn.fixed_unigram_candidate_sampler(
        true_classes=labels,
        num_true=1,
        num_sampled=5,
        unique=False,
        range_max=100,
        distortion=0.75,
        unigrams=list(range(1, 101)),
    )
    nh = tf.nn.embedding_lookup(tf.get_variable("o", [100, 12]), neg)
    aff = tf.reduce_sum(h * tf.reverse(h, [0]), axis=1)
    na = tf.matmul(h, tf.transpose(nh))
    l = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(aff), logits=aff)) + tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(na), logits=na)
    )
    l = l / tf.cast(tf.shape(batch)[0], tf.float32)
    opt = tf.train.AdamOptimizer(0.01)
    gv = [(tf.clip_by_value(g, -5.0, 5.0) if g is not None else None, v) for g, v in opt.compute_gradients(l)]
    opt.apply_gradients(gv)
    size = tf.shape(aff)[0]
    a_ = tf.expand_dims(aff, axis=1)
    al = tf.concat(axis=1, values=[na, a_])
    _, ir = tf.nn.top_k(al, k=6)
    _, ranks = tf.nn.top_k(-ir, k=6)
    tf.reduce_mean(tf.div(1.0, tf.cast(ranks[:, -1] + 1, tf.float32)))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.l2_normalize(h, 1)", "tf.nn.l2_normalize(h, 0)"),
    ("num_sampled=5", "num_sampled=6"),
]
