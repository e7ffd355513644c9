"""What a hostile test once broke, and no other test holds: each was a traceback, a hang, a loss or a wrong answer."""

import errno
import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import forked
from compat_v1 import checkpoints
from compat_v1.any_length import curriculum
from compat_v1.checkpoints import alone_in, find_checkpoint
from compat_v1.records import read_record
from hostile_attempt import attempt, attempt_apart, command
from original.record_format import write_whole
from trained_runs import run

ROOT = Path(__file__).parent.parent


def refused(*argv):
    outcome = attempt(*argv)
    assert outcome.status == 2 and outcome.kind == "clean", outcome.shown
    return outcome.shown


OUTPUTS = [
    ["recorder"],
    ["audit", "old.pb", "new.pb", "--html"],
    ["beside", "old.pb", "new.pb", "--html"],
    ["replay", "run.npz", "run.pb", "--plot"],
    ["verify", "record.json", "--report"],
    ["train", "--record"],
]


@pytest.mark.parametrize("words", OUTPUTS, ids=lambda words: words[0])
def test_what_is_no_regular_file_is_not_replaced(inputs, words, monkeypatch, tmp_path):
    monkeypatch.chdir(inputs)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    for name in (tmp_path / "fifo", tmp_path / "link", tmp_path, "/dev/null"):
        assert "no regular file" in refused(*words, name)
    assert (tmp_path / "fifo").is_fifo() and (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("words", OUTPUTS[1:4], ids=lambda words: words[0])
def test_what_is_read_is_not_replaced(inputs, words, monkeypatch):
    monkeypatch.chdir(inputs)
    before = (inputs / words[1]).read_bytes()
    assert "this is what is read" in refused(*words, inputs / words[1])
    assert (inputs / words[1]).read_bytes() == before


@pytest.mark.parametrize("words", OUTPUTS[:3], ids=lambda words: words[0])
def test_what_is_written_goes_through_a_symlink_and_whole(inputs, words, monkeypatch, tmp_path):
    monkeypatch.chdir(inputs)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert run(*words, tmp_path / "link") == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").stat().st_size > 100


def test_place_of_a_long_training_is_tried_before_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(curriculum, "train", lambda *args: pytest.fail("it was not tried before"))
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "x", "/proc/x", "x" * 300):
        assert "a folder that can be written to is needed" in refused("train-any-length", "--checkpoint", folder)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "cannot be written to" in refused("train-any-length", "--checkpoint", tmp_path)
    monkeypatch.setattr("compat_v1.training.EXECUTIONS", {"fast": lambda *args: pytest.fail("it was not tried before")})
    for option in (["--checkpoint", tmp_path], ["--record", tmp_path / "record.json"], ["--logdir", tmp_path / "file"]):
        refused("train", "--logdir", tmp_path / "logs", *option)


def test_disk_that_fills_under_a_long_training_is_told_in_a_line(tmp_path, monkeypatch):
    def full(session, directory, record, *variables):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(curriculum, "save_checkpoint", full)
    monkeypatch.setattr(curriculum, "batches", lambda *args, every=curriculum.batches: list(every(*args))[:1])
    outcome = attempt("train-any-length", "--updates", 2, "--checkpoint", tmp_path / "kept")
    assert outcome.status == 74 and outcome.kind == "clean", outcome.shown


