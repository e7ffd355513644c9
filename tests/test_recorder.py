"""What the recorder records, that it changes nothing, and what the replay of a recording says."""

import collections
import contextlib
import hashlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from compat_v1.original.record_format import DEFAULT_SEED
from tensorflow.core.protobuf import config_pb2

import forked
from compat_v1.beside.bits import equal, relative, ulps
from compat_v1.beside.program import Program
from compat_v1.control_flow import control_flow_v1
from compat_v1.proof.explain import explain as explain_lstm
from compat_v1.proof.golden import golden, golden_arrays
from compat_v1.recorder import tf1_recorder
from compat_v1.recorder.distance import in_words
from compat_v1.recorder.explanation import explain
from compat_v1.recorder.growth import growth
from compat_v1.recorder.recording import read_recording
from compat_v1.recorder.replay import KERNELS, NUDGED, PORT
from compat_v1.recorder.stage import Stage
from compat_v1.records import read_record
from compat_v1.training import new_network
from trained_runs import run

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "docs" / "cases" / "recorded"
HOOKS = ("__init__", "_do_run", "close", "make_callable", "_make_callable_from_options")


@pytest.fixture
def record(monkeypatch, tmp_path):
    """A function that records what runs next into a file and returns its path; the hooks are taken off at the end."""
    base = next(one for one in tf.Session.__mro__ if "_do_run" in vars(one))
    for hook in HOOKS:
        monkeypatch.setattr(base, hook, getattr(base, hook))

    def begin(runs=100, name="run.npz"):
        tf1_recorder.record(str(tmp_path / name), runs)
        return tmp_path / name

    return begin


def regression(rate=0.1, seed=5, constant=1.0, op=tf.square):
    """Build a program into the default graph: return (placeholder, loss, update, initializer)."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("", use_resource=False):
        w = tf.get_variable("w", initializer=tf.truncated_normal([3, 2], seed=seed))
    loss = tf.reduce_sum(op(tf.matmul(x, w) - constant), name="loss")
    update = tf.train.GradientDescentOptimizer(rate).minimize(loss, name="update")
    return x, loss, update, tf.global_variables_initializer()


def trained(record, feeds, name="run.npz", **options):
    """Record some updates of `regression` and return the recording's path."""
    path = record(name=name)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        x, loss, update, initializer = regression(**options)
        session.run(initializer)
        for feed in feeds:
            session.run([loss, update], {x: feed})
    return path


def port_of(**options):
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        regression(**options)
    return graph.as_graph_def()


@pytest.fixture
def feeds():
    return np.random.RandomState(0).rand(5, 4, 3).astype(np.float32)


# What is recorded.

PROGRAM = """
from __future__ import print_function
import collections, sys
import numpy as np
{lines}
import tensorflow
tf = tensorflow if tensorflow.__version__.startswith("1.") else tensorflow.compat.v1
if tf is not tensorflow:
    tf.disable_v2_behavior()
tf.set_random_seed(3)
x, sparse = tf.placeholder(tf.float32, [None, 3]), tf.sparse_placeholder(tf.float32)
w, b = tf.Variable(tf.truncated_normal([3, 2], seed=5)), tf.Variable(tf.random_uniform([2]))
y = tf.nn.dropout(tf.matmul(x, w), 0.5) + b
loss = tf.reduce_sum(tf.square(y)) + tf.sparse_reduce_sum(sparse)
train = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
tf.summary.scalar("loss", loss)
summary, words = tf.summary.merge_all(), tf.constant(["a", "bc"])
Pair = collections.namedtuple("Pair", "a b")
queue = tf.FIFOQueue(4, tf.float32, [[]])
enqueue, taken = queue.enqueue(tf.random_uniform([])), queue.dequeue() + 1
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for i in range(6):
        session.run(enqueue)
        print(repr(session.run(
            {{"l": loss, "nested": Pair([train, loss], (summary, words)), "taken": taken,
              "sparse": tf.SparseTensor([[0, 1]], [1.0], [2, 2])}},
            {{x: np.random.RandomState(i).rand(4, 3), sparse: ([[0, 0], [1, 1]], [1.0, 2.0], [2, 2])}})))
"""
LINES = "sys.path.insert(0, {folder!r})\nimport tf1_recorder\ntf1_recorder.record({path!r}, runs=9)"


