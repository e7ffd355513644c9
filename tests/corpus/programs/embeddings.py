"""Word vectors with noise-contrastive estimation: sparse gradients, in Adam too."""


def build(tf):
    words = tf.placeholder(tf.int32, [None])
    context = tf.placeholder(tf.int32, [None, 1])
    with tf.device("/cpu:0"):
        embedding = tf.Variable(tf.random_uniform([50, 4], -1.0, 1.0))
        looked_up = tf.nn.embedding_lookup(embedding, words)
        weights = tf.Variable(tf.truncated_normal([50, 4], stddev=0.5))
        biases = tf.Variable(tf.zeros([50]))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(weights=weights, biases=biases, labels=context, inputs=looked_up, num_sampled=8, num_classes=50)
    )
    tf.train.AdamOptimizer(0.01).minimize(loss)
    normed = embedding / tf.sqrt(tf.reduce_sum(tf.square(embedding), 1, keep_dims=True))
    tf.matmul(tf.gather(normed, words), normed, transpose_b=True, name="similarity")
    tf.global_variables_initializer()


MISTAKES = [
    ("num_sampled=8", "num_sampled=9"),
    ("num_classes=50", "num_classes=50, remove_accidental_hits=True"),
    ("-1.0, 1.0", "-1.0, 2.0"),
    ("tf.gather(normed, words)", "tf.gather(embedding, words)"),
    ("tf.square(embedding), 1", "tf.square(embedding), 0"),
    ("inputs=looked_up", "inputs=tf.nn.embedding_lookup(weights, words)"),
]
