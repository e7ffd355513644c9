"""TensorFlow issue 47603: the same program, the same seed, the same data; in another TensorFlow, other weights.

An actor and a critic on one convolution, with a graph-level seed and no other. Nothing in the program is changed. The
op seeds, which TensorFlow derives, are.
"""

import numpy as np

STEPS = ((), ("seeds",))


def program(tf, port=None):
    """Run the old program, or the port with what it writes out."""
    tf.set_random_seed(1)
    seeds = iter((6, 19, 30, 40) if port and "seeds" in port else (None,) * 4)

    def weights(name, shape):
        return tf.Variable(tf.random_normal(shape, stddev=0.2, seed=next(seeds)), name=name)

    frames = tf.placeholder(tf.float32, [None, 8, 8, 1], name="frames")
    actions = tf.placeholder(tf.int32, [None], name="actions")
    returns = tf.placeholder(tf.float32, [None], name="returns")
    seen = tf.nn.relu(tf.nn.conv2d(frames, weights("kernel", [3, 3, 1, 4]), [1, 2, 2, 1], "SAME"), name="seen")
    hidden = tf.tanh(tf.matmul(tf.reshape(seen, [-1, 64]), weights("dense", [64, 16])), name="hidden")
    policy = tf.matmul(hidden, weights("actor", [16, 3]), name="policy")
    value = tf.squeeze(tf.matmul(hidden, weights("critic", [16, 1])), [1], name="value")
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=policy)
    loss = tf.reduce_mean(cross_entropy + 0.5 * tf.square(returns - value), name="loss")
    train = tf.train.RMSPropOptimizer(0.01, name="train").minimize(loss)
    random = np.random.RandomState(1)
    feeds = {
        frames: random.uniform(0, 1, [16, 8, 8, 1]).astype(np.float32),
        actions: random.randint(0, 3, 16),
        returns: random.uniform(-1, 1, 16).astype(np.float32),
    }
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run([loss, policy, value, train], feeds)
