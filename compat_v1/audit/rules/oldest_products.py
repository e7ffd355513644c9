"""Rules for batches of matrices and rows: products, and the softmax of tensors of more than two axes."""

from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import NOTES_ON_PRODUCTS, axes_of, is_op, is_scalar, is_tensor, with_rest, without_ones
from compat_v1.audit.pruning import comes_behind, surely_before
from compat_v1.audit.sizes import is_as_large

UNRANKED, _ROWS, _ONE_BATCH = "product of unknown rank", "rows of a softmax", "one batch"
_ADJOINT = {"adj_x": "transpose_a", "adj_y": "transpose_b"}


def _product_of_batches(rewriter, name, node, operands):
    """A product of batches of one shape."""
    attributes = rewriter.graph.attributes(name)
    rewriter.normal.keep(name, "BatchMatMulV2", operands, attributes, {"batches of products"})
    return True


def _of_unknown_rank(rewriter, name, node, operands):
    """A product of a matrix and what has an unknown rank was one of matrices, and stopped for anything else."""
    ranks = [None if sizes is None else len(sizes) for sizes in map(rewriter.normal.sizes, operands)]
    attributes = rewriter.graph.attributes(name)
    attributes = {key: value for key, value in attributes.items() if key not in NOTES_ON_PRODUCTS}
    static = [rewriter.graph.shapes[maker][index] for maker, index in rewriter.graph.inputs[name]]
    if None not in static or sorted(ranks, key=str) not in ([2, 2], [2, None]):
        return False
    if not rewriter.dtype(name).startswith("float") or attributes.keys() - {"T", *_ADJOINT}:
        return False
    attributes = {_ADJOINT.get(key, key): value for key, value in attributes.items()}
    rewriter.normal.keep(name, "MatMul", operands, attributes, {UNRANKED})
    return True


def _over_batches(rewriter, name, node, operands):
    """The sum of a product's gradient over the batches that were broadcast, reshaped into the factor's shape."""
    product, axes = operands
    if not is_op(product, "BatchMatMulV2") or not is_op(axes, "BroadcastGradientArgs") or product[0].controls:
        return False
    batches, whole_of_it = [_known(one) for one in axes[0].inputs], rewriter.normal.sizes(product)
    if None in batches or whole_of_it is None or not _may_agree(*batches):
        return False
    graph = rewriter.graph
    users = graph.users[name]
    if not users or graph.controls[name]:
        return False
    if any(slot or graph.nodes[user].op != "Reshape" or graph.controls[user] for user, slot in users):
        return False
    own = (*batches[axes[1]], *whole_of_it[-2:])
    targets = [rewriter.normal.tensors.get(graph.inputs[user][1]) for user, _ in users]
    if not all(is_as_large(own, reshaped(own, list(_known(one) or ()))) for one in targets):
        return False
    rewriter.of_one_batch.update(user for user, _ in users)
    rewriter.normal.absorbed.add(axes[0])
    product[0].steps.add(_ONE_BATCH)
    rewriter.normal.set_sizes(product[0], own)
    rewriter.normal.alias(name, product, _ONE_BATCH)
    return True


def _is_of_one_batch(normal, product, own):
    """Whether a product of batches is reshaped into the shape of a factor, which it has if all batches have one."""
    sizes = normal.sizes(product) if is_op(product, "BatchMatMulV2") else None
    if sizes is None or own is None or sizes == own or len(sizes) != len(own) or sizes[-2:] != own[-2:]:
        return False
    return _are_alike(sizes, own) and _may_agree(sizes[:-2], own[:-2])


def _known(operand):
    return operand.value if isinstance(operand, Literal) and operand.kind == "whole" else None


def _may_agree(sizes, others):
    """Whether two batches can have one shape, and none of them is known to be repeated."""
    pairs = list(zip(sizes, others, strict=False))
    return len(sizes) == len(others) and all(one == two or 1 not in (one, two) for one, two in pairs)


def _softmax(rewriter, name, node, operands):
    """The softmax of all rows, reshaped into a matrix, is that of the tensor, reshaped."""
    rows, normal = operands[0], rewriter.normal
    if not is_op(rows, "Reshape") or isinstance(rows[0].inputs[0], Literal):
        return False
    tensor = rows[0].inputs[0]
    waits = rows[0].controls | normal.controls(name)
    if waits and not waits <= surely_before(tensor[0]):
        return False
    shape, flat = normal.sizes(tensor), normal.sizes(rows)
    if shape is None:
        counting = _of_any_rank(tensor, rows[0].inputs[1])
        if not counting:
            return False
        normal.absorbed |= counting
    elif flat is None or len(flat) != 2 or len(shape) in (0, 2) or flat[1] != shape[-1]:
        return False
    normal.absorbed.add(rows[0])
    soft = _made(rewriter, name, node.op, [tensor], shape)
    _flatten(rewriter, name, soft, rows[0].inputs[1], flat)
    return True


