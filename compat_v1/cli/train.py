"""The command train."""

import sys
from contextlib import closing
from pathlib import Path

from compat_v1.cli.common import InputError, Stopwatch, integer, require_place_for, seed, stop_on_signal
from compat_v1.data_generator import TRAINED_DRAW
from compat_v1.environment import import_tensorflow
from compat_v1.original.record_format import DEFAULT_SEED, epoch_line, write_json


def add_to(commands):
    """Add the command to the parser's commands."""
    command = commands.add_parser("train", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument(
        "--draw", type=integer(1), default=TRAINED_DRAW, help="of the data: 5 is shown in the post, 1 is trained on"
    )
    command.add_argument("--epochs", type=integer(1), default=4000, help="default: %(default)s")
    command.add_argument("--sequence-length", type=integer(1), default=6, help="signs (default: %(default)s)")
    command.add_argument("--record", type=Path, metavar="FILE", help="write the measurements to this JSON file")
    command.add_argument(
        "--logdir", type=Path, metavar="DIR", default=Path("logs"), help="of the event logs (default: %(default)s)"
    )
    command.add_argument("--checkpoint", type=Path, metavar="DIR", help="keep the trained network in this folder")
    command.add_argument(
        "--execution",
        choices=("fast", "one-run", "post"),
        default="fast",
        help="post: two session runs an epoch, as the post has it; one-run: one, on the same graph; fast: one, on the"
        " graph without its loop (default); every bit is the same",
    )
    command.add_argument(
        "--graph",
        choices=("port", "original"),
        default="port",
        help="original: the graph that TensorFlow 1.0.1 wrote, in this TensorFlow (default: %(default)s)",
    )


def run(args):
    """Train the port: the post's lines on stdout, and what was asked for on disk."""
    watch = Stopwatch()
    import_tensorflow()
    import tensorflow.compat.v1 as tf

    from compat_v1 import training
    from compat_v1.checkpoints import save_checkpoint
    from compat_v1.graph import SEQUENCE_LENGTH
    from compat_v1.logs import PARTS, new_run_folder
    from compat_v1.proof.original_graph import original_network

    watch.note("importing TensorFlow")
    record_file, checkpoint = args.record, args.checkpoint
    require_place_for("--record", record_file)
    try:
        data = training.load_data(args.sequence_length, args.draw)
    except ValueError as error:
        raise InputError(str(error)) from None

    watch.note("data")
    if args.graph == "port":
        graph, network = training.new_network(args.seed, args.sequence_length)
    elif args.sequence_length == SEQUENCE_LENGTH:
        graph, network = original_network(args.seed)
    else:
        raise InputError(f"--graph original: the original's graph is made for {SEQUENCE_LENGTH} signs")
    record = training.empty_record(graph, data, args.draw, args.graph)
    try:
        if checkpoint:
            checkpoint.mkdir(parents=True, exist_ok=True)
        logs = new_run_folder(args.logdir)
    except OSError as error:
        raise InputError(f"{error.filename}: no folder could be made there: {error.strerror}") from None
    with graph.as_default():  # in eager mode, FileWriter refuses
        writers = {part: tf.summary.FileWriter(str(logs / part), graph, flush_secs=1) for part in PARTS}
    try:
        with training.new_session(graph) as session, stop_on_signal() as stop:
            session.run(network.initializer)
            watch.note("graph")
            with closing(training.EXECUTIONS[args.execution](session, network, data, args.epochs)) as measurements:
                for measurement in measurements:
                    writers[measurement.part].add_summary(measurement.summary, measurement.epoch - 1)
                    training.add_measurement(record, measurement)
                    if measurement.part == "test":
                        print(epoch_line(measurement.epoch, measurement.error, measurement.squared_error), flush=True)
                    if stop.is_wanted:
                        break
            watch.note("training")
            training.finish_record(record, session, network)
            stopped = record["epochs"] < args.epochs
            if stopped:  # what is whole stays: the part of a run goes beside it
                record["partial"] = True
                record_file = record_file and record_file.with_suffix(".partial" + record_file.suffix)
                checkpoint = checkpoint and Path(f"{checkpoint.resolve()}.partial")
            unwritten = []
            for path, write in (
                (record_file, lambda path: write_json(path, record)),
                (checkpoint, lambda path: save_checkpoint(session, path, record)),
            ):
                try:
                    if path:
                        write(path)
                except (OSError, tf.errors.OpError) as error:
                    unwritten.append(f"{path} could not be written: {error}")
            if unwritten:
                raise InputError("; ".join(unwritten))
    finally:
        for writer in writers.values():
            writer.close()
    watch.note("writing")
    for sequence, prediction in record["prediction"].items():
        print(sequence, prediction)
    for what, path in (("logs", logs), ("record", record_file), ("checkpoint", checkpoint)):
        if path:
            print(f"{what}: {path}")
    print(watch)
    if stopped:
        print(f"stopped after {record['epochs']} of {args.epochs} epochs", file=sys.stderr)
        return 130
    return 0
