"""Rules for what a session of TensorFlow's own makes to look at: which variables have no value yet, and the step."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar


def _joined_with_nothing(rewriter, name, _node, operands):
    """A list of texts is joined with an empty one: the variables without a value and the tables, which are none."""
    texts, *nothing, _ = operands
    if isinstance(texts, Literal) or rewriter.dtype(name) != "string" or len(rewriter.normal.sizes(texts) or ()) != 1:
        return False
    if not all(isinstance(one, Literal) and one.shape == (0,) for one in nothing):
        return False
    rewriter.normal.alias(name, texts, "nothing joined")
    return True


def _step(rewriter, name, _node, operands):
    """Nothing is added to the step where it is read, or to what it begins with, for hooks."""
    value, zero = operands
    if not is_op(value, "initial value") or not is_scalar(zero, 0) or rewriter.dtype(name) not in ("int32", "int64"):
        return False
    if rewriter.graph.users[name] or rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, value, "step that is read")
    return True


RULES = {"ConcatV2": _joined_with_nothing, "AddV2": _step, "Add": _step}
