"""A figure for each claim, of the same results that its verdict is of."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from compat_v1.study.claims_of_data import EPOCHS, SIZES, posts_numbers, six_numbers
from compat_v1.study.claims_of_weights import BIASES, FIRST_WEIGHTS
from compat_v1.study.groups import NAMES, POST
from compat_v1.study.runs import LONGEST, QUARTER, WHOLE, Result, lines
from compat_v1.study.studies import COMPARED
from compat_v1.study.table import Arm, Runs, test_error, train_error, until

SIZE = (8, 3.6)
Of = Callable[[Result], np.ndarray]


def _panels(number: int = 1) -> tuple[Figure, Sequence[Any]]:
    figure = Figure(figsize=SIZE, layout="constrained", dpi=64)
    axes = figure.subplots(1, number, squeeze=False, sharey=True)[0]
    for panel in axes:
        panel.grid(alpha=0.3)
    return figure, axes


def _curve(axes: Any, results: Iterable[Result], label: str, of: Of = test_error, horizon: int = COMPARED) -> None:
    """Draw the median over runs at each line, and where the middle half of them lies; a run that has ended stays."""
    epochs = np.array([epoch for epoch in lines(horizon) if epoch <= horizon])
    series = [np.pad(of(run), (0, len(epochs)), mode="edge")[: len(epochs)] for run in results]
    if series:
        low, middle, high = np.quantile(series, [0.25, 0.5, 0.75], axis=0)
        axes.plot(epochs, middle, label=f"{label} ({len(series)} runs)", linewidth=1.2)
        axes.fill_between(epochs, low, high, alpha=0.15)


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[0]:  # there may be no runs yet
        axes.legend(fontsize="small")


def _errors(runs: Runs, arms: dict[str, Arm]) -> Figure:
    figure, (axes,) = _panels()
    for label, arm in arms.items():
        _curve(axes, runs.of(arm, COMPARED).values(), label)
    axes.set(xlabel="epoch", ylabel="test error", yscale="log", xlim=(0, COMPARED))
    _legend(axes)
    return figure


def first_weights(runs: Runs) -> Figure:
    """Claim 1: test error over time."""
    return _errors(runs, {NAMES[arm]: arm for arm in FIRST_WEIGHTS})


def what_gets_through(runs: Runs) -> Figure:
    """Claim 2: what gets through before any update, against the epochs until 50 %."""
    figure, (axes,) = _panels()
    for arm in FIRST_WEIGHTS:
        of = runs.of(arm, COMPARED).values()
        spread = [run.start.output_spread for run in of if run.start]
        epochs = [min(until(run, 0.5, COMPARED), COMPARED) for run in of]
        axes.scatter(spread, epochs, s=14, alpha=0.7, label=NAMES[arm])
    axes.set(xlabel="the output's deviation over the sequences, before any update", ylabel="epochs until 50 %")
    axes.set(xscale="log", yscale="log")
    _legend(axes)
    return figure


def forget_bias(runs: Runs) -> Figure:
    """Claim 3: test error over time."""
    return _errors(runs, {f"forget bias {bias:g}": arm for bias, arm in BIASES.items()})


def examples(runs: Runs) -> Figure:
    """Claim 4: test error over time, at each size."""
    figure, (axes,) = _panels()
    for size in SIZES:
        arm = [*runs.of(Arm(examples=size)).values()]
        _curve(axes, arm, f"{size} examples", horizon=arm[0].run.epochs if arm else COMPARED)
    axes.set(xlabel="epoch", ylabel="test error", xscale="log", yscale="log")
    _legend(axes)
    return figure


def overfitting(runs: Runs) -> Figure:
    """Claim 5: training and test error over time, at three sizes."""
    figure, panels = _panels(3)
    for size, axes in zip((2048, QUARTER, 256), panels, strict=True):
        of = runs.of(Arm(examples=size), COMPARED).values()
        for label, series in (("test", test_error), ("training", train_error)):
            _curve(axes, of, label, series)
        axes.set(title=f"{size} examples", xlabel="epoch", xlim=(0, COMPARED))
        _legend(axes)
    panels[0].set(ylabel="error")
    return figure


def keras(runs: Runs) -> Figure:
    """Claim 6: test error over time, of both programs with both weights."""
    arms = (POST, Arm("keras"), Arm("post", program="keras"), Arm("keras", program="keras"))
    return _errors(runs, {NAMES[arm]: arm for arm in arms})


def published_lines(runs: Runs) -> Figure:
    """Claim 7: the squared errors of the published lines among those of the seeds."""
    figure, panels = _panels(len(EPOCHS))
    squared, posts = six_numbers(runs.lines)[:, len(EPOCHS) :], posts_numbers()[len(EPOCHS) :]
    for axes, epoch, of, post in zip(panels, EPOCHS, squared.T, posts, strict=True):
        axes.hist(of, bins=40, color="grey")
        axes.axvline(post, color="black", label="the post")
        axes.set(title=f"epoch {epoch}", xlabel="squared error")
    panels[0].set(ylabel="seeds")
    _legend(panels[0])
    return figure


def lengths(runs: Runs) -> Figure:
    """Claim 8: wrong answers at each length."""
    figure, (axes,) = _panels()
    wrong = [run.wrong_by_length for run in runs.of(POST, WHOLE).values() if run.wrong_by_length]
    if wrong:
        low, middle, high = np.quantile(wrong, [0, 0.5, 1], axis=0)
        signs = np.arange(1, LONGEST + 1)
        axes.plot(signs, middle, label=f"median of {len(wrong)} networks")
        axes.fill_between(signs, low, high, alpha=0.2, label="all of them")
        _legend(axes)
    axes.axvline(6, color="grey", linestyle=":")
    axes.set(xlabel="signs", ylabel="share of wrong answers", ylim=(0, 1))
    return figure


FIGURES: Sequence[Callable[[Runs], Figure]] = (
    *(first_weights, what_gets_through, forget_bias, examples),
    *(overfitting, keras, published_lines, lengths),
)
