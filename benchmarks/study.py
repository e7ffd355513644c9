"""How many runs an hour does a study do? The port, JAX and PyTorch on all cores, side by side: `make bench-study`.

Each contestant is one process, or one a core. All stay alive and take turns, round after round; while one has its turn,
all its processes train at once. Writes the tables of docs/study.md: ratios of each round, as in `run.py`. Two controls
say what a second process can give here at all: one that computes without memory, one that multiplies matrices as large
as the network's, element by element.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from study_worker import SEEDS
from tables import publish

ROOT = Path(__file__).parent.parent
PORT, BENCH = ROOT / ".venv/bin/python", ROOT / ".venv-bench/bin/python"
ROUNDS, EPOCHS = 7, 200
CORES = sorted(os.sched_getaffinity(0))
EACH = [[core] for core in CORES]
# what: (name of the worker, its Python, the cores of each of its processes, seeds that a process trains)
ALL = [
    (f"**the port, {len(CORES)} processes**", ("port", PORT, EACH, 1)),
    ("the port, 1 process", ("port", PORT, EACH[:1], 1)),
    (f"JAX, {len(CORES)} processes", ("jax", BENCH, EACH, 1)),
    ("JAX, 1 process", ("jax", BENCH, EACH[:1], 1)),
    (f"JAX, `vmap` over {SEEDS} seeds", ("jax_vmap", BENCH, [CORES], SEEDS)),
    (f"PyTorch, {len(CORES)} processes", ("torch", BENCH, EACH, 1)),
    ("PyTorch, 1 process", ("torch", BENCH, EACH[:1], 1)),
]
CONTROLS = [
    (name, (worker, PORT, each, 1))
    for what, worker in (("SHA-256", "hashes"), ("NumPy's product", "products"))
    for name, each in ((f"{what}, {len(CORES)} processes", EACH), (f"{what}, 1 process", EACH[:1]))
]


def start(worker, python, cores):
    """Start a process on some cores; it answers once a line of input comes."""
    threads = {"OMP_NUM_THREADS": str(len(cores)), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    command = [str(python), str(ROOT / "benchmarks/study_worker.py"), worker, ",".join(map(str, cores))]
    environment = {**os.environ, **threads}
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def turn(processes, epochs):
    """Let processes train at once; return the seconds until the last has ended."""
    begin = time.perf_counter()
    for process in processes:
        process.stdin.write(f"{epochs}\n")
        process.stdin.flush()
    for process in processes:
        json.loads(process.stdout.readline())
    return time.perf_counter() - begin


def measured():
    """Return {contestant: milliseconds an epoch and seed, of each round}."""
    processes = {
        what: [start(worker, python, cores) for cores in each] for what, (worker, python, each, _) in ALL + CONTROLS
    }
    for of in processes.values():
        turn(of, 40)  # compiles, allocates
    times = {what: [] for what, _ in ALL + CONTROLS}
    for number in range(ROUNDS):
        for what, (_, _, each, seeds) in ALL + CONTROLS:
            times[what].append(1000 * turn(processes[what], EPOCHS) / EPOCHS / (len(each) * seeds))
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
    for process in itertools.chain(*processes.values()):
        process.stdin.close()
        process.wait()
    return times


def ratio(of, base):
    """Return the median, and the range, of the ratios of each round."""
    ratios = sorted(one / other for one, other in zip(of, base, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main():
    for _, (_, python, *_) in ALL:
        if not python.exists():
            sys.exit(f"{python} is missing: make bench-study makes it")
    loads, times = [os.getloadavg()[0]], measured()
    loads.append(os.getloadavg()[0])
    port = times[ALL[0][0]]
    rows = ["| | ms an epoch and seed, median | to the port's, median of the rounds (range) |", "| --- | ---: | ---: |"]
    rows += [f"| {what} | {statistics.median(times[what]):.2f} | {ratio(times[what], port)} |" for what, _ in ALL]
    hour = 3600 * 1000 / statistics.median(port) / 4000
    rows += [
        "",
        f"That is {hour:.0f} runs of 4000 epochs an hour for the port. The machine's load was {loads[0]:.1f} before",
    ]
    rows.append(f"and {loads[1]:.1f} at the end, of which the benchmark itself makes {len(CORES)}.")
    publish("throughput", rows, ROOT / "docs" / "study.md")
    rows = [f"| | runs of {len(CORES)} processes, to one's: median of the rounds (range) |", "| --- | ---: |"]
    for what, each in times.items():
        if what.endswith(", 1 process"):
            what = what.removesuffix(", 1 process")
            (together,) = [of for name, of in times.items() if name.strip("*") == f"{what}, {len(CORES)} processes"]
            rows.append(f"| {what} | {ratio(each, together)} |")
    publish("scaling", rows, ROOT / "docs" / "study.md")


if __name__ == "__main__":
    main()
