"""The command study."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from compat_v1.cli.common import BadInput, Status, failed, integer, path
from compat_v1.study.published import incorrect, nearest
from compat_v1.study.runs import LinesResult, Result, Task, keep, missing, read_result, result_file
from compat_v1.study.spread import Unreachable, cores, on_cluster, on_this_machine
from compat_v1.study.studies import CLAIMS, MORE_SEEDS, SEEDS, STUDIES, tasks_of


def _study(text: str) -> str:
    if text not in STUDIES:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is no study: there are {', '.join(STUDIES)}")
    return text


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("study", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument(
        "names", nargs="*", type=_study, metavar="NAME", help=f"of {', '.join(STUDIES)}; default: {' '.join(CLAIMS)}"
    )
    more = " and ".join(f"{seeds} of {name}" for name, seeds in MORE_SEEDS.items())
    command.add_argument("--seeds", type=integer(1, 10**6), help=f"1 to this one (default: {SEEDS}; {more})")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=integer(1, 1024), help="processes (default: the processor's cores)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://host:8786")
    command.add_argument(
        "--out", type=path, metavar="DIR", default=Path("runs/study"), help="of the results (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Do many runs, on this machine's cores or a cluster; what is done stays, and the same command goes on."""
    tasks = tasks_of(args.names or CLAIMS, args.seeds)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        left = missing(args.out, tasks)
    except OSError as error:
        raise failed(f"--out {args.out}: results cannot be kept there", error) from None
    except ValueError as error:
        raise BadInput(f"{error}; --out takes another folder") from None
    if not _do(left, args, len(tasks)):
        return Status.STOPPED
    print(f"{len(tasks)} results in {args.out}")
    if "published-lines" in args.names:
        _print_nearest([read_result(result_file(args.out, task), task) for task in tasks_of(["published-lines"])])
    return Status.GOOD


def _do(tasks: Sequence[Task], args: argparse.Namespace, of: int) -> bool:
    """Do the runs, keep their results; return whether that came to its end."""
    if not tasks:
        return True
    workers = min(args.workers or cores(), len(tasks))
    done = of - len(tasks)
    try:
        results = on_this_machine(tasks, workers) if args.scheduler is None else on_cluster(tasks, args.scheduler)
        # The unit is an epoch of the post's run, so that the time that is left is near the truth.
        with _terminated_as_interrupted(), closing(results), _bar(tasks) as bar:
            for result in keep(args.out, results):
                done += 1
                bar.set_postfix_str(f"{done} of {of} results", refresh=False)
                bar.update(result.run.cost)
    except KeyboardInterrupt:
        print(f"stopped after {done} of {of} results; the same command goes on", file=sys.stderr)
        return False
    except Unreachable as error:
        raise BadInput(f"--scheduler {args.scheduler}: {error}") from None
    except OSError as error:
        raise failed(f"--out {args.out}: a result could not be written", error) from None
    return True


def _bar(tasks: Sequence[Task]) -> Any:
    return tqdm(total=sum(task.cost for task in tasks), unit="epoch", unit_scale=True, smoothing=0.05)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_nearest(results: Sequence[Result | LinesResult]) -> None:
    found = nearest(result for result in results if isinstance(result, LinesResult))
    assert found, "the stored search has one"
    seed, off, lines = found
    print(f"seed {seed} comes nearest: squared errors within {off:.2%} of the post's")
    for epoch, (wrong, squared_error) in zip((20, 40, 60), lines, strict=True):
        print(f"  epoch {epoch}: {incorrect(wrong)} % incorrect, squared error {squared_error:.1f}")
