"""Functions with gradients of their own: binary weights, a swish, a cell that a loop calls."""

from tensorflow.python.framework import function

SINCE = (1, 0)


def build(tf):
    @function.Defun(tf.float32, tf.float32, func_name="swish_gradient")
    def swish_gradient(x, dy):
        gate = tf.sigmoid(x)
        return dy * (gate + x * gate * (1.0 - gate))

    @function.Defun(tf.float32, grad_func=swish_gradient, noinline=True)
    def swish(x):
        return x * tf.sigmoid(x)

    def through(op, grad):
        return tf.where(tf.abs(op.inputs[0]) < 1.0, grad, tf.zeros_like(grad))

    @function.Defun(tf.float32, python_grad_func=through)
    def binary(w):
        return tf.sign(w)

    @function.Defun(tf.float32, python_grad_func=lambda op, grad: tf.convert_to_tensor(grad))
    def dense(x):
        return x

    @function.Defun(tf.float32, tf.float32)
    def cell(state, inputs):
        gate = tf.sigmoid(inputs)
        return gate * tf.tanh(state) + (1.0 - gate) * inputs

    words = tf.placeholder(tf.int32, [None, 5], name="words")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    table = tf.get_variable("table", [20, 8])
    kernel = tf.get_variable("kernel", [8, 8])
    rows = dense(table)
    rows.set_shape([20, 8])
    found = tf.gather(rows, words)
    weights = binary(kernel)
    weights.set_shape([8, 8])
    inputs = swish(tf.matmul(tf.reshape(found, [-1, 8]), weights))
    inputs = tf.transpose(tf.reshape(inputs, [-1, 5, 8]), [1, 0, 2])

    def step(time, state):
        after = cell(state, tf.gather(inputs, time))
        after.set_shape(state.get_shape())
        return time + 1, after

    begin = tf.zeros_like(inputs[0])
    _, state = tf.while_loop(lambda time, state: time < 5, step, [tf.constant(0), begin])
    logits = tf.matmul(state, tf.get_variable("out", [8, 3]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    tf.train.AdamOptimizer(0.01).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("x * gate * (1.0 - gate))", "x * gate * gate)"),
    ("< 1.0, grad", "< 0.5, grad"),
    ("(1.0 - gate) * inputs", "(1.0 - gate) * state"),
]