def interpreters():
    """Yield (name, command, environment) of every TensorFlow that is set up here."""
    yield "today's", [sys.executable], {}
    old, witness = ROOT / ".venv-tf1.0.1", ROOT / ".venv-tf1.15.5" / "bin" / "python"
    if os.environ.get("PYTHON27") and old.exists():
        yield "1.0.1", [os.environ["PYTHON27"]], {"PYTHONPATH": str(old)}
    if witness.exists():
        yield pytest.param("1.15.5", [str(witness)], {}, marks=pytest.mark.long)


@pytest.mark.parametrize("name, command, environment", list(interpreters()), ids=lambda value: value)
def test_program_prints_the_same_with_the_recorder_and_everything_is_recorded(tmp_path, name, command, environment):
    path = tmp_path / "run.npz"
    inherited = {key: value for key, value in os.environ.items() if key != "TF2_BEHAVIOR"}  # today's TensorFlow sets it
    environment = {**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": "", **environment}
    printed = []
    for lines in ("", LINES.format(folder=str(ROOT / "compat_v1" / "recorder"), path=str(path))):
        program = tmp_path / "program.py"
        program.write_text(PROGRAM.format(lines=lines))
        # As it is used, the recorder is there before TensorFlow.
        run = forked.run if command == [sys.executable] and not lines else subprocess.run
        done = run([*command, program], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1] and printed[0].count("\n") > 5
    recording = read_recording(path)
    content = recording.content
    assert len(content.runs) == 9 and content.from_the_start and content.graph_seed == 3
    assert all("_output_shapes" in node.attr for node in recording.graph_def.node if node.op in ("Placeholder", "Mul"))
    assert [one.updates for one in content.runs] == [False] + [False, True] * 4
    assert [one.sets for one in content.runs] == [True] + [False] * 8
    trained_run = content.runs[2]
    assert len(trained_run.feeds) == 4 and len(trained_run.sources) == 1  # the parts of a sparse value; the queue's
    assert len(trained_run.fetches) == 7
    values = [recording.value(value) for value in trained_run.values]
    assert [b"a", b"bc"] in [value.tolist() for value in values if value.dtype == object]
    (summary,) = (value.item() for value in values if value.dtype == object and value.shape == ())
    loss = tf.Summary.FromString(summary).value[0].simple_value
    assert any(value.dtype == np.float32 and value.shape == () and value.item() == loss for value in values)
    names = content.variables.initial.keys()
    assert names == content.variables.final.keys() and len(names) == 4  # two, and their momentum
    assert content.variables.initial != content.variables.first_update != content.variables.final


def test_fetched_structures_come_back_as_they_would_and_their_bits_are_in_the_recording(record, feeds):
    path = record()
    Pair = collections.namedtuple("Pair", "a b")
    with tf.Graph().as_default(), tf.Session() as session:
        x, loss, update, initializer = regression()
        session.run(initializer)
        got = session.run({"p": Pair(loss, [update, ()]), "w": "w:0", "same": loss}, {x: feeds[0]})
        call = session.make_callable(loss, [x])
        called = call(feeds[1])
    assert got["p"].b == [None, ()] and got["same"] == got["p"].a
    recording = read_recording(path)
    run = recording.content.runs[1]
    values = {name: recording.value(value) for name, value in zip(run.fetches, run.values, strict=True)}
    assert values["loss:0"].tobytes() == got["p"].a.tobytes() and values["w:0"].tobytes() == got["w"].tobytes()
    assert recording.value(run.feeds["x:0"]).tobytes() == feeds[0].tobytes() and run.targets == ["update"]
    assert recording.value(recording.content.runs[2].values[0]) == called


def test_same_array_is_kept_once(record, feeds):
    once, often = (trained(record, [feeds[0]] * count, f"{count}.npz") for count in (1, 5))
    assert len(read_recording(often).arrays) < len(read_recording(once).arrays) + 2 * 4 + 1


def test_killed_program_leaves_no_file(tmp_path):
    """Killed before the last run, and while the file is written."""
    lines = LINES.format(folder=str(ROOT / "compat_v1" / "recorder"), path=str(tmp_path / "run.npz"))
    kill = "import os, zipfile\nkill = lambda *_: os.kill(os.getpid(), 9)\n"
    before = PROGRAM.replace(
        "        session.run(enqueue)\n", "        session.run(enqueue)\n        if i == 2: kill()\n"
    )
    while_written = PROGRAM.replace("with tf.Session()", "zipfile.ZipFile.close = kill\nwith tf.Session()")
    for text in (before, while_written):
        (tmp_path / "program.py").write_text(text.format(lines=kill + lines))
        assert forked.run([sys.executable, tmp_path / "program.py"]).returncode == -signal.SIGKILL
        assert not (tmp_path / "run.npz").exists()


def test_partial_run_ends_the_recording_with_a_sentence_and_not_the_program(record, capsys):
    path = record()
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
        total, product = a + b, a * b
        handle = session.partial_run_setup([total, product], [a, b])
        assert session.partial_run(handle, total, {a: 2, b: 3}) == 5 and session.partial_run(handle, product) == 6
    assert "nothing is recorded: a partial run" in capsys.readouterr().err and not path.exists()


def test_beyond_the_limit_there_is_a_sentence_and_the_sha_256(record, feeds, monkeypatch, capsys):
    monkeypatch.setattr(tf1_recorder, "LIMIT", 150)
    path = trained(record, feeds)
    assert "only the SHA-256 is kept" in capsys.readouterr().err
    recording = read_recording(path)
    assert not all(array.kept for one in recording.content.runs for array in one.feeds.values())
    found = explain(recording, port_of())
    assert (found.verdict, found.status) == ("cannot tell", 3)
    assert any("more than a recorder keeps" in line for line in found.lines)


@pytest.mark.parametrize("runs", [0, -1, 1.5])
def test_bad_number_of_runs_is_refused_at_once(tmp_path, runs):
    with pytest.raises(ValueError, match="integers from 1 up"):
        tf1_recorder.record(str(tmp_path / "run.npz"), runs)


def test_bad_place_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="a folder that exists"):
        tf1_recorder.record(str(tmp_path / "no" / "run.npz"))


