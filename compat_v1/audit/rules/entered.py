"""A rule for what a loop waits for: a node outside of it enters the loop, and is copied there for each op that waits.

Which ops these are depends on which ops there are. Waiting for such a copy is waiting for what is outside. The copy
waits for its turn, as what waits for it does in most cases.
"""

from compat_v1.audit.graph import ENTERS, SWITCHES
from compat_v1.audit.operands import is_op, is_tensor

RULE = "waits from outside a loop"


def _awaited(rewriter, name, _node, operands):
    """A copy, which nobody takes, of what enters a loop as a constant."""
    (entered,) = operands
    graph, normal = rewriter.graph, rewriter.normal
    if not is_op(entered, "Enter", "RefEnter") or graph.users[name] or name not in graph.awaited:
        return False
    source = _in_any_branch(entered[0].inputs[0])
    if "is_constant" not in entered[0].attributes or source is None:
        return False
    is_in_branch = source != entered[0].inputs[0]
    is_in_turn = _comes_in_its_turn(rewriter, name, [name] if is_in_branch else graph.controls[name])
    if is_in_branch and not is_in_turn:
        return False  # of a Switch one output alone is there
    normal.absorbed.add(entered[0])
    normal.carried.add(source[0])
    normal.hand_on(name, RULE, {source[0]}, normal.controls(name) if is_in_turn else set())
    return True


def _in_any_branch(tensor):
    """Return the tensor that comes into a branch, or into one in another, or None where it is not to be told."""
    while is_op(tensor, *SWITCHES) and not is_op(tensor[0].inputs[1], "LoopCond"):
        tensor = tensor[0].inputs[0]
    return tensor if is_tensor(tensor) and tensor[0].op not in SWITCHES else None


def _comes_in_its_turn(rewriter, name, running):
    """Whether all that waits for a copy runs only in the turns, and branches, of some nodes."""
    graph = rewriter.graph
    if any(graph.is_stateful(one) or rewriter.normal.reads_a_ref(one) for one in graph.controls[name]):
        return False
    told = frozenset().union(*map(graph.branches.of, running))
    return all(_is_in(graph, told, user) for user in graph.followers[name])


def _is_in(graph, told, name):
    """Whether a node runs in some branches alone, or hands on gradients of which all that is used does.

    A loop's last gradient is for what enters it, comes when its turns are over, and may be used by nothing.
    """
    copies = {
        one for one in graph.controls[name] if [graph.nodes[k].op in ENTERS for k, _ in graph.inputs[one]] == [True]
    }
    if told <= graph.branches.without(name, copies):
        return True
    handed = graph.followers[name] if graph.nodes[name].op == "NoOp" else ()
    return bool(handed) and all(_is_unused(graph, one) or told <= graph.branches.without(one, {name}) for one in handed)


def _is_unused(graph, name):
    """Whether a copy in a loop goes nowhere, or leaves it for nothing."""
    if graph.nodes[name].op == "Exit":
        return not graph.followers[name]
    is_copy = graph.nodes[name].op == "Identity" and graph.frames[name]
    return bool(is_copy) and all(_is_unused(graph, one) for one in graph.followers[name])


RULES = {"Identity": _awaited}
