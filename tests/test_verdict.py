"""The verdict: a faithful run passes row by row, and each kind of unfaithful run fails in its row."""

import copy

import numpy as np
import pytest

from compat_v1 import graph
from compat_v1.proof.golden import golden
from compat_v1.proof.verdict import (
    FAITHFUL,
    NOT_FAITHFUL,
    NOT_JUDGED,
    distance,
    distance_of_the_old_stacks,
    judge,
    spread_of_the_old_answers,
    table,
    verdict,
)
from original.record_format import DEFAULT_SEED
from trained_runs import trained_port


@pytest.fixture(scope="module")
def record(data):
    return trained_port(data, epochs=160, graph_seed=DEFAULT_SEED).record


def verdicts(record):
    return {row.what: row.verdict for row in judge(record)}


def test_port_is_faithful_in_every_row(record):
    rows = list(judge(record))
    assert verdict(rows) == FAITHFUL
    assert {row.verdict for row in rows if not row.what.startswith("the post's")} == {FAITHFUL}
    assert {row.verdict for row in rows if row.what.startswith("the post's")} == {NOT_JUDGED}
    lines = table(rows)
    assert len(lines) == len(rows) + 1 and lines[0].split() == ["the", "original", "here", "verdict"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r["data"].update(sha256="0" * 64), "data of draw 1, SHA-256"),
        (lambda r: r.update(op_seeds=[0, 1, 2, 3, 4]), "op seeds"),
        (lambda r: r["train"]["error"].__setitem__(9, r["train"]["error"][9] + 1e-3), "every bit of the run"),
        (lambda r: r["variables_sha256"].update(Variable_1="0"), "every bit of the run"),
        (lambda r: r["prediction"].update({"00-+++": 2.0}), "every bit of the run"),
        (lambda r: r["test"]["squared_error"].__setitem__(6, 6707.2), "printed lines through epoch 140"),
        (lambda r: r["test"]["squared_error"].__setitem__(7, 1e9), "squared error past epoch 140, off by at most"),
        (lambda r: r["test"]["error"].__setitem__(7, 0.5), "error past epoch 140, off by at most"),
    ],
)
def test_each_unfaithful_run_fails_in_its_row(record, change, what):
    changed = copy.deepcopy(record)
    change(changed)
    assert verdicts(changed)[what] == NOT_FAITHFUL


def test_concat_in_the_wrong_order_fails_though_the_loss_falls(data, monkeypatch):
    """One plausible mistake in the port: Olah's equations name the previous output first, and so does the post."""
    concat = graph.tf.concat
    monkeypatch.setattr(graph.tf, "concat", lambda values, axis: concat(values[::-1], axis))
    record = trained_port(data, epochs=60, graph_seed=DEFAULT_SEED).record
    monkeypatch.undo()
    assert record["test"]["squared_error"][-1] < record["test"]["squared_error"][0]
    assert verdicts(record)["every bit of the run"] == NOT_FAITHFUL


def test_run_without_a_record_or_of_another_stack_is_not_judged_there(data):
    record = trained_port(data, epochs=20, graph_seed=99).record
    rows = verdicts(record)
    assert rows["initial weights of seed 99"] == rows["TensorFlow 1.0.1's own run"] == NOT_JUDGED
    assert rows["every bit of the run"] == FAITHFUL
    record["stack"]["cpu"] = "another"
    assert verdicts(record)["every bit of the run"] == NOT_JUDGED
    assert verdict(list(judge(record))) == NOT_JUDGED, "nothing that it measured was held to anything"


def test_second_witness_is_within_the_bounds_of_the_whole_run():
    """TensorFlow 1.15.5's own record, 4000 epochs: what cannot be judged bit by bit is judged by the records."""
    rows = verdicts(golden("1.15.5", DEFAULT_SEED, 1))
    assert rows["every bit of the run"] == NOT_JUDGED
    assert rows["final error"] == rows["00-+++"] == FAITHFUL


def test_run_longer_than_the_record_is_judged_on_what_both_have():
    longer = copy.deepcopy(golden("1.15.5", DEFAULT_SEED, 1))
    longer["epochs"] = 4020
    for field, value in (("epoch", 4020), ("error", 0.012), ("squared_error", 70.0)):
        longer["test"][field].append(value)
    rows = verdicts(longer)
    assert rows["squared error past epoch 140, off by at most"] == FAITHFUL
    assert "final error" not in rows


def test_distance_by_hand():
    reference = golden("1.0.1", DEFAULT_SEED, 1)
    changed = copy.deepcopy(reference)
    changed["test"]["squared_error"][7:] = [1.1 * value for value in changed["test"]["squared_error"][7:]]
    changed["test"]["squared_error"][100] *= 2
    changed["test"]["error"][7] += 0.25
    changed["test"]["error"][-1] += 0.125
    changed["test"]["error"][0] += 0.5  # before the horizon: not past the horizon
    np.testing.assert_allclose(distance(changed, reference), (0.1, 1.2, 0.25, 0.125), rtol=1e-6)


def test_margin_is_not_exceeded_by_the_records_that_it_comes_from():
    assert all(0 < figure < 1 for figure in distance_of_the_old_stacks())
    assert 0 < spread_of_the_old_answers() < 0.1
