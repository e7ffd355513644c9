"""Variables that are made one for each trainable one, and numbered, where beta and gamma come in another order.

Such are sums of gradients, or momenta that a program keeps itself. TensorFlow makes gamma before beta by now, made it
after beta. So what is kept for one has the number that what is kept for the other had: of each, all but its name
is compared, and what is restored under the names is told.
"""

import re
from collections import Counter

from compat_v1.audit.exchanged import KEPT
from compat_v1.audit.operands import is_op, is_tensor
from compat_v1.audit.orders import parameters_of, parameters_of_gradient, turned

_NUMBER = re.compile(r"_(\d+)$")
_PARAMETER = re.compile(r"(?:^|/)(beta|gamma)$")
_UPDATES = ("Assign", "Apply", "Scatter", "SparseApply", "ResourceApply", "ResourceScatter", "ResourceSparseApply")
_WITHOUT_VALUE = ("LogicalNot", "Reshape", "Squeeze", "Where")  # from what is asked to the numbers of those without
SAVED, GIVEN = "name in checkpoints", "name in checkpoints is given"  # the second where it is not the variable's own


def numbered(sides):
    """Return the variables of two graphs that only have a number, and what restores or saves these.

    There are none unless beta and gamma are made in another order.
    """
    made = [[node for node in side.normal.nodes if node.op in KEPT] for side in sides]
    orders = [[found[1] for node in nodes if (found := _PARAMETER.search(node.name))] for nodes in made]
    if orders[0] == orders[1]:
        return set()
    found = set()
    for side, nodes in zip(sides, made, strict=True):
        count = Counter(_base(node.name) for node in nodes)
        own = {node for node in nodes if count[_base(node.name)] > 1}
        names = {node.name for node in own}
        found |= own | {node for node in side.normal.nodes if _saved_as(node) in names}
    return found


def pair_saved(pairing, found):
    """Pair what restores or saves such variables as these are."""
    there = {}
    for node in pairing.sides[1].normal.nodes:
        if node in found and _saved_as(node):
            there.setdefault((pairing.sides[1].local[node], _saved_as(node)), []).append(node)
    for node in pairing.sides[0].normal.nodes:
        name = _saved_as(node)
        if node not in found or not name or node in pairing.partner:
            continue
        variable = pairing.partner.get(_variable(pairing.sides[0], name))
        alike = there.get((pairing.sides[0].local[node], variable.name), ()) if variable else ()
        other = next((one for one in alike if one not in pairing.back), None)
        if other is not None:
            pairing.pair(node, other)


def exchange_saved(pairing):
    """Give what restores or saves a variable of another name in the port that variable's as a partner.

    All of these are alike, so that until here they may be paired in the order in which the names are sorted.
    """
    there = {}
    for node in pairing.sides[1].normal.nodes:
        if _saved_as(node):
            there.setdefault((pairing.sides[1].local[node], _saved_as(node)), node)
    for node in pairing.sides[0].normal.nodes if there else ():
        name = _saved_as(node)
        variable = pairing.partner.get(_variable(pairing.sides[0], name)) if name else None
        if variable is None or _variable(pairing.sides[1], name) is not None:
            continue
        rival = there.get((pairing.sides[0].local[node], variable.name))
        if rival is not None:
            pairing.exchange(node, rival)


def rule(verification, node, other):
    """Say which rule lets a variable be restored or saved under another name, None if it is that of another one."""
    sides = verification.pairing.sides
    mine, others = _variable(sides[0], _saved_as(node)), _variable(sides[1], _saved_as(other))
    before, after = _variable(sides[0], _saved_as(other)), _variable(sides[1], _saved_as(node))
    told = [sorted(one.attributes[SAVED].split(", ")) for one in (node, other)]
    if node.op == "GatherV2" and told[0] == told[1]:  # whose order is compared where they are asked, see `asked`
        return "order of names"
    if before is None or after is None:  # only one graph has a variable of that name
        return "names in checkpoints"
    if verification.partner.get(mine) is not others or verification.partner.get(before) is not after:
        return None
    first, second = sorted((mine, before), key=lambda one: _number(one.name))
    is_numbered = _base(first.name) == _base(second.name)
    return "order of numbers" if is_numbered and _are_for(verification, first, second) else None


