"""Sums of the same terms that two graphs put together otherwise: of sums of some of them, or of all at once."""

from collections import Counter, defaultdict
from functools import partial

from compat_v1.audit.literals import Literal


def settle(pairing):
    """Return {sum: (its terms, those of its partner)} for the partners that may be put together otherwise.

    Of sums that make one another the last are made partners. What is no partner of its own is a part of such a sum.
    """
    _pair_by_terms(pairing)
    found = {}
    for node, other in list(pairing.partner.items()):
        if node.op != "AddN" or other.op != "AddN" or pairing.partner.get(node) is not other:
            continue
        if _are_whole(pairing, node, other):
            continue
        pair = _last(pairing, (node, other))
        terms = tuple(_terms(one, taken) for one, taken in zip(pair, (pairing.partner, pairing.back), strict=True))
        if len(terms[0]) == len(terms[1]) and [len(one.inputs) for one in pair] != list(map(len, terms)):
            found[pair[0]] = terms
    return found


def _pair_by_terms(pairing):
    """Make the sums partners that have the same terms, all told, where what they were paired with has others.

    Of several sums that are put together otherwise, the last part of one may have been taken for a part of the next.
    """
    taken, terms = (pairing.partner, pairing.back), {}
    is_part = [partial(_is_part, side) for side in pairing.sides]
    for which, side in enumerate(pairing.sides):
        for node in side.normal.nodes:
            if node.op == "AddN" and not _is_part(side, (node, 0)):
                terms[node] = Counter(_known(pairing, which, one) for one in _unfolded(node, is_part[which])[1])
    alike = defaultdict(lambda: ([], []))
    for which, side in enumerate(pairing.sides):
        for node in side.normal.nodes:
            if node in terms and None not in terms[node] and terms[node] != terms.get(taken[which].get(node)):
                alike[frozenset(terms[node].items())][which].append(node)
    for left, right in alike.values():
        if len(left) == len(right) == 1:
            for which, node in enumerate((*left, *right)):
                for one in (node, *_unfolded(node, is_part[which])[0]):
                    _part_with(taken[which], taken[1 - which], one)
            pairing.partner[left[0]], pairing.back[right[0]] = right[0], left[0]


def _part_with(taken, back, node):
    if node in taken:
        del back[taken.pop(node)]


def _known(pairing, which, term):
    """Return what a term is in both graphs, or None."""
    if isinstance(term, Literal):
        return term.key
    node = term[0] if which or term is None else pairing.partner.get(term[0])
    return None if node is None else (node, term[1])


def _is_part(side, operand):
    """Whether a sum is there for another one only."""
    node = operand[0]
    users = side.users.get(node, ())
    is_term = len(users) == 1 and users[0][1] != "^" and users[0][0].op == "AddN"
    return is_term and not node.controls and users[0][0].device == node.device


def _are_whole(pairing, node, other):
    """Whether two sums have as many terms, each of them a partner of one."""
    parts = [one[0] for one in (*node.inputs, *other.inputs) if _is_sum(one)]
    known = all(part in pairing.partner or part in pairing.back for part in parts)
    return known and len(node.inputs) == len(other.inputs)


def _last(pairing, pair):
    """Make the last of the sums that a pair is a part of partners, and return them."""
    taken = (pairing.partner, pairing.back)
    while True:
        sizes = [len(_terms(one, some)) for one, some in zip(pair, taken, strict=True)]
        if sizes[0] == sizes[1]:
            return pair
        which = sizes.index(min(sizes))
        users = pairing.sides[which].users.get(pair[which], ())
        if len(users) != 1 or users[0][1] == "^" or users[0][0].op != "AddN" or users[0][0] in taken[which]:
            return pair
        del pairing.partner[pair[0]], pairing.back[pair[1]]
        pair = (users[0][0], pair[1]) if which == 0 else (pair[0], users[0][0])
        pairing.partner[pair[0]], pairing.back[pair[1]] = pair[::-1]


def _terms(node, taken):
    """Return the terms of a sum, and of the sums that are terms of it and no partners of any."""
    return _unfolded(node, lambda one: one[0] not in taken and not one[0].controls and one[0].device == node.device)[1]


def parts(node, terms):
    """Return the sums that were taken apart for the terms of one."""
    kept = {one for one in terms if _is_sum(one)}
    return _unfolded(node, lambda one: one not in kept)[0]


def _unfolded(node, is_part):
    """Return the sums that are parts of a sum, or of a part, and the terms of them all; there may be thousands."""
    found, terms, todo = [], [], node.inputs[::-1]
    while todo:
        one = todo.pop()
        if _is_sum(one) and is_part(one):
            found.append(one[0])
            todo += one[0].inputs[::-1]
        else:
            terms.append(one)
    return found, terms


def _is_sum(operand):
    return operand is not None and not isinstance(operand, Literal) and operand[0].op == "AddN"
