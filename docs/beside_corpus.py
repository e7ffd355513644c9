"""Write docs/beside_corpus.md: every program of the audit's corpus beside its port, and beside each planted mistake.

    python docs/beside_corpus.py [FOLDER]

FOLDER has today's graphs as `tests/corpus/build.py --mistakes` builds them; without it they are built, some minutes.
The processes are forks of this one: TensorFlow's import takes longer than most programs do.
"""

import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from compat_v1.environment import import_tensorflow  # noqa: E402

import_tensorflow()

from compat_v1.audit import drift, read_graph_def  # noqa: E402
from compat_v1.beside import CannotRunError, beside  # noqa: E402
from compat_v1.beside.bodies import with_bodies  # noqa: E402
from compat_v1.beside.causes import DROPOUT, SIGN  # noqa: E402
from corpus import sources  # noqa: E402
from corpus_graphs import PAIRS, RECORDED, build_today  # noqa: E402

UPDATES = 2
CHANGED = {"seeds", DROPOUT, SIGN, "graph optimizers", *drift.NUMBERS}  # what ports of faithful programs have
PLANTED, ALONE, ELSEWHERE = "at the planted place", "by a variable of one graph alone or of another shape", "elsewhere"


def in_short(causes):
    """Return the kinds of causes, and which of them were taken away; equal is what is left if the last was."""
    kinds = {}
    for cause in causes:
        kinds[cause["cause"]] = cause.get("equal_without", False)
    return "; ".join(kind + " (equal without)" * equal for kind, equal in kinds.items())


def changed_nodes(right, wrong):
    """Return the names of the nodes that a mistake has changed, by name against the faithful port."""
    there = {node.name: node.SerializeToString(deterministic=True) for node in with_bodies(right).node}
    wrong = with_bodies(wrong).node
    return {node.name for node in wrong if there.get(node.name) != node.SerializeToString(deterministic=True)}


def tasks(folder):
    """Yield (row's label, old graph, new graph, and the port without the mistake or None) for each row of the page."""
    for release, name in PAIRS:
        yield f"{name}, {release[2:]}", RECORDED / release / f"{name}.pb.gz", folder / f"{name}.pb.gz", None
    for name in sources.names():
        old, right = RECORDED / "tf1.15.5" / f"{name}.pb.gz", folder / f"{name}.pb.gz"
        for number, (what, instead) in enumerate(sources.load(name)["MISTAKES"]):
            label = f"{name}: `{what}` → `{instead}`".replace("|", "\\|").replace("\n", " ")
            yield label, old, folder / f"{name}.mistake{number}.pb.gz", right


def row(task):
    """Return the row of a task: [label, audit's verdict, verdict, first tensor, cause or place, seconds]."""
    label, old, new, right = task
    begin, new = time.process_time(), read_graph_def(new)
    try:
        result = beside(read_graph_def(old), new, UPDATES)
        first = named(result.first)
        said = [result.verdict, first, in_short(result.causes)]
        if right:
            said = judged(result, changed_nodes(read_graph_def(right), new))
        said = [result.audit or "", *said]
    except CannotRunError as error:
        said = ["", "cannot be run", "", str(error)]
    return [label, *said, f"{time.process_time() - begin:.0f}"]


def judged(result, planted):
    """Return [verdict, first tensor, where] for a mistake: what TensorFlow itself has changed is no part of it."""
    place, kinds = where(result, planted), {cause["cause"] for cause in result.causes}
    if place == ELSEWHERE and kinds <= CHANGED and result.causes[-1].get("equal_without"):
        return ["equal", "", f"but for {', '.join(sorted(kinds))}"]
    return [result.verdict, named(result.first), place]


def named(first):
    """Return the name of a first tensor, the new graph's if the old one has none."""
    return f"`{first.tensor or first.port_tensor}`" if first else ""


def where(result, planted):
    """Say where a mistake was found: at a node that it changed, or one that takes such a node's value."""
    if result.verdict != "parted":
        return ""
    if any(cause["cause"] in ("without a partner", "another shape") for cause in result.causes):
        return ALONE
    wiring, places = result.plan.new.wiring, {cause["port_node"] for cause in result.causes if "port_node" in cause}
    if result.origins:
        places |= {one.partner for one in result.origins.first}
        places |= {name for _, names in result.origins.between.values() for name in names}
    around = places | {name for place in places & wiring.nodes.keys() for name, _ in wiring.inputs[place]}
    return PLANTED if around & planted else ELSEWHERE


def table(rows, head):
    """Yield the lines of a table, the last column of which are numbers."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * (len(head) - 1)} ---: |"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def page(right, wrong):
    """Yield the lines of the page."""
    planted = sum(len(sources.load(name)["MISTAKES"]) for name in sources.names())
    yield "# The audit's corpus, beside\n"
    yield "Every program of `tests/corpus` beside its port as it stands, and beside each mistake planted in the port,"
    yield f"{UPDATES} updates each; seconds of processor time. `python docs/beside_corpus.py` writes this page.\n"
    yield "## Faithful ports\n"
    equal_without = sum(row[2] == "parted" and "(equal without)" in row[4] for row in right)
    yield f"{_counts(right)}; of those that part, {equal_without} are equal without the causes that are named.\n"
    yield from table(right, ("program, old release", "audit", "beside", "first tensor", "cause", "seconds"))
    yield "\n## Mistakes\n"
    yield f"All {planted} that are planted, against TensorFlow 1.15.5's graph. What is *equal*, if only but for what"
    yield "parts the faithful port as well, has a mistake that no run shows, such as another initial value or what"
    yield "fills a queue, or none with the numbers that were drawn: the audit alone sees it.\n"
    alone = sum(row[2] == "equal" and row[1] == "not faithful" for row in wrong)
    found = Counter(row[4] for row in wrong if row[2] == "parted")
    yield f"{_counts(wrong)}: {', '.join(f'{count} {place}' for place, count in found.most_common())}"
    yield f"first. Of those that are equal, {alone} are *not faithful* for the audit.\n"
    yield from table(wrong, ("mistake", "audit", "beside", "first tensor", "where", "seconds"))


def _counts(rows):
    return ", ".join(f"{count} {what}" for what, count in Counter(row[2] for row in rows).most_common())


def main(folder=None):
    """Write the page, and print its rows: it takes a while."""
    with tempfile.TemporaryDirectory() as built:
        folder = Path(folder) if folder else build_today(Path(built) / "today", mistakes=None)
        rows = []
        # A process each: what one has to switch on so that a graph equals itself stays on.
        with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
            for one in pool.imap(row, tasks(folder)):
                print(*one, sep=" | ", flush=True)
                rows.append(one)
    lines = page(rows[: len(PAIRS)], rows[len(PAIRS) :])
    (ROOT / "docs" / "beside_corpus.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
