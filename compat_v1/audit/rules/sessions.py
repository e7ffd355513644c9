"""Rules for what a session of TensorFlow's own makes to look at: which variables have no value yet, and the step."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar
from compat_v1.audit.renumbered import SAVED


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


def finish(rewriter):
    """Variables that have no value yet are told by their own names, as in checkpoints."""
    for node in rewriter.normal.nodes:
        names = node.inputs[0] if node.op == "GatherV2" else None
        if not isinstance(names, Literal) or names.kind != "text":
            continue
        own = [one.name for one in _asked(node.inputs[1])]
        if own and names.value == tuple(one.encode() for one in own):
            node.attributes = {**node.attributes, SAVED: ", ".join(own)}
            node.inputs[0] = names._replace(value=(b"its own name",) * len(own))


def _asked(numbers):
    """Return the variables of which those without a value are counted, in order; none where something else is."""
    while is_op(numbers, "Squeeze", "Reshape", "Where", "LogicalNot"):
        numbers = numbers[0].inputs[0]
    answers = numbers[0].inputs if is_op(numbers, "Pack") else []
    if not all(is_op(one, "IsVariableInitialized", "VarIsInitializedOp") for one in answers):
        return []
    return [one[0].inputs[0][0] for one in answers]


RULES = {"ConcatV2": _joined_with_nothing, "AddV2": _step, "Add": _step}
