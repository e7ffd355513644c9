"""Which nodes the gradients of a mask, a scale or a count are made of, that nothing uses and each formula makes others.

What is left out uncompared has to be of these, each as TensorFlow's gradients write it: an op that they do not have, or
that takes what they would not give it, may stop a program though nobody takes what it gives.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import before_branch, is_of_numbers, is_op, is_scalar, is_tensor, makers, single
from compat_v1.audit.pruning import may_go, users_of
from compat_v1.audit.rules.unranked import OF_ALL

_LAST = ("Reshape", "Sum", "Mul", "Select", "SelectV2")  # what a gradient of a mask or a scale ends in
_MOST_AXES = 8  # that TensorFlow sums over
_QUOTIENTS = ("RealDiv", "quotient or 0")
_SELECTS = ("Select", "SelectV2")
_COPIES = ("Identity", "StopGradient", "Shape", "ShapeN", "Size", "ZerosLike", "Neg")
_OF_SHAPES = ("BroadcastGradientArgs", "Shape", "ShapeN", "StackPopV2", "Enter")
_OF_AXES = ("AddV2", "DynamicStitch", "FloorMod", "Range", "Rank")


def are_gradients(nodes):
    """Whether all of some nodes are such."""
    return all(_is_gradient(node, nodes) for node in nodes)


def _is_gradient(node, nodes):
    if node.op == "Sum":
        over = node.inputs[1]
        return is_op(over, "BroadcastGradientArgs") or _are_axes(over) or (is_tensor(over) and _counts_axes(over[0]))
    if node.op in ("Reshape", "BroadcastTo"):
        return isinstance(node.inputs[1], Literal) or node.inputs[1][0].op in ("DynamicStitch", *_OF_SHAPES)
    if node.op in _QUOTIENTS:
        return not _is_other_quotient(node)
    if node.op in _SELECTS:
        return any(isinstance(one, Literal) or one[0].op == "ZerosLike" for one in node.inputs[1:])
    if _counts_axes(node):
        return True
    if node.op in ("GreaterEqual", "AddV2", "Floor", "Cast"):
        return _is_of_mask(node)
    if node.op == "Sub":  # what is kept, from the rate, or the other way round
        return is_scalar(node.inputs[0], 1)
    return node.op in ("Mul", "masked", "scaled", "AddN", OF_ALL, *_COPIES, *_OF_SHAPES)


def _counts_axes(node):
    """Whether a node is one of those by which the gradient of a sum over all axes counts them, of an unknown number."""
    if node.op not in _OF_AXES:
        return False
    first, *others = node.inputs
    if node.op == "Rank":
        return True
    if node.op == "Range":
        limit, step = others
        return is_scalar(first, 0) and is_scalar(step, 1) and (isinstance(limit, Literal) or is_op(limit, "Rank"))
    if isinstance(first, Literal) or not _counts_axes(first[0]):
        return False
    if node.op == "AddV2":
        return first[0].op == "Range" and isinstance(others[0], Literal)
    if node.op == "FloorMod":
        return first[0].op == "AddV2" and others[0] == first[0].inputs[1]
    if len(others) != 3:
        return False
    summed, shape, ones = others
    is_whole = first[0].op == "Range" and is_op(summed, "FloorMod") and _counts_axes(summed[0])
    return is_whole and is_op(shape, "Shape") and isinstance(ones, Literal) and is_scalar(single(ones) or ones, 1)


def _is_of_mask(node):
    """Whether a node is, or is made into, the mask of a dropout: u >= rate, or floor(keep + u)."""
    taken = makers(node)
    if node.op in ("GreaterEqual", "AddV2"):
        return any(one.op == "RandomUniform" for one in taken)
    return bool(taken) and taken[0].op in ("GreaterEqual", "AddV2") and _is_of_mask(taken[0])


def _are_axes(operand):
    return is_of_numbers(operand) and all(axis < _MOST_AXES for axis in operand.value)


def _is_other_quotient(node):
    """Whether a quotient is divided by another number than what it is made from was."""
    total, divisor = node.inputs
    return any(is_op(total, op) and total[0].inputs[1] != divisor for op in _QUOTIENTS)


def unused_gradients(normal):
    """Return the nodes of the gradients of mask and scale, which no update uses; no group waits for them any more.

    The backward pass of an op makes the gradients of all its inputs, and a group waits for all of them; those of the
    mask and of the scale differ from formula to formula.
    """
    if not any(node.op == "masked" for node in normal.nodes):
        return set()
    users = users_of(normal)
    dropped = set()
    for group in normal.nodes:
        if group.op != "NoOp" or not any(map(_is_of_dropout, group.controls)):
            continue
        for one in list(group.controls):
            others = users.get(one, set()) - {group}
            idle = all(user.op == "Identity" and group in user.controls and not users.get(user) for user in others)
            if (
                idle
                and not _is_of_dropout(one)
                and may_go(normal, one)
                and are_gradients(_only_for(normal, {one}, others, users))
            ):
                group.controls -= {one}
                group.steps.add("dropout: other gradients")
                dropped |= {one, *others}
    return dropped | _without_a_group(normal, users, dropped)


def _without_a_group(normal, users, gone):
    """Return the same of `tf.gradients` that gates nothing: there no group waits for them.

    They may share what they are made of with those of another backward pass, of which some are `gone`.
    """
    made_of = _made_of(normal)
    if not made_of:
        return set()
    dropped, ends = set(), {one for one in normal.nodes if one.op in _LAST and not users.get(one)}
    ends = {one for one in ends if may_go(normal, one)}
    idle = _only_for(normal, ends | gone, set(), users)
    for one in ends:
        found = _made_in(one, idle)
        taken = {before_branch(normal.pushed(k)) for node in found for k in node.inputs}
        taken = {k for k in taken if is_tensor(k) and k[0] not in found}
        while inner := {k for k in taken if k[0] in normal.absorbed}:  # a mask or a scale
            taken -= inner
            taken |= {one for one in (before_branch(one) for k in inner for one in k[0].inputs) if is_tensor(one)}
        taken = {k for k in taken if k[0].op not in _OF_SHAPES}
        if taken in made_of and are_gradients(found):
            dropped.add(one)
    return dropped


def _made_in(node, nodes):
    """Return a node and what it is made of among some nodes: of two masks of one tensor, some may be the same."""
    found, todo = {node}, [node]
    while todo:
        new = set(makers(todo.pop())) & nodes - found
        found |= new
        todo += new
    return found


def _made_of(normal):
    """Return the sets of tensors that such gradients are made of: inner ones of a dropout and of its gradient."""
    of_one_mask, found = {}, set()
    for node in normal.nodes:
        if node.op == "masked":
            of_one_mask.setdefault((node.inputs[1], *node.inputs[2:], node.attributes["kept"]), []).append(node)
    for (drawn, *kept, _), masks in of_one_mask.items():
        for forward in masks:
            scale = forward.inputs[0]
            for backward in masks if is_op(scale, "scaled") else ():
                if backward is not forward:
                    gradient = backward.inputs[0]
                    found |= {frozenset({scale, gradient}), frozenset({drawn, gradient, *kept})}
                    found |= {
                        frozenset({scale[0].inputs[0], node.inputs[0], *others})
                        for node in normal.nodes
                        if node.op == "scaled" and _is_masked_by(node.inputs[0], backward)
                        for others in ((), kept)
                    }
    return {frozenset(map(before_branch, one)) for one in found}


def _is_masked_by(tensor, node):
    """Whether a tensor is what a node masks, summed or reshaped or not."""
    while is_op(tensor, "Identity", "Reshape", "Sum"):
        tensor = tensor[0].inputs[0]
    return is_op(tensor, "masked") and tensor[0] is node


def _only_for(normal, nodes, others, users):
    """Return the nodes that serve nothing but some that `others` hand on; what rules absorbed goes anyhow."""
    found, todo = {*nodes, *others}, list(nodes)
    while todo:
        for one in makers(todo.pop()):
            if one in found or one in normal.absorbed:
                continue
            if users.get(one, set()) <= found and may_go(normal, one):
                found.add(one)
                todo.append(one)
    return found


def _is_of_dropout(node):
    while node.op in ("Reshape", "Sum") and not isinstance(node.inputs[0], Literal):
        node = node.inputs[0][0]
    return node.op in ("masked", "scaled")
