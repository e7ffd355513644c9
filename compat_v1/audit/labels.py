"""Gradients of a cross entropy for its labels, which TensorFlow 1.0 did not make and later releases make for nobody."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.pruning import users_of


def are_made(graph):
    """Whether a graph has such gradients: minus the logarithm of a softmax."""
    return any(
        node.op == "Neg" and graph.nodes[graph.inputs[name][0][0]].op == "LogSoftmax"
        for name, node in graph.nodes.items()
    )


def unused_gradients(normal):
    """Return the nodes of these gradients that nothing uses; what waited for them waits no more.

    The gradient for the logits was handed on by an Identity that waits for both; it is then handed on as it is.
    """
    users = users_of(normal)
    dropped, instead = set(), {}
    for group in normal.nodes:
        if group.op != "NoOp" or len(group.controls) != 2:
            continue
        for one in list(group.controls):
            (other,) = group.controls - {one}
            idle = all(_hands_on(user, group) and not users.get(user) for user in users.get(one, set()) - {group})
            handed_on = [user for user in users.get(other, ()) if user is not group and _hands_on(user, group)]
            if not idle or not _is_gradient(one) or len(handed_on) != 1:
                continue
            dropped |= {one, group, *(users[one] - {group}), *handed_on}
            instead[handed_on[0]] = handed_on[0].inputs[0]
            break
    for node in normal.nodes:
        node.inputs = [
            instead.get(one[0], one) if isinstance(one, tuple) and not isinstance(one, Literal) else one
            for one in node.inputs
        ]
        if node.controls & instead.keys():
            node.controls = frozenset(instead[one][0] if one in instead else one for one in node.controls)
    for name, operand in normal.tensors.items():
        if operand is not None and not isinstance(operand, Literal) and operand[0] in instead:
            normal.tensors[name] = instead[operand[0]]
    return dropped


def _hands_on(node, group):
    return node.op == "Identity" and group in node.controls


def _is_gradient(node):
    """Whether a node is a product with minus the logarithm of a softmax."""
    if node.op != "Mul" or any(isinstance(one, Literal) for one in node.inputs):
        return False
    factor = node.inputs[1][0]
    return factor.op == "Neg" and not isinstance(factor.inputs[0], Literal) and factor.inputs[0][0].op == "LogSoftmax"
