"""Gradients that a graph makes and nothing in it uses, where the other graph does not make them.

The backward pass of an op makes the gradients of all its inputs, and each that goes on waits for all. Which of them
TensorFlow makes, for labels, whole numbers or a constant 1, changed with the releases. What one graph alone makes and
nothing uses is left out; what both make is kept and compared, also where it differs: a program may fetch it.
"""

from tensorflow.core.framework import types_pb2

from compat_v1.audit import backward, filled
from compat_v1.audit.graph import SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_tensor, makers, sends
from compat_v1.audit.pruning import NO_PART, behind, made_for, users_of
from compat_v1.audit.siblings import of_products, siblings

RULE = "unused gradients"
# Ops that a program looks at its gradients by, and no gradient ends in.
_MADE_OF_GRADIENTS = {"Identity", "Abs", "Exp", "IsFinite", "IsInf", "IsNan", "L2Loss", "Log", "Max", "Mean", "Min"}
_MADE_OF_GRADIENTS |= {"Sqrt", "Square", "Tanh"}
_SUBTRACTED = {"Neg", "Reshape", "Sum"}  # makes the gradient of what is subtracted of the one that arrives


def idle_nodes(normal):
    """Return the nodes that serve only gradients which nothing uses, of an op that has one which something uses."""
    users = users_of(normal)
    return _idle_beside(normal, users, siblings(normal, users) | filled.for_fillings(normal, users))


def only_for_fillings(normal):
    """Return those that are known for nothing but serving gradients for the ones that a backward pass began with."""
    users = users_of(normal)
    fillings, beside = filled.for_fillings(normal, users), siblings(normal, users)
    if not fillings:
        return set()
    return _idle_beside(normal, users, beside | fillings) - _idle_beside(normal, users, beside)


def _idle_beside(normal, users, beside):
    """Return the same, `beside` some that are known for what they are."""
    found = set()
    while beside:
        found = _idle_nodes(normal, users, beside)
        others = of_products(normal, users, found) - beside
        if not others:
            return found
        beside |= others
    return _idle_nodes(normal, users, beside)


def _idle_nodes(normal, users, beside):
    """Return the same, `beside` some that are known for what they are."""
    groups = _groups(normal, users)
    members = {one: group for group, handing in groups.items() for one in handing}
    after = backward.after_gradients(normal, members)
    after |= behind(beside, users)
    after -= _last_of_program(normal, users, members)
    idle, logits = _all_idle(normal, users, groups, after), backward.logits(normal)
    roots = {one for one, group in members.items() if one in idle and any(other not in idle for other in groups[group])}
    roots |= {
        node
        for node in idle & after
        if any(one not in idle and (one in after or backward.leaves(node, logits)) for one in makers(node))
    }
    roots |= beside & idle
    begun = {tensor for _, tensor in filled.begun_from(normal) if is_tensor(tensor)}
    of_numbers = {node for node in idle if backward.is_of_one_number(normal, node)}
    of_numbers |= {node for node in idle & after if begun and _is_for_a_filling(normal, node, begun)}
    of_numbers = behind(of_numbers, users) & idle
    found = behind(roots, users) & idle | of_numbers
    replaced = set()  # by rules, which goes when nothing uses it: what it is made from serves what uses it
    for node in reversed(normal.nodes):
        serves = {user for user in users.get(node, ()) if user not in groups}
        if node not in idle or not serves or not serves <= found | replaced:
            continue
        if node in normal.absorbed:
            replaced.add(node)
            continue
        if serves & of_numbers:
            if node.op != "AddN":  # the gradients that it adds up are made in either graph
                continue
            of_numbers.add(node)
        found.add(node)
    return found


def _all_idle(normal, users, groups, after):
    """Return the nodes that serve only gradients which nothing uses, of those `after` a gradient."""
    sums, arrays = totals(normal, users), _gradient_arrays(normal)
    while True:
        idle, kept = set(), {node for taking in arrays for node in taking}
        for node in (*reversed(normal.nodes), *(reversed(normal.nodes) if sums else ())):
            others = {user for user in users.get(node, ()) if not (user in groups and node in user.controls)}
            if node in sums and others <= idle:
                idle |= sums[node]
            is_part = node.op not in NO_PART or (node.op == "Merge" and node in after and not node.late)
            if not is_part or not (node in kept or _is_free(normal, node)) or not others <= idle:
                continue
            if others or node in after:
                idle.add(node)
        read = [taking for taking in arrays if taking & idle and not taking <= idle]
        if not read:
            return idle
        arrays = [taking for taking in arrays if taking not in read]


