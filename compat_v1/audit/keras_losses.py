"""The loss of Huber in `tf.keras`: by now it is chosen whether it is a square, and it was the sum of two parts."""

import tensorflow as tf

from compat_v1.audit.forms import Form
from compat_v1.audit.layers import chains

HUBER = "Huber loss of Keras"


class Huber(Form):
    """The mean of such losses, which are of rows by now and were of single numbers, with their weights."""

    causes = (HUBER,)

    def __init__(self, error, delta, weights, quotient):
        """`error`: what was predicted less what is true; `quotient`: the op that gives the mean."""
        self.error, self.weights, self.quotient, self.y = error, weights, quotient, quotient.outputs[0]
        self.numbers = delta, 0.5
        self.taken = [one for one in (error, weights) if one.op.type != "Const"]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        size, (delta, half) = tf.abs(self.error), self._numbers()
        near, far = half * tf.square(self.error), delta * size - half * tf.square(delta)
        return (_mean(tf.reduce_mean(tf.where(size <= delta, near, far), -1), self.weights),)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        size, (delta, half) = tf.abs(self.error), self._numbers()
        near = tf.minimum(size, delta)
        losses = half * (near * near) + delta * (size - near)
        return _mean(losses, tf.expand_dims(self.weights, [-1]) if self.weights.shape.rank else self.weights)

    def _numbers(self):
        return (tf.constant(one, self.error.dtype) for one in self.numbers)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what is divided by the number of losses besides."""
        for user in self.quotient.inputs[1].consumers():
            if user.type == "DivNoNan" and user is not self.quotient:
                yield user.inputs[0]


def _mean(losses, weights):
    weighed = losses * weights
    total = tf.reduce_sum(tf.reduce_sum(weighed))
    return tf.math.divide_no_nan(total, tf.cast(tf.size(weighed), losses.dtype))


def hubers(op):
    """Yield the means that they may be of losses which an op chooses."""
    asked = op.inputs[0].op
    delta = tf.get_static_value(asked.inputs[1]) if asked.type == "LessEqual" else None
    if delta is None or delta.shape != () or asked.inputs[0].op.type != "Abs":
        return
    for row, product, *_, quotient in chains(op.outputs[0], ("Mean", "Mul", "Sum", "Sum", "DivNoNan")):
        for weights in product.inputs:
            if weights.op is not row and weights.shape.rank in (0, row.outputs[0].shape.rank):
                yield Huber(asked.inputs[0].op.inputs[0], delta.item(), weights, quotient)
