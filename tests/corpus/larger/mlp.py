"""A perceptron with two hidden layers."""


def build(tf):
    X = tf.placeholder("float", [None, 784])
    Y = tf.placeholder("float", [None, 10])
    weights = {
        "h1": tf.Variable(tf.random_normal([784, 256])),
        "h2": tf.Variable(tf.random_normal([256, 256])),
        "out": tf.Variable(tf.random_normal([256, 10])),
    }
    biases = {
        "b1": tf.Variable(tf.random_normal([256])),
        "b2": tf.Variable(tf.random_normal([256])),
        "out": tf.Variable(tf.random_normal([10])),
    }
    layer_1 = tf.add(tf.matmul(X, weights["h1"]), biases["b1"])
    layer_1 = tf.nn.relu(layer_1)
    layer_2 = tf.add(tf.matmul(layer_1, weights["h2"]), biases["b2"])
    out = tf.matmul(layer_2, weights["out"]) + biases["out"]
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=out, labels=Y))
    tf.train.AdamOptimizer(learning_rate=0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("layer_1 = tf.nn.relu(layer_1)", "layer_1 = tf.nn.elu(layer_1)"),
    ("0.001)", "0.001, beta1=0.5)"),
    ('"b2": tf.Variable(tf.random_normal', '"b2": tf.Variable(tf.truncated_normal'),
]
