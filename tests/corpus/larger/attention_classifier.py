"""A recurrent classifier that attends to its outputs."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.int32, [None, 25])
    y = tf.placeholder(tf.float32, [None])
    n = tf.placeholder(tf.int32, [None])
    keep = tf.placeholder(tf.float32)
    E = tf.Variable(tf.random_uniform([100, 16], -1.0, 1.0), trainable=True)
    tf.summary.histogram("embeddings_var", E)
    out, _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(12),
        tf.nn.rnn_cell.GRUCell(12),
        inputs=tf.nn.embedding_lookup(E, x),
        sequence_length=n,
        dtype=tf.float32,
    )
    inputs = tf.concat(out, 2)
    w = tf.Variable(tf.random_normal([24, 10], stddev=0.1))
    b = tf.Variable(tf.random_normal([10], stddev=0.1))
    u = tf.Variable(tf.random_normal([10], stddev=0.1))
    v = tf.tanh(tf.tensordot(inputs, w, axes=1) + b)
    vu = tf.tensordot(v, u, axes=1, name="vu")
    alphas = tf.nn.softmax(vu, name="alphas")
    output = tf.reduce_sum(inputs * tf.expand_dims(alphas, -1), 1)
    drop = tf.nn.dropout(output, keep)
    W = tf.Variable(tf.truncated_normal([24, 1], stddev=0.1))
    y_hat = tf.squeeze(tf.nn.xw_plus_b(drop, W, tf.Variable(tf.constant(0.0, shape=[1]))))
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=y_hat, labels=y))
    tf.train.AdamOptimizer(learning_rate=1e-3).minimize(loss)
    tf.reduce_mean(tf.cast(tf.equal(tf.round(tf.sigmoid(y_hat)), y), tf.float32))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.tensordot(v, u, axes=1", "tf.tensordot(v * 2.0, u, axes=1"),
    ("tf.expand_dims(alphas, -1), 1", "tf.expand_dims(alphas + 1.0, -1), 1"),
]
