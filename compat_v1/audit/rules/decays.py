"""Rules for learning rates that decay and begin anew: whether one has begun was asked in a branch, or not at all."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar
from compat_v1.audit.patterns import is_same, match
from compat_v1.audit.rules.oldest_branches import absorb_condition

CAUSE, FIRST = "cycles of a decay", "first cycle"
_COUNTED = ("Ceil", ("RealDiv", "step", "length"))


def _cycles(rewriter, name, _node, operands):
    """A number in one branch, and in the other how often another number is begun: both are selected from by now."""
    fixed = [one for one in operands if isinstance(one, Literal)]
    counted = [one for one in operands if is_op(one, "Ceil")]
    if len(fixed) != 1 or len(counted) != 1 or len(operands) != 2 or _asks_which(rewriter.graph, name):
        return False
    (number,), (ceiling,) = fixed, counted
    quotient = ceiling[0].inputs[0]
    if not is_op(quotient, "RealDiv") or not is_op(quotient[0].inputs[0], "Switch"):
        return False
    sent, divisor = quotient[0].inputs
    tensor, condition = sent[0].inputs
    parts = [ceiling, quotient, sent]
    if is_op(divisor, "Switch") and divisor[1] == sent[1] and divisor[0].inputs[1] == condition:
        parts.append(divisor)
        divisor = divisor[0].inputs[0]  # made outside, and sent into the branch
    if any(one[0].controls for one in parts) or not isinstance(divisor, Literal):
        return False
    inside = len(parts) > 3 or _is_made_in(divisor, condition, sent[1])
    if not inside or not _is_made_in(number, condition, 1 - sent[1]):
        return False
    normal = rewriter.normal
    if number.shape or divisor.shape or any(normal.waits.get(one.names[0]) for one in (number, divisor)):
        return False
    types = {"T": quotient[0].attributes["T"]}
    sizes = [normal.sizes(tensor)]
    divided = normal.node(name, "RealDiv", types, [tensor, _anywhere(divisor)], set(), {CAUSE}, sizes=sizes)
    count = normal.node(name, "Ceil", types, [(divided, 0)], set(), {CAUSE}, sizes=sizes)
    asked = condition[0].inputs[0] if is_op(condition, "Identity") else condition
    choice = [asked, *((_anywhere(number), (count, 0))[:: 1 if sent[1] == 0 else -1])]
    normal.consumed.update(dict.fromkeys((number.names[0], divisor.names[0]), CAUSE))
    absorb_condition(rewriter, asked)
    normal.absorbed.update({*(one[0] for one in parts), condition[0]} - {asked[0]})
    if not _from_the_first(rewriter, name, None, choice):
        normal.keep(name, "SelectV2", choice, types, {CAUSE}, sizes)
    return True


def _from_the_first(rewriter, name, _node, operands):
    """One cycle where the step is 0, which counts none: the first releases did not ask, and divided 0 by 0."""
    asked, number, count = operands
    found: dict = {}
    if not match(asked, ("Equal", "step", 0), found) or not match(count, _COUNTED, found):
        return False
    counts = [maker for maker, _ in rewriter.graph.inputs[name] if rewriter.graph.nodes[maker].op == "Ceil"]
    if any(len(rewriter.graph.users[one]) > 1 for one in counts):
        return False  # what takes the count as it is would take this
    if not is_scalar(number, 1) or rewriter.graph.controls[name] or any(one.controls for one in found["nodes"]):
        return False
    if not _divides(rewriter, name, found):
        return False
    count[0].steps.add(FIRST)
    rewriter.normal.absorbed.add(asked[0])
    rewriter.normal.alias(name, count, FIRST)
    return True


def _divides(rewriter, name, found):
    """Whether a count only multiplies the length of a cycle, by which that same step is divided."""
    for op, first in (("Mul", found["length"]), ("RealDiv", found["step"])):
        (user, slot), *others = rewriter.graph.users[name] or [(None, None)]
        if others or slot != 1 or rewriter.graph.nodes[user].op != op:
            return False
        other = rewriter.normal.tensors.get(rewriter.graph.inputs[user][0])
        if other is None or not is_same(other, first):
            return False
        name = user
    return True


def _asks_which(graph, name):
    return any(graph.inputs[user][slot][1] == 1 for user, slot in graph.users[name])


def _is_made_in(number, condition, branch):
    """Whether a literal is made in that branch of a condition, and nothing else is asked of its place."""
    if len(number.alive) != 1 or isinstance(condition, Literal):
        return False
    (pivot,) = number.alive
    switch = pivot.inputs[0] if pivot.op == "Identity" else None
    if not is_op(switch, "Switch") or switch[1] != branch:
        return False
    return {_uncopied(one) for one in switch[0].inputs} == {_uncopied(condition)}


def _uncopied(operand):
    return operand[0].inputs[0] if is_op(operand, "Identity") and not operand[0].controls else operand


def _anywhere(literal):
    return literal._replace(alive=frozenset())


RULES = {"Merge": _cycles, "Select": _from_the_first, "SelectV2": _from_the_first}
