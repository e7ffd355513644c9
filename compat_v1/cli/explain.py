"""The command explain."""

import argparse
from typing import Any

from compat_v1.cli.common import BadInput, Status, path, record_at
from compat_v1.cli.guarded import seconds_for
from compat_v1.environment import import_tensorflow
from compat_v1.proof.golden import OLD_STACKS


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("explain", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: seconds_for([args.record]))
    command.add_argument("record", type=path, metavar="RECORD", help="a JSON file written by train --record")
    command.add_argument("--against", choices=OLD_STACKS, default=OLD_STACKS[0], help="default: TensorFlow %(default)s")


def run(args: argparse.Namespace) -> int:
    """Say where a run leaves the original's: data, seeds, weights, arithmetic, losses."""
    record = record_at(args.record)
    import_tensorflow()
    from compat_v1.proof.explain import explain
    from compat_v1.proof.verdict import graph_beside

    try:
        for line in explain(record, args.against, graph_beside(args.record, record)):
            print(line, flush=True)
    except ValueError as error:
        raise BadInput(f"{args.record}: {error}") from None
    return Status.GOOD
