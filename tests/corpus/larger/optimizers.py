"""Eight optimizers, each with a schedule, and ways to clip gradients or to add noise."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 10])
    y = tf.placeholder(tf.float32, [None, 3])
    h = tf.layers.dense(
        x, 20, tf.nn.elu, kernel_initializer=tf.variance_scaling_initializer(), kernel_regularizer=tf.nn.l2_loss
    )
    h = tf.layers.dense(h, 20, tf.nn.selu, bias_initializer=tf.constant_initializer(0.1))
    o = tf.layers.dense(h, 3)
    loss = tf.losses.softmax_cross_entropy(y, o, label_smoothing=0.1)
    total = tf.losses.get_total_loss() + 1e-4 * tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
    gs = tf.Variable(0, trainable=False, name="step")
    rates = [
        tf.train.exponential_decay(0.1, gs, 100, 0.96, staircase=True),
        tf.train.polynomial_decay(0.1, gs, 1000, 0.001, power=2.0),
        tf.train.piecewise_constant(gs, [100, 200], [0.1, 0.05, 0.01]),
        tf.train.inverse_time_decay(0.1, gs, 10, 0.5),
        tf.train.cosine_decay(0.1, gs, 100, alpha=0.1),
        tf.train.natural_exp_decay(0.1, gs, 10, 0.5),
        tf.train.linear_cosine_decay(0.1, gs, 100),
        tf.train.cosine_decay_restarts(0.1, gs, 100),
    ]
    makers = [
        tf.train.GradientDescentOptimizer,
        tf.train.AdagradOptimizer,
        lambda r: tf.train.MomentumOptimizer(r, 0.9),
        tf.train.AdadeltaOptimizer,
        lambda r: tf.train.RMSPropOptimizer(r, momentum=0.9, centered=True),
        lambda r: tf.train.FtrlOptimizer(r, learning_rate_power=-0.6, l2_shrinkage_regularization_strength=0.01),
        tf.train.AdamOptimizer,
        lambda r: tf.train.ProximalAdagradOptimizer(r),
    ]
    for k, (rate, make) in enumerate(zip(rates, makers)):
        opt = make(rate)
        gv = opt.compute_gradients(total)
        if k % 4 == 0:
            gv = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in gv]
        elif k % 4 == 1:
            gv = [(tf.clip_by_norm(g, 5.0), v) for g, v in gv]
        elif k % 4 == 2:
            gr, vs = zip(*gv)
            gr, _ = tf.clip_by_global_norm(gr, 1.0)
            gv = list(zip(gr, vs))
        else:
            gv = [(g + tf.random_normal(tf.shape(g), stddev=0.01), v) for g, v in gv]
        opt.apply_gradients(gv, global_step=gs)
    tf.summary.scalar("loss", total)
    tf.summary.histogram("o", o)
    tf.summary.merge_all()
    tf.global_variables_initializer()


MISTAKES = [
    ("label_smoothing=0.1", "label_smoothing=0.2"),
    ("staircase=True", "staircase=False"),
    ("clip_by_norm(g, 5.0)", "clip_by_norm(g, 4.0)"),
    ("alpha=0.1", "alpha=0.2"),
    ("tf.nn.selu", "tf.nn.elu"),
    ("learning_rate_power=-0.6", "learning_rate_power=-0.5"),
]
