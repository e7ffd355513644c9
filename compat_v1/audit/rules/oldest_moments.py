"""tf.nn.moments of the first releases of TensorFlow: from the sums of what is left of a shift, and of its squares.

Everything is brought into the newer form, in which the mean is the shift itself.
"""

import tensorflow as tf

from compat_v1.audit.folding import fixed
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import entered, is_op, is_scalar, number
from compat_v1.audit.patterns import make, set_terms
from compat_v1.audit.pruning import arrange, redirect, users_of
from compat_v1.audit.references import target
from compat_v1.audit.rules.oldest_losses import doubled_of
from compat_v1.audit.sizes import multiply

v1 = tf.compat.v1

_CAUSE = "moments"


class _Moments:
    """The parts of one: `shift` of `x` over `axes`, sums `mean_ss` and `var_ss` that are multiplied by `divisor`."""

    def __init__(self, divisor, total, squares, difference, squared):
        self.divisor, self.total, self.squares = divisor, total, squares
        self.x, self.shift = difference.inputs
        self.difference, self.squared = difference, squared
        self.average = self.shift[0].inputs[0][0]
        self.measured = frozenset()  # what its count waits for, as it is of sizes
        self.squeezed: dict = {}  # {what its gradients are beside: what theirs are that are not squeezed yet}


def begin(normal):
    """Bring the moments themselves into the newer form, and return them."""
    divisors = [node for node in normal.nodes if node.op == "Reciprocal"]
    if not divisors:
        return []
    users, found = users_of(normal), []
    for divisor in divisors:
        for kept in (False, True):  # the same may be taken of one tensor with and without the axes of one element
            one = _moments(normal, divisor, users, kept)
            if one is not None and _write(normal, one, users):
                found.append(one)
                for inner in (one.total, one.squares, (divisor, 0)):
                    normal.inner.setdefault(inner, set()).add((_CAUSE, divisor.name))
    arrange(normal)
    return found


def finish(normal, found, waited):
    """Bring their gradients into the newer form, when what nothing uses has gone.

    `waited`: {node: what it waited for before it was asked what that implies}, for the counts, which need no tensor.
    """
    users = users_of(normal) if found else {}
    for one in found:
        one.waited = waited
        _write_gradients(normal, one, users)
    if found:
        arrange(normal)


def _moments(normal, divisor, users, kept):
    products = [node for node in users.get(divisor, ()) if node.op == "Mul" and node.inputs[1] == (divisor, 0)]
    products = [node for node in products if is_op(node.inputs[0], "Reshape") == kept]
    total = squares = difference = squared = None
    for node in products:
        of = _summed(node.inputs[0])
        if is_op(of, "Sub") and is_op(of[0].inputs[1], "StopGradient"):
            total, difference = node.inputs[0], of[0]
    for node in products:
        of = _summed(node.inputs[0])
        if difference and is_op(of, "Square") and of[0].inputs[0] == (difference, 0):
            squares, squared = node.inputs[0], of[0]
    if squares is None:
        return None
    one = _Moments(divisor, total, squares, difference, squared)
    average = one.shift[0].inputs[0]
    if not is_op(average, "Mean") or average[0].inputs[0] != one.x or isinstance(one.x, Literal):
        return None
    axes, sizes = average[0].inputs[1], normal.sizes(one.x)
    if (
        not isinstance(axes, Literal)
        or axes.kind != "whole"
        or sizes is None
        or "keep_dims" not in average[0].attributes
    ):
        return None
    one.axes = [axis % len(sizes) for axis in fixed(axes.array())]
    summed = sorted(axis for axis in one.axes if sizes[axis] != 1) or sorted(one.axes)
    if any(_axes(operand) != summed for operand in (total, squares)):
        return None
    one.count = 1
    for axis in one.axes:
        one.count = multiply(one.count, sizes[axis])
    return one if _is_count(divisor.inputs[0], one, sizes) else None


def _summed(operand):
    """Return what a sum, reshaped or not, is over."""
    total = _unshaped(operand)
    return total[0].inputs[0] if is_op(total, "Sum") else None


def _unshaped(operand):
    return operand[0].inputs[0] if is_op(operand, "Reshape") else operand


def _axes(operand):
    axes = _unshaped(operand)[0].inputs[1]
    return sorted(axes.value) if isinstance(axes, Literal) and axes.kind == "whole" else None


def _is_count(operand, one, sizes):
    """Whether a number is how many elements a mean is over, written down or multiplied from the sizes."""
    if isinstance(operand, Literal):
        return isinstance(one.count, int) and is_scalar(operand, float(one.count))
    if not is_op(operand, "Prod") or not is_op(operand[0].inputs[0], "GatherV2"):
        return False
    if "keep_dims" in operand[0].attributes:
        return False
    cast, axes, axis = operand[0].inputs[0][0].inputs
    if not is_op(cast, "Cast") or not isinstance(axes, Literal) or not is_scalar(axis, 0):
        return False
    shape = cast[0].inputs[0]
    known = isinstance(shape, Literal) and shape.kind == "whole" and shape.value == sizes
    return known and sorted(axis % len(sizes) for axis in axes.value) == sorted(one.axes)


