"""Compare what nodes wait for that have no normal node, such as constants.

Whatever uses them waits for it as well, and is compared; but a program may fetch them. Each is held against that of the
same name, or, of constants that are numbered otherwise, that which the partner of the user takes.
"""

from collections import Counter, defaultdict

from compat_v1.audit import idle
from compat_v1.audit.findings import alone_awaited
from compat_v1.audit.graph import SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_zeros
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import before
from compat_v1.audit.references import unnumbered
from compat_v1.audit.rules import decays, oldest_averages
from compat_v1.audit.rules.oldest_branches import is_inside
from compat_v1.audit.waits import awaited_nodes, members


def of_consumed(verification):
    """Yield a `Finding` for each wait of such a node that none of those that it can be held against has."""
    normal, other = (side.normal for side in verification.pairing.sides)
    numbered = verification.constants
    taken = {twin: name for name, twin in numbered.items()}
    by_users = _by_users(verification)
    left, stood = [], set()  # what none of its twins waits as, and those that wait as one
    for name, rule in normal.consumed.items():
        if rule == other.consumed.get(name) and rule in (idle.RULE, "groups by device"):
            continue  # a group of gradients of which one is left does nothing; the members of groups are compared
        if rule in (decays.CAUSE, oldest_averages.CAUSE):
            continue  # waited for a branch, as the rule has seen, of which nothing is left, or as all that uses it
        twins = [name] if taken.get(name, name) == name else []
        twins += [one for one in (numbered.get(name, name), *by_users.get(name, ())) if one != name]
        alike = [one for one in twins if one in other.consumed and _op(normal, name) == _op(other, one)]
        alike = [one for one in alike if not _are_of_other_values(verification, name, one)]
        found = [_differences(verification, name, one) for one in alike]
        stood |= {one for one, differences in zip(alike, found, strict=True) if not differences}
        if found and all(found) and (name in other.consumed or not _waits_as_a_fellow(verification, name, alike)):
            left.append((name, found[0]))
    numbered_alike = defaultdict(list)
    for name in other.consumed if left else ():
        numbered_alike[unnumbered(name)].append(name)
    for name, differences in left:
        others = [one for one in numbered_alike[unnumbered(name)] if one not in stood]
        twin = _stands_for(verification, name, others)
        stood.add(twin)
        for one, which in differences if twin is None else ():
            yield alone_awaited(one, which, name=name)
    yield from _of_constants_alone(verification, by_users)


def _waits_as_a_fellow(verification, name, twins):
    """Whether another constant of the same value, whose user is one node with its own, is its twin's and waits as that.

    One of the port stands for both.
    """
    normal = verification.pairing.sides[0].normal
    users = {normal.made.get(user) for user, _ in normal.graph.users[name]} - {None}
    taking = (one for user in users for one in user.names if one in normal.graph.nodes)
    fellows = {maker for one in taking for maker, _ in normal.graph.inputs[one]} - {name}
    fellows &= normal.consumed.keys()
    fellows = {one for one in fellows if is_same(normal.tensors.get((one, 0)), normal.tensors.get((name, 0)))}
    own = {verification.constants.get(one, one): one for one in fellows}
    return any(twin in own and not _differences(verification, own[twin], twin) for twin in twins)


def _stands_for(verification, name, others):
    """Return the one of some others that waits for what a constant waits for, if rules left neither any users."""
    normal, other = (side.normal for side in verification.pairing.sides)
    if not _is_left(verification.partner, normal, name):
        return None
    others = [one for one in others if _op(normal, name) == _op(other, one) == "Const"]
    others = [one for one in others if _is_left(verification.back, other, one)]
    others = [one for one in others if not _are_of_other_values(verification, name, one)]
    return next((one for one in others if not _differences(verification, name, one)), None)


def _is_left(paired, normal, name):
    """Whether rules left nothing of all that takes a constant."""
    return not any(normal.made.get(user) in paired for user, _ in normal.graph.users[name])


def _by_users(verification):
    """Return {constant of the original: those of the port that stand for it}: an op and its gradient may have taken it,
    which have one each by now."""
    found = {}
    for twin, names in verification.taken.items():
        for name in names:
            found.setdefault(name, []).append(twin)
    return found


def _of_constants_alone(verification, by_users):
    """Yield a `Finding` for what a constant of the port waits for and none of those that it stands for.

    One constant of the original may be several in the port, of which not all wait for the branch that they are made in.
    What is a constant in the port alone, such as a shape, stands for the nodes that computed it as well.
    """
    for name, twins in verification.taken.items():
        if all(verification.constants[twin] == name and by_users[twin] == [name] for twin in twins):
            continue  # compared above
        found = [
            set.intersection(*(set(_differences(verification, one, name)) for one in names)) for names in twins.values()
        ]
        for one, which in sorted(set.intersection(*found)):
            if which == "the port" and not _waits_anyhow(verification, name, one):
                yield alone_awaited(one, which, name=min(twins))


