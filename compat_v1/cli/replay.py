"""The command replay."""

import argparse
import json
import zipfile
from typing import Any

from tqdm import tqdm

from compat_v1.cli.common import BadInput, path, printable, require_place_for, write
from compat_v1.environment import import_tensorflow


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("replay", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: None)  # how long it takes, the recording says
    command.add_argument(
        "recording", type=path, metavar="RECORDING", help="what the recorder wrote beside the old program"
    )
    command.add_argument(
        "new", type=path, metavar="NEW", help="the port: a graph as audit reads it, or a recording of it"
    )
    command.add_argument("--scale", type=path, metavar="RECORDING", help="of the old program under another old release")
    command.add_argument("--plot", type=path, metavar="FILE", help="draw how far runs part, to this PNG file")
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(args: argparse.Namespace) -> int:
    """Replay a recording beside the port: say whether they are equal, and if not, where they part and why."""
    require_place_for("--plot", args.plot, inputs=(args.recording, args.new, args.scale))
    import_tensorflow()
    from compat_v1.audit.reading import read_graph_def
    from compat_v1.recorder.explanation import explain
    from compat_v1.recorder.recording import read_recording

    try:
        recording = read_recording(args.recording)
        scale = read_recording(args.scale) if args.scale else None
        port = read_recording(args.new) if args.new.is_file() and zipfile.is_zipfile(args.new) else None
        graph_def = port.graph_def if port else read_graph_def(args.new)
        with tqdm(total=len(recording.content.runs), desc="runs", disable=None, leave=False) as bar:

            def progress(number: int) -> None:
                if number == 1:  # a second time, without the graph optimizer
                    bar.reset()
                bar.update()

            found = explain(recording, graph_def, port, scale, progress)
    except (OSError, ValueError) as error:
        raise BadInput(str(error)) from None
    if args.plot:
        from compat_v1.recorder.curves import draw

        write("--plot", args.plot, draw(found))
    if args.json:
        content = found._asdict()
        content["curves"] = {  # JSON knows no infinity
            what: ["infinite" if far == float("inf") else far for far in curve] for what, curve in found.curves.items()
        }
        print(json.dumps(content, indent=1, allow_nan=False))
    else:
        print(*map(printable, found.lines), found.verdict.upper(), sep="\n")
    return found.status
