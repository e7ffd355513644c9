"""Say where a run of the port leaves the original's, in the order in which a person would look.

Data, op seeds, graph, initial weights, then the arithmetic with the original's own weights in the port, then the
losses. The first thing that differs by more than rounding is the cause of all that follows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.beside.bits import ulps
from compat_v1.checkpoints import restore
from compat_v1.data_generator import encodeSequence
from compat_v1.graph import Network, build_cell
from compat_v1.graph_file import sha256
from compat_v1.original.probes import probe
from compat_v1.original.record_format import DEFAULT_SEED, HORIZON
from compat_v1.proof.distance import distance
from compat_v1.proof.golden import RECORDED, golden, golden_arrays
from compat_v1.proof.what_ran import count_problems, graph_sha256_here, other_stack, start_of
from compat_v1.records import Record, series_names
from compat_v1.training import feeds, load_data, new_network, new_session, set_weights


def restore_old_weights(session: Any, network: Network, version: str, updates: int) -> None:
    """Give the port the weights that the default run had under an old TensorFlow after 0 or 300 updates."""
    session.run(network.initializer)
    if updates:
        restore(session, RECORDED / f"tf{version}" / f"model.ckpt-{updates}")
    else:
        set_weights(session, golden_arrays(version, f"seed{DEFAULT_SEED}_draw1_initial_weights"))


def explain(record: Record, version: str = "1.0.1", graph_def: Any = None) -> Iterator[str]:
    """Yield the lines of the explanation for a record of the port against that old TensorFlow.

    `graph_def` is the graph that ran, where it lies beside the record. Raises `ValueError` if the old stack has no
    record of this seed and draw, or the record is not of the port.
    """
    seed, draw = record.graph_seed, record.data.draw
    reference = golden(version, seed, draw)
    if reference is None or record.data.sequence_length != reference.data.sequence_length:
        raise ValueError(f"TensorFlow {version} has no record of seed {seed}, draw {draw} and this sequence length")
    if record.graph == "original":
        raise ValueError("this is a run of the original's graph, not of the port")
    for name, here in record.stack:
        yield f"stack: {name} {here}, the original's {getattr(reference.stack, name)}"
    yield f"data: {'the same' if record.data == reference.data else 'DIFFERENT'}"
    yield f"op seeds: {'the same' if record.op_seeds == reference.op_seeds else 'DIFFERENT'}"
    yield _graph(record, graph_def)
    yield from _initial_weights(record, version)
    for updates in (0, 300):
        yield from _arithmetic(version, updates)
    yield from _losses(record, reference)


def _graph(record: Record, graph_def: Any) -> str:
    """Whose graph ran: what follows about weights and arithmetic is computed with this checkout's."""
    if record.graph_sha256 is None:
        return "graph: a record of format 1 does not say which ran; what follows is of this checkout's"
    if record.graph_sha256 == graph_sha256_here(record):
        return "graph: this checkout's"
    if graph_def is None:
        return "graph: NOT this checkout's, and not beside its record; what follows is of this checkout's"
    problems = count_problems(record, graph_def)
    return f"graph: NOT this checkout's, of which what follows is; unexplained differences: {problems}"


def _initial_weights(record: Record, version: str) -> Iterator[str]:
    drawn = start_of(record).variables
    if record.initial_variables_sha256 is None:
        yield "initial weights: a record of format 1 does not hold them; what follows is what its seeds draw here"
    else:
        recorded = record.initial_variables_sha256
        others = [name for name, value in drawn.items() if recorded.get(name) != sha256(value.tobytes())]
        if others:
            part = other_stack(record)
            where = f", where {part} is another" if part else ""
            yield f"initial weights: NOT what its seeds draw here{where}, {others[0]} first; what follows is drawn here"
    expected = golden_arrays(version, f"seed{record.graph_seed}_draw1_initial_weights")
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


def _arithmetic(version: str, updates: int) -> Iterator[str]:
    expected = golden_arrays(version, f"probes_after_{updates}_updates")
    data = load_data(6, draw=1)
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        restore_old_weights(session, network, version, updates)
        probes = probe(tf, build_cell, encodeSequence, session, feeds(network, data)[0])
    for name, value in probes.items():
        apart, largest = np.abs(value - expected[name]).max(), np.abs(expected[name]).max()
        yield f"same weights, after {updates} updates, {name}: differs by {apart:.2g}, its largest is {largest:.2g}"


def _losses(record: Record, reference: Record) -> Iterator[str]:
    for part, field in series_names():
        series = zip(
            record.series(part, "epoch"), record.series(part, field), reference.series(part, field), strict=False
        )
        first = next((epoch for epoch, here, there in series if here != there), None)
        yield f"{part} {field}: " + (f"the first other bit at epoch {first}" if first else "every bit equal")
    lines, recorded = record.printed_lines(), reference.printed_lines()
    first = next((epoch for epoch in lines if epoch in recorded and lines[epoch] != recorded[epoch]), None)
    if first is None:
        yield "printed lines: all identical"
        return
    yield f"printed lines: identical before epoch {first}, where the original has: {recorded[first]}"
    yield f"                                     and here it is: {lines[first]}"
    if first > HORIZON:
        apart = distance(record, reference)
        yield (
            f"past the horizon, epoch {HORIZON}, rounding is multiplied: squared errors differ by "
            f"{apart.squared_error_median:.1%} in the median, {apart.squared_error_max:.0%} at most"
        )
    else:
        yield f"this is before the horizon, epoch {HORIZON}: not rounding, but a mistake"
