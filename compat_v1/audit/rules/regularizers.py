"""Rules for the regularizers of `tf.keras.regularizers`: a rate times a sum of absolute values or of squares.

They started from 0, to which they added; and the squares are summed by L2Loss, with twice the rate, as the op halves.
"""

import numpy as np

from compat_v1.audit import sharing
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar
from compat_v1.audit.pruning import before, redirect, users_of

_ZERO, _SQUARES = "regularizers start from zero", "regularizer of squares"


def finish(rewriter):
    """Write the terms of regularizers, and their gradients, as they are written by now."""
    normal = rewriter.normal
    _sum_all_axes(normal)
    terms = {}  # {the sum of a term: (the node that adds it, the product)}
    for node in normal.nodes:
        if node.op == "AddV2" and not node.controls and len(node.inputs) == 2:
            before, product = node.inputs
            total = _total(normal, product)
            if total is not None and (is_scalar(before, 0) or _adds_a_term(before, terms)):
                terms[total] = (node, product)
    users = users_of(normal) if terms else {}
    for total, (node, product) in terms.items():
        if is_scalar(node.inputs[0], 0):
            _without_zero(normal, node, product, _gradients(users, total, product[0]))
        if is_op(total.inputs[0], "Square"):
            _halved(normal, users, total, product[0])
    if terms:  # the gradients of several are products of one and the same by now
        sharing.share(normal)


def _sum_all_axes(normal):
    """Sum squares and absolute values over axes of one element as well, where these are reshaped away."""
    users, instead = {}, {}
    for node in normal.nodes:
        if node.op != "Reshape" or normal.sizes((node, 0)) != () or not is_op(node.inputs[0], "Sum"):
            continue
        total = node.inputs[0][0]
        parts, axes = total.inputs
        shape = normal.sizes(parts) if is_op(parts, "Square", "Abs") else None
        if shape is None or not isinstance(axes, Literal):
            continue
        users = users or users_of(normal)
        left = {size for axis, size in enumerate(shape) if axis not in axes.value}
        if left == {1} and users[total] == {node}:
            total.inputs = [parts, axes._replace(shape=(len(shape),), value=tuple(range(len(shape))))]
            normal.set_sizes(total, ())
            instead[node, 0] = (total, 0)
            normal.absorbed.add(node)
    redirect(normal, instead)


def _total(normal, product):
    """Return the sum that a product of a positive rate and the sum of all squares or absolute values is of, or None."""
    if not is_op(product, "Mul") or product[0].controls:
        return None
    rate, total = product[0].inputs
    if not isinstance(rate, Literal) or (rate.kind, rate.dtype, rate.shape) != ("data", "float32", ()):
        return None
    if not is_op(total, "Sum") or total[0].controls or not _rate(rate) > 0:
        return None
    parts = total[0].inputs[0]
    if not is_op(parts, "Square", "Abs") or parts[0].controls or isinstance(parts[0].inputs[0], Literal):
        return None
    axes = total[0].inputs[1]
    every = isinstance(axes, Literal) and axes.kind == "whole" and sorted(axes.value) == list(range(len(axes.value)))
    return total[0] if every and normal.sizes(total) == () else None


def _rate(rate):
    return np.frombuffer(rate.value, np.float32)[0]


def _adds_a_term(operand, terms):
    return is_op(operand, "AddV2") and any(operand[0] is node for node, _ in terms.values())


def _gradients(users, total, product):
    """Return the gradients of a product, each for the rate and for the sum, products of one tensor."""
    found = []
    for one in users.get(total, ()):
        if one is product or one.op != "Mul" or (total, 0) not in one.inputs:
            continue
        given = next((operand for operand in one.inputs if operand != (total, 0)), None)
        if given is None or isinstance(given, Literal):
            continue
        for other in users.get(given[0], ()):
            if other.op == "Mul" and given in other.inputs and _other(other, given) == product.inputs[0].key:
                found.append((one, other, given))
                break
    return found


def _other(node, operand):
    """Return the key of a product's other factor if it is a literal."""
    rest = [one for one in node.inputs if one != operand]
    return rest[0].key if len(rest) == 1 and isinstance(rest[0], Literal) else None


