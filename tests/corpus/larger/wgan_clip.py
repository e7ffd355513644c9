"""A Wasserstein GAN with clipped weights."""


def build(tf):
    X = tf.placeholder(tf.float32, [None, 784])
    z = tf.placeholder(tf.float32, [None, 10])

    def xavier(size):
        return tf.random_normal(shape=size, stddev=1.0 / tf.sqrt(size[0] / 2.0))

    P = {
        k: tf.Variable(xavier(s))
        for k, s in sorted({"d1": [784, 32], "d2": [32, 1], "g1": [10, 32], "g2": [32, 784]}.items())
    }
    g = tf.nn.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(z, P["g1"])), P["g2"]))
    D = lambda x: tf.matmul(tf.nn.relu(tf.matmul(x, P["d1"])), P["d2"])
    dl = tf.reduce_mean(D(X)) - tf.reduce_mean(D(g))
    gl = -tf.reduce_mean(D(g))
    ds = tf.train.RMSPropOptimizer(learning_rate=1e-4).minimize(-dl, var_list=[P["d1"], P["d2"]])
    tf.train.RMSPropOptimizer(learning_rate=1e-4).minimize(gl, var_list=[P["g1"], P["g2"]])
    [p.assign(tf.clip_by_value(p, -0.01, 0.01)) for p in (P["d1"], P["d2"])]
    tf.global_variables_initializer()


MISTAKES = [
    ("-0.01, 0.01", "-0.02, 0.02"),
    ("RMSProp", "Adam"),
]
