"""The gradient of extract_image_patches: what each patch took of an image is added up where it was taken.

Until 1.15 a sparse matrix of ones was multiplied, which TensorFlow 1.0 counted out itself; 2 sums segments. Both are
written as the sum of segments whose numbers are a constant, if the sizes of the images are known. Its kernels add up
the same elements in the same order.
"""

import math

import numpy as np

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import MAX_FOLLOWED, Literal, whole
from compat_v1.audit.operands import INT64, is_op, is_scalar, number, single
from compat_v1.audit.pruning import comes_behind

_SEGMENTS, _MATRIX = "gradient of patches: segments", "gradient of patches: a matrix"
_MOST = 1 << 24  # elements that are counted, and the whole numbers that float32 has, one beside the other


def _summed(rewriter, name, node, operands):
    """Sum by segments that are counted by what patches take of a range, which begins with 1: 0 is around the image."""
    rows, segments, count = operands
    if not is_op(segments, "Sub") or not is_scalar(segments[0].inputs[1], 1):
        return False
    counted = _Counted(rewriter)
    numbers, pixels = counted.of(segments[0].inputs[0]), _pixels(count)
    if numbers is None or pixels is None or counted.pixels != pixels or numbers.ndim != 1:
        return False
    return _keep(rewriter, name, rows, numbers - 1, pixels, [segments[0], *counted.nodes], _SEGMENTS)


def _multiplied(rewriter, name, node, operands):
    """The product of a sparse matrix, that has one 1 in a column at most, with what patches have."""
    indices, ones, shape, rows = operands
    attributes, parts, begin, pixels = Attributes(node), [], 0, None
    if attributes["adjoint_a"].b or attributes["adjoint_b"].b:
        return False
    if is_op(indices, "SparseSlice"):  # of which the row is left out that stands for what is around the image
        cut = indices[0]
        if [indices, ones, shape] != [(cut, k) for k in range(3)]:
            return False
        indices, ones, full, start, shape = cut.inputs
        parts, begin = [cut], 1
        numbers = [_numbers(one) for one in (full, start, shape)]
        if any(one is None or one.shape != (2,) for one in numbers) or numbers[1].tolist() != [1, 0]:
            return False
        if (numbers[0] - [1, 0]).tolist() != numbers[2].tolist():
            return False
    one, sizes = single(ones) if isinstance(ones, Literal) else None, _numbers(shape)
    counted = _Counted(rewriter)
    places = counted.of(indices)
    if one is None or not is_scalar(one, 1) or sizes is None or sizes.shape != (2,) or places is None:
        return False
    pixels, columns = sizes.tolist()
    if places.ndim != 2 or places.shape != (*ones.shape, 2) or max(pixels, columns) >= _MOST:
        return False
    if begin and (counted.pixels != pixels or len(places) != columns):
        return False
    taken, column = places.T
    if (np.diff(column) <= 0).any() or not _is_within(column, 0, columns) or not _is_within(taken, 0, pixels + begin):
        return False
    segments = np.full(columns, -1)
    segments[column] = taken - begin
    return _keep(rewriter, name, rows, segments, pixels, [*parts, *counted.nodes], _MATRIX)


def _keep(rewriter, name, rows, segments, pixels, parts, how):
    normal = rewriter.normal
    sizes = normal.sizes(rows)
    if isinstance(rows, Literal) or sizes is None or len(sizes) != 2 or sizes[0] != len(segments):
        return False
    counts = [one for node in parts for one in node.inputs if isinstance(one, Literal)]
    alive = frozenset().union(*(one.alive for one in counts))
    if rewriter.dtype(name) not in ("float32", "float64") or not comes_behind(rows, parts, alive):
        return False
    inputs = [rows, _literal(segments)._replace(alive=alive), number(pixels, "int64")]
    attributes = {"T": rewriter.graph.attributes(name)["T"]}
    normal.keep(name, "UnsortedSegmentSum", inputs, attributes, {how}, [(pixels, sizes[1])])
    normal.absorbed.update(parts)
    return True


