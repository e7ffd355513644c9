"""Encoder and decoder of attention alone."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    def ln(x, scope, epsilon=1e-8):
        with tf.variable_scope(scope):
            params = x.get_shape()[-1:]
            mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
            beta = tf.get_variable("beta", params, initializer=tf.zeros_initializer())
            gamma = tf.get_variable("gamma", params, initializer=tf.ones_initializer())
            return gamma * ((x - mean) / ((variance + epsilon) ** (0.5))) + beta

    def attention(q, k, v, causality, training, scope):
        with tf.variable_scope(scope):
            Q = tf.layers.dense(q, 16, use_bias=False)
            K = tf.layers.dense(k, 16, use_bias=False)
            V = tf.layers.dense(v, 16, use_bias=False)
            Q_, K_, V_ = [tf.concat(tf.split(a, 4, axis=2), axis=0) for a in (Q, K, V)]
            o = tf.matmul(Q_, tf.transpose(K_, [0, 2, 1])) / (16 // 4) ** 0.5
            if causality:
                diag = tf.ones_like(o[0, :, :])
                tril = tf.linalg.LinearOperatorLowerTriangular(diag).to_dense()
                masks = tf.tile(tf.expand_dims(tril, 0), [tf.shape(o)[0], 1, 1])
                o = tf.where(tf.equal(masks, 0), tf.ones_like(masks) * (-(2**32) + 1), o)
            o = tf.nn.softmax(o)
            o = tf.layers.dropout(o, rate=0.1, training=training)
            o = tf.matmul(o, V_)
            o = tf.concat(tf.split(o, 4, axis=0), axis=2)
            return ln(o + q, "ln")

    def ff(x, scope):
        with tf.variable_scope(scope):
            return ln(tf.layers.dense(tf.layers.dense(x, 32, activation=tf.nn.relu), 16) + x, "ln")

    def positions(x, maxlen, scope):
        N, T = tf.shape(x)[0], tf.shape(x)[1]
        with tf.variable_scope(scope):
            ind = tf.tile(tf.expand_dims(tf.range(T), 0), [N, 1])
            enc = np.array([[p / np.power(10000, (i - i % 2) / 16.0) for i in range(16)] for p in range(maxlen)])
            enc[:, 0::2], enc[:, 1::2] = np.sin(enc[:, 0::2]), np.cos(enc[:, 1::2])
            return tf.to_float(tf.nn.embedding_lookup(tf.convert_to_tensor(enc, tf.float32), ind))

    x = tf.placeholder(tf.int32, [None, None])
    dec = tf.placeholder(tf.int32, [None, None])
    y = tf.placeholder(tf.int32, [None, None])
    table = tf.get_variable("emb", [30, 16], initializer=tf.glorot_uniform_initializer())
    table = tf.concat((tf.zeros(shape=[1, 16]), table[1:, :]), 0)
    with tf.variable_scope("enc"):
        h = tf.nn.embedding_lookup(table, x) * 16**0.5 + positions(x, 50, "p")
        h = tf.layers.dropout(h, 0.1, training=True)
        for i in range(2):
            with tf.variable_scope("b%d" % i):
                h = ff(attention(h, h, h, False, True, "a"), "f")
    with tf.variable_scope("dec"):
        d = tf.nn.embedding_lookup(table, dec) * 16**0.5 + positions(dec, 50, "p")
        with tf.variable_scope("b"):
            d = attention(d, d, d, True, True, "s")
            d = ff(attention(d, h, h, False, True, "v"), "f")
    logits = tf.einsum("ntd,dk->ntk", d, tf.transpose(table))
    label_eps = 0.1
    onehot = tf.one_hot(y, depth=30)
    smooth = (1 - label_eps) * onehot + label_eps / 30
    ce = tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=smooth)
    nonpad = tf.to_float(tf.not_equal(y, 0))
    loss = tf.reduce_sum(ce * nonpad) / (tf.reduce_sum(nonpad) + 1e-7)
    gs = tf.train.get_or_create_global_step()
    step = tf.cast(gs + 1, dtype=tf.float32)
    lr = 0.0003 * 4000.0**0.5 * tf.minimum(step * 4000.0**-1.5, step**-0.5)
    tf.train.AdamOptimizer(lr).minimize(loss, global_step=gs)
    tf.summary.scalar("lr", lr)
    tf.to_int32(tf.argmax(logits, axis=-1))
    tf.global_variables_initializer()


MISTAKES = [
    ("epsilon=1e-8", "epsilon=1e-6"),
    ("(16 // 4) ** 0.5", "16 ** 0.5"),
    ("label_eps = 0.1", "label_eps = 0.2"),
    ("step**-0.5", "step**-0.4"),
]
