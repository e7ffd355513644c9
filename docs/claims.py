"""Write the verdicts, tables and figures of docs/claims.md and the README from the stored results: `make claims`.

With a folder of results, `python docs/claims.py DIR`, they are stored first, those of other runs staying as they are:
`make study` does that after its runs, and so none of TensorFlow 1.0.1 is lost where that is not at hand.
"""

import re
import statistics
import sys
from pathlib import Path

from compat_v1.study.claims import answers
from compat_v1.study.figures import FIGURES
from compat_v1.study.groups import POST
from compat_v1.study.published import nearest
from compat_v1.study.runs import WHOLE
from compat_v1.study.table import Runs, collect, load, renewed, store

ROOT = Path(__file__).parents[1]
STORED = ROOT / "docs" / "claims" / "runs.jsonl.gz"


def markdown(table):
    """Return a table, a `DataFrame` of texts and counts, in Markdown."""
    lines = [table.columns, ["---"] + ["---:"] * (len(table.columns) - 1), *table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def search(runs):
    """Return what the search for the published lines found, in a sentence."""
    searched = [result for result in runs.lines if result.run.search]
    seeds, found = sum(result.run.count for result in searched), nearest(searched)
    if not found:
        return f"Of the 28,537 seeds, {seeds} were searched."
    seed, off, _ = found
    hours = sum(result.seconds for result in searched) / 3600
    return (
        f"The search through {seeds} seeds took {hours:.2f} hours of a processor. Of those whose three errors print as "
        f"the post's, seed {seed} comes nearest: its squared errors are within {off:.2%}."
    )


def million(runs):
    """Return the arithmetic of a million runs, in sentences."""
    whole = runs.of(POST, WHOLE).values()
    seconds = statistics.median(run.seconds for run in whole)
    size = statistics.median(len(run.model_dump_json()) for run in whole)
    stored = STORED.stat().st_size / sum(runs.counts.values())
    hours = seconds * 1e6 / 3600
    rows = [
        ("processor time of a run, median", f"{seconds:.1f} s", f"{hours:.0f} core hours"),
        ("on 64 cores", "", f"{hours / 64 / 24:.1f} days"),
        ("on 1000 cores", "", f"{hours / 1000:.1f} hours; {1e9 / hours / 3600:.0f} results a second reach the client"),
        ("at a price of 0.04 a core hour, which is assumed", f"{seconds / 3600 * 0.04:.5f}", f"{hours * 0.04:.0f}"),
        ("result as a file, median", f"{size / 1000:.1f} kB", f"{size / 1000:.1f} GB"),
        ("stored with all others, compressed", f"{stored / 1000:.1f} kB", f"{stored / 1000:.1f} GB"),
    ]
    lines = ["| | one | a million |", "| --- | ---: | ---: |", *("| " + " | ".join(row) + " |" for row in rows), ""]
    lines.append(f"Of {len(whole)} runs, done two at a time on two cores that had other work too.")
    return "\n".join(lines)


def replaced(text, name, content):
    """Return a page with what is between the marks of a name replaced; `ValueError` if it lacks them."""
    marks = f"(<!-- {re.escape(name)} -->\n).*?(<!-- end {re.escape(name)} -->)"
    text, count = re.subn(marks, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"the page has the marks of {name!r} {count} times")
    return text


def main():
    if len(sys.argv) > 1:
        rows = collect(Path(sys.argv[1]))
        if not rows:
            raise ValueError(f"{sys.argv[1]} holds no results: make study makes them")
        STORED.parent.mkdir(exist_ok=True)
        store(STORED, renewed(STORED, rows))
    runs = Runs(load(STORED))
    found = answers(runs)
    verdicts = ["| | the post says | verdict | what was found |", "| ---: | --- | --- | --- |"]
    verdicts += [f"| {of.number} | {of.claim} | **{of.verdict}** | {of.effect} |" for of in found]
    page, readme = (ROOT / "docs" / "claims.md", ROOT / "README.md")
    text = replaced(page.read_text(encoding="utf-8"), "verdicts", "\n".join(verdicts))
    text = replaced(text, "search", search(runs))
    for answer, draw in zip(found, FIGURES, strict=True):
        picture = STORED.parent / f"claim_{answer.number}.png"
        draw(runs).savefig(picture, dpi=90, metadata={"Software": None})
        body = [f"**{answer.verdict}**: {answer.effect}.", f"![{answer.claim}](claims/{picture.name})"]
        text = replaced(text, f"claim {answer.number}", "\n\n".join([*body, *map(markdown, answer.tables)]))
    page.write_text(text, encoding="utf-8")
    study = ROOT / "docs" / "study.md"
    study.write_text(replaced(study.read_text(encoding="utf-8"), "million", million(runs)), encoding="utf-8")
    lines = "\n".join(f"- {answer.claim}: **{answer.verdict}**" for answer in found)
    readme.write_text(replaced(readme.read_text(encoding="utf-8"), "claims", lines), encoding="utf-8")
    print(*verdicts, sep="\n")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
