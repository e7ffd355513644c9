"""The command line: `python -m compat_v1 --help`. Exit status: 0 faithful, 1 not faithful, 2 usage or input."""

import argparse
import json
import os
import re
import signal
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

from compat_v1.environment import import_tensorflow
from compat_v1.recorded import OLD_STACKS, read_record
from data_generator import TRAINED_DRAW, answer, encodeSequence
from original.records import DEFAULT_SEED, epoch_line, write_json

LARGEST_SEED = 2**31 - 2  # TensorFlow 2 reduces a graph seed modulo 2**31 - 1, TensorFlow 1 does not


class InputError(Exception):
    """What the user gave cannot be used; the message says why and what can."""


def train(args):
    """Train the port: the post's lines on stdout, and what was asked for on disk."""
    watch = _Stopwatch()
    import_tensorflow()
    import tensorflow.compat.v1 as tf

    from compat_v1 import training
    from compat_v1.checkpoints import save_checkpoint
    from compat_v1.graph import SEQUENCE_LENGTH
    from compat_v1.logs import PARTS, new_run_folder
    from compat_v1.original_graph import original_network

    watch.note("importing TensorFlow")
    record_file, checkpoint = args.record, args.checkpoint
    _require_place_for("--record", record_file)
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
        with training.new_session(graph) as session, _stop_on_signal() as stop:
            session.run(network.initializer)
            watch.note("graph")
            with closing(training.SCHEDULES[args.schedule](session, network, data, args.epochs)) as measurements:
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


def _require_place_for(option, file):
    try:
        is_good = not file or (file.parent.is_dir() and not file.is_dir())
    except OSError:  # a name that the file system does not take
        is_good = False
    if not is_good:
        raise InputError(f"{option} {file}: give a file in a folder that exists")


def verify(args):
    """Hold a record to the original and print the verdict."""
    record = _record(args.record)
    _require_place_for("--report", args.report)
    if args.report and args.report.resolve() in {Path(path).resolve() for path in (args.record, args.original) if path}:
        raise InputError(f"--report {args.report}: this is a record, give another file")
    watch = _Stopwatch()
    import_tensorflow()
    from compat_v1.verdict import NOT_FAITHFUL, NOT_JUDGED, judge, table, verdict

    watch.note("importing TensorFlow")
    beside = _record(args.original) if args.original else None  # from a pipe, it may be long in coming
    watch.note("the original's record")

    def progress(epoch):
        if epoch % 400 == 0:
            print(f"the original's graph: epoch {epoch} of {record['epochs']}", flush=True)

    try:
        rows = list(judge(record, beside, progress))
    except ValueError as error:
        raise InputError(f"{args.record}: {error}") from None
    print(*table(rows), sep="\n")
    watch.note("verdict")
    print(watch)
    result = verdict(rows)
    print(result.upper())
    if args.report:
        from compat_v1.report import write_report

        try:
            write_report(args.report, record, rows)
        except OSError as error:
            raise InputError(f"--report {args.report}: {error}") from None
        print(f"report: {args.report}")
    if result == NOT_JUDGED:
        raise InputError(f"{args.record}: nothing that this run measured could be held to the original")
    return 1 if result == NOT_FAITHFUL else 0


def predict(args):
    """Ask a trained network for the sum of one sequence."""
    import_tensorflow()
    from compat_v1 import training
    from compat_v1.checkpoints import load_record, restore

    try:
        prefix, record = load_record(args.checkpoint)
        if "data" not in record:
            raise InputError(f"{args.checkpoint} holds a network for any length: play asks it")
        length = read_record(f"{prefix}.json")["data"]["sequence_length"]
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
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


def tensorboard(args):
    """Serve TensorBoard with a run's logs and the original's side by side."""
    from compat_v1.logs import latest_run

    try:
        run = latest_run(args.logdir)
    except ValueError as error:
        raise InputError(str(error)) from None
    import_tensorflow()
    from compat_v1.board import serve

    print(f"run: {run}", flush=True)
    serve(run, args.port)


def explain(args):
    """Say where a run leaves the original's: data, seeds, weights, arithmetic, losses."""
    record = _record(args.record)
    import_tensorflow()
    from compat_v1.explain import explain

    try:
        for line in explain(record, args.against):
            print(line, flush=True)
    except ValueError as error:
        raise InputError(f"{args.record}: {error}") from None
    return 0


