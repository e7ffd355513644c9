"""A variational autoencoder."""


def build(tf):
    def glorot(shape):
        return tf.random_normal(shape=shape, stddev=1.0 / tf.sqrt(shape[0] / 2.0))

    W = {
        k: tf.Variable(glorot(s))
        for k, s in [("e", [784, 512]), ("m", [512, 2]), ("s", [512, 2]), ("d", [2, 512]), ("o", [512, 784])]
    }
    B = {k: tf.Variable(glorot([s])) for k, s in [("e", 512), ("m", 2), ("s", 2), ("d", 512), ("o", 784)]}
    image = tf.placeholder(tf.float32, shape=[None, 784])
    encoder = tf.nn.tanh(tf.matmul(image, W["e"]) + B["e"])
    z_mean = tf.matmul(encoder, W["m"]) + B["m"]
    z_std = tf.matmul(encoder, W["s"]) + B["s"]
    eps = tf.random_normal(tf.shape(z_std), dtype=tf.float32, mean=0.0, stddev=1.0, name="epsilon")
    z = z_mean + tf.exp(z_std / 2) * eps
    decoder = tf.nn.tanh(tf.matmul(z, W["d"]) + B["d"])
    x_re = tf.nn.sigmoid(tf.matmul(decoder, W["o"]) + B["o"])
    enc = image * tf.log(1e-10 + x_re) + (1 - image) * tf.log(1e-10 + 1 - x_re)
    enc = -tf.reduce_sum(enc, 1)
    kl = 1 + z_std - tf.square(z_mean) - tf.exp(z_std)
    kl = -0.5 * tf.reduce_sum(kl, 1)
    loss = tf.reduce_mean(enc + kl)
    tf.train.RMSPropOptimizer(learning_rate=0.001).minimize(loss)
    noise = tf.placeholder(tf.float32, [None, 2])
    d = tf.nn.tanh(tf.matmul(noise, W["d"]) + B["d"])
    tf.nn.sigmoid(tf.matmul(d, W["o"]) + B["o"])
    tf.global_variables_initializer()


MISTAKES = [
    ("1e-10 + x_re", "1e-8 + x_re"),
    ("-0.5 * tf.reduce_sum(kl", "-0.4 * tf.reduce_sum(kl"),
    ("tf.exp(z_std / 2)", "tf.exp(z_std)"),
]
