"""How far runs are apart past the horizon: one from another, and the two old stacks, which bounds what is allowed."""

from functools import cache
from typing import NamedTuple

import numpy as np

from compat_v1.original.record_format import HORIZON, MEASURED_SEQUENCE
from compat_v1.proof.golden import OLD_STACKS, golden_record, golden_runs
from compat_v1.records import Record

# Past the horizon the port may part from TensorFlow 1.0.1 this many times as far as TensorFlow 1.15.5 does, which runs
# the same program, over all recorded runs. Six runs do not show how far a chance spike of the loss can reach.
MARGIN = 3


class Distance(NamedTuple):
    """How far one run is from another of the same seed past the horizon."""

    squared_error_median: float  # relative
    squared_error_max: float  # relative
    error_max: float  # on the test set, a share of 1
    settled_error_max: float  # likewise, over the last quarter of the epochs
    train_error_max: float  # on the training set, a share of 1


def distance(record: Record, reference: Record) -> Distance:
    """Return the `Distance` of a record from a reference of the same seed and draw, over the epochs of both.

    Both must go past the horizon. What is not finite makes figures that are not.
    """
    with np.errstate(all="ignore"):
        squared, squared_there = _past_the_horizon(record, reference, "test", "squared_error")
        relative = np.abs(squared - squared_there) / squared_there
        error, error_there = _past_the_horizon(record, reference, "test", "error")
        apart = np.abs(error - error_there)
        train_error, train_error_there = _past_the_horizon(record, reference, "train", "error")
        return Distance(
            float(np.median(relative)),
            float(relative.max()),
            float(apart.max()),
            float(apart[-len(apart) // 4 :].max()),
            float(np.abs(train_error - train_error_there).max()),
        )


def _past_the_horizon(record: Record, reference: Record, part: str, field: str) -> tuple[np.ndarray, np.ndarray]:
    length = min(len(record.series(part, "epoch")), len(reference.series(part, "epoch")))
    past = np.array(record.series(part, "epoch")[:length]) > HORIZON
    here, there = (np.array(run.series(part, field)[:length], np.float64)[past] for run in (record, reference))
    return here, there


@cache
def distance_of_the_old_stacks() -> Distance:
    """Return the largest `Distance` of TensorFlow 1.15.5 from 1.0.1, figure by figure, over all recorded runs."""
    first, second = OLD_STACKS
    distances = [distance(golden_record(second, *run), golden_record(first, *run)) for run in golden_runs()]
    return Distance(*(max(figures) for figures in zip(*distances, strict=True)))


@cache
def spread_of_the_old_answers() -> float:
    """Return how far apart the answers to the measured sequence are at the end, over all records of both stacks."""
    runs = [golden_record(old, *run) for old in OLD_STACKS for run in golden_runs()]
    answers = [run.prediction[MEASURED_SEQUENCE] for run in runs]
    return max(answers) - min(answers)
