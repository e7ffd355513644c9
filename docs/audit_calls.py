"""Write docs/audit_calls.md: python docs/audit_calls.py TODAY OLD [OLD ...]. `make audit-calls`.

The folders hold the graphs of tests/corpus/calls.txt as `tests/corpus/calls.py` builds them, OLD's names say by which
TensorFlow.
"""

import multiprocessing
import sys
from collections import Counter
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

from audit import ROOT, table  # docs/audit.py, which finds the rest
from tqdm import tqdm

from compat_v1.audit import audit, read_graph_def
from corpus import sources

_VERDICTS = ("faithful", "numbers changed", "not faithful", "refused")
_TEXT = """\
# The audit, call by call

    make audit-calls    # needs Python 2.7, 3.6 and 3.7

{calls} calls of TensorFlow 1's functions ([calls.txt](../tests/corpus/calls.txt)), each in eight graphs of its own:
alone (forward), with its gradients by all floats it may be made of as `tf.gradients` makes them (plain), with these as
optimizers make them (gated), with those behind an update (updated), of the call in the turns of a loop (looped), in a
branch (branched), each beside what it is of (colocated), and with all of it on a device by name (placed). What both
releases can make is audited, the old graph against today's. Each graph has a variable whose initial values are drawn
from a derived seed, so that none is `faithful` without a change of numbers.

{summary}

## Calls that do not pass

{failed}
"""


class Audited(NamedTuple):
    """What the audit says of one call."""

    release: str
    call: str
    kind: str
    verdict: str
    differences: int
    first: str


def examine(task):
    """Audit the pair of (path of the old graph, path of today's, call)."""
    path, today, call = task
    release, kind = path.parent.name.removeprefix("tf"), path.name.split(".")[1]
    try:
        found = audit(read_graph_def(path), read_graph_def(today))
    except ValueError as error:  # an op that today's TensorFlow does not have
        return Audited(release, call, kind, "refused", 0, str(error).partition(": ")[2])
    first = ""
    if found.differences:
        difference = found.differences[0]
        first = f"`{difference.node or difference.port_node}`: {difference.what}"
    return Audited(release, call, kind, found.verdict, len(found.differences), first)


def _cell(text, width=150):
    return shorten(text, width, placeholder=" …").replace("|", "\\|")


def _in_order(row):
    release, kind = row
    return [int(part) for part in release.split(".")], sources.KINDS.index(kind)


def page(done):
    """Return the text of docs/audit_calls.md."""
    rows = []
    for release, kind in sorted({(one.release, one.kind) for one in done}, key=_in_order):
        some = [one for one in done if (one.release, one.kind) == (release, kind)]
        counts = Counter(one.verdict for one in some)
        rows.append((release, kind, len(some), *(counts[verdict] for verdict in _VERDICTS)))
    head = ["from", "graphs", "how many", *_VERDICTS]
    failed = {}
    for one in done:
        if one.verdict in ("not faithful", "refused"):
            failed.setdefault((one.call, one.release), []).append(one)
    failures = []
    for (call, release), some in failed.items():
        kinds = ", ".join(sorted((one.kind for one in some), key=sources.KINDS.index))
        failures.append((f"`{_cell(call)}`", release, kinds, some[0].differences, _cell(some[0].first)))
    return _TEXT.format(
        calls=len(sources.calls()),
        summary=table(head, rows),
        failed=table(["call", "from", "graphs", "differences", "the first"], failures),
    )


def main():
    today, *old = map(Path, sys.argv[1:])
    tasks = []
    for number, call in enumerate(sources.calls()):
        for path in sorted(one for folder in old for one in folder.glob(f"{number:03d}.*pb.gz")):
            if (today / path.name).exists():
                tasks.append((path, today / path.name, call))
    # Not forked: TensorFlow's threads do not live on in a fork.
    with multiprocessing.get_context("spawn").Pool() as pool:
        done = list(tqdm(pool.imap(examine, tasks, chunksize=8), total=len(tasks), unit="graph"))
    (ROOT / "docs" / "audit_calls.md").write_text(page(done), encoding="utf-8")


if __name__ == "__main__":
    main()
