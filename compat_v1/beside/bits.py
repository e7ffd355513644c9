"""Compare arrays by their bits, and say how far apart they are."""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

_AT_ONCE = 2**18  # elements that a distance is taken of: a variable may have as many as there is memory for
_INTEGERS: dict[int, type[np.signedinteger]] = {2: np.int16, 4: np.int32, 8: np.int64}


def is_float(array: np.ndarray) -> bool:
    """Whether an array holds real or complex floats, bfloat16 and its like included."""
    return array.dtype.kind in "fc" or array.dtype.name == "bfloat16"


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


def ulps(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how many floats lie between each two values, as uint64 of the arrays' shape; both of one float dtype.

    Zeros of either sign are the same number. Of complex values, the part that is farther counts.
    """
    if values.dtype.kind == "c":
        part = np.float32 if values.dtype == np.complex64 else np.float64
        apart = ulps(np.ascontiguousarray(values).view(part), np.ascontiguousarray(others).view(part))
        return apart.reshape(*values.shape, 2).max(-1)
    integer = _INTEGERS[values.dtype.itemsize]

    def order(array: np.ndarray) -> np.ndarray:  # the integers that sort as the floats do
        bits = np.ascontiguousarray(array).view(integer).reshape(array.shape)
        return np.where(bits < 0, np.iinfo(integer).min - bits, bits).astype(np.int64)

    one, other = order(values), order(others)
    with np.errstate(over="ignore"):  # exact modulo 2**64
        return np.maximum(one, other).view(np.uint64) - np.minimum(one, other).view(np.uint64)


def largest_ulps(value: ArrayLike, other: ArrayLike) -> int | None:
    """Return the largest distance of two arrays in units in the last place, or None if there is none to speak of."""
    value, other = np.asarray(value), np.asarray(other)
    if value.shape != other.shape or value.dtype != other.dtype or not is_float(value) or not value.size:
        return None
    return max(int(ulps(*piece).max()) for piece in _pieces(value, other))


def largest_difference(value: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two arrays of numbers and of one shape, 0 if NaNs alone have one."""
    with np.errstate(all="ignore"):
        apart = (np.abs(one.astype(np.float64) - two.astype(np.float64)) for one, two in _pieces(value, other))
        return float(max((np.fmax.reduce(piece, initial=0.0) for piece in apart), default=0.0))


def _pieces(value: np.ndarray, other: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    value, other = value.reshape(-1), other.reshape(-1)
    for begin in range(0, value.size, _AT_ONCE):
        yield value[begin : begin + _AT_ONCE], other[begin : begin + _AT_ONCE]


def relative(array: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference beside the largest value, a float: 0 if every bit is equal.

    Infinite if one is NaN or infinite where the other is not, or the shapes differ; of other than floats, the share of
    elements that differ.
    """
    if equal(array, other):
        return 0.0
    if array.shape != other.shape:
        return float("inf")
    if not is_float(array) or not is_float(other):
        return float(np.mean(array != other))
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    apart = largest = 0.0
    for one, two in _pieces(array, other):
        one, two = one.astype(wide), two.astype(wide)
        differ = (one != two) & ~(np.isnan(one) & np.isnan(two))
        if not (np.isfinite(one[differ]).all() and np.isfinite(two[differ]).all()):
            return float("inf")
        apart = max(apart, float(np.abs(one[differ] - two[differ]).max(initial=0.0)))
        largest = max(largest, float(np.abs(two[np.isfinite(two)]).max(initial=0.0)))
    return apart / (largest or 1.0)  # 0 if it is the sign of a zero, or of a NaN
