"""What TensorFlow computes from shapes at run time, computed here: whole numbers, in which unknown sizes stay unknown.

Each function takes the op's operands as object arrays and its attributes, and returns the outputs as a list of arrays,
or None where only a run can tell.
"""

import numpy as np

from compat_v1.audit import sizes

_ADD = np.frompyfunc(sizes.add, 2, 1)
_SUBTRACT = np.frompyfunc(sizes.subtract, 2, 1)
_MULTIPLY = np.frompyfunc(sizes.multiply, 2, 1)
_DIVIDE = np.frompyfunc(sizes.divide, 2, 1)
_REMAINDER = np.frompyfunc(sizes.remainder, 2, 1)
_MAXIMUM = np.frompyfunc(sizes.maximum, 2, 1)
_MINIMUM = np.frompyfunc(sizes.minimum, 2, 1)


def fold(op, operands, attributes):
    """Return an op's outputs, a list of object arrays (None for one that is unknown), or None if none can be known."""
    if op not in FOLDED:
        return None
    try:
        outputs = FOLDED[op](operands, attributes)
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return None  # a run would fail, or an unknown stands where a number is needed
    if outputs is None:
        return None
    return [None if output is None else np.asarray(output, object) for output in outputs]


def fixed(array):
    """Return an array's elements as a list of ints. Raises `TypeError` if one depends on an unknown size."""
    values = np.asarray(array, object).reshape(-1).tolist()
    if not all(isinstance(value, int) for value in values):
        raise TypeError("an unknown size")
    return values


def summed_axes(own, other):
    """Return the axes over which the gradient of an operand of shape `own` is summed, or None if a run must tell.

    The operand was broadcast against one of shape `other`. An axis of size 1 in both changes nothing and is left out.
    """
    rank = max(len(own), len(other))
    own, other = ([1] * (rank - len(shape)) + list(shape) for shape in (own, other))
    axes = []
    for axis, (size, other_size) in enumerate(zip(own, other, strict=True)):
        if isinstance(size, int) and isinstance(other_size, int) and 1 not in (size, other_size) and size != other_size:
            return None  # a run would fail
        if size == other_size or (isinstance(size, int) and size != 1) or other_size == 1:
            continue
        if size != 1:
            return None
        axes.append(axis)
    return axes


def _gradient_axes(operands, _):
    left, right = (operand.tolist() for operand in operands)
    return [summed_axes(left, right), summed_axes(right, left)]


def _reduce(function, start):
    def reduced(operands, attributes):
        array, axes = operands
        axes = [_axis(axis, array.ndim) for axis in fixed(axes)]
        keep = attributes["keep_dims"].b
        if len(set(axes)) < len(axes):
            return None
        for axis in sorted(axes, reverse=True):
            parts = np.moveaxis(array, axis, 0)
            total = np.full(parts.shape[1:], start, object)
            for part in parts:
                total = np.asarray(function(total, part), object)
            array = np.expand_dims(total, axis) if keep else total
        return [array]

    return reduced


def _least(operands, attributes):
    """The smallest of some, which must be there."""
    array = operands[0]
    return _reduce(_MINIMUM, array.reshape(-1)[0])(operands, attributes) if array.ndim == 1 else None


def _axis(axis, rank):
    """Return an axis counted from the start. Raises `IndexError` if there is none such."""
    return range(rank)[axis]


def _slice_index(operands, attributes):
    array, begin, end, strides = operands
    begin, end, strides = fixed(begin), fixed(end), fixed(strides)

    def mask(name, position):
        return attributes[name].i >> position & 1

    index = []
    for position in range(len(begin)):
        if mask("ellipsis_mask", position):
            index.append(Ellipsis)
        elif mask("new_axis_mask", position):
            index.append(None)
        elif mask("shrink_axis_mask", position):
            if strides[position] < 1:
                return None
            index.append(begin[position])
        else:
            start = None if mask("begin_mask", position) else begin[position]
            stop = None if mask("end_mask", position) else end[position]
            index.append(slice(start, stop, strides[position]))
    return [array[tuple(index)]]


def _gather(operands, attributes):
    axis = _axis(fixed(operands[2])[0] if len(operands) > 2 else 0, operands[0].ndim)
    if attributes["batch_dims"].i or min(fixed(operands[1]), default=0) < 0:
        return None
    return [np.take(operands[0], np.array(operands[1], int), axis)]


def _stitch(operands, _):
    half = len(operands) // 2
    parts, rests = {}, set()
    for indices, data in zip(operands[:half], operands[half:], strict=True):
        rest = data.shape[indices.ndim :]
        if data.shape != (*indices.shape, *rest):
            return None
        rests.add(rest)
        parts.update(zip(fixed(indices), data.reshape((indices.size, *rest)), strict=True))
    if sorted(parts) != list(range(len(parts))) or len(rests) > 1:
        return None
    stitched = [np.asarray(parts[k], object) for k in range(len(parts))]
    return [np.stack(stitched) if parts else np.empty((0, *rests.pop()), object)]


def _reshape(operands, _):
    return [operands[0].reshape(fixed(operands[1]))]


def _range(operands, _):
    start, limit, delta = (fixed(operand)[0] for operand in operands)
    return None if (limit - start) * delta < 0 else [list(range(start, limit, delta))]


def _cut(operands, _):
    array, begin, size = operands
    parts = list(zip(array.shape, fixed(begin), fixed(size), strict=True))
    if any(start < 0 or count < -1 or start + max(count, 0) > many for many, start, count in parts):
        return None
    return [array[tuple(slice(start, None if count == -1 else start + count) for _, start, count in parts)]]


