"""Rules for tf.einsum, which is an op by now, and was made of reshapes and a product of matrices.

The op is written as those: `PA,AB->PB`, its gradient for the first operand, `PB,AB->PA`, and that for the second,
`PB,PA->AB`, where P stands for two axes or more. The op's kernel sums in another order: the last bits may differ.
"""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import times
from compat_v1.audit.pruning import users_of

v1 = tf.compat.v1
_YES = v1.AttrValue(b=True).SerializeToString(deterministic=True)


def _einsum(rewriter, name, node, operands):
    """Write the op as reshapes and a product."""
    axes = _axes(Attributes(node)["equation"].s.decode("utf-8", "replace"))
    shapes = [rewriter.normal.sizes(one) for one in operands]
    if axes is None or any(isinstance(one, Literal) for one in operands) or rewriter.graph.controls[name]:
        return False
    if [None if shape is None else len(shape) for shape in shapes] != [len(one) for one in axes[:2]]:
        return False
    left, right, result = axes
    before, last = left[:-1], left[-1]
    if len(before) > 1 and len(right) == 2 and last in right and result[:-1] == before:
        turned = right[1] == last
        product = _product(rewriter, name, [_flat(rewriter, name, operands[0]), operands[1]], turned and "transpose_b")
        shape = (*shapes[0][:-1], shapes[1][0 if turned else 1])
        made = _reshaped(rewriter, name, product, shape)
        rewriter.summed.append(made[0])
    elif len(before) > 1 and right[:-1] == before and result == right[-1] + last:
        flat = [_flat(rewriter, name, one) for one in operands[::-1]]
        made = _product(rewriter, name, flat, "transpose_a")
    else:
        return False
    rewriter.normal.tensors[name, 0] = made
    return True


def _axes(equation):
    """Return the axes of two operands and of the result, as three strings of letters, none of them twice; or None."""
    operands, arrow, result = equation.partition("->")
    axes = [*operands.split(","), result]
    if not arrow or len(axes) != 3 or not all(one.isalpha() and len(set(one)) == len(one) for one in axes):
        return None
    return axes if set(result) < set(axes[0]) | set(axes[1]) else None


def _types(rewriter, name):
    return {key: value for key, value in rewriter.graph.attributes(name).items() if key == "T"}


def _flat(rewriter, name, operand):
    """Return a tensor as a matrix whose columns are its last axis."""
    rows, sizes = 1, rewriter.normal.sizes(operand)
    for size in sizes[:-1]:
        rows = times(rows, size)
    return _reshaped(rewriter, name, operand, (rows, sizes[-1]))


def _reshaped(rewriter, name, operand, shape):
    """One unknown size is written as -1, as in every Reshape of the normal form."""
    unknown = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    written = whole([-1 if unknown == [axis] else size for axis, size in enumerate(shape)], "int32", (name,))
    made = rewriter.normal.node(name, "Reshape", _types(rewriter, name), [operand, written], set(), sizes=[shape])
    return made, 0


def _product(rewriter, name, factors, turned):
    left, right = (rewriter.normal.sizes(one) for one in factors)
    shape = (left[1 if turned == "transpose_a" else 0], right[0 if turned == "transpose_b" else 1])
    attributes = _types(rewriter, name) | ({turned: _YES} if turned else {})
    made = rewriter.normal.node(name, "MatMul", attributes, factors, set(), {"einsum: an op"}, sizes=[shape])
    return made, 0


def finish(rewriter):
    """Reshape a gradient after it is handed on: a product of matrices has a gradient of its own, with its own group."""
    users = users_of(rewriter.normal) if rewriter.summed else {}
    for reshape in rewriter.summed:
        groups = {one for one in users.get(reshape, ()) if one.op == "NoOp" and reshape in one.controls}
        handing = users.get(reshape, set()) - groups
        if len(groups) == len(handing) == 1 and all(one.op == "Identity" and one.controls == groups for one in handing):
            _reshape_later(rewriter.normal, reshape, *groups, *handing)


def _reshape_later(normal, reshape, group, identity):
    product = reshape.inputs[0]
    group.controls = group.controls - {reshape} | {product[0]}
    for node in normal.nodes:
        node.inputs = [(reshape, 0) if one == (identity, 0) else one for one in node.inputs]
        if identity in node.controls:
            node.controls = node.controls - {identity} | {reshape}
    for name, tensor in normal.tensors.items():
        if tensor == (identity, 0):
            normal.tensors[name] = (reshape, 0)
    identity.inputs[0], reshape.inputs[0] = product, (identity, 0)
    normal.set_sizes(identity, normal.sizes(product))
    normal.nodes.remove(reshape)
    normal.nodes.insert(normal.nodes.index(identity) + 1, reshape)


RULES = {"Einsum": _einsum}
