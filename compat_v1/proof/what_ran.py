"""The rows about what ran: the data, the seeds, the variables before the first update, and the graph.

The run is judged, not this checkout: by the SHA-256 that its record holds of each. What a record of format 1 does not
hold is not judged.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit, same_roles
from compat_v1.data_generator import TRAINED_DRAW, decodeSequence, provenance
from compat_v1.environment import onednn
from compat_v1.graph import SEQUENCE_LENGTH, Network
from compat_v1.graph_file import canonical, sha256
from compat_v1.original.record_format import DEFAULT_SEED
from compat_v1.proof.golden import OLD_STACKS, golden, golden_arrays, golden_record, published
from compat_v1.proof.original_graph import TENSORS, audit_port, original_graph_def
from compat_v1.proof.rows import CANNOT_TELL, NOT_FAITHFUL, NOT_JUDGED, Row, judged
from compat_v1.records import Record, this_stack
from compat_v1.training import Data, new_network, new_session, variables

# TensorFlow's initial weights moved between 1.0.1 and today by one unit in the last place, at most of a value near 1.
WEIGHT_BOUND = 2.0**-23

FORMAT_1 = "format 1 does not say"


class Start(NamedTuple):
    """What this checkout makes of a run's seeds and length, before the first update."""

    graph_def: Any
    network: Network
    variables: dict[str, np.ndarray]


@cache
def start_here(graph_seed: int, op_seeds: tuple[int, ...], sequence_length: int) -> Start:
    """Build and initialize the port as this checkout does."""
    graph, network = new_network(graph_seed, sequence_length, op_seeds)
    graph_def = graph.as_graph_def()
    with new_session(graph) as session:
        session.run(network.initializer)
        return Start(graph_def, network, variables(session))


def start_of(record: Record) -> Start:
    """Return `start_here` for the seeds and the length of a record."""
    return start_here(record.graph_seed, tuple(record.op_seeds), record.data.sequence_length)


def other_stack(record: Record) -> str | None:
    """Return which part of the record's stack is not this one's, of those that numbers depend on; None if all are."""
    here = this_stack(tf.VERSION, onednn())
    names = ("tensorflow", "cpu", "onednn")
    return next((name for name in names if getattr(record.stack, name) != getattr(here, name)), None)


def judge_start(record: Record, data: Data) -> Iterator[Row]:
    """Yield the rows about the data, the seeds of the random ops, and the variables that they draw.

    `data` are the record's as they are generated here.
    """
    yield from _data(record, data)
    derived = golden_record(OLD_STACKS[0], DEFAULT_SEED, TRAINED_DRAW).op_seeds
    yield judged("op-seeds", "op seeds", _listed(derived), _listed(record.op_seeds), record.op_seeds == derived)
    yield from _initial_variables(record)


def _data(record: Record, data: Data) -> Iterator[Row]:
    draw = record.data.draw
    generated = provenance(data.inputs.astype(int), draw)
    recorded = golden(OLD_STACKS[0], DEFAULT_SEED, draw)
    if recorded and record.data.sequence_length == recorded.data.sequence_length:
        there, source = recorded.data.model_dump(), ""
    else:
        there, source = generated, "generated "
    here = record.data.model_dump()
    what = f"data of draw {draw}, SHA-256"
    yield judged("data", what, source + there["sha256"][:12], here["sha256"][:12], here == there)
    example = f"{decodeSequence(data.inputs[0])} = {data.outputs[0]:.0f}"
    for known in (published()["first_example"], published()["first_example_of_the_sibling_notebook"]):
        if known["draw"] == draw and len(known["sequence"]) == record.data.sequence_length:
            shown = f"{known['sequence']} = {known['answer']}"
            if here == generated:  # or these are not the run's
                yield judged("first-example", "first example", shown, example, shown == example)
            else:
                yield Row("first-example", "first example", shown, "of other data", NOT_JUDGED)


