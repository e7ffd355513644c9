"""Train a network for a test and keep everything that it measures, bit by bit; run the command line for a test."""

from typing import NamedTuple

import numpy as np

from compat_v1 import cli as command_line
from compat_v1.proof import measured, what_ran
from compat_v1.records import Record, series_names
from compat_v1.run import add_measurement, begin_record, finish_record
from compat_v1.training import fast_execution, new_network, new_session, variables


class Trained(NamedTuple):
    record: Record
    summaries: list[bytes]
    variables: dict[str, np.ndarray]


def trained(graph, network, data, draw, epochs, execution=fast_execution, **threads):
    """Initialize and train a network; return its record, its serialized summaries and its final variables."""
    summaries = []
    with new_session(graph, **threads) as session:
        session.run(network.initializer)
        record = begin_record(session, data, draw)
        for measurement in execution(session, network, data, epochs):
            add_measurement(record, measurement)
            summaries.append(measurement.summary)
        finish_record(record, session, network)
        return Trained(record, summaries, variables(session))


def trained_port(data, draw=1, epochs=20, graph_seed=1, **options):
    """Train the port from a seed."""
    return trained(*new_network(graph_seed, data.inputs.shape[1]), data, draw, epochs, **options)


def assert_every_bit_equal(one, other):
    """Fail, naming what differs first, unless two `Trained` are bit-equal in everything that they measured."""
    for part, field in series_names():
        assert one.record.series(part, field) == other.record.series(part, field), f"{part} {field} differs"
    assert one.record.prediction == other.record.prediction, "the prediction differs"
    assert one.summaries == other.summaries, "the summaries differ"
    assert one.variables.keys() == other.variables.keys(), "the variables' names differ"
    for name, value in one.variables.items():
        assert value.tobytes() == other.variables[name].tobytes(), f"the variable {name} differs"


def judge_the_same_once(patch):
    """Let verdicts train the original's graph once for all runs of the same seeds, data and epochs, and audit a graph
    once for all records of the same seeds.
    """
    train, count, trained, counted = measured.train_original, what_ran.count_problems, {}, {}

    def seeds(record):
        return record.graph_seed, tuple(record.op_seeds), record.data.sequence_length

    def train_once(record, data, progress):
        key = *seeds(record), record.data.draw, record.epochs
        if key not in trained:
            trained[key] = train(record, data, progress)
        return trained[key]

    def count_once(record, graph_def):
        key = *seeds(record), record.stack.tensorflow, graph_def.SerializeToString(deterministic=True)
        if key not in counted:
            counted[key] = count(record, graph_def)
        return counted[key]

    patch.setattr(measured, "train_original", train_once)
    patch.setattr(what_ran, "count_problems", count_once)


def run(*arguments):
    """Run the command line in this process and return its exit status."""
    try:
        return command_line.main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return stop.code
