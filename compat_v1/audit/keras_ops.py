"""What `tf.keras` makes of other ops by now: softmax of more than two axes, dot products, and a loss of Huber.

A cross entropy of what that softmax gives is of logits by now, as Keras finds the op, and was of probabilities.

The two compute other numbers, so that no rule makes one of the other. But a port can be compared as if it had what
TensorFlow 1.15 has: the newer form, with its gradients, is built here once more; where the port has it op by op, it
gives way to the first, which is compared as ever.
"""

import tensorflow as tf

from compat_v1.audit.branched import Branched
from compat_v1.audit.forms import Form
from compat_v1.audit.keras_losses import hubers
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op

v1 = tf.compat.v1
SOFTMAX, DOT, ENTROPY = "softmax of Keras", "dot product of Keras", "cross entropy of Keras"
_CLIPPED = 1e-7  # a probability is no less, nor is it more than 1 less that
_TURNED = [0, 2, 1]


def written_out(verification):
    """Return ({cause: names of such ops in the port}, the port's GraphDef with the first forms), or None."""
    port = verification.pairing.sides[1].normal
    alone = [name for node in port.nodes if node.op in _FORMS and _differs(node, verification) for name in node.names]
    names = [one for one in alone if one in port.graph.nodes and port.graph.nodes[one].op in _FORMS]
    names = [one for one in names if not port.graph.frames[one] and one not in port.graph.conditional]
    if not names:
        return None
    with_first = Branched(port, names, lambda op: _FORMS[op.type](op))
    return (with_first.causes, with_first.graph_def()) if with_first.causes else None


def _differs(node, verification):
    """Whether a node of the port is not the original's, or takes logits where that takes logarithms.

    Of classes there is a cross entropy in both, for as many as the last axis of the logits has.
    """
    other = verification.back.get(node)
    if other is None or node.attributes != other.attributes:
        return True
    flat = [one.inputs[0] for one in (node, other)]
    if node.op != "SparseSoftmaxCrossEntropyWithLogits" or not all(is_op(one, "Reshape") for one in flat):
        return False
    logits, logarithms = (one[0].inputs[0] for one in flat)
    sizes, shape = verification.pairing.sides[1].normal.sizes(logits), flat[0][0].inputs[1]
    are_classes = isinstance(shape, Literal) and sizes and shape.value[-1] == sizes[-1]
    return bool(are_classes) and is_op(logarithms, "Log") and not is_op(logits, "Log")


class Softmax(Form):
    """The softmax over the last of more than two axes."""

    causes = (SOFTMAX,)

    def __init__(self, op):
        self.x, self.y = op.inputs[0], op.outputs[0]
        self.taken = [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.raw_ops.Softmax(logits=self.x),)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        return _probabilities(self.x)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the result is multiplied by."""
        for user in self.y.consumers():
            if user.type == "Mul" and user.inputs[1] is self.y:
                yield user.inputs[0]


def _probabilities(x):
    e = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
    return e / tf.reduce_sum(e, axis=-1, keepdims=True)


def _clipped(probabilities):
    least = tf.constant(_CLIPPED, probabilities.dtype)
    return tf.clip_by_value(probabilities, least, 1 - least)


class CrossEntropy(Form):
    """The cross entropy of what a softmax over the last of more than two axes gives."""

    causes = (ENTROPY,)

    def __init__(self, op, labels, x, y):
        self.op, self.labels, self.x, self.y = op, labels, x, y
        self.taken = [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.nn.softmax_cross_entropy_with_logits(labels=self.labels, logits=self.x),)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        probabilities = _probabilities(self.x)
        probabilities = _clipped(probabilities / tf.reduce_sum(probabilities, -1, keepdims=True))
        return -tf.reduce_sum(self.labels * tf.math.log(probabilities), -1)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the op's own gradient is multiplied by."""
        for user in self.op.outputs[1].consumers():
            if user.type == "Mul" and user.inputs[0].op.type == "ExpandDims":
                flat = user.inputs[0].op.inputs[0].op
                if flat.type == "Reshape" and flat.inputs[0].shape.is_compatible_with(self.y.shape):
                    yield flat.inputs[0]


class OfClasses(Form):
    """What the cross entropy of classes takes: logits that are made flat, which were logarithms of probabilities."""

    causes = (ENTROPY,)

    def __init__(self, op, flat):
        self.op, (self.x, self.shape), self.y = op, flat.op.inputs, flat
        self.taken = [self.x]

    def newer(self):
        """Build the result as TensorFlow does by now."""
        return (tf.reshape(self.x, self.shape),)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        return tf.reshape(tf.math.log(_clipped(_probabilities(self.x))), self.shape)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what the op's own gradient was multiplied by."""
        for user in self.op.outputs[1].consumers():
            if user.type == "Mul" and user.outputs[0].shape.is_compatible_with(self.y.shape):
                yield user.outputs[0]


