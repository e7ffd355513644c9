"""Rules for branches: a condition that always holds, a variable's initial value, the part of zeros in a tensor."""

from compat_v1.audit.graph import MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_over_all, is_scalar
from compat_v1.audit.sizes import multiply

_ALWAYS = "condition that always holds"


def _holds(operand):
    """Whether a condition is the constant True, or True by the shapes."""
    return isinstance(operand, Literal) and operand.dtype == "bool" and is_scalar(operand, 1)


def _switched(rewriter, name, node, operands):
    """What a condition that always holds lets through is what comes; the other branch never runs."""
    data, condition = operands
    if is_op(data, "Switch") and data[0].inputs[1] == condition and not isinstance(condition, Literal):
        return _switched_twice(rewriter, name, data)
    if not _holds(condition):
        return False
    never = rewriter.normal.keep(name, node.op, operands)
    rewriter.normal.made.pop(name)
    rewriter.never.add(never)
    rewriter.normal.consumed[name] = _ALWAYS
    rewriter.normal.waits[name] = never.controls
    rewriter.normal.tensors[name, 1] = data
    return True


def _switched_twice(rewriter, name, data):
    """What comes from a branch of the same condition goes on in that branch."""
    graph = rewriter.graph
    if any(graph.inputs[user][slot][1] != data[1] for user, slot in graph.users[name]) or graph.controls[name]:
        return False
    rewriter.normal.alias(name, data, "switched twice", data[1])
    return True


def _copied_condition(rewriter, name, node, operands):
    if not _holds(operands[0]):
        return False
    rewriter.normal.alias(name, operands[0], _ALWAYS)
    return True


def _merged(rewriter, name, node, operands):
    """Of two branches of which one never runs, the other is the result."""
    if rewriter.never:
        never = _never_runs(rewriter)
        alive = [k for k, one in enumerate(operands) if isinstance(one, Literal) or one[0] not in never]
        if len(alive) == 1 and len(operands) == 2 and not _asks_which(rewriter.graph, name):
            rewriter.normal.alias(name, operands[alive[0]], _ALWAYS)
            return True
    return _initial_value(rewriter, name, operands)


def _never_runs(rewriter):
    """Return the nodes so far that come after the branch of a condition that never holds."""
    nodes, never = rewriter.normal.nodes, rewriter.never
    for node in nodes[rewriter.followed :]:
        makers = {one[0] for one in node.inputs if one is not None and not isinstance(one, Literal)} | node.controls
        if node.op not in MERGES and makers & never:
            never.add(node)
    rewriter.followed = len(nodes)
    return never


def finish(rewriter):
    """Leave out what never runs, and what says in which branch something runs if nothing does."""
    rewriter.normal.absorbed |= {node for node in rewriter.normal.branches if len(node.names) == 1}
    if rewriter.never:
        gone = _never_runs(rewriter)
        for node in gone:
            rewriter.normal.consumed.update(dict.fromkeys(node.names, _ALWAYS))
        rewriter.normal.removed |= gone


def _asks_which(graph, name):
    """Whether the second output of a Merge is used: which of its inputs was alive."""
    return any(graph.inputs[user][slot][1] == 1 for user, slot in graph.users[name])


# The initial value of a variable.


def _read_after_assigned(rewriter, name, node, operands):
    """A variable that is read behind its initializer has its initial value."""
    (variable,) = operands
    if isinstance(variable, Literal) or variable[0].op not in ("VariableV2", "Variable"):
        return False
    waits = rewriter.normal.controls(name)
    if len(waits) != 1:
        return False
    (assign,) = waits
    if assign.op != "Assign" or assign.inputs[0] != variable or _initializer(rewriter, variable[0]) is not assign:
        return False
    _keep_initial(rewriter, name, variable, assign.inputs[1], "read behind its initializer")
    return True


def _initial_value(rewriter, name, operands):
    """The value of a variable if it is initialized, else its initial value."""
    if len(operands) != 2 or any(one is None or isinstance(one, Literal) for one in operands):
        return False
    first, read = operands
    if not (is_op(first, "Switch") and first[1] == 0 and is_op(read, "Identity")) or _asks_which(rewriter.graph, name):
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
    if assign is None or not _same(assign.inputs[1], value) or not (nested or current == variable):
        return False
    _absorb_condition(rewriter, asked)
    rewriter.normal.absorbed.update({first[0], read[0], inner[0], condition[0], asked[0]})
    if nested:
        rewriter.normal.alias(name, current, "initial value")
    else:
        _keep_initial(rewriter, name, variable, value, "asked whether it is initialized")
    return True


def _keep_initial(rewriter, name, variable, value, step):
    normal = rewriter.normal
    made = normal.node(
        name, "initial value", {}, [variable, value], set(), {f"initial value: {step}"}, sizes=[normal.sizes(variable)]
    )
    normal.tensors[name, 0] = (made, 0)


def _initializer(rewriter, variable):
    """Return the Assign that initializes a variable: the first in the graph."""
    graph = rewriter.graph
    for user, slot in graph.users[variable.name]:
        if graph.nodes[user].op == "Assign" and slot == 0:
            return rewriter.normal.made.get(user)
    return None


def _same(one, other):
    if isinstance(one, Literal) and isinstance(other, Literal):
        return one.key == other.key
    return not isinstance(one, Literal) and one == other


def _absorb_condition(rewriter, condition):
    """Let go of what says in which branch of a condition something runs, if nothing else uses it."""
    graph, made = rewriter.graph, rewriter.normal.made
    for name in condition[0].names:
        for user, _ in graph.users[name]:
            if graph.nodes[user].op in (*SWITCHES, "Identity") and user in made:
                rewriter.normal.absorbed.add(made[user])
                sides = [one for one, _ in graph.users[user] if graph.nodes[one].op == "Identity" and one in made]
                if graph.inputs[user][:1] == graph.inputs[user][1:]:
                    rewriter.normal.absorbed.update(made[one] for one in sides)


