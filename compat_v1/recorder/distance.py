"""How far two arrays are apart: in bits, in units in the last place, and beside the largest value."""

import numpy as np

_INTEGERS: dict[int, type[np.signedinteger]] = {2: np.int16, 4: np.int32, 8: np.int64}


def is_float(array: np.ndarray) -> bool:
    """Whether an array holds real or complex floats, bfloat16 and its like included."""
    return array.dtype.kind in "fc" or array.dtype.name == "bfloat16"


def same_bits(array: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays have the same dtype, shape and bytes; strings (dtype object), the same strings."""
    if array.dtype != other.dtype or array.shape != other.shape:
        return False
    if array.dtype == object:
        return array.tolist() == other.tolist()
    return array.tobytes() == other.tobytes()


def ulps(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how many floats lie between each two values, as uint64 of the arrays' shape; both of one float dtype.

    Of complex values, the part that is farther counts.
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
    return np.maximum(one, other).view(np.uint64) - np.minimum(one, other).view(np.uint64)  # exact modulo 2**64


def relative(array: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference beside the largest value, a float: 0 if every bit is equal.

    Infinite if one is NaN or infinite where the other is not, or the shapes differ; of other than floats, the share of
    elements that differ.
    """
    if same_bits(array, other):
        return 0.0
    if array.shape != other.shape:
        return float("inf")
    if not is_float(array) or not is_float(other):
        return float(np.mean(array != other))
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    array, other = array.astype(wide), other.astype(wide)
    agree = (array == other) | (np.isnan(array) & np.isnan(other))
    if agree.all():
        return 0.0  # the sign of a zero, or of a NaN
    if not (np.isfinite(array[~agree]).all() and np.isfinite(other[~agree]).all()):
        return float("inf")
    finite = np.abs(other[np.isfinite(other)])
    return float(np.abs(array - other)[~agree].max() / (finite.max() or 1.0))


def in_words(array: np.ndarray, other: np.ndarray) -> str:
    """Return how two arrays differ, "equal" if they do not; the second is the one that is held to."""
    if same_bits(array, other):
        return "equal"
    if array.shape != other.shape or array.dtype != other.dtype:
        return f"{other.dtype.name}{list(other.shape)}, here {array.dtype.name}{list(array.shape)}"
    differ = np.asarray(array != other)
    if not is_float(array):
        return f"{np.mean(differ):.1%} of the elements differ"
    apart = ulps(array, other)
    if not apart.any():
        return "nothing differs but the sign of zeros"
    return (
        f"{np.mean(apart > 0):.1%} differ, by at most {apart.max()} units in the last place "
        f"({relative(array, other):.2g} of the largest)"
    )
