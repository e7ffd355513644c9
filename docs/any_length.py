"""What do the networks know at each step? `make any-length` prints and draws what docs/any_length.md shows.

The faithful network, which learned the sum of six signs after the sixth, is the one that TensorFlow 1.0.1 trained.
"""

from itertools import repeat
from pathlib import Path

import matplotlib
import numpy as np

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.data_generator import encodeSequence  # noqa: E402

from compat_v1.any_length import by_hand, curriculum  # noqa: E402
from compat_v1.any_length.record import CurriculumRecord  # noqa: E402
from compat_v1.checkpoints import load_record, restore  # noqa: E402
from compat_v1.graph import FEATURE_SIZE, LSTM_SIZE  # noqa: E402
from compat_v1.proof.golden import RECORDED  # noqa: E402
from compat_v1.training import new_session, set_weights  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

EXHAUSTIVE = 8  # signs
LENGTHS = (10, 20, 50, 100, 200, 500, 1000)
AIMS = {EXHAUSTIVE: 1.0, 20: 1.0, 200: 0.9999, 500: 0.999, 1000: 0.99}  # the share of right steps by length
COUNT = 10000  # random sequences of each length
SLICE = 2**16  # steps that are in memory at once
SHOWN = "++-0+I+++-I--+0++I0---I++"  # in the picture
DOCS = Path(__file__).parent


def table(*header):
    """Print the head of a table."""
    print(f"\n| {' | '.join(header)} |\n|{' ---: |' * len(header)}")


