"""Leaky relus, which were the larger of a tensor and a part of it until TensorFlow 1.12, for `older_ops.py`."""

import re

import tensorflow as tf

from compat_v1.audit.forms import Older

v1 = tf.compat.v1
CAUSE = "leaky relu"
_OF_GRADIENT = re.compile(r"/LeakyReluGrad(_\d+)?_grad/")  # in the names of what is made of a gradient's gradient


class LeakyRelu(Older):
    """The op, which was the larger of the tensor and a part of it."""

    causes = (CAUSE,)

    def __init__(self, op, original):
        super().__init__(original)
        self.x, self.y, self.alpha = op.inputs[0], op.outputs[0], op.get_attr("alpha")
        self.taken = [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.raw_ops.LeakyRelu(features=self.x, alpha=self.alpha),)

    def first(self):
        """Build the result as TensorFlow did until 1.12."""
        return tf.maximum(tf.constant(self.alpha, self.x.dtype) * self.x, self.x)

    def gradients(self):
        """Yield the gradients that arrive, as they seem, but for what has gradients again."""
        yield from (one.inputs[0] for one in self.made() if not self.made(of=one.name))

    def made(self, of=""):
        """Return the ops that make its gradients, or those `of` the gradient that an op of this name makes."""
        users = [one for one in self.x.consumers() if one.type == "LeakyReluGrad" and one.inputs[1] is self.x]
        return [one for one in users if (f"{of}_grad/" in one.name if of else not _OF_GRADIENT.search(one.name))]


class LeakyGradient(Older):
    """The op that makes the gradient of a leaky relu, which was that of the larger, as far as it has one itself."""

    causes = (CAUSE,)

    def __init__(self, op, relu, original):
        super().__init__(original)
        self.relu, self.y, (self.copied, self.x) = relu, op.outputs[0], op.inputs
        self.taken = [self.copied, self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.raw_ops.LeakyReluGrad(gradients=self.copied, features=self.x, alpha=self.relu.alpha),)

    def first(self):
        """Build the result as TensorFlow did until 1.12."""
        (gated,) = self.relu.gates(self.copied)
        larger = self.relu.first()
        return v1.gradients(larger, self.x, self.copied, gate_gradients=gated, stop_gradients=[self.x])[0]

    def gradients(self):
        """Yield the gradients that arrive, as they seem."""
        yield from (one.inputs[0] for one in self.relu.made(of=self.y.op.name))


def relus(op, original):
    """Yield the leaky relu that an op is."""
    yield LeakyRelu(op, original)


def gradients(op, original):
    """Yield the gradients of leaky relus that an op may make, of which there are gradients again."""
    found = [LeakyRelu(one, original) for one in op.inputs[1].consumers() if one.type == "LeakyRelu"]
    yield from (LeakyGradient(op, relu, original) for relu in found if relu.made(of=op.name))
