"""Gradients in a direction: of gradients, by vectors that are given, of what is clipped behind an update, of rows."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 3])
    direction = tf.placeholder(tf.float32, [4, 3])
    advantage = tf.placeholder(tf.float32, [None])
    w = tf.Variable(tf.truncated_normal([4, 3], stddev=0.1))
    steps = tf.Variable(0.0, trainable=False)
    output = tf.matmul(x, w)
    # The product of a Hessian with a vector, in two ways.
    (gradient,) = tf.gradients(tf.reduce_mean(tf.squared_difference(output, y)), [w])
    (product,) = tf.gradients(tf.reduce_sum(gradient * tf.stop_gradient(direction)), [w])
    (gradient,) = tf.gradients(-tf.reduce_mean(tf.reduce_sum(y * tf.nn.log_softmax(output), 1)), [w])
    (second,) = tf.gradients(gradient * direction, [w])
    # What policies are trained by.
    chosen = tf.log(tf.reduce_sum(tf.nn.softmax(output) * tf.one_hot(tf.argmax(output, 1), 3), 1))
    (policy,) = tf.gradients(chosen, [w], grad_ys=-advantage)
    (constant,) = tf.gradients(tf.reduce_sum(tf.tanh(output)), [w], grad_ys=tf.constant(-2.0))
    with tf.control_dependencies([tf.assign_add(steps, 1.0)]):
        clipped = tf.clip_by_norm(w, 1.5)
    (limited,) = tf.gradients(tf.reduce_sum(tf.square(tf.matmul(x, clipped))), [w])
    rows = tf.map_fn(lambda one: tf.map_fn(lambda e: tf.tanh(e * 2.0) * w[0, 0], one), y)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    optimizer.apply_gradients([(product + second + policy + constant + limited, w)])
    optimizer.minimize(tf.reduce_mean(rows))
    tf.global_variables_initializer()


MISTAKES = [
    ("gradient * tf.stop_gradient(direction)", "gradient * gradient"),
    ("tf.squared_difference(output, y)", "tf.squared_difference(output, output * y)"),
    ("y * tf.nn.log_softmax", "2 * y * tf.nn.log_softmax"),
    ("grad_ys=-advantage", "grad_ys=advantage"),
    ("tf.constant(-2.0)", "tf.constant(2.0)"),
    ("tf.clip_by_norm(w, 1.5)", "tf.clip_by_norm(w, 2.5)"),
    ("[tf.assign_add(steps, 1.0)]", "[]"),
    ("tf.tanh(e * 2.0)", "tf.tanh(e * 3.0)"),
]
