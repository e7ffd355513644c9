"""tf.layers.batch_normalization of TensorFlow 1.0 under Python 3: of rows reshaped to as many axes as the tensor has.

Everything is brought into the newer form, in which mean, variance, scale and offset are rows. What else takes such a
row, or gives one, does so reshaped.
"""

from collections import defaultdict
from itertools import compress
from operator import attrgetter

from compat_v1.audit.conditions import of_nodes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, is_tensor, is_zeros, makers
from compat_v1.audit.patterns import make, set_terms
from compat_v1.audit.pruning import arrange, redirect, users_of

_RULE = "reshaped rows"
_BROADCASTING = ("AddV2", "Sub", "Mul")
_NUMBER = attrgetter("number")
# What normalizes by rows, and the gradients of that, in branches or not.
_OPS = {*_BROADCASTING, "Neg", "Square", "Rsqrt", "RsqrtGrad", "Identity", "AddN", "Switch", "Merge", "Const"}


def finish(normal):
    """Bring what a layer computes of reshaped rows into the newer form."""
    reshaped = {node: None for node in normal.nodes if node.op == "Reshape" and _row(normal, node) is not None}
    users, found, seen = _takers(normal) if reshaped else {}, [], set()
    for first in reshaped:
        if first not in seen:
            found.append(_beside(normal, first, users, reshaped))
            seen |= found[-1]
    is_layer = [any(_is_of_layer(normal, one, reshaped, users) for one in beside) for beside in found]
    layers = list(compress(found, is_layer))
    known = {normal.sizes((node, 0)) for beside in layers for node in beside & reshaped.keys()}
    taken, given = {}, {}
    for beside, is_whole in zip(found, is_layer, strict=True):
        sizes, inside = normal.sizes((next(iter(beside)), 0)), beside - reshaped.keys()
        if is_whole or (inside and sizes in known and _are_unused(inside, users)):
            rows = _Rows(normal, sizes, inside)
            rows.write(users)
            taken.update(rows.taken)
            given.update(rows.given)
    if layers:
        _leave_out(normal, taken, given)
        arrange(normal)
        _add_at_once(normal, set().union(*layers))


def _takers(normal):
    """Return {node: the nodes that take what it gives}."""
    takers = defaultdict(list)
    for node in normal.nodes:
        for one in dict.fromkeys(makers(node)):
            takers[one].append(node)
    return takers


def _is_of_layer(normal, node, reshaped, users):
    """Whether a node is the root of a variance that an average is, reshaped, or that moves one as a row."""
    variance = node.inputs[0][0].inputs[0] if node.op == "Rsqrt" and is_op(node.inputs[0], "AddV2") else None
    if is_op(variance, "Switch"):
        variance = variance[0].inputs[0]
    if not is_tensor(variance):
        return False
    sizes = normal.sizes(variance) or ()
    moved = [one for one in users.get(variance[0], ()) if one.op == "Reshape" and normal.sizes((one, 0)) == sizes[-1:]]
    return variance[0] in reshaped or bool(sizes and moved)


def _are_unused(gradients, users):
    """Whether nodes hand on gradients that nothing takes, as of the scale of a layer that is not trained."""
    return all(one.op == "Identity" and not users.get(one) for one in gradients)


def _row(normal, node):
    """Return the row, or rows of which there is one, of which a node makes axes of size 1 in front, or None.

    The sum that is the gradient of a row is over no axes of one element that the tensor has before its last.
    """
    row, sizes = node.inputs[0], normal.sizes((node, 0)) or ()
    known = normal.sizes(row) if is_tensor(row) else None
    is_row = known and len(known) < len(sizes) and isinstance(known[-1], int) and _is_one(known)
    return row if is_row and sizes[-1] == known[-1] and _is_one(sizes) else None


def _is_one(sizes):
    return all(size == 1 for size in sizes[:-1])


def _beside(normal, first, users, reshaped):
    """Return a reshaped row with others, and what computes the like of it, as far as one takes another.

    Of what nothing takes only gradients are, but not their sum, which is that of what stops gradients.
    """
    sizes, found, todo = normal.sizes((first, 0)), {first}, [first]
    while todo:
        node = todo.pop()
        beside = {*users.get(node, ()), *(makers(node) if node not in reshaped else ())}
        new = {one for one in beside if normal.sizes((one, 0)) == sizes} - found
        new = {one for one in new if one in reshaped or (one.op in _OPS and _is_taken(one, users))}
        found |= new
        todo += new
    return found


def _is_taken(node, users):
    """Whether something takes what a node gives, or it hands on a gradient, or tells a branch."""
    copies = node.op == "Identity" and not node.controls and not is_op(node.inputs[0], "Switch")
    return bool(users.get(node)) or not (node.op == "AddN" or copies)


