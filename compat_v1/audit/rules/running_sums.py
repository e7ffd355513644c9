"""Sums that take one term after the other, as gradients are summed with `aggregation_method=2` by now."""

from compat_v1.audit.operands import is_op
from compat_v1.audit.patterns import set_terms
from compat_v1.audit.pruning import leave_out, users_of

_ONE_BY_ONE = "order of a sum: one by one"


def finish(normal):
    """Write each as one sum of all terms."""
    running = [node for node in normal.nodes if node.op == "AddN" and is_op(node.inputs[0], "AddN")]
    users, parts = users_of(normal) if running else {}, set()
    for node in running:
        part, *others = node.inputs
        if len(others) != 1 or others[0] == part or not _is_part(part[0], node, users):
            continue
        set_terms(node, [*part[0].inputs, *others])
        node.steps.add(_ONE_BY_ONE)
        parts.add(part[0])
    if parts:
        leave_out(normal, set(), parts)


def _is_part(part, node, users):
    """Whether a sum of two, or of what was added one by one, is there for another sum alone."""
    is_running = len(part.inputs) == 2 or _ONE_BY_ONE in part.steps
    is_there = (part.device, part.colocated, part.controls) == (node.device, node.colocated, node.controls)
    return is_running and is_there and users.get(part) == {node}
