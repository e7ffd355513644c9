"""Sizes that an op leaves as they are, where TensorFlow's static shapes and its operands tell no others."""

from compat_v1.audit.dimensions_taken import strided
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op
from compat_v1.audit.sizes import Size, add


def literal(normal, operand):
    """Return the literal that an operand is wherever there is any, be it switched, copied or packed; or None."""
    while is_op(operand, "Switch", "Identity"):
        operand = operand[0].inputs[0]
    if isinstance(operand, Literal):
        return operand
    if not is_op(operand, "Pack"):
        return None
    node = normal.graph.nodes.get(operand[0].name)
    parts = [literal(normal, one) for one in operand[0].inputs] if node and node.op == "Pack" else [None]
    packed = None if None in parts else normal.fold(node, parts)
    return packed and whole(packed[0], parts[0].dtype)


def of_rows(rank, sizes, attributes):
    """Return the sizes of as many rows of a variable as there are numbers: its handle does not tell those of a row."""
    more = rank - len(sizes)
    return (*sizes, *[None] * more) if more >= 0 and not attributes["batch_dims"].i else None


def of_slice(sizes, begin, lengths):
    """Return the sizes of a slice along the axes that it takes as a whole, those of the tensor, or that it says."""
    bounds = [_numbers(one) for one in (begin, lengths)]
    if any(one is None or len(one) != len(sizes) for one in bounds):
        return None
    said = [None if length == -1 else length for length in bounds[1]]
    return tuple(
        size if pair == (0, -1) else length
        for size, pair, length in zip(sizes, zip(*bounds, strict=True), said, strict=True)
    )


def _numbers(operand):
    """Return the whole numbers that a vector is of or packed from, None for what is no such number; None for others."""
    if isinstance(operand, Literal):
        return operand.value if operand.kind == "whole" else None
    if not is_op(operand, "Pack"):
        return None
    parts = [one if isinstance(one, Literal) and one.shape == () else None for one in operand[0].inputs]
    return [one.value[0] if one and one.kind == "whole" else None for one in parts]


def of_strided(sizes, bounds, attributes):
    """Return the sizes of a slice of which some bounds are tensors: those along the other axes."""
    numbers = [_numbers(one) for one in bounds]
    if None in numbers or None in numbers[2]:
        return None
    try:
        return strided(sizes, *numbers, attributes)
    except (IndexError, TypeError):  # more bounds than axes, or steps of a size that nobody knows
        return None


def of_padded(sizes, paddings):
    """Return the sizes of what is padded by a matrix that is packed, as far as its rows are written down."""
    if not is_op(paddings, "Pack") or "axis" in paddings[0].attributes or len(paddings[0].inputs) != len(sizes):
        return None
    rows = [_numbers(one) if isinstance(one, Literal) else None for one in paddings[0].inputs]
    return tuple(None if row is None else add(size, add(*row)) for size, row in zip(sizes, rows, strict=True))


def without_padding(normal, sizes, paddings):
    """Return the sizes of what was padded, where these are the sizes of what came of it, or None."""
    users = [] if isinstance(paddings, Literal) else normal.graph.users.get(paddings[0].name, ())
    made = [normal.made.get(user) for user, _ in users]
    padded = [one for one in made if one is not None and one.op == "MirrorPad" and one.inputs[1] == paddings]
    return next((normal.sizes(one.inputs[0]) for one in padded if normal.sizes((one, 0)) == sizes), None)


# Of a product that takes its factors as they are or turned: at which place the gradient is taken for that of the first
# and of the second factor, and whether what is taken is turned.
_TURNED = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMulV2": ("adj_x", "adj_y")}
_FOR_FACTORS = {
    (False, False): ((0, False, True), (1, True, False)),
    (False, True): ((0, False, False), (0, True, False)),
    (True, False): ((1, False, True), (1, False, False)),
    (True, True): ((1, True, True), (0, True, True)),
}


