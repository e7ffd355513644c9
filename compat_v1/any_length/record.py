"""The record of a run of `curriculum.py`, which lies beside its checkpoint. Imports no TensorFlow."""

from typing import Annotated

from pydantic import FailFast, Field, model_validator

from compat_v1.records import Hashes, Seed, Stack, Strict, Text

MOST_UPDATES = 10**7
KEPT_LOSSES = 100  # the first ones, so that a test can repeat them

Updates = Annotated[int, Field(ge=0, le=MOST_UPDATES)]


class Measured(Strict):
    """What was measured on the way, after every `REPORT_EVERY` updates: three lists of one length."""

    done: Annotated[list[Updates], FailFast()]
    loss: Annotated[list[float], FailFast()]
    right: Annotated[list[Annotated[float, Field(ge=0, le=1)]], FailFast()]


class CurriculumRecord(Strict):
    """A run that has done some of its updates; one that has done all has the SHA-256 of its weights."""

    graph_seed: Seed
    op_seeds: list[Seed] = Field(min_length=5, max_length=5)
    updates: int = Field(ge=1, le=MOST_UPDATES)
    settings: dict[Text, int | float]
    stack: Stack
    done: Updates
    first_losses: list[float] = Field(max_length=KEPT_LOSSES)
    measured: Measured
    weights_sha256: Hashes | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "CurriculumRecord":
        done = self.measured.done
        if self.done > self.updates:
            raise ValueError(f'"done" is {self.done}: it can be "updates", {self.updates}, at most')
        if len(self.first_losses) != min(self.done, KEPT_LOSSES):
            raise ValueError(f'"first_losses" must be the first {min(self.done, KEPT_LOSSES)} losses')
        if done != sorted(set(done)) or (done and not 0 < done[0] <= done[-1] <= self.done):
            raise ValueError('"measured.done" must rise, from 1 to "done" at most')
        if not len(done) == len(self.measured.loss) == len(self.measured.right):
            raise ValueError('"measured" must have three lists of one length')
        if (self.weights_sha256 is None) == (self.done == self.updates):
            raise ValueError('"weights_sha256" belongs to a run that has done all "updates", and to no other')
        return self
