"""How the values of two paired nodes differ."""

from typing import NamedTuple

import numpy as np

from compat_v1.beside import bits
from compat_v1.beside.wiring import Tensor


class Deviation(NamedTuple):
    """A pair of nodes whose values differ, all inputs being equal if it is one of `Origins.first`."""

    node: str
    partner: str
    output: int  # which of the node's
    time: int | None  # in a loop or a branch: at which of its computations, counted from 0
    ulps: int | None  # at most, in units in the last place; None for what is no floating-point number
    share: float  # of the values that differ
    values: tuple[str, str]  # the first two that differ
    same_shape: bool
    relative: float | None  # the largest difference over the largest value; None for what is no float


def deviation(one: Tensor, other: Tensor, time: int | None, value: np.ndarray, other_value: np.ndarray) -> Deviation:
    """Return the `Deviation` of two tensors whose arrays are not equal."""
    shown = (f"{value.dtype} {value.shape}", f"{other_value.dtype} {other_value.shape}")
    share, relative, same_shape = 1.0, None, value.shape == other_value.shape and value.dtype == other_value.dtype
    if same_shape:
        if value.dtype == object:
            apart = value != other_value
        else:
            here, there = (
                np.ascontiguousarray(v).reshape(-1).view(f"V{v.dtype.itemsize}") for v in (value, other_value)
            )
            apart = (here != there).reshape(value.shape)
        share = float(np.mean(apart))
        relative = bits.relative(value, other_value) if bits.is_float(value) else None
        at = np.argmax(np.ravel(apart))
        shown = _shown(value.ravel()[at]), _shown(other_value.ravel()[at])
    return Deviation(
        one[0], other[0], one[1], time, bits.largest_ulps(value, other_value), share, shown, same_shape, relative
    )


def _shown(value: object) -> str:
    return value.decode("utf-8", "replace")[:40] if isinstance(value, bytes) else str(value)
