"""A rule for what TensorFlow 1.0 computed only to draw as many numbers: the mean of a normal distribution."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_scalar, single
from compat_v1.audit.sizes import covers


def _measured(rewriter, name, _node, operands):
    """A product with ones of which only the shape is taken has that of the other factor, which is as large."""
    mean, ones = operands
    users = [rewriter.graph.nodes[user].op for user, _ in rewriter.graph.users[name]]
    if not users or {*users} != {"Shape"} or name in rewriter.graph.awaited or rewriter.graph.controls[name]:
        return False
    if isinstance(mean, Literal) or not isinstance(ones, Literal) or not is_scalar(single(ones), 1):
        return False
    sizes = rewriter.normal.sizes(mean)
    if sizes is None or not covers(sizes, ones.shape):
        return False
    rewriter.normal.alias(name, mean, "measured mean")
    return True


RULES = {"Mul": _measured}
