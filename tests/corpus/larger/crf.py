"""A conditional random field by hand on a bidirectional GRU, with the best path by scan and foldr."""

SINCE = (1, 4)


def build(tf):
    B, T, N = 4, 7, 5
    words = tf.placeholder(tf.int32, [None, T])
    tags = tf.placeholder(tf.int32, [None, T])
    lens = tf.placeholder(tf.int32, [None])
    E = tf.get_variable("E", [50, 12])
    e = tf.nn.dropout(tf.nn.embedding_lookup(E, words), 0.5)
    cell = lambda: tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(10), output_keep_prob=0.8)
    (f, b), _ = tf.nn.bidirectional_dynamic_rnn(cell(), cell(), e, lens, dtype=tf.float32)
    s = tf.layers.dense(tf.concat([f, b], 2), N)
    trans = tf.get_variable("trans", [N, N])
    mask = tf.sequence_mask(lens, T, dtype=tf.float32)
    unary = tf.reduce_sum(tf.reduce_sum(s * tf.one_hot(tags, N), 2) * mask, 1)
    flat = tf.reshape(trans, [-1])
    pair = tf.reduce_sum(tf.gather(flat, tags[:, :-1] * N + tags[:, 1:]) * mask[:, 1:], 1)

    def cond(t, a):
        return t < T

    def body(t, a):
        n = tf.reduce_logsumexp(tf.expand_dims(a, 2) + trans, 1) + s[:, t]
        return t + 1, tf.where(tf.tile(tf.expand_dims(t < lens, 1), [1, N]), n, a)

    _, a = tf.while_loop(cond, body, [tf.constant(1), s[:, 0]])
    logz = tf.reduce_logsumexp(a, 1)
    loss = tf.reduce_mean(logz - unary - pair)

    def vstep(acc, x):
        v, _ = acc
        m = tf.expand_dims(v, 2) + trans
        return tf.reduce_max(m, 1) + x, tf.cast(tf.argmax(m, 1), tf.int32)

    v, bp = tf.scan(
        vstep, tf.transpose(s, [1, 0, 2])[1:], initializer=(s[:, 0], tf.zeros([tf.shape(s)[0], N], tf.int32))
    )
    last = tf.argmax(v[-1], 1, output_type=tf.int32)
    path = tf.foldr(lambda acc, p: tf.gather_nd(p, tf.stack([tf.range(tf.shape(acc)[0]), acc], 1)), bp, last)
    tf.reduce_sum(path)
    gs = tf.train.get_or_create_global_step()
    o = tf.train.AdamOptimizer(1e-3)
    gv = o.compute_gradients(loss)
    o.apply_gradients([(tf.clip_by_value(g, -5, 5), v) for g, v in gv if g is not None], gs)
    tf.global_variables_initializer()


MISTAKES = [
    ("mask[:, 1:]", "mask[:, :-1]"),
    ("t < lens", "t <= lens"),
    ("tf.expand_dims(v, 2)", "tf.expand_dims(v, 1)"),
]
