"""`make reproduce`, in a folder of its own: both trainings, the verdict through the pipe, and how it fails."""

import os
import subprocess
from pathlib import Path

import pytest

from compat_v1.records import read_record

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not (ROOT / ".venv/ready").exists(), reason="make would set up its environment first")


@pytest.fixture
def folder(tmp_path):
    """A folder that has everything of the project by links, its environment too, but for what it runs."""
    for path in ROOT.iterdir():
        if path.name != "runs":
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def reproduce(folder, *variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-s", "reproduce", *variables]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)


def test_reproduce_trains_both_graphs_and_ends_with_the_verdict(folder):
    done = reproduce(folder, "EPOCHS=40", "SEED=5")
    assert done.returncode == 0, done.stderr
    (judged,) = (line for line in done.stdout.splitlines() if line.startswith("every bit of the run"))
    assert "equal: 42 values, 33 variables" in judged
    assert done.stdout.splitlines()[-2:] == ["FAITHFUL", "report: runs/record.html"]
    assert "time, beside it: " in done.stderr
    for name, graph in (("record", "port"), ("original_graph", "original")):
        record = read_record(folder / "runs" / f"{name}.json")
        assert (record.graph, record.graph_seed, record.epochs) == (graph, 5, 40)
    assert (folder / "runs" / "record.html").is_file()


def test_reproduce_says_what_is_wrong_with_what_it_was_given(folder):
    done = reproduce(folder, "SEED=-1")
    assert done.returncode == 2
    assert "'-1': integers from 0 to" in done.stderr and "Traceback" not in done.stderr


def test_reproduce_fails_and_says_why_when_the_originals_graph_was_not_trained(folder):
    (folder / "runs").mkdir()
    (folder / "runs" / "original_graph").touch()  # where its event logs should go
    done = reproduce(folder, "EPOCHS=20")
    assert done.returncode == 2 and "FAITHFUL" not in done.stdout
    message = "the original's graph was not trained; runs/original_graph.log ends:\nerror: runs/original_graph/"
    assert message in done.stderr and "no folder could be made there" in done.stderr
    assert "Traceback" not in done.stderr and not (folder / "runs" / "record.html").exists()
