"""Computes what depends on sizes alone."""

from compat_v1.audit.folding import FOLDED
from compat_v1.audit.graph import MERGES, SWITCHES, Attributes
from compat_v1.audit.literals import Literal, full, whole
from compat_v1.audit.operands import (
    MOST_LEAVES,
    WHOLE,
    column,
    in_range,
    is_op,
    is_tensor,
    leaves_of,
    number,
    objects,
    sends,
    times,
)
from compat_v1.audit.rules.oldest_branches import branch_of, pivot_of

_OF_ANY_TYPE = {"Shape", "ShapeN", "Size", "Rank", "Fill", "ZerosLike", "OnesLike", "Cast"}
_OF_ANY_TYPE |= {"TensorArraySizeV3", "StackPop", "StackPopV2", "Identity"}
_PAD = {"SpaceToBatchND", "BatchToSpaceND"}


class Computing:
    """The part of a `Rewriter` that turns nodes into literals."""

    def dtype(self, name, index=0):
        """Return the type of a node's output by its name, as "float32", or "" if the op does not tell."""
        return self.graph.dtype(name, index)

    def computed(self, name, node, operands):
        """Return a node's outputs as literals where they depend on sizes alone, a list (None: does not), or None."""
        if None in operands:
            return None
        if node.op not in _OF_ANY_TYPE and (node.op not in FOLDED or self.dtype(name) not in WHOLE):
            tells = is_op if node.op not in FOLDED else self._is_of_a_place
            if not any([tells(one, *SWITCHES) for one in operands]):
                return None  # but what is taken from a branch shows which branches there are
        names = (name, *(one for operand in operands if isinstance(operand, Literal) for one in operand.names[:1]))
        ops = frozenset([node.op]).union(*(one.ops for one in operands if isinstance(one, Literal)))
        alive = frozenset().union(*(self._alive(one) for one in operands)) if operands else frozenset()
        if node.op in ("Shape", "ShapeN", "Size", "Rank"):
            outputs = self._of_shape(node.op, operands)
            known = all(output is not None for output in outputs)
            self.normal.absorbed |= {one[0] for one in operands if known and is_tensor(one) and sends(one[0])}
        elif node.op == "Fill":
            return [self._filled(operands, names, ops, alive)]
        elif node.op in ("ZerosLike", "OnesLike") and self._is_number(self.dtype(name)):
            shape = self.normal.sizes(operands[0])
            pivot = pivot_of(self.normal, operands[0][0]) if is_op(operands[0], "Switch") else None
            if pivot is not None and pivot is not operands[0][0]:  # not one of a loop
                # Today's are a constant in the branch, where the sizes are known.
                alive = frozenset([branch_of(self.normal, (pivot, operands[0][1]))])
            value = number(0 if node.op == "ZerosLike" else 1, self.dtype(name))
            return None if shape is None else [full(shape, value, names, ops, alive)]
        elif node.op == "Cast" and self.dtype(name) in ("int32", "int64"):
            operand = operands[0]
            fits = (
                isinstance(operand, Literal) and operand.kind == "whole" and operand.dtype in ("int32", "int64", "bool")
            )
            outputs = [operand.array()] if fits else None
        elif node.op == "TensorArraySizeV3":
            return self._size_of_array(operands, names, alive)
        elif node.op == "StackPop" or node.op == "StackPopV2":
            return self._popped(name)
        elif node.op == "Identity":
            outputs = self._of_padding(name, operands[0])
        elif self.dtype(name) in WHOLE:
            known = [self._entered(one) for one in operands]
            known = [_merged(one) for one in known] if node.op == "StridedSlice" else known
            outputs = self.normal.fold(node, known)
        else:
            return None
        if outputs is None:
            return None
        found = []
        leaves = tuple(leaf for one in _named_alike(node, operands) for leaf in leaves_of(one))[:MOST_LEAVES]
        for index, output in enumerate(outputs):
            usable = output is not None and in_range(output, self.dtype(name, index))
            literal = whole(output, self.dtype(name, index), names, ops, alive) if usable else None
            form = hash((node.op, index, *(one.form if isinstance(one, Literal) else 1 for one in operands)))
            found.append(literal and literal._replace(form=form, leaves=leaves))
        return found

    def _entered(self, operand):
        """Return the constant that enters a loop and stays the same in it, or the operand."""
        entered = is_op(operand, "Enter") and "is_constant" in operand[0].attributes and operand[0].inputs[0]
        return entered if isinstance(entered, Literal) and entered.kind == "whole" else operand

    def _of_padding(self, name, operand):
        """Return what is copied of whole numbers only to pad by them, as today where an image is put into a batch."""
        pads = {self.graph.nodes[user].op for user, _ in self.graph.users[name]}
        is_alone = pads and pads <= _PAD and not self.graph.controls[name]
        return [operand.array()] if is_alone and isinstance(operand, Literal) and operand.kind == "whole" else None

    def _of_shape(self, op, operands):
        outputs = []
        for operand in operands:
            shape = self.normal.sizes(operand)
            if op == "Size" and is_op(operand, "Reshape"):  # has as many elements as what is reshaped
                shape = self.normal.sizes(operand[0].inputs[0]) or shape
            if shape is None:
                outputs.append(None)
            elif op == "Rank":
                outputs.append(len(shape))
            elif op == "Size":
                total = 1
                for size in shape:
                    total = times(total, size)
                outputs.append(total)
            else:
                outputs.append(column(shape))
        return [None if output is None else objects(output) for output in outputs]

    def _filled(self, operands, names, ops, alive):
        shape, value = operands
        if not isinstance(shape, Literal) or not isinstance(value, Literal) or value.shape != ():
            return None
        sizes = shape.array()
        return None if sizes is None else full(sizes.tolist(), value, names, ops, alive)

    def _is_number(self, dtype):
        return dtype.startswith(("float", "int", "uint", "bfloat"))

    def _is_of_a_place(self, operand, *ops):
        """Whether an operand is made by a node of one of these ops, or in a loop."""
        return is_op(operand, *ops) or (is_tensor(operand) and bool(self.graph.frames.get(operand[0].name)))

    def _alive(self, operand):
        if isinstance(operand, Literal):
            return operand.alive
        if operand[0].op in SWITCHES and (
            operand[0] in self.never or self.normal.alive(operand[0].name) == {operand[0]}
        ):
            return frozenset([branch_of(self.normal, operand)])
        return self.normal.alive(operand[0].name)


def _merged(operand):
    """Return the whole numbers that a condition gives whichever of its branches runs, or the operand.

    Of rows that are handed on by branches, so many are all.
    """
    if not is_op(operand, *MERGES) or operand[1] != 0 or None in operand[0].inputs:
        return operand
    given = [one[0].inputs[0] if is_op(one, "Const", *SWITCHES) else one for one in operand[0].inputs]
    is_known = all(isinstance(one, Literal) and one.kind == "whole" for one in given)
    return given[0] if is_known and len({one.key for one in given}) == 1 else operand


def _named_alike(node, operands):
    """Return an op's operands; of a slice that takes one element, the element, counted from the start."""
    if node.op != "StridedSlice" or Attributes(node)["shrink_axis_mask"].i != 1:
        return operands
    vector, begin = operands[:2]
    known = all(isinstance(one, Literal) and one.kind == "whole" and len(one.shape) == 1 for one in (vector, begin))
    if not known or not vector.value or len(begin.value) != 1 or not isinstance(begin.value[0], int):
        return operands
    return [vector, begin._replace(value=(begin.value[0] % len(vector.value),), form=0, leaves=())]
