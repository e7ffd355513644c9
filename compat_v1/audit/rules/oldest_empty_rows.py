"""tf.sparse_fill_empty_rows, which put elements in rows without any and sorted all, and is one op by now.

Everything is brought into the newer form, when the normal form of a graph is whole.
"""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor, single
from compat_v1.audit.pruning import arrange, redirect, users_of

v1 = tf.compat.v1
_CAUSE, _OP = "filled rows", "SparseFillEmptyRows"


def finish(normal):
    """Write each that is whole as that op."""
    sorting = [node for node in normal.nodes if node.op == "SparseReorder"]
    users, instead = users_of(normal) if sorting else {}, {}
    for node in sorting:
        found = _filled(normal, node)
        if found is not None:
            instead |= _write(normal, node, *found, users)
    if instead:
        redirect(normal, instead)
        arrange(normal)


def _filled(normal, node):
    """Return the op that lists the rows without elements, what is put there, and the nodes in between; or None."""
    (indices, values), shape = node.inputs[:2], node.inputs[2]
    if not all(
        is_op(one, "ConcatV2") and len(one[0].inputs) == 3 and is_scalar(one[0].inputs[2], 0)
        for one in (indices, values)
    ):
        return None
    places = indices[0].inputs[1]
    if not is_op(places, "ConcatV2") or len(places[0].inputs) != 3 or not is_scalar(places[0].inputs[2], 1):
        return None
    column, zeros, _ = places[0].inputs
    if not is_op(column, "Reshape") or not is_op(column[0].inputs[0], "ListDiff") or column[0].inputs[0][1] != 0:
        return None
    listed, target = column[0].inputs[0], column[0].inputs[1]
    (count,) = normal.sizes(listed) or (None,)
    is_column = isinstance(target, Literal) and target.value in ((-1, 1), (count, 1))
    if not is_column or not _is_full(zeros, (count, 1)) or not is_scalar(single(zeros), 0):
        return None
    given = _given(values[0].inputs[1], count)
    inner = {indices[0], values[0], places[0], column[0], listed[0]}
    inner |= {values[0].inputs[1][0]} if is_op(values[0].inputs[1], "Fill") else set()
    if given is None or not _lists_rows(normal, listed[0], indices[0].inputs[0], shape, inner):
        return None
    return None if any(one.controls for one in (node, *inner)) else (listed[0], given, inner)


def _is_full(literal, shape):
    return isinstance(literal, Literal) and literal.shape == shape and single(literal) is not None


def _given(values, count):
    """Return the value that is put in as many rows as have no elements."""
    if _is_full(values, (count,)):
        return single(values)
    is_filled = is_op(values, "Fill") and not values[0].controls and isinstance(values[0].inputs[0], Literal)
    return values[0].inputs[1] if is_filled and values[0].inputs[0].value == (count,) else None


def _lists_rows(normal, listed, indices, shape, inner):
    """Whether an op lists those of the rows of a shape that are not in the first column of indices."""
    rows, used = listed.inputs
    if not is_op(used, "StridedSlice") or used[0].inputs[0] != indices or used[0].controls:
        return False
    written = [one.value if isinstance(one, Literal) else None for one in used[0].inputs[1:]]
    masks = {key: Attributes(normal.graph.nodes[used[0].name])[key].i for key in _MASKS}
    if written != [(0, 0), (0, 1), (1, 1)] or masks != _MASKS:
        return False
    inner.add(used[0])
    if isinstance(rows, Literal):
        return isinstance(shape, Literal) and rows.value == tuple(range(shape.value[0]))
    return _counts_to(rows, shape, inner)


_MASKS = {"begin_mask": 1, "end_mask": 1, "shrink_axis_mask": 2, "ellipsis_mask": 0, "new_axis_mask": 0}


def _counts_to(rows, shape, inner):
    """Whether a tensor is the numbers below the first size of a shape, which is a tensor."""
    counted = rows[0].inputs[0] if is_op(rows, "Cast") else None
    if not is_op(counted, "Range") or not (is_scalar(counted[0].inputs[0], 0) and is_scalar(counted[0].inputs[2], 1)):
        return False
    cast = counted[0].inputs[1]
    if not is_op(cast, "Cast") or not _is_first(cast[0].inputs[0], shape):
        return False
    inner |= {rows[0], counted[0], cast[0], cast[0].inputs[0][0]}
    return True


def _is_first(size, shape):
    """Whether a number is the first of a shape."""
    if not is_op(size, "StridedSlice") or size[0].controls or not is_tensor(shape) or size[0].inputs[0] != shape:
        return False
    written = [one.value if isinstance(one, Literal) else None for one in size[0].inputs[1:]]
    return written == [(0,), (1,), (1,)] and size[0].attributes.keys() - {"T", "Index"} == {"shrink_axis_mask"}


def _write(normal, node, listed, given, inner, users):
    """Make the op for what is sorted, and for which rows had nothing; return what takes its place."""
    indices, values, shape = *(one[0].inputs[0] for one in node.inputs[:2]), node.inputs[2]
    types = {"T": node.attributes["T"]} if "T" in node.attributes else {}
    sizes = [(None, 2), (None,), (shape.value[0] if isinstance(shape, Literal) else None,), (None,)]
    inputs = [indices, values, shape, given]
    made = normal.node(node.name, _OP, types, inputs, frozenset(), {_CAUSE}, 4, sizes)
    instead = {(node, 0): (made, 0), (node, 1): (made, 1)}
    normal.absorbed |= {node, *inner}
    for marks in users.get(listed, ()):
        if marks.op == "SparseToDense" and not marks.controls and _marks_rows(marks, listed, shape):
            instead[marks, 0] = (made, 2)
            normal.absorbed.add(marks)
            if is_op(marks.inputs[1], "ExpandDims"):
                normal.absorbed.add(marks.inputs[1][0])
    return instead


def _marks_rows(marks, listed, shape):
    """Whether an op says of each row of a shape if it is one of those listed."""
    rows, size, true, false = marks.inputs
    if rows != (listed, 0) or not is_scalar(true, 1) or not is_scalar(false, 0):
        return False
    if isinstance(size, Literal):
        return isinstance(shape, Literal) and size.value == (shape.value[0],)
    if not is_op(size, "ExpandDims") or size[0].controls or not isinstance(size[0].inputs[1], Literal):
        return False  # of a number, there is one axis to add
    return _is_first(size[0].inputs[0], shape)
