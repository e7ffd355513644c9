"""A convolutional network with max pooling, dropout and sparse labels."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 64])
    y = tf.placeholder(tf.int64, [None])
    keep_prob = tf.placeholder(tf.float32)
    images = tf.reshape(x, [-1, 8, 8, 1])
    kernel = tf.Variable(tf.truncated_normal([3, 3, 1, 4], stddev=0.1))
    bias = tf.Variable(tf.constant(0.1, shape=[4]))
    conv = tf.nn.conv2d(images, kernel, strides=[1, 1, 1, 1], padding="SAME")
    conv = tf.nn.relu(tf.nn.bias_add(conv, bias))
    pool = tf.nn.max_pool(conv, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    flat = tf.nn.dropout(tf.reshape(pool, [-1, 4 * 4 * 4]), keep_prob)
    logits = tf.nn.xw_plus_b(flat, tf.Variable(tf.zeros([64, 3])), tf.Variable(tf.zeros([3])))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
    tf.train.AdamOptimizer(1e-4).minimize(loss)
    tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, y, 1), tf.float32))
    tf.global_variables_initializer()


MISTAKES = [
    ("[-1, 4 * 4 * 4]), keep_prob", "[-1, 4 * 4 * 4]), 1 - keep_prob"),
    ("tf.nn.dropout(tf.reshape(pool, [-1, 4 * 4 * 4]), keep_prob)", "tf.reshape(pool, [-1, 4 * 4 * 4])"),
    ("tf.nn.max_pool", "tf.nn.avg_pool"),
    ("ksize=[1, 2, 2, 1]", "ksize=[1, 3, 3, 1]"),
    ("tf.constant(0.1", "tf.constant(0.01"),
    ("y, 1), tf.float32", "y, 2), tf.float32"),
]
