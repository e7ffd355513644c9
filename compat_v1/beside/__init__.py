"""Run two GraphDefs of one program beside each other: `beside(old, new)`. Knows nothing of this project's LSTM."""

from compat_v1.beside.engine import Beside, beside
from compat_v1.beside.program import CannotRunError

__all__ = ["Beside", "CannotRunError", "beside"]