def test_recorder_command_writes_the_file_itself(tmp_path, capsys):
    assert run("recorder", tmp_path / "tf1_recorder.py") == 0
    assert (tmp_path / "tf1_recorder.py").read_bytes() == Path(tf1_recorder.__file__).read_bytes()
    capsys.readouterr()
    assert run("recorder") == 0
    assert capsys.readouterr().out == Path(tf1_recorder.__file__).read_text()
    assert run("recorder", tmp_path / "no" / "file.py") == 2


# Reading.


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def tampered(kind, content):
    array = next(name for name in content if name.endswith(".npy"))
    if kind == "a bit of an array":
        content[array] = content[array][:-1] + bytes([content[array][-1] ^ 1])
    elif kind == "a header that lies":
        content[array] = content[array].replace(b"'shape': (", b"'shape': (9")
    elif kind == "objects":
        content[array] = (
            content[array].replace(b"'<f4'", b"'|O' ").replace(b"'<i4'", b"'|O' ").replace(b"'|u1'", b"'|O' ")
        )
    elif kind == "a missing array":
        del content[array]
    elif kind == "another member":
        content["more.pkl"] = b"cos\nsystem\n"
    elif kind == "a bit of the graph":
        content["graph.pb"] = content["graph.pb"][:-1] + bytes([content["graph.pb"][-1] ^ 1])
    elif kind == "the JSON":
        content["recording.json"] = content["recording.json"].replace(b'"runs"', b'"ruins"')
    elif kind == "no JSON":
        content["recording.json"] = b"\xff"
    return content


