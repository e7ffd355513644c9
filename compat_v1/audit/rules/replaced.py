"""Rules for ops that TensorFlow has made of others since 1.15: counts, steps between numbers, one parsed example."""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import EMPTY_LIST, is_op, is_scalar, single, times
from compat_v1.audit.patterns import set_terms

v1 = tf.compat.v1


def _counted_pairs(rewriter, name, _node, operands):
    """Numbers added to zeros at the places that they have, one after the other."""
    indices, values, shape, zeros = operands
    if isinstance(indices, Literal) or not _are_zeros(rewriter, zeros, shape):
        return False
    attributes = rewriter._without_index_types(name, operands)
    rewriter.normal.keep(name, "ScatterNd", [indices, values, shape], attributes, {"counted pairs"})
    return True


def _are_zeros(rewriter, zeros, shape):
    """Whether a tensor is full of zeros and has a shape, which may be a tensor that is cast for that."""
    if isinstance(zeros, Literal) or isinstance(shape, Literal):
        alike = isinstance(zeros, Literal) and isinstance(shape, Literal) and zeros.shape == shape.value
        zero = single(zeros) if alike else None
        return zero is not None and is_scalar(zero, 0)
    if not is_op(zeros, "Fill") or zeros[0].controls or not is_op(zeros[0].inputs[0], "Cast"):
        return False
    (cast, zero), given = zeros[0].inputs, zeros[0].inputs[0][0]
    if given.controls or given.inputs[0] != shape or not is_scalar(zero, 0):
        return False
    rewriter.normal.absorbed.update({zeros[0], cast[0]})
    return True


def _added_sparse(rewriter, name, node, operands):
    """Two sparse tensors of one shape that is known have a sum of that shape."""
    shape, other = operands[2], operands[5]
    if not (isinstance(shape, Literal) and isinstance(other, Literal)) or shape.key != other.key:
        return False
    rewriter.normal.keep(name, node.op, operands)
    rewriter.normal.tensors[name, 2] = shape
    return True


def _parsed_alone(rewriter, name, node, operands):
    """One example is parsed by the op that parses many, which takes the names of its features as operands."""
    serialized, *defaults = operands
    attributes, written = Attributes(node), rewriter.graph.attributes(name)
    keys = [Literal("text", "string", (len(found),), tuple(found)) for found in _keys(attributes)]
    none = Literal("text", "string", (0,), ())
    kept = {key: written.get(key, EMPTY_LIST) for key in ("sparse_types", "Tdense", "dense_shapes")}
    kept |= {"ragged_value_types": EMPTY_LIST, "ragged_split_types": EMPTY_LIST}
    kept["num_sparse"] = written.get("num_sparse", _NONE)
    if written.keys() - kept.keys() - {"sparse_keys", "dense_keys", "_class"}:
        return False
    rewriter.normal.assume(serialized, ())
    inputs = [serialized, none, *keys, none, *defaults]
    shapes = rewriter.graph.shapes[name]
    made = rewriter.normal.node(name, "ParseExampleV2", kept, inputs, None, {"parsed"}, len(shapes), shapes)
    for index in range(len(shapes)):
        rewriter.normal.tensors[name, index] = (made, index)
    return True


_NONE = v1.AttrValue(i=0).SerializeToString(deterministic=True)


def _keys(attributes):
    return [list(attributes[key].list.s) for key in ("sparse_keys", "dense_keys")]


def _steps(rewriter, name, _node, operands):
    """From `start` to `stop` in n steps: start, start + step * [1, 2, …], stop, of which the first n are taken."""
    joined, begin, size = operands
    if not is_op(joined, "ConcatV2") or len(joined[0].inputs) != 4 or joined[0].controls:
        return False
    first, between, last, axis = joined[0].inputs
    known = isinstance(begin, Literal) and isinstance(size, Literal) and begin.value == (0,) and len(size.value) == 1
    if not known or not is_scalar(axis, 0) or not isinstance(size.value[0], int) or size.value[0] < 2:
        return False
    count = size.value[0]
    ends = [_alone(one) for one in (first, last)]
    if not is_op(between, "AddV2") or None in ends or between[0].inputs[0] != first:
        return False
    product = between[0].inputs[1]
    if not is_op(product, "Mul") or not _is_step(product[0].inputs[0], first, last, count):
        return False
    counting = _counts_up(product[0].inputs[1], count)
    if counting is None or product[0].controls or between[0].controls:
        return False
    normal = rewriter.normal
    step = product[0].inputs[0][0]
    normal.absorbed.update({joined[0], first[0], last[0], between[0], product[0], step, step.inputs[0][0], *counting})
    types = rewriter.graph.own_type(name)
    number = size._replace(shape=(), form=0, leaves=())
    normal.keep(name, "LinSpace", [*ends, number], types, {"steps between numbers"}, [(count,)])
    return True


