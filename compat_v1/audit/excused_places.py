"""What may differ in the places of two partners; each function that says so returns the name of a rule, or None."""

import re

from compat_v1.audit.literals import Literal
from compat_v1.audit.references import target
from compat_v1.audit.rules.kept import KEPT
from compat_v1.audit.rules.oldest_dual import RULE as NEXT_STEP
from compat_v1.audit.rules.unranked import ALONG

ON_CPU = {"", "/device:CPU:*", "/device:CPU:0"}
_FROM_A_NUMBER = 2  # ops at most from what changes a number, by a product with what was read of it
_ON_CPU = ("Queue", "Dataset", "Iterator")
_CPU = re.compile(r"/device:CPU:[*0]$")
_DEVICE = re.compile(r"/device:\w+:\d+$")
# Copies, gradients' sums and the parts of an average, which came to be placed beside what they come from or go to.
_BESIDE = {"Identity", "AddN", "Enter", "Select", "SelectV2", "Sub", "Mul", "Switch", "VariableV2"}
_BESIDE |= {"Merge", "initial value"}
# What the gradient of a sum or mean computes from a shape, which came to be placed beside that, or no more.
_HELPERS = {"AddV2", "DynamicStitch", "Fill", "FloorDiv", "FloorMod", "Maximum", "Prod", "Range", "Shape", "Size"}
_HELPERS |= {ALONG}
# What a moving average is moved by, and how that is made of the average and of what moves it.
_MOVING, _MOVED_BY = {"AssignSub", "AssignSubVariableOp"}, {"Enter", "Switch", "Sub", "Mul"}
_HANDLES = {"VarHandleOp", "ResourceConditionalAccumulator"}


def device(node, other, graph):
    """Say which rule lets a node be placed elsewhere; `graph`: that of `other`."""
    if any(kind in node.op for kind in _ON_CPU) and _CPU.search(other.device):
        is_moved = is_one_machine(_DEVICE.sub("", node.device), other.device)  # from where it has no kernel
        return "queues on the CPU" if is_moved else None
    if not is_one_machine(node.device, other.device):
        return None
    if any(kind in node.op for kind in _ON_CPU):
        return "queues on the CPU"
    if node.op == "MergeV2Checkpoints":
        return "checkpoints on the CPU"
    return "asked on the CPU" if _rounds_nothing(other, graph) else None


def is_on_cpu(device):
    """Whether a device is any, or a CPU, on whatever machine."""
    return not device or bool(_CPU.search(device))


def is_one_machine(device, other):
    """Whether two places are one, but that a CPU is named."""
    return _CPU.sub("", device) == _CPU.sub("", other)


def _rounds_nothing(node, graph):
    """Whether a node gives truth values, texts or whole numbers, and the same ones wherever it runs."""
    definition = graph.op_def(node.name) if node.name in graph.nodes else None
    if definition is None or not definition.output_arg or graph.is_stateful(node.name):
        return False
    kinds = {graph.dtype(node.name, index) for index in range(len(definition.output_arg))}
    return kinds <= {"bool", "string", "int32", "int64"}


def colocation(node, other, places, stands, of_parts):
    """Say which rule lets a node be placed beside others.

    `places`: the nodes beside which the two are placed, "?" for what has no partner; `stands`: the relations of the two
    to these; `of_parts`: whether they are of what is several ops in the other graph, such as an einsum, or copy one of
    several gradients. What is placed on a device by its name takes others there, so that it matters who is beside it.
    """
    if (node.op == "NoOp" or _is_size(node)) and all(len(one.colocated) <= 1 for one in (node, other)):
        return "colocation"  # it does nothing, or the same anywhere, and ties no two others together
    known = {relation for one in stands for relation in one}
    if node.op == "Switch" and all(stands) and known <= {"an input", "as an input"}:
        return "colocation"  # it copies, and is where each graph has what it copies
    written = {one.written for one in (node, other, *places) if not isinstance(one, str)}
    if len(written) > 1 and any(
        not isinstance(one, str) and one.device not in ON_CPU for one in (node, other, *places)
    ):
        return None
    if _is_of_arrays(node) or any(_is_of_arrays(one) for one in places if not isinstance(one, str)):
        return "colocation"
    if any(kind in node.op for kind in _ON_CPU):
        return "queues on the CPU"
    if node.op == "DeserializeSparse" and all(not isinstance(one, str) and "Dataset" in one.op for one in places):
        return "colocation"
    of_shapes = all(not isinstance(one, str) and one.op == "Shape" for one in places)
    if NEXT_STEP in other.steps or node.op == KEPT or (node.op in _HELPERS and of_shapes):
        return "colocation"
    if known == {"an input"} and all(_is_handle_of(one, other) for one in places):
        return "colocation"
    beside = node.op in _BESIDE or "compared in a branch" in node.steps | other.steps
    if of_parts or (beside and "elsewhere" not in known):
        return "colocation"
    # Placed as its input is, a sum of gradients: whose place is compared itself.
    is_measure = node.op == other.op == "L2Loss" and known == {"as an input"}
    return "colocation" if all(stands) and (known == {"an input"} or is_measure) else None


def _is_size(node):
    """Whether a node gives what depends on sizes alone, as another type."""
    return node.op == "Cast" and all(isinstance(one, Literal) for one in node.inputs)


def measures(normal, name):
    """Whether a node only serves to compute shapes: TensorFlow places such helpers beside what they measure, or not."""
    users = [user for user, _ in normal.graph.users[name]]
    return "computed shapes" in (normal.consumed[name], *map(normal.consumed.get, users))


