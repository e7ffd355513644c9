"""A GRU over image rows by dynamic_rnn."""

SINCE = (1, 8)


def build(tf):
    X = tf.placeholder("float", [None, 28, 28])
    Y = tf.placeholder("float", [None, 10])
    cell = tf.nn.rnn_cell.GRUCell(32)
    outputs, state = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
    logits = tf.layers.dense(outputs[:, -1, :], 10)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    tf.train.RMSPropOptimizer(0.01, decay=0.9).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("outputs[:, -1, :]", "outputs[:, 0, :]"),
    ("0.9)", "0.8)"),
]
