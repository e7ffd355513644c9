"""A linear support vector machine, with the penalties of the lasso and the ridge."""


def build(tf):
    x = tf.placeholder(shape=[None, 2], dtype=tf.float32)
    t = tf.placeholder(shape=[None, 1], dtype=tf.float32)
    A = tf.Variable(tf.random_normal(shape=[2, 1]))
    b = tf.Variable(tf.random_normal(shape=[1, 1]))
    out = tf.subtract(tf.matmul(x, A), b)
    l2 = tf.reduce_sum(tf.square(A))
    term = tf.reduce_mean(tf.maximum(0.0, tf.subtract(1.0, tf.multiply(out, t))))
    heavyside = tf.truediv(1.0, tf.add(1.0, tf.exp(tf.multiply(-100.0, tf.subtract(A, tf.constant(0.9))))))
    lasso = tf.multiply(heavyside, 99.0)
    elastic = tf.expand_dims(tf.add(tf.add(term, tf.multiply(0.01, l2)), tf.reduce_mean(lasso)), 0)
    pred = tf.sign(out)
    tf.reduce_mean(tf.cast(tf.equal(pred, t), tf.float32))
    tf.train.GradientDescentOptimizer(0.01).minimize(elastic)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.subtract(1.0", "tf.subtract(2.0"),
    ("-100.", "-50."),
]
