"""Which gradients come beside others of the same op, for `idle.py`: `tf.gradients` without gates makes no groups.

Those for a count of weights: TensorFlow 1.0 made x / count, or 0, of other ops, whose gradients are others as well. And
both of a quotient by a count of elements, as of a mean: such a count is made of sizes, which no gradient is for. And
those for the 1 that ones like a tensor are full of, as labels are: it made them by an op that has a gradient; and for
the 2 by which the gradient of a square multiplies, where that has a gradient. And with
a gradient for rows that are looked up come their numbers; for those of a constant table it made both, until 1.8, where
the numbers are counted along a tensor that has a gradient. And with the gradient for what is multiplied by labels, that
are whole numbers, cast, and what they are from 1, comes theirs, which TensorFlow 1.0 handed on to those. And with the
gradient for the logits of a cross entropy comes that for the labels, since 1.5 to 1.8.
"""

from compat_v1.audit.backward import LOSSES, of_rows, takes_loss_gradient
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_of_whole_numbers, is_op, is_scalar, is_tensor, single
from compat_v1.audit.rules import oldest_losses

_ENDS = ("Mul", "Reshape", "Sum")
_SELECTS = ("Select", "SelectV2")


def siblings(normal, users):
    """Return what others come beside: gradients for counts that something is divided by, and for ones; numbers of rows.

    Where there is nothing to divide by, a quotient is 0.
    """
    quotients = {_pair(*node.inputs): node for node in normal.nodes if _is_by_count(node)}
    taking = _products(normal)
    found = _for_numbers(normal, users) | _numbers_of_rows(normal, users) | _for_labels(normal, users, taking)
    found |= _for_labels_of_losses(normal, taking)
    for node in normal.nodes if quotients else ():
        if node.op == "Mul":
            pairs = _for_divisor(node, quotients)
        elif node.op in _SELECTS and oldest_losses.is_zero(node.inputs[1]):
            pairs = [(node.inputs[2], oldest_losses.positive(node.inputs[0]))]
        else:
            continue
        for gradient, count in pairs:
            other = None if count is None else quotients.get(_pair(gradient, count))
            if other is not None:
                found |= {node, other} if other.op == "RealDiv" else {node}
    return found


def of_products(normal, users, idle):
    """Return the ends of gradients of a product that nothing uses, for one factor, of which that for the other is idle.

    They are the gradient of the product times the one factor and times the other, made behind the product.
    """
    taking, found = _products(normal), set()
    for end in normal.nodes if idle else ():
        if end in idle or users.get(end) or end.op not in _ENDS:
            continue
        product = end
        while product.op != "Mul" and is_op(product.inputs[0], *_ENDS):
            product = product.inputs[0][0]
        if product.op != "Mul" or not all(map(is_tensor, product.inputs)):
            continue
        for gradient, factor in (product.inputs, product.inputs[::-1]):
            others = taking.get(gradient, {})
            before = {other for other, one in taking[factor].items() if one.number < product.number}
            if any(others.get(other) in idle for other in before - {gradient}):
                found.add(end)
    return found


def _for_numbers(normal, users):
    """Return the sums of x * g that nothing uses, where there are x times a number and g times that, which is for x."""
    by_number: dict = {}
    for node in normal.nodes:
        if node.op == "Mul":
            for one, other in (node.inputs, node.inputs[::-1]):
                if is_tensor(one) and _is_one_number(other):
                    by_number.setdefault(one, set()).add(other.key)
    found = set()
    for node in normal.nodes if by_number else ():
        if node.op != "Sum" or not is_op(node.inputs[0], "Mul"):
            continue
        reshaped, sizes, factors = users.get(node, set()), normal.sizes((node, 0)), node.inputs[0][0].inputs
        if sizes is None or set(sizes) - {1} or any(one.op != "Reshape" or users.get(one) for one in reshaped):
            continue
        if all(map(is_tensor, factors)) and set.intersection(*(by_number.get(one, set()) for one in factors)):
            found.add(node)
    return found


