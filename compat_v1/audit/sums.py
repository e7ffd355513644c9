"""Sums of the same terms that two graphs put together otherwise: of sums of some of them, or of all at once."""

from compat_v1.audit.literals import Literal


def settle(pairing):
    """Return {sum: (its terms, those of its partner)} for the partners that may be put together otherwise.

    Of sums that make one another the last are made partners. What is no partner of its own is a part of such a sum.
    """
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
    found = []
    for one in node.inputs:
        is_part = _is_sum(one) and one[0] not in taken and not one[0].controls and one[0].device == node.device
        found += _terms(one[0], taken) if is_part else [one]
    return found


def parts(node, terms):
    """Return the sums that were taken apart for the terms of one."""
    left = [one[0] for one in node.inputs if _is_sum(one) and one not in terms]
    return [part for one in left for part in (one, *parts(one, terms))]


def _is_sum(operand):
    return operand is not None and not isinstance(operand, Literal) and operand[0].op == "AddN"
