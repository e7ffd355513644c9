"""The command verify."""

import argparse
import json
import sys
from typing import Any

from compat_v1.cli.common import (
    BadInput,
    Status,
    Stopwatch,
    failed,
    is_same_file,
    path,
    printable,
    record_at,
    require_place_for,
)
from compat_v1.cli.guarded import seconds_for
from compat_v1.environment import import_tensorflow
from compat_v1.proof.rows import CANNOT_TELL, NOT_FAITHFUL, NOT_JUDGED, Judgement, summary, table, verdict
from compat_v1.records import Record


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("verify", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: seconds_for(filter(None, (args.record, args.original))))
    command.add_argument("record", type=path, metavar="RECORD", help="a JSON file written by train --record")
    command.add_argument("--json", action="store_true", help="print the verdict and its rows as JSON, for programs")
    command.add_argument("--report", type=path, metavar="FILE", help="write a page for people to this HTML file")
    command.add_argument(
        "--original",
        type=path,
        metavar="RECORD",
        help="of the same run, written by train --graph original; without it, that graph is trained now",
    )


def run(args: argparse.Namespace) -> int:
    """Hold a record to the original and print the verdict."""
    record = record_at(args.record)
    require_place_for("--report", args.report, inputs=(args.record, args.original))
    if args.original and is_same_file(args.original, args.record):
        raise BadInput(f"--original {args.original}: this is the record itself, give that of train --graph original")
    watch = Stopwatch()
    import_tensorflow()
    from compat_v1.proof.verdict import graph_beside, judge

    watch.note("importing TensorFlow")
    beside = record_at(args.original) if args.original else None  # from a pipe, it may be long in coming
    watch.note("the original's record")

    def progress(epoch: int) -> None:
        if epoch % 400 == 0:
            line = f"the original's graph: epoch {epoch} of {record.epochs}"
            print(line, flush=True, file=sys.stderr if args.json else sys.stdout)

    try:
        rows = list(judge(record, beside, progress, graph_beside(args.record, record)))
    except ValueError as error:
        raise BadInput(f"{args.record}: {error}") from None
    watch.note("verdict")
    judgement = Judgement(verdict(rows), rows)
    if args.json:
        print(json.dumps(judgement.as_json(), indent=1))
    else:
        print(*table(rows), watch, *summary(rows), judgement.verdict.upper(), sep="\n")
    if args.report:
        _write_report(args, record, judgement)
    return _status(args, judgement)


def _write_report(args: argparse.Namespace, record: Record, judgement: Judgement) -> None:
    from compat_v1.proof.report import write_report

    try:
        write_report(args.report, record, judgement.rows)
    except OSError as error:
        raise failed(f"--report {args.report} could not be written", error) from None
    if not args.json:
        print(f"report: {printable(str(args.report))}")


def _status(args: argparse.Namespace, judgement: Judgement) -> int:
    if judgement.verdict == NOT_JUDGED:
        unknown = [row.what for row in judgement.rows if row.verdict == CANNOT_TELL]
        if unknown:
            raise BadInput(f"{args.record}: what ran cannot be told: {unknown[0]}")
        raise BadInput(f"{args.record}: nothing that this run measured could be held to the original")
    return Status.NOT_FAITHFUL if judgement.verdict == NOT_FAITHFUL else Status.GOOD