def audit(args):
    """Compare two graphs node by node; without arguments, that of TensorFlow 1.0.1 with the port's."""
    if len(args.graphs) not in (0, 2):
        raise InputError("audit takes two graphs, the original's and the port's, or none")
    import_tensorflow()
    from compat_v1 import original_graph
    from compat_v1.audit import audit, report
    from compat_v1.graph_index import read_graph_def

    if args.graphs:
        try:
            result = audit(*(read_graph_def(path) for path in args.graphs))
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from None
        stale = []
    else:
        result = original_graph.audit_port()
        stale = result.unused_rules
    faithful = result.is_faithful and not stale
    if args.json:
        content = {**result._asdict(), "totals": result.totals, "unused_rules": stale, "faithful": faithful}
        content["replaced"] = [sorted(names) for names in result.replaced]
        content["differences"] = [difference._asdict() for difference in result.differences]
        print(json.dumps(content, indent=1))
    else:
        print(*report(result, args.verbose), sep="\n")
        for rule in stale:
            print(f"RULE WITHOUT USE: {rule} explained nothing")
        print("FAITHFUL" if faithful else "NOT FAITHFUL")
    return 0 if faithful else 1


def _record(path):
    try:
        return read_record(path)
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None


class _Stopwatch:
    """Notes where the time goes; as text, what took how long."""

    def __init__(self):
        self._last, self._notes = time.perf_counter(), []

    def note(self, what):
        """Call what has passed since the last note `what`."""
        now = time.perf_counter()
        self._notes.append(f"{what} {now - self._last:.1f} s")
        self._last = now

    def __str__(self):
        return "time: " + ", ".join(self._notes)


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

    graph, network = training.new_network(args.seed, args.updates, training.SETTINGS["batch"])
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

    command = commands.add_parser("verify", help=verify.__doc__, description=verify.__doc__)
    command.set_defaults(run=verify)
    command.add_argument("record", metavar="RECORD", help="a JSON file written by train --record")
    command.add_argument("--report", type=Path, metavar="FILE", help="write a page for people to this HTML file")
    command.add_argument(
        "--original",
        metavar="RECORD",
        help="of the same run, written by train --graph original; without it, that graph is trained now",
    )

    command = commands.add_parser("explain", help=explain.__doc__, description=explain.__doc__)
    command.set_defaults(run=explain)
    command.add_argument("record", metavar="RECORD", help="a JSON file written by train --record")
    command.add_argument("--against", choices=OLD_STACKS, default=OLD_STACKS[0], help="default: TensorFlow %(default)s")

    command = commands.add_parser("audit", help=audit.__doc__, description=audit.__doc__)
    command.set_defaults(run=audit)
    command.add_argument(
        "graphs", metavar="GRAPH", nargs="*", help="ORIGINAL PORT: .pb or .pbtxt, or .gz, or event file"
    )
    command.add_argument("--verbose", action="store_true", help="print every pair")
    command.add_argument("--json", action="store_true", help="print JSON, for programs")

    command = commands.add_parser("predict", help=predict.__doc__, description=predict.__doc__)
    command.set_defaults(run=predict)
    command.add_argument("sequence", type=_sequence, metavar="SEQUENCE", help="signs + - 0 I, such as 00-+++")
    command.add_argument("--checkpoint", type=Path, metavar="DIR", required=True, help="written by train --checkpoint")

    command = commands.add_parser("tensorboard", help=tensorboard.__doc__, description=tensorboard.__doc__)
    command.set_defaults(run=tensorboard)
    command.add_argument(
        "--logdir",
        type=Path,
        metavar="DIR",
        default=Path("logs"),
        help="its latest run is served (default: %(default)s)",
    )
    command.add_argument(
        "--port", type=_integer(1, 2**16 - 1), default=6006, help="or the next that is free (default: %(default)s)"
    )

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
    command.add_argument("--updates", type=_integer(1), default=65000, help="default: %(default)s")
    return parser


def main(argv=None):
    """Run the command line `argv` (default: the process's) and return its exit status."""
    args = _parser().parse_args(_mark_signs(list(sys.argv[1:] if argv is None else argv)))
    try:
        return args.run(args)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before there was anything to keep
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of the output has seen enough; nothing more must be written to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
