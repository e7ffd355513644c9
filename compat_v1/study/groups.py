"""Two groups of runs compared, as a row of a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from compat_v1.study import statistics
from compat_v1.study.statistics import Effect
from compat_v1.study.studies import COMPARED
from compat_v1.study.table import Arm, Runs, squared_error, until

POST = Arm()
NAMES = {
    POST: "the post's, normal within [-0.4, 0]",
    Arm("mirrored"): "normal within [0, 0.4]",
    Arm("around-0"): "normal within [-0.2, 0.2]",
    Arm("wide"): "normal within [-1, 1]",
    Arm("uniform"): "uniform within [-1, 1]",
    Arm("keras"): "handmade, Keras' weights",
    Arm("keras", program="keras"): "Keras, its own weights",
    Arm("post", program="keras"): "Keras, the post's weights",
    Arm(forget_bias=0.0): "forget bias 0",
    Arm(forget_bias=2.0): "forget bias 2",
    Arm(program="original"): "TensorFlow 1.0.1, the post's",
    Arm("wide", program="original"): "TensorFlow 1.0.1, normal within [-1, 1]",
    Arm("uniform", program="original"): "TensorFlow 1.0.1, uniform within [-1, 1]",
    Arm(forget_bias=0.0, program="original"): "TensorFlow 1.0.1, forget bias 0",
}
SHARES = {"50 %": 0.5, "10 %": 0.1, "2 %": 0.02}


def until_ratio(runs: Runs, one: Arm, other: Arm, share: float = 0.1, horizon: int = COMPARED) -> Effect:
    """Return the mean epochs until a test error of `share`, within `horizon`, as a ratio of one arm to another."""
    pairs = runs.pairs(one, other, horizon)
    epochs = [statistics.restricted([until(run, share, horizon) for run in arm], horizon) for arm in pairs]
    return statistics.ratio_of_means(*epochs)


def comparison(runs: Runs, arms: Sequence[tuple[Arm, Arm]], horizon: int = COMPARED) -> pd.DataFrame:
    """Return a table, a row for each pair of arms: the first as a ratio to the second, within the horizon."""
    return pd.DataFrame([_row(runs, one, other, horizon) for one, other in arms])


def _row(runs: Runs, one: Arm, other: Arm, horizon: int) -> Mapping[str, str | int]:
    pairs = runs.pairs(one, other, horizon)
    row: dict[str, str | int] = {"ratio of": f"{NAMES[one]}, to {NAMES[other]}"}
    for name, share in SHARES.items():
        epochs = [[until(run, share, horizon) for run in arm] for arm in pairs]
        if np.isinf(epochs).all():
            row[f"epochs until {name}"] = "none gets there"
            continue
        censored = " and ".join(str(int(np.isinf(arm).sum())) for arm in epochs)
        p = statistics.log_rank(epochs[0], epochs[1], horizon)
        row[f"epochs until {name}"] = (
            f"{until_ratio(runs, one, other, share, horizon).short()}; censored {censored}; p {p:.2g}"
        )
    for epoch in (200, 1000):
        errors = [[squared_error(run, epoch) for run in arm] for arm in pairs]
        row[f"squared error at {epoch}"] = statistics.ratio_of_geometric_means(*errors).short()
    return {**row, "pairs": len(pairs[0])}
