"""The command beside."""

import argparse
import json
import sys
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_v1.cli.common import BadInput, integer, path, printable, require_place_for, seed, write
from compat_v1.environment import import_tensorflow

if TYPE_CHECKING:
    import numpy as np

LARGEST_FEEDS = 2**32  # bytes, unzipped
STATUS = {"equal": 0, "parted": 1, "not deterministic": 3}


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser(
        "beside",
        help=run.__doc__,
        description=run.__doc__,
        epilog="Exit status: 0 every bit equal, 1 parted, 2 bad input, 3 the old graph does not equal itself.",
    )
    command.set_defaults(run=run, guarded=lambda args: None)  # how long it takes, its updates say
    command.add_argument("old", metavar="OLD", type=path, help="the old program's graph, in any form that audit reads")
    command.add_argument("new", metavar="NEW", type=path, help="its port's graph")
    command.add_argument("--updates", type=integer(1), default=5, help="of each optimizer (default: 5)")
    command.add_argument("--feeds", type=path, metavar="FILE.npz", help="arrays by the old graph's tensors, x or x:0")
    command.add_argument("--seed", type=seed, default=0, help="of the feeds that are drawn (default: 0)")
    command.add_argument(
        "--size",
        type=_size,
        action="append",
        default=[],
        metavar="NAME=N",
        help="of the dimension that the input NAME leaves open, or NAME=N,M of two (default: 4)",
    )
    command.add_argument(
        "--checkpoint", type=path, metavar="PATH", help="start from its variables, not from the initial ones"
    )
    command.add_argument("--json", action="store_true", help="print JSON, for programs")
    command.add_argument("--html", type=path, metavar="FILE", help="write a page with the curve and the first tensors")


def _size(text: str) -> tuple[str, list[int]]:
    name, _, sizes = text.partition("=")
    if not name or not all(size.isdecimal() and int(size) for size in sizes.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME=N, N an integer from 1 up, or NAME=N,M")
    return name, [int(size) for size in sizes.split(",")]


def run(args: argparse.Namespace) -> int:
    """Run two graphs beside each other, from the same variables on the same feeds, and compare every bit."""
    require_place_for("--html", args.html, inputs=(args.old, args.new, args.feeds))
    import_tensorflow()
    from tqdm import tqdm

    from compat_v1.audit.reading import read_graph_def
    from compat_v1.beside import beside
    from compat_v1.beside.report import as_json, report

    with tqdm(desc="runs", leave=False, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        try:
            old, new = (read_graph_def(file, gone_too=True) for file in (args.old, args.new))
            result = beside(
                old, new, args.updates, _arrays(args.feeds), args.seed, dict(args.size), args.checkpoint, None, progress
            )
        except (OSError, ValueError) as error:
            raise BadInput(str(error)) from None
    if args.html:
        from compat_v1.beside.page import page

        write("--html", args.html, page(result, args.old, args.new))
    if args.json:
        print(json.dumps(as_json(result), indent=1))
    else:
        print(*map(printable, report(result)), sep="\n")
    return STATUS[result.verdict]


def _arrays(path: Path | None) -> "dict[str, np.ndarray] | None":
    import numpy as np
    import tensorflow as tf

    if path is None:
        return None
    try:
        if not path.is_file():
            raise ValueError("this is no regular file")
        with zipfile.ZipFile(path) as archive:
            claimed = sum(member.file_size for member in archive.infolist())
            if claimed > LARGEST_FEEDS:
                raise ValueError(f"it says that it holds more than {LARGEST_FEEDS >> 30} GiB")
        with np.load(path) as arrays:
            found = dict(arrays)
        if "recording.json" in found:
            raise ValueError("this is a recording, which the command replay takes")
        for name, value in found.items():
            if not isinstance(value, np.ndarray):
                raise ValueError(f"{name} is no array")
            tf.as_dtype(value.dtype)
    except (OSError, ValueError, AttributeError, TypeError, EOFError, MemoryError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile, zlib.error, tokenize.TokenError, SyntaxError) as error:  # fmt: skip
        raise BadInput(f"--feeds {path}: no .npz file of arrays: {error}") from None
    return found
