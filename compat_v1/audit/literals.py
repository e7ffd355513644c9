"""Constants of a graph as values: whole numbers that may depend on sizes, tensors full of one value, or any others.

Two literals are equal if they hold the same value, however a graph wrote it down or computed it.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from compat_v1.audit.sizes import AnySize

if TYPE_CHECKING:
    from compat_v1.audit.nodes import Node

# Whole numbers are followed one by one up to this many; a longer constant is data, no shape.
MAX_FOLLOWED = 1024
MAX_ELEMENTS = 1 << 28
_SHORT = 256  # bytes of a tensor that is read once, however often it is there


class Literal(NamedTuple):
    """A tensor that depends on nothing but sizes.

    `kind` is "whole" (`value` a tuple of whole numbers or `Size`), "full" (`value` one element's bytes, `shape` may
    hold sizes), "text" (a tuple of bytes) or "data" (`value` the bytes of all elements).
    """

    kind: str
    dtype: str
    shape: tuple[AnySize, ...]
    value: object
    names: tuple[str, ...] = ()  # the nodes that it was made by, the last first
    ops: frozenset[str] = frozenset()  # the ops that it was computed by, beyond Const
    alive: frozenset[Node] = frozenset()  # where it is computed: in which loop, in which branch
    form: int = 0  # a hash of the ops that it was computed by, one inside the other; 0 for a constant
    leaves: tuple = ()  # from what, in order: the keys of constants, and tensors

    @property
    def key(self) -> tuple:
        """What makes two literals equal. The type of whole numbers does not: the op that uses them tells it."""
        return (self.kind, "whole" if self.kind == "whole" else self.dtype, self.shape, self.value)

    def array(self) -> np.ndarray | None:
        """Return whole numbers as an array of Python ints and sizes, or None for any other literal."""
        if self.kind != "whole":
            return None
        array = np.empty(len(self.value), object)  # type: ignore[arg-type]
        array[:] = self.value
        return array.reshape(self.shape)


def whole(array, dtype: str, names=(), ops=frozenset(), alive=frozenset()) -> Literal:
    """Return the literal of an array (or nested list) of Python ints and sizes."""
    array = np.asarray(array, object)
    return Literal("whole", dtype, array.shape, tuple(array.reshape(-1).tolist()), names, ops, alive)


def full(shape, scalar: Literal, names=(), ops=frozenset(), alive=frozenset()) -> Literal | None:
    """Return the literal of a tensor full of one scalar."""
    shape = tuple(shape)
    known = all(isinstance(size, int) for size in shape)
    count = math.prod(shape) if known else None  # type: ignore[type-var]
    if scalar.kind == "whole":
        if count is not None and count <= MAX_FOLLOWED:
            return Literal("whole", scalar.dtype, shape, scalar.value * count, names, ops, alive)  # type: ignore
        value = scalar.value[0]  # type: ignore[index]
        if not isinstance(value, int):
            return None
        value = np.array(value, scalar.dtype).tobytes()
    elif scalar.kind in ("data", "full"):
        value = scalar.value
    else:
        return None
    return _full(scalar.dtype, shape, value, names, ops, alive)


def _full(dtype, shape, value, names=(), ops=frozenset(), alive=frozenset()):
    """Return a full literal in its one form: with no or one element it is data."""
    if all(isinstance(size, int) for size in shape):
        count = math.prod(shape)
        if count <= 1:
            return Literal("data", dtype, shape, value * count, names, ops, alive)
    return Literal("full", dtype, shape, value, names, ops, alive)


def read_constant(node) -> Literal:
    """Return the value of a Const, without writing out what its GraphDef says once for all elements.

    Raises `ValueError` for one that claims more elements than any graph holds.
    """
    proto = node.attr["value"].tensor  # the importer has refused a Const without one
    count = _elements_of(proto)
    if count > MAX_ELEMENTS:
        raise ValueError(f"the constant {node.name} claims {count} elements")
    is_short = count <= MAX_FOLLOWED and proto.ByteSize() <= _SHORT
    found = _read_short(proto.SerializeToString()) if is_short else _read(proto)
    return found._replace(names=(node.name,))


def _elements_of(proto):
    return math.prod(max(dim.size, 0) for dim in proto.tensor_shape.dim)


@functools.lru_cache(1 << 12)
def _read_short(content: bytes) -> Literal:
    """Return the value of a short tensor: most that a graph has, it has often."""
    return _read(tensor_pb2.TensorProto.FromString(content))


def _read(proto) -> Literal:
    shape, count = tuple(max(dim.size, 0) for dim in proto.tensor_shape.dim), _elements_of(proto)
    dtype = tf.dtypes.as_dtype(proto.dtype).name
    if dtype in ("resource", "variant"):
        return Literal("data", dtype, (), proto.SerializeToString(deterministic=True))
    if count > MAX_FOLLOWED and _is_said_once(proto):
        alone = type(proto).FromString(proto.SerializeToString())
        alone.tensor_shape.ClearField("dim")
        one = tf.make_ndarray(alone)
        return _full(dtype, shape, one.item() if one.dtype == object else one.tobytes())
    array = tf.make_ndarray(proto)
    if array.dtype == object:
        values = tuple(array.reshape(-1).tolist())
        is_full = count > MAX_FOLLOWED and len(set(values)) == 1
        return _full(dtype, shape, values[0]) if is_full else Literal("text", dtype, shape, values)
    if array.dtype.kind in "iub" and array.size <= MAX_FOLLOWED:
        values = tuple(map(int, array.reshape(-1).tolist()))
        return Literal("whole", dtype, shape, values)
    content = array.tobytes()
    bits = np.frombuffer(content, np.uint8).reshape(-1, array.itemsize)
    if count > 1 and (bits == bits[0]).all():
        return _full(dtype, shape, bits[0].tobytes())
    return Literal("data", dtype, shape, content)


def _is_said_once(proto) -> bool:
    """Whether a tensor's values are left out, or one stands for all."""
    held = [values for field, values in proto.ListFields() if field.name.endswith("_val")]
    parts = 2 if tf.dtypes.as_dtype(proto.dtype).is_complex else 1
    return not proto.tensor_content and all(len(values) == parts for values in held)


