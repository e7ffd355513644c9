"""Attack every command with everything and print a table by class; exit status 1 if anything was not good.

`make hostile`, or `python tests/hostile.py --share 0.1 CLASS …` for a tenth of some classes. A wrong outcome is shown.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hostile_attempt import OUTCOMES, Outcome
from hostile_examples import KINDS, survey_command
from hostile_inputs import make_inputs
from hostile_machine import CLASSES

EXAMPLES = 12_000
TIMES = 3  # that a survey is begun anew after a crash


def tried_by_hypothesis(kind: str, share: float) -> Counter[str]:
    """Try a kind of input in a process of its own, which a crash ends."""
    examples = max(20, round(EXAMPLES * share * KINDS[kind][1] / 100))
    total: Counter[str] = Counter()
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            counts = Path(folder, "counts.json")
            done = subprocess.run(survey_command(kind, examples, counts), capture_output=True, text=True)
            found = json.loads(counts.read_text()) if counts.exists() else {}
        total.update(found)
        if done.returncode == 0:
            break
        if set(found) <= {"clean", "accepted"}:  # no count of what ended it: it crashed, or faulthandler ended a hang
            total["hang or crash"] += 1
        print(f"--- {kind}: exit status {done.returncode}\n{(done.stdout + done.stderr)[-6000:]}", flush=True)
    return total


def counted(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Count outcomes, and show those that are not good."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts[outcome.kind] += 1
        if not outcome.is_good:
            print(f"--- {outcome.kind}: {outcome.shown[:3000]!r}", flush=True)
    return counts


def row(name: str, counts: Counter[str]) -> str:
    """Return a line of the table."""
    return f"| {name} | {sum(counts.values())} | " + " | ".join(str(counts[kind]) for kind in OUTCOMES) + " |"


def in_a_folder(name: str, made: str) -> Iterator[Outcome]:
    """Try a class with good inputs of its own: what one is allowed to write there is not for the next."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
        yield from CLASSES[name](Path(folder))


def main() -> int:
    """Return 0 if every outcome was good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the examples (default: all)")
    parser.add_argument("classes", nargs="*", metavar="CLASS", help=f"default: {', '.join([*KINDS, *CLASSES])}")
    args = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as made:
        make_inputs(Path(made))
        names = args.classes or [*KINDS, *CLASSES]
        kinds = [name for name in KINDS if name in names]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each is a process of its own; the classes are not
            surveyed = dict(
                zip(kinds, pool.map(lambda kind: tried_by_hypothesis(kind, args.share), kinds), strict=True)
            )
        for name in names:
            table[name] = surveyed[name] if name in surveyed else counted(in_a_folder(name, made))
            print(row(name, table[name]), flush=True)
    total = sum(table.values(), Counter[str]())
    print("", f"| class | tried | {' | '.join(OUTCOMES)} |", "| --- |" + " ---: |" * (1 + len(OUTCOMES)), sep="\n")
    print(*(row(name, found) for name, found in table.items()), row("**all**", total), sep="\n")
    return int(any(total[kind] for kind in OUTCOMES[2:]))


if __name__ == "__main__":
    sys.exit(main())
