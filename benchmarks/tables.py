"""Put what was measured into docs/benchmarks.md, or another page."""

from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/benchmarks.md"


def publish(name, lines, page=PAGE):
    """Print lines and put them between the page's marks `<!-- name -->` and `<!-- end name -->`.

    Raises `ValueError` if the page lacks one.
    """
    print(*lines, sep="\n")
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, rest = page.read_text().split(begin)
    _, after = rest.split(end)
    page.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
