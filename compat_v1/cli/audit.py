"""The command audit."""

import json

from compat_v1.cli.common import InputError
from compat_v1.environment import import_tensorflow

_STATUS = {"faithful": 0, "not faithful": 1, "numbers changed": 3}


def add_to(commands):
    """Add the command to the parser's commands."""
    command = commands.add_parser("audit", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument(
        "graphs", metavar="GRAPH", nargs="*", help="ORIGINAL PORT: .pb or .pbtxt, or .gz, or event file"
    )
    command.add_argument("--verbose", action="store_true", help="print every difference, rule and pair")
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(args):
    """Compare two graphs node by node; without arguments, that of TensorFlow 1.0.1 with the port's."""
    if len(args.graphs) not in (0, 2):
        raise InputError("audit takes two graphs, the original's and the port's, or none")
    import_tensorflow()
    from compat_v1.audit.comparison import audit, report
    from compat_v1.audit.reading import read_graph_def
    from compat_v1.proof import original_graph

    if args.graphs:
        try:
            result = audit(*(read_graph_def(path) for path in args.graphs))
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from None
    else:
        result = original_graph.audit_port()
    if args.json:
        print(json.dumps(as_json(result), indent=1))
    else:
        print(*report(result, args.verbose), sep="\n")
        print(result.verdict.upper())
    return _STATUS[result.verdict]


def as_json(result):
    """Return an `Audit` as what --json prints."""
    return {
        "verdict": result.verdict,
        "differences": [difference._asdict() for difference in result.differences],
        "numbers": [number._asdict() for number in result.numbers],
        "rules": result.rules,
        "compared": result.compared,
        "not_compared": result.not_compared,
    }
