"""A small transformer: masked attention of two heads, layer norm, gather, and the embedding tied to the output."""


def build(tf):
    x = tf.placeholder(tf.int32, [2, None])
    embedding = tf.get_variable("embedding", [11, 4], initializer=tf.random_normal_initializer(stddev=0.02))
    positions = tf.get_variable("positions", [8, 4], initializer=tf.random_normal_initializer(stddev=0.01))
    steps = tf.shape(x)[1]

    def norm(h, name):
        with tf.variable_scope(name):
            gain = tf.get_variable("gain", [4], initializer=tf.constant_initializer(1))
            bias = tf.get_variable("bias", [4], initializer=tf.constant_initializer(0))
            mean = tf.reduce_mean(h, axis=-1, keep_dims=True)
            variance = tf.reduce_mean(tf.square(h - mean), axis=-1, keep_dims=True)
            return (h - mean) * tf.rsqrt(variance + 1e-5) * gain + bias

    def dense(h, name, size, units):
        weights = tf.get_variable(name, [size, units], initializer=tf.random_normal_initializer(stddev=0.02))
        return tf.reshape(tf.matmul(tf.reshape(h, [-1, size]), weights), [2, -1, units])

    def heads(h):
        return tf.transpose(tf.reshape(h, [2, -1, 2, 2]), [0, 2, 1, 3])

    def attention(h):
        q, k, v = [heads(part) for part in tf.split(dense(h, "qkv", 4, 12), 3, axis=2)]
        scores = tf.matmul(q, k, transpose_b=True) * tf.rsqrt(2.0)
        mask = tf.cast(tf.range(steps)[:, None] >= tf.range(steps), tf.float32)
        weights = tf.nn.softmax(scores * mask - 1e10 * (1 - mask))
        merged = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])
        return dense(tf.reshape(merged, [2, -1, 4]), "project", 4, 4)

    h = tf.gather(embedding, x) + tf.gather(positions, tf.range(steps))
    h = h + attention(norm(h, "norm1"))
    h = h + dense(tf.nn.relu(dense(norm(h, "norm2"), "expand", 4, 8)), "contract", 8, 4)
    logits = tf.reshape(tf.matmul(tf.reshape(h, [-1, 4]), embedding, transpose_b=True), [2, -1, 11])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=x[:, 1:], logits=logits[:, :-1])
    tf.train.AdamOptimizer(2e-5).minimize(tf.reduce_mean(loss))
    tf.global_variables_initializer()


MISTAKES = [
    (">= tf.range", "> tf.range"),
    ("variance + 1e-5", "variance + 1e-6"),
    ("- 1e10 *", "- 1e9 *"),
    ("labels=x[:, 1:]", "labels=x[:, :-1]"),
    ("tf.rsqrt(2.0)", "tf.rsqrt(4.0)"),
    ("h = h + attention(", "h = attention("),
    ("q, k, v = [", "k, q, v = ["),
]
