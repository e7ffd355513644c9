"""Rules for embeddings that are looked up and combined by segments, as `tf.nn.embedding_lookup_sparse` does.

It took each row once and combined those, and combines rows of all the embeddings by now. The gradient still has each
row once: in the order in which they were looked up, or sorted. Both are written as "rows combined" and its gradient,
for the "rows looked up", each once; "where" says which of them each number that was looked up is.
"""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import INT64, is_op, is_scalar, number
from compat_v1.audit.rules.wide import narrowed

v1 = tf.compat.v1

_COMBINING = ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN")
_ROWS = "rows looked up"
_WIDTH = "wide segments"
_CAUSE, _SUM, _WEIGHED = "order of rows", "gradient of a sum of rows", "weights without sum"


def _each_once(rewriter, name, node, operands):
    """Numbers that are made unique to look up rows which are then combined."""
    graph = rewriter.graph
    combining = {user for user, slot in graph.users[name] if slot == 1 and graph.nodes[user].op in _COMBINING}
    if not combining or rewriter.normal.controls(name):
        return False
    made = _rows(rewriter, name, operands[0])
    for index in (0, 1):
        rewriter.normal.tensors[name, index] = (made, index)
    return True


def _rows(rewriter, name, numbers):
    normal = rewriter.normal
    sizes = [(None,), normal.sizes(numbers)]
    made = normal.node(name, _ROWS, {}, [numbers], set(), outputs=2, sizes=sizes)
    normal.absorbed.add(made)
    return made


def _uncast(operand):
    """Return the numbers of segments as they were before they were made 32 bits wide, and the node that did."""
    if is_op(operand, "Cast") and not operand[0].controls:
        return operand[0].inputs[0], {operand[0]}
    return operand, set()


def _any_segments(rewriter, name, node, operands):
    """Of rows that a variable gives by its handle, the numbers of segments were made 32 bits wide, and are not."""
    segments, cast = narrowed(operands[2])
    attributes = rewriter.graph.attributes(name)
    if not cast and "Tsegmentids" not in attributes:
        return False
    attributes.pop("Tsegmentids", None)
    rewriter.normal.absorbed |= cast
    steps = {_WIDTH} if cast else ()
    rewriter.normal.keep(name, node.op, [*operands[:2], segments, *operands[3:]], attributes, steps)
    return True


def _wide_gradient(rewriter, name, node, operands):
    """The gradient of a sum of such rows took the gradient of each segment by those numbers."""
    taken, *rest = operands
    if not is_op(taken, "GatherV2") or taken[0].controls:
        return False
    segments, cast = narrowed(taken[0].inputs[1])
    if not cast <= rewriter.normal.absorbed or not cast or not _is_gathered(taken, taken[0].inputs[1]):
        return False  # absorbed: numbers of segments that rows were combined by
    normal, types = rewriter.normal, {**taken[0].attributes, "Tindices": INT64}
    sizes = [normal.sizes(taken)]
    wide = normal.node(name, "GatherV2", types, [taken[0].inputs[0], segments, taken[0].inputs[2]], set(), sizes=sizes)
    normal.absorbed.add(taken[0])
    normal.keep(name, node.op, [(wide, 0), *rest], steps={_WIDTH})
    return True


def _combined(rewriter, name, node, operands):
    """Rows of embeddings, or of those that were looked up, combined."""
    data, numbers, segments = operands
    if Attributes(node)["sparse_gradient"].b:
        return _combine(rewriter, name, node, [data, numbers, segments])
    if not is_op(numbers, _ROWS) or numbers[1] != 1:
        return False
    gone = set()
    while is_op(data, "Identity") and not data[0].controls:
        gone.add(data[0])
        data = data[0].inputs[0]
    if not _is_gathered(data, (numbers[0], 0)) or data[0].written != node.device:
        return False
    segments, cast = _uncast(segments)
    rewriter.normal.absorbed |= {data[0], *gone, *cast}
    return _combine(rewriter, name, node, [data[0].inputs[0], numbers[0].inputs[0], segments])


def _combine(rewriter, name, node, inputs):
    rewriter.normal.keep(name, f"{node.op} of rows", inputs, rewriter.graph.own_type(name))
    rewriter.combined.append(inputs)
    return True


def _is_gathered(operand, indices):
    """Whether a tensor holds the rows at some indices."""
    if not is_op(operand, "GatherV2") or operand[0].controls or "batch_dims" in operand[0].attributes:
        return False
    return operand[0].inputs[1] == indices and is_scalar(operand[0].inputs[2], 0)


def _gradient(rewriter, name, node, operands):
    """The gradient for each row that was looked up."""
    gradient, numbers, segments, count = operands
    if not _counts_rows(rewriter, numbers, count):
        return False
    segments, cast = _uncast(segments)
    rewriter.normal.absorbed |= cast
    op = node.op.removesuffix("Grad")
    return _for_rows(rewriter, name, op, [gradient, numbers[0].inputs[0], segments], numbers[0], "as looked up")


def _gradient_of_sum(rewriter, name, node, operands):
    """That of a sum took the gradient of each segment for each row in it, and added those up."""
    taken, numbers, count = operands
    if not _counts_rows(rewriter, numbers, count) or not is_op(taken, "GatherV2"):
        return False
    gradient, segments = taken[0].inputs[:2]
    if not _is_gathered(taken, segments):
        return False
    segments, cast = _uncast(segments)
    rewriter.normal.absorbed |= {taken[0], *cast}
    inputs = [gradient, numbers[0].inputs[0], segments]
    return _for_rows(rewriter, name, "SparseSegmentSum", inputs, numbers[0], "as looked up")


