"""Rules for the gradients of tensors of unknown rank, as of placeholders whose shape is not given.

Where the rank is known, sizes and axes are numbers, and other rules write both forms in one way. Here they are ops.
"""

import tensorflow as tf

from compat_v1.audit import dropout
from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import before_branch, entered, is_of_numbers, is_op, is_scalar, is_tensor, makers, number
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import redirect, surely_before, users_of
from compat_v1.audit.rules.oldest_products import UNRANKED
from compat_v1.audit.sizes import add, remainder

_COMPARING = ("GreaterEqual", "LessEqual", "Greater", "Less")
_INT32 = tf.int32.as_datatype_enum
_OF_SIZES = ("AddV2", "Fill", "FloorMod", "GatherV2", "Maximum", "Prod", "Range", "Shape", "StridedSlice")
_BROADCASTING = ("AddV2", "Sub", "Mul", "RealDiv", "Pow", "Maximum", "Minimum", "SquaredDifference")
_REDUCING = ("Sum", "Mean", "Prod", "Max", "Min")


def finish(rewriter):
    """Write the gradients of what is larger or smaller, of sums and means and of solved triangles, in one way."""
    normal = rewriter.normal
    found = {op: [node for node in normal.nodes if node.op == op] for op in _STEPS}
    users = users_of(normal) if any(found.values()) else {}
    for op, step in _STEPS.items():
        for node in found[op]:
            step(rewriter, node, users)
    for node in found["Reshape"]:
        _to_one_number(rewriter, node, users)


def _narrowed(rewriter, name, node, operands):
    """Sizes that were counted in 64 bits and are taken in 32 are counted in 32: where these are too few, none runs."""
    (shape,) = operands
    if not is_op(shape, "Shape") or shape[0].controls or Attributes(node)["DstT"].type != _INT32:
        return False
    attributes = {key: value for key, value in shape[0].attributes.items() if key != "out_type"}
    rewriter.normal.absorbed.add(shape[0])
    rewriter.normal.keep(
        name, "Shape", shape[0].inputs, attributes, {"computed shapes"}, [rewriter.normal.sizes(shape)]
    )
    return True


def _chosen(rewriter, node, users):
    """A gradient is given to what is larger, to the other 0, which is a scalar: its shape was that of the gradient.

    By a condition of one axis Select chooses rows. Here it has the shape of the gradient, as the maximum has.
    """
    for place in (1, 2):
        zeros, other = node.inputs[place], node.inputs[3 - place]
        if not isinstance(other, Literal) and _are_zeros_like(zeros, other):
            if node.op == "Select" and not _is_of_comparison(rewriter.normal, node, users):
                return
            node.op = "SelectV2"
            node.inputs[place] = number(0, rewriter.dtype(node.name))
            node.steps.add("select")
            rewriter.normal.absorbed.update({zeros[0], *(one[0] for one in zeros[0].inputs[:1] if is_op(one, "Shape"))})
            return


def _are_zeros_like(zeros, other):
    if is_op(zeros, "ZerosLike"):
        return zeros[0].inputs[0] == other
    return is_op(zeros, "Fill") and _measures(zeros[0].inputs[0], other) and is_scalar(zeros[0].inputs[1], 0)


def _measures(shape, tensor):
    return is_op(shape, "Shape") and shape[0].inputs[0] == tensor


def _is_of_comparison(normal, node, users):
    """Whether a tensor, chosen by how others compare, is only summed and reshaped to the shape of one of these."""
    compared = _compared(node.inputs[0])
    for total in users[node]:
        if total.op != "Sum" or total.inputs[0] != (node, 0) or not is_op(total.inputs[1], "BroadcastGradientArgs"):
            return False
        broadcast, index = total.inputs[1]
        if not all(any(_is_shape(normal, shape, one) for one in compared) for shape in broadcast.inputs):
            return False
        reshaped = [one for one in users[total] if one.op != "Shape"]
        if not all(one.op == "Reshape" and one.inputs[0] == (total, 0) for one in reshaped):
            return False
        if not all(is_same(one.inputs[1], broadcast.inputs[index]) for one in reshaped):
            return False
    return bool(users[node])


def _compared(condition):
    if is_op(condition, "LogicalOr"):
        return [one for part in condition[0].inputs for one in _compared(part)]
    return condition[0].inputs if is_op(condition, *_COMPARING) else []


def _is_shape(normal, shape, tensor):
    return _measures(shape, tensor) or (isinstance(shape, Literal) and shape.value == normal.sizes(tensor))


