"""The rows about what a run measured.

Three kinds of proof, from the strictest down: the original's own graph in the same TensorFlow (no tolerance), the
records of TensorFlow 1.0.1 (printed digits before the horizon, measured bounds after it), and, without a verdict, what
the post printed.
"""

import math
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

from compat_v1.beside.lockstep import Trace, parting
from compat_v1.graph import SEQUENCE_LENGTH
from compat_v1.graph_file import canonical, sha256
from compat_v1.original.record_format import HORIZON, MEASURED_SEQUENCE
from compat_v1.proof.distance import MARGIN, distance, distance_of_the_old_stacks, spread_of_the_old_answers
from compat_v1.proof.golden import OLD_STACKS, golden, published
from compat_v1.proof.original_graph import ORIGINAL_EXECUTIONS, original_network
from compat_v1.proof.rows import FAITHFUL, NOT_FAITHFUL, NOT_JUDGED, Row, judged
from compat_v1.proof.what_ran import other_stack
from compat_v1.records import FORMAT, Record, series_names
from compat_v1.run import train_run
from compat_v1.training import EPOCHS, Data, Measurement


def judge_finite(record: Record) -> Row:
    """Return the row that every measurement is a finite number: what is none was not measured."""
    key, what = "finite", "finite measurements"
    values = [(place, value) for place, value in _all_measured(record) if not math.isfinite(value)]
    count = sum(1 for _ in _all_measured(record))
    if values:
        place, value = values[0]
        return judged(key, what, "all", f"{place} is {value}", False)
    return judged(key, what, "all", f"all {count}", True)


def _all_measured(record: Record) -> Iterator[tuple[str, float]]:
    for part, field in series_names():
        for epoch, value in zip(record.series(part, "epoch"), record.series(part, field), strict=True):
            yield f"{part} {field} at epoch {epoch}", value
    for sequence, value in record.prediction.items():
        yield f"the answer to {sequence}", value


def judge_every_bit(record: Record, data: Data, beside: Record | None, progress: Callable[[int], None]) -> Row:
    """Return the row of the graph that TensorFlow 1.0.1 wrote, trained here, against the record: no tolerance."""
    key, what, original = "every-bit", "every bit of the run", "its graph, run here"
    if record.data.sequence_length != SEQUENCE_LENGTH:
        return Row(key, what, original, f"its graph takes {SEQUENCE_LENGTH} signs", NOT_JUDGED)
    part = other_stack(record)
    if part:
        text = f"made with {part} {getattr(record.stack, part)}, whose last digits are others"
        return Row(key, what, original, text, NOT_JUDGED)
    reference = beside or train_original(record, data, progress)
    parted = parting(_trace(record), _trace(reference))
    if parted:
        return Row(key, what, original, f"{parted.what[0]} differs at epoch {parted.update}", NOT_FAITHFUL)
    values = sum(len(reference.series(*names)) for names in series_names())
    count = len(reference.variables_sha256 or {})
    return Row(key, what, original, f"equal: {values} values, {count} variables", FAITHFUL)


def train_original(record: Record, data: Data, progress: Callable[[int], None]) -> Record:
    """Train the original's graph with a record's seeds, data and epochs, as the post does; return that run's record."""

    def report(measurement: Measurement) -> None:
        progress(measurement.epoch)

    network = original_network(record.graph_seed, record.op_seeds)
    draw, epochs = record.data.draw, record.epochs
    run = train_run(
        network, data, draw, epochs,
        graph="original", execution="post", executions=ORIGINAL_EXECUTIONS, report=report,
    )  # fmt: skip
    return run.record


def require_same_run(record: Record, beside: Record) -> None:
    """Raise `ValueError` unless `beside` is the record of the same run on the original's own graph."""
    if beside.graph != "original":
        raise ValueError("the run beside it was not made with train --graph original")
    if beside.format != FORMAT:
        raise ValueError("the run beside it has a record of format 1, which does not say which graph ran: make it anew")
    for field in ("data", "graph_seed", "op_seeds", "epochs", "stack"):
        if getattr(record, field) != getattr(beside, field):
            raise ValueError(f"the original's graph was trained with another {field}: {getattr(beside, field)}")
    graph, _ = original_network(record.graph_seed, record.op_seeds)
    if beside.graph_sha256 != sha256(canonical(graph.as_graph_def())):
        raise ValueError("the run beside it was not made on the graph that TensorFlow 1.0.1 wrote")


def _trace(record: Record) -> Trace:
    """Return what a record holds in the form in which any two programs are compared: epochs are the updates."""
    trace: dict[tuple[int, int, str], Any] = {
        (epoch, 0, f"{part} {field}"): value
        for part, field in series_names()
        for epoch, value in zip(record.series(part, "epoch"), record.series(part, field), strict=True)
    }
    for field in ("prediction", "variables_sha256"):
        trace[record.epochs, 0, f"final {field}"] = getattr(record, field)
    if record.initial_variables_sha256:
        trace[0, 0, "initial variables_sha256"] = record.initial_variables_sha256
    return trace


