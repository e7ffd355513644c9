"""Rules for the losses and metrics of TensorFlow's first releases: quotients by counts, squared differences."""

import numpy as np
import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.nodes import DISTANCE
from compat_v1.audit.operands import entered, is_op, is_scalar, is_tensor, makers, number, stays
from compat_v1.audit.pruning import before, redirect

QUOTIENT, _SQUARED = "quotient or 0", "squared difference"


def _chosen_quotient(rewriter, name, node, operands):
    """Select(count > 0, x / count, 0), where the count is 1 if it is 0, or as it is."""
    condition, quotient, none = operands
    count = positive(condition)
    if count is None or not is_zero(none):
        return False
    if not is_op(quotient, "RealDiv") or not _waits_for_nothing(quotient[0]):
        return False
    if not _are_of_one_rank(rewriter.normal, condition, quotient):
        return False
    total, divisor = quotient[0].inputs
    if divisor != count and not _is_guarded(divisor, count):
        return False
    rewriter.normal.absorbed.update({condition[0], quotient[0]})
    for one in (condition, quotient, divisor):
        rewriter.normal.inner.setdefault(one, set()).add(("selected", name))
    _absorb(rewriter, none, *([divisor, divisor[0].inputs[0]] if divisor != count else []))
    return _keep(rewriter, name, total, count, "selected")


def _are_of_one_rank(normal, condition, tensor):
    """Whether Select chooses each element by its own condition: by a vector it chooses rows."""
    sizes, others = normal.sizes(condition), normal.sizes(tensor)
    return sizes is not None and others is not None and len(sizes) == len(others)


def _absorb(rewriter, *operands):
    rewriter.normal.absorbed.update(one[0] for one in operands if not isinstance(one, Literal))


def _divided(rewriter, name):
    users = [user for user, _ in rewriter.graph.users[name]]
    return bool(users) and all(rewriter.graph.nodes[user].op in ("RealDiv", "Div", "Mul") for user in users)


def finish(normal):
    """The gradient that such a quotient hands on: Select(count > 0, g, 0) / (count, or 1 for 0)."""
    made, instead = {}, {}
    for node in normal.nodes:
        if node.op == QUOTIENT:
            made.setdefault((_pair(node.inputs), node.controls, node.device), node)
    for node in normal.nodes:
        chosen = node.inputs[0] if node.op == "RealDiv" else None
        if not any(is_op(chosen, op) for op in ("Select", "SelectV2")):
            continue
        count = positive(chosen[0].inputs[0])
        if count is None or not is_zero(chosen[0].inputs[2]) or not _is_guarded(node.inputs[1], count):
            continue
        if not _are_of_one_rank(normal, *chosen[0].inputs[:2]) or not stays(normal, *chosen[0].inputs[1:]):
            continue
        normal.absorbed.update({chosen[0], chosen[0].inputs[0][0], node.inputs[1][0], node.inputs[1][0].inputs[0][0]})
        none = chosen[0].inputs[2]
        normal.absorbed |= set() if isinstance(none, Literal) else {none[0]}
        node.op, node.inputs = QUOTIENT, [chosen[0].inputs[1], count]
        node.controls |= {one for one in chosen[0].controls if not (one.op == "NoOp" and _waits_for_nothing(one))}
        node.steps.add(f"{QUOTIENT}: selected")
        node.names += chosen[0].names
        first = made.setdefault((_pair(node.inputs), node.controls, node.device), node)
        if first is not node:  # of two losses with one count
            instead[node, 0] = (first, 0)
            first.names += node.names
            normal.absorbed.add(node)
    redirect(normal, instead)


def _quotient(rewriter, name, node, operands):
    """What is divided by a count, or by a count that is at least 0, is 0 where that is 0."""
    total, count = operands
    is_limited = is_op(count, "Maximum") and not count[0].controls and is_zero(count[0].inputs[1])
    if is_limited and stays(rewriter.normal, *count[0].inputs):
        rewriter.normal.absorbed.add(count[0])
        return _keep(rewriter, name, total, count[0].inputs[0], "divided")
    counted = rewriter.normal.pushed(count)
    return not isinstance(counted, Literal) and _counts(counted) and _keep(rewriter, name, total, count, "divided")


def _keep(rewriter, name, total, count, how):
    types = rewriter.graph.own_type(name)
    sizes = None if isinstance(total, Literal) else [rewriter.normal.sizes(total)]
    rewriter.normal.keep(name, QUOTIENT, [total, count], types, {f"{QUOTIENT}: {how}"}, sizes or [()])
    for one in (total, count):
        if not isinstance(one, Literal) and rewriter.normal.pushed(count) == count:
            rewriter.normal.inner.setdefault(one, set()).add((how, name))
    return True


def positive(condition):
    """Return the count that a condition asks to be above 0, or None."""
    if not is_op(condition, "Greater") or not _waits_for_nothing(condition[0]) or not is_zero(condition[0].inputs[1]):
        return None
    count = condition[0].inputs[0]
    return None if isinstance(count, Literal) or not (_counts(count) or _is_kept(count)) else count


def _is_guarded(divisor, count):
    """Whether a divisor is the count, or 1 where that is 0."""
    if not any(is_op(divisor, op) for op in ("Select", "SelectV2")) or not _waits_for_nothing(divisor[0]):
        return False
    asked, one, other = divisor[0].inputs
    if not is_op(asked, "Equal") or asked[0].inputs[0] != count:
        return False
    return is_zero(asked[0].inputs[1]) and is_scalar(one, 1) and other == count


def count_of(divisor):
    """Return the count that a divisor is, or is where that is not 0."""
    is_guard = is_op(divisor, "Select", "SelectV2") and is_tensor(divisor[0].inputs[2])
    return divisor[0].inputs[2] if is_guard and _is_guarded(divisor, divisor[0].inputs[2]) else divisor


