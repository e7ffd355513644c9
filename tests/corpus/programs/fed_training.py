"""Layers with batch normalization that are told by a placeholder whether they train; updates before each step."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 6])
    y = tf.placeholder(tf.float32, [None, 3])
    training = tf.placeholder(tf.bool, [])
    net = x
    for size in (8, 5):
        weights = tf.Variable(tf.truncated_normal([net.get_shape()[1].value, size], stddev=0.1))
        net = tf.layers.batch_normalization(tf.matmul(net, weights), momentum=0.9, training=training)
        net = tf.nn.relu(net)
    logits = tf.matmul(net, tf.Variable(tf.zeros([5, 3])))
    logits = tf.layers.batch_normalization(logits, scale=False, epsilon=1e-5, training=training)
    loss = tf.reduce_mean(tf.square(y - logits))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(0.01).minimize(loss)
    tf.argmax(logits, 1, name="prediction")
    tf.global_variables_initializer()


MISTAKES = [
    ("momentum=0.9", "momentum=0.99"),
    ("scale=False, ", ""),
    ("epsilon=1e-5", "epsilon=1e-3"),
    ("epsilon=1e-5, training=training", "epsilon=1e-5, training=True"),
    ("tf.get_collection(tf.GraphKeys.UPDATE_OPS)", "[]"),
    ("tf.get_collection(tf.GraphKeys.UPDATE_OPS)", "tf.get_collection(tf.GraphKeys.UPDATE_OPS)[1:]"),
    ("        net = tf.nn.relu(net)\n", ""),
]
