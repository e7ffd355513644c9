"""Summaries of every kind, in name scopes, merged; a Saver over everything and one over a part."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.name_scope("layer"):
        W = tf.Variable(tf.random_normal([16, 2]), name="weights")
        b = tf.Variable(tf.zeros([2]), name="biases")
        with tf.name_scope("summaries"):
            mean = tf.reduce_mean(W)
            tf.summary.scalar("mean", mean)
            tf.summary.scalar("stddev", tf.sqrt(tf.reduce_mean(tf.square(W - mean))))
            tf.summary.histogram("histogram", W)
        output = tf.matmul(x, W) + b
    tf.summary.image("input", tf.reshape(x, [-1, 4, 4, 1]), 3)
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=output, labels=y))
    tf.summary.scalar("loss", loss)
    with tf.name_scope("train"):
        gradients = tf.gradients(loss, [W, b])
        tf.train.GradientDescentOptimizer(0.5).apply_gradients(zip(gradients, [W, b]))
    for gradient, name in zip(gradients, ("weights", "biases")):
        tf.summary.histogram(name + "/gradient", gradient)
    tf.summary.scalar("sparsity", tf.nn.zero_fraction(output))
    tf.summary.merge_all()
    tf.train.Saver(max_to_keep=5)
    tf.train.Saver({"exported/weights": W}, sharded=False)
    tf.global_variables_initializer()


MISTAKES = [
    ('("loss", loss)', '("cost", loss)'),
    ("tf.reduce_mean(tf.square(W - mean))", "tf.reduce_mean(tf.square(W))"),
    ('histogram("histogram", W)', 'histogram("histogram", b)'),
    ("exported/weights", "exported/W"),
    ("zero_fraction(output)", "zero_fraction(x)"),
    ("[-1, 4, 4, 1]), 3", "[-1, 4, 4, 1]), 4"),
]
