"""Actor and critic with slowly moving targets, the gradient of one through the other."""


def build(tf):
    tau = 0.01
    S = tf.placeholder(tf.float32, [None, 3])
    S_ = tf.placeholder(tf.float32, [None, 3])
    R = tf.placeholder(tf.float32, [None, 1])

    def actor(s, scope, trainable):
        with tf.variable_scope(scope):
            n = tf.layers.dense(
                s,
                30,
                tf.nn.relu,
                kernel_initializer=tf.random_normal_initializer(0.0, 0.3),
                name="l1",
                trainable=trainable,
            )
            with tf.variable_scope("a"):
                return tf.multiply(
                    tf.layers.dense(n, 1, activation=tf.nn.tanh, name="a", trainable=trainable), [2.0], name="scaled"
                )

    def critic(s, a, scope, trainable):
        with tf.variable_scope(scope):
            w1s = tf.get_variable("w1_s", [3, 30], trainable=trainable)
            w1a = tf.get_variable("w1_a", [1, 30], trainable=trainable)
            b1 = tf.get_variable("b1", [1, 30], trainable=trainable)
            return tf.layers.dense(tf.nn.relu(tf.matmul(s, w1s) + tf.matmul(a, w1a) + b1), 1, trainable=trainable)

    with tf.variable_scope("Actor"):
        a = actor(S, "eval", True)
        a_ = actor(S_, "target", False)
    with tf.variable_scope("Critic"):
        q = critic(S, a, "eval", True)
        q_ = critic(S_, a_, "target", False)
    ae, at, ce, ct = [
        tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=n)
        for n in ("Actor/eval", "Actor/target", "Critic/eval", "Critic/target")
    ]
    [[tf.assign(t, (1 - tau) * t + tau * e) for t, e in zip(x, y)] for x, y in ((at, ae), (ct, ce))]
    target = R + 0.9 * q_
    td = tf.losses.mean_squared_error(labels=target, predictions=q)
    tf.train.AdamOptimizer(0.002).minimize(td, var_list=ce)
    a_grads = tf.gradients(q, a)[0]
    pg = tf.gradients(ys=a, xs=ae, grad_ys=a_grads)
    tf.train.AdamOptimizer(-0.002).apply_gradients(zip(pg, ae))
    ema = tf.train.ExponentialMovingAverage(decay=1 - tau)
    up = [ema.apply(ae), ema.apply(ce)]
    with tf.control_dependencies(up):
        tf.train.GradientDescentOptimizer(0.1).minimize(-tf.reduce_mean(q), var_list=ae)
    tf.global_variables_initializer()


MISTAKES = [
    ("tau = 0.01", "tau = 0.02"),
    ("grad_ys=a_grads", "grad_ys=a_grads * 2.0"),
    ("-0.002)", "0.002)"),
]
