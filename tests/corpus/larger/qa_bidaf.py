"""Attention from question to context and back."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    c = tf.placeholder(tf.int32, [None, 10])
    q = tf.placeholder(tf.int32, [None, 5])
    y1 = tf.placeholder(tf.int32, [None, 10])
    cm, qm = tf.cast(c, tf.bool), tf.cast(q, tf.bool)
    clen = tf.reduce_sum(tf.cast(cm, tf.int32), axis=1)
    E = tf.get_variable(
        "E", initializer=tf.constant(np.linspace(-1, 1, 400).reshape(50, 8), dtype=tf.float32), trainable=False
    )
    with tf.variable_scope("enc") as scope:
        ch, _ = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(8), tf.nn.embedding_lookup(E, c), sequence_length=clen, dtype=tf.float32
        )
        scope.reuse_variables()
        qh, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(8), tf.nn.embedding_lookup(E, q), dtype=tf.float32)
    ct = tf.tile(tf.expand_dims(ch, 2), [1, 1, 5, 1])
    qt = tf.tile(tf.expand_dims(qh, 1), [1, 10, 1, 1])
    S = tf.squeeze(tf.layers.dense(tf.concat([ct, qt, ct * qt], -1), 1), 3)
    S = S + (1.0 - tf.to_float(tf.expand_dims(qm, 1))) * -1e30
    c2q = tf.matmul(tf.nn.softmax(S), qh)
    q2c = tf.tile(tf.matmul(tf.expand_dims(tf.nn.softmax(tf.reduce_max(S, 2)), 1), ch), [1, 10, 1])
    G = tf.concat([ch, c2q, ch * c2q, ch * q2c], -1)
    logits = tf.squeeze(tf.layers.dense(G, 1, use_bias=False), -1)
    loss = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=tf.stop_gradient(tf.to_float(y1)))
    )
    outer = tf.matmul(tf.expand_dims(tf.nn.softmax(logits), 2), tf.expand_dims(tf.nn.softmax(logits), 1))
    tf.argmax(tf.reduce_max(tf.matrix_band_part(outer, 0, 5), axis=2), axis=1)
    l2 = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])
    gs = tf.get_variable("gs", shape=[], dtype=tf.int32, initializer=tf.constant_initializer(0), trainable=False)
    lr = tf.minimum(0.001, 0.001 / tf.log(999.0) * tf.log(tf.cast(gs, tf.float32) + 1))
    tf.train.AdamOptimizer(learning_rate=lr, beta1=0.8, beta2=0.999, epsilon=1e-7).minimize(
        loss + 3e-7 * l2, global_step=gs
    )
    ema = tf.train.ExponentialMovingAverage(0.999)
    with tf.control_dependencies([ema.apply(tf.trainable_variables())]):
        tf.identity(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_max(S, 2)", "tf.reduce_min(S, 2)"),
    ("-1e30", "-1e20"),
]