class _Product(Form):
    """A product of batches of matrices that Dot is by now."""

    causes = (DOT,)

    def __init__(self, op, x, other, y):
        self.op, self.x, self.other, self.y = op, x, other, y
        self.taken = [x, other]

    def arriving(self):
        """Return what the gradients of the product are made of besides its factors."""
        found = {}
        for factor in self.op.inputs:
            for user in factor.consumers():
                if user.type == "BatchMatMulV2" and user is not self.op:
                    found.update({one.name: one for one in user.inputs if one is not factor})
        return found.values()


class OfRows(_Product):
    """The dot products of the rows of two matrices."""

    def newer(self):
        """Build the result as TensorFlow does by now."""
        product = tf.matmul(tf.expand_dims(self.x, 1), tf.expand_dims(self.other, 2))
        tf.shape(product)
        return (tf.squeeze(product, 1),)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        return tf.expand_dims(tf.reduce_sum(tf.multiply(self.x, self.other), 1), 1)

    def gradients(self):
        """Yield the gradients that arrive, as they seem: what is reshaped for the gradients of the product."""
        for one in self.arriving():
            if one.op.type == "Reshape" and one.op.inputs[0].shape.is_compatible_with(self.y.shape):
                yield one.op.inputs[0]


class OfMatrices(_Product):
    """The products of batches of matrices, of which some are transposed."""

    def __init__(self, op, x, other, turned):
        super().__init__(op, x, other, op.outputs[0])
        self.turned = turned

    def newer(self):
        """Build the result as TensorFlow does by now."""
        pairs = zip((self.x, self.other), self.turned, strict=True)
        product = tf.matmul(*(v1.transpose(one, _TURNED) if turned else one for one, turned in pairs))
        tf.shape(product)
        return (product,)

    def first(self):
        """Build the result as TensorFlow 1.15 did."""
        return tf.matmul(self.x, self.other, adjoint_a=self.turned[0], adjoint_b=self.turned[1])

    def gradients(self):
        """Yield the gradients that arrive, as they seem: the other factor of the gradients of the product."""
        for one in self.arriving():
            if one.shape.is_compatible_with(self.y.shape):
                yield one


def _dots(op):
    """Yield the dot product that a product may be of."""
    if op.get_attr("adj_x") or op.get_attr("adj_y"):
        return
    x, other = (one.op for one in op.inputs)
    squeezed = [user for user in op.outputs[0].consumers() if user.type == "Squeeze"]
    if x.type == other.type == "ExpandDims" and squeezed and [_axis(x), _axis(other)] == [1, 2]:
        yield OfRows(op, x.inputs[0], other.inputs[0], squeezed[0].outputs[0])
    turned = [_is_turned(one) for one in op.inputs]
    if any(turned) and all(one.shape.rank == 3 for one in op.inputs):
        tensors = [one.op.inputs[0] if way else one for one, way in zip(op.inputs, turned, strict=True)]
        yield OfMatrices(op, *tensors, turned)


def _axis(expanded):
    """Return the axis that a matrix got, if it is written down."""
    axis = tf.get_static_value(expanded.inputs[1])
    return None if axis is None or expanded.inputs[0].shape.rank != 2 else axis.item()


def _is_turned(tensor):
    order = tf.get_static_value(tensor.op.inputs[1]) if tensor.op.type == "Transpose" else None
    return order is not None and order.tolist() == _TURNED


def _softmaxes(op):
    """Yield the softmax that an op may be."""
    if (op.inputs[0].shape.rank or 0) > 2:
        yield Softmax(op)


def _entropies(op):
    """Yield the cross entropy that an op may be of, whose results get the shape of what was made flat."""
    logits, labels = (one.op for one in op.inputs)
    for user in op.outputs[0].consumers():
        if logits.type == labels.type == user.type == "Reshape" and (logits.inputs[0].shape.rank or 0) > 2:
            x, given = logits.inputs[0], labels.inputs[0]
            if given.shape.rank == x.shape.rank and given.shape.is_compatible_with(x.shape):
                yield CrossEntropy(op, given, x, user.outputs[0])


def _classes(op):
    """Yield what the cross entropy of classes may take, and nothing else: that would have the logits."""
    flat = op.inputs[0]
    is_its_own = all(user.type == op.type for user in flat.consumers())
    if is_its_own and flat.op.type == "Reshape" and (flat.op.inputs[0].shape.rank or 0) > 2:
        yield OfClasses(op, flat)


_FORMS = {
    "Softmax": _softmaxes,
    "SoftmaxCrossEntropyWithLogits": _entropies,
    "SparseSoftmaxCrossEntropyWithLogits": _classes,
    "BatchMatMulV2": _dots,
    "SelectV2": hubers,
}