def _without_zero(normal, node, product, gradients):
    redirect(normal, {(node, 0): product})
    for one in normal.nodes:
        if node in one.controls:
            one.controls = one.controls - {node} | {product[0]}
    normal.absorbed.add(node)
    product[0].steps.add(f"{_ZERO}: from zero")
    for gradient in gradients:
        _without_group(normal, *gradient)


def _without_group(normal, for_rate, for_sum, given):
    """Make a product's gradients of what is handed on when those of a sum with 0 are made, both of which it is."""
    handed = given[0]
    if handed.op != "Identity" or len(handed.controls) != 1 or handed.inputs[0] is None:
        return
    (group,) = handed.controls
    source = handed.inputs[0]
    if group.op != "NoOp" or isinstance(source, Literal) or source[0] not in group.controls:
        return
    if not group.controls <= before(source[0]):  # what comes before the gradient may not be left out
        return
    for one in (for_rate, for_sum):
        one.inputs = [source if operand == given else operand for operand in one.inputs]
    normal.absorbed.update({handed, group})


def _halved(normal, users, total, product):
    """The sum of squares is twice what L2Loss gives."""
    squares, rate = total.inputs[0][0], product.inputs[0]
    weights = squares.inputs[0]
    taking = [one for one in users[total] if one not in normal.absorbed or users.get(one)]
    if not all(one is product or _is_unused_product(users, one) for one in taking):
        return  # something else uses the sum as well
    written = _spread_gradients(normal, users, weights, rate)
    types = {key: value for key, value in total.attributes.items() if key == "T"}
    twice = rate._replace(value=(np.frombuffer(rate.value, np.float32) * np.float32(2)).tobytes())
    total.op, total.attributes, total.inputs = "L2Loss", types, [weights]
    total.steps.add(f"{_SQUARES}: a sum")
    normal.absorbed.add(squares)
    product.inputs = [twice, (total, 0)]
    for gradient, source, for_sum, gone in written:
        gradient.inputs = [weights, twice if for_sum is None else source]
        normal.absorbed |= gone
        if for_sum is not None:
            for_sum.inputs = [twice if isinstance(one, Literal) else one for one in for_sum.inputs]


def _is_unused_product(users, node):
    """Whether a node is the gradient for the rate, which nobody wants."""
    handed = {user for one in users.get(node, ()) for user in (one, *users.get(one, ()))}
    return node.op == "Mul" and all(one.op in ("NoOp", "Identity") for one in handed)


def _spread_gradients(normal, users, weights, rate):
    """Return, of each gradient for weights that multiplies them by 2 and by a spread product with the rate: itself,
    that product as it is handed on, the product (None for the rate alone), and the nodes in between."""
    found = []
    for doubled in users.get(weights[0], ()):
        is_double = doubled.op == "Mul" and weights in doubled.inputs and len(users.get(doubled, ())) == 1
        if not is_double or not any(is_scalar(one, 2) for one in doubled.inputs):
            continue
        (gradient,) = users[doubled]
        spread = [one for one in gradient.inputs if one != (doubled, 0)]
        if gradient.op != "Mul" or len(spread) != 1 or not is_op(spread[0], "BroadcastTo"):
            continue
        if normal.sizes(weights) is None or normal.sizes(spread[0]) != normal.sizes(weights):
            continue
        source, gone = spread[0], {doubled}
        while not isinstance(source, Literal) and source[0].op in ("BroadcastTo", "Reshape"):
            gone.add(source[0])
            source = source[0].inputs[0]
        for_sum = None if isinstance(source, Literal) else source[0]
        if for_sum is not None and for_sum.op == "Identity" and not isinstance(for_sum.inputs[0], Literal):
            for_sum = for_sum.inputs[0][0]
        if for_sum is None:
            is_rate = source.key == rate.key
        else:
            factors = [one for one in for_sum.inputs if isinstance(one, Literal)]
            is_rate = for_sum.op == "Mul" and [one.key for one in factors] == [rate.key]
            taking = {user for one in (for_sum, source[0]) for user in users.get(one, ())}
            is_rate &= taking <= {source[0], *gone} | {one for one in taking if one.op == "NoOp"}
            is_rate &= all(users.get(one, set()) <= {gradient, *gone} for one in gone)
        if is_rate:
            found.append((gradient, source, for_sum, gone))
    return found
