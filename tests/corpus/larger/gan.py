"""A GAN of dense layers, a list of variables for each optimizer."""


def build(tf):
    def init(shape):
        return tf.random_normal(shape=shape, stddev=1.0 / tf.sqrt(shape[0] / 2.0))

    w = {
        "g1": tf.Variable(init([100, 64])),
        "g2": tf.Variable(init([64, 784])),
        "d1": tf.Variable(init([784, 64])),
        "d2": tf.Variable(init([64, 1])),
    }
    b = {
        "g1": tf.Variable(tf.zeros([64])),
        "g2": tf.Variable(tf.zeros([784])),
        "d1": tf.Variable(tf.zeros([64])),
        "d2": tf.Variable(tf.zeros([1])),
    }

    def generator(x):
        h = tf.nn.relu(tf.add(tf.matmul(x, w["g1"]), b["g1"]))
        return tf.nn.sigmoid(tf.add(tf.matmul(h, w["g2"]), b["g2"]))

    def discriminator(x):
        h = tf.nn.relu(tf.add(tf.matmul(x, w["d1"]), b["d1"]))
        return tf.nn.sigmoid(tf.add(tf.matmul(h, w["d2"]), b["d2"]))

    gen_input = tf.placeholder(tf.float32, [None, 100], name="input_noise")
    disc_input = tf.placeholder(tf.float32, [None, 784], name="disc_input")
    gen_sample = generator(gen_input)
    disc_real = discriminator(disc_input)
    disc_fake = discriminator(gen_sample)
    gen_loss = -tf.reduce_mean(tf.log(disc_fake))
    disc_loss = -tf.reduce_mean(tf.log(disc_real) + tf.log(1.0 - disc_fake))
    gen_vars = [w["g1"], w["g2"], b["g1"], b["g2"]]
    disc_vars = [w["d1"], w["d2"], b["d1"], b["d2"]]
    tf.train.AdamOptimizer(0.0002).minimize(gen_loss, var_list=gen_vars)
    tf.train.AdamOptimizer(0.0002).minimize(disc_loss, var_list=disc_vars)
    tf.global_variables_initializer()


MISTAKES = [
    ("1.0 - disc_fake", "1.0 + disc_fake"),
    ("var_list=gen_vars", "var_list=disc_vars"),
]
