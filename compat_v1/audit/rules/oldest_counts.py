"""Rules for what is counted by classes: pairs of labels and predictions, and the mean over the classes."""

import tensorflow as tf

from compat_v1.audit.literals import Literal, full
from compat_v1.audit.operands import is_op, is_scalar, number, single
from compat_v1.audit.patterns import match
from compat_v1.audit.pruning import users_of

v1 = tf.compat.v1

_PAIRS, _MEAN, _WEIGHTS, _WHOLE_WEIGHTS = "pairs in rows", "mean of classes", "weights of classes", "whole weights"
_LAST = v1.AttrValue(i=1).SerializeToString(deterministic=True)
_WHOLE, _DOUBLE = (v1.AttrValue(type=one.as_datatype_enum).SerializeToString() for one in (tf.int64, tf.float64))


def _pairs(rewriter, name, _node, operands):
    """Vectors that are put below each other and transposed are put beside each other: all are as large as one."""
    packed, order = operands
    if isinstance(packed, Literal) or packed[0].op != "Pack" or "axis" in packed[0].attributes or packed[0].controls:
        return False
    sizes = [one for one in map(rewriter.normal.sizes, packed[0].inputs) if one is not None]
    if {len(one) for one in sizes} != {1} or not isinstance(order, Literal) or order.value != (1, 0):
        return False
    rewriter.normal.absorbed.add(packed[0])
    attributes, shape = {**packed[0].attributes, "axis": _LAST}, [(sizes[0][0], len(packed[0].inputs))]
    rewriter.normal.keep(name, "Pack", packed[0].inputs, attributes, {_PAIRS}, shape)
    return True


_CLASSES = ("Sum", ("Cast", ("NotEqual", "total", 0)), "axes")
_MEAN_OF_SOME = (
    "RealDiv",
    ("Sum", ("RealDiv", "part", ("SelectV2", ("Greater", "total", 0), "total", "ones")), "axes"),
    _CLASSES,
)


def _mean(rewriter, name, _node, operands):
    """The sum of the parts of all classes, divided by how many have any, or 0 if none has; a total of 0 counts as 1."""
    condition, mean, none = operands
    found: dict = {}
    if not (match(condition, ("Greater", _CLASSES, 0), found) and match(mean, _MEAN_OF_SOME, found)):
        return False
    axes, shape = found["axes"], rewriter.normal.sizes(found["total"])
    quotients = mean[0].inputs[0][0].inputs[0]
    ones = single(found["ones"]) if isinstance(found["ones"], Literal) else None
    if not is_scalar(none, 0) or ones is None or not is_scalar(ones, 1) or shape is None or len(shape) != 1:
        return False
    if rewriter.normal.sizes(quotients) != shape:  # a row for each class has a mean over other rows than the classes
        return False
    if not isinstance(axes, Literal) or axes.value != (0,) or any(one.controls for one in found["nodes"]):
        return False
    rewriter.normal.absorbed.update({*found["nodes"]} - {quotients[0]})
    types = {"T": rewriter.graph.attributes(name)["T"]}
    rewriter.normal.keep(name, "Mean", [quotients, axes], types, {_MEAN}, [()])
    return True


def finish(normal):
    """Count the weights of classes as they are, which were cut to whole numbers: all that counts them is float64.

    So it is where they are whole numbers: these are counted exactly in either.
    """
    updates = [node for node in normal.nodes if node.op == "AssignAdd" and node.attributes.get("T") == _WHOLE]
    users = users_of(normal) if updates else {}
    for update in updates:
        variable, counted = update.inputs
        if not (is_op(variable, "VariableV2") and is_op(counted, "ScatterNd")) or users.get(update):
            continue
        weights = counted[0].inputs[1]
        counting = _counting(variable, update, counted, users)
        if counting is None or not is_op(weights, "Cast") or users[weights[0]] != {counted[0]}:
            continue
        if normal.graph.dtype(weights[0].name) != "int64" or not (_is_float(weights[0]) or _is_whole(weights[0])):
            continue
        for node in (*counting, counted[0], weights[0]):
            _make_double(node)
        weights[0].steps.add(_WEIGHTS if _is_float(weights[0]) else _WHOLE_WEIGHTS)


def _counting(variable, update, counted, users):
    """Return what a variable of counts is, is set to and is read by, if only sums and the diagonal are taken of it."""
    found = {update, variable[0]}
    for one in users[variable[0]] - {update}:
        if one.op == "Assign":
            if not isinstance(one.inputs[1], Literal) or not is_scalar(single(one.inputs[1]), 0):
                return None
        elif one.op != "Identity" or any(taken.op not in ("Sum", "DiagPart") for taken in users.get(one, ())):
            return None
        found |= {one, *users.get(one, ())}
    casts = {cast for one in found if one.op in ("Sum", "DiagPart") for cast in users.get(one, ())}
    is_read = all(cast.op == "Cast" and _is_float(cast, "DstT") for cast in casts)
    return found | casts if is_read and users[counted[0]] == {update} else None


def _is_float(cast, which="SrcT"):
    return _kind(cast, which) in (tf.float32, tf.float64)


def _is_whole(cast):
    """Whether what is cast is a truth value or a whole number of 32 bits at most."""
    return _kind(cast, "SrcT") in (tf.bool, tf.int8, tf.uint8, tf.int16, tf.int32)


def _kind(cast, which):
    return tf.dtypes.as_dtype(v1.AttrValue.FromString(cast.attributes[which]).type)


def _make_double(node):
    node.attributes = {key: _DOUBLE if value == _WHOLE else value for key, value in node.attributes.items()}
    if node.op == "ScatterNd":  # whose places are whole numbers as before
        node.attributes["Tindices"] = _WHOLE
    if node.op == "Assign":
        zeros = node.inputs[1]
        node.inputs = [node.inputs[0], full(zeros.shape, number(0.0, "float64"), zeros.names, zeros.ops, zeros.alive)]


RULES = {"Transpose": _pairs, "SelectV2": _mean, "Select": _mean}
