"""`tf.layers`: convolution, pooling, batch normalization with its updates, dropout, dense; once more for testing."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 6, 6, 1])
    y = tf.placeholder(tf.int32, [None])

    def network(training, reuse):
        with tf.variable_scope("network", reuse=reuse):
            h = tf.layers.conv2d(x, 3, 3, padding="same", activation=tf.nn.relu, name="conv")
            h = tf.layers.max_pooling2d(h, 2, 2)
            h = tf.layers.batch_normalization(h, momentum=0.9, training=training, name="norm")
            h = tf.layers.dense(tf.reshape(h, [-1, 27]), 5, activation=tf.nn.tanh, name="hidden")
            return tf.layers.dense(tf.layers.dropout(h, rate=0.25, training=training), 3, name="logits")

    loss = tf.losses.sparse_softmax_cross_entropy(y, network(True, None))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.argmax(network(False, True), 1, name="prediction")
    tf.global_variables_initializer()


MISTAKES = [
    ("momentum=0.9", "momentum=0.99"),
    ("rate=0.25", "rate=0.75"),
    ("network(False, True)", "network(True, True)"),
    ("tf.get_collection(tf.GraphKeys.UPDATE_OPS)", "[]"),
    ("activation=tf.nn.tanh", "activation=tf.nn.relu"),
    ('padding="same", ', 'padding="same", use_bias=False, '),
]
