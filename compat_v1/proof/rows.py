"""What a verdict is made of: rows with a key, and how many of them say that a run is faithful."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Any, NamedTuple

# CANNOT_TELL is a row that could be judged, had the run left what it takes: without it the run is not called faithful.
FAITHFUL, NOT_FAITHFUL, NOT_JUDGED, CANNOT_TELL = "faithful", "NOT FAITHFUL", "not judged", "cannot tell"

MEASURED = ("every-bit", "printed-lines")  # the keys of the rows that hold what was measured; one of them must
WIDTHS = (30, 20, 32, 12)  # characters of the columns, 100 with the gaps; what is longer goes on in the next line


class Row(NamedTuple):
    """One thing that a run is held to. Programs find it by its key, people read the rest."""

    key: str
    what: str
    original: str
    here: str
    verdict: str


class Judgement(NamedTuple):
    """The verdict on a run, and the rows that it follows from."""

    verdict: str
    rows: list[Row]

    def as_json(self) -> dict[str, Any]:
        """Return what `verify --json` prints."""
        return {"verdict": self.verdict, "rows": [row._asdict() for row in self.rows]}


def judged(key: str, what: str, original: str, here: str, is_faithful: bool) -> Row:
    """Return a row with a verdict."""
    return Row(key, what, original, here, FAITHFUL if is_faithful else NOT_FAITHFUL)


def verdict(rows: Iterable[Row]) -> str:
    """Return the verdict on a run: `NOT_JUDGED` if no row could judge what it measured, or what ran cannot be told."""
    verdicts = {row.key: row.verdict for row in rows}
    if NOT_FAITHFUL in verdicts.values():
        return NOT_FAITHFUL
    is_held = any(verdicts.get(key) == FAITHFUL for key in MEASURED)
    return FAITHFUL if is_held and CANNOT_TELL not in verdicts.values() else NOT_JUDGED


def summary(rows: Iterable[Row]) -> list[str]:
    """Return, of a run that is not faithful row by row, first what holds and then what does not and why, in lines.

    What the post printed is left out, and so is a run of which all holds: there the table says it.
    """
    parts = [row for row in rows if not row.key.startswith("post-")]
    holds = [row.what.strip() for row in parts if row.verdict == FAITHFUL]
    lines = [f"it holds: {', '.join(holds) or 'nothing'}"]
    for verdict, what in ((NOT_FAITHFUL, "it differs"), (CANNOT_TELL, "cannot be told"), (NOT_JUDGED, "not judged")):
        lines += [f"{what}: {row.what.strip()}: {row.here or row.original}" for row in parts if row.verdict == verdict]
    return [part for line in lines for part in wrap(line, 100, subsequent_indent="  ")] if len(lines) > 1 else []


def table(rows: Iterable[Row]) -> list[str]:
    """Return the rows as the lines of a table for the terminal, of up to 100 columns."""
    lines = []
    for row in (Row("", "", "the original", "here", "verdict"), *rows):
        cells = [wrap(cell, width) or [""] for cell, width in zip(row[1:], WIDTHS, strict=True)]
        for number in range(max(map(len, cells))):
            parts = [cell[number] if number < len(cell) else "" for cell in cells]
            lines.append("  ".join(f"{part:{width}}" for part, width in zip(parts, WIDTHS, strict=True)).rstrip())
    return lines
