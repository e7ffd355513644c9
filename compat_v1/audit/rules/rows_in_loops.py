"""How many rows a variable has whose gradients a backward loop collects as rows: as many as it is said in each turn.

TensorFlow asks the loop for that where such rows are made dense: the most of what the turns say, which begins with 0.
Before the first turn there is one row already, of number 0, so that for 0 rows it would stop.
"""

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op

_SIDES = ("Enter", "NextIteration")


def count(normal):
    """Let rows that a loop has collected be made as many as its turns say."""
    for node in normal.nodes:
        if node.op == "UnsortedSegmentSum" and not node.controls and _entering(node.inputs[1], 0) == (0,):
            taken = node.inputs[2]
            found = _most(taken)
            if found is not None:
                node.inputs[2] = whole(found, "int32")
                normal.absorbed.add(taken[0])


def _most(operand):
    """Return the first of the sizes that a loop says in each turn, for an operand that is the first of its result."""
    if not is_op(operand, "StridedSlice") or operand[0].controls or "shrink_axis_mask" not in operand[0].attributes:
        return None
    sizes, *places = operand[0].inputs
    if [getattr(one, "value", None) for one in places] != [(0,), (1,), (1,)] or set(_entering(sizes, 0) or (1,)) != {0}:
        return None
    most = _entering(sizes, 1)
    said = [one for one in most[0].inputs if isinstance(one, Literal)] if is_op(most, "Maximum") else []
    loops = [one for one in most[0].inputs if is_op(one, "Switch")] if said else []
    if len(said) != 1 or loops != [(sizes[0].inputs[0][0], 1)] or said[0].kind != "whole":
        return None
    return said[0].value[0] if isinstance(said[0].value[0], int) else None


def _entering(operand, which):
    """Return, of a result of a loop, the whole numbers with which that enters (0), or what comes back (1), or None."""
    switch = operand[0].inputs[0] if is_op(operand, "Exit") else None
    merge = switch[0].inputs[0] if is_op(switch, "Switch") and switch[1] == 0 else None
    if (
        not is_op(merge, "Merge")
        or [is_op(one, op) for one, op in zip(merge[0].inputs, _SIDES, strict=False)] != [True] * 2
    ):
        return None
    (found,) = merge[0].inputs[which][0].inputs
    return found if which else getattr(found, "value", None)
