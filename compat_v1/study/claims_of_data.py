"""What the results say of the claims about the data: how much of it, overfitting, the printed lines, any length."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import cdist

from compat_v1.proof.golden import published
from compat_v1.study import statistics
from compat_v1.study.groups import POST, SHARES
from compat_v1.study.runs import GOAL, LONGEST, QUARTER, SEQUENCES, WHOLE, LinesResult, Result
from compat_v1.study.statistics import Effect
from compat_v1.study.studies import COMPARED, LONG, SEEDS, SOME_LINES
from compat_v1.study.table import Arm, Runs, last, test_error, train_error, until
from compat_v1.study.verdicts import (
    CANNOT_BE_SAID,
    CONFIRMED,
    NOT_CONFIRMED,
    REFUTED,
    Answer,
    both,
    of_difference,
    of_threshold,
)

SIZES = (2048, 1024, 512, 256, 128, 64)
EPOCHS = (20, 40, 60)  # of the published lines
SHOWN_LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 40, 50)


def claim_4(runs: Runs) -> Answer:
    """How many examples are enough."""
    final = statistics.median([last(test_error(run), run, WHOLE) for run in runs.of(POST, WHOLE).values()])
    fewer = runs.of(Arm(examples=256), LONG).values()
    got = statistics.share(sum(np.isfinite(until(run, GOAL, LONG)) for run in fewer), len(fewer))
    enough, much_less = of_threshold(final, GOAL, -1), of_threshold(got, 0.5, 1)
    verdict = NOT_CONFIRMED if (enough, much_less) == (CONFIRMED, REFUTED) else enough
    if enough == CONFIRMED and much_less == CANNOT_BE_SAID:
        verdict = CANNOT_BE_SAID
    arms = {size: [*runs.of(Arm(examples=size)).values()] for size in SIZES}
    return Answer(
        4,
        "a quarter of the data is enough; much less would do with more iterations",
        verdict,
        f"final error with 1024 examples {final.shown('.2%')}; with 256, share of runs that get under 2 % within "
        f"{LONG} epochs {got.shown('.0%')}",
        [pd.DataFrame([_size_row(size, arm) for size, arm in arms.items() if arm])],
    )


def _size_row(size: int, arm: Sequence[Result]) -> dict[str, str | int]:
    horizon = arm[0].run.epochs
    row: dict[str, str | int] = {"examples": size, "epochs at most": horizon}
    errors = [last(test_error(run), run, horizon) for run in arm]
    row["test error at the end, median"] = statistics.median(errors).short(".2%")
    for name, share in SHARES.items():
        epochs = np.array([until(run, share, horizon) for run in arm])
        # As all are censored at the same epoch, the median is Kaplan and Meier's wherever it is finite.
        middle = float(np.median(epochs))
        row[f"epochs until {name}, median"] = f"{middle:.0f}" if np.isfinite(middle) else f"over {horizon}"
        row[f"runs under {name}"] = int(np.isfinite(epochs).sum())
    return {**row, "runs": len(arm)}


def claim_5(runs: Runs) -> Answer:
    """Test error against training error at each size."""
    quarter, fewer = _gap_difference(runs, 1024, 2048), _gap_difference(runs, 256, 1024)
    arms = {size: [*runs.of(Arm(examples=size), COMPARED).values()] for size in SIZES}
    return Answer(
        5,
        "training on all the data would be too easy; training on a part prevents overfitting",
        both(of_difference(quarter, -1), of_difference(fewer, -1)),
        f"overfitting in points, 1024 examples less 2048 {quarter.shown()}; 256 less 1024 {fewer.shown()}",
        [pd.DataFrame([_gap_row(size, arm) for size, arm in arms.items() if arm])],
    )


def _gap_row(size: int, arm: Sequence[Result]) -> dict[str, str | int]:
    train, test = (np.median([last(of(run), run, COMPARED) for run in arm]) for of in (train_error, test_error))
    overfitting = statistics.mean([gap(run) for run in arm])
    row: dict[str, str | int] = {"examples": size, f"training error at {COMPARED}, median": f"{train:.2%}"}
    return {**row, "test error, median": f"{test:.2%}", "overfitting, points": overfitting.short(), "runs": len(arm)}


def gap(run: Result) -> float:
    """Return test error less training error at epoch `COMPARED`, in points."""
    return 100 * (last(test_error(run), run, COMPARED) - last(train_error(run), run, COMPARED))


def _gap_difference(runs: Runs, one: int, other: int) -> Effect:
    pairs = runs.pairs(Arm(examples=one), Arm(examples=other), COMPARED)
    return statistics.mean([gap(a) - gap(b) for a, b in zip(*pairs, strict=True)])


def six_numbers(results: Sequence[LinesResult], draw: int = 1) -> np.ndarray:
    """Return, float64 (seeds, 6), the errors in percent and the squared errors at the three lines of each seed.

    Two studies may have a seed: it counts once.
    """
    found = [of for of in results if of.run.draw == draw and not of.run.search]
    measured = {of.run.first + place: lines for of in found for place, lines in enumerate(of.lines)}
    numbers = np.array([*measured.values()], np.float64).reshape(-1, len(EPOCHS), 2)
    return np.concatenate([100 * numbers[..., 0] / (SEQUENCES - QUARTER), numbers[..., 1]], axis=1)


def posts_numbers() -> np.ndarray:
    """Return the six numbers that the post printed, float64 (6,)."""
    lines = published()["lines"]
    return np.array([line["incorrect_percent"] for line in lines] + [line["squared_error"] for line in lines])


def as_far(numbers: np.ndarray) -> Effect:
    """Return the share of seeds as far from the mean as the post or farther, by the covariance of the six numbers."""
    inverse, center = np.linalg.pinv(np.cov(numbers.T)), numbers.mean(axis=0, keepdims=True)
    seeds, post = (cdist(of, center, "mahalanobis", VI=inverse)[:, 0] for of in (numbers, posts_numbers()[None]))
    return statistics.share(int((seeds >= post).sum()), len(seeds))


def claim_7(runs: Runs) -> Answer:
    """The published lines among a thousand seeds, the published answer among the runs that ran whole."""
    claim = "the lines that it printed, and its answer to 00-+++, are those of a run of this program"
    numbers, whole = six_numbers(runs.lines), [*runs.of(POST, WHOLE).values()]
    if len(numbers) < SOME_LINES or not whole:
        return Answer(7, claim, CANNOT_BE_SAID, f"{len(numbers)} seeds have their lines", [])
    far = as_far(numbers)
    names = [f"{what} at epoch {epoch}" for what in ("incorrect, %,", "squared error") for epoch in EPOCHS]
    rows = [_place(*of, digits=1) for of in zip(names, posts_numbers(), numbers.T, strict=True)]
    (answer,) = published()["prediction"].values()
    rows.append(_place("answer to 00-+++", answer, np.array([run.prediction for run in whole]), digits=8))
    rows.append(_place("final error, %", None, np.array([100 * last(test_error(run), run, WHOLE) for run in whole])))
    return Answer(
        7,
        claim,
        CONFIRMED if far.value > 0.05 else REFUTED if far.value < 0.001 else CANNOT_BE_SAID,
        f"share of seeds as far from the middle, all six numbers together {far.shown('.1%')}",
        [pd.DataFrame(rows)],
    )


def _place(name: str, value: float | None, of: np.ndarray, digits: int = 8) -> dict[str, str | int]:
    low, middle, high = np.quantile(of, [0.025, 0.5, 0.975])
    # What the post prints is rounded; so are the seeds' numbers here, and ties count half.
    place = "" if value is None else f"{stats.percentileofscore(np.round(of, digits), value, kind='mean'):.1f}"
    shown = "not printed" if value is None else f"{value:.9g}"
    row: dict[str, str | int] = {"": name, "the post": shown, "percentile": place}
    return {**row, "median, 95 % of the seeds": f"{middle:.5g} ({low:.5g} to {high:.5g})", "n": len(of)}


def claim_8(runs: Runs) -> Answer:
    """The trained networks on random sequences of each length."""
    claim = "the network plays sequences of any length"
    wrong = np.array([run.wrong_by_length for run in runs.of(POST, WHOLE).values()])
    if len(wrong) < 2:
        return Answer(8, claim, CANNOT_BE_SAID, "no runs", [])
    by_length = [statistics.median(wrong[:, length]) for length in range(LONGEST)]
    worst = max(by_length, key=lambda effect: effect.low)
    verdict = CONFIRMED if max(of.high for of in by_length) < 0.1 else REFUTED if worst.low > 0.5 else CANNOT_BE_SAID
    row = {"signs": "wrong answers, median"} | {str(n): f"{by_length[n - 1].value:.0%}" for n in SHOWN_LENGTHS}
    return Answer(
        8,
        claim,
        verdict if len(wrong) >= SEEDS else CANNOT_BE_SAID,
        f"wrong answers at six signs {by_length[5].shown('.1%')}; at {1 + by_length.index(worst)} {worst.shown('.1%')}",
        [pd.DataFrame([row])],
    )
