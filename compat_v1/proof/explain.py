"""Say where a run of the port leaves the original's, in the order in which a person would look.

Data, op seeds, initial weights, then the arithmetic with the original's own weights in the port, then the losses. The
first thing that differs by more than rounding is the cause of all that follows.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.checkpoints import restore
from compat_v1.data_generator import encodeSequence
from compat_v1.graph import build_cell
from compat_v1.original.probes import probe
from compat_v1.original.record_format import DEFAULT_SEED, HORIZON, printed_lines
from compat_v1.proof.golden import RECORDED, golden, golden_arrays
from compat_v1.proof.verdict import SERIES, distance
from compat_v1.training import feeds, initial_variables, load_data, new_network, new_session, set_weights


def ulps(values, others):
    """Return how many float32 numbers lie between each two values, as integers of the arrays' shape."""

    def order(array):  # the integers that sort as the floats do
        bits = np.asarray(array, np.float32).view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(2**31) - bits, bits)

    return np.abs(order(values) - order(others))


def restore_old_weights(session, network, version, updates):
    """Give the port the weights that the default run had under an old TensorFlow after 0 or 300 updates."""
    session.run(network.initializer)
    if updates:
        restore(session, RECORDED / f"tf{version}" / f"model.ckpt-{updates}")
    else:
        set_weights(session, golden_arrays(version, f"seed{DEFAULT_SEED}_draw1_initial_weights"))


def explain(record, version="1.0.1"):
    """Yield the lines of the explanation for a record of the port against that old TensorFlow.

    Raises `ValueError` if the old stack has no record of this seed and draw.
    """
    seed, draw = record["graph_seed"], record["data"]["draw"]
    reference = golden(version, seed, draw)
    if reference is None or record["data"]["sequence_length"] != reference["data"]["sequence_length"]:
        raise ValueError(f"TensorFlow {version} has no record of seed {seed}, draw {draw} and this sequence length")
    for name, here in record["stack"].items():
        yield f"stack: {name} {here}, the original's {reference['stack'][name]}"
    yield f"data: {'the same' if record['data'] == reference['data'] else 'DIFFERENT'}"
    yield f"op seeds: {'the same' if record['op_seeds'] == reference['op_seeds'] else 'DIFFERENT'}"
    yield from _initial_weights(seed, version)
    for updates in (0, 300):
        yield from _arithmetic(version, updates)
    yield from _losses(record, reference)


def _initial_weights(seed, version):
    drawn = initial_variables(seed)
    expected = golden_arrays(version, f"seed{seed}_draw1_initial_weights")
    for name in filter(expected.__contains__, drawn):  # in the order of construction
        value = expected[name]
        apart = ulps(drawn[name], value)
        if apart.any():
            yield (
                f"initial weights, {name}: {np.mean(apart > 0):.1%} differ, by at most {apart.max()} units in the "
                f"last place ({np.abs(drawn[name] - value).max():.2g})"
            )
        else:
            yield f"initial weights, {name}: equal"


def _arithmetic(version, updates):
    expected = golden_arrays(version, f"probes_after_{updates}_updates")
    data = load_data(6, draw=1)
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        restore_old_weights(session, network, version, updates)
        probes = probe(tf, build_cell, encodeSequence, session, feeds(network, data)[0])
    for name, value in probes.items():
        apart, largest = np.abs(value - expected[name]).max(), np.abs(expected[name]).max()
        yield f"same weights, after {updates} updates, {name}: differs by {apart:.2g}, its largest is {largest:.2g}"


def _losses(record, reference):
    for part, field in SERIES:
        series = zip(record[part]["epoch"], record[part][field], reference[part][field], strict=False)
        first = next((epoch for epoch, here, there in series if here != there), None)
        yield f"{part} {field}: " + (f"the first other bit at epoch {first}" if first else "every bit equal")
    here, there = printed_lines(record), printed_lines(reference)
    first = next((epoch for epoch in here if epoch in there and here[epoch] != there[epoch]), None)
    if first is None:
        yield "printed lines: all identical"
        return
    yield f"printed lines: identical before epoch {first}, where the original has: {there[first]}"
    yield f"                                     and here it is: {here[first]}"
    if first > HORIZON:
        apart = distance(record, reference)
        yield (
            f"past the horizon, epoch {HORIZON}, rounding is multiplied: squared errors differ by "
            f"{apart.squared_error_median:.1%} in the median, {apart.squared_error_max:.0%} at most"
        )
    else:
        yield f"this is before the horizon, epoch {HORIZON}: not rounding, but a mistake"
