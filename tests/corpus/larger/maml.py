"""Model-agnostic meta-learning: gradients through two steps of descent."""


def build(tf):
    xa = tf.placeholder(tf.float32, [None, 1])
    ya = tf.placeholder(tf.float32, [None, 1])
    xb = tf.placeholder(tf.float32, [None, 1])
    yb = tf.placeholder(tf.float32, [None, 1])
    w = [
        tf.Variable(tf.truncated_normal([1, 20], stddev=0.01)),
        tf.Variable(tf.zeros([20])),
        tf.Variable(tf.truncated_normal([20, 1], stddev=0.01)),
        tf.Variable(tf.zeros([1])),
    ]

    def fwd(x, w):
        return tf.matmul(tf.nn.relu(tf.matmul(x, w[0]) + w[1]), w[2]) + w[3]

    fast = w
    for k in range(2):
        l = tf.reduce_mean(tf.square(fwd(xa, fast) - ya))
        g = tf.gradients(l, fast)
        fast = [v - 0.01 * q for v, q in zip(fast, g)]
    loss = tf.reduce_mean(tf.square(fwd(xb, fast) - yb))
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [("v - 0.01 * q", "v - 0.02 * q"), ("tf.nn.relu", "tf.nn.tanh")]
