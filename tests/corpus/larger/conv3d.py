"""Convolutions in three dimensions."""


def build(tf):
    x = tf.placeholder("float", [None, 8, 16, 16])
    y = tf.placeholder("float", [None, 2])
    W = {
        "c1": tf.Variable(tf.random_normal([3, 3, 3, 1, 4])),
        "c2": tf.Variable(tf.random_normal([3, 3, 3, 4, 8])),
        "fc": tf.Variable(tf.random_normal([256, 16])),
        "o": tf.Variable(tf.random_normal([16, 2])),
    }
    h = tf.reshape(x, shape=[-1, 8, 16, 16, 1])
    for k in ("c1", "c2"):
        h = tf.nn.relu(tf.nn.conv3d(h, W[k], strides=[1, 1, 1, 1, 1], padding="SAME"))
        h = tf.nn.max_pool3d(h, ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="SAME")
    fc = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 256]), W["fc"]))
    out = tf.matmul(tf.nn.dropout(fc, 0.8), W["o"])
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=out, labels=y))
    tf.train.AdamOptimizer(learning_rate=1e-3).minimize(cost)
    h3 = tf.layers.conv3d(tf.reshape(x, [-1, 8, 16, 16, 1]), 2, 3, activation=tf.nn.relu)
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.layers.max_pooling3d(h3, 2, 2)))
    tf.global_variables_initializer()


MISTAKES = [
    ('[1, 2, 2, 2, 1], padding="SAME"', '[1, 1, 2, 2, 1], padding="SAME"'),
    ("0.8)", "0.7)"),
]
