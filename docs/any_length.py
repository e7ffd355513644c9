"""What do the two networks know at each step? `make any-length` prints the tables of docs/any_length.md and its plot.

The faithful network, which learned the sum of six signs after the sixth, is the one that TensorFlow 1.0.1 trained.
"""

from pathlib import Path

import matplotlib
import numpy as np

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.any_length import curriculum  # noqa: E402
from compat_v1.checkpoints import restore  # noqa: E402
from compat_v1.proof.golden import RECORDED  # noqa: E402
from compat_v1.training import new_session  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

EXHAUSTIVE = 8  # signs
LENGTHS = (10, 20, 50, 100, 200, 500, 1000)
COUNT = 10000  # random sequences of each length


def measured(session, network, data, target):
    """Return the share that is right and the root of the mean squared error after each sign, (steps,) each."""
    values = session.run([network.right, network.prediction], {network.data: data, network.target: target})
    return values[0].mean(axis=0), np.sqrt(np.square(values[1] - target).mean(axis=0))


graph, network = curriculum.new_network(graph_seed=0, updates=1)
every, random = (
    curriculum.every_sequence(EXHAUSTIVE),
    curriculum.random_sequences(COUNT, 200, [curriculum.HELD_OUT, 200]),
)
curves = {}
with new_session(graph) as session:
    for name in ("the post's graph, six signs", "any length"):
        if name != "any length":
            restore(session, RECORDED / "tf1.0.1" / "model.ckpt-4000", curriculum.trained_variables(session))
        else:
            curriculum.restore_weights(session, curriculum.CHECKPOINT)
        # of up to eight signs all there are, of more a sample
        curves[name] = [
            np.concatenate([exact, sample[EXHAUSTIVE:]])
            for exact, sample in zip(
                measured(session, network, *every), measured(session, network, *random), strict=True
            )
        ]
    print("| after sign | faithful: right | its error | right: any length | its error | right: always 0 |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for step in range(20):
        cells = [f"{share[step]:.2%} | {error[step]:.2f}" for share, error in curves.values()]
        zero = np.mean((every if step < EXHAUSTIVE else random)[1][:, step] == 0)
        print(f"| {step + 1} | {' | '.join(cells)} | {zero:.2%} |")

    print("\n| length | sequences | largest sum | steps right | sequences right at every step |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for length in (EXHAUSTIVE, *LENGTHS):
        data, target = every
        if length > EXHAUSTIVE:
            data, target = curriculum.random_sequences(COUNT, length, [curriculum.HELD_OUT, length])
        parts = np.array_split(np.arange(len(data)), max(1, data.size // 2**22))  # the graph keeps every step in memory
        right = np.concatenate([curriculum.is_right(session, network, data[part], target[part]) for part in parts])
        count = f"all {len(data)}" if length == EXHAUSTIVE else len(data)
        largest, whole = np.abs(target).max(), right.all(axis=1).mean()
        print(f"| {length} | {count} | {largest:.0f} | {right.mean():.4%} | {whole:.2%} |", flush=True)
        if length == 200:
            by_sum = np.abs(target) // 10, right
    print("\n| true sum, without its sign, at length 200 | steps | steps right |")
    print("| ---: | ---: | ---: |")
    for tens in range(4):
        of_these = by_sum[1][by_sum[0] == tens]
        print(f"| {10 * tens} to {10 * tens + 9} | {of_these.size} | {of_these.mean():.2%} |")

figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
steps = np.arange(1, 201)
for (name, (share, _)), style in zip(curves.items(), ("C3", "C0"), strict=True):
    axes.plot(
        steps,
        100 * share,
        style,
        marker=".",
        markevery=slice(20),
        label=name,
    )
axes.plot(steps, 100 * np.mean(random[1] == 0, axis=0), "C7:", label="always 0")
axes.axvline(6, color="C7", linewidth=0.8)
axes.set(xscale="log", xlabel="after this many signs", ylabel="sums right, %", ylim=(0, 102), xlim=(1, 200))
axes.set_xticks(
    [1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 100, 200], labels=[1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 100, 200], minor=False
)
axes.minorticks_off()
axes.legend(loc="center right")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=100, metadata={"Software": None})
