"""The rule that makes a verdict of an interval, as docs/claims.md had it before the runs."""

from typing import NamedTuple

import pandas as pd

from compat_v1.study.statistics import Effect
from compat_v1.study.studies import SEEDS

CONFIRMED, NOT_CONFIRMED, REFUTED = "confirmed", "not confirmed", "refuted"
CANNOT_BE_SAID = "cannot be said"
NO_MATTER = (0.9, 1.1)  # a ratio within these would not matter


class Answer(NamedTuple):
    """What was found of a claim: `effect` in words, with its intervals; `tables` of texts and counts."""

    number: int
    claim: str
    verdict: str
    effect: str
    tables: list[pd.DataFrame]


def of_threshold(effect: Effect, threshold: float, side: int) -> str:
    """Return the verdict on a claim that a value is above a threshold, `side` 1, or below it, -1.

    Of fewer than `SEEDS` runs nothing can be said.
    """
    if effect.n < SEEDS or effect.low <= threshold <= effect.high:
        return CANNOT_BE_SAID
    return CONFIRMED if (effect.value - threshold) * side > 0 else REFUTED


def of_difference(effect: Effect, side: int) -> str:
    """Return the verdict on a claim that a difference is positive, `side` 1, or negative, -1."""
    return of_threshold(effect, 0, side)


def of_ratio(effect: Effect) -> str:
    """Return the verdict on a claim that a ratio is below 1."""
    is_1_within = effect.n >= SEEDS and effect.low <= 1 <= effect.high
    if is_1_within and NO_MATTER[0] < effect.low and effect.high < NO_MATTER[1]:
        return NOT_CONFIRMED
    return of_threshold(effect, 1, -1)


def both(*verdicts: str) -> str:
    """Return the verdict on a claim of several parts: theirs if all agree; one that cannot be said; not confirmed."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return CANNOT_BE_SAID if CANNOT_BE_SAID in verdicts else NOT_CONFIRMED
