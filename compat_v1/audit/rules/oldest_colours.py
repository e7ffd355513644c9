"""Rules for the colours of images, which the first releases of TensorFlow changed by many ops."""

import numpy as np
import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, number
from compat_v1.audit.patterns import match

v1 = tf.compat.v1

_COLOURS, _GREY = "colours", "grey image"
_PARTS = [("Slice", "hsv", f"begin{k}", "size") for k in range(3)]
_HUE = ("ConcatV2", ("FloorMod", ("AddV2", _PARTS[0], "delta"), 1), _PARTS[1], _PARTS[2], "axis")
_CLIPPED = ("Maximum", ("Minimum", ("Mul", _PARTS[1], "scale"), 1), 0)
_SATURATION = ("ConcatV2", _PARTS[0], _CLIPPED, _PARTS[2], "axis")
_LIGHT = np.array([0.2989, 0.587, 0.114], np.float32)  # of red, green and blue


def _put_together(rewriter, name, node, operands):
    """An image made of hue, saturation and value, of which one was changed."""
    for op, pattern, what in (("AdjustHue", _HUE, "delta"), ("AdjustSaturation", _SATURATION, "scale")):
        found = {}
        if match(operands[0], pattern, found) and _are_parts(rewriter, found):
            by = _more_than_one(found[what]) if what == "delta" else found[what]
            return by is not None and _keep_changed(rewriter, name, op, found, by)
    return False


def _are_parts(rewriter, found):
    """Whether the first, second and third of three colours are cut from one image in another space of colours."""
    axis, size, hsv = found["axis"], found["size"], found["hsv"]
    if any(one.controls for one in found["nodes"]) or not is_op(hsv, "RGBToHSV") or hsv[0].controls:
        return False
    if not is_scalar(axis, 2):
        return False
    begins = [found[f"begin{k}"] for k in range(3)]
    if not all(isinstance(one, Literal) and one.kind == "whole" for one in (size, *begins)):
        return False
    shape = rewriter.normal.sizes(hsv) or (-1, -1, 3)
    return size.value == (*shape[:2], 1) and [one.value for one in begins] == [(0, 0, k) for k in range(3)]


def _more_than_one(operand):
    """Return delta if an operand is delta + 1, written down or computed; None for a constant below 1/2."""
    if is_op(operand, "AddV2") and is_scalar(operand[0].inputs[1], 1) and not operand[0].controls:
        return operand[0].inputs[0]
    return operand if isinstance(operand, Literal) and operand.shape == () and operand.kind == "data" else None


def _keep_changed(rewriter, name, op, found, by):
    normal, image = rewriter.normal, found["hsv"][0].inputs[0]
    if is_op(image, "Identity") and not image[0].controls:
        normal.absorbed.add(image[0])
        image = image[0].inputs[0]
    normal.absorbed |= {*found["nodes"], found["hsv"][0]}
    plus = {"AddV2"} if not isinstance(by, Literal) else set()
    normal.absorbed |= {one.inputs[1][0] for one in found["nodes"] if one.op in plus and is_op(one.inputs[1], "AddV2")}
    types = rewriter.graph.own_type(name)
    normal.keep(name, op, [image, by], types, {f"{_COLOURS}: one by one"}, [normal.sizes(found["hsv"])])
    return True


def _hue(rewriter, name, node, operands):
    """The number by which a hue is turned is written as the first releases added it: plus 1."""
    image, delta = operands
    if not isinstance(delta, Literal) or delta.kind != "data" or delta.shape != ():
        return False
    written = np.frombuffer(delta.value, np.float32)[0]
    turned = number(np.float32(written.astype(np.float64) + 1), "float32")
    steps = {f"{_COLOURS}: at once, by {written}"}  # which the first releases rounded away from the others
    attributes = rewriter.graph.attributes(name)
    rewriter.normal.keep(name, node.op, [image, turned._replace(names=delta.names)], attributes, steps)
    return True


def _is_light(literal, shape):
    return isinstance(literal, Literal) and literal.shape == shape and literal.value == _LIGHT.tobytes()


def _summed(rewriter, name, node, operands):
    """A grey image is the sum of what three colours weigh."""
    product, axes = operands
    shape = None if isinstance(product, Literal) else rewriter.normal.sizes(product)
    if (
        not is_op(product, "Mul")
        or product[0].controls
        or not shape
        or "keep_dims" not in rewriter.graph.attributes(name)
    ):
        return False
    image, light = product[0].inputs
    if not _is_light(light, (3,)) or not isinstance(axes, Literal) or axes.value not in ((-1,), (len(shape) - 1,)):
        return False
    rewriter.normal.absorbed.add(product[0])
    return _keep_grey(rewriter, name, image, "summed")


def _multiplied(rewriter, name, node, operands):
    """It is a product of matrices by now."""
    flat, axis = operands
    product = flat[0].inputs[0] if is_op(flat, "Reshape") and not flat[0].controls else None
    rows = product[0].inputs[0] if is_op(product, "MatMul") and not product[0].controls else None
    light = product[0].inputs[1] if rows else None
    if is_op(light, "Reshape") and rewriter.normal.sizes(light) == (3, 1):
        light = light[0].inputs[0]
    if not is_op(rows, "Reshape") or rows[0].controls or not (_is_light(light, (3,)) or _is_light(light, (3, 1))):
        return False
    image, sizes = rows[0].inputs[0], rewriter.normal.sizes
    if isinstance(image, Literal) or product[0].attributes.keys() - {"T"} or not isinstance(axis, Literal):
        return False
    shape = sizes(image)
    if not shape or shape[-1] != 3 or sizes(rows) is None or sizes(rows)[1:] != (3,) or sizes(flat) != shape[:-1]:
        return False
    if axis.value not in ((-1,), (len(shape) - 1,)):
        return False
    rewriter.normal.absorbed |= {flat[0], product[0], rows[0]}
    if not isinstance(product[0].inputs[1], Literal):
        rewriter.normal.absorbed.add(product[0].inputs[1][0])
    return _keep_grey(rewriter, name, image, "multiplied")


def _keep_grey(rewriter, name, image, how):
    sizes = (*rewriter.normal.sizes(image)[:-1], 1)
    made = rewriter.normal.node(name, _GREY, {}, [image], None, {f"{_GREY}: {how}"}, sizes=[sizes])
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _drawn_box(rewriter, name, node, operands):
    """How much of an object a box must cover was an attribute, and is an operand."""
    attributes = rewriter.graph.attributes(name)
    attributes.pop("min_object_covered", None)
    covered = number(Attributes(node)["min_object_covered"].f, "float32")._replace(names=(name,))
    rewriter.normal.keep(name, "SampleDistortedBoundingBoxV2", [*operands, covered], attributes, {"part of an object"})
    return True


RULES = {
    "HSVToRGB": _put_together,
    "AdjustHue": _hue,
    "Sum": _summed,
    "ExpandDims": _multiplied,
    "SampleDistortedBoundingBox": _drawn_box,
}
