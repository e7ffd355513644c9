"""Put what was measured into docs/benchmarks.md."""

from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/benchmarks.md"


def publish(name, lines):
    """Print lines and put them between the page's marks `<!-- name -->` and `<!-- end name -->`."""
    print(*lines, sep="\n")
    before, begin, rest = PAGE.read_text().partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end {name} -->")
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
