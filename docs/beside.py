"""Print a table of docs/beside.md: programs beside their ports.

    python docs/beside.py FOLDER
    python docs/beside.py OLD NEW

FOLDER has a folder for each program, with the graph old_1.15.5.pb.gz, its port new.pb.gz, and mutant*.pb.gz. OLD and
NEW have graphs of the same names, as `make audit-larger` builds them.
"""

import multiprocessing
import sys
import time
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.audit.reading import read_graph_def  # noqa: E402
from compat_v1.beside import CannotRunError, beside  # noqa: E402

SIZES = {"dcgan": {"Placeholder_2": [8]}}  # the discriminator sees real and made images, twice as many


def tasks(folder, ports=None):
    """Yield (row's label, old graph, new graph, sizes) for each row of the table."""
    if ports:
        for old in sorted(folder.glob("*.pb.gz")):
            if (ports / old.name).exists():
                yield old.name.partition(".")[0], old, ports / old.name, None
        return
    for program in sorted(path.parent for path in folder.glob("*/old_1.15.5.pb.gz")):
        for port in sorted(path for path in program.glob("*.pb.gz") if not path.name.startswith("old")):
            label = f"{program.name}, {port.name.partition('.')[0]}"
            yield label, program / "old_1.15.5.pb.gz", port, SIZES.get(program.name)


def row(task):
    """Return the row of a task."""
    label, old, new, sizes = task
    begin = time.process_time()
    try:
        result = beside(read_graph_def(old), read_graph_def(new), updates=2, sizes=sizes)
        first = f"`{result.first.tensor}`" if result.first else ""
        causes = dict.fromkeys(
            cause["cause"] + (" (equal without)" if cause.get("equal_without") else "") for cause in result.causes
        )
        said = [result.verdict, first, "; ".join(causes)]
    except CannotRunError as error:
        said = ["cannot be run", "", str(error)]
    return f"| {label} | {' | '.join(said)} | {time.process_time() - begin:.0f} |"


def main(*folders):
    """Print the table for the programs in a folder, or in two."""
    print("| program | verdict | first tensor | cause | seconds |\n| --- | --- | --- | --- | ---: |")
    # A process each: what one has to switch on so that a graph equals itself stays on.
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for one in pool.imap(row, tasks(*map(Path, folders))):
            print(one, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
