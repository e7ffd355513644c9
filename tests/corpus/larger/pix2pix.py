"""A conditional GAN from image to image."""

SINCE = (1, 4)


def build(tf):
    EPS = 1e-12
    inputs = tf.placeholder(tf.float32, [1, 32, 32, 3])
    targets = tf.placeholder(tf.float32, [1, 32, 32, 3])

    def conv(x, n, stride):
        with tf.variable_scope("conv"):
            f = tf.get_variable(
                "filter",
                [4, 4, x.get_shape()[3], n],
                dtype=tf.float32,
                initializer=tf.random_normal_initializer(0, 0.02),
            )
            return tf.nn.conv2d(
                tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="CONSTANT"), f, [1, stride, stride, 1], padding="VALID"
            )

    def deconv(x, n):
        with tf.variable_scope("deconv"):
            b, h, w, c = [int(d) for d in x.get_shape()]
            f = tf.get_variable(
                "filter", [4, 4, n, c], dtype=tf.float32, initializer=tf.random_normal_initializer(0, 0.02)
            )
            return tf.nn.conv2d_transpose(x, f, [b, h * 2, w * 2, n], [1, 2, 2, 1], padding="SAME")

    def lrelu(x, a):
        with tf.name_scope("lrelu"):
            x = tf.identity(x)
            return (0.5 * (1 + a)) * x + (0.5 * (1 - a)) * tf.abs(x)

    def bn(x):
        with tf.variable_scope("batchnorm"):
            x = tf.identity(x)
            c = x.get_shape()[3]
            offset = tf.get_variable("offset", [c], initializer=tf.zeros_initializer())
            scale = tf.get_variable("scale", [c], initializer=tf.random_normal_initializer(1.0, 0.02))
            m, v = tf.nn.moments(x, axes=[0, 1, 2], keep_dims=False)
            return tf.nn.batch_normalization(x, m, v, offset, scale, variance_epsilon=1e-5)

    with tf.variable_scope("generator"):
        with tf.variable_scope("e1"):
            e1 = conv(inputs, 8, 2)
        with tf.variable_scope("e2"):
            e2 = bn(conv(lrelu(e1, 0.2), 16, 2))
        with tf.variable_scope("d2"):
            d2 = tf.nn.dropout(bn(deconv(tf.nn.relu(e2), 8)), keep_prob=1 - 0.5)
        with tf.variable_scope("d1"):
            out = tf.tanh(deconv(tf.nn.relu(tf.concat([d2, e1], axis=3)), 3))

    def disc(a, b):
        x = tf.concat([a, b], axis=3)
        with tf.variable_scope("l1"):
            x = lrelu(conv(x, 8, 2), 0.2)
        with tf.variable_scope("l2"):
            x = lrelu(bn(conv(x, 16, 1)), 0.2)
        with tf.variable_scope("l3"):
            return tf.sigmoid(conv(x, 1, 1))

    with tf.name_scope("real"), tf.variable_scope("discriminator"):
        pr = disc(inputs, targets)
    with tf.name_scope("fake"), tf.variable_scope("discriminator", reuse=True):
        pf = disc(inputs, out)
    dl = tf.reduce_mean(-(tf.log(pr + EPS) + tf.log(1 - pf + EPS)))
    gan, l1 = tf.reduce_mean(-tf.log(pf + EPS)), tf.reduce_mean(tf.abs(targets - out))
    gl = gan * 1.0 + 100.0 * l1
    dv = [v for v in tf.trainable_variables() if v.name.startswith("discriminator")]
    do = tf.train.AdamOptimizer(0.0002, 0.5)
    dgv = do.compute_gradients(dl, var_list=dv)
    dt = do.apply_gradients(dgv)
    with tf.control_dependencies([dt]):
        gv = [v for v in tf.trainable_variables() if v.name.startswith("generator")]
        go = tf.train.AdamOptimizer(0.0002, 0.5)
        ggv = go.compute_gradients(gl, var_list=gv)
        gt = go.apply_gradients(ggv)
    ema = tf.train.ExponentialMovingAverage(decay=0.99)
    up = ema.apply([dl, gan, l1])
    gs = tf.train.get_or_create_global_step()
    inc = tf.assign(gs, gs + 1)
    tf.group(up, inc, gt)
    im = tf.image.convert_image_dtype((out + 1) / 2, dtype=tf.uint8, saturate=True)
    tf.map_fn(tf.image.encode_png, im, dtype=tf.string)
    tf.reduce_sum([tf.reduce_prod(tf.shape(v)) for v in tf.trainable_variables()])
    tf.global_variables_initializer()


MISTAKES = [
    ("[[0, 0], [1, 1], [1, 1], [0, 0]]", "[[0, 0], [2, 1], [1, 1], [0, 0]]"),
    ("100.0 *", "10.0 *"),
    ("EPS = 1e-12", "EPS = 1e-8"),
    ("decay=0.99", "decay=0.9"),
]
