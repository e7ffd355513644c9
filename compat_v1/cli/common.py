"""What the commands share: their errors, the types of their arguments, clocks and signals."""

import argparse
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any

from compat_v1.data_generator import encodeSequence
from compat_v1.original.record_format import write_whole
from compat_v1.records import LARGEST_SEED, Record, read_record


class Status(IntEnum):
    """How a command ends; `STATUSES` is the same for people."""

    GOOD = 0
    NOT_FAITHFUL = 1
    BAD_INPUT = 2
    CHANGED = 3
    MACHINE_FAILED = 74  # sysexits.h: input or output failed
    STOPPED = 130
    CLOSED_PIPE = 141


STATUSES = """exit status:
  0    faithful, or done
  1    not faithful
  2    what was given cannot be used, or nothing of it could be judged
  3    numbers changed, or a program is not deterministic
  74   the machine failed: disk or memory
  130  stopped by Ctrl-C or SIGTERM
  141  the reader of the output went away"""

_MACHINES_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}


class Failure(Exception):
    """A command ends with this message and this exit status."""

    status: Status


class BadInput(Failure):
    """What the user gave cannot be used; the message says why and what can."""

    status = Status.BAD_INPUT


class MachineFailed(Failure):
    """The disk or the memory failed; the message says where, and what was kept."""

    status = Status.MACHINE_FAILED


def failed(message: str, error: OSError) -> Failure:
    """Return the failure to raise for an error of the file system: what was named is bad, or the machine failed."""
    is_machines = error.errno in _MACHINES_ERRORS
    return (MachineFailed if is_machines else BadInput)(f"{message}: {error.strerror or error}")


def printable(text: str) -> str:
    """Return the text with what would move a terminal's cursor, or break an encoding, as escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def close_output() -> None:
    """Send what Python still holds of the output to nowhere: it would try once more when it ends."""
    with suppress(AttributeError, OSError, ValueError):  # closed already, or no file of the system
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def require_place_for(option: str, file: Path | None, inputs: Iterable[str | Path | None] = ()) -> None:
    """Refuse a file that cannot be written: its folder is missing or closed, or it is none, such as a device.

    Neither may it be one of the `inputs`, which would be lost.
    """
    if not file:
        return
    if any(is_same_file(file, one) for one in inputs if one):
        raise BadInput(f"{option} {file}: this is what is read, give another file")
    try:
        place = Path(os.path.realpath(file))
        is_taken = place.is_symlink() or (place.exists() and not place.is_file())  # a link still: a loop of them
        has_folder = os.access(place.parent, os.W_OK | os.X_OK)
    except (OSError, ValueError):  # a name that the file system does not take
        is_taken = has_folder = False
    if is_taken:
        raise BadInput(f"{option} {file}: this is no regular file, give a file in a folder that exists")
    if not has_folder or not place.parent.is_dir():
        raise BadInput(f"{option} {file}: give a file in a folder that exists and can be written to")


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Return whether two paths lead to one file that is there."""
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def write(option: str, file: Path, content: str | bytes) -> None:
    """Write a file that an option names, whole or not at all."""
    try:
        write_whole(str(file), content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise failed(f"{option} {file} could not be written", error) from None


def record_at(path: str | Path) -> Record:
    """Read a record that the user named."""
    try:
        return read_record(path)
    except (OSError, ValueError) as error:
        raise BadInput(str(error)) from None


class Output:
    """Prints lines as they come, until the output takes no more: what else is done need not be lost with it."""

    def __init__(self) -> None:
        self.error: OSError | None = None

    def print(self, *values: object) -> None:
        """Print as the built-in; once the output has failed, nothing."""
        if self.error is None:
            try:
                print(*values, flush=True)
            except OSError as error:
                self.error = error

    def end(self) -> None:
        """Raise what happened to the output: `BrokenPipeError` if its reader went away."""
        if isinstance(self.error, BrokenPipeError):
            raise self.error
        if self.error:
            close_output()
            raise failed("the output could not be written", self.error)


class Stopwatch:
    """Notes where the time goes; as text, what took how long."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._notes: list[str] = []

    def note(self, what: str) -> None:
        """Call what has passed since the last note `what`."""
        now = time.perf_counter()
        self._notes.append(f"{what} {now - self._last:.1f} s")
        self._last = now

    def __str__(self) -> str:
        return "time: " + ", ".join(self._notes)


class _Stop:
    is_wanted = False


@contextmanager
def stop_on_signal() -> Iterator[_Stop]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop after the epoch; the second does what it always does."""
    stop = _Stop()
    before: dict[int, Any] = {}

    def want_stop(number: int, frame: FrameType | None) -> None:
        stop.is_wanted = True
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, want_stop)
    try:
        yield stop
    finally:
        for signal_number, handler in before.items():
            signal.signal(signal_number, handler)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does; in other threads than the main one, Python has no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def integer(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Return what reads an argument as an integer of that range."""
    allowed = f"integers from {lowest} " + (f"to {highest}" if highest else "up")

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if number < lowest or (highest and number > highest):
            raise argparse.ArgumentTypeError(f"{text[:60]!r}: {allowed} are allowed")
        return number

    return parse


def path(text: str) -> Path:
    """Read an argument as a path."""
    try:
        is_name = b"\0" not in os.fsencode(text) and bool(text)
    except UnicodeEncodeError:
        is_name = False
    if not is_name:
        raise argparse.ArgumentTypeError(f"{text!r}: no file has this name")
    return Path(text)


def sequence(text: str) -> str:
    """Read an argument as a string of signs."""
    text = text.removeprefix(" ")  # see _mark_signs
    try:
        encodeSequence(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


seed = integer(0, LARGEST_SEED)
