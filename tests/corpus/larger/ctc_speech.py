"""An LSTM with the CTC loss and its decoder."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, None, 13])
    targets = tf.sparse_placeholder(tf.int32)
    seq_len = tf.placeholder(tf.int32, [None])
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(20, state_is_tuple=True)], state_is_tuple=True)
    outputs, _ = tf.nn.dynamic_rnn(cell, x, seq_len, dtype=tf.float32)
    shape = tf.shape(x)
    batch_s = shape[0]
    outputs = tf.reshape(outputs, [-1, 20])
    W = tf.Variable(tf.truncated_normal([20, 28], stddev=0.1))
    b = tf.Variable(tf.constant(0.0, shape=[28]))
    logits = tf.reshape(tf.matmul(outputs, W) + b, [batch_s, -1, 28])
    logits = tf.transpose(logits, (1, 0, 2))
    loss = tf.nn.ctc_loss(targets, logits, seq_len, time_major=True)
    cost = tf.reduce_mean(loss)
    tf.train.MomentumOptimizer(1e-2, 0.9).minimize(cost)
    decoded, log_prob = tf.nn.ctc_greedy_decoder(logits, seq_len, merge_repeated=True)
    tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), targets))
    tf.global_variables_initializer()


MISTAKES = [
    ("merge_repeated=True", "merge_repeated=False"),
    ("0.9)", "0.8)"),
    ("time_major=True", "time_major=False"),
]
