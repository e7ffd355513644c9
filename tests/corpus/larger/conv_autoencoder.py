"""A denoising autoencoder that resizes images."""

SINCE = (1, 4)


def build(tf):
    noise_factor = 0.5
    t = tf.placeholder(tf.float32, (None, 28, 28, 1), name="targets")
    x = tf.clip_by_value(t + noise_factor * tf.random_normal(tf.shape(t)), 0.0, 1.0)
    h = tf.layers.max_pooling2d(
        tf.layers.conv2d(x, 8, (3, 3), padding="same", activation=tf.nn.relu), (2, 2), (2, 2), padding="same"
    )
    h = tf.layers.max_pooling2d(
        tf.layers.conv2d(h, 4, (3, 3), padding="same", activation=tf.nn.elu), (2, 2), (2, 2), padding="same"
    )
    h = tf.image.resize_nearest_neighbor(h, (14, 14))
    h = tf.layers.conv2d(h, 4, (3, 3), padding="same", activation=tf.nn.selu)
    h = tf.image.resize_images(h, size=(28, 28), method=tf.image.ResizeMethod.BILINEAR)
    logits = tf.layers.conv2d(h, 1, (3, 3), padding="same")
    tf.nn.sigmoid(logits)
    rho = tf.reduce_mean(tf.nn.sigmoid(logits), 0)
    kl = 0.1 * tf.log(0.1 / rho) + 0.9 * tf.log(0.9 / (1 - rho))
    cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=logits)) + tf.reduce_mean(kl)
    tf.train.AdamOptimizer(0.001).minimize(cost)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.image.resize_nearest_neighbor(h, (14, 14))", "tf.image.resize_bilinear(h, (14, 14))"),
    ("noise_factor = 0.5", "noise_factor = 0.4"),
]
