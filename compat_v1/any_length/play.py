"""Play the game against a trained network: what it says after each sign of a sequence, and what its gates do.

Only asks and shows; the network comes from elsewhere and stays as it is.
"""

from typing import Any

import numpy as np

from compat_v1.any_length.network import LAYERS, Network
from compat_v1.data_generator import encodeSequence, running_sums
from compat_v1.original.record_format import exactly

LONGEST = 1000  # signs; a sequence's gates are kept in memory for all its steps at once
BAR = 8  # characters


def play(session: Any, network: Network, sequence: str) -> dict[str, list[dict[str, Any]]]:
    """Return {"steps": […]}, a dict for each sign of a string; `ValueError` if it is no sequence or too long.

    Of a step: the `sign`; `sum`, the true one, an int; `network`, what the network says, a float; `gates`, each
    layer's activity in the mean of its 24 units, from 0 to 1: a candidate's is its absolute value, as it has a sign.
    """
    inputs = encodeSequence(sequence)
    if len(sequence) > LONGEST:
        raise ValueError(f"the sequence has {len(sequence)} signs: up to {LONGEST} are allowed")
    predictions, gates = session.run([network.prediction, network.gates], {network.data: inputs[np.newaxis]})
    activity = np.abs(gates[..., 0]).mean(axis=-1)  # (4, steps)
    steps = []
    for sign, total, prediction, layers in zip(
        sequence, running_sums(sequence), predictions[0], activity.T, strict=True
    ):
        gates = {layer: exactly(value) for layer, value in zip(LAYERS, layers, strict=True)}
        steps.append({"sign": sign, "sum": total, "network": exactly(prediction), "gates": gates})
    return {"steps": steps}


def table(steps: list[dict[str, Any]]) -> list[str]:
    """Return the steps as the lines of a table for the terminal, in ASCII."""
    lines = ["sign  network  sum         " + "".join(f"{layer:{BAR + 3}}" for layer in LAYERS).rstrip()]
    for step in steps:
        verdict = "" if round(step["network"]) == step["sum"] else "wrong"
        bars = "   ".join(map(_bar, step["gates"].values()))
        lines.append(f"{step['sign']:4} {round(step['network'], 2) + 0:8.2f} {step['sum']:4}  {verdict:6} {bars}")
    return lines


def _bar(activity: float) -> str:
    full = round(activity * BAR)
    return "#" * full + "." * (BAR - full)
