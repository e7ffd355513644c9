"""tf.norm, which squared what it adds up and multiplies it by itself by now; so does its gradient."""

from compat_v1.audit import sharing
from compat_v1.audit.operands import is_tensor, number
from compat_v1.audit.patterns import make, set_terms
from compat_v1.audit.pruning import comes_behind, leave_out_implied_waits, popped_of, users_of
from compat_v1.audit.rules.oldest_losses import doubled_of

_RULE, _CAUSE = "squared norm", "gradient of a norm"


def finish(normal):
    """Write each product of a tensor by itself, of which only square roots of sums are taken, as a square."""
    products = [node for node in normal.nodes if node.op == "Mul" and is_tensor(node.inputs[0]) and _is_square(node)]
    users = users_of(normal) if products else {}
    normed = [node for node in products if _is_normed(node, users)]
    if normed:
        leave_out_implied_waits(normal)  # what hands on a gradient waits for its group alone
        users = users_of(normal)
    for node in normed:
        node.op, node.inputs = "Square", node.inputs[:1]
        node.steps.add(_RULE)
    popped = popped_of(normal) if normed else {}  # in a loop, the gradient takes what is kept for it
    for node in normed:
        for tensor in (node.inputs[0], *popped.get(node.inputs[0], ())):
            _write_gradient(normal, tensor, users)
    if normed:
        sharing.share(normal)  # with what was a square before


def _is_square(node):
    return node.inputs[0] == node.inputs[1] and node.attributes.keys() <= {"T"}


def _is_normed(node, users):
    """Whether only sums take a product, and each of these only, reshaped or not, a square root."""
    sums = users.get(node, set())
    behind = [after for one in sums for after in users.get(one, ())]
    while any(one.op == "Reshape" for one in behind):
        behind = [after for one in behind for after in (users.get(one, ()) if one.op == "Reshape" else [one])]
    return bool(sums) and all(one.op == "Sum" for one in sums) and {one.op for one in behind} == {"Sqrt"}


def _write_gradient(normal, tensor, users):
    """The gradient of such a product, g * x twice in a sum, is g * (2 * x) in that sum."""
    for product in sorted(users.get(tensor[0], ()), key=lambda one: one.number):
        if product.op != "Mul" or tensor not in product.inputs or product.controls:
            continue
        term, replaced = _handed_on(product, users)
        sums = users.get(term[0], set())
        total = next(iter(sums)) if len(sums) == 1 else product
        if total.op != "AddN" or total.inputs.count(term) != 2 or total.controls:
            continue
        if (total.device, total.written) != (product.device, product.written):
            continue
        gradient = product.inputs[product.inputs[0] == tensor]
        types, sizes = product.attributes, normal.sizes((product, 0))
        two = number(2, normal.graph.dtype(product.name))
        known = [one for one in users[tensor[0]] if doubled_of((one, 0)) == tensor and one.device == product.device]
        known = [one for one in known if comes_behind(gradient, [one])]
        twice = (max(known, key=lambda one: len(one.controls)), 0) if known else None
        twice = twice or make(normal, product, "Mul", types, [two, tensor], sizes, _CAUSE)
        if len(total.inputs) == 2:
            total.op, total.attributes, total.inputs = "Mul", types, [gradient, twice]
            total.colocated = ()  # the products are, in the sum's place
        else:
            place = total.inputs.index(term)
            terms = [one for one in total.inputs if one != term]
            terms.insert(place, make(normal, product, "Mul", types, [gradient, twice], sizes, _CAUSE))
            set_terms(total, terms)
        total.steps.add(_CAUSE)
        normal.absorbed |= replaced


def _handed_on(product, users):
    """Return a product as it is handed on when it is made, if nothing else takes it, and what it is handed on by."""
    handed = [one for one in users.get(product, ()) if one.op == "Identity" and len(one.controls) == 1]
    for one in handed:
        (group,) = one.controls
        alone = users[product] == {one, group} and users[group] == {one}
        if alone and group.op == "NoOp" and group.controls == {product}:
            return (one, 0), {one, group, product}
    return (product, 0), {product}
