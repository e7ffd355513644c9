"""Replay every recorded case beside its port and write docs/cases.md: `make cases`, some minutes.

A port is built in a process of its own, as its owner would, step by step: first as the old program is, then with what
the replay said must be written out.
"""

import ast
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.recorder.explanation import explain  # noqa: E402
from compat_v1.recorder.recording import read_recording  # noqa: E402
from compat_v1.training import new_network  # noqa: E402

FOLDER = Path(__file__).parent / "cases"
RECORDED = FOLDER / "recorded"
CASES = (
    "small_change",
    "shuffled_batches",
    "derived_seeds",
    "drawn_in_training",
    "another_default",
    "recurrent_activation",
)
HEAD = """# Cases: other people's questions, answered by a recording

People ask TensorFlow why a program gives other numbers in another version, and the issues are closed without an answer.
For each of these a small program of our own has the same symptom. It was recorded under TensorFlow 1.15.5 and, as the
scale for what is rounding, under 1.0.1 (`make cases-record`; `docs/cases/recorded`, each folder with a manifest). Its
port is the same source under `tensorflow.compat.v1`, changed as it says; then what the replay names is written out, one
thing after the other. `make cases` replays them and writes this page:

    python -m compat_v1 replay docs/cases/recorded/tf1.15.5/CASE.npz PORT --scale docs/cases/recorded/tf1.0.1/CASE.npz

"The old graph and the port" is held to every bit, here; "the recording" is what TensorFlow 1.15.5 computed, and what it
differs by from the old graph here are TensorFlow's kernels, of which nothing in a program can give the last bits back.
"""


def port_recording(case, written, folder, run=subprocess.run):
    """`run` the port of a case with what it writes out, in a process of its own, and return its recording."""
    path = Path(folder) / "port.npz"
    command = [sys.executable, FOLDER / "run.py", case, path, "--write", ",".join(written)]
    command += ["--feeds", RECORDED / "tf1.15.5" / f"{case}.npz"]
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parents[1])}
    run(command, check=True, capture_output=True, env=environment)
    return read_recording(path)


def steps(case):
    """Yield (what the port writes out, the `Explanation`) for each step of a case."""
    spec = importlib.util.spec_from_file_location(case, FOLDER / f"{case}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    old, scale = (read_recording(RECORDED / f"tf{version}" / f"{case}.npz") for version in ("1.15.5", "1.0.1"))
    for written in module.STEPS:
        with tempfile.TemporaryDirectory() as folder:
            port = port_recording(case, written, folder)
        yield written, explain(old, port.graph_def, port, scale)


def own_program():
    """Replay this project's own original, as TensorFlow 1.0.1 ran it, beside its port; return the `Explanation`."""
    old, scale = (read_recording(RECORDED / f"tf{version}" / "selfmade_lstm.npz") for version in ("1.0.1", "1.15.5"))
    return explain(old, new_network(old.content.graph_seed)[0].as_graph_def(), scale=scale)


def block(lines):
    """Return lines as a block of the page."""
    return "\n".join(["```", *lines, "```", ""])


def page():
    """Yield the page in pieces."""
    yield HEAD
    for case in CASES:
        title, _, text = ast.get_docstring(ast.parse((FOLDER / f"{case}.py").read_text())).partition("\n")
        print(case, flush=True)
        found = list(steps(case))
        yield f"\n## {title}\n\n{text.strip()} ([`{case}.py`](cases/{case}.py))\n\n"
        yield "| the port writes out | verdict | cause | the first other bit between the old graph and the port |\n"
        yield "| --- | --- | --- | --- |\n"
        for written, one in found:
            where = f"run {one.first['run']}, `{one.first['tensor']}`: {one.first['words']}" if one.first else "none"
            cells = ", ".join(written) or "nothing", one.verdict, ", ".join(one.causes) or "none", where
            yield f"| {' | '.join(cells)} |\n"
        for what, (_, one) in (("The port as it is", found[0]), ("With all of it written out", found[-1])):
            lines = [line for line in one.lines if not line.startswith(("recording:", "the port's recording", "here:"))]
            yield f"\n{what}:\n\n{block([*lines, one.verdict.upper()])}"
    print("selfmade_lstm", flush=True)
    found = own_program()
    yield "\n## This project's own program\n\n200 epochs of `original/selfmade_lstm.py`, recorded under TensorFlow "
    yield "1.0.1 and replayed beside the port. Run 321 is the update of epoch 160.\n\n"
    yield block([*found.lines, found.verdict.upper()])


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text("".join(page()))
