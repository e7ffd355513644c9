"""The command line: `python -m compat_v1 --help`. A file a command; this one parses and turns errors into statuses."""

import argparse
import os
import re
import sys
from collections.abc import Sequence

from compat_v1 import __version__
from compat_v1.cli import (
    audit,
    beside,
    explain,
    play,
    predict,
    recorder,
    replay,
    reproduce,
    study,
    tensorboard,
    train,
    train_any_length,
    verify,
)
from compat_v1.cli.common import STATUSES, Failure, Status, printable

COMMANDS = (
    *(reproduce, train, verify, explain, predict, tensorboard),
    *(audit, beside, recorder, replay),
    *(play, train_any_length, study),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compat_v1",
        description="The handmade LSTM of 2017 on today's TensorFlow, held to the original.",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"selfmade-lstm {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def _mark_signs(argv: list[str]) -> list[str]:
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's) and return its exit status."""
    args = _parser().parse_args(_mark_signs(list(sys.argv[1:] if argv is None else argv)))
    try:
        status: int = args.run(args)
        return status
    except Failure as failure:
        print(f"error: {printable(str(failure))}", file=sys.stderr)
        return failure.status
    except MemoryError:
        print("error: this takes more memory than the machine gives", file=sys.stderr)
        return Status.MACHINE_FAILED
    except KeyboardInterrupt:  # before there was anything to keep
        print("stopped", file=sys.stderr)
        return Status.STOPPED
    except BrokenPipeError:  # the reader of the output has seen enough; nothing more must be written to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.CLOSED_PIPE