def _is_target(normal, shape, tensor):
    """Whether what has as many elements as a tensor is reshaped to its shape, of which one size may be left out."""
    sizes = normal.sizes(tensor)
    if _is_shape(normal, shape, tensor) or not isinstance(shape, Literal) or sizes is None:
        return _is_shape(normal, shape, tensor)
    if len(shape.value) != len(sizes) or shape.value.count(-1) != 1:
        return False
    return all(one in (-1, size) for one, size in zip(shape.value, sizes, strict=True))


def _spread(rewriter, node, users):
    """The gradient of a sum that keeps its dimensions has them, and was reshaped to them before it was spread."""
    given, shape = node.inputs
    stitched = _stitched(given, shape)
    if stitched is None or isinstance(given[0].inputs[0], Literal):
        return
    tensor = shape[0].inputs[0]
    reductions = [one for one in users[tensor[0]] if one.op in _REDUCING and one.inputs[0] == tensor]
    if reductions and all(_is_kept_by(rewriter, one, stitched, shape) for one in reductions):
        node.inputs = [given[0].inputs[0], shape]
        node.steps.add("kept dimensions")
        rewriter.normal.absorbed.update({given[0], *_helpers(stitched)})


def _stitched(given, shape):
    """Return the sizes with some replaced by 1 to which a gradient is reshaped that is spread to the shape, or None."""
    if not is_op(given, "Reshape") or not is_op(shape, "Shape") or not is_op(given[0].inputs[1], "DynamicStitch"):
        return None
    stitched = given[0].inputs[1][0]
    return stitched if len(stitched.inputs) == 4 and stitched.inputs[2] == shape else None


def _helpers(node):
    """Return a node with all that computes sizes for it."""
    found, todo = {node}, [node]
    while todo:
        new = {one for one in makers(todo.pop()) if one.op in _OF_SIZES} - found
        found |= new
        todo += new
    return found


def _is_kept_by(rewriter, node, stitched, shape):
    """Whether sizes are those that a reduction keeps: those of a shape, with 1 along its axes."""
    normal, graph = rewriter.normal, rewriter.graph
    if node.name not in graph.nodes or not Attributes(graph.nodes[node.name])["keep_dims"].b:
        return False
    counted, places, _, ones = stitched.inputs
    (rank,) = normal.sizes(shape)
    if not is_op(counted, "Range") or stitched.controls or not counted[0].controls <= surely_before(shape[0]):
        return False
    start, limit, delta = counted[0].inputs
    if not (is_scalar(start, 0) and is_scalar(delta, 1) and isinstance(limit, Literal) and limit.value == (rank,)):
        return False
    if not _are_places(places, node.inputs[1], rank):
        return False
    return isinstance(ones, Literal) and ones.shape == places.shape and {*ones.value} == {1}


def _are_places(places, axes, rank):
    """Whether places are axes, counted from the start."""
    if not is_of_numbers(axes) or not isinstance(places, Literal):
        return False
    return places.value == tuple(remainder(add(axis, rank), rank) for axis in axes.value)


def _counted(rewriter, node, _users):
    """The gradient of a mean is divided by the sizes along its axes, was by all sizes over those that are left."""
    spread, count = node.inputs
    if not is_op(spread, "BroadcastTo") or not is_op(count, "Cast"):
        return
    given, shape = spread[0].inputs
    stitched, number_of = _stitched(given, shape), count[0].inputs[0]
    if is_op(number_of, "Prod") and is_op(number_of[0].inputs[0], "GatherV2"):
        source, places, axis = number_of[0].inputs[0][0].inputs
        is_counted = source == shape and is_scalar(axis, 0)
    else:
        places = stitched.inputs[1] if stitched else None
        is_counted = places and is_op(number_of, "FloorDiv") and _is_share(rewriter.normal, number_of[0], shape, places)
    if is_counted and rewriter.normal.sizes(number_of) == ():
        parts = number_of[0]
        rewriter.normal.absorbed.update(_helpers(parts) - {parts})
        parts.op, parts.inputs, parts.attributes = ALONG, [shape, places], {}
        parts.steps.add("computed shapes")


def _is_share(normal, node, shape, places):
    """Whether a node divides all sizes of a tensor by those, at least 1, of its mean over certain axes."""
    whole, left = node.inputs
    if not is_op(left, "Maximum") or not is_scalar(left[0].inputs[1], 1):
        return False
    of_mean = left[0].inputs[0]
    if not all(is_op(one, "Prod") and is_op(one[0].inputs[0], "Shape") for one in (whole, of_mean)):
        return False
    if any(normal.sizes(one) != () for one in (whole, of_mean)):
        return False
    mean = of_mean[0].inputs[0][0].inputs[0]
    if whole[0].inputs[0] != shape or not is_op(mean, "Mean") or mean[0].inputs[0] != shape[0].inputs[0]:
        return False
    return _are_places(places, mean[0].inputs[1], *normal.sizes(shape))


