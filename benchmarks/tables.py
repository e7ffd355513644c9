"""Put what was measured into docs/benchmarks.md."""

from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/benchmarks.md"


def publish(name, lines):
    """Print lines and put them between the page's marks `<!-- name -->` and `<!-- end name -->`.

    Raises `ValueError` if the page lacks one.
    """
    print(*lines, sep="\n")
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, rest = PAGE.read_text().split(begin)
    _, after = rest.split(end)
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
