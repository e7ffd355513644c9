"""Updates of variables by the sum of dense and sparse gradients, as of tied weights, and by sparse ones clipped.

TensorFlow's first releases made a list of rows of the dense gradient, put the sparse one behind it and updated row by
row. Everything is brought into the newer form: the sparse gradient is made dense, and all are added.
"""

import functools

import tensorflow as tf

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import axes_of, is_op, is_scalar
from compat_v1.audit.patterns import make, match
from compat_v1.audit.pruning import arrange, redirect, users_of
from compat_v1.audit.rules import rows_in_loops, rows_of_parts, rows_of_sums

v1 = tf.compat.v1

_CAUSE, _CLIPPED, _NORM = "dense and sparse gradients", "clipped rows", "norm of dense and sparse gradients"
# Where the numbers of rows stand among the inputs of what updates or sums row by row.
_BY_ROWS = {"Unique": 0, "ScatterSub": 1, "UnsortedSegmentSum": 1}
_SCALED = ("Identity", ("Mul", "values", "scale"))
_BY_NORM = ("Identity", ("clipped", ("Mul", "values", "clip"), "clip", "squares"))
_BY_ROOT = ("Identity", ("RealDiv", ("Mul", "values", "clip"), ("Maximum", ("Sqrt", "squares"), "clip")))
_RATE = ("RealDiv", ("Mul", "rate", ("Sqrt", ("Sub", 1, "power2"))), ("Sub", 1, "power1"))
_FIRST = ("ScatterAdd", "slot1", "rows", ("Mul", "gradient", ("Sub", 1, "beta1")))
_SECOND = ("ScatterAdd", "slot2", "rows", ("Mul", ("Mul", "gradient", "gradient"), ("Sub", 1, "beta2")))
_ADAM = ("RealDiv", ("Mul", _RATE, _FIRST), ("AddV2", ("Sqrt", _SECOND), "epsilon"))
_LOCKING = ("ScatterAdd", "Assign")
_OF_ADAM = ("slot1", "slot2", "power1", "power2", "rate", "beta1", "beta2", "epsilon")


def finish(normal):
    """Bring the updates into the newer form, where all rows of a variable are among those that are updated."""
    rows_in_loops.count(normal)
    lists = [node for node in normal.nodes if node.op == "ConcatV2"]
    counts = {node: count for node in lists for count in map(_count, node.inputs[:-1]) if count is not None}
    rows_of_parts.sum_first(normal, {node: count for node, count in counts.items() if not node.controls}, _CAUSE)
    clipped = [node for node in normal.nodes if node.op == "Maximum" and is_op(node.inputs[0], "Minimum")]
    clipped += [node for node in normal.nodes if node.op == "clipped" or match((node, 0), _BY_ROOT, {})]
    negated = rows_of_sums.negate_first(normal)
    users = users_of(normal)
    copies, taking = rows_of_sums.handed_on(normal, users, lambda operand: _count(operand) is not None)
    if not any((counts, clipped, copies, negated)):
        return
    for node in list(normal.nodes):
        rows = None if node.op not in _BY_ROWS else node.inputs[_BY_ROWS[node.op]]
        if rows is None or (isinstance(rows, Literal) and node not in taking):
            continue
        if node in taking:
            make_dense, cause = functools.partial(rows_of_sums.make_dense, copies), rows_of_sums.CAUSES[node.op]
        else:
            make_dense, cause = (_scaled, _CAUSE) if rows[0] in counts else (_clipped, _CLIPPED)
        make_dense = functools.partial(
            make_dense, normal, users, rows, node.attributes["T" if node.op == "Unique" else "Tindices"]
        )
        if node.op == "Unique":
            for total in sorted(users.get(node, ()), key=lambda one: one.number):
                if total.op == "UnsortedSegmentSum" and _sums_alike(normal, total, node):
                    dense = functools.partial(make_dense, total.inputs[0])
                    _update_by_slots(normal, node, total, users, dense, cause)
        elif node.op == "ScatterSub":
            _descend(normal, node, make_dense, cause)
        else:
            _make_dense(normal, node, make_dense, cause)
    arrange(normal)


