"""Virtual adversarial training: a normalized network is held steady where its output changes most nearby."""


def build(tf):
    x, nearby = (tf.placeholder(tf.float32, [None, 8], name=name) for name in ("x", "nearby"))
    labels = tf.placeholder(tf.float32, [None, 3], name="labels")
    called = []

    def network(x):
        with tf.variable_scope("network", reuse=bool(called)):
            called.append(x)
            hidden = tf.layers.dense(x, 5, name="hidden")
            hidden = tf.layers.batch_normalization(hidden, training=True, name="norm")
            return tf.layers.dense(tf.nn.relu(hidden), 3, name="logits")

    def direction(d):
        return d / tf.sqrt(1e-6 + tf.reduce_sum(tf.square(d), 1, keep_dims=True))

    def distance(logits, others):
        probabilities = tf.nn.softmax(logits)
        gain = tf.nn.log_softmax(logits) - tf.nn.log_softmax(others)
        return tf.reduce_mean(tf.reduce_sum(probabilities * gain, 1))

    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=network(x), labels=labels))
    logits = network(nearby)
    steepest = tf.random_normal(tf.shape(nearby))
    for _ in range(2):
        tried = 0.01 * direction(steepest)
        steepest = tf.stop_gradient(tf.gradients(distance(logits, network(nearby + tried)), [tried])[0])
    step = 2.0 * direction(steepest)
    loss += distance(tf.stop_gradient(logits), network(nearby + step))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)[:2]):
        tf.train.AdamOptimizer(0.002).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("distance(tf.stop_gradient(logits)", "distance(logits"),
    ("0.01 * direction", "direction"),
    ("step = 2.0", "step = 0.2"),
    ("probabilities * gain", "gain"),
    ("tf.stop_gradient(tf.gradients(distance", "(tf.gradients(distance"),
    ("nearby + step", "x + step"),
    ("UPDATE_OPS)[:2]", "UPDATE_OPS)"),
]
