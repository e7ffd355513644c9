"""A recurrent network by tf.scan, with map_fn and foldl."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, None, 5])
    y = tf.placeholder(tf.float32, [None, 3])
    W = tf.get_variable("W", [5, 7])
    U = tf.get_variable("U", [7, 7], initializer=tf.orthogonal_initializer())
    b = tf.get_variable("b", [7], initializer=tf.zeros_initializer())
    h0 = tf.zeros([tf.shape(x)[0], 7])

    def step(h, xt):
        return tf.tanh(tf.matmul(h, U) + tf.matmul(xt, W) + b)

    hs = tf.scan(step, tf.transpose(x, [1, 0, 2]), initializer=h0, swap_memory=False)
    pred = tf.layers.dense(hs[-1], 3)
    per = tf.map_fn(lambda r: tf.reduce_sum(tf.square(r[0] - r[1])), (pred, y), dtype=tf.float32)
    loss = tf.reduce_mean(per)
    total = tf.foldl(lambda a, v: a + v, per)
    tf.summary.scalar("total", total)
    tf.train.AdadeltaOptimizer(1.0).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.tanh(tf.matmul(h, U)", "tf.sigmoid(tf.matmul(h, U)"),
    ("swap_memory=False", "swap_memory=True"),
]
