"""The command audit."""

import argparse
import json
from typing import Any

from compat_v1.cli.common import BadInput, path, printable, require_place_for
from compat_v1.cli.guarded import seconds_for
from compat_v1.environment import import_tensorflow

_FIELDS = ("node", "port_node", "what", "follows")
_STATUS = {"faithful": 0, "not faithful": 1, "numbers changed": 3}


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("audit", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, guarded=lambda args: seconds_for(args.graphs))
    command.add_argument(
        "graphs",
        metavar="GRAPH",
        nargs="*",
        type=path,
        help="ORIGINAL PORT: .pb, .pbtxt, .meta, a SavedModel, event file or recording; FILE#2 is its second graph",
    )
    command.add_argument("--verbose", action="store_true", help="print every difference, rule and pair")
    command.add_argument("--html", metavar="FILE", type=path, help="write a page: each difference drawn in both graphs")
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(args: argparse.Namespace) -> int:
    """Compare two graphs node by node; without arguments, that of TensorFlow 1.0.1 with the port's."""
    if len(args.graphs) not in (0, 2):
        raise BadInput("audit takes two graphs, the original's and the port's, or none")
    if args.html and not args.graphs:
        raise BadInput("--html goes with two graphs")
    require_place_for("--html", args.html, inputs=args.graphs)
    import_tensorflow()
    from compat_v1.audit.comparison import audit, report
    from compat_v1.audit.page import write_page
    from compat_v1.audit.reading import read_graph_def
    from compat_v1.audit.validation import shown
    from compat_v1.proof import original_graph

    if args.graphs:
        try:
            graphs = [read_graph_def(graph) for graph in args.graphs]
            result = audit(*graphs)
            if args.html:
                write_page(args.html, graphs[0], graphs[1], result, (str(args.graphs[0]), str(args.graphs[1])))
        except (OSError, ValueError) as error:
            raise BadInput(shown(error, 600)) from None
    else:
        result = original_graph.audit_port()
    if args.json:
        print(json.dumps(as_json(result), indent=1))
    else:
        print(*map(printable, report(result, args.verbose)), sep="\n")
        print(result.verdict.upper())
    return _STATUS[result.verdict]


def as_json(result: Any) -> dict[str, Any]:
    """Return an `Audit` as what --json prints."""
    return {
        "verdict": result.verdict,
        "differences": [dict(zip(_FIELDS, difference, strict=False)) for difference in result.differences],
        "numbers": [number._asdict() for number in result.numbers],
        "rules": result.rules,
        "compared": result.compared,
        "not_compared": result.not_compared,
    }
