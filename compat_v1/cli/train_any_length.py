"""The command train-any-length."""

import argparse
import sys
from typing import Any

from tqdm import tqdm

from compat_v1.any_length.record import MOST_UPDATES, CurriculumRecord
from compat_v1.cli.common import BadInput, failed, integer, path, printable, seed, stop_on_signal
from compat_v1.environment import import_tensorflow
from compat_v1.original.record_format import DEFAULT_SEED


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("train-any-length", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument(
        "--checkpoint", type=path, metavar="DIR", required=True, help="keep the network and the run here"
    )
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument("--updates", type=integer(1, MOST_UPDATES), default=20000, help="default: %(default)s")


def run(args: argparse.Namespace) -> int:
    """Train a network that says the sum after each sign of any sequence; goes on with a run that was stopped."""
    import_tensorflow()
    from compat_v1.any_length import curriculum
    from compat_v1.checkpoints import alone_in
    from compat_v1.training import new_session

    def report(record: CurriculumRecord) -> None:
        done, loss, right = (series[-1] for _, series in record.measured)
        with tqdm.external_write_mode():  # the bar makes way
            print(f"update {done} of {record.updates} | loss {loss:.4f} | {right:.3%} of 100 sums right", flush=True)

    try:
        with alone_in(args.checkpoint):
            prefix, record = curriculum.run_in(args.checkpoint, args.seed, args.updates)
            graph, network, learning = curriculum.new_learning(args.seed, args.updates)
            with new_session(graph, inter_op_threads=1) as session, stop_on_signal() as stop:
                curriculum.begin(session, learning, prefix, record)
                # On a terminal alone: a log keeps the lines.
                with tqdm(total=args.updates, initial=record.done, unit="update", leave=False, disable=None) as bar:
                    curriculum.train(
                        session, network, learning, record, args.checkpoint, report, lambda: stop.is_wanted, bar.update
                    )
    except ValueError as error:
        raise BadInput(str(error)) from None
    except OSError as error:
        raise failed(f"--checkpoint {args.checkpoint}: a folder that can be written to is needed", error) from None
    print(f"checkpoint: {printable(str(args.checkpoint))}")
    if record.done < args.updates:
        print(f"stopped after {record.done} of {args.updates} updates; the same command goes on", file=sys.stderr)
        return 130
    return 0