class _Counted:
    """Counts what depends on nothing but ranges, `of` a tensor: also `nodes`, and the `pixels` that patches take."""

    def __init__(self, rewriter):
        self.rewriter, self.nodes, self.pixels = rewriter, [], None

    def of(self, operand):
        """Return the whole numbers that a tensor has, in an array, or None."""
        if isinstance(operand, Literal):
            return _numbers(operand)
        node = operand[0]
        count = getattr(self, f"_{node.op}", None)
        if count is None:
            return None
        self.nodes.append(node)
        found = count(node, *node.inputs)
        return None if found is None or found.size > _MOST else found

    def _Range(self, node, *numbers):
        start, limit, step = map(_number, numbers)
        if None in (start, limit, step) or step != 1 or not 0 <= start <= limit <= _MOST:
            return None
        return np.arange(start, limit)

    def _Reshape(self, node, tensor, shape):
        found, sizes = self.of(tensor), _numbers(shape)
        try:
            return None if found is None or sizes is None else found.reshape(sizes)
        except ValueError:  # it has another number of elements
            return None

    def _ExpandDims(self, node, tensor, axis):
        found, place = self.of(tensor), _number(axis)
        return None if found is None or place != found.ndim else found[..., None]

    def _ConcatV2(self, node, *operands):
        *parts, axis = operands
        found, axis = [self.of(one) for one in parts], _number(axis)
        if axis != -1 or any(one is None for one in found) or len({one.shape[:-1] for one in found}) > 1:
            return None
        return np.concatenate(found, -1)

    def _Cast(self, node, tensor):
        return self.of(tensor) if self.rewriter.graph.attributes(node.name)["DstT"] == INT64 else None

    def _ExtractImagePatches(self, node, image):
        """Return what each patch takes of an image, 0 for what lies around it."""
        found = self.of(image)
        if found is None or self.pixels is not None or found.ndim != 4 or found.shape[0] != 1 or found.shape[3] != 1:
            return None
        attributes = Attributes(self.rewriter.graph.nodes[node.name])
        settings = [list(attributes[key].list.i) for key in ("ksizes", "strides", "rates")]
        if any((batch, channels) != (1, 1) for batch, _, _, channels in settings):
            return None
        padding = attributes["padding"].s
        lines = [_line(*one, padding) for one in zip(found.shape[1:3], *(one[1:3] for one in settings), strict=True)]
        if any(one is None for one in lines) or math.prod(one.size for one in lines) > _MOST:
            return None
        self.pixels = found.size
        (rows, columns), inner = lines, found[0, :, :, 0]
        padded = np.pad(inner, 1)
        rows, columns = (np.clip(one, -1, size) + 1 for one, size in zip(lines, inner.shape, strict=True))
        taken = padded[rows[:, None, :, None], columns[None, :, None, :]]
        return taken.reshape(1, len(rows), len(columns), rows.shape[1] * columns.shape[1])


def _line(size, length, stride, rate, padding):
    """Return where along an axis each patch takes its elements: below 0, or from the size on, is beside the image.

    None where there are too many.
    """
    reach = length + (length - 1) * (rate - 1)
    count = -(-size // stride) if padding == b"SAME" else max(0, -(-(size - reach + 1) // stride))
    if count * length > _MOST:
        return None
    before = max(0, (count - 1) * stride + reach - size) // 2 if padding == b"SAME" else 0
    return np.arange(count)[:, None] * stride - before + np.arange(length) * rate


def _literal(segments):
    if segments.size <= MAX_FOLLOWED:
        return whole(segments, "int64")
    return Literal("data", "int64", segments.shape, segments.astype(np.int64).tobytes())


def _numbers(literal):
    """Return the whole numbers that a literal holds, in an array of 64 bits, or None."""
    if not isinstance(literal, Literal) or literal.kind not in ("whole", "data") or "int" not in literal.dtype:
        return None
    if literal.kind == "data":
        return np.frombuffer(literal.value, literal.dtype).reshape(literal.shape).astype(np.int64)
    if not all(isinstance(one, int) and abs(one) < _MOST for one in literal.value):
        return None
    return np.array(literal.value, np.int64).reshape(literal.shape)


def _number(literal):
    """Return the one number, whole, that a literal of 32 bits or more holds, or None."""
    if not isinstance(literal, Literal) or literal.shape != ():
        return None
    if literal.dtype in ("float32", "float64") and literal.kind == "data":
        value = np.frombuffer(literal.value, literal.dtype)[0]
        return int(value) if value == np.floor(value) and abs(value) <= _MOST else None
    found = _numbers(literal)
    return None if found is None else int(found)


def _pixels(count):
    found = _number(count)
    return found if found is not None and found < _MOST else None


def _is_within(numbers, begin, end):
    return bool(((numbers >= begin) & (numbers < end)).all())


RULES = {"UnsortedSegmentSum": _summed, "SparseTensorDenseMatMul": _multiplied}
