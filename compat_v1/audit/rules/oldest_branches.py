"""Rules for branches: a condition that always holds, a variable's initial value."""

from compat_v1.audit.definitions import gives_reference
from compat_v1.audit.graph import MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor, makers, sends
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import before
from compat_v1.audit.sizes import measured

_OF_DIAGONALS = [{"Reshape", "StridedSlice", op} for op in ("Less", "Greater")]
_ALWAYS, AGAIN, ASKED = "condition that always holds", "initialized again", "labels and logits"


def _holds(operand):
    """Whether a condition is the constant True, or True by the shapes."""
    return isinstance(operand, Literal) and operand.dtype == "bool" and is_scalar(operand, 1)


def _is_known(operand):
    """Whether a condition always holds, or never as it is computed from how often an image is turned, modulo 4.

    So do those that the gradient of `set_diag` compares the number of its diagonal by, which it slices.
    """
    if not isinstance(operand, Literal) or operand.dtype != "bool":
        return False
    is_computed = "FloorMod" in operand.ops or operand.ops in _OF_DIAGONALS
    return _holds(operand) or (is_computed and is_scalar(operand, 0))


def switched(rewriter, name, node, operands):
    """What a condition that always holds lets through is what comes; the other branch never runs.

    So it is with one that never holds, if it is known for what it is: others a program may have given, and feed.
    """
    data, condition = operands
    if is_op(data, "Switch") and data[0].inputs[1] == condition and not isinstance(condition, Literal):
        return _switched_twice(rewriter, name, node, operands)
    if _compared_before(rewriter, name, node, data, condition):
        return True
    if not _is_known(condition):
        return False
    never = _never_takes(rewriter, name, node, operands)
    rewriter.normal.made.pop(name)
    rewriter.normal.consumed[name] = _ALWAYS
    rewriter.normal.waits[name] = never.controls
    rewriter.normal.tensors[name, int(_holds(condition))] = data
    return True


def _switched_twice(rewriter, name, node, operands):
    """What comes from a branch of the same condition goes on in that branch; in the other nothing ever comes."""
    data, graph = operands[0], rewriter.graph
    taken = {graph.inputs[user][slot][1] for user, slot in graph.users[name]}
    if graph.controls[name] and data[1] in taken:
        return False
    if taken - {data[1]}:
        _never_takes(rewriter, name, node, operands)
        rewriter.normal.tensors[name, data[1]] = data
    else:
        rewriter.normal.alias(name, data, "switched twice", data[1])
    return True


def _never_takes(rewriter, name, node, operands):
    """Keep a Switch for what takes the output of which nothing comes: itself it runs, and so does what waits for it."""
    made = rewriter.normal.keep(name, node.op, operands)
    rewriter.never.add(made)
    rewriter.running.add(made)
    return made


def _compared_before(rewriter, name, node, data, condition):
    """What is compared with a number is sent into a branch and compared there, or compared before."""
    if data == condition or isinstance(condition, Literal):  # the condition itself, which says which branch it is
        return False
    if not is_compared(data):
        return False
    tensor, number = data[0].inputs
    normal, graph = rewriter.normal, rewriter.graph
    types = {"T": data[0].attributes["T"]} if "T" in data[0].attributes else {}
    shapes = [normal.sizes(tensor)]
    switch = normal.node(name, "Switch", types, [tensor, condition], None, {"compared in a branch"}, 2, shapes * 2)
    for branch in {graph.inputs[user][slot][1] for user, slot in graph.users[name]} or {0, 1}:
        inputs = [(switch, branch), number]
        made = normal.node(name, data[0].op, data[0].attributes, inputs, set(), {"compared in a branch"}, sizes=shapes)
        made.colocated = ()  # the Switch says where it is
        normal.tensors[name, branch] = (made, 0)
    normal.made[name] = switch
    normal.absorbed.add(data[0])
    return True


