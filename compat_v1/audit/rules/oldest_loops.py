"""Rules for loops as TensorFlow's first releases wrote them, applied when the normal form of a graph is whole."""

from compat_v1.audit import sizes
from compat_v1.audit.graph import BACK_EDGES, MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, makers
from compat_v1.audit.pruning import users_of
from compat_v1.audit.rules import oldest_cells

_IN_TURN = 3  # of the nodes of a counter, the place of what it is in the body of the loop


def finish(normal):
    """Apply the rules; nodes that are not needed any more go to `normal.removed`."""
    users, inside = None, {}
    has_branches = any(node.op in SWITCHES for node in normal.nodes)
    for node in normal.nodes:
        if node.op not in MERGES:
            _leave_out_own_waits(node)
            if has_branches:
                _leave_out_branches(node, inside)
        if node.op == "NoOp" and len(node.controls) > 1 and all(one.op == "NoOp" for one in node.controls):
            users = users or users_of(normal)
            _join_groups(normal, node, users)
        if node.op == "LoopCond" and is_op(node.inputs[0], "LogicalAnd"):
            users = users or users_of(normal)
            _count_no_turns(normal, node, users)
        if node.op == "LoopCond" and is_op(node.inputs[0], "Less"):
            users = users or users_of(normal)
            oldest_cells.run_on(normal, node, users)
            _write_limit(normal, node.inputs[0][0], 1, users)
        if node.op == "StridedSliceGrad" and any(is_op(bound, "Enter") for bound in node.inputs[1:4]):
            users = users or users_of(normal)
            for place in (1, 2, 3):
                _write_limit(normal, node, place, users)


def _leave_out_own_waits(node):
    """What a node takes it waits for in any case."""
    if not node.controls:
        return
    taken = set(makers(node))
    taken = taken.union(*(makers(one) for one in taken if one.op not in MERGES))  # which came before those
    if node.controls & taken:
        node.controls -= taken
        node.steps.add("waits for operands")


def _leave_out_branches(node, inside):
    """What waits for another that runs in a branch only needs not wait for the branch."""
    within = inside[node] = set()
    makers = [operand for operand in node.inputs if operand is not None and not isinstance(operand, Literal)]
    for maker, index in makers:
        within |= inside.get(maker, set())
        if maker.op in SWITCHES and not isinstance(maker.inputs[1], Literal):
            within.add((_asked(maker.inputs[1]), index))
    for one in list(node.controls):
        if (
            one.op == "Identity"
            and is_op(one.inputs[0], "Switch")
            and not isinstance(one.inputs[0][0].inputs[1], Literal)
        ):
            switch, index = one.inputs[0]
            others = within.union(*(inside.get(other, set()) for other in node.controls if other is not one))
            if switch.inputs[0] == switch.inputs[1] and (_asked(switch.inputs[1]), index) in others:
                node.controls -= {one}
                node.steps.add("waits for operands")
    for one in node.controls:
        within |= inside.get(one, set())


def _join_groups(normal, group, users):
    """A group of ops on several devices is made of one group for each device."""
    parts = group.controls
    of_one = all(users[one] == {group} and all(each.written == one.written for each in one.controls) for one in parts)
    if not of_one or len({one.written for one in parts}) < len(parts):
        return
    group.controls = frozenset().union(*(one.controls for one in parts))
    group.steps.add("groups by device")
    for one in parts:
        normal.removed.add(one)
        normal.consumed.update(dict.fromkeys(one.names, "groups by device"))


def _asked(condition):
    return condition[0].inputs[0] if is_op(condition, "Identity") else condition


