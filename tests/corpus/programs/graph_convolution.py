"""Graph convolution: sparse placeholders, sparse products, dropout of sparse values and a masked loss."""


def build(tf):
    features = tf.sparse_placeholder(tf.float32, name="features")
    adjacency = tf.sparse_placeholder(tf.float32, name="adjacency")
    labels = tf.placeholder(tf.float32, [None, 3])
    mask = tf.placeholder(tf.int32, [None])
    dropout = tf.placeholder_with_default(0.0, shape=())
    count = tf.placeholder(tf.int32, [1])
    kept = tf.cast(tf.floor(1 - dropout + tf.random_uniform(count)), tf.bool)
    dropped = tf.sparse_retain(features, kept) * (1.0 / (1 - dropout))
    weights = [
        tf.Variable(tf.random_uniform(shape, minval=-bound, maxval=bound))
        for shape, bound in (([9, 4], 0.68), ([4, 3], 0.93))
    ]
    hidden = tf.nn.relu(tf.sparse_tensor_dense_matmul(adjacency, tf.sparse_tensor_dense_matmul(dropped, weights[0])))
    logits = tf.sparse_tensor_dense_matmul(adjacency, tf.matmul(hidden, weights[1]))
    share = tf.cast(mask, tf.float32)
    share /= tf.reduce_mean(share)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels) * share)
    tf.train.AdamOptimizer(0.01).minimize(loss + 5e-4 * tf.nn.l2_loss(weights[0]))
    tf.global_variables_initializer()


MISTAKES = [
    ("5e-4 *", "5e-3 *"),
    ("share /= tf.reduce_mean(share)", "share /= tf.reduce_sum(share)"),
    ("0.68), ([4, 3], 0.93", "0.68), ([4, 3], 0.68"),
    ("tf.sparse_tensor_dense_matmul(dropped", "tf.sparse_tensor_dense_matmul(features"),
    ("tf.floor(1 - dropout", "tf.floor(dropout"),
    ("tf.nn.l2_loss(weights[0])", "tf.nn.l2_loss(weights[1])"),
]
