"""Write the event logs of a run, as the post does; a failure ends the writing and never the run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.logs import PARTS
from compat_v1.training import Measurement

# TensorFlow's: where a disk is full, it prints a traceback, and raises the same in the thread that adds a summary.
_WRITER_THREAD = "EventLoggerThread"


@contextmanager
def event_logs(graph: Any, folder: Path | None, failures: list[str]) -> Iterator[Callable[[Measurement], None]]:
    """Give what writes a measurement into the logs in `folder`, None writes none.

    The first failure is added to `failures`, and ends the writing.
    """
    writers: dict[str, Any] = {}
    has_failed = False

    def attempt(action: Callable[[], object]) -> None:
        nonlocal has_failed
        try:
            action()
        except Exception as error:  # TensorFlow's C++ names a full disk RuntimeError, IndexError, as it likes
            if not has_failed:
                failures.append(f"{folder} could not be written: {str(error).splitlines()[0]}")
            has_failed = True
            writers.clear()

    def open_writers() -> None:
        for part in PARTS:
            with graph.as_default():  # in eager mode, FileWriter refuses
                writers[part] = tf.summary.FileWriter(f"{folder}/{part}", graph, flush_secs=1)

    def log(measurement: Measurement) -> None:
        if writers:
            attempt(lambda: writers[measurement.part].add_summary(measurement.summary, measurement.epoch - 1))

    with _quiet_failures():
        if folder:
            attempt(open_writers)
        try:
            yield log
        finally:
            for writer in list(writers.values()):
                attempt(writer.close)


@contextmanager
def _quiet_failures() -> Iterator[None]:
    """Keep the traceback of TensorFlow's writing thread, and its line in the log, from stderr."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.thread is None or args.thread.name != _WRITER_THREAD:
            before(args)

    def is_of_another(line: Any) -> bool:
        return not line.getMessage().startswith("EventFileWriter writer thread error")

    logger = tf.get_logger()
    threading.excepthook = hook
    logger.addFilter(is_of_another)
    try:
        yield
    finally:
        threading.excepthook = before
        logger.removeFilter(is_of_another)
