"""A deep network with `softmax_cross_entropy_with_logits`, whose labels get no gradient, Adam and an accuracy."""


def build(tf):
    x = tf.placeholder("float", [None, 12])
    y = tf.placeholder("float", [None, 4])
    layer, width = x, 12
    for units in (10, 8):
        weights = tf.Variable(tf.random_normal([width, units], stddev=0.1))
        biases = tf.Variable(tf.random_normal([units]))
        layer, width = tf.nn.relu(tf.add(tf.matmul(layer, weights), biases)), units
    logits = tf.matmul(layer, tf.Variable(tf.random_normal([width, 4]))) + tf.Variable(tf.random_normal([4]))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    tf.train.AdamOptimizer(learning_rate=0.001).minimize(loss)
    correct = tf.equal(tf.argmax(tf.nn.softmax(logits), 1), tf.argmax(y, 1))
    tf.reduce_mean(tf.cast(correct, tf.float32), name="accuracy")
    tf.global_variables_initializer()


MISTAKES = [
    ("learning_rate=0.001", "learning_rate=0.001, epsilon=1e-7"),
    ("tf.nn.relu(", "tf.nn.elu("),
    ("stddev=0.1", "stddev=0.2"),
    ("for units in (10, 8)", "for units in (8, 10)"),
    ("tf.argmax(y, 1)", "tf.argmax(y, 0)"),
    ("tf.Variable(tf.random_normal([units]))", "tf.Variable(tf.random_uniform([units]))"),
]
