"""Rules for how axes, orders of axes and diagonals are written."""

import tensorflow as tf

from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, is_scalar, number
from compat_v1.audit.patterns import make
from compat_v1.audit.sizes import subtract, unknown

v1 = tf.compat.v1


def _transposed(rewriter, name, _node, operands):
    """A tensor is not transposed into the order that its axes have."""
    tensor, order = operands
    written = order.array() if isinstance(order, Literal) else None
    if written is None or written.tolist() != list(range(written.size)) or rewriter.graph.controls[name]:
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


def _sliced(rewriter, name, node, operands):
    """An axis is added by an op for that, not by a slice of all that there is."""
    tensor, *limits = operands
    sizes, masks = rewriter.normal.sizes(tensor), Attributes(node)
    strides = limits[2].array() if isinstance(limits[2], Literal) else None
    if sizes is None or strides is None or masks["shrink_axis_mask"].i:
        return False
    rest = [k for k in range(len(strides)) if masks["ellipsis_mask"].i >> k & 1]
    added = [k for k in range(len(strides)) if masks["new_axis_mask"].i >> k & 1 and k not in rest]
    given = [k for k in range(len(strides)) if k not in (*rest, *added)]
    whole_axes = masks["begin_mask"].i & masks["end_mask"].i
    if len(added) != 1 or len(rest) > 1 or any(not whole_axes >> k & 1 or strides[k] != 1 for k in given):
        return False
    left = len(sizes) - len(given) if rest and rest[0] < added[0] else 0
    axis = left + sum(k < added[0] for k in given)
    inputs, sizes = [tensor, whole(axis, "int32")], (*sizes[:axis], 1, *sizes[axis:])
    types = {"T": rewriter.graph.attributes(name)["T"]}
    rewriter.normal.keep(name, "ExpandDims", inputs, types, {"added by a slice"}, [sizes])
    return True


def _squeezed(rewriter, name, node, operands):
    """So are the axes that are squeezed."""
    sizes, axes = rewriter.normal.sizes(operands[0]), list(Attributes(node)["squeeze_dims"].list.i)
    if not sizes or all(axis >= 0 for axis in axes):
        return False
    written = v1.AttrValue.ListValue(i=[axis % len(sizes) for axis in axes])
    attributes = rewriter.graph.attributes(name)
    attributes["squeeze_dims"] = v1.AttrValue(list=written).SerializeToString(deterministic=True)
    rewriter.normal.keep(name, "Squeeze", operands, attributes, {"counted from the end"})
    return True


def _square(rewriter, name, _node, operands):
    """A matrix with a main diagonal of n elements has n rows and n columns, written down or not."""
    diagonal, place, rows, columns, _ = operands
    length = _last_size(rewriter.normal, diagonal)
    if length is None or not all(isinstance(one, Literal) and one.shape == () for one in (place, rows, columns)):
        return False
    if place.value != (0,) or rows.value == columns.value == (-1,):
        return False
    if any(one.value[0] not in (-1, length) for one in (rows, columns)):
        return False
    left_open = [one._replace(value=(-1,), form=0, leaves=()) for one in (rows, columns)]
    operands = [diagonal, place, *left_open, operands[4]]
    rewriter.normal.keep(name, "MatrixDiagV3", operands, steps={"matrix diagonals"})
    return True


def _last_size(normal, operand, deepest=4):
    """Return how long the last axis of a tensor is; of a product of unknown rank as that of a factor which is not 1."""
    sizes = normal.sizes(operand)
    if sizes or not is_op(operand, "Mul") or not deepest:
        return sizes[-1] if sizes else None
    known = [_last_size(normal, one, deepest - 1) for one in operand[0].inputs]
    return next((size for size in known if isinstance(size, int) and size != 1), None)


def sliced(rewriter, name, _node, operands):
    """A size of -1 is what is left behind where the slice begins."""
    operands = with_rest(rewriter.normal, operands)
    if operands is None:
        return False
    rewriter.normal.keep(name, "Slice", operands, rewriter._without_index_types(name, operands))
    return True