def _gradient_arrays(normal):
    """Return, for each TensorArray of gradients, all nodes that take it: what is written there, nobody else reads."""
    arrays: dict = {}
    for node in normal.nodes:
        made = node if node.op == "TensorArrayGradV3" else _array(node)
        if made is not None and made.op == "TensorArrayGradV3" and made.name in normal.graph.nodes:
            source = normal.graph.attributes(made.name).get("source")
            arrays.setdefault((_array(made), source), set()).add(node)
    return [taking for (array, _), taking in arrays.items() if array is not None]


def _array(node):
    """Return the node that makes the handle of an array which a node takes, or None."""
    if not node.op.startswith("TensorArray") or not node.inputs:
        return None
    operand = node.inputs[0]
    while is_op(operand, "Enter", "Switch", "Identity"):
        operand = operand[0].inputs[0]
    return operand[0] if operand is not None and not isinstance(operand, Literal) else None


def _last_of_program(normal, users, members):
    """Return what nothing uses and no backward pass ends in: the program made it of a gradient, to be fetched.

    A copy is one, as a backward pass makes those alone that hand on a gradient when all of an op's are made; and one
    vector of gradients, made flat and joined; and what a condition gives of any of these.
    """
    last = {node for node in normal.nodes if not users.get(node)} - members.keys()
    given = {node: [node, *(makers(node) if node.op == "Merge" else ())] for node in last}
    return {
        node for node, of in given.items() if any(one.op in _MADE_OF_GRADIENTS or _is_flat(normal, one) for one in of)
    }


def _is_flat(normal, node):
    """Whether a node joins vectors, some of which were made of tensors of more axes."""
    if node.op != "ConcatV2" or any(len(normal.sizes(one) or ()) != 1 for one in node.inputs[:-1]):
        return False
    flat = [one[0].inputs[0] for one in node.inputs[:-1] if is_op(one, "Reshape")]
    return any(len(normal.sizes(one) or ()) > 1 for one in flat)


def leave_out(normal, names):
    """Return the normal nodes of these names; what waited for them waits no more, a gradient left alone for none."""
    users, instead, gone = users_of(normal), {}, set()
    groups = _groups(normal, users) if names else {}
    replaced: set = set()  # what serves nothing but what rules have replaced
    for node in reversed(normal.nodes):
        if node in normal.absorbed and users.get(node, replaced) <= replaced:
            replaced.add(node)
    nothing, nodes = groups.keys() | replaced, set(normal.nodes)
    for node in reversed(normal.nodes):
        used = users.get(node, set()) - nothing
        known = not names.isdisjoint(node.names) and (normal.made.get(node.name) is node or used <= gone)
        # A reshape that was none when the sizes were known.
        reshaped = node.op == "Reshape" and used and used <= gone
        rewritten = node in normal.absorbed and used and used <= gone
        used_by = made_for(normal, node, nodes) if rewritten and not known else set()
        if used_by and not any(names.isdisjoint(one.names) for one in used_by):  # the last of those that both make
            normal.absorbed.discard(node)
            continue
        if known or rewritten or (reshaped and not names.isdisjoint(makers(node)[0].names if makers(node) else ())):
            gone.add(node)
    sums, many = totals(normal, users) if gone else {}, None
    inside = set().union(*sums.values())
    while many != len(gone):
        many = len(gone)
        for node in reversed(normal.nodes):
            if node in gone and (node in sums or node not in inside) and not users.get(node, set()) - nothing <= gone:
                gone -= sums.get(node, {node})
    gone |= {node for node in normal.nodes if sends(node) and users.get(node) and users[node] - nothing <= gone}
    if not gone:
        return gone
    lost = frozenset(gone)  # and not the groups that end with these: others hand on what came by one of them
    for group, handing in groups.items():
        if not (group.controls | handing) & lost:
            continue
        left = handing - lost
        served, still = ({maker for one in some for maker in makers(one)} for some in (handing, left))
        group.controls -= served - still
        if not any(isinstance(one.inputs[0], Literal) for one in left):
            group.controls = frozenset(one for one in group.controls if one.op != "a constant")
        if len(left) <= 1:
            group.controls -= served
            instead.update({one: one.inputs[0] for one in left})
            gone |= {group, *left}
    _replace(normal, instead)
    for node in gone:
        normal.consumed.update(dict.fromkeys(node.names, RULE))
    return gone


