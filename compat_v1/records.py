"""The record of a run: one type, made here, checked where it is read, read and written whole. Imports no TensorFlow.

`docs/record.md` explains the fields, `record.schema.json` holds them as JSON schema: `python -m compat_v1.records`
prints it. The program for Python 2.7 writes format 1 with `original/record_format.py`, which both share.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError, model_validator

from compat_v1.data_generator import LONGEST
from compat_v1.original.record_format import MEASURED_SEQUENCE, epoch_line, stack, write_json

FORMAT = 2
LARGEST_SEED = 2**31 - 2  # TensorFlow 2 reduces a graph seed modulo 2**31 - 1, TensorFlow 1 does not
MOST_EPOCHS = 10**6
LARGEST_FILE = 2**26  # bytes; a record of 10**6 epochs has half as many
NEW = ("package", "execution", "graph", "graph_sha256", "initial_variables_sha256", "variables_sha256", "partial")
ONLY_NEW = ("package", "execution", "graph_sha256", "initial_variables_sha256")  # format 1 never has these

Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[ -~]*$")]  # ASCII, no control characters
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hashes = Annotated[dict[Text, Sha256], Field(min_length=1, max_length=1000)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Epochs = Annotated[list[int], FailFast()]
Shares = Annotated[list[Annotated[float, Field(ge=0, le=1)]], FailFast()]
Floats = Annotated[list[float], FailFast()]  # not a number, or infinite, where a run came to that: it is judged

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """What a JSON file of this project holds: no other keys, no number for a text, no text for a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Stack(Strict):
    """What a run's last digits depend on, as `original.record_format.stack` finds it."""

    python: Text = Field(description="Python's version")
    tensorflow: Text = Field(description="TensorFlow's version")
    numpy: Text = Field(description="NumPy's version")
    cpu: Text = Field(description="the processor's name, and the instruction sets that kernels choose by")
    onednn: Text = Field(description='"on", "off", or "not in this build"')


class DataSet(Strict):
    """The sequences that were trained and tested on, as `data_generator.provenance` describes them."""

    sequence_length: int = Field(ge=1, le=LONGEST, description="signs of a sequence")
    shuffle_seed: Literal[7] = Field(description="of the generator, data_generator.SHUFFLE_SEED")
    draw: int = Field(ge=1, le=2**30, description="which shuffle of the generator's stream, from 1")
    sha256: Sha256 = Field(description="of the sequences in their order, as ASCII, joined by newlines")


class TrainSeries(Strict):
    """What was measured on the training set, the first quarter of the data, before the update of that epoch."""

    epoch: Epochs = Field(description="counted from 1: all that are no multiple of 20")
    error: Shares = Field(description="the share of the sequences with a wrong answer, from 0 to 1")


class TestSeries(Strict):
    """What was measured on the test set, the other three quarters, before the update of that epoch."""

    epoch: Epochs = Field(description="every twentieth")
    error: Shares = Field(description="the share of the sequences with a wrong answer, from 0 to 1")
    squared_error: Floats = Field(description="the sum over the set of the squared errors")


