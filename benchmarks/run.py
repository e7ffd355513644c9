"""Run all contestants side by side and write docs/benchmarks.md: `make bench`.

Each is a process that stays alive. They take turns, one after the other, round after round, so that whatever else the
machine does meets them alike. Times are reported as ratios to the port's; one machine's milliseconds help nobody.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tables import publish

ROOT = Path(__file__).parent.parent
ROUNDS, EPOCHS = 7, 60
TURNS = 3  # of whole processes
PORT, BENCH = ROOT / ".venv/bin/python", ROOT / ".venv-bench/bin/python"
WITNESS = ROOT / ".venv-tf1.15.5/bin/python"
# name: (what, its Python, what it needs on PYTHONPATH)
CONTESTANTS = {
    "original": ("the original, TensorFlow 1.0.1", os.environ.get("PYTHON27"), ROOT / ".venv-tf1.0.1"),
    "original_1_15": ("the original, TensorFlow 1.15.5", WITNESS, ""),
    "port_post": ("the port, the post's execution", PORT, ""),
    "port_one_run": ("the port, one run an epoch", PORT, ""),
    "port": ("**the port**", PORT, ""),
    "keras_fit": ("Keras, `fit`", PORT, ""),
    "keras_train_on_batch": ("Keras, `train_on_batch`", PORT, ""),
    "torch_eager": ("PyTorch, `nn.LSTM`", BENCH, ""),
    "torch_compile": ("PyTorch, `torch.compile`", BENCH, ""),
    "jax_scan": ("JAX, `jit` and `scan`", BENCH, ""),
}


PEERS = ("port", "torch_eager", "torch_compile", "jax_scan")
WHOLE = {1000: tuple(CONTESTANTS), 4000: PEERS}  # epochs: who is started for so many, and timed to its end


class Contestant:
    """A process that trains as many epochs as it is asked for; what it logs is shown only if it fails."""

    def __init__(self, name, threads):
        _, python, path = CONTESTANTS[name]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONNOUSERSITE": "1"}
        environment = {**os.environ, **quiet, "PYTHONPATH": str(path), "THREADS": str(threads)}
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the process is there)
        self.process = subprocess.Popen(
            [str(python), str(ROOT / "benchmarks/worker.py"), name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def ask(self, epochs):
        """Let it train and return its answer; `SystemExit` with what it logged if there is none."""
        self.process.stdin.write(f"{epochs}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.log.seek(0)
            sys.exit(self.log.read() or f"it ended with {self.process.wait()}")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


def best_threads(name):
    """Return the thread count with which a contestant's epoch is shortest."""
    seconds = {}
    for threads in range(1, os.cpu_count() + 1):
        contestant = Contestant(name, threads)
        contestant.ask(20)  # compiles, allocates
        seconds[threads] = min(contestant.ask(EPOCHS)["seconds"] for _ in range(3))
        contestant.end()
    return min(seconds, key=seconds.get)


def time_epochs(names, threads):
    """Return ({name: [seconds an epoch, round by round]}, {name: its last answer})."""
    contestants = {name: Contestant(name, threads.get(name)) for name in names}
    for contestant in contestants.values():
        contestant.ask(20)
    epoch = {name: [] for name in names}
    for number in range(ROUNDS):
        for name, contestant in contestants.items():
            epoch[name].append(contestant.ask(EPOCHS)["seconds"] / EPOCHS)
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
    last = {name: contestant.ask(20) for name, contestant in contestants.items()}
    for contestant in contestants.values():
        contestant.end()
    return epoch, last


def time_whole(names, threads):
    """Return {epochs: {name: [seconds of a whole process, turn by turn]}}."""
    whole = {epochs: {name: [] for name in who if name in names} for epochs, who in WHOLE.items()}
    for turn, (epochs, of_name) in itertools.product(range(TURNS), whole.items()):
        for name, seconds in of_name.items():
            begin = time.perf_counter()
            contestant = Contestant(name, threads.get(name))
            contestant.ask(epochs)
            contestant.end()
            seconds.append(time.perf_counter() - begin)
            print(f"turn {turn + 1}, {name}: {epochs} epochs in {seconds[-1]:.1f} s", file=sys.stderr)
    return whole


def ratios(seconds, name):
    """Return the ratios to the port's seconds as a text: the median, and the range."""
    if name not in seconds:
        return "not measured"
    each = [one / port for one, port in zip(seconds[name], seconds["port"], strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def main():
    load = os.getloadavg()[0]
    names = [name for name, (_, python, _) in CONTESTANTS.items() if python and Path(python).exists()]
    for name in CONTESTANTS.keys() - set(names):
        print(f"left out, its Python is not there: {CONTESTANTS[name][0]}", file=sys.stderr)
    threads = {name: best_threads(name) for name in names if name.startswith("torch")}
    epoch, last = time_epochs(names, threads)
    whole = time_whole(names, threads)

    peak = {name: answer["peak_mib"] for name, answer in last.items()}
    versions = {f"{what} {version}" for answer in last.values() for what, version in answer["versions"].items()}
    columns = ["an epoch", *(f"{epochs} epochs, whole process" for epochs in whole), "peak memory"]
    table = [f"| | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for name in names:
        cells = [ratios(seconds, name) for seconds in (epoch, *whole.values())]
        count = threads.get(name)
        what = CONTESTANTS[name][0] + (f", {count} thread{'s' * (count > 1)}" if count else "")
        table.append(f"| {what} | {' | '.join(cells)} | {peak[name] / peak['port']:.2f} |")
    milliseconds = sorted(1000 * one for one in epoch["port"])
    seconds = " and ".join(f"{statistics.median(one['port']):.1f} s for {epochs}" for epochs, one in whole.items())
    table += [
        "",
        f"Ratios to the port: the median of {ROUNDS} rounds, and of {TURNS} whole processes each, with the range.",
        f"The port's epoch took {statistics.median(milliseconds):.2f} ms in the median ({milliseconds[0]:.2f} to "
        f"{milliseconds[-1]:.2f}), its whole process {seconds} epochs, its peak {peak['port']:.0f} MiB.",
        f"PyTorch was tried with 1 to {os.cpu_count()} threads; with the fewest seconds an epoch it is in the table.",
        f"The machine's load before: {load:.1f}. Versions: {', '.join(sorted(versions))}.",
    ]
    publish("peers", table)


if __name__ == "__main__":
    main()
