"""The command play."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from compat_v1.cli.common import BadInput, sequence
from compat_v1.environment import import_tensorflow


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("play", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument(
        "sequence", type=sequence, metavar="SEQUENCE", nargs="?", help="default: ask for one after another"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object a sequence")
    command.add_argument("--checkpoint", type=Path, metavar="DIR", help="default: the project's own")


def run(args: argparse.Namespace) -> int:
    """Ask a network for the sum after each sign of a sequence, or of each line of the input."""
    import_tensorflow()
    from compat_v1.any_length import curriculum
    from compat_v1.any_length import play as game
    from compat_v1.training import new_session

    def show(sequence: str) -> None:
        played = game.play(session, network, sequence)
        print(json.dumps(played) if args.json else "\n".join(game.table(played["steps"])), flush=True)

    graph, network = curriculum.new_network(graph_seed=0, updates=1)  # neither matters to a trained network
    with new_session(graph) as session:
        try:
            curriculum.restore_weights(session, args.checkpoint or curriculum.CHECKPOINT)
            if args.sequence is not None:
                show(args.sequence)
                return 0
        except ValueError as error:
            raise BadInput(str(error)) from None
        stdin: Any = sys.stdin  # a TextIOWrapper, whatever typeshed allows
        stdin.reconfigure(errors="backslashreplace")  # what is no text is no sign either
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
