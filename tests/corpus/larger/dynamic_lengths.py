"""A static LSTM over sequences of different lengths, the last output of each gathered."""


def build(tf):
    x = tf.placeholder("float", [None, 20, 1])
    y = tf.placeholder("float", [None, 2])
    seqlen = tf.placeholder(tf.int32, [None])
    weights = tf.Variable(tf.random_normal([64, 2]))
    biases = tf.Variable(tf.random_normal([2]))
    steps = tf.unstack(x, 20, 1)
    cell = tf.nn.rnn_cell.BasicLSTMCell(64)
    outputs, states = tf.nn.static_rnn(cell, steps, dtype=tf.float32, sequence_length=seqlen)
    outputs = tf.stack(outputs)
    outputs = tf.transpose(outputs, [1, 0, 2])
    batch_size = tf.shape(outputs)[0]
    index = tf.range(0, batch_size) * 20 + (seqlen - 1)
    outputs = tf.gather(tf.reshape(outputs, [-1, 64]), index)
    pred = tf.matmul(outputs, weights) + biases
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=pred, labels=y))
    tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    tf.global_variables_initializer()


MISTAKES = [
    ("(seqlen - 1)", "(seqlen - 2)"),
    ("sequence_length=seqlen", "sequence_length=None"),
]
