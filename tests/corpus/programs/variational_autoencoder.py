"""A variational autoencoder: noise is drawn in every run, the loss has a reconstruction and a divergence."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 10])

    def weights(size, units):
        return tf.Variable(tf.random_normal([size, units], stddev=1.0 / tf.sqrt(size / 2.0)))

    hidden = tf.nn.tanh(tf.matmul(x, weights(10, 6)))
    mean, log_variance = tf.matmul(hidden, weights(6, 2)), tf.matmul(hidden, weights(6, 2))
    noise = tf.random_normal(tf.shape(log_variance), mean=0.0, stddev=1.0)
    z = mean + tf.exp(log_variance / 2) * noise
    output = tf.nn.sigmoid(tf.matmul(tf.nn.tanh(tf.matmul(z, weights(2, 6))), weights(6, 10)))
    reconstruction = x * tf.log(1e-10 + output) + (1 - x) * tf.log(1e-10 + 1 - output)
    divergence = 1 + log_variance - tf.square(mean) - tf.exp(log_variance)
    loss = tf.reduce_mean(-tf.reduce_sum(reconstruction, 1) - 0.5 * tf.reduce_sum(divergence, 1))
    tf.train.RMSPropOptimizer(learning_rate=0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("log_variance / 2", "log_variance"),
    ("- 0.5 *", "+ 0.5 *"),
    ("1e-10 + output", "1e-8 + output"),
    ("tf.square(mean)", "tf.square(log_variance)"),
    ("stddev=1.0)\n", "stddev=0.5)\n"),
    ("1.0 / tf.sqrt(size / 2.0)", "1.0 / tf.sqrt(size / 3.0)"),
]
