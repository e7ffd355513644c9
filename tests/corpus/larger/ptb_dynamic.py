"""A language model by dynamic_rnn."""


def build(tf):
    x = tf.placeholder(tf.int32, [None, None])
    y = tf.placeholder(tf.int32, [None, None])
    keep = tf.placeholder_with_default(1.0, [])
    E = tf.get_variable("E", [50, 16])
    cell = tf.nn.rnn_cell.MultiRNNCell(
        [tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(16), output_keep_prob=keep) for _ in range(2)]
    )
    state = cell.zero_state(tf.shape(x)[0], tf.float32)
    outputs, final = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(E, x), initial_state=state, time_major=False)
    logits = tf.layers.dense(outputs, 50)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    cost = tf.reduce_sum(loss) / tf.to_float(tf.shape(x)[0])
    tv = tf.trainable_variables()
    g, n = tf.clip_by_global_norm(tf.gradients(cost, tv), 5.0)
    tf.train.AdagradOptimizer(0.1).apply_gradients(zip(g, tv))
    tf.summary.scalar("norm", n)
    tf.global_variables_initializer()


MISTAKES = [
    ("time_major=False", "time_major=True"),
    ("tf.reduce_sum(loss)", "tf.reduce_mean(loss)"),
]
