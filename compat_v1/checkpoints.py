"""Keep a trained network: TensorFlow's own checkpoint format, and beside it the record of the run that made it."""

import json
from datetime import datetime
from pathlib import Path

import tensorflow.compat.v1 as tf

from compat_v1.original.record_format import write_json


def save_checkpoint(session, directory, record, variables=None):
    """Save the variables, None for all, and the record to `directory`.

    The checkpoint that was there stays until this one is whole.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    before = tf.train.latest_checkpoint(directory)
    prefix = directory / f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    write_json(f"{prefix}.json", record)
    with session.graph.as_default():  # the last thing that save does is one rename, which makes this the checkpoint
        tf.train.Saver(variables, save_relative_paths=True).save(session, str(prefix), write_meta_graph=False)
    if before:
        for path in directory.glob(Path(before).name + ".*"):
            path.unlink()


def load_record(directory):
    """Return (prefix, record) of the checkpoint in `directory`; `ValueError` if there is none."""
    prefix = tf.train.latest_checkpoint(directory)
    if prefix is None:
        raise ValueError(f"{directory} holds no checkpoint: train and train-any-length make one")
    try:
        return prefix, json.loads(Path(f"{prefix}.json").read_text())
    except (OSError, ValueError):
        raise ValueError(f"{prefix}.json, the record beside the checkpoint, is missing or broken") from None


def restore(session, prefix, variables=None):
    """Give variables of the session's graph, None for all, the values of the checkpoint at the path prefix `prefix`.

    The checkpoint may be one of the port's or one that TensorFlow 1 wrote: names and shapes are the same. `ValueError`
    if it is broken or lacks a variable.
    """
    try:
        with session.graph.as_default():
            tf.train.Saver(variables).restore(session, str(prefix))
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(f"{prefix}, the checkpoint, is broken: {str(error).splitlines()[0]}") from None
