"""`tf.keras.layers.LayerNormalization` written out: it normalizes by one fused op, and did by moments.

The two compute other numbers, so that no rule makes one of the other. But a port can be compared as if it had the layer
that TensorFlow 1.15 has: what the newer one is, with its gradients, is built here once more; where the port has it op
by op, it gives way to the first, which is compared as ever.
"""

import tensorflow as tf

from compat_v1.audit.branched import Branched
from compat_v1.audit.graph import Attributes
from compat_v1.audit.layers import Newer

v1 = tf.compat.v1
CAUSE = "fused layer normalization"
_FUSED = "FusedBatchNormV3"
_VARIABLES = ("VarHandleOp", "VariableV2")


def written_out(verification):
    """Return ({cause: names of what normalizes in the port}, the port's GraphDef with the first layers), or None."""
    port = verification.pairing.sides[1].normal
    alone = [node for node in port.nodes if node.op == _FUSED and node not in verification.back]
    names = [name for node in alone for name in node.names if _may_be_layer(port.graph, name)]
    if not names:
        return None
    with_first = Branched(port, names, _layers)
    return (with_first.causes, with_first.graph_def()) if with_first.causes else None


def _may_be_layer(graph, name):
    """Whether a fused op is in no loop or branch, and has the order of axes that the layer gives it."""
    is_first = Attributes(graph.nodes[name])["data_format"].s == b"NCHW"
    return is_first and not graph.frames[name] and name not in graph.conditional


def _layers(fused):
    """Yield the layers that a fused op may be of: the tensor was reshaped for it, and its result is back."""
    reshaped = fused.inputs[0].op
    if reshaped.type == "Reshape" and reshaped.inputs[0].shape.rank:
        for back in fused.outputs[0].consumers():
            if back.type == "Reshape" and back.inputs[0] is fused.outputs[0]:
                for first in reversed(range(reshaped.inputs[0].shape.rank)):
                    yield from _scaled_and_shifted(fused, back.outputs[0], first)


def _scaled_and_shifted(fused, normalized, first):
    """Yield a layer whose axes begin with `first`, with all of its variables at first."""
    for scale in (*_by_variable(normalized, "Mul"), None):
        y = scale.outputs[0] if scale else normalized
        for shift in (*_by_variable(y, "AddV2"), None):
            yield Layer(fused, first, normalized, scale, shift)


def _by_variable(tensor, op):
    """Return the ops of a kind that take a tensor and what is read of a variable, which may be reshaped."""
    found = []
    for user in tensor.consumers():
        if user.type == op and user.inputs[0] is tensor:
            read = user.inputs[1].op
            read = read.inputs[0].op if read.type == "Reshape" else read
            if read.type in ("Identity", "ReadVariableOp") and read.inputs[0].op.type in _VARIABLES:
                found.append(user)
    return found


class Layer(Newer):
    """A newer layer, as it seems: nothing is taken for granted until it has been built once more."""

    causes = (CAUSE,)

    def __init__(self, fused, first, normalized, scale, shift):
        self.fused, self.normalized, self.scale = fused, normalized, scale
        self.y = next((one.outputs[0] for one in (shift, scale) if one), normalized)
        self.x = fused.inputs[0].op.inputs[0]
        self.axes = list(range(first, self.x.shape.rank))
        self.gamma, self.beta = (one.inputs[1] if one else None for one in (scale, shift))
        self.taken, self.epsilon = [self.x], fused.get_attr("epsilon")

    def newer(self):
        """Build the result as TensorFlow does by now."""
        shape = tf.shape(self.x)
        rows, columns = tf.reduce_prod(shape[: self.axes[0]]), tf.reduce_prod(shape[self.axes[0] :])
        x = tf.reshape(self.x, [1, rows, columns, 1])
        ones, zeros = tf.ones([rows]), tf.zeros([rows])
        y, _, _ = v1.nn.fused_batch_norm(x, ones, zeros, epsilon=self.epsilon, data_format="NCHW")
        y = tf.reshape(y, shape)
        y = y if self.gamma is None else y * self.gamma
        return (y if self.beta is None else y + self.beta,)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        mean, variance = v1.nn.moments(self.x, self.axes, keepdims=True)
        return v1.nn.batch_normalization(self.x, mean, variance, self.beta, self.gamma, self.epsilon)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what gamma and what is normalized are multiplied by, or that.

        Gamma is multiplied for the gradient of the op, which nobody may take.
        """
        if self.gamma is None:
            backward = [user for user in self.fused.outputs[3].consumers() if user.type == "FusedBatchNormGradV3"]
            found = [user.inputs[0].op.inputs[0] for user in backward if user.inputs[0].op.type == "Reshape"]
        else:
            found = self._multiplied(self.normalized, 1) or self._multiplied(self.gamma, 0)
        for one in {one.name: one for one in found if one.shape.is_compatible_with(self.y.shape)}.values():
            is_copy = self.beta is not None and one.op.type == "Identity" and one.op.control_inputs
            yield one.op.inputs[0] if is_copy else one

    def _multiplied(self, tensor, other):
        """Return by what a tensor is multiplied, besides where the layer does: the second or the first factor."""
        users = [user for user in tensor.consumers() if user.type == "Mul" and user is not self.scale]
        return [user.inputs[other] for user in users if user.inputs[1 - other] is tensor]
