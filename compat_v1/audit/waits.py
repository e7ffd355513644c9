"""Compare what nodes wait for that have no normal node, such as constants.

Whatever uses them waits for it as well, and is compared; but a program may fetch them. Each is held against that of the
same name, or, of constants that are numbered otherwise, that which the partner of the user takes.
"""

from collections import defaultdict

from compat_v1.audit import idle
from compat_v1.audit.findings import alone_awaited
from compat_v1.audit.graph import BACK_EDGES, ENTERS, EXITS, MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_of_numbers, is_op, is_tensor, is_zeros
from compat_v1.audit.pruning import before, surely_before, users_of
from compat_v1.audit.references import unnumbered
from compat_v1.audit.rules import decays, oldest_averages, oldest_branches
from compat_v1.audit.rules.functional import acting

_FEW = 30  # nodes from one to what takes another besides, as in the gradient of a mean
_OF_FLOW = (*BACK_EDGES, *ENTERS, *EXITS, *MERGES, *SWITCHES)


def of_consumed(verification):
    """Yield a `Finding` for each wait of such a node that none of those that it can be held against has."""
    normal, other = (side.normal for side in verification.pairing.sides)
    numbered = verification.constants
    taken = {twin: name for name, twin in numbered.items()}
    by_users = _by_users(verification)
    numbered_alike = defaultdict(list)
    for name in other.consumed:
        if other.graph.controls[name]:
            numbered_alike[unnumbered(name)].append(name)
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
        if found and all(found) and not _stands_for_another(verification, name, numbered_alike[unnumbered(name)]):
            for one, which in found[0]:
                yield alone_awaited(one, which, name=name)
    yield from _of_constants_alone(verification, by_users)


def _stands_for_another(verification, name, alike):
    """Whether a constant that is left without users waits for what one of some others waits for, left as it is."""
    normal, other = (side.normal for side in verification.pairing.sides)
    if not _is_left(verification.partner, normal, name):
        return False
    others = [one for one in alike if _op(normal, name) == _op(other, one) == "Const"]
    others = [one for one in others if _is_left(verification.back, other, one)]
    return any(
        not _are_of_other_values(verification, name, one) and not _differences(verification, name, one)
        for one in others
    )


def _is_left(paired, normal, name):
    """Whether rules left nothing of all that takes a constant."""
    return not any(normal.made.get(user) in paired for user, _ in normal.graph.users[name])


def leave_out_measured(normal):
    """Let nodes wait no more for what the sizes that they take come behind, if all that is made of them does anyhow.

    Where the shape is known, today's TensorFlow needs no tensor for its size. So it is with what a node waits for only
    as that has run for an operand that a rule left out.
    """
    missing = {node: _measured(normal, node) for node in normal.nodes if node.controls and _is_pure(normal, node)}
    missing = {node: some for node, some in missing.items() if some}
    users = users_of(normal) if missing else {}
    for node, some in missing.items():
        node.controls -= some
        if not _are_behind(normal, lambda one: users.get(one, ()), node, some):
            node.controls |= some


def _measured(normal, node):
    """Return what a node waits for only by a size of what that changes, or by an operand that a rule left out."""
    names = [one for one in node.names if one in normal.graph.nodes]
    return node.controls & set().union(normal.handed_on.get(node, ()), *map(normal.measured_for, names))


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


def _of_axes(verification, _node, here, other):
    """Whether a node of the port that counts over what a mean is taken waits as well for what the mean's axes wait for.

    `here`: what its partner waits for. The gradient of a mean takes the axes to count, and did not.
    """
    normal = verification.pairing.sides[1].normal
    if other.op != "Cast" or not isinstance(other.inputs[0], Literal) or not here < other.controls:
        return False
    todo, awaited = [other.name], set()
    while todo:
        for maker, _ in normal.graph.inputs[todo.pop()]:
            if maker in normal.consumed:
                todo.append(maker)
            if any((normal.graph.nodes[user].op, slot) == ("Mean", 1) for user, slot in normal.graph.users[maker]):
                awaited |= _awaited(normal, maker)
    return other.controls - here <= awaited


