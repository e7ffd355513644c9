"""TensorFlow issue 14675: a small change to the graph, and every weight starts elsewhere, with the same seed.

The program has a graph-level seed and no other. The port takes the mean of its inputs by `reduce_mean`, where the old
program divided the sum by the size: fewer ops before the weights, hence other op seeds.
"""

import numpy as np

STEPS = ((), ("seeds",))  # what the port writes out


def program(tf, port=None):
    """Run the old program, or the port with what it writes out."""
    tf.set_random_seed(2017)
    seeds = iter((10, 23) if port and "seeds" in port else (None, None))
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y = tf.placeholder(tf.float32, [None], name="y")
    mu = tf.reduce_sum(x) / tf.cast(tf.size(x), tf.float32) if port is None else tf.reduce_mean(x)
    w1 = tf.Variable(tf.truncated_normal([6, 8], stddev=0.4, seed=next(seeds)), name="w1")
    b1 = tf.Variable(tf.zeros([8]), name="b1")
    w2 = tf.Variable(tf.truncated_normal([8, 1], stddev=0.4, seed=next(seeds)), name="w2")
    answer = tf.squeeze(tf.matmul(tf.tanh(tf.matmul(x - mu, w1) + b1), w2), name="answer")
    loss = tf.reduce_sum(tf.square(answer - y), name="loss")
    train = tf.train.GradientDescentOptimizer(0.01, name="train").minimize(loss)
    random = np.random.RandomState(1)
    inputs = random.uniform(-1, 1, [64, 6]).astype(np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run([loss, answer, train], {x: inputs, y: inputs.sum(1)})