def _solved(rewriter, node, users):
    """The gradient of a solved triangle is not summed over batches: until 1.15 there is a right side for each triangle.

    Today's op takes one for many as well, and where nobody knows that there are as many, sums over none. In a loop, the
    gradient takes what was kept of the turn that it is for.
    """
    normal, (given, shape) = rewriter.normal, node.inputs
    back, (broadcast, index) = given[0].inputs
    shape = normal.pushed(shape)
    if not is_op(back, ("MatrixBandPart", "MatrixTriangularSolve")[index]):
        return
    for solved in [one for one in normal.nodes if one.op == "MatrixTriangularSolve"]:
        sides = solved.inputs
        if not _is_target(normal, shape, sides[index]) or (index and normal.pushed(back[0].inputs[0]) != sides[0]):
            continue
        if all(_are_batches(normal, *pair) for pair in zip(broadcast.inputs, sides, strict=True)):
            _leave_unsummed(normal, users, node, "triangles of a batch")
            normal.absorbed.update({shape[0]} if is_op(shape, "Shape") else ())
            return


def _is_of_triangle(normal, negative, shape):
    """Whether the gradient of a triangle has its shape, as it is the product of what two right sides are solved to."""
    product = negative[0].inputs[0] if is_op(negative, "Neg") else None
    if not is_op(product, "MatMul", "BatchMatMulV2") or product[0].attributes.keys() - {"T"} not in _TIMES_TRANSPOSED:
        return False
    solved = product[0].inputs
    if not all(is_op(one, "MatrixTriangularSolve") for one in solved):
        return False
    triangle, other = (one[0].inputs[0] for one in solved)
    return triangle == other and not isinstance(triangle, Literal) and _is_target(normal, shape, triangle)


def _multiplied(rewriter, node, users):
    """The gradient of a product of a matrix and what has an unknown rank is not summed: matrices have no batches.

    In a loop, it takes what was kept of the turn that it is for.
    """
    normal, (given, shape) = rewriter.normal, node.inputs
    back, (broadcast, index) = given[0].inputs
    shape = normal.pushed(shape)
    if not is_op(back, "MatMul"):
        return
    taken = [normal.pushed(one) for one in back[0].inputs]
    measured = shape[0].inputs if is_op(shape, "Shape") else []
    beside = {one for operand in (*taken, *measured) if is_tensor(operand) for one in users[operand[0]]}
    for product in [one for one in beside if UNRANKED in one.steps]:
        sides = product.inputs
        if _as_outside(sides[1 - index]) not in map(_as_outside, taken) or not _is_shape(normal, shape, sides[index]):
            continue
        if all(_are_batches(normal, *pair) for pair in zip(broadcast.inputs, sides, strict=True)):
            _leave_unsummed(normal, users, node, UNRANKED)
            normal.absorbed.update({shape[0]} if measured else ())
            return


def _as_outside(operand):
    """Return what a branch or loop has as it is outside, and any other operand as it is."""
    return entered(before_branch(operand))


def _dropped(rewriter, node, users):
    """The gradient of what a dropout masks is not summed where as many numbers are drawn as that has elements."""
    normal, (given, shape) = rewriter.normal, node.inputs
    back, (broadcast, index) = given[0].inputs
    scaled = shape[0].inputs[0] if is_op(shape, "Shape") and broadcast.inputs[index] == shape else None
    if not is_op(scaled, "scaled") or not is_op(back, "masked"):
        return
    drawn, other = back[0].inputs[1], broadcast.inputs[1 - index]
    if is_op(other, "Shape") and _measures(drawn[0].inputs[0], scaled[0].inputs[0]):
        found = dropout.mask(other[0].inputs[0])
        is_masked = is_op(other[0].inputs[0], "masked") and other[0].inputs[0][0].inputs[:2] == [scaled, drawn]
        if is_masked or (found and found[0] == drawn):
            _leave_unsummed(normal, users, node, "static broadcast")


def _beside_scalar(rewriter, node, users):
    """The gradient of a tensor beside a scalar is not summed: nothing is broadcast but the scalar.

    It is where TensorFlow knows no shape, and then over axes of one element at most, and reshaped to the same shape.
    """
    normal, (given, shape) = rewriter.normal, node.inputs
    back, (broadcast, index) = given[0].inputs
    if not is_op(shape, "Shape") or broadcast.inputs[index] != shape:
        return
    tensor, other = shape[0].inputs[0], broadcast.inputs[1 - index]
    if isinstance(back, Literal) or isinstance(tensor, Literal) or not isinstance(other, Literal) or other.value != ():
        return
    forward = {one for one in users[tensor[0]] if one.op in _BROADCASTING and tensor in one.inputs}
    if not any(normal.sizes(one) == () for node in forward for one in node.inputs):
        return
    _leave_unsummed(normal, users, node, "static broadcast")


