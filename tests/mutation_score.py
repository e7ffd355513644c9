"""The share of mistakes that the audit notices: every node of the corpus's graphs is changed, once per kind of edit.

Each old graph is changed against today's, and today's against TensorFlow 1.15's. An edit is noticed if the report is
another one than that of the faithful pair, or if the graph is refused as none that TensorFlow can import. As a program,
it writes docs/audit_mutation_score.md when all is done: `make mutation-score`, or `SHARE=0.01` for a hundredth of the
edits of each kind in each graph, at least one, drawn at random; `SEED=1` draws others. What is done is kept in
runs/mutation_score until the audit, the edits or the graphs change: stopped and started again, it goes on where it was.
"""

import argparse
import functools
import hashlib
import json
import math
import multiprocessing
import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from compat_v1.environment import import_tensorflow

tf = import_tensorflow()

from compat_v1 import audit as package  # noqa: E402
from compat_v1.audit import audit, read_graph_def  # noqa: E402
from compat_v1.audit.comparison import audit_graphs, readable, shapes_of_placeholders  # noqa: E402
from compat_v1.audit.validation import validate  # noqa: E402
from corpus_graphs import PAIRS, RECORDED, build_today, recorded, report  # noqa: E402
from equivalents import Pair, alone, is_equivalent  # noqa: E402
from mutations import KINDS, Edit, apply, edits  # noqa: E402

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "audit_mutation_score.md"
KEPT = ROOT / "runs" / "mutation_score"
AGAINST = "tf1.15.5"  # the release whose graphs today's edited ones are held to
OUTCOMES = ("noticed", "refused", "crashed", "survived", "equivalent")
_CHUNK = 40  # edits a task, which is done or not: some seconds


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
    """Return (the graph to edit, the other one, the audit of the two, the edits)."""
    today = read_graph_def(Path(folder) / f"{subject.name}.pb.gz")
    if subject.release == "today":
        graph, other = today, recorded(AGAINST, subject.name)
        faithful = audit(other, graph)
    else:
        graph, other = recorded(subject.release, subject.name), today
        faithful = audit(graph, other)
    return graph, other, faithful, list(edits(graph))


_unchanged: dict = {}  # {subject: (the shapes it was read with, its Graph)}, of the side that is not edited


def _audited(folder, subject, mutant):
    """Audit an edited graph as `audit` does, but read the other graph once for all edits that leave it its shapes.

    It is validated first, as what is read from a file is: some would crash TensorFlow.
    """
    validate(mutant)
    other = graphs(folder, subject)[1]
    is_today = subject.release == "today"
    shapes = shapes_of_placeholders(other, mutant) if is_today else shapes_of_placeholders(mutant, other)
    if subject not in _unchanged or (is_today and _unchanged[subject][0] != shapes):
        _unchanged[subject] = shapes, readable(other, shapes if is_today else None)
    read = _unchanged[subject][1]
    pair = (read, readable(mutant)) if is_today else (readable(mutant, shapes), read)
    return audit_graphs(*pair)


def outcome(folder, subject, edit):
    """Plant one edit, audit, and say what the audit does: (one of OUTCOMES, how it crashed)."""
    graph, other, faithful, _ = graphs(folder, subject)
    mutant = apply(edit, graph)
    try:
        result = report(_audited(folder, subject, mutant))
    except ValueError:
        return "refused", ""
    except Exception as error:  # whatever it is: a crash of the audit is to be named, and ends nothing
        return "crashed", f"{type(error).__name__}: {error}"
    if result != report(faithful):
        return "noticed", ""
    return ("equivalent" if is_equivalent(edit, _pair(subject, graph, mutant, other, faithful)) else "survived"), ""


def _pair(subject, graph, mutant, other, faithful):
    """Return the graph and its edited form, with the shapes of placeholders that only the other graph has written."""
    is_today = subject.release == "today"
    partners = {port: name for name, port in faithful.pairs.items()} if is_today else faithful.pairs
    shapes = {} if is_today else shapes_of_placeholders(graph, other)
    with_shapes = []
    for one in (graph, mutant):
        with_shapes.append(type(one).FromString(one.SerializeToString()))
        for node in with_shapes[-1].node:
            if node.name in shapes:
                node.attr["shape"].shape.CopyFrom(shapes[node.name])
    return Pair(*with_shapes, alone(graph, other, partners))


