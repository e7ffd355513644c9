"""The lines that the post printed, and which of a seed's lines fit them. Imports no TensorFlow."""

from collections.abc import Iterable, Sequence

from compat_v1.proof.golden import published
from compat_v1.study.runs import QUARTER, SEQUENCES, LinesResult

SEARCHED = (range(14450), range(100000, 114087))  # 28,537 graph seeds
# A line whose squared error is off by more cannot be the nearest seed's, once any seed is nearer at all its lines.
FARTHEST = 0.005

_LINES = {line["epoch"]: (line["incorrect_percent"], line["squared_error"]) for line in published()["lines"]}
_TESTS = SEQUENCES - QUARTER


def incorrect(wrong: int) -> str:
    """Return so many wrong answers on the test set as the post prints them."""
    return f"{100 * wrong / _TESTS:.1f}"


def distance(epoch: int, squared_error: float) -> float:
    """Return how far a squared error is from the post's, as a share of it."""
    return abs(squared_error / _LINES[epoch][1] - 1)


def fits(epoch: int, wrong: int, squared_error: float) -> bool:
    """Return whether a line prints the post's error, and has about its squared error."""
    return incorrect(wrong) == f"{_LINES[epoch][0]:.1f}" and distance(epoch, squared_error) <= FARTHEST


def nearest(results: Iterable[LinesResult]) -> tuple[int, float, Sequence[tuple[int, float]]] | None:
    """Return (seed, its largest distance, its lines) of the seed that comes nearest of those whose errors all print as
    the post's; None if there is none.
    """
    found = []
    for result in results:
        for seed, lines in enumerate(result.lines, result.run.first):
            if len(lines) == len(_LINES) and all(fits(e, *line) for e, line in zip(_LINES, lines, strict=True)):
                off = max(distance(e, squared) for e, (_, squared) in zip(_LINES, lines, strict=True))
                found.append((off, seed, lines))
    if not found:
        return None
    off, seed, lines = min(found)
    return seed, off, lines
