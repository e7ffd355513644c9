"""What the machine and its people do to a command: odd surroundings, signals, kills, full disks, another process.

Each function yields the `Outcome`s of its class; the folder is one that `hostile_inputs.make_inputs` filled.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from compat_v1.any_length.record import CurriculumRecord
from compat_v1.checkpoints import find_checkpoint, load_record
from compat_v1.graph_file import read_graph
from compat_v1.records import Record, read_record
from hostile_attempt import Outcome, attempt_apart, command, judged
from hostile_files import COPIED, WRITTEN, files_in_every_place

QUICK = [
    ["recorder"],
    ["play", "+-I", "--weights", "hand"],
    ["predict", "00-+++", "--checkpoint", "{}/kept"],
    ["audit", "{}/old.pb", "{}/other.pb"],
    ["beside", "{}/old.pb", "{}/new.pb", "--updates", "1"],
    ["replay", "{}/run.npz", "{}/run.pb"],
    ["train", "--epochs", "20", "--record", "a.json", "--checkpoint", "kept"],
    ["verify", "{}/record.json", "--original", "{}/original.json", "--json"],
]
SURROUNDINGS: dict[str, dict[str, str | None]] = {
    "no HOME": {"HOME": None},
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "hash seed": {"PYTHONHASHSEED": "4294967295"},
    "no TMPDIR": {"TMPDIR": "/no/such/folder"},
    "nothing at all": {name: None for name in os.environ if name not in ("PATH", "PYTHONPATH")},
    "oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "warnings": {"PYTHONWARNINGS": "error::UserWarning"},
}


REDIRECTIONS = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "> /dev/full", "2> /dev/full", "| true", "2>&1 | true"]


def surroundings(folder: Path) -> Iterator[Outcome]:
    """Every command with other environments, closed or full outputs, closed inputs, and in a folder that is gone."""
    for words in QUICK:
        argv = command(*[word.format(folder) for word in words])
        for name, environment in SURROUNDINGS.items():
            with _new_folder() as here:
                yield _named(argv, name, attempt_apart(argv, here, environment=environment))
        for redirection in REDIRECTIONS:
            with _new_folder() as here:
                shell = ["bash", "-c", f'set -o pipefail; "$@" {redirection}', "bash", *argv]
                outcome = attempt_apart(shell, here)
                if outcome.kind == "wrong" and outcome.status in (2, 74) and "2>" in redirection:
                    outcome = outcome._replace(kind="clean")  # where nobody can hear it, nothing is said
                yield _named(argv, redirection, outcome)
        with _new_folder() as here:
            shell = ["bash", "-c", 'mkdir x; cd x; rmdir ../x; exec "$@"', "bash", *argv]
            yield _named(argv, "in a folder that is gone", attempt_apart(shell, here))


SLOW = [
    ["reproduce", "--epochs", "400"],
    ["train", "--epochs", "400", "--record", "a.json", "--checkpoint", "kept"],
    ["train-any-length", "--updates", "100", "--checkpoint", "any"],
    ["study", "forget-bias", "--seeds", "1", "--workers", "1", "--out", "study"],
    ["explain", "{}/record.json"],
    ["verify", "{}/record.json", "--report", "a.html"],
    ["tensorboard", "--logdir", "{}/logs", "--port", "7006"],
    ["play"],
    *QUICK,
]
ENDLESS = {"tensorboard": 10, "play": 10, "study": 60}  # seconds in which they are stopped


def _duration(folder: Path, words: list[str]) -> float:
    """Return how many seconds a command takes here, now."""
    if words[0] in ENDLESS:
        return ENDLESS[words[0]]
    with _new_folder() as here:
        begin = time.monotonic()
        attempt_apart(command(*[word.format(folder) for word in words]), here)
        return time.monotonic() - begin


def signals(folder: Path) -> Iterator[Outcome]:
    """SIGINT and SIGTERM to every command at any time, from its first moment; nothing of it may be left half done."""
    chance = random.Random(0)
    for words in SLOW:
        argv, duration = command(*[word.format(folder) for word in words]), _duration(folder, words)
        for number in (signal.SIGINT, signal.SIGTERM) * 2:
            with _new_folder() as here:
                waiting = subprocess.PIPE if words == ["play"] else subprocess.DEVNULL
                after = (chance.uniform(0, duration), number)
                outcome = attempt_apart(argv, here, after=after, stdin=waiting)
                yield _named(argv, f"signal {number} after {after[0]:.1f} s", _unless_torn(outcome, here))


AGAIN = {  # what writes to the same places, and soon
    "reproduce": ["reproduce", "--epochs", "1"],
    "train": ["train", "--epochs", "1", "--record", "a.json", "--checkpoint", "kept"],
    "train-any-length": ["train-any-length", "--updates", "4", "--checkpoint", "any"],
}


def kills(folder: Path, count: int = 50) -> Iterator[Outcome]:
    """`kill -9` at random moments: what was whole stays whole, and the same command, run again, needs no help."""
    chance = random.Random(1)
    durations = [_duration(folder, words) for words in SLOW[:4]]
    for number in range(count):
        words, duration = SLOW[number % 4], durations[number % 4]
        with _new_folder() as here:
            for name in ("kept", "any"):
                shutil.copytree(folder / name, here / name)
            shutil.copy(folder / "record.json", here / "a.json")
            (graph,) = folder.glob("record.graph.*")
            shutil.copy(graph, here / graph.name.replace("record", "a"))
            when = chance.uniform(0, duration)
            outcome = attempt_apart(command(*words), here, after=(when, signal.SIGKILL))
            outcome = _unless_torn(outcome, here, kept=["a.json", "kept/checkpoint", "any/checkpoint"])
            if outcome.is_good and number % 10 < 3 and words[0] in AGAIN:  # the next one cleans up
                outcome = attempt_apart(command(*AGAIN[words[0]]), here)
                orphans = [p.name for p in here.rglob("*") if ".tmp" in p.name or "tempstate" in p.name]
                if orphans:
                    outcome = outcome._replace(kind="wrong", shown=f"left: {orphans}\n{outcome.shown}")
            yield _named(words, f"killed after {when:.1f} s", outcome)


def _unless_torn(outcome: Outcome, here: Path, kept: Sequence[str] = ()) -> Outcome:
    """Return the outcome, or "wrong" if a record or checkpoint is neither whole nor missing, or what was there is."""
    try:
        for name in kept:
            assert (here / name).is_file(), f"{name} is gone"
        for path in here.rglob("*.json"):
            if path.parent.name.startswith(("kept", "any", "checkpoint")):
                continue
            if path.parent.name == "study":
                json.loads(path.read_bytes())
                continue
            record = read_record(path)
            assert read_graph(path, record.graph_sha256 or ""), f"{path.name} has lost its graph"
        for folder in [*here.glob("kept*"), *here.glob("any*"), *here.glob("runs/*/checkpoint*")]:
            if find_checkpoint(folder):
                load_record(folder, CurriculumRecord if folder.name.startswith("any") else Record)
        assert (
            not (here / "kept").exists() or find_checkpoint(here / "kept") or not any((here / "kept").glob("*.index"))
        )
    except (ValueError, AssertionError) as error:
        return outcome._replace(kind="wrong", shown=f"torn: {error}\n{outcome.shown}")
    return outcome


def full_disks(folder: Path) -> Iterator[Outcome]:
    """A file may have so many bytes, or a disk is full; what was there is kept."""
    writing = [SLOW[1], SLOW[2], *([*words[:-1], "target"] for words in WRITTEN[:5])]
    for words in writing:
        argv = [*command(*words)]
        for size in (0, 100, 5000, 60_000, 2_000_000):
            with _filled(folder) as here:
                limit = (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
                outcome = attempt_apart(
                    argv, here, preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
                )
                yield _named(argv, f"files of {size} bytes at most", _unless_torn(outcome, here))
        if os.geteuid() == 0:
            with _disk(folder, "size=4m") as here, contextlib.suppress(OSError):
                (here / "filler").write_bytes(bytes(2**23))
            with _disk(folder, "size=4m", fill=True) as here:
                yield _named(argv, "a full disk", _unless_torn(attempt_apart(argv, here), here))
            with _disk(folder, "size=4m", read_only=True) as here:
                yield _named(argv, "a disk that is read-only", _unless_torn(attempt_apart(argv, here), here))


def two_at_once(folder: Path) -> Iterator[Outcome]:
    """Two processes write to one place; both are whole, or the second is refused."""
    for words in (*SLOW[:3], [*WRITTEN[4][:-1], "r.html"]):
        with _filled(folder) as here:
            argv = command(*words)
            other = subprocess.Popen(argv, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            yield _named(argv, "twice", attempt_apart(argv, here))
            _, said = other.communicate()
            yield _named(argv, "twice", _unless_torn(judged(other.returncode, "", said.decode()), here))


@contextlib.contextmanager
def _new_folder() -> Iterator[Path]:
    # What a killed reproduce trained beside it ends with the next line that it prints, and may write here until then.
    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextlib.contextmanager
def _filled(folder: Path) -> Iterator[Path]:
    with _new_folder() as here:
        _copy(folder, here)
        yield here


def _copy(folder: Path, here: Path) -> None:
    for name in ("kept", "any"):
        shutil.copytree(folder / name, here / name)
    for path in [*(folder / name for name in COPIED), *folder.glob("*.graph.*")]:
        shutil.copy(path, here)


@contextlib.contextmanager
def _disk(folder: Path, options: str, fill: bool = False, read_only: bool = False) -> Iterator[Path]:
    """A disk of its own, for root."""
    with _new_folder() as here:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(here)], check=True)
        try:
            _copy(folder, here)
            if fill:
                with contextlib.suppress(OSError), (here / "filler").open("wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass
            if read_only:
                subprocess.run(["mount", "-o", "remount,ro", str(here)], check=True)
            yield here
        finally:
            subprocess.run(["umount", "-l", str(here)], check=True)


def _named(argv: list[str], what: str, outcome: Outcome) -> Outcome:
    return outcome._replace(shown=f"{' '.join(argv)}: {what}\n{outcome.shown}")


CLASSES: dict[str, Callable[[Path], Iterator[Outcome]]] = {
    "files in every place": files_in_every_place,
    "surroundings": surroundings,
    "signals": signals,
    "kill -9": kills,
    "full disks": full_disks,
    "two at once": two_at_once,
}
