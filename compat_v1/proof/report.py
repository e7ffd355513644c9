"""Write the comparison of a run with the original as one HTML page, and its charts as PNG files. Judges nothing.

The page needs no other file and no network. It follows the reader's screen: light or dark, narrow or wide.
"""

import io
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from compat_v1.graph import SEQUENCE_LENGTH
from compat_v1.original.record_format import HORIZON, write_whole
from compat_v1.proof.golden import OLD_STACKS, golden, published
from compat_v1.proof.rows import FAITHFUL, NOT_FAITHFUL, Row, verdict
from compat_v1.records import Record, series_names

# What is drawn in the first colour becomes a CSS variable of the page, which has the second one in the dark.
COLORS = {
    "ink": ("#1b1f24", "#e6e9ee"),
    "muted": ("#5b6470", "#a3adba"),
    "grid": ("#e3e6ea", "#2c333c"),
    "paper": ("#ffffff", "#171b21"),
    "original-test": ("#9cc7f5", "#2a5d96"),
    "original-train": ("#f9c98f", "#8a5518"),
    "here-test": ("#0b4ea2", "#a9d3ff"),
    "here-train": ("#b45309", "#ffc98a"),
    "post": ("#b0166c", "#ff8ad0"),
}
LIGHT = {name: light for name, (light, _) in COLORS.items()}
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "selfmade-lstm",  # the same run makes the same file
    "font.size": 9,
    "text.color": LIGHT["ink"],
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["muted"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "grid.color": LIGHT["grid"],
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
}
BEGINNING = 200  # epochs, shown larger: what the post printed, and the horizon


def write_report(path: str | Path, record: Record, rows: Sequence[Row]) -> list[Path]:
    """Write the page to the file `path` and each chart beside it, `<stem>-<chart>.png`; return the PNG files' paths.

    `rows` is the verdict on the record. No half of a file ever replaces a whole one.
    """
    path = Path(path)
    reference = golden(OLD_STACKS[0], record.graph_seed, record.data.draw)
    if reference and reference.data != record.data:
        reference = None
    figures, images = [], []
    with rc_context(STYLE):
        for name, title, figure in charts(record, reference):
            figure.legend(loc="outside lower center", ncols=3)
            figures.append(f"<figure><figcaption>{title}</figcaption>{_svg(name, title, figure)}</figure>")
            images.append(path.with_name(f"{path.stem}-{name}.png"))
            figure.suptitle(title, fontweight="bold")
            write_whole(images[-1], _saved(figure, "png", dpi=200, facecolor=LIGHT["paper"]))
    write_whole(path, _page(record, reference, rows, figures).encode())
    return images


def charts(record: Record, reference: Record | None) -> Iterator[tuple[str, str, Figure]]:
    """Yield (file name, title, figure) of each chart."""
    for field, what in (("error", "Incorrect answers"), ("squared_error", "Squared error, test set")):
        name = field.replace("_", "-")
        figure = _chart(field, record, reference, BEGINNING)
        figure.axes[0].axvline(HORIZON, color=LIGHT["muted"], linewidth=0.8, linestyle="dotted", label="horizon")
        yield f"{name}-beginning", f"{what}, first {BEGINNING} epochs", figure
        figure = _chart(field, record, reference, record.epochs)
        figure.axes[0].set_yscale("log", nonpositive="mask")
        figure.axes[0].yaxis.set_major_formatter(PercentFormatter(1) if field == "error" else ScalarFormatter())
        yield f"{name}-whole", f"{what}, whole run", figure


def _chart(field: str, record: Record, reference: Record | None, until: int) -> Figure:
    """Return a figure of all series of a field through the epoch `until`."""
    figure = Figure(figsize=(4.6, 3.7), layout="constrained")
    axes = figure.subplots()
    # The original is a broad pale band, which the run's own thin line follows.
    for name, source, width in (("original", reference, 4), ("here", record, 1.2)):
        for part in ("test", "train"):
            if source and (part, field) in series_names():
                epochs = [epoch for epoch in source.series(part, "epoch") if epoch <= until]
                values = source.series(part, field)[: len(epochs)]
                axes.plot(epochs, values, color=LIGHT[f"{name}-{part}"], linewidth=width, label=f"{name}, {part}")
    if record.data.sequence_length == SEQUENCE_LENGTH:
        lines = published()["lines"]
        unit, key = (100, "incorrect_percent") if field == "error" else (1, "squared_error")
        values = [line[key] / unit for line in lines]
        epochs = [line["epoch"] for line in lines]
        axes.plot(epochs, values, "D", color=LIGHT["post"], markersize=4.5, label="printed in the post")
    if field == "error":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("epoch")
    axes.grid(linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _svg(name: str, title: str, figure: Figure) -> str:
    """Return the figure as an SVG element: it takes the page's colours, and its ids are unique in the page."""
    svg = _saved(figure, "svg", transparent=True, metadata={"Date": None}).decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for color, (light, _) in COLORS.items():
        svg = svg.replace(light, f"var(--{color})")
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def _saved(figure: Figure, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=file_format, **options)
    return buffer.getvalue()


def _page(record: Record, reference: Record | None, rows: Sequence[Row], figures: list[str]) -> str:
    result = verdict(rows)
    verdict_class = {FAITHFUL: "faithful", NOT_FAITHFUL: "unfaithful"}
    cells = "<tr><th>{}<td data-of='the original'>{}<td data-of='here'>{}"
    subject = (
        f"Graph seed {record.graph_seed}, draw {record.data.draw} of the data, "
        f"{record.epochs} epochs, answer to 00-+++: {record.prediction.get('00-+++', 'none')}."
    )
    if reference is None:
        subject += " The original's own run with them is not recorded."
    stacks = [
        (part, getattr(reference.stack, part) if reference else "not recorded", value) for part, value in record.stack
    ]
    return Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8")).substitute(
        title="The handmade LSTM of 2017: the original and a run of today",
        light="; ".join(f"--{name}: {light}" for name, (light, _) in COLORS.items()),
        dark="; ".join(f"--{name}: {dark}" for name, (_, dark) in COLORS.items()),
        subject=escape(subject),
        horizon=HORIZON,
        verdict=result.upper(),
        verdict_class=verdict_class.get(result, ""),
        charts="\n".join(figures),
        rows="\n".join(
            cells.format(*map(escape, row[1:4]))
            + f"<td data-of='verdict' class='{verdict_class.get(row.verdict, '')}'>{escape(row.verdict)}"
            for row in rows
        ),
        stacks="\n".join(cells.format(*map(escape, stack)) for stack in stacks),
    )
