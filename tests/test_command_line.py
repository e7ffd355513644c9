"""The command line: what it writes, what it refuses, and that stopping it loses nothing."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import forked
from compat_v1.proof.golden import RECORDED, golden
from compat_v1.records import read_record, write_model
from original.record_format import DEFAULT_SEED
from trained_runs import run

pytestmark = pytest.mark.usefixtures("judged_once")

GOLDEN = RECORDED / "tf1.0.1" / f"seed{DEFAULT_SEED}_draw1.json"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of one short run with everything that it writes."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["--epochs", 40, "--record", folder / "record.json", "--checkpoint", folder / "checkpoint"]
    assert run("train", *options, "--logdir", folder / "logs") == 0
    return folder


def test_train_prints_the_posts_lines_and_writes_record_logs_and_checkpoint(trained, tmp_path, capsys):
    record = read_record(trained / "record.json")
    assert record.graph_seed == DEFAULT_SEED and record.epochs == 40
    assert run("train", "--epochs", 40, "--logdir", tmp_path) == 0
    lines = golden("1.0.1", DEFAULT_SEED, 1).printed_lines()
    assert capsys.readouterr().out.splitlines()[:2] == [lines[20], lines[40]]
    (run_folder,) = (tmp_path / "selfmade_lstm").iterdir()
    assert sorted(path.name for path in run_folder.iterdir()) == ["test", "train"]


@pytest.mark.parametrize("before", [[], ["--"]])
@pytest.mark.parametrize(
    "sequence", ["------", *(pytest.param(one, marks=pytest.mark.long) for one in ("00-+++", "-I--+0", "--I+00"))]
)
def test_predict_takes_any_sequence_with_and_without_separator(trained, sequence, before, capsys):
    assert run("predict", "--checkpoint", trained / "checkpoint", *before, sequence) == 0
    if not before:
        assert run("predict", sequence, "--checkpoint", trained / "checkpoint") == 0
    for line in capsys.readouterr().out.splitlines():
        assert line.startswith(f"{sequence} ")


def test_predict_answers_what_the_record_says(trained, capsys):
    assert run("predict", "00-+++", "--checkpoint", trained / "checkpoint") == 0
    prediction = float(capsys.readouterr().out.split()[1])
    assert prediction == pytest.approx(read_record(trained / "record.json").prediction["00-+++"], rel=1e-7)


@pytest.mark.long
def test_run_of_the_originals_graph_made_before_is_the_one_that_verify_would_make(trained, tmp_path, capsys):
    options = ["--epochs", 40, "--record", tmp_path / "original.json", "--logdir", tmp_path]
    assert run("train", "--graph", "original", *options) == 0
    capsys.readouterr()
    assert run("verify", trained / "record.json", "--original", tmp_path / "original.json") == 0
    with_it = capsys.readouterr().out.split("time: ")[0]
    assert run("verify", trained / "record.json") == 0
    assert capsys.readouterr().out.split("time: ")[0] == with_it
    assert "equal: 42 values, 33 variables" in with_it


def test_run_that_is_not_of_the_originals_graph_or_of_other_seeds_is_refused_beside_it(trained, tmp_path, capsys):
    assert run("verify", trained / "record.json", "--original", trained / "record.json") == 2
    assert "this is the record itself" in capsys.readouterr().err
    (tmp_path / "copy.json").write_bytes((trained / "record.json").read_bytes())
    assert run("verify", trained / "record.json", "--original", tmp_path / "copy.json") == 2
    assert "was not made with train --graph original" in capsys.readouterr().err
    options = ["--epochs", 40, "--seed", 1, "--record", tmp_path / "original.json", "--logdir", tmp_path]
    assert run("train", "--graph", "original", *options) == 0
    assert run("verify", trained / "record.json", "--original", tmp_path / "original.json") == 2
    assert "trained with another graph_seed: 1" in capsys.readouterr().err


def test_record_of_which_nothing_can_be_judged_is_neither_faithful_nor_not(tmp_path, capsys):
    options = ["--epochs", 20, "--seed", 99, "--record", tmp_path / "record.json", "--logdir", tmp_path]
    assert run("train", *options) == 0
    record = read_record(tmp_path / "record.json")
    record.stack.cpu = "another"
    write_model(tmp_path / "record.json", record)
    assert run("verify", tmp_path / "record.json") == 2
    output = capsys.readouterr()
    assert "NOT JUDGED" in output.out and "nothing that this run measured could be held" in output.err


def test_report_does_not_take_the_place_of_a_record(trained, capsys):
    before = (trained / "record.json").read_bytes()
    assert run("verify", trained / "record.json", "--report", trained / "record.json") == 2
    assert "this is what is read" in capsys.readouterr().err
    assert (trained / "record.json").read_bytes() == before


def test_broken_checkpoint_is_named(trained, tmp_path, capsys):
    for path in (trained / "checkpoint").iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content[: len(content) // 2] if ".data" in path.name else content)
    assert run("predict", "00-+++", "--checkpoint", tmp_path) == 2
    assert "the checkpoint, is broken" in capsys.readouterr().err


def test_record_that_cannot_be_written_does_not_take_the_checkpoint_with_it(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError("no space left")

    monkeypatch.setattr("compat_v1.run.write_model", full)
    options = ["--record", tmp_path / "record.json", "--checkpoint", tmp_path / "kept", "--logdir", tmp_path]
    assert run("train", "--epochs", 1, *options) == 74
    assert "could not be written" in capsys.readouterr().err
    assert run("predict", "00-+++", "--checkpoint", tmp_path / "kept") == 0


def test_record_is_written_through_a_symlink_and_a_loop_of_them_is_refused(tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "record.json").symlink_to(tmp_path / "elsewhere" / "target.json")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    options = ["--epochs", 1, "--logdir", tmp_path / "logs", "--record"]
    assert run("train", *options, tmp_path / "record.json") == 0
    assert (tmp_path / "record.json").is_symlink()
    assert read_record(tmp_path / "elsewhere" / "target.json").epochs == 1
    assert run("train", *options, tmp_path / "loop") == 2
    assert "this is no regular file" in capsys.readouterr().err
    assert run("verify", tmp_path / "loop" / "x", "--original", tmp_path / "loop") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_second_checkpoint_takes_the_place_of_the_first(tmp_path):
    for _ in range(2):
        assert run("train", "--epochs", 1, "--checkpoint", tmp_path / "kept", "--logdir", tmp_path) == 0
    names = sorted(path.name.split(".", 1)[-1] for path in (tmp_path / "kept").iterdir())
    assert names == ["checkpoint", "data-00000-of-00001", "index", "json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--epochs", "0"], "'0': integers from 1 to 1000000 are allowed"),
        (["train", "--draw", "x"], "'x': integers from 1 up are allowed"),
        (["train", "--seed", "-1"], "'-1': integers from 0 to 2147483646 are allowed"),
        (["train", "--sequence-length", "600"], "choose a smaller length"),
        (["train", "--sequence-length", "30"], "choose a smaller length"),
        (
            ["train", "--sequence-length", "14"],
            "makes 4**14 sequences: to train on all at once, as the post does, takes",
        ),
        (["train", "--record", "no/such/folder.json"], "give a file in a folder that exists"),
        (["train", "--record", "x" * 300], "give a file in a folder that exists"),
        (["train", "--record", "."], "give a file in a folder that exists"),
        (["train", "--record", "/dev/null"], "this is no regular file"),
        (["train", "--record", "a\0b"], "no file has this name"),
        (["verify", GOLDEN, "--report", "/dev/null"], "this is no regular file"),
        (["verify", GOLDEN, "--original", GOLDEN], "this is the record itself"),
        (["verify", "a\0b"], "no file has this name"),
        (["train", "--logdir", __file__], "no folder could be made there"),
        (["train", "--checkpoint", __file__], "no folder could be made there"),
        (["train", "--graph", "original", "--sequence-length", "3"], "the original's graph is made for 6 signs"),
        (["train", "--execution", "slow"], "invalid choice: 'slow'"),
        (["verify", "no-such.json"], "No such file"),
        (["verify", __file__], "is not JSON"),
        (
            ["verify", GOLDEN, "--report", "no/such/folder.html"],
            "--report no/such/folder.html: give a file in a folder",
        ),
        (["tensorboard", "--logdir", "no-such"], "no-such holds no run: train --logdir no-such makes one"),
        (["tensorboard", "--port", "65536"], "'65536': integers from 1 to 65535 are allowed"),
        (["tensorboard", "--port", "http"], "'http': integers from 1 to 65535 are allowed"),
        (["predict", "+-x000", "--checkpoint", "."], "sign 3 of the sequence is 'x': allowed are + - 0 I"),
        (["predict", "--checkpoint", ".", "--", "-x"], "sign 2 of the sequence is 'x'"),
        (["predict", "", "--checkpoint", "."], "an empty sequence"),
        (["predict", "+-0I00", "--checkpoint", "no-such"], "holds no checkpoint"),
        (["predict", "+-0I00"], "required: --checkpoint"),
        (["predict", "--checkpoint", "."], "required: SEQUENCE"),
        (["predict", "--checkpoint", ".", "--"], "holds no checkpoint"),
        (["predict", "-", "--checkpoint=--"], "argument --checkpoint: -- is no value; write ./-- for"),
        (["train", "--epochs=--"], "argument --epochs: -- is no value"),
        ([], "required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_bad_input_gets_a_clear_error_and_status_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_predict_refuses_a_sequence_of_another_length(trained, capsys):
    assert run("predict", "++", "--checkpoint", trained / "checkpoint") == 2
    assert "++ has the length 2: this network was trained on length 6" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda record: record.pop("format"), "format: Field required"),
        (lambda record: record.update(format=3), "format: Input should be 1 or 2; it is 3"),
        (lambda record: record.update(format=1), 'a record of format 1 cannot have "package"'),
        (lambda record: record.pop("graph_sha256"), 'a record of format 2 must have "graph_sha256"'),
        (lambda record: record.update(graph="mine"), "graph: Input should be 'port' or 'original'; it is 'mine'"),
        (lambda record: record.update(prediction={}), '"prediction" must have a number for "00-+++"'),
        (lambda record: record.pop("data"), "data: Field required"),
        (lambda record: record["data"].update(draw=10**18), "data.draw: Input should be less than or equal to"),
        (
            lambda record: record["data"].update(sequence_length=10**9),
            "data.sequence_length: Input should be less than",
        ),
        (lambda record: record["stack"].pop("cpu"), "stack.cpu: Field required"),
        (lambda record: record["stack"].update(cpu="\x1b[2J"), "stack.cpu: String should match pattern"),
        (lambda record: record["stack"].update(gpu="none"), "stack.gpu: Extra inputs are not permitted"),
        (lambda record: record.update(op_seeds=[1]), "op_seeds: List should have at least 5 items"),
        (
            lambda record: record.update(graph_seed=10**300),
            "graph_seed: Input should be less than or equal to 2147483646",
        ),
        (lambda record: record.update(epochs="40"), "epochs: Input should be a valid integer; it is '40'"),
        (lambda record: record.update(epochs=10**9), "epochs: Input should be less than or equal to 1000000"),
        (lambda record: record.update(epochs=60), '"test" and "train" must have the epochs of a run of "epochs" = 60'),
        (lambda record: record["test"]["error"].pop(), '"test": "error" must be a number for each epoch'),
        (lambda record: record["train"]["error"].__setitem__(0, "?"), "train.error.0: Input should be a valid number"),
        (
            lambda record: record["train"]["error"].__setitem__(0, math.nan),
            "train.error.0: Input should be less than or equal to 1; it is nan",
        ),
    ],
)
def test_damaged_record_is_refused_with_what_is_wrong(trained, tmp_path, damage, message, capsys):
    record = json.loads((trained / "record.json").read_text())
    damage(record)
    (tmp_path / "damaged.json").write_text(json.dumps(record))
    assert run("verify", tmp_path / "damaged.json") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_stopping_keeps_what_was_done_and_leaves_what_was_whole(trained, tmp_path, number):
    record_file, checkpoint = tmp_path / "record.json", tmp_path / "checkpoint"
    record_file.write_bytes((trained / "record.json").read_bytes())
    options = ["--record", record_file, "--checkpoint", checkpoint, "--logdir", tmp_path / "logs"]
    process = forked.Popen(
        [sys.executable, "-m", "compat_v1", "train", "--epochs", "100000", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("Epoch   20")
    time.sleep(0.2)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error and "stopped after" in error

    partial = read_record(tmp_path / "record.partial.json")
    assert partial.partial is True and 20 <= partial.epochs < 100000
    assert not read_record(record_file).partial
    assert run("predict", "00-+++", "--checkpoint", checkpoint) == 2
    assert run("predict", "00-+++", "--checkpoint", tmp_path / "checkpoint.partial") == 0


@pytest.mark.parametrize("status", [141, 74], ids=["| head -n 1", "> /dev/full"])
def test_output_that_takes_no_more_costs_no_record(tmp_path, status):
    if status == 74 and not Path("/dev/full").exists():
        pytest.skip("no such device here")
    command = [sys.executable, "-m", "compat_v1", "train", "--epochs", "5000", "--record", "record.json"]
    with Path("/dev/full" if status == 74 else os.devnull).open("w") as full:
        output = full if status == 74 else subprocess.PIPE
        with forked.Popen(command, cwd=tmp_path, stdout=output, stderr=subprocess.PIPE, text=True) as process:
            if status == 141:
                process.stdout.readline()
                process.stdout.close()
            errors = process.stderr.read()
    assert process.returncode == status, errors
    assert "Traceback" not in errors and "Exception" not in errors
    assert read_record(tmp_path / "record.partial.json").epochs < 5000


def test_command_of_a_fresh_process_is_quiet_and_exits_with_the_status(tmp_path):
    command = [sys.executable, "-m", "compat_v1", "train", "--epochs", "20", "--logdir", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    result = subprocess.run([*command, "--draw", "0"], capture_output=True, text=True)
    assert result.returncode == 2
