"""The window of an inverse short-time Fourier transform: the forward one over the sum of its squares, wherever it lies.

It was divided as it is, and is 0 by now where that sum is 0. Both are written as the quotient.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, single
from compat_v1.audit.patterns import is_same, match

CAUSE = "window without sum"
_LAID = ("StridedSlice", "Reshape", "Tile", "BroadcastTo", "Pad")  # which move elements, and add zeros


def _quotient(rewriter, name, _node, operands):
    condition, none, quotient = operands
    found: dict = {}
    pair = ("Equal", "sums", 0), ("RealDiv", "window", "sums")
    if not all(match(one, pattern, found) for one, pattern in zip((condition, quotient), pair, strict=True)):
        return False
    zero = single(none) if isinstance(none, Literal) else None
    if zero is None or not is_scalar(zero, 0) or any(one.controls for one in found["nodes"]):
        return False
    sizes = rewriter.normal.sizes(quotient)
    if rewriter.normal.controls(name) or sizes is None or sizes != rewriter.normal.sizes(found["sums"]):
        return False
    if none.shape not in ((), sizes) or not _are_sums_of_squares(found["sums"], found["window"]):
        return False
    rewriter.normal.absorbed.add(condition[0])
    rewriter.normal.alias(name, quotient, CAUSE)
    quotient[0].steps.add(CAUSE)
    return True


def _are_sums_of_squares(sums, window):
    """Whether a tensor lays out the sums of the squares of a window, of which pieces are put below each other."""
    is_summed = False
    while is_op(sums, "Sum", *_LAID):
        is_summed = is_summed or sums[0].op == "Sum"
        sums = sums[0].inputs[0]
    return is_summed and is_op(sums, "Square") and is_same(sums[0].inputs[0], window)


RULES = {"Select": _quotient, "SelectV2": _quotient}