def judge_against_tensorflow_1(record: Record) -> Iterator[Row]:
    """Yield the rows of the golden record of the same run."""
    reference = golden(OLD_STACKS[0], record.graph_seed, record.data.draw)
    if not reference or record.data != reference.data:
        yield Row("tensorflow-1", "TensorFlow 1.0.1's own run", "not recorded", "", NOT_JUDGED)
        return
    here, there = record.printed_lines(), reference.printed_lines()
    yield _printed("printed-lines", "printed lines", here, there, record.epochs)
    yield _printed("train-error-printed", "training error", _printed_errors(record), _printed_errors(reference), 1)
    if min(max(here, default=0), max(there)) > HORIZON:
        yield from _past_the_horizon(record, reference)
        if record.epochs == reference.epochs:
            yield from _at_the_end(record, reference)


def _printed_errors(record: Record) -> dict[int, str]:
    """The training error, which the post only logs, to the digits that it prints of the other."""
    return {epoch: f"{error * 100: 3.1f}" for epoch, error in zip(record.train.epoch, record.train.error, strict=True)}


def _printed(key: str, what: str, here: dict[int, str], there: dict[int, str], epochs: int) -> Row:
    compared = [epoch for epoch in here if epoch in there]
    if not compared:
        return Row(key, what, "from epoch 20 on", f"{epochs} epochs", NOT_JUDGED)
    identical = 0
    for epoch in takewhile(lambda epoch: here[epoch] == there[epoch], compared):
        identical = epoch
    to_hold = max([epoch for epoch in compared if epoch <= HORIZON], default=0)
    text = f"identical through epoch {identical}"
    return judged(key, f"{what} to epoch {to_hold}", "TensorFlow 1.0.1's", text, identical >= to_hold)


def _past_the_horizon(record: Record, reference: Record) -> Iterator[Row]:
    ours, bounds = distance(record, reference), distance_of_the_old_stacks()
    past = f"past epoch {HORIZON}"
    for key, what, value, bound, unit in (
        ("squared-error", f"squared error {past}", ours.squared_error_max, bounds.squared_error_max, "%"),
        ("squared-error-median", "  in the median", ours.squared_error_median, bounds.squared_error_median, "%"),
        ("test-error", f"test error {past}", ours.error_max, bounds.error_max, "points"),
        ("train-error", f"training error {past}", ours.train_error_max, bounds.train_error_max, "points"),
    ):
        allowed = MARGIN * bound
        yield judged(key, what, f"± {allowed * 100:.2f} {unit}", f"off by {value * 100:.2f} {unit}", value <= allowed)


def _at_the_end(record: Record, reference: Record) -> Iterator[Row]:
    # How far two runs are apart at one epoch is luck: so the scale is that of the last quarter, and of all answers.
    value, there = record.test.error[-1], reference.test.error[-1]
    allowed = MARGIN * distance_of_the_old_stacks().settled_error_max
    original, here = f"{there * 100:.3f} % ± {allowed * 100:.3f}", f"{value * 100:.3f} %"
    yield judged("final-error", "final error", original, here, abs(value - there) <= allowed)
    value, there = record.prediction[MEASURED_SEQUENCE], reference.prediction[MEASURED_SEQUENCE]
    allowed = MARGIN * spread_of_the_old_answers()
    is_faithful = abs(value - there) <= allowed
    yield judged("answer", MEASURED_SEQUENCE, f"{there:.4f} ± {allowed:.4f}", f"{value:.4f}", is_faithful)


def judge_against_the_post(record: Record) -> Iterator[Row]:
    """Yield the rows of what the post printed: one draw from a distribution, so there is nothing to pass or fail."""
    post = published()
    here = dict(zip(record.test.epoch, zip(record.test.error, record.test.squared_error, strict=True), strict=True))
    for line in post["lines"]:
        epoch = line["epoch"]
        if epoch in here:
            there = f"{line['incorrect_percent']:.1f} %, {line['squared_error']:.1f}"
            measured = f"{here[epoch][0] * 100:.1f} %, {here[epoch][1]:.1f}"
            yield Row(f"post-epoch-{epoch}", f"the post's epoch {epoch}", there, measured, NOT_JUDGED)
    for sequence, value in post["prediction"].items():
        if record.epochs == EPOCHS and sequence in record.prediction:
            answer = f"{record.prediction[sequence]:.4f}"
            yield Row("post-answer", f"the post's {sequence}", f"{value:.4f}", answer, NOT_JUDGED)
