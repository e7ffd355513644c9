"""Which runs each study has, in the order of their worth: a study that is stopped early is one of fewer seeds."""

from collections.abc import Callable, Iterable

from compat_v1.study.published import SEARCHED
from compat_v1.study.runs import WHOLE, Lines, Run, Task

SEEDS = 30
MORE_SEEDS = {"weights": 100, "forget-bias": 100}  # of these, as an interval of 30 crossed the line
COMPARED = 2000  # epochs of a run that is only compared: the post's network has its error under 2 % by then, mostly
BEGUN = 1000  # epochs of a run that shows how two settings act together
LONG = 20_000  # epochs that fewer examples may have
SOME_LINES = 1000  # seeds whose published lines are a distribution
_AT_ONCE = 100  # seeds of one task


def weights(seeds: int) -> Iterable[Task]:
    """Claims 1 and 2: the sign, the place and the size of the first weights."""
    for seed in range(1, seeds + 1):
        yield Run(seed=seed)
        for name in ("wide", "uniform", "around-0", "mirrored"):
            yield Run(seed=seed, weights=name, epochs=COMPARED)


def forget_bias(seeds: int) -> Iterable[Task]:
    """Claim 3: the forget gate's first bias."""
    for seed in range(1, seeds + 1):
        yield Run(seed=seed)
        for bias in (0.0, 2.0):
            yield Run(seed=seed, forget_bias=bias, epochs=COMPARED)


def interaction(seeds: int) -> Iterable[Task]:
    """Claim 3 under the other first weights. Their runs with a bias of 1 are those of `weights`."""
    for seed in range(1, seeds + 1):
        for name in ("wide", "uniform", "around-0"):
            yield Run(seed=seed, weights=name, epochs=COMPARED)
            for bias in (0.0, 2.0):
                yield Run(seed=seed, weights=name, forget_bias=bias, epochs=BEGUN)


def examples(seeds: int) -> Iterable[Task]:
    """Claims 4 and 5: how many examples. One number after the other: each has a graph of its own."""
    epochs = {1024: WHOLE, 256: LONG, 2048: COMPARED, 512: LONG, 128: LONG, 64: LONG}
    for number, most in epochs.items():
        for seed in range(1, seeds + 1):
            yield Run(seed=seed, examples=number, epochs=most)


def keras(seeds: int) -> Iterable[Task]:
    """Claim 6: each program with each one's weights."""
    for seed in range(1, seeds + 1):
        yield Run(seed=seed)
        yield Run(seed=seed, weights="keras", epochs=COMPARED)
        yield Run(seed=seed, program="keras", weights="keras", epochs=COMPARED)
        yield Run(seed=seed, program="keras", weights="post", epochs=COMPARED)


def whole(seeds: int) -> Iterable[Task]:
    """Claims 7 and 8: the post's run itself."""
    for seed in range(1, seeds + 1):
        yield Run(seed=seed)


def lines(seeds: int) -> Iterable[Task]:
    """Claim 7: the three published lines, as a distribution over `SOME_LINES` seeds whatever `seeds` is."""
    for first in range(0, SOME_LINES, _AT_ONCE):
        yield Lines(first=first, count=_AT_ONCE, search=False)


def published_lines(seeds: int) -> Iterable[Task]:
    """The search for the seed that comes nearest to the published lines, whatever `seeds` is."""
    for searched in SEARCHED:
        for first in range(searched.start, searched.stop, _AT_ONCE):
            yield Lines(first=first, count=min(_AT_ONCE, searched.stop - first), search=True)


def draws(seeds: int) -> Iterable[Task]:
    """The evidence of docs/data.md: the lines of 150 seeds on each of twelve draws of the data."""
    for draw in range(1, 13):
        yield Lines(draw=draw, first=0, count=150, search=False)


def original(seeds: int) -> Iterable[Run]:
    """What `make study-original` does under TensorFlow 1.0.1: claims 1 and 3. No study, as nothing here could do it."""
    for seed in range(1, min(seeds, 10) + 1):
        begun = Run(program="original", epochs=BEGUN, seed=seed)
        yield begun
        for change in ({"weights": "wide"}, {"weights": "uniform"}, {"forget_bias": 0.0}):
            yield begun.model_copy(update=change)


# Those of the claims first; the last two take a name.
CLAIMS: dict[str, Callable[[int], Iterable[Task]]] = {
    "weights": weights,
    "forget-bias": forget_bias,
    "whole": whole,
    "lines": lines,
    "examples": examples,
    "keras": keras,
    "interaction": interaction,
}
STUDIES = {**CLAIMS, "published-lines": published_lines, "draws": draws}


def tasks_of(names: Iterable[str], seeds: int | None = None) -> list[Task]:
    """Return the runs of these studies, each once, in order; by default of as many seeds as the claims rest on."""
    found = (task for name in names for task in STUDIES[name](seeds or MORE_SEEDS.get(name, SEEDS)))
    return list(dict.fromkeys(found))
