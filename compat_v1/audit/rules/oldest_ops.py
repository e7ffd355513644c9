"""Rules for ops that only TensorFlow's first releases wrote otherwise."""

import numpy as np
import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import VARIABLES, is_op, is_scalar, number, stays
from compat_v1.audit.patterns import make
from compat_v1.audit.pruning import comes_behind
from compat_v1.audit.rules.sequences import asserted
from compat_v1.audit.sizes import unknown

v1 = tf.compat.v1


def _in_top_k(rewriter, name, node, operands):
    """The number of candidates was an attribute, and is an operand."""
    attributes = rewriter.graph.attributes(name)
    attributes.pop("k", None)
    count = whole(Attributes(node)["k"].i, "int32", (name,))
    rewriter.normal.keep(name, "InTopKV2", [*operands, count], attributes, {"in top k"})
    return True


def _suppressed(rewriter, name, node, operands):
    """How much two boxes may have in common was an attribute, and is an operand beside a least score, which is none."""
    attributes = rewriter.graph.attributes(name)
    attributes.pop("iou_threshold", None)
    share = number(float(np.float32(Attributes(node)["iou_threshold"].f)), "float32")
    inputs = [*operands, share, number(float("-inf"), "float32")]
    rewriter.normal.keep(name, "NonMaxSuppressionV3", inputs, attributes, {"boxes of one score"})
    return True


def _suppressed_by_share(rewriter, name, _node, operands):
    """The least score came after that share."""
    inputs = [*operands, number(float("-inf"), "float32")]
    attributes = rewriter.graph.attributes(name)
    rewriter.normal.keep(name, "NonMaxSuppressionV3", inputs, attributes, {"boxes of one score"})
    return True


def _clipped(rewriter, name, node, operands):
    """t * clip * min(rsqrt(sum of squares), 1 / clip) clips by a norm, as it was first written."""
    product, scale = operands
    if not is_op(scale, "Minimum") or not is_op(product, "Mul"):
        return False
    inverse, by_clip = scale[0].inputs
    if not (is_op(inverse, "Rsqrt") and is_op(by_clip, "RealDiv") and is_scalar(by_clip[0].inputs[0], 1)):
        return False
    parts = scale[0], inverse[0], by_clip[0]
    return _keep_clipped(rewriter, name, product, by_clip[0].inputs[1], inverse[0].inputs[0], "multiplied", *parts)


def _clipped_by_now(rewriter, name, node, operands):
    """t * clip / max(norm, clip), where the norm is the root of the sum of squares, or that sum if not above 0."""
    product, larger = operands
    if not is_op(larger, "Maximum") or not is_op(product, "Mul"):
        return False
    norm, clip = larger[0].inputs
    if not is_op(norm, "SelectV2"):
        return False
    above, root, squares = norm[0].inputs
    if not (is_op(above, "Greater") and is_op(root, "Sqrt") and is_op(root[0].inputs[0], "SelectV2")):
        return False
    safe = root[0].inputs[0][0]
    if above[0].inputs[0] != squares or not is_scalar(above[0].inputs[1], 0) or safe.inputs[:2] != [above, squares]:
        return False
    if not is_scalar(safe.inputs[2], 1) or isinstance(squares, Literal):
        return False
    return _keep_clipped(rewriter, name, product, clip, squares, "divided", larger[0], norm[0], above[0], root[0], safe)


def _keep_clipped(rewriter, name, product, clip, squares, how, *parts):
    """Take a node over that clips t, with t * clip as its first input."""
    factors = product[0].inputs
    if not any(_key(one) == _key(clip) for one in factors) or not _sums_squares(squares, factors):
        return False
    if any(part.controls for part in parts) and not comes_behind(product, parts):
        return False
    rewriter.normal.absorbed.update({*parts, *(one[0] for one in parts[0].inputs if not isinstance(one, Literal))})
    given, steps = _as_it_is(rewriter.normal, product, clip), {f"clipped by a norm: {how}"}
    if given != clip:
        product, clip = _product(rewriter.normal, product[0], clip, given), given
        steps.add("limit below 0")
    inputs = [product, clip, squares]
    made = rewriter.normal.node(name, "clipped", {}, inputs, None, steps, sizes=[rewriter.normal.sizes(product)])
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _as_it_is(normal, product, limit):
    """Return a limit for a norm as it is given, whether 0 is taken for one below 0 or not."""
    while is_op(limit, "Maximum") and is_scalar(limit[0].inputs[1], 0) and comes_behind(product, [limit[0]]):
        if normal.sizes(limit[0].inputs[0]) != ():
            break
        normal.absorbed.add(limit[0])
        limit = limit[0].inputs[0]
    return limit


