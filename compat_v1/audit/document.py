"""What the project's pages of two graphs share: style and script, a difference that opens, two drawings side by side.

A page needs no other file and no network, runs no script but its own, and follows the reader's screen.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.audit.neighbourhood import Picture
from compat_v1.audit.validation import shown

MOST_SHOWN = 2**20  # elements of a constant that is looked into
KEY = "".join(
    f'<li><i class="{kind}"></i>{what}'
    for kind, what in (
        ("root", "differs here"),
        ("differs", "another difference"),
        ("single", "without a partner"),
        ("replaced", "replaced by a rule"),
        ("alone", "in one graph only"),
        ("waits", "only waits"),
    )
)


def document(title: str, body: str, scripts: Sequence[str] = ()) -> str:
    """Return a whole page: `body` is HTML, and `scripts` are files of this folder, besides that of the panels."""
    script = "".join(map(_read, ("panels.js", *scripts)))
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    style = _read("document.css")
    return Template(_read("document.html")).substitute(
        digest=digest, title=text(title), style=style, body=body, script=script
    )


def panels(picture: Picture) -> str:
    """Return both sides of a drawing, which are scrolled together."""
    figures = (
        f"<figure><figcaption>{name}</figcaption>"
        f"<div class='panel' tabindex='0' data-x='{picture.center[0]:.0f}' data-y='{picture.center[1]:.0f}'>"
        f"{svg}</div></figure>"
        for name, svg in (("old", picture.old), ("new", picture.new))
    )
    return f"<div class='sides'>{''.join(figures)}</div>"


def properties(nodes: Sequence["tf.compat.v1.NodeDef | None"], measured: Sequence[dict[str, str]] = ({}, {})) -> str:
    """Return the table of what two nodes have, where they differ first; "" if there is neither.

    `measured` is what else is known of each, {what: value}.
    """
    if not any(nodes):
        return ""
    here, there = ({**more, **_described(node)} for node, more in zip(nodes, measured, strict=True))
    rows = []
    for key in sorted(here.keys() | there.keys(), key=lambda key: (here.get(key) == there.get(key), key)):
        values = [side.get(key, "absent") for side in (here, there)]
        rows.append(
            f"<tr class='{'differs' if values[0] != values[1] else ''}'><th>{text(key)}"
            f"<td data-of='old'>{text(values[0])}<td data-of='new'>{text(values[1])}"
        )
    return f"<table><thead><tr><th><th>old<th>new</thead><tbody>{''.join(rows)}</tbody></table>"


def text(some: object, longest: int = 300) -> str:
    """Return a text as it may stand anywhere in the page."""
    return escape(shown(some, longest))


def _described(node: "tf.compat.v1.NodeDef | None") -> dict[str, str]:
    """Return {what: value} of a node, for people."""
    if node is None:
        return {}
    inputs = {f"input {k}": reference for k, reference in enumerate(node.input) if k < 20}
    attributes = {key: _value(value) for key, value in node.attr.items()}
    return {"op": node.op, **({"device": node.device} if node.device else {}), **inputs, **attributes}


def _value(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind == "tensor":
        elements = math.prod(dim.size for dim in value.tensor.tensor_shape.dim)
        if elements > MOST_SHOWN:  # it may be said in one word, and take a gibibyte
            return f"{elements} elements ({tf.dtypes.as_dtype(value.tensor.dtype).name})"
        array = tf.make_ndarray(value.tensor)
        text = " ".join(np.array2string(array, threshold=8).split())
        return f"{text} ({array.dtype}, shape {list(array.shape)})"
    if kind == "type":
        return tf.dtypes.as_dtype(value.type).name
    if kind == "shape":
        return str(tf.TensorShape(value.shape))
    if kind in ("i", "f", "b"):
        return str(getattr(value, kind))
    return " ".join(str(value).split())


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
