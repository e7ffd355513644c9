"""Write docs/beside_corpus.md: every program of the audit's corpus beside its port, and beside each planted mistake.

    python docs/beside_corpus.py [FOLDER]

FOLDER has today's graphs as `tests/corpus/build.py --mistakes` builds them; without it they are built, some minutes.
All is run in this process: TensorFlow's import takes longer than most programs do.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from compat_v1.environment import import_tensorflow  # noqa: E402

import_tensorflow()

from compat_v1.audit import read_graph_def  # noqa: E402
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


def causes_in_short(result):
    """Return the kinds of causes of a `Beside`, and whether the two are equal without them."""
    return "; ".join(
        dict.fromkeys(
            cause["cause"] + (" (equal without)" if cause.get("equal_without") else "") for cause in result.causes
        )
    )


def changed_nodes(new, mistaken):
    """Return the names of the nodes that a mistake has changed, by name against the faithful port."""
    there = {node.name: node.SerializeToString(deterministic=True) for node in new.node}
    return {node.name for node in mistaken.node if there.get(node.name) != node.SerializeToString(deterministic=True)}


def ports(folder):
    """Yield a row for each port that is faithful: [name, audit's verdict, verdict, first, cause, seconds]."""
    for release, name in PAIRS:
        old, new, begin = recorded(release, name), read_graph_def(folder / f"{name}.pb.gz"), time.process_time()
        label = f"{name}, {release[2:]}"
        try:
            result = beside(old, new, UPDATES)
            first = f"`{result.first.tensor}`" if result.first else ""
            row = [label, result.audit or "", result.verdict, first, causes_in_short(result)]
        except CannotRunError as error:
            row = [label, "", "cannot be run", "", str(error)]
        yield [*row, f"{time.process_time() - begin:.0f}"]


def mistakes(folder):
    """Yield a row for each mistake: the same, with whether the first tensor is where it was planted as the cause."""
    for name in sources.names():
        old, right_graph = Program(recorded("tf1.15.5", name)), read_graph_def(folder / f"{name}.pb.gz")
        for number, (right, wrong) in enumerate(sources.load(name)["MISTAKES"]):
            begin, new = time.process_time(), read_graph_def(folder / f"{name}.mistake{number}.pb.gz")
            label = f"{name}: `{right}` → `{wrong}`".replace("|", "\\|").replace("\n", " ")
            planted = changed_nodes(right_graph, new)
            try:
                row = [label, *_where(old, Program(new), planted)]
            except CannotRunError as error:
                row = [label, "", "cannot be run", "", str(error)]
            yield [*row, f"{time.process_time() - begin:.0f}"]


def _where(old, new, planted):
    """Run both with the old seeds; return the audit's verdict, that of the run, the first tensor, and what is there."""
    paired = pair(old, new)
    plan, _ = with_old_seeds(make_plan(old, new, paired.pairs, Feeds(old, new, paired.pairs), paired.guessed))
    trial = Trial(plan, UPDATES, None, lambda done, total: None)
    course = trial.judge()
    if plan.mismatches:
        return paired.audit, "parted", "", plan.mismatches[0]
    if not course.first:
        return paired.audit, "not deterministic" if course.strayed else "equal", "", ""
    origins = trial.origins(trial.plan, course.first, trial.plain)
    if not origins.first:
        return paired.audit, "parted", f"`{course.first.what[0]}`", "only by graph optimizers"
    here = any(
        {one.partner, *origins.between[one.node][1], *(s for s, _ in new.wiring.inputs.get(one.partner, ()))} & planted
        for one in origins.first
    )
    where = "at the planted place" if here else "elsewhere"
    return paired.audit, "parted", f"`{origins.first[0].node}`", where


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
    yield f"{UPDATES} update each; seconds of processor time. `python docs/beside_corpus.py` writes this page.\n"
    yield "## Faithful ports\n"
    equal_without = sum(row[2] == "parted" and "(equal without)" in row[4] for row in right)
    yield f"{_counts(right)}; of those that part, {equal_without} are equal without the cause that is named.\n"
    yield from table(right, ("program, old release", "audit", "beside", "first tensor", "cause", "seconds"))
    yield "\n## Mistakes\n"
    yield f"{len(wrong)} of the {planted} that are planted, against TensorFlow 1.15.5's graph, with its seeds written"
    yield "into the port. What is *equal* has a mistake that one update does not show, such as another initial value or"
    yield "momentum: the audit alone sees it.\n"
    alone = sum(row[2] == "equal" and row[1] == "not faithful" for row in wrong)
    yield f"{_counts(wrong)}; " + ", ".join(f"{n} {what}" for what, n in _places(wrong).items())
    yield f"first. Of those that are equal, {alone} are *not faithful* for the audit.\n"
    yield from table(wrong, ("mistake", "audit", "beside", "first tensor", "where", "seconds"))


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
    with tempfile.TemporaryDirectory() as built:
        folder = Path(folder) if folder else build_today(Path(built) / "today", with_mistakes=True)
        lines = page(list(shown(ports(folder))), list(shown(mistakes(folder))))
    (ROOT / "docs" / "beside_corpus.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
