"""Keep a trained network: TensorFlow's own checkpoint format, and beside it the record of the run that made it."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import tensorflow.compat.v1 as tf
from google.protobuf import text_format
from pydantic import BaseModel
from tensorflow.python.training.checkpoint_state_pb2 import CheckpointState

from compat_v1.records import read_model, write_model

try:
    import fcntl
except ImportError:  # Windows: two processes on one folder are not noticed there
    fcntl = None  # type: ignore[assignment]

Model = TypeVar("Model", bound=BaseModel)
LARGEST_POINTER = 2**20  # bytes of the file that names the checkpoint
_OF_A_SAVE = re.compile(r"(\d{8}-\d{6}-\d{6})\..+|checkpoint\.tmp[0-9a-f]+")  # the second is TensorFlow's, half written


@contextmanager
def alone_in(directory: str | Path, waits: bool = False) -> Iterator[None]:
    """Make the folder `directory`, if need be, and keep other processes that do the same out of it until the end.

    `OSError` if it cannot be made or written to, or if another process has it, unless `waits`.
    """
    Path(directory).mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "this folder cannot be written to", str(directory))
    if fcntl is None:
        yield
        return
    folder = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            text = "another process is training into this folder"
            raise BlockingIOError(errno.EWOULDBLOCK, text, str(directory)) from None
        yield
    finally:
        os.close(folder)


def save_checkpoint(session: Any, directory: str | Path, record: BaseModel, variables: Any = None) -> None:
    """Save the variables, None for all, and the record to `directory`.

    The checkpoint that was there stays until this one is whole; `OSError` if it cannot be. It is removed then, and so
    is what saves that were killed have left: where another process may save too, call this in `alone_in`.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    prefix = directory / f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    write_model(f"{prefix}.json", record)
    try:
        with session.graph.as_default():  # the last thing that save does is one rename, which makes this the checkpoint
            tf.train.Saver(variables, save_relative_paths=True).save(session, str(prefix), write_meta_graph=False)
    except (tf.errors.OpError, ValueError) as error:  # ValueError: its own word for a folder that is gone
        raise OSError(errno.EIO, first_line(error), str(prefix)) from None
    for path in directory.iterdir():
        if (found := _OF_A_SAVE.fullmatch(path.name)) and found[1] != prefix.name:
            path.unlink(missing_ok=True)


def require_replaceable(directory: str | Path, kind: type[BaseModel]) -> None:
    """`FileExistsError` if `directory` has the network of another kind of run, which a save would replace.

    Of the same kind may be a whole checkpoint, a damaged one, and what a killed save has left.
    """
    for path in sorted(Path(directory).glob("*.index")):
        if _OF_A_SAVE.fullmatch(path.name):
            try:
                read_model(path.with_suffix(".json"), kind, "the record of a checkpoint")
            except (OSError, ValueError):
                text = f"there is one with a network, {path.stem}, that no such run has made"
                raise FileExistsError(errno.EEXIST, text, str(directory)) from None


def first_line(error: Exception) -> str:
    """Return what TensorFlow says first: stack frames follow."""
    return (str(error).splitlines() or [type(error).__name__])[0][:500]


def find_checkpoint(directory: str | Path) -> str | None:
    """Return the path prefix of the checkpoint in `directory`, None if there never was one.

    `ValueError` if there is a damaged one: what it held must not be taken for nothing. Nothing is looked for outside.
    """
    try:
        pointer = Path(directory, "checkpoint")
        if pointer.exists() and not pointer.is_file():  # a FIFO would be waited for
            raise ValueError("what names it is no regular file")
        with pointer.open("rb") as file:
            state = text_format.Parse(file.read(LARGEST_POINTER).decode(), CheckpointState())
        prefix = Path(directory, state.model_checkpoint_path or "nothing")
        if os.path.realpath(prefix.parent) != os.path.realpath(directory):
            raise ValueError("it names one that lies somewhere else")
        if Path(f"{prefix}.index").is_file():
            return str(prefix)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise ValueError(f"{directory}: the checkpoint is damaged: {first_line(error)}") from None
    except OSError:  # none, or none that can be read: a killed save may have left a record alone, that is none yet
        pass
    try:
        names = [path.name for path in Path(directory).iterdir()]
    except OSError:  # no folder
        return None
    if left := [name for name in names if name == "checkpoint" or name.endswith(".index")]:
        raise ValueError(f"{directory}: the checkpoint is damaged: there is {min(left)}, and none that is whole")
    return None


def load_record(directory: str | Path, kind: type[Model]) -> tuple[str, Model]:
    """Return (prefix, record) of the checkpoint in `directory`; `ValueError` if there is none of that kind."""
    prefix = find_checkpoint(directory)
    if prefix is None:
        raise ValueError(f"{directory} holds no checkpoint: train and train-any-length make one")
    try:
        return prefix, read_model(f"{prefix}.json", kind, "the record of a checkpoint")
    except OSError as error:
        raise ValueError(f"{prefix}.json, the record beside the checkpoint, is missing: {error.strerror}") from None


def restore(session: Any, prefix: str | Path, variables: Any = None) -> None:
    """Give variables of the session's graph, None for all, the values of the checkpoint at the path prefix `prefix`.

    The checkpoint may be one of the port's or one that TensorFlow 1 wrote: names and shapes are the same. `ValueError`
    if it is broken or lacks a variable.
    """
    try:
        with session.graph.as_default():
            tf.train.Saver(variables).restore(session, str(prefix))
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(f"{prefix}, the checkpoint, is broken: {first_line(error)}") from None
