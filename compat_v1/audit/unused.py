"""Constants, and copies of tensors, that nothing in a graph uses."""

from compat_v1.audit import texts
from compat_v1.audit.literals import Literal, told_apart


def compare_unused_constants(verification):
    """Compare the constants that nothing uses, which a program may still fetch.

    Those of one graph alone are left: TensorFlow makes such constants on the way, and stopped making some. But what a
    name is computed from says the same of it in the other graph, used or not.
    """
    unused = []
    for side in verification.pairing.sides:
        graph, tensors = side.normal.graph, side.normal.tensors
        names = [name for name in side.normal.consumed if not graph.users[name] and name not in graph.awaited]
        unused.append({name: tensors[name, 0] for name in names if isinstance(tensors.get((name, 0)), Literal)})
    left = dict(unused[1])
    for name, literal in unused[0].items():
        if name in left and _are_the_same(verification, literal, left[name]):
            verification.constants[name] = name
            del left[name]
    here = []
    for name in (name for name in unused[0] if name not in verification.constants):
        literal = unused[0][name]
        other = next((one for one, value in left.items() if _are_the_same(verification, literal, value)), None)
        if other is None:
            here.append(name)
        else:
            verification.constants[name] = other
            del left[other]
    for name in here:
        said = texts.rule_of_unused(verification, unused[0][name], left[name]) if name in left else None
        if said:
            verification.explain(said, name)
            del left[name]
        elif name in left:
            _find(verification, name, unused[0][name], left[name])
            del left[name]
        else:
            _leave(verification, name)
    for name in left:
        _leave(verification, name)


def _are_the_same(verification, here, there):
    """Whether two constants have one value and type: no op that uses them tells the type."""
    return here.dtype == there.dtype and verification.is_same(here, there)


def _find(verification, name, here, there):
    """Note that the constants of a name are not the same."""
    what = "is {}, {} in the port".format(*told_apart(here, there))
    computed = bool(here.ops or there.ops)
    verification.find("value", None, None, what, name, name, computed, **verification.differing(here, there))


def _leave(verification, name):
    """Leave a constant that nothing uses, unless that of its name is computed from the same and is another."""
    verification.explain("unused constants", name)
    normals = [side.normal for side in verification.pairing.sides]
    here, there = (normal.tensors.get((name, 0)) for normal in normals)
    if not (isinstance(here, Literal) and isinstance(there, Literal)) or verification.is_same(here, there):
        return
    makers = list(zip(*(normal.operands(name) for normal in normals), strict=False))
    if makers and all(verification.is_same(*pair) for pair in makers):
        _find(verification, name, here, there)


def compare_unused_copies(verification):
    """Compare what rules took for copies of tensors, such as a reshape to the same shape, and nothing uses.

    A program may fetch such a copy, by its name. Of one of a name both graphs copy the same tensor, unless the port has
    another copy of that: then they are numbered otherwise. So are the gradients for two operands that are broadcast, of
    which the port makes no copy for one.
    """
    left, others = ({*_unused_copies(side.normal)} for side in verification.pairing.sides)
    tensors = [dict(side.normal.tensors) for side in verification.pairing.sides]
    for node in verification.pairing.sides[0].normal.nodes:
        if node.op == "Identity" and node not in verification.partner and not verification.pairing.sides[0].users[node]:
            left.update(node.names)  # of which the original alone has a node
            tensors[0].update({(name, 0): node.inputs[0] for name in node.names})
    for name, tensor in _others_of_names(verification, left):
        others.add(name)
        tensors[1][name, 0] = tensor

    def is_same(name, other):
        return verification.is_same(tensors[0][name, 0], tensors[1][other, 0])

    same = {name for name in left & others if is_same(name, name)}
    for name in sorted(left & others - same):
        elsewhere = any(is_same(name, other) for other in others - same)
        if not elsewhere:
            beside = _beside(verification, name, tensors[0][name, 0])
            elsewhere = beside in left - same and is_same(beside, name)
        if not elsewhere:
            here, there = (verification.text(one[name, 0]) for one in tensors)
            verification.find("role", None, None, f"copies {here}, {there} in the port", name, name)


def _beside(verification, name, copied):
    """Return the last of the gradient for the other operand of an op that broadcasts, which the original alone has.

    `name` is that for one operand, a copy of what the port has as well.
    """
    graph, port = (side.normal.graph for side in verification.pairing.sides)
    axes = _axes(graph, name)
    if axes is None or isinstance(copied, Literal) or copied[0] not in verification.partner:
        return None
    sums = [user for user, slot in graph.users[axes[0]] if slot == 1]
    ends = [user for one in sums for user, _ in graph.users[one]]
    return next((one for one in ends if _axes(graph, one) == (axes[0], 1 - axes[1]) and one not in port.nodes), None)


def _axes(graph, name):
    """Return the output of a BroadcastGradientArgs over which what a Reshape takes is summed, or None."""
    if graph.nodes[name].op != "Reshape" or graph.nodes[graph.inputs[name][0][0]].op != "Sum":
        return None
    axes = graph.inputs[graph.inputs[name][0][0]][1]
    return axes if graph.nodes[axes[0]].op == "BroadcastGradientArgs" else None


def _others_of_names(verification, names):
    """Yield the names, of these, that the port has as well, but for no copy that the original has too; and the tensors.

    Such is a constant, what has no partner, or one more copy of a tensor than the original has of it.
    """
    normal = verification.pairing.sides[1].normal
    for name in names & normal.graph.nodes.keys():
        tensor = normal.tensors.get((name, 0))
        if tensor is None or normal.graph.users[name]:
            continue
        node = None if isinstance(tensor, Literal) else tensor[0]
        names_of_partner = verification.back[node].names if node in verification.back else None
        if names_of_partner is None:
            yield name, tensor
        elif (
            node.op == "Identity" and normal.made.get(name) is node and _is_surplus(name, node.names, names_of_partner)
        ):
            yield name, node.inputs[0]


def _is_surplus(name, names, others):
    """Whether a name is one of more than a partner has, and none of the partner's."""
    return name not in others and len(names) > len(others)


def _unused_copies(normal):
    left = set(normal.nodes)  # not what rules left out
    for name in normal.consumed:
        copied = normal.tensors.get((name, 0))
        if copied is None or isinstance(copied, Literal) or copied[0] not in left:
            continue
        if not normal.graph.users[name]:
            yield name