def _to_one_number(rewriter, node, users):
    """The gradient of a scalar beside a tensor is the sum of all elements: it is reshaped to one number, or stops.

    Today's axes are those that the program told TensorFlow, by set_shape; they were computed where no shape is known.
    """
    normal, (given, shape) = rewriter.normal, node.inputs
    total = given[0] if is_op(given, "Sum") and users[given[0]] == {node} else None
    if total is None or node.controls or total.controls or not isinstance(shape, Literal) or shape.value != ():
        return
    tensor, axes = total.inputs
    if isinstance(tensor, Literal) or normal.sizes(tensor) is not None:
        return
    if isinstance(axes, Literal):
        if axes.kind != "whole" or not axes.value or axes.value != tuple(range(len(axes.value))):
            return
        normal.absorbed |= {one for one in normal.nodes if _is_of_scalar(normal, one, users)}
    else:
        broadcast, index = axes
        one, other = (broadcast.inputs[k] for k in (index, 1 - index)) if broadcast.op in _BROADCAST else (None, None)
        if not isinstance(one, Literal) or one.value != () or not is_op(other, "Shape"):
            return
        normal.absorbed.update(_helpers(broadcast))
    total.op, total.inputs, total.attributes = OF_ALL, [tensor], {}
    total.steps.add("static broadcast")


def _is_of_scalar(normal, node, users):
    """Whether a node measures what has no known rank beside a scalar, as the gradients of both do."""
    tensor = node.inputs[0] if node.op == "Shape" and not node.controls else None
    if tensor is None or isinstance(tensor, Literal) or normal.sizes(tensor) is not None:
        return False
    forward = {one for one in users[tensor[0]] if one.op in _BROADCASTING and tensor in one.inputs}
    return any(normal.sizes(one) == () for node in forward for one in node.inputs)


def _leave_unsummed(normal, users, reshaped, rule):
    """Let what is summed over what was broadcast, and reshaped then, be taken as it is."""
    total = reshaped.inputs[0][0]
    back, (broadcast, _) = total.inputs
    _leave(normal, users, reshaped, back, rule)
    normal.absorbed.update({total, *_helpers(broadcast)})


def _leave(normal, users, reshaped, back, rule):
    """Let what is reshaped to the shape that it has be taken as it is."""
    redirect(normal, {(reshaped, 0): back})
    for user in users[reshaped]:
        if reshaped in user.controls:
            user.controls = user.controls - {reshaped} | {back[0]}
    normal.absorbed.add(reshaped)
    back[0].steps.add(rule)


def _reshaped(rewriter, node, users):
    normal, (given, shape) = rewriter.normal, node.inputs
    is_triangle = is_op(given, "MatrixBandPart") and not node.controls
    if is_triangle and _is_of_triangle(normal, given[0].inputs[0], shape):
        _leave(normal, users, node, given, "triangles of a batch")
    if not is_op(given, "Sum") or not is_op(given[0].inputs[1], "BroadcastGradientArgs"):
        return
    if node.controls or given[0].controls:
        return
    for leave in (_solved, _multiplied, _dropped, _beside_scalar):
        if node not in normal.absorbed:
            leave(rewriter, node, users)


def _are_batches(normal, sizes, tensor):
    """Whether sizes are those of a tensor but for the last two."""
    if is_op(sizes, "StridedSlice"):
        shape, begin, end, step = sizes[0].inputs
        bounds = [one.value if isinstance(one, Literal) else None for one in (begin, end, step)]
        if not _MASKS.isdisjoint(sizes[0].attributes):
            return False
        return _measures(normal.pushed(shape), tensor) and bounds == [(0,), (-2,), (1,)]
    known = normal.sizes(tensor)
    return isinstance(sizes, Literal) and known is not None and sizes.value == known[:-2]


_TIMES_TRANSPOSED = ({"transpose_b"}, {"adj_y"})
_MASKS = {"end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"}
_BROADCAST = ("BroadcastGradientArgs",)
OF_ALL = "sum of all"  # an op of the normal form: of all elements, however many axes there are
ALONG = "sizes along axes"  # an op of the normal form: the product of the sizes of a tensor along some axes
_STEPS = {"Reshape": _reshaped, "RealDiv": _counted, "BroadcastTo": _spread, "Select": _chosen, "SelectV2": _chosen}
RULES = {"Cast": _narrowed}
