"""The event logs: the post's names, steps and values, read back by TensorBoard; what a kill or a second run leaves."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorflow.compat.v1 import Event

import forked
from compat_v1 import logs
from compat_v1.logs import PARTS, latest_run, new_run_folder
from compat_v1.proof.golden import golden
from compat_v1.proof.tensorboard import ORIGINAL_LOGS
from compat_v1.records import read_record, series_names
from original.record_format import DEFAULT_SEED

TAGS = {"squared_error": "mean_square_error_1", "error": "error_1"}


def read(folder):
    """Return TensorBoard's own reading of one writer's logs, every point of them."""
    return EventAccumulator(str(folder), size_guidance={SCALARS: 0}).Reload()


@pytest.fixture(params=["original", "port"])
def logs_and_record(request, whole_run):
    if request.param == "original":
        return ORIGINAL_LOGS, golden("1.0.1", DEFAULT_SEED, 1)
    return latest_run(whole_run / "logs"), read_record(whole_run / "record.json")


def test_tensorboard_reads_the_posts_tags_steps_and_values(logs_and_record):
    folder, record = logs_and_record
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    steps = {"test": range(19, 4000, 20), "train": [i for i in range(4000) if (i + 1) % 20]}
    assert {part: len(numbers) for part, numbers in steps.items()} == {"test": 200, "train": 3800}
    for part in PARTS:
        events = read(folder / part)
        assert events.Tags()["graph"], f"{part} holds no graph"
        assert sorted(events.Tags()["scalars"]) == sorted(TAGS.values())
        for field, tag in TAGS.items():
            points = events.Scalars(tag)
            assert [point.step for point in points] == list(steps[part]), f"the steps of {part} {tag}"
            if (part, field) in series_names():  # the post does not print the squared error of the training set
                values = np.array([point.value for point in points], np.float32)
                np.testing.assert_array_equal(values, np.array(record.series(part, field), np.float32), f"{part} {tag}")


def set_fields(message):
    return [field.name for field, _ in message.ListFields()]


def structure(folder):
    """Return, event by event, the step, the names of all fields that are set, and of the summaries also the tags."""
    (path,) = folder.iterdir()
    events = map(Event.FromString, RawEventFileLoader(str(path)).Load())
    return [(e.step, set_fields(e), [(value.tag, set_fields(value)) for value in e.summary.value]) for e in events]


@pytest.mark.parametrize("part", PARTS)
def test_logs_of_port_and_original_have_the_same_structure(whole_run, part):
    original, port = structure(ORIGINAL_LOGS / part), structure(latest_run(whole_run / "logs") / part)
    assert len(original) == {"test": 203, "train": 3803}[part]  # three events come first: version, graph, meta graph
    assert port[0][1].pop() == "source_metadata"  # today's TensorFlow says which of its writers wrote the file
    assert port == original


def test_killed_run_leaves_logs_with_all_but_the_last_second(tmp_path):
    process = forked.Popen(
        [sys.executable, "-m", "compat_v1", "train", "--epochs", "1000000", "--logdir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    printed = []  # (when, epoch)
    for line in process.stdout:
        printed.append((time.monotonic(), int(line.split()[1])))
        if printed[-1][1] >= 500 and printed[-1][0] > printed[0][0] + 3:
            break
    process.kill()
    killed = time.monotonic()
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    # A writer flushes with the first summary that comes after a second: hence a little more than a second.
    last = max(epoch for when, epoch in printed if when < killed - 1.5)
    assert last >= 100
    for part in PARTS:
        events = read(latest_run(tmp_path) / part)
        assert events.Tags()["graph"]
        for tag in TAGS.values():
            steps = [point.step for point in events.Scalars(tag)]
            assert steps == [i for i in range(steps[-1] + 1) if ((i + 1) % 20 == 0) == (part == "test")]
            assert steps[-1] + 1 >= last - 1, f"{part} {tag} ends at step {steps[-1]}; epoch {last} was long past"


def test_two_runs_of_the_same_microsecond_get_two_folders(tmp_path, monkeypatch):
    first, second = datetime(2017, 2, 1, microsecond=1), datetime(2017, 2, 1, microsecond=2)
    times = iter([first, first, first, second])
    monkeypatch.setattr(logs, "datetime", SimpleNamespace(now=lambda: next(times)))
    assert [new_run_folder(tmp_path).name for _ in range(2)] == [str(first), str(second)]


def test_latest_run_is_found_below_the_log_folder_or_is_the_folder_itself(tmp_path):
    runs = [new_run_folder(tmp_path) for _ in range(3)]
    for run in runs[:2]:
        for part in PARTS:
            (run / part).mkdir()
    assert latest_run(tmp_path) == runs[1]  # the third has not begun to write
    assert latest_run(runs[0]) == runs[0]
    with pytest.raises(ValueError, match=f"{os.fspath(tmp_path / 'none')} holds no run"):
        latest_run(tmp_path / "none")
