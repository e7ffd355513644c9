"""Which of the gradients that nothing uses, as `idle.py` finds them, one graph alone makes."""

from compat_v1.audit import spare
from compat_v1.audit.backward import gives_one
from compat_v1.audit.idle import only_for_fillings, totals
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.pruning import users_of

_INCIDENTAL = {"frame_name", "parallel_iterations", "seed2"}


def are_in_both(normals, idle, whole):
    """Whether each idle node has a partner from which it does not differ, and which is idle or at an end itself.

    Then `of_one_graph` finds none that one graph alone makes, whatever the comparison without them brings.
    """
    alike = _alike(normals, idle, whole)
    ends = [nodes | _ends(normal, users_of(normal)) for normal, nodes in zip(normals, idle, strict=True)]
    sides = zip(idle, (whole.partner, whole.back), ends[::-1], strict=True)
    return all(node in alike and partners[node] in others for nodes, partners, others in sides for node in nodes)


def of_one_graph(normals, idle, verification, whole):
    """Return the names of the idle nodes of each graph that are to be left out, as two sets.

    `normals` have the `idle` nodes, two sets; `verification` compared the same graphs without these, `whole` with them.
    """
    users, alike = [users_of(normal) for normal in normals], _alike(normals, idle, whole)
    prints = [
        _fingerprints(normal, nodes | _ends(normal, users[side]), verification, side, alike)
        for side, (normal, nodes) in enumerate(zip(normals, idle, strict=True))
    ]
    common = set(prints[0].values()) & set(prints[1].values())
    parts = []
    for side, (normal, nodes) in enumerate(zip(normals, idle, strict=True)):
        alone = {node for node in nodes if prints[side][node] not in common}
        parts.append(_parts(normal, alone, prints[side], verification, side))
    taken, written_otherwise = _taken_by_dropouts(normals, idle, verification)
    otherwise = [
        [part for part in own if _take(part[0], tensors)] for own, tensors in zip(parts, written_otherwise, strict=True)
    ]
    theirs = _anchors(otherwise[0]) & _anchors(otherwise[1])  # what each graph writes otherwise is the other's
    left_out = []
    for side, (normal, own, others) in enumerate(zip(normals, parts, parts[::-1], strict=True)):
        sums = totals(normal, users[side]).values()
        own = [part for part in own if all(total <= part[0] for total in sums if total & part[0])]
        known = _anchors(part for part in others if part not in otherwise[1 - side])
        known |= _anchors(otherwise[1 - side]) - theirs
        ops = {name: node.op for nodes, _ in others for node in nodes for name in node.names}
        gone = [
            nodes
            for nodes, anchors in own
            if not (anchors & known or _are_namesakes(nodes, ops)) or (nodes, anchors) in otherwise[side]
        ]
        gone = [nodes for nodes in gone if not _take(nodes, taken[side]) or spare.are_gradients(nodes)]
        kept, fillings = idle[side].difference(*gone), only_for_fillings(normal) if gone else set()
        gone = [nodes for nodes in gone if not (nodes <= fillings and _sums_up(normal, nodes, kept))]
        ends = _anchors(otherwise[1 - side])
        gone += [nodes for nodes, anchors in own if nodes not in gone and _end(nodes, anchors, ends)]
        left_out.append({name for nodes in gone for node in nodes for name in node.names})
    return left_out


def _sums_up(normal, nodes, kept):
    """Whether nodes only add up a gradient which both graphs make for nobody: the program may have written that."""
    made_of = {one[0] for node in nodes for one in node.inputs if is_tensor(one)} - nodes
    one_number = all(node.op == "Reshape" or (node.op == "Sum" and gives_one(normal, node)) for node in nodes)
    return one_number and bool(made_of & kept)


def _anchors(parts):
    """Return all that some parts are computed from."""
    return set().union(*(anchors for _, anchors in parts))


def _end(nodes, anchors, ends):
    """Whether nodes are gradients that end, as at a StopGradient, where those of the other graph do, written otherwise.

    `ends`: what those are computed from.
    """
    counts = {one for one in nodes if one.op == "Cast" and all(isinstance(operand, Literal) for operand in one.inputs)}
    return bool(anchors) and anchors <= ends and spare.are_gradients(nodes - counts)


def _alike(normals, idle, whole):
    """Return {node: a number that its partner has, too} for the pairs of which nothing differs, nor of idle makers."""
    differ = {one for finding in whole.findings for one in (finding.node, finding.other)}
    for normal, nodes in zip(normals, idle, strict=True):
        for node in normal.nodes:
            if any(is_tensor(one) and one[0] in differ and one[0] in nodes for one in node.inputs):
                differ.add(node)
    pairs = [pair for pair in whole.partner.items() if differ.isdisjoint(pair)]
    return {one: hash(("pair", number)) for number, pair in enumerate(pairs) for one in pair}


def _ends(normal, users):
    """Return what is computed for nothing: such may be in one graph what serves a gradient of the other alone."""
    found = set()
    for node in reversed(normal.nodes):
        if any(map(is_tensor, node.inputs)) and users.get(node, found) <= found:
            found.add(node)
    return found


def _are_namesakes(nodes, ops):
    """Whether there is for each of some nodes one of a name and the op that it has, {name: op}, in the other graph.

    They are held against these: what is made from others is another gradient of the same, not one that is made no more.
    """
    return all(any(ops.get(name) == node.op for name in node.names) for node in nodes)


