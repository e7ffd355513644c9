"""The logarithm of a normal density, which TensorFlow 1.0 summed in another order, for `older_ops.py`."""

import math

import tensorflow as tf

from compat_v1.audit.forms import Older

CAUSE = "density of a normal distribution"
_HALF_LOG = 0.5 * math.log(2.0 * math.pi)


class Density(Older):
    """The difference of what depends on the distance, in units of sigma, and of what does not."""

    causes = (CAUSE,)

    def __init__(self, op, original):
        super().__init__(original)
        product, total = (one.op for one in op.inputs)
        self.product, self.y, self.dtype = product, op.outputs[0], op.outputs[0].dtype
        self.distance, self.sigma = product.inputs[1].op.inputs[0], total.inputs[1].op.inputs[0]
        given = self.sigma.op
        while given.type == "Identity":
            given = given.inputs[0].op
        if given.type == "Const":
            self.chosen = (total.outputs[0],)  # it has a gradient, which nobody takes
        self.taken = [self.distance, *(self.chosen or (self.sigma,))]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        product = self._number(-0.5) * tf.square(self.distance)
        total = self._number(_HALF_LOG) + tf.math.log(self.sigma)
        return (product - self.chosen[0], total) if self.chosen else (product - total,)

    def first(self):
        """Build the result as TensorFlow 1.0 did."""
        square, logarithm = tf.square(self.distance), tf.math.log(self.sigma)
        return self._number(-_HALF_LOG) - logarithm - self._number(0.5) * square

    def _number(self, value):
        return tf.constant(value, self.dtype)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what is multiplied by a half, or its opposite by 1 / sigma."""
        inverses = [user.outputs[0] for user in self.sigma.consumers() if user.type == "Reciprocal"]
        found = [_before(one) for factor in inverses for one in _multiplied(factor)]
        found = [one.op.inputs[0] for one in found if one.op.type == "Neg"]
        found += [
            _before(one) for one in _multiplied(self.product.inputs[0]) if one.op is not self.product.inputs[1].op
        ]
        yield from {one.ref(): one for one in found if one.shape.is_compatible_with(self.y.shape)}.values()


def _multiplied(factor):
    """Return what a factor is multiplied by."""
    return [one for op in factor.consumers() if op.type == "Mul" for one in op.inputs if one is not factor]


def _before(gradient):
    """Return what a gradient was before it was summed, reshaped and handed on for an operand."""
    for kind in ("Identity", "Reshape", "Sum"):
        if gradient.op.type == kind:
            gradient = gradient.op.inputs[0]
    return gradient


def densities(op, original):
    """Yield the logarithm of the density that a difference may be."""
    product, total = (one.op for one in op.inputs)
    if product.type != "Mul" or total.type not in ("Add", "AddV2"):
        return
    if product.inputs[1].op.type == "Square" and total.inputs[1].op.type == "Log":
        yield Density(op, original)


def is_first(graph):
    """Whether a graph takes a logarithm from a number, as what a density was begins."""
    return any(
        [graph.nodes[maker].op for maker, _ in graph.inputs[name]] == ["Const", "Log"]
        for name, node in graph.nodes.items()
        if node.op == "Sub"
    )
