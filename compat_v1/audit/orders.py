"""What comes in another order, where the order changes nothing, or what is said of it, for `verification.py`."""

from collections import Counter

from compat_v1.audit.literals import Literal
from compat_v1.audit.nodes import COMMUTING
from compat_v1.audit.operands import is_op

_STATISTICS = {"Abs", "Cast", "Equal", "Identity", "L2Loss", "Max", "Mean", "Min", "RealDiv", "Reshape", "Sqrt"}
_STATISTICS |= {"Square", "SquaredDifference", "Sub", "Sum"}
_MOST_OF_PENALTY = 16  # tensors that it is computed by


def merged_otherwise(verification, node, other):
    """Whether two Merges take the same two branches, each in the other's place, and nothing asks which of them ran."""
    if node.op != "Merge" or len(node.inputs) != 2 or len(other.inputs) != 2 or node.late or other.late:
        return False
    for side, one in zip(verification.pairing.sides, (node, other), strict=True):
        if any(slot != "^" and slot[1] == 1 for _, slot in side.users[one]):
            return False
    (first, second), (third, fourth) = node.inputs, other.inputs
    if verification.is_same(first, third):
        return False
    return verification.is_same(first, fourth) and verification.is_same(second, third)


def commuted(verification, node, other):
    """Return the rule by which two nodes, as products, have the same operands, each in the other's place, or None."""
    if node.op not in COMMUTING or len(node.inputs) != 2 or len(other.inputs) != 2:
        return None
    first, second = node.inputs
    if verification.is_same(first, other.inputs[0]):
        return None
    crossed = verification.is_same(first, other.inputs[1]) and verification.is_same(second, other.inputs[0])
    of_constant = isinstance(first, Literal) and isinstance(other.inputs[1], Literal)
    return COMMUTING[node.op] if crossed or (of_constant and not isinstance(other.inputs[0], Literal)) else None


def sums(verification, node, other, terms, other_terms):
    """Return the terms of the other of two sums, in the order of the first, and the rule; None if it has others.

    Of two numbers the order changes no bit. What a program adds up itself is in the order that it says, or in that of a
    layer's variables, of which gamma came last.
    """
    if node.op != "AddN" or len(terms) != len(other_terms):
        return None
    left, found = list(enumerate(other_terms)), []
    for one in terms:
        place = next((k for k, (_, two) in enumerate(left) if verification.is_same(one, two)), None)
        if place is None:
            return None
        found.append(left.pop(place))
    places, found = map(list, zip(*found, strict=True))
    if all(one is two for one, two in zip(found, other_terms, strict=True)) and terms is node.inputs:
        return None
    pairs = zip(verification.pairing.sides, (node, other), strict=True)
    if len(terms) > 2 and all(_is_of_program(side.normal.graph, one) for side, one in pairs):
        is_whole = terms is node.inputs and other_terms is other.inputs
        if not is_whole or not _are_of_layers(verification.pairing.sides[0], terms, places):
            return None
    return found, "commuted sum" if len(found) == 2 else "order of a sum"


def _is_of_program(graph, total):
    """Whether a program adds up numbers: a sum of gradients is placed beside the first of them."""
    return total.name in graph.nodes and graph.nodes[total.name].op == "AddN" and not total.colocated


def _are_of_layers(side, terms, places):
    """Whether all terms that come in another order are made of a layer's beta, and then of its gamma, alone."""
    turned = [(k, later) for later in range(len(places)) for k in range(later) if places[k] > places[later]]
    made_of = {k: _made_of_parameters(side, terms[k]) for pair in turned for k in pair}
    return all(_are_of_one_layer(made_of[k], made_of[later]) for k, later in turned)


def _made_of_parameters(side, term):
    """Return the parameters that a penalty is for; nothing for what is made of anything else."""
    todo, seen, found = [term], set(), set()
    while todo:
        one = todo.pop()
        if isinstance(one, Literal) or one in seen:
            continue
        seen.add(one)
        own = parameters_of(side, one)
        if not own and (not one[0].inputs or len(seen) > _MOST_OF_PENALTY):
            return set()
        found |= own
        todo += [] if own else one[0].inputs
    return found


def squares(verification, node, other):
    """Return the operands of the other of two norms in the order of the first, None if they are others.

    Each exchanged pair are the gradients for beta and gamma of a batch normalization, of which gamma came last.
    """
    if node.op != "Pack" or len(node.inputs) != len(other.inputs):
        return None
    if not all(is_of_norm(*one) for one in zip(verification.pairing.sides, (node, other), strict=True)):
        return None
    mine, found, changed = node.inputs, list(other.inputs), False
    for k in range(len(mine) - 1):
        crossed = [found[k + 1], found[k]]
        is_crossed = all(verification.is_same(*one) for one in zip(mine[k : k + 2], crossed, strict=True))
        gradients = [square[0].inputs[0] for square in mine[k : k + 2]]
        if is_crossed and [bool(_inverses_for(one)) for one in gradients] == [False, True] and mine[k] != mine[k + 1]:
            found[k : k + 2], changed = crossed, True
    return found if changed else None


