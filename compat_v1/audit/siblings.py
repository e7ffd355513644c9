"""Which gradients come beside others of the same op, for `idle.py`: `tf.gradients` without gates makes no groups.

Those for a count of weights: TensorFlow 1.0 made x / count, or 0, of other ops, whose gradients are others as well. And
both of a quotient by a count of elements, as of a mean: such a count is made of sizes, which no gradient is for.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.rules import oldest_losses

_SELECTS = ("Select", "SelectV2")


def siblings(normal):
    """Return the gradients for the counts that something is divided by, 0 for none, of which those for it come too."""
    quotients = {_pair(*node.inputs): node for node in normal.nodes if _is_by_count(node)}
    found = set()
    for node in normal.nodes if quotients else ():
        if node.op == "Mul":
            pairs = _for_divisor(node, quotients)
        elif node.op in _SELECTS and oldest_losses.is_zero(node.inputs[1]):
            pairs = [(node.inputs[2], oldest_losses.positive(node.inputs[0]))]
        else:
            continue
        for gradient, count in pairs:
            other = None if count is None else quotients.get(_pair(gradient, count))
            if other is not None:
                found |= {node, other} if other.op == "RealDiv" else {node}
    return found


def _is_by_count(node):
    """Whether a node divides by a count, of weights or of elements."""
    if node.op == "RealDiv" and is_op(node.inputs[1], "Cast"):
        sizes = node.inputs[1][0].inputs[0]
        return isinstance(sizes, Literal) and sizes.kind == "whole" and sizes.shape == ()
    return node.op == oldest_losses.QUOTIENT


def _for_divisor(node, quotients):
    """Yield (g, count) if a product is g * (-x / count / count), and there is the quotient x / count."""
    for gradient, ratio in (node.inputs, node.inputs[::-1]):
        if not is_op(ratio, "RealDiv", oldest_losses.QUOTIENT):
            continue
        negative, divisor = ratio[0].inputs
        if not is_op(negative, ratio[0].op) or negative[0].inputs[1] != divisor:
            continue
        count, negated = oldest_losses.count_of(divisor), negative[0].inputs[0]
        if not is_op(negated, "Neg") or _pair(negated[0].inputs[0], count) not in quotients:
            continue
        if is_op(gradient, *_SELECTS) and oldest_losses.positive(gradient[0].inputs[0]) == count:
            gradient = gradient[0].inputs[1]  # the gradient where there is something to divide by
        yield gradient, count


def _pair(*operands):
    return tuple(one.key if isinstance(one, Literal) else one for one in operands)
