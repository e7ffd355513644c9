"""Derivatives of softplus, elu and selu, first and second."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, single
from compat_v1.audit.pruning import arrange, comes_behind, users_of

SOFTPLUS, SECOND = "gradient of softplus", "second derivative of elu"
AT_0 = {"EluGrad": 1.0, "SeluGrad": 1.7580993408473768599402175208123}  # the slope of elu and selu next to 0, below it


def _softplus(rewriter, name, node, operands):
    """g / (exp(-x) + 1) is g * sigmoid(x)."""
    gradient, tensor = operands
    if isinstance(tensor, Literal):
        return False
    if isinstance(gradient, Literal):  # as large as the tensor
        gradient = single(gradient) or gradient
    types, sizes = rewriter.graph.attributes(name), [rewriter.normal.sizes(tensor)]
    made = rewriter.normal.node(name, "Sigmoid", types, [tensor], sizes=sizes, steps={SOFTPLUS})
    rewriter.normal.keep(name, "Mul", [gradient, (made, 0)], types, {SOFTPLUS}, sizes)
    return True


def _second_of_softplus(rewriter, name, node, operands):
    """g / (exp(-x) + 2 + exp(x)) is g * s * (1 - s) for s = sigmoid(x), as is its gradient."""
    gradient, total = operands
    if not is_op(total, "Add", "AddV2") or isinstance(gradient, Literal):
        return False
    first, grown = total[0].inputs
    if not is_op(first, "Add", "AddV2") or not is_op(grown, "Exp") or not is_scalar(first[0].inputs[1], 2):
        return False
    fallen, tensor = first[0].inputs[0], grown[0].inputs[0]
    if not is_op(fallen, "Exp") or not is_op(fallen[0].inputs[0], "Neg") or isinstance(tensor, Literal):
        return False
    negated = fallen[0].inputs[0]
    parts = [one[0] for one in (total, first, grown, fallen, negated)]
    if negated[0].inputs[0] != tensor or not comes_behind(gradient, parts):
        return False
    normal, types = rewriter.normal, rewriter.graph.attributes(name)
    sizes = [normal.sizes(tensor)]
    normal.absorbed.update(parts)
    made = normal.node(name, "Sigmoid", types, [tensor], sizes=sizes, steps={SOFTPLUS})
    normal.keep(name, "SigmoidGrad", [(made, 0), gradient], types, {SOFTPLUS}, sizes)
    return True


def _second_of_elu(rewriter, name, node, operands):
    """What the first derivative was taken for is what elu has given, and its gradient there is a product."""
    normal, types = rewriter.normal, rewriter.graph.attributes(name)
    gradient, first = operands
    if is_op(first, *AT_0) and not first[0].controls:
        normal.keep(name, first[0].op, [gradient, first[0].inputs[1]], types, {SECOND}, [normal.sizes(first)])
        return True
    if node.op != "EluGrad" or not is_op(first, "Add", "AddV2") or first[0].controls:
        return False
    shifted, slope = first[0].inputs
    if not is_op(shifted, *AT_0) or not is_scalar(slope, AT_0[shifted[0].op]):
        return False
    normal.absorbed.add(first[0])
    normal.keep(name, "Mul", [gradient, shifted[0].inputs[0]], types, {SECOND}, [normal.sizes(shifted)])
    return True


def finish(normal):
    """Let a product, and not the second gradient of softplus that is made of it, be handed on with the other gradient.

    They are those of another product by now, and the second is no gradient of the same op.
    """
    made = [node for node in normal.nodes if node.op == "SigmoidGrad" and SOFTPLUS in node.steps]
    users = users_of(normal) if made else {}
    for node in made:
        groups = [one for one in users[node] if one.op == "NoOp" and users[node] == {one, *_handed(users, one, node)}]
        product = node.inputs[1]
        if len(groups) != 1 or not is_op(product, "Mul"):
            continue
        (handed,) = _handed(users, groups[0], node)
        for user in users[handed]:
            user.inputs = [(node, 0) if one == (handed, 0) else one for one in user.inputs]
            user.controls = frozenset(node if one is handed else one for one in user.controls)
        groups[0].controls = groups[0].controls - {node} | {product[0]}
        handed.inputs, node.inputs = [product], [node.inputs[0], (handed, 0)]
    if made:
        arrange(normal)


def _handed(users, group, node):
    """Return what hands on a gradient behind a group."""
    return {one for one in users[group] if one.op == "Identity" and one.inputs == [(node, 0)]}


RULES = {"SoftplusGrad": _softplus, "RealDiv": _second_of_softplus, **dict.fromkeys(AT_0, _second_of_elu)}
