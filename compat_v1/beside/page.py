"""A result as one HTML page, with nothing outside it: the verdict, the curve, the first tensors and what makes them."""

import io
from collections.abc import Collection
from html import escape
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator

from compat_v1.beside.deviation import Deviation
from compat_v1.beside.engine import Beside
from compat_v1.beside.lockstep import Distance
from compat_v1.beside.plan import Plan
from compat_v1.beside.program import Program
from compat_v1.beside.report import report
from compat_v1.beside.where import Origins

_MOST = 20  # first tensors shown

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .2em .8em; }
td { border-top: 1px solid #8886; } code { overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; background: #fff; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1em; }
.sides div { border-left: 3px solid #888; padding-left: 1em; }
"""


def page(result: Beside, old: str | Path, new: str | Path) -> str:
    """Return the page for a `Beside` as HTML; `old` and `new` are the names of the two graphs' files."""
    lines = "\n".join(escape(line) for line in report(result))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(result.verdict)}: {escape(str(new))} beside {escape(str(old))}</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>{escape(result.verdict.capitalize())}</h1>",
        f"<p>{escape(str(old))} beside {escape(str(new))}, {result.updates} updates</p>",
    ]
    if any(apart.differing for apart in result.distances):
        parts += ["<h2>How far the variables are apart</h2>", _curve(result.distances)]
    if result.origins:
        parts += [
            "<h2>Where they part first</h2>",
            *(_tensor(result.plan, result.origins, one) for one in result.origins.first[:_MOST]),
        ]
        rest = len(result.origins.first) - _MOST
        parts += [f"<p>… and {rest} more"] if rest > 0 else []
    return "\n".join([*parts, f"<h2>In words</h2><pre style='white-space: pre-wrap'>{lines}</pre></html>", ""])


def _curve(distances: Collection[Distance]) -> str:
    """Draw the largest difference of any variable after each update, as SVG."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([apart.update for apart in distances], [apart.largest for apart in distances], marker="o")
    axes.set_yscale("symlog", linthresh=1e-9)
    axes.set(xlabel="update", ylabel="largest difference of a variable")
    whole = AutoLocator()
    whole.set_params(integer=True)
    axes.xaxis.set_major_locator(whole)
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue().partition("<svg")[1] + content.getvalue().partition("<svg")[2]


def _tensor(plan: Plan, origins: Origins, one: Deviation) -> str:
    """Return what is known of a pair of tensors that differ, and what makes each of them."""
    between = origins.between[one.node]
    ulps = "" if one.ulps is None else f", at most {one.ulps} units in the last place"
    time = "" if one.time is None else f", when it is computed for the {one.time + 1}. time"
    sides = "".join(
        f"<div><b>{which}</b> <code>{escape(name)}</code> ({escape(program.wiring.op(name))}) = "
        f"<code>{escape(value)}</code>{_made_from(program, name, nodes)}</div>"
        for which, program, name, value, nodes in zip(
            ("old", "new"), (plan.old, plan.new), (one.node, one.partner), one.values, between, strict=True
        )
    )
    return f"<h3><code>{escape(one.node)}</code>{ulps}{time}</h3><div class=sides>{sides}</div>"


def _made_from(program: Program, name: str, between: Collection[str]) -> str:
    """Return the inputs of a node, and the nodes before it that have no partner, as a list."""
    inputs = [source for source, _ in program.wiring.inputs[name]]
    rows = [f"<tr><td>input<td><code>{escape(one)}</code><td>{escape(program.wiring.op(one))}" for one in inputs]
    rows += [
        f"<tr><td>no partner<td><code>{escape(one)}</code><td>{escape(program.wiring.op(one))}"
        for one in between
        if one not in inputs
    ]
    return f"<table>{''.join(rows)}</table>"
