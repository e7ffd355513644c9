"""A mixture density network."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 1])
    y = tf.placeholder(tf.float32, [None, 1])
    h = tf.nn.tanh(
        tf.matmul(x, tf.Variable(tf.random_normal([1, 12], stddev=0.5)))
        + tf.Variable(tf.random_normal([1, 12], stddev=0.5))
    )
    o = tf.matmul(h, tf.Variable(tf.random_normal([12, 9], stddev=0.5)))
    pi, sig, mu = tf.split(o, 3, 1)
    pi = pi - tf.reduce_max(pi, 1, keepdims=True)
    pi = tf.exp(pi)
    pi = tf.multiply(tf.reciprocal(tf.reduce_sum(pi, 1, keepdims=True)), pi)
    sig = tf.exp(sig)
    math_pi = 2.5066
    r = tf.multiply(tf.subtract(y, mu), tf.reciprocal(sig))
    kern = tf.multiply(tf.exp(-tf.square(r) / 2), tf.reciprocal(sig) / math_pi)
    loss = tf.reduce_mean(-tf.log(tf.reduce_sum(tf.multiply(kern, pi), 1, keepdims=True))) + 0.0 * tf.reduce_sum(
        tf.cumsum(pi, axis=1)
    )
    loss += (
        0.01 * tf.reduce_mean(tf.reduce_logsumexp(mu, 1))
        + 0.0 * tf.reduce_mean(tf.lgamma(sig) + tf.digamma(sig))
        + 0.0 * tf.reduce_mean(tf.cumprod(pi, 1))
    )
    tf.train.AdamOptimizer().minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("math_pi = 2.5066", "math_pi = 2.4"),
    ("tf.cumsum(pi, axis=1", "tf.cumprod(pi, axis=1"),
]
