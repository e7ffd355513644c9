"""tf.layers.dense of tensors of more than two axes: the bias is added to the rows, or to what they are reshaped into.

Everything is brought into the older form, when the normal form of a graph is whole: the bias is added to the rows.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.pruning import arrange, comes_behind, redirect, users_of

_RULE = "bias of rows"


def finish(normal):
    """Bring the sums, and the gradients of biases, into the older form."""
    added = [node for node in normal.nodes if node.op in ("BiasAdd", "BiasAddGrad") and _is_of_last_axis(node)]
    added = [node for node in added if comes_behind(node.inputs[0], [node])]
    users = users_of(normal) if added else {}
    for node in added:
        if node.op == "BiasAdd":
            _add_before(normal, node, users)
        else:
            _sum_rows(normal, node, users)
    if added:
        arrange(normal)
        _take_as_they_were(normal)


def _is_of_last_axis(node):
    return "data_format" not in node.attributes and not isinstance(node.inputs[0], Literal)


def _add_before(normal, node, users):
    """What is reshaped from rows and then gets a bias gets it as rows, and is reshaped then.

    Unknown sizes are known by the node that reshapes: it stays.
    """
    reshaped, bias = node.inputs
    if not is_op(reshaped, "Reshape") or not _are_rows(normal, reshaped[0].inputs[0], reshaped):
        return
    outer, (rows, shape) = reshaped[0], reshaped[0].inputs
    if not comes_behind(rows, [outer]) or users[outer] != {node}:
        return
    for user in users.get(node, ()):
        user.inputs = [reshaped if one == (node, 0) else one for one in user.inputs]
        user.controls = frozenset(outer if one is node else one for one in user.controls)
    users[outer], users[node] = users.get(node, set()), {outer}
    outer.inputs, node.inputs = [(node, 0), shape], [rows, bias]
    normal.set_sizes(node, normal.sizes(rows))
    for name in node.names:
        normal.tensors[name, 0] = reshaped
    for one in (node, outer):
        one.steps.add(_RULE)


def _are_rows(normal, rows, tensor):
    """Whether a matrix has the rows of a tensor of more than two axes."""
    if isinstance(rows, Literal):
        return False
    flat, shape = normal.sizes(rows), normal.sizes(tensor)
    return flat is not None and shape is not None and len(flat) == 2 < len(shape) and flat[1] == shape[-1]


def _sum_rows(normal, total, users):
    """The gradient of a bias is summed over what the product's gradient is reshaped into, not over that before."""
    gradient = total.inputs[0]
    handed = [one for one in users[gradient[0]] if _is_handed(one, gradient, total)]
    source = (handed[0], 0) if handed else gradient
    using = (one for one in users.get(source[0], ()) if users.get(one))  # not the rows that a rule has left over
    reshapes = [one for one in using if one.op == "Reshape" and one.inputs[0] == source]
    if len(handed) > 1 or len(reshapes) != 1 or not comes_behind(gradient, reshapes):
        return
    rows = reshapes[0], 0
    if not _are_rows(normal, rows, gradient) or (handed and users[source[0]] != {rows[0]}):
        return
    total.inputs = [rows]
    total.steps.add(_RULE)
    if not handed:
        return
    # What waits for both gradients is handed on as rows: it was reshaped then.
    for user in users[rows[0]]:
        user.inputs = [source if one == rows else one for one in user.inputs]
    rows[0].inputs, source[0].inputs = [gradient, rows[0].inputs[1]], [rows]
    (group,) = source[0].controls
    group.controls = (group.controls - {gradient[0]}) | {rows[0]}
    normal.set_sizes(source[0], normal.sizes(rows))


def _take_as_they_were(normal):
    """Rows that are reshaped and back are taken as they were, where the sizes are numbers, as everywhere else."""
    for node in [node for node in normal.nodes if node.op == "Reshape"]:
        outer, rows = node.inputs[0], (node, 0)
        if not is_op(outer, "Reshape") or outer[0].controls or node.controls:
            continue
        source, sizes = outer[0].inputs[0], normal.sizes(rows)
        known = sizes is not None and all(isinstance(size, int) for size in sizes)
        if known and not isinstance(source, Literal) and normal.sizes(source) == sizes:
            redirect(normal, {rows: source})
            for user in normal.nodes:
                if node in user.controls:
                    user.controls = (user.controls - {node}) | {source[0]}
            normal.absorbed |= {node, outer[0]}


def _is_handed(node, gradient, total):
    """Whether a node hands a gradient on when it and a sum are made."""
    if node.op != "Identity" or node.inputs[0] != gradient or len(node.controls) != 1:
        return False
    (group,) = node.controls
    both = {total, gradient[0]}
    return group.op == "NoOp" and both <= group.controls and comes_behind(gradient, [group, *both])
