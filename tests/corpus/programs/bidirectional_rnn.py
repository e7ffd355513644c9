"""Two LSTM cells over a sequence, one in each direction; the outputs are joined and averaged."""


def build(tf):
    x = tf.placeholder(tf.float32, [2, 4, 3])
    lengths = tf.placeholder(tf.int32, [2])
    y = tf.placeholder(tf.float32, [2, 1])
    forward, backward = [tf.nn.rnn_cell.LSTMCell(3, use_peepholes=True) for _ in range(2)]
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(forward, backward, x, lengths, dtype=tf.float32)
    joined = tf.reduce_mean(tf.concat(outputs, 2), 1)
    prediction = tf.matmul(joined, tf.get_variable("out", [6, 1]))
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.nn.l2_loss(prediction - y))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.concat(outputs, 2)", "tf.concat(outputs[::-1], 2)"),
    ("use_peepholes=True", "use_peepholes=False"),
    ("x, lengths, dtype", "x, dtype"),
    ("use_peepholes=True", "use_peepholes=True, cell_clip=5.0"),
]
