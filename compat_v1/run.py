"""One run from its graph to its record: train, measure, keep logs, record, graph and checkpoint.

Works alike on the port's graph and on the original's: which it has, it is told.
"""

from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from compat_v1 import __version__
from compat_v1.checkpoints import alone_in, require_replaceable, save_checkpoint
from compat_v1.data_generator import TRAINED_DRAW, provenance
from compat_v1.environment import onednn
from compat_v1.event_logs import event_logs
from compat_v1.graph import SEQUENCE_LENGTH, Network
from compat_v1.graph_file import canonical, remove_other_graphs, sha256, write_graph
from compat_v1.logs import new_run_folder
from compat_v1.original.record_format import DEFAULT_SEED, MEASURED_SEQUENCE, exactly
from compat_v1.records import FORMAT, DataSet, Record, TestSeries, TrainSeries, this_stack, write_model
from compat_v1.training import (
    EPOCHS,
    EXECUTIONS,
    Data,
    Execution,
    Measurement,
    load_data,
    new_network,
    new_session,
    predict,
    variables,
)


class Run(NamedTuple):
    """What a run left: its record, and where everything lies, None what was not asked for or could not be written."""

    record: Record
    logs: Path | None
    record_file: Path | None
    checkpoint: Path | None
    failures: list[str]  # what the machine could not write, and why, a sentence each


def begin_record(session: Any, data: Data, draw: int, graph: str = "port", execution: str = "fast") -> Record:
    """Return the record of a run that has been initialized and has not begun, of 0 epochs: only `finish_record` makes
    it whole. The seeds are read from the session's graph itself.

    `graph` is "port" or "original": which program built the graph.
    """
    random_ops = [op for op in session.graph.get_operations() if op.type == "TruncatedNormal"]
    return Record.model_construct(
        format=FORMAT,
        package=__version__,
        stack=this_stack(tf.VERSION, onednn()),
        execution=execution,
        graph=graph,
        graph_sha256=sha256(canonical(session.graph.as_graph_def())),
        graph_seed=int(random_ops[0].get_attr("seed")),
        op_seeds=[int(op.get_attr("seed2")) for op in random_ops],
        initial_variables_sha256=_variables_sha256(session),
        data=DataSet(**provenance(data.inputs.astype(int), draw)),
        epochs=0,
        test=TestSeries(epoch=[], error=[], squared_error=[]),
        train=TrainSeries(epoch=[], error=[]),
        prediction={},
        variables_sha256={},
        partial=False,
    )


def add_measurement(record: Record, measurement: Measurement) -> None:
    """Append an epoch's measurement to the record."""
    series = record.test if measurement.part == "test" else record.train
    series.epoch.append(measurement.epoch)
    series.error.append(exactly(measurement.error))
    if isinstance(series, TestSeries):
        series.squared_error.append(exactly(measurement.squared_error))
    record.epochs = measurement.epoch


def finish_record(record: Record, session: Any, network: Network) -> None:
    """Add what is known at the end: the prediction that the post shows, and the SHA-256 of every variable."""
    if record.data.sequence_length == len(MEASURED_SEQUENCE):
        record.prediction[MEASURED_SEQUENCE] = exactly(predict(session, network, MEASURED_SEQUENCE))
    record.variables_sha256 = _variables_sha256(session)


def _variables_sha256(session: Any) -> dict[str, str]:
    return {name: sha256(value.tobytes()) for name, value in variables(session).items()}


def train_run(
    built: tuple[Any, Network],
    data: Data,
    draw: int,
    epochs: int,
    *,
    graph: str = "port",
    execution: str = "fast",
    executions: Mapping[str, Execution] = EXECUTIONS,
    logdir: Path | None = None,
    record_file: Path | None = None,
    checkpoint: Path | None = None,
    report: Callable[[Measurement], None] = lambda measurement: None,
    is_stop_wanted: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda what: None,
) -> Run:
    """Train a network that `training.new_network` built, or `proof.original_graph.original_network`; return its `Run`.

    What is kept of it: event logs in a new folder below `logdir`, the record in `record_file` with the graph beside it,
    the variables in the folder `checkpoint`; None keeps nothing. `report` is called with every measurement as it is
    made; `note` with the name of each part that has been done, for a clock; `graph` and `execution` are as in `Record`,
    and `executions` has what trains in the way of that name.

    Once `is_stop_wanted()`, the run ends after that epoch: its record is `partial`, and it and the checkpoint go to
    files of that name, so that what was there stays. What cannot be written while or after the run costs no more than
    itself and is named in `failures`. Raises `OSError` if there can be no folder for the logs or the checkpoint, or if
    that holds the checkpoint of another kind of run, before anything is computed.
    """
    failures: list[str] = []
    if checkpoint:
        require_replaceable(checkpoint, Record)
    with (
        alone_in(checkpoint) if checkpoint else nullcontext(),
        new_session(built[0]) as session,
        event_logs(built[0], logs := new_run_folder(logdir) if logdir else None, failures) as log,
    ):
        network = built[1]
        session.run(network.initializer)
        record = begin_record(session, data, draw, graph, execution)
        graph_def = built[0].as_graph_def()  # now: what saves a checkpoint adds ops of its own
        note("graph")
        with closing(executions[execution](session, network, data, epochs)) as measurements:
            for measurement in measurements:
                log(measurement)
                add_measurement(record, measurement)
                report(measurement)
                if is_stop_wanted():
                    break
        note("training")
        finish_record(record, session, network)
        if record.epochs < epochs:
            record.partial = True
            record_file = record_file and record_file.with_suffix(".partial" + record_file.suffix)
            checkpoint = checkpoint and Path(f"{checkpoint.resolve()}.partial")
        if record_file and not _written(record_file, failures, lambda path: _write_record(path, record, graph_def)):
            record_file = None
        if checkpoint and not _written(checkpoint, failures, lambda path: _save(session, path, record)):
            checkpoint = None
    note("writing")
    return Run(record, logs, record_file, checkpoint, failures)


def train(
    graph_seed: int = DEFAULT_SEED,
    draw: int = TRAINED_DRAW,
    epochs: int = EPOCHS,
    sequence_length: int = SEQUENCE_LENGTH,
    **kept: Any,
) -> Run:
    """Train the port as the post does and return its `Run`; `kept` is what `train_run` takes by name.

    Raises `ValueError` if the data cannot be made, and `OSError` as `train_run`.
    """
    data = load_data(sequence_length, draw)
    return train_run(new_network(graph_seed, sequence_length), data, draw, epochs, **kept)


def _write_record(path: Path, record: Record, graph_def: Any) -> None:
    write_graph(path, graph_def)  # first, and beside that of the record that is there: a kill here costs neither
    write_model(path, record)
    remove_other_graphs(path, record.graph_sha256 or "")


def _save(session: Any, path: Path, record: Record) -> None:
    with alone_in(path, waits=True) if record.partial else nullcontext():  # the whole one's folder is ours already
        save_checkpoint(session, path, record)


def _written(path: Path, failures: list[str], write: Callable[[Path], None]) -> bool:
    try:
        write(path)
    except OSError as error:
        failures.append(f"{path} could not be written: {error.strerror or error}")
        return False
    return True