def of_factor(normal, name, op, operands, sizes, attributes=None):
    """Return the sizes of a product, also of batches: of the gradient for a factor of another those of that factor.

    Its batches are those too if the op is one that does not broadcast. `sizes`: what else is known.
    """
    keys = _TURNED[op]
    turned = _turned(normal.graph.attributes(name) if attributes is None else attributes, *keys)
    for place, (gradient, factor) in enumerate((operands, operands[::-1])):
        if isinstance(factor, Literal) or normal.sizes(gradient) is None:
            continue
        behind = name if isinstance(gradient, Literal) else gradient[0].name
        for product in _products(normal, factor, op):
            for which, own in enumerate(product.inputs):
                found, kind = normal.sizes(own), _turned(product.attributes, *keys)
                if product.inputs[1 - which] != factor or _FOR_FACTORS[kind][which] != (place, *turned):
                    continue
                if found is None or normal.sizes((product, 0)) != normal.sizes(gradient):
                    continue
                if normal.graph.nodes[name].op not in ("BatchMatMul", "MatMul"):
                    found = sizes and (*sizes[:-2], *found[-2:])
                if found != sizes and has_run(normal.graph, product.name, behind):
                    return found
    return sizes


def _products(normal, factor, op):
    """Return the products that take a tensor, or what stands for it, such as a Reshape to its own shape."""
    todo, found = list(factor[0].names), set()
    for name in todo:
        for user, _ in normal.graph.users.get(name, ()):
            made = normal.made.get(user)
            if made is not None and made.op == op:
                found.add(made)
            elif normal.tensors.get((user, 0)) == factor and user not in todo:
                todo.append(user)
    return found


def has_run(graph, name, other):
    """Whether a node has run whenever another has."""
    place = graph.places
    todo, seen = [other], {other}
    while todo:
        for one in graph.needs(todo.pop()):
            if one == name:
                return True
            if one not in seen and place[one] > place[name]:
                seen.add(one)
                todo.append(one)
    return False


def _turned(attributes, *keys):
    return tuple(key in attributes for key in keys)


def is_for_factor(normal, tensor, shape):
    """Whether a tensor is the gradient for the second factor of a product, and that factor has this shape.

    The graph need not know how many columns the first factor has: the product asks for as many as there are rows.
    So it is with a product of batches, and the gradient for either factor.
    """
    while is_op(tensor, "Identity"):
        tensor = tensor[0].inputs[0]
    if is_op(tensor, "BatchMatMulV2") and normal.sizes(tensor) is not None:
        node, own = tensor[0], normal.sizes(tensor)
        return own != shape == of_factor(normal, node.name, node.op, node.inputs, own, node.attributes)
    turned = _TURNED["MatMul"]
    if not is_op(tensor, "MatMul") or _turned(tensor[0].attributes, *turned) != (True, False) or len(shape) != 2:
        return False
    first, known = tensor[0].inputs[0], normal.sizes(tensor)
    if isinstance(first, Literal) or known is None or known[1] != shape[1]:
        return False
    products = [one for one in _products(normal, first, "MatMul") if one.inputs[0] == first]
    return any(not any(_turned(one.attributes, *turned)) and normal.sizes(one.inputs[1]) == shape for one in products)


def is_of_summed_rows(own, shape):
    """Whether what has these sizes is reshaped for as many rows as a branch or a loop tells, and has no others.

    It is a gradient that was handed on as rows by that. Any other number of rows could not be reshaped, so that it
    stopped the program, as it does where it updates the variable whose gradient it is.
    """
    if own is None or len(own) != len(shape) or own[1:] != shape[1:]:
        return False
    if any(not isinstance(size, int) or size < 1 for size in shape) or not isinstance(own[0], Size):
        return False
    (product, times), *more = own[0].terms.items()
    return not more and times == len(product) == 1 and product[0][0] == "size" and _is_told_in_turn(*product[0][1:])


def _is_told_in_turn(total, index, axis):
    """Whether an unknown size is how many sums of rows there are, by a shape that comes from a branch or a loop."""
    if (total.op, index, axis) != ("UnsortedSegmentSum", 0, 0) or not is_op(total.inputs[2], "StridedSlice"):
        return False
    return is_op(total.inputs[2][0].inputs[0], "Merge", "Exit")