def is_compared(operand):
    """Whether a tensor is another, compared with a number."""
    if isinstance(operand, Literal) or operand[0].op not in _COMPARISONS or operand[0].controls:
        return False
    tensor, number = operand[0].inputs
    return not isinstance(tensor, Literal) and isinstance(number, Literal) and number.shape == ()


_COMPARISONS = ("LessEqual", "Less", "GreaterEqual", "Greater")


def _copied_condition(rewriter, name, node, operands):
    """A copy of a condition that is known, or of what such a condition lets through for the zeros of a gradient."""
    (operand,), graph = operands, rewriter.graph
    if _is_known(operand):
        rewriter.normal.alias(name, operand, _ALWAYS)
        return True
    ((maker, _),) = graph.inputs[name]
    if graph.nodes[maker].op not in SWITCHES or rewriter.normal.consumed.get(maker) != _ALWAYS:
        return False
    of_constants = not graph.users[name] and all(graph.nodes[one].op == "Const" for one in graph.followers[name])
    if not of_constants or not is_tensor(operand) or operand[0].name == maker:
        return False
    rewriter.normal.hand_on(name, _ALWAYS)  # they are filled into a shape, which waits for it as well
    return True


def _asserted(rewriter, name, node, operands):
    """An assertion of what always holds: what it would print has to be fed all the same."""
    if _holds(operands[0]) and operands[0].form != 0:
        fed = frozenset(one[0] for one in operands[1:] if is_op(one, "Placeholder"))
        rewriter.normal.hand_on(name, _ALWAYS, fed)
        return True
    if not is_op(operands[0], "All") or not is_op(operands[0][0].inputs[0], "Equal"):
        return False
    if "keep_dims" in operands[0][0].attributes:
        return False
    equal, graph, normal = operands[0][0].inputs[0][0], rewriter.graph, rewriter.normal
    of_sizes = all(isinstance(one, Literal) and one.kind == "whole" and one.ops for one in equal.inputs)
    loss = _loss_reshaped_for(graph, name) if of_sizes else None
    if not loss:
        return False
    logits, labels = (normal.tensors.get(graph.inputs[one][0]) for one, _ in graph.inputs[loss])
    told = [normal.sizes(labels), (normal.sizes(logits) or ())[:-1]]
    if [one.value for one in equal.inputs] != told:
        return False
    if equal.controls <= set().union(*(before(one[0]) for one in (logits, labels) if is_tensor(one))):
        normal.accounted.add(equal)
    rewriter.asked.add(loss)
    normal.absorbed.update({operands[0][0], equal})
    normal.hand_on(name, ASKED)
    return True


def _loss_reshaped_for(graph, name):
    """Return the cross entropy that alone takes all that waits for a node: its logits and labels, reshaped; or None."""
    todo = [one for one, controls in graph.controls.items() if name in controls]
    seen, found = set(), set()
    while todo:
        one = todo.pop()
        op = graph.nodes[one].op
        if op == "Reshape":
            found.add(one)
        elif op not in _OF_SHAPES:
            return None
        elif one not in seen:
            todo += [user for user, _ in graph.users[one]]
        seen.add(one)
    loss, *others = {user for one in found for user, _ in graph.users[one]} or (None,)
    if others or not loss or graph.nodes[loss].op != "SparseSoftmaxCrossEntropyWithLogits":
        return None
    return loss if {maker for maker, _ in graph.inputs[loss]} == found else None


_OF_SHAPES = ("Const", "Shape", "Rank", "Size", "Sub", "Add", "AddV2", "Pack", "StridedSlice", "Slice")


def _merged(rewriter, name, node, operands):
    """Of two branches of which one never runs, the other is the result."""
    if rewriter.never:
        never = _never_runs(rewriter)
        alive = [k for k, one in enumerate(operands) if not (_places(one) & never)]
        whole = len(alive) == 1 and len(operands) == 2 and not asks_which(rewriter.graph, name)
        if whole and _is_behind(rewriter.graph, name) and _brings_nothing(rewriter.graph, name, alive[0], never):
            rewriter.normal.alias(name, operands[alive[0]], _ALWAYS)
            return True
    return _initial_value(rewriter, name, operands)


