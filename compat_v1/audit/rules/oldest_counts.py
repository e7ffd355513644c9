"""Rules for what is counted by classes: pairs of labels and predictions, and the mean over the classes."""

import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_scalar, single
from compat_v1.audit.patterns import match

_PAIRS, _MEAN = "pairs in rows", "mean of classes"
_LAST = tf.compat.v1.AttrValue(i=1).SerializeToString(deterministic=True)


def _pairs(rewriter, name, _node, operands):
    """Vectors that are put below each other and transposed are put beside each other."""
    packed, order = operands
    if isinstance(packed, Literal) or packed[0].op != "Pack" or "axis" in packed[0].attributes or packed[0].controls:
        return False
    sizes = [rewriter.normal.sizes(one) for one in packed[0].inputs]
    if any(one is None or len(one) != 1 for one in sizes) or not isinstance(order, Literal) or order.value != (1, 0):
        return False
    rewriter.normal.absorbed.add(packed[0])
    attributes, shape = {**packed[0].attributes, "axis": _LAST}, [(sizes[0][0], len(sizes))]
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


RULES = {"Transpose": _pairs, "SelectV2": _mean, "Select": _mean}
