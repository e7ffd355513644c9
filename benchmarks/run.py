"""Run all contestants side by side and write docs/benchmarks.md: `make bench`.

Each is a process that stays alive. They take turns, one after the other, round after round, so that whatever else the
machine does meets them alike. Times are reported as ratios to the port's; one machine's milliseconds help nobody.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tables import publish

ROOT = Path(__file__).parent.parent
ROUNDS, EPOCHS, WHOLE = 7, 60, 1000
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


def start(name):
    """Start a contestant's process; it answers once a line of input comes."""
    _, python, path = CONTESTANTS[name]
    environment = {**os.environ, "PYTHONPATH": str(path), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONNOUSERSITE": "1"}
    command = [str(python), str(ROOT / "benchmarks/worker.py"), name]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process, epochs):
    """Let a contestant train and return its answer."""
    process.stdin.write(f"{epochs}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main():
    names = [name for name, (_, python, _) in CONTESTANTS.items() if python and Path(python).exists()]
    for name in CONTESTANTS.keys() - set(names):
        print(f"left out, its Python is not there: {CONTESTANTS[name][0]}", file=sys.stderr)
    processes = {name: start(name) for name in names}
    for name in names:
        ask(processes[name], 20)  # compiles, allocates
    epoch = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names:
            epoch[name].append(ask(processes[name], EPOCHS)["seconds"] / EPOCHS)
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
    last = {name: ask(processes[name], 20) for name in names}
    peak = {name: answer["peak_mib"] for name, answer in last.items()}
    versions = {f"{what} {version}" for answer in last.values() for what, version in answer["versions"].items()}
    for process in processes.values():
        process.stdin.close()
        process.wait()

    whole = {}
    for name in names:
        begin = time.perf_counter()
        process = start(name)
        ask(process, WHOLE)
        process.stdin.close()
        process.wait()
        whole[name] = time.perf_counter() - begin
        print(f"{name}: {WHOLE} epochs in {whole[name]:.1f} s with start and import", file=sys.stderr)

    ratios = {name: [one / port for one, port in zip(epoch[name], epoch["port"], strict=True)] for name in names}
    rows = [
        f"| {CONTESTANTS[name][0]} | {statistics.median(ratios[name]):.2f} ({min(ratios[name]):.2f} to "
        f"{max(ratios[name]):.2f}) | {whole[name] / whole['port']:.2f} | {peak[name] / peak['port']:.2f} |"
        for name in names
    ]
    milliseconds = sorted(1000 * one for one in epoch["port"])
    table = [
        "| | an epoch: median of the rounds' ratios (range) | 1000 epochs, whole process | peak memory |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
        f"The port's epoch took {statistics.median(milliseconds):.2f} ms in the median ({milliseconds[0]:.2f} to "
        f"{milliseconds[-1]:.2f}), its {WHOLE} epochs {whole['port']:.1f} s, its peak {peak['port']:.0f} MiB.",
        f"Versions: {', '.join(sorted(versions))}.",
    ]
    publish("peers", table)


if __name__ == "__main__":
    main()
