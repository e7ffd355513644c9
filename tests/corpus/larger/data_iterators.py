"""Datasets and the kinds of their iterators."""

SINCE = (1, 8)


def build(tf):
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.int64, [None])
    d = tf.data.Dataset.from_tensor_slices((X, Y))
    d = d.map(lambda x, y: (x / 255.0, tf.one_hot(y, 10)), num_parallel_calls=2)
    d = d.shuffle(buffer_size=100).repeat().batch(16).prefetch(1)
    iterator = (
        d.make_initializable_iterator()
        if hasattr(d, "make_initializable_iterator")
        else tf.data.make_initializable_iterator(d)
    )
    x, y = iterator.get_next()
    W = tf.Variable(tf.zeros([784, 10]))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=tf.matmul(x, W), labels=y))
    tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("buffer_size=100", "buffer_size=10"),
    ("batch(16)", "batch(8)"),
    ("x / 255.", "x / 256."),
]
