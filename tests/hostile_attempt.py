"""One attempt on the command line, and what came of it: in this process, or in one of its own."""

import contextlib
import faulthandler
import io
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

OUTCOMES = ("clean", "accepted", "traceback", "hang or crash", "wrong")
GOOD = OUTCOMES[:2]
REFUSED = (2, 74)
STATUSES = {0, 1, 2, 3, 74, 130, 141}
LONGEST_LINE = 1200  # characters of a message; a path may be 255 of them
SECONDS = 600  # of patience with a busy machine; the longest attempt takes some ten


class Outcome(NamedTuple):
    """What came of an attempt: one of `OUTCOMES`, and what to show where it is none of the good ones."""

    kind: str
    status: int | None
    shown: str

    @property
    def is_good(self) -> bool:
        return self.kind in GOOD


def judged(status: int | None, out: str, err: str, signals: tuple[int, ...] = ()) -> Outcome:
    """Judge how a command ended; `signals` are those that it was sent, and may have died of. None: it had to be."""
    shown = f"exit status {status}\n{out[-1500:]}\n{err[-3000:]}"
    if status is None:
        return Outcome("hang or crash", status, "it did not end\n" + shown)
    if "Traceback (most recent call last)" in out + err or "Exception ignored" in err:
        return Outcome("traceback", status, shown)
    if status < 0 and -status in signals:
        return Outcome("clean", status, "")
    if status < 0 or status in (134, 139):
        return Outcome("hang or crash", status, shown)
    lines = err.splitlines()
    printable = all(c.isprintable() or c in "\n\r\t" for c in out + err)
    short = len(lines) <= 2 and all(len(line) <= LONGEST_LINE for line in lines)
    if status not in STATUSES or not printable or (status in REFUSED and not (lines and short)):
        return Outcome("wrong", status, shown)
    return Outcome("clean" if status in (*REFUSED, 130, 141) else "accepted", status, out + err)


def attempt(*argv: object, stdin: bytes = b"") -> Outcome:
    """Run a command line in this process, its input and output in files. A hang ends the process, with a traceback."""
    from compat_v1.cli import main

    stdout = io.StringIO()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given, contextlib.ExitStack() as at_end:
        given.write(stdin)
        given.seek(0)
        for number, file in ((0, given), (2, said)):  # TensorFlow's C++ writes there
            kept = os.dup(number)
            at_end.callback(os.close, kept)
            at_end.callback(os.dup2, kept, number)
            os.dup2(file.fileno(), number)
        stdin_file = at_end.enter_context(open(os.dup(0), encoding="utf-8"))  # noqa: PTH123
        stderr = at_end.enter_context(open(os.dup(2), "w", encoding="utf-8", errors="backslashreplace"))  # noqa: PTH123
        at_end.enter_context(contextlib.redirect_stdout(stdout))
        at_end.enter_context(contextlib.redirect_stderr(stderr))
        at_end.callback(setattr, sys, "stdin", sys.stdin)
        sys.stdin = stdin_file
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stdout__)
        status: int | None
        try:
            status = main([str(word) for word in argv])
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            traceback.print_exc(file=stderr)
            status = 1
        finally:
            faulthandler.cancel_dump_traceback_later()
        stderr.flush()
        said.seek(0)
        err = said.read().decode(errors="backslashreplace")
    return judged(status, stdout.getvalue(), err)


def command(*argv: object) -> list[str]:
    """Return the command line as a process runs it."""
    return [sys.executable, "-m", "compat_v1", *map(str, argv)]


def attempt_apart(
    argv: list[str],
    folder: Path,
    *,
    environment: dict[str, str | None] | None = None,
    after: tuple[float, int] | None = None,
    seconds: float = SECONDS,
    **options: object,
) -> Outcome:
    """Run a command line in a process of its own, in `folder`; `environment` {name: value, None for unset}.

    `after`, (seconds, signal number), sends it that signal. It is killed if it does not end.
    """
    wanted = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **(environment or {})}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env={name: value for name, value in wanted.items() if value is not None},
        start_new_session=True,
        **{**pipes, **options},  # type: ignore[call-overload]
    )
    try:
        out, err = process.communicate(timeout=after[0] if after else seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(after[1] if after else signal.SIGKILL)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            after = None
        status = process.returncode if after else None
    else:
        status = process.returncode
    texts = [(text or b"").decode(errors="backslashreplace") for text in (out, err)]
    return judged(status, *texts, signals=(after[1],) if after else ())