def _of_any_rank(tensor, written):
    """Return the nodes of a shape, if it is that of all rows of a tensor of unknown rank: the rest, its last size."""
    if not is_op(written, "ConcatV2") or written[0].controls or len(written[0].inputs) != 3:
        return set()
    rest, last, _ = written[0].inputs
    if _known(rest) != (-1,) or not is_op(last, "Slice") or not is_op(last[0].inputs[0], "Shape"):
        return set()
    shape, begin, size = last[0].inputs
    place = begin[0].inputs[0] if is_op(begin, "Pack") and len(begin[0].inputs) == 1 else None
    if _known(size) != (1,) or not is_op(place, "Sub") or not is_scalar(place[0].inputs[1], 1):
        return set()
    rank = place[0].inputs[0]
    is_whole = is_op(rank, "Rank") and rank[0].inputs == shape[0].inputs == [tensor]
    return {one[0] for one in (written, last, shape, begin, place, rank)} if is_whole else set()


def _flatten(rewriter, name, tensor, written, flat):
    made = _made(rewriter, name, "Reshape", [tensor, written], flat, shared=False)  # what else reshapes it so, stays
    rewriter.flattened.add(made[0])
    rewriter.normal.made[name] = tensor[0]
    rewriter.normal.tensors[name, 0] = made
    rewriter.normal.absorbed.add(made[0])


def _made(rewriter, name, op, operands, sizes, shared=None):
    types = {"T": rewriter.graph.attributes(name)["T"]}
    return rewriter.normal.node(name, op, types, operands, set(), {_ROWS}, sizes=[sizes], shared=shared), 0


def _reshaped_back(rewriter, name, node, operands):
    """What was reshaped into a matrix only for that is reshaped from what it was."""
    rows, shape = operands
    if name in rewriter.of_one_batch or _is_of_one_batch(rewriter.normal, rows, _known(shape)):
        rows[0].steps.add(_ONE_BATCH)
        rewriter.normal.alias(name, rows, _ONE_BATCH)
        return True
    if isinstance(rows, Literal) or rows[0] not in rewriter.flattened or rewriter.graph.controls[name]:
        return False
    soft = rows[0].inputs[0]
    if is_op(shape, "Shape") and shape[0].inputs == soft[0].inputs:  # of unknown rank
        rewriter.normal.absorbed.update({shape[0], rows[0]})
        rewriter.normal.alias(name, soft, _ROWS)
        return True
    return rewriter._Reshape(name, node, [soft, shape])


def _gradient(rewriter, name, node, operands):
    """(g - sum of g * y) * y, row by row in a matrix or along the last axis."""
    difference, soft = operands
    rows = _kept_rows(rewriter, soft)
    if rows is None or not is_op(difference, "Sub") or rewriter.graph.controls[name]:
        return False
    gradient, column = difference[0].inputs
    if isinstance(gradient, Literal) or not is_op(column, "Reshape"):
        return False
    total = column[0].inputs[0]
    product = total[0].inputs[0] if is_op(total, "Sum") and _is_last_axis(total[0].inputs[1]) else None
    if not is_op(product, "Mul") or product[0].inputs != [gradient, soft]:
        return False
    if rows != soft and not _is_kept_for(rewriter, soft[0], {name, *product[0].names}):
        return False
    normal, own, written = rewriter.normal, *rows[0].inputs
    shape, flat = normal.sizes(own), normal.sizes(rows)
    if shape is None or normal.sizes(column) != (flat[0], 1) or normal.sizes(gradient) != flat:
        return False
    before = _before_rows(rewriter, name, gradient, soft, shape, (difference, column, total, product))
    if before is None:
        return False
    own = own if rows == soft else _keep_whole(normal, soft[0], own, shape)
    kept = (*shape[:-1], 1)
    target = whole(with_rest(kept), "int32")
    summed = _made(rewriter, name, "Mul", [before, own], shape)
    summed = _made(rewriter, name, "Sum", [summed, whole([len(shape) - 1], "int32")], shape[:-1])
    summed = _made(rewriter, name, "Reshape", [summed, target], kept)
    left = _made(rewriter, name, "Sub", [before, summed], shape)
    _flatten(rewriter, name, _made(rewriter, name, "Mul", [left, own], shape), written, flat)
    return True


