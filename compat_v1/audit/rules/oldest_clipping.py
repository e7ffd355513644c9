"""Rules for clip_by_global_norm, which has asked in three ways whether the norm is finite, or not at all."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor

# A norm that is no number stops the program there.
CHECKED, STOPPED = "checked norm", "norm that stopped"
_MESSAGE = b"Found Inf or NaN global norm."


def _checked(rewriter, name, node, operands):
    """What waits for the check of clip_by_global_norm, and copies the norm that is checked, is a checked norm."""
    graph, made = rewriter.graph, rewriter.normal.made
    waits = graph.controls[name]
    if len(waits) != 1 or graph.nodes[check := next(iter(waits))].op != "CheckNumerics" or check not in made:
        return False
    checked, followers = made[check], graph.followers[check]
    if Attributes(graph.nodes[check])["message"].s != _MESSAGE or graph.users[check] or list(followers) != [name]:
        return False
    if len(checked.names) > 1 or checked.controls or checked.inputs != operands or not is_tensor(operands[0]):
        return False
    sizes = [rewriter.normal.sizes(operands[0])]
    others = rewriter.normal.controls(name) - {checked}
    kept = rewriter.normal.node(name, CHECKED, graph.attributes(name), operands, others, (), 1, sizes, False)
    rewriter.normal.tensors[name, 0] = (kept, 0)
    rewriter.normal.removed.add(checked)
    return True


def _clipped_scale(rewriter, name, node, operands):
    """clip * min(1 / norm, 1 / clip) scales gradients: by now only if the norm is finite, else to no number."""
    clip, smaller = operands
    if not is_op(smaller, "Minimum") or smaller[0].controls or not rewriter.dtype(name).startswith("float"):
        return False
    by_norm, by_clip = smaller[0].inputs
    if not is_op(by_norm, "RealDiv") or not is_scalar(by_norm[0].inputs[0], 1):  # it stays, with what it waits for
        return False
    norm = by_norm[0].inputs[1]
    if not is_op(norm, "Sqrt", CHECKED) or not _is_inverse(by_clip, clip):
        return False
    users = rewriter.graph.users[name]
    if not users or any(rewriter.graph.nodes[user].op != "Mul" for user, _ in users):
        return False
    scale = rewriter.normal.keep(name, "Mul", operands)
    attributes = rewriter.graph.attributes(name)
    rule = "norm that is no number: checked" if is_op(norm, CHECKED) else "norm that was not asked"
    made = rewriter.normal.node(
        name, "scale of a finite norm", attributes, [(scale, 0), norm], None, {rule}, sizes=[()]
    )
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _is_inverse(operand, clip):
    """Whether a tensor is 1 / clip."""
    if not is_op(operand, "RealDiv"):
        return False
    one, same = operand[0].inputs
    return is_scalar(one, 1) and _key(same) == _key(clip)


def _key(operand):
    return operand.key if isinstance(operand, Literal) else operand


RULES = {"Identity": _checked, "Mul": _clipped_scale}
