"""Hold the record of a run to the original: what, the original, here, verdict.

Three kinds of proof, from the strictest down: the original's own graph in the same TensorFlow (no tolerance), the
records of TensorFlow 1.0.1 (printed digits before the horizon, measured bounds after it), and, without a verdict, what
the post printed.
"""

from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.data_generator import TRAINED_DRAW, decodeSequence, sequences_sha256
from compat_v1.environment import onednn
from compat_v1.graph import SEQUENCE_LENGTH
from compat_v1.original.record_format import DEFAULT_SEED, HORIZON, MEASURED_SEQUENCE, epoch_line, printed_lines, stack
from compat_v1.proof.golden import OLD_STACKS, golden, golden_arrays, golden_runs, published
from compat_v1.proof.original_graph import audit_port, original_graph_def, original_network
from compat_v1.training import (
    EPOCHS,
    add_measurement,
    empty_record,
    finish_record,
    initial_variables,
    load_data,
    new_session,
    post_execution,
)

FAITHFUL, NOT_FAITHFUL, NOT_JUDGED = "faithful", "NOT FAITHFUL", "not judged"

# TensorFlow's initial weights moved between 1.0.1 and today by one unit in the last place, at most of a value near 1.
WEIGHT_BOUND = 2.0**-23
# Past the horizon the port may part from TensorFlow 1.0.1 this many times as far as TensorFlow 1.15.5 does, which runs
# the same program, over all recorded runs. Six runs do not show how far a chance spike of the loss can reach.
MARGIN = 3

EVERY_BIT, PRINTED_LINES = "every bit of the run", "printed lines"  # the rows about what a run measured

SERIES = (("test", "error"), ("test", "squared_error"), ("train", "error"))  # all that a record measures by epoch


class Row(NamedTuple):
    what: str
    original: str
    here: str
    verdict: str


class Distance(NamedTuple):
    """How far one run is from another of the same seed past the horizon."""

    squared_error_median: float  # relative
    squared_error_max: float  # relative
    error_max: float  # a share of 1
    settled_error_max: float  # likewise, over the last quarter of the epochs