KINDS = (
    *("a bit of an array", "a header that lies", "objects", "a missing array", "another member", "a bit of the graph"),
    *("the JSON", "no JSON"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_tampered_recording_is_refused_in_one_line(record, feeds, tmp_path, capsys, kind):
    path = trained(record, feeds)
    write(tmp_path / "tampered.npz", tampered(kind, members(path)))
    capsys.readouterr()
    assert run("replay", tmp_path / "tampered.npz", path) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


def test_structure_that_no_recorder_writes_is_refused_even_with_the_right_sha_256(record, feeds, tmp_path):
    content = members(trained(record, feeds))
    for change, expected in (
        (lambda c: c["runs"][1]["values"].pop(), "values for"),
        (lambda c: c["runs"][1].pop("targets"), "targets"),
        (lambda c: c.update(format=99), "format"),
        (lambda c: c["runs"][1]["feeds"]["x:0"].update(shape=[4, 4]), "does not fit"),
        (lambda c: c["runs"][1]["feeds"]["x:0"].update(dtype="variant"), "dtype"),
        (lambda c: c["runs"][1]["feeds"]["x:0"].update(shape=[-4, 3]), "shape"),
        (lambda c: c["runs"][1]["feeds"]["x:0"].update(dtype="string"), "does not fit"),
    ):
        changed = json.loads(content["recording.json"])
        change(changed)
        text = json.dumps(changed).encode()
        digest = hashlib.sha256(text).hexdigest().encode()
        write(tmp_path / "bad.npz", {**content, "recording.json": text, "recording.sha256": digest})
        with pytest.raises(ValueError, match=expected) as caught:
            read_recording(tmp_path / "bad.npz")
        assert "\n" not in str(caught.value)


def test_half_a_file_and_other_files_are_refused(record, feeds, tmp_path, capsys):
    path = trained(record, feeds)
    (tmp_path / "half.npz").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (tmp_path / "text.npz").write_text("no recording")
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    with zipfile.ZipFile(tmp_path / "lzma.npz", "w", zipfile.ZIP_LZMA) as archive:
        for name, data in members(path).items():
            archive.writestr(name, data)
    whole = (tmp_path / "lzma.npz").read_bytes()
    at = whole.index(b"recording.json") + 30
    (tmp_path / "lzma.npz").write_bytes(whole[:at] + bytes(30) + whole[at + 30 :])
    for name in ("half.npz", "text.npz", "arrays.npz", "lzma.npz", "none.npz", "."):
        assert run("replay", tmp_path / name, path) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_more_than_a_recorder_keeps_is_not_unpacked(record, feeds, tmp_path, monkeypatch):
    content = members(trained(record, feeds))
    content["arrays/" + 64 * "0" + ".npy"] = bytes(2**20)
    write(tmp_path / "bomb.npz", content)
    monkeypatch.setattr("compat_v1.recorder.recording.LIMIT", 2**19)
    with pytest.raises(ValueError, match="more than"):
        read_recording(tmp_path / "bomb.npz")


# Replaying.


def test_replay_of_the_same_graph_is_equal_to_the_bit(record, feeds, tmp_path, capsys):
    path = trained(record, feeds)
    found = explain(read_recording(path), port_of())
    assert (found.verdict, found.status, found.causes, found.horizon) == ("equal", 0, [], None)
    assert found.compared == 5
    (tmp_path / "port.pb").write_bytes(port_of().SerializeToString())
    capsys.readouterr()
    assert run("replay", path, tmp_path / "port.pb", "--json", "--plot", tmp_path / "curves.png") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "equal"
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "change, tensor",
    [({"constant": 1.0000001}, "loss:0"), ({"rate": 0.1001}, "w"), ({"op": tf.abs}, "loss:0")],
    ids=["a constant", "the learning rate", "an op"],
)
def test_mistake_in_the_port_is_found_in_the_run_where_it_shows(record, feeds, change, tensor):
    found = explain(read_recording(trained(record, feeds)), port_of(**change))
    assert (found.verdict, found.status, found.causes) == ("parted", 1, ["graph"])
    assert (found.first["run"], found.first["tensor"]) == (2, tensor)
    assert any(re.match(r"graph: .*; the first at \w", line) for line in found.lines)


def drawing(at_once, power=1.0):
    """Build a loop whose iterations draw, before what each of them is computed from is there."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        tf.set_random_seed(1)

        def turn(i, x):
            return i + 1, tf.tanh(tf.exp(tf.tanh(x))) + tf.random_uniform([], seed=2) * tf.cast(i, tf.float32) ** power

        start = tf.placeholder_with_default(1.0, [])
        tf.identity(tf.while_loop(lambda i, x: i < 6, turn, (0, start), parallel_iterations=at_once)[1], "drawn")
    return graph


@pytest.mark.parametrize("at_once", [10, 1])
def test_what_a_loop_draws_is_held_to_the_recording_where_both_graphs_draw_in_one_order(record, at_once):
    path = record()
    config = tf.ConfigProto(inter_op_parallelism_threads=1, use_per_session_threads=True)  # what chance would decide
    with tf.Session(graph=drawing(10), config=config) as session:
        for _ in range(3):
            session.run("drawn:0")
    found = explain(read_recording(path), drawing(at_once).as_graph_def())
    said = next(line for line in found.lines if line.startswith("loops:"))
    is_held = f"{KERNELS}: every bit equal" in found.lines
    assert (found.verdict, found.causes, found.compared, is_held) == ("equal", [], 3, at_once == 10)
    assert is_held or (f"{KERNELS}: not compared" in found.lines and found.curves[KERNELS] == [None] * 3)
    assert ("nothing is held to the recording" in said) != is_held
    for power, is_far in ((2.0, True), (1.000001, False)):
        found = explain(read_recording(path), drawing(at_once, power).as_graph_def())
        assert found.verdict == "parted"
        assert (found.curves[KERNELS][-1] is None) == (is_far or at_once == 1)


def test_variables_that_differ_after_the_first_update_are_never_equal(record, feeds):
    """Of what is fetched, every bit is equal."""
    path = record()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        x, loss, update, initializer = regression()
        session.run(initializer)
        session.run([loss, update], {x: feeds[0]})
    found = explain(read_recording(path), port_of(rate=0.2))
    assert (found.verdict, found.first["run"], found.first["tensor"]) == ("parted", 2, "w")


def test_what_chance_may_have_drawn_is_never_called_more_than_rounding():
    curves = {KERNELS: [None, 0.5], NUDGED: [None, 1e-7]}
    assert [list(growth(curves, is_drawn))[-1].endswith("MORE THAN ROUNDING") for is_drawn in (False, True)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("is_memory", [True, False])
def test_a_read_that_races_with_an_update_is_named_and_comes_first_in_both_graphs(record, feeds, is_memory):
    """The port's nodes stand the other way round, so that one thread runs them in another order."""
    path = record()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(1)
        x, loss, update, initializer = regression()
        w = tf.global_variables()[0]
        look = w.value() if is_memory else tf.multiply(w, 2.0, name="look")
        session.run(initializer)
        for feed in feeds:
            session.run([update, look, loss], {x: feed})
    port = tf.GraphDef(node=list(reversed(graph.as_graph_def().node)), versions=graph.as_graph_def().versions)
    found = explain(read_recording(path), port)
    said = next(line for line in found.lines if line.startswith("races:"))
    assert f"orders {look.op.name}, which reads w, against its update" in said
    assert found.verdict == "equal" and not found.not_compared
    before, run_of_update = np.ones((3, 2), np.float32), read_recording(path).content.runs[1]
    for graph_def in (graph.as_graph_def(), port):
        with contextlib.closing(Stage(graph_def, program=Program(graph_def))) as stage:
            stage.set_variables({"w": before})
            seen = stage.run(run_of_update, {"x:0": feeds[0]})
            assert equal(seen[look.name], before * (1 if is_memory else 2))
            assert not equal(stage.variables()["w"], before)


def test_other_seeds_are_named_and_written_in(record, feeds):
    found = explain(read_recording(trained(record, feeds)), port_of(seed=6))
    assert (found.verdict, found.causes, found.first) == ("parted", ["seeds"], None)
    assert any("write tf.compat.v1.set_random_seed(1) and seed=5" in line for line in found.lines)


def test_other_data_are_seen_if_the_port_was_recorded(record, feeds):
    old, port = (read_recording(trained(record, fed, name)) for fed, name in ((feeds, "o.npz"), (feeds[::-1], "p.npz")))
    found = explain(old, port.graph_def, port)
    assert (found.verdict, found.causes, found.first) == ("parted", ["data"], None)
    assert explain(old, port.graph_def, old).verdict == "equal"


def test_random_op_without_a_seed_makes_it_not_deterministic(record, feeds):
    path = record()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        noise = tf.random_uniform([3])
        loss = tf.reduce_sum(noise, name="loss")
        for _ in range(3):
            session.run(loss)
    found = explain(read_recording(path), graph.as_graph_def())
    assert (found.verdict, found.status) == ("not deterministic", 3)
    assert any("random ops of the old program have none" in line for line in found.lines)


def test_nothing_compared_is_not_equal(record):
    path = record()
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.constant(1.0, name="here"))
    with tf.Graph().as_default() as graph:
        tf.placeholder(tf.float32, [], name="there")
    found = explain(read_recording(path), graph.as_graph_def())
    assert (found.verdict, found.status, found.compared) == ("cannot tell", 3, 0)
    assert f"{PORT}: not compared" in found.lines and f"{KERNELS}: every bit equal" in found.lines


