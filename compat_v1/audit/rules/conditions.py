"""Rules for conditions.

One for those that are as wide as what they choose from, or broadcast: the masks of `tf.keras`'s layers. And one for
constants that are sent into a branch, such as the limits of a slice outside of it whose gradient is made there.
"""

from compat_v1.audit.graph import MERGES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.pruning import users_of
from compat_v1.audit.rules.oldest_branches import before_copies, branch_of
from compat_v1.audit.sizes import covers

_RULE, _SENT = "wide conditions", "sent into a branch"


def finish(rewriter):
    """Let what is chosen be chosen by a condition that was spread over its shape, as it was before that.

    The gradient in a loop chooses by what is popped: then the condition is pushed as it was.
    """
    normal = rewriter.normal
    wide = [node for node in normal.nodes if node.op == "BroadcastTo" and not node.controls]
    users = users_of(normal) if wide else {}
    pops = {normal.made.get(push): pop for pop, (_, push, _) in normal.kept.items()}
    for node in wide:
        narrow, choosing = node.inputs[0], []
        for user in users.get(node, ()):
            pop = pops.get(user)
            behind = [one for one in users.get(pop, ()) if (pop, 0) in one.inputs] if user.op == "StackPushV2" else []
            if _chooses(normal, user, node):
                choosing.append(user)
            elif any((user, 0) in one.inputs for one in users.get(user, ())):
                continue  # a push gives what it pushes
            elif behind and all(_chooses(normal, one, pop) for one in behind):
                choosing += [user, *behind]
                user.inputs[1] = narrow
                normal.kept[pop] = (narrow, *normal.kept[pop][1:])
                normal.set_sizes(pop, normal.sizes(narrow))
        for one in choosing:
            one.inputs = [
                narrow if one.op == "SelectV2" and k == 0 and x == (node, 0) else x for k, x in enumerate(one.inputs)
            ]
            one.steps.add(_RULE)
        if choosing:
            normal.absorbed.add(node)


def _chooses(normal, user, condition):
    """Whether a node chooses by a condition between tensors of which one has all of its shape."""
    if not is_op((user, 0), "SelectV2") or user.inputs[0] != (condition, 0):
        return False
    wide = normal.sizes((condition, 0))
    found = [normal.sizes(one) for one in user.inputs[1:] if not isinstance(one, Literal) and one != (condition, 0)]
    return wide is not None and any(sizes is not None and covers(sizes, wide) for sizes in found)


def _sent(rewriter, name, _node, operands):
    """A constant that is sent into a branch is one that is made there."""
    data, condition = operands
    graph, normal = rewriter.graph, rewriter.normal
    if isinstance(condition, Literal) or is_op(condition, "LoopCond"):
        return False
    if before_copies(data) == before_copies(condition):  # what tells the branch
        if not graph.controls[name]:
            normal.pivots.setdefault(before_copies(condition), name)
        return False
    pivot = normal.made.get(normal.pivots.get(before_copies(condition)))
    if pivot is None or not isinstance(data, Literal) or data.alive or data.dtype in ("resource", "variant"):
        return False
    is_chosen = any(graph.nodes[user].op in MERGES for user, _ in graph.users[name])
    if is_chosen or graph.controls[name] or name in graph.awaited:
        return False
    for branch in (0, 1):
        alive = frozenset([branch_of(normal, (pivot, branch))])
        normal.alias(name, data._replace(alive=alive, names=(name, *data.names)), _SENT, branch)
    return True


RULES = {"Switch": _sent}
