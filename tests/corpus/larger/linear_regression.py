"""A line fitted by gradient descent."""


def build(tf):
    n_samples = 17
    X = tf.placeholder("float")
    Y = tf.placeholder("float")
    W = tf.Variable(0.3, name="weight")
    b = tf.Variable(-0.2, name="bias")
    pred = tf.add(tf.multiply(X, W), b)
    cost = tf.reduce_sum(tf.pow(pred - Y, 2)) / (2 * n_samples)
    tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    tf.global_variables_initializer()


MISTAKES = [
    ("0.01)", "0.001)"),
    ("tf.pow(pred - Y, 2)", "tf.pow(pred - Y, 3)"),
    ("2 * n_samples", "n_samples"),
]
