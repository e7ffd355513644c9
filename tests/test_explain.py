"""The explanation goes from the data to the losses and says where a run leaves the original's."""

import numpy as np
import pytest

from compat_v1 import cli as command_line
from compat_v1.beside.bits import ulps
from compat_v1.proof.explain import explain
from compat_v1.records import write_model
from original.record_format import DEFAULT_SEED
from trained_runs import trained_port


def test_units_in_the_last_place_by_hand():
    one = np.float32(1)
    values = np.array([1, 1, 0, -1, 2], np.float32)
    others = np.array([1, np.nextafter(one, 2 * one), -np.nextafter(np.float32(0), one), -0.5, 1], np.float32)
    assert ulps(values, others).tolist() == [0, 1, 1, 2**23, 2**23]


@pytest.mark.long
def test_explanation_of_a_faithful_run_finds_only_rounding(data):
    lines = list(explain(trained_port(data, epochs=40, graph_seed=DEFAULT_SEED).record))
    assert "data: the same" in lines and "op seeds: the same" in lines
    assert "initial weights, Variable_1: equal" in lines
    assert sum(line.startswith("same weights, after") for line in lines) == 2 * (6 * 6 + 10)
    assert lines[-1] == "printed lines: all identical"


def test_explanation_of_other_op_seeds_names_them(data, tmp_path, capsys):
    record = trained_port(data, epochs=40, graph_seed=DEFAULT_SEED).record
    record.op_seeds = [0, 1, 2, 3, 4]
    record.test.squared_error[1] += 0.2
    write_model(tmp_path / "record.json", record)
    assert command_line.main(["explain", str(tmp_path / "record.json")]) == 0
    text = capsys.readouterr().out
    assert "op seeds: DIFFERENT" in text and "test squared_error: the first other bit at epoch" in text
    assert "not rounding, but a mistake" in text


@pytest.mark.parametrize("change", [{"graph_seed": 99}, {"graph_seed": 1, "draw": 5}])
def test_run_that_was_never_recorded_cannot_be_explained(data, tmp_path, change, capsys):
    record = trained_port(data, epochs=20, graph_seed=change["graph_seed"]).record
    record.data.draw = change.get("draw", 1)
    write_model(tmp_path / "record.json", record)
    assert command_line.main(["explain", str(tmp_path / "record.json")]) == 2
    assert "has no record of seed" in capsys.readouterr().err
