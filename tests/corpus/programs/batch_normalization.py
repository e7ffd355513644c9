"""Batch normalization by hand: moments, running averages that are updated before the output may be used."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 6])
    y = tf.placeholder(tf.float32, [None, 1])
    hidden = tf.matmul(x, tf.Variable(tf.truncated_normal([6, 5], stddev=0.1)))
    scale, offset = tf.Variable(tf.ones([5])), tf.Variable(tf.zeros([5]))
    running_mean = tf.Variable(tf.zeros([5]), trainable=False)
    running_variance = tf.Variable(tf.ones([5]), trainable=False)
    mean, variance = tf.nn.moments(hidden, [0])
    update_mean = tf.assign(running_mean, running_mean * 0.9 + mean * (1 - 0.9))
    update_variance = tf.assign(running_variance, running_variance * 0.9 + variance * (1 - 0.9))
    with tf.control_dependencies([update_mean, update_variance]):
        train = tf.nn.batch_normalization(hidden, mean, variance, offset, scale, 1e-3)
    test = tf.nn.batch_normalization(hidden, running_mean, running_variance, offset, scale, 1e-3)
    out = tf.Variable(tf.zeros([5, 1]))
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_mean(tf.square(y - tf.matmul(tf.nn.relu(train), out))))
    tf.matmul(tf.nn.relu(test), out, name="prediction")
    tf.global_variables_initializer()


MISTAKES = [
    ("[update_mean, update_variance]", "[update_mean]"),
    ("mean, variance, offset, scale, 1e-3", "mean, variance, offset, scale, 1e-5"),
    ("running_mean * 0.9", "running_mean * 0.99"),
    ("hidden, running_mean, running_variance", "hidden, mean, variance"),
    ("offset, scale, 1e-3)\n    out", "scale, offset, 1e-3)\n    out"),
    ("MomentumOptimizer(0.1, 0.9)", "MomentumOptimizer(0.1, 0.9, use_nesterov=True)"),
]
