"""Two images through one network; contrastive and triplet losses."""

SINCE = (1, 8)


def build(tf):
    x1 = tf.placeholder(tf.float32, [None, 784])
    x2 = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None])

    def net(x):
        for n, name in ((64, "fc1"), (2, "fc2")):
            d = x.get_shape()[1]
            W = tf.get_variable(
                name + "W", dtype=tf.float32, shape=[d, n], initializer=tf.truncated_normal_initializer(stddev=0.01)
            )
            b = tf.get_variable(
                name + "b", dtype=tf.float32, initializer=tf.constant(0.01, shape=[n], dtype=tf.float32)
            )
            x = tf.nn.bias_add(tf.matmul(x, W), b)
            if n == 64:
                x = tf.nn.relu(x)
        return x

    with tf.variable_scope("siamese") as scope:
        o1 = net(x1)
        scope.reuse_variables()
        o2 = net(x2)
    margin = 5.0
    e2 = tf.pow(tf.subtract(o1, o2), 2)
    s = tf.sqrt(tf.add(tf.reduce_sum(e2), 1e-6))
    eu2 = tf.reduce_sum(e2, 1)
    eu = tf.sqrt(eu2 + 1e-6)
    pos = tf.multiply(y_, eu2)
    neg = tf.multiply(tf.subtract(1.0, y_), tf.pow(tf.maximum(tf.subtract(tf.constant(margin), eu), 0), 2))
    loss = tf.reduce_mean(tf.add(pos, neg)) + 0.0 * s
    dot = tf.matmul(o1, tf.transpose(o1))
    sq = tf.diag_part(dot)
    dist = tf.maximum(tf.expand_dims(sq, 0) - 2.0 * dot + tf.expand_dims(sq, 1), 0.0)
    m = tf.to_float(tf.equal(dist, 0.0))
    dist = tf.sqrt(dist + m * 1e-16) * (1.0 - m)
    eq = tf.equal(tf.expand_dims(y_, 0), tf.expand_dims(y_, 1))
    anchor_neg = tf.logical_not(eq)
    anchor_pos = tf.logical_and(tf.logical_not(tf.cast(tf.eye(tf.shape(y_)[0]), tf.bool)), eq)
    hp = tf.reduce_max(tf.multiply(tf.to_float(anchor_pos), dist), axis=1, keepdims=True)
    mx = tf.reduce_max(dist, axis=1, keepdims=True)
    hn = tf.reduce_min(dist + mx * (1.0 - tf.to_float(anchor_neg)), axis=1, keepdims=True)
    loss += tf.reduce_mean(tf.maximum(hp - hn + 0.2, 0.0)) + 0.1 * tf.reduce_mean(tf.nn.l2_normalize(o2, 1))
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("margin = 5.0", "margin = 4.0"),
    ("tf.add(tf.reduce_sum(e2), 1e-6", "tf.add(tf.reduce_mean(e2), 1e-6"),
]