def _taken_by_dropouts(normals, idle, verification):
    """Return, for each graph, the tensors that a dropout or the like takes, then those that the other takes otherwise.

    The gradients of a mask or a scale differ with the formula. What is itself `idle` counts for nothing.
    """
    ways = []
    for normal, unused in zip(normals, idle, strict=True):
        own = {}
        for operand, taken in normal.inner.items():
            own[operand] = {way for way, name in taken if normal.made.get(name) not in unused}
        dropouts = [node for node in normal.nodes if node.op in ("masked", "scaled") and node not in unused]
        formulas = {step for node in dropouts for step in node.steps if step.startswith("dropout")}
        for node in dropouts:  # of one formula, mask and scale go together
            own.setdefault(node.inputs[0], set()).update(formulas)
        ways.append(own)
    # The gradients of moments are made of more ops.
    taken = [{one for one, way in own.items() if way and "moments" not in way} for own in ways]
    return taken, [
        {one for one in own if own[one] and own[one] != others.get(_partner(one, verification, side, normal))}
        for side, (own, others, normal) in enumerate(zip(ways, ways[::-1], normals[::-1], strict=True))
    ]


def _partner(operand, verification, side, normal):
    """Return the tensor of the other graph, `normal`, that is the partner of one of this side's, or None."""
    if operand is None or isinstance(operand, Literal):
        return None
    found = verification.pairing.sides[side].normal.tensors.get((operand[0].name, operand[1]))
    if found is None or isinstance(found, Literal):
        return None
    other = (verification.back if side else verification.partner).get(found[0])
    return None if other is None else normal.tensors.get((other.name, found[1]))


def _take(nodes, tensors):
    """Whether one of some nodes is made from one of some tensors, or from its negative."""
    taken = [operand for node in nodes for operand in node.inputs if not isinstance(operand, Literal)]
    taken += [operand[0].inputs[0] for operand in taken if operand[0].op == "Neg"]
    return any(operand in tensors for operand in taken if not isinstance(operand, Literal))


def _fingerprints(normal, nodes, verification, side, alike):
    """Return {node: a hash of what it computes, the same in both graphs}; of those that are `alike`, what is known."""
    prints = {}
    for node in normal.nodes:
        if node not in nodes:
            continue
        if node in alike:
            prints[node] = alike[node]
            continue
        attributes = tuple(sorted((key, one) for key, one in node.attributes.items() if key not in _INCIDENTAL))
        inputs = tuple(_print(normal, operand, prints, verification, side) for operand in node.inputs)
        prints[node] = hash((node.op, attributes, tuple(sorted(inputs)) if node.op == "Mul" else inputs, node.written))
    return prints


def _print(normal, operand, prints, verification, side):
    if isinstance(operand, Literal):
        known = [one if isinstance(one, int) else -1 for one in operand.shape]
        values = (
            operand.value if operand.kind != "whole" else [one if isinstance(one, int) else -1 for one in operand.value]
        )
        return hash((operand.kind, *known, values if isinstance(values, bytes) else tuple(values)))
    if operand[0] in prints:
        return prints[operand[0]]
    anchor = _anchor(operand, verification, side)
    if anchor[0] == "none" and operand[0] in normal.kept:  # for idle nodes alone, and so on no stack where they are not
        return hash(("popped", _print(normal, normal.kept[operand[0]][0], prints, verification, side)))
    return hash(anchor)


def _anchor(operand, verification, side):
    """Return what says which live tensor of the other graph this is: its place there, or one that no tensor has."""
    same = verification.pairing.sides[side]
    found = same.normal.tensors.get((operand[0].name, operand[1]))
    if found is None or isinstance(found, Literal):
        return "none", side, operand[0].number
    alike = [one for one in same.named[operand[0].name] if _written(one) == _written(operand[0])]
    if len(alike) == 1:  # a rule makes several nodes of a name of one
        found = alike[0], operand[1]
    other = (verification.back if side else verification.partner).get(found[0])
    if other is None:
        return "none", side, operand[0].number
    return "node", (found[0] if side else other).number, found[1]


def _written(node):
    """Return a node's op and what it takes, as far as names tell."""
    return node.op, [
        one.key if isinstance(one, Literal) else one and (one[0].name, one[0].op, one[1]) for one in node.inputs
    ]


def _parts(normal, nodes, prints, verification, side):
    """Return the connected parts of some idle nodes, each with what it is computed from, as [(nodes, anchors)]."""
    part = {}
    for node in normal.nodes:
        if node not in nodes:
            continue
        own = part[node] = {node}, set()
        for operand in node.inputs:
            if isinstance(operand, Literal):
                continue
            if operand[0] not in part:
                if operand[0] in nodes:
                    continue  # what comes back in a loop
                own[1].add(_print(normal, operand, prints, verification, side))
                continue
            before = part[operand[0]]
            if before is not own:  # the smaller goes into the larger, so that a node changes its part seldom
                smaller, own = sorted((before, own), key=lambda one: len(one[0]))
                own[0].update(smaller[0])
                own[1].update(smaller[1])
                part.update(dict.fromkeys(smaller[0], own))
    return list({id(one): one for one in part.values()}.values())
