"""Rules for what is computed from constants, checked, or made into whole numbers."""

import numpy as np

from compat_v1.audit import dropout
from compat_v1.audit.dimensions import dimensions
from compat_v1.audit.literals import Literal, full, whole
from compat_v1.audit.operands import WHOLE, is_op, is_scalar, is_zeros, single
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import surely_before
from compat_v1.audit.sizes import covers


def _ones_times(rewriter, name, _node, operands):
    """A tensor of ones times a number is full of that number."""
    for ones, factor in (operands, operands[::-1]):
        if not (isinstance(ones, Literal) and isinstance(factor, Literal)) or factor.shape != ():
            continue
        if ones.kind not in ("data", "full") or factor.kind != "data" or rewriter.graph.controls[name]:
            continue
        one = single(ones)
        if one is None or not is_scalar(one, 1) or ones.dtype != factor.dtype:
            continue
        value = full(ones.shape, factor, (name, *factor.names), factor.ops, ones.alive | factor.alive)
        rewriter.normal.alias(name, value, "ones times a number")
        return True
    return False


def _clamped(rewriter, name, _node, operands):
    """What becomes a whole number is clipped by one op, or by two."""
    tensor, low, high = operands
    users = [user for user, _ in rewriter.graph.users[name]]
    kinds = [rewriter.dtype(user) if rewriter.graph.nodes[user].op == "Cast" else "" for user in users]
    if not kinds or not all(kind in WHOLE or kind == "uint16" for kind in kinds):
        return False
    if not all(isinstance(one, Literal) and one.shape == () for one in (low, high)):
        return False
    if not dropout.value(low) <= dropout.value(high):
        return False
    attributes, sizes = rewriter.graph.attributes(name), [rewriter.normal.sizes(tensor)]
    least = rewriter.normal.node(name, "Maximum", attributes, [tensor, low], sizes=sizes, steps={"clamped"})
    rewriter.normal.keep(name, "Minimum", [(least, 0), high], attributes, {"clamped"}, sizes)
    return True


def _cumulated(rewriter, name, node, operands):
    """The gradient of a cumulated product: a quotient, that is 0 or no number where the divisor is 0."""
    total, divisor = operands
    if not is_op(total, "Cumsum") or total[0].controls or not is_op(total[0].inputs[0], "Mul"):
        return False
    factors = total[0].inputs[0][0].inputs
    if not any(is_op(one, "Cumprod") and _is_cumulated_back(total[0], one[0], divisor) for one in factors):
        return False
    rewriter.normal.keep(name, "RealDiv", operands, steps={f"gradient of Cumprod: {node.op}"})
    return True


def _is_cumulated_back(total, product, divisor):
    """Whether a sum is cumulated along the axis of a product of what it is divided by, in the other direction."""
    (tensor, axis), along = product.inputs, total.inputs[1]
    ways = [{key: one.attributes.get(key) for key in ("reverse", "exclusive")} for one in (total, product)]
    turned = (ways[0]["reverse"] is None) != (ways[1]["reverse"] is None)
    return tensor == divisor and is_same(axis, along) and turned and ways[0]["exclusive"] == ways[1]["exclusive"]


def _compared(rewriter, name, node, operands):
    """Each element is compared with one number, be it written once or for each of them."""
    tensor, other = operands
    if _counted(rewriter, name, node, operands):
        return True
    if isinstance(tensor, Literal) or not isinstance(other, Literal) or other.kind != "full":
        return False
    if rewriter.normal.sizes(tensor) != other.shape:
        return False
    rewriter.normal.keep(name, node.op, [tensor, single(other)], steps={"compared with a number"})
    return True


def _without_beta(rewriter, name, _node, operands):
    """FTRL adds beta / (2 * rate) to the strength of its l2 regularization, and beta is 0."""
    strength, added = operands
    if not is_op(added, "RealDiv") or not is_scalar(added[0].inputs[0], 0):
        return False
    if not all("ApplyFtrl" in rewriter.graph.nodes[user].op for user, _ in rewriter.graph.users[name]):
        return False
    twice = added[0].inputs[1]
    if not is_op(twice, "Mul") or not is_scalar(twice[0].inputs[0], 2):
        return False
    rate = twice[0].inputs[1]
    least = rate[0].inputs[1] if is_op(rate, "Maximum") else None
    if not (isinstance(least, Literal) and least.kind == "data" and least.shape == () and dropout.value(least) > 0):
        return False
    if _is_negative_zero(strength):
        return False
    rewriter.normal.absorbed.update({added[0], twice[0], rate[0]})  # what they wait for is handed on
    rewriter.normal.alias(name, strength, "no beta")
    return True


def _is_negative_zero(operand):
    return isinstance(operand, Literal) and operand.kind == "data" and np.signbit(dropout.value(operand))


