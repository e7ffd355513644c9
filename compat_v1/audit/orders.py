"""What comes in another order, where the order changes nothing, or what is said of it, for `verification.py`."""

from collections import Counter

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op

_STATISTICS = {"Abs", "Cast", "Equal", "Identity", "L2Loss", "Max", "Mean", "Min", "RealDiv", "Reshape", "Sqrt"}
_STATISTICS |= {"Square", "SquaredDifference", "Sub", "Sum"}


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


def commutes(verification, node, other):
    """Whether two products have the same factors, each in the other's place."""
    if node.op != "Mul" or len(node.inputs) != 2 or len(other.inputs) != 2:
        return False
    first, second = node.inputs
    if verification.is_same(first, other.inputs[0]):
        return False
    crossed = verification.is_same(first, other.inputs[1]) and verification.is_same(second, other.inputs[0])
    of_constant = isinstance(first, Literal) and isinstance(other.inputs[1], Literal)
    return crossed or (of_constant and not isinstance(other.inputs[0], Literal))


def sums(verification, node, terms, other_terms):
    """Return the terms of the other of two sums, in the order of the first, and the rule; None if it has others.

    Of two numbers the order changes no bit.
    """
    if node.op != "AddN" or len(terms) != len(other_terms):
        return None
    left, found = list(other_terms), []
    for one in terms:
        place = next((k for k, two in enumerate(left) if verification.is_same(one, two)), None)
        if place is None:
            return None
        found.append(left.pop(place))
    if all(one is two for one, two in zip(found, other_terms, strict=True)) and terms is node.inputs:
        return None
    return found, "commuted sum" if len(found) == 2 else "order of a sum"


def squares(verification, node, other):
    """Return the operands of the other of two norms in the order of the first, None if they are others.

    Each exchanged pair are the gradients for beta and gamma of a batch normalization, of which gamma came last.
    """
    if node.op != "Pack" or len(node.inputs) != len(other.inputs):
        return None
    if not all(_is_of_norm(*one) for one in zip(verification.pairing.sides, (node, other), strict=True)):
        return None
    mine, found, changed = node.inputs, list(other.inputs), False
    for k in range(len(mine) - 1):
        crossed = [found[k + 1], found[k]]
        is_crossed = all(verification.is_same(*one) for one in zip(mine[k : k + 2], crossed, strict=True))
        gradients = [square[0].inputs[0] for square in mine[k : k + 2]]
        if is_crossed and list(map(_is_for_gamma, gradients)) == [False, True] and mine[k] != mine[k + 1]:
            found[k : k + 2], changed = crossed, True
    return found if changed else None


def summaries(verification, node, other):
    """Return the summaries of the other of two merged ones in the order of the first, None if it has others.

    What comes in another order are those of gamma, or of its gradient, and as many of something else before.
    """
    if node.op != "MergeSummary" or len(node.inputs) != len(other.inputs):
        return None
    places = [k for one in node.inputs for k, two in enumerate(other.inputs) if verification.is_same(one, two)]
    turned = [(k, later) for later in range(len(places)) for k in range(later) if places[k] > places[later]]
    if not turned or sorted(places) != list(range(len(node.inputs))):
        return None
    for side, one in zip(verification.pairing.sides, (node, other), strict=True):
        if any(user.op != "MergeSummary" for user, _ in side.users.get(one, ())):  # which takes the text apart
            return None
    of_gamma = [_is_of_gamma(verification.pairing.sides[0], one) for one in node.inputs]
    passed, passing = (Counter(pair[side] for pair in turned) for side in (0, 1))
    if not all(of_gamma[later] and not of_gamma[k] and passed[k] == passing[later] for k, later in turned):
        return None
    return [other.inputs[place] for place in places]


def _is_of_gamma(side, summary):
    """Whether a summary is of a factor with which the inverse of a deviation is multiplied, or of its gradient."""
    todo, seen = [] if isinstance(summary, Literal) else summary[0].inputs[1:], set()
    while todo:
        one = todo.pop()
        if isinstance(one, Literal) or one in seen:
            continue
        seen.add(one)
        if _is_for_gamma(one) or _is_gamma(side, one[0]):
            return True
        if one[0].op in _STATISTICS:
            todo += one[0].inputs
    return False


def _is_gamma(side, node):
    todo, seen = [node], {node}
    while todo:
        users = {user for user, slot in side.users.get(todo.pop(), ()) if slot != "^"}
        if any(user.op == "Mul" and any(is_op(one, "Rsqrt") for one in user.inputs) for user in users):
            return True
        new = {user for user in users if user.op in ("Identity", "Switch", "Reshape")} - seen
        seen |= new
        todo += new
    return False


def _is_of_norm(side, node):
    """Whether a node only puts squares in a vector that is summed."""
    users = side.users.get(node, ())
    are_summed = all(slot != "^" and user.op == "Sum" and slot[0] == 0 for user, slot in users)
    return (
        bool(users)
        and are_summed
        and all(not isinstance(one, Literal) and one[0].op == "L2Loss" for one in node.inputs)
    )


def _is_for_gamma(gradient):
    """Whether a gradient is for a factor with which the inverse of a deviation is multiplied.

    It may be the sum of those of branches.
    """
    todo = [gradient]
    while todo:
        gradient = todo.pop()
        if is_op(gradient, "Mul") and any(is_op(one, "Rsqrt") for one in gradient[0].inputs):
            return True
        if is_op(gradient, "AddN", "Identity", "Merge", "Reshape"):
            todo += gradient[0].inputs
    return False
