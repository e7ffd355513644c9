"""Learning rates that decay with the global step, and exponential moving averages of what is trained and lost."""


def build(tf):
    x = tf.placeholder(tf.float32, [8, 3])
    y = tf.placeholder(tf.float32, [8, 1])
    W = tf.Variable(tf.truncated_normal([3, 1], stddev=0.04), name="weights")
    tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(W), 0.004, name="decay"))
    tf.add_to_collection("losses", tf.reduce_mean(tf.square(tf.matmul(x, W) - y), name="error"))
    total = tf.add_n(tf.get_collection("losses"), name="total")
    of_losses = tf.train.ExponentialMovingAverage(0.9, name="average").apply(tf.get_collection("losses") + [total])
    step = tf.Variable(0, trainable=False, name="global_step")
    rate = tf.train.exponential_decay(0.1, step, 350, 0.96, staircase=True)
    with tf.control_dependencies([of_losses]):
        optimizer = tf.train.GradientDescentOptimizer(rate)
        gradients = optimizer.compute_gradients(total)
    apply = optimizer.apply_gradients(gradients, global_step=step)
    of_variables = tf.train.ExponentialMovingAverage(0.999, step).apply(tf.trainable_variables())
    with tf.control_dependencies([apply, of_variables]):
        tf.no_op(name="train")
    slow = tf.train.polynomial_decay(0.1, step, 100, 0.01, power=0.5)
    steps = tf.train.piecewise_constant(step, [100, 200], [1.0, 0.5, 0.1])
    tf.train.AdagradOptimizer(slow * steps).minimize(total)
    tf.global_variables_initializer()


MISTAKES = [
    ("staircase=True", "staircase=False"),
    ("[of_losses]):", "[]):"),
    ("(0.999, step)", "(0.999)"),
    ("[apply, of_variables]", "[apply]"),
    ("power=0.5", "power=1.0"),
    ("[1.0, 0.5, 0.1]", "[1.0, 0.1, 0.5]"),
    ("0.004, name", "0.04, name"),
    (", global_step=step", ""),
]
