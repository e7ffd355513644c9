"""The order of rows in the gradient of a variable of which rows are taken more than once.

Gradients come in the order in which TensorFlow goes through the ops behind: a look-up ends in an Identity by now, and
so its gradient comes a step later; and layers are made of other ops. Rows of one number are added in another order, so
that no rule makes one of the other; but a port can be compared as if its rows, with their numbers, came in the first.
"""

import itertools

import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar

LOOK_UPS, TAKEN = "order of look-ups", "order of rows that are taken"
# Where what takes rows has them, and their numbers.
_TAKING = {"ScatterSub": (2, 1), "UnsortedSegmentSum": (0, 1)}
_HANDING = ("Identity", "Mul", "Unique")
_EACH = {"Identity", "Maximum", "Minimum", "Mul", "RealDiv", "Square"}  # what gives row by row what it is given
_IN_ANY_ORDER = {*_TAKING, "HistogramSummary", "L2Loss", "Shape", "Sum", "Unique"}


def written_out(verification):
    """Return ({cause: names of what puts rows together in the port}, the port's GraphDef in the first order), or None.

    What puts their numbers together is put into that order as well, or there is none.
    """
    if not verification.findings:
        return None
    normals, orders, causes = [side.normal for side in verification.pairing.sides], {}, {}
    for node, other in verification.partner.items():
        if node.op in _TAKING:
            both = [_rows(*side) for side in zip(normals, (node, other), strict=True)]
            found = _order(verification, *both) if all(both) else None
            if found:
                order, cause = found
                orders.update(dict.fromkeys(both[1][0], order))
                causes.setdefault(cause, []).append(both[1][0][0])
    if not orders:
        return None
    graph_def = tf.compat.v1.GraphDef.FromString(normals[1].graph.graph_def.SerializeToString())
    for node in graph_def.node:
        if node.name in orders:
            node.input[: len(orders[node.name])] = [node.input[place] for place in orders[node.name]]
    return causes, graph_def


def _rows(normal, node):
    """Return the names of what puts rows and their numbers together for a node, and the pairs of these, or None."""
    graph = normal.graph
    if node.name not in graph.nodes or graph.nodes[node.name].op != node.op:
        return None
    names = [_joined(graph, graph.inputs[node.name][slot][0]) for slot in _TAKING[node.op]]
    if None in names or not all(_may_come_in_any_order(graph, name) for name in names):
        return None
    (*rows, axis), (*numbers, other) = ([normal.tensors.get(one) for one in graph.inputs[name]] for name in names)
    if len(rows) != len(numbers) or None in (*rows, *numbers) or not is_scalar(axis, 0) or not is_scalar(other, 0):
        return None
    return names, list(zip(rows, numbers, strict=True))


def _joined(graph, name):
    """Return the name of what puts rows, or their numbers, together, which may be scaled or counted once."""
    todo, seen = [name], {name}
    while todo:
        one = todo.pop()
        if graph.nodes[one].op == "ConcatV2":
            return one
        new = {source for source, _ in graph.inputs[one]} - seen if graph.nodes[one].op in _HANDING else set()
        seen |= new
        todo += sorted(new)
    return None


def _may_come_in_any_order(graph, name):
    """Whether nobody asks which rows come first: they are only added up, with their numbers, or measured."""
    todo, seen = [name], {name}
    while todo:
        users = {user for user, _ in graph.users[todo.pop()]}
        each = {user for user in users if graph.nodes[user].op in _EACH}
        if not users or any(graph.nodes[user].op not in _IN_ANY_ORDER for user in users - each):
            return False
        todo += each - seen
        seen |= each
    return True


def _order(verification, here, there):
    """Return where the port has the rows of the original, and why, or None if nowhere or in the same places."""
    (_, pairs), (_, others) = here, there
    left, order = list(range(len(others))), []
    for pair in pairs:
        same = (k for k in left if all(itertools.starmap(verification.is_same, zip(pair, others[k], strict=True))))
        place = next(same, None)
        if place is None:
            return None
        order.append(place)
        left.remove(place)
    exchanged = [(a, b) for a, b in itertools.combinations(order, 2) if a > b]
    if left or not exchanged:
        return None
    looked_up, gathered = _kinds(verification)
    port = verification.pairing.sides[1].normal
    kinds = [[_tables(port, pair, some) for some in (looked_up, gathered)] for pair in others]
    shared = set.intersection(*(late | early for late, early in kinds))
    is_late = all(kinds[a][0] & kinds[b][1] & shared for a, b in exchanged)
    return order, LOOK_UPS if is_late else TAKEN


def _kinds(verification):
    """Return what gathers rows in the port: those that end in a copy there alone, and the others."""
    copied = [
        {normal.tensors[name, 0][0] for name, rule in normal.consumed.items() if rule == "copied rows"}
        for normal in (side.normal for side in verification.pairing.sides)
    ]
    gathering = [node for node in verification.back if node.op == "GatherV2"]
    late = [node for node in gathering if node in copied[1] and verification.back[node] not in copied[0]]
    return late, [node for node in gathering if node not in copied[1]]


def _tables(normal, pair, gathering):
    """Return the tables of which rows as large as these, of the same numbers, are gathered."""
    rows, numbers = pair
    numbers = numbers[0].inputs[0] if is_op(numbers, "Reshape") else numbers
    size = normal.sizes(rows)
    found = [node for node in gathering if node.inputs[1] == numbers and not isinstance(node.inputs[0], Literal)]
    return {node.inputs[0] for node in found if size and (normal.sizes(node.inputs[0]) or ())[1:] == size[1:]}