def _count_no_turns(normal, condition, users):
    """A loop that ends by its own count needs no second count to the same limit.

    Its own is from 0 or 1 by 1 below the limit, or from the limit, or one less, by 1 down to 1.
    """
    both = condition.inputs[0][0]
    counted, own = both.inputs
    if both.controls or users[both] != {condition} or not (is_op(counted, "Less") and is_op(own, "Less", "Greater")):
        return
    counter, clock = counted[0].inputs[0], own[0].inputs[0]
    limit, bound = counted[0].inputs[1], own[0].inputs[1]
    if isinstance(counter, Literal) or isinstance(clock, Literal) or counted[0].controls or counter[0] is clock[0]:
        return
    parts = _counter(counter[0], users, (0,), alone={counted[0]})
    if own[0].op == "Less":
        others = _counter(clock[0], users, (0, 1))
    else:
        others = _counter(clock[0], users, (), "Sub") if is_scalar(bound, 0) else None
        bound = others and others[0].inputs[0]
    if parts is None or others is None or users[counted[0]] != {both}:
        return
    bound, limited = _entering(bound), _entering(limit)
    if not _is_within(bound, limited) and not (own[0].op == "Greater" and _is_one_less(bound, limited)):
        return
    condition.inputs[0] = own
    condition.steps.add("counted turns")
    for node in _only_waiting(parts[_IN_TURN], users):
        node.controls = node.controls - {parts[_IN_TURN]} | {others[_IN_TURN]}
        users[others[_IN_TURN]].add(node)
    entered = {limit[0]} if is_op(limit, "Enter") and users[limit[0]] == {counted[0]} else set()
    for node in {both, counted[0], *parts, *entered}:
        normal.removed.add(node)
        normal.consumed.update(dict.fromkeys(node.names, "counted turns"))


def _write_limit(normal, node, place, users):
    """The constant that a loop counts to, or that bounds a part of a gradient, is made in the loop, or enters it."""
    limit = node.inputs[place]
    if not is_op(limit, "Enter") or "is_constant" not in limit[0].attributes:
        return
    if _is_whole(limit[0].inputs[0]) and all(one.op == "the loop" for one in limit[0].controls):
        node.inputs[place] = limit[0].inputs[0]
        node.steps.add("limit of a loop")
        if limit not in node.inputs:
            users[limit[0]] -= {node}
        if not users[limit[0]]:
            normal.removed.add(limit[0])
            normal.consumed.update(dict.fromkeys(limit[0].names, "limit of a loop"))


def _is_whole(operand):
    known = isinstance(operand, Literal) and operand.kind == "whole"
    return known and all(isinstance(one, int) for one in operand.value)


def _counter(merge, users, starts, step="AddV2", alone=None):
    """Return the nodes that count turns by 1 into a Merge, or None; with `alone`, that only these else use.

    `starts`: from where they may, none for anywhere.
    """
    if merge.op != "Merge" or len(merge.inputs) != 2:
        return None
    (enter, _), (back, _) = merge.inputs
    if enter.op != "Enter" or "is_constant" in enter.attributes or back.op not in BACK_EDGES:
        return None
    if starts and not any(is_scalar(enter.inputs[0], one) for one in starts):
        return None
    more = back.inputs[0]
    if not is_op(more, step) or not is_scalar(more[0].inputs[1], 1) or not is_op(more[0].inputs[0], "Identity"):
        return None
    stay = more[0].inputs[0][0]
    switch = stay.inputs[0]
    if not is_op(switch, "Switch") or switch[1] != 1 or switch[0].inputs[0] != (merge, 0):
        return None
    parts = [enter, merge, switch[0], stay, more[0], back]
    if alone is not None:
        expected = [{merge}, alone | {switch[0]}, {stay}, {more[0]}, {back}, {merge}]
        idle = [_idle_exits(node, users) for node in parts]
        idle[_IN_TURN] |= _only_waiting(stay, users)
        if any(users[node] - none != used for node, none, used in zip(parts, idle, expected, strict=True)):
            return None
        parts += _idle_exits(switch[0], users)
    return parts


def _only_waiting(node, users):
    """Return what waits for a loop's variable and does not take it: only to be in that turn of the loop."""
    return {user for user in users[node] if node in user.controls and node not in makers(user)}


def _idle_exits(node, users):
    return {user for user in users[node] if user.op == "Exit" and not users.get(user)}


def _entering(operand):
    """Return what an operand of a loop's condition is outside of the loop."""
    while is_op(operand, "Enter"):
        operand = operand[0].inputs[0]
    return operand


def _is_within(bound, limit):
    """Whether a bound is the limit, or the smaller of it and another."""
    if isinstance(bound, Literal) or isinstance(limit, Literal):
        same = isinstance(bound, Literal) and isinstance(limit, Literal) and bound.key == limit.key
    else:
        same = bound == limit
    if same or not is_op(bound, "Minimum"):
        return same
    return any(_is_within(one, limit) for one in bound[0].inputs)


def _is_one_less(bound, limit):
    """Whether a bound is known to be one less than the limit."""
    if not all(isinstance(one, Literal) and one.kind == "whole" and one.shape == () for one in (bound, limit)):
        return False
    return bound.value[0] == sizes.subtract(limit.value[0], 1)
