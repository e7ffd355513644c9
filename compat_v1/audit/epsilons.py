"""The epsilon of fused batch normalization, and of its gradient's gradient: the least was taken for a smaller one."""

import numpy as np
from tensorflow.core.framework import attr_value_pb2

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_tensor
from compat_v1.audit.patterns import match

_CAUSE = "least epsilon"
_VARIANCE = ("Mean", ("Square", ("Sub", "x", ("StopGradient", ("Mean", "x", "axes")))), "axes")
_LEAST = {attr_value_pb2.AttrValue(f=one).f for one in (1e-5 + 1e-12, 1.001e-5)}


def attribute(value, other_value):
    """Say which rule lets the epsilons of two ops differ, or None."""
    return _of_two(*(attr_value_pb2.AttrValue.FromString(one).f for one in (value, other_value)))


def added(verification, node, other, position, *values):
    """Say which rule lets what two sums add to a variance differ: the epsilon of an op that normalizes by that."""
    if node.op != "AddV2" or position != 1 or isinstance(node.inputs[0], Literal):
        return None
    if any(
        not isinstance(one, Literal) or (one.kind, one.dtype, one.shape) != ("data", "float32", ()) for one in values
    ):
        return None
    numbers = [np.frombuffer(one.value, np.float32)[0].item() for one in values]
    parts = zip(verification.pairing.sides, (node, other), numbers, strict=True)
    return _of_two(*numbers) if all(_is_of_op(*part) for part in parts) else None


def _of_two(old, new):
    return _CAUSE if old in _LEAST and old > new else None


def _is_of_op(side, total, epsilon):
    """Whether an op has this epsilon and takes the tensor whose variance a sum is of, or the variance itself."""
    found = {"x": total.inputs[0]}
    if is_op(found["x"], "Mean"):
        found = {}
        if not match(total.inputs[0], _VARIANCE, found):
            return False
    users = side.users.get(found["x"][0], ()) if is_tensor(found["x"]) else ()
    ops = {one for one, _ in users if one.op.startswith("FusedBatchNorm") and found["x"] in one.inputs}
    epsilons = (one.attributes.get("epsilon") for one in ops)
    return any(one and attr_value_pb2.AttrValue.FromString(one).f == epsilon for one in epsilons)
