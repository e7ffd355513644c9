"""Queries and documents as sparse bags, compared by their cosine."""

SINCE = (1, 4)


def build(tf):
    q = tf.sparse_placeholder(tf.float32, shape=[10, 50])
    d = tf.sparse_placeholder(tf.float32, shape=[10, 50])
    W = tf.Variable(tf.random_uniform([50, 12], -0.3, 0.3))
    b = tf.Variable(tf.random_uniform([12], -0.3, 0.3))
    qy, dy = [tf.nn.relu(tf.sparse_tensor_dense_matmul(t, W) + b) for t in (q, d)]
    temp = tf.tile(dy, [1, 1])
    for i in range(3):
        r = (i * 3) % 10
        dy = tf.concat([dy, tf.slice(temp, [r, 0], [10 - r, -1]), tf.slice(temp, [0, 0], [r, -1])], axis=0)
    qn = tf.tile(tf.sqrt(tf.reduce_sum(tf.square(qy), 1, True)), [4, 1])
    dn = tf.sqrt(tf.reduce_sum(tf.square(dy), 1, True))
    prod = tf.reduce_sum(tf.multiply(tf.tile(qy, [4, 1]), dy), 1, True)
    cos = tf.truediv(prod, tf.multiply(qn, dn))
    cos = tf.transpose(tf.reshape(tf.transpose(cos), [4, 10])) * 20
    prob = tf.nn.softmax(20.0 * cos / 20.0)
    hit = tf.slice(prob, [0, 0], [-1, 1])
    loss = -tf.reduce_sum(tf.log(hit)) / 10
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.tile(tf.zeros([2, 2]), [1, 4])
    tf.global_variables_initializer()


MISTAKES = [
    ("20.0 *", "10.0 *"),
    ("[1, 4]", "[1, 3]"),
]
