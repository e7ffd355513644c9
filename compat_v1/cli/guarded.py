"""Run a command that reads a stranger's files in a process of its own, which they may crash, and which is bounded.

TensorFlow's C++ ends the process on some files, which no exception tells. The process is forked, which is safe and
quick before TensorFlow is imported, and done on Linux alone; elsewhere the command runs unguarded.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

from compat_v1.cli.common import BadInput, Status

LEAST_SECONDS = 600  # of the processor's time, and one more for each 1000 bytes of the files
SECONDS_TO_END = 10  # for a process that was asked to end, and may be deep in TensorFlow's C++
SHARE_OF_MEMORY = 0.75  # of the machine's


def run_guarded(run: Callable[[], int], seconds: int | None = None) -> int:
    """Return the exit status of `run`; `BadInput` if it crashed, or took more than `seconds` of the processor's time.

    It may take three quarters of the machine's memory. SIGINT and SIGTERM end it.
    """
    if sys.platform != "linux" or "tensorflow" in sys.modules:
        return run()
    sys.stdout.flush()
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _be_the_child(run, seconds, None if os.isatty(2) else errors.fileno())
        status, is_stopped = _waited(child)
        errors.seek(0)
        if is_stopped and status < 0:
            return Status.STOPPED
        if status < 0:
            raise BadInput(_reason(-status, seconds))
        os.write(2, errors.read())
        return status


def _be_the_child(run: Callable[[], int], seconds: int | None, errors: int | None) -> None:
    """Run under the limits and end, with nothing that the parent does at its end; stderr goes to the file `errors`."""
    import ctypes
    import resource

    status = 1
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the parent
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the parent passes on SIGTERM
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _limit(resource.RLIMIT_DATA, int(SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
        if seconds:
            _limit(resource.RLIMIT_CPU, seconds)
        if errors is not None:
            os.dup2(errors, 2)
        status = run()
        sys.stdout.flush()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _limit(what: int, most: int) -> None:
    import resource

    soft, hard = resource.getrlimit(what)
    allowed = [limit for limit in (soft, hard, most) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(what, (min(allowed), hard))


def _waited(child: int) -> tuple[int, bool]:
    """Return how the child ended, as `subprocess` has it, and whether it was asked to."""
    asked: list[float] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(time.monotonic())
        os.kill(child, signal.SIGTERM)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status), bool(asked)
            if asked and time.monotonic() > asked[0] + SECONDS_TO_END:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.02)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reason(number: int, seconds: int | None) -> str:
    if number == signal.SIGXCPU:
        return f"this took more than {seconds} seconds of the processor's time: what it was given is not to be read"
    name = signal.Signals(number).name
    return f"TensorFlow crashed ({name}) on what it was given, or needed more than {SHARE_OF_MEMORY:.0%} of the memory"


def seconds_for(files: Iterable[Path]) -> int:
    """Return how many seconds of the processor's time it may take to read files and judge what is in them."""
    return LEAST_SECONDS + sum(file.stat().st_size for file in files if file.is_file()) // 1000
