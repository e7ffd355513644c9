"""A ResNet with batch normalization written out under conditions."""


def build(tf):
    phase = tf.placeholder(tf.bool, name="phase_train")
    x = tf.placeholder(tf.float32, [None, 16, 16, 3])
    y = tf.placeholder(tf.int64, [None])

    def bn(x, n):
        beta = tf.Variable(tf.constant(0.0, shape=[n]), name="beta", trainable=True)
        gamma = tf.Variable(tf.constant(1.0, shape=[n]), name="gamma", trainable=True)
        m, v = tf.nn.moments(x, [0, 1, 2], name="moments")
        ema = tf.train.ExponentialMovingAverage(decay=0.9)

        def update():
            with tf.control_dependencies([ema.apply([m, v])]):
                return tf.identity(m), tf.identity(v)

        mean, var = tf.cond(phase, update, lambda: (ema.average(m), ema.average(v)))
        return tf.nn.batch_normalization(x, mean, var, beta, gamma, 0.001)

    def conv(x, i, o, s):
        w = tf.Variable(tf.random_normal([3, 3, i, o], stddev=0.05))
        return tf.nn.conv2d(x, w, strides=[1, s, s, 1], padding="SAME")

    h = tf.nn.relu(bn(conv(x, 3, 8, 1), 8))
    g = tf.nn.relu(bn(conv(h, 8, 16, 2), 16))
    g = bn(conv(g, 16, 16, 1), 16)
    short = tf.pad(tf.nn.avg_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"), [[0, 0], [0, 0], [0, 0], [4, 4]])
    g = tf.nn.relu(g + short)
    flat = tf.reduce_mean(g, [1, 2])
    logits = tf.matmul(flat, tf.Variable(tf.zeros([16, 10])))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("decay=0.9)", "decay=0.99)"),
    ("tf.cond(phase", "tf.cond(tf.logical_not(phase)"),
    ("0.001)", "0.002)"),
]