def asked(verification, node, other):
    """Return what asks in the other graph which variables have no value, in the order of the first, or None.

    Each is told by its own name. What comes in another order is kept for gamma and, before it was, for beta.
    """
    if len(node.inputs) != len(other.inputs):
        return None
    pairs = zip(verification.pairing.sides, (node, other), strict=True)
    if not all(_are_told_by_name(side, one) for side, one in pairs):
        return None
    return turned(verification, node, other, lambda side, answer: _asked_for(verification, side, answer))


def is_asked(node):
    """Whether a node lists of some variables if they have a value."""
    answers = ("IsVariableInitialized", "VarIsInitializedOp")
    return node.op == "Pack" and all(is_op(one, *answers) for one in node.inputs)


def _are_told_by_name(side, node):
    """Whether it is asked of variables alone if they have a value, and only the names of those without are taken."""
    if not is_asked(node):
        return False
    todo = [node]
    for one in todo:
        for user, slot in side.users.get(one, ()):
            if slot == "^" or user.op not in (*_WITHOUT_VALUE, "GatherV2"):
                return False
            if user.op != "GatherV2":
                todo.append(user)
            elif slot[0] != 1 or SAVED not in user.attributes:
                return False
    return True


def _asked_for(verification, side, answer):
    """Return {("beta" or "gamma", layer)} of what an asked variable is or is kept for, if it comes otherwise."""
    variable = answer[0].inputs[0][0]
    beside = [
        one for name in variable.colocated for one in side.named.get(name.removeprefix("loc:@"), ()) if one.op in KEPT
    ]
    found = {kind for one in (variable, *beside) for kind in parameters_of(side, (one, 0))}
    found = found or _kept_for(side, variable)
    return {(kind, layer) for kind, layer in found if _comes_otherwise(verification, layer)}


def _are_for(verification, first, second):
    """Whether two variables are kept for beta and for gamma of one layer, which come in the other order in the port."""
    side = verification.pairing.sides[0]
    betas, gammas = _kept_for(side, first), _kept_for(side, second)
    if [{kind for kind, _ in one} for one in (betas, gammas)] != [{"beta"}, {"gamma"}]:
        return False
    layers = {layer for _, layer in betas} & {layer for _, layer in gammas}
    return any(_comes_otherwise(verification, layer) for layer in layers)


def _comes_otherwise(verification, layer):
    """Whether a layer's beta is made before its gamma in the original, and after it in the port."""
    side = verification.pairing.sides[0]
    variables = [node for node in side.normal.nodes if node.op in KEPT]
    parameters = {kind: node for node in variables for kind in parameters_of(side, (node, 0)) if kind[1] is layer}
    pair = [parameters.get((kind, layer)) for kind in ("beta", "gamma")]
    others = [verification.partner.get(node) for node in pair]
    if None in others:
        return False
    places = [
        [side.normal.graph.made.index(node.name) for node in nodes]
        for side, nodes in zip(verification.pairing.sides, (pair, others), strict=True)
    ]
    return places[0][0] < places[0][1] and places[1][0] > places[1][1]


def _kept_for(side, variable):
    """Return {("beta" or "gamma", layer)} of the parameter whose gradient a variable adds up, or that it updates."""
    found, updated, todo, seen = set(), set(), [variable], {variable}
    while todo:
        for user, slot in side.users.get(todo.pop(), ()):
            if slot == "^" or user in seen or _saved_as(user):
                continue
            seen.add(user)
            if not _is_update(user):
                todo.append(user)
            elif user.inputs[0][0] is variable:  # which is taken as it is then
                found |= {one for value in user.inputs[1:] for one in parameters_of_gradient(side, value)}
                todo.append(user)
            else:
                updated.add(user.inputs[0])
    return found or {one for target in updated for one in parameters_of(side, target)}


def _is_update(node):
    return node.op.startswith(_UPDATES) and is_tensor(node.inputs[0]) and node.inputs[0][0].op in KEPT


def _variable(side, name):
    return next((node for node in side.named.get(name, ()) if node.op in KEPT), None)


def _saved_as(node):
    """Return the name of the variable that a node restores or saves under its own name."""
    return None if GIVEN in node.attributes else node.attributes.get(SAVED)


def _base(name):
    return _NUMBER.sub("", name)


def _number(name):
    found = _NUMBER.search(name)
    return int(found[1]) if found else 0
