"""A static bidirectional LSTM over image rows."""


def build(tf):
    X = tf.placeholder("float", [None, 6, 28])
    Y = tf.placeholder("float", [None, 10])
    weights = tf.Variable(tf.random_normal([2 * 16, 10]))
    biases = tf.Variable(tf.random_normal([10]))
    x = tf.unstack(X, 6, 1)
    fw = tf.nn.rnn_cell.BasicLSTMCell(16, forget_bias=1.0)
    bw = tf.nn.rnn_cell.BasicLSTMCell(16, forget_bias=1.0)
    outputs, _, _ = tf.nn.static_bidirectional_rnn(fw, bw, x, dtype=tf.float32)
    logits = tf.matmul(outputs[-1], weights) + biases
    tf.nn.softmax(logits)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=Y))
    tf.train.GradientDescentOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("forget_bias=1.0", "forget_bias=0.0"),
    ("outputs[-1]", "outputs[0]"),
]
