"""Print the table of docs/beside.md: each program of a folder beside its port, and beside its mutants.

    python docs/beside.py FOLDER

FOLDER has a folder for each program, with the graph old_1.15.5.pb.gz, its port new.pb.gz, and mutant*.pb.gz.
"""

import sys
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.audit.reading import read_graph_def  # noqa: E402
from compat_v1.beside import CannotRunError, beside  # noqa: E402

SIZES = {"dcgan": {"Placeholder_2": [8]}}  # the discriminator sees real and made images, twice as many


def row(program, port):
    """Return a row of the table for one port of a program."""
    graphs = [read_graph_def(program / name) for name in ("old_1.15.5.pb.gz", port)]
    name = f"{program.name}, {port.partition('.')[0]}"
    try:
        result = beside(*graphs, updates=2, sizes=SIZES.get(program.name))
    except CannotRunError as error:
        return f"| {name} | cannot be run | | {error} |"
    first = f"`{result.first.tensor}`" if result.first else ""
    causes = dict.fromkeys(
        cause["cause"] + (" (equal without)" if cause.get("equal_without") else "") for cause in result.causes
    )
    return f"| {name} | {result.verdict} | {first} | {'; '.join(causes)} |"


def main(folder):
    """Print the table for the programs in a folder."""
    print("| program | verdict | first tensor | cause |\n| --- | --- | --- | --- |")
    for program in sorted(path.parent for path in Path(folder).glob("*/old_1.15.5.pb.gz")):
        for port in sorted(path.name for path in program.glob("*.pb.gz") if not path.name.startswith("old")):
            print(row(program, port), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
