"""The command predict."""

from pathlib import Path

from compat_v1.cli.common import InputError, sequence
from compat_v1.data_generator import answer
from compat_v1.environment import import_tensorflow
from compat_v1.proof.golden import read_record


def add_to(commands):
    """Add the command to the parser's commands."""
    command = commands.add_parser("predict", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("sequence", type=sequence, metavar="SEQUENCE", help="signs + - 0 I, such as 00-+++")
    command.add_argument("--checkpoint", type=Path, metavar="DIR", required=True, help="written by train --checkpoint")


def run(args):
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
