"""The golden records of the old stacks, and what the post printed. Imports no TensorFlow."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from compat_v1.original import record_format
from compat_v1.records import Record, read_record

RECORDED = Path(record_format.__file__).parent / "recorded"
OLD_STACKS = ("1.0.1", "1.15.5")


def published() -> dict[str, Any]:
    """Return what the post printed, as `original/published.json` holds it."""
    content: dict[str, Any] = json.loads((RECORDED.parent / "published.json").read_text())
    return content


def golden(tensorflow_version: str, graph_seed: int, draw: int) -> Record | None:
    """Return the golden record of that run under that TensorFlow, or None if there is none."""
    path = RECORDED / f"tf{tensorflow_version}" / f"seed{graph_seed}_draw{draw}.json"
    return read_record(path) if path.exists() else None


def golden_record(tensorflow_version: str, graph_seed: int, draw: int) -> Record:
    """Return a golden record that is known to be there; `KeyError` if it is not."""
    record = golden(tensorflow_version, graph_seed, draw)
    if record is None:
        raise KeyError(f"TensorFlow {tensorflow_version}, seed {graph_seed}, draw {draw}")
    return record


def golden_runs() -> list[tuple[int, int]]:
    """Return (graph seed, draw) of every run that is recorded under TensorFlow 1.0.1, in order."""
    names = [path.stem for path in (RECORDED / "tf1.0.1").glob("seed*_draw*.json")]
    pairs = (name[len("seed") :].split("_draw") for name in names)
    return sorted((int(graph_seed), int(draw)) for graph_seed, draw in pairs)


def golden_arrays(tensorflow_version: str, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of one of the recorded `.npz` files, {name: float32 array}."""
    with np.load(RECORDED / f"tf{tensorflow_version}" / f"{name}.npz") as arrays:
        return dict(arrays)
