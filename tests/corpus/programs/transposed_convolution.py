"""Transposed convolution to a size that only a run knows, and a leaky activation."""


def build(tf):
    z = tf.placeholder(tf.float32, [None, 5])
    x = tf.placeholder(tf.float32, [None, 8, 8, 1])
    h = tf.reshape(tf.matmul(z, tf.Variable(tf.random_normal([5, 48], stddev=0.02))), [-1, 4, 4, 3])
    h = tf.maximum(h, 0.2 * h)
    kernel = tf.get_variable("kernel", [3, 3, 1, 3], initializer=tf.truncated_normal_initializer(stddev=0.02))
    size = tf.stack([tf.shape(z)[0], 8, 8, 1])
    image = tf.tanh(tf.nn.conv2d_transpose(h, kernel, size, strides=[1, 2, 2, 1], padding="SAME"))
    loss = tf.reduce_mean(tf.abs(image - x))
    tf.train.AdamOptimizer(0.0002, beta1=0.5).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("0.2 * h", "0.1 * h"),
    ("[-1, 4, 4, 3])", "[-1, 4, 4, 3])[:, ::-1]"),
    ("beta1=0.5", "beta2=0.99"),
    ("tf.abs(image - x)", "tf.square(image - x)"),
    ("tf.maximum(h", "tf.minimum(h"),
]