def _counted(rewriter, name, _node, operands):
    """What is true is other than false: that is not asked by now where true values are counted."""
    tensor, false = operands
    if isinstance(tensor, Literal) or not is_scalar(false, 0) or false.dtype != "bool":
        return False
    if rewriter.graph.controls[name] or rewriter.graph.colocated(name):
        return False
    rewriter.normal.alias(name, tensor, "other than false")
    return True


def _unlimited(rewriter, name, _node, operands):
    """The smaller of a number and infinity is the number, as where a norm is clipped from below alone."""
    tensor, limit = operands
    is_limit = isinstance(limit, Literal) and limit.kind == "data" and limit.shape == ()
    if isinstance(tensor, Literal) or not is_limit or dropout.value(limit) != np.inf:
        return False
    rewriter.normal.alias(name, tensor, "no upper limit")
    return True


def _smaller_of_one(rewriter, name, _node, operands):
    """The smaller of a whole number and itself is that number, as of the sizes of what is square."""
    tensor, other = operands
    if isinstance(tensor, Literal) or tensor != other or rewriter.dtype(name) not in WHOLE:
        return False
    rewriter.normal.alias(name, tensor, "smaller of one")
    return True


def _root(rewriter, name, _node, operands):
    """The square root of a number is a constant."""
    (value,) = operands
    if not isinstance(value, Literal) or (value.kind, value.shape) != ("data", ()) or rewriter.graph.controls[name]:
        return False
    if value.dtype not in ("float32", "float64") or not dropout.value(value) > 0:
        return False
    root = np.sqrt(np.frombuffer(value.value, value.dtype))  # in that type
    rewriter.normal.alias(name, value._replace(value=root.tobytes(), names=(name, *value.names)), "root of a constant")
    return True


def _spread_by_zeros(rewriter, name, _node, operands):
    """What random_gamma draws by has its shape already, to which zeros were added before."""
    tensor, zeros = operands
    graph = rewriter.graph
    if not is_zeros(zeros) or not zeros.dtype.startswith("float"):
        return False
    users = [graph.nodes[user] for user, _ in graph.users[name]]
    drawing = {graph.nodes[one].op for user in users if user.op == "Reshape" for one, _ in graph.users[user.name]}
    drawing |= {user.op for user in users if user.op != "Reshape"}
    if "RandomGamma" not in drawing or not drawing <= {"RandomGamma", "RandomGammaGrad", "Shape"}:
        return False
    sizes = rewriter.normal.sizes(tensor)
    if sizes is None:
        return False
    if not covers(sizes, zeros.shape):
        (target,) = dimensions(graph.nodes[name].op, [sizes, zeros.shape], [None, zeros], None)
        rewriter.spread(name, tensor, target, whole(target, "int32", zeros.names, zeros.ops, zeros.alive))
        if name in rewriter.normal.made:
            rewriter.normal.made[name].steps.add("shape of what is drawn by")
        return True
    if graph.controls[name]:
        return False
    rewriter.normal.alias(name, tensor, "shape of what is drawn by")
    return True


def _least_drawn(rewriter, name, node, operands):
    """What random_gamma draws is at least the smallest normal number."""
    least, quotient = operands
    if not is_op(quotient, "RealDiv") or not is_op(quotient[0].inputs[0], "RandomGamma"):
        return False
    kind = rewriter.graph.dtype(name)
    if kind not in ("float16", "float32", "float64") or not is_scalar(least, float(np.finfo(kind).tiny)):
        return False
    if not rewriter.normal.controls(name) <= surely_before(quotient[0]):
        return False
    quotient[0].steps.add("least drawn")
    rewriter.normal.alias(name, quotient, "least drawn")
    return True


def _squared_distance(rewriter, name, _node, operands):
    """The squares of what an angle is of are added in the order in which the angle takes them, or in the other."""
    if not all(is_op(one, "Square") for one in operands):
        return False
    sides = [one[0].inputs[0] for one in operands]
    if not any(one.op == "Atan2" and one.inputs == sides[::-1] for one in rewriter.normal.nodes):
        return False
    rewriter.normal.keep(name, "AddV2", operands[::-1], rewriter.graph.attributes(name), {"commuted sum"})
    return True


def _added(rewriter, name, node, operands):
    rules = _without_beta, _spread_by_zeros, _squared_distance
    return any(rule(rewriter, name, node, operands) for rule in rules)


RULES = {
    "Sqrt": _root,
    "Minimum": lambda *of: _unlimited(*of) or _smaller_of_one(*of),
    "Maximum": _least_drawn,
    "NotEqual": _compared,
    "Add": _spread_by_zeros,
    "AddV2": _added,
    "Mul": _ones_times,
    "ClipByValue": _clamped,
    "DivNoNan": _cumulated,
    "RealDiv": _cumulated,
}
