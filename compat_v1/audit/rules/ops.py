"""Rules for ops that TensorFlow replaced by others which compute the same."""

import numpy as np

from compat_v1.audit import dropout
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import WHOLE, is_op, is_scalar, number, single, with_numbers
from compat_v1.audit.rules.axes import sliced
from compat_v1.audit.sizes import covers


class OpRules:
    """Rules by op, for a `Rewriter`: each takes a node over in its one form, and says whether it did."""

    def _Add(self, name, node, operands):
        if self.dtype(name) == "string":
            return False
        if self._AddV2(name, node, operands):
            return True
        self.normal.keep(name, "AddV2", operands, steps={"AddV2"})
        return True

    def _Div(self, name, node, operands):
        if not self.dtype(name).startswith(("float", "bfloat")):
            return False
        self.normal.keep(name, "RealDiv", operands, steps={"division"})
        return True

    def _unit_interval(self, name, operands):
        """u * w + 0 is u * w, for u from RandomUniform."""
        product, low = operands
        if is_scalar(low, 0) and self._is_drawn(product):
            self.normal.alias(name, product, "unit interval")
            return True
        return False

    def _is_drawn(self, operand):
        """Whether a tensor is drawn by RandomUniform, or is a positive multiple of that: it is never -0."""
        if is_op(operand, "Mul"):
            factors = operand[0].inputs
            drawn = [one for one in factors if is_op(one, "RandomUniform")]
            return bool(drawn) and all(_is_positive(one, drawn) for one in factors)
        return is_op(operand, "RandomUniform")

    def _Sub(self, name, node, operands):
        """w - 0 is w, for constants."""
        high, low = operands
        if not (isinstance(high, Literal) and is_scalar(low, 0) and high.kind == "data" and high.shape == ()):
            return False
        self.normal.alias(name, high._replace(alive=high.alive | low.alive, names=(name, *high.names)), "unit interval")
        return True

    def _Mul(self, name, node, operands):
        """u * 1 is u, for u from RandomUniform."""
        for drawn, one in (operands, operands[::-1]):
            if is_op(drawn, "RandomUniform") and is_scalar(one, 1):
                self.normal.alias(name, drawn, "unit interval")
                return True
        return dropout.masked(self.normal, name, operands) or self._RealDiv(name, node, operands)

    def _RealDiv(self, name, node, operands):
        return dropout.scaled(self.normal, name, operands)

    def _Select(self, name, node, operands):
        """With a condition for each element, Select is SelectV2."""
        if self._finite(name, operands):
            return True
        shapes = [None if one is None else self.normal.sizes(one) for one in operands]
        if None in shapes or len({*map(len, shapes)}) != 1:
            return False
        # The two tensors have one shape, and so has a condition of the same rank: the best known of the three.
        known = [shape for shape, one in zip(shapes, operands, strict=True) if not isinstance(one, Literal)]
        sizes = (known or shapes)[-1]
        for shape in shapes:
            sizes = with_numbers(sizes, shape)
        for one in operands:
            if not isinstance(one, Literal) and self._is_only_chosen(one, sizes):
                self.normal.assume(one, sizes)
        self.normal.keep(name, "SelectV2", self._scalars(operands, True), steps={"select"}, sizes=[sizes])
        return True

    def _is_only_chosen(self, operand, sizes):
        """Whether all that takes a tensor is a Select between it, or by it, and a constant of these sizes."""
        for user, _ in (one for name in operand[0].names for one in self.graph.users[name]):
            others = [self.normal.tensors.get(one) for one in self.graph.inputs[user][1:]]
            if self.graph.nodes[user].op != "Select" or not any(
                isinstance(one, Literal) and one.shape == sizes for one in others
            ):
                return False
        return True

    def _SelectV2(self, name, node, operands):
        if dropout.masked(self.normal, name, operands):
            return True
        self.normal.keep(name, "SelectV2", self._scalars(operands))
        return True

    def _scalars(self, operands, alike=False):
        """Write a literal full of one value as a scalar, if another operand covers its shape (or all are alike)."""
        shapes = [None if one is None else self.normal.sizes(one) for one in operands]
        found = list(operands)
        for place in (1, 2):
            one = operands[place]
            others = [shape for k, shape in enumerate(shapes) if k != place and not isinstance(operands[k], Literal)]
            if isinstance(one, Literal) and (alike or any(shape and covers(shape, one.shape) for shape in others)):
                found[place] = single(one) or one
        return found

    def _AddV2(self, name, node, operands):
        """scale + (norm - norm) is the scale if the norm is finite, else no number."""
        if self._unit_interval(name, operands):
            return True
        scale, none = operands
        if not (is_op(none, "Sub") and none[0].inputs[0] == none[0].inputs[1] and not none[0].controls):
            return False
        if isinstance(none[0].inputs[0], Literal) or not self.dtype(name).startswith("float"):
            return False
        norm = none[0].inputs[0]
        if not _is_positive(scale, [norm] if is_op(norm, "Sqrt") else [], [norm]):
            return False
        self.normal.absorbed.add(none[0])
        self.normal.keep(
            name, "scale of a finite norm", [scale, norm], attributes=None, steps={"norm that is no number: added"}
        )
        return True

    def _finite(self, name, operands):
        condition, scale, other = operands
        if not (is_op(condition, "IsFinite") and isinstance(other, Literal) and other.kind == "data"):
            return False
        if other.shape != () or not np.isnan(dropout.value(other)) or isinstance(scale, Literal):
            return False
        self.normal.absorbed.add(condition[0])
        attributes = self.graph.attributes(name)
        inputs = [scale, condition[0].inputs[0]]
        self.normal.keep(name, "scale of a finite norm", inputs, attributes, {"norm that is no number: selected"})
        return True

    def _Gather(self, name, node, operands):
        attributes = self._without_index_types(name, operands)
        attributes.pop("validate_indices", None)
        attributes.pop("Taxis", None)
        self.normal.keep(name, "GatherV2", [*operands, number(0, "int32")], attributes, {"gather"})
        return True

    def _FloorDiv(self, name, node, operands):
        """Whole numbers by 1 are what they are."""
        if not is_scalar(operands[1], 1) or self.dtype(name) not in WHOLE or isinstance(operands[0], Literal):
            return False
        self.normal.alias(name, operands[0], "computed shapes")
        return True

    def _GatherV2(self, name, node, operands):
        """All sizes of a shape, one after the other, are that shape."""
        shape, axes, axis = operands
        if not (is_op(shape, "Shape") and is_op(axes, "FloorMod") and is_scalar(axis, 0)):
            return False
        (total, size), every = axes[0].inputs, None
        if is_op(total, "AddV2") and self._is_rank(size, shape) and self._is_rank(total[0].inputs[1], shape):
            every = total[0].inputs[0]
        if not is_op(every, "Range"):
            return False
        start, limit, delta = every[0].inputs
        if not (is_scalar(start, 0) and is_scalar(delta, 1) and is_op(limit, "Rank")):
            return False
        if limit[0].inputs[0] != shape[0].inputs[0]:
            return False
        self.normal.absorbed.update({axes[0], total[0], every[0]})
        self.normal.alias(name, shape, "computed shapes")
        return True

    def _is_rank(self, size, shape):
        """Whether a number is how many sizes a shape has."""
        is_number = isinstance(size, Literal) and size.kind == "whole" and size.shape == ()
        return is_number and size.value == self.normal.sizes(shape)

    def _newer(self, name, node, operands, op, more):
        """An op whose newer form takes more operands, here with the values that the old one means."""
        dtype = self.dtype(name)
        if dtype in ("resource", "variant", "string"):
            return False  # no number
        extra = [number(value, "int32") if kind == "int32" else number(value, dtype) for value, kind in more]
        self.normal.keep(name, op, [*operands, *extra], steps={"matrix diagonals"})
        return True

    def _MatrixDiag(self, name, node, operands):
        more = [(0, "int32"), (-1, "int32"), (-1, "int32"), (0, "")]
        return self._newer(name, node, operands, "MatrixDiagV3", more)

    def _MatrixDiagPart(self, name, node, operands):
        return self._newer(name, node, operands, "MatrixDiagPartV3", [(0, "int32"), (0, "")])

    def _MatrixSetDiag(self, name, node, operands):
        return self._newer(name, node, operands, "MatrixSetDiagV3", [(0, "int32")])

    def _Slice(self, name, node, operands):
        return sliced(self, name, node, operands)


def _is_positive(operand, known, divisors=()):
    """Whether a tensor is positive, and so no -0, if those that are `known` are, or a product of two negative ones.

    What is divided by one of the `divisors` is no -0 either, whatever their sign: they are finite where it matters.
    """
    if isinstance(operand, Literal):
        return (dropout.value(operand) or 0) > 0
    if operand in known:
        return True
    if operand is None or operand[0].op not in ("Mul", "RealDiv", "Minimum"):
        return False
    factors = operand[0].inputs
    if operand[0].op == "RealDiv" and factors[1] in divisors:
        factors = factors[:1]
    for factor, other in (factors, factors[::-1]) if operand[0].op == "Mul" else ():
        # What is below 0 makes its inverse, and the smaller of that and another, negative as well.
        inverse = other[0].inputs if is_op(other, "Minimum") else ()
        if any(is_op(one, "RealDiv") and one[0].inputs[1] == factor for one in inverse):
            known = [*known, factor]
    return all(_is_positive(one, known, divisors) for one in factors)
