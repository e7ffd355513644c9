"""A language model of stacked LSTMs, unrolled, with a decaying rate."""

SINCE = (1, 4)


def build(tf):
    init = tf.random_uniform_initializer(-0.1, 0.1)
    with tf.variable_scope("Model", initializer=init):
        x = tf.placeholder(tf.int32, [20, 10])
        y = tf.placeholder(tf.int32, [20, 10])

        def make():
            return tf.nn.rnn_cell.DropoutWrapper(
                tf.nn.rnn_cell.BasicLSTMCell(30, forget_bias=0.0, state_is_tuple=True), output_keep_prob=0.5
            )

        cell = tf.nn.rnn_cell.MultiRNNCell([make() for _ in range(2)], state_is_tuple=True)
        initial = cell.zero_state(20, tf.float32)
        with tf.device("/cpu:0"):
            embedding = tf.get_variable("embedding", [100, 30], dtype=tf.float32)
            inputs = tf.nn.embedding_lookup(embedding, x)
        inputs = tf.nn.dropout(inputs, 0.5)
        outputs, state = [], initial
        with tf.variable_scope("RNN"):
            for t in range(10):
                if t > 0:
                    tf.get_variable_scope().reuse_variables()
                out, state = cell(inputs[:, t, :], state)
                outputs.append(out)
        output = tf.reshape(tf.concat(outputs, 1), [-1, 30])
        w = tf.get_variable("softmax_w", [30, 100])
        b = tf.get_variable("softmax_b", [100])
        logits = tf.reshape(tf.nn.xw_plus_b(output, w, b), [20, 10, 100])
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        cost = tf.reduce_sum(tf.reduce_mean(loss, axis=[0]))
        lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), 5)
        tf.train.GradientDescentOptimizer(lr).apply_gradients(
            zip(grads, tvars), global_step=tf.train.get_or_create_global_step()
        )
        new_lr = tf.placeholder(tf.float32, shape=[])
        tf.assign(lr, new_lr)
    i = tf.train.range_input_producer(7, shuffle=False).dequeue()
    tf.strided_slice(tf.zeros([20, 71], tf.int32), [0, i * 10], [20, (i + 1) * 10])
    tf.global_variables_initializer()


MISTAKES = [
    ("forget_bias=0.0", "forget_bias=1.0"),
    ("tf.clip_by_global_norm(tf.gradients(cost, tvars), 5)", "tf.clip_by_global_norm(tf.gradients(cost, tvars), 10)"),
    ("-0.1, 0.1", "-0.05, 0.05"),
]
