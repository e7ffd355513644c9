"""A rule for what a loop waits for: a node outside of it enters the loop, and is copied there for each op that waits.

Which ops these are depends on which ops there are. Waiting for such a copy is waiting for what is outside.
"""

from compat_v1.audit.graph import SWITCHES
from compat_v1.audit.operands import is_op, is_tensor

RULE = "waits from outside a loop"


def _awaited(rewriter, name, _node, operands):
    """A copy, which nobody takes, of what enters a loop as a constant."""
    (entered,) = operands
    graph, normal = rewriter.graph, rewriter.normal
    if not is_op(entered, "Enter", "RefEnter") or graph.users[name] or name not in graph.awaited:
        return False
    source = entered[0].inputs[0]
    if "is_constant" not in entered[0].attributes or not is_tensor(source) or source[0].op in SWITCHES:
        return False  # of a Switch one output alone is there
    normal.absorbed.add(entered[0])
    normal.carried.add(source[0])
    normal.hand_on(name, RULE, {source[0]})
    return True


RULES = {"Identity": _awaited}