def shown(literal: Literal) -> str:
    """Return a literal in a few words."""
    if literal.kind == "whole":
        values = [str(value) for value in literal.value]  # type: ignore[attr-defined]
        text = ", ".join(values[:6]) + (", …" if len(values) > 6 else "")
        return text if literal.shape == () else f"[{text}]"
    if literal.kind == "text":
        values = [repr(value.decode("utf-8", "replace")) for value in literal.value[:4]]  # type: ignore[index]
        return ", ".join(values) + (", …" if len(literal.value) > 4 else "")  # type: ignore[arg-type]
    if literal.dtype in ("resource", "variant"):
        return f"a {literal.dtype}"
    if literal.kind == "full" and literal.dtype == "string":
        return f"{literal.value!r} in the shape {list(literal.shape)}"
    array = np.frombuffer(literal.value, tf.dtypes.as_dtype(literal.dtype).as_numpy_dtype)  # type: ignore[call-overload]
    if literal.kind == "full":
        return f"{array[0]!s} in the shape {list(literal.shape)}"
    if literal.shape == ():
        return str(array[0])
    return f"{np.array2string(array, threshold=6)} in the shape {list(literal.shape)}"


def told_apart(one: Literal, two: Literal) -> tuple[str, str]:
    """Return two literals that differ in a few words each, which differ as well."""
    texts = shown(one), shown(two)
    if texts[0] != texts[1]:
        return texts
    if one.dtype != two.dtype:
        return f"{texts[0]} of {one.dtype}", f"{texts[1]} of {two.dtype}"
    if one.kind == two.kind != "full" and one.shape == two.shape:
        here, there = map(_elements, (one, two))
        place = int(np.argmax(here != there))
        index = [int(axis) for axis in np.unravel_index(place, one.shape)]
        return _at(one, here[place], index), _at(two, there[place], index)
    return texts


def _elements(literal):
    if literal.kind == "data":  # by their bytes
        return np.frombuffer(literal.value, f"V{tf.dtypes.as_dtype(literal.dtype).size}")
    return np.array(literal.value, object)


def _at(literal, value, index):
    single = literal._replace(shape=(), value=value.tobytes() if literal.kind == "data" else (value,))
    return f"{shown(single)} at {index} of {list(literal.shape)}"
