"""A small ResNet of tf.layers."""

SINCE = (1, 8)


def build(tf):
    training = tf.placeholder(tf.bool)
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    y = tf.placeholder(tf.int32, [None])

    def bn(x):
        return tf.layers.batch_normalization(
            x, axis=3, momentum=0.997, epsilon=1e-5, center=True, scale=True, training=training, fused=True
        )

    def pad(x, k):
        total = k - 1
        beg = total // 2
        return tf.pad(x, [[0, 0], [beg, total - beg], [beg, total - beg], [0, 0]])

    def conv(x, n, k, s):
        if s > 1:
            x = pad(x, k)
        return tf.layers.conv2d(
            x,
            n,
            k,
            s,
            padding=("SAME" if s == 1 else "VALID"),
            use_bias=False,
            kernel_initializer=tf.variance_scaling_initializer(),
        )

    def block(x, n, s, project):
        short = x
        x = tf.nn.relu(bn(x))
        if project:
            short = conv(x, n, 1, s)
        x = conv(x, n, 3, s)
        x = tf.nn.relu(bn(x))
        return conv(x, n, 3, 1) + short

    h = conv(x, 8, 3, 1)
    h = tf.identity(h, "initial_conv")
    h = block(h, 8, 1, True)
    h = block(h, 16, 2, True)
    h = block(h, 16, 1, False)
    h = tf.nn.relu(bn(h))
    h = tf.reduce_mean(h, axis=[1, 2], keepdims=True)
    h = tf.squeeze(h, [1, 2])
    logits = tf.layers.dense(h, 10)
    ce = tf.losses.sparse_softmax_cross_entropy(logits=logits, labels=y)
    loss = ce + 1e-4 * tf.add_n(
        [tf.nn.l2_loss(v) for v in tf.trainable_variables() if "batch_normalization" not in v.name]
    )
    gs = tf.train.get_or_create_global_step()
    lr = tf.train.piecewise_constant(gs, [100, 200], [0.1, 0.01, 0.001])
    opt = tf.train.MomentumOptimizer(learning_rate=lr, momentum=0.9)
    train = opt.minimize(loss, gs)
    tf.group(train, *tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    tf.metrics.accuracy(y, tf.argmax(logits, axis=1))
    tf.global_variables_initializer()
    tf.local_variables_initializer()


MISTAKES = [
    ("momentum=0.997", "momentum=0.9"),
    ("1e-4 *", "1e-3 *"),
    ("[100, 200]", "[100, 250]"),
    ("axis=[1, 2]", "axis=[2, 1, 3]"),
]
