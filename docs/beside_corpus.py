"""Write docs/beside_corpus.md: every program of the audit's corpus beside its port, and beside each planted mistake.

    python docs/beside_corpus.py [FOLDER]

FOLDER has today's graphs as `tests/corpus/build.py --mistakes` builds them; without it they are built, some minutes.
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

from compat_v1.audit import audit, read_graph_def  # noqa: E402
from compat_v1.beside import CannotRunError, beside  # noqa: E402
from compat_v1.beside.causes import with_old_seeds  # noqa: E402
from compat_v1.beside.engine import Trial  # noqa: E402
from compat_v1.beside.feeds import Feeds  # noqa: E402
from compat_v1.beside.pairs import pair  # noqa: E402
from compat_v1.beside.plan import make_plan  # noqa: E402
from compat_v1.beside.program import Program  # noqa: E402
from corpus import sources  # noqa: E402
from corpus_graphs import PAIRS, build_today, recorded  # noqa: E402

UPDATES = 1


def changed_nodes(new, mistaken):
    """Return the names of the nodes that a mistake has changed, by name against the faithful port."""
    there = {node.name: node.SerializeToString(deterministic=True) for node in new.node}
    return {node.name for node in mistaken.node if there.get(node.name) != node.SerializeToString(deterministic=True)}


def faithful(task):
    """Return the row of a port that is faithful: (name, audit's verdict, verdict, first, cause, seconds)."""
    release, name, folder = task
    old, new = recorded(release, name), read_graph_def(folder / f"{name}.pb.gz")
    begin = time.time()
    try:
        result = beside(old, new, UPDATES)
        verdict, first = result.verdict, f"`{result.first.tensor}`" if result.first else ""
        causes = dict.fromkeys(
            cause["cause"] + (" (equal without)" if cause.get("equal_without") else "") for cause in result.causes
        )
        cause = "; ".join(causes)
    except CannotRunError as error:
        verdict, first, cause = "cannot be run", "", str(error)
    return f"{name}, {release[2:]}", audit(old, new).verdict, verdict, first, cause, time.time() - begin


def mistaken(task):
    """Return the row of a mistake: the same, with whether the first tensor is where it was planted as the cause."""
    name, number, folder = task
    old, new = recorded("tf1.15.5", name), read_graph_def(folder / f"{name}.mistake{number}.pb.gz")
    planted, begin = changed_nodes(read_graph_def(folder / f"{name}.pb.gz"), new), time.time()
    right, wrong = sources.load(name)["MISTAKES"][number]
    try:
        verdict, first, where = _where(Program(old), Program(new), planted)
    except CannotRunError as error:
        verdict, first, where = "cannot be run", "", str(error)
    label = f"{name}: `{right}` → `{wrong}`".replace("|", "\\|").replace("\n", " ")
    return label, audit(old, new).verdict, verdict, first, where, time.time() - begin


def _where(old, new, planted):
    """Run both with the old seeds; return (verdict, first tensor, whether a mistake is planted at it)."""
    pairs, _ = pair(old, new)
    plan, _ = with_old_seeds(make_plan(old, new, pairs, Feeds(old, new, pairs)))
    trial = Trial(plan, UPDATES, None, lambda done, total: None)
    course = trial.judge()
    if plan.mismatches:
        return "parted", "", plan.mismatches[0]
    if not course.first:
        return "not deterministic" if course.strayed else "equal", "", ""
    origins = trial.origins(trial.plan, course.first, trial.plain)
    if not origins.first:
        return "parted", f"`{course.first.what[0]}`", "only by graph optimizers"
    here = any(
        {one.partner, *origins.between[one.node][1], *(s for s, _ in new.wiring.inputs.get(one.partner, ()))} & planted
        for one in origins.first
    )
    return "parted", f"`{origins.first[0].node}`", "at the planted place" if here else "elsewhere"


def table(rows, head):
    """Yield the lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    for *cells, seconds in rows:
        yield f"| {' | '.join(cells)} | {seconds:.0f} |"


def page(ports, mistakes):
    """Yield the lines of the page."""
    yield "# The audit's corpus, beside\n"
    yield "Every program of `tests/corpus` beside its port as it stands, and beside each mistake planted in the port, "
    yield f"{UPDATES} update each. `python docs/beside_corpus.py` writes this page.\n"
    yield "## Faithful ports\n"
    yield f"{_counts(ports)}.\n"
    yield from table(ports, ("program, old release", "audit", "beside", "first tensor", "cause", "seconds"))
    yield "\n## Mistakes\n"
    yield "Against TensorFlow 1.15.5's graph, with its seeds written into the port. What is *equal* has a mistake that"
    yield "no update shows, such as another initial value: the audit alone sees it.\n"
    yield f"{_counts(mistakes)}; " + ", ".join(f"{n} {what}" for what, n in _places(mistakes).items()) + ".\n"
    yield from table(mistakes, ("mistake", "audit", "beside", "first tensor", "where", "seconds"))


def _counts(rows):
    return ", ".join(f"{count} {what}" for what, count in Counter(row[2] for row in rows).most_common())


def _places(rows):
    return Counter(row[4] if row[4] in ("at the planted place", "elsewhere") else "other" for row in rows if row[3])


def shown(rows):
    """Yield rows, and print them: it takes a while."""
    for row in rows:
        print(*row, sep=" | ", flush=True)
        yield row


def main(folder=None):
    """Write the page."""
    with (
        tempfile.TemporaryDirectory() as built,
        multiprocessing.get_context("spawn").Pool(3, maxtasksperchild=20) as pool,
    ):
        folder = Path(folder) if folder else build_today(Path(built) / "today", with_mistakes=True)
        ports = list(shown(pool.imap(faithful, [(*which, folder) for which in PAIRS])))
        numbered = [(name, n, folder) for name in sources.names() for n in range(len(sources.load(name)["MISTAKES"]))]
        mistakes = list(shown(pool.imap(mistaken, numbered)))
    lines = page(ports, mistakes)
    (ROOT / "docs" / "beside_corpus.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
