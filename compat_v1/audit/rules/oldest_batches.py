"""Rules for what is cut out of an image or put around it, as TensorFlow does by now to a batch of that image alone."""

from typing import Any, NamedTuple

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, is_scalar, number
from compat_v1.audit.patterns import make, match
from compat_v1.audit.rules.axes import with_rest
from compat_v1.audit.sizes import add

v1 = tf.compat.v1


def _in_batch(rewriter, name, node, operands):
    """What is cut out of a batch of one image, or put around it, is that of the image."""
    normal = rewriter.normal
    batch = _batch_of_one(normal, operands[0])
    if batch is None:
        return False
    rank = len(normal.sizes(batch.image))
    if node.op == "Slice":
        operands = with_rest(normal, operands) or operands
    alone, sizes = [0, 1] if node.op == "Slice" else [(0, 0)], normal.derived(name, node.op, operands)[0]
    if sizes is None or [_of_batch(normal, one, rank) for one in operands[1:]] != alone:
        return False
    inputs = [batch.copied(normal), *(_without_batch(normal, one, rank) for one in operands[1:])]
    attributes = rewriter._without_index_types(name, inputs)
    done = normal.node(name, node.op, attributes, inputs, None, {"one image"}, sizes=[sizes[1:]]), 0
    made, shape = batch.made, (1, *normal.sizes(done))
    types = {"T": made.attributes["T"]}
    again = make(normal, done[0], "ExpandDims", types, [done, number(0, "int32")], shape, "one image")
    normal.tensors[name, 0] = again
    normal.absorbed |= {made, again[0], *batch.copies}
    normal.accounted |= {made, again[0], *batch.copies}
    return True


def _of_one_image(rewriter, name, node, operands):
    """A batch of one image that is squeezed is the image."""
    batch = _batch_of_one(rewriter.normal, operands[0])
    if batch is None or list(Attributes(node)["squeeze_dims"].list.i) != [0]:
        return False
    return _take_image(rewriter, name, batch)


def _reshaped(rewriter, name, node, operands):
    """So is its gradient, which is reshaped to what the image is."""
    normal, (tensor, shape) = rewriter.normal, operands
    batch = _batch_of_one(normal, tensor)
    if batch is None or "one image" not in batch.made.steps or not isinstance(shape, Literal):
        return False
    return shape.value == normal.sizes(batch.image) and _take_image(rewriter, name, batch)


def _take_image(rewriter, name, batch):
    rewriter.normal.alias(name, batch.copied(rewriter.normal), "one image")
    rewriter.normal.absorbed |= {batch.made, *batch.copies}
    rewriter.normal.accounted |= {batch.made, *batch.copies}
    return True


def _put_back(rewriter, name, node, operands):
    """The gradient of what is cut out of a tensor is as large as that, wherever a tensor says that it is cut."""
    found: dict = {}
    around, sizes = operands[1], rewriter.normal.sizes(operands[0])
    rest = found["rest"] if match(around, _AROUND, found) else None
    known = sizes and isinstance(rest, Literal) and rest.kind == "whole" and rest.shape == (len(sizes),)
    if not known or not rewriter._plain(name, node, operands):
        return False
    rewriter.normal.set_sizes(rewriter.normal.made[name], tuple(map(add, sizes, rest.value)))
    return True


_AROUND = ("ConcatV2", ("Reshape", "begin", "column"), ("Reshape", ("Sub", "rest", "begin"), "column"), 1)


class _Batch(NamedTuple):
    """An `image`, by which node a batch of one was `made` of it, and the `copies` of that, one of the other."""

    image: tuple
    made: Any
    copies: list

    def copied(self, normal):
        """Return the image, copied as the batch was where that waited for something."""
        tensor, sizes = self.image, normal.sizes(self.image)
        for each in filter(lambda one: one.controls, self.copies):
            tensor = make(normal, each, "Identity", each.attributes, [tensor], sizes, "one image", each.controls)
        return tensor


def _batch_of_one(normal, operand):
    """Return what batch of one image a tensor is, or None."""
    copies = []
    while is_op(operand, "Identity") and not isinstance(operand[0].inputs[0], Literal):
        copies.insert(0, operand[0])
        operand = operand[0].inputs[0]
    if not is_op(operand, "ExpandDims", "Reshape") or operand[0].controls:
        return None
    image, how = operand[0].inputs
    if isinstance(image, Literal) or not isinstance(how, Literal) or normal.sizes(image) is None:
        return None
    if not is_scalar(how, 0) if operand[0].op == "ExpandDims" else how.value != (1, *normal.sizes(image)):
        return None
    return _Batch(image, operand[0], copies)


def _of_batch(normal, operand, rank):
    """Return where a batch is cut, how much is left or what is put around it, of its first axis; None if unknown."""
    if isinstance(operand, Literal):
        fits = operand.kind == "whole" and operand.shape in ((rank + 1,), (rank + 1, 2))
        first = operand.value[: len(operand.value) // (rank + 1)] if fits else ()
    else:
        packed = _packed(normal, operand, rank + 1)
        axes = packed[0].inputs[: len(packed[0].inputs) // (rank + 1)] if packed else []
        known = all(isinstance(one, Literal) and one.kind == "whole" for one in axes)
        first = tuple(one.value[0] for one in axes) if known else ()
    return first[0] if len(first) == 1 else first or None


def _packed(normal, operand, rank):
    """Return the vector of a number for each axis that an operand is, or is made of if it has two for each; or None."""
    count = rank
    if is_op(operand, "Reshape") and not operand[0].controls and isinstance(operand[0].inputs[1], Literal):
        operand, count = operand[0].inputs[0] if operand[0].inputs[1].value == (rank, 2) else None, 2 * rank
    return operand if is_op(operand, "Pack") and normal.sizes(operand) == (count,) else None


def _without_batch(normal, operand, rank):
    """Return what is said of a batch of one image for the image."""
    if isinstance(operand, Literal):
        numbers = operand.value[len(operand.value) // (rank + 1) :]
        own = operand._replace(form=0, leaves=())  # which the first releases put together of fewer numbers
        return own._replace(shape=(rank, *operand.shape[1:]), value=numbers)
    pack, _ = _packed(normal, operand, rank + 1)
    numbers = pack.inputs[len(pack.inputs) // (rank + 1) :]
    normal.absorbed |= {pack, operand[0]}
    attributes = {**pack.attributes, "N": v1.AttrValue(i=len(numbers)).SerializeToString(deterministic=True)}
    vector = make(normal, pack, "Pack", attributes, numbers, (len(numbers),), "one image", pack.controls)
    if pack is operand[0]:
        return vector
    shape = whole([rank, 2], operand[0].inputs[1].dtype)
    return make(normal, operand[0], "Reshape", operand[0].attributes, [vector, shape], (rank, 2), "one image")


RULES = {
    "Slice": _in_batch,
    "Pad": lambda *of: _in_batch(*of) or _put_back(*of),
    "Squeeze": _of_one_image,
    "Reshape": _reshaped,
}
