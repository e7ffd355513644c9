"""Dropout, whose formula TensorFlow changed four times: x / keep * floor(keep + u), x * (1 / keep) * (u >= rate), …

Each form is a tensor that is scaled and masked, and so is its gradient. In the normal form both steps are ops of their
own, "scaled" and "masked", with what is kept as their last input; the node's `steps` say by which formula.
"""

import numpy as np
import tensorflow as tf

from compat_v1.audit.literals import Literal

_PRODUCTS = ("Mul", "RealDiv")


def _is_op(operand, op):
    return isinstance(operand, tuple) and not isinstance(operand, Literal) and operand[0].op == op


def value(operand):
    """Return the number that a scalar operand holds or is computed from numbers, in its type, or None."""
    if isinstance(operand, Literal):
        if operand.shape != () or operand.kind not in ("data", "whole"):
            return None
        if operand.kind == "whole":
            return operand.value[0] if isinstance(operand.value[0], int) else None
        return np.frombuffer(operand.value, tf.dtypes.as_dtype(operand.dtype).as_numpy_dtype)[0]
    if operand is None or operand[0].op not in ("Sub", "RealDiv") or operand[0].controls:
        return None
    left, right = map(value, operand[0].inputs)
    if left is None or right is None or not right:
        return None
    return left - right if operand[0].op == "Sub" else left / right


def keep_of_rate(rate):
    """Return what of a rate's complement both forms share: (what it is, a number or a tensor)."""
    number = value(rate)
    if number is not None:
        return "keep", round(1 - float(number), 6)
    if _is_op(rate, "Sub") and value(rate[0].inputs[0]) == 1:
        return keep(rate[0].inputs[1])
    return "rate", rate


def keep(operand):
    """Return the same of what is kept."""
    number = value(operand)
    if number is not None:
        return "keep", round(float(number), 6)
    if _is_op(operand, "Sub") and value(operand[0].inputs[0]) == 1:
        return keep_of_rate(operand[0].inputs[1])
    return "keep", operand


def mask(operand):
    """Return (u, what is kept, formula) of a mask, or None for any other tensor."""
    formula = "compared"
    if _is_op(operand, "Cast"):
        operand, formula = operand[0].inputs[0], "compared and multiplied"
    if _is_op(operand, "GreaterEqual"):
        drawn, rate = operand[0].inputs
        return (drawn, keep_of_rate(rate), formula) if _is_op(drawn, "RandomUniform") else None
    if _is_op(operand, "Floor") and _is_op(operand[0].inputs[0], "AddV2"):
        first, drawn = operand[0].inputs[0][0].inputs
        return (drawn, keep(first), "floor") if _is_op(drawn, "RandomUniform") else None
    return None


def scale(node, kept):
    """Return (the tensor, formula) if a product or quotient scales by 1 / kept, or None."""
    left, right = node.inputs
    if node.op == "RealDiv":
        return (left, "divided") if keep(right) == kept else None
    number = value(right)
    if number is not None and kept[0] == "keep" and isinstance(kept[1], float):
        return (left, "multiplied") if abs(float(number) * kept[1] - 1) < 1e-5 else None
    if _is_op(right, "RealDiv") and value(right[0].inputs[0]) == 1 and keep(right[0].inputs[1]) == kept:
        return left, "multiplied"
    return None


def masked(normal, name, operands):
    """Take a node over as "masked" if it masks for dropout, forward or backward; say whether it did."""
    found = _masks(normal.graph.nodes[name].op, operands)
    if found is None:
        return False
    tensor, (drawn, kept, formula), used = found
    if not isinstance(tensor, Literal) and tensor[0].op in _PRODUCTS and not tensor[0].controls:
        scaling = scale(tensor[0], kept)
        if scaling:
            normal.absorbed.add(tensor[0])
            tensor = scaled(normal, tensor[0].name, scaling, kept), 0
    normal.absorbed.update(_within(used))
    attributes, inputs = _kept(kept, [tensor, drawn])
    normal.keep(name, "masked", inputs, attributes, {f"dropout: {formula}"})
    return True


def _masks(op, operands):
    if op == "SelectV2":
        condition, tensor, other = operands
        found = mask(condition)
        return (tensor, found, condition) if found and value(other) == 0 and not np.signbit(value(other)) else None
    for tensor, other in (operands, operands[::-1]):
        found = mask(other)
        if found and found[2] != "compared" and tensor is not None:
            return tensor, found, other
    return None


def scaled(normal, name, scaling, kept):
    """Make the node "scaled" for `name`, and return it."""
    tensor, formula = scaling
    attributes, inputs = _kept(kept, [tensor])
    sizes = normal.sizes(tensor)
    steps = {f"dropout: {formula}"}
    return normal.node(name, "scaled", attributes, inputs, set(), steps, 1, None if sizes is None else [sizes])


def scaled_gradient(normal, name, operands):
    """Take a product or quotient over as "scaled" if it scales what was masked; say whether it did."""
    if operands[0] is None or isinstance(operands[0], Literal):
        return False
    source = operands[0]
    while source[0].op in ("Identity", "Reshape", "Sum") and not isinstance(source[0].inputs[0], Literal):
        source = source[0].inputs[0]
        if source is None:
            return False
    if source[0].op != "masked":
        return False
    kind = next(iter(source[0].attributes["kept"].decode().split()))
    last = source[0].inputs[2] if len(source[0].inputs) > 2 else float(source[0].attributes["kept"].decode().split()[1])
    stand_in = _Product(normal.graph.nodes[name].op, operands)
    scaling = scale(stand_in, (kind, last))
    if scaling is None:
        return False
    normal.absorbed.update(_within(operands[1]))
    attributes, inputs = _kept((kind, last), [operands[0]])
    normal.keep(name, "scaled", inputs, attributes, {f"dropout: {scaling[1]}"})
    return True


class _Product:
    def __init__(self, op, inputs):
        self.op, self.inputs = op, inputs


def _kept(kept, inputs):
    """Return attributes and inputs that tell what is kept."""
    kind, what = kept
    if isinstance(what, float):
        return {"kept": f"{kind} {what}".encode()}, inputs
    return {"kept": kind.encode()}, [*inputs, what]


def _within(operand):
    """Yield the nodes that a mask or a scale is computed by."""
    if isinstance(operand, Literal) or operand is None:
        return
    if operand[0].op in ("Cast", "GreaterEqual", "Floor", "AddV2", "Sub", "RealDiv"):
        yield operand[0]
        for one in operand[0].inputs:
            yield from _within(one)


def unused_gradients(normal):
    """Return the nodes of the gradients of mask and scale, which no update uses; no group waits for them any more.

    The backward pass of an op makes the gradients of all its inputs, and a group waits for all of them; those of the
    mask and of the scale differ from formula to formula.
    """
    if not any(node.op == "masked" for node in normal.nodes):
        return set()
    users = normal.users()
    dropped = set()
    for group in normal.nodes:
        if group.op != "NoOp" or not any(map(_is_of_dropout, group.controls)):
            continue
        for one in list(group.controls):
            others = users.get(one, set()) - {group}
            idle = all(user.op == "Identity" and group in user.controls and not users.get(user) for user in others)
            if idle and not _is_of_dropout(one):
                group.controls -= {one}
                group.steps.add("dropout: other gradients")
                dropped |= {one, *others}
    return dropped


def _is_of_dropout(node):
    while node.op in ("Reshape", "Sum") and not isinstance(node.inputs[0], Literal):
        node = node.inputs[0][0]
    return node.op in ("masked", "scaled")
