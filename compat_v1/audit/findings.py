"""What a comparison of two nodes finds, and the words for it."""

from typing import NamedTuple

from tensorflow.core.framework import attr_value_pb2


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
