"""The command verify."""

from pathlib import Path

from compat_v1.cli.common import InputError, Stopwatch, record_at, require_place_for
from compat_v1.environment import import_tensorflow


def add_to(commands):
    """Add the command to the parser's commands."""
    command = commands.add_parser("verify", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("record", metavar="RECORD", help="a JSON file written by train --record")
    command.add_argument("--report", type=Path, metavar="FILE", help="write a page for people to this HTML file")
    command.add_argument(
        "--original",
        metavar="RECORD",
        help="of the same run, written by train --graph original; without it, that graph is trained now",
    )


def run(args):
    """Hold a record to the original and print the verdict."""
    record = record_at(args.record)
    require_place_for("--report", args.report)
    if args.report and args.report.resolve() in {Path(path).resolve() for path in (args.record, args.original) if path}:
        raise InputError(f"--report {args.report}: this is a record, give another file")
    watch = Stopwatch()
    import_tensorflow()
    from compat_v1.proof.verdict import NOT_FAITHFUL, NOT_JUDGED, judge, table, verdict

    watch.note("importing TensorFlow")
    beside = record_at(args.original) if args.original else None  # from a pipe, it may be long in coming
    watch.note("the original's record")

    def progress(epoch):
        if epoch % 400 == 0:
            print(f"the original's graph: epoch {epoch} of {record['epochs']}", flush=True)

    try:
        rows = list(judge(record, beside, progress))
    except ValueError as error:
        raise InputError(f"{args.record}: {error}") from None
    print(*table(rows), sep="\n")
    watch.note("verdict")
    print(watch)
    result = verdict(rows)
    print(result.upper())
    if args.report:
        from compat_v1.proof.report import write_report

        try:
            write_report(args.report, record, rows)
        except OSError as error:
            raise InputError(f"--report {args.report}: {error}") from None
        print(f"report: {args.report}")
    if result == NOT_JUDGED:
        raise InputError(f"{args.record}: nothing that this run measured could be held to the original")
    return 1 if result == NOT_FAITHFUL else 0
