"""The sizes of what loops carry, where TensorFlow's shape inference knows none."""

from compat_v1.audit.normal import ENTERING, Normal
from compat_v1.audit.operands import is_op


def sizes(graph, normal, hints, without):
    """Return {name: what is to be assumed} for the variables of loops that keep the sizes with which they enter.

    By induction: if all these variables have the sizes that they enter with, the bodies give them the same again.
    """
    assumed, refuted = {}, set()
    while True:
        if assumed:
            normal = Normal(graph, {**hints, **assumed}, without)
        carried = [node for node in normal.nodes if node.late and node.name not in refuted]
        new = [node.name for node in carried if node.name not in assumed and _may_be_known(normal, node)]
        wrong = {node.name for node in carried if node.name in assumed and not _returns(normal, node)}
        if not new and not wrong:
            return assumed
        if not new:
            refuted |= wrong
        assumed = {name: ENTERING for name in (*assumed, *new) if name not in refuted}


def _may_be_known(normal, node):
    """Whether more may be known of the sizes of a loop variable: it enters with sizes, the same in all ways."""
    known = normal.sizes((node, 0))
    if known is not None and all(isinstance(size, int) for size in known):
        return False
    shapes = {normal.sizes(one) for place, one in enumerate(node.inputs) if place not in node.late}
    return len(shapes) == 1 and shapes.pop() is not None


def _returns(normal, node):
    return all(_returned(normal, node.inputs[place]) == normal.sizes((node, 0)) for place in node.late)


def _returned(normal, operand):
    """Return the sizes of what comes back."""
    if is_op(operand, "NextIteration"):
        operand = operand[0].inputs[0]
    return normal.sizes(operand)
