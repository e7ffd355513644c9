"""Dropout, whose formula TensorFlow changed four times: x / keep * floor(keep + u), x * (1 / keep) * (u >= rate), …

Each form is a tensor that is scaled and masked, and so is its gradient. In the normal form both steps are ops of their
own, "scaled" and "masked", with what is kept as their last input; the node's `steps` say by which formula, with the
number in it, which two programs that keep as much may round apart.
"""

from decimal import Decimal

import numpy as np
import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import before_branch, is_op, is_tensor, sends

_DIGITS = 6  # behind the point, in which a program says what is kept
_FACTOR = "factor"  # an attribute of the normal form: by what a tensor is scaled, if that is not what its mask keeps
_IN_BETWEEN = ("Sum", "Reshape", "Identity", "Tile", "BroadcastTo")  # a scale and its mask
_ROUNDING = 1e-12  # of 1 - keep in double precision, and less than of any float32


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


def _outside(operand):
    """Return what enters a loop and stays the same in it, or is sent into a branch; any other operand as it is."""
    while is_op(operand, "Enter", "Switch") and ("is_constant" in operand[0].attributes or sends(operand[0])):
        operand = operand[0].inputs[0]
    return operand


def _sending(operand):
    """Yield the Switches that send a tensor into branches, one inside the other: they hand on what comes."""
    while is_tensor(operand) and sends(operand[0]):
        yield operand[0]
        operand = operand[0].inputs[0]


def _runs_with(graph, name, slot, other):
    """Whether a node runs in the branches that one of its inputs is sent into by another input, too.

    What a number is made from waits for the turn of a loop, which what entered the loop once does not.
    """
    runs, also = (graph.branches.of_tensor(*graph.inputs[name][k]) for k in (slot, other))
    return all(graph.nodes[condition].op == "LoopCond" for (condition, _), _ in runs - also)


def keep_of_rate(rate):
    """Return what of a rate's complement both forms share: (what it is, a number or a tensor)."""
    rate = _outside(rate)
    if is_op(rate, "Sub") and value(rate[0].inputs[0]) == 1:
        return keep(rate[0].inputs[1])
    number = value(rate)
    return ("rate", rate) if number is None else ("keep", _complement(number))


def keep(operand):
    """Return the same of what is kept."""
    operand = _outside(operand)
    if is_op(operand, "Sub") and value(operand[0].inputs[0]) == 1:
        return keep_of_rate(operand[0].inputs[1])
    number = value(operand)
    return ("keep", operand) if number is None else ("keep", _said(float(str(number))))


def _said(number):
    """Return what is kept in few digits, as programs say it; "about" if it has more, which forms round apart."""
    short = round(number, _DIGITS)
    return str(short) if abs(short - number) < _ROUNDING else f"about {short}"


def _complement(rate):
    """Return what is kept at a rate: in decimal numbers, or if the rate is 1 - keep in its own type, that."""
    kept, own = float(1 - Decimal(str(rate))), np.result_type(rate).type
    short = round(kept, _DIGITS)
    return _said(short if own(1) - own(short) == rate else kept)


def mask(operand):
    """Return (u, what is kept, formula, the number that u is held to) of a mask, or None for any other tensor."""
    formula = "compared"
    if is_op(operand, "Cast"):
        operand, formula = operand[0].inputs[0], "compared and multiplied"
    if is_op(operand, "GreaterEqual"):
        drawn, rate = map(before_branch, operand[0].inputs)
        return (drawn, keep_of_rate(rate), formula, rate) if is_op(drawn, "RandomUniform") else None
    if is_op(operand, "Floor") and is_op(operand[0].inputs[0], "AddV2"):
        first, drawn = operand[0].inputs[0][0].inputs
        return (drawn, keep(first), "floor", first) if is_op(drawn, "RandomUniform") else None
    return None


def masked(normal, name, operands):
    """Take a node over as "masked" if it masks for dropout, forward or backward; say whether it did."""
    before, is_select = list(operands), normal.graph.nodes[name].op == "SelectV2"
    outside = [before_branch(normal.pushed(one)) for one in operands]
    if is_select:
        operands = [outside[0], *operands[1:]]
    else:
        operands = [taken if mask(taken) else one for one, taken in zip(operands, outside, strict=True)]
    found = _masks(normal.graph.nodes[name].op, operands)
    if found is None:
        return False
    tensor, (drawn, kept, formula, number), used = found
    if not _is_share(normal, kept[1]):
        return False
    if not _runs_with(normal.graph, name, operands.index(used), 1 if is_select else 1 - operands.index(used)):
        return False
    for old, new in zip(before, operands, strict=True):
        normal.absorbed.update([old[0], *_sending(normal.pushed(old))] if old is not new else ())
    normal.absorbed.update(_within(used))
    for node in _within(used):
        if node.op in ("Cast", "GreaterEqual", "Floor", "AddV2"):
            normal.assume((node, 0), normal.sizes(drawn))
    attributes, inputs = _kept(kept, [tensor, drawn])
    made = normal.keep(name, "masked", inputs, attributes, {_step(formula, number)})
    _leave_to_mask(tensor, _kept_by(made))
    return True


def _is_share(normal, kept):
    """Whether what is kept is more than 0 and at most 1, or a tensor that may be one such number."""
    if isinstance(kept, str):
        return 0 < float(kept.removeprefix("about ")) <= 1
    return normal.sizes(kept) in (None, ())


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


