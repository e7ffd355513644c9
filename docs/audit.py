"""Write the tables of docs/audit.md: the corpus, what TensorFlow changed, the causes, each mutant. `make audit-tables`.

The times are of this machine; everything else is the same on every one.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from compat_v1.audit import audit, drift, read_graph_def  # noqa: E402
from corpus_graphs import PAIRS, build_today, recorded  # noqa: E402
from mutants import table_of_mutants  # noqa: E402

PAGE = ROOT / "docs" / "audit.md"
_SEEDS = (
    "derived seeds",
    "with a seed for the graph and none for the op, an op's seed is the number of such ops before it, was that of all "
    "ops before it",
    "2.2",
    "write the old ones in the port; the audit lists them",
)


def table(head, rows):
    """Return a table in Markdown; numbers to the right."""
    is_number = [all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]
    lines = [head, ["---:" if number else "---" for number in is_number], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write_tables(tables):
    """Put each table of {name: text} into the page, between its markers."""
    text = PAGE.read_text(encoding="utf-8")
    for name, content in tables.items():
        text = re.sub(
            f"(?<=<!-- {name} -->\n).*?(?=<!-- end {name} -->)",
            lambda _, new=content: new + "\n",
            text,
            flags=re.DOTALL,
        )
    PAGE.write_text(text, encoding="utf-8")


def audits():
    """Yield (release, program, audit, seconds) for each pair of the corpus."""
    with tempfile.TemporaryDirectory() as folder:
        today = build_today(Path(folder) / "today")
        for release, name in PAIRS:
            graphs = recorded(release, name), read_graph_def(today / f"{name}.pb.gz")
            begin = time.process_time()
            result = audit(*graphs)
            yield release.removeprefix("tf"), name, len(graphs[0].node), result, time.process_time() - begin


def main():
    done = list(audits())
    programs = [
        (name, release, nodes, result.verdict, len(result.differences), len(result.numbers), f"{seconds:.1f}")
        for release, name, nodes, result, seconds in done
    ]
    needed = {rule: sum(rule in result.rules for *_, result, _ in done) for rule in drift.RULES}
    rules = [
        (name, rule.changed, drift.period(rule), rule.harmless, needed[name]) for name, rule in drift.RULES.items()
    ]
    passed = sum(row[3] != "not faithful" for row in programs)
    numbers = [_SEEDS, *((name, one.changed, one.since, one.advice) for name, one in drift.NUMBERS.items())]
    head = ["program", "from", "nodes", "verdict", "differences", "causes of other numbers", "seconds"]
    tables = {
        "programs": f"{passed} of {len(programs)} pass.\n\n" + table(head, programs),
        "rules": table(["rule", "what changed", "since", "why it is harmless", "pairs that need it"], rules),
        "numbers": table(["cause", "what changed", "since", "what to do"], numbers),
        "mutants": "\n".join(table_of_mutants()),
    }
    write_tables(tables)


if __name__ == "__main__":
    main()