def _places(operand):
    """Return what makes a tensor, or tells in which branch a constant is made."""
    return operand.alive if isinstance(operand, Literal) else {operand[0]}


def _is_behind(graph, merge):
    """Whether what two branches give comes behind all that they do: what is run for that does it.

    Branches of the same condition that come before another Merge are none of these: each does something of its own.
    """
    before = _before_in_branches(graph, merge)
    switches = [name for name, node in graph.nodes.items() if node.op in SWITCHES]
    conditions = {_condition(graph, one) for one in before.intersection(switches)}
    todo = [one for one in switches if _condition(graph, one) in conditions]
    seen, merges = set(todo), set()
    while todo:
        after = {one for one in graph.followers[todo.pop()] if one not in seen}
        seen |= after
        merges |= {one for one in after if graph.nodes[one].op in MERGES}
        todo += [one for one in after if graph.nodes[one].op not in MERGES]
    acting = {one for one in seen if graph.nodes[one].op not in MERGES and not graph.shapes[one]}
    acting = {one for one in acting if graph.is_stateful(one)}
    if acting <= before:
        return True
    others = set().union(*(_before_in_branches(graph, one) for one in merges - {merge}))
    return acting <= before | others and not acting & before <= others


def _before_in_branches(graph, merge):
    """Return a Merge with what comes before it in its branches, from the last Merge on."""
    before, todo = {merge}, [merge]
    while todo:
        for one in graph.needs(todo.pop()):
            if one in graph.conditional and one not in before and graph.nodes[one].op not in MERGES:
                before.add(one)
                todo.append(one)
    return before


def _brings_nothing(graph, merge, alive, never):
    """Whether the branch that never runs makes nothing run besides that is not run for the other, in input `alive`."""
    dead = {name for node in never for name in node.names}
    run = graph.all_before([graph.inputs[merge][1 - alive][0]]) - dead
    acting = {name for name in run if graph.is_stateful(name) and graph.nodes[name].op not in _READING}
    return not acting or acting <= graph.all_before([graph.inputs[merge][alive][0]])


_READING = {"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp", "IsVariableInitialized", "VarIsInitializedOp"}


def _condition(graph, switch):
    """Return the condition of a Switch, whatever copies it came by."""
    (name, index) = graph.inputs[switch][1]
    while graph.nodes[name].op == "Identity":
        name, index = graph.inputs[name][0]
    return name, index


def _never_runs(rewriter):
    """Return the nodes so far that come after the branch of a condition that never holds."""
    nodes, never = rewriter.normal.nodes, rewriter.never
    for node in nodes[rewriter.followed :]:
        dead = [bool(_places(one) & never) for one in node.inputs if one is not None]
        awaited = [one in never - rewriter.running for one in node.controls]
        if all(dead + awaited) if node.op in MERGES else any(dead + awaited):
            never.add(node)
            rewriter.running.discard(node)
    rewriter.followed = len(nodes)
    return never


def _ends(graph, node):
    """Whether a node is the result of two branches, and nothing takes it."""
    return node.op in MERGES and not any(graph.followers[name] for name in node.names)


def finish(rewriter):
    """Leave out what never runs, and what says in which branch something runs if nothing does."""
    rewriter.normal.absorbed |= {node for node in rewriter.normal.branches if len(node.names) == 1}
    for loss in rewriter.asked & rewriter.normal.made.keys():
        rewriter.normal.made[loss].steps.add(ASKED)
    if rewriter.never:
        gone = set(_never_runs(rewriter))
        gone |= _leading_nowhere(rewriter.normal, gone)
        # What whoever runs a graph may ask for is there: two branches of which neither runs are a mistake.
        todo = [node for node in rewriter.normal.nodes if node not in gone or _ends(rewriter.graph, node)]
        gone -= set(todo)
        while todo:  # what a Merge that stays may ask for stays with it
            taken = [one for one in todo.pop().inputs if one is not None]
            needed = {one[0] for one in taken if not isinstance(one, Literal)}
            needed |= {node for one in taken if isinstance(one, Literal) for node in _measured(one)}
            todo += needed & gone
            gone -= needed
        for node in gone:
            rewriter.normal.consumed.update(dict.fromkeys(node.names, _ALWAYS))
        rewriter.normal.removed |= gone


