"""Sizes that a program told by `set_shape`, which is in no graph: the port's gradients say them.

The gradient of a Reshape is reshaped back: until TensorFlow 2.15 to what the shape is when it runs, since then to the
numbers that were known when it was built, and -1.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.pruning import before
from compat_v1.audit.sizes import Size

_PASSING = ("AddN", "Identity", "Merge", "Switch")
# What stops for a gradient of other sizes than its own; and what does where another operand has others.
_ONE_SIZE = ("AvgPoolGrad", "Conv2DBackpropFilter", "Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput")
_ALIKE = (
    "AddN",
    "AddV2",
    "EluGrad",
    "MaxPoolGrad",
    "Mul",
    "RealDiv",
    "Relu6Grad",
    "ReluGrad",
    "Select",
    "SelectV2",
    "Sub",
)


def by_reshapes(verification):
    """Return, of original and port, the sizes that a Reshape of the port alone writes as numbers, {name: of outputs}.

    Only where what takes the result stops if it has others than a tensor whose sizes the original reshapes to, which
    may be spread if one of them is 1. Such a size is then known wherever it is taken, as one is that a graph tells.
    """
    told = ({}, {})
    for node, other in _reshapes(verification):
        sizes = _axes(node.inputs[1], other.inputs[1])
        if sizes and _both_stop(verification, node, other):
            for (one, index, axis), size in sizes.items():
                if one in verification.partner:
                    for which, named in enumerate((one, verification.partner[one])):
                        _tell(verification.pairing.sides[which].normal, told[which], named, index, axis, size)
    return told


def _reshapes(verification):
    """Yield what may be the same Reshape in original and port: partners, or what is made of partners."""
    for other in verification.pairing.sides[1].normal.nodes:
        if other.op == "Reshape":
            found = [verification.back.get(other)]
            if is_tensor(other.inputs[0]):
                source = verification.back.get(other.inputs[0][0])
                found += [user for user, _ in verification.pairing.sides[0].users.get(source, ())]
            yield from ((node, other) for node in found if node is not None and node.op == "Reshape")


def _axes(shape, other):
    """Return which size of which tensor is a number in the port's shape, {(node, output, axis): number}, or None."""
    if not (isinstance(shape, Literal) and isinstance(other, Literal)) or len(shape.value) != len(other.value):
        return None
    found = {}
    for size, number in zip(shape.value, other.value, strict=True):
        if not isinstance(number, int) or (isinstance(size, int) and number not in (size, -1)):
            return None
        if isinstance(size, Size) and number != -1:
            ((product, times), *more) = size.terms.items()
            if number < 2 or more or times != 1 or len(product) != 1 or product[0][0] != "size":  # of 1 is spread
                return None
            found[product[0][1:]] = number
    return found


def _both_stop(verification, node, other):
    """Whether what both graphs reshape is used where nothing can be that has other sizes: the port knows none."""
    side, port = verification.pairing.sides
    return _stops_otherwise(side, node, node.inputs[1].value) and _stops_otherwise(port, other, None)


def _stops_otherwise(side, node, sizes):
    """Whether a tensor is used where none can be that is not of these sizes, or those of another, if none are known."""
    behind, passed = [node], {node}
    for one in behind:
        for user, place in side.users.get(one, ()):
            others = [operand for operand in user.inputs if is_tensor(operand) and operand[0] is not one]
            if user.op in _ONE_SIZE and place[0] == len(user.inputs) - 1:
                return True
            alike = [operand[0] for operand in others if sizes is None or side.normal.sizes(operand) == sizes]
            if user.op in _ALIKE and any(node not in before(operand) for operand in alike):
                return True
            if (
                (user.op in _PASSING or (sizes is None and user.op == "Reshape"))
                and user not in passed
                and len(passed) < 64
            ):
                passed.add(user)
                behind.append(user)
    return False


def _tell(normal, told, node, index, axis, size):
    known = [None if one is None else list(one) for one in normal.known_sizes(node)]
    for name in (name for name in node.names if normal.made.get(name) is node):
        own = told.setdefault(name, known)
        if own[index] is not None:
            own[index][axis] = size
