"""The cases: whole as they were recorded, answered as docs/cases.md says, and the port gives the old numbers back."""

import hashlib
import json
import re
import runpy
from pathlib import Path

import pytest

import forked
from compat_v1.recorder.explanation import explain
from compat_v1.recorder.recording import read_recording

DOCS = Path(__file__).parent.parent / "docs"
RECORDED = DOCS / "cases" / "recorded"
CASES = runpy.run_path(str(DOCS / "cases.py"))
PAGE = (DOCS / "cases.md").read_text()
SECTIONS = dict(zip(CASES["CASES"], re.split(r"^## TensorFlow issue", PAGE, flags=re.M)[1:], strict=True))
# What the replay names as the cause, for the port as it is.
CAUSES = {
    "small_change": "seeds",
    "shuffled_batches": "data",
    "derived_seeds": "seeds",
    "drawn_in_training": "seeds",
    "another_default": "graph",
    "recurrent_activation": "graph",
}


@pytest.mark.parametrize("version, python", [("1.0.1", "2.7"), ("1.15.5", "3.7")])
def test_recordings_are_those_of_the_manifest(version, python):
    folder = RECORDED / f"tf{version}"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["stack"]["tensorflow"] == version and manifest["stack"]["python"].startswith(python)
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.npz")}
    assert found == manifest["sha256"] and {path.removesuffix(".npz") for path in found} > set(CASES["CASES"])
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1e6
    assert all(read_recording(folder / name).content.stack.tensorflow == version for name in found)


@pytest.mark.parametrize("case", CASES["CASES"])
def test_page_says_what_is_wrong_with_the_port_and_that_it_is_equal_at_the_end(case):
    rows = [row.split(" | ") for row in SECTIONS[case].splitlines() if row.startswith("| ")][2:]
    steps = [", ".join(step) or "nothing" for step in runpy.run_path(str(DOCS / "cases" / f"{case}.py"))["STEPS"]]
    assert [row[0].removeprefix("| ") for row in rows] == steps
    assert rows[0][1] == "parted" and CAUSES[case] in rows[0][2].split(", ")
    assert rows[-1][1] == "equal" and rows[-1][3] == "none |"
    assert all(row[2] != "none" for row in rows if row[1] == "parted")


def test_formula_that_tensorflow_itself_changed_is_a_cause(tmp_path):
    old = read_recording(RECORDED / "tf1.15.5" / "drawn_in_training.npz")
    port = CASES["port_recording"]("drawn_in_training", ("seeds",), tmp_path, forked.run)
    found = explain(old, port.graph_def, port)
    assert (found.verdict, found.causes) == ("parted", ["graph"])
    assert any(line.startswith("graph:") and "; numbers changed by dropout" in line for line in found.lines)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES["CASES"])
def test_port_with_all_of_it_written_out_gives_every_bit_of_the_old_graph(case, tmp_path):
    old = read_recording(RECORDED / "tf1.15.5" / f"{case}.npz")
    written = runpy.run_path(str(DOCS / "cases" / f"{case}.py"))["STEPS"][-1]
    port = CASES["port_recording"](case, written, tmp_path, forked.run)
    found = explain(old, port.graph_def, port)
    assert (found.verdict, found.not_compared) == ("equal", [])
    assert found.compared == sum(len(run.fetches) for run in old.content.runs if not run.sets)
    growth = next(line for line in found.lines if line.startswith("growth:"))
    assert growth.endswith(": rounding") and found.horizon is None
