"""Write docs/audit_larger.md: python docs/audit_larger.py TODAY OLD [OLD ...]. `make audit-larger`.

The folders hold the graphs of tests/corpus/larger as `tests/corpus/build.py --larger` builds them, OLD's names say by
which TensorFlow, today's with the planted mistakes.
"""

import multiprocessing
import sys
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

from audit import ROOT, table  # docs/audit.py, which finds the rest
from tqdm import tqdm

from compat_v1.audit import audit, read_graph_def
from corpus import sources
from corpus_graphs import report

_TEXT = """\
# The audit on larger programs

    make audit-larger    # needs Python 3.6 and 3.7, and an hour

{count} whole programs after the idioms that public TensorFlow 1 code has most ([larger](../tests/corpus/larger)): a
faithful port of each against the graph of each release that has all its functions, then ports with one planted mistake.
A mistake is noticed if its port is `not faithful`, and more is reported than of the port without it.

{summary}

{unseen}

## What does not pass

{failed}

## Program by program

The verdict, and how many differences there are; nothing where a release does not have what the program calls.

{programs}
"""


class Audited(NamedTuple):
    """What the audit says of one program's port, and which of its mistakes it does not notice."""

    name: str
    release: str
    nodes: int
    verdict: str
    differences: int
    first: str
    planted: int
    unseen: list


def examine(task):
    """Audit today's graph of (path of the old graph, today's folder), and those with mistakes."""
    path, today = task
    name = path.name.partition(".")[0]
    old = read_graph_def(path)
    port = audit(old, read_graph_def(today / path.name))
    mistakes = sources.load(name, folder="larger")["MISTAKES"]
    unseen = []
    for number, mistake in enumerate(mistakes):
        mistaken = audit(old, read_graph_def(today / f"{name}.mistake{number}.pb.gz"))
        if mistaken.verdict != "not faithful" or report(mistaken) == report(port):
            unseen.append(mistake)
    first = ""
    if port.differences:
        difference = port.differences[0]
        first = f"`{difference.node or difference.port_node}`: {difference.what}"
    release = path.parent.name.removeprefix("tf")
    return Audited(name, release, len(old.node), port.verdict, len(port.differences), first, len(mistakes), unseen)


def page(done):
    """Return the text of docs/audit_larger.md."""
    releases = sorted({one.release for one in done}, key=lambda release: [int(part) for part in release.split(".")])
    summary, unseen, failed, rows = [], [], [], []
    for release in releases:
        some = [one for one in done if one.release == release]
        passed = sum(one.verdict != "not faithful" for one in some)
        planted, missed = sum(one.planted for one in some), sum(len(one.unseen) for one in some)
        summary.append((release, len(some), passed, planted, planted - missed))
    for one in sorted(done):
        unseen += [f"- {one.name} from {one.release}: `{wrong}` for `{right}`" for right, wrong in one.unseen]
        if one.verdict == "not faithful":
            failed.append((one.name, one.release, one.differences, shorten(one.first, 150, placeholder=" …")))
    for name in sorted({one.name for one in done}):
        by_release = {one.release: one for one in done if one.name == name}
        cells = [by_release.get(release) for release in releases]
        said = [
            f"{one.verdict} ({one.differences})" if one and one.differences else one and one.verdict for one in cells
        ]
        rows.append((name, max(one.nodes for one in by_release.values()), *(cell or "" for cell in said)))
    return _TEXT.format(
        count=len(rows),
        summary=table(["from", "programs", "pass", "planted mistakes", "noticed"], summary),
        unseen="Not noticed:\n\n" + "\n".join(unseen) if unseen else "No mistake goes unseen.",
        failed=table(["program", "from", "differences", "the first"], failed) if failed else "Nothing.",
        programs=table(["program", "nodes", *releases], rows),
    )


def main():
    today, *old = map(Path, sys.argv[1:])
    tasks = [(path, today) for folder in old for path in sorted(folder.glob("*.pb.gz"))]
    # Not forked: TensorFlow's threads do not live on in a fork.
    with multiprocessing.get_context("spawn").Pool() as pool:
        done = list(tqdm(pool.imap(examine, tasks), total=len(tasks), unit="graph"))
    (ROOT / "docs" / "audit_larger.md").write_text(page(done), encoding="utf-8")


if __name__ == "__main__":
    main()
