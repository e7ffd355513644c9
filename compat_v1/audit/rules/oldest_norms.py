"""tf.norm, which squared what it adds up and multiplies it by itself by now."""

from compat_v1.audit import sharing
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.pruning import users_of

_RULE = "squared norm"


def finish(normal):
    """Write each product of a tensor by itself, of which only square roots of sums are taken, as a square."""
    products = [node for node in normal.nodes if node.op == "Mul" and is_tensor(node.inputs[0]) and _is_square(node)]
    users = users_of(normal) if products else {}
    normed = [node for node in products if _is_normed(node, users)]
    for node in normed:
        node.op, node.inputs = "Square", node.inputs[:1]
        node.steps.add(_RULE)
    if normed:
        sharing.share(normal)  # with what was a square before


def _is_square(node):
    return node.inputs[0] == node.inputs[1] and node.attributes.keys() <= {"T"}


def _is_normed(node, users):
    """Whether only sums take a product, and each of these only, reshaped or not, a square root."""
    sums = users.get(node, set())
    behind = [after for one in sums for after in users.get(one, ())]
    while any(one.op == "Reshape" for one in behind):
        behind = [after for one in behind for after in (users.get(one, ()) if one.op == "Reshape" else [one])]
    return bool(sums) and all(one.op == "Sum" for one in sums) and {one.op for one in behind} == {"Sqrt"}
