"""The nearest neighbour by the L1 distance."""


def build(tf):
    xtr = tf.placeholder("float", [None, 784])
    xte = tf.placeholder("float", [784])
    distance = tf.reduce_sum(tf.abs(tf.add(xtr, tf.negative(xte))), reduction_indices=1)
    tf.argmin(distance, 0)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.negative(xte)", "xte"),
    ("tf.argmin(distance, 0)", "tf.argmax(distance, 0)"),
]
