"""One network of tf.layers for training and for testing, the variables shared."""

SINCE = (1, 4)


def _conv_net(tf, x_dict, n_classes, dropout, reuse, is_training):
    with tf.variable_scope("ConvNet", reuse=reuse):
        x = tf.reshape(x_dict, shape=[-1, 28, 28, 1])
        conv1 = tf.layers.conv2d(x, 32, 5, activation=tf.nn.relu)
        conv1 = tf.layers.max_pooling2d(conv1, 2, 2)
        conv2 = tf.layers.conv2d(conv1, 64, 3, activation=tf.nn.relu)
        conv2 = tf.layers.max_pooling2d(conv2, 2, 2)
        fc1 = tf.layers.flatten(conv2)
        fc1 = tf.layers.dense(fc1, 1024)
        fc1 = tf.layers.dropout(fc1, rate=dropout, training=is_training)
        return tf.layers.dense(fc1, n_classes)


def build(tf):
    images = tf.placeholder(tf.float32, [None, 784])
    labels = tf.placeholder(tf.int32, [None])
    train = _conv_net(tf, images, 10, 0.25, False, True)
    test = _conv_net(tf, images, 10, 0.25, True, False)
    tf.nn.softmax(test)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(logits=train, labels=tf.cast(labels, dtype=tf.int32))
    )
    tf.train.AdamOptimizer(0.001).minimize(loss, global_step=tf.train.get_or_create_global_step())
    tf.metrics.accuracy(labels=labels, predictions=tf.argmax(test, axis=1))
    tf.local_variables_initializer()
    tf.global_variables_initializer()


MISTAKES = [
    ("rate=dropout", "rate=1 - dropout"),
    ("conv1, 2, 2", "conv1, 2, 1"),
    ("32, 5, activation=tf.nn.relu", '32, 5, activation=tf.nn.relu, padding="same"'),
]
