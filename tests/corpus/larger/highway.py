"""A deep highway network."""


def build(tf):
    x = tf.placeholder("float", [None, 784])
    y_ = tf.placeholder("float", [None, 10])
    W = tf.Variable(tf.truncated_normal([784, 50], stddev=0.1))
    prev = tf.nn.relu(tf.matmul(x, W) + tf.Variable(tf.constant(0.1, shape=[50])))
    for i in range(4):
        W = tf.Variable(tf.truncated_normal([50, 50], stddev=0.1), name="weight")
        b = tf.Variable(tf.constant(0.1, shape=[50]), name="bias")
        W_T = tf.Variable(tf.truncated_normal([50, 50], stddev=0.1))
        b_T = tf.Variable(tf.constant(-1.0, shape=[50]))
        H = tf.nn.relu(tf.matmul(prev, W) + b, name="activation")
        T = tf.sigmoid(tf.matmul(prev, W_T) + b_T, name="transform_gate")
        C = tf.subtract(1.0, T, name="carry_gate")
        prev = tf.add(tf.multiply(H, T), tf.multiply(prev, C), "y")
    y = tf.layers.dense(prev, 10, activation=tf.nn.softmax)
    ce = -tf.reduce_sum(y_ * tf.log(tf.clip_by_value(y, 1e-10, 1.0)))
    tf.train.GradientDescentOptimizer(1e-2).minimize(ce)
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1)), "float"))
    tf.global_variables_initializer()


MISTAKES = [
    ("-1.0, shape", "-2.0, shape"),
    ("tf.subtract(1.0, T", "tf.subtract(1.5, T"),
]
