"""Neural collaborative filtering."""

SINCE = (1, 4)


def build(tf):
    u = tf.placeholder(tf.int32, [None])
    i = tf.placeholder(tf.int32, [None])
    y = tf.placeholder(tf.float32, [None, 1])
    T = lambda n, d, name: tf.Variable(
        tf.truncated_normal(shape=[n, d], mean=0.0, stddev=0.01), name=name, dtype=tf.float32
    )
    mf_u, mf_i = tf.nn.embedding_lookup(T(60, 8, "a"), u), tf.nn.embedding_lookup(T(40, 8, "b"), i)
    ml_u, ml_i = tf.nn.embedding_lookup(T(60, 16, "c"), u), tf.nn.embedding_lookup(T(40, 16, "d"), i)
    gmf = tf.multiply(mf_u, mf_i)
    h = tf.concat([ml_u, ml_i], 1)
    reg = 0
    for k, n in enumerate([16, 8]):
        w = tf.get_variable("w%d" % k, [h.get_shape()[1], n], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("b%d" % k, [n], initializer=tf.zeros_initializer())
        reg += 1e-6 * tf.nn.l2_loss(w)
        h = tf.nn.relu(tf.matmul(h, w) + b)
    logit = tf.layers.dense(tf.concat([gmf, h], 1), 1, kernel_initializer=tf.random_normal_initializer(stddev=0.1))
    out = tf.sigmoid(logit)
    loss = tf.losses.log_loss(y, out) + reg
    tf.train.AdamOptimizer(0.001).minimize(loss)
    _, top = tf.nn.top_k(tf.squeeze(logit, 1), 10)
    tf.gather(i, top)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.multiply(mf_u, mf_i)", "tf.add(mf_u, mf_i)"),
    ("1e-6 *", "1e-5 *"),
]
