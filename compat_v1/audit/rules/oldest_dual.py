"""AdagradDAOptimizer, which hands each variable's update the next step, and a copy of that by now."""

from compat_v1.audit.operands import is_op, is_scalar

RULE = "next step"
_UPDATES = {f"{kind}ApplyAdagradDA" for kind in ("", "Sparse", "Resource", "ResourceSparse")}


def _copied(rewriter, name, node, operands):
    """A copy of the next step is that step."""
    (step,), graph = operands, rewriter.graph
    users = {graph.nodes[one].op for one, _ in graph.users[name]}
    if not users or not users <= _UPDATES or graph.controls[name]:
        return False
    if not is_op(step, "AddV2") or not is_scalar(step[0].inputs[1], 1):
        return False
    step[0].steps.add(RULE)  # it may be placed elsewhere: it is a whole number
    rewriter.normal.alias(name, step, RULE)
    return True


RULES = {"Identity": _copied}
