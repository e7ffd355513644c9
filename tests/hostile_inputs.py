"""Good inputs of every kind, and what Hypothesis makes of them: damaged bytes, other values, other command lines."""

import gzip
import hashlib
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from compat_v1 import cli
from compat_v1.any_length import curriculum
from fuzz_graphs import edited
from trained_runs import run

ROOT = Path(__file__).parents[1]
TEXTS = ["", "x", "\x1b[2J", "\u202egnp.exe", "é" * 3, "\ud800", "9" * 5000, "a\nb", "\0", "NaN", "../..", "{}", "%s%n"]
NUMBERS = [0, 1, 2, 20, -1, -0.0, 0.5, 1e308, -1e308, 10**9, 10**18, 2**31 - 1, 2**63, 10**400]
LEAVES = st.sampled_from([None, True, False, *NUMBERS, *TEXTS, float("nan"), float("inf"), -float("inf")])
VALUES = LEAVES | st.recursive(LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part))


def small_graph(rate=0.1):
    """Return the GraphDef of a program of one variable and its update, which runs in no time."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.Variable(tf.truncated_normal([3, 2], seed=5), use_resource=False, name="w")
        loss = tf.reduce_sum(tf.square(tf.matmul(x, w) - 1.0), name="loss")
        tf.train.GradientDescentOptimizer(rate).minimize(loss, name="update")
        tf.global_variables_initializer()
    return graph.as_graph_def()


def make_inputs(folder: Path) -> None:
    """Fill a folder with a good file of every kind that a command reads."""
    kept = ["--record", folder / "record.json", "--checkpoint", folder / "kept", "--logdir", folder / "logs"]
    assert run("train", "--epochs", 20, *kept) == 0
    of_the_original = ["--graph", "original", "--record", folder / "original.json", "--logdir", folder / "other_logs"]
    assert run("train", "--epochs", 20, *of_the_original) == 0
    every = curriculum.batches
    curriculum.batches = lambda *args: list(every(*args))[:2]
    try:
        assert run("train-any-length", "--updates", 4, "--checkpoint", folder / "any") == 130
    finally:
        curriculum.batches = every
    for name, rate in (("old.pb", 0.1), ("new.pb", 0.1), ("other.pb", 0.2)):
        (folder / name).write_bytes(small_graph(rate).SerializeToString())
    (events,) = (folder / "logs").glob("selfmade_lstm/*/test/*")
    shutil.copy(events, folder / "events")
    shutil.copy(ROOT / "docs/cases/recorded/tf1.15.5/recurrent_activation.npz", folder / "run.npz")
    (folder / "run.pb").write_bytes(_members(folder / "run.npz")["graph.pb"])
    np.savez(folder / "feeds.npz", x=np.ones([4, 3], np.float32))


@st.composite
def damaged(draw, content: bytes):
    """Some bytes of a file: cut, changed, put in, doubled."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        how = draw(st.sampled_from(["cut", "change", "put in", "double"]))
        if how == "cut":
            del content[place : place + draw(st.sampled_from([1, 10, len(content)]))]
        elif how == "change":
            content[place : place + 1] = draw(st.binary(min_size=1, max_size=8))
        elif how == "put in":
            content[place:place] = draw(st.binary(max_size=20) | st.sampled_from([b"\0" * 1000, b"[" * 1000, b"\xff"]))
        else:
            content[place:place] = content[place : place + 100]
    return bytes(content)


@st.composite
def other_json(draw, content):
    """A JSON value with another part somewhere, as text; `content` stays as it is."""
    content = json.loads(json.dumps(content))
    for _ in range(draw(st.integers(1, 3))):
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(min(len(place), 6)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.integers(0, 3)):
                place = place[key]
                continue
            if isinstance(place[key], float) and draw(st.booleans()):
                place[key] *= draw(st.sampled_from([0.5, 1.001, 1 + 2e-7, -1, 1e6]))
            elif draw(st.integers(0, 5)):
                place[key] = draw(VALUES)
            else:
                del place[key]
            break
    text = json.dumps(content)
    return draw(st.sampled_from([text] * 8 + [text[:-1], text + text, "[" * 10**5, "\ufeff" + text])).encode(
        errors="surrogatepass"
    )


