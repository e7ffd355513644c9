"""A support vector machine with a Gaussian kernel."""


def build(tf):
    x = tf.placeholder(shape=[None, 2], dtype=tf.float32)
    y = tf.placeholder(shape=[None, 1], dtype=tf.float32)
    grid = tf.placeholder(shape=[None, 2], dtype=tf.float32)
    b = tf.Variable(tf.random_normal(shape=[1, 50]))
    gamma = tf.constant(-50.0)
    sq = tf.multiply(2.0, tf.matmul(x, tf.transpose(x)))
    kernel = tf.exp(tf.multiply(gamma, tf.abs(sq)))
    first = tf.reduce_sum(b)
    cross = tf.matmul(tf.transpose(b), b)
    y_cross = tf.matmul(y, tf.transpose(y))
    second = tf.reduce_sum(tf.multiply(kernel, tf.multiply(cross, y_cross)))
    loss = tf.negative(tf.subtract(first, second))
    rA = tf.reshape(tf.reduce_sum(tf.square(x), 1), [-1, 1])
    rB = tf.reshape(tf.reduce_sum(tf.square(grid), 1), [-1, 1])
    dist = tf.add(tf.subtract(rA, tf.multiply(2.0, tf.matmul(x, tf.transpose(grid)))), tf.transpose(rB))
    pred = tf.exp(tf.multiply(gamma, tf.abs(dist)))
    out = tf.matmul(tf.multiply(tf.transpose(y), b), pred)
    tf.sign(out - tf.reduce_mean(out))
    tf.train.GradientDescentOptimizer(0.002).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.multiply(2.0", "tf.multiply(3.0"),
    ("-50.0", "-25.0"),
]
