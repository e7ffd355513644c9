"""Dilated convolutions and a resized map of classes."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 33, 33, 3])
    y = tf.placeholder(tf.int32, [None, 33, 33, 1])
    w = tf.get_variable("w", [3, 3, 3, 8])
    w2 = tf.get_variable("w2", [3, 3, 8, 8])
    h = tf.nn.relu(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"))
    h = tf.nn.relu(tf.nn.atrous_conv2d(h, w2, rate=2, padding="SAME"))
    d = tf.layers.conv2d(h, 8, 3, dilation_rate=4, padding="same")
    g = tf.reduce_mean(h, [1, 2], keepdims=True)
    g = tf.image.resize_bilinear(tf.layers.conv2d(g, 8, 1), tf.shape(h)[1:3], align_corners=True)
    h = tf.concat([h, d, g], -1)
    logits = tf.layers.conv2d(h, 5, 1)
    up = tf.image.resize_bilinear(logits, [33, 33], align_corners=True)
    flat = tf.reshape(up, [-1, 5])
    lab = tf.reshape(y, [-1])
    idx = tf.squeeze(tf.where(tf.less_equal(lab, 4)), 1)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            logits=tf.gather(flat, idx), labels=tf.cast(tf.gather(lab, idx), tf.int32)
        )
    )
    rl = [1e-4 * tf.nn.l2_loss(v) for v in tf.trainable_variables()]
    base = tf.constant(2.5e-4)
    step = tf.placeholder(dtype=tf.float32, shape=())
    lr = tf.scalar_mul(base, tf.pow((1 - step / 100), 0.9))
    tf.train.MomentumOptimizer(lr, 0.9).minimize(loss + tf.add_n(rl))
    tf.confusion_matrix(lab, tf.reshape(tf.argmax(up, 3), [-1]), num_classes=6)
    tf.metrics.mean_iou(tf.minimum(y, 4), tf.expand_dims(tf.argmax(up, 3), 3), 5)
    tf.global_variables_initializer()


MISTAKES = [
    ("align_corners=True", "align_corners=False"),
    ("rate=2", "rate=3"),
]
