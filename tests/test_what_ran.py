"""The verdict judges the run: what another checkout trained is not called faithful by this one."""

import gzip
import json
from contextlib import suppress

import pytest
import tensorflow.compat.v1 as tf

from compat_v1 import graph, run, training
from compat_v1.graph_file import canonical, graph_file, read_graph, sha256, write_graph
from compat_v1.proof.explain import explain
from compat_v1.proof.original_graph import original_graph_def, original_network
from compat_v1.proof.rows import CANNOT_TELL, FAITHFUL, NOT_FAITHFUL, NOT_JUDGED, verdict
from compat_v1.proof.verdict import judge, verify
from compat_v1.records import read_record, write_model
from compat_v1.training import load_data, new_network
from original.record_format import DEFAULT_SEED
from trained_runs import run as run_command
from trained_runs import trained_port

pytestmark = pytest.mark.usefixtures("judged_once")


def more_iterations_at_once(patch):
    while_loop = graph.tf.while_loop
    patch.setattr(graph.tf, "while_loop", lambda *args, **options: while_loop(*args, parallel_iterations=10))


def another_initializer(patch):
    truncated_normal = graph.tf.truncated_normal
    patch.setattr(
        graph.tf,
        "truncated_normal",
        lambda shape, mean=0.0, stddev=1.0, seed=None: truncated_normal(shape, mean, 1.5 * stddev, seed=seed),
    )


def weights_of_its_own(patch):
    new_session = run.new_session

    def session_that_changes_a_weight(network_graph, **options):
        session = new_session(network_graph, **options)
        run_it = session.run

        def run_and_change(fetches, *args, **kwargs):
            result = run_it(fetches, *args, **kwargs)
            if getattr(fetches, "name", "") == "init":
                training.set_weights(session, {"Variable_2": 2 * training.variables(session)["Variable_2"]})
            return result

        session.run = run_and_change
        return session

    patch.setattr(run, "new_session", session_that_changes_a_weight)


def a_shuffle_of_its_own(patch):
    load = training.load_data

    def shuffled(length, draw):
        data = load(length, draw)
        return training.Data(data.inputs[::-1].copy(), data.outputs[::-1].copy())

    patch.setattr(training, "load_data", shuffled)


def the_originals_graph(patch):
    patch.setattr("compat_v1.training.new_network", lambda seed, length: original_network(seed))


@pytest.fixture
def trained_elsewhere(tmp_path):
    """Train with the command line of a checkout that was changed, and return the record's file."""

    def train(change, epochs=20):
        with pytest.MonkeyPatch.context() as patch:
            change(patch)
            options = ["--epochs", epochs, "--record", tmp_path / "run.json", "--logdir", tmp_path / "logs"]
            assert run_command("train", *options) == 0
        return tmp_path / "run.json"

    return train


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        pytest.param(more_iterations_at_once, {"graph"}, marks=pytest.mark.long),
        pytest.param(another_initializer, {"graph", "initial-variables"}, marks=pytest.mark.long),
        pytest.param(weights_of_its_own, {"initial-variables"}, marks=pytest.mark.long),
        (a_shuffle_of_its_own, {"data"}),
        pytest.param(the_originals_graph, {"graph"}, marks=pytest.mark.long),
    ],
)
def test_run_of_another_checkout_is_not_faithful(trained_elsewhere, change, keys):
    """With the graph beside its record, and without."""
    record_file = trained_elsewhere(change)
    for _ in range(2):
        result = verify(record_file)
        assert result.verdict == NOT_FAITHFUL
        assert keys <= {row.key for row in result.rows if row.verdict == NOT_FAITHFUL}
        graph_file(record_file, read_record(record_file).graph_sha256).unlink(missing_ok=True)


def test_json_is_the_verdict_and_its_rows_and_nothing_else(trained_elsewhere, capsys):
    record_file = trained_elsewhere(more_iterations_at_once)
    capsys.readouterr()
    assert run_command("verify", record_file, "--json") == 1
    printed = json.loads(capsys.readouterr().out)
    result = verify(record_file)
    assert printed == {"verdict": NOT_FAITHFUL, "rows": [row._asdict() for row in result.rows]}
    assert set(printed["rows"][0]) == {"key", "what", "original", "here", "verdict"}


def test_run_of_this_checkout_is_faithful_with_and_without_the_graph_beside_it(trained_elsewhere):
    record_file = trained_elsewhere(lambda patch: None)
    assert verify(record_file).verdict == FAITHFUL
    graph_file(record_file, read_record(record_file).graph_sha256).unlink()
    assert verify(record_file).verdict == FAITHFUL


def test_kill_between_graph_and_record_costs_neither_the_old_record_nor_its_graph(tmp_path, monkeypatch):
    record_file = tmp_path / "run[1].json"
    for seed in (DEFAULT_SEED, DEFAULT_SEED + 1):
        if seed != DEFAULT_SEED:
            monkeypatch.setattr(run, "write_model", lambda *args: pytest.fail("killed here", pytrace=False))
        with suppress(pytest.fail.Exception):
            run.train(seed, epochs=1, record_file=record_file)
    old = read_record(record_file)
    assert old.graph_seed == DEFAULT_SEED and read_graph(record_file, old.graph_sha256)
    monkeypatch.undo()
    run.train(DEFAULT_SEED + 2, epochs=1, record_file=record_file)
    new = read_record(record_file)
    assert [path.name for path in tmp_path.glob("*.pb.gz")] == [f"run[1].graph.{new.graph_sha256[:12]}.pb.gz"]
    assert read_graph(record_file, new.graph_sha256)