def test_a_checkpoint_that_the_old_program_wrote_is_not_written_again(record, feeds, tmp_path):
    path, folder = record(), tmp_path / "model"
    folder.mkdir()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x, loss, update, initializer = regression()
        session.run(initializer)
        saver = tf.train.Saver()
        for feed in feeds:
            saver.save(session, str(folder / "model"), write_meta_graph=False, write_state=False)
            session.run([loss, update], {x: feed})
    for file in folder.iterdir():
        file.unlink()
    found = explain(read_recording(path), graph.as_graph_def())
    assert (found.verdict, found.compared, list(folder.iterdir())) == ("equal", 5, [])
    folder.rmdir()
    assert explain(read_recording(path), graph.as_graph_def()) == found


def test_variables_that_are_not_compared_are_counted_in_a_line(record, feeds):
    path = record()
    with tf.Graph().as_default(), tf.Session() as session:
        x, loss, update, _ = regression()
        with tf.variable_scope("", use_resource=False):
            others = [tf.get_variable(f"v{number}", [2]) for number in range(5)]
            lone = tf.assign_add(others[0], [1.0, 1.0])
        session.run(tf.global_variables_initializer())
        session.run([loss, update, lone], {x: feeds[0]})
    said = [line for line in explain(read_recording(path), port_of()).lines if "not compared" in line]
    why = "with no partner or no value in the port"
    assert said[0] == f"initial variables: 6 (v0, v1, v2 and 3 others) not compared, {why}"


