"""The gradient of a sum or difference of which rows are taken: it was made dense, and is handed on as rows by now.

Everything is brought into the older form. Where such rows update a variable the numbers are others.
"""

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, makers
from compat_v1.audit.patterns import make

_CAUSE, _NEGATED = "rows of a sum", "negated rows"
# By what takes the numbers of rows.
CAUSES = {"UnsortedSegmentSum": "handed on as rows", "ScatterSub": _CAUSE, "Unique": _CAUSE}
_SUMMING = ("UnsortedSegmentSum", "ScatterSub")
# What takes rows as rows: sums, joins, scales or measures them, or hands them on.
_TAKING = {*_SUMMING, "ConcatV2", "Identity", "L2Loss", "Mul", "Neg", "NoOp", "RealDiv"}


def negate_first(normal):
    """In the gradient of a difference, rows are negated before those of one number are added; their sum was."""
    handed = {node.inputs[0] for node in normal.nodes if _hands_on(node)}
    negated = [node for node in normal.nodes if node.op == "Neg" and not node.controls and node.inputs[0] in handed]
    negated = [node for node in negated if is_op(node.inputs[0], "UnsortedSegmentSum")]
    negated = [node for node in negated if not node.inputs[0][0].controls]
    for node in negated:
        total = node.inputs[0][0]
        values, *rest = total.inputs
        inside = make(normal, node, "Neg", node.attributes, [values], normal.sizes(values), None)
        node.op, node.attributes, node.inputs = total.op, total.attributes, [inside, *rest]
        node.steps.add(_NEGATED)
        normal.absorbed.add(total)
    return negated


def handed_on(normal, users, is_range):
    """Return the nodes that hand on rows when all gradients of an op are there, and those that take their numbers.

    Not those that serve nothing where others of the op do: of what is for nobody, releases make more or less.
    `is_range(operand)`: whether numbers of rows are all there are, as where the first releases joined dense gradients.
    """
    handing = {}
    for node in normal.nodes:
        found = list(users.get(node, ())) if _hands_on(node) and _is_of_rows(node, users, is_range) else []
        found += [user for one in found if one.op == "Mul" for user in users.get(one, ())]
        found = {one for one in found if one.op in _SUMMING}
        if found:
            handing[node] = found
    serving = _serving(normal) if handing else set()
    served = {group for node in handing.keys() & serving for group in node.controls}
    handing = {node: found for node, found in handing.items() if node in serving or served.isdisjoint(node.controls)}
    sums = set().union(*handing.values())
    return set(handing), sums | {one.inputs[1][0] for one in sums if is_op(one.inputs[1], "Unique")}


def _serving(normal):
    """Return all nodes that what has an effect is made from."""
    known = [node for node in normal.nodes if node.name in normal.graph.nodes]
    todo = [node for node in known if normal.graph.is_stateful(node.name) or normal.reads_a_ref(node.name)]
    found = set(todo)
    while todo:
        new = set(makers(todo.pop())) - found
        found |= new
        todo += new
    return found


def _hands_on(node):
    """Whether a node hands on a gradient of a sum or difference when both are there."""
    if node.op != "Identity" or isinstance(node.inputs[0], Literal) or len(node.controls) != 1:
        return False
    (group,), own = node.controls, _unnegated(node.inputs[0])
    is_awaited = group.op == "NoOp" and node.inputs[0][0] in group.controls
    return is_awaited and all(_unnegated((one, 0)) == own or _is_made_of(one, own) for one in group.controls)


def _is_of_rows(node, users, is_range):
    """Whether all that hands on the same gradient, for any operand of the sum, is taken as rows where it is taken."""
    (group,), own = node.controls, _unnegated(node.inputs[0])
    others = [one for one in users[group] if one.op == "Identity" and one.controls == {group}]
    others = [one for one in others if not isinstance(one.inputs[0], Literal) and _unnegated(one.inputs[0]) == own]
    taking = [(one, user) for one in others for user in users.get(one, ())]
    return all(user.op in _TAKING and not _is_joined_dense(one, user, users, is_range) for one, user in taking)


def _is_joined_dense(node, join, users, is_range):
    """Whether a gradient is joined with others as a list of all rows, whose numbers are joined as well."""
    if join.op != "ConcatV2":
        return False
    sums = [one for one in users.get(join, ()) if one.op in _SUMMING and not isinstance(one.inputs[1], Literal)]
    numbers = [one.inputs[1] for one in sums]
    numbers = [one[0].inputs[0] if is_op(one, "Unique") else one for one in numbers]
    lists = [one[0].inputs for one in numbers if is_op(one, "ConcatV2") and len(one[0].inputs) == len(join.inputs)]
    places = [place for place, one in enumerate(join.inputs) if one == (node, 0)]
    return any(is_range(one[place]) for one in lists for place in places)


def _unnegated(operand):
    return operand[0].inputs[0] if is_op(operand, "Neg") and not operand[0].controls else operand


def _is_made_of(node, values):
    """Whether a node sums rows, all of one number and then over axes, for what was broadcast to be added."""
    while node.op in ("Reshape", "Sum") and not isinstance(node.inputs[0], Literal):
        node = node.inputs[0][0]
    total = _unnegated((node, 0))
    return is_op(total, "UnsortedSegmentSum") and values in (total, _unnegated(total[0].inputs[0]))


def make_dense(copies, normal, _, rows, kind, values, variable):
    """Return the gradient that is handed on as rows made dense before, or None."""
    shape = normal.sizes(variable)
    if not shape or isinstance(values, Literal) or values[0] not in copies or is_op(rows, "Unique"):
        return None
    copy = values[0]
    attributes, inputs = {**copy.attributes, "Tindices": kind}, [copy.inputs[0], rows, whole(shape[0], "int32")]
    dense = make(normal, copy, "UnsortedSegmentSum", attributes, inputs, shape, None)
    if dense[0].names == [copy.name]:
        dense[0].colocated = ()
    return hand_on(normal, copy, dense, shape)


def hand_on(normal, copy, dense, shape):
    """Return a gradient in its dense form that is handed on instead of its rows, when all gradients are there."""
    (group,) = copy.controls
    group.controls = group.controls - {copy.inputs[0][0]} | {dense[0]}
    normal.absorbed.add(copy)
    return make(normal, copy, "Identity", copy.attributes, [dense], shape, None, copy.controls)
