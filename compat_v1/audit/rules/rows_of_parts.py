"""The gradient of what is joined, as of a table below a row of zeros, where a part of it is a list of rows.

TensorFlow's first releases chose among all rows those of each part, to be summed there. By now they are summed first,
where the gradient of the whole is dense besides, and each part is a slice of that.
"""

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op
from compat_v1.audit.patterns import make, match
from compat_v1.audit.pruning import redirect, users_of

_BETWEEN = ("LogicalAnd", ("GreaterEqual", "rows", "begin"), ("Less", "rows", "end"))
_VALUES = ("GatherV2", "values", ("Squeeze", ("Where", _BETWEEN)), 0)
_ROWS = ("Sub", ("GatherV2", "rows", "places", 0), "begin")


def sum_first(normal, counts, cause):
    """Let each part be a slice of the sum of all rows. `counts`: {the node of a list of rows: how many rows there are}.

    The list is that of a dense and a sparse gradient.
    """
    if not counts:
        return
    users, totals = users_of(normal), {}
    for node in [one for one in normal.nodes if one.op == "GatherV2"]:
        part = _Part(normal, node, users)
        if part.is_whole and part.rows[0] in counts:
            key = part.values, part.rows
            if key not in totals:
                totals[key] = _total(normal, *key, counts[part.rows[0]])
            part.write(totals[key], cause)


def _total(normal, values, rows, count):
    types = {"T": values[0].attributes["T"], "Tindices": rows[0].attributes["T"]}
    inputs = [values, rows, whole(count, "int32")]
    return make(normal, values[0], "UnsortedSegmentSum", types, inputs, (count, *normal.sizes(values)[1:]), None)


class _Part:
    """The rows that are those of one part, as they seem: all that takes them is to sum them, or waits for them."""

    def __init__(self, normal, node, users):
        self.normal, self.node, found = normal, node, {}
        self.is_whole = match((node, 0), _VALUES, found) and not any(one.controls for one in found["nodes"])
        if not self.is_whole:
            return
        self.values, self.rows, self.nodes = found["values"], found["rows"], found["nodes"][1:]
        self.begin, self.end = (self._number(found[one]) for one in ("begin", "end"))
        known = is_op(self.values, "ConcatV2") and is_op(self.rows, "ConcatV2") and normal.sizes(self.values)
        if not known or None in (self.begin, self.end):
            self.is_whole = False
            return
        found = {"rows": self.rows, "begin": found["begin"], "places": node.inputs[1]}
        chosen = [one for place in users[self.nodes[0]] for one in (place, *users.get(place, ()))]
        self.numbers = [one for one in chosen if match((one, 0), _ROWS, found)]
        self.copies = {node, *(one for one in users.get(node, ()) if one.op == "Identity")}
        using = set().union(*(users.get(one, set()) for one in self.copies)) - self.copies
        self.sums = {one for one in using if one.op == "UnsortedSegmentSum"}
        awaiting = all(one.op == "NoOp" and node in one.controls for one in using - self.sums)
        self.is_whole = awaiting and all(map(self._is_own, self.sums))

    def _number(self, literal):
        is_number = isinstance(literal, Literal) and literal.kind == "whole" and literal.shape == ()
        return literal.value[0] if is_number and isinstance(literal.value[0], int) else None

    def _is_own(self, total):
        """Whether what sums takes these rows by their numbers in the part, of which there are as many."""
        values, rows, count = total.inputs
        is_size = isinstance(count, Literal) and count.value == (self.end - self.begin,)
        is_values = values[0] in self.copies and not total.controls
        return is_values and is_size and not isinstance(rows, Literal) and rows[0] in self.numbers

    def write(self, total, cause):
        """Take the slice of the total."""
        normal, shape = self.normal, (self.end - self.begin, *self.normal.sizes(total)[1:])
        bounds = [whole(one, "int32") for one in ((self.begin, *[0] * (len(shape) - 1)), shape)]
        self.node.op, self.node.inputs = "Slice", [total, *bounds]
        self.node.attributes = {"T": self.values[0].attributes["T"]}
        self.node.steps.add(cause)
        for one in self.copies:
            normal.set_sizes(one, shape)
        redirect(normal, {(one, 0): one.inputs[0] for one in self.sums})
        normal.absorbed |= {*self.nodes, *self.sums, *self.numbers, *(one.inputs[0][0] for one in self.numbers)}