# The part of zeros.


def averaged_zeros(rewriter, name, node, operands):
    """The mean of (x == 0)."""
    cast, axes = operands
    if not is_op(cast, "Cast") or cast[0].controls or "keep_dims" in rewriter.graph.attributes(name):
        return False
    equal = cast[0].inputs[0]
    if not is_op(equal, "Equal") or equal[0].controls or not _is_zero(equal[0].inputs[1]):
        return False
    if not _over_all(rewriter, equal, axes):
        return False
    rewriter.normal.absorbed.update({cast[0], equal[0]})
    return _keep_zeros(rewriter, name, equal[0].inputs[0], "averaged")


def counted_zeros(rewriter, name, node, operands):
    """(size - the number of x != 0, counted in 32 or in 64 bits) / size."""
    zeros, size = operands
    if not is_op(zeros, "Cast") or not is_op(zeros[0].inputs[0], "Sub") or not rewriter.dtype(name).startswith("float"):
        return False
    difference = zeros[0].inputs[0][0]
    total, merged = difference.inputs
    if not isinstance(total, Literal) or isinstance(merged, Literal):
        return False
    counts = merged[0].inputs if merged[0].op == "Merge" else [merged]
    counts = [one[0].inputs[0] if is_op(one, "Cast") else one for one in counts]
    found = [_counted(rewriter, one) for one in counts]
    if None in found or len({one[0] for one in found}) != 1:
        return False
    if sorted(one[1] for one in found) != ([0, 1] if merged[0].op == "Merge" else [-1]):
        return False
    tensor, _, condition = found[0]
    shape = rewriter.normal.sizes(tensor)
    if shape is None or not _is_size(rewriter, total, shape) or not _is_float_of(rewriter, size, total):
        return False
    absorbed = {zeros[0], difference, merged[0]}
    for one in (size, merged, *merged[0].inputs, *counts):
        todo = [one]
        while todo:
            operand = todo.pop()
            if not isinstance(operand, Literal) and operand != tensor and operand[0] not in absorbed:
                absorbed.add(operand[0])
                todo += operand[0].inputs
                absorbed |= operand[0].controls if operand[0].op == "NotEqual" else set()
    rewriter.normal.absorbed |= absorbed
    if condition is not None:
        asked = condition[0].inputs[0] if is_op(condition, "Identity") else condition
        if not isinstance(asked, Literal):
            rewriter.normal.absorbed.add(asked[0])
            _absorb_condition(rewriter, asked)
    return _keep_zeros(rewriter, name, tensor, "counted")


def _counted(rewriter, operand):
    """Return (x, in which branch, -1 for none, and its condition) if an operand counts x != 0, or None."""
    if not is_op(operand, "Sum") or not is_op(operand[0].inputs[0], "Cast"):
        return None
    unequal = operand[0].inputs[0][0].inputs[0]
    if not is_op(unequal, "NotEqual") or not _is_zero(unequal[0].inputs[1]):
        return None
    tensor = unequal[0].inputs[0]
    if isinstance(tensor, Literal) or not _over_all(rewriter, unequal, operand[0].inputs[1]):
        return None
    if tensor[0].op == "Switch" and not isinstance(tensor[0].inputs[1], Literal):
        return tensor[0].inputs[0], tensor[1], tensor[0].inputs[1]
    return tensor, -1, None


def _keep_zeros(rewriter, name, tensor, step):
    if isinstance(tensor, Literal):
        return False
    made = rewriter.normal.node(name, "part of zeros", {}, [tensor], None, {f"part of zeros: {step}"}, sizes=[()])
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _copied_zeros(rewriter, name, node, operands):
    if not is_op(operands[0], "part of zeros") or rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, operands[0], "copies")
    return True


def _is_zero(operand):
    return isinstance(operand, Literal) and is_scalar(operand, 0)


def _over_all(rewriter, tensor, axes):
    shape = rewriter.normal.sizes(tensor)
    if isinstance(axes, Literal) and shape is not None and axes.array() is not None:
        return sorted(axes.value) == list(range(len(shape)))
    return is_over_all([tensor, axes])


def _is_size(rewriter, literal, shape):
    total = 1
    for size in shape:
        total = multiply(total, size)
    return literal.kind == "whole" and literal.value == (total,)


def _is_float_of(rewriter, operand, literal):
    if isinstance(operand, Literal):
        return isinstance(literal.value[0], int) and is_scalar(operand, literal.value[0])
    inside = operand[0].inputs[0] if is_op(operand, "Cast") else None
    return isinstance(inside, Literal) and inside.key == literal.key


# Which branch a literal lives in.


def branch_of(normal, operand):
    """Return the node that stands for being in the branch of a Switch's output: a copy of that output."""
    switch, index = operand
    types = {"T": switch.attributes["T"]} if "T" in switch.attributes else {}
    made = normal.made.get(switch.name)
    node = normal.node(switch.name, "Identity", types, [(switch, index)], set(), sizes=[normal.sizes(operand)])
    node.names.pop()
    if not node.names:
        node.names.append(switch.name)
        normal.branches.add(node)
    normal.made[switch.name] = made
    return node


IDENTITY = (_copied_condition, _copied_zeros, _read_after_assigned)
RULES = {
    "Switch": _switched,
    "Merge": _merged,
    "Mean": averaged_zeros,
    "RealDiv": counted_zeros,
}
