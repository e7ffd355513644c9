"""Tell what grows as rounding does from what does not."""

from collections.abc import Iterator

import numpy as np

from compat_v1.recorder.distance import PARTED
from compat_v1.recorder.replay import KERNELS, NUDGED

ROUNDING = 100.0  # how many times as far as rounding a distance may be and still be called so
SCALE = "the recording and that of the other release"


def horizon(curve: list[float | None]) -> int | None:
    """Return the number of the last run before a curve passes `PARTED`, 0 if the first does, None if none does."""
    return next((number for number, value in enumerate(curve) if value is not None and value > PARTED), None)


def growth(curves: dict[str, list[float | None]], draws_in_a_loop: bool) -> Iterator[str]:
    """Say whether what parts the recording from here is rounding."""
    kernels, nudged = curves[KERNELS], curves.get(SCALE) or curves[NUDGED]
    if not any(kernels):
        return
    last = horizon(kernels)
    if last is None:
        most = max(filter(None, kernels))
        yield f"horizon: none in the recording; it is left by {most:.2g} of the largest value at most"
    else:
        yield f"horizon: run {last}; after it the recording is left by more than {PARTED:g} of the largest value"
        for name in (NUDGED, SCALE):
            if name in curves:
                other = horizon(curves[name])
                yield f"horizon of {name}: " + ("none" if other is None else f"run {other}")
    # Running maxima: one example more or less that is wrong makes a jump in a single run.
    far, scale = (np.maximum.accumulate([value or 0.0 for value in curve]) for curve in (kernels, nudged))
    count = min(len(far), len(scale), 1 + (horizon(nudged) or len(scale)))  # after it, a distance proves nothing
    times = far[:count] / np.maximum(scale[:count], np.finfo(np.float32).eps)
    which = SCALE if SCALE in curves else NUDGED
    more = "MORE THAN ROUNDING" if not draws_in_a_loop else "more than rounding, or drawn in another order"
    yield (
        f"growth: {np.median(times):.1f} times as far as {which}, in the median of the runs before that horizon, and "
        f"{times.max():.1f} times at most: " + ("rounding" if np.median(times) <= ROUNDING else more)
    )