@st.composite
def graphs(draw, program: bytes):
    """The bytes of a GraphDef with other bytes or another structure, binary or as text, zipped or not."""
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(program))
    graph_def = edited(program, draw(st.randoms(use_true_random=False)), draw(st.integers(1, 3)))
    form = draw(st.sampled_from(["binary", "text", "damaged text", "zipped", "meta"]))
    if form == "binary":
        return graph_def.SerializeToString()
    if form == "zipped":
        return gzip.compress(graph_def.SerializeToString())
    if form == "meta":
        return tf.MetaGraphDef(graph_def=graph_def).SerializeToString()
    text = text_format.MessageToString(graph_def).encode()
    return text if form == "text" else draw(damaged(text))


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def recordings(draw, path: Path):
    """The bytes of a recording with other bytes, or with another content and all its SHA-256 made to fit."""
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(path.read_bytes()))
    members = _members(path)
    content = json.loads(members["recording.json"])
    what = draw(st.sampled_from(["json", "graph", "member"]))
    if what == "graph":
        graph = edited(members["graph.pb"], draw(st.randoms(use_true_random=False)), draw(st.integers(1, 3)))
        members["graph.pb"] = graph.SerializeToString()
        content["graph_sha256"] = hashlib.sha256(members["graph.pb"]).hexdigest()
    if what == "member":
        name = draw(st.sampled_from(sorted(members)))
        members[name] = draw(damaged(members[name]))
    members["recording.json"] = draw(other_json(content)) if what == "json" else json.dumps(content).encode()
    members["recording.sha256"] = hashlib.sha256(members["recording.json"]).hexdigest().encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@st.composite
def events(draw, content: bytes):
    """The bytes of an event file with other bytes, or with another graph and checksums that fit."""
    if draw(st.booleans()):
        return draw(damaged(content))
    graph = draw(graphs(small_graph().SerializeToString()))
    event = tf.Event(wall_time=draw(st.floats()), step=draw(st.integers(-(2**63), 2**63 - 1)), graph_def=graph)
    data = event.SerializeToString()
    size = struct.pack("<Q", draw(st.sampled_from([len(data)] * 5 + [0, 2**40, 2**64 - 1])))
    checks = [struct.pack("<I", masked_crc32c(part)) for part in (size, data)]
    return size + checks[0] + data + checks[1]


WORDS = ["\x1b[31m", "\u202e", "\ud800", "\udcff", "é", "a\nb", "a\0b", "", " 1", "9" * 5000, "x" * 300, "१"]
WORDS += [
    "-",
    "--",
    "-1",
    "0",
    "1",
    "1e9",
    "0_7",
    "0x1",
    "nan",
    "-inf",
    "7",
    "+-0I",
    "00-+++",
    "-I",
    "*",
    "=",
    "/",
    "~",
    ".",
    "..",
    "no-such",
    "a#2",
    "gs://b/c",
]
WORDS += ["/dev/null", "/dev/full", "x=1", "x=", "x=1,2,3", "x=-1", "x=" + "9" * 30, "x=1" + "0" * 11]
FILES = ["record.json", "original.json", "old.pb", "new.pb", "run.npz", "run.pb", "events", "feeds.npz", "kept", "any"]


@st.composite
def command_lines(draw):
    """The words of a command line; those of {FILE} stand for a file of `make_inputs`. No valid one takes long."""
    commands = next(action for action in cli._parser()._actions if action.dest not in ("help", "version")).choices
    name = draw(st.sampled_from(sorted(commands)))
    words = [name]
    value = st.sampled_from(WORDS) | st.sampled_from(FILES).map("{{{}}}".format) | st.text(max_size=5)
    for action in commands[name]._actions:
        often = action.required or not action.option_strings
        if draw(st.integers(0, 9)) < (9 if often else 3):
            option = [draw(st.sampled_from(action.option_strings))] if action.option_strings else []
            taken = [] if action.nargs == 0 else [draw(value)]
            words += option + taken if draw(st.booleans()) or not option or not taken else [f"{option[0]}={taken[0]}"]
    if draw(st.integers(0, 4)) == 0:
        words.insert(draw(st.integers(0, len(words))), draw(value))
    if name in ("train", "reproduce"):  # what is given last counts
        words += ["--epochs", draw(st.sampled_from(["1", "0", "-1", "x"] if name == "train" else ["0", "-1", "x"]))]
    if name == "train":
        words += ["--logdir", "{out}"]
    if name == "train-any-length":
        words += ["--updates", draw(st.sampled_from(["0", "4", "x", "-1"]))]
    if name == "study":
        words += ["--workers", "0"]
    if name == "tensorboard":
        words += ["--logdir", "no-such"]
    if name == "beside":
        words += ["--updates", draw(st.sampled_from(["0", "1", "x"]))]
    return words
