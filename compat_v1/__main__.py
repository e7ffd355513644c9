"""The command line: `python -m compat_v1 --help`. Exit status: 0 faithful, 1 not faithful, 2 usage or input."""

import argparse
import json
import re
import signal
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from compat_v1.environment import import_tensorflow
from compat_v1.recorded import read_record
from data_generator import TRAINED_DRAW, answer, encodeSequence
from original.records import DEFAULT_SEED, epoch_line, write_json

LARGEST_SEED = 2**31 - 2  # TensorFlow 2 reduces a graph seed modulo 2**31 - 1, TensorFlow 1 does not


class InputError(Exception):
    """What the user gave cannot be used; the message says why and what can."""


def train(args):
    """Train the port: the post's lines on stdout, and what was asked for on disk."""
    import_tensorflow()
    import tensorflow.compat.v1 as tf

    from compat_v1 import training
    from compat_v1.checkpoints import save_checkpoint

    record_file, checkpoint = args.record, args.checkpoint
    if record_file and (record_file.is_dir() or not record_file.parent.is_dir()):
        raise InputError(f"--record {record_file}: give a file in a folder that exists")
    for option, folder in (("--logdir", args.logdir), ("--checkpoint", checkpoint)):
        if folder and folder.exists() and not folder.is_dir():
            raise InputError(f"{option} {folder}: give a folder, this is a file")
    try:
        data = training.load_data(args.sequence_length, args.draw)
    except ValueError as error:
        raise InputError(str(error)) from None

    graph, network = training.new_network(args.seed, args.sequence_length)
    record = training.empty_record(graph, data, args.draw)
    logs = args.logdir / "selfmade_lstm" / str(datetime.now())  # the post's layout
    with graph.as_default():  # in eager mode, FileWriter refuses
        writers = {part: tf.summary.FileWriter(str(logs / part), graph, flush_secs=1) for part in ("train", "test")}
    try:
        with training.new_session(graph) as session, _stop_on_signal() as stop:
            session.run(network.initializer)
            for measurement in training.SCHEDULES[args.schedule](session, network, data, args.epochs):
                writers[measurement.part].add_summary(measurement.summary, measurement.epoch - 1)
                training.add_measurement(record, measurement)
                if measurement.part == "test":
                    print(epoch_line(measurement.epoch, measurement.error, measurement.squared_error), flush=True)
                if stop.is_wanted:
                    break
            training.finish_record(record, session, network)
            stopped = record["epochs"] < args.epochs
            if stopped:  # what is whole stays: the part of a run goes beside it
                record["partial"] = True
                record_file = record_file and record_file.with_suffix(".partial" + record_file.suffix)
                checkpoint = checkpoint and checkpoint.with_name(checkpoint.name + ".partial")
            if record_file:
                write_json(record_file, record)
            if checkpoint:
                save_checkpoint(session, checkpoint, record)
    finally:
        for writer in writers.values():
            writer.close()
    for sequence, prediction in record["prediction"].items():
        print(sequence, prediction)
    for what, path in (("logs", logs), ("record", record_file), ("checkpoint", checkpoint)):
        if path:
            print(f"{what}: {path}")
    if stopped:
        print(f"stopped after {record['epochs']} of {args.epochs} epochs", file=sys.stderr)
        return 130
    return 0


def verify(args):
    """Hold a record to the original and print the verdict."""
    try:
        record = read_record(args.record)
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
    import_tensorflow()
    from compat_v1.verdict import is_faithful, judge, table

    def progress(epoch):
        if epoch % 400 == 0:
            print(f"the original's graph: epoch {epoch} of {record['epochs']}", flush=True)

    try:
        rows = list(judge(record, progress))
    except ValueError as error:
        raise InputError(f"{args.record}: {error}") from None
    print(*table(rows), sep="\n")
    faithful = is_faithful(rows)
    print("FAITHFUL" if faithful else "NOT FAITHFUL")
    return 0 if faithful else 1


def predict(args):
    """Ask a trained network for the sum of one sequence."""
    import_tensorflow()
    from compat_v1 import training
    from compat_v1.checkpoints import load_record, restore

    try:
        prefix, record = load_record(args.checkpoint)
    except ValueError as error:
        raise InputError(str(error)) from None
    if "data" not in record:
        raise InputError(f"{args.checkpoint} holds a network for any length: play asks it")
    length = record["data"]["sequence_length"]
    if len(args.sequence) != length:
        raise InputError(
            f"{args.sequence} has the length {len(args.sequence)}: this network was trained on length {length}"
        )
    graph, network = training.new_network(record["graph_seed"], length)
    with training.new_session(graph) as session:
        try:
            restore(session, prefix)
        except ValueError as error:
            raise InputError(str(error)) from None
        prediction = training.predict(session, network, args.sequence)
    print(f"{args.sequence} {prediction} (right: {answer(args.sequence)})")
    return 0


def train_any_length(args):
    """Train a network that says the sum after each sign of any sequence; goes on with a run that was stopped."""
    import_tensorflow()
    from compat_v1 import any_length_training as training
    from compat_v1.training import new_session

    if args.checkpoint.exists() and not args.checkpoint.is_dir():
        raise InputError(f"--checkpoint {args.checkpoint}: give a folder, this is a file")

    def report(record):
        done, loss, right = (series[-1] for series in record["measured"].values())
        print(f"update {done} of {record['updates']} | loss {loss:.4f} | {right:.3%} of 100 sums right", flush=True)

    graph, network = training.new_network(args.seed, args.updates)
    with new_session(graph, inter_op_threads=1) as session, _stop_on_signal() as stop:
        try:
            record = training.begin(session, network, args.checkpoint, args.seed, args.updates)
        except ValueError as error:
            raise InputError(str(error)) from None
        training.train(session, network, record, args.checkpoint, report, lambda: stop.is_wanted)
    print(f"checkpoint: {args.checkpoint}")
    if record["done"] < args.updates:
        print(f"stopped after {record['done']} of {args.updates} updates; the same command goes on", file=sys.stderr)
        return 130
    return 0