def _write(normal, one, users):
    """Write mean and variance of one in the newer form; say whether its pattern is whole."""
    shifted = next(node for node in users[one.divisor] if node.op == "Mul" and node.inputs[0] == one.total)
    scaled = next(node for node in users[one.divisor] if node.op == "Mul" and node.inputs[0] == one.squares)
    square = [node for node in users[shifted] if node.op == "Square"]
    means = [node for node in users[shifted] if node.op == "AddV2" and _is_shift(node.inputs[1], one)]
    variances = [node for node in users[scaled] if node.op == "Sub" and node.inputs[0] == (scaled, 0)]
    if len(square) != 1 or len(means) > 1 or len(variances) != 1 or variances[0].inputs[1] != (square[0], 0):
        return False
    kept, instead = len(normal.sizes(one.total)) == len(normal.sizes(one.x)), {}
    average = one.average
    inputs = [(one.squared, 0), average.inputs[1]]
    of_squares = make(normal, variances[0], "Mean", average.attributes, inputs, normal.sizes((average, 0)), _CAUSE)
    _absorb(normal, *(mean.inputs[1] for mean in means if is_op(mean.inputs[1], "Reshape")))
    for node, value in [*((mean, (average, 0)) for mean in means), (variances[0], of_squares)]:
        if kept:
            instead[node, 0] = value
            normal.absorbed.add(node)
            value[0].steps.add(_CAUSE)
            continue
        node.op, node.inputs, node.steps = "Squeeze", [value], node.steps | {_CAUSE}
        dims = v1.AttrValue(list=v1.AttrValue.ListValue(i=one.axes)).SerializeToString(deterministic=True)
        node.attributes = {"T": average.attributes["T"], "squeeze_dims": dims}
    redirect(normal, instead)
    for summed, value, ends in ((one.total, average, means), (one.squares, of_squares[0], variances)):
        for name in _unshaped(summed)[0].names:  # what is beside it is beside what stands for it
            normal.made[name] = value
            if ends and not kept:
                one.squeezed[name] = ends[0].name
    one.shifted = shifted
    count = one.divisor.inputs[0]
    _absorb(normal, shifted, scaled, square[0], one.divisor, count, one.total, one.squares)
    while not isinstance(count, Literal):  # what its sizes came behind, the mean comes behind as well
        normal.accounted.add(count[0])
        one.measured |= count[0].controls
        count = count[0].inputs[0]
    return True


def _is_shift(operand, one):
    if is_op(operand, "Reshape"):
        operand = operand[0].inputs[0]
    return operand == one.shift


def _absorb(normal, *parts):
    todo = [one if isinstance(one, tuple) else (one, 0) for one in parts]
    while todo:
        one = todo.pop()
        if isinstance(one, Literal) or one[0] in normal.absorbed:
            continue
        normal.absorbed.add(one[0])
        if one[0].op in ("Reshape", "Sum", "Sub", "Prod", "GatherV2", "Cast"):
            todo += one[0].inputs


def _write_gradients(normal, one, users):
    """Write the gradients that go back through the two sums."""
    spread, divisor = [], (one.divisor, 0)
    popped = [pop for pop, (pushed, *_) in normal.kept.items() if pushed == divisor]  # where the moments are in a loop
    for inverse in [divisor, *((pop, 0) for pop in popped)]:
        for product in users.get(inverse[0], ()):
            if product.op == "Mul" and inverse in product.inputs and _is_alike(normal, product, one):
                gradient = handed(normal, product.inputs[1 - product.inputs.index(inverse)])
                spread += [(gradient, product, node) for node in _spread(product, users)]
    of_variance = [part for part in spread if _meets_difference(normal, part[2], one, users)]
    of_mean = [part for part in spread if part not in of_variance]
    left = [_without_variance(normal, gradient, one, of_variance) for gradient, _, _ in of_mean]
    if None in left or len(of_mean) < len(of_variance):
        return
    for gradient, (_, product, node) in zip(left, of_mean, strict=True):
        if gradient == ():
            leave_term(normal, node, users)
            normal.absorbed |= {product, node.inputs[0][0]}
        else:
            _divide(normal, one, gradient, product, node, one.x[0])
    for gradient, product, node in of_variance:
        _divide(normal, one, gradient, product, node, one.squared)


def _is_alike(normal, product, one):
    """Whether a gradient has as many axes as the sums of one: others may share its divisor."""
    sizes = normal.sizes((product, 0))
    return sizes is not None and len(sizes) == len(normal.sizes(one.total))


def _spread(product, users):
    """Return the nodes that spread a tensor, reshaped or not, over what was summed."""
    reshaped = [node for node in users.get(product, ()) if node.op == "Reshape"]
    spreading = [node for one in (product, *reshaped) for node in users.get(one, ()) if node.op == "BroadcastTo"]
    return [node for node in spreading if node.inputs[0][0] in (product, *reshaped)]


