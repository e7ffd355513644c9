"""The command predict."""

import argparse
from typing import Any

from compat_v1.cli.common import BadInput, path, sequence
from compat_v1.cli.guarded import seconds_for
from compat_v1.data_generator import answer
from compat_v1.environment import import_tensorflow
from compat_v1.records import Record


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("predict", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: seconds_for([]))
    command.add_argument("sequence", type=sequence, metavar="SEQUENCE", help="signs + - 0 I, such as 00-+++")
    command.add_argument("--checkpoint", type=path, metavar="DIR", required=True, help="written by train --checkpoint")


def run(args: argparse.Namespace) -> int:
    """Ask a trained network for the sum of one sequence."""
    import_tensorflow()
    from compat_v1 import training
    from compat_v1.any_length.curriculum import holds_any_length
    from compat_v1.checkpoints import load_record, restore

    try:
        prefix, record = load_record(args.checkpoint, Record)
    except ValueError as error:
        if holds_any_length(args.checkpoint):
            raise BadInput(f"{args.checkpoint} holds a network for any length: play asks it") from None
        raise BadInput(str(error)) from None
    length = record.data.sequence_length
    if len(args.sequence) != length:
        raise BadInput(
            f"{args.sequence} has the length {len(args.sequence)}: this network was trained on length {length}"
        )
    graph, network = training.new_network(record.graph_seed, length)
    with training.new_session(graph) as session:
        try:
            restore(session, prefix)
        except ValueError as error:
            raise BadInput(str(error)) from None
        prediction = training.predict(session, network, args.sequence)
    print(f"{args.sequence} {prediction} (right: {answer(args.sequence)})")
    return 0
