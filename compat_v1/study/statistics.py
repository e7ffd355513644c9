"""Effects with intervals of 95 %, by SciPy; the bootstrap's resamples are the same each time."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

RESAMPLES = 5000


class Effect(NamedTuple):
    """An effect, its interval of 95 % and the number of runs or pairs that it is of; not a number of too few."""

    value: float
    low: float
    high: float
    n: int

    def exponential(self) -> "Effect":
        """Return what this is the logarithm of."""
        return Effect(float(np.exp(self.value)), float(np.exp(self.low)), float(np.exp(self.high)), self.n)

    def short(self, form: str = ".2f") -> str:
        """Return effect and interval in one line."""
        return (
            "too few runs" if np.isnan(self.value) else f"{self.value:{form}} ({self.low:{form}} to {self.high:{form}})"
        )

    def shown(self, form: str = ".2f") -> str:
        """Return effect, interval and number in one line."""
        return f"{self.short(form)}, n = {self.n}"


def bootstrap(statistic: Callable[..., Any], *samples: ArrayLike, method: str = "BCa") -> Effect:
    """Return the statistic of samples, float64 (n,) each, which are resampled together: pairs stay pairs."""
    arrays = [np.asarray(sample, dtype=np.float64) for sample in samples]
    n = len(arrays[0])
    if n < 3:
        return Effect(np.nan, np.nan, np.nan, n)
    value = float(statistic(*arrays, axis=-1))
    same: dict[str, Any] = {"n_resamples": RESAMPLES, "rng": np.random.default_rng(0)}
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        done = stats.bootstrap(arrays, statistic, paired=True, vectorized=True, method=method, **same)
    low, high = done.confidence_interval
    if np.isnan(low):  # all resamples are alike: there is nothing to correct
        low = high = value
    return Effect(value, float(low), float(high), n)


def ratio_of_means(one: ArrayLike, other: ArrayLike) -> Effect:
    """Return the mean of `one` as a ratio to that of `other`, which are pairs."""
    return bootstrap(lambda a, b, axis: a.mean(axis) / b.mean(axis), one, other)


def ratio_of_geometric_means(one: ArrayLike, other: ArrayLike) -> Effect:
    """Return the geometric mean of `one` as a ratio to that of `other`, which are pairs of positive numbers."""
    return mean(np.log(one) - np.log(other)).exponential()


def mean(values: ArrayLike) -> Effect:
    """Return the mean."""
    return bootstrap(lambda a, axis: a.mean(axis), values)


def median(values: ArrayLike) -> Effect:
    """Return the median; its interval by percentiles, because the medians of resamples take few values."""
    return bootstrap(lambda a, axis: np.median(a, axis), values, method="percentile")


def rank_correlation(one: ArrayLike, other: ArrayLike) -> Effect:
    """Return Spearman's correlation of pairs."""

    def spearman(a: np.ndarray, b: np.ndarray, axis: int) -> Any:
        ranks = [stats.rankdata(values, axis=axis) for values in (a, b)]
        return stats.pearsonr(*ranks, axis=axis).statistic

    return bootstrap(spearman, one, other, method="percentile")


def share(count: int, n: int) -> Effect:
    """Return a share of n, with Wilson's interval."""
    if not n:
        return Effect(np.nan, np.nan, np.nan, n)
    interval = stats.binomtest(count, n).proportion_ci(method="wilson")
    return Effect(count / n, float(interval.low), float(interval.high), n)


def log_rank(one: ArrayLike, other: ArrayLike, horizon: int) -> float:
    """Return the p-value of the log-rank test of epochs until something; those that are infinite are censored there."""
    groups = [np.asarray(group, dtype=np.float64) for group in (one, other)]
    if not all(map(len, groups)) or not any(np.isfinite(group).any() for group in groups):
        return np.nan
    censored = [
        stats.CensoredData(uncensored=group[np.isfinite(group)], right=np.full(np.isinf(group).sum(), float(horizon)))
        for group in groups
    ]
    with np.errstate(invalid="ignore"):  # where all are alike, the test has no variance and no answer
        return float(stats.logrank(*censored).pvalue)


def restricted(epochs: ArrayLike, horizon: int) -> np.ndarray:
    """Return min(epochs, horizon), float64: as all runs have the same horizon, its mean is the restricted mean."""
    return np.minimum(np.asarray(epochs, dtype=np.float64), horizon)
