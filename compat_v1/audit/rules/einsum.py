"""Rules for tf.einsum, which is an op by now, and was made of a product of matrices, or of a sum.

Both tensors were transposed and reshaped into batches of matrices, the product reshaped and transposed into the result:
over the axes that all three have in common goes the batch, in the order of their letters. The op is written as these,
and so are its gradients, which are such ops as well. The op's kernel sums in another order: the last bits may differ.
Nor does it repeat a batch of one, as the product did: it stops, and the gradient is not summed over what was repeated.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from compat_v1.audit import rest
from compat_v1.audit.demands import Demand
from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import entered, is_op, number, times, with_rest
from compat_v1.audit.pruning import arrange, redirect, users_of
from compat_v1.audit.sizes import broadcast

v1 = tf.compat.v1
_YES = v1.AttrValue(b=True).SerializeToString(deterministic=True)
_CAUSE = "einsum: an op"


class Product(NamedTuple):
    """An einsum of two tensors that was written as a product: its axes, the tensors, and them as (batches of) matrices.

    `inner`: for each tensor, and the result, its axes in the order in which the product has them; `made`: the product.
    """

    axes: tuple[str, str, str]
    operands: tuple[Any, Any]
    matrices: tuple[Any, Any]
    inner: tuple[str, str, str]
    batch: str
    gradient: Callable
    matrix: Callable  # makes a matrix like the first or the second of another tensor
    made: Any


def _einsum(rewriter, name, node, operands):
    rewriter.normal.carried |= rewriter.normal.controls(name)  # the first of what it is written as waits for all
    equation = Attributes(node)["equation"].s.decode("utf-8", "replace")
    if len(operands) == 1:
        return _of_one(rewriter, name, operands[0], *equation.partition("->")[::2])
    axes = _axes(equation)
    shapes = [rewriter.normal.sizes(one) for one in operands]
    if axes is None or any(isinstance(one, Literal) for one in operands):
        return False
    if [None if shape is None else len(shape) for shape in shapes] != [len(one) for one in axes[:2]]:
        return False
    for product in reversed(rewriter.products):
        left, right, result = product.axes
        for side, (own, other) in enumerate([(left, right), (right, left)]):
            if axes != (result, other, own) or not _fits(rewriter.normal, shapes[0], product):
                continue
            if not _is_one_of_two(rewriter.graph, name, f"{result},{own}->{other}"):
                continue
            factor = _factor(rewriter, name, operands[1], product, 1 - side)
            if factor is not None:
                return product.gradient(rewriter, name, operands[0], product, side, factor)
    return _forward(rewriter, name, operands, axes)


def _is_one_of_two(graph, name, equation):
    """Whether an op is the gradient for one of two tensors: what it is made from gives that for the other, too.

    A program may multiply what it made of a product by the same tensor once more, as the gradient does.
    """
    given = graph.inputs[name][0]
    others = [user for user, slot in graph.users[given[0]] if user != name and graph.inputs[user][0] == given]
    return any(
        graph.nodes[one].op == "Einsum" and Attributes(graph.nodes[one])["equation"].s == equation.encode()
        for one in others
    )


def _factor(rewriter, name, operand, product, side):
    """Return one of the matrices of a product as its gradient takes it, of what may be its tensor; None if it is not.

    In a loop it is what enters that of the gradient, too, or what was kept in each turn.
    """
    normal, tensor, matrix = rewriter.normal, product.operands[side], product.matrices[side]
    if operand == tensor:
        return matrix
    if is_op(operand, "Enter") and entered(operand) == entered(tensor) != tensor:
        return product.matrix(name, operand, side)
    if normal.pushed(operand) != tensor:
        return None
    pop, (_, push, handles) = operand[0], normal.kept[operand[0]]
    is_alone = {user for user, _ in rewriter.graph.users[pop.name]} == {name} and not rewriter.graph.users[push]
    if matrix == tensor or not is_alone or push not in normal.made or operand != (pop, 0):
        return operand if matrix == tensor else None
    normal.kept[pop] = matrix, push, handles
    normal.made[push].inputs[1] = matrix
    for node in (normal.made[push], pop):
        normal.set_sizes(node, normal.sizes(matrix))
    return operand


def _fits(normal, shape, product):
    """Whether what may be the gradient of a product is as large along each axis, as far as both sizes are known."""
    taken = [size for one in product.operands for size in normal.sizes(one)]
    sizes = dict(zip("".join(product.axes[:2]), taken, strict=True))
    pairs = [(size, sizes[axis]) for size, axis in zip(shape, product.axes[2], strict=True)]
    return all(one == other for one, other in pairs if isinstance(one, int) and isinstance(other, int))


def _of_one(rewriter, name, operand, before, after):
    """Write the op of one tensor as a sum over the axes that are left out, and a transposition of the others."""
    shape = rewriter.normal.sizes(operand)
    if isinstance(operand, Literal) or shape is None or len(shape) != len(before):
        return False
    if not all(map(_are_axes, (before, after))) or not set(after) <= set(before):
        return False
    summed = [place for place, axis in enumerate(before) if axis not in after]
    kept = "".join(axis for axis in before if axis in after)
    if summed:
        left = tuple(size for size, axis in zip(shape, before, strict=True) if axis in after)
        inputs = [operand, whole(summed, "int32", (name,))]
        types = rewriter.graph.own_type(name)
        operand = rewriter.normal.node(name, "Sum", types, inputs, None, {_CAUSE}, sizes=[left]), 0
    rewriter.normal.tensors[name, 0] = _transposed(rewriter, name, operand, kept, after)
    return True


def _are_axes(letters):
    """Whether a part of an equation is letters, none of them twice: a scalar has none."""
    return (letters.isalpha() or not letters) and len(set(letters)) == len(letters)


def _axes(equation):
    """Return the axes of two operands and of the result, as three strings of letters, none of them twice; or None.

    Each axis that is not in the result is one of both operands, and each of the result one of any.
    """
    operands, arrow, result = equation.partition("->")
    axes = (*operands.split(","), result)
    if not arrow or len(axes) != 3 or not all(map(_are_axes, axes)):
        return None
    left, right, kept = map(set, axes)
    return axes if kept <= left | right and left ^ right <= kept else None


def _forward(rewriter, name, operands, axes):
    left, right, result = axes
    summed = "".join(sorted(set(left) & set(right) - set(result)))
    batch = "".join(sorted(set(left) & set(right) & set(result)))
    own = ["".join(sorted(set(one) - set(other))) for one, other in ((left, right), (right, left))]
    inner = (batch + own[0] + summed, batch + summed + own[1], batch + own[0] + own[1])
    groups = ((own[0], summed), (summed, own[1]))
    sizes = dict(zip(left + right, [size for one in operands for size in rewriter.normal.sizes(one)], strict=True))
    first = dict(zip(left, rewriter.normal.sizes(operands[0]), strict=True))
    different = [axis for axis in batch if first[axis] != sizes[axis]]
    if different and (not summed or any(1 in (first[axis], sizes[axis]) for axis in different)):
        return False
    # A product of other axes, or of several sizes that may differ, is reshaped to the batches of the first tensor.
    is_reshaped = len(own[0]) != 1 or len(own[1]) != 1 or len(different) > 1
    sizes |= {axis: first[axis] if is_reshaped else broadcast(first[axis], sizes[axis]) for axis in different}
    if not summed:
        return _multiplied(rewriter, name, operands, axes, inner, own, tuple(sizes[axis] for axis in inner[2]))

    def matrix(name, operand, side):
        return _matrix(rewriter, name, operand, axes[side], inner[side], batch, groups[side])

    matrices = tuple(matrix(name, operand, side) for side, operand in enumerate(operands))
    batches = zip(*(rewriter.normal.sizes(one)[: len(batch)] for one in matrices), strict=True)
    product = _product(rewriter, name, matrices, [broadcast(*pair) for pair in batches], "")
    split = _reshaped(rewriter, name, product, [sizes[axis] for axis in inner[2]])
    rewriter.products.append(Product(axes, tuple(operands), matrices, inner, batch, _gradient, matrix, product))
    rewriter.normal.tensors[name, 0] = _transposed(rewriter, name, split, inner[2], result)
    return True


def _multiplied(rewriter, name, operands, axes, inner, own, shape):
    """Where nothing is summed, write a product of elements, with axes of one element for those of the other tensor."""

    def factor(name, operand, side):
        made = _transposed(rewriter, name, operand, axes[side], inner[side])
        for _ in own[1 - side]:
            sizes = rewriter.normal.sizes(made)
            place = len(inner[side]) - len(own[side]) if side else len(sizes)
            sizes = (*sizes[:place], 1, *sizes[place:])
            inputs, types = [made, number(place, "int32")], rewriter.graph.own_type(name)
            made = rewriter.normal.node(name, "ExpandDims", types, inputs, None, sizes=[sizes]), 0
        return made

    factors = [factor(name, operand, side) for side, operand in enumerate(operands)]
    types = rewriter.graph.own_type(name)
    product = rewriter.normal.node(name, "Mul", types, factors, None, {_CAUSE}, sizes=[shape]), 0
    rewriter.normal.tensors[name, 0] = _transposed(rewriter, name, product, inner[2], axes[2])
    batch = inner[2][: len(inner[2]) - len(own[0] + own[1])]
    gradient = _gradient_of_factor
    rewriter.products.append(Product(axes, tuple(operands), tuple(factors), inner, batch, gradient, factor, product))
    return True


def _gradient_of_factor(rewriter, name, given, product, side, other):
    """Write the gradient for one of two factors, `side`: a product of elements, summed over the other's own axes."""
    normal, types = rewriter.normal, rewriter.graph.own_type(name)
    given = _transposed(rewriter, name, given, product.axes[2], product.inner[2])
    shape, factors = normal.sizes(given), [other, given] if side else [given, other]
    last = normal.node(name, "Mul", types, factors, None, {_CAUSE}, sizes=[shape]), 0
    summed = [place for place, axis in enumerate(product.inner[2]) if axis not in product.axes[side]]
    if summed:
        left = tuple(size for place, size in enumerate(shape) if place not in summed)
        inputs = [last, whole(summed, "int32", (name,))]
        total = normal.node(name, "Sum", types, inputs, None, {_CAUSE}, sizes=[left]), 0
        made = _reshaped(rewriter, name, total, normal.sizes(product.matrices[side]))
        back = _reshaped(rewriter, name, made, left)
        last = _transposed(rewriter, name, back, product.inner[side], product.axes[side])
        rewriter.summed.append((made, last, (back, total)))
    else:
        made, last = last, _transposed(rewriter, name, last, product.inner[side], product.axes[side])
        rewriter.summed.append((made, last, ()))
    normal.tensors[name, 0] = last
    return True


