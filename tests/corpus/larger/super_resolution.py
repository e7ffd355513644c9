"""Super-resolution by depth_to_space."""

SINCE = (1, 4)


def build(tf):
    lr = tf.placeholder(tf.float32, [None, None, None, 3])
    hr = tf.placeholder(tf.float32, [None, None, None, 3])

    def prelu(x, name):
        a = tf.get_variable(name, x.get_shape()[-1], initializer=tf.constant_initializer(0.0), dtype=tf.float32)
        return tf.nn.relu(x) + a * (x - abs(x)) * 0.5

    h = prelu(tf.layers.conv2d(lr, 8, 5, padding="same"), "p1")
    h = prelu(tf.layers.conv2d(h, 12, 3, padding="same"), "p2")
    h = tf.depth_to_space(h, 2)
    up = tf.image.resize_bicubic(lr, tf.shape(lr)[1:3] * 2)
    sr = h + up
    mse = tf.reduce_mean(tf.squared_difference(sr, hr))
    psnr = 10.0 * tf.log(1.0 / mse) / tf.log(10.0)
    tf.summary.scalar("psnr", psnr)
    tf.summary.image("sr", sr, max_outputs=1)
    tf.train.AdamOptimizer(tf.train.natural_exp_decay(1e-3, tf.train.get_or_create_global_step(), 100, 0.1)).minimize(
        mse * 0.5
    )
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.depth_to_space(h, 2)", 'tf.depth_to_space(h, 2, data_format="NHWC") * 2.0'),
    ("mse * 0.5", "mse * 0.25"),
]
