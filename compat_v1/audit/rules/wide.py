"""Rules for whole numbers of 64 bits, which were made 32 bits wide where they say how large something is."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import INT32, INT64, is_op

# Which operand says how large what an op makes is.
_SIZES = {"BroadcastTo": 1, "Fill": 0, "Reshape": 1, "Tile": 1}


def narrowed(operand):
    """Return numbers as they were before they were made 32 bits wide from 64, and the node that did, as a set."""
    if is_op(operand, "Cast") and operand[0].attributes.get("SrcT") == INT64 and not operand[0].controls:
        return operand[0].inputs[0], {operand[0]}
    return operand, set()


def _packed(rewriter, name, node, operands):
    """A vector of sizes, some written down and the others of 64 bits, is as wide as these."""
    graph, attributes = rewriter.graph, rewriter.graph.attributes(name)
    if attributes.get("T") != INT32 or any(_SIZES.get(graph.nodes[user].op) != at for user, at in graph.users[name]):
        return False
    numbers, casts = zip(*map(narrowed, operands), strict=True)
    if not any(casts) or not all(cast or isinstance(one, Literal) for one, cast in zip(numbers, casts, strict=True)):
        return False
    rewriter.normal.absorbed.update(*casts)
    rewriter.normal.keep(name, node.op, list(numbers), {**attributes, "T": INT64}, {"wide sizes"})
    return True


RULES = {"Pack": _packed}