def beside_variables(verification, node, other):
    """Say which rule lets a number, such as beta1_power, be placed beside the first variable by name, not by order.

    Where the variables of an optimizer lie on several devices, they are those that the port updates with the number.
    """
    normal, port = (side.normal for side in verification.pairing.sides)
    old, new = (
        [where.made.get(target(name)) for name in one.colocated] for where, one in ((normal, node), (port, other))
    )
    if normal.sizes((node, 0)) != () or any(place is None or not place.op.startswith("Var") for place in (*old, *new)):
        return None
    devices = {"" if place.device in ON_CPU else place.device for place in (*old, *new)}
    if len(devices) == 1:
        return "colocation"
    if other.name not in port.graph.nodes:
        return None
    updated = _updated_with(port.graph, other.name)
    first = min(updated, key="{}:0".format, default=None)
    is_first = len(old) == len(new) == 1 and port.made.get(first) is new[0]
    return "colocation" if is_first and verification.partner.get(old[0]) in map(port.made.get, updated) else None


def moves_average(normal, port, node, other):
    """Say which rule lets what an average is moved by be beside it in one graph alone, as all layers but those of 1.8.

    A difference and a product of each element are rounded alike wherever they are computed.
    """
    if node.op not in _MOVED_BY or bool(node.colocated) == bool(other.colocated):
        return None
    moved = _moved(normal.graph, node), _moved(port.graph, other)
    beside = {target(one) for one in (*node.colocated, *other.colocated)}
    return "beside the average" if all(moved) and beside <= moved[bool(other.colocated)] else None


def restores(graph, node):
    """Say which rule lets a tensor be restored elsewhere than where its variable is, as it was by an op of its own."""
    users = [user for user, _ in graph.users[node.name]] if node.op == "RestoreV2" and node.name in graph.nodes else []
    is_beside = all(graph.nodes[one].op == "Assign" and graph.devices[one] == node.device for one in users)
    return "checkpoints" if users and is_beside else None


def _moved(graph, node):
    """Return the names of the variables from which what a node is made into is taken, and of what these are beside.

    An empty set if it is used for anything else.
    """
    found, todo = set(), [name for name in node.names if name in graph.nodes]
    seen = set(todo)  # what is multiplied by itself again and again is followed once
    while todo:
        name = todo.pop()
        for user in {user for user, _ in graph.users[name]} - seen:
            op, makers = graph.nodes[user].op, [maker for maker, _ in graph.inputs[user]]
            if op in _MOVING and makers[0] != name:
                variable = _variable(graph, user)
                found |= {variable, *map(target, graph.colocated(variable))}
            elif op in _MOVED_BY:
                seen.add(user)
                todo.append(user)
            else:
                return set()
    return found


def _variable(graph, name):
    """Return the variable that an op changes, also in a branch."""
    while graph.inputs[name]:
        name = graph.inputs[name][0][0]
    return name


def is_step_of_replica(normal, port, node, other):
    """Whether a node keeps, reads or sets the step of a replica, which today's SyncReplicasOptimizer keeps on a worker.

    It has an op there that does nothing, and puts the step beside that; the step was placed as all variables are.
    """
    if not is_anchored(port.graph, other.name) or normal.sizes((node, 0)) != ():
        return False
    steps = [
        one for one in (other.name, *(one for one, _ in port.graph.inputs[other.name])) if _is_variable(port.graph, one)
    ]
    users = [user for one in steps for user, _ in port.graph.users[one] if port.graph.nodes[user].op == "Assign"]
    given = [port.graph.inputs[user][1][0] for user in users]
    return len(steps) == 1 and any(port.graph.nodes[one].op.startswith("QueueDequeue") for one in given)


def _is_variable(graph, name):
    return name in graph.nodes and graph.nodes[name].op.startswith("Var")


def is_anchored(graph, name):
    """Whether a node is placed beside one op, which does nothing."""
    places = [target(one) for one in graph.colocated(name)] if name in graph.nodes else []
    return [(graph.nodes[one].op, bool(graph.controls[one])) for one in places] == [("NoOp", False)]


def _updated_with(graph, name):
    """Return the variables that ops such as ApplyAdam update with the number that is kept, read or changed here."""
    for _ in range(_FROM_A_NUMBER):
        if graph.inputs[name] and not graph.nodes[name].op.startswith("Var"):
            name = graph.inputs[name][0][0]
    users = [user for user, _ in graph.users[name]]
    readers = [user for user in users if graph.nodes[user].op in ("Identity", "ReadVariableOp")]
    users += [user for reader in readers for user, _ in graph.users[reader]]
    return {graph.inputs[user][0][0] for user in users if "Apply" in graph.nodes[user].op}


def _is_handle_of(place, node):
    """Whether a node of the port takes a handle, as a variable's or a table's: it is placed with it, as it may say."""
    if isinstance(place, str) or not (place.op in _HANDLES or "HashTable" in place.op):
        return False
    return any(not isinstance(one, Literal) and one[0] is place for one in node.inputs if one is not None)


def _is_of_arrays(node):
    """Whether a node is a TensorArray or a stack, or takes one: they are placed with what they keep."""
    sources = [one[0].op for one in node.inputs if one is not None and not isinstance(one, Literal)]
    return any(op.startswith(("TensorArray", "Stack")) for op in (node.op, *sources))
