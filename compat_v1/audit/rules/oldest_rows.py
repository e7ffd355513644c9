"""Rules for gradients that take or place rows by their numbers: of top_k and of sums of segments in any order."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import INT32, INT64, is_op, is_scalar, is_zeros, single, stays
from compat_v1.audit.pruning import comes_behind

_ROWS, _LARGEST = "rows below 0", "gradient of top_k"


def _taken(rewriter, name, node, operands):
    """Rows are taken by numbers, or zeros where a number is below 0, as for the gradient of an unsorted sum."""
    asked, rows, none = operands
    is_none = isinstance(none, Literal) and none.kind in ("data", "full") and not any(none.value)
    if not is_none or not is_op(rows, "GatherV2") or not is_op(asked, "LogicalAnd"):
        return False
    condition, always = asked[0].inputs
    if not isinstance(always, Literal) or always.kind == "text" or not _is_true(always):
        return False
    values, numbers, axis = rows[0].inputs
    if not is_op(numbers, "Maximum") or not _is_zero(numbers[0].inputs[1]) or not is_scalar(axis, 0):
        return False
    parts = [asked[0], rows[0], numbers[0]]
    while is_op(condition, "ExpandDims") or is_op(condition, "Reshape"):
        parts.append(condition[0])
        condition = condition[0].inputs[0]
    if not is_op(condition, "GreaterEqual") or not is_scalar(condition[0].inputs[1], 0):
        return False
    parts.append(condition[0])
    segments = numbers[0].inputs[0]
    if condition[0].inputs[0] != segments or isinstance(segments, Literal) or not comes_behind(values, parts):
        return False
    chosen, given = map(rewriter.normal.sizes, (rows, segments))
    if rewriter.normal.sizes((numbers[0], 0)) != given:
        return False
    if chosen is None or given is None or rewriter.normal.sizes(asked) != chosen:
        return False
    if not stays(rewriter.normal, rows, none):
        return False
    if rewriter.normal.sizes(asked[0].inputs[0]) != (*given, *[1] * (len(chosen) - len(given))):
        return False
    if not _are_summed(rewriter.normal, segments):
        return False
    rewriter.normal.absorbed.update(parts)
    rewriter.normal.keep(name, "GatherV2", [values, segments, axis], rows[0].attributes, {_ROWS}, [chosen])
    return True


def _are_summed(normal, segments):
    """Whether numbers say for a sum into which row each goes."""
    return any(one.op == "UnsortedSegmentSum" and one.inputs[1] == segments for one in normal.nodes)


def _is_true(literal):
    one = single(literal)
    return one is not None and one.dtype == "bool" and is_scalar(one, 1)


def _is_zero(operand):
    return is_op(operand, "ZerosLike") or is_zeros(operand)


def _begins(rewriter, name, node, operands):
    """Where the rows begin that top_k took elements of is counted in 64 bits, and cast to 32."""
    attributes = rewriter.graph.attributes(name)
    column = operands[0]
    if (attributes.get("SrcT"), attributes.get("DstT")) != (INT64, INT32) or not is_op(column, "ExpandDims"):
        return False
    counted, axis = column[0].inputs
    if not is_op(counted, "Range") or not is_scalar(axis, 1):
        return False
    if not all(isinstance(one, Literal) for one in counted[0].inputs) or not is_scalar(counted[0].inputs[0], 0):
        return False
    users = rewriter.graph.users[name]
    if not users or not all(_adds_to_places(rewriter, user) for user, _ in users):
        return False
    normal = rewriter.normal
    inputs = [one._replace(dtype="int32") for one in counted[0].inputs]
    made = normal.node(name, "Range", {}, inputs, counted[0].controls, {_LARGEST}, sizes=[normal.sizes(counted)])
    kept = normal.keep(name, "ExpandDims", [(made, 0), axis], {"T": INT32}, {_LARGEST}, [normal.sizes(column)])
    kept.controls |= column[0].controls
    normal.absorbed.update({column[0], counted[0]})
    return True


def _adds_to_places(rewriter, name):
    """Whether a node adds to the places in their rows that top_k gives."""
    if rewriter.graph.nodes[name].op not in ("Add", "AddV2"):
        return False
    places = rewriter.normal.tensors.get(rewriter.graph.inputs[name][0])
    while is_op(places, "Reshape"):
        places = places[0].inputs[0]
    places = rewriter.normal.pushed(places)
    return is_op(places, "TopKV2") and places[1] == 1


RULES = {"Select": _taken, "SelectV2": _taken, "Cast": _begins}
