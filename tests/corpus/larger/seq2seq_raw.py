"""Encoder and a decoder by raw_rnn."""


def build(tf):
    x = tf.placeholder(tf.int32, [None, 7])
    lengths = tf.placeholder(tf.int32, [None])
    y = tf.placeholder(tf.int32, [None, None])
    E = tf.Variable(tf.random_uniform([20, 8], -1.0, 1.0))
    W = tf.Variable(tf.random_uniform([12, 20], -1, 1))
    b = tf.Variable(tf.zeros([20]))
    enc_out, enc_state = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.LSTMCell(12), tf.nn.embedding_lookup(E, x), dtype=tf.float32, scope="enc"
    )
    cell = tf.nn.rnn_cell.LSTMCell(12)
    batch = tf.shape(x)[0]
    start = tf.nn.embedding_lookup(E, tf.ones([batch], tf.int32))
    pad = tf.nn.embedding_lookup(E, tf.zeros([batch], tf.int32))

    def loop(time, previous_output, previous_state, _):
        if previous_state is None:
            return (0 >= lengths), start, enc_state, None, None

        def nxt():
            logits = tf.add(tf.matmul(previous_output, W), b)
            return tf.nn.embedding_lookup(E, tf.argmax(logits, axis=1))

        elements = time
        elements_finished = elements >= lengths
        finished = tf.reduce_all(elements_finished)
        inp = tf.cond(tf.reduce_all(finished), lambda: pad, nxt)
        return elements_finished, inp, previous_state, previous_output, None

    outputs_ta, final, _ = tf.nn.raw_rnn(cell, loop)
    outputs = outputs_ta.stack()
    steps, bs, dim = tf.unstack(tf.shape(outputs))
    flat = tf.reshape(outputs, (-1, dim))
    logits = tf.reshape(tf.add(tf.matmul(flat, W), b), (steps, bs, 20))
    ce = tf.nn.softmax_cross_entropy_with_logits(labels=tf.one_hot(y, depth=20, dtype=tf.float32), logits=logits)
    loss = tf.reduce_mean(ce)
    tf.train.AdamOptimizer().minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_all(finished)", "tf.reduce_any(finished)"),
    ("elements >= lengths", "elements > lengths"),
]
