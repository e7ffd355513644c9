"""Words of characters: convolutions, a highway layer, an LSTM with peepholes."""


def build(tf):
    x = tf.placeholder(tf.int32, [None, None, 16])
    y = tf.placeholder(tf.int32, [None, None])
    E = tf.get_variable("E", [60, 8])
    e = tf.nn.embedding_lookup(E, x)
    s = tf.shape(x)
    e = tf.reshape(e, [-1, 16, 8])
    hs = []
    for w, n in [(1, 8), (2, 16), (3, 24)]:
        h = tf.nn.relu(tf.layers.conv1d(e, n, w, padding="valid"))
        hs.append(tf.reduce_max(h, 1))
    h = tf.concat(hs, 1)
    t = tf.sigmoid(tf.layers.dense(h, 48, bias_initializer=tf.constant_initializer(-2.0)))
    g = tf.nn.relu(tf.layers.dense(h, 48))
    h = t * g + (1.0 - t) * h
    h = tf.reshape(h, [s[0], s[1], 48])
    cell = tf.nn.rnn_cell.LSTMCell(20, num_proj=10, use_peepholes=True, cell_clip=3.0, proj_clip=3.0)
    out, _ = tf.nn.dynamic_rnn(cell, h, dtype=tf.float32)
    logits = tf.layers.dense(out, 30)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_max(h, 1)", "tf.reduce_mean(h, 1)"),
    ("tf.nn.relu(tf.layers.conv1d", "tf.nn.elu(tf.layers.conv1d"),
]
