"""Rules for what assertions ask and say: the first releases put the names of tensors and the messages otherwise."""

import re

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar

v1 = tf.compat.v1
_TENSOR = re.compile(rb"[A-Za-z0-9.][A-Za-z0-9_./\\-]*:\d+")
_BATCH = "batches of images"
_OF_IMAGES = b"all dims of 'image.shape' must be > 0"
_JOINED = re.compile(rb"(Condition .* element-wise:)(x \(.*\) = )", re.DOTALL)  # of 1.2 to 1.4
_DIVERGENCE = tuple(b"called with allow_nan%s Values:" % one for one in (b"=False). ", b"_stats=False)."))
_LABEL = re.compile(rb"(?:(?P<before>.*:) )?(?P<label>[a-z]+) = ", re.DOTALL)


def _asserted(rewriter, name, node, operands):
    """Write `x = `, the name of a tensor, and the tensor as `x (name) = ` and the tensor; and no empty message."""
    given = list(zip(operands[1:], Attributes(node)["T"].list.type, strict=True))
    todo = given[1:] if len(given) > 1 and _is_empty(given[0][0]) else given
    data = []
    while todo:
        one, kind = todo[0]
        words, taken = _words(_text(one), [_text(other) for other, _ in todo[1:3]])
        data += [(one._replace(value=(word,)), kind) for word in words] or [todo[0]]
        todo = todo[taken:]
    if data == given:
        return False
    attributes = rewriter.graph.attributes(name)
    written = v1.AttrValue(list=v1.AttrValue.ListValue(type=[kind for _, kind in data]))
    attributes["T"] = written.SerializeToString(deterministic=True)
    inputs = [operands[0], *(one for one, _ in data)]
    rewriter.normal.keep(name, node.op, inputs, attributes, {"names in assertions"})
    return True


def _words(text, following):
    """Return today's texts for one, none if it stays, and how many operands they stand for."""
    if text.endswith(_DIVERGENCE[0]):
        return [text.removesuffix(_DIVERGENCE[0]) + _DIVERGENCE[1]], 1
    joined = _JOINED.fullmatch(text)
    if joined:
        return joined.groups(), 1
    label = _LABEL.fullmatch(text) if len(following) == 2 else None
    named = label and _TENSOR.fullmatch(following[0])
    if not named:
        return [], 1
    words = label["before"], label["label"] + b" (" + named[0] + b") = "
    return [word for word in words if word is not None], 2


def _is_empty(operand):
    return isinstance(operand, Literal) and operand.kind == "text" and operand.value == (b"",)


def _text(operand):
    """Return the bytes of a scalar text, empty for any other operand."""
    is_text = isinstance(operand, Literal) and operand.kind == "text" and operand.shape == ()
    return operand.value[0] if is_text else b""


def _positive(rewriter, name, node, operands):
    """Of sizes that all are to be larger than 0, those that are known to be need not be asked.

    Nor, of a batch of images, those of the batch.
    """
    zero, sizes = operands
    if not is_scalar(zero, 0) or not isinstance(sizes, Literal) or sizes.kind != "whole" or len(sizes.shape) != 1:
        return False
    users = [rewriter.graph.nodes[user] for user, _ in rewriter.graph.users[name]]
    if not users or any(user.op != "All" for user in users):
        return False
    asked, steps = sizes.value, {"computed shapes"}
    if len(asked) > 3 and all(_is_of_images(rewriter.graph, user.name) for user in users):
        asked, steps = asked[-3:], {_BATCH}
    left = tuple(size for size in asked if not (isinstance(size, int) and size > 0))
    if left == sizes.value:
        return False
    if not left and _BATCH in steps:
        rewriter.normal.alias(name, sizes._replace(dtype="bool", shape=(3,), value=(1,) * 3), _BATCH)
    if not left:
        return _BATCH in steps
    operands = [zero, sizes._replace(shape=(len(left),), value=left)]
    rewriter.normal.keep(name, node.op, operands, steps=steps, sizes=[(len(left),)])
    return True


def _is_of_images(graph, name):
    """Whether a condition is only that of an assertion that images are not empty, as 1.15 made it."""
    users = [graph.nodes[user] for user, _ in graph.users[name]]
    if any(user.op != "Assert" or len(graph.inputs[user.name]) != 2 for user in users) or name in graph.awaited:
        return False
    said = [graph.constant(graph.inputs[user.name][1][0]) for user in users if _is_constant(graph, user.name)]
    return bool(users) and len(said) == len(users) and all(_text(one).rstrip(b".") == _OF_IMAGES for one in said)


def _is_constant(graph, name):
    return graph.nodes[graph.inputs[name][1][0]].op == "Const"


def _of_known_sizes(rewriter, name, node, operands):
    """What waits for an assertion that a size is a number has that size when it runs."""
    known = {}
    for one in rewriter.graph.controls[name]:
        assertion = rewriter.normal.made.get(one)
        if assertion is not None and assertion.op == "Assert":
            known.update(_equal_sizes(assertion.inputs[0]))
    shape = rewriter.normal.sizes(operands[0])
    if not known or isinstance(operands[0], Literal) or shape is None:
        return False
    rewriter.normal.keep(name, node.op, operands, sizes=[tuple(known.get(size, size) for size in shape)])
    return True


def _equal_sizes(condition):
    """Return {unknown size: the number that it is} of a condition."""
    if is_op(condition, "All"):
        condition = condition[0].inputs[0]
    if not is_op(condition, "Equal") or not all(isinstance(one, Literal) for one in condition[0].inputs):
        return {}
    left, right = condition[0].inputs
    if left.kind != "whole" or right.kind != "whole" or len(left.value) != len(right.value):
        return {}
    pairs = [*zip(left.value, right.value, strict=True), *zip(right.value, left.value, strict=True)]
    return {size: number for size, number in pairs if isinstance(number, int) and not isinstance(size, int)}


RULES = {"Assert": _asserted, "Less": _positive, "Identity": _of_known_sizes}
