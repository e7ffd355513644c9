"""Word vectors by a sampled softmax."""


def build(tf):
    x = tf.placeholder(tf.int32, [16])
    y = tf.placeholder(tf.int64, [16, 1])
    valid = tf.constant([3, 5, 8], tf.int32)
    E = tf.Variable(tf.random_uniform([200, 32], -1.0, 1.0))
    w = tf.Variable(tf.truncated_normal([200, 32], stddev=1.0 / 32**0.5))
    b = tf.Variable(tf.zeros([200]))
    embed = tf.nn.embedding_lookup(E, x)
    loss = tf.reduce_mean(tf.nn.sampled_softmax_loss(w, b, y, embed, 20, 200, num_true=1))
    tf.train.AdagradOptimizer(1.0).minimize(loss)
    norm = (
        tf.sqrt(tf.reduce_sum(tf.square(E), 1, keepdims=True))
        if tf.__version__ >= "1.5"
        else tf.sqrt(tf.reduce_sum(tf.square(E), 1, keep_dims=True))
    )
    tf.matmul(tf.nn.embedding_lookup(E / norm, valid), E / norm, transpose_b=True)
    tf.global_variables_initializer()


MISTAKES = [
    ("Adagrad", "GradientDescent"),
    ("1.0 / 32**0.5", "1.0 / 16**0.5"),
    ("num_true=1", "num_true=1, remove_accidental_hits=False"),
]
