"""The command recorder."""

import argparse
import sys
from importlib import resources
from typing import Any

from compat_v1.cli.common import path, printable, require_place_for, write


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("recorder", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("file", metavar="FILE", nargs="?", type=path, help="default: to standard output")


def run(args: argparse.Namespace) -> int:
    """Write the file that records a run of a TensorFlow 1 program: put it beside the program as tf1_recorder.py."""
    source = resources.files("compat_v1.recorder") / "tf1_recorder.py"
    if args.file is None:
        sys.stdout.write(source.read_text(encoding="utf-8"))
        return 0
    require_place_for("FILE", args.file)
    write("FILE", args.file, source.read_bytes())
    name = printable(args.file.stem)
    print(f"{printable(str(args.file))}: two lines at the top of the program record it:")
    print(f'    import {name}\n    {name}.record("run.npz", runs=100)')
    return 0