def _count(operand):
    """Return n if an operand is range(n), or None."""
    if is_op(operand, "Cast"):
        operand = operand[0].inputs[0]
    if isinstance(operand, Literal):
        is_range = operand.kind == "whole" and len(operand.shape) == 1 and operand.value == tuple(range(*operand.shape))
        return operand.shape[0] if is_range else None
    if not is_op(operand, "Range") or operand[0].controls:
        return None
    start, limit, delta = operand[0].inputs
    is_range = is_scalar(start, 0) and is_scalar(delta, 1) and isinstance(limit, Literal)
    return limit.value[0] if is_range else None


def _ops_of_range(operand):
    """Return the nodes that make such an operand."""
    if isinstance(operand, Literal):
        return set()
    return {operand[0]} | (_ops_of_range(operand[0].inputs[0]) if is_op(operand, "Cast") else set())


def _awaited(unique):
    """Return what numbers of rows wait for, that are made unique: these themselves or their list."""
    rows = unique.inputs[0]
    return unique.controls | (frozenset() if isinstance(rows, Literal) else rows[0].controls)


def _sums_alike(normal, total, unique):
    """Whether a node sums what is for the same row."""
    _, index, count = total.inputs
    known = isinstance(count, Literal) and count.value == normal.sizes((unique, 0))
    return index == (unique, 1) and known and total.controls <= _awaited(unique)


def _scaled(normal, users, rows, kind, values, variable):
    """Return the sum of gradients that are joined, multiplied by one scale as `clip_by_global_norm` does, or None.

    The norm is taken of the sum, too.
    """
    found = {}
    if not match(values, _SCALED, found):
        return _added(normal, users, rows, kind, values, variable)
    total, scale = found["values"], found["scale"]
    if isinstance(total, Literal) or normal.sizes(scale) != () or any(one.controls for one in found["nodes"]):
        return None
    dense = _added(normal, users, rows, kind, total, variable)
    if dense is None:
        return None
    for user in users[total[0]]:
        if user.op == "L2Loss" and not user.controls:
            user.inputs = [dense]
            user.steps.add(_NORM)
    shape = normal.sizes(variable)
    copy, product = found["nodes"]
    normal.absorbed |= {copy, product}
    product = make(normal, product, "Mul", product.attributes, [dense, scale], shape, None)
    return make(normal, copy, "Identity", copy.attributes, [product], shape, None)


def _added(normal, users, rows, kind, values, variable):
    """Return the sum of gradients that are joined, all of a variable's size, or None.

    Numbers of rows of two types were cast to be joined, and are not. What was joined may be handed on.
    """
    shape = normal.sizes(variable)
    joined = values[0].inputs[0] if is_op(values, "Identity") else None
    if is_op(joined, "ConcatV2") and len(values[0].controls) == 1:
        (group,) = values[0].controls
        is_handed = group.op == "NoOp" and joined[0] in group.controls
        dense = _added(normal, users, rows, kind, joined, variable) if is_handed else None
        return dense and rows_of_sums.hand_on(normal, values[0], dense, shape)
    if not is_op(values, "ConcatV2") or not shape:
        return None
    if not _come_behind(normal.graph, values[0].inputs[:-1], values[0].controls | rows[0].controls):
        return None
    parts, indices = values[0].inputs[:-1], rows[0].inputs[:-1]
    if len(parts) != len(indices) or not all(is_scalar(one[0].inputs[-1], 0) for one in (rows, values)):
        return None
    types, terms, own = {"T": values[0].attributes["T"]}, [], {rows[0], values[0]}
    for part, index in zip(parts, indices, strict=True):
        count, known = _count(index), normal.sizes(part)
        if count is None:
            of_indices = kind
            gathered = is_op(index, "Cast") and any(user.op == "GatherV2" for user in users[index[0]])
            if is_op(index, "Cast") and not gathered and not index[0].controls:
                own.add(index[0])
                index, of_indices = index[0].inputs[0], index[0].attributes["SrcT"]
            inputs = [part, index, whole(shape[0], "int32")]
            part = make(normal, values[0], "UnsortedSegmentSum", {**types, "Tindices": of_indices}, inputs, shape, None)
        elif not known or not _are_as_many(known[0], count, shape[0]):
            return None
        else:
            own |= _ops_of_range(index)
        terms.append(part)
    normal.absorbed |= own
    attributes = {**types, "N": v1.AttrValue(i=len(terms)).SerializeToString(deterministic=True)}
    return make(normal, values[0], "AddN", attributes, terms, shape, None)


