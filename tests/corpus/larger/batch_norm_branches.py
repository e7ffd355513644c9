"""A convolutional classifier that chooses between its layers in training and in use by tf.cond."""


def build(tf):
    images = tf.placeholder(tf.float32, [None, 16, 16, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    in_training = tf.placeholder(tf.bool, [], name="in_training")

    def normalized(x, name):
        def layer(training, reuse):
            return lambda: tf.layers.batch_normalization(x, momentum=0.9, training=training, name=name, reuse=reuse)

        return tf.cond(in_training, layer(True, None), layer(False, True))

    x = images
    for number, filters in enumerate([4, 8]):
        x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False, name="conv%d" % number)
        x = tf.nn.relu(normalized(x, "norm%d" % number))
        x = tf.layers.max_pooling2d(x, 2, 2)
    x = tf.layers.dense(tf.reshape(x, [-1, 4 * 4 * 8]), 12, name="hidden")
    logits = tf.layers.dense(tf.nn.relu(normalized(x, "norm2")), 5, name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)


MISTAKES = [
    ("momentum=0.9,", "momentum=0.99,"),
    ("layer(True, None), layer(False, True)", "layer(True, None), layer(True, True)"),
    ("in_training, layer(True, None)", "tf.logical_not(in_training), layer(True, None)"),
]
