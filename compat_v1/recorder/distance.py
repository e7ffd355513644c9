"""Say in words how far two arrays are apart."""

import numpy as np

from compat_v1.beside.bits import equal, is_float, relative, ulps

PARTED = 1e-4  # of the largest value: from here on, numbers differ in the digits that a program prints


def in_words(array: np.ndarray, other: np.ndarray) -> str:
    """Return how two arrays differ, "equal" if they do not; the second is the one that is held to."""
    if equal(array, other):
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
