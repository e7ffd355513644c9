"""Print what the audit says of old_*.pb.gz and new.pb.gz in folders: `python tests/audit_pairs.py FOLDER …`.

Graphs named mutant*.pb.gz, a mistake in the port each, are audited against the newest old one.
"""

import sys
import time
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.audit import audit, read_graph_def  # noqa: E402


def row(name, old, new):
    """Return a line of the table for two graphs."""
    start = time.perf_counter()
    result = audit(read_graph_def(old), read_graph_def(new))
    seconds = time.perf_counter() - start
    release = old.name.removeprefix("old_").removesuffix(".pb.gz")
    first = f"`{result.differences[0].node or result.differences[0].port_node}`" if result.differences else ""
    return f"| {name} | {release} | {result.verdict} | {len(result.differences)} | {seconds:.1f} | {first} |"


if __name__ == "__main__":
    print("| graphs | release | verdict | differences | seconds | the first |")
    print("| --- | --- | --- | ---: | ---: | --- |")
    for folder in map(Path, sys.argv[1:]):
        originals = sorted(folder.glob("old_*.pb.gz"))
        for old in originals:
            print(row(folder.name, old, folder / "new.pb.gz"))
        for mutant in sorted(folder.glob("mutant*.pb.gz")):
            print(row(f"{folder.name}/{mutant.name.removesuffix('.pb.gz')}", originals[-1], mutant))