def _of_counts(verification, _node, here, other):
    """Whether a count of the port alone waits for values, of which whatever takes it takes the total as well.

    `here`: what its partner waits for.
    """
    if other.op != "AssignAdd" or not here < other.controls:
        return False
    users = verification.pairing.sides[1].users[other]
    totals = [[one[0] for one in user.inputs if _is_other_sum(one, other)] for user, slot in users if slot != "^"]
    behind = [set().union(*map(_made_from, some)) for some in totals]
    return bool(behind) and len(behind) == len(users) and all(other.controls - here <= nodes for nodes in behind)


def _of_rows(verification, _node, here, other):
    """Whether of looked up rows the port alone does not wait for what all that takes them waits for in any case.

    `here`: what its partner waits for. The numbers of rows came from the forward pass, and come with their gradients.
    """
    if other.op != "Unique" or not is_op(other.inputs[0], "rows looked up") or not other.controls < here:
        return False
    missing = here - other.controls
    users = verification.pairing.sides[1].users[other]
    others = [
        [one[0] for one in user.inputs if not isinstance(one, Literal) and one[0] is not other] for user, _ in users
    ]
    return bool(others) and all(any(missing <= before(one) for one in some) for some in others)


def _of_parts(verification, node, here, other):
    """Whether a part of what was one op waits in the port alone for what that op has waited for, or what it takes.

    `here`: what the node waits for, as partners.
    """
    side, port = verification.pairing.sides
    op = side.normal.made.get(node.name)
    is_part = bool(node.steps) and op not in (None, node) and {user for user, _ in side.users[node]} == {op}
    if not is_part or not here < other.controls or not _is_pure(port.normal, other):
        return False
    return other.controls - here <= {verification.partner.get(one) for one in surely_before(op)}


def _of_measured(verification, node, here, other):
    """Whether the original alone waits for what the sizes that it takes come behind, as all that is made of what the
    port has does in any case.

    `here`: what the node waits for, as partners. In the original that may be known by this wait alone.
    """
    side, port = verification.pairing.sides
    missing = here - other.controls
    if not other.controls < here or not _is_pure(side.normal, node):
        return False
    measured = {verification.partner.get(one) for one in _measured(side.normal, node)}
    conditional = port.normal.graph.conditional  # of a branch that the node is not in, only the end is behind it
    ended = {one for one in missing if one and one.name in conditional and other.name not in conditional}
    return missing <= measured and _are_behind(port.normal, _using(port), other, missing, ended)


def of_written(verification, node, other, missed):
    """Whether a rule wrote one of two nodes, which nobody can fetch, and all that is made of that which does not wait
    comes behind in any case.

    `missed`: what one of the two alone waits for, as nodes of the port or, where they have no partner, of the original.
    """
    sides = verification.pairing.sides
    if all(side.normal.made.get(one.name) is one for side, one in zip(sides, (node, other), strict=True)):
        return False
    here = {verification.partner.get(one, one) for one in node.controls}
    lacking = [
        (sides[0], node, {verification.back.get(one) for one in missed - here}),
        (sides[1], other, missed & here),
    ]
    return all(
        not awaited or (_is_pure(side.normal, one) and _are_behind(side.normal, _using(side), one, awaited))
        for side, one, awaited in lacking
    )


def _using(side):
    """Return what tells which nodes use one."""
    return lambda node: {user for user, _ in side.users[node]}


def never_comes(verification, other, awaited, which):
    """Say what to write where what hands on a loop's gradients, made behind an update, waits for a turn in the port."""
    side = verification.pairing.sides[1]
    inside = which == "the port" and other.op == "NoOp" and side.normal.graph.frames.get(awaited.name)
    leaving = [user.inputs[0] for user, _ in side.users[other] if user.op == "Identity"] if inside else ()
    if not any(is_op(one, "Switch") and one[1] == 0 for one in leaving):
        return ""
    advice = "call compute_gradients outside of tf.control_dependencies, and apply_gradients inside"
    return f", so that no gradient leaves the loop; {advice}"


