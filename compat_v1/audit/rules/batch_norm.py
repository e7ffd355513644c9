"""Rules for fused batch normalization."""

import tensorflow as tf

from compat_v1.audit.graph import SWITCHES, Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_tensor
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import before

v1 = tf.compat.v1
_OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def _in_training(rewriter, name, node, operands):
    """In training, mean and variance are those of the batch: what is given for them is not read."""
    attributes = Attributes(node)
    factor = attributes["exponential_avg_factor"].f if "exponential_avg_factor" in attributes else 1.0
    is_training = attributes["is_training"].b if "is_training" in attributes else True
    vectors = all(len(rewriter.normal.sizes(one) or ()) == 1 for one in operands[3:5])  # all others stop it
    if not is_training or factor != 1.0 or not vectors or _brings_others(rewriter.graph, name, operands):
        return _third(rewriter, name, node, operands, "FusedBatchNormV3")
    nothing = Literal("data", "float32", (0,), b"")
    for one in operands[3:5]:
        if not isinstance(one, Literal) and one[0].op in ("Switch", "Identity", "ReadVariableOp"):
            rewriter.normal.absorbed.update({one[0], *(maker[0] for maker in one[0].inputs if is_op(maker, "Switch"))})
    given = {"statistics of the batch"} if operands[3] is not None and not isinstance(operands[3], Literal) else set()
    if _third(rewriter, name, node, [*operands[:3], nothing, nothing], "FusedBatchNormV3", given):
        return True
    rewriter.normal.keep(name, node.op, [*operands[:3], nothing, nothing], steps=given)
    return True


def _brings_others(graph, name, operands):
    """Whether something must be fed, has an effect or is in a branch only for the mean and variance that are given."""
    return _makes_run(graph, name) or _is_in_another_branch(operands) or _is_fed(graph, name)


def _makes_run(graph, name):
    """Whether something that has an effect is run only for the mean and variance that are given."""
    makers = [graph.effects.get(maker, frozenset()) for maker, _ in graph.inputs[name]]
    return not frozenset().union(*makers[3:]) <= frozenset().union(*makers[:3])


def _is_fed(graph, name):
    """Whether something must be fed only for the mean and variance that are given."""
    makers = [maker for maker, _ in graph.inputs[name]]
    given = _placeholders(graph, makers[3:5])
    return bool(given) and not given <= _placeholders(graph, makers[:3])


def _placeholders(graph, names):
    return {name for name in graph.all_before(names) if graph.nodes[name].op == "Placeholder"}


def _is_in_another_branch(operands):
    """Whether the mean and variance that are given come from a branch that nothing else comes from: they may not."""
    given = {side for one in operands[3:5] for side in _sides([one])}
    makers = {node for one in operands[:3] if is_tensor(one) for node in before(one[0])} if given else set()
    return not given <= {side for node in makers for side in _sides(node.inputs)} | {*_sides(operands[:3])}


def _sides(operands):
    """Return of tensors that come from a branch, read or copied or as they are, the condition and the side."""
    for operand in operands:
        while is_op(operand, "Identity", "ReadVariableOp"):
            operand = operand[0].inputs[0]
        if is_op(operand, *SWITCHES):
            condition = operand[0].inputs[1]
            copied = is_op(condition, "Identity")
            yield (condition[0].inputs[0] if copied else condition), operand[1]


def _third(rewriter, name, node, operands, op, steps=frozenset()):
    """The first form, for floats, is the third, which has an output more that only accelerators use."""
    if node.op not in ("FusedBatchNorm", "FusedBatchNormGrad") or rewriter.dtype(name) != "float32":
        return False
    kind = v1.AttrValue(type=tf.float32.as_datatype_enum).SerializeToString(deterministic=True)
    attributes = {**rewriter.graph.attributes(name), "U": kind}
    sizes = rewriter.normal.derived(name, node.op, operands[: len(node.input)])
    rewriter.normal.keep(name, op, operands, attributes, {_THIRD, *steps}, sizes + [None] * (6 - len(sizes)))
    return True


def _gradient(rewriter, name, node, operands):
    """Its gradient takes that output; out of training, where it takes the averages, of the op that was given them."""
    in_training = is_op(operands[3], "FusedBatchNormV3") and operands[3][1] == 3
    forward = operands[3][0] if in_training else _normalized_by(rewriter, name, node, operands)
    if forward is None:
        return False
    return _third(rewriter, name, node, [*operands, (forward, 5)], "FusedBatchNormGradV3")


def _normalized_by(rewriter, name, node, operands):
    """Return the op that normalizes by the averages that its gradient takes, None if it is not known."""
    graph, attributes = rewriter.graph, Attributes(node)
    if "is_training" not in attributes or attributes["is_training"].b:
        return None
    found = []
    for user, slot in graph.users[graph.inputs[name][1][0]]:
        forward = rewriter.normal.made.get(user)
        if slot or forward is None or forward.op != "FusedBatchNormV3" or forward in found:
            continue
        own = Attributes(graph.nodes[user])
        taken = [forward.inputs[k] for k in (0, 1, 3, 4)]
        if all(map(is_same, taken, operands[1:])) and all(own[key] == attributes[key] for key in _AS_GIVEN):
            found.append(forward)
    return found[0] if len(found) == 1 else None


_AS_GIVEN = ("epsilon", "data_format", "is_training")


_THIRD = "third batch normalization"
RULES = {**dict.fromkeys(_OPS, _in_training), "FusedBatchNormGrad": _gradient}
