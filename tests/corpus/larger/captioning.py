"""Captions by an LSTM that begins with the image, and clipped gradients with sparse ones among them."""

SINCE = (1, 4)


def build(tf):
    im = tf.placeholder(tf.float32, [None, 64])
    ids = tf.placeholder(tf.int32, [None, None])
    mask = tf.placeholder(tf.int32, [None, None])
    E = tf.get_variable("map", [30, 12], initializer=tf.random_uniform_initializer(-0.08, 0.08))
    emb = tf.nn.embedding_lookup(E, tf.concat([tf.ones([tf.shape(im)[0], 1], tf.int32), ids], 1)[:, :-1])
    i = tf.layers.dense(im, 12, activation=None)
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(12), input_keep_prob=0.7, output_keep_prob=0.7)
    with tf.variable_scope("lstm") as s:
        zero = cell.zero_state(batch_size=tf.shape(im)[0], dtype=tf.float32)
        _, st = cell(i, zero)
        s.reuse_variables()
        n = tf.reduce_sum(mask, 1)
        out, _ = tf.nn.dynamic_rnn(
            cell=cell, inputs=emb, sequence_length=n, initial_state=st, dtype=tf.float32, scope=s
        )
    out = tf.reshape(out, [-1, 12])
    logits = tf.layers.dense(out, 30)
    w = tf.to_float(tf.reshape(mask, [-1]))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(ids, [-1]), logits=logits)
    batch = tf.div(tf.reduce_sum(tf.multiply(losses, w)), tf.reduce_sum(w), name="batch_loss")
    tf.losses.add_loss(batch)
    total = tf.losses.get_total_loss()
    lr = tf.train.exponential_decay(2.0, tf.train.get_or_create_global_step(), 100, 0.5, staircase=True)
    opt = tf.train.GradientDescentOptimizer(lr)
    gv = opt.compute_gradients(total)
    gv = [
        (tf.clip_by_norm(g, 5.0), v)
        if not isinstance(g, tf.IndexedSlices)
        else (tf.IndexedSlices(tf.clip_by_norm(g.values, 5.0), g.indices, g.dense_shape), v)
        for g, v in gv
    ]
    opt.apply_gradients(gv, tf.train.get_global_step())
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.ones([tf.shape(im)[0], 1], tf.int32), ids", "tf.zeros([tf.shape(im)[0], 1], tf.int32), ids"),
    ("exponential_decay(2.0", "exponential_decay(3.0"),
]
