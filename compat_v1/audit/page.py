"""Write an audit as one HTML page: each difference, with what lies around it in both graphs, side by side."""

import os
import re
import stat
from collections import Counter
from pathlib import Path
from string import Template

import tensorflow as tf

from compat_v1.audit.document import KEY, document, panels, properties, text
from compat_v1.audit.drift import RULES
from compat_v1.audit.neighbourhood import Neighbourhoods, Side
from compat_v1.audit.result import Audit
from compat_v1.audit.validation import shown

MOST_DRAWN = 100  # neighbourhoods, of the first differences: some 30 kB each
_APPLIES = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]")
_VERDICTS = {"faithful": "good", "not faithful": "bad", "numbers changed": "changed"}


def write_page(
    path: str | os.PathLike[str],
    old: "tf.compat.v1.GraphDef",
    new: "tf.compat.v1.GraphDef",
    audit: Audit,
    files: tuple[str, str] = ("", ""),
) -> None:
    """Write the page on an `Audit` of two GraphDefs; `files` are their names, shown at the top.

    Raises `OSError` if `path` is there and no regular file, or cannot be written: what was there is left as it was.
    """
    _write_whole(Path(path), page(old, new, audit, files).encode())


def page(old, new, audit, files) -> str:
    """Return the page's HTML; see `write_page`."""
    sides = Side(old), Side(new)
    places = [(d.node or None, d.port_node or None) for d in audit.differences]
    pictures = Neighbourhoods(*sides, audit.pairs, places, audit.not_compared)
    kinds = [_kind(sides, place) for place in places]
    scopes = [_scope(place) for place in places]
    rows: list[str] = []
    for difference, place, kind, scope in zip(audit.differences, places, kinds, scopes, strict=True):
        is_node = any(name in side.nodes for side, name in zip(sides, place, strict=True))
        picture = pictures.draw(place) if is_node and len(rows) < MOST_DRAWN else None
        rows.append(_difference(sides, difference, kind, scope, picture))
    follow = sum(difference.follows for difference in audit.differences)
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    body = Template(template).substitute(
        key=KEY,
        verdict=text(audit.verdict.upper()),
        verdict_class=_VERDICTS.get(audit.verdict, "bad"),
        old=text(files[0]),
        new=text(files[1]),
        totals="".join(
            f"<div><dt>{what}<dd>{number}</div>"
            for what, number in (
                ("differences", len(rows)),
                ("that follow from them", follow),
                ("changed numbers", len(audit.numbers)),
                ("compared", audit.compared),
                ("not compared", len(audit.not_compared)),
                ("nodes, old", len(sides[0].nodes)),
                ("nodes, new", len(sides[1].nodes)),
            )
        ),
        kinds=_choices(kinds),
        scopes=_choices(scopes),
        filters_hidden="" if rows else "hidden",
        drawn=_drawn(len(rows)),
        differences="\n".join(rows) or "<p>No differences.</p>",
        numbers="\n".join(map(_numbers, audit.numbers))
        or "<p>TensorFlow changed no numbers that the audit knows of.</p>",
        not_compared=_list(audit.not_compared, "Everything was compared."),
        rules=_rules(audit),
    )
    return document(f"Audit: {audit.verdict.upper()}", body, ["filters.js"])


def _kind(sides, place):
    """Return the kind of a difference, by which the page filters."""
    nodes = [side.nodes.get(name) for side, name in zip(sides, place, strict=True)]
    for side, name, node in zip(sides, place, nodes, strict=True):
        calls = node is not None and any(value.HasField("func") or value.list.func for value in node.attr.values())
        if name in side.functions or calls or (node is not None and node.op in side.functions):
            return "function"
    if all(nodes) and any(_attribute(nodes[0], key) != _attribute(nodes[1], key) for key in ("seed", "seed2")):
        return "seeds"
    name = place[0] or place[1] or ""
    if any(scope.startswith("gradients") for scope in name.split("/")):
        return "gradient"
    if any(node is not None and node.op == "Const" for node in nodes):
        return "hyperparameter" if any(map(_is_hyperparameter, sides, place)) else "constant"
    return "forward"