def _of_places(verification, node, here, other):
    """Whether two nodes take constants alone, and wait for other nodes of the one branch that both graphs have them in.

    A size is known in the branch of what it is the size of, whatever tensor of it that is. `here`: what the node waits
    for, as partners.
    """
    sides = list(zip(verification.pairing.sides, (node, other), strict=True))
    if any(not _is_pure(side.normal, one) or any(map(is_tensor, one.inputs)) for side, one in sides):
        return False
    only = {one for one in node.controls if verification.partner.get(one, one) not in other.controls}
    for one, alone in ((node, only), (other, other.controls - here)):
        if not alone <= {place for operand in one.inputs for place in operand.alive}:
            return False
    there = {verification.translated(one) for one in sides[0][0].normal.conditions.of(node)}
    return bool(there) and there == sides[1][0].normal.conditions.of(other)


def _are_behind(normal, users, node, awaited, ended=frozenset()):
    """Whether some nodes have run for whatever is made of a node in the end, before it is kept or given to anybody.

    `users(node)`: the nodes that use it; `ended`: those of branches, which have run where these have ended.
    """

    def have_run(user):
        missing = awaited - surely_before(user)
        return not missing or (missing <= ended and missing <= before(user))

    seen, todo = {node}, [node]
    while todo and len(seen) < _FEW:
        using = users(todo.pop())
        if not using:
            return False
        left = {user for user in using if user not in seen and not have_run(user)}
        left -= {one for one in left if one.op == "Exit" and have_run(_last(one))}
        if any((one.op in _OF_FLOW and not _is_of_loop(one)) or not _is_pure(normal, one) for one in left):
            return False
        seen |= left
        todo += left
    return not todo


def _is_of_loop(node):
    """Whether a node only hands on a variable from turn to turn of a loop, or out of it."""
    if node.op == "Switch":
        return is_op(node.inputs[1], "LoopCond")
    return node.op in ("NextIteration", "Exit") or (node.op == "Merge" and bool(node.late))


def _last(leaving):
    """Return the end of the last turn for what leaves a loop that surely has one, and any other node as it is."""
    merge, condition = leaving.inputs[0][0].inputs if is_op(leaving.inputs[0], "Switch") else (None, None)
    counted = condition[0].inputs[0] if is_op(condition, "LoopCond") else None
    if not is_op(merge, "Merge") or not merge[0].late or not is_op(counted, "Less"):
        return leaving
    count, limit = counted[0].inputs
    entered = count[0].inputs[0] if is_op(count, "Merge") and count[1] == 0 else None
    begin = entered[0].inputs[0] if is_op(entered, "Enter") else None
    has_one = is_of_numbers(begin) and is_of_numbers(limit) and begin.value < limit.value
    return merge[0].inputs[merge[0].late[0]][0] if has_one else leaving


def _is_pure(normal, node):
    """Whether it makes no difference when a node runs."""
    name = node.name
    return name in normal.graph.nodes and not normal.graph.is_stateful(name) and not normal.reads_a_ref(name)


def _of_initializers(_verification, node, here, other):
    """Whether a node waits for a variable's initializer in the original alone, which it let run again."""
    again = oldest_branches.AGAIN in node.steps - other.steps and other.controls < here
    return again and all(one.op == "Assign" and one.inputs[0] == other.inputs[0] for one in here - other.controls)


def _in_groups(verification, node, _here, other):
    """Whether two nodes wait for the same, be it through groups or through variables that are read once more."""
    here, there = (
        members(one.controls, side) for one, side in zip((node, other), verification.pairing.sides, strict=True)
    )
    return {verification.partner.get(one, one) for one in here} == there


def members(nodes, side):
    """Return what waiting for some nodes is waiting for: for groups and idle readings, what these wait for."""
    found, seen, todo = set(), set(), list(nodes)
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        if one.op == "NoOp" or is_read_back(one, side):
            todo += one.controls
        else:
            found.add(one)
    return found.difference(*(one.controls for one in found))


