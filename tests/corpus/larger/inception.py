"""Blocks of parallel convolutions."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 16, 16, 3])
    y = tf.placeholder(tf.int32, [None])
    conv = lambda h, n, k, s=1: tf.layers.conv2d(
        h, n, k, s, padding="same", activation=tf.nn.relu, kernel_regularizer=lambda w: 1e-4 * tf.nn.l2_loss(w)
    )

    def module(h):
        t = conv(h, 4, 1)
        a = conv(conv(h, 4, 1), 6, 3)
        b = conv(conv(h, 2, 1), 4, [5, 5])
        c = conv(tf.nn.avg_pool(h, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"), 4, 1)
        return tf.concat([t, a, b, c], 3)

    h = module(conv(x, 8, 3, 2))
    aux = tf.layers.dense(tf.layers.flatten(tf.layers.average_pooling2d(h, 5, 3)), 10)
    h = tf.layers.max_pooling2d(module(h), 3, 2, padding="same")
    h = tf.layers.dropout(tf.reduce_mean(h, [1, 2]), rate=0.4, training=True)
    logits = tf.layers.dense(h, 10)
    onehot = tf.one_hot(y, 10)
    loss = tf.losses.softmax_cross_entropy(onehot, logits, label_smoothing=0.1) + 0.4 * tf.losses.softmax_cross_entropy(
        onehot, aux, weights=0.7
    )
    total = tf.losses.get_total_loss() + 0.0 * loss
    tf.train.RMSPropOptimizer(0.045, decay=0.9, momentum=0.9, epsilon=1.0).minimize(total)
    tf.metrics.mean(total)
    tf.nn.in_top_k(logits, y, 3)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.avg_pool", "tf.nn.max_pool"),
    ("[t, a, b, c], 3", "[t, b, a, c], 3"),
    ("0.4 *", "0.3 *"),
]
