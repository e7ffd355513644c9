"""The command reproduce: its second process, which never outlives it, and the folder that a run has to itself."""

import contextlib
import fcntl
import os
import pty
import signal
import stat
import struct
import subprocess
import sys
import termios
import time

import psutil
import pytest

import forked
from compat_v1.proof import reproduction
from compat_v1.records import read_record
from trained_runs import run

SECONDS = 180  # of patience with a busy machine


def start(folder, *options, **redirections):
    return forked.Popen(
        [sys.executable, "-m", "compat_v1", "reproduce", "--out", str(folder), *options],
        stdout=subprocess.PIPE,
        **{"stderr": subprocess.PIPE, **redirections},
        text=True,
    )


def second_process(process, folder):
    """Wait until it has begun, which it does before the first has built a graph."""
    while not list(folder.glob("*/original_graph.log")):
        time.sleep(0.01)
    (child,) = psutil.Process(process.pid).children()
    return child


def runs_of(folder):
    return sorted(path for path in folder.iterdir() if path.name != "latest")


@pytest.mark.parametrize(
    "number", [*(pytest.param(one, marks=pytest.mark.long) for one in (signal.SIGINT, signal.SIGTERM)), signal.SIGKILL]
)
def test_second_process_does_not_outlive_the_first(tmp_path, number):
    process = start(tmp_path, "--epochs", "100000")
    assert process.stdout.readline().startswith("Epoch   20")
    second = second_process(process, tmp_path)
    process.send_signal(number)
    _, error = process.communicate(timeout=SECONDS)
    try:
        second.wait(timeout=SECONDS)
    finally:
        if second.is_running():
            second.kill()
    assert process.returncode == (-number if number == signal.SIGKILL else 130)
    assert "Traceback" not in error
    (folder,) = runs_of(tmp_path)
    assert not (tmp_path / "latest").exists(), "a part of a run is not the newest run"
    assert (folder / "record.partial.json").exists() == (number != signal.SIGKILL)


@pytest.mark.long
def test_second_process_that_does_not_listen_is_ended_when_the_first_is_stopped_while_it_waits(tmp_path):
    process = start(tmp_path, "--epochs", "20")
    second = second_process(process, tmp_path)
    second.suspend()  # at once: the second may be done before the first
    while not process.stdout.readline().startswith("waiting"):
        pass
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (130, "stopped\n")
    assert not second.is_running()


@pytest.mark.long
def test_second_process_that_was_killed_is_a_failure_with_what_it_said_last(tmp_path):
    process = start(tmp_path, "--epochs", "400")
    second_process(process, tmp_path).kill()
    output, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 74 and "FAITHFUL" not in output
    (folder,) = runs_of(tmp_path)
    assert f"the original's graph was not trained; {folder}/original_graph.log ends: " in error
    assert "Traceback" not in error and not (folder / "record.html").exists()


def test_reason_of_a_second_process_that_failed_is_on_the_terminal(tmp_path, monkeypatch, capsys):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho much; echo 'error: no room' >&2; exit 2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(reproduction.sys, "executable", str(program))
    assert run("reproduce", "--epochs", 1, "--out", tmp_path / "runs") == 74
    assert capsys.readouterr().err.endswith("original_graph.log ends: error: no room\n")


@pytest.mark.long
def test_two_at_once_are_judged_each_by_its_own_and_progress_is_shown_on_a_terminal_only(tmp_path):
    terminal, stderr = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    processes = [
        start(tmp_path, "--epochs", "20", "--seed", "1", stderr=stderr),
        start(tmp_path, "--epochs", "20", "--seed", "2"),
    ]
    os.close(stderr)
    (on_terminal, _), (output, said) = (process.communicate(timeout=2 * SECONDS) for process in processes)
    shown = ""
    with contextlib.suppress(OSError):  # at the end
        while True:
            shown += os.read(terminal, 2**16).decode()
    os.close(terminal)
    for status, text in zip([process.returncode for process in processes], (on_terminal, output), strict=True):
        assert status == 0 and "\nFAITHFUL\n" in text, said
    for text, has_progress in ((shown, True), (said, False)):
        assert "time, beside it: " in text
        assert ("the original's graph:" in text and "/20 " in text) == has_progress
    folders = runs_of(tmp_path)
    seeds = [
        [read_record(folder / f"{name}.json").graph_seed for name in ("record", "original_graph")] for folder in folders
    ]
    assert sorted(seeds) == [[1, 1], [2, 2]]
    assert (tmp_path / "latest").resolve() in folders and len(list(tmp_path.iterdir())) == 3


def test_link_to_the_newest_run_is_replaced_and_nothing_else_is(tmp_path, capsys):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        reproduction.point_to(tmp_path / name)
        assert str((tmp_path / "latest").readlink()) == name
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "kept").touch()
    with pytest.raises(OSError):
        reproduction.point_to(tmp_path / "first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "latest", "second"]
    assert (tmp_path / "latest" / "kept").exists()


def test_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("reproduce", "--out", tmp_path / "file") == 2
    assert "file: no folder could be made there" in capsys.readouterr().err
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]