@pytest.mark.long
def test_disk_that_is_full_under_a_checkpoint_is_told_in_a_line(tmp_path):
    """TensorFlow's own message has 2.4 kB, of which most are stack frames."""
    limit = 5000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    outcome = attempt_apart(
        command("train", "--epochs", 1, "--logdir", tmp_path / "logs", "--checkpoint", tmp_path / "kept"),
        tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert outcome.status == 74 and outcome.kind == "clean", outcome.shown


@pytest.mark.long
def test_fast_execution_works_with_onednn_on(tmp_path):
    words = ["train", "--epochs", "21", "--logdir", "logs", "--record", "record.json"]
    outcome = attempt_apart(command(*words), tmp_path, environment={"TF_ENABLE_ONEDNN_OPTS": "1"})
    assert outcome.status == 0, outcome.shown
    assert read_record(tmp_path / "record.json").stack.onednn == "on"


def test_fast_execution_works_in_a_program_of_tensorflow_2(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import tensorflow as tf; a = tf.constant(1); assert tf.executing_eagerly()\n"
        "from compat_v1 import train; print(train(epochs=21, execution='fast').record.stack.onednn)"
    )
    done = forked.run([sys.executable, program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_killed_processes_left_is_removed_by_the_next_that_writes(tmp_path):
    write_whole(str(tmp_path / "record.json"), b"1")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    probe = "import sys; from compat_v1.original import record_format as f; f.os.rename = lambda *a: f.os._exit(9)\n"
    left = subprocess.run([sys.executable, "-c", probe + f"f.write_whole({str(tmp_path / 'record.json')!r}, b'2')"])
    assert left.returncode == 9
    (orphan,) = tmp_path.glob("*.tmp")
    living = tmp_path / re.sub(r"\d+\.tmp$", f"{process.pid}.tmp", orphan.name)
    others = tmp_path / re.sub(r"[0-9a-f]{8}-", "00000000-", orphan.name)  # of another machine
    living.touch()
    others.touch()
    try:
        write_whole(str(tmp_path / "record.json"), b"3")
        assert not orphan.exists() and living.exists() and others.exists()
        assert (tmp_path / "record.json").read_bytes() == b"3"
    finally:
        process.kill()
        process.wait()


def test_what_killed_saves_left_is_removed_by_the_next_save(inputs, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    old = "20251125-131508-151216"
    for name in ("json", "index", "data-00000-of-00001.tempstate123", "json.0badcafe-1.tmp"):
        (kept / f"{old}.{name}").touch()
    (kept / f"checkpoint.tmp{'0' * 32}").touch()
    (kept / "notes.txt").touch()
    (kept / f"{old}.index").unlink()  # with it, it would be a checkpoint that is damaged
    assert run("train", "--epochs", 1, "--logdir", tmp_path / "logs", "--checkpoint", kept) == 0
    names = {path.name.split(".", 1)[-1] for path in kept.iterdir()}
    assert names == {"checkpoint", "data-00000-of-00001", "index", "json", "txt"}


def test_second_process_on_a_folder_is_refused_and_the_first_one_keeps_it(tmp_path):
    hold = f"with alone_in({str(tmp_path)!r}): print('mine', flush=True); input()"
    program = tmp_path / "holder.py"
    program.write_text(f"from compat_v1.checkpoints import alone_in\n{hold}")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    holder = forked.Popen([sys.executable, program], **pipes)
    try:
        assert holder.stdout.readline() == b"mine\n"
        for words in (["train-any-length"], ["train", "--logdir", tmp_path / "logs"]):
            assert "another process is training" in refused(*words, "--checkpoint", tmp_path)
    finally:
        holder.communicate(b"\n")
    with alone_in(tmp_path):
        pass


def test_pointer_of_a_checkpoint_leads_nowhere_else(inputs, tmp_path):
    elsewhere = find_checkpoint(inputs / "kept")
    for path in (elsewhere, "gs://no.such.bucket/x", "/dev/zero"):
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{path}"\n')
        with pytest.raises(ValueError, match="it names one that lies somewhere else"):
            checkpoints.find_checkpoint(tmp_path)


def test_pointer_of_a_checkpoint_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "checkpoint")
    for words in (["predict", "00-+++"], ["play", "+-"], ["train-any-length"]):
        assert "no regular file" in refused(*words, "--checkpoint", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prediction": [1, 2, 3, 4, 5]}, "prediction: Input should be"),
        ({"prediction": {"00-+++": "2"}}, "prediction.00-+++: Input should be a valid number"),
        ({"train": {"epoch": [1], "error": [-1.0]}}, "train.error.0: Input should be greater than or equal to 0"),
        ({"stack": {"python": "3", "cpu": "\u202e"}}, "stack"),
    ],
)
def test_record_that_once_ended_in_a_traceback_is_refused(inputs, tmp_path, change, message):
    content = json.loads((inputs / "record.json").read_bytes())
    (tmp_path / "record.json").write_text(json.dumps({**content, **change}))
    assert message in refused("verify", tmp_path / "record.json")


def test_importing_the_comparison_changes_no_path():
    code = "import sys; before = list(sys.path); import original.compare; assert sys.path == before"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    "name", ["requirements.lock", "benchmarks/requirements.txt", "notebooks/requirements-lab.lock"]
)
def test_every_requirement_is_locked_with_its_hash(name):
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    unlocked = [line for line in lines if line.strip() and not re.search(r"^\s*#|==\S+ .*--hash=sha256:", line)]
    assert unlocked == []


def test_recording_that_is_a_device_is_not_read_to_its_end(inputs):
    for words in (["/dev/zero", inputs / "run.pb"], [inputs / "run.npz", inputs / "run.pb", "--scale", "/dev/zero"]):
        assert "no regular file" in refused("replay", *words)
    for option in ("--feeds", "--checkpoint"):
        assert "no regular file" in refused("beside", inputs / "old.pb", inputs / "new.pb", option, "/dev/zero")


IMPORTING = """
import os, signal, sys
from compat_v1 import environment
def imported(name):
    os.kill(os.getpid(), {})
    sys.modules[name] = sys
    return sys
environment.importlib.import_module = imported
for number in (signal.SIGINT, signal.SIGTERM):  # whatever a shell has set for what it runs in the background
    signal.signal(number, signal.default_int_handler)
try:
    environment.import_tensorflow()
except KeyboardInterrupt:
    sys.exit(7 if "tensorflow" in sys.modules else 8)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_tensorflow_is_imported_waits_for_its_end(number):
    code = IMPORTING.format(int(number))
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 7


GUARDED = """
import os, signal, sys
from compat_v1 import cli
from compat_v1.cli import guarded
def run(args):
    {}
    return 3
guarded.LEAST_SECONDS = 1
cli.audit.run.__code__ = run.__code__
cli.audit.os, cli.audit.signal = os, signal
sys.exit(cli.main(["audit", "a", "b"]))
"""
CRASHES = {
    "os.kill(os.getpid(), signal.SIGSEGV)": (2, "TensorFlow crashed (SIGSEGV) on what it was given"),
    "os.write(2, b'x' * 5000); os.abort()": (2, "TensorFlow crashed (SIGABRT) on what it was given"),
    "while True: pass": (2, "this took more than 1 seconds of the processor's time"),
    "bytes(2**50)": (74, "this takes more memory than the machine gives"),
    "print('out'); os.write(2, b'err')": (3, "out\nerr"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is guarded")
@pytest.mark.parametrize("act", CRASHES, ids=range(len(CRASHES)))
def test_command_on_a_strangers_graph_is_guarded(tmp_path, act):
    """No graph is known here that crashes TensorFlow: what it would do is put into the place of the command."""
    status, said = CRASHES[act]
    outcome = attempt_apart([sys.executable, "-c", GUARDED.format(act)], tmp_path)
    assert outcome.status == status and outcome.is_good and said in outcome.shown, outcome.shown


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is guarded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_that_is_guarded_ends_on_a_signal(tmp_path, number):
    act = "print('begun', flush=True); signal.pause()"
    code = GUARDED.format(act).replace("guarded.LEAST", "guarded.SECONDS_TO_END = 1; guarded.LEAST")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path, env=environment)
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    assert process.wait(timeout=120) == 130
