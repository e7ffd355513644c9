"""TensorFlow issues 66212 and 47495: an LSTM with the same weights predicts something else in TensorFlow 2.

No seed, no training: the weights are given. The gates' activation, which no line of the program names, was Keras's hard
sigmoid and is the sigmoid.
"""

import numpy as np

STEPS = ((), ("activation",))


def program(tf, port=None):
    """Run the old program, or the port with what it writes out."""
    random = np.random.RandomState(5)
    given = {name: random.normal(0, 0.5, [8, 24]).astype(np.float32) for name in ("kernel", "recurrent")}
    kernel, recurrent = (tf.Variable(given[name], name=name) for name in ("kernel", "recurrent"))
    bias = tf.Variable(np.repeat(np.float32([0, 1, 0]), 8), name="bias")

    def gate(values):
        if port is None or "activation" in port:
            return tf.clip_by_value(values * 0.2 + 0.5, 0.0, 1.0)
        return tf.sigmoid(values)

    x = tf.placeholder(tf.float32, [None, 5, 8], name="x")
    hidden = carry = tf.zeros([4, 8])
    for step in range(5):
        parts = tf.matmul(x[:, step, :], kernel) + tf.matmul(hidden, recurrent) + bias
        opened, kept = gate(parts[:, :8]), gate(parts[:, 8:16])
        carry = kept * carry + opened * tf.tanh(parts[:, 16:])
        hidden = tf.tanh(carry)
    answer = tf.identity(hidden, name="answer")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            session.run(answer, {x: random.normal(size=[4, 5, 8]).astype(np.float32)})