def _measured(literal):
    """Return the nodes of which a literal has sizes."""
    return measured((*literal.shape, *literal.value) if literal.kind == "whole" else literal.shape)


def _leading_nowhere(normal, gone):
    """Return the Merges in loops that only what never runs takes, and their constants: nobody asks for these there."""
    taken, given, found = set(), set(), set()
    for node in reversed(normal.nodes):
        made_of = set(makers(node))
        is_alone = node not in taken and normal.graph.frames.get(node.name)
        if is_alone and (made_of & gone if node.op in MERGES else node.op == "Const" and node in given):
            found.add(node)
            given |= made_of
        elif node not in gone:
            taken |= made_of | node.controls
    return found


def asks_which(graph, name):
    """Whether the second output of a Merge is used: which of its inputs was alive."""
    return any(graph.inputs[user][slot][1] == 1 for user, slot in graph.users[name])


# The initial value of a variable.


def _read_after_assigned(rewriter, name, node, operands):
    """A variable that is read behind its initializer has its initial value.

    Others may begin with that; whoever reads it so elsewhere sets the variable back.
    """
    (variable,) = operands
    if isinstance(variable, Literal) or variable[0].op not in ("VariableV2", "Variable"):
        return False
    waits = rewriter.normal.controls(name)
    if len(waits) != 1:
        return False
    (assign,) = waits
    if assign.op != "Assign" or assign.inputs[0] != variable or _initializer(rewriter, variable[0]) is not assign:
        return False
    begins = _begins_others(rewriter.graph, name)
    if begins:
        rewriter.normal.initial.add(name)
    step = "initial value: read behind its initializer" if begins else AGAIN
    made = _keep_initial(rewriter, name, variable, assign.inputs[1], step)
    if not begins:
        rewriter.normal.accounted.discard(made)  # it waits for the initializer
    return True


def _initial_value(rewriter, name, operands):
    """The value of a variable if it is initialized, else its initial value."""
    if len(operands) != 2 or any(one is None or isinstance(one, Literal) for one in operands):
        return False
    first, read = operands
    if not (is_op(first, "Switch") and first[1] == 0 and is_op(read, "Identity")) or asks_which(rewriter.graph, name):
        return False
    if rewriter.graph.controls[name]:  # the initial value waits for nothing
        return False
    inner = read[0].inputs[0]
    if isinstance(inner, Literal) or inner[0].op not in SWITCHES or inner[1] != 1:
        return False
    condition = first[0].inputs[1]
    if inner[0].inputs[1] != condition or read[0].controls or isinstance(condition, Literal):
        return False
    asked = condition[0].inputs[0] if is_op(condition, "Identity") else condition
    if not is_op(asked, "IsVariableInitialized") or asked[0].controls:
        return False
    variable, current, value = asked[0].inputs[0], inner[0].inputs[0], first[0].inputs[0]
    assign = _initializer(rewriter, variable[0])
    nested = is_op(current, "initial value") and current[0].inputs[0] == variable
    if assign is None or not is_same(assign.inputs[1], value) or not (nested or current == variable):
        return False
    absorb_condition(rewriter, asked)
    rewriter.normal.absorbed.update({first[0], read[0], inner[0], condition[0], asked[0]})
    if nested:
        rewriter.normal.alias(name, current, "initial value")
    else:
        _keep_initial(rewriter, name, variable, value, "initial value: asked whether it is initialized")
    return True


def _keep_initial(rewriter, name, variable, value, step):
    normal = rewriter.normal
    sizes = [normal.sizes(variable)]
    made = normal.node(name, "initial value", {}, [variable, value], set(), {step}, sizes=sizes, shared=True)
    normal.tensors[name, 0] = (made, 0)
    normal.absorbed.add(made)
    normal.accounted.add(made)
    return made