@pytest.mark.parametrize("kind", ["queue", "dataset", "python function"])
def test_data_from_outside_the_feeds_are_recorded_and_replayed_without_their_source(record, kind):
    path = record()
    given = iter(np.float32([1, 2, 3, 4]))
    with tf.Graph().as_default() as graph, tf.Session() as session:
        if kind == "queue":
            queue = tf.FIFOQueue(4, tf.float32, [[]])
            session.run(queue.enqueue_many([np.float32([1, 2, 3, 4])]))
            value = queue.dequeue()
        elif kind == "dataset":
            value = tf.data.make_one_shot_iterator(tf.data.Dataset.range(1, 5)).get_next()
            value = tf.cast(value, tf.float32)
        else:
            value = tf.py_func(lambda: next(given), [], tf.float32)
            value.set_shape([])
        with tf.variable_scope("", use_resource=False):
            w = tf.get_variable("w", initializer=2.0)
        loss = tf.square(w - value, name="loss")
        update = tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="update")
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, update])[0] for _ in range(3)]
    recording = read_recording(path)
    kept = [recording.value(v) for one in recording.content.runs for v in one.sources.values()]
    assert [float(value) for value in kept] == [1, 2, 3]
    assert losses[0] == 1
    found = explain(recording, graph.as_graph_def())
    assert (found.verdict, found.curves["the recording and the old graph here"][-1]) == ("equal", 0)


def test_resource_variables_and_keras_callables_are_recorded(record):
    path = record()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        with tf.variable_scope("", use_resource=True):
            w = tf.get_variable("w", initializer=[1.0, 2.0])
        x = tf.placeholder(tf.float32, [2], name="x")
        loss = tf.reduce_sum(tf.square(w - x), name="loss")
        tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="update")
        session.run(tf.global_variables_initializer())
        options = config_pb2.CallableOptions(feed=["x:0"], fetch=["loss:0"], target=["update"])
        call = session._make_callable_from_options(options)
        losses = [call(np.float32([3, 4]))[0] for _ in range(3)]
    recording = read_recording(path)
    assert [one.updates for one in recording.content.runs] == [False, True, True, True]
    assert [recording.value(one.values[0]).item() for one in recording.content.runs[1:]] == losses
    assert recording.value(recording.content.variables.initial["w"]).tolist() == [1, 2]
    assert explain(recording, graph.as_graph_def()).verdict == "equal"


