"""Message passing on graphs with segment ops, gates and attention, and a read-out."""

SINCE = (1, 12)


def build(tf):
    N, D = 30, 8
    feats = tf.placeholder(tf.float32, [None, 5])
    src = tf.placeholder(tf.int32, [None])
    dst = tf.placeholder(tf.int32, [None])
    gid = tf.placeholder(tf.int32, [None])
    ng = tf.placeholder(tf.int32, [])
    y = tf.placeholder(tf.float32, [None])
    n = tf.shape(feats)[0]
    h = tf.layers.dense(feats, D, tf.nn.tanh)
    gru = tf.nn.rnn_cell.GRUCell(D)
    for k in range(2):
        msg = tf.layers.dense(tf.gather(h, src), D, use_bias=False, name="m%d" % k)
        agg = tf.unsorted_segment_sum(msg, dst, n)
        mx = tf.unsorted_segment_max(msg, dst, n)
        mx = tf.where(tf.is_finite(mx), mx, tf.zeros_like(mx))
        mean = tf.unsorted_segment_mean(msg, dst, n)
        h, _ = gru(tf.concat([agg, mx, mean], 1), h) if k == 0 else (tf.nn.relu(h + agg), None)
        a = tf.layers.dense(tf.concat([tf.gather(h, src), tf.gather(h, dst)], 1), 1, tf.nn.leaky_relu)
        a = tf.exp(a - tf.gather(tf.unsorted_segment_max(a, dst, n), dst))
        a = a / (tf.gather(tf.unsorted_segment_sum(a, dst, n), dst) + 1e-9)
        h = h + tf.unsorted_segment_sum(a * tf.gather(h, src), dst, n)
    gate = tf.sigmoid(tf.layers.dense(h, 1))
    r = tf.segment_sum(gate * h, gid)
    r2 = tf.segment_mean(h, gid)
    r3 = tf.segment_max(h, gid)
    o = tf.squeeze(tf.layers.dense(tf.concat([r, r2, r3], 1), 1), -1)
    adj = tf.SparseTensor(
        tf.cast(tf.stack([dst, src], 1), tf.int64), tf.ones_like(src, tf.float32), tf.cast(tf.stack([n, n]), tf.int64)
    )
    deg = tf.sparse_reduce_sum(adj, 1)
    adj = tf.sparse_reorder(adj)
    hh = tf.sparse_tensor_dense_matmul(adj, h) / tf.expand_dims(deg + 1e-8, 1)
    sm = tf.sparse_softmax(adj)
    tf.sparse_tensor_to_dense(sm)
    loss = tf.losses.absolute_difference(y, o) + 0.1 * tf.reduce_mean(tf.square(hh))
    tf.train.AdamOptimizer().minimize(loss)
    tf.scatter_nd(tf.expand_dims(dst, 1), tf.ones_like(dst), tf.expand_dims(n, 0))
    tf.dynamic_partition(h, gid, 3)
    tf.unique(gid)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.unsorted_segment_sum(msg, dst, n)", "tf.unsorted_segment_sum(msg, src, n)"),
    ("tf.segment_mean(h, gid)", "tf.segment_sum(h, gid)"),
    ("+ 1e-9", "+ 1e-6"),
]