def _list_difference(operands, _):
    left, right = operands[0].tolist(), fixed(operands[1])
    if {one.ndim for one in operands} != {1}:
        return None
    kept = [k for k, value in enumerate(fixed(left)) if value not in right]
    return [[left[k] for k in kept], kept]


def _compare(function):
    return lambda operands, _: [np.vectorize(lambda a, b: int(function(a, b)), otypes=[object])(*map(_known, operands))]


def _chosen_rows(operands, attributes):
    condition, then, other = operands
    known = then.shape == other.shape and condition.shape in ((), then.shape)
    return _chosen(operands, attributes) if known else None


def _chosen(operands, _):
    condition, then, other = operands
    return [np.where(np.array(fixed(condition), bool).reshape(condition.shape), then, other)]


def _broadcast(operands, _):
    left, right = (operand.tolist() for operand in operands)
    rank = max(len(left), len(right))
    left, right = ([1] * (rank - len(shape)) + shape for shape in (left, right))
    if any(_differ(*pair) and 1 not in pair for pair in zip(left, right, strict=True)):
        return None
    return [list(map(sizes.broadcast, left, right))]


def _differ(one, other):
    """Whether two sizes are known and not the same."""
    return isinstance(one, int) and isinstance(other, int) and one != other


def _equal(operands, _):
    """Equal unknowns are equal; whether others are, a run must tell."""

    def same(one, other):
        if one != other and not (isinstance(one, int) and isinstance(other, int)):
            raise TypeError("an unknown size")
        return int(one == other)

    return [np.frompyfunc(same, 2, 1)(*operands)]


def _known(operand):
    fixed(operand)
    return operand


def _offsets(operands, _):
    shapes = operands[1:]
    axis = _axis(fixed(operands[0])[0], len(shapes[0]))
    outputs, offset = [], 0
    for shape in shapes:
        pairs = enumerate(zip(shape, shapes[0], strict=True))
        if any(place != axis and _differ(*pair) for place, pair in pairs):
            return None
        row = [0] * len(shape)
        row[axis] = offset
        outputs.append(row)
        offset = sizes.add(offset, shape[axis])
    return outputs


def _split(operands, attributes):
    axis, tensor = operands
    return np.split(tensor, attributes["num_split"].i, fixed(axis)[0])


def _split_by_sizes(operands, _):
    tensor, sizes, axis = operands[0], list(fixed(operands[1])), fixed(operands[2])[0]
    if min(sizes) < 0 or sum(sizes) != tensor.shape[axis]:  # -1 is what the others leave
        return None
    return np.split(tensor, np.cumsum(sizes)[:-1], axis)


def _unpacked(operands, attributes):
    parts = list(np.moveaxis(operands[0], attributes["axis"].i, 0))
    return parts if len(parts) == attributes["num"].i else None


def _inverse(operands, _):
    places = fixed(operands[0])
    return [np.argsort(places)] if sorted(places) == list(range(len(places))) else None


def _expand(operands, _):
    array, axes = operands[0], fixed(operands[1])
    return [np.expand_dims(array, axes[0])] if len(axes) == 1 else None


FOLDED = {
    "Add": lambda operands, _: [_ADD(*operands)],
    "AddV2": lambda operands, _: [_ADD(*operands)],
    "Sub": lambda operands, _: [_SUBTRACT(*operands)],
    "Mul": lambda operands, _: [_MULTIPLY(*operands)],
    "FloorDiv": lambda operands, _: [_DIVIDE(*operands)],
    "FloorMod": lambda operands, _: [_REMAINDER(*operands)],
    "Maximum": lambda operands, _: [_MAXIMUM(*operands)],
    "Minimum": lambda operands, _: [_MINIMUM(*operands)],
    "Neg": lambda operands, _: [_MULTIPLY(-1, operands[0])],
    "Prod": _reduce(_MULTIPLY, 1),
    "Sum": _reduce(_ADD, 0),
    "Min": _least,
    "Pack": lambda operands, attributes: [np.stack(operands, attributes["axis"].i)],
    "Unpack": _unpacked,
    "Split": _split,
    "SplitV": _split_by_sizes,
    "ConcatV2": lambda operands, _: [np.concatenate(operands[:-1], fixed(operands[-1])[0])],
    "Concat": lambda operands, _: [np.concatenate(operands[1:], fixed(operands[0])[0])],
    "ConcatOffset": _offsets,
    "Slice": _cut,
    "StridedSlice": _slice_index,
    "Gather": _gather,
    "GatherV2": _gather,
    "Range": _range,
    "Reshape": _reshape,
    "ExpandDims": _expand,
    "Squeeze": lambda operands, attributes: [np.squeeze(operands[0], tuple(attributes["squeeze_dims"].list.i) or None)],
    "DynamicStitch": _stitch,
    "Transpose": lambda operands, _: [operands[0].transpose(fixed(operands[1]))],
    "InvertPermutation": _inverse,
    "ListDiff": _list_difference,
    "BroadcastGradientArgs": _gradient_axes,
    "BroadcastArgs": _broadcast,
    "Select": _chosen_rows,
    "SelectV2": _chosen,
    "LogicalAnd": _compare(lambda a, b: a and b),
    "LogicalNot": lambda operands, _: [np.frompyfunc(lambda a: int(not _known(a)), 1, 1)(operands[0])],
    "Less": _compare(lambda a, b: a < b),
    "LessEqual": _compare(lambda a, b: a <= b),
    "Greater": _compare(lambda a, b: a > b),
    "GreaterEqual": _compare(lambda a, b: a >= b),
    "Equal": _equal,
    "All": _reduce(np.frompyfunc(lambda a, b: int(bool(a and b)), 2, 1), 1),
    "NotEqual": _compare(lambda a, b: a != b),
}