def _gradient(rewriter, name, given, product, side, other):
    """Write the gradient for one of the two tensors, `side`, as that of the product."""
    batch, inner = product.batch, product.inner
    own = ["".join(axis for axis in one if axis in inner[2] and axis not in batch) for one in inner[:2]]
    given = _matrix(rewriter, name, given, product.axes[2], inner[2], batch, own)
    sizes = dict(zip(product.axes[side], rewriter.normal.sizes(product.operands[side]), strict=True))
    batches = [sizes[axis] for axis in batch]
    factors, turned = ((other, given), "a") if side else ((given, other), "b")
    made = _product(rewriter, name, factors, batches, turned)
    # What a product that has run sums over is as large in both of its factors.
    normal, result = rewriter.normal, product.made
    if normal.sizes(given) == normal.sizes(result) and rest.has_run(rewriter.graph, result[0].name, given[0].name):
        normal.set_sizes(made[0], (*normal.sizes(made)[:-2], *normal.sizes(product.matrices[side])[-2:]))
    split = _reshaped(rewriter, name, made, [sizes[axis] for axis in inner[side]])
    last = _transposed(rewriter, name, split, inner[side], product.axes[side])
    rewriter.summed.append((made, last, ()))
    rewriter.normal.tensors[name, 0] = last
    return True


