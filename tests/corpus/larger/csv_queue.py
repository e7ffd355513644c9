"""Softmax regression on rows of a CSV file, read by queues."""


def build(tf):
    queue = tf.train.string_input_producer(["iris.csv"])
    reader = tf.TextLineReader(skip_header_lines=1)
    key, value = reader.read(queue)
    cols = tf.decode_csv(value, record_defaults=[[0.0], [0.0], [0.0], [0.0], [0]])
    x, y = tf.stack(cols[:4]), cols[4]
    xs, ys = tf.train.batch([x, y], batch_size=16, capacity=64)
    W = tf.Variable(tf.zeros([4, 3]))
    b = tf.Variable(tf.zeros([3]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=tf.matmul(xs, W) + b, labels=ys))
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("skip_header_lines=1", "skip_header_lines=0"),
    ("capacity=64", "capacity=32"),
]
