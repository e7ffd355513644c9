"""Rules for images that are flipped, or flipped at random: along an axis, if a condition holds."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import axes_of, is_op, is_scalar, is_tensor, is_zeros
from compat_v1.audit.rules.oldest_branches import absorb_condition, asks_which
from compat_v1.audit.sizes import may_be_one

_FLIPPED, _BACK = "flipped or not", "gradient of a flip"


def _strided(rewriter, name, node, operands):
    """Every element along each axis, along one backwards where a condition holds."""
    tensor, _, _, strides = operands
    return _read(rewriter, name, node, tensor, strides, _FLIPPED)


def _strided_back(rewriter, name, node, operands):
    """The gradient of that: it is flipped if the image was."""
    shape, _, _, strides, gradient = operands
    sizes = rewriter.normal.sizes(gradient)
    is_known = isinstance(shape, Literal) and shape.kind == "whole" and sizes is not None
    return is_known and may_be_one(shape.value, sizes) and _read(rewriter, name, node, gradient, strides, _BACK)


def _read(rewriter, name, node, tensor, strides, rule):
    if isinstance(strides, Literal):
        return _backwards(rewriter, name, node, tensor, strides)
    attributes, shape = Attributes(node), rewriter.normal.sizes(tensor)
    if isinstance(tensor, Literal) or not is_op(strides, "Pack") or strides[0].controls or shape is None:
        return False
    steps = strides[0].inputs
    every = (1 << len(shape)) - 1
    whole_axes = all(attributes[key].i == every for key in ("begin_mask", "end_mask"))
    others = any(attributes[key].i for key in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"))
    chosen = [axis for axis, step in enumerate(steps) if not is_scalar(step, 1)]
    if len(steps) != len(shape) or not whole_axes or others or len(chosen) != 1:
        return False
    step = steps[chosen[0]]
    if not any(is_op(step, op) for op in ("Select", "SelectV2")) or step[0].controls:
        return False
    condition, backwards, forwards = step[0].inputs
    if not (is_scalar(backwards, -1) and is_scalar(forwards, 1)):
        return False
    rewriter.normal.absorbed.update({strides[0], step[0]})
    return _keep(rewriter, name, tensor, condition, chosen[0], f"{rule}: strided")


def _backwards(rewriter, name, node, tensor, strides):
    """Every element along each axis, along some backwards, is reversed along these."""
    attributes, shape, steps = Attributes(node), rewriter.normal.sizes(tensor), strides.value
    every = (1 << len(steps)) - 1
    whole_axes = all(attributes[key].i == every for key in ("begin_mask", "end_mask"))
    others = any(attributes[key].i for key in ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"))
    if isinstance(tensor, Literal) or shape is None or len(shape) != len(steps) or not whole_axes or others:
        return False
    if not set(steps) <= {1, -1} or -1 not in steps:
        return False
    axes = whole([axis for axis, step in enumerate(steps) if step == -1], "int32")
    types = {"T": rewriter.graph.attributes(name)["T"]}
    rewriter.normal.keep(name, "ReverseV2", [tensor, axes], types, {"read backwards"}, [shape])
    return True


def _merged(rewriter, name, node, operands):
    """A tensor in one branch, reversed along an axis in the other."""
    if len(operands) != 2 or any(isinstance(one, Literal) for one in operands):
        return False
    same, back = operands
    if not (is_op(same, "Switch") and same[1] == 0 and is_op(back, "ReverseV2")):
        return False
    switched, axes = back[0].inputs
    if not is_op(switched, "Switch") or switched[1] != 1 or switched[0].inputs != same[0].inputs:
        return False
    if asks_which(rewriter.graph, name):
        return False
    tensor, condition = same[0].inputs
    shape = rewriter.normal.sizes(tensor)
    if isinstance(condition, Literal) or isinstance(tensor, Literal):
        return False
    axis = axes_of(axes, shape)
    if axis is None or len(axis) != 1:
        return False
    rewriter.normal.absorbed.update({same[0], back[0], switched[0]})
    asked = condition[0].inputs[0] if is_op(condition, "Identity") else condition
    if isinstance(asked, Literal):
        return False
    rewriter.normal.absorbed |= {condition[0]} - {asked[0]}
    absorb_condition(rewriter, asked)
    is_copy = is_op(tensor, "Identity") and not tensor[0].controls and is_tensor(tensor[0].inputs[0])
    if is_copy and not rewriter.normal.reads_a_ref(tensor[0].name):
        rewriter.normal.absorbed.add(tensor[0])
        tensor = tensor[0].inputs[0]
    return _keep(rewriter, name, tensor, asked, axis[0], f"{_FLIPPED}: reversed")


def _added(rewriter, name, node, operands):
    """Its gradient in the branch that ran, with zeros added for the other one, is the gradient flipped or not."""
    if len(operands) != 2 or not all(is_op(one, "Merge") and len(one[0].inputs) == 2 for one in operands):
        return False
    merges, normal = [one[0] for one in operands], rewriter.normal
    (kept, none), (other_none, back) = (one.inputs for one in merges)
    if not is_op(back, "ReverseV2") or any(one.controls for one in (*merges, back[0])):
        return False
    turned, axes = back[0].inputs
    gone, nones = {*merges, back[0]}, [_constant(one) for one in (none, other_none)]
    kept, turned = (_ungated(one, gone) for one in (kept, turned))
    if not is_op(kept, "Switch") or kept[1] != 0 or turned != (kept[0], 1) or kept[0].controls:
        return False
    gradient, condition = kept[0].inputs
    shape = normal.sizes(gradient)
    axis = axes_of(axes, shape)
    if isinstance(gradient, Literal) or axis is None or len(axis) != 1 or not is_op(condition, "Identity"):
        return False
    if any(one is None or one.shape != shape for one in nones) or any(one[1] for one in operands):
        return False
    asked = condition[0].inputs[0]
    if isinstance(asked, Literal):
        return False
    normal.absorbed |= {*gone, kept[0], condition[0], none[0], other_none[0]}
    normal.absorbed |= normal.branches & frozenset().union(*(one.alive for one in nones))
    absorb_condition(rewriter, asked)
    _keep(rewriter, name, gradient, asked, axis[0], f"{_BACK}: added")
    normal.made[name].colocated = merges[0].colocated  # a sum is placed beside the first of what it adds
    return True


def _constant(operand):
    """Return the zeros that a node in a branch makes, or None."""
    value = operand[0].inputs[0] if is_op(operand, "Const") else None
    return value if value is not None and is_zeros(value) else None


def _ungated(operand, gone):
    """Return what a gradient copies when all gradients of the same op are made, which are those of one Switch."""
    while is_op(operand, "Identity") and is_tensor(operand[0].inputs[0]):
        switch = operand[0].inputs[0][0]
        if any(one.op != "NoOp" or one.controls != {switch} for one in operand[0].controls):
            break
        gone |= {operand[0], *operand[0].controls}
        operand = operand[0].inputs[0]
    return operand


def _keep(rewriter, name, tensor, condition, axis, step):
    types = {"T": rewriter.graph.attributes(name)["T"]}
    inputs, sizes = [tensor, condition, whole(axis, "int32")], [rewriter.normal.sizes(tensor)]
    made = rewriter.normal.node(name, _FLIPPED, types, inputs, None, {step}, sizes=sizes)
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


RULES = {"StridedSlice": _strided, "StridedSliceGrad": _strided_back, "Merge": _merged, "AddN": _added}
