"""Where TensorFlow 1.0 and 1.1 kept what later releases have in `tf.nn`."""


def rnn_cells(tf):
    """The module of the recurrent cells."""
    return tf.nn.rnn_cell if hasattr(tf.nn, "static_rnn") else tf.contrib.rnn


def rnns(tf):
    """The module of `static_rnn`."""
    return tf.nn if hasattr(tf.nn, "static_rnn") else tf.contrib.rnn