def _are_as_many(size, count, rows):
    """Whether a gradient of so many rows, counted to a number, can have but all of a variable, as each sum takes them.

    Sizes that are known at run time alone are one there.
    """
    if isinstance(count, int):
        return count == rows and (size == rows or not isinstance(size, int))
    return size == count


def _come_behind(graph, gradients, awaited):
    """Whether gradients come behind what their list, or that of the numbers of rows, waits for."""
    names = {one[0].name for one in gradients if not isinstance(one, Literal)} & graph.nodes.keys() if awaited else ()
    before = set().union(*map(graph.surely_before, names))
    return all(before.intersection(one.names) for one in awaited)


def _clipped(normal, _, rows, kind, values, variable):
    """Return what is clipped when it is dense, for rows that are clipped before those of one number are summed."""
    shape, found = normal.sizes(variable), {}
    if not shape or not isinstance(shape[0], int):
        return None
    for pattern in (_BY_NORM, _BY_ROOT):
        if match(values, pattern, found):
            return _clipped_by_norm(normal, rows, kind, shape, found)
        found = {}
    if not match(values, ("Maximum", ("Minimum", "values", "high"), "low"), found) or isinstance(
        found["values"], Literal
    ):
        return None
    if not all(isinstance(found[one], Literal) for one in ("high", "low")):
        return None
    larger, smaller = found["nodes"]
    types, inputs = larger.attributes, [found["values"], rows, whole(shape[0], "int32")]
    total = make(normal, smaller, "UnsortedSegmentSum", {**types, "Tindices": kind}, inputs, shape, None)
    total = make(normal, smaller, "Minimum", types, [total, found["high"]], shape, None)
    normal.absorbed |= {larger, smaller}
    return make(normal, larger, "Maximum", types, [total, found["low"]], shape, None)


def _clipped_by_norm(normal, rows, kind, shape, found):
    """The same for what is clipped by the norm of all rows together."""
    values, clip, total, chain = found["values"], found["clip"], found["squares"], []
    while is_op(total, "Reshape", "Sum"):
        chain.insert(0, total[0])
        total = total[0].inputs[0]
    whole_axes = [one.inputs[1] for one in chain if one.op == "Sum"]
    is_square = any(match(total, one, found) for one in (("Mul", "values", "values"), ("Square", "values")))
    if isinstance(values, Literal) or not is_square or len(whole_axes) != 1:
        return None
    if not isinstance(clip, Literal) or clip.shape != ():
        return None
    if axes_of(whole_axes[0], shape) != list(range(len(shape))):
        return None
    copy, clipped, scaled, *of_root, square = found["nodes"]
    types, inputs = square.attributes, [values, rows, whole(shape[0], "int32")]
    dense = make(normal, square, "UnsortedSegmentSum", {**types, "Tindices": kind}, inputs, shape, None)
    total = make(normal, square, square.op, types, [dense] * len(square.inputs), shape, None)
    for one in chain:
        sizes = normal.sizes((one, 0))
        total = make(normal, one, one.op, one.attributes, [total, one.inputs[1]], sizes, None)
    product = make(normal, scaled, "Mul", types, [dense, clip], shape, None)
    if of_root:
        larger, root = of_root
        total = make(normal, root, "Sqrt", root.attributes, [total], normal.sizes((root, 0)), None)
        total = make(normal, larger, "Maximum", larger.attributes, [total, clip], normal.sizes((larger, 0)), None)
        result = make(normal, clipped, "RealDiv", clipped.attributes, [product, total], shape, None)
    else:
        result = make(normal, clipped, "clipped", {}, [product, clip, total], shape, None)
    result[0].steps |= clipped.steps
    normal.absorbed |= {copy, clipped, scaled, *of_root, square, *chain}
    return make(normal, copy, "Identity", copy.attributes, [result], shape, None)