def _alone(operand):
    """Return the scalar that a vector of one element is made of, or None."""
    if not is_op(operand, "ExpandDims") or operand[0].controls or not is_scalar(operand[0].inputs[1], 0):
        return None
    return operand[0].inputs[0]


def _is_step(operand, first, last, count):
    """Whether a tensor is (last - first) / (count - 1)."""
    if not is_op(operand, "RealDiv") or operand[0].controls or not is_scalar(operand[0].inputs[1], count - 1):
        return False
    distance = operand[0].inputs[0]
    return is_op(distance, "Sub") and distance[0].inputs == [last, first] and not distance[0].controls


def _counts_up(operand, count):
    """Return the nodes that make [1, 2, …, count - 2] of a constant, as floating-point numbers; None for any other."""
    nodes = []
    while is_op(operand, "Reshape") or is_op(operand, "Cast"):
        if operand[0].controls or any(one.op == operand[0].op == "Cast" for one in nodes):
            return None  # what is cast twice may have been cut in between
        nodes.append(operand[0])
        operand = operand[0].inputs[0]
    known = isinstance(operand, Literal) and operand.kind == "whole" and operand.value == tuple(range(1, count - 1))
    return nodes if known else None


def _accumulated(rewriter, name, _node, operands):
    """A sum whose terms were added as they came."""
    attributes = rewriter.graph.attributes(name)
    attributes.pop("shape", None)
    rewriter.normal.keep(name, "AddN", operands, attributes, {_AS_THEY_CAME})
    return True


def _accumulated_in_place(rewriter, name, _node, operands):
    """The same in a variable for this alone, which begins with zeros that are as large as whichever term comes first.

    Destroying it gives what it holds, when all have been added.
    """
    normal, graph = rewriter.normal, rewriter.graph
    ((begin, _),) = graph.inputs[name]
    added = graph.controls[name]
    ops = {one: graph.nodes[one].op for one in (begin, *added)}
    if not added or ops.pop(begin) != "Assign" or set(ops.values()) != {"AssignAdd"} or len(ops) != len(added):
        return False
    (variable, _), (zeros, _) = graph.inputs[begin]
    if graph.nodes[variable].op != "TemporaryVariable" or any(graph.inputs[one][0] != (begin, 0) for one in added):
        return False
    if not all(graph.nodes[one].attr["use_locking"].b for one in added):  # a term may be lost
        return False
    terms = [graph.inputs[one][1] for one in added]
    first = {user for user, _ in graph.users[terms[0][0]] if graph.nodes[user].op == "Merge"}
    first = {one for one in first if sorted(graph.inputs[one]) == sorted(terms)}
    value, is_like = normal.tensors.get((zeros, 0)), graph.nodes[zeros].op == "ZerosLike"
    is_zero = isinstance(value, Literal) and is_scalar(single(value) or value, 0)
    if not (graph.inputs[zeros][0][0] in first if is_like else is_zero):
        return False
    inner = {variable, begin, *added, *first} | ({zeros} if is_like else set())
    parts = {normal.made[one] for one in inner if one in normal.made}  # zeros may be a literal, which is none
    if any({*graph.followers[one]} - inner - {name} for one in inner):
        return False
    waits = set().union(*(one.controls for one in parts)) - parts
    taken = [normal.tensors.get(one) for one in terms]
    sizes = [normal.sizes(taken[0])]
    made = normal.node(name, "AddN", graph.own_type(name), taken, waits, {_AS_THEY_CAME}, 1, sizes)
    set_terms(made, taken)
    normal.tensors[name, 0] = (made, 0)
    normal.removed |= parts
    normal.accounted |= parts
    return True