def _numbers_of_rows(normal, users):
    """Return the numbers, in one line, of rows that are looked up, where nothing uses them nor the rows' gradient."""
    ends = [node for node in normal.nodes if node.op == "Reshape" and not users.get(node)]
    ends = [node for node in ends if isinstance(node.inputs[1], Literal)]
    gradients = {(normal.sizes(node.inputs[0]), node.inputs[1].value) for node in ends}
    lines = {node.inputs[0]: node for node in ends if node.inputs[1].value == (-1,)}
    found = set()
    for node in normal.nodes if lines else ():
        numbers = node.inputs[1] if node.op == "GatherV2" else None
        sizes, own = (normal.sizes(one) for one in ((node, 0), numbers)) if numbers in lines else (None, None)
        if None not in (sizes, own) and (sizes, (-1, *sizes[len(own) :])) in gradients:
            found.add(lines[numbers])
    return found


def _for_labels(normal, users, taking):
    """Return the products t * g where there are s * t and s * g, and s is whole numbers, cast, from or to a number.

    So are the gradients for the factors of s * t, if one group hands on both.
    """
    found = set()
    for label in taking:
        if not is_op(label, "Sub", "AddV2") or not _is_of_whole_numbers(normal, label[0]):
            continue
        for one, product in taking[label].items():
            groups = _handing_on(product, users)
            for other in taking[one].keys() & taking[label].keys() - {one} if groups else ():
                if groups & _handing_on(taking[one][other], users):
                    found.add(taking[one][other])
    return found


def _for_labels_of_losses(normal, taking):
    """Return the products g * -log(softmax) where there is g times what a cross entropy of the same logits gives."""
    found = set()
    for loss in [node for node in normal.nodes if node.op in LOSSES and is_tensor(node.inputs[0])]:
        logits = {of_rows(loss.inputs[0])}
        for gradient in taking.get((loss, 1), ()):
            others = taking[gradient].values()
            found |= {one for one in others if (loss, 1) not in one.inputs and takes_loss_gradient(one, logits)}
    return found


def _products(normal):
    """Return {factor: {other factor: their product}} for the products of two tensors."""
    found: dict = {}
    for node in normal.nodes:
        if node.op == "Mul" and all(map(is_tensor, node.inputs)):
            for one, other in (node.inputs, node.inputs[::-1]):
                found.setdefault(one, {})[other] = node
    return found


def _handing_on(product, users):
    """Return what waits for a product, or for what it was summed and reshaped to, as a group of gradients does."""
    found, todo = set(), [product]
    while todo:
        node = todo.pop()
        found |= {user for user in users.get(node, ()) if user.op == "NoOp"}
        todo += (user for user in users.get(node, ()) if user.op in ("Sum", "Reshape"))
    return found


def _is_of_whole_numbers(normal, node):
    """Whether a sum or difference is one of a number and of whole numbers, cast."""
    others = [one for one in node.inputs if not isinstance(one, Literal)]
    return len(others) == 1 and is_of_whole_numbers(normal.graph, others[0][0].name)


def _is_one_number(operand):
    """Whether an operand is one number, or full of ones."""
    one = single(operand) if isinstance(operand, Literal) and operand.kind != "text" else None
    return one is not None and (operand.shape == () or is_scalar(one, 1))


def _is_by_count(node):
    """Whether a node divides by a count, of weights or of elements."""
    if node.op == "RealDiv" and is_op(node.inputs[1], "Cast"):
        sizes = node.inputs[1][0].inputs[0]
        return isinstance(sizes, Literal) and sizes.kind == "whole" and sizes.shape == ()
    return node.op == oldest_losses.QUOTIENT


def _for_divisor(node, quotients):
    """Yield (g, count) if a product is g * (-x / count / count), and there is the quotient x / count."""
    for gradient, ratio in (node.inputs, node.inputs[::-1]):
        if not is_op(ratio, "RealDiv", oldest_losses.QUOTIENT):
            continue
        negative, divisor = ratio[0].inputs
        if not is_op(negative, ratio[0].op) or negative[0].inputs[1] != divisor:
            continue
        count, negated = oldest_losses.count_of(divisor), negative[0].inputs[0]
        if not is_op(negated, "Neg") or _pair(negated[0].inputs[0], count) not in quotients:
            continue
        if is_op(gradient, *_SELECTS) and oldest_losses.positive(gradient[0].inputs[0]) == count:
            gradient = gradient[0].inputs[1]  # the gradient where there is something to divide by
        yield gradient, count


def _pair(*operands):
    return tuple(one.key if isinstance(one, Literal) else one for one in operands)
