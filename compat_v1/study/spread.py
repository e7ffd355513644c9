"""Hands runs to processes of this machine (joblib) or to a cluster (Dask), and yields their results as they come.

Imports no TensorFlow: the processes do, each once.
"""

import os
import signal
from collections.abc import Generator, Sequence
from typing import Any

from compat_v1.study.runs import LinesResult, Result, Task

Results = Generator[Result | LinesResult, None, None]
SECONDS_TO_ANSWER = 10  # for a scheduler


class Unreachable(Exception):
    """There is no cluster; the message says why."""


def execute(task: Task) -> Result | LinesResult:
    """Do a run in this process, which may have begun with nothing, and return its result."""
    from compat_v1.environment import import_tensorflow

    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the post's program ran on the CPU, as `new_session` does
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or each process says that it finds no GPU
    import_tensorflow()
    from compat_v1.study import engine

    return engine.execute(task)


def on_this_machine(tasks: Sequence[Task], workers: int) -> Results:
    """Do the runs in `workers` processes, in this one if it is one; whichever ends first comes first."""
    if workers == 1:
        yield from map(execute, tasks)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    try:
        # Ctrl-C reaches every process. The others are born ignoring it, for this one to end them.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            spread = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
            results = spread(delayed(execute)(task) for task in tasks)
        finally:
            signal.signal(signal.SIGINT, before)
        yield from results
    except (KeyboardInterrupt, GeneratorExit):
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        raise


def on_cluster(tasks: Sequence[Task], address: str) -> Results:
    """Do the runs on the workers of the Dask scheduler at an address, such as tcp://host:8786.

    A run whose worker is lost is done again by another one. Raises `Unreachable` if no scheduler answers there.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port

        get_address_host_port(address)  # a client of a bad address would go on trying while it is thrown away
        client = Client(address, timeout=SECONDS_TO_ANSWER)
    except ImportError as error:
        raise Unreachable(f"pip install 'selfmade-lstm[dask]' brings what speaks to a scheduler ({error})") from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"no Dask scheduler answers there ({error})") from None
    return _results(client, tasks)


def _results(client: Any, tasks: Sequence[Task]) -> Results:
    from distributed import CancelledError, KilledWorker, as_completed

    with client:
        futures = client.map(execute, tasks, key=[task.name for task in tasks])
        completed = as_completed(futures, with_results=True)
        while futures:
            try:
                future, result = next(completed)
            except (OSError, CancelledError, KilledWorker) as error:
                raise Unreachable(f"the cluster was lost, what is done is kept ({error})") from None
            futures.remove(future)
            yield result


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
