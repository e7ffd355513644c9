"""Depthwise and separable convolutions."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, [8, 32, 32, 3])
    y = tf.placeholder(tf.int64, [8])
    train = tf.placeholder_with_default(True, [])

    def bn(h):
        return tf.nn.relu6(tf.layers.batch_normalization(h, training=train, momentum=0.95))

    h = bn(tf.layers.conv2d(x, 8, 3, 2, padding="same", use_bias=False))
    w = tf.get_variable("dw", [3, 3, 8, 1], initializer=tf.truncated_normal_initializer(stddev=0.09))
    h = bn(tf.nn.depthwise_conv2d(h, w, [1, 1, 1, 1], "SAME"))
    h = bn(tf.layers.separable_conv2d(h, 16, 3, 2, padding="same"))
    w = tf.get_variable("sd", [3, 3, 16, 1])
    p = tf.get_variable("sp", [1, 1, 16, 16])
    h = h + tf.nn.separable_conv2d(h, w, p, [1, 1, 1, 1], "SAME")
    h = tf.nn.avg_pool(h, [1, 8, 8, 1], [1, 1, 1, 1], "VALID")
    logits = tf.squeeze(tf.layers.conv2d(h, 10, 1), [1, 2])
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits) + tf.losses.get_regularization_loss()
    ups = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(ups):
        tf.train.RMSPropOptimizer(0.01, momentum=0.9, epsilon=1.0).minimize(loss, tf.train.get_or_create_global_step())
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.relu6", "tf.nn.relu"),
    ("momentum=0.95", "momentum=0.99"),
]
