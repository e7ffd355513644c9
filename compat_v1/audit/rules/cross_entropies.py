"""A rule for what the gradient of a cross entropy adds for the gradient of its own gradient, where there is none.

In a loop that is a tensor of zeros. Until 1.15 nothing was added where its sizes were known; where they were not, or by
now, softmax(logits) * (zeros - sum of zeros * softmax(logits)) is: 0 wherever the gradient that it is added to is a
number, which is made from the same softmax.
"""

import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import entered, is_op, is_scalar, is_zeros

RULE = "zero in a cross entropy"
_LOSSES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
_SECOND = tf.compat.v1.AttrValue(list={"i": [1]}).SerializeToString(deterministic=True)
_PRODUCTS = ("BatchMatMul", "BatchMatMulV2")


def _added(rewriter, name, _node, operands):
    """The gradient for the logits, to which as many zeros are added as the softmax of the same logits has numbers."""
    product, added = operands
    normal = rewriter.normal
    if not is_op(product, "Mul") or not is_op(added, "Mul"):
        return False
    gradients = [one for one in map(normal.pushed, product[0].inputs) if is_op(one, *_LOSSES) and one[1] == 1]
    difference, soft = added[0].inputs
    if len(gradients) != 1 or not is_op(soft, "Softmax") or not is_op(difference, "Sub"):
        return False
    logits, sizes = entered(gradients[0][0].inputs[0]), normal.sizes(gradients[0])
    zeros, squeezed = difference[0].inputs
    if entered(normal.pushed(soft[0].inputs[0])) != logits or not _are_zeros(zeros, sizes):
        return False
    if not is_op(squeezed, "Squeeze"):
        return False
    total = squeezed[0].inputs[0]
    if not is_op(total, *_PRODUCTS) or total[0].attributes.keys() - {"T", "grad_x", "grad_y"}:
        return False
    row, column = total[0].inputs
    if squeezed[0].attributes.get("squeeze_dims") != _SECOND:
        return False
    if not is_op(row, "ExpandDims") or not is_op(column, "ExpandDims") or column[0].inputs[0] != soft:
        return False
    if not _are_zeros(row[0].inputs[0], sizes) or not is_scalar(row[0].inputs[1], 1):
        return False
    if not is_scalar(column[0].inputs[1], 2) or normal.sizes(product) != sizes:
        return False
    normal.absorbed |= {one[0] for one in (added, difference, soft, squeezed, total, row, column)}
    normal.alias(name, product, RULE)
    return True


def _are_zeros(operand, sizes):
    return isinstance(operand, Literal) and is_zeros(operand) and sizes is not None and operand.shape == sizes


RULES = {"AddV2": _added, "Add": _added}
