"""What two partners may wait for otherwise, by a rule: questions of (verification, node, waits, partner)."""

from compat_v1.audit.graph import BACK_EDGES, ENTERS, EXITS, MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_of_numbers, is_op, is_tensor
from compat_v1.audit.pruning import before, surely_before, users_of
from compat_v1.audit.rules import oldest_branches
from compat_v1.audit.rules.functional import acting

_FEW = 30  # nodes from one to what takes another besides, as in the gradient of a mean
_OF_FLOW = (*BACK_EDGES, *ENTERS, *EXITS, *MERGES, *SWITCHES)


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
    """Return what a node waits for only by a size of what that changes, or by an operand that a rule left out.

    Or by a size or a constant that is behind the end of a branch.
    """
    names = [one for one in node.names if one in normal.graph.nodes]
    takes = [normal.tensors.get(taken) for name in names for taken in normal.graph.inputs[name]]
    ends = {end for one in takes if isinstance(one, Literal) for end in one.alive if end.op in MERGES}
    return node.controls & ends.union(normal.handed_on.get(node, ()), *map(normal.measured_for, names))


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
                awaited |= awaited_nodes(normal, maker)
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

    Or nobody even waits for that, and it is read for others as well: TensorFlow 1.15 read it to know its rank or shape.
    Where it is read behind nothing, the first reading is the same for whoever fetches it, used or not.
    """
    if node.op != "ReadVariableOp" or any(slot != "^" for _, slot in side.users.get(node, ())):
        return False
    handle = node.inputs[0]
    if not side.users.get(node):
        others = (one for one, _ in side.users[handle[0]] if one.op == node.op and one is not node)
        if any(one.controls == node.controls and (side.users.get(one) or _is_first(one, node)) for one in others):
            return True
    if not any(one.op.startswith("Assign") and one.inputs[0] == handle for one in node.controls):
        return False
    writers = {user for user, _ in side.users[handle[0]] if user.op != "ReadVariableOp"}
    return not any(node in before(one) for one in writers)


def _is_first(reading, node):
    """Whether one of two readings behind nothing is the earlier, which is left out of no graph."""
    return not node.controls and reading.number < node.number


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


def awaited_nodes(normal, name):
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
