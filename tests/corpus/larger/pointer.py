"""A pointer network, decoded in Python."""

SINCE = (1, 8)


def build(tf):
    inf = 1e8
    x = tf.placeholder(tf.float32, [None, 5, 2])
    target = tf.placeholder(tf.int32, [None, 5])
    enc, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(8), x, dtype=tf.float32, scope="e")
    W1 = tf.get_variable("W1", [8, 8])
    W2 = tf.get_variable("W2", [8, 8])
    v = tf.get_variable("v", [8])
    cell = tf.nn.rnn_cell.LSTMCell(8, name="d")
    refs = tf.einsum("ijk,kl->ijl", enc, W1)
    mask = tf.zeros_like(x[:, :, 0])
    inp = tf.tile(tf.expand_dims(tf.get_variable("go", [8]), 0), [tf.shape(x)[0], 1])
    losses = []
    for t in range(5):
        out, state = cell(inp, state)
        q = tf.expand_dims(tf.matmul(out, W2), 1)
        score = tf.reduce_sum(v * tf.tanh(refs + q), [-1]) - inf * mask
        losses.append(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target[:, t], logits=score))
        pick = target[:, t]
        mask = mask + tf.one_hot(pick, 5)
        idx = tf.stack([tf.range(tf.shape(pick)[0]), pick], axis=1)
        inp = tf.gather_nd(enc, idx)
    loss = tf.reduce_mean(tf.add_n(losses))
    tf.train.AdamOptimizer(
        tf.train.exponential_decay(1e-3, tf.train.get_or_create_global_step(), 5000, 0.96, staircase=True)
    ).minimize(loss, global_step=tf.train.get_global_step())
    tf.global_variables_initializer()


MISTAKES = [
    ("inf = 1e8", "inf = 1e7"),
    ("tf.reduce_sum(v * tf.tanh", "tf.reduce_sum(v * tf.sigmoid"),
]
