"""Graph attention over a dense adjacency."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, (1, 20, 10))
    bias = tf.placeholder(tf.float32, (1, 20, 20))
    lab = tf.placeholder(tf.int32, (1, 20, 4))
    msk = tf.placeholder(tf.int32, (1, 20))
    attn = tf.placeholder(tf.float32, shape=())
    ffd = tf.placeholder(tf.float32, shape=())

    def head(seq, n, act):
        seq = tf.nn.dropout(seq, 1.0 - ffd)
        fts = tf.layers.conv1d(seq, n, 1, use_bias=False)
        f_1 = tf.layers.conv1d(fts, 1, 1)
        f_2 = tf.layers.conv1d(fts, 1, 1)
        logits = f_1 + tf.transpose(f_2, [0, 2, 1])
        coefs = tf.nn.softmax(tf.nn.leaky_relu(logits, alpha=0.2) + bias)
        coefs = tf.nn.dropout(coefs, 1.0 - attn)
        vals = tf.matmul(coefs, tf.nn.dropout(fts, 1.0 - ffd))
        b = tf.Variable(tf.zeros([n]))
        return act(tf.nn.bias_add(vals, b))

    h = tf.concat([head(x, 8, tf.nn.elu) for _ in range(2)], axis=-1)
    logits = tf.add_n([head(h, 4, lambda v: v)]) / 1
    lg = tf.reshape(logits, [-1, 4])
    lb = tf.reshape(lab, [-1, 4])
    mk = tf.reshape(msk, [-1])
    loss = tf.nn.softmax_cross_entropy_with_logits(logits=lg, labels=lb)
    m = tf.cast(mk, dtype=tf.float32)
    m /= tf.reduce_mean(m)
    loss = tf.reduce_mean(loss * m)
    vs = tf.trainable_variables()
    l2 = tf.add_n([tf.nn.l2_loss(v) for v in vs if v.name not in ["bias", "gamma", "b", "g", "beta"]]) * 0.0005
    tf.train.AdamOptimizer(learning_rate=0.005).minimize(loss + l2)
    preds = tf.round(tf.nn.sigmoid(lg))
    tp = tf.count_nonzero(tf.cast(preds, tf.int32) * lb)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.transpose(f_2, [0, 2, 1])", "f_2"),
    ("alpha=0.2", "alpha=0.1"),
]
