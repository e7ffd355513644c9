"""A GRU cell in `dynamic_rnn` over sequences of different lengths, and the last output of each."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, None, 3])
    lengths = tf.placeholder(tf.int32, [None])
    y = tf.placeholder(tf.int32, [None])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, sequence_length=lengths, dtype=tf.float32)
    index = tf.range(tf.shape(x)[0]) * tf.shape(x)[1] + (lengths - 1)
    last = tf.gather(tf.reshape(outputs, [-1, 4]), index)
    logits = tf.matmul(last, tf.get_variable("weights", [4, 2]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
    tf.train.RMSPropOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("sequence_length=lengths, dtype", "dtype"),
    ("(lengths - 1)", "lengths"),
    ("GRUCell(4), x", "GRUCell(4), tf.reverse(x, [1])"),
    ("GRUCell(4)", "BasicRNNCell(4)"),
    ("lengths, dtype=tf.float32", "lengths, dtype=tf.float32, time_major=True"),
]
