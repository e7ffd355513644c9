"""Import TensorFlow for a program of this project: with the settings under which its numbers are recorded, and quietly.

Only programs call this (the command line, the tests, the notebooks). Importing the package itself changes nothing.
"""

import gc
import importlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

# oneDNN replaces TensorFlow's own CPU kernels by others, which sum in another order: other last digits from the first
# epoch on. TensorFlow 1 had none. It is read once, when TensorFlow is imported.
_SETTINGS = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
# TensorFlow imports Keras, and with it matplotlib, only so that Keras's optimizers can be loaded from a SavedModel, and
# goes on without where it is missing. `tf.keras` is imported anyway once somebody asks for it.
_NEEDLESS = ("keras.src.optimizers", "tf_keras.src.optimizers")


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
    with _signals_waiting(), tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            with _quick_import():
                tensorflow = importlib.import_module("tensorflow")
        except BaseException:
            noise.seek(0)
            os.write(stderr, noise.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    return tensorflow


@contextmanager
def _quick_import() -> Iterator[None]:
    """Import within the block without what is `_NEEDLESS`, and without looking for garbage in what is there to stay."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # typeshed leaves out None:
    hidden = [name for name in _NEEDLESS if name not in modules]
    modules.update(dict.fromkeys(hidden))  # with it, the import says that there is no such module
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]
        gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def _signals_waiting() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of the block: C code that is interrupted in an import fails oddly."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def onednn() -> str:
    """Return "on" or "off", as the record says it."""
    return "off" if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" else "on"
