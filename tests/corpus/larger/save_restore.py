"""A model that is saved, restored and summarized."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 10])
    w = tf.get_variable("w", [10, 3], initializer=tf.random_normal_initializer(stddev=0.1))
    b = tf.get_variable("b", [3], initializer=tf.constant_initializer(0.1))
    step = tf.Variable(0, trainable=False, name="global_step")
    rate = tf.train.exponential_decay(0.1, step, 1000, 0.96, staircase=True)
    out = tf.nn.xw_plus_b(x, w, b, name="scores")
    loss = tf.nn.l2_loss(out)
    tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, global_step=step)
    tf.train.Saver(max_to_keep=3)
    tf.global_variables_initializer()


MISTAKES = [
    ("max_to_keep=3", "max_to_keep=3, var_list=[w]"),
    ("0.96", "0.95"),
]
