"""Two networks trained against each other, each by an optimizer of its own over its own variables."""


def build(tf):
    real = tf.placeholder(tf.float32, [None, 6], name="real")
    noise = tf.placeholder(tf.float32, [None, 3], name="noise")
    generator = [tf.Variable(tf.random_normal([3, 6], stddev=0.3)), tf.Variable(tf.zeros([6]))]
    critic = [tf.Variable(tf.random_normal([6, 1], stddev=0.3)), tf.Variable(tf.zeros([1]))]

    def dense(x, weights, bias):
        return tf.nn.sigmoid(tf.matmul(x, weights) + bias)

    fake = dense(noise, *generator)
    on_real, on_fake = dense(real, *critic), dense(fake, *critic)
    generator_loss = -tf.reduce_mean(tf.log(on_fake))
    critic_loss = -tf.reduce_mean(tf.log(on_real) + tf.log(1.0 - on_fake))
    tf.train.AdamOptimizer(0.0002, beta1=0.5).minimize(generator_loss, var_list=generator)
    tf.train.AdamOptimizer(0.0002, beta1=0.5).minimize(critic_loss, var_list=critic)
    tf.global_variables_initializer()


MISTAKES = [
    ("critic_loss, var_list=critic", "critic_loss, var_list=critic + generator"),
    ("tf.log(1.0 - on_fake)", "tf.log(1.0 - on_real)"),
    ("minimize(critic_loss", "minimize(generator_loss"),
    ("beta1=0.5).minimize(generator", "beta1=0.9).minimize(generator"),
    ("critic_loss = -tf.reduce_mean(tf", "critic_loss = -tf.reduce_sum(tf"),
]
