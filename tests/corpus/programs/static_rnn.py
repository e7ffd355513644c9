"""An LSTM cell unrolled over unstacked steps."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 3, 4])
    y = tf.placeholder(tf.float32, [None, 2])
    cell = tf.nn.rnn_cell.BasicLSTMCell(5, forget_bias=1.0)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, 3, 1), dtype=tf.float32)
    weights, biases = tf.Variable(tf.random_normal([5, 2])), tf.Variable(tf.random_normal([2]))
    logits = tf.matmul(outputs[-1], weights) + biases
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    tf.train.GradientDescentOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("forget_bias=1.0", "forget_bias=0.0"),
    ("outputs[-1]", "outputs[-2]"),
    ("tf.unstack(x, 3, 1)", "tf.unstack(x, 3, 1)[::-1]"),
    ("BasicLSTMCell(5, forget_bias=1.0)", "BasicLSTMCell(5, forget_bias=1.0, activation=tf.nn.relu)"),
]