def _add_at_once(normal, inside):
    """The gradients of a row, which each layer that takes it added up for the row that it reshaped, are one sum."""
    parts = {(node, 0) for node in inside if node.op == "AddN"}
    totals = [node for node in normal.nodes if node.op == "AddN" and not parts.isdisjoint(node.inputs)]
    users, told = (users_of(normal), of_nodes(normal.nodes)) if totals else ({}, None)
    for total in totals:
        own = {one for one in parts.intersection(total.inputs) if users[one[0]] - normal.absorbed == {total}}
        own = {one for one in own if _is_of_branches(one[0], told)}
        set_terms(total, [of for one in total.inputs for of in (one[0].inputs if one in own else [one])])
        normal.absorbed.update(one[0] for one in own)


def _is_of_branches(total, told):
    """Whether a sum is of the gradients in the branches of one condition, of which all but one are zeros."""
    found = []
    for term in total.inputs:
        gradients = [one for one in term[0].inputs if not _is_zero(one)] if is_op(term, "Merge") else []
        if len(gradients) != 1 or len(term[0].inputs) != 2:
            return False
        found.append(told.of_tensor(*gradients[0]))
    one, *others = found
    return len(others) == 1 and any((condition, 1 - k) in others[0] for condition, k in one)


def _is_zero(operand):
    return is_op(operand, "Const") and is_zeros(operand[0].inputs[0])


def _leave_out(normal, taken, given):
    """Let the rows come for what was reshaped, {reshaped: row}, as layers take it, if nothing else does, or give it."""
    still = {one for node in normal.nodes for one in node.inputs if is_tensor(one)} - given.keys()
    instead = {**{one: row for one, row in taken.items() if one not in still}, **given}
    redirect(normal, instead)
    places = {one[0]: row[0] for one, row in instead.items()}
    for node in normal.nodes:
        node.controls = frozenset(places.get(one, one) for one in node.controls)
    normal.absorbed |= places.keys()


class _Rows:
    """Nodes `inside`, to compute rows of the last of these sizes; what is reshaped, {reshaped: row}, as it finds it."""

    def __init__(self, normal, sizes, inside):
        self.normal, self.sizes, self.row, self.inside = normal, sizes, sizes[-1:], inside
        self.attributes = next({"T": node.attributes["T"]} for node in inside if "T" in node.attributes)
        self.taken, self.given = {}, {}

    def write(self, users):
        """Let the nodes take rows and give them."""
        ordered = sorted(self.inside, key=_NUMBER)
        outside = sorted({user for node in ordered for user in users.get(node, ())} - self.inside, key=_NUMBER)
        for node in ordered:
            node.inputs = [self._taken(node, one) for one in node.inputs]
            node.steps.add(_RULE)
        for node in ordered:
            for index in range(len(node.outputs) if node.op == "Switch" else 1):
                self.normal.set_sizes(node, self.row, index)
        for user in outside:
            numbers = users.get(user, ()) if user.op == "Sum" else ()
            if numbers and self._are_numbers(user, numbers):
                user.inputs[1] = whole([0], "int32")
                self.normal.set_sizes(user, ())
                self.given.update(dict.fromkeys(((one, 0) for one in numbers), (user, 0)))
            else:
                user.inputs = [self._given(user, one) for one in user.inputs]

    def _taken(self, node, operand):
        """Return the row that stands for what a node inside takes."""
        if self.normal.sizes(operand) != self.sizes:
            return operand
        if isinstance(operand, Literal):
            return operand._replace(shape=self.row)
        if operand[0] in self.inside:
            return operand
        row = _row(self.normal, operand[0]) if operand[0].op == "Reshape" else None
        if row is None:
            return self._reshaped(node, operand, self.row)
        if operand not in self.taken:
            is_row = self.normal.sizes(row) == self.row
            self.taken[operand] = row if is_row else self._reshaped(node, row, self.row)
        return self.taken[operand]

    def _given(self, user, operand):
        """Return what a user outside takes for what a node inside gives: a row, if that does as well."""
        if isinstance(operand, Literal) or operand[0] not in self.inside or self.normal.sizes(operand) != self.row:
            return operand
        if user.op in _BROADCASTING and any(self._is_larger(one) for one in user.inputs):
            return operand
        if user.op == "Reshape" and self.normal.sizes((user, 0)) == self.row:
            self.given[user, 0] = operand
            return operand
        return self._reshaped(user, operand, self.sizes)

    def _are_numbers(self, total, users):
        """Whether a sum is over all elements and only reshaped into a number, as a constant's gradient is."""
        axes = total.inputs[1]
        over_all = isinstance(axes, Literal) and axes.kind == "whole" and axes.value == (len(self.sizes) - 1,)
        return over_all and all(one.op == "Reshape" and self.normal.sizes((one, 0)) == () for one in users)

    def _is_larger(self, operand):
        inside = is_tensor(operand) and operand[0] in self.inside
        return not inside and len(self.normal.sizes(operand) or ()) >= len(self.sizes)

    def _reshaped(self, node, operand, sizes):
        return make(self.normal, node, "Reshape", self.attributes, [operand, whole(sizes, "int32")], sizes, _RULE)
