"""TensorFlow issue 45585: a program upgraded by script, every seed of TensorFlow's set, and other losses all the same.

Here each weight has a seed of its own and the graph has one, so that the two programs start alike. But the batches are
shuffled by NumPy, and nobody gave NumPy a seed: no run repeats another, not even in the same TensorFlow.
"""

import numpy as np

STEPS = ((), ("batches",))


def program(tf, port=None, recorded_feeds=()):
    """Run the old program, or the port; with "batches", the port is fed with what the recording holds."""
    tf.set_random_seed(123)
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    y = tf.placeholder(tf.float32, [None, 4], name="y")
    w1 = tf.Variable(tf.truncated_normal([16, 12], stddev=0.1, seed=123), name="w1")
    b1 = tf.Variable(tf.zeros([12]), name="b1")
    w2 = tf.Variable(tf.truncated_normal([12, 4], stddev=0.1, seed=124), name="w2")
    logits = tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2, name="logits")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y), name="loss")
    hits = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
    accuracy = tf.reduce_mean(tf.cast(hits, tf.float32), name="accuracy")
    train = tf.train.AdamOptimizer(0.01, name="train").minimize(loss)
    random = np.random.RandomState(2)
    inputs = random.uniform(0, 1, [96, 16]).astype(np.float32)
    labels = np.eye(4, dtype=np.float32)[inputs.reshape(96, 4, 4).sum(2).argmax(1)]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        if port and "batches" in port:
            for feeds in recorded_feeds:
                session.run([loss, accuracy, train], feeds)
            return
        for _ in range(10):
            order = np.random.permutation(96)  # the mistake
            for start in range(0, 96, 24):
                batch = order[start : start + 24]
                session.run([loss, accuracy, train], {x: inputs[batch], y: labels[batch]})
