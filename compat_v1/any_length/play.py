"""Play the game against a network: what it says after each sign of a sequence, and what its gates do.

Only asks and shows; the network comes from elsewhere and stays as it is. Nothing is kept of the signs that were
answered but the sum and the network's own state, so that a sequence may be as long as it likes.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from compat_v1.any_length.curriculum import advance
from compat_v1.any_length.network import LAYERS, Network
from compat_v1.data_generator import SIGNS, encodeSequence, running_sums
from compat_v1.original.record_format import exactly

SLICE = 1000  # signs that the network is asked about at once: the gates of so many are in memory
BAR = 8  # characters


def play(session: Any, network: Network, pieces: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield a dict for each sign of one sequence, which comes as an iterable of strings of any length.

    Of a step: the `sign`; `sum`, the true one, an int; `network`, what the network says, a float; `gates`, each
    layer's activity in the mean of its 24 units, from 0 to 1: a candidate's is its absolute value, as it has a sign.
    `ValueError` if the pieces hold no sign at all, and, after the steps before it, at what is no sign.
    """
    position, total, factor, state = 0, 0, 1, None
    for piece in _slices(pieces):
        rest = piece.lstrip(SIGNS)
        signs = piece[: len(piece) - len(rest)]
        if signs:
            data = encodeSequence(signs)[np.newaxis]
            (predictions, gates), state = advance(session, network, [network.prediction, network.gates], data, state)
            sums = [total + factor * value for value in running_sums(signs)]
            activity = np.abs(gates[..., 0]).mean(axis=-1)  # (4, steps)
            for sign, value, prediction, layers in zip(signs, sums, predictions[0], activity.T, strict=True):
                of_layers = dict(zip(LAYERS, map(exactly, layers), strict=True))
                yield {"sign": sign, "sum": value, "network": exactly(prediction), "gates": of_layers}
            position, total, factor = position + len(signs), sums[-1], factor * (-1) ** signs.count("I")
        if rest:
            raise ValueError(f"sign {position + 1} of the sequence is {rest[0]!r}: allowed are + - 0 I")
    if not position:
        encodeSequence("")


def table(steps: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the steps as the lines of a table for the terminal, in ASCII."""
    yield "sign  network  sum         " + "".join(f"{layer:{BAR + 3}}" for layer in LAYERS).rstrip()
    for step in steps:
        verdict = "" if round(step["network"]) == step["sum"] else "wrong"
        bars = "   ".join(map(_bar, step["gates"].values()))
        yield f"{step['sign']:4} {round(step['network'], 2) + 0:8.2f} {step['sum']:4}  {verdict:6} {bars}"


def _slices(pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        for start in range(0, len(piece), SLICE):
            yield piece[start : start + SLICE]


def _bar(activity: float) -> str:
    full = round(activity * BAR)
    return "#" * full + "." * (BAR - full)
