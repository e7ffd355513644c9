"""What the results say of the claims about the beginning: the first weights, the forget gate's bias, Keras' LSTM."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from compat_v1.study import statistics
from compat_v1.study.groups import NAMES, POST, comparison, until_ratio
from compat_v1.study.runs import Result, Start
from compat_v1.study.studies import BEGUN, COMPARED, SEEDS
from compat_v1.study.table import Arm, Runs, squared_error, until
from compat_v1.study.verdicts import CANNOT_BE_SAID, CONFIRMED, REFUTED, Answer, both, of_difference, of_ratio

MUCH = 2 / 3
FROM_MINUS_1_TO_1 = (Arm("wide"), Arm("uniform"))
FIRST_WEIGHTS = (POST, *FROM_MINUS_1_TO_1, Arm("around-0"), Arm("mirrored"))
ORIGINAL = Arm(program="original")
BIASES = {bias: Arm(forget_bias=bias) for bias in (0.0, 1.0, 2.0)}


def claim_1(runs: Runs) -> Answer:
    """Weights begun in [-0.4, 0] against those in [-1, 1]."""
    normal, uniform = (until_ratio(runs, POST, arm) for arm in FROM_MINUS_1_TO_1)
    verdict = both(of_ratio(normal), of_ratio(uniform))
    if verdict == CONFIRMED and max(normal.high, uniform.high) >= MUCH:
        verdict = f"{CONFIRMED}, but not as much better"
    of_original = comparison(runs, [(ORIGINAL, arm._replace(program="original")) for arm in FROM_MINUS_1_TO_1], BEGUN)
    pairs = [(POST, arm) for arm in FIRST_WEIGHTS[1:]] + [(Arm("around-0"), Arm("wide"))]
    return Answer(
        1,
        "weights begun in [-0.4, 0] give a much better training rate than in [-1, 1]",
        verdict,
        f"epochs until 10 %, ratio to the normal on [-1, 1] {normal.shown()}; to the uniform {uniform.shown()}",
        [comparison(runs, pairs), of_original],
    )


def claim_2(runs: Runs) -> Answer:
    """What gets through the cell before any update, and how soon a run learns."""
    ratios = []
    for arm in FROM_MINUS_1_TO_1:
        spreads = [[start.output_spread for start in _starts(of)] for of in runs.pairs(POST, arm, COMPARED)]
        ratios.append(statistics.ratio_of_geometric_means(*spreads))
    begun = [run for arm in FIRST_WEIGHTS for run in runs.of(arm, COMPARED).values()]
    epochs = np.array([until(run, 0.5, COMPARED) for run in begun])
    spread = [start.output_spread for start in _starts(begun)]
    correlation = statistics.rank_correlation(spread, statistics.restricted(epochs, COMPARED))
    is_enough = correlation.n >= SEEDS * len(FIRST_WEIGHTS)
    parts = [*map(of_ratio, ratios), of_difference(correlation, 1) if is_enough else CANNOT_BE_SAID]
    table = pd.DataFrame([_start_row(runs, arm) for arm in FIRST_WEIGHTS])
    return Answer(
        2,
        "it does so because at first nothing gets through the LSTM",
        REFUTED if REFUTED in parts else both(*parts),
        f"what gets through, ratio to the normal on [-1, 1] {ratios[0].shown()}; to the uniform {ratios[1].shown()}; "
        f"rank correlation with the epochs until 50 % {correlation.shown()} ({np.isinf(epochs).sum()} censored)",
        [table],
    )


def _starts(of: Iterable[Result]) -> list[Start]:
    return [run.start for run in of if run.start]


def _start_row(runs: Runs, arm: Arm) -> dict[str, str | int]:
    starts = _starts(runs.of(arm).values())
    fields = {
        "forget gate": "forget",
        "input gate": "input",
        "output gate": "output_gate",
        "candidates": "candidate",
        "conveyor": "conveyor",
        "output": "output",
        "what gets through": "output_spread",
    }
    means = {name: np.mean([getattr(start, field) for start in starts] or [np.nan]) for name, field in fields.items()}
    return {"first weights": NAMES[arm], **{name: f"{mean:.3f}" for name, mean in means.items()}, "runs": len(starts)}


def claim_3(runs: Runs) -> Answer:
    """The forget gate's first bias."""
    effect = until_ratio(runs, POST, BIASES[0])
    of_original = comparison(runs, [(ORIGINAL, BIASES[0]._replace(program="original"))], BEGUN)
    interaction = pd.DataFrame([_bias_row(runs, weights) for weights in ("post", "around-0", "wide", "uniform")])
    return Answer(
        3,
        "a forget bias of 1 learns faster than 0",
        of_ratio(effect),
        f"epochs until 10 %, ratio of bias 1 to 0 {effect.shown()}",
        [comparison(runs, [(POST, BIASES[0]), (BIASES[2], POST)]), of_original, interaction],
    )


def _bias_row(runs: Runs, weights: str) -> dict[str, str]:
    one_to_0, two_to_1, post = (
        _log_ratios(runs, *of) for of in ((weights, 1.0, 0.0), (weights, 2.0, 1.0), ("post", 1.0, 0.0))
    )
    against = statistics.mean([one_to_0[seed] - post[seed] for seed in one_to_0 if seed in post]).exponential()
    return {
        "squared error at 1000, first weights": NAMES[Arm(weights)],
        "bias 1 to 0": statistics.mean([*one_to_0.values()]).exponential().shown(),
        "bias 2 to 1": statistics.mean([*two_to_1.values()]).exponential().shown(),
        "1 to 0, against that under the post's": against.shown() if weights != "post" else "",
    }


def _log_ratios(runs: Runs, weights: str, one: float, other: float) -> dict[int, float]:
    """Return the log of the ratio of two biases' squared errors at epoch `BEGUN`, by seed."""
    pairs = zip(*runs.pairs(Arm(weights, one), Arm(weights, other), BEGUN), strict=True)
    return {a.run.seed: float(np.log(squared_error(a, BEGUN) / squared_error(b, BEGUN))) for a, b in pairs}


def claim_6(runs: Runs) -> Answer:
    """Keras' layer, and what it comes of."""
    keras, handmade_of_keras, keras_of_post = Arm("keras", program="keras"), Arm("keras"), Arm("post", program="keras")
    effect = until_ratio(runs, keras, POST)
    pairs = [(keras, POST), (handmade_of_keras, POST), (keras_of_post, POST), (keras, handmade_of_keras)]
    return Answer(
        6,
        "TensorFlow's own LSTM does better",
        of_ratio(effect),
        f"epochs until 10 %, ratio of Keras to handmade {effect.shown()}",
        [comparison(runs, pairs)],
    )
