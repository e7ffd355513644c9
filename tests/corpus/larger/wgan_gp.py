"""A Wasserstein GAN with a gradient penalty."""

SINCE = (1, 4)


def build(tf):
    LAMBDA = 10
    real = tf.placeholder(tf.float32, shape=[50, 784])

    def lin(name, i, o, x):
        with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
            return tf.matmul(
                x, tf.get_variable("w", [i, o], initializer=tf.random_uniform_initializer(-0.1, 0.1))
            ) + tf.get_variable("b", [o], initializer=tf.zeros_initializer())

    def G(n):
        h = tf.nn.relu(lin("G.1", 16, 7 * 7 * 8, tf.random_normal([n, 16])))
        h = tf.reshape(h, [-1, 7, 7, 8])
        with tf.variable_scope("G.d", reuse=tf.AUTO_REUSE):
            h = tf.layers.conv2d_transpose(h, 4, 5, 2, padding="same", activation=tf.nn.relu, name="a")
            h = tf.layers.conv2d_transpose(h, 1, 5, 2, padding="same", activation=tf.nn.sigmoid, name="b")
        return tf.reshape(h, [-1, 784])

    def D(x):
        with tf.variable_scope("D.c", reuse=tf.AUTO_REUSE):
            h = tf.layers.conv2d(tf.reshape(x, [-1, 28, 28, 1]), 4, 5, 2, padding="same", name="a")
            h = tf.maximum(0.2 * h, h)
            h = tf.nn.leaky_relu(tf.layers.conv2d(h, 8, 5, 2, padding="same", name="b"))
        return tf.reshape(lin("D.o", 7 * 7 * 8, 1, tf.reshape(h, [-1, 7 * 7 * 8])), [-1])

    fake = G(50)
    dr, df = D(real), D(fake)
    g_cost = -tf.reduce_mean(df)
    d_cost = tf.reduce_mean(df) - tf.reduce_mean(dr)
    alpha = tf.random_uniform(shape=[50, 1], minval=0.0, maxval=1.0)
    inter = real + alpha * (fake - real)
    grads = tf.gradients(D(inter), [inter])[0]
    slopes = tf.sqrt(tf.reduce_sum(tf.square(grads), reduction_indices=[1]))
    d_cost += LAMBDA * tf.reduce_mean((slopes - 1.0) ** 2)
    tv = tf.trainable_variables()
    tf.train.AdamOptimizer(1e-4, beta1=0.5, beta2=0.9).minimize(
        g_cost, var_list=[v for v in tv if v.name.startswith("G.")]
    )
    tf.train.AdamOptimizer(1e-4, beta1=0.5, beta2=0.9).minimize(
        d_cost, var_list=[v for v in tv if v.name.startswith("D.")]
    )
    tf.global_variables_initializer()


MISTAKES = [
    ("LAMBDA = 10", "LAMBDA = 5"),
    ("slopes - 1.", "slopes - 2."),
    ("beta1=0.5", "beta1=0.9"),
]
