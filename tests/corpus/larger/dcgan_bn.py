"""A convolutional GAN with batch normalization."""


def build(tf):
    smooth = 0.9
    is_training = tf.placeholder(tf.bool)
    noise = tf.placeholder(tf.float32, [None, 100])
    real = tf.placeholder(tf.float32, [None, 28, 28, 1])

    def lrelu(x):
        return 0.5 * (1 + 0.2) * x + 0.5 * (1 - 0.2) * abs(x)

    def generator(x, reuse=False):
        with tf.variable_scope("Generator", reuse=reuse):
            x = tf.layers.dense(x, units=7 * 7 * 16)
            x = tf.layers.batch_normalization(x, training=is_training, momentum=0.8)
            x = tf.nn.relu(x)
            x = tf.reshape(x, shape=[-1, 7, 7, 16])
            x = tf.layers.conv2d_transpose(x, 8, 5, strides=2, padding="same")
            x = tf.layers.batch_normalization(x, training=is_training)
            x = tf.nn.relu(x)
            x = tf.layers.conv2d_transpose(x, 1, 5, strides=2, padding="same")
            return tf.nn.tanh(x)

    def discriminator(x, reuse=False):
        with tf.variable_scope("Discriminator", reuse=reuse):
            x = lrelu(
                tf.layers.batch_normalization(
                    tf.layers.conv2d(x, 8, 5, strides=2, padding="same"), training=is_training
                )
            )
            x = lrelu(
                tf.layers.batch_normalization(
                    tf.layers.conv2d(x, 16, 5, strides=2, padding="same"), training=is_training
                )
            )
            x = tf.reshape(x, shape=[-1, 7 * 7 * 16])
            return tf.layers.dense(x, 1)

    fake = generator(noise)
    d_real = discriminator(real)
    d_fake = discriminator(fake, reuse=True)
    d_loss = tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(logits=d_real, labels=tf.ones_like(d_real) * smooth)
    ) + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=d_fake, labels=tf.zeros_like(d_fake)))
    g_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=d_fake, labels=tf.ones_like(d_fake)))
    g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="Generator")
    d_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="Discriminator")
    g_up = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="Generator")
    with tf.control_dependencies(g_up):
        tf.train.AdamOptimizer(0.0002, 0.5, 0.999).minimize(g_loss, var_list=g_vars)
    d_up = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="Discriminator")
    with tf.control_dependencies(d_up):
        tf.train.AdamOptimizer(0.0002, 0.5, 0.999).minimize(d_loss, var_list=d_vars)
    tf.global_variables_initializer()


MISTAKES = [
    ("momentum=0.8", "momentum=0.9"),
    ("0.5, 0.999", "0.9, 0.999"),
    ('strides=2, padding="same"', 'strides=2, padding="same", use_bias=False'),
    ("smooth = 0.9", "smooth = 1.0"),
]
