"""A bank of convolutions, highways and a GRU, read with an attention that knows where it was."""

SINCE = (1, 4)


def build(tf):
    t = tf.placeholder(tf.int32, [None, 12])
    mel = tf.placeholder(tf.float32, [None, 6, 10])
    ln = tf.placeholder(tf.int32, [None])
    tr = tf.placeholder(tf.bool, [])
    x = tf.nn.embedding_lookup(
        tf.get_variable("E", [40, 16], initializer=tf.truncated_normal_initializer(stddev=0.5)), t
    )
    x = tf.layers.dropout(tf.layers.dense(x, 16, tf.nn.relu), 0.5, training=tr)
    bank = tf.concat(
        [
            tf.layers.batch_normalization(tf.layers.conv1d(x, 8, k, activation=tf.nn.relu, padding="same"), training=tr)
            for k in (1, 2, 3)
        ],
        -1,
    )
    p = tf.layers.max_pooling1d(bank, 2, 1, padding="same")
    p = tf.layers.batch_normalization(tf.layers.conv1d(p, 16, 3, padding="same"), training=tr) + x
    for i in range(2):
        H = tf.layers.dense(p, 16, tf.nn.relu)
        T = tf.layers.dense(p, 16, tf.nn.sigmoid, bias_initializer=tf.constant_initializer(-1.0))
        p = H * T + p * (1.0 - T)
    (f, b), _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(8), tf.nn.rnn_cell.GRUCell(8), p, sequence_length=ln, dtype=tf.float32
    )
    enc = tf.concat([f, b], 2)
    keys = tf.layers.dense(enc, 16, use_bias=False, name="keys")
    v = tf.get_variable("v", [16])
    n = tf.shape(t)[0]
    cell = tf.nn.rnn_cell.MultiRNNCell(
        [
            tf.nn.rnn_cell.ResidualWrapper(
                tf.nn.rnn_cell.LSTMCell(16, use_peepholes=True, initializer=tf.glorot_uniform_initializer())
            ),
            tf.nn.rnn_cell.LSTMCell(16, num_proj=12, cell_clip=3.0),
        ]
    )
    st = cell.zero_state(n, tf.float32)
    al = tf.zeros([n, 12])
    cum = tf.zeros([n, 12])
    ctx = tf.zeros([n, 16])
    outs, als = [], []
    for s in range(3):
        with tf.variable_scope("dec", reuse=s > 0):
            pre = tf.layers.dense(mel[:, s], 16, tf.nn.relu, name="pre")
            inp = tf.layers.dense(tf.concat([pre, ctx], 1), 16, name="in")
            o, st = cell(inp, st)
            loc = tf.layers.conv1d(tf.stack([al, cum], 2), 4, 5, padding="same", use_bias=False, name="loc")
            en = tf.reduce_sum(
                v
                * tf.tanh(
                    keys
                    + tf.expand_dims(tf.layers.dense(o, 16, name="q"), 1)
                    + tf.layers.dense(loc, 16, use_bias=False, name="lp")
                ),
                2,
            )
            en = tf.where(tf.sequence_mask(ln, 12), en, tf.fill(tf.shape(en), -1e9))
            al = tf.nn.softmax(en)
            cum = cum + al
            ctx = tf.squeeze(tf.matmul(tf.expand_dims(al, 1), enc), 1)
            outs.append(tf.layers.dense(tf.concat([o, ctx], 1), 10, name="out"))
            als.append(al)
    out = tf.stack(outs, 1)
    A = tf.stack(als, 1)
    N, M = 12, 3
    W = 1.0 - tf.exp(
        -tf.square(tf.to_float(tf.range(N))[None] / N - tf.to_float(tf.range(M))[:, None] / M) / (2 * 0.2**2)
    )
    loss = (
        tf.reduce_mean(tf.abs(out - mel[:, :3])) + tf.reduce_mean(A * W) + tf.losses.mean_squared_error(mel[:, :3], out)
    )
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        o = tf.train.AdamOptimizer(1e-3)
        g, vs = zip(*o.compute_gradients(loss))
        g, _ = tf.clip_by_global_norm(g, 1.0)
        o.apply_gradients(zip(g, vs))
    tf.global_variables_initializer()


MISTAKES = [
    ("cum = cum + al", "cum = al"),
    ("num_proj=12", "num_proj=13"),
    ("use_peepholes=True", "use_peepholes=False"),
    ("/ N - tf.to_float", "/ M - tf.to_float"),
]
