"""Gradients of one's own, reversed, straight through, and overridden; Gumbel's softmax."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [None, 8])
    y = tf.placeholder(tf.int32, [None])

    @tf.custom_gradient
    def reverse(t):
        return tf.identity(t), lambda dy: -0.3 * dy

    @tf.custom_gradient
    def log1pexp(t):
        e = tf.exp(t)

        def grad(dy):
            return dy * (1 - 1 / (1 + e))

        return tf.log(1 + e), grad

    h = tf.layers.dense(x, 16, tf.nn.leaky_relu)
    binary = tf.stop_gradient(tf.sign(h) - h) + h
    g = -tf.log(-tf.log(tf.random_uniform(tf.shape(h), minval=1e-20, maxval=1.0)))
    soft = tf.nn.softmax((h + g) / 0.5)
    hard = tf.cast(tf.equal(soft, tf.reduce_max(soft, 1, keep_dims=True)), soft.dtype)
    st = tf.stop_gradient(hard - soft) + soft
    dom = tf.layers.dense(reverse(h), 2)
    cls = tf.layers.dense(tf.concat([binary, st, log1pexp(h)], 1), 3)
    gr = tf.get_default_graph()
    with gr.gradient_override_map({"Round": "Identity"}):
        q = tf.round(cls * 16) / 16
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=q))
    loss += tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.one_hot(y % 2, 2), logits=dom))
    loss += tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(tf.one_hot(y, 3), cls, 2.0))
    tf.train.AdamOptimizer(1e-3, beta1=0.5).minimize(loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    tf.global_variables_initializer()


MISTAKES = [
    ("-0.3 * dy", "0.3 * dy"),
    ("tf.stop_gradient(hard - soft)", "(hard - soft)"),
    ("minval=1e-20", "minval=1e-10"),
    ("1 - 1 / (1 + e)", "1 / (1 + e)"),
]
