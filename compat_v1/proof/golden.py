"""Read records: the golden ones of the old stacks, and those of the port's runs. Imports no TensorFlow."""

import json
from pathlib import Path

import numpy as np

from compat_v1 import original
from compat_v1.original.record_format import FORMAT, MEASURED_SEQUENCE

RECORDED = Path(original.__file__).parent / "recorded"
OLD_STACKS = ("1.0.1", "1.15.5")


def published():
    """Return what the post printed, as `original/published.json` holds it."""
    return json.loads((RECORDED.parent / "published.json").read_text())


def golden(tensorflow_version, graph_seed, draw):
    """Return the golden record of that run under that TensorFlow, or None if there is none."""
    path = RECORDED / f"tf{tensorflow_version}" / f"seed{graph_seed}_draw{draw}.json"
    return json.loads(path.read_text()) if path.exists() else None


def golden_runs():
    """Return (graph seed, draw) of every run that is recorded under TensorFlow 1.0.1, in order."""
    names = [path.stem for path in (RECORDED / "tf1.0.1").glob("seed*_draw*.json")]
    return sorted(tuple(int(number) for number in name[len("seed") :].split("_draw")) for name in names)


def golden_arrays(tensorflow_version, name):
    """Return the arrays of one of the recorded `.npz` files, {name: float32 array}."""
    with np.load(RECORDED / f"tf{tensorflow_version}" / f"{name}.npz") as arrays:
        return dict(arrays)


def read_record(path):
    """Read and check the record of a run.

    Raises `OSError` if the file cannot be read, and `ValueError` if it is no whole record, saying what is wrong.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    problem = _problem(record)
    if problem:
        raise ValueError(f"{path} is not a record of a run: {problem}")
    return record


def _problem(record):
    """Return what is wrong with the structure of a record, or None."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return f'"format" must be {FORMAT}'
    shape = {
        "stack": {"python": str, "tensorflow": str, "numpy": str, "cpu": str, "onednn": str},
        "data": {"sequence_length": int, "shuffle_seed": int, "draw": int, "sha256": str},
        "test": {"epoch": list, "error": list, "squared_error": list},
        "train": {"epoch": list, "error": list},
        "prediction": {},
    }
    for part, fields in shape.items():
        if not isinstance(record.get(part), dict):
            return f'"{part}" must be an object'
        for field, kind in fields.items():
            if not isinstance(record[part].get(field), kind):
                return f'"{part}" must have "{field}", of type {kind.__name__}'
    for field, kind in {"graph_seed": int, "epochs": int, "op_seeds": list}.items():
        if not isinstance(record.get(field), kind):
            return f'"{field}" must be of type {kind.__name__}'
    if len(record["op_seeds"]) != 5 or not all(isinstance(seed, int) for seed in record["op_seeds"]):
        return '"op_seeds" must be five integers'
    epochs = range(1, record["epochs"] + 1)
    expected = {"test": [e for e in epochs if e % 20 == 0], "train": [e for e in epochs if e % 20]}
    for part, numbers in expected.items():
        if record[part]["epoch"] != numbers:
            return f'"{part}" must have the epochs of a run of "epochs" = {record["epochs"]}'
        for field in shape[part]:
            values = record[part][field]
            if len(values) != len(numbers) or not all(isinstance(value, int | float) for value in values):
                return f'"{part}": "{field}" must be a number for each epoch'
    if record["data"]["sequence_length"] == len(MEASURED_SEQUENCE) and not isinstance(
        record["prediction"].get(MEASURED_SEQUENCE), float
    ):
        return f'"prediction" must have a number for "{MEASURED_SEQUENCE}"'
    return None
