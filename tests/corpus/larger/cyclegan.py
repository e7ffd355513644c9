"""Two generators and two discriminators in a cycle."""

SINCE = (1, 4)


def build(tf):
    A = tf.placeholder(tf.float32, [1, 16, 16, 3])
    B = tf.placeholder(tf.float32, [1, 16, 16, 3])

    def inorm(x):
        with tf.variable_scope("in"):
            d = x.get_shape()[3]
            scale = tf.get_variable("scale", [d], initializer=tf.random_normal_initializer(1.0, 0.02))
            offset = tf.get_variable("offset", [d], initializer=tf.constant_initializer(0.0))
            mean, var = tf.nn.moments(x, axes=[1, 2], keep_dims=True)
            epsilon = 1e-5
            return scale * ((x - mean) * tf.rsqrt(var + epsilon)) + offset

    def gen(x, name):
        with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
            h = tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]], mode="REFLECT")
            with tf.variable_scope("a"):
                h = tf.nn.relu(inorm(tf.layers.conv2d(h, 4, 7, name="c")))
            with tf.variable_scope("b"):
                h = tf.nn.relu(inorm(tf.layers.conv2d(h, 8, 3, 2, padding="same", name="c")))
            with tf.variable_scope("r"):
                h = h + inorm(tf.layers.conv2d(tf.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), 8, 3, name="c"))
            h = tf.image.resize_images(h, [16, 16], method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)
            return tf.nn.tanh(tf.layers.conv2d(h, 3, 7, padding="same", name="o"))

    def dis(x, name):
        with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
            return tf.layers.conv2d(
                tf.nn.leaky_relu(tf.layers.conv2d(x, 4, 4, 2, padding="same", name="c"), 0.2),
                1,
                4,
                padding="same",
                name="o",
            )

    fb = gen(A, "G")
    fa = gen(B, "F")
    ca = gen(fb, "F")
    cb = gen(fa, "G")
    cyc = tf.reduce_mean(tf.abs(ca - A)) + tf.reduce_mean(tf.abs(cb - B))
    g = tf.reduce_mean(tf.squared_difference(dis(fb, "DB"), 0.9)) + 10.0 * cyc
    f = tf.reduce_mean(tf.squared_difference(dis(fa, "DA"), 0.9)) + 10.0 * cyc
    pool = tf.placeholder(tf.float32, [1, 16, 16, 3])
    db = (tf.reduce_mean(tf.squared_difference(dis(B, "DB"), 0.9)) + tf.reduce_mean(tf.square(dis(pool, "DB")))) / 2
    gs = tf.Variable(0, trainable=False)
    lr = tf.where(tf.greater_equal(gs, 1000), tf.train.polynomial_decay(2e-4, gs - 1000, 1000, 0.0, power=1.0), 2e-4)
    ops = [
        tf.train.AdamOptimizer(lr, beta1=0.5).minimize(
            l, var_list=[v for v in tf.trainable_variables() if v.name.startswith(n)]
        )
        for l, n in ((g, "G/"), (f, "F/"), (db, "DB/"))
    ]
    with tf.control_dependencies(ops):
        tf.no_op(name="optimizers")
    tf.summary.image("fake", tf.image.convert_image_dtype((fb + 1.0) / 2.0, tf.uint8))
    tf.global_variables_initializer()


MISTAKES = [
    ('mode="REFLECT"', 'mode="SYMMETRIC"'),
    ("epsilon = 1e-5", "epsilon = 1e-3"),
    ("0.9)", "0.8)"),
]
