"""A neural Turing machine, unrolled."""

SINCE = (1, 8)


def build(tf):
    x = tf.placeholder(tf.float32, [4, 6, 5])
    y = tf.placeholder(tf.float32, [4, 6, 5])
    cell = tf.nn.rnn_cell.LSTMCell(10)
    state = cell.zero_state(4, tf.float32)
    M = tf.fill([4, 8, 6], 1e-6)
    w = tf.nn.softmax(tf.tile(tf.get_variable("w0", [1, 8]), [4, 1]))
    read = tf.tile(tf.tanh(tf.get_variable("r0", [1, 6])), [4, 1])
    outs = []
    with tf.variable_scope("c", reuse=tf.AUTO_REUSE):
        for t in range(6):
            h, state = cell(tf.concat([x[:, t], read], 1), state)
            p = tf.layers.dense(h, 6 + 1 + 1 + 3 + 1 + 12, name="p")
            k, beta, g, s, gamma, ea = tf.split(p, [6, 1, 1, 3, 1, 12], axis=1)
            k = tf.tanh(k)
            beta = tf.nn.softplus(beta)
            g = tf.sigmoid(g)
            s = tf.nn.softmax(s)
            gamma = tf.log(tf.exp(gamma) + 1) + 1
            e, a = tf.sigmoid(ea[:, :6]), tf.tanh(ea[:, 6:])
            inner = tf.squeeze(tf.matmul(M, tf.expand_dims(k, 2)), 2)
            K = inner / (tf.norm(M, axis=2) * tf.norm(k, axis=1, keepdims=True) + 1e-8)
            wc = tf.nn.softmax(beta * K)
            wg = g * wc + (1 - g) * w
            ss = tf.concat([s, tf.zeros([4, 5])], 1)
            m = tf.concat([tf.reverse(ss, axis=[1]), tf.reverse(ss, axis=[1])], 1)
            circ = tf.stack([m[:, 8 - i - 1 : 16 - i - 1] for i in range(8)], axis=1)
            w = tf.reduce_sum(tf.expand_dims(wg, 1) * circ, 2)
            w = tf.pow(w, gamma)
            w = w / tf.reduce_sum(w, axis=1, keepdims=True)
            read = tf.reduce_sum(tf.expand_dims(w, 2) * M, axis=1)
            M = M * (1 - tf.matmul(tf.expand_dims(w, 2), tf.expand_dims(e, 1))) + tf.matmul(
                tf.expand_dims(w, 2), tf.expand_dims(a, 1)
            )
            outs.append(tf.layers.dense(h, 5, name="o"))
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=tf.stack(outs, 1)))
    opt = tf.train.RMSPropOptimizer(1e-4, momentum=0.9)
    gv = [(tf.clip_by_value(g, -10, 10), v) if g is not None else (g, v) for g, v in opt.compute_gradients(loss)]
    opt.apply_gradients(gv)
    tf.global_variables_initializer()


MISTAKES = [
    ("beta * K", "gamma * K"),
    ("tf.pow(w, gamma)", "tf.pow(w, beta)"),
]