def _waits_anyhow(verification, name, awaited):
    """Whether all that takes a constant, of which the original has none of the name, waits for a node as well.

    The gradient of a slice makes its bounds anew, where an optimizer waits for updates, and is compared with its waits.
    """
    normal, port = (side.normal for side in verification.pairing.sides)
    if name in normal.graph.nodes or name in port.graph.awaited:
        return False
    users = {port.made.get(user) for user, _ in port.graph.users[name]}
    return bool(users) and all(one in verification.back and port.made.get(awaited) in before(one) for one in users)


def _op(normal, name):
    return normal.graph.nodes[name].op


def _are_of_other_values(verification, name, other_name):
    """Whether two nodes are constants of other values: by chance of one name, or a difference that their users have."""
    names = (name, other_name)
    values = [side.normal.tensors.get((one, 0)) for side, one in zip(verification.pairing.sides, names, strict=True)]
    return all(isinstance(one, Literal) for one in values) and not verification.is_same(*values)


def _differences(verification, name, other_name):
    """Return what one of two nodes alone waits for, and in which graph.

    In a loop they wait for whichever of its variables comes first, only to be in the loop: see `Graph.strays`. Zeros
    that the gradient of a branch needs are now made in that branch, and so behind the Switch that they waited for. What
    has run for something else that a node waits for, it waits for.
    """
    normal, other = (side.normal for side in verification.pairing.sides)
    if not normal.graph.controls[name] and not other.graph.controls[other_name]:
        return []
    # What a rule left out of both graphs has no partner: those of one name stand for each other.
    sides = verification.pairing.sides
    here = {verification.partner.get(one, one.name): one for one in members(awaited_nodes(normal, name), sides[0])}
    there = {
        one if one in verification.back else one.name: one
        for one in members(awaited_nodes(other, other_name), sides[1])
    }
    made_in = [getattr(one.tensors.get((k, 0)), "alive", ()) for one, k in ((normal, name), (other, other_name))]
    found = []
    for key in sorted(here.keys() ^ there.keys(), key=lambda key: getattr(key, "name", key)):
        one = here[key] if key in here else there[key]
        if one.op == "NoOp" and not one.controls:
            continue
        counterpart, others = (verification.partner, there) if key in here else (verification.back, here)
        if any(counterpart.get(one) in verification.surely_before(awaited) for awaited in others.values()):
            continue
        if any(is_inside(place, counterpart.get(one)) for place in (*others.values(), *made_in[key in here])):
            continue
        of_zeros = is_zeros(normal.tensors.get((name, 0)))
        if of_zeros and (_tells_branch(one) if key in there else _is_in_branch_of(verification, one, there.values())):
            continue
        found.append((one.name, "the original" if key in here else "the port"))
    handed = [_handed_on(normal, name), _handed_on(other, other_name)]
    for which, mine in enumerate(handed):
        side, twin = (normal, other)[:: 1 - 2 * which]
        left, others = sorted(mine - handed[1 - which]), handed[1 - which] - mine
        renumbered = Counter(unnumbered(one) for one in others if _always_holds(twin, one))
        for one in left:
            if renumbered[unnumbered(one)] and _always_holds(side, one):
                renumbered[unnumbered(one)] -= 1
            elif one in twin.consumed:
                found.append((one, ("the original", "the port")[which]))
    return found


def _always_holds(normal, name):
    """Whether a node asserts what needs no run to be known: which of these it is only its number says."""
    asked = normal.graph.inputs[name][0] if _op(normal, name) == "Assert" else None
    return isinstance(normal.tensors.get(asked), Literal)


def _handed_on(normal, name):
    """Return the names of what a node waits for that rules leave out and gives nothing: assertions.

    It may wait for a group of them.
    """
    awaited, todo = set(), [*normal.graph.controls[name]]
    while todo:
        one = todo.pop()
        if normal.graph.nodes[one].op == "NoOp":
            todo += normal.graph.controls[one]
        awaited.add(one)
    return {one for one in awaited if one in normal.consumed and not normal.graph.shapes[one]}


def _is_in_branch_of(verification, node, awaited):
    """Whether a node is a Switch, and one that is awaited in the port copies what its partner gives."""
    other = verification.partner.get(node) if node.op in SWITCHES else None
    return other is not None and any(one.op == "Identity" and one.inputs[0][0] is other for one in awaited)


def _tells_branch(node):
    """Whether a node is a Switch, or an Identity of one."""
    operand = node.inputs[0] if node.op == "Identity" else (node, 0)
    return not isinstance(operand, Literal) and operand[0].op in SWITCHES
