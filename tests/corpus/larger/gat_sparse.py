"""Graph attention over a sparse adjacency."""

SINCE = (1, 4)


def build(tf):
    x = tf.placeholder(tf.float32, (20, 10))
    adj = tf.sparse_placeholder(tf.float32, shape=[20, 20])
    f = tf.layers.dense(x, 8, use_bias=False)
    f1, f2 = tf.layers.dense(f, 1), tf.layers.dense(f, 1)
    logits = tf.sparse_add(adj * f1, adj * tf.transpose(f2, [1, 0]))
    e = tf.SparseTensor(indices=logits.indices, values=tf.nn.leaky_relu(logits.values), dense_shape=logits.dense_shape)
    c = tf.sparse_softmax(tf.SparseTensor(e.indices, e.values, e.dense_shape))
    c = tf.SparseTensor(c.indices, tf.nn.dropout(c.values, 0.6), c.dense_shape)
    out = tf.nn.elu(tf.sparse_tensor_dense_matmul(c, f))
    tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(tf.square(out)) + tf.reduce_mean(tf.sparse_reduce_sum(c, 1)))
    tf.sparse_tensor_to_dense(adj, validate_indices=False)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.sparse_softmax(tf.SparseTensor", "tf.sparse_transpose(tf.SparseTensor"),
]