def _meets_difference(normal, node, one, users):
    """Whether a gradient is doubled and multiplied by what was squared."""
    for user in users.get(node, ()):
        factors = [other for other in user.inputs if other != (node, 0)] if user.op == "Mul" else []
        if any(_is_twice_difference(normal, factor, one) for factor in factors):
            return True
    return False


def _is_twice_difference(normal, operand, one):
    other = None if isinstance(operand, Literal) else doubled_of(operand)
    if not is_op(other, "Sub"):
        return False
    x, shift = (normal.pushed(part) for part in other[0].inputs)
    return entered(x) == entered(one.x) and shift == one.shift


def handed(normal, operand):
    """Return the gradient that mean or variance hand on, when both of theirs are made."""
    if not is_op(operand, "Identity") or len(operand[0].controls) != 1:
        return operand
    (group,), source = operand[0].controls, operand[0].inputs[0]
    if group.op != "NoOp" or not all(_is_or_negates(one, source) for one in group.controls):
        return operand
    normal.absorbed |= {operand[0], group}
    normal.accounted.add(group)
    return source


def _is_or_negates(node, operand):
    negated = node.op == "Neg" and node.inputs[0] == operand
    return node is operand[0] or negated or (is_op(operand, "Neg") and operand[0].inputs[0][0] is node)


def _without_variance(normal, gradient, one, of_variance):
    """Return a gradient without what comes from the variance's own mean: () for nothing, None if it is another."""
    terms = [gradient]
    if is_op(gradient, "AddN") and len(gradient[0].inputs) == 2:
        terms = [handed(normal, term) for term in gradient[0].inputs]
    gradients = [part[0] for part in of_variance]
    own = [term for term in terms if any(_is_of_square(normal, term, one, each) for each in gradients)]
    if len(own) != 1:
        return None if of_variance else gradient
    if len(terms) == 2:
        normal.absorbed.add(gradient[0])
    return next((term for term in terms if term is not own[0]), ())


def _is_of_square(normal, term, one, gradient):
    """Whether a tensor is -gradient * (2 * mean of what is left of the shift)."""
    if isinstance(term, Literal) or not is_op(term, "Mul"):
        return False
    negated, doubled = handed(normal, term[0].inputs[0]), term[0].inputs[1]
    if not is_op(negated, "Neg") or negated[0].inputs[0] != gradient or not is_op(doubled, "Mul"):
        return False
    normal.absorbed |= {term[0], negated[0], doubled[0]}
    return normal.pushed(doubled_of(doubled)) == (one.shifted, 0)


def _divide(normal, one, gradient, product, node, averaged):
    """Spread a gradient and divide it by the count of what was averaged, instead of multiplying it by its inverse."""
    before = node.inputs[0]
    if before[0] is product:
        before = gradient
    else:
        inputs = [gradient, before[0].inputs[1]]
        before = make(normal, before[0], "Reshape", before[0].attributes, inputs, normal.sizes(before), _CAUSE)
        normal.absorbed.add(node.inputs[0][0])
        places = [one.squeezed.get(target(name)) for name in before[0].colocated]
        before[0].colocated = [f"loc:@{name}" for name in places] if None not in places else before[0].colocated
    inputs = [before, node.inputs[1]]
    wide = make(normal, node, "BroadcastTo", node.attributes, inputs, normal.sizes((node, 0)), _CAUSE)
    wide[0].steps |= node.steps
    types = {"T": node.attributes["T"]}
    node.op, node.attributes, node.inputs = "RealDiv", types, [wide, _count(normal, one, node, averaged)]
    node.steps = {_CAUSE}
    normal.absorbed.add(product)


def _count(normal, one, node, averaged):
    kind = tf.dtypes.as_dtype(v1.AttrValue.FromString(node.attributes["T"]).type)
    if isinstance(one.count, int):
        return number(float(one.count), kind.name)
    count = number(one.count, "int32")
    types = {"SrcT": tf.int32.as_datatype_enum, "DstT": kind.as_datatype_enum}
    types = {key: v1.AttrValue(type=of).SerializeToString(deterministic=True) for key, of in types.items()}
    measured = one.measured
    if averaged is not one.x[0]:  # in a branch, where that is; what enters it has an Identity for its place
        measured = {averaged if place is one.x[0] or place.inputs == [one.x] else place for place in measured}
    waits = one.waited.get(node, frozenset()) | measured
    made = make(normal, node, "Cast", types, [count], (), _CAUSE, waits)
    if node.name not in normal.graph.conditional:  # else that may only say in which branch it is
        normal.handed_on.setdefault(made[0], set()).update(measured)
    return made


def leave_term(normal, node, users, cause=_CAUSE):
    """Leave a gradient out of the sum that it is a term of: nothing goes back through the mean any more."""
    for total in list(users.get(node, ())):
        if total.op != "AddN":
            continue
        total.inputs = [one for one in total.inputs if one != (node, 0)]
        if len(total.inputs) == 1:
            redirect(normal, {(total, 0): total.inputs[0]})
            normal.absorbed.add(total)
        else:
            set_terms(total, total.inputs)
            total.steps.add(cause)
    normal.absorbed.add(node)