def scaled(normal, name, operands):
    """Take a product or quotient over as "scaled" if it scales what is masked for dropout; say whether it did."""
    tensor = operands[0]
    if tensor is None or isinstance(tensor, Literal):
        return False
    op = normal.graph.nodes[name].op
    popped = operands[1]
    operands = [tensor, before_branch(normal.pushed(popped))]
    kept = _kept_of_masked(tensor)
    formula = None if kept is None else _scales(op, operands[1], kept)
    is_first = formula is None and _is_masked_next(normal.graph, name)
    if is_first:
        kept = _kept_of_scale(op, operands[1])
        formula = None if kept is None else _scales(op, operands[1], kept)
    if formula is None or not _runs_with(normal.graph, name, 1, 0):
        return False
    if operands[1] is not popped:
        normal.absorbed.update([popped[0], *_sending(normal.pushed(popped))])
    normal.absorbed.update(_within(operands[1]))
    for one in (operands[1], *(node.inputs[k] for node in _within(operands[1]) for k in range(len(node.inputs)))):
        normal.assume(one, ())
    attributes, inputs = _kept(kept, [tensor])
    step = _step(formula, operands[1])
    if is_first:
        attributes[_FACTOR] = step.removeprefix("dropout: ")
    normal.keep(name, "scaled", inputs, attributes, {step}, [normal.sizes(tensor)])
    return True


def _leave_to_mask(tensor, kept):
    """Let what is kept tell how a tensor was scaled, if that is also what it is masked by: else the factor tells."""
    while is_op(tensor, *_IN_BETWEEN):
        tensor = tensor[0].inputs[0]
    if is_op(tensor, "scaled") and _kept_by(tensor[0]) == kept:
        tensor[0].attributes.pop(_FACTOR, None)


def _kept_of_masked(tensor):
    """Return what is kept of a gradient that was masked and not scaled yet, or None."""
    steps = []  # forward a scale and then a mask, backward a mask and then a scale
    while is_op(tensor, "Identity", "Reshape", "Sum", "masked", "scaled"):
        if tensor[0].op in ("masked", "scaled"):
            if steps and _kept_by(tensor[0]) != _kept_by(steps[0]):
                break  # of another dropout, or a mean's
            steps.append(tensor[0])
        tensor = tensor[0].inputs[0]
    last = steps[0] if steps else None
    while len(steps) > 1 and steps[-1].op != steps[-2].op:
        del steps[-2:]
    if steps != [last] or last.op != "masked":
        return None
    kind, _, number = last.attributes["kept"].partition(" ")
    return kind, number or last.inputs[2]


def _kept_by(node):
    """Return what a masked or scaled tensor says of what is kept, and that, if it is no number."""
    return node.attributes["kept"], node.inputs[2 if node.op == "masked" else 1 :]


def _kept_of_scale(op, factor):
    """Return what is kept if a tensor is scaled by this."""
    if op == "RealDiv":
        return keep(factor)
    if is_op(factor, "RealDiv") and value(factor[0].inputs[0]) == 1:
        return keep(factor[0].inputs[1])
    number = value(factor)
    return ("keep", _inverse(number)) if number and np.isfinite(number) else None


def _inverse(number):
    """Return what is kept if a tensor is multiplied by a number: what has it for its inverse, in its type."""
    kept, own = round(1 / float(str(number)), _DIGITS), np.result_type(number).type
    one = own(1)
    exact = kept and number in (own(1 / kept), one / own(kept), one / (one - (one - own(kept))))
    return _said(kept) if exact else f"about {kept}"


def _scales(op, factor, kept):
    """Return by which formula a tensor is scaled by 1 / kept, or None if it is not."""
    if _kept_of_scale(op, factor) != kept:
        return None
    return "divided" if op == "RealDiv" else "multiplied"


def _is_masked_next(graph, name):
    """Whether what a node makes is masked: multiplied by a mask, or selected by one.

    A gradient may be summed over what was broadcast and handed on before: over nothing, where the tensor was not. That
    of a gradient is spread over it again.
    """
    todo = list(graph.users[name])
    while todo:
        user, slot = todo.pop()
        if slot == 0 and graph.nodes[user].op in _IN_BETWEEN:
            todo += graph.users[user]
        others = [graph.nodes[maker] for place, (maker, _) in enumerate(graph.inputs[user]) if place != slot]
        op, other = graph.nodes[user].op, others[0] if others else None
        if op not in ("Mul", "SelectV2") or other is None:
            continue
        if op == "Mul" and other.op in ("Cast", "Floor"):
            other = graph.nodes[graph.inputs[other.name][0][0]]
        elif op == "Mul" or slot != 1:
            continue
        if other.op in ("GreaterEqual", "Add", "AddV2") and any(
            _is_drawn(graph, one) for one, _ in graph.inputs[other.name]
        ):
            return True
    return False


def _is_drawn(graph, name):
    """Whether RandomUniform is what a node gives, stretched or not."""
    for _ in range(3):
        if graph.nodes[name].op not in ("Add", "AddV2", "Mul"):
            break
        name = graph.inputs[name][0][0]
    return graph.nodes[name].op == "RandomUniform"


def _step(formula, operand):
    """Return what `steps` say of a formula: if what it takes is a number, which."""
    number = value(_outside(operand))
    return f"dropout: {formula}" + (f" {number}" if number is not None else "")


def _kept(kept, inputs):
    """Return attributes and inputs that tell what is kept."""
    kind, what = kept
    if isinstance(what, str):
        return {"kept": f"{kind} {what}"}, inputs
    return {"kept": kind}, [*inputs, what]


def _within(operand):
    """Yield the nodes that a mask or a scale is computed by."""
    if isinstance(operand, Literal) or operand is None:
        return
    yield from _sending(operand)
    operand = before_branch(operand)
    if isinstance(operand, Literal):
        return
    if operand[0].op in ("Cast", "GreaterEqual", "Floor", "AddV2", "Sub", "RealDiv", "Enter"):
        yield operand[0]
        for one in operand[0].inputs:
            yield from _within(one)