class Record(Strict):
    """One run: what it ran on, from what it started, what it measured, and what it ended with."""

    format: Literal[1, 2] = Field(description="of this file; runs of this version write 2")
    stack: Stack
    data: DataSet
    graph_seed: Seed = Field(description="the graph's random seed")
    op_seeds: list[Seed] = Field(min_length=5, max_length=5, description="of the random ops, in their order")
    epochs: int = Field(ge=1, le=MOST_EPOCHS, description="that were done")
    test: TestSeries
    train: TrainSeries
    prediction: dict[str, float] = Field(
        description="the answer after the last epoch to the sequence that the post asks"
    )
    package: Text | None = Field(None, description="the version of this package")
    execution: Literal["fast", "one-run", "post"] | None = Field(None, description="as train --execution")
    graph: Literal["port", "original"] | None = Field(None, description="which program built the graph")
    graph_sha256: Sha256 | None = Field(None, description="of the GraphDef that ran, in its canonical form")
    initial_variables_sha256: Hashes | None = Field(None, description="of each variable before the first update")
    variables_sha256: Hashes | None = Field(None, description="of each variable after the last one")
    partial: bool | None = Field(None, description="whether the run was stopped before it had done what was asked")

    model_config = ConfigDict(
        title="The record of a run",
        json_schema_extra={
            "if": {"properties": {"format": {"const": FORMAT}}},
            "then": {"required": list(NEW)},
            "else": {"properties": dict.fromkeys(ONLY_NEW, False)},
        },
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "Record":
        missing = [name for name in NEW if self.format == FORMAT and getattr(self, name) is None]
        too_new = [name for name in ONLY_NEW if self.format < FORMAT and getattr(self, name) is not None]
        if missing or too_new:
            what = "must have" if missing else "cannot have"
            raise ValueError(f'a record of format {self.format} {what} "{(missing or too_new)[0]}"')
        epochs = range(1, self.epochs + 1)
        if self.test.epoch != [e for e in epochs if e % 20 == 0] or self.train.epoch != [e for e in epochs if e % 20]:
            raise ValueError(f'"test" and "train" must have the epochs of a run of "epochs" = {self.epochs}')
        for part, name in series_names():
            if len(self.series(part, name)) != len(self.series(part, "epoch")):
                raise ValueError(f'"{part}": "{name}" must be a number for each epoch')
        asked = [MEASURED_SEQUENCE] if self.data.sequence_length == len(MEASURED_SEQUENCE) else []
        if list(self.prediction) != asked:
            raise ValueError(f'"prediction" must have a number for "{MEASURED_SEQUENCE}", where sequences are as long')
        return self

    def series(self, part: str, field: str) -> list[Any]:
        """Return the numbers of a part, "test" or "train", epoch by epoch."""
        values: list[Any] = getattr(getattr(self, part), field)
        return values

    def printed_lines(self) -> dict[int, str]:
        """Return {epoch: the line that the program printed there}."""
        test = zip(self.test.epoch, self.test.error, self.test.squared_error, strict=True)
        return {epoch: epoch_line(epoch, *measured) for epoch, *measured in test}


def this_stack(tensorflow_version: str, onednn: str) -> Stack:
    """Return the stack of this process, in ASCII, whatever its processor calls itself."""
    words = stack(tensorflow_version, onednn)
    return Stack(**{name: re.sub(r"[^ -~]", "?", word)[:300] for name, word in words.items()})


def series_names() -> tuple[tuple[str, str], ...]:
    """Return (part, field) of all that a record measures by epoch."""
    return ("test", "error"), ("test", "squared_error"), ("train", "error")


def read_record(path: str | Path) -> Record:
    """Read and check the record of a run; errors as `read_model`."""
    return read_model(path, Record, "a record of a run")


def read_model(path: str | Path, kind: type[Model], what: str) -> Model:
    """Read and check a JSON file of the type `kind`.

    Raises `OSError` if the file cannot be read, and `ValueError`, in one line, if it is no `what`: what is wrong, and
    what is allowed. No file makes this take more memory than a few times `LARGEST_FILE`.
    """
    with Path(path).open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"{path} is not {what}: it is larger than {LARGEST_FILE >> 20} MiB")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
    if problem["type"] == "json_invalid":
        raise ValueError(f"{path} is not JSON: {problem['msg'].removeprefix('Invalid JSON: ')}")
    raise ValueError(f"{path} is not {what}: {_in_one_line(problem)}")


def _in_one_line(problem: Any) -> str:
    place = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    is_scalar = isinstance(problem["input"], str | int | float | None) and problem["type"] != "value_error"
    found = f"; it is {ascii(problem['input'])[:60]}" if is_scalar and problem["type"] != "extra_forbidden" else ""
    return (f"{ascii(place)[1:-1][:100]}: " if place else "") + message + found


def write_model(path: str | Path, model: BaseModel) -> None:
    """Write a record as JSON, whole or not at all; `OSError` if that cannot be."""
    write_json(str(path), model.model_dump(exclude_none=True))


def schema() -> str:
    """Return the JSON schema of a record, as `record.schema.json` holds it."""
    return json.dumps(Record.model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