def row(*cells):
    """Print a row of a table, now: some take minutes."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def give_trained(session):
    """Give the network the weights that are part of the project."""
    curriculum.restore_weights(session, curriculum.CHECKPOINT)


def give_faithful(session):
    """Give the network the weights that six signs taught."""
    restore(session, RECORDED / "tf1.0.1" / "model.ckpt-4000", curriculum.trained_variables(session))


def measured(session, network, data, target):
    """Return the share that is right and the root of the mean squared error after each sign, (steps,) each."""
    values = session.run([network.right, network.prediction], {network.data: data, network.target: target})
    return values[0].mean(axis=0), np.sqrt(np.square(values[1] - target).mean(axis=0))


def by_step(session, network):
    """Print what either network knows after each sign, and draw it."""
    every = curriculum.every_sequence(EXHAUSTIVE)
    random = curriculum.random_sequences(COUNT, 200, [curriculum.HELD_OUT, 200])
    curves = {}
    for name, give in (("the post's graph, six signs", give_faithful), ("any length", give_trained)):
        give(session)
        # of up to eight signs all there are, of more a sample
        curves[name] = [
            np.concatenate([exact, sample[EXHAUSTIVE:]])
            for exact, sample in zip(
                measured(session, network, *every), measured(session, network, *random), strict=True
            )
        ]
    table("after sign", "faithful: right", "its error", "right: any length", "its error", "right: always 0")
    for step in range(20):
        zero = np.mean((every if step < EXHAUSTIVE else random)[1][:, step] == 0)
        cells = [f"{share[step]:.2%} | {error[step]:.2f}" for share, error in curves.values()]
        row(step + 1, *cells, f"{zero:.2%}")
    draw_by_step({name: share for name, (share, _) in curves.items()}, np.mean(random[1] == 0, axis=0))


def draw_by_step(curves, zero):
    """Draw the shares that are right after each of 200 signs, and the share of sums that are 0."""
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    steps = np.arange(1, 201)
    for (name, share), style in zip(curves.items(), ("C3", "C0"), strict=True):
        axes.plot(steps, 100 * share, style, marker=".", markevery=slice(20), label=name)
    axes.plot(steps, 100 * zero, "C7:", label="always 0")
    axes.axvline(6, color="C7", linewidth=0.8)
    axes.set(xscale="log", xlabel="after this many signs", ylabel="sums right, %", ylim=(0, 102), xlim=(1, 200))
    ticks = [1, 2, 3, 4, 5, 6, 8, 10, 20, 50, 100, 200]
    axes.set_xticks(ticks, labels=ticks, minor=False)
    axes.minorticks_off()
    axes.legend(loc="center right")
    figure.savefig(DOCS / "any_length.png", dpi=100, metadata={"Software": None})


def asked(session, network, length):
    """Return (true sums, whether the network is right) after each sign of sequences of a length: all, or a sample."""
    data, target = (
        curriculum.every_sequence(length)
        if length == EXHAUSTIVE
        else curriculum.random_sequences(COUNT, length, [curriculum.HELD_OUT, length])
    )
    parts = np.array_split(np.arange(len(data)), max(1, data.size // 2**22))  # the graph keeps every step in memory
    return target, np.concatenate([curriculum.is_right(session, network, data[part], target[part]) for part in parts])


def by_length(session, network):
    """Print how often the trained network is right on sequences of each length, and on which sums at 1000 signs."""
    give_trained(session)
    table("length", "sequences", "largest sum", "steps right", "sequences right at every step")
    for length in (EXHAUSTIVE, *LENGTHS):
        target, right = asked(session, network, length)
        count = f"all {len(target)}" if length == EXHAUSTIVE else len(target)
        row(length, count, f"{np.abs(target).max():.0f}", f"{right.mean():.4%}", f"{right.all(axis=1).mean():.2%}")
    table(f"true sum, without its sign, at length {length}", "steps", "steps right")
    for tens in range(int(np.abs(target).max()) // 10 + 1):
        of_these = right[np.abs(target) // 10 == tens]
        row(f"{10 * tens} to {10 * tens + 9}", of_these.size, f"{of_these.mean():.2%}")


def by_seed(session, network):
    """Print how often the network of each seed in runs/ is right, and whether it reaches the aims."""
    table("seed", *(f"{length} signs" for length in AIMS), "aims reached")
    for folder in sorted(Path("runs").glob("any_length*")):
        record = load_record(folder, CurriculumRecord)[1]
        if record.weights_sha256:
            curriculum.restore_weights(session, folder)
            shares = [asked(session, network, length)[1].mean() for length in AIMS]
            reached = sum(share >= aim for share, aim in zip(shares, AIMS.values(), strict=True))
            row(record.graph_seed, *(f"{share:.4%}" for share in shares), "all" if reached == len(AIMS) else reached)


def predictions_and_sums(session, network, slices):
    """Yield the predictions after each sign of one batch of sequences that comes in slices, and the true sums, int64.

    A slice is an integer array, (batch, steps, 3). The sums are counted here, step by step.
    """
    state, total, worth = None, 0, 1
    for signs in slices:
        (prediction,), state = curriculum.advance(session, network, [network.prediction], signs, state)
        inverts = signs[..., 2] == 1
        worths = np.cumprod(np.concatenate([worth * np.ones((len(signs), 1), int), 1 - 2 * inverts], axis=1), axis=1)
        sums = total + np.cumsum(worths[:, :-1] * (signs[..., 0] - signs[..., 1]), axis=1)
        total, worth = sums[:, -1:], worths[:, -1:]
        yield prediction, sums


def counted(session, network, slices):
    """Return (steps right, largest sum, largest error) of the sequences of a batch in slices, (3, batch)."""
    right, largest, worst = 0, 0, 0
    for prediction, sums in predictions_and_sums(session, network, slices):
        right = right + np.sum(np.round(prediction) == sums, axis=1)
        largest = np.maximum(largest, np.abs(sums).max(axis=1))
        worst = np.maximum(worst, np.abs(prediction - sums).max(axis=1))
    return np.array([right, largest, worst])


def hand_at_any_length(session, network):
    """Print how often the weights by hand are right."""
    by_hand.give_weights(session)

    def random_slices(count, length, of, seed):
        for part in range(of):
            yield curriculum.random_sequences(count, length, [curriculum.HELD_OUT, seed, part])[0].astype(int)

    def count_row(name, length, counts):
        right, largest, worst = counts
        share = right.sum() / (length * len(right))
        row(name, len(right), length, f"{largest.max():.0f}", f"{share:.4%}", f"{worst.max():g}")

    table("sequences", "count", "signs each", "largest sum", "steps right", "largest error")
    every = np.array_split(curriculum.every_sequence(10)[0].astype(int), 16)
    count_row("all there are", 10, np.hstack([counted(session, network, [part]) for part in every]))
    random = [counted(session, network, random_slices(1000, 1000, 1, part)) for part in range(10)]
    count_row("random", 1000, np.hstack(random))
    count_row("random, longer", 100000, counted(session, network, random_slices(100, 10000, 10, 10)))
    patterns = "+", "-", "I", "I+", "+-", "+I-I0"
    part = np.array([encodeSequence(signs * (50000 // len(signs))) for signs in patterns])
    for signs, counts in zip(patterns, counted(session, network, repeat(part, 20)).T, strict=True):
        count_row(f"`{signs}` over and over", 1000000, counts[:, np.newaxis])


def what_ends_it(session, network):
    """Print after how many of nothing but `+` the weights by hand are wrong first.

    The steps are taken side by side, each from the state in which the one before it is seen to end.
    """
    by_hand.give_weights(session)
    plus = np.broadcast_to(encodeSequence("+"), (SLICE, 1, FEATURE_SIZE))
    for start in range(0, 2 * by_hand.LARGEST_SUM, SLICE):
        sums = start + np.arange(SLICE + 1)
        conveyor = np.zeros((LSTM_SIZE, SLICE + 1), np.float32)
        conveyor[by_hand.COUNT] = sums * by_hand.ONE  # which the unit puts out as it is
        before, after = conveyor[:, :-1], conveyor[:, 1:]
        (said,), (output, end) = curriculum.advance(session, network, [network.prediction], plus, (before.T, before))
        is_right = (said[:, 0] == sums[1:]) & (np.array([output.T, end]) == after).all(axis=(0, 1))
        if not is_right.all():
            wrong = np.argmin(is_right)
            print(f"\nNothing but `+`: first wrong after sign {sums[wrong + 1]}, where it says {said[wrong, 0]:.0f}")
            return


def silenced(session, network, weights, unit, data, target):
    """Return the share of steps that is right if a unit puts out nothing; the weights are put back."""
    without = {name: value.copy() for name, value in weights.items()}
    *layers_and_biases, weight, _ = without.values()  # in the order in which the graph makes them
    for value in layers_and_biases:
        if value.shape == (LSTM_SIZE, LSTM_SIZE + FEATURE_SIZE):
            value[:, unit] = 0
    weight[unit] = 0
    set_weights(session, without)
    share = curriculum.is_right(session, network, data, target).mean()
    set_weights(session, weights)
    return share


def mechanism(session, network):
    """Print what the units do, by hand and as trained, and draw some of them over one sequence."""
    data, target = curriculum.random_sequences(500, 100, [curriculum.HELD_OUT])
    inverted = np.cumsum(data[..., 2], axis=1) % 2
    at_I = data[..., 2] == 1
    pictures = []
    table(
        *("weights", "unit", "correlation with the sum", "with the inversion"),
        *("forget gate at I", "at + - 0", "input gate at I", "at + - 0", "steps right without the unit"),
    )
    for whose, give, shown in (("hand", by_hand.give_weights, 3), ("trained", give_trained, 9)):
        give(session)
        variables = curriculum.trained_variables(session)
        weights = dict(zip((variable.op.name for variable in variables), session.run(variables), strict=True))
        conveyor, gates = session.run([network.conveyor, network.gates], {network.data: data})
        units, (forget, take_in) = conveyor.transpose(1, 2, 0), gates[:2].transpose(0, 2, 3, 1)  # (24, batch, steps)
        with np.errstate(invalid="ignore"):  # units that never move
            with_sum, with_inversion = (
                np.nan_to_num([np.corrcoef(unit.ravel(), of.ravel())[0, 1] for unit in units])
                for of in (target, inverted)
            )
        flag = np.argmax(np.abs(with_inversion))
        others = [unit for unit in np.argsort(-np.abs(with_sum), kind="stable") if unit != flag]
        for unit in (flag, *others[: shown - 1]):
            without = silenced(session, network, weights, unit, data, target)
            gate_cells = [f"{gate[unit][at].mean():.4f}" for gate in (forget, take_in) for at in (at_I, ~at_I)]
            row(whose, unit, f"{with_sum[unit]:+.2f}", f"{with_inversion[unit]:+.2f}", *gate_cells, f"{without:.1%}")
        shown_conveyor = session.run(network.conveyor, {network.data: [encodeSequence(SHOWN)]})[..., 0]
        pictures.append((shown_conveyor, flag, others))
    draw_mechanism(*pictures)


def draw_mechanism(hand, trained):
    """Draw the conveyor over one sequence: the three units by hand, beside them the trained network's."""
    figure, axes = pyplot.subplots(3, 2, figsize=(11, 6), sharex=True, layout="constrained")
    steps = np.arange(len(SHOWN))
    conveyor, _, _ = hand
    for (unit, one, what), panel in zip(
        (
            (by_hand.INVERSION, by_hand.INVERTED, "inverted"),
            (by_hand.CORRECTION, by_hand.ONE, "correction"),
            (by_hand.COUNT, by_hand.ONE, "count"),
        ),
        axes[:, 0],
        strict=True,
    ):
        panel.step(steps, conveyor[:, unit] / one, where="mid", color="C0")
        panel.set_ylabel(f"unit {unit}: {what}")
    axes[2, 0].step(
        steps,
        (conveyor[:, by_hand.CORRECTION] + conveyor[:, by_hand.COUNT]) / by_hand.ONE,
        where="mid",
        color="C7",
        linestyle=":",
        label="both: the sum",
    )
    axes[2, 0].legend(loc="upper left", fontsize=8)
    axes[0, 0].set_title("by hand, in multiples of a power of two")
    conveyor, flag, others = trained
    axes[0, 1].step(steps, conveyor[:, flag], where="mid", color="C3")
    axes[0, 1].set_ylabel(f"unit {flag}")
    axes[0, 1].set_title("trained")
    for panel, units in ((axes[1, 1], others[:3]), (axes[2, 1], others[3:6])):
        for unit in units:
            panel.step(steps, conveyor[:, unit], where="mid", label=f"unit {unit}")
        panel.legend(loc="upper left", fontsize=7)
    for panel in axes[2]:
        panel.set_xticks(steps, labels=SHOWN)
    figure.savefig(DOCS / "images" / "any_length_mechanism.png", dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    graph, network = curriculum.new_network()
    with new_session(graph) as session:
        for part in (by_step, by_length, by_seed, mechanism, hand_at_any_length, what_ends_it):
            part(session, network)
