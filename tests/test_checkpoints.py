"""Damaged checkpoints are errors that say what is damaged, never a traceback and never a new beginning."""

import errno
import json
import resource
import shutil
import subprocess
import sys

import pytest

from compat_v1.any_length import curriculum
from compat_v1.records import read_record
from trained_runs import run


def one_line(capsys):
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and error.startswith("error: ") and error.strip().isprintable()
    return error


@pytest.fixture(scope="module")
def of_six_signs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("six_signs")
    assert run("train", "--epochs", 1, "--checkpoint", folder / "kept", "--logdir", folder) == 0
    return folder / "kept"


@pytest.fixture(scope="module")
def of_any_length(tmp_path_factory):
    """The folder of a run of 20 updates that was stopped after 10."""
    folder = tmp_path_factory.mktemp("any_length") / "kept"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curriculum, "batches", lambda *args, every=curriculum.batches: list(every(*args))[:10])
        assert run("train-any-length", "--updates", 20, "--checkpoint", folder) == 130
    return folder


DAMAGES = {
    "null": "null",
    "list": "[]",
    "text": '"done"',
    "empty": "",
    "no JSON": "{",
    "deep": "[" * 100_000,
    "of nothing": "{}",
}


@pytest.mark.parametrize("text", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_record_of_a_checkpoint_is_refused(of_six_signs, of_any_length, tmp_path, text, capsys):
    for kept, command in (
        (of_six_signs, ["predict", "00-+++"]),
        (of_any_length, ["train-any-length", "--updates", 20]),
    ):
        folder = shutil.copytree(kept, tmp_path / command[0])
        (record,) = folder.glob("*.json")
        record.write_text(text)
        assert run(*command, "--checkpoint", folder) == 2
        assert record.name in one_line(capsys)


@pytest.mark.parametrize("done", ["10", -1, 10**9, 21, 11, 9.5, None, True, "absent"])
def test_wrong_number_of_updates_is_refused_before_the_graph_is_built(
    of_any_length, tmp_path, done, capsys, monkeypatch
):
    monkeypatch.setattr(curriculum, "new_learning", lambda *_: pytest.fail("it was built"))
    folder = shutil.copytree(of_any_length, tmp_path / "kept")
    (path,) = folder.glob("*.json")
    record = json.loads(path.read_text())
    record["done"] = done
    if done == "absent":
        del record["done"]
    path.write_text(json.dumps(record))
    assert run("train-any-length", "--updates", 20, "--checkpoint", folder) == 2
    one_line(capsys)


@pytest.mark.parametrize("suffix", [".json", ".index", "checkpoint"])
@pytest.mark.parametrize("is_cut", [True, False])
def test_missing_or_cut_file_is_no_new_beginning(of_any_length, tmp_path, suffix, is_cut, capsys):
    folder = shutil.copytree(of_any_length, tmp_path / "kept")
    (path,) = folder.glob(f"*{suffix}")
    if is_cut:
        path.write_bytes(path.read_bytes()[:20])
    else:
        path.unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for command in (["train-any-length", "--updates", 20], ["play", "+"] if suffix != ".json" else ["predict", "+"]):
        assert run(*command, "--checkpoint", folder) == 2
        one_line(capsys)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("damaged", [None, "checkpoint"])
def test_training_at_six_signs_replaces_no_network_of_any_length(of_any_length, tmp_path, damaged, capsys):
    folder = shutil.copytree(of_any_length, tmp_path / "kept")
    if damaged:
        (folder / damaged).write_text("x")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("train", "--epochs", 1, "--checkpoint", folder, "--logdir", tmp_path / "logs") == 2
    assert "that no such run has made" in one_line(capsys)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before and not (tmp_path / "logs").exists()


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.long), True])
def test_training_replaces_a_network_of_its_own_kind(of_six_signs, tmp_path, killed):
    folder = shutil.copytree(of_six_signs, tmp_path / "kept")
    (record,) = folder.glob("*.json")
    if killed:
        (folder / "checkpoint").unlink()
    assert run("train", "--epochs", 1, "--checkpoint", folder, "--logdir", tmp_path / "logs") == 0
    assert not record.exists() and run("predict", "00-+++", "--checkpoint", folder) == 0


def test_record_alone_as_a_killed_first_save_leaves_it_is_a_new_beginning(of_any_length, tmp_path):
    (record,) = of_any_length.glob("*.json")
    shutil.copy(record, tmp_path)
    assert run("train-any-length", "--updates", 2, "--checkpoint", tmp_path) == 0


def test_run_that_was_stopped_goes_on(of_any_length, tmp_path):
    folder = shutil.copytree(of_any_length, tmp_path / "kept")
    assert run("train-any-length", "--updates", 20, "--checkpoint", folder) == 0


def test_full_disk_is_the_machines_failure_and_costs_what_could_not_be_written(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("compat_v1.graph_file.write_whole", full)
    options = ["--record", tmp_path / "record.json", "--checkpoint", tmp_path / "kept", "--logdir", tmp_path]
    assert run("train", "--epochs", 1, *options) == 74
    assert "record.json could not be written" in one_line(capsys)
    assert run("predict", "00-+++", "--checkpoint", tmp_path / "kept") == 0


def test_logs_that_cannot_be_written_cost_neither_record_nor_checkpoint(tmp_path, monkeypatch, capsys):
    def full(writer, summary, step):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("compat_v1.event_logs.tf.summary.FileWriter.add_summary", full)
    options = ["--record", tmp_path / "record.json", "--checkpoint", tmp_path / "kept", "--logdir", tmp_path / "logs"]
    assert run("train", "--epochs", 20, *options) == 74
    assert "logs" in one_line(capsys)
    assert run("verify", tmp_path / "record.json") == 0
    assert run("predict", "00-+++", "--checkpoint", tmp_path / "kept") == 0


@pytest.mark.long
def test_logs_on_a_full_disk_cost_neither_record_nor_checkpoint(tmp_path):
    """No file may be larger than 60 kB: the logs' first event, the graph, is."""
    options = ["--record", tmp_path / "record.json", "--checkpoint", tmp_path / "kept", "--logdir", tmp_path / "logs"]
    limit = 60_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    result = subprocess.run(
        [sys.executable, "-m", "compat_v1", "train", "--epochs", "400", *map(str, options)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert result.returncode == 74, result.stderr
    assert "Traceback" not in result.stderr and result.stderr.splitlines()[-1].startswith("error: ")
    assert "Epoch  400" in result.stdout
    assert read_record(tmp_path / "record.json").epochs == 400
    assert run("predict", "00-+++", "--checkpoint", tmp_path / "kept") == 0
