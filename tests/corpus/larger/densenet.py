"""A small DenseNet with dropout under a condition."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 16, 16, 3])
    y = tf.placeholder(tf.float32, [None, 10])
    training = tf.placeholder(tf.bool)
    keep = 0.8

    def comp(h, n, k):
        h = tf.nn.relu(tf.layers.batch_normalization(h, training=training, fused=False))
        h = tf.nn.conv2d(
            h, tf.Variable(tf.truncated_normal([k, k, int(h.get_shape()[-1]), n], stddev=0.01)), [1, 1, 1, 1], "SAME"
        )
        return tf.cond(training, lambda: tf.nn.dropout(h, keep), lambda: h)

    x_ = x
    h = tf.layers.conv2d(x_, 8, 3, padding="same", use_bias=False)
    for _ in range(2):
        x = h
        h = comp(h, 4, 3)
        h = tf.concat([x, h], 3)
    h = tf.nn.avg_pool(comp(h, 8, 1), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    h = tf.reduce_mean(h, [1, 2])
    logits = tf.layers.dense(h, 10)
    ce = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    l2 = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])
    tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True).minimize(ce + l2 * 1e-4)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.concat([x, h], 3)", "tf.concat([h, x], 3)"),
    ("use_nesterov=True", "use_nesterov=False"),
]
