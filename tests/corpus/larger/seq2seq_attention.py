"""Encoder and decoder with attention."""


def build(tf):
    src = tf.placeholder(tf.int32, [None, 9])
    src_len = tf.placeholder(tf.int32, [None])
    tgt_in = tf.placeholder(tf.int32, [None, 12])
    tgt_out = tf.placeholder(tf.int32, [None, 12])
    tgt_len = tf.placeholder(tf.int32, [None])
    Es = tf.get_variable("Es", [40, 16])
    Et = tf.get_variable("Et", [40, 16])
    with tf.variable_scope("encoder"):
        enc, (fw, bw) = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(16),
            tf.nn.rnn_cell.GRUCell(16),
            tf.nn.embedding_lookup(Es, src),
            sequence_length=src_len,
            dtype=tf.float32,
        )
        memory = tf.concat(enc, 2)
        state = tf.layers.dense(tf.concat([fw, bw], 1), 32, activation=tf.tanh)
    with tf.variable_scope("decoder"):
        out, _ = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(32), tf.nn.embedding_lookup(Et, tgt_in), sequence_length=tgt_len, initial_state=state
        )
        score = tf.matmul(out, memory, transpose_b=True)
        mask = tf.sequence_mask(src_len, 9, dtype=tf.float32)
        score += (1.0 - tf.expand_dims(mask, 1)) * -1e9
        context = tf.matmul(tf.nn.softmax(score), memory)
        attended = tf.tanh(tf.layers.dense(tf.concat([out, context], -1), 32, use_bias=False))
        logits = tf.layers.dense(attended, 40)
    weights = tf.sequence_mask(tgt_len, maxlen=12, dtype=tf.float32)
    ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tgt_out, logits=logits)
    loss = tf.reduce_sum(ce * weights) / tf.reduce_sum(weights)
    opt = tf.train.AdamOptimizer(1e-3)
    gv = opt.compute_gradients(loss)
    capped = [(tf.clip_by_value(g, -5.0, 5.0), v) for g, v in gv if g is not None]
    opt.apply_gradients(capped)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.softmax(score)", "tf.nn.sigmoid(score)"),
    ("sequence_length=tgt_len", "sequence_length=src_len"),
    ("-1e9", "-1e8"),
]
