"""Which nodes the gradients of a mask, a scale or a count are made of, that nothing uses and each formula makes others.

What is left out uncompared has to be of these, each as TensorFlow's gradients write it: an op that they do not have, or
that takes what they would not give it, may stop a program though nobody takes what it gives.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_of_numbers, is_op, is_scalar

_MOST_AXES = 8  # that TensorFlow sums over
_QUOTIENTS = ("RealDiv", "quotient or 0")
_SELECTS = ("Select", "SelectV2")
_COPIES = ("Identity", "StopGradient", "Shape", "ShapeN", "Size", "ZerosLike", "Neg")
_OF_SHAPES = ("BroadcastGradientArgs", "Shape", "ShapeN", "StackPopV2", "Enter")


def are_gradients(nodes):
    """Whether all of some nodes are such."""
    return all(_is_gradient(node, nodes) for node in nodes)


def _is_gradient(node, nodes):
    if node.op == "Sum":
        return is_op(node.inputs[1], "BroadcastGradientArgs") or _are_axes(node.inputs[1])
    if node.op in ("Reshape", "BroadcastTo"):
        return isinstance(node.inputs[1], Literal) or node.inputs[1][0].op in _OF_SHAPES
    if node.op in _QUOTIENTS:
        return not _is_other_quotient(node)
    if node.op in _SELECTS:
        return any(isinstance(one, Literal) or one[0].op == "ZerosLike" for one in node.inputs[1:])
    if node.op in ("GreaterEqual", "AddV2", "Floor", "Cast"):
        return _is_of_mask(node)
    if node.op == "Sub":  # what is kept, from the rate, or the other way round
        return is_scalar(node.inputs[0], 1)
    return node.op in ("Mul", "masked", "scaled", "AddN", *_COPIES, *_OF_SHAPES)


def _is_of_mask(node):
    """Whether a node is, or is made into, the mask of a dropout: u >= rate, or floor(keep + u)."""
    makers = [one[0] for one in node.inputs if not isinstance(one, Literal)]
    if node.op in ("GreaterEqual", "AddV2"):
        return any(one.op == "RandomUniform" for one in makers)
    return bool(makers) and makers[0].op in ("GreaterEqual", "AddV2") and _is_of_mask(makers[0])


def _are_axes(operand):
    return is_of_numbers(operand) and all(axis < _MOST_AXES for axis in operand.value)


def _is_other_quotient(node):
    """Whether a quotient is divided by another number than what it is made from was."""
    total, divisor = node.inputs
    return any(is_op(total, op) and total[0].inputs[1] != divisor for op in _QUOTIENTS)
