"""Rules for ops that only TensorFlow's first releases wrote otherwise."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, is_scalar


def _in_top_k(rewriter, name, node, operands):
    """The number of candidates was an attribute, and is an operand."""
    attributes = rewriter.graph.attributes(name)
    attributes.pop("k", None)
    count = whole(Attributes(node)["k"].i, "int32", (name,))
    rewriter.normal.keep(name, "InTopKV2", [*operands, count], attributes, {"in top k"})
    return True


def _clipped_scale(rewriter, name, node, operands):
    """clip * min(1 / norm, 1 / clip) scales gradients: by now only if the norm is finite, else to no number."""
    clip, smaller = operands
    if not is_op(smaller, "Minimum") or smaller[0].controls or not rewriter.dtype(name).startswith("float"):
        return False
    by_norm, by_clip = smaller[0].inputs
    if not (is_op(by_norm, "RealDiv") and is_op(by_clip, "RealDiv")):
        return False
    if not all(is_scalar(one[0].inputs[0], 1) and not one[0].controls for one in (by_norm, by_clip)):
        return False
    norm, same = by_norm[0].inputs[1], by_clip[0].inputs[1]
    if _key(same) != _key(clip) or isinstance(norm, Literal) or not is_op(norm, "Sqrt"):
        return False
    users = rewriter.graph.users[name]
    if not users or any(rewriter.graph.nodes[user].op != "Mul" for user, _ in users):
        return False
    scale = rewriter.normal.keep(name, "Mul", operands)
    attributes = rewriter.graph.attributes(name)
    inputs, steps = [(scale, 0), norm], {"norm that was not asked"}
    made = rewriter.normal.node(name, "scale of a finite norm", attributes, inputs, None, steps, sizes=[()])
    rewriter.normal.tensors[name, 0] = (made, 0)
    return True


def _key(operand):
    return operand.key if isinstance(operand, Literal) else operand


RULES = {
    "InTopK": _in_top_k,
    "Mul": _clipped_scale,
}
