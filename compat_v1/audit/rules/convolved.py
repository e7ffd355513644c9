"""What the gradients of a convolution tell of the sizes of its operand.

TensorFlow 1.0 wrote them as numbers where `set_shape` had told them, which is in no graph; by now they are taken from
the operand in each run.
"""

from compat_v1.audit.operands import is_of_numbers, is_tensor
from compat_v1.audit.sizes import may_be_one

_FORWARD = ("Conv2D", "DepthwiseConv2dNative")


def finish(normal):
    """Say what sizes an operand has for which, and for whose filters, a gradient is made of one and the same."""
    told, with_filters = {}, set()
    for node in normal.nodes:
        forward, _, operand = node.op.partition("Backprop")
        if forward not in _FORWARD or not operand:
            continue
        first, second, gradient = node.inputs
        if operand == "Filter":
            with_filters.add((forward, _how(node), first, gradient))
        elif is_of_numbers(first):
            told.setdefault((forward, _how(node), second), {})[gradient] = first.value
    for node in normal.nodes if told and with_filters else ():
        operand, *filters = node.inputs[:2] if node.op in _FORWARD else (None,)
        known = normal.sizes(operand) if is_tensor(operand) else None
        for gradient, sizes in told.get((node.op, _how(node), *filters), {}).items() if known else ():
            if (node.op, _how(node), operand, gradient) in with_filters and may_be_one(known, sizes):
                normal.assume(operand, sizes)


def _how(node):
    return tuple(sorted(node.attributes.items()))