def _make_dense(normal, total, dense, cause):
    """All gradients in one tensor, for what is done to them besides."""
    shape, count = normal.sizes((total, 0)), total.inputs[2]
    if shape and isinstance(count, Literal) and count.value == (shape[0],):
        gradient = dense(total.inputs[0], (total, 0))
        if gradient is not None:
            gradient[0].steps.add(cause)
            redirect(normal, {(total, 0): gradient})
            for user in normal.nodes:  # what hands several gradients on is behind each
                if total in user.controls:
                    user.controls = user.controls - {total} | {gradient[0]}
            normal.absorbed.add(total)


def _descend(normal, update, dense, cause):
    """variable[rows] -= values * rate."""
    found = {}
    if match(update.inputs[2], ("Mul", "values", "rate"), found):
        gradient = dense(found["values"], update.inputs[0])
        if gradient is not None:
            normal.absorbed.update(found["nodes"])
            _write(update, "ApplyGradientDescent", [update.inputs[0], found["rate"], gradient], cause)


def _update_by_slots(normal, unique, total, users, dense, cause):
    """An optimizer that keeps something for each variable, in an op of its own or, as Adam, in many."""
    for node in sorted(users.get(total, ()), key=lambda one: one.number):
        if node.op.startswith("SparseApply") and (unique, 0) in node.inputs and (total, 0) in node.inputs:
            gradient = dense(node.inputs[0])
            if gradient is not None:
                inputs = [gradient if one == (total, 0) else one for one in node.inputs if one != (unique, 0)]
                _write(node, node.op.removeprefix("Sparse"), inputs, cause)
                normal.absorbed.update({unique, total})
    awaited = _awaited(unique)
    for node in normal.nodes:
        found = {"gradient": (total, 0), "rows": (unique, 0)}
        if node.op == "AssignSub" and match(node.inputs[1], _ADAM, found) and _is_adam(found, node, awaited):
            group = _group(node, found, users, awaited)
            gradient = None if group is None else dense(node.inputs[0])
            if gradient is not None:
                _write_adam(normal, node, found, gradient, group, users, cause)
                normal.absorbed.update({unique, total})


def _is_adam(found, update, awaited):
    """Whether what is kept is multiplied by beta before it is added to, and nothing waits for others than `awaited`."""
    for node in found["nodes"]:
        if node.op != "ScatterAdd":
            if not node.controls <= awaited:
                return False
            continue
        slot, beta = (("slot1", "beta1"), ("slot2", "beta2"))[node.inputs[0] == found["slot2"]]
        decays = [one for one in node.controls if one.op == "Assign" and one.inputs[0] == node.inputs[0]]
        if len(decays) != 1 or len(node.controls) > 1 or decays[0].controls or "validate_shape" in decays[0].attributes:
            return False
        if not match(decays[0].inputs[1], ("Mul", ("Identity", slot), beta), found):
            return False
        found["nodes"].append(decays[0])
    # Unlike the others, Assign locks by default.
    locked = {("use_locking" in one.attributes) != (one.op == "Assign") for one in found["nodes"] if one.op in _LOCKING}
    return locked == {"use_locking" in update.attributes}


def _write_adam(normal, node, found, gradient, group, users, cause):
    """Write one op for all, for which waits whatever waited for the group of them."""
    _write(node, "ApplyAdam", [node.inputs[0], *(found[name] for name in _OF_ADAM), gradient], cause)
    for user in users[group]:
        user.controls = user.controls - {group} | {node}
    group.controls = frozenset()
    normal.consumed.update(dict.fromkeys(group.names, cause))
    normal.absorbed |= {group, *(one for one in found["nodes"] if one.op != "Identity")}


def _group(node, found, users, awaited):
    """Return the group of all three updates, which alone waits for any of them, or None."""
    parts = {node, *(one for one in found["nodes"] if one.op == "ScatterAdd")}
    groups = [one for one in users.get(node, ()) if one.op == "NoOp" and parts <= one.controls <= parts | awaited]
    return groups[0] if len(groups) == 1 and users[node] == {*groups} else None


def _write(node, op, inputs, cause):
    node.op, node.inputs = op, inputs
    node.attributes = {key: value for key, value in node.attributes.items() if key != "Tindices"}
    node.steps.add(cause)
