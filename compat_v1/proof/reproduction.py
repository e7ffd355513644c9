"""The original's graph in training beside the port, in a process of its own; and the link to the newest run.

Imports no TensorFlow, so that the second process starts before the first has imported it.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import compat_v1

SECONDS_TO_END = 10  # for a process that was asked to end: it writes what it has


class OriginalTraining:
    """A process that trains the original's graph; `original_training` starts it."""

    def __init__(self, process: subprocess.Popen[str], lines: IO[str], record: Path, output: Path):
        self.record = record  # the file that its record is in, once it has ended
        self.epoch, self.time = 0, ""  # of the last line that it printed; where its time went, once it has said it
        self._process, self._lines, self._output, self._last_line = process, lines, output, ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # A full disk costs this file, and not the training.
        with self._lines as lines, suppress(OSError), self._output.open("w", encoding="utf-8", buffering=1) as file:
            for line in lines:
                with suppress(OSError):
                    file.write(line)
                self._last_line = line.strip() or self._last_line
                if epoch := re.match(r"Epoch +(\d+) ", line):
                    self.epoch = int(epoch[1])
                if line.startswith("time: "):
                    self.time = self._last_line

    def epochs(self) -> Iterator[int]:
        """Yield the last epoch that was printed, ten times a second, until the process has ended.

        Raises `ChildProcessError` if it failed, with what it said last.
        """
        while self._reader.is_alive():
            self._reader.join(0.1)
            yield self.epoch
        status = self._process.wait()
        if status:
            said = self._last_line or f"nothing (exit status {status})"
            raise ChildProcessError(f"the original's graph was not trained; {self._output} ends: {said}")


@contextmanager
def original_training(prefix: Path, options: list[str]) -> Iterator[OriginalTraining]:
    """Train the original's graph as it is, one run an epoch, in a second process, which does not outlive the block.

    `options` are those of the command train that choose the run. Its event logs go to the folder `prefix`, its record
    to `<prefix>.json`, what it prints to `<prefix>.log`: through a pipe, so that should this process be killed, the
    next line that nobody reads ends the other.
    """
    prefix = prefix.resolve()
    record, output = (prefix.with_name(prefix.name + suffix) for suffix in (".json", ".log"))
    command = [sys.executable, "-m", "compat_v1", "train", *options, "--graph", "original", "--execution", "one-run"]
    process = subprocess.Popen(
        [*command, "--logdir", str(prefix), "--record", str(record)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        # This very package and the modules that are found here, whatever lies in the working folder.
        cwd=Path(compat_v1.__file__).parents[1],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONIOENCODING": "utf-8"},
    )
    assert process.stdout
    try:
        yield OriginalTraining(process, process.stdout, record, output)
    finally:
        process.terminate()  # nothing, to one that has ended
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        finally:
            process.kill()
            process.wait()


def point_to(folder: Path) -> None:
    """Let the link `latest` beside a folder name it, in one step; `OSError` if that cannot be."""
    new = folder.with_name(f"latest.{os.getpid()}.tmp")
    try:
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(folder.with_name("latest"))
    finally:
        new.unlink(missing_ok=True)
