"""Losses of adversaries: penalty, least squares, classes, features, a batch seen at once, a balance."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [8, 16, 16, 1])
    z = tf.placeholder(tf.float32, [8, 10])
    c = tf.placeholder(tf.float32, [8, 4])
    tr = tf.placeholder(tf.bool)

    def G(z, reuse=False):
        with tf.variable_scope("generator", reuse=reuse):
            h = tf.layers.dense(tf.concat([z, c], 1), 4 * 4 * 8)
            h = tf.nn.relu(tf.layers.batch_normalization(tf.reshape(h, [-1, 4, 4, 8]), training=tr))
            h = tf.nn.relu(tf.layers.batch_normalization(tf.layers.conv2d_transpose(h, 4, 5, 2, "same"), training=tr))
            return tf.tanh(tf.layers.conv2d_transpose(h, 1, 5, 2, "same"))

    def D(x, reuse=False):
        with tf.variable_scope("discriminator", reuse=reuse):
            h = x + tf.random_normal(shape=tf.shape(x), mean=0.0, stddev=0.1)
            h = tf.nn.leaky_relu(tf.layers.conv2d(h, 8, 5, 2, "same"))
            h = tf.nn.leaky_relu(tf.layers.batch_normalization(tf.layers.conv2d(h, 8, 5, 2, "same"), training=tr))
            h = tf.layers.flatten(h)
            mb = tf.reshape(tf.layers.dense(h, 12), [-1, 4, 3])
            diff = tf.expand_dims(mb, 3) - tf.expand_dims(tf.transpose(mb, [1, 2, 0]), 0)
            f = tf.reduce_sum(tf.exp(-tf.reduce_sum(tf.abs(diff), 2)), 2)
            h = tf.concat([h, f], 1)
            return tf.layers.dense(h, 1), tf.layers.dense(h, 4), h

    g = G(z)
    dr, cr, fr = D(x)
    df, cf, ff = D(g, True)
    a = tf.random_uniform([8, 1, 1, 1])
    mean, var = tf.nn.moments(x, axes=[0, 1, 2, 3])
    xp = x + 0.5 * tf.sqrt(var) * tf.random_uniform(x.get_shape(), 0.0, 1.0)
    xi = xp * a + x * (1 - a)
    gp = tf.gradients(D(xi, True)[0], [xi])[0]
    sl = tf.sqrt(tf.reduce_sum(tf.square(gp), reduction_indices=[1, 2, 3]) + 1e-12)
    pen = 10 * tf.reduce_mean((sl - 1.0) ** 2)
    ls = 0.5 * tf.reduce_mean(tf.squared_difference(dr, 1.0)) + 0.5 * tf.reduce_mean(tf.square(df))
    q = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=c, logits=cf)) + tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=c, logits=cr)
    )
    fm = tf.reduce_mean(tf.abs(tf.reduce_mean(fr, 0) - tf.reduce_mean(ff, 0)))
    gl = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=df, labels=tf.ones_like(df))) + fm
    k = tf.Variable(0.0, trainable=False)
    k.assign(tf.clip_by_value(k + 0.001 * (0.5 * ls - gl), 0, 1))
    m = ls + tf.abs(0.5 * ls - gl)
    dv = [v for v in tf.trainable_variables() if v.name.startswith("discriminator")]
    gv = [v for v in tf.trainable_variables() if v.name.startswith("generator")]
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(ls + pen + q - k * gl, var_list=dv)
        tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(gl + q, var_list=gv)
    tf.summary.scalar("m", m)
    tf.summary.image("g", g)
    G(z, True)
    tf.global_variables_initializer()


MISTAKES = [
    ("(sl - 1.0) ** 2", "(sl - 1.0) ** 3"),
    ("0.5 * tf.sqrt(var)", "0.6 * tf.sqrt(var)"),
    ("- k * gl", "+ k * gl"),
]
