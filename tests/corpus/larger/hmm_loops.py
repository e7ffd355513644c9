"""Viterbi's algorithm as a loop over a TensorArray, conditions in a loop, and tf.case."""


def build(tf):
    obs = tf.placeholder(tf.int32, [None])
    T = tf.get_variable("T", [4, 4])
    E = tf.get_variable("E", [4, 9])
    n = tf.shape(obs)[0]
    ta = tf.TensorArray(tf.float32, size=n, clear_after_read=False)

    def body(i, a, ta):
        a = tf.reduce_max(tf.expand_dims(a, 1) + T, 0) + E[:, obs[i]]
        return i + 1, a, ta.write(i, a)

    _, a, ta = tf.while_loop(
        lambda i, *_: i < n,
        body,
        (0, tf.zeros([4]), ta),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([4]), tf.TensorShape(None)),
    )
    st = ta.stack()
    x = tf.constant(1.0)
    _, s = tf.while_loop(
        lambda i, s: i < 7,
        lambda i, s: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: s * 1.1, lambda: s - tf.reduce_sum(T))),
        [0, x],
    )
    loss = tf.reduce_logsumexp(a) + tf.reduce_mean(st) + s
    tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.01).minimize(loss)
    tf.train.AdamOptimizer().minimize(
        tf.case(
            [(tf.greater(loss, 1.0), lambda: loss * 2.0), (tf.less(loss, -1.0), lambda: loss)],
            default=lambda: loss * 0.5,
        )
    )
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_max(tf.expand_dims", "tf.reduce_sum(tf.expand_dims"),
    ("i < 7", "i < 6"),
]
