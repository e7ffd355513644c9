"""TensorFlow issue 47685: a seed gives other numbers in every version. Here numbers are drawn in each step, too.

Noise on the inputs, and dropout. Their op seeds are derived as the weights' are. And dropout is computed otherwise: it
multiplied by a mask of ones and zeros and now selects, so that what is dropped was -0 where it was negative, and is 0.
"""

import numpy as np

STEPS = ((), ("seeds",), ("seeds", "dropout"))


def program(tf, port=None):
    """Run the old program, or the port with what it writes out."""
    tf.set_random_seed(42)
    seeds = iter((4, 13, 23, 39) if port and "seeds" in port else (None,) * 4)
    x = tf.placeholder(tf.float32, [None, 10], name="x")
    w1 = tf.Variable(tf.random_normal([10, 12], stddev=0.3, seed=next(seeds)), name="w1")
    noisy = tf.add(x, tf.random_normal([32, 10], stddev=0.1, seed=next(seeds)), name="noisy")
    hidden = tf.tanh(tf.matmul(noisy, w1), name="hidden")
    if port and "dropout" in port:
        with tf.name_scope("dropout"):
            mask = tf.cast(tf.random_uniform(tf.shape(hidden), seed=next(seeds)) >= 0.25, tf.float32)
            dropped = hidden * (1 / 0.75) * mask
    else:
        dropped = tf.nn.dropout(hidden, 0.75, seed=next(seeds), name="dropout")
    kept = tf.identity(dropped, name="kept")
    w2 = tf.Variable(tf.random_normal([12, 10], stddev=0.3, seed=next(seeds)), name="w2")
    loss = tf.reduce_sum(tf.square(tf.matmul(kept, w2) - x), name="loss")
    train = tf.train.MomentumOptimizer(0.001, 0.9, name="train").minimize(loss)
    inputs = np.random.RandomState(3).uniform(-1, 1, [32, 10]).astype(np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run([loss, noisy, kept, train], {x: inputs})
