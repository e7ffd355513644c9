"""TensorFlow issue 50244: the weights have a third of the old range, the losses are odd, and the network learns less.

A library's defaults became others: the block's kernels were drawn by He's normal initializer and are drawn by Glorot's
uniform one, and the normalization's epsilon was 0.001 and is 1.001e-5. The cross-entropy was that of the logits and is
that of clipped probabilities, which can be no more than 16.1.
"""

import numpy as np

STEPS = ((), ("initializer",), ("initializer", "epsilon"), ("initializer", "epsilon", "loss"))


def program(tf, port=None):
    """Run the old program, or the port with what it writes out."""

    def as_before(what):
        return port is None or what in port

    def kernel(name, inputs, outputs, seed):
        if as_before("initializer"):
            drawn = tf.truncated_normal([inputs, outputs], stddev=(2.0 / inputs) ** 0.5, seed=seed)
        else:
            limit = (6.0 / (inputs + outputs)) ** 0.5
            drawn = tf.random_uniform([inputs, outputs], -limit, limit, seed=seed)
        return tf.Variable(drawn, name=name)

    def normalized(values, name):
        mean, variance = tf.nn.moments(values, [0])
        gamma, beta = tf.Variable(tf.ones([16]), name=name + "_gamma"), tf.Variable(tf.zeros([16]), name=name + "_beta")
        epsilon = 1e-3 if as_before("epsilon") else 1.001e-5
        return tf.nn.batch_normalization(values, mean, variance, beta, gamma, epsilon, name=name)

    tf.set_random_seed(7)
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    labels = tf.placeholder(tf.float32, [None, 5], name="labels")
    block = tf.nn.relu(normalized(tf.matmul(x, kernel("kernel1", 16, 16, seed=1)), "bn1"), name="block")
    block = tf.nn.relu(normalized(tf.matmul(block, kernel("kernel2", 16, 16, seed=2)), "bn2") + x, name="shortcut")
    logits = tf.matmul(block, kernel("kernel3", 16, 5, seed=3), name="logits")
    if as_before("loss"):
        losses = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels)
    else:
        losses = -tf.reduce_sum(labels * tf.log(tf.clip_by_value(tf.nn.softmax(logits), 1e-7, 1 - 1e-7)), 1)
    loss = tf.reduce_mean(losses, name="loss")
    train = tf.train.GradientDescentOptimizer(0.05, name="train").minimize(loss)
    random = np.random.RandomState(4)
    feeds = {x: random.normal(size=[10, 16]).astype(np.float32), labels: np.eye(5, dtype=np.float32)[np.arange(10) % 5]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run([loss, logits, train], feeds)
