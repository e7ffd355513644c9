"""The sizes of what loops carry, where TensorFlow's shape inference knows none."""

from compat_v1.audit.normal import Normal
from compat_v1.audit.operands import is_op


def sizes(graph, normal, hints, without):
    """Return {name: sizes of each output} for the variables of loops that keep the sizes with which they enter.

    By induction: if all these variables have the sizes that they enter with, the bodies give them the same again.
    """
    assumed, refuted = {}, set()
    while True:
        if assumed:
            normal = Normal(graph, {**hints, **assumed}, without)
        carried = [node for node in normal.nodes if node.late and node.name not in refuted]
        new = {node.name: [_entering(normal, node)] for node in carried if not _are_known(normal.sizes((node, 0)))}
        new = {name: shapes for name, shapes in new.items() if _are_known(shapes[0])}
        wrong = {node.name for node in carried if node.name in assumed and not _returns(normal, node, assumed)}
        if not new and not wrong:
            return assumed
        if not new:
            refuted |= wrong
        assumed = {name: shapes for name, shapes in {**assumed, **new}.items() if name not in refuted}


def _entering(normal, node):
    """Return the sizes with which a loop variable enters, None if they are several."""
    shapes = {normal.sizes(one) for place, one in enumerate(node.inputs) if place not in node.late}
    return shapes.pop() if len(shapes) == 1 else None


def _returns(normal, node, assumed):
    return all(_returned(normal, node.inputs[place]) == assumed[node.name][0] for place in node.late)


def _returned(normal, operand):
    """Return the sizes of what comes back."""
    if is_op(operand, "NextIteration"):
        operand = operand[0].inputs[0]
    return normal.sizes(operand)


def _are_known(shape):
    return shape is not None and all(isinstance(size, int) for size in shape)
