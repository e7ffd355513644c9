"""Gradients for the ones that `tf.gradients` begins with, in a second derivative: for `idle.py`.

The ones have the shape of a tensor, and until 1.8 a gradient of what the first backward pass gave went on to all that
was made of the tensor's shape: along the pass, from its ones, as far as nothing else is reached. What is summed there
for the number that filled them, nobody takes, nor the gradients for the weights on the way.
"""

from compat_v1.audit import backward
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_scalar, is_tensor

_HANDING_ON = {"Neg", "Pad", "Reshape", "StridedSliceGrad", "Sum", "Transpose"}  # of a gradient, what takes no other
_HANDED_BACK = ("Identity", "Neg", "Reshape", "StridedSlice", "Slice", "Sum", "Transpose")


def begun_from(normal):
    """Yield (name, tensor) for the nodes that fill ones, as `tf.gradients` begins with, in a tensor's shape."""
    for name, node in normal.graph.nodes.items():
        (shape, _), value = normal.graph.inputs[name] if node.op == "Fill" else (("", 0), None)
        if value and normal.graph.nodes[shape].op == "Shape" and is_scalar(normal.tensors.get(value), 1):
            yield name, normal.tensors.get(normal.graph.inputs[shape][0])


def for_fillings(normal, users):
    """Return the nodes that serve such sums alone, and those which end in gradients for the weights on the way."""
    names = {name for name, _ in begun_from(normal)}
    passed, first = _passed(normal, names) if names else (set(), {})
    sums = {node for node in normal.nodes if node.op == "Sum" and _is_last(node, users)} if first else set()
    sums = {node for node in sums if backward.gives_one(normal, node) and _is_of_first(node.inputs[0], first)}
    dead, beside, many = sums | {user for node in sums for user in users.get(node, ())}, set(), 0
    on_the_way = _taken(passed)
    while many < len(dead):
        many = len(dead)
        arriving = {one for node in dead - beside for one in node.inputs if is_tensor(one)}
        arriving -= {one for node in dead - beside for one in _known(node, on_the_way)}
        for node in reversed(normal.nodes):
            own = users.get(node, set())
            if own <= dead and (own or _is_beside(node, names, passed, arriving)):
                dead.add(node)
                beside |= {node} if own <= beside else set()
    is_known = all(_hands_back(node) or _known(node, on_the_way) for node in dead - beside)
    return dead if is_known else set()


def _taken(nodes):
    """Return {(op, operand): nodes} of all that some nodes take."""
    found: dict = {}
    for node in nodes:
        for one in filter(is_tensor, node.inputs):
            found.setdefault((node.op, one), []).append(node)
    return found


def _known(node, taken):
    """Return what a node takes that one of its op in the first pass takes as well, before the rest of it is made."""
    tensors = list(filter(is_tensor, node.inputs))
    found = []
    for one in tensors:
        made = min((other[0].number for other in tensors if other != one), default=node.number)
        if any(other.number < made for other in taken.get((node.op, one), ())):
            found.append(one)
    return found


def _hands_back(node):
    """Whether a node adds up or hands on a gradient, alone or by a number."""
    return node.op in ("AddN", "AddV2", *_HANDED_BACK) or (node.op == "Mul" and not all(map(is_tensor, node.inputs)))


def _passed(normal, names):
    """Return what is computed from the ones, and {(op, operand): nodes} of what takes them and that operand first."""
    passed, handed, first = set(), set(), []
    for node in normal.nodes:
        of_ones = [_are_ones(one, names) or (is_tensor(one) and one[0] in handed) for one in node.inputs]
        if any(of_ones) or any(is_tensor(one) and one[0] in passed for one in node.inputs):
            passed.add(node)
        if any(of_ones):
            first.append(node)
            others = [one for one, known in zip(node.inputs, of_ones, strict=True) if not known]
            if node.op in _HANDING_ON or (node.op == "Mul" and not any(map(is_tensor, others))):
                handed.add(node)
    return passed, _taken(first)


def _are_ones(operand, names):
    return isinstance(operand, Literal) and not names.isdisjoint(operand.names)


def _is_last(node, users):
    """Whether nothing uses a node, but for a reshape that nothing uses."""
    return all(user.op == "Reshape" and not users.get(user) for user in users.get(node, ()))


def _is_of_first(operand, first):
    """Whether a tensor is the gradient for the ones: of each op that takes them first, by what that takes as well."""
    todo, seen = [operand], set()
    while todo:
        operand = todo.pop()
        if not is_tensor(operand):
            return False
        node = operand[0]
        if not _hands_back(node):
            if not _known(node, first):
                return False
            continue
        taken = list(filter(is_tensor, node.inputs))
        new = node.inputs if node.op in ("AddN", "AddV2") else taken[:1] or [None]
        todo += [one for one in new if one not in seen]
        seen.update(new)
    return True


def _is_beside(node, names, passed, arriving):
    """Whether a gradient that nothing uses is for another factor, of a product on the way, than one of these is."""
    while node.op in ("Reshape", "Sum") and is_tensor(node.inputs[0]):
        node = node.inputs[0][0]
    if node.op not in ("Mul", "MatMul", "BatchMatMulV2"):
        return False
    for one, other in (node.inputs, node.inputs[::-1]):
        if one in arriving and (_are_ones(other, names) or (is_tensor(other) and other[0] in passed)):
            return True
    return False
