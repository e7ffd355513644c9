"""The share of mistakes that the audit notices: every node of the corpus's graphs is changed, once per kind of edit.

Each old graph is changed against today's, and today's against TensorFlow 1.15's. An edit is noticed if the report is
another one than that of the faithful pair, or if the graph is refused as none that TensorFlow can import. As a program,
it writes docs/audit_mutation_score.md: `make mutation-score`, or `SHARE=0.01` for a hundredth, drawn at random.
"""

import argparse
import functools
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.audit import audit, read_graph_def  # noqa: E402
from corpus_graphs import PAIRS, build_today, recorded, report  # noqa: E402
from known_graph import same_constants  # noqa: E402
from mutations import KINDS, Edit, apply, edits  # noqa: E402

DOCUMENT = Path(__file__).parents[1] / "docs" / "audit_mutation_score.md"
AGAINST = "tf1.15.5"  # the release whose graphs today's edited ones are held to
OUTCOMES = ("noticed", "refused", "crashed", "survived", "equivalent")
_CHUNK = 40  # edits a task: one process does them in half a minute


class Subject(NamedTuple):
    """One graph to edit: a program's as that release built it, or today's ("today")."""

    release: str
    name: str


class Planted(NamedTuple):
    """What became of one edit, one of OUTCOMES; `error` says how the audit crashed."""

    subject: Subject
    edit: Edit
    outcome: str
    error: str = ""


SUBJECTS = [Subject(*pair) for pair in PAIRS] + [
    Subject("today", name) for release, name in PAIRS if release == AGAINST
]


@functools.cache
def graphs(folder, subject):
    """Return (the graph to edit, the other one, what the audit reports of the two, the edits)."""
    today = read_graph_def(Path(folder) / f"{subject.name}.pb.gz")
    if subject.release == "today":
        graph, other = today, recorded(AGAINST, subject.name)
        faithful = audit(other, graph)
    else:
        graph, other = recorded(subject.release, subject.name), today
        faithful = audit(graph, other)
    return graph, other, report(faithful), list(edits(graph))


def outcome(folder, subject, edit):
    """Plant one edit, audit, and say what the audit does."""
    graph, other, faithful, _ = graphs(folder, subject)
    mutant = apply(edit, graph)
    pair = (other, mutant) if subject.release == "today" else (mutant, other)
    try:
        result = report(audit(*pair))
    except ValueError:
        return Planted(subject, edit, "refused")
    except Exception as error:  # whatever it is: a crash of the audit is to be named, and ends nothing
        return Planted(subject, edit, "crashed", f"{type(error).__name__}: {error}")
    if result != faithful:
        return Planted(subject, edit, "noticed")
    return Planted(subject, edit, "equivalent" if same_constants(graph, mutant) else "survived")


def _outcomes(folder, subject, places):
    return [outcome(folder, subject, graphs(folder, subject)[3][place]) for place in places]


def _count(folder, subject):
    return len(graphs(folder, subject)[3])


def score(folder, subjects=None, share=1.0, seed=0):
    """Yield what became of each edit, or of a share of them drawn at random, over all cores."""
    subjects = SUBJECTS if subjects is None else subjects
    rng = random.Random(seed)
    # Not forked: the caller may have run sessions, whose threads a fork does not take along.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        tasks = []
        for subject, count in zip(subjects, pool.map(_count, [folder] * len(subjects), subjects), strict=True):
            places = [place for place in range(count) if rng.random() < share]
            for begin in range(0, len(places), _CHUNK):
                tasks.append(pool.submit(_outcomes, folder, subject, places[begin : begin + _CHUNK]))
        for task in tqdm(as_completed(tasks), total=len(tasks), unit="task"):
            yield from task.result()


def table(planted, of, rows):
    """Yield the lines of a table: for each row, how many edits there were, and what became of them."""
    counts = Counter((of(one), one.outcome) for one in planted)
    yield f"| | edits | {' | '.join(OUTCOMES)} | score |"
    yield "| --- | " + "---: | " * (len(OUTCOMES) + 2)
    for row in [*rows, "all"]:
        some = [
            sum(n for (of_one, what), n in counts.items() if row in (of_one, "all") and what == outcome)
            for outcome in OUTCOMES
        ]
        if sum(some):
            share = 100 * (some[0] + some[1]) / max(sum(some[:4]), 1)
            yield f"| {row} | {sum(some)} | {' | '.join(map(str, some))} | {share:.2f} % |"


def document(planted, share, seconds):
    """Yield the lines of docs/audit_mutation_score.md."""
    yield "# The mutation score of the audit"
    yield ""
    which = "Every edit" if share == 1 else f"A share of {share:g} of the edits, drawn at random,"
    yield "    make mutation-score"
    yield ""
    yield f"{which} of `tests/mutations.py`, planted into the graphs of `tests/corpus`: {len(planted)} audits, which"
    yield f"took {seconds / 60:.0f} minutes on {os.cpu_count()} cores. Noticed: the report changes. Refused: the graph"
    yield "cannot be imported, and the audit says so. Crashed and survived count against the score. Equivalent: every"
    yield "constant that the edit reaches keeps its value, found by running both. Other edits that are no mistake are"
    yield "not planted, by the rules at the top of `tests/mutations.py`."
    yield ""
    yield "## By kind of edit"
    yield ""
    yield from table(planted, lambda one: one.edit.kind, KINDS)
    yield ""
    yield "## By graph"
    yield ""
    rows = sorted({_label(one.subject) for one in planted})
    yield from table(planted, lambda one: _label(one.subject), rows)
    yield ""
    yield "## Survivors"
    yield ""
    left = [one for one in planted if one.outcome in ("survived", "crashed")]
    for one in sorted(left, key=lambda one: (one.edit.kind, one.subject, one.edit.node)):
        where = f"in {one.edit.function}, " * bool(one.edit.function) + f"`{one.edit.node}`"
        yield f"- {_label(one.subject)}, {one.edit.kind}, {where}: {one.edit.what}" + f" ({one.error})" * bool(
            one.error
        )
    if not left:
        yield "None."


def _label(subject):
    return f"{subject.name}, {subject.release}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1.0, help="how many of the edits, from 0 to 1 (default: all)")
    parser.add_argument("--output", type=Path, default=DOCUMENT, help="the Markdown file to write")
    parser.add_argument("programs", nargs="*", help="only these programs (default: all)")
    args = parser.parse_args()
    subjects = [subject for subject in SUBJECTS if not args.programs or subject.name in args.programs]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        today = build_today(Path(folder) / "today")
        planted = list(score(today, subjects, args.share))
    lines = "\n".join(document(planted, args.share, time.monotonic() - begin)) + "\n"
    args.output.write_text(lines)
    print(lines)


if __name__ == "__main__":
    main()
