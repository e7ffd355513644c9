"""How cost grows with the number of sequences and with the hidden size; writes docs/benchmarks.md: `make bench-growth`.

Each size is measured in a process of its own, because a process's peak memory never falls.
"""

import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib
import numpy as np
from tables import publish

from compat_v1.environment import import_tensorflow
from data_generator import encodeSequence, getSequences

ROOT = Path(__file__).parent.parent
LENGTHS, SIZES, DATA_LENGTHS, NAIVE_LENGTHS = range(4, 11), (24, 48, 96), range(6, 12), range(6, 9)
EPOCHS = (1000, 4000, 16000)


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def training(sequence_length, lstm_size):
    """Return the milliseconds of an epoch and the peak memory."""
    import_tensorflow()
    from compat_v1.training import fast_execution, load_data, new_network, new_session

    data = load_data(sequence_length, draw=1)
    graph, network = new_network(1, sequence_length, lstm_size=lstm_size)
    seconds = []
    with new_session(graph) as session:
        session.run(network.initializer)
        epochs = max(5, min(60, 4**9 // len(data.inputs)))
        for _ in fast_execution(session, network, data, epochs):
            seconds.append(time.perf_counter())
    return 1000 * statistics.median(np.diff(seconds)), peak_mib()


def whole_run(epochs):
    """Return the milliseconds of a run, from its beginning to its record on disk, and the peak memory."""
    import_tensorflow()
    from compat_v1.run import train

    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        train(epochs=epochs, logdir=Path(folder), record_file=Path(folder) / "record.json")
    return 1000 * (time.perf_counter() - begin), peak_mib()


def generating(sequence_length, way):
    """Return the milliseconds of making the data and the peak memory."""
    begin = time.perf_counter()
    if way == "numpy":
        getSequences(sequence_length)
    else:
        signs = ["".join(product) for product in itertools.product("I0+-", repeat=sequence_length)]
        [encodeSequence(sequence) for sequence in signs]
    return 1000 * (time.perf_counter() - begin), peak_mib()


def in_a_process(function, *arguments):
    command = [sys.executable, __file__, function.__name__, *map(str, arguments)]
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    print(function.__name__, *arguments, result, file=sys.stderr)
    return result


def main():
    lengths = {length: in_a_process(training, length, 24) for length in LENGTHS}
    sizes = {size: in_a_process(training, 6, size) for size in SIZES}
    runs = {epochs: in_a_process(whole_run, epochs) for epochs in EPOCHS}
    made = {length: in_a_process(generating, length, "numpy") for length in DATA_LENGTHS}
    naive = {length: in_a_process(generating, length, "naive") for length in NAIVE_LENGTHS}

    base = lengths[6]
    table = ["| signs | sequences | an epoch, to 6 signs | per sign trained on | peak memory, to 6 signs |"]
    table += ["| ---: | ---: | ---: | ---: | ---: |"]
    for length, (milliseconds, peak) in lengths.items():
        work = length * 4**length / (6 * 4**6)
        ratio = milliseconds / base[0]
        table.append(f"| {length} | {4**length} | {ratio:.2f} | {ratio / work:.2f} | {peak / base[1]:.2f} |")
    table += ["", "| units | an epoch, to 24 units | peak memory, to 24 units |", "| ---: | ---: | ---: |"]
    for size, (milliseconds, peak) in sizes.items():
        table.append(f"| {size} | {milliseconds / sizes[24][0]:.2f} | {peak / sizes[24][1]:.2f} |")
    table += ["", "| epochs | a run with logs and record, to 4000 epochs | peak memory, to 4000 epochs |"]
    table += ["| ---: | ---: | ---: |"]
    for epochs, (milliseconds, peak) in runs.items():
        table.append(f"| {epochs} | {milliseconds / runs[4000][0]:.2f} | {peak / runs[4000][1]:.2f} |")
    table += ["", "| signs | data, to 6 signs | one sequence after the other, to this | peak memory, to 6 signs |"]
    table += ["| ---: | ---: | ---: | ---: |"]
    for length, (milliseconds, peak) in made.items():
        slower = f"{naive[length][0] / milliseconds:.0f}" if length in naive else "not measured"
        table.append(f"| {length} | {milliseconds / made[6][0]:.1f} | {slower} | {peak / made[6][1]:.2f} |")
    publish("growth", table)

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    counts = [4**length for length in lengths]
    left.loglog(counts, [one[0] / base[0] for one in lengths.values()], "o-", label="an epoch")
    left.loglog(counts, [one[1] / base[1] for one in lengths.values()], "s-", label="peak memory")
    left.loglog(
        counts, [length * 4**length / (6 * 4**6) for length in lengths], ":", color="grey", label="as the signs"
    )
    left.set(xlabel="sequences", ylabel="to that of 6 signs")
    left.legend()
    right.plot(SIZES, [one[0] / sizes[24][0] for one in sizes.values()], "o-", label="an epoch")
    right.plot(SIZES, [one[1] / sizes[24][1] for one in sizes.values()], "s-", label="peak memory")
    right.set(xlabel="units", ylabel="to that of 24 units", xticks=SIZES)
    right.legend()
    figure.savefig(ROOT / "docs/images/growth.png", dpi=110)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        numbers = [int(argument) if argument.isdigit() else argument for argument in sys.argv[2:]]
        print(json.dumps(globals()[sys.argv[1]](*numbers)))
    else:
        main()