@pytest.mark.long
def test_explanation_names_the_other_graph_and_the_other_weights(trained_elsewhere):
    record_file = trained_elsewhere(another_initializer)
    record = read_record(record_file)
    lines = list(explain(record, graph_def=read_graph(record_file, record.graph_sha256)))
    assert any(line.startswith("graph: NOT this checkout's") and not line.endswith(" 0") for line in lines)
    assert any(line.startswith("initial weights: NOT what its seeds draw here") for line in lines)
    assert "graph: NOT this checkout's, and not beside its record; what follows is of this checkout's" in explain(
        record
    )
    record_file = trained_elsewhere(lambda patch: None)
    assert "graph: this checkout's" in explain(read_record(record_file))


def test_graph_of_another_tensorflow_that_is_not_there_cannot_be_told(data):
    record = trained_port(data, epochs=20, graph_seed=DEFAULT_SEED).record
    record.stack.tensorflow, record.graph_sha256 = "2.16.1", "0" * 64
    rows = list(judge(record))
    by_key = {row.key: row.verdict for row in rows}
    assert by_key["graph"] == CANNOT_TELL and by_key["printed-lines"] == FAITHFUL
    assert verdict(rows) == NOT_JUDGED, "what ran is not known"
    graph_def = new_network(DEFAULT_SEED)[0].as_graph_def()
    assert {row.key: row.verdict for row in judge(record, graph_def=graph_def)}["graph"] == FAITHFUL


def test_initial_variables_of_another_processor_are_judged_only_if_they_are_equal(data):
    record = trained_port(data, epochs=20, graph_seed=DEFAULT_SEED).record
    record.stack.cpu = "another"
    assert {row.key: row.verdict for row in judge(record)}["initial-variables"] == FAITHFUL
    record.initial_variables_sha256["Variable"] = "0" * 64
    rows = {row.key: row.verdict for row in judge(record)}
    assert rows["initial-variables"] == rows["initial-weights"] == NOT_JUDGED


def test_other_lengths_are_held_to_this_checkouts_graph():
    record = trained_port(load_data(3, 1), epochs=20).record
    assert {row.key: row.verdict for row in judge(record)}["graph"] == NOT_JUDGED
    record.graph_sha256 = "0" * 64
    assert {row.key: row.verdict for row in judge(record)}["graph"] == NOT_FAITHFUL


def test_record_of_the_originals_graph_is_no_run_of_the_port(tmp_path, capsys):
    options = ["--epochs", 20, "--record", tmp_path / "original.json", "--logdir", tmp_path]
    assert run_command("train", "--graph", "original", *options) == 0
    assert run_command("verify", tmp_path / "original.json") == 2
    assert "this is a run of the original's graph" in capsys.readouterr().err
    (tmp_path / "copy.json").write_bytes((tmp_path / "original.json").read_bytes())
    assert run_command("verify", tmp_path / "original.json", "--original", tmp_path / "copy.json") == 2
    port = read_record(tmp_path / "original.json")
    port.graph = "port"  # a lie
    write_model(tmp_path / "port.json", port)
    assert run_command("verify", tmp_path / "port.json", "--original", tmp_path / "original.json") == 1


def test_port_in_the_originals_place_is_refused(tmp_path, data, capsys):
    record = trained_port(data, epochs=20, graph_seed=DEFAULT_SEED).record
    write_model(tmp_path / "port.json", record)
    record.graph = "original"  # a lie
    write_model(tmp_path / "original.json", record)
    assert run_command("verify", tmp_path / "port.json", "--original", tmp_path / "original.json") == 2
    assert "not made on the graph that TensorFlow 1.0.1 wrote" in capsys.readouterr().err


def test_canonical_form_is_the_same_in_whatever_order_a_graph_is_kept(tmp_path):
    graph_def = original_graph_def()
    mixed = tf.GraphDef(versions={"producer": 1})
    for node in reversed(graph_def.node):
        copied = mixed.node.add(name=node.name, op=node.op, input=node.input, device=node.device)
        for name in sorted(node.attr, reverse=True):
            copied.attr[name].CopyFrom(node.attr[name])
    assert canonical(mixed) == canonical(graph_def)
    write_graph(tmp_path / "run.json", mixed)
    assert canonical(read_graph(tmp_path / "run.json", sha256(canonical(graph_def)))) == canonical(graph_def)
    assert read_graph(tmp_path / "run.json", "0" * 64) is None


@pytest.mark.parametrize("change", ["attr", "input", "op", "name", "device", "seed"])
def test_canonical_form_tells_graphs_apart(change):
    graph_def, changed = original_graph_def(), original_graph_def()
    (node, *_) = (node for node in changed.node if node.op == "MatMul")
    if change == "attr":
        node.attr["transpose_a"].b = not node.attr["transpose_a"].b
    elif change == "input":
        node.input[0], node.input[1] = node.input[1], node.input[0]
    elif change == "seed":
        changed = original_graph_def(DEFAULT_SEED + 1)
    else:
        setattr(node, change, "other")
    assert canonical(changed) != canonical(graph_def)


GZIP_HEADER = gzip.compress(b"", mtime=0)[:10]  # a time of day would give each process another name of the test


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00", GZIP_HEADER + b"\xff" * 20])
def test_damaged_graph_beside_a_record_is_no_graph(tmp_path, content):
    graph_file(tmp_path / "run.json", "0" * 64).write_bytes(content)
    assert read_graph(tmp_path / "run.json", "0" * 64) is None
