"""Rules for how axes, orders of axes and diagonals are written."""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.sizes import unknown

v1 = tf.compat.v1


def _transposed(rewriter, name, _node, operands):
    """A tensor is not transposed into the order that its axes have."""
    tensor, order = operands
    written = order.array() if isinstance(order, Literal) else None
    if written is None or written.tolist() != list(range(len(written))) or rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, tensor, "no transposition")
    return True


def _expanded(rewriter, name, _node, operands):
    """An axis is counted from the start."""
    tensor, axis = operands
    sizes = rewriter.normal.sizes(tensor)
    if sizes is None or not isinstance(axis, Literal) or axis.kind != "whole" or len(axis.value) != 1:
        return False
    if not isinstance(axis.value[0], int) or axis.value[0] >= 0:
        return False
    operands = [tensor, axis._replace(value=(axis.value[0] + len(sizes) + 1,))]
    attributes = rewriter._without_index_types(name, operands)
    rewriter.normal.keep(name, "ExpandDims", operands, attributes, {"counted from the end"})
    return True


def _squeezed(rewriter, name, node, operands):
    """So are the axes that are squeezed."""
    sizes, axes = rewriter.normal.sizes(operands[0]), list(Attributes(node)["squeeze_dims"].list.i)
    if sizes is None or all(axis >= 0 for axis in axes):
        return False
    written = v1.AttrValue.ListValue(i=[axis % len(sizes) for axis in axes])
    attributes = rewriter.graph.attributes(name)
    attributes["squeeze_dims"] = v1.AttrValue(list=written).SerializeToString(deterministic=True)
    rewriter.normal.keep(name, "Squeeze", operands, attributes, {"counted from the end"})
    return True


def _square(rewriter, name, _node, operands):
    """A matrix with a main diagonal of n elements has n rows and n columns, written down or not."""
    diagonal, place, rows, columns, _ = operands
    sizes = rewriter.normal.sizes(diagonal)
    if sizes is None or not all(isinstance(one, Literal) and one.shape == () for one in (place, rows, columns)):
        return False
    if place.value != (0,) or rows.value == columns.value == (-1,):
        return False
    if any(one.value[0] not in (-1, sizes[-1]) for one in (rows, columns)):
        return False
    left_open = [one._replace(value=(-1,), form=0, leaves=()) for one in (rows, columns)]
    operands = [diagonal, place, *left_open, operands[4]]
    rewriter.normal.keep(name, "MatrixDiagV3", operands, steps={"matrix diagonals"})
    return True


def _tiled(rewriter, _name, _node, operands):
    """What is tiled by the shape of a tensor tells the rank of that tensor: there is a multiple for each axis."""
    tensor, multiples = operands
    sizes = rewriter.normal.sizes(tensor)
    if sizes is not None and is_op(multiples, "Shape"):
        measured = multiples[0].inputs[0]
        unknowns = tuple(unknown(("size", *measured, axis)) for axis in range(len(sizes)))
        rewriter.normal.assume(measured, unknowns)
    return False


RULES = {
    "Tile": _tiled,
    "Transpose": _transposed,
    "ExpandDims": _expanded,
    "Squeeze": _squeezed,
    "MatrixDiagV3": _square,
}
