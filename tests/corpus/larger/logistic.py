"""Softmax regression with the cross entropy written out."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.float32, [None, 10])
    W = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    pred = tf.nn.softmax(tf.matmul(x, W) + b)
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(pred), reduction_indices=1))
    tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    correct = tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1))
    tf.reduce_mean(tf.cast(correct, tf.float32))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.softmax(tf.matmul(x, W) + b)", "tf.nn.sigmoid(tf.matmul(x, W) + b)"),
    ("reduction_indices=1", "reduction_indices=0"),
    ("0.01)", "0.02)"),
]
