"""Write the table "Larger programs" of docs/audit.md: python docs/audit_larger.py OLD TODAY. `make audit-larger`.

OLD and TODAY hold the graphs of tests/corpus/larger as `tests/corpus/build.py --larger` builds them under TensorFlow
1.15.5 and under today's, there with the planted mistakes.
"""

import sys
from pathlib import Path
from textwrap import shorten

from audit import table, write_tables  # docs/audit.py, which finds the rest

from compat_v1.audit import audit, read_graph_def
from corpus import sources
from corpus_graphs import report


def score(name, old_folder, today):
    """Return a program's row: name, nodes, verdict, differences, mistakes noticed and planted, first difference.

    A mistake is noticed if its port is not faithful, and more is said of it than of the port without it.
    """
    old = read_graph_def(old_folder / f"{name}.pb.gz")
    port = audit(old, read_graph_def(today / f"{name}.pb.gz"))
    mistakes = sources.load(name, folder="larger")["MISTAKES"]
    noticed = 0
    for number, (right, wrong) in enumerate(mistakes):
        mistaken = audit(old, read_graph_def(today / f"{name}.mistake{number}.pb.gz"))
        if mistaken.verdict == "not faithful" and report(mistaken) != report(port):
            noticed += 1
        else:
            print(f"unseen in {name}: {wrong!r} for {right!r}")
    first = ""
    if port.differences:
        difference = port.differences[0]
        first = shorten(f"`{difference.node or difference.port_node}`: {difference.what}", 150, placeholder=" …")
    return name, len(old.node), port.verdict, len(port.differences), noticed, len(mistakes), first


def main():
    old, today = map(Path, sys.argv[1:])
    rows = []
    for name in sources.names("larger"):
        rows.append(score(name, old, today))
        print(*rows[-1], sep="\t", flush=True)
    passed = sum(row[2] != "not faithful" for row in rows)
    noticed, planted = (sum(row[column] for row in rows) for column in (4, 5))
    summary = f"{passed} of {len(rows)} pass; {noticed} of {planted} planted mistakes are noticed."
    print(summary)
    head = ["program", "nodes", "verdict", "differences", "mistakes noticed", "of planted", "the first difference"]
    write_tables({"larger": summary + "\n\n" + table(head, rows)})


if __name__ == "__main__":
    main()
