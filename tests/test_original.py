"""The original: its recorded graph, its records' integrity, and, where Python 2.7 is there, the program itself."""

import contextlib
import copy
import gzip
import hashlib
import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.proof.golden import OLD_STACKS, RECORDED, golden, golden_runs
from compat_v1.records import read_record
from original.compare import compare
from original.record_format import DEFAULT_SEED, MEASURED_SEQUENCE, exactly, write_json

ROOT = Path(__file__).parent.parent
PYTHON27 = os.environ.get("PYTHON27")  # the Makefile finds it and sets up .venv-tf1.0.1
needs_python_27 = pytest.mark.skipif(not PYTHON27, reason="no Python 2.7 here: the original itself cannot run")


def run_the_original(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".venv-tf1.0.1"), "PYTHONNOUSERSITE": "1"}
    return subprocess.run([PYTHON27, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_recorded_graph_of_tensorflow_1_0_1_has_both_fingerprints():
    graph_def = tf.GraphDef.FromString(gzip.decompress((RECORDED / "tf1.0.1" / "graph.pb.gz").read_bytes()))
    nodes = [f"{node.name}|{node.op}|{','.join(node.input)}" for node in graph_def.node if node.name != "init"]
    assert len(nodes) == 676
    assert hashlib.sha256("\n".join(sorted(nodes)).encode()).hexdigest().startswith("d6605ddbe047")
    assert hashlib.sha256("\n".join(nodes).encode()).hexdigest().startswith("c1c014a58ae7")
    op_seeds = [node.attr["seed2"].i for node in graph_def.node if node.op == "TruncatedNormal"]
    assert op_seeds == [13, 30, 43, 56, 160]


@pytest.mark.parametrize("version", OLD_STACKS)
def test_no_golden_file_was_edited(version):
    folder = RECORDED / f"tf{version}"
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"manifest.json"}
    assert files == set(manifest["sha256"])
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256, f"{name} is not what was recorded"


def test_every_run_is_recorded_under_both_stacks_with_its_versions():
    assert set(golden_runs()) == {(seed, 1) for seed in (DEFAULT_SEED, 1, 2, 3, 4)} | {(DEFAULT_SEED, 5)}
    for version in OLD_STACKS:
        for seed, draw in golden_runs():
            record = golden(version, seed, draw)
            assert record.stack.tensorflow == version
            assert record.graph_seed == seed and record.data.draw == draw
            assert record.epochs == 4000 and len(record.test.error) == 200
            assert len(record.train.error) == 3800
            assert record.op_seeds == [13, 30, 43, 56, 160]


def test_default_seed_prints_the_posts_error_column():
    lines = golden("1.0.1", DEFAULT_SEED, 1).printed_lines()
    assert lines[20] == "Epoch   20 | incorrect  77.4% | mean squ error  8845.3"
    assert lines[40] == "Epoch   40 | incorrect  77.2% | mean squ error  8207.1"
    assert lines[60] == "Epoch   60 | incorrect  73.9% | mean squ error  7616.7"


def test_all_of_the_golden_records_is_under_3_mb():
    assert sum(path.stat().st_size for path in RECORDED.rglob("*") if path.is_file()) < 3e6


def test_comparison_holds_the_stack_of_the_record_to_every_bit():
    recorded = golden("1.0.1", DEFAULT_SEED, 1).model_dump(exclude_none=True)
    assert compare(copy.deepcopy(recorded), recorded)[0]
    for part, field in (("test", "squared_error"), ("test", "error"), ("train", "error")):
        new = copy.deepcopy(recorded)
        new[part][field][-1] += 1e-6
        faithful, sentence = compare(new, recorded)
        assert not faithful and f"{part} {field}" in sentence
    new = copy.deepcopy(recorded)
    new["prediction"][MEASURED_SEQUENCE] += 1e-6
    assert not compare(new, recorded)[0]


def test_comparison_holds_another_processor_to_the_printed_lines_before_the_horizon():
    recorded = golden("1.0.1", DEFAULT_SEED, 1).model_dump(exclude_none=True)
    new = copy.deepcopy(recorded)
    new["stack"]["cpu"] = "another"
    new["test"]["squared_error"][100] *= 1.2
    faithful, text = compare(new, recorded)
    holds, differs, *why = text.splitlines()
    assert faithful and holds == "data and op seeds are the record's, and so are the printed lines through epoch 140"
    assert differs.startswith(
        "Not every bit is, and need not be: 1 of 4000 epochs have other digits, the first is 2020:"
    )
    assert why[1] == f"  cpu: another, recorded on {recorded['stack']['cpu']}"
    new["test"]["squared_error"][6] += 0.1  # epoch 140
    faithful, text = compare(new, recorded)
    assert not faithful and text.startswith(
        "the printed lines differ before the horizon, epoch 140, at the epochs 140\n"
    )


def test_float32_values_read_back_exactly(tmp_path):
    values = np.random.RandomState(0).standard_normal(1000).astype(np.float32)
    write_json(tmp_path / "values.json", [exactly(value) for value in values])
    assert np.array_equal(np.array(json.loads((tmp_path / "values.json").read_text()), np.float32), values)


def test_json_that_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "record.json"
    write_json(path, {"good": 1})
    with pytest.raises(TypeError):
        write_json(path, {"bad": object()})
    assert json.loads(path.read_text()) == {"good": 1}
    assert list(tmp_path.iterdir()) == [path]


@needs_python_27
def test_python_2_draws_the_same_data():
    program = (
        "from data_generator import *\n"
        "for length in (1, 4, 6):\n"
        "    for draw in (1, 5):\n"
        "        inputs, outputs = getSequences(length, draw=draw)\n"
        "        print(sequences_sha256(inputs), outputs.tolist()[:9], running_sums(decodeSequence(inputs[0])))\n"
    )
    result = run_the_original("-c", "from __future__ import print_function\n" + program)
    assert result.returncode == 0, result.stderr
    with contextlib.redirect_stdout(io.StringIO()) as here:
        exec(program, {})
    assert result.stdout == here.getvalue()


@needs_python_27
def test_original_repeats_its_record_for_60_epochs(tmp_path):
    result = run_the_original("original/selfmade_lstm.py", "--epochs", "60", "--record", str(tmp_path / "new.json"))
    assert result.returncode == 0, result.stderr
    new, recorded = read_record(tmp_path / "new.json"), golden("1.0.1", DEFAULT_SEED, 1)
    faithful, sentence = compare(new.model_dump(exclude_none=True), recorded.model_dump(exclude_none=True))
    assert faithful, sentence
    expected = list(recorded.printed_lines().values())[:3]
    assert result.stdout.splitlines()[:3] == expected


@needs_python_27
def test_original_names_bad_input():
    result = run_the_original("original/selfmade_lstm.py", "--draw", "0")
    assert result.returncode == 2 and "integers from 1 up are allowed" in result.stderr
    result = run_the_original("original/selfmade_lstm.py", "--record", "no/such/folder.json")
    assert result.returncode == 2 and "give a file in a folder that exists" in result.stderr
    result = run_the_original("original/selfmade_lstm.py", "--record=--")
    assert result.returncode == 2 and "-- is no value" in result.stderr
    result = run_the_original("original/selfmade_lstm.py", "--op-seeds", "1,2")
    assert result.returncode == 2 and "five integers are needed" in result.stderr
    assert "Traceback" not in result.stderr
