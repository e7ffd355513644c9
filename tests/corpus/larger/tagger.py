"""A tagger of words and characters with bidirectional cells."""

import numpy as np


def build(tf):
    words = tf.placeholder(tf.int32, [None, None])
    chars = tf.placeholder(tf.int32, [None, None, None])
    wl = tf.placeholder(tf.int32, [None, None])
    lengths = tf.placeholder(tf.int32, [None])
    labels = tf.placeholder(tf.int32, [None, None])
    keep = tf.placeholder(tf.float32, [])
    with tf.variable_scope("words"):
        E = tf.Variable(np.linspace(0, 1, 50 * 10).reshape(50, 10).astype("float32"), dtype=tf.float32, trainable=False)
        we = tf.nn.embedding_lookup(E, words)
    with tf.variable_scope("chars"):
        C = tf.get_variable("C", dtype=tf.float32, shape=[30, 8])
        ce = tf.nn.embedding_lookup(C, chars)
        s = tf.shape(ce)
        ce = tf.reshape(ce, shape=[s[0] * s[1], s[-2], 8])
        wl_ = tf.reshape(wl, shape=[s[0] * s[1]])
        _, ((_, ofw), (_, obw)) = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.LSTMCell(6, state_is_tuple=True),
            tf.nn.rnn_cell.LSTMCell(6, state_is_tuple=True),
            ce,
            sequence_length=wl_,
            dtype=tf.float32,
        )
        out = tf.reshape(tf.concat([ofw, obw], axis=-1), shape=[s[0], s[1], 12])
        we = tf.concat([we, out], axis=-1)
    we = tf.nn.dropout(we, keep)
    with tf.variable_scope("bi"):
        (fw, bw), _ = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.LSTMCell(14), tf.nn.rnn_cell.LSTMCell(14), we, sequence_length=lengths, dtype=tf.float32
        )
        out = tf.nn.dropout(tf.concat([fw, bw], axis=-1), keep)
    with tf.variable_scope("proj"):
        W = tf.get_variable("W", dtype=tf.float32, shape=[28, 5])
        b = tf.get_variable("b", shape=[5], dtype=tf.float32, initializer=tf.zeros_initializer())
        n = tf.shape(out)[1]
        logits = tf.reshape(tf.matmul(tf.reshape(out, [-1, 28]), W) + b, [-1, n, 5])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels)
    mask = tf.sequence_mask(lengths)
    loss = tf.reduce_mean(tf.boolean_mask(losses, mask))
    opt = tf.train.AdamOptimizer(0.001)
    grads, vs = zip(*opt.compute_gradients(loss))
    grads, gnorm = tf.clip_by_global_norm(grads, 1.0)
    opt.apply_gradients(zip(grads, vs))
    tf.summary.scalar("loss", loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("sequence_length=lengths", "sequence_length=None"),
    ("tf.boolean_mask(losses, mask)", "losses"),
]
