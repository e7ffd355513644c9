"""What a study is made of: runs, each named by what its numbers depend on, and their results. No TensorFlow.

A result is a JSON file of its run's name, written whole. Results of several machines can be put into one folder: each
has the stack that it was made on.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from compat_v1.records import Seed, Sha256, Stack, Strict, Text, read_model, write_model

FORMAT: Literal[1] = 1
SEQUENCES = 4096  # of six signs
QUARTER = SEQUENCES // 4
WHOLE = 4000  # epochs of the post's run; a longer one is measured less often after them, and may end before its end
SETTLED = 1000  # epochs: a run past `WHOLE` ends once its test error has stayed under `GOAL` so long
GOAL = 0.02
LONGEST = 50  # signs that a trained network is asked about

WEIGHTS = ("post", "mirrored", "around-0", "wide", "uniform", "keras")  # see `weights.py`
Weights = Literal["post", "mirrored", "around-0", "wide", "uniform", "keras"]


class Frozen(Strict):
    """What names a result: it can be compared, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Run(Frozen):
    """One training run: all that its numbers depend on but the stack. What is not said is as in the post."""

    kind: Literal["run"] = "run"
    program: Literal["handmade", "keras", "original"] = "handmade"
    weights: Weights = "post"
    forget_bias: float = 1.0
    examples: int = Field(
        default=QUARTER, ge=1, lt=SEQUENCES, description="sequences that are trained on, the first ones"
    )
    draw: int = Field(default=1, ge=1, description="of the data")
    epochs: int = Field(default=WHOLE, ge=20, le=10**6, description="at most")
    seed: Seed

    @property
    def name(self) -> str:
        """The name of its result's file, without the ending."""
        what = f"{self.program}-{self.weights}-bias{self.forget_bias:g}-{self.examples}examples"
        return f"{what}-draw{self.draw}-{self.epochs}epochs-seed{self.seed}"

    @property
    def tests(self) -> int:
        """How many sequences it is tested on: those after the first quarter, and after what is trained on."""
        return SEQUENCES - max(self.examples, QUARTER)

    @property
    def cost(self) -> int:
        """What it costs, about, in epochs of the post's run."""
        return self.epochs * (self.examples + QUARTER // 4) // (QUARTER + QUARTER // 4)


class Lines(Frozen):
    """The post's printed lines, epochs 20, 40 and 60, for several seeds, the handmade network as in the post."""

    kind: Literal["lines"] = "lines"
    draw: int = Field(default=1, ge=1)
    first: Seed
    count: int = Field(ge=1, le=1000)
    search: bool = Field(description="whether a seed ends at its first line that does not fit the post's")

    @property
    def name(self) -> str:
        """The name of its result's file, without the ending."""
        return f"{'search' if self.search else 'lines'}-draw{self.draw}-{self.count}seeds-from{self.first}"

    @property
    def cost(self) -> int:
        """What it costs, about, in epochs of the post's run."""
        return self.count * (25 if self.search else 60)


Task = Run | Lines


class Start(Strict):
    """What is in the cell after the sixth sign before any update; means over the units and the training sequences."""

    forget: float = Field(description="forget gate")
    input: float = Field(description="input gate")
    output_gate: float
    candidate: float = Field(description="magnitude of the candidates")
    conveyor: float = Field(description="magnitude of the conveyor")
    output: float = Field(description="magnitude of the cell's output")
    conveyor_spread: float = Field(description="the conveyor's standard deviation over the sequences")
    output_spread: float = Field(description="the same of the cell's output")


class Result(Strict):
    """What a run measured. Its lines are those of `lines`, for all three series."""

    format: Literal[1]
    package: Text
    stack: Stack
    run: Run
    epochs: int = Field(ge=20, description="that were done")
    test_wrong: list[int] = Field(description="wrong answers on the test set, before the update of that epoch")
    squared_error: list[float] = Field(description="the sum of the test set's squared errors there")
    train_wrong: list[int] = Field(description="wrong answers on the training set an epoch before")
    prediction: float = Field(description="the answer to 00-+++ after the last update")
    initial_sha256: Sha256 = Field(description="of the variables before the first update, in the order of their names")
    final_sha256: Sha256 = Field(description="of the variables after the last update")
    start: Start | None = None
    wrong_by_length: list[float] | None = Field(default=None, description="share wrong after 1, 2, … `LONGEST` signs")
    seconds: float = Field(description="of a processor")


class LinesResult(Strict):
    """The lines of each seed, [[wrong, squared error], …]; of a search, those up to the first that does not fit."""

    format: Literal[1]
    package: Text
    stack: Stack
    run: Lines
    lines: list[list[tuple[int, float]]]
    seconds: float


def lines(epochs: int) -> list[int]:
    """Return the epochs at which a run of so many is measured: each twentieth, past `WHOLE` each two hundredth."""
    return [*range(20, min(epochs, WHOLE) + 1, 20), *range(WHOLE + 200, epochs + 1, 200)]


def result_file(folder: Path, task: Task) -> Path:
    """Return where the result of a run is, or will be."""
    return folder / f"{task.name}.json"


def read_result(file: Path, task: Task) -> Result | LinesResult:
    """Read the result of a run; `ValueError` if the file is none of this version, `OSError` if unreadable."""
    what = f"a result of format {FORMAT}"
    result: Result | LinesResult
    result = read_model(file, Result, what) if isinstance(task, Run) else read_model(file, LinesResult, what)
    if result.run != task:
        raise ValueError(f"{file} is the result of another run, {result.run.name}")
    return result


def missing(folder: Path, tasks: Sequence[Task]) -> list[Task]:
    """Return the runs that have no result in the folder yet; errors as `read_result`, for those that have."""
    return [task for task in tasks if not _is_there(folder, task)]


def _is_there(folder: Path, task: Task) -> bool:
    file = result_file(folder, task)
    return file.exists() and bool(read_result(file, task))


def keep(folder: Path, results: Iterator[Result | LinesResult]) -> Iterator[Result | LinesResult]:
    """Write each result to its file as it comes, and pass it on."""
    for result in results:
        write_model(result_file(folder, result.run), result)
        yield result
