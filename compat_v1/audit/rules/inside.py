"""Leaky relus and what is clipped in loops and branches, with gradients: elsewhere `older_ops.py` has these.

Gradients in a loop take what it keeps for them, which differs with the form. So a leaky relu that is written out is
made the op, and the gradient of what is clipped, of the tensor or of the smaller part, an op of the normal form.
"""

import numpy as np
import tensorflow as tf

from compat_v1.audit.leaky import CAUSE as LEAKY
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_tensor, is_zeros
from compat_v1.audit.patterns import is_same, make, set_terms
from compat_v1.audit.pruning import popped_of, redirect, users_of

CLIPPED = "gradient of what is clipped"  # also an op of the normal form: of what arrives, the tensor and the limits
_USUAL = 0.2  # the alpha that LeakyRelu need not say


def finish(normal):
    """Write leaky relus as one op, and the gradients of what is clipped in one form."""
    larger = [node for node in normal.nodes if node.op == "Maximum" and _is_inside(normal, node)]
    if not larger:
        return
    gradients = Gradients(normal)
    for node in larger:
        if not gradients.of_leaky(node):
            gradients.of_clipped(node)


def _is_inside(normal, node):
    return bool(normal.graph.frames.get(node.name)) or node.name in normal.graph.conditional


class Gradients:
    """The gradients in a normal form, to be found by what they are of."""

    def __init__(self, normal):
        self.normal, self.users, self.popped = normal, users_of(normal), popped_of(normal)

    def of_leaky(self, larger):
        """The larger of a tensor and a part of it is a leaky relu: write it, and its gradients, as these ops."""
        product, x = larger.inputs
        if not is_op(product, "Mul") or product[0].inputs[1] != x or not is_tensor(x):
            return False
        rate = _rate(product[0].inputs[0])
        if rate is None or product[0].controls or self.normal.graph.dtype(larger.name) != "float32":
            return False
        users = {user for one in self._also_popped(product) for user in self.users[one[0]] if one in user.inputs}
        asking = {one for one in users if one.op == "GreaterEqual" and self.normal.pushed(one.inputs[1]) == x}
        if {one for one in users if one.op != "StackPushV2"} != {larger, *asking}:
            return False
        terms = [self._terms_of_leaky(one, product[0].inputs[0]) for one in asking]
        if None in terms:
            return False
        attributes = {} if rate == np.float32(_USUAL) else {"alpha": tf.compat.v1.AttrValue(f=rate).SerializeToString()}
        for total, (first, last), parts, (gradient, tensor) in terms:
            made = "LeakyReluGrad", attributes, [gradient, tensor]
            if len(total.inputs) == 2:
                total.op, total.attributes, total.inputs = made
                total.colocated = ()  # the terms are, in the sum's place
                total.steps.add(LEAKY)
            else:
                sizes = self.normal.sizes((total, 0))
                one = make(self.normal, first[0], *made, sizes, LEAKY)
                set_terms(total, [one if term == first else term for term in total.inputs if term != last])
            self.normal.absorbed |= parts
        larger.op, larger.attributes, larger.inputs = "LeakyRelu", attributes, [x]
        larger.steps.add(LEAKY)
        self.normal.absorbed.add(product[0])
        return True

    def _terms_of_leaky(self, asked, rate):
        """Return (sum, two terms of it, the nodes that make them, (what arrives, the tensor)) of a gradient, or None.

        It is the gradient that arrives, where the tensor is the larger one, and as large a part of it elsewhere.
        """
        chosen = sorted(self.users[asked], key=lambda one: not is_zeros(one.inputs[-1]))
        handed = self.handed_on(chosen) if [one.op for one in chosen] == ["SelectV2", "SelectV2"] else None
        if asked.controls or handed is None:
            return None
        (_, gradient, zero), (_, other_zero, same) = [one.inputs for one in chosen]
        if not (is_zeros(zero) and is_zeros(other_zero) and is_tensor(gradient) and gradient == same):
            return None
        (part, own), parts = handed
        product, total = self._alone(part[0]), self._alone(own[0])
        if product is None or product.op != "Mul" or product.controls or len(product.inputs) != 2:
            return None
        if not any(one == part and is_same(other, rate) for one, other in (product.inputs, product.inputs[::-1])):
            return None
        terms, parts = (own, (product, 0)), {asked, product, *parts}
        if total is None or total.op != "AddN" or total is not self._alone(product) or total.controls:
            return None
        if any(total.inputs.count(one) != 1 for one in terms) or not _are_in_one_place({total, *parts}):
            return None
        return total, terms, parts, (gradient, asked.inputs[1])

    def of_clipped(self, larger):
        """Write the gradients of a tensor that is clipped by two numbers in one form."""
        smaller, least = larger.inputs
        if not is_op(smaller, "Minimum") or smaller[0].controls or not isinstance(least, Literal):
            return
        x, most = smaller[0].inputs
        if not is_tensor(x) or not isinstance(most, Literal):
            return
        for tensor in self._also_popped(x):
            limits = [tensor, least, most]
            for asked in sorted(self.users[tensor[0]], key=lambda one: one.number):
                if asked.op == "LessEqual" and _asks(asked, tensor, most):
                    self._write_of_two(asked, smaller, limits)
                elif asked.op == "Less" and _asks(asked, tensor, least):
                    self._write_of_one(asked, limits)

    def _write_of_two(self, asked, smaller, limits):
        """Where the tensor is not above the most, what has arrived where the smaller part is not below the least."""
        for last in self._choosing(asked):
            first = last.inputs[1][0] if is_zeros(last.inputs[2]) and is_tensor(last.inputs[1]) else last
            first = first.inputs[0][0] if first.op == "Identity" and is_tensor(first.inputs[0]) else first
            if first.op != "SelectV2" or not is_op(first.inputs[0], "GreaterEqual") or not is_zeros(first.inputs[2]):
                continue
            above, gradient = first.inputs[0][0], first.inputs[1]
            if not _asks(above, None, limits[1]) or self.normal.pushed(above.inputs[0]) != smaller:
                continue
            handed = self.handed_on([first]) if is_tensor(gradient) else None
            if handed is None or handed[0] != [last.inputs[1]]:
                continue
            idle = {*self._idle(asked), *self._idle(above)}
            parts = {asked, last, above, *handed[1], *idle}
            if self.users[handed[0][0][0]] <= {last, *idle} and _are_in_one_place(parts):
                self._write_clipped(last, gradient, limits, parts)

    def _write_of_one(self, below, limits):
        """What has arrived where the tensor is neither below the least nor above the most."""
        tensor, _, most = limits
        for either in sorted(self.users[below], key=lambda one: one.number):
            above = either.inputs[1][0] if either.op == "LogicalOr" and is_op(either.inputs[1], "Greater") else None
            if above is None or either.inputs[0] != (below, 0) or either.controls or not _asks(above, tensor, most):
                continue
            idle = {*self._idle(below), *self._idle(above)}
            for chosen in self._choosing(either):
                handed = self.handed_on([chosen]) if is_zeros(chosen.inputs[1]) else None
                parts = {below, above, either, *handed[1], *idle} if handed else set()
                if parts and _are_in_one_place(parts):
                    self._write_clipped(chosen, chosen.inputs[2], limits, parts)
                    chosen.steps.add(CLIPPED)
                    (copy, _) = handed[0][0]
                    for user in self.users[copy]:
                        user.controls = frozenset(chosen if one is copy else one for one in user.controls)
                    redirect(self.normal, {(copy, 0): (chosen, 0)})

    def _choosing(self, asked):
        """Return what chooses by a condition, in order."""
        found = [one for one in self.users[asked] if one.op == "SelectV2" and one.inputs[0] == (asked, 0)]
        return sorted(found, key=lambda one: one.number)

    def _write_clipped(self, node, gradient, limits, parts):
        node.op, node.inputs, node.attributes = CLIPPED, [gradient, *limits], {}
        node.steps -= {"select"}
        self.normal.absorbed |= parts - {node}

    def _idle(self, asked):
        """Return what is chosen by a condition, and summed, for nothing: the gradient of a number."""
        chosen = {one for one in self.users[asked] if one.op == "SelectV2"}
        sums = {one: {user for user in self.users[one] if user.op == "Sum" and not self.users[user]} for one in chosen}
        return {one for node in chosen if self.users[node] == sums[node] for one in (node, *sums[node])}

    def _also_popped(self, tensor):
        """Return a tensor, and where a loop keeps it for its gradient, what is popped."""
        return [tensor, *self.popped.get(tensor, ())]

    def _alone(self, node):
        """Return what alone uses a node, or None."""
        users = self.users[node]
        return next(iter(users)) if len(users) == 1 else None

    def handed_on(self, nodes):
        """Return (the tensors of some nodes as they are handed on, all that does it), or None where it is not clear.

        Gradients of an op are handed on when all are made, also those that nothing takes, as of what it is clipped by.
        """
        copies = self.each_handed_on(nodes)
        if copies is None or any(len(some) != 1 for some in copies[0]):
            return None
        return [one for (one,) in copies[0]], copies[1]

    def each_handed_on(self, nodes):
        """Return the same, with all the tensors of each node: rules may have made one of several."""
        groups = {user for node in nodes for user in self.users[node] if user.op == "NoOp"}
        if not groups:
            return [[(node, 0)] for node in nodes], set(nodes)
        found = [self.users[node] - groups for node in nodes]
        handed = {one for some in found for one in some}
        if any(one.op != "Identity" or len(one.controls) != 1 or not one.controls <= groups for one in handed):
            return None
        idle = {user for group in groups for user in self.users[group]} - handed
        rest = {one for group in groups for one in group.controls} - {*nodes}
        inner = {*groups, *idle, *rest}
        for one in rest:
            made = {maker[0] for maker in one.inputs if is_op(maker, "SelectV2")}
            inner |= {maker for maker in made if self.users[maker] <= inner | {one}}
        if any(node.controls for node in nodes) or any(self.users[one] for one in idle):
            return None
        if any(one.op not in ("Sum", "SelectV2") or not self.users[one] <= inner for one in rest):
            return None
        in_order = [sorted(some, key=lambda one: one.number) for some in found]
        return [[(one, 0) for one in some] for some in in_order], {*nodes, *handed, *inner}


def _rate(operand):
    """Return the part of a tensor that a leaky relu takes below 0, or None."""
    if not isinstance(operand, Literal) or operand.shape != () or operand.kind != "data":
        return None
    rate = np.frombuffer(operand.value, operand.dtype)[0]
    return rate if 0 < rate < 1 else None


def _asks(node, tensor, limit):
    """Whether a node asks of a tensor, or of any, how large it is beside a limit."""
    first, last = node.inputs
    return not node.controls and (tensor is None or first == tensor) and is_same(last, limit)


def _are_in_one_place(nodes):
    return len({(node.device, node.written) for node in nodes}) == 1