def _counts_rows(rewriter, numbers, count):
    """Whether some numbers say which of the rows looked up each is, and another how many there are."""
    if not is_op(numbers, _ROWS) or numbers[1] != 1 or not isinstance(count, Literal):
        return False
    return count.value == rewriter.normal.sizes((numbers[0], 0))


def _sorted_gradient(rewriter, name, node, operands):
    gradient, numbers, segments, count = operands
    known = [
        rewriter.normal.sizes(params)
        for params, *rest in rewriter.combined
        if _keys(rest) == _keys([numbers, segments])
    ]
    if not isinstance(count, Literal) or not any(shape and count.value == shape[:1] for shape in known):
        return False
    rows = _rows(rewriter, name, numbers)
    _for_rows(rewriter, name, node.op.removesuffix("GradV2"), [gradient, numbers, segments], rows, "sorted")
    rewriter.normal.tensors[name, 1] = (rows, 0)
    return True


def _keys(operands):
    return [one.key if isinstance(one, Literal) else one for one in operands]


def _gradient_of_any_sum(rewriter, name, node, operands):
    """The gradient of a sum of rows is an op, and was a sum of the gradients for the segments that each row is in."""
    gradient, numbers, segments, count = operands
    normal, attributes = rewriter.normal, Attributes(node)
    if not isinstance(count, Literal):
        return False
    if _counts_rows(rewriter, numbers, count):
        segments, cast = _uncast(segments)
        normal.absorbed |= cast
        inputs = [gradient, numbers[0].inputs[0], segments]
        return _for_rows(rewriter, name, "SparseSegmentSum", inputs, numbers[0], "as looked up", {_SUM})
    shape, kinds = normal.sizes(gradient), {}
    for key in ("Tidx", "Tsegmentids"):
        kind = attributes[key].type if key in attributes else tf.int32.as_datatype_enum
        kinds[key] = v1.AttrValue(type=kind).SerializeToString(deterministic=True)
    of_it = rewriter.graph.attributes(name)["T"]
    length = (normal.sizes(segments) or (None,))[0]
    rows = count.value[0] if count.kind == "whole" else None
    sizes = [None if shape is None else (size, *shape[1:]) for size in (length, rows)]
    types = {"Tparams": of_it, "Tindices": kinds["Tsegmentids"]}
    taken = normal.node(name, "GatherV2", types, [gradient, segments, number(0, "int32")], sizes=sizes[:1])
    types = {"T": of_it, "Tindices": kinds["Tidx"]}
    normal.keep(name, "UnsortedSegmentSum", [(taken, 0), numbers, count], types, {_SUM}, sizes[1:])
    return True


def _for_rows(rewriter, name, op, inputs, rows, order, steps=frozenset()):
    normal = rewriter.normal
    shape = normal.sizes(inputs[0])
    sizes = None if shape is None else (normal.sizes((rows, 0))[0], *shape[1:])
    made = normal.node(
        name,
        f"gradient of {op} of rows",
        rewriter.graph.own_type(name),
        inputs,
        None,
        {f"{_CAUSE}: {order}", *steps},
        sizes=[sizes],
    )
    normal.tensors[name, 0] = (made, 0)
    return True


def _weighed(rewriter, name, node, operands):
    """A sum of rows over the sum of their weights, or of its gradient: 0 by now where the weights' sum is 0."""
    total, weights = operands
    divisors = rewriter.weights
    if not _is_sum_of_weights(total, weights) and weights not in divisors:
        return False
    divisors.add(weights)
    rewriter.normal.keep(name, "RealDiv", operands, steps={f"{_WEIGHED}: {node.op}"})
    return True


def _is_sum_of_weights(total, weights):
    """Whether one tensor is a sum of weighed rows, and the other that of the weights, or the root of their squares'."""
    if not is_op(total, "SegmentSum") or not is_op(total[0].inputs[0], "Mul"):
        return False
    factors, segments = total[0].inputs[0][0].inputs, total[0].inputs[1]
    is_root = is_op(weights, "Sqrt")
    summed = weights[0].inputs[0] if is_root else weights
    if not is_op(summed, "SegmentSum") or summed[0].inputs[1] != segments:
        return False
    of = summed[0].inputs[0]
    if is_root:
        return is_op(of, "Pow") and is_scalar(of[0].inputs[1], 2) and of[0].inputs[0] in factors
    return not isinstance(of, Literal) and of in factors


def _either(*rules):
    return lambda *of: any(rule(*of) for rule in rules)


RULES = {
    **dict.fromkeys(("RealDiv", "DivNoNan"), _weighed),
    "Unique": _each_once,
    **dict.fromkeys(_COMBINING, _either(_combined, _any_segments)),
    "UnsortedSegmentSum": _either(_gradient_of_sum, _wide_gradient),
    **dict.fromkeys(("SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad"), _either(_gradient, _any_segments)),
    "SparseSegmentSumGrad": _gradient_of_any_sum,
    **dict.fromkeys((f"{op}GradV2" for op in _COMBINING), _sorted_gradient),
}