def distance(record, reference):
    """Return the `Distance` of a record from a reference of the same seed and draw, over the epochs of both."""
    here, there = record["test"], reference["test"]
    past = np.array([epoch for epoch in here["epoch"] if epoch in there["epoch"]]) > HORIZON
    squared, squared_there, error, error_there = (
        np.array(part[field][: len(past)])[past] for field in ("squared_error", "error") for part in (here, there)
    )
    relative = np.abs(squared - squared_there) / squared_there
    apart = np.abs(error - error_there)
    return Distance(
        float(np.median(relative)), float(relative.max()), float(apart.max()), float(apart[-len(past) // 4 :].max())
    )


def distance_of_the_old_stacks():
    """Return the largest `Distance` of TensorFlow 1.15.5 from 1.0.1, figure by figure, over all recorded runs."""
    first, second = OLD_STACKS
    distances = [distance(golden(second, *run), golden(first, *run)) for run in golden_runs()]
    return Distance(*(max(figures) for figures in zip(*distances, strict=True)))


def spread_of_the_old_answers():
    """Return how far apart the answers to the measured sequence are at the end, over all records of both stacks."""
    answers = [golden(old, *run)["prediction"][MEASURED_SEQUENCE] for old in OLD_STACKS for run in golden_runs()]
    return max(answers) - min(answers)


def judge(record, beside=None, progress=lambda epoch: None):
    """Yield the verdict on a record, `Row` after `Row`; `ValueError` if its data cannot be made.

    `beside` is the record of the same run on the original's graph. Without it, that graph is trained on the way, and
    `progress` called with each epoch that is done. `ValueError` if `beside` is not of the same run.
    """
    if beside:
        _require_same_run(record, beside)
    data = load_data(record["data"]["sequence_length"], record["data"]["draw"])
    yield from _beginnings(record, data)
    yield _node_by_node(record)
    yield _every_bit(record, data, beside, progress)
    yield from _against_tensorflow_1(record)
    yield from _against_the_post(record)


def verdict(rows):
    """Return the verdict on a run: `NOT_JUDGED` if no row could judge what the run measured."""
    if any(row.verdict == NOT_FAITHFUL for row in rows):
        return NOT_FAITHFUL
    judged = {row.what for row in rows if row.verdict == FAITHFUL}
    return FAITHFUL if any(what.startswith((EVERY_BIT, PRINTED_LINES)) for what in judged) else NOT_JUDGED


def _judged(what, original, here, is_faithful):
    return Row(what, original, here, FAITHFUL if is_faithful else NOT_FAITHFUL)


def _beginnings(record, data):
    """What a run starts from: the data in their order, the seeds of the random ops, the weights that they draw."""
    draw, sequence_length = record["data"]["draw"], record["data"]["sequence_length"]
    recorded, here = golden(OLD_STACKS[0], DEFAULT_SEED, draw), record["data"]
    if recorded and sequence_length == recorded["data"]["sequence_length"]:
        there, source = recorded["data"], ""
    else:
        there, source = {**here, "sha256": sequences_sha256(data.inputs.astype(int))}, "(none; generated) "
    what = f"data of draw {draw}, SHA-256"
    yield _judged(what, source + there["sha256"][:12], here["sha256"][:12], here == there)
    example = f"{decodeSequence(data.inputs[0])} = {data.outputs[0]:.0f}"
    for known in (published()["first_example"], published()["first_example_of_the_sibling_notebook"]):
        if known["draw"] == draw and len(known["sequence"]) == sequence_length:
            shown = f"{known['sequence']} = {known['answer']}"
            yield _judged("first example", shown, example, shown == example)

    derived = golden(OLD_STACKS[0], DEFAULT_SEED, TRAINED_DRAW)["op_seeds"]
    yield _judged("op seeds", _listed(derived), _listed(record["op_seeds"]), record["op_seeds"] == derived)

    what = f"initial weights of seed {record['graph_seed']}"
    if not golden(OLD_STACKS[0], record["graph_seed"], TRAINED_DRAW):
        yield Row(what, "not recorded", "", NOT_JUDGED)
        return
    expected = golden_arrays(OLD_STACKS[0], f"seed{record['graph_seed']}_draw{TRAINED_DRAW}_initial_weights")
    weights = initial_variables(record["graph_seed"], sequence_length, record["op_seeds"])
    apart = max(np.abs(weights[name] - value).max() for name, value in expected.items())
    yield _judged(what, f"within {WEIGHT_BOUND:.2g}", f"within {apart:.2g}", apart <= WEIGHT_BOUND)


def _node_by_node(record):
    """The graph that TensorFlow 1.0.1 wrote against the port's, as built now."""
    what, original = "graph, node by node", f"{len(original_graph_def().node)} nodes"
    if record["data"]["sequence_length"] != SEQUENCE_LENGTH:
        return Row(what, original, f"its graph takes {SEQUENCE_LENGTH} signs", NOT_JUDGED)
    result = audit_port(record["graph_seed"], record["op_seeds"])
    problems = len(result.differences) + len(result.numbers)
    return _judged(what, original, f"unexplained differences: {problems}", problems == 0)


def _every_bit(record, data, beside, progress):
    """The graph that TensorFlow 1.0.1 wrote, trained here, against the port's record: no tolerance."""
    what, original = EVERY_BIT, f"its graph, in TensorFlow {tf.VERSION}"
    if record["data"]["sequence_length"] != SEQUENCE_LENGTH:
        return Row(what, original, f"its graph takes {SEQUENCE_LENGTH} signs", NOT_JUDGED)
    this_stack = stack(tf.VERSION, onednn())
    for part in ("tensorflow", "cpu", "onednn"):
        if record["stack"][part] != this_stack[part]:
            return Row(what, original, f"made with {part} {record['stack'][part]}", NOT_JUDGED)

    reference = beside or train_original(record, data, progress)
    for first, part, field in sorted(_differences(record, reference)):
        return Row(what, original, f"{part} {field} differs at epoch {first}", NOT_FAITHFUL)
    values = sum(len(reference[part][field]) for part, field in SERIES)
    return Row(what, original, f"equal: {values} values, {len(reference['variables_sha256'])} variables", FAITHFUL)


def train_original(record, data, progress):
    """Train the original's graph with a record's seeds, data and epochs, as the post does; return that run's record."""
    graph, network = original_network(record["graph_seed"], record["op_seeds"])
    reference = empty_record(graph, data, record["data"]["draw"], "original")
    with new_session(graph) as session:
        session.run(network.initializer)
        for measurement in post_execution(session, network, data, record["epochs"]):
            add_measurement(reference, measurement)
            progress(measurement.epoch)
        finish_record(reference, session, network)
    return reference


def _require_same_run(record, beside):
    for field in ("data", "graph_seed", "op_seeds", "epochs", "stack"):
        if record[field] != beside[field]:
            raise ValueError(f"the original's graph was trained with another {field}: {beside[field]}")
    if beside.get("graph") != "original" or not isinstance(beside.get("variables_sha256"), dict):
        raise ValueError("the run beside it was not made with train --graph original")


def _differences(record, reference):
    """Yield (first epoch, part, field) for each part of two records of equal length that is not bit-equal."""
    for part, field in SERIES:
        series = zip(record[part]["epoch"], record[part][field], reference[part][field], strict=True)
        yield from [(epoch, part, field) for epoch, here, there in series if here != there][:1]
    for field in ("prediction", "variables_sha256"):
        if record.get(field) != reference.get(field):
            yield record["epochs"], "final", field


def _against_tensorflow_1(record):
    """The golden record of the same run: printed lines before the horizon, measured bounds after it."""
    reference = golden(OLD_STACKS[0], record["graph_seed"], record["data"]["draw"])
    if not reference or record["data"] != reference["data"]:
        yield Row("TensorFlow 1.0.1's own run", "not recorded", "", NOT_JUDGED)
        return
    here, there = printed_lines(record), printed_lines(reference)
    compared = [epoch for epoch in here if epoch in there]
    if not compared:
        yield Row(PRINTED_LINES, "from epoch 20 on", f"{record['epochs']} epochs", NOT_JUDGED)
        return
    different = [epoch for epoch in compared if here[epoch] != there[epoch]]
    identical = max([epoch for epoch in compared if not different or epoch < different[0]], default=0)
    to_hold = min(HORIZON, compared[-1])
    yield _judged(
        f"{PRINTED_LINES} through epoch {to_hold}",
        "TensorFlow 1.0.1's",
        f"identical through epoch {identical}",
        identical >= to_hold,
    )
    if compared[-1] <= HORIZON:
        return

    ours, bounds = distance(record, reference), distance_of_the_old_stacks()
    past = f"past epoch {HORIZON}, off by at most"
    for what, value, bound, unit in (
        (f"squared error {past}", ours.squared_error_max, bounds.squared_error_max, "%"),
        ("  in the median", ours.squared_error_median, bounds.squared_error_median, "%"),
        (f"error {past}", ours.error_max, bounds.error_max, "points"),
    ):
        allowed = MARGIN * bound
        yield _judged(what, f"{allowed * 100:.2f} {unit}", f"{value * 100:.2f} {unit}", value <= allowed)
    if record["epochs"] != reference["epochs"]:
        return
    # How far two runs are apart at one epoch is luck: so the scale is that of the last quarter, and of all answers.
    value, there, allowed = (
        record["test"]["error"][-1],
        reference["test"]["error"][-1],
        MARGIN * bounds.settled_error_max,
    )
    yield _judged(
        "final error",
        f"{there * 100:.3f} % ± {allowed * 100:.3f}",
        f"{value * 100:.3f} %",
        abs(value - there) <= allowed,
    )
    value, there = record["prediction"][MEASURED_SEQUENCE], reference["prediction"][MEASURED_SEQUENCE]
    allowed = MARGIN * spread_of_the_old_answers()
    yield _judged(MEASURED_SEQUENCE, f"{there:.4f} ± {allowed:.4f}", f"{value:.4f}", abs(value - there) <= allowed)


def _against_the_post(record):
    """What the post printed: one draw from a distribution, so there is nothing to pass or fail."""
    post, here = published(), printed_lines(record)
    for line in post["lines"]:
        if line["epoch"] in here:
            there = epoch_line(line["epoch"], line["incorrect_percent"] / 100, line["squared_error"])
            what, there = there.split(" | ", 1)
            yield Row(f"the post's {what}", there, here[line["epoch"]].split(" | ", 1)[1], NOT_JUDGED)
    for sequence, value in post["prediction"].items():
        if record["epochs"] == EPOCHS and sequence in record["prediction"]:
            yield Row(f"the post's {sequence}", f"{value:.4f}", f"{record['prediction'][sequence]:.4f}", NOT_JUDGED)


def _listed(numbers):
    return ", ".join(str(number) for number in numbers)


def table(rows):
    """Return the rows as the lines of a table for the terminal."""
    rows = [Row("", "the original", "here", "verdict"), *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
