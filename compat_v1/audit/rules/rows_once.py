"""Rules for rows of an embedding that are looked up once each, and taken of those for each weight that they have.

`tf.nn.embedding_lookup_sparse` with weights looked them up as often as there are weights. Their gradient was added up
by whoever takes it, and is for each row once by now: what adds that up once more only copies.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor, number

RULE, SUBTRACTED = "rows once", "rows subtracted once"


def _taken_of_once(rewriter, name, node, operands):
    """Rows at the numbers of all, of rows that were looked up once each: the rows at all that was looked up."""
    data, numbers, axis = operands if len(operands) == 3 else (*operands, number(0, "int32"))
    unique, gone = numbers[0] if is_op(numbers, "Unique") and numbers[1] == 1 else None, set()
    while is_op(data, "Identity") and not data[0].controls:
        gone.add(data[0])
        data = data[0].inputs[0]
    if unique is None or unique.controls or not is_op(data, "GatherV2") or data[0].controls:
        return False
    params, once, other = data[0].inputs
    if once != (unique, 0) or data[0].device != node.device or not is_scalar(axis, 0) or not is_scalar(other, 0):
        return False
    if {*rewriter.graph.colocated(name)} - {*data[0].colocated}:
        return False
    if any("batch_dims" in one for one in (data[0].attributes, rewriter.graph.attributes(name))):
        return False
    attributes = {**data[0].attributes, "Tindices": unique.attributes["T"]}
    rewriter.once.setdefault(unique, set())
    rewriter.normal.absorbed |= {data[0], unique, *gone}
    made = rewriter.normal.keep(name, "GatherV2", [params, unique.inputs[0], axis], attributes, {RULE})
    made.colocated = data[0].colocated
    return True


def _unique_once_more(rewriter, name, node, operands):
    """What is there once each is made unique, for rows that were added up by it: as if it were made of all."""
    (numbers,), graph = operands, rewriter.graph
    if not is_tensor(numbers) or numbers[0] not in rewriter.once or numbers[1] != 0:
        return False
    users = [(user, slot) for user, slot in graph.users[name] if graph.inputs[user][slot][1] == 1]
    sums = [rewriter.normal.tensors.get(graph.inputs[user][0]) for user, _ in users]
    if any(slot != 1 or graph.nodes[user].op != "UnsortedSegmentSum" for user, slot in users):
        return False
    if not users or not all(_added_for(rewriter, one) is numbers[0] for one in sums):
        return False
    made = rewriter.normal.node(name, "Unique", graph.attributes(name), numbers[0].inputs, None, {RULE}, 2)
    for index in (0, 1):
        rewriter.normal.tensors[name, index] = (made, index)
    made.colocated = made.colocated or graph.colocated(name)  # where the rows are added up
    rewriter.once[numbers[0]].add(name)
    return True


def _added_once_more(rewriter, name, node, operands):
    """Rows that are sums of what goes to each are added up by what these are: each alone, or with none before it."""
    rows, numbers, count = operands
    unique = _added_for(rewriter, rows)
    if unique is None:
        return False
    numbering, index = rewriter.graph.inputs[name][1]
    if numbering in rewriter.once[unique] and index == 1:
        if not _counts(rewriter.normal, count, (numbers[0], 0)):
            return False
    elif numbers == (unique, 0):
        numbers = unique.inputs[0]
    else:
        return False
    rewriter.normal.absorbed |= {rows[0], unique}
    inputs = [rows[0].inputs[0], numbers, count]
    rewriter.normal.keep(name, "UnsortedSegmentSum", inputs, rewriter.graph.attributes(name), {RULE})
    return True


def _subtracted(rewriter, name, node, operands):
    """Plain gradient descent subtracted the gradients of such rows each by itself, times the rate."""
    table, numbers, step = operands
    if not is_op(step, "Mul") or step[0].controls or not is_tensor(numbers):
        return False
    rows, rate = step[0].inputs
    unique, normal = _added_for(rewriter, rows), rewriter.normal
    if unique is None or numbers != (unique, 0) or normal.sizes(rate) != ():
        return False
    gradients = rows[0].inputs[0]
    normal.absorbed |= {step[0], rows[0], unique}
    made, like = normal.made.get(step[0].name), step[0]
    sizes = [normal.sizes(gradients)]
    product = normal.node(like.name, "Mul", like.attributes, [gradients, rate], set(), {SUBTRACTED}, sizes=sizes)
    normal.made[like.name] = made
    normal.keep(name, node.op, [table, unique.inputs[0], (product, 0)], steps={SUBTRACTED})
    return True


def _added_for(rewriter, rows):
    """Return what made the numbers of a look-up unique, if some rows are the sums of what goes to each of these."""
    if not is_op(rows, "UnsortedSegmentSum") or rows[0].controls:
        return None
    _, numbers, count = rows[0].inputs
    if not is_tensor(numbers) or numbers[0] not in rewriter.once or numbers[1] != 1:
        return None
    return numbers[0] if _counts(rewriter.normal, count, (numbers[0], 0)) else None


def _counts(normal, count, rows):
    """Whether a number is how many there are of what is there once each."""
    return isinstance(count, Literal) and count.value == normal.sizes(rows)


RULES = {
    "Gather": _taken_of_once,
    "GatherV2": _taken_of_once,
    "ScatterSub": _subtracted,
    "Unique": _unique_once_more,
    "UnsortedSegmentSum": _added_once_more,
}
