"""The verdict: a faithful run passes row by row, and each kind of unfaithful run fails in its row."""

import numpy as np
import pytest

from compat_v1 import graph
from compat_v1.proof import measured
from compat_v1.proof.distance import distance, distance_of_the_old_stacks, spread_of_the_old_answers
from compat_v1.proof.golden import golden
from compat_v1.proof.rows import FAITHFUL, NOT_FAITHFUL, NOT_JUDGED, Row, summary, table, verdict
from compat_v1.proof.verdict import judge
from original.record_format import DEFAULT_SEED
from trained_runs import trained_port

pytestmark = pytest.mark.usefixtures("judged_once")


@pytest.fixture(scope="module")
def record(data):
    return trained_port(data, epochs=160, graph_seed=DEFAULT_SEED).record


@pytest.fixture(scope="module")
def original(record, data, judged_once):
    """The record of the same run on the original's graph."""
    return measured.train_original(record, data, lambda epoch: None)


def verdicts(record, **options):
    return {row.key: row.verdict for row in judge(record, **options)}


def test_port_is_faithful_in_every_row(record):
    rows = list(judge(record))
    assert verdict(rows) == FAITHFUL
    assert {row.verdict for row in rows if not row.key.startswith("post-")} == {FAITHFUL}
    assert {row.verdict for row in rows if row.key.startswith("post-")} == {NOT_JUDGED}
    assert len({row.key for row in rows}) == len(rows), "a key names one row"
    lines = table(rows)
    assert len(lines) == len(rows) + 1 and lines[0].split() == ["the", "original", "here", "verdict"]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda r: setattr(r.data, "sha256", "0" * 64), "data"),
        (lambda r: setattr(r, "op_seeds", [0, 1, 2, 3, 4]), "op-seeds"),
        (lambda r: r.initial_variables_sha256.update(Variable_2="0" * 64), "initial-variables"),
        (lambda r: setattr(r, "graph_sha256", "0" * 64), "graph"),
        (lambda r: r.train.error.__setitem__(9, r.train.error[9] + 1e-3), "every-bit"),
        (lambda r: r.variables_sha256.update(Variable_1="0"), "every-bit"),
        (lambda r: r.prediction.update({"00-+++": 2.0}), "every-bit"),
        (lambda r: r.prediction.update({"00-+++": float("nan")}), "finite"),
        (lambda r: r.test.squared_error.__setitem__(7, float("inf")), "finite"),
        (lambda r: r.test.squared_error.__setitem__(6, 6707.2), "printed-lines"),
        (lambda r: r.train.error.__setitem__(9, r.train.error[9] + 1 / 1024), "train-error-printed"),
        (lambda r: r.train.error.__setitem__(-1, 0.5), "train-error"),
        (lambda r: r.test.squared_error.__setitem__(7, 1e9), "squared-error"),
        (lambda r: r.test.error.__setitem__(7, 0.5), "test-error"),
    ],
)
def test_each_unfaithful_run_fails_in_its_row(record, original, change, key):
    changed = record.model_copy(deep=True)
    change(changed)
    is_same_run = (changed.data, changed.op_seeds) == (record.data, record.op_seeds)
    rows = judge(changed, original if is_same_run else None)
    assert next(row for row in rows if row.key == key).verdict == NOT_FAITHFUL


def test_concat_in_the_wrong_order_fails_though_the_loss_falls(data, monkeypatch):
    """One plausible mistake in the port: Olah's equations name the previous output first, and so does the post."""
    concat = graph.tf.concat
    monkeypatch.setattr(graph.tf, "concat", lambda values, axis: concat(values[::-1], axis))
    record = trained_port(data, epochs=60, graph_seed=DEFAULT_SEED).record
    monkeypatch.undo()
    assert record.test.squared_error[-1] < record.test.squared_error[0]
    rows = verdicts(record)
    assert rows["every-bit"] == rows["graph"] == NOT_FAITHFUL


def test_run_without_a_record_or_of_another_stack_is_not_judged_there(data):
    record = trained_port(data, epochs=20, graph_seed=99).record
    rows = verdicts(record)
    assert rows["initial-weights"] == rows["tensorflow-1"] == NOT_JUDGED
    assert rows["every-bit"] == rows["initial-variables"] == FAITHFUL
    record.stack.cpu = "another"
    assert verdicts(record)["every-bit"] == NOT_JUDGED
    assert verdict(list(judge(record))) == NOT_JUDGED, "nothing that it measured was held to anything"


def test_summary_says_first_what_holds_and_then_what_does_not_and_why():
    rows = [
        Row("data", "data", "0527", "0527", FAITHFUL),
        Row(
            "every-bit",
            "every bit of the run",
            "its graph",
            "made with cpu X",
            NOT_JUDGED,
        ),
        Row("answer", "00-+++", "2 ± 0.1", "3", NOT_FAITHFUL),
        Row("printed-lines", "printed lines to epoch 140", "its", "identical through epoch 160", FAITHFUL),
        Row("post-answer", "the post's 00-+++", "2", "3", NOT_JUDGED),
    ]
    assert summary(rows) == [
        "it holds: data, printed lines to epoch 140",
        "it differs: 00-+++: 3",
        "not judged: every bit of the run: made with cpu X",
    ]
    assert summary([rows[0], rows[3], rows[4]]) == []


def test_second_witness_is_within_the_bounds_of_the_whole_run():
    """TensorFlow 1.15.5's own record, 4000 epochs: what cannot be judged bit by bit is judged by the records."""
    rows = verdicts(golden("1.15.5", DEFAULT_SEED, 1))
    assert rows["every-bit"] == NOT_JUDGED
    assert rows["final-error"] == rows["answer"] == rows["train-error"] == rows["train-error-printed"] == FAITHFUL
    assert rows["graph"] == rows["initial-variables"] == rows["initial-weights"] == NOT_JUDGED


def test_run_longer_than_the_record_is_judged_on_what_both_have():
    longer = golden("1.15.5", DEFAULT_SEED, 1)
    longer.epochs = 4020
    for field, value in (("epoch", 4020), ("error", 0.012), ("squared_error", 70.0)):
        longer.series("test", field).append(value)
    rows = verdicts(longer)
    assert rows["squared-error"] == FAITHFUL
    assert "final-error" not in rows


def test_distance_by_hand():
    reference, changed = golden("1.0.1", DEFAULT_SEED, 1), golden("1.0.1", DEFAULT_SEED, 1)
    changed.test.squared_error[7:] = [1.1 * value for value in changed.test.squared_error[7:]]
    changed.test.squared_error[100] *= 2
    changed.test.error[7] += 0.25
    changed.test.error[-1] += 0.125
    changed.test.error[0] += 0.5  # before the horizon: not past the horizon
    changed.train.error[132] -= 0.5  # epoch 139
    changed.train.error[133] -= 0.0625  # epoch 141
    np.testing.assert_allclose(distance(changed, reference), (0.1, 1.2, 0.25, 0.125, 0.0625), rtol=1e-6)


def test_margin_is_not_exceeded_by_the_records_that_it_comes_from():
    assert all(0 < figure < 1 for figure in distance_of_the_old_stacks())
    assert 0 < spread_of_the_old_answers() < 0.1