def is_read_back(node, side):
    """Whether a variable is read right after it was assigned to, nobody takes it, and no assignment waits for that.

    Or nobody even waits for that, and it is read for others as well: TensorFlow 1.15 read it to know its rank.
    """
    if node.op != "ReadVariableOp" or any(slot != "^" for _, slot in side.users.get(node, ())):
        return False
    handle = node.inputs[0]
    if not side.users.get(node):
        others = (one for one, _ in side.users[handle[0]] if one.op == node.op and side.users.get(one))
        if any(one.controls == node.controls for one in others):
            return True
    if not any(one.op.startswith("Assign") and one.inputs[0] == handle for one in node.controls):
        return False
    writers = {user for user, _ in side.users[handle[0]] if user.op != "ReadVariableOp"}
    return not any(node in before(one) for one in writers)


def _is_other_sum(operand, node):
    return not isinstance(operand, Literal) and operand[0].op == "AssignAdd" and operand[0] is not node


def _made_from(node):
    """Return all nodes that what is added to a total is made from."""
    found, todo = set(), [node.inputs[1]]
    while todo:
        operand = todo.pop()
        if not isinstance(operand, Literal) and operand[0] not in found:
            found.add(operand[0])
            todo += operand[0].inputs
    return found


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
    here = {verification.partner.get(one, one.name): one for one in members(_awaited(normal, name), sides[0])}
    there = {
        one if one in verification.back else one.name: one for one in members(_awaited(other, other_name), sides[1])
    }
    found = []
    for key in sorted(here.keys() ^ there.keys(), key=lambda key: getattr(key, "name", key)):
        one = here[key] if key in here else there[key]
        if one.op == "NoOp" and not one.controls:
            continue
        counterpart, others = (verification.partner, there) if key in here else (verification.back, here)
        if any(counterpart.get(one) in verification.surely_before(awaited) for awaited in others.values()):
            continue
        of_zeros = is_zeros(normal.tensors.get((name, 0)))
        if of_zeros and (_tells_branch(one) if key in there else _is_in_branch_of(verification, one, there.values())):
            continue
        found.append((one.name, "the original" if key in here else "the port"))
    handed = [_handed_on(*side, other) for side, other in (((normal, name), other), ((other, other_name), normal))]
    return found + [(one, "the original" if one in handed[0] else "the port") for one in sorted(handed[0] ^ handed[1])]


def _handed_on(normal, name, other):
    """Return the names of what a node waits for that rules leave out of both graphs and gives nothing: assertions.

    It may wait for a group of them.
    """
    awaited, todo = set(), [*normal.graph.controls[name]]
    while todo:
        one = todo.pop()
        if normal.graph.nodes[one].op == "NoOp":
            todo += normal.graph.controls[one]
        awaited.add(one)
    left_out = {one for one in awaited if one in normal.consumed and one in other.consumed}
    return {one for one in left_out if not normal.graph.shapes[one]}


def _awaited(normal, name):
    """Return the normal nodes, none of a loop, that a node waits for, also as copies or by groups that are left out."""
    found = set()
    for one in normal.graph.controls[name]:
        copied = normal.tensors.get((one, 0))
        if normal.graph.frames[one]:
            continue
        if one in normal.made:
            found.add(normal.made[one])
        elif copied is not None and not isinstance(copied, Literal):
            found.add(copied[0])
        else:
            found |= normal.waits.get(one, frozenset())
    return acting(normal, found) if normal.graph.is_body else found


def _is_in_branch_of(verification, node, awaited):
    """Whether a node is a Switch, and one that is awaited in the port copies what its partner gives."""
    other = verification.partner.get(node) if node.op in SWITCHES else None
    return other is not None and any(one.op == "Identity" and one.inputs[0][0] is other for one in awaited)


def _tells_branch(node):
    """Whether a node is a Switch, or an Identity of one."""
    operand = node.inputs[0] if node.op == "Identity" else (node, 0)
    return not isinstance(operand, Literal) and operand[0].op in SWITCHES


# Questions of (verification, node, what it waits for, as partners, its own partner), and the rule if the answer is yes.
EXCUSES = (
    (_of_axes, "gradient of a mean waits"),
    (_of_rows, "order of rows"),
    (_of_parts, "waits for operands"),
    (_of_counts, "counted behind"),
    (_of_measured, "computed shapes"),
    (_of_places, "computed shapes"),
    (_in_groups, "waits in groups"),
    (_of_initializers, oldest_branches.AGAIN),
)
