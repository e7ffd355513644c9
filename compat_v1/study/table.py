"""All results of a study in one compressed file, a row of JSON a run, and what is looked up in them."""

import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field, ValidationError

from compat_v1.original.record_format import write_whole
from compat_v1.study.runs import FORMAT, LinesResult, Result, lines, read_result, result_file
from compat_v1.study.studies import STUDIES, original, tasks_of

LARGEST = 2 << 20  # bytes of a stored file
MOST_SEEDS = 300


class Row(Result):
    """A result, and the command that makes it anew."""

    command: str


class LinesRow(LinesResult):
    """The lines of several seeds, and the command that makes them anew."""

    command: str = Field(min_length=1)


Measured = Mapping[int, Result]  # by seed


def collect(folder: Path) -> list[Row | LinesRow]:
    """Return the results in a folder, those of the first `MOST_SEEDS` seeds of every study; errors as `read_result`."""
    found = {task: f"study {name}" for name in STUDIES for task in tasks_of([name], MOST_SEEDS)}
    rows: list[Row | LinesRow] = []
    for task, study in [*found.items(), *((run, "") for run in original(MOST_SEEDS))]:
        if not result_file(folder, task).exists():
            continue
        result = read_result(result_file(folder, task), task)
        if isinstance(result, LinesResult):
            rows.append(LinesRow(**dict(result), command=f"python -m compat_v1 {study}"))
        else:
            seeds = f"python -m compat_v1 {study} --seeds {result.run.seed}"
            rows.append(Row(**dict(result), command=seeds if study else "make study-original"))
    return rows


def store(file: Path, rows: Iterable[Row | LinesRow]) -> None:
    """Write rows, in the order of their names; the same rows give the same bytes. `ValueError` past `LARGEST`."""
    text = "".join(row.model_dump_json(exclude_none=True) + "\n" for row in sorted(rows, key=lambda row: row.run.name))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode())
    content = buffer.getvalue()
    if len(content) > LARGEST:
        raise ValueError(f"{file} would have {len(content)} bytes, more than {LARGEST}")
    write_whole(str(file), content)


def renewed(file: Path, rows: Iterable[Row | LinesRow]) -> list[Row | LinesRow]:
    """Return rows with those of a stored file whose runs they do not have; errors as `load`."""
    old = load(file) if file.exists() else []
    return [*{row.run: row for row in (*old, *rows)}.values()]


def load(file: Path) -> list[Row | LinesRow]:
    """Return the rows of a stored file; `ValueError` if it is none of this version, `OSError` if it cannot be read."""
    with gzip.open(file, "rt", encoding="utf-8") as text:
        try:
            return [_row(line) for line in text]
        except (ValidationError, UnicodeDecodeError, EOFError) as error:
            problem = str(error).splitlines()[0]
            raise ValueError(
                f"{file} holds no results of format {FORMAT}: {problem}; remove it, and make study makes another"
            ) from None


def _row(line: str) -> Row | LinesRow:
    return (LinesRow if '"kind":"lines"' in line else Row).model_validate_json(line)


class Arm(NamedTuple):
    """What all runs of a group have in common; what is not said is as in the post."""

    weights: str = "post"
    forget_bias: float = 1.0
    program: str = "handmade"
    examples: int = 1024


class Runs:
    """The results of runs, to be looked up by their `Arm`."""

    def __init__(self, rows: Iterable[Row | LinesRow]) -> None:
        rows = list(rows)
        self.lines = [row for row in rows if isinstance(row, LinesResult)]
        self._of: dict[Arm, dict[int, Result]] = {}
        for row in rows:
            if isinstance(row, Result):
                arm = Arm(row.run.weights, row.run.forget_bias, row.run.program, row.run.examples)
                longest = self._of.setdefault(arm, {})
                if row.run.seed not in longest or longest[row.run.seed].run.epochs < row.run.epochs:
                    longest[row.run.seed] = row

    def of(self, arm: Arm, epochs: int = 0) -> Measured:
        """Return the arm's results with a horizon of `epochs` or more, by seed."""
        return {seed: one for seed, one in sorted(self._of.get(arm, {}).items()) if one.run.epochs >= epochs}

    def pairs(self, one: Arm, other: Arm, epochs: int) -> tuple[Sequence[Result], Sequence[Result]]:
        """Return the results of the seeds that both arms have, in the same order."""
        first, second = self.of(one, epochs), self.of(other, epochs)
        seeds = [seed for seed in first if seed in second]
        return [first[seed] for seed in seeds], [second[seed] for seed in seeds]

    @property
    def counts(self) -> dict[Arm, int]:
        """How many runs each arm has."""
        return {arm: len(of) for arm, of in self._of.items()}


def test_error(result: Result) -> np.ndarray:
    """Return the share of wrong answers on the test set at each line, float64."""
    return np.array(result.test_wrong) / result.run.tests


def train_error(result: Result) -> np.ndarray:
    """Return the share of wrong answers on the training set an epoch before each line, float64."""
    return np.array(result.train_wrong) / result.run.examples


def until(result: Result, share: float, horizon: int) -> float:
    """Return the epoch of the first line from which on the test error stays below `share` up to the horizon, or to the
    end of a run that has settled; infinity if there is none.
    """
    epochs = np.array(lines(result.epochs))
    errors = test_error(result)[epochs <= horizon]
    late = np.flatnonzero(errors >= share)
    first = late[-1] + 1 if late.size else 0
    return float(epochs[first]) if first < len(errors) else np.inf


def squared_error(result: Result, epoch: int) -> float:
    """Return the squared error a test sequence has in the mean at an epoch that was measured."""
    return result.squared_error[lines(result.epochs).index(epoch)] / result.run.tests


def last(series: np.ndarray, result: Result, horizon: int, epochs: int = 200) -> float:
    """Return the median of a series, one number a line, over the last `epochs` epochs to the horizon."""
    of = np.array(lines(result.epochs))
    end = min(horizon, result.epochs)
    return float(np.median(series[(of > end - epochs) & (of <= end)]))
