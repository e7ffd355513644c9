"""Keep a trained network: TensorFlow's own checkpoint format, and beside it the record of the run that made it."""

from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import tensorflow.compat.v1 as tf
from pydantic import BaseModel

from compat_v1.records import read_model, write_model

Model = TypeVar("Model", bound=BaseModel)


def save_checkpoint(session: Any, directory: str | Path, record: BaseModel, variables: Any = None) -> None:
    """Save the variables, None for all, and the record to `directory`.

    The checkpoint that was there stays until this one is whole.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        before = find_checkpoint(directory)
    except ValueError:  # damaged: it stays, and this one takes its place
        before = None
    prefix = directory / f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    write_model(f"{prefix}.json", record)
    with session.graph.as_default():  # the last thing that save does is one rename, which makes this the checkpoint
        tf.train.Saver(variables, save_relative_paths=True).save(session, str(prefix), write_meta_graph=False)
    if before:
        for path in directory.glob(Path(before).name + ".*"):
            path.unlink()


def find_checkpoint(directory: str | Path) -> str | None:
    """Return the path prefix of the checkpoint in `directory`, None if there never was one.

    `ValueError` if there is a damaged one: what it held must not be taken for nothing.
    """
    try:
        prefix: str | None = tf.train.latest_checkpoint(directory)
    except (tf.errors.OpError, ValueError) as error:  # ValueError: no text
        raise ValueError(f"{directory}: the checkpoint is damaged: {str(error).splitlines()[0]}") from None
    if prefix is None and Path(directory).is_dir():  # a killed save may have left a record alone: that is none yet
        left = [path.name for path in Path(directory).iterdir() if path.name == "checkpoint" or path.suffix == ".index"]
        if left:
            raise ValueError(f"{directory}: the checkpoint is damaged: there is {min(left)}, and none that is whole")
    return prefix


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
        raise ValueError(f"{prefix}, the checkpoint, is broken: {str(error).splitlines()[0]}") from None
