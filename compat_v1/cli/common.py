"""What the commands share: their errors, the types of their arguments, clocks and signals."""

import argparse
import signal
import time
from contextlib import contextmanager

from compat_v1.data_generator import encodeSequence
from compat_v1.proof.golden import read_record


class InputError(Exception):
    """What the user gave cannot be used; the message says why and what can."""


def require_place_for(option, file):
    try:
        is_good = not file or (file.parent.is_dir() and not file.is_dir())
    except OSError:  # a name that the file system does not take
        is_good = False
    if not is_good:
        raise InputError(f"{option} {file}: give a file in a folder that exists")


def record_at(path):
    try:
        return read_record(path)
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None


class Stopwatch:
    """Notes where the time goes; as text, what took how long."""

    def __init__(self):
        self._last, self._notes = time.perf_counter(), []

    def note(self, what):
        """Call what has passed since the last note `what`."""
        now = time.perf_counter()
        self._notes.append(f"{what} {now - self._last:.1f} s")
        self._last = now

    def __str__(self):
        return "time: " + ", ".join(self._notes)


class _Stop:
    is_wanted = False


@contextmanager
def stop_on_signal():
    """Turn the first Ctrl-C or SIGTERM into a wish to stop after the epoch; the second does what it always does."""
    stop = _Stop()
    before = {}

    def want_stop(number, frame):
        stop.is_wanted = True
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, want_stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


LARGEST_SEED = 2**31 - 2  # TensorFlow 2 reduces a graph seed modulo 2**31 - 1, TensorFlow 1 does not


def integer(lowest, highest=None):
    allowed = f"integers from {lowest} " + (f"to {highest}" if highest else "up")

    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if number < lowest or (highest and number > highest):
            raise argparse.ArgumentTypeError(f"{text!r}: {allowed} are allowed")
        return number

    return parse


def sequence(text):
    text = text.removeprefix(" ")  # see _mark_signs
    try:
        encodeSequence(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


seed = integer(0, LARGEST_SEED)
