"""Attention over words, then over sentences."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.int32, [None, 4, 6])
    y = tf.placeholder(tf.int64, [None])
    E = tf.get_variable("E", [80, 10])

    def attend(inputs, scope):
        with tf.variable_scope(scope):
            u = tf.get_variable("u", [12], initializer=tf.truncated_normal_initializer(stddev=0.1))
            proj = tf.layers.dense(inputs, 12, activation=tf.tanh)
            logits = tf.reduce_sum(tf.multiply(proj, u), axis=2, keepdims=True)
            return tf.reduce_sum(tf.multiply(inputs, tf.nn.softmax(logits, axis=1)), axis=1)

    words = tf.reshape(tf.nn.embedding_lookup(E, x), [-1, 6, 10])
    with tf.variable_scope("w"):
        (f, b), _ = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(8), tf.nn.rnn_cell.GRUCell(8), words, dtype=tf.float32
        )
        context = tf.concat([f, b], 2)
        context = tf.reshape(attend(context, "a") + tf.reduce_max(context, 1), [-1, 4, 16])
    with tf.variable_scope("s"):
        outs, _, _ = tf.nn.static_bidirectional_rnn(
            tf.nn.rnn_cell.GRUCell(8), tf.nn.rnn_cell.GRUCell(8), tf.unstack(context, axis=1), dtype=tf.float32
        )
        doc = attend(tf.stack(outs, 1), "a")
    logits = tf.layers.dense(tf.layers.dropout(doc, 0.5, training=True), 5)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    acc = tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, y, 1), tf.float32))
    tf.summary.scalar("acc", acc)
    opt = tf.train.AdamOptimizer(1e-3)
    g, v = zip(*opt.compute_gradients(loss))
    g, _ = tf.clip_by_global_norm(g, 5.0)
    opt.apply_gradients(zip(g, v), global_step=tf.Variable(0, trainable=False))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_max(context", "tf.reduce_mean(context"),
]
