"""assign_moving_average with zero_debias, which subtracted a difference from its variable, and sets it by now.

Everything is brought into the newer form, when the normal form of a graph is whole.
"""

import itertools

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor
from compat_v1.audit.patterns import match
from compat_v1.audit.pruning import before, users_of
from compat_v1.audit.sharing import share

CAUSE = "debiased average"
_BIAS = ("Sub", 1, ("Pow", "rest", ("Identity", "count")))
_LESS = ("Sub", ("Identity", "variable"), ("RealDiv", ("Identity", "biased"), _BIAS))


def finish(normal):
    """Set each variable from which its own value less a debiased average is subtracted."""
    updates = [node for node in normal.nodes if node.op == "AssignSub" and node.attributes.keys() <= {"T"}]
    updates = [node for node in updates if is_op(node.inputs[1], _LESS[0])]
    users = users_of(normal) if updates else {}
    changed = False
    for node in updates:
        found = {"variable": node.inputs[0]}
        changed |= match(node.inputs[1], _LESS, found) and _set(normal, node, found, users)
    if changed:
        share(normal)


def _set(normal, update, found, users):
    difference, own, quotient, average, bias, power, count = found["nodes"]
    chain, rest = (update, difference, quotient, bias, power), found["rest"]
    if any(users.get(maker) != {user} for user, maker in itertools.pairwise(chain)):
        return False
    awaited = average.controls
    moved = [one for one in awaited if one.op == "AssignSub" and one.inputs[0] == found["biased"]]
    counted = [one for one in awaited if one.op == "AssignAdd" and one.inputs[0] == found["count"]]
    if len(moved) != 1 or len(counted) != 1 or len(awaited) != 2 or not is_scalar(counted[0].inputs[1], 1):
        return False
    if count.controls != awaited or any(one.controls for one in (own, difference, quotient, power)):
        return False
    if normal.sizes((quotient, 0)) != normal.sizes(found["variable"]) or _is_written_before(update, found["variable"]):
        return False
    early = [bias]  # these need not wait for the updates, as what they are made for needs what was updated
    if is_tensor(rest) and rest[0].controls == awaited and users[rest[0]] == {power}:
        if not normal.may_share(rest[0].name, rest[0].op):
            return False  # it reads what may have been updated
        early.append(rest[0])
    for node in early:
        if node.controls == awaited:
            node.controls = frozenset()
            _let_go(normal, node.inputs[0], awaited)
    power.inputs, quotient.inputs = [rest, (counted[0], 0)], [(moved[0], 0), (bias, 0)]
    update.op, update.inputs = "Assign", [update.inputs[0], (quotient, 0)]
    update.steps.add(CAUSE)
    for node in chain[2:] + tuple(early[1:]):
        if node.written == update.written:
            node.colocated = ()  # beside the variable
    replaced = {difference, average, count}
    normal.absorbed |= replaced
    normal.accounted |= replaced | {*early}
    return True


def _is_written_before(update, variable):
    """Whether another op has a variable as such before it is updated, and may write to it after it was read."""
    others = before(update) - {update, variable[0]}
    return any(variable in one.inputs and one.op not in ("Identity", "IsVariableInitialized") for one in others)


def _let_go(normal, operand, awaited):
    """Say of a constant that it was made behind the updates, as all that used it."""
    name = operand.names[0] if isinstance(operand, Literal) and operand.names else None
    if name is None or len(normal.graph.users[name]) != 1:
        return
    if {normal.made.get(one) for one in normal.graph.controls[name]} == awaited:
        normal.consumed[name] = CAUSE
