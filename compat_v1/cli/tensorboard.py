"""The command tensorboard."""

import argparse
from pathlib import Path
from typing import Any

from compat_v1.cli.common import BadInput, integer, path, printable
from compat_v1.environment import import_tensorflow


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("tensorboard", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument(
        "--logdir",
        type=path,
        metavar="DIR",
        default=Path("logs"),
        help="its latest run is served (default: %(default)s)",
    )
    command.add_argument(
        "--port", type=integer(1, 2**16 - 1), default=6006, help="or the next that is free (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve TensorBoard with a run's logs and the original's side by side."""
    from compat_v1.logs import latest_run

    try:
        run = latest_run(args.logdir)
    except ValueError as error:
        raise BadInput(str(error)) from None
    import_tensorflow()
    from compat_v1.proof.tensorboard import serve

    print(f"run: {printable(str(run))}", flush=True)
    serve(run, args.port)
