"""A mean of embeddings, looked up sparsely."""


def build(tf):
    ids = tf.sparse_placeholder(tf.int64)
    labels = tf.placeholder(tf.int64, [None])
    E = tf.get_variable("E", [100, 10], initializer=tf.random_uniform_initializer(-0.1, 0.1))
    h = tf.nn.embedding_lookup_sparse(E, ids, None, combiner="mean")
    logits = tf.layers.dense(h, 4)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    tf.train.AdagradOptimizer(0.5).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ('combiner="mean"', 'combiner="sum"'),
    ("0.5)", "0.25)"),
]
