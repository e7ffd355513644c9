"""A result as one HTML page, with nothing outside it: verdict, curve, first tensors and what lies around them."""

import io
from collections.abc import Collection
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, StrMethodFormatter

from compat_v1.audit.document import KEY, document, panels, properties, text
from compat_v1.audit.neighbourhood import Neighbourhoods, Side
from compat_v1.beside.deviation import Deviation
from compat_v1.beside.engine import Beside
from compat_v1.beside.lockstep import Distance
from compat_v1.beside.plan import Plan
from compat_v1.beside.report import report
from compat_v1.beside.where import Origins

_MOST = 20  # first tensors drawn
_CLASSES = {"equal": "good", "parted": "bad", "not deterministic": "changed"}


def page(result: Beside, old: str | Path, new: str | Path) -> str:
    """Return the page for a `Beside` as HTML; `old` and `new` are the names of the two graphs' files."""
    parts = [
        "<h1>Two graphs, run beside each other</h1>",
        f"<p class='verdict {_CLASSES[result.verdict]}'>{result.verdict.upper()}</p>",
        f"<dl class='files'><dt>old<dd><code>{text(old)}</code><dt>new<dd><code>{text(new)}</code></dl>",
        _totals(result),
    ]
    if any(apart.differing for apart in result.distances):
        parts += ["<h2>How far the variables are apart</h2>", _curve(result.distances)]
    if result.origins:
        parts += _first(result.plan, result.origins)
    lines = "\n".join(text(line, 10**6) for line in report(result))
    parts.append(f"<h2>In words</h2><pre class='card'>{lines}</pre>")
    return document(f"Beside: {result.verdict.upper()}", "\n".join([*parts, ""]))


def _totals(result: Beside) -> str:
    counts = {"updates": result.updates, **{f"{what} compared": count for what, count in result.compared.items()}}
    if result.origins:
        counts["nodes that differ at first"] = len(result.origins.deviations)
        counts["of equal inputs"] = len(result.origins.first)
    return f"<dl class='totals'>{''.join(f'<div><dt>{what}<dd>{count}</div>' for what, count in counts.items())}</dl>"


def _curve(distances: Collection[Distance]) -> str:
    """Draw how far the variables are apart after each update, as SVG: the largest difference, and in how many."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    updates = [apart.update for apart in distances]
    axes.plot(updates, [apart.largest for apart in distances], marker="o")
    for apart in distances:
        many = f"{apart.differing} variable{'s' * (apart.differing != 1)}"
        axes.annotate(many, (apart.update, apart.largest), (4, 6), textcoords="offset points", fontsize="small")
    axes.set_yscale("symlog", linthresh=1e-9, subs=[2, 5])
    axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.margins(0.1, 0.2)
    axes.set(xlabel="update", ylabel="largest difference")
    whole = AutoLocator()
    whole.set_params(integer=True)
    axes.xaxis.set_major_locator(whole)
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    return "<svg class='curve'" + content.getvalue().partition("<svg")[2]


def _first(plan: Plan, origins: Origins) -> list[str]:
    """Return what is known of the pairs of tensors that part first, and what lies around each in both graphs."""
    sides = Side(plan.old.graph_def), Side(plan.new.graph_def)
    alone = [name for name in plan.old.wiring.order if name not in plan.pairs]
    partners = set(plan.pairs.values())
    alone += [name for name in plan.new.wiring.order if name not in partners]
    places = [(one.node, one.partner) for one in origins.deviations.values()]
    pictures = Neighbourhoods(*sides, plan.pairs, places, alone)
    rest = len(origins.first) - _MOST
    return [
        "<h2>Where they part first</h2>",
        "<p class='muted'>These differ, and all that they are computed from is equal. Partners lie in the same place.",
        f"<ul class='key'>{KEY}</ul>",
        *(_tensor(sides, one, panels(pictures.draw((one.node, one.partner)))) for one in origins.first[:_MOST]),
        *([f"<p>… and {rest} more"] if rest > 0 else []),
    ]


def _tensor(sides: tuple[Side, Side], one: Deviation, drawn: str) -> str:
    title = f"<code>{text(one.node)}</code>"
    if one.partner != one.node:
        title += f" <span class='muted'>new</span> <code>{text(one.partner)}</code>"
    what = f"{one.share:.1%} of the values differ"
    if one.ulps is not None:
        what += f", by at most {one.ulps} units in the last place"
    if one.time is not None:
        what += f", when it is computed for the {one.time + 1}. time"
    nodes = [side.nodes.get(name) for side, name in zip(sides, (one.node, one.partner), strict=True)]
    values = [{"first value that differs": value} for value in one.values]
    return (
        f"<details class='difference'><summary>{title}<span class='what'>{what}</span></summary>"
        f"{drawn}{properties(nodes, values)}</details>"
    )
