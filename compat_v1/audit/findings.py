"""What a comparison of two nodes finds, and the words for it."""

from typing import NamedTuple

from tensorflow.core.framework import attr_value_pb2

_MOST_AWAITED = 3  # that are listed


class Finding(NamedTuple):
    """One thing that differs: `kind` is "value", "attribute", "placement", "input", "wait" or "alone"."""

    kind: str
    node: object  # the normal node of the original, or None
    other: object  # the normal node of the port, or None
    what: str
    name: str = ""  # the node to name, if it is a constant inside
    other_name: str = ""  # the same of the port
    computed: bool = False  # a constant that was computed from shapes, which seldom is the cause
    advice: str = ""  # what to write in the port
    awaited: str = ""  # what is waited for in one graph alone
    which: str = ""  # "the original" or "the port", which that is


def alone_awaited(awaited, which, node=None, other=None, name="", advice=""):
    """Return the finding that a node waits for another, by name, in one graph alone."""
    return Finding("wait", node, other, waits_for([awaited], which), name, advice=advice, awaited=awaited, which=which)


def waits_for(names, which):
    """Say what is waited for in one graph alone."""
    more = f" and {len(names) - _MOST_AWAITED} more" if len(names) > _MOST_AWAITED else ""
    return f"waits for {', '.join(names[:_MOST_AWAITED])}{more} only in {which}"


def short(value):
    """Return an attribute's value in a few words."""
    if value is None:
        return "absent or the default"
    if isinstance(value, str):
        return value
    text = " ".join(str(attr_value_pb2.AttrValue.FromString(value)).split())
    return text if len(text) <= 100 else f"{text[:97]}…"


def target(name):
    return name.removeprefix("loc:@")


def listed(names):
    return ", ".join(map(target, names)) or "nothing"