def _largest_gradient(rewriter, name, _node, operands):
    """The gradient of top_k puts each number into zeros at a place of its own."""
    places, shape, values, none = operands
    sizes = rewriter.normal.sizes(places)
    if not is_scalar(none, 0) or sizes is None or len(sizes) != 1 or not _are_of_largest(rewriter.normal, places):
        return False
    attributes = rewriter.graph.attributes(name)
    attributes.pop("validate_indices", None)
    types = {"T": attributes["Tindices"]}
    column = rewriter.normal.node(name, "ExpandDims", types, [places, whole(1, "int32")], set(), sizes=[(*sizes, 1)])
    inputs = [(column, 0), values, shape]
    rewriter.normal.keep(name, "ScatterNd", inputs, attributes, {"gradient of top_k"})
    return True


def _are_of_largest(normal, places):
    """Whether numbers are those that top_k gives, row by row, with where the row begins added: no two are the same."""
    if not is_op(places, "Reshape") or not is_op(places[0].inputs[0], "AddV2"):
        return False
    rows, begins = places[0].inputs[0][0].inputs
    largest = normal.pushed(rows[0].inputs[0] if is_op(rows, "Reshape") else rows)
    if not is_op(largest, "TopKV2") or largest[1] != 1:
        return False
    whole_rows, chosen, given = map(normal.sizes, (largest[0].inputs[0], largest, rows))
    if not whole_rows or not chosen or given is None or len(given) != 2 or given[-1] != chosen[-1]:
        return False
    return _are_multiples(begins, whole_rows[-1])


def _are_multiples(operand, width):
    """Whether an operand is a column of 0, width, 2 * width, …"""
    if isinstance(operand, Literal):
        is_column = operand.kind == "whole" and operand.shape == (len(operand.value), 1)
        return is_column and operand.value == tuple(times(row, width) for row in range(len(operand.value)))
    if not is_op(operand, "ExpandDims") or not is_op(operand[0].inputs[0], "Range"):
        return False
    start, _, step = operand[0].inputs[0][0].inputs
    axis = operand[0].inputs[1]
    is_column = is_scalar(axis, 1) or is_scalar(axis, -1)
    return is_column and is_scalar(start, 0) and isinstance(step, Literal) and step.value == (width,)


def _bincount(rewriter, name, _node, operands):
    """Whole numbers that lie in a row are counted by the newer op, if each of them counts 1."""
    numbers, _, weights = operands
    shape = rewriter.normal.sizes(numbers)
    if shape is None or len(shape) != 1 or not isinstance(weights, Literal):
        return False
    if weights.kind != "whole" or weights.shape != (0,):
        return False
    rewriter.normal.keep(name, "DenseBincount", operands, rewriter.graph.own_type(name), {"counted as they lie"})
    return True


def _clipped(rewriter, name, _node, operands):
    """What is clipped by one op: the smaller of it and the upper limit, and the larger of that and the lower."""
    normal = rewriter.normal
    clipped, least, most = operands
    sizes = normal.sizes(clipped)
    limits = [normal.sizes(one) for one in (least, most)]
    if sizes is None or any(one not in ((), sizes) for one in limits):  # others the op refuses
        return False
    types = rewriter.graph.attributes(name)
    smaller = normal.node(name, "Minimum", types, [clipped, most], None, {_CLIPPED}, sizes=[sizes])
    larger = normal.node(name, "Maximum", types, [(smaller, 0), least], set(), {_CLIPPED}, sizes=[sizes])
    normal.tensors[name, 0] = (larger, 0)
    return True


_CLIPPED, _AS_THEY_CAME = "clipped by one op", "order of a sum: as they came"
RULES = {
    "ClipByValue": _clipped,
    "Bincount": _bincount,
    "SparseToDense": _largest_gradient,
    "AccumulateNV2": _accumulated,
    "DestroyTemporaryVariable": _accumulated_in_place,
    "SparseTensorDenseAdd": _counted_pairs,
    "SparseAdd": _added_sparse,
    "ParseSingleExample": _parsed_alone,
    "Slice": _steps,
}
