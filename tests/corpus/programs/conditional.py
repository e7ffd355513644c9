"""`tf.cond`: moving averages in training, their values in testing, and a gradient through both branches."""


def build(tf):
    training = tf.placeholder(tf.bool, [], name="training")
    x = tf.placeholder(tf.float32, [None, 3])
    W = tf.Variable(tf.truncated_normal([3, 2], stddev=0.1))
    h = tf.matmul(x, W)
    mean = tf.reduce_mean(h, 0)
    average = tf.train.ExponentialMovingAverage(decay=0.5)

    def update():
        with tf.control_dependencies([average.apply([mean])]):
            return tf.identity(mean)

    centred = h - tf.cond(training, update, lambda: average.average(mean))
    scaled = tf.cond(tf.reduce_sum(x) > 1.0, lambda: centred * 2.0, lambda: tf.tanh(centred) + W[0])
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.square(scaled)))
    tf.global_variables_initializer()


MISTAKES = [
    ("with tf.control_dependencies([average.apply([mean])]):", "if average.apply([mean]) is not None:"),
    ("decay=0.5", "decay=0.9"),
    ("centred * 2.0", "centred * 3.0"),
    ("> 1.0,", "> 2.0,"),
    ("tf.cond(training, update, lambda: average.average(mean))", "update()"),
    ("W[0])", "W[1])"),
]