def _initializer(rewriter, variable):
    """Return the Assign that initializes a variable: the first in the graph."""
    return rewriter.normal.made.get(_first_assignment(rewriter.graph, variable.name))


def _first_assignment(graph, variable):
    return next((one for one, slot in graph.users[variable] if graph.nodes[one].op == "Assign" and slot == 0), None)


def _begins_others(graph, name):
    """Whether variables begin with what is made of a tensor, and nothing else takes that or waits for it."""
    todo, seen = [name], {name}
    while todo:
        one = todo.pop()
        if not graph.users[one] or one in graph.awaited:
            return False
        for user, slot in graph.users[one]:
            if graph.nodes[user].op == "Assign" and slot == 1:
                if _first_assignment(graph, graph.inputs[user][0][0]) != user:
                    return False
            elif graph.is_stateful(user):
                return False
            elif user not in seen:
                seen.add(user)
                todo.append(user)
    return True


def absorb_condition(rewriter, condition):
    """Let go of what says in which branch of a condition something runs, if nothing else uses it."""
    graph, made = rewriter.graph, rewriter.normal.made
    for name in condition[0].names:
        for user, _ in graph.users[name]:
            if graph.nodes[user].op in (*SWITCHES, "Identity") and user in made:
                rewriter.normal.absorbed.add(made[user])
                sides = [one for one, _ in graph.users[user] if graph.nodes[one].op == "Identity" and one in made]
                if graph.inputs[user][:1] == graph.inputs[user][1:]:
                    rewriter.normal.absorbed.update(made[one] for one in sides)


# Which branch a literal lives in.


def before_copies(operand):
    """Return the condition that one is a copy of, as copies of one tensor are equal; not so those of a variable."""
    while is_op(operand, "Identity") and not operand[0].controls:
        copied = operand[0].inputs[0]
        if is_tensor(copied) and gives_reference(copied[0].op, copied[1]) is not False:
            break
        operand = copied
    return operand


def is_inside(node, place):
    """Whether a node runs only in the branch that another tells: a copy of what sends its own condition there."""
    sent = place.inputs[0] if place is not None and place.op == "Identity" and not place.controls else None
    if not is_op(sent, "Switch") or before_copies(sent[0].inputs[0]) != before_copies(sent[0].inputs[1]):
        return False
    condition, todo, seen = before_copies(sent[0].inputs[1]), [node] if node is not place else [], set()
    while todo:
        one = todo.pop()
        for operand in filter(is_tensor, one.inputs if one.op not in MERGES else ()):
            is_of_branch = operand[0].op == "Switch" and operand[1] == sent[1]
            if is_of_branch and before_copies(operand[0].inputs[1]) == condition:
                return True
            todo += [operand[0]] if operand[0] not in seen else []
            seen.add(operand[0])
        todo += one.controls - seen
        seen |= one.controls
    return False


def pivot_of(normal, switch):
    """Return the Switch that sends the condition of one into its branches, where that does nothing else, or the one."""
    pivot = normal.pivots.get(before_copies(switch.inputs[1])) if sends(switch) else None
    return normal.made.get(pivot, switch)


def branch_of(normal, operand):
    """Return the node that stands for being in the branch of a Switch's output: a copy of that output."""
    switch, index = operand
    types = {"T": switch.attributes["T"]} if "T" in switch.attributes else {}
    made = normal.made.get(switch.name, switch)
    node = normal.node(switch.name, "Identity", types, [(switch, index)], set(), sizes=[normal.sizes(operand)])
    node.names.pop()
    if not node.names:
        node.names.append(switch.name)
        normal.branches.add(node)
    normal.made[switch.name] = made
    return node


RULES = {
    "Identity": lambda *of: _copied_condition(*of) or _read_after_assigned(*of),
    "Assert": _asserted,
    "Switch": switched,
    "Merge": _merged,
}
