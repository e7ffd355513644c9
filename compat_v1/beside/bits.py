"""Compare arrays by their bits."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike

_INTEGERS: dict[int, type[np.signedinteger]] = {2: np.int16, 4: np.int32, 8: np.int64}


def equal(value: ArrayLike, other: ArrayLike) -> bool:
    """Whether two arrays have the same type, shape and bits; two NaNs of the same bits are equal."""
    value, other = np.asarray(value), np.asarray(other)
    if value.dtype != other.dtype or value.shape != other.shape:
        return False
    if value.dtype == object:
        return value.tolist() == other.tolist()
    return np.array_equal(_bytes(value), _bytes(other))


def digest(value: ArrayLike) -> bytes:
    """Return what stands for an array's type, shape and bits, as bytes."""
    value = np.asarray(value)
    result = hashlib.blake2b(repr((value.dtype.str, value.shape)).encode(), digest_size=16)
    result.update(repr(value.tolist()).encode() if value.dtype == object else _bytes(value).data)
    return result.digest()


def _bytes(value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8)


def ulps(value: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how many floating-point numbers of their type lie between each two values, as integers.

    Zeros of either sign are the same number. Arrays of another type than floating point have no such distance.
    """
    integers = _INTEGERS[value.dtype.itemsize]
    lowest = int(np.iinfo(integers).min)

    def ordered(array: np.ndarray) -> np.ndarray:  # the integers that sort as the floats do
        bits = np.ascontiguousarray(array).view(integers).astype(np.int64)
        return np.where(bits < 0, lowest - bits, bits)

    return np.abs(ordered(value) - ordered(other))


def largest_ulps(value: ArrayLike, other: ArrayLike) -> int | None:
    """Return the largest distance of two arrays in units in the last place, or None if there is none to speak of."""
    value, other = np.asarray(value), np.asarray(other)
    if value.shape != other.shape or value.dtype != other.dtype or not _is_float(value.dtype) or not value.size:
        return None
    return int(ulps(value, other).max())


def relative(value: np.ndarray, other: np.ndarray) -> float | None:
    """Return the largest difference of two arrays of one shape over their largest value, or None for no numbers."""
    if value.dtype.kind not in "fiu" or not value.size:
        return None
    with np.errstate(all="ignore"):
        here, there = value.astype(np.float64), other.astype(np.float64)
        largest = max(np.abs(here).max(), np.abs(there).max())
        return float(np.abs(here - there).max() / largest) if largest else 0.0


def _is_float(dtype: np.dtype) -> bool:
    return dtype.kind == "f" or dtype.name in ("bfloat16", "float16")
