"""A flow of invertible layers and its log-determinant."""

SINCE = (1, 8)


def build(tf):
    z = tf.placeholder(tf.float32, [None, 2])
    logdet = tf.zeros([tf.shape(z)[0]])
    z0 = z
    for k in range(3):
        w = tf.get_variable("w%d" % k, [2])
        u = tf.get_variable("u%d" % k, [2])
        b = tf.get_variable("b%d" % k, [1])
        uh = u + (tf.nn.softplus(tf.reduce_sum(w * u)) - 1 - tf.reduce_sum(w * u)) * w / tf.reduce_sum(w**2)
        a = tf.tanh(tf.tensordot(z, w, 1) + b)
        det = 1 + tf.tensordot((1 - a**2)[:, None] * w, uh, [[1], [0]])
        logdet += tf.log(tf.abs(det) + 1e-6)
        z = z + uh * a[:, None]
    even, odd = z[:, ::2], z[:, 1::2]
    scale = tf.exp(tf.layers.dense(even, 1, tf.nn.tanh))
    odd = odd * scale
    p = -0.5 * tf.reduce_sum(tf.square(tf.concat([even, odd], 1)), 1)
    loss = -tf.reduce_mean(p + logdet)
    jac = tf.stack([tf.gradients(z[:, i], z0)[0] for i in range(2)], 1)
    hess = tf.hessians(loss, tf.trainable_variables()[0])[0]
    loss += 1e-3 * tf.reduce_mean(tf.square(jac)) + 1e-4 * tf.reduce_sum(tf.diag_part(hess))
    tf.train.AdamOptimizer(1e-3).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.log(tf.abs(det) + 1e-6)", "tf.log(tf.abs(det) + 1e-5)"),
    ("tf.nn.softplus", "tf.nn.relu"),
]
