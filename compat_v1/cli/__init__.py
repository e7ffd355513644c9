"""The command line: `python -m compat_v1 --help`. A file a command; this one parses and turns errors into statuses."""

import argparse
import io
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

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
from compat_v1.cli.common import (
    STATUSES,
    BadInput,
    Failure,
    MachineFailed,
    Status,
    close_output,
    failed,
    printable,
    stopped_by_sigterm,
)
from compat_v1.cli.guarded import run_guarded

COMMANDS = (
    *(reproduce, train, verify, explain, predict, tensorboard),
    *(audit, beside, recorder, replay),
    *(play, train_any_length, study),
)


LONGEST_LINE = 1000  # characters of a message: a word of the command line may have as many as it likes


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; {self.prog} --help says what is allowed")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks ends no command
    words = list(sys.argv[1:] if argv is None else argv)
    return _status(lambda: _run(_parser().parse_args(_mark_signs(_checked(words)))))


def _checked(argv: list[str]) -> list[str]:
    """Return the words; `BadInput` for `--option=--`, of which some Pythons' argparse makes an empty list."""
    for word in argv[: argv.index("--") if "--" in argv else None]:
        if re.fullmatch(r"--[^=]+=--", word):
            raise BadInput(f"argument {word[:-3]}: -- is no value; write ./-- for a file of that name")
    return argv


def _run(args: argparse.Namespace) -> int:
    def run() -> int:
        status: int = args.run(args)
        if sys.stdout:
            sys.stdout.flush()  # here: what Python cannot write when it ends, it says with a traceback
        return status

    limit = getattr(args, "guarded", None)
    return run_guarded(lambda: _status(run), limit(args)) if limit else run()


def _status(run: Callable[[], int]) -> int:
    """Return the exit status of `run`, whatever it raises, with a line on stderr about it."""
    try:
        with stopped_by_sigterm():
            return run()
    except Failure as failure:
        return _fail(failure)
    except MemoryError:
        return _fail(MachineFailed("this takes more memory than the machine gives"))
    except KeyboardInterrupt:  # before there was anything to keep
        _say("stopped")
        return Status.STOPPED
    except BrokenPipeError:  # the reader of the output has seen enough; nothing more must be written to it
        close_output()
        return Status.CLOSED_PIPE
    except OSError as error:  # of a file or a disk that no command has a better word for
        close_output()
        return _fail(failed(str(error.filename or "input or output failed"), error))


def _fail(failure: Failure) -> int:
    line = f"error: {printable(str(failure))}"
    _say(line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}")
    return failure.status


def _say(line: str) -> None:
    with suppress(OSError):  # nobody listens: the status says it
        print(line, file=sys.stderr, flush=True)