def _product(normal, product, limit, given):
    """Return a product by a limit with the one that is given in its place, behind what the limit came behind."""
    normal.absorbed.add(product)
    inputs, waits = [given if one == limit else one for one in product.inputs], product.controls
    while limit != given:
        waits |= limit[0].controls
        limit = limit[0].inputs[0]
    return make(normal, product, "Mul", product.attributes, inputs, normal.sizes((product, 0)), None, waits)


def _sums_squares(total, factors):
    """Whether a tensor is the sum of the squares of one of two factors."""
    while is_op(total, "Reshape"):
        total = total[0].inputs[0]
    square = total[0].inputs[0] if is_op(total, "Sum") else None
    if not is_op(square, "Mul"):
        return False
    return square[0].inputs[0] == square[0].inputs[1] and any(one == square[0].inputs[0] for one in factors)


def _parsed(rewriter, name, node, operands):
    """Examples are parsed by an op that takes the names as vectors; one example alone needs no batch around it."""
    attributes = Attributes(node)
    sparse, dense = attributes["Nsparse"].i, attributes["Ndense"].i
    keys = operands[2 : 2 + sparse + dense]
    if not isinstance(operands[1], Literal):
        return False
    if any(not isinstance(one, Literal) or one.kind != "text" or one.shape != () for one in keys):
        return False
    serialized, names, alone = operands[0], operands[1], False
    if is_op(serialized, "ExpandDims") and not serialized[0].controls and is_scalar(serialized[0].inputs[1], 0):
        first = all(_is_of_first(rewriter.graph, user, slot, sparse) for user, slot in rewriter.graph.users[name])
        if not first or rewriter.normal.sizes(serialized[0].inputs[0]) not in (None, ()):
            return False
        rewriter.normal.absorbed.add(serialized[0])
        serialized, alone = asserted(rewriter.normal, serialized[0].inputs[0]), True
    # It refuses what is no vector, of which one example in a batch is made by itself.
    rewriter.normal.assume(serialized, () if alone else (unknown(("parsed", name)),))
    none = _texts((), names)
    named = [_texts(keys[:sparse], names), _texts(keys[sparse:], names), none]
    inputs = [serialized, names, *named, *operands[2 + sparse + dense :]]
    kept = {key: one for key, one in rewriter.graph.attributes(name).items() if key not in ("Nsparse", "Ndense")}
    empty = v1.AttrValue(list=v1.AttrValue.ListValue())
    more = {"num_sparse": v1.AttrValue(i=sparse), "ragged_value_types": empty, "ragged_split_types": empty}
    for key in ("sparse_types", "Tdense", "dense_shapes"):
        kept.setdefault(key, empty.SerializeToString(deterministic=True))
    kept.update({key: one.SerializeToString(deterministic=True) for key, one in more.items()})
    shapes = rewriter.graph.shapes[name]
    if alone:
        dense = [None if one is None else one[1:] for one in shapes[3 * sparse :]]
        shapes = [*[(None, 1)] * sparse, *shapes[sparse : 2 * sparse], *[(1,)] * sparse, *dense]
    made = rewriter.normal.node(name, "ParseExampleV2", kept, inputs, None, {"parsed"}, len(shapes), shapes)
    rewriter.parsed_alone |= {made} if alone else set()
    for index in range(len(shapes)):
        rewriter.normal.tensors[name, index] = (made, index)
    return True


def _is_of_first(graph, user, slot, sparse):
    """Whether a user of a parsed batch of one takes the only example: of what is sparse, as its numbers without rows.

    `sparse`: how many features are.
    """
    node, (_, index) = graph.nodes[user], graph.inputs[user][slot]
    if index >= 3 * sparse:
        return node.op == "Squeeze" and list(Attributes(node)["squeeze_dims"].list.i) == [0]
    if sparse <= index < 2 * sparse:
        return True
    begin, size = ([0, 1], [-1, -1]) if index < sparse else ([1], [-1])
    given = [graph.constant(maker) for maker, _ in graph.inputs[user][1:]] if node.op == "Slice" and slot == 0 else []
    return [one and list(one.value) for one in given] == [begin, size]


