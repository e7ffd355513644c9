"""Word vectors by noise-contrastive estimation."""


def build(tf):
    x = tf.placeholder(tf.int32, [None])
    y = tf.placeholder(tf.int32, [None, 1])
    with tf.device("/cpu:0"):
        embedding = tf.Variable(tf.random_normal([500, 20]))
        looked = tf.nn.embedding_lookup(embedding, x)
        nce_w = tf.Variable(tf.random_normal([500, 20]))
        nce_b = tf.Variable(tf.zeros([500]))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(weights=nce_w, biases=nce_b, labels=y, inputs=looked, num_sampled=64, num_classes=500)
    )
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    x_norm = looked / tf.sqrt(tf.reduce_sum(tf.square(looked)))
    norm = tf.sqrt(tf.reduce_sum(tf.square(embedding), 1, keep_dims=True), name="n")
    normalized = embedding / norm
    tf.matmul(x_norm, normalized, transpose_b=True)
    tf.global_variables_initializer()


MISTAKES = [
    ("num_sampled=64", "num_sampled=32"),
    ("tf.square(looked)", "tf.abs(looked)"),
]
