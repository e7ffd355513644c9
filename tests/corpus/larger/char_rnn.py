"""A character model of stacked cells that keeps its state between batches."""


def build(tf):
    cells = []
    for _ in range(2):
        cell = tf.nn.rnn_cell.LSTMCell(24)
        cells.append(tf.nn.rnn_cell.DropoutWrapper(cell, input_keep_prob=0.8, output_keep_prob=0.7))
    cell = tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=True)
    input_data = tf.placeholder(tf.int32, [8, 6])
    targets = tf.placeholder(tf.int32, [8, 6])
    initial = cell.zero_state(8, tf.float32)
    with tf.variable_scope("rnnlm"):
        softmax_w = tf.get_variable("softmax_w", [24, 65])
        softmax_b = tf.get_variable("softmax_b", [65])
    embedding = tf.get_variable("embedding", [65, 24])
    inputs = tf.nn.embedding_lookup(embedding, input_data)
    inputs = tf.nn.dropout(inputs, 0.7)
    inputs = [tf.squeeze(i, [1]) for i in tf.split(inputs, 6, 1)]
    outputs, state, scope = [], initial, None
    with tf.variable_scope("rnnlm", reuse=None):
        for k, i in enumerate(inputs):
            if k > 0:
                tf.get_variable_scope().reuse_variables()
            o, state = cell(i, state)
            outputs.append(o)
    output = tf.reshape(tf.concat(outputs, 1), [-1, 24])
    logits = tf.matmul(output, softmax_w) + softmax_b
    tf.nn.softmax(logits)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=tf.reshape(targets, [-1])) * tf.ones(
        [48]
    )
    with tf.name_scope("cost"):
        cost = tf.reduce_sum(loss) / 8 / 6
    lr = tf.Variable(0.0, trainable=False)
    tvars = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), 5.0)
    tf.train.AdamOptimizer(lr).apply_gradients(zip(grads, tvars))
    tf.summary.histogram("logits", logits)
    tf.summary.scalar("train_loss", cost)
    tf.global_variables_initializer()
    tf.train.Saver(tf.global_variables())


MISTAKES = [
    ("output_keep_prob=0.7", "output_keep_prob=0.6"),
    ("5.0)", "4.0)"),
    ("/ 8 / 6", "/ 8"),
]