def _matrix(rewriter, name, operand, before, after, batch, groups):
    """Return a tensor with the axes `before` as (batches of) matrices, with `groups` of axes as rows and columns."""
    turned = _transposed(rewriter, name, operand, before, after)
    sizes = dict(zip(after, rewriter.normal.sizes(turned), strict=True))
    shape = [sizes[axis] for axis in batch]
    for group in groups:
        size = 1
        for axis in group:
            size = times(size, sizes[axis])
        shape.append(size)
    if rewriter._differs_in_ones(turned, tuple(shape)):  # one Reshape is enough, as anywhere
        rewriter.normal.absorbed.add(turned[0])
        turned = turned[0].inputs[0]
    return _reshaped(rewriter, name, turned, shape)


def _transposed(rewriter, name, operand, before, after):
    if before == after:
        return operand
    places = [before.index(axis) for axis in after]
    shape = tuple(rewriter.normal.sizes(operand)[place] for place in places)
    inputs = [operand, whole(places, "int32", (name,))]
    return rewriter.normal.node(name, "Transpose", rewriter.graph.own_type(name), inputs, None, sizes=[shape]), 0


def _reshaped(rewriter, name, operand, shape):
    own, written = rewriter.normal.sizes(operand), with_rest(shape)
    if own in (tuple(shape), reshaped(own, written)):  # one unknown size is the rest, of whatever tensor it is told
        return operand
    inputs = [operand, whole(written, "int32", (name,))]
    return rewriter.normal.node(name, "Reshape", rewriter.graph.own_type(name), inputs, None, sizes=[tuple(shape)]), 0