def _initial_variables(record: Record) -> Iterator[Row]:
    key, what = "initial-variables", "initial variables, SHA-256"
    weights = f"initial weights of seed {record.graph_seed}"
    if record.initial_variables_sha256 is None:
        yield Row(key, what, "as its seeds draw", FORMAT_1, NOT_JUDGED)
        yield Row("initial-weights", weights, f"within {WEIGHT_BOUND:.2g}", FORMAT_1, NOT_JUDGED)
        return
    drawn = start_of(record).variables
    here = {name: sha256(value.tobytes()) for name, value in drawn.items()}
    recorded = record.initial_variables_sha256
    others = sorted(name for name in here | recorded if here.get(name) != recorded.get(name))
    stack_part = other_stack(record)
    if others and stack_part:  # another processor may draw other last digits
        text = f"{others[0]} and {len(others) - 1} more differ; made with {stack_part} {_of_stack(record, stack_part)}"
        yield Row(key, what, "as its seeds draw", text, NOT_JUDGED)
    else:
        text = f"{len(others)} differ, {others[0]} first" if others else f"equal: {len(here)} variables"
        yield judged(key, what, "as its seeds draw", text, not others)
    if not golden(OLD_STACKS[0], record.graph_seed, TRAINED_DRAW):
        yield Row("initial-weights", weights, "not recorded", "", NOT_JUDGED)
    elif others:
        yield Row("initial-weights", weights, f"within {WEIGHT_BOUND:.2g}", "cannot be drawn here", NOT_JUDGED)
    else:
        expected = golden_arrays(OLD_STACKS[0], f"seed{record.graph_seed}_draw{TRAINED_DRAW}_initial_weights")
        apart = max(np.abs(drawn[name] - value).max() for name, value in expected.items())
        text = f"within {apart:.2g}"
        yield judged("initial-weights", weights, f"within {WEIGHT_BOUND:.2g}", text, bool(apart <= WEIGHT_BOUND))


def judge_graph(record: Record, graph_def: Any = None) -> Row:
    """Return the row about the graph that ran, held to the one that TensorFlow 1.0.1 wrote, node by node.

    It is this checkout's if the SHA-256 says so, or else `graph_def`, which must be the one that the record names.
    """
    key, what, original = "graph", "graph, node by node", f"{len(original_graph_def().node)} nodes"
    if record.graph_sha256 is None:
        return Row(key, what, original, FORMAT_1, NOT_JUDGED)
    is_this_checkouts = graph_sha256_here(record) == record.graph_sha256
    if record.data.sequence_length != SEQUENCE_LENGTH and is_this_checkouts:
        return Row(key, what, original, f"its graph takes {SEQUENCE_LENGTH} signs", NOT_JUDGED)
    if is_this_checkouts:
        problems = count_problems(record, start_of(record).graph_def)
        return judged(key, what, original, f"unexplained differences: {problems}", problems == 0)
    if graph_def is not None and record.data.sequence_length == SEQUENCE_LENGTH:
        problems = count_problems(record, graph_def)
        text = f"not this checkout's; unexplained differences: {problems}"
        return judged(key, what, original, text, problems == 0)
    if record.stack.tensorflow == tf.VERSION:
        return Row(key, what, original, "not this checkout's, and not beside its record", NOT_FAITHFUL)
    text = f"of TensorFlow {record.stack.tensorflow}, and not beside its record"
    return Row(key, what, original, text, CANNOT_TELL)


def graph_sha256_here(record: Record) -> str:
    """Return the SHA-256 of the graph that this checkout builds for the record's seeds and length."""
    return sha256(canonical(start_of(record).graph_def))


def count_problems(record: Record, graph_def: Any) -> int:
    """Return how many differences of a run's graph from the original's no rule explains, changed numbers included.

    What TensorFlow changed must be in a graph that this TensorFlow wrote: a rule that this checkout's port needs, and
    this graph does not, counts too. So the original's graph is no port.
    """
    names = {node.name for node in graph_def.node}
    here = start_of(record)
    roles = same_roles(TENSORS, here.network)
    has_all = all(name.partition(":")[0] in names for _, name in roles.values())
    result = audit(original_graph_def(record.graph_seed), graph_def, roles if has_all else None)
    missing = set()
    if record.stack.tensorflow == tf.VERSION and graph_def is not here.graph_def:
        missing = audit_port().rules.keys() - result.rules.keys()
    return len(result.differences) + len(result.numbers) + len(missing)


def _of_stack(record: Record, part: str) -> str:
    return str(getattr(record.stack, part))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
