"""tf.nn.moments from TensorFlow 1.1 to 1.3: mean and variance, each corrected by the mean of what is left of a shift.

Everything is brought into the newer form, in which the mean is the shift itself and nothing is left of it.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.patterns import is_same
from compat_v1.audit.pruning import arrange, redirect, users_of
from compat_v1.audit.rules.oldest_losses import doubled_of
from compat_v1.audit.rules.oldest_moments import handed, leave_term

_CAUSE = "shifted moments"


class _Moments:
    """The parts of one: `shift` of `x`, the mean `average` itself, and `shifted`, the mean of their `difference`."""

    def __init__(self, shifted):
        self.shifted = shifted
        self.difference = shifted.inputs[0][0]
        self.x, self.shift = self.difference.inputs
        self.average = self.shift[0].inputs[0]


def begin(normal):
    """Bring the moments themselves into the newer form, and return them."""
    candidates = [node for node in normal.nodes if node.op == "Mean" and _is_shifted(node)]
    users, found = users_of(normal) if candidates else {}, []
    for node in candidates:
        one = _Moments(node)
        if _write(normal, one, users):
            found.append(one)
            for inner in ((node, 0), (one.difference, 0)):
                normal.inner.setdefault(inner, set()).add((_CAUSE, node.name))
    if found:
        arrange(normal)
    return found


def _is_shifted(node):
    """Whether a node is the mean of what is left of a tensor and its own mean over the same axes."""
    difference = node.inputs[0]
    if not is_op(difference, "Sub") or not is_op(difference[0].inputs[1], "StopGradient"):
        return False
    x, shift = difference[0].inputs
    average = shift[0].inputs[0]
    return (
        not isinstance(x, Literal)
        and is_op(average, "Mean")
        and average[0].inputs[0] == x
        and _are_alike(node, average[0])
    )


def _are_alike(mean, other):
    """Whether two means are over the same axes, which are written down, and keep them."""
    axes, others = mean.inputs[1], other.inputs[1]
    known = (
        isinstance(axes, Literal) and isinstance(others, Literal) and axes.kind == "whole" and axes.key == others.key
    )
    return known and "keep_dims" in mean.attributes and mean.attributes == other.attributes


def _write(normal, one, users):
    """Write mean and variance of one in the newer form; say whether its pattern is whole."""
    own = (one.shifted, 0)
    squares = [node for node in users[one.shifted] if node.op == "Square"]
    means = [node for node in users[one.shifted] if node.op == "AddV2" and node.inputs == [own, one.shift]]
    if len(squares) != 1 or len(means) > 1:
        return False
    variances = [node for node in users[squares[0]] if node.op == "Sub" and node.inputs[1] == (squares[0], 0)]
    of_squares = variances[0].inputs[0] if len(variances) == 1 else None
    if not is_op(of_squares, "Mean") or not _are_alike(of_squares[0], one.average[0]):
        return False
    squared = of_squares[0].inputs[0]
    if not is_op(squared, "Square") or squared[0].inputs != [(one.difference, 0)]:
        return False
    for value in (one.average, of_squares):
        value[0].steps.add(_CAUSE)
    redirect(normal, {(variances[0], 0): of_squares, **{(mean, 0): one.average for mean in means}})
    normal.absorbed |= {one.shifted, squares[0], variances[0], *means}
    return True


def finish(normal, found):
    """Bring their gradients into the newer form, when what nothing uses has gone."""
    users = users_of(normal) if found else {}
    for one in found:
        for doubled in users.get(one.shifted, ()):
            if doubled.op == "Mul" and doubled_of((doubled, 0)) == (one.shifted, 0):
                for term in users.get(doubled, ()):
                    _leave_own_mean(normal, one, term, users)
    if found:
        arrange(normal)


def _leave_own_mean(normal, one, term, users):
    """Leave out of a gradient of the mean what the square adds to it: -gradient * (2 * what is left).

    It must be the gradient of a mean of `x`, and the variance must have that gradient.
    """
    negated = handed(normal, term.inputs[0]) if term.op == "Mul" else None
    if not is_op(negated, "Neg") or isinstance(negated[0].inputs[0], Literal) or len(users.get(term, ())) != 1:
        return
    gradient, (total,) = negated[0].inputs[0], users[term]
    copies = [node for node in users[gradient[0]] if node.op == "Identity" and handed(normal, (node, 0)) == gradient]
    of_variance = [part for node in (gradient[0], *copies) for part in _spread(normal, one, node, users)]
    of_variance = [part for part in of_variance if _meets_difference(part, one, users)]
    is_sum = total.op == "AddN" and len(total.inputs) == 2
    of_mean = _spread(normal, one, total if is_sum else term, users)
    if len(of_mean) != 1 or not any(is_same(of_mean[0].inputs[1], part.inputs[1]) for part in of_variance):
        return
    kept = _leave_shift(normal, of_mean[0], users)
    if is_sum:
        other = next(part for part in total.inputs if part != (term, 0))
        redirect(normal, {(total, 0): handed(normal, other)})
        if kept in normal.accounted:
            redirect(normal, {(kept, 0): (of_mean[0], 0)})
    else:
        leave_term(normal, kept, users, _CAUSE)
        normal.absorbed.update((of_mean[0], of_mean[0].inputs[0][0]))
    redirect(normal, {(node, 0): gradient for node in copies})
    normal.absorbed |= {term, negated[0], term.inputs[1][0], total}


def _spread(normal, one, node, users):
    """Return what divides a tensor that was spread over all of `x`, as the gradient of a mean of it."""
    wide = [user for user in users.get(node, ()) if user.op == "BroadcastTo" and user.inputs[0] == (node, 0)]
    wide = [(user, 0) for user in wide if normal.sizes((user, 0)) == normal.sizes(one.x)]
    return [user for part in wide for user in users.get(part[0], ()) if user.op == "RealDiv" and user.inputs[0] == part]


def _meets_difference(divided, one, users):
    """Whether a gradient is multiplied by twice what was squared."""
    products = [user for user in users.get(divided, ()) if user.op == "Mul" and (divided, 0) in user.inputs]
    factors = [factor for user in products for factor in user.inputs if not isinstance(factor, Literal)]
    return any(doubled_of(factor) == (one.difference, 0) for factor in factors)


def _leave_shift(normal, divided, users):
    """Leave out of a difference's gradient what goes to the shift, where it stops; return what goes to the rest."""
    unused, gone = divided, {divided}
    for op in ("Neg", "Sum", "Reshape", "Identity", "AddN"):
        found = _only(users, unused, op)
        if found is None and op != "Identity":
            break
        unused = found or unused
        gone.add(unused)
    copy = _only(users, divided, "Identity")
    normal.absorbed |= gone - {divided}  # they go if nobody takes what they come to
    if copy is not None and len(copy.controls) == 1:
        (group,) = copy.controls
        if group.op == "NoOp" and group.controls <= gone:
            normal.absorbed |= {group, copy}
            normal.accounted |= {group, copy}
    return copy or divided


def _only(users, node, op):
    """Return the only node of an op that takes a node, or None."""
    using = [one for one in users.get(node, ()) if one.op == op and (node, 0) in one.inputs]
    return using[0] if len(using) == 1 else None