def _product(rewriter, name, factors, batch, turned):
    """Multiply two matrices, or batches of these sizes of them, of which "a" or "b" is transposed."""
    left, right = (rewriter.normal.sizes(one) for one in factors)
    shape = (*batch, left[-1 if turned == "a" else -2], right[-2 if turned == "b" else -1])
    summed = left[-2 if turned == "a" else -1], right[-1 if turned == "b" else -2]
    if summed[0] != summed[1]:
        rewriter.normal.demands.append(Demand(name, summed, False, False))
    key = {"a": "adj_x", "b": "adj_y"} if batch else {"a": "transpose_a", "b": "transpose_b"}
    attributes = rewriter.graph.own_type(name) | ({key[turned]: _YES} if turned else {})
    op = "BatchMatMulV2" if batch else "MatMul"
    return rewriter.normal.node(name, op, attributes, list(factors), None, {_CAUSE}, sizes=[shape]), 0


def finish(rewriter):
    """Reshape gradients after they are handed on: a product of matrices has gradients, and a group, of its own."""
    normal = rewriter.normal
    users = users_of(normal) if rewriter.summed else {}
    for product, last, returned in rewriter.summed:
        groups = {one for one in users.get(last[0], ()) if one.op == "NoOp" and last[0] in one.controls}
        handing = users.get(last[0], set()) - groups
        is_alone = len(groups) == len(handing) == 1
        if is_alone and all(one.op == "Identity" and one.controls == groups for one in handing):
            if last != product:
                _reshape_later(normal, product, last[0], *groups, *handing)
        elif returned:
            back, total = returned
            redirect(normal, {back: total})
            normal.absorbed.update({back[0], product[0]})
    if rewriter.summed:
        arrange(normal)


def _reshape_later(normal, product, last, group, identity):
    group.controls = group.controls - {last} | {product[0]}
    for node in normal.nodes:
        node.inputs = [(last, 0) if one == (identity, 0) else one for one in node.inputs]
        if identity in node.controls:
            node.controls = node.controls - {identity} | {last}
    for name, tensor in normal.tensors.items():
        if tensor == (identity, 0):
            normal.tensors[name] = (last, 0)
    first = last
    while first.inputs[0] != product:
        first = first.inputs[0][0]
    identity.inputs[0], first.inputs[0] = product, (identity, 0)
    normal.set_sizes(identity, normal.sizes(product))


RULES = {"Einsum": _einsum}