def _outcomes(folder, subject, places, kept):
    """Return the `Planted`s of some edits, from the file that keeps them or from audits, which are kept."""
    chosen = [graphs(folder, subject)[3][place] for place in places]
    name = hashlib.sha256(repr((subject, places)).encode()).hexdigest()[:24]
    file = kept / f"{name}.json" if kept else None
    if file and file.exists():
        found = json.loads(file.read_text())
    else:
        found = [outcome(folder, subject, edit) for edit in chosen]
        if file:
            new = file.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(found))
            new.replace(file)
    return [Planted(subject, edit, *one) for edit, one in zip(chosen, found, strict=True)]


def _places(folder, subject, share, seed):
    """Return which edits of a graph are planted: of each kind that share, at least one, in an order of its own."""
    of_kind: dict = {}
    for place, edit in enumerate(graphs(folder, subject)[3]):
        of_kind.setdefault(edit.kind, []).append(place)
    rng = random.Random(f"{seed} {subject}")
    chosen = [place for some in of_kind.values() for place in rng.sample(some, math.ceil(share * len(some)))]
    return sorted(chosen), sum(map(len, of_kind.values()))


def score(pool, folder, subjects, share=1.0, seed=0, kept=None):
    """Return (what became of each edit, or of a share of them drawn at random, the number of all edits).

    `pool`: the executor that does it; `kept`: the folder that keeps what is done, for another call with the same
    arguments.
    """
    planted, total = [], 0
    asked = {pool.submit(_places, folder, subject, share, seed): subject for subject in subjects}
    tasks = []
    for one in tqdm(as_completed(asked), total=len(asked), unit="graph"):
        places, count = one.result()
        total += count
        for begin in range(0, len(places), _CHUNK):
            tasks.append(pool.submit(_outcomes, folder, asked[one], places[begin : begin + _CHUNK], kept))
    for task in tqdm(as_completed(tasks), total=len(tasks), unit="task"):
        planted += task.result()
    return planted, total


def fingerprint(folder):
    """Return a hash of all that an outcome depends on: the audit, the edits, the graphs, TensorFlow."""
    digest = hashlib.sha256(tf.__version__.encode())
    sources = [*Path(package.__file__).parent.rglob("*.py"), *Path(__file__).parent.glob("*mutation*.py")]
    sources += [
        Path(__file__).with_name(f"{name}.py")
        for name in ("equivalents", "known_graph", "same_but_names", "corpus_graphs")
    ]
    for path in (*sorted(sources), *sorted(RECORDED.glob("tf*/*.gz")), *sorted(Path(folder).glob("*.gz"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


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


def document(planted, total, share, seed=0):
    """Yield the lines of docs/audit_mutation_score.md."""
    yield "# The mutation score of the audit"
    yield ""
    drawn = f" SHARE={share:g}" * (share < 1) + f" SEED={seed}" * bool(seed)
    yield f"    make mutation-score{drawn}"
    yield ""
    if share == 1:
        yield f"All {total} edits of `tests/mutations.py`, planted into the graphs of `tests/corpus`."
    else:
        yield f"{len(planted)} of the {total} edits of `tests/mutations.py`, planted into the graphs of `tests/corpus`:"
        yield f"of each kind in each graph a share of {share:g}, at least one, drawn at random."
    yield "Noticed: the report changes. Refused: the graph cannot be imported, and the audit says so. Crashed and"
    yield "survived count against the score. Equivalent: it changes nothing, by a rule at the top of"
    yield "`tests/equivalents.py`."
    yield "Other edits that are no mistake are not planted, by the rules at the top of `tests/mutations.py`."
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
    parser.add_argument("--share", type=_share, default=1.0, help="how many of the edits, up to 1 (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="which of them are drawn (default: 0)")
    parser.add_argument("--output", type=Path, default=DOCUMENT, help="the Markdown file to write")
    parser.add_argument("programs", nargs="*", help="only these programs (default: all)")
    args = parser.parse_args()
    subjects = [subject for subject in SUBJECTS if not args.programs or subject.name in args.programs]
    today = build_today(KEPT / "today")
    kept = KEPT / fingerprint(today)
    kept.mkdir(parents=True, exist_ok=True)
    # Not forked: TensorFlow's threads do not live on in a fork.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        planted, total = score(pool, today, subjects, args.share, args.seed, kept)
    lines = "\n".join(document(planted, total, args.share, args.seed)) + "\n"
    new = args.output.with_suffix(".new")
    new.write_text(lines)
    new.replace(args.output)
    print(lines)


def _share(text):
    share = float(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"a share is more than 0 and at most 1, not {text}")
    return share


if __name__ == "__main__":
    main()