def _squeezed(rewriter, name, node, operands):
    if isinstance(operands[0], Literal) or operands[0][0] not in rewriter.parsed_alone:
        return False
    if node.op == "Slice" and not isinstance(operands[0][0].inputs[0], Literal):
        sparse = v1.AttrValue.FromString(operands[0][0].attributes["num_sparse"]).i
        if sparse <= operands[0][1] < 2 * sparse:  # a part of the values that the program takes
            return False
    rewriter.normal.alias(name, operands[0], "parsed")
    return True


def _texts(literals, like):
    values = tuple(value for one in literals for value in one.value)
    names = tuple(name for one in literals for name in one.names[:1])
    return Literal("text", like.dtype, (len(values),), values, names)


def _largest_exponent(rewriter, name, node, operands):
    """Select(m is finite, m, 0) of the largest exponents m."""
    condition, largest, none = operands
    if not is_op(condition, "IsFinite") or condition[0].inputs[0] != largest or not is_op(largest, "Max"):
        return False
    zeros = is_op(none, "ZerosLike") or (isinstance(none, Literal) and none.kind != "text" and not any(none.value))
    users = [rewriter.graph.nodes[user].op for user, _ in rewriter.graph.users[name]]
    if not zeros or condition[0].controls or users != ["StopGradient"] or not stays(rewriter.normal, largest, none):
        return False
    if not _is_of_sum(rewriter, rewriter.graph.users[name][0][0], largest[0].inputs[0]):
        return False
    largest[0].steps.add("largest exponent")
    rewriter.normal.absorbed |= {condition[0]} | (set() if isinstance(none, Literal) else {none[0]})
    rewriter.normal.alias(name, largest, "largest exponent")
    return True


def _is_of_sum(rewriter, largest, exponents):
    """Whether the largest exponent is only taken from all, and added, reshaped or not, to the logarithm of a sum."""
    graph = rewriter.graph
    taking = _taking(graph, largest)
    for op, slot, user in taking:
        if (op, slot) == ("Reshape", 0):
            taking = [one for one in taking if one[2] != user] + _taking(graph, user)
    if sorted((op.removesuffix("V2"), slot) for op, slot, _ in taking) != [("Add", 1), ("Sub", 1)]:
        return False
    (_, _, total), (_, _, one) = sorted(taking)
    if rewriter.normal.tensors.get(graph.inputs[one][0]) != exponents:
        return False
    for op in ("Exp", "Sum", "Log"):
        one = next((user for other, slot, user in _taking(graph, one) if (other, slot) == (op, 0)), None)
    return [user for _, _, user in _taking(graph, one)] == [total]


def _taking(graph, name):
    """Return (op, slot, name) of what takes what a node gives, but for what asks of what shape that is."""
    taking = [(graph.nodes[user].op, slot, user) for user, slot in graph.users[name]]
    return [one for one in taking if one[0] not in ("Shape", "ShapeN")]


def _decayed(rewriter, name, node, operands):
    """exp(-rate * part) of a learning rate's natural decay is exp(-rate) ** part."""
    product = operands[0]
    if not is_op(product, "Mul") or product[0].controls or rewriter.normal.sizes(product) != ():
        return False
    negated, part = product[0].inputs
    steps = part[0].inputs[0] if is_op(part, "Floor") else part  # of a staircase
    if not (is_op(negated, "Neg") and isinstance(negated[0].inputs[0], Literal) and is_op(steps, "RealDiv")):
        return False
    if not (is_op(steps[0].inputs[0], "Cast") or _is_read(steps[0].inputs[0])):
        return False
    attributes = rewriter.graph.attributes(name)
    base = rewriter.normal.node(name, "Exp", attributes, [negated], set(), {"natural decay"}, sizes=[()])
    rewriter.normal.absorbed.add(product[0])
    rewriter.normal.keep(name, "Pow", [(base, 0), part], attributes, {"natural decay"}, [()])
    return True


def _is_read(operand):
    """Whether a tensor is the value of a variable, as that of the steps may be, if it is no whole number."""
    return is_op(operand, "Identity", "ReadVariableOp") and is_op(operand[0].inputs[0], *VARIABLES)


