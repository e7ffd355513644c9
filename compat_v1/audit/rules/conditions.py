"""A rule for conditions that are as wide as what they choose from, or broadcast: the masks of `tf.keras`'s layers."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.pruning import users_of
from compat_v1.audit.sizes import covers

_RULE = "wide conditions"


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