def _replace(normal, instead):
    """Let all that use a node of {node: operand} use the operand."""

    def final(operand):
        while operand is not None and not isinstance(operand, Literal) and operand[0] in instead:
            operand = instead[operand[0]]
        return operand

    for node in normal.nodes:
        node.inputs = [final(operand) for operand in node.inputs]
        if node.controls & instead.keys():
            waits = {final((one, 0)) for one in node.controls & instead.keys()}
            waits = {one[0] for one in waits if not isinstance(one, Literal)}
            node.controls = frozenset(node.controls - instead.keys() | waits)
    for name, operand in normal.tensors.items():
        normal.tensors[name] = final(operand)


def totals(normal, users):
    """Return {Exit: the nodes of a loop that only add up what leaves by it}."""
    found = {}
    for merge in normal.nodes:
        if (
            merge.op != "Merge"
            or len(merge.late) != 1
            or len(merge.inputs) != 2
            or not is_op(merge.inputs[1], "NextIteration")
        ):
            continue
        enter, back = merge.inputs[0][0], merge.inputs[1][0]
        total = back.inputs[0]
        switches = [one for one in users.get(merge, ()) if one.op == "Switch"]
        if len(switches) != 1 or not is_op(total, "AddV2") or (switches[0], 1) not in total[0].inputs:
            continue
        exits = [one for one in users.get(switches[0], ()) if one.op == "Exit"]
        own = {enter, merge, switches[0], total[0], back, *exits}
        inside = all(users.get(one, set()) <= own for one in own - set(exits))
        if len(exits) == 1 and inside and normal.graph.frames.get(merge.name) != "":
            found[exits[0]] = own
    return found


def _groups(normal, users):
    """Return {group: the Identities that hand on a gradient each, when all of an op's gradients are made}."""
    groups = {}
    for group in normal.nodes:
        if group.op != "NoOp" or group.inputs or not group.controls:
            continue
        handing = users.get(group, set())
        alike = all(one.op == "Identity" and one.controls == {group} for one in handing)
        if handing and alike and _are_awaited(set().union(*map(makers, handing)), group.controls):
            groups[group] = handing
    return groups


def _are_awaited(gradients, awaited):
    """Whether all gradients are awaited, or others that are made of them, as what is subtracted has one negated."""
    found, todo = set(), list(gradients & awaited)
    while todo:
        one = todo.pop()
        found.add(one)
        todo += [one.inputs[0][0]] if one.op in _SUBTRACTED and is_tensor(one.inputs[0]) else []
    return gradients <= found


def _is_for_a_filling(normal, node, begun):
    """Whether a node sums the gradient for the ones of a backward pass, as for the number that filled them.

    Taken in a direction, the gradient of what has that direction for its own is what the pass began from, made once
    more; what the program itself sums of that is one more sum than there are such gradients.
    """
    if node.op != "Sum" or node.inputs[0] not in begun or len(node.names) != len(node.inputs[0][0].names) - 1:
        return False
    return backward.gives_one(normal, node)


def _is_free(normal, node):
    """Whether a node could as well not run."""
    name = node.name
    definition = normal.graph.op_def(name) if name in normal.graph.nodes else None
    if definition is None or any(one.type == types_pb2.DT_STRING for one in definition.output_arg):
        return False
    if normal.graph.nodes[name].op in SWITCHES:
        return False  # nor what stands for a branch
    return not normal.graph.is_stateful(name) and not normal.reads_a_ref(name)
