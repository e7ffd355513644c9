"""The command train."""

import argparse
import sys
from pathlib import Path
from typing import Any

from compat_v1.cli.common import (
    BadInput,
    MachineFailed,
    Output,
    Status,
    Stopwatch,
    failed,
    integer,
    path,
    printable,
    require_place_for,
    seed,
    stop_on_signal,
)
from compat_v1.data_generator import TRAINED_DRAW
from compat_v1.environment import import_tensorflow
from compat_v1.original.record_format import DEFAULT_SEED, epoch_line
from compat_v1.records import MOST_EPOCHS


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("train", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument(
        "--draw", type=integer(1), default=TRAINED_DRAW, help="of the data: 5 is shown in the post, 1 is trained on"
    )
    command.add_argument("--epochs", type=integer(1, MOST_EPOCHS), default=4000, help="default: %(default)s")
    command.add_argument("--sequence-length", type=integer(1), default=6, help="signs (default: %(default)s)")
    command.add_argument("--record", type=path, metavar="FILE", help="write the measurements to this JSON file")
    command.add_argument(
        "--logdir", type=path, metavar="DIR", default=Path("logs"), help="of the event logs (default: %(default)s)"
    )
    command.add_argument("--checkpoint", type=path, metavar="DIR", help="keep the trained network in this folder")
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


def run(args: argparse.Namespace) -> int:
    """Train the port: the post's lines on stdout, and what was asked for on disk."""
    watch = Stopwatch()
    import_tensorflow()
    from compat_v1.run import train_run
    from compat_v1.training import EXECUTIONS, Measurement, load_data, new_network

    watch.note("importing TensorFlow")
    require_place_for("--record", args.record)
    try:
        data = load_data(args.sequence_length, args.draw)
        watch.note("data")
        if args.graph == "original":
            network, executions = _original(args.seed, args.sequence_length)
        else:
            network, executions = new_network(args.seed, args.sequence_length), EXECUTIONS
    except ValueError as error:
        raise BadInput(str(error)) from None

    output = Output()

    def report(measurement: Measurement) -> None:
        if measurement.part == "test":
            output.print(epoch_line(measurement.epoch, measurement.error, measurement.squared_error))

    with stop_on_signal() as stop:
        try:
            done = train_run(
                network,
                data,
                args.draw,
                args.epochs,
                graph=args.graph,
                execution=args.execution,
                executions=executions,
                logdir=args.logdir,
                record_file=args.record,
                checkpoint=args.checkpoint,
                report=report,
                is_stop_wanted=lambda: stop.is_wanted or bool(output.error),
                note=watch.note,
            )
        except OSError as error:
            raise failed(f"{error.filename}: no folder could be made there", error) from None
    for sequence, prediction in done.record.prediction.items():
        output.print(sequence, prediction)
    for what, place in (("logs", done.logs), ("record", done.record_file), ("checkpoint", done.checkpoint)):
        if place:
            output.print(f"{what}: {printable(str(place))}")
    output.print(watch)
    if done.failures:
        raise MachineFailed("; ".join(done.failures))
    output.end()
    if done.record.partial:
        print(f"stopped after {done.record.epochs} of {args.epochs} epochs", file=sys.stderr)
        return Status.STOPPED
    return Status.GOOD


def _original(graph_seed: int, sequence_length: int) -> tuple[tuple[Any, Any], Any]:
    """Return the original's graph with its network, and its executions: they bring the audit, which the port needs not.

    `ValueError` for a length that the graph is not made for.
    """
    from compat_v1.graph import SEQUENCE_LENGTH
    from compat_v1.proof.original_graph import ORIGINAL_EXECUTIONS, original_network

    if sequence_length != SEQUENCE_LENGTH:
        raise ValueError(f"--graph original: the original's graph is made for {SEQUENCE_LENGTH} signs")
    return original_network(graph_seed), ORIGINAL_EXECUTIONS