def _unmasked(rewriter, name, node, operands):
    """A mask is as wide as the longest sequence, which is at least 0."""
    start, limit, delta = operands
    if not is_op(limit, "Maximum") or limit[0].controls or not (is_scalar(start, 0) and is_scalar(delta, 1)):
        return False
    least, most = limit[0].inputs
    if not is_scalar(least, 0) or not is_op(most, "Max") or not _is_for_mask(rewriter, name, most[0].inputs[0]):
        return False
    rewriter.normal.absorbed.add(limit[0])
    attributes = rewriter._without_index_types(name, operands)
    rewriter.normal.keep(name, "Range", [start, most, delta], attributes, {"mask of no length"})
    return True


def _is_for_mask(rewriter, name, lengths):
    """Whether a range is only held against these lengths, as for a mask."""
    graph = rewriter.graph
    for user, slot in graph.users[name]:
        if graph.nodes[user].op != "Less" or slot != 0:
            return False
        found = graph.inputs[user][1]
        for op in ("Cast", "ExpandDims"):
            if graph.nodes[found[0]].op != op:
                return False
            found = graph.inputs[found[0]][0]
        if rewriter.normal.tensors.get(found) != lengths:
            return False
    return True


def _joined_numbers(rewriter, name, node, operands):
    """Whole numbers joined after each got an axis, or written down, are put in one vector."""
    *parts, axis = operands
    single = [_is_single(rewriter.normal, one) for one in parts]
    if rewriter.dtype(name) not in ("int32", "int64") or not is_scalar(axis, 0) or not any(single):
        return False
    numbers = []
    for part, is_single in zip(parts, single, strict=True):
        if isinstance(part, Literal) and part.kind == "whole" and len(part.shape) == 1:
            numbers += [part._replace(shape=(), value=(one,), form=0, leaves=()) for one in part.value]
        elif is_single:
            numbers.append(part[0].inputs[0])
            rewriter.normal.absorbed.add(part[0])
        else:
            return False
    attributes = {"T": rewriter.graph.attributes(name)["T"], "N": v1.AttrValue(i=len(numbers)).SerializeToString()}
    rewriter.normal.keep(name, "Pack", numbers, attributes, {"numbers in a vector"}, [(len(numbers),)])
    return True


def _row_in_a_part(rewriter, name, node, operands):
    """c * a + (1 - c) * b, where c is a condition as a whole number, is a where it holds and b elsewhere."""
    holds, fails = operands
    if not all(is_op(one, "Mul") and not one[0].controls for one in operands):
        return False
    (number_of, row), (other, other_row) = holds[0].inputs, fails[0].inputs
    if not (is_op(number_of, "Cast") and is_op(other, "Sub")) or number_of[0].controls or other[0].controls:
        return False
    one, same = other[0].inputs
    condition = number_of[0].inputs[0]
    if not is_scalar(one, 1) or same != number_of or rewriter.dtype(name) not in ("int32", "int64"):
        return False
    chosen = [condition, row, other_row]
    shapes = {None if isinstance(part, Literal) else rewriter.normal.sizes(part) for part in chosen}
    if not is_op(condition, "Less") or len(shapes) != 1 or None in shapes:
        return False
    rewriter.normal.absorbed.update({holds[0], fails[0], other[0], number_of[0]})
    attributes = {"T": rewriter.graph.attributes(name)["T"]}
    rewriter.normal.keep(name, "SelectV2", chosen, attributes, {"row in a part", "select"}, list(shapes))
    return True


def _is_single(normal, operand):
    """Whether a tensor is a number that got an axis."""
    expanded = is_op(operand, "ExpandDims") and not operand[0].controls and is_scalar(operand[0].inputs[1], 0)
    return expanded and not isinstance(operand[0].inputs[0], Literal) and normal.sizes(operand[0].inputs[0]) == ()


def _key(operand):
    return operand.key if isinstance(operand, Literal) else operand


RULES = {
    **dict.fromkeys(("Add", "AddV2"), _row_in_a_part),
    **dict.fromkeys(("Select", "SelectV2"), _largest_exponent),
    "Exp": _decayed,
    "Range": _unmasked,
    "InTopK": _in_top_k,
    "ConcatV2": _joined_numbers,
    "Mul": _clipped,
    "RealDiv": _clipped_by_now,
    "ParseExample": _parsed,
    "NonMaxSuppression": _suppressed,
    "NonMaxSuppressionV2": _suppressed_by_share,
    "Slice": _squeezed,
    "Squeeze": _squeezed,
}
