"""What a comparison of two nodes finds, and the words for it."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2

from compat_v1.audit.definitions import defaults
from compat_v1.audit.references import target

_MOST_AWAITED = 3  # that are listed


class Finding(NamedTuple):
    """One thing that differs, of a `kind` of those in `causes.py`."""

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
    sizes: tuple = ()  # the sizes that differ, or what may be why: [(the original's, the port's)]
    types: tuple = ()  # the type that alone differs: (the original's, the port's)


def alone_awaited(awaited, which, node=None, other=None, name="", advice=""):
    """Return the finding that a node waits for another, by name, in one graph alone."""
    return Finding("wait", node, other, waits_for([awaited], which), name, advice=advice, awaited=awaited, which=which)


def changed(shape, other):
    """Return the sizes that differ in two shapes, or lists of whole numbers, (the one's, the other's)."""
    if len(shape) != len(other):
        return ((tuple(shape), tuple(other)),)
    return tuple(pair for pair in zip(shape, other, strict=True) if pair[0] != pair[1])


def shapes_of(*values):
    """Return the shapes that attributes say, or None if one says none."""
    protos = [attr_value_pb2.AttrValue.FromString(one).shape if one else None for one in values]
    if any(one is None or one.unknown_rank for one in protos):
        return None
    return [[dim.size for dim in one.dim] for one in protos]


def types_of(op, key, *values):
    """Return the types that an attribute of an op says, which may be the op's default, or () if it says none."""
    if any(isinstance(one, str) for one in values):  # of an op of a normal form
        return ()
    protos = [attr_value_pb2.AttrValue.FromString(one or defaults(op).get(key, b"")) for one in values]
    if any(one.WhichOneof("value") != "type" for one in protos):
        return ()
    return tuple(tf.dtypes.as_dtype(one.type).name for one in protos)


def types_of_one_value(one, other):
    """Return the types of two constants that hold the same in another type, or ()."""
    types = [tf.dtypes.as_dtype(each.dtype) for each in (one, other)]
    if types[0] == types[1] or one.shape != other.shape:
        return ()
    if not all(each.is_floating or each.is_complex or each.is_integer for each in types):
        return ()
    values = [_elements(each, of.as_numpy_dtype) for each, of in zip((one, other), types, strict=True)]
    if any(each is None for each in values):
        return ()
    with np.errstate(all="ignore"):
        is_cast = any((a.astype(b.dtype) == b).all() for a, b in (values, values[::-1]))
    return (one.dtype, other.dtype) if is_cast else ()


def _elements(literal, dtype):
    """Return what a constant holds, or once what it is full of; None if that is not known."""
    if literal.kind != "whole":
        return np.frombuffer(literal.value, dtype)
    return np.array(literal.value, float) if all(isinstance(each, int) for each in literal.value) else None


def waits_for(names, which):
    """Say what is waited for in one graph alone."""
    more = f" and {len(names) - _MOST_AWAITED} more" if len(names) > _MOST_AWAITED else ""
    return f"waits for {', '.join(names[:_MOST_AWAITED])}{more} only in {which}"


def short(value, op, key):
    """Return the value of an op's attribute in a few words, the default if it has none."""
    if value is None:
        default = defaults(op).get(key)
        return "absent" if default is None else f"{short(default, op, key)} by default"
    if isinstance(value, str):
        return value
    text = " ".join(str(attr_value_pb2.AttrValue.FromString(value)).split())
    return text if len(text) <= 100 else f"{text[:97]}…"


def listed(names):
    return ", ".join(map(target, names)) or "nothing"
