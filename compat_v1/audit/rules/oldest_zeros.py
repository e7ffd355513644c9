"""tf.nn.zero_fraction, which took the mean of (x == 0) and counts in a branch by now."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import INT32, INT64, is_op, is_over_all, is_scalar, is_tensor
from compat_v1.audit.rules.oldest_branches import absorb_condition
from compat_v1.audit.sizes import multiply


def averaged_zeros(rewriter, name, node, operands):
    """The mean of (x == 0)."""
    cast, axes = operands
    if not is_op(cast, "Cast") or cast[0].controls or "keep_dims" in rewriter.graph.attributes(name):
        return False
    equal = cast[0].inputs[0]
    if not is_op(equal, "Equal") or equal[0].controls or not _is_zero(equal[0].inputs[1]):
        return False
    if not _over_all(rewriter, equal, axes) or rewriter.graph.shapes[name] not in ([()], [None]):
        return False
    rewriter.normal.absorbed.update({cast[0], equal[0]})
    return _keep_zeros(rewriter, name, equal[0].inputs[0], "averaged")


def counted_zeros(rewriter, name, node, operands):
    """(size - the number of x != 0, counted in 32 or in 64 bits) / size."""
    zeros, size = operands
    if not is_op(zeros, "Cast") or not is_op(zeros[0].inputs[0], "Sub") or not rewriter.dtype(name).startswith("float"):
        return False
    difference = zeros[0].inputs[0][0]
    total, merged = difference.inputs
    if not isinstance(total, Literal) or isinstance(merged, Literal):
        return False
    counts = merged[0].inputs if merged[0].op == "Merge" else [merged]
    counts = [one[0].inputs[0] if is_op(one, "Cast") else one for one in counts]
    found = [_counted(rewriter, one) for one in counts]
    if None in found or len({one[0] for one in found}) != 1:
        return False
    if sorted(one[1] for one in found) != ([0, 1] if merged[0].op == "Merge" else [-1]):
        return False
    tensor, _, condition = found[0]
    shape = rewriter.normal.sizes(tensor)
    if shape is None or not _is_size(rewriter, total, shape) or not _is_float_of(rewriter, size, total):
        return False
    asked = condition[0].inputs[0] if is_op(condition, "Identity") else condition
    if condition is not None and not _asks_for_few(asked, total):
        return False
    absorbed = {zeros[0], difference, merged[0]}
    for one in (size, merged, *merged[0].inputs, *counts):
        todo = [one]
        while todo:
            operand = todo.pop()
            if not isinstance(operand, Literal) and operand != tensor and operand[0] not in absorbed:
                absorbed.add(operand[0])
                todo += operand[0].inputs
                absorbed |= operand[0].controls if operand[0].op == "NotEqual" else set()
    if any(one.op == "Switch" and one.controls & absorbed for one in absorbed):
        return False  # what waits for the other branch never runs
    rewriter.normal.absorbed |= absorbed
    if is_tensor(asked):
        rewriter.normal.absorbed.add(asked[0])
        absorb_condition(rewriter, asked)
    return _keep_zeros(rewriter, name, tensor, "counted")


def _asks_for_few(asked, total):
    """Whether a condition asks whether 32 bits count all of a tensor's elements; a literal was computed so."""
    if isinstance(asked, Literal):
        return True
    count, most = asked[0].inputs if is_op(asked, "LessEqual") else (None, None)
    return isinstance(count, Literal) and count.key == total.key and is_scalar(most, 2**31 - 1)


def _counted(rewriter, operand):
    """Return (x, in which branch, -1 for none, and its condition) if an operand counts x != 0, or None."""
    if is_op(operand, "Reshape") and rewriter.normal.sizes(operand) == ():
        operand = operand[0].inputs[0]
    if not is_op(operand, "Sum") or not is_op(operand[0].inputs[0], "Cast"):
        return None
    left = rewriter.normal.sizes(operand) or ()  # sizes of 1, of which no sum is taken
    if operand[0].attributes.get("T") not in (INT32, INT64) or set(left) - {1}:
        return None  # a number of fewer bits does not count far
    unequal = operand[0].inputs[0][0].inputs[0]
    if not is_op(unequal, "NotEqual") or not _is_zero(unequal[0].inputs[1]):
        return None
    tensor = unequal[0].inputs[0]
    if isinstance(tensor, Literal) or not _over_all(rewriter, unequal, operand[0].inputs[1]):
        return None
    constants = [one for one in (unequal[0].inputs[1], operand[0].inputs[1]) if isinstance(one, Literal)]
    made_in = {one for constant in constants for one in map(_branch, constant.alive) if one is not None}
    if tensor[0].op == "Switch" and not isinstance(tensor[0].inputs[1], Literal):
        return (tensor[0].inputs[0], tensor[1], tensor[0].inputs[1]) if made_in <= {tensor[1]} else None
    return tensor, -1, None


def _branch(node):
    """Return which branch a node tells, as a copy of what a Switch gives, or None."""
    source = node.inputs[0] if node.op == "Identity" else None
    return source[1] if is_op(source, "Switch") else None


def _keep_zeros(rewriter, name, tensor, step):
    if isinstance(tensor, Literal):
        return False
    types = rewriter.graph.own_type(name)
    made = rewriter.normal.node(name, "part of zeros", types, [tensor], None, {f"part of zeros: {step}"}, sizes=[()])
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _copied_zeros(rewriter, name, node, operands):
    if not is_op(operands[0], "part of zeros") or rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, operands[0], "copies")
    return True


def _is_zero(operand):
    return isinstance(operand, Literal) and is_scalar(operand, 0)


def _over_all(rewriter, tensor, axes):
    shape = rewriter.normal.sizes(tensor)
    if isinstance(axes, Literal) and shape is not None and axes.array() is not None:
        return {axis for axis, size in enumerate(shape) if size != 1} <= set(axes.value)
    return is_over_all([tensor, axes])


def _is_size(rewriter, literal, shape):
    total = 1
    for size in shape:
        total = multiply(total, size)
    return literal.kind == "whole" and literal.value == (total,)


def _is_float_of(rewriter, operand, literal):
    if isinstance(operand, Literal):
        return isinstance(literal.value[0], int) and is_scalar(operand, literal.value[0])
    inside = operand[0].inputs[0] if is_op(operand, "Cast") else None
    return isinstance(inside, Literal) and inside.key == literal.key


RULES = {
    "Identity": _copied_zeros,
    "Mean": averaged_zeros,
    "RealDiv": counted_zeros,
}