def _is_hyperparameter(side, name):
    """Whether an optimizer's update takes a constant, directly or handed on."""
    todo = [name]
    for one in todo:  # grows
        for user in side.users.get(one, ()):
            op = side.nodes[user].op
            if _APPLIES.match(op):
                return True
            if op in ("Identity", "Enter", "Cast") and user not in todo:
                todo.append(user)
    return False


def _attribute(node, key):
    return node.attr.get(key)


def _scope(place):
    """Return the outermost name scope of a difference, or "" for a name without one."""
    return (place[0] or place[1] or "").rpartition("/")[0].partition("/")[0]


def _difference(sides, difference, kind, scope, picture):
    node, other = difference.node, difference.port_node
    title = f"<code>{text(node or other)}</code>"
    if node and other and node != other:
        title += f" <span class='muted'>new</span> <code>{text(other)}</code>"
    elif bool(node) != bool(other):
        title += f" <span class='muted'>only in {'old' if node else 'new'}</span>"
    follow = f"<span class='follow'>{difference.follows} follow</span>" if difference.follows else ""
    body = panels(picture) if picture else ""
    nodes = [side.nodes.get(name) for side, name in zip(sides, (node, other), strict=True)]
    following = _list(difference.following, "", "that follow from it") if difference.following else ""
    return (
        f"<details class='difference' data-kind='{kind}' data-scope='{text(scope)}' "
        f"data-text='{text(' '.join([node, other, difference.what, *difference.following]).lower(), 2000)}'>"
        f"<summary><span class='kind'>{kind}</span> {title} {follow}"
        f"<span class='what'>{text(difference.what, 2000)}</span></summary>"
        f"{body}{properties(nodes)}{following}</details>"
    )


def _choices(values):
    return "".join(
        f"<option value='{text(value)}'>{text(value) or '(no scope)'} ({count})</option>"
        for value, count in sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    )


def _drawn(number):
    if number <= MOST_DRAWN:
        return "Each is drawn with what lies around it in both graphs; partners lie in the same place."
    return (
        f"The first {MOST_DRAWN} of {number} are drawn with what lies around them in both graphs; partners lie in the "
        "same place. The others are listed without a drawing."
    )


def _numbers(numbers):
    advice = "\n".join(text(line, 10**6) for line in numbers.advice.split("\n"))
    return (
        f"<section class='card numbers'><h3>{text(numbers.cause, 2000)}</h3>"
        f"<div class='advice'><pre>{advice}</pre>"
        "<button type='button' class='copy'>Copy</button></div>"
        f"{_list(numbers.nodes, 'No nodes.', 'nodes')}</section>"
    )


def _list(names, none, what="names"):
    if not names:
        return f"<p>{none}</p>"
    return f"<details class='names'><summary>{len(names)} {what}</summary><ul>{_items(names)}</ul></details>"


def _items(names):
    return "".join(f"<li><code>{text(name, 2000)}</code>" for name in names)


def _rules(audit):
    rows = []
    for name, count in audit.rules.items():
        rule = RULES[name]
        why = f"{text(rule.changed, 2000)} (since {text(rule.since)}). Harmless: {text(rule.harmless, 2000)}."
        rows.append(
            f"<details class='names'><summary>{text(name)} <span class='muted'>{count} times</span></summary>"
            f"<p>{why}</p><ul>{_items(audit.where[name])}</ul></details>"
        )
    return "".join(rows) or "<p>None was needed.</p>"


def _write_whole(path, content):
    """Write to `path`, or to what it links to, in one step: a reader finds the old page or the whole new one."""
    path = path.resolve()
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{shown(path)} is no regular file, and is left as it is")
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
