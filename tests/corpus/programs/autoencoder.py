"""An autoencoder, trained by RMSProp."""


def build(tf):
    x = tf.placeholder(tf.float32, [None, 10])

    def layer(inputs, name, size, units):
        weights = tf.Variable(tf.random_normal([size, units]), name=name + "_weights")
        biases = tf.Variable(tf.random_normal([units]), name=name + "_biases")
        return tf.nn.sigmoid(tf.add(tf.matmul(inputs, weights), biases))

    code = layer(layer(x, "encoder1", 10, 6), "encoder2", 6, 3)
    output = layer(layer(code, "decoder1", 3, 6), "decoder2", 6, 10)
    loss = tf.reduce_mean(tf.pow(x - output, 2))
    tf.train.RMSPropOptimizer(0.01).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("RMSPropOptimizer(0.01)", "RMSPropOptimizer(0.01, decay=0.99)"),
    ("RMSPropOptimizer(0.01)", "RMSPropOptimizer(0.01, momentum=0.1)"),
    ("x - output, 2", "x - output, 4"),
    ("x - output", "output - x"),
    ("tf.nn.sigmoid", "tf.nn.tanh"),
]
