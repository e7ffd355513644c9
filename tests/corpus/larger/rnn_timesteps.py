"""A time series by a basic cell."""


def build(tf):
    X = tf.placeholder(tf.float32, [None, 20, 1])
    y = tf.placeholder(tf.float32, [None, 20, 1])
    cell = tf.nn.rnn_cell.BasicRNNCell(num_units=100, activation=tf.nn.relu)
    rnn_outputs, states = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
    stacked = tf.reshape(rnn_outputs, [-1, 100])
    outputs = tf.reshape(tf.layers.dense(stacked, 1), [-1, 20, 1])
    loss = tf.reduce_mean(tf.square(outputs - y))
    tf.train.AdamOptimizer(learning_rate=0.001).minimize(loss)
    tf.global_variables_initializer()
    tf.train.Saver()


MISTAKES = [
    ("tf.nn.relu", "tf.nn.tanh"),
    ("tf.square(outputs - y)", "tf.abs(outputs - y)"),
]