def _before_rows(rewriter, name, gradient, soft, shape, parts):
    """Return the gradient of this shape that is reshaped into rows, of which `parts` are made; let go of these.

    It may come from what the softmax was reshaped into, or squeezed, and was reshaped from that into rows at once.
    Return None where something else is awaited.
    """
    normal, before = rewriter.normal, gradient[0].inputs[0] if is_op(gradient, "Reshape") else None
    known = normal.sizes(before) if is_tensor(before) else None
    is_whole = known is not None and _are_alike(known, shape)
    if is_whole or (known is not None and without_ones(known) == without_ones(shape)):
        parts = (*parts, gradient)
    else:
        before = gradient
    if not comes_behind(before, [one[0] for one in parts], [soft[0]]):
        return None
    normal.absorbed.update(one[0] for one in parts)
    return before if is_whole else _made(rewriter, name, "Reshape", [before, whole(with_rest(shape), "int32")], shape)


def _kept_rows(rewriter, soft):
    """Return the rows of a softmax that a gradient takes, or that were pushed where it pops them; None for others."""
    if isinstance(soft, Literal):
        return None
    rows = rewriter.normal.pushed(soft)
    return None if isinstance(rows, Literal) or rows[0] not in rewriter.flattened else rows


def _is_kept_for(rewriter, pop, names):
    """Whether nodes of these names alone take what is popped, and nothing takes it from where it is pushed."""
    users = rewriter.graph.users
    return {user for user, _ in users[pop.name]} <= names and not users[rewriter.normal.kept[pop][1]]


def _keep_whole(normal, pop, own, shape):
    """Push the softmax itself instead of its rows; return what is popped then."""
    _, push, handles = normal.kept[pop]
    normal.kept[pop] = (own, push, handles)
    pushed = normal.made[push]
    pushed.inputs[1] = own
    for node in (pushed, pop):
        normal.set_sizes(node, shape)
    return pop, 0


def _log_gradient(rewriter, name, node, operands):
    """g - (sum of g) * exp(y), where y is the logarithm of a softmax: in a matrix or along the last axis."""
    gradient, product = operands
    if isinstance(gradient, Literal) or not is_op(product, "Mul") or rewriter.graph.controls[name]:
        return False
    column, exponents = product[0].inputs
    soft = exponents[0].inputs[0] if is_op(exponents, "Exp") else None
    if not is_op(soft, "Reshape") or soft[0] not in rewriter.flattened or not is_tensor(column):
        return False
    normal, (own, written) = rewriter.normal, soft[0].inputs
    total = column[0].inputs[0] if is_op(column, "Reshape") else column
    if not _is_sum_of_rows(normal, total, gradient):
        return False
    shape, flat = normal.sizes(own), normal.sizes(soft)
    if shape is None or normal.sizes(column) != (flat[0], 1) or normal.sizes(gradient) != flat:
        return False
    before = _before_rows(rewriter, name, gradient, soft, shape, (product, column, total, exponents))
    if before is None:
        return False
    kept = (*shape[:-1], 1)
    summed = _made(rewriter, name, "Sum", [before, whole([len(shape) - 1], "int32")], shape[:-1])
    summed = _made(rewriter, name, "Reshape", [summed, whole(with_rest(kept), "int32")], kept)
    part = _made(rewriter, name, "Mul", [summed, _made(rewriter, name, "Exp", [own], shape)], shape)
    _flatten(rewriter, name, _made(rewriter, name, "Sub", [before, part], shape), written, flat)
    return True


def _is_sum_of_rows(normal, total, gradient):
    """Whether the rows of a gradient are summed, or what is reshaped into these, along its last axis."""
    if not is_op(total, "Sum"):
        return False
    source, axes = total[0].inputs
    if source == gradient:
        return _is_last_axis(axes)
    if not is_op(gradient, "Reshape") or gradient[0].inputs[0] != source or not is_tensor(source):
        return False
    sizes = normal.sizes(source)
    return sizes is not None and sizes[-1] == normal.sizes(gradient)[-1] and axes_of(axes, sizes) == [len(sizes) - 1]


def _are_alike(shape, other):
    """Whether two tensors of as many elements have one shape: all sizes but one, before the last of several, agree."""
    if shape is None or len(shape) != len(other):
        return False
    if len(shape) > 1 and shape[-1] != other[-1]:
        return False
    return sum(one != two for one, two in zip(shape, other, strict=True)) <= 1


def _is_last_axis(axes):
    return isinstance(axes, Literal) and axes.kind == "whole" and axes.value in ((1,), (-1,))


RULES = {
    "BatchMatMul": _product_of_batches,
    "BatchMatMulV2": _of_unknown_rank,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Sum": _over_batches,
    "Reshape": _reshaped_back,
    "Mul": _gradient,
    "Sub": _log_gradient,
}