def summaries(verification, node, other):
    """Return the summaries of the other of two merged ones in the order of the first, None if it has others.

    What comes in another order are those of gamma, or of its gradient, and as many of its layer's beta before.
    """
    if node.op != "MergeSummary" or len(node.inputs) != len(other.inputs):
        return None
    for side, one in zip(verification.pairing.sides, (node, other), strict=True):
        if any(user.op != "MergeSummary" for user, _ in side.users.get(one, ())):  # which takes the text apart
            return None
    return turned(verification, node, other, _parameters)


def turned(verification, node, other, parameters):
    """Return the inputs of another node in the order of the first, if that has beta's for gamma's, else None.

    `parameters`: the function of a side and of an input that says {("beta" or "gamma", layer)} of what that is.
    """
    places = [k for one in node.inputs for k, two in enumerate(other.inputs) if verification.is_same(one, two)]
    pairs = [(k, later) for later in range(len(places)) for k in range(later) if places[k] > places[later]]
    if not pairs or sorted(places) != list(range(len(node.inputs))):
        return None
    passed, passing = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    if any(passed[k] != passing[later] for k, later in pairs):
        return None
    shown = {k: parameters(verification.pairing.sides[0], node.inputs[k]) for k in {*passed, *passing}}
    if not all(_are_of_one_layer(shown[k], shown[later]) for k, later in pairs):
        return None
    return [other.inputs[place] for place in places]


def _are_of_one_layer(betas, gammas):
    """Whether one summary is of nothing but beta, the other of nothing but gamma, of one batch normalization."""
    one_of_each = [{kind for kind, _ in found} for found in (betas, gammas)] == [{"beta"}, {"gamma"}]
    return one_of_each and not {key for _, key in betas}.isdisjoint(key for _, key in gammas)


def _parameters(side, summary):
    """Return {("beta" or "gamma", the inverse of the deviation)} of whatever, or whose gradient, a summary shows."""
    todo, seen, found = [] if isinstance(summary, Literal) else summary[0].inputs[1:], set(), set()
    while todo:
        one = todo.pop()
        if isinstance(one, Literal) or one in seen:
            continue
        seen.add(one)
        own = parameters_of(side, one) | parameters_of_gradient(side, one)
        found |= own
        if not own and one[0].op in _STATISTICS:
            todo += one[0].inputs
    return found


def parameters_of_gradient(side, operand):
    """Return {("beta" or "gamma", the inverse of the deviation)} of what a tensor is the gradient of."""
    return {("gamma", key) for key in _inverses_for(operand)} | _of_shift(side, operand)


def parameters_of(side, operand):
    """Return what a tensor is: of beta the mean is subtracted, times the factor that gamma is in."""
    using = _uses(side, operand, "Identity", "Switch", "Reshape")
    found = {("gamma", key) for user, _ in using for key in _inverses(user)}
    for user, slot in using:
        less = user.inputs[1] if user.op == "Sub" and slot[0] == 0 else None
        if is_op(less, "Mul"):
            found |= {("beta", key) for one in less[0].inputs for key in _inverses_of_factor(one)}
    return found


def _of_shift(side, operand):
    """Return what a tensor is the gradient of, if that is beta: what is subtracted there has it negated."""
    found = set()
    for one in _handed_on(operand):
        for negated, _ in _uses(side, one, "Identity"):
            using = _uses(side, (negated, 0), "Identity") if negated.op == "Neg" else ()
            factors = [factor for user, _ in using if user.op == "Mul" for factor in user.inputs]
            found |= {("beta", key) for factor in factors for key in _inverses_of_factor(factor)}
    return found


def _uses(side, operand, *copies):
    """Return what takes a tensor, and in which place, or what such ops make of it."""
    found, todo, seen = set(), [operand[0]], {operand[0]}
    while todo:
        uses = [(user, slot) for user, slot in side.users.get(todo.pop(), ()) if slot != "^"]
        found.update(uses)
        new = {user for user, _ in uses if user.op in copies} - seen
        seen |= new
        todo += new
    return found


def _inverses(node):
    """Return the inverses of deviations that a node multiplies with something."""
    return {one[0] for one in node.inputs if is_op(one, "Rsqrt")} if node.op == "Mul" else set()


def _inverses_of_factor(operand):
    """Return the inverse of the deviation in what a batch normalization multiplies by."""
    while is_op(operand, "Identity", "Reshape", "Switch"):
        operand = operand[0].inputs[0]
    return set() if isinstance(operand, Literal) else _inverses(operand[0])


def is_of_norm(side, node):
    """Whether a node only puts squares in a vector that is summed."""
    users = side.users.get(node, ())
    are_summed = all(slot != "^" and user.op == "Sum" and slot[0] == 0 for user, slot in users)
    return (
        bool(users)
        and are_summed
        and all(not isinstance(one, Literal) and one[0].op == "L2Loss" for one in node.inputs)
    )


def _inverses_for(gradient):
    """Return the inverses of deviations that are multiplied with what a gradient is for, which is gamma."""
    return {key for one in _handed_on(gradient) for key in _inverses(one[0])}


def _handed_on(gradient):
    """Return a gradient and what it is a copy of; it may be the sum of those of branches."""
    todo, found = [gradient], set()
    while todo:
        one = todo.pop()
        if isinstance(one, Literal) or one in found:
            continue
        found.add(one)
        if one[0].op in ("AddN", "Identity", "Merge", "Reshape"):
            todo += one[0].inputs
    return found