def with_rest(normal, operands):
    """Return what a slice takes, with what is left behind where it begins for sizes of -1; None if nothing is known."""
    tensor, begin, size = operands
    shape, starts = normal.sizes(tensor), _starts(begin)
    if shape is None or starts is None:
        return None

    def written(length, whole, start):
        return subtract(whole, start) if length == -1 and start is not None else length

    if isinstance(size, Literal) and size.array() is not None and len(shape) == len(starts) == len(size.value):
        lengths = tuple(map(written, size.array().tolist(), shape, starts))
        return [tensor, begin, size._replace(value=lengths)]
    if not is_op(size, "Pack") or not len(shape) == len(starts) == len(size[0].inputs):
        return None
    parts = [
        one._replace(value=(written(one.value[0], *ends),)) if is_scalar(one, -1) else one
        for one, *ends in zip(size[0].inputs, shape, starts, strict=True)
    ]
    if parts == size[0].inputs:
        return None
    normal.absorbed.add(size[0])
    pack = make(normal, size[0], "Pack", size[0].attributes, parts, (len(parts),), "", size[0].controls)
    return [tensor, begin, pack]


def _starts(begin):
    """Return where a slice begins along each axis, None where no constant says it; None if nothing is known."""
    if isinstance(begin, Literal):
        return None if begin.array() is None else begin.array().tolist()
    if not is_op(begin, "Pack"):
        return None
    parts = [one.array() if isinstance(one, Literal) and one.shape == () else None for one in begin[0].inputs]
    return [None if one is None else one.item() for one in parts]


def _tiled(rewriter, _name, _node, operands):
    """What is tiled by the shape of a tensor tells the rank of that tensor: there is a multiple for each axis."""
    tensor, multiples = operands
    sizes = rewriter.normal.sizes(tensor)
    if sizes is not None and is_op(multiples, "Shape"):
        measured = multiples[0].inputs[0]
        unknowns = tuple(unknown(("size", *measured, axis)) for axis in range(len(sizes)))
        rewriter.normal.assume(measured, unknowns)
    return False


def _reshaped(rewriter, name, _node, operands):
    """What says which elements of a segment sum there are gets axes of one element at its end, one by one."""
    tensor, shape = operands
    sizes = rewriter.normal.sizes(tensor)
    if sizes is None or not is_op(tensor, "GreaterEqual") or rewriter.graph.controls[name]:
        return False
    if not isinstance(shape, Literal) or shape.kind != "whole" or len(shape.shape) != 1:
        return False
    more = len(shape.value) - len(sizes)
    target = reshaped(sizes, list(shape.value))
    if more < 1 or target is None or tuple(target) != (*sizes, *[1] * more):
        return False
    types = rewriter.graph.own_type(name)
    for _ in range(more):
        inputs, sizes = [tensor, number(len(sizes), "int32")], (*sizes, 1)
        node = rewriter.normal.node(name, "ExpandDims", types, inputs, set(), {"ones at the end"}, sizes=[sizes])
        tensor = node, 0
    rewriter.normal.tensors[name, 0] = tensor
    return True


def _stitched(rewriter, name, _node, operands):
    """The parts of a range are put together in any order, or one after the other: no two have an element in common."""
    parts = operands[: len(operands) // 2]
    partitions = {one[0] if is_op(one, "DynamicPartition") else None for one in parts}
    if None in partitions or len(partitions) != 1 or len(set(parts)) != len(parts):
        return False
    counted = next(iter(partitions)).inputs[0]
    while is_op(counted, "Reshape"):
        counted = counted[0].inputs[0]
    is_known = isinstance(counted, Literal) and counted.kind == "whole" and len({*counted.value}) == len(counted.value)
    if not (is_known or is_op(counted, "Range")):
        return False
    rewriter.normal.keep(name, "DynamicStitch", operands, steps={"stitched in any order"})
    return True


def _counted_down(rewriter, name, node, operands):
    """The axes of a tensor of unknown rank n in reverse are a range that counts down, were n - 1 less a range."""
    last, counted = operands
    if Attributes(node)["T"].type != tf.int32.as_datatype_enum or not (is_op(last, "Sub") and is_op(counted, "Range")):
        return False
    start, limit, delta = counted[0].inputs
    if not is_scalar(start, 0) or not is_scalar(delta, 1) or counted[0].controls:
        return False
    if last[0].inputs[0] != limit or not is_scalar(last[0].inputs[1], 1):
        return False
    rewriter.normal.absorbed.add(counted[0])
    inputs = [last, number(-1, "int32"), number(-1, "int32")]
    rewriter.normal.keep(name, "Range", inputs, {}, {"counted down"}, [rewriter.normal.sizes(counted)])
    return True


RULES = {
    "Sub": _counted_down,
    "ParallelDynamicStitch": _stitched,
    "Reshape": _reshaped,
    "Tile": _tiled,
    "Transpose": _transposed,
    "ExpandDims": _expanded,
    "StridedSlice": _sliced,
    "Squeeze": _squeezed,
    "MatrixDiagV3": _square,
}
