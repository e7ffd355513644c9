"""What Hypothesis tries on each kind of input. Failures that were found stay as examples: `@example` below.

`python tests/hostile_examples.py KIND EXAMPLES FILE` tries one kind and writes its counts to the file, as `hostile.py`
wants it: what hangs or crashes TensorFlow ends that process and not the survey.
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings

from compat_v1.environment import import_tensorflow

import_tensorflow()

import hostile_inputs as inputs  # noqa: E402
from fuzz_graphs import PROGRAM  # noqa: E402
from hostile_attempt import Outcome, attempt  # noqa: E402
from record_mutations import WHERE_AND_HOW  # noqa: E402

Count = Callable[[Outcome, object], None]


def records(folder: Path, count: Count) -> Any:
    """`verify`, of a record with another content; wrong, if it says FAITHFUL of other measurements."""
    good = (folder / "record.json").read_bytes()
    content = json.loads(good)
    (graph,) = folder.glob("record.graph.*")

    @given(inputs.other_json(content) | inputs.damaged(good))
    @example(b"null")
    @example(b"[" * 10**5)
    @example(b'{"format": ' + b"9" * 400 + b"}")
    @example(good.replace(b'"epochs": 20', b'"epochs": 1000000000'))
    @example(good.replace(b'"draw": 1', b'"draw": 1000000000000000000'))
    @example(good.replace(b'"sequence_length": 6', b'"sequence_length": 1000000000'))
    @example(good.replace(b'"00-+++": ', b'"00-+++": NaN, "x": '))
    def one(data: bytes) -> None:
        (folder / "changed.json").write_bytes(data)
        shutil.copy(graph, folder / graph.name.replace("record", "changed"))
        outcome = attempt("verify", folder / "changed.json", "--original", folder / "original.json")
        if outcome.status == 0 and _meaning(json.loads(data)) != _meaning(content):
            outcome = outcome._replace(kind="wrong")
        count(outcome, data)

    return one


def _meaning(record: dict[str, Any]) -> object:
    """Return a record without what only says where and how it was made."""
    parts = {name: dict(part) if isinstance(part, dict) else part for name, part in record.items()}
    for name in WHERE_AND_HOW:
        outer, _, inner = name.rpartition(".")
        (parts[outer] if outer else parts).pop(inner, None)
    return parts


def checkpoints(folder: Path, count: Count) -> Any:
    """`predict`, of a checkpoint with a damaged file; wrong, if it answers something else than before."""
    before = attempt("predict", "00-+++", "--checkpoint", folder / "kept").shown
    files = {path.name.split(".", 1)[-1]: path.read_bytes() for path in (folder / "kept").iterdir()}
    (prefix,) = (path.stem for path in (folder / "kept").glob("*.json"))
    record = inputs.other_json(json.loads(files["json"])).map(lambda data: ("json", data))
    other = [inputs.damaged(data).map(lambda data, n=name: (n, data)) for name, data in files.items()]

    @given(record | inputs.st.one_of(other))
    @example(("json", b"null"))
    @example(("json", b"[]"))
    @example(("checkpoint", b""))
    @example(("checkpoint", b'model_checkpoint_path: "/dev/zero"\n'))
    @example(("checkpoint", b'model_checkpoint_path: "gs://x/y"\n'))
    def one(part: tuple[str, bytes]) -> None:
        changed = folder / "changed"
        shutil.rmtree(changed, ignore_errors=True)
        shutil.copytree(folder / "kept", changed)
        name, data = part
        (changed / (name if name == "checkpoint" else f"{prefix}.{name}")).write_bytes(data)
        outcome = attempt("predict", "00-+++", "--checkpoint", changed)
        if outcome.status == 0 and outcome.shown != before:
            outcome = outcome._replace(kind="wrong")
        count(outcome, part)

    return one


def curricula(folder: Path, count: Count) -> Any:
    """`train-any-length`, that goes on from a checkpoint with another record."""
    (path,) = (folder / "any").glob("*.json")
    content = json.loads(path.read_bytes())

    @given(inputs.other_json(content))
    @example(b"null")
    @example(json.dumps({**content, "done": 10**9}).encode())
    @example(json.dumps({**content, "done": "2"}).encode())
    def one(data: bytes) -> None:
        changed = folder / "changed"
        shutil.rmtree(changed, ignore_errors=True)
        shutil.copytree(folder / "any", changed)
        (changed / path.name).write_bytes(data)
        outcome = attempt("train-any-length", "--updates", 4, "--checkpoint", changed)
        if outcome.is_good and not list(changed.glob("*.index")):
            outcome = outcome._replace(kind="wrong")
        count(outcome, data)

    return one


def graphs(folder: Path, count: Count) -> Any:
    """`audit`, of a graph with other bytes or another structure, binary or as text."""
    (folder / "program.pb").write_bytes(PROGRAM)
    without_output = inputs.tf.GraphDef.FromString(PROGRAM)
    for function in without_output.library.function:
        for name in list(function.ret):
            function.ret[name] = "nowhere:output:0"

    @given(inputs.graphs(PROGRAM))
    @example(b"node { " * 10**5)
    @example(b"\x1f\x8b")
    @example(without_output.SerializeToString())
    def one(data: bytes) -> None:
        (folder / "changed.pb").write_bytes(data)
        count(attempt("audit", folder / "program.pb", folder / "changed.pb"), data)

    return one


def graphs_that_run(folder: Path, count: Count) -> Any:
    """`beside`, which runs them."""
    program = (folder / "old.pb").read_bytes()

    @given(inputs.graphs(program))
    @example(program)
    def one(data: bytes) -> None:
        (folder / "changed.pb").write_bytes(data)
        count(attempt("beside", folder / "old.pb", folder / "changed.pb", "--updates", 1), data)

    return one


def recordings(folder: Path, count: Count) -> Any:
    """`replay`, of a recording with another content whose SHA-256 fit."""

    @given(inputs.recordings(folder / "run.npz"))
    @example(b"PK\x05\x06" + bytes(18))
    def one(data: bytes) -> None:
        (folder / "changed.npz").write_bytes(data)
        count(attempt("replay", folder / "changed.npz", folder / "run.pb"), data)

    return one


def event_files(folder: Path, count: Count) -> Any:
    """`audit`, of an event file with other bytes, or with another graph and checksums that fit."""

    @given(inputs.events((folder / "events").read_bytes()))
    @example(b"")
    def one(data: bytes) -> None:
        (folder / "changed.events").write_bytes(data)
        count(attempt("audit", folder / "changed.events", folder / "old.pb"), data)

    return one


def command_lines(folder: Path, count: Count) -> Any:
    """Any command, with words that it takes and others; in a folder of its own, which it may fill."""
    places = {f"{{{name}}}": str(folder / "copy" / name) for name in (*inputs.FILES, "out")}

    @given(inputs.command_lines())
    @example(["beside", "{old.pb}", "{new.pb}", "--feeds", "{run.npz}"])
    @example(["predict", "00-+++", "--checkpoint", "x" * 300])
    @example(["verify", "{record.json}", "--original", "\ud800"])
    @example(["audit", "{old.pb}", "{new.pb}", "--html", "{old.pb}"])
    def one(words: list[str]) -> None:
        shutil.rmtree(folder / "copy", ignore_errors=True)
        (folder / "copy").mkdir()
        for name in inputs.FILES:  # links to what is read; what is written goes elsewhere, or it is a failure
            if any(f"{{{name}}}" in word for word in words):
                of_it = folder / name
                (shutil.copytree if of_it.is_dir() else shutil.copy)(of_it, folder / "copy" / name)
        before = Path.cwd()
        os.chdir(folder / "copy")
        try:
            for place, path in places.items():
                words = [word.replace(place, path) for word in words]
            count(attempt(*words), words)
        finally:
            os.chdir(before)

    return one


# How many of each, of 100: `make hostile` tries 12,000.
KINDS: dict[str, tuple[Callable[[Path, Count], Any], int]] = {
    "records": (records, 15),
    "checkpoints": (checkpoints, 8),
    "their records": (curricula, 2),
    "graphs": (graphs, 17),
    "graphs that run": (graphs_that_run, 2),
    "recordings": (recordings, 3),
    "event files": (event_files, 8),
    "command lines": (command_lines, 45),
}


def survey(kind: str, folder: Path, examples: int, counts: Counter[str], derandomize: bool = False) -> None:
    """Try a kind in a folder that `make_inputs` filled; raise, with the smallest example, if one is not good."""

    def count(outcome: Outcome, given_what: object) -> None:
        counts[outcome.kind] += 1
        assert outcome.is_good, f"{outcome.kind}: {outcome.shown}\nof {str(given_what)[:2000]!r}"

    test = KINDS[kind][0](folder, count)
    checks = list(HealthCheck)
    rules = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=checks)
    settings(rules, derandomize=derandomize)(test)()


def survey_command(kind: str, examples: int, counts: Path) -> list[str]:
    """Return the command that surveys a kind in a process of its own."""
    return [sys.executable, __file__, kind, str(examples), str(counts)]


class Kept(Counter[str]):
    """Counts that a file has after each change, so that a crash loses none."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def __setitem__(self, kind: str, number: int) -> None:
        super().__setitem__(kind, number)
        self.path.write_text(json.dumps(self))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        inputs.make_inputs(Path(made))
        survey(sys.argv[1], Path(made), int(sys.argv[2]), Kept(Path(sys.argv[3])))