def test_other_sessions_and_threads_are_counted_and_never_mixed_in(record, feeds):
    path = record()
    with tf.Graph().as_default() as graph:
        x, loss, update, initializer = regression()
        with tf.Session() as session, tf.Session(graph=graph) as other:
            session.run(initializer)
            other.run(initializer)
            thread = threading.Thread(target=lambda: session.run(update, {x: feeds[0]}))
            thread.start()
            thread.join()
            session.run([loss, update], {x: feeds[0]})
    recording = read_recording(path)
    assert len(recording.content.runs) == 2
    assert recording.content.unrecorded == {"runs of other sessions": 1, "updates in other threads": 1}
    assert explain(recording, graph.as_graph_def()).verdict != "equal"


# This project's own program.


@pytest.fixture(scope="module")
def short():
    """The recording of the original under TensorFlow 1.0.1, to the 20th epoch."""
    recording = read_recording(RECORDED / "tf1.0.1" / "selfmade_lstm.npz")
    runs = recording.content.runs[:41]
    return recording._replace(content=recording.content.model_copy(update={"runs": runs}))


def test_recording_of_the_original_has_the_golden_record_bit_for_bit():
    recording = read_recording(RECORDED / "tf1.0.1" / "selfmade_lstm.npz")
    initial, expected = (
        recording.content.variables.initial,
        golden_arrays("1.0.1", f"seed{DEFAULT_SEED}_draw1_initial_weights"),
    )
    assert all(recording.value(initial[name]).tobytes() == value.tobytes() for name, value in expected.items())
    record = golden("1.0.1", DEFAULT_SEED, 1)
    squared_errors = [
        recording.value(value).item()
        for one in recording.content.runs
        for name, value in zip(one.fetches, one.values, strict=True)
        if name == "mean_square_error/Sum:0"
    ]
    assert len(squared_errors) == 10
    assert np.float32(squared_errors).tolist() == np.float32(record.test.squared_error[:10]).tolist()


@pytest.mark.long
def test_replay_says_of_the_original_what_explain_says(short, whole_run):
    found = explain(short, new_network(DEFAULT_SEED)[0].as_graph_def())
    assert (found.verdict, found.causes, found.not_compared) == ("equal", [], [])
    record = read_record(whole_run / "record.json")
    before_the_arithmetic = itertools.takewhile(lambda line: not line.startswith("same weights"), explain_lstm(record))
    expected = [line for line in before_the_arithmetic if line.startswith(("data:", "op seeds:", "initial weights,"))]
    assert {"data: the same", "op seeds: the same"} < set(expected)
    assert "seeds: the same at 5 random ops" in found.lines
    differing = [line for line in expected if "differ" in line]
    (as_recorded,) = (line for line in found.lines if line.startswith("initial variables:") and "as recorded" in line)
    assert as_recorded == f"initial variables: {33 - len(differing)} of 33 as recorded in the old graph here"
    for line in found.lines:
        name, _, words = line.strip().partition(": ")
        if words.endswith("of the largest)") and f"initial weights, {name}: {words.split(' (')[0]}" in "\n".join(
            differing
        ):
            break
    else:
        pytest.fail("the replay shows no variable as explain does")


# Distances.


def test_units_in_the_last_place_count_the_floats_between():
    for dtype in (np.float16, np.float32, np.float64):
        values = np.array([1, -1, 0, 2], dtype)
        assert ulps(values, np.nextafter(values, np.array(np.inf, dtype))).tolist() == [1, 1, 1, 1]
    assert ulps(np.complex64([1 + 1j]), np.complex64([1 + np.nextafter(np.float32(1), np.float32(2)) * 1j])) == 1


def test_distance_knows_nan_infinity_and_the_sign_of_zero():
    one = np.float32([1, np.nan, np.inf])
    assert relative(one, one.copy()) == 0 and equal(one, one.copy())
    assert relative(one, np.float32([1, 2, np.inf])) == np.inf
    assert relative(np.float32([0.0]), np.float32([-0.0])) == 0 and not equal(np.float32([0.0]), np.float32([-0.0]))
    assert "sign" in in_words(np.float32([0.0]), np.float32([-0.0]))
    assert relative(np.float32([1, 2]), np.float32([1, 2, 3])) == np.inf
