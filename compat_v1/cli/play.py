"""The command play."""

import argparse
import codecs
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from compat_v1.cli.common import BadInput, path, sequence
from compat_v1.data_generator import encodeSequence
from compat_v1.environment import import_tensorflow

BLOCK = 2**16  # bytes that are read at once, at most


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("play", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: None)  # how long it takes, who plays says
    command.add_argument(
        "sequence",
        type=sequence,
        metavar="SEQUENCE",
        nargs="?",
        help="default: ask for one after another; '-', where the input is a pipe or a file: all of it is one sequence, "
        "which is answered as it comes",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object a sequence; of '-', one a sign")
    whose = command.add_mutually_exclusive_group()
    whose.add_argument("--checkpoint", type=path, metavar="DIR", help="default: the project's own")
    whose.add_argument(
        "--weights", choices=("trained", "hand"), default="trained", help="'hand': those that nobody trained"
    )


def run(args: argparse.Namespace) -> int:
    """Ask a network for the sum after each sign of a sequence, or of each line of the input."""
    import_tensorflow()
    from compat_v1.any_length import by_hand, curriculum, play
    from compat_v1.training import new_session

    def show(sequence: str) -> None:
        steps = play.play(session, network, [sequence])
        print_lines([json.dumps({"steps": list(steps)})] if args.json else play.table(steps))

    graph, network = curriculum.new_network()
    with new_session(graph) as session:
        try:
            if args.weights == "hand":
                by_hand.give_weights(session)
            else:
                curriculum.restore_weights(session, args.checkpoint or curriculum.CHECKPOINT)
            if args.sequence == "-" and _input_is_pipe_or_file():
                steps = play.play(session, network, _input())
                print_lines(map(json.dumps, steps) if args.json else play.table(steps))
            elif args.sequence is not None:
                show(args.sequence)
            else:
                return _ask(show)
        except ValueError as error:
            raise BadInput(str(error)) from None
    return 0


def print_lines(lines: Iterable[str]) -> None:
    """Print each line at once: whoever feeds a pipe sign by sign waits for the answer."""
    for line in lines:
        print(line, flush=True)


def _ask(show: Callable[[str], None]) -> int:
    if sys.stdin is None:
        raise BadInput("the input is closed: give a sequence")
    stdin: Any = sys.stdin  # a TextIOWrapper, whatever typeshed allows
    stdin.reconfigure(errors="backslashreplace")  # what is no text is no sign either
    prompt = "Signs + - 0 I, as many as you like; Ctrl-D ends: " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
            encodeSequence(line)  # all of it, before anything is shown
            show(line)
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
        except (EOFError, KeyboardInterrupt) as end:
            if prompt:
                print()
            return 0 if isinstance(end, EOFError) else 130


def _input_is_pipe_or_file() -> bool:
    """Return whether `-` can mean the input: at a terminal, or with no input, it is the sign."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError):  # closed, or no file of the system
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _input() -> Iterator[str]:
    """Yield the input's text as it comes, without its line ends."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    stdin: Any = sys.stdin.buffer
    while block := stdin.read1(BLOCK):
        yield decoder.decode(block).replace("\n", "").replace("\r", "")
    yield decoder.decode(b"", final=True)