def play(args):
    """Ask a network for the sum after each sign of a sequence, or of each line of the input."""
    import_tensorflow()
    from compat_v1 import any_length_training as training
    from compat_v1 import play as game
    from compat_v1.training import new_session

    def show(sequence):
        played = game.play(session, network, sequence)
        print(json.dumps(played) if args.json else "\n".join(game.table(played["steps"])), flush=True)

    graph, network = training.new_network(graph_seed=0, updates=1)  # neither matters to a trained network
    with new_session(graph) as session:
        try:
            training.restore_weights(session, args.checkpoint or training.CHECKPOINT)
            if args.sequence is not None:
                show(args.sequence)
                return 0
        except ValueError as error:
            raise InputError(str(error)) from None
        sys.stdin.reconfigure(errors="backslashreplace")  # what is no text is no sign either
        prompt = f"Signs + - 0 I, up to {game.LONGEST} of them; Ctrl-D ends: " if sys.stdin.isatty() else ""
        while True:
            try:
                show(input(prompt).strip())
            except ValueError as error:
                print(f"error: {error}", file=sys.stderr, flush=True)
            except (EOFError, KeyboardInterrupt) as end:
                if prompt:
                    print()
                return 0 if isinstance(end, EOFError) else 130


class _Stop:
    is_wanted = False


@contextmanager
def _stop_on_signal():
    """Turn the first Ctrl-C or SIGTERM into a wish to stop after the epoch; the second does what it always does."""
    stop = _Stop()
    before = {}

    def want_stop(number, frame):
        stop.is_wanted = True
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, want_stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _integer(lowest, highest=None):
    allowed = f"integers from {lowest} " + (f"to {highest}" if highest else "up")

    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if number < lowest or (highest and number > highest):
            raise argparse.ArgumentTypeError(f"{text!r}: {allowed} are allowed")
        return number

    return parse


def _sequence(text):
    text = text.removeprefix(" ")  # see _mark_signs
    try:
        encodeSequence(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _mark_signs(argv):
    """Put a space before a sequence that begins with `-`, so that argparse does not take it for an option.

    A bare `--` is the separator, unless there is nothing that it could separate: then it is the sequence.
    """
    if argv[:1] not in (["predict"], ["play"]):
        return argv
    marked = [" " + word if re.fullmatch(r"-[-+0I]*", word) and word != "--" else word for word in argv]
    if "--" in argv and not any(re.fullmatch(r" ?[-+0I]+", word) and word != "--" for word in marked):
        last = len(argv) - 1 - argv[::-1].index("--")
        if last == len(argv) - 1 or argv[last + 1].startswith("--"):
            marked[last] = " --"
    return marked


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m compat_v1",
        description="The handmade LSTM of 2017 on today's TensorFlow, held to the original.",
        epilog="Exit status: 0 faithful, 1 not faithful, 2 usage or input, 130 stopped by Ctrl-C.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("train", help=train.__doc__, description=train.__doc__)
    command.set_defaults(run=train)
    seed = _integer(0, LARGEST_SEED)
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument(
        "--draw", type=_integer(1), default=TRAINED_DRAW, help="of the data: 5 is shown in the post, 1 is trained on"
    )
    command.add_argument("--epochs", type=_integer(1), default=4000, help="default: %(default)s")
    command.add_argument("--sequence-length", type=_integer(1), default=6, help="signs (default: %(default)s)")
    command.add_argument("--record", type=Path, metavar="FILE", help="write the measurements to this JSON file")
    command.add_argument(
        "--logdir", type=Path, metavar="DIR", default=Path("logs"), help="of the event logs (default: %(default)s)"
    )
    command.add_argument("--checkpoint", type=Path, metavar="DIR", help="keep the trained network in this folder")
    command.add_argument(
        "--schedule",
        choices=("fast", "post"),
        default="fast",
        help="post: two session runs an epoch, as the post has it; fast: one, with every bit the same (default)",
    )

    command = commands.add_parser("verify", help=verify.__doc__, description=verify.__doc__)
    command.set_defaults(run=verify)
    command.add_argument("record", metavar="RECORD", help="a JSON file written by train --record")

    command = commands.add_parser("predict", help=predict.__doc__, description=predict.__doc__)
    command.set_defaults(run=predict)
    command.add_argument("sequence", type=_sequence, metavar="SEQUENCE", help="signs + - 0 I, such as 00-+++")
    command.add_argument("--checkpoint", type=Path, metavar="DIR", required=True, help="written by train --checkpoint")

    command = commands.add_parser("play", help=play.__doc__, description=play.__doc__)
    command.set_defaults(run=play)
    command.add_argument(
        "sequence", type=_sequence, metavar="SEQUENCE", nargs="?", help="default: ask for one after another"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object a sequence")
    command.add_argument("--checkpoint", type=Path, metavar="DIR", help="default: the project's own")

    command = commands.add_parser(
        "train-any-length", help=train_any_length.__doc__, description=train_any_length.__doc__
    )
    command.set_defaults(run=train_any_length)
    command.add_argument(
        "--checkpoint", type=Path, metavar="DIR", required=True, help="keep the network and the run here"
    )
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument("--updates", type=_integer(1), default=60000, help="default: %(default)s")
    return parser


def main(argv=None):
    """Run the command line `argv` (default: the process's) and return its exit status."""
    args = _parser().parse_args(_mark_signs(list(sys.argv[1:] if argv is None else argv)))
    try:
        return args.run(args)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