def _counts(operand):
    """Whether a tensor is a sum of ones, of all or of those whose weight is not 0: never below 0, always a number."""
    for op in ("Reshape", "Sum"):
        operand = operand[0].inputs[0] if is_op(operand, op) else operand
    if is_op(operand, "Mul"):  # weights that are broadcast
        return all(_is_one_or_none(one) for one in operand[0].inputs)
    return _is_one_or_none(operand)


def _is_one_or_none(operand):
    if isinstance(operand, Literal):
        return operand.kind in ("full", "data") and set(_values(operand)) <= {0.0, 1.0}
    if is_op(operand, "OnesLike") or (is_op(operand, "Fill") and is_scalar(operand[0].inputs[1], 1)):
        return True
    if not any(is_op(operand, op) for op in ("Select", "SelectV2")):
        return False
    return all(isinstance(one, Literal) and _is_one_or_none(one) for one in operand[0].inputs[1:])


def _values(literal):
    array = np.frombuffer(literal.value, tf.dtypes.as_dtype(literal.dtype).as_numpy_dtype)  # "full" has one element's
    return set(array.tolist())


def _is_kept(operand):
    """Whether a tensor is a variable that counts, as metrics keep it, or what that became."""
    while is_op(operand, "Identity"):
        operand = operand[0].inputs[0]
    return not isinstance(operand, Literal) and operand[0].op in ("VariableV2", "AssignAdd", "ScatterAdd")


def _waits_for_nothing(node):
    """Whether a node waits for nothing but for ops that do nothing, or that ran for what it takes."""
    waits = {one for one in node.controls if one.op != "NoOp" or not _waits_for_nothing(one)}
    return not waits or waits <= set().union(*map(before, makers(node)))


def is_zero(operand):
    if is_op(operand, "ZerosLike"):
        return True
    return isinstance(operand, Literal) and (
        is_scalar(operand, 0) or (operand.kind in ("full", "data") and not any(operand.value))
    )


def _squared_difference(rewriter, name, node, operands):
    """The square of a difference."""
    if rewriter.dtype(name).startswith("complex"):  # of which the difference is multiplied by its conjugate
        return False
    normal, types = rewriter.normal, rewriter.graph.attributes(name)
    shape = rewriter.normal.derived(name, node.op, operands)
    difference = normal.node(name, "Sub", types, operands, set(), {_SQUARED}, sizes=shape)
    normal.keep(name, "Square", [(difference, 0)], types, {_SQUARED}, shape)
    rewriter.squared.add(_pair(map(entered, operands)))
    return True


def _squared_gradient(rewriter, name, node, operands):
    """(2 * g) * (x - y) is g * (2 * (x - y)): doubling is exact."""
    doubled, difference = operands
    if not isinstance(doubled, Literal) and doubled_of(difference) is not None:
        difference[0].controls -= {doubled[0]}  # the 2 waits for the gradient, and so does what comes here
    if not (is_op(doubled, "Mul") and is_op(difference, "Sub")):
        return False
    gradient = doubled_of(doubled)
    if gradient is None or isinstance(gradient, Literal):
        return False
    if _pair(entered(rewriter.normal.pushed(one)) for one in difference[0].inputs) not in rewriter.squared:
        return False
    normal, types = rewriter.normal, rewriter.graph.attributes(name)
    sub = normal.node(name, "Sub", types, difference[0].inputs, set(), {_SQUARED}, sizes=[normal.sizes(difference)])
    shape = [normal.sizes(difference)]
    waits = (doubled[0].controls | difference[0].controls) - {gradient[0]}
    twice = normal.node(name, "Mul", types, [number(2, rewriter.dtype(name)), (sub, 0)], waits, {_SQUARED}, sizes=shape)
    normal.absorbed.update({doubled[0], difference[0]})
    normal.keep(name, "Mul", [gradient, (twice, 0)], types, {_SQUARED}, shape)
    return True


def _distance(rewriter, name, node, operands):
    """A difference of which a metric only adds up how large it is, however it is weighed."""
    graph = rewriter.graph
    absolute = [user for user, _ in graph.users[name]]
    if not absolute or any(graph.nodes[one].op != "Abs" for one in absolute):
        return False
    if not rewriter.dtype(name).startswith("float") or not all(_is_added_up(graph, one) for one in absolute):
        return False
    sizes = rewriter.normal.derived(name, node.op, operands)
    rewriter.normal.keep(name, DISTANCE, operands, rewriter.graph.attributes(name), sizes=sizes)
    return True


def _is_added_up(graph, name):
    """Whether what is made of a tensor, other than its shape, is only what is added to the total of a metric."""
    users = [user for user, _ in graph.users[name] if graph.nodes[user].op not in ("Shape", "Size")]
    if graph.nodes[name].op == "Sum":
        return bool(users) and all(graph.nodes[user].op == "AssignAdd" for user in users)
    is_weighed = all(graph.nodes[user].op in ("Mul", "Sum") for user in users)
    return bool(users) and is_weighed and all(_is_added_up(graph, user) for user in users)


def doubled_of(operand):
    """Return what a product by 2 is of, or None."""
    if not is_op(operand, "Mul"):
        return None
    factors = operand[0].inputs
    return next((other for two, other in (factors, factors[::-1]) if is_scalar(two, 2)), None)


def _pair(operands):
    return tuple(one.key if isinstance(one, Literal) else one for one in operands)


RULES = {
    "Select": _chosen_quotient,
    "DivNoNan": _quotient,
    "SquaredDifference": _squared_difference,
    "Mul": _squared_gradient,
    "Sub": _distance,
}
