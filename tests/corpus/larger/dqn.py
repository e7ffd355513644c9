"""A duelling deep Q-network with a target network."""

SINCE = (1, 8)


def build(tf):
    gamma = 0.99
    s = tf.placeholder(tf.uint8, [None, 20, 20, 4])
    s2 = tf.placeholder(tf.uint8, [None, 20, 20, 4])
    a = tf.placeholder(tf.int32, [None])
    r = tf.placeholder(tf.float32, [None])
    done = tf.placeholder(tf.float32, [None])

    def net(x, scope):
        with tf.variable_scope(scope):
            h = tf.to_float(x) / 255.0
            h = tf.layers.conv2d(h, 8, 8, 4, activation=tf.nn.relu)
            h = tf.layers.dense(tf.layers.flatten(h), 16, activation=tf.nn.relu)
            v = tf.layers.dense(h, 1)
            adv = tf.layers.dense(h, 4)
            return v + (adv - tf.reduce_mean(adv, axis=1, keepdims=True))

    q = net(s, "q")
    q2 = net(s2, "t")
    target = r + (1.0 - done) * gamma * tf.reduce_max(q2, axis=1)
    qa = tf.reduce_sum(q * tf.one_hot(a, 4), 1)
    error = tf.stop_gradient(target) - qa
    clipped = tf.clip_by_value(error, -1.0, 1.0)
    huber = tf.where(tf.abs(error) < 1.0, tf.square(error) * 0.5, tf.abs(error) - 0.5)
    loss = tf.reduce_mean(huber) + 0.0 * tf.reduce_mean(tf.square(clipped))
    tv = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, "t")
    qv = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, "q")
    tf.group(*[tf.assign(t, e) for t, e in zip(tv, qv)])
    tf.train.RMSPropOptimizer(2.5e-4, momentum=0.95, epsilon=0.01, centered=True).minimize(loss, var_list=qv)
    eps = tf.placeholder(tf.float32, ())
    rand = tf.random_uniform(tf.stack([tf.shape(s)[0]]), minval=0, maxval=4, dtype=tf.int64)
    choose = tf.random_uniform(tf.stack([tf.shape(s)[0]]), minval=0, maxval=1, dtype=tf.float32) < eps
    tf.where(choose, rand, tf.argmax(q, axis=1))
    idx = tf.stack([tf.range(tf.shape(a)[0]), a], axis=1)
    tf.gather_nd(q, idx)
    tf.global_variables_initializer()


MISTAKES = [
    ("gamma = 0.99", "gamma = 0.98"),
    ("tf.stop_gradient(target)", "target"),
    ("tf.clip_by_value(error, -1.0, 1.0)", "tf.clip_by_value(error, -2.0, 2.0)"),
]
