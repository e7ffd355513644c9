"""Two LSTM cells on each other with dropout between them, and gradients clipped by their global norm."""


def build(tf):
    x = tf.placeholder(tf.int32, [2, 3])
    y = tf.placeholder(tf.int32, [2, 3])
    cells = tf.nn.rnn_cell
    stack = cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(3), output_keep_prob=0.8) for _ in range(2)])
    embedding = tf.get_variable("embedding", [7, 3])
    state = stack.zero_state(2, tf.float32)
    outputs, _ = tf.nn.dynamic_rnn(stack, tf.nn.embedding_lookup(embedding, x), initial_state=state)
    logits = tf.matmul(tf.reshape(outputs, [-1, 3]), tf.get_variable("softmax", [3, 7]))
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=tf.reshape(y, [-1]))
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(tf.reduce_sum(loss) / 2, variables), 5.0)
    rate = tf.Variable(1.0, trainable=False)
    tf.train.GradientDescentOptimizer(rate).apply_gradients(zip(gradients, variables))
    tf.assign(rate, rate * 0.5)
    tf.global_variables_initializer()


MISTAKES = [
    ("variables), 5.0", "variables), 1.0"),
    ("output_keep_prob=0.8", "input_keep_prob=0.8"),
    ("output_keep_prob=0.8", "output_keep_prob=0.7"),
    ("rate * 0.5", "rate * 0.25"),
    ("tf.reduce_sum(loss) / 2", "tf.reduce_mean(loss)"),
]
