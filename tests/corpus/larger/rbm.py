"""A restricted Boltzmann machine with Gibbs steps."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 20])
    W = tf.Variable(tf.random_normal([20, 8], 0.01))
    bh = tf.Variable(tf.zeros([1, 8], tf.float32))
    bv = tf.Variable(tf.zeros([1, 20], tf.float32))

    def sample(probs):
        return tf.nn.relu(tf.sign(probs - tf.random_uniform(tf.shape(probs))))

    def step(count, k, xk):
        hk = sample(tf.sigmoid(tf.matmul(xk, W) + bh))
        xk = sample(tf.sigmoid(tf.matmul(hk, tf.transpose(W)) + bv))
        return count + 1, k, xk

    steps = 2
    _, _, xs = tf.while_loop(
        lambda c, k, *a: c < k, step, [tf.constant(0), tf.constant(steps), x], parallel_iterations=1, back_prop=False
    )
    xs = tf.stop_gradient(xs)
    h = sample(tf.sigmoid(tf.matmul(x, W) + bh))
    hs = sample(tf.sigmoid(tf.matmul(xs, W) + bh))
    n = tf.cast(tf.shape(x)[0], tf.float32)
    dW = tf.multiply(0.005 / n, tf.subtract(tf.matmul(tf.transpose(x), h), tf.matmul(tf.transpose(xs), hs)))
    dv = tf.multiply(0.005 / n, tf.reduce_sum(tf.subtract(x, xs), 0, True))
    dh = tf.multiply(0.005 / n, tf.reduce_sum(tf.subtract(h, hs), 0, True))
    [W.assign_add(dW), bv.assign_add(dv), bh.assign_add(dh)]
    F = lambda v: -tf.reduce_sum(tf.log(1 + tf.exp(tf.matmul(v, W) + bh)), 1) - tf.matmul(v, tf.transpose(bv))[:, 0]
    tf.train.GradientDescentOptimizer(0.05).minimize(tf.reduce_mean(F(x) - F(xs)))
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.sign(probs - tf.random_uniform", "tf.sign(tf.random_uniform"),
    ("steps = 2", "steps = 3"),
]
