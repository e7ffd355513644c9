"""Import TensorFlow for a program of this project: with the settings under which its numbers are recorded, and quietly.

Only programs call this (the command line, the tests, the notebooks). Importing the package itself changes nothing.
"""

import importlib
import os
import sys
import tempfile
from types import ModuleType

# oneDNN replaces TensorFlow's own CPU kernels by others, which sum in another order: other last digits from the first
# epoch on. TensorFlow 1 had none. It is read once, when TensorFlow is imported.
_SETTINGS = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2"}


def import_tensorflow() -> ModuleType:
    """Import and return `tensorflow` with oneDNN off, unless the caller's environment says otherwise.

    What TensorFlow's C++ libraries write to stderr while they load (that there is no GPU) is dropped; it is shown if
    the import fails. Raises `RuntimeError` if TensorFlow was imported before with oneDNN on: it would be too late.
    """
    if "tensorflow" in sys.modules and os.environ.get("TF_ENABLE_ONEDNN_OPTS") is None:
        raise RuntimeError("tensorflow was imported too early: oneDNN is on and changes the numbers")
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
        except BaseException:
            noise.seek(0)
            os.write(stderr, noise.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    return tensorflow


def onednn() -> str:
    """Return "on" or "off", as the record says it."""
    return "off" if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" else "on"
