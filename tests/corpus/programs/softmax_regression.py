"""Softmax regression: the cross entropy written out, and plain gradient descent."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 12], name="x")
    y = tf.placeholder(tf.float32, [None, 4], name="y")
    W = tf.Variable(tf.zeros([12, 4]))
    b = tf.Variable(tf.zeros([4]))
    prediction = tf.nn.softmax(tf.matmul(x, W) + b)
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(prediction), reduction_indices=1))
    tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    tf.global_variables_initializer()


MISTAKES = [
    ("Optimizer(0.01)", "Optimizer(0.02)"),
    ("tf.reduce_mean(-tf", "tf.reduce_sum(-tf"),
    ("reduction_indices=1", "reduction_indices=0"),
    ("tf.matmul(x, W) + b", "tf.matmul(x, W)"),
    ("y * tf.log(prediction)", "prediction * tf.log(y)"),
]
