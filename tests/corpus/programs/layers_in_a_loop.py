"""Layers in the turns of a loop: batch normalization, dropout, and a loop over rows, with a gradient through it all."""


def build(tf):
    x, target = (tf.placeholder(tf.float32, [5, 6], name=name) for name in ("x", "target"))

    def turn(i, state):
        normed = tf.layers.batch_normalization(x, training=True) * state
        rows = tf.map_fn(lambda row: row * tf.reduce_sum(row), normed)
        return i + 1, tf.tanh(tf.nn.dropout(rows, 0.5) + tf.nn.dropout(x, 0.8))

    _, state = tf.while_loop(lambda i, _: i < 3, turn, [tf.constant(0), x])
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(state - target)))
    tf.global_variables_initializer()


MISTAKES = [
    ("i < 3", "i < 4"),
    ("dropout(rows, 0.5)", "dropout(rows, 0.6)"),
    ("dropout(x, 0.8)", "dropout(state, 0.8)"),
    ("training=True", "training=False"),
    ("* state", "+ state"),
    ("tf.reduce_sum(row)", "tf.reduce_max(row)"),
]
