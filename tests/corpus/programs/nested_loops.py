"""A `while_loop` in a `while_loop`, TensorArrays that are read and written, and a gradient through it all."""


def build(tf):
    x = tf.placeholder(tf.float32, [4, 3])
    W = tf.Variable(tf.truncated_normal([3, 3], stddev=0.1))
    rows = tf.TensorArray(tf.float32, size=4, clear_after_read=False).unstack(x)

    def outer(i, state, states):
        def inner(j, value):
            return j + 1, tf.tanh(tf.matmul(value, W))

        _, state = tf.while_loop(lambda j, value: j < i + 1, inner, [tf.constant(0), state], parallel_iterations=1)
        state = state + tf.expand_dims(rows.read(i), 0)
        return i + 1, state, states.write(i, state)

    begin = [tf.constant(0), tf.zeros([1, 3]), tf.TensorArray(tf.float32, size=4)]
    _, last, states = tf.while_loop(lambda i, *_: i < 4, outer, begin, swap_memory=True)
    loss = tf.reduce_sum(tf.square(states.stack())) + tf.reduce_sum(last)
    doubled = tf.map_fn(lambda row: row * 2.0, x)
    summed = tf.scan(lambda total, row: total + row, doubled)
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss + tf.reduce_mean(tf.matmul(summed, W)))
    tf.global_variables_initializer()


MISTAKES = [
    ("j < i + 1", "j < i + 2"),
    ("lambda i, *_: i < 4", "lambda i, *_: i < 3"),
    ("row * 2.0", "row * 3.0"),
    ("rows.read(i)", "rows.read(3 - i)"),
    ("swap_memory=True", "back_prop=True"),
    ("total + row", "total - row"),
    ("states.write(i, state)", "states.write(3 - i, state)"),
]
