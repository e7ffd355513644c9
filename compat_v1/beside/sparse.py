"""Which placeholders are the parts of a sparse one, and a sparse tensor to feed them with."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.beside.program import Program
from compat_v1.beside.wiring import Tensor

PARTS = "indices", "values", "shape"


class Sparse(NamedTuple):
    """The placeholders, by the name of the part, that `tf.sparse_placeholder` makes; the shape may be a constant."""

    name: str
    parts: Mapping[str, Tensor]


def sparse_of(program: Program, name: str) -> Sparse | None:
    """Return the `Sparse` that a node is a part of, or None.

    Its parts are called `x/shape`, `x/values` and `x/indices`, or nobody named it, and they are made in this order.
    """
    whole, _, part = name.rpartition("/")
    nodes = program.wiring.nodes
    if part in PARTS and all(f"{whole}/{other}" in nodes for other in PARTS):
        if all(nodes[f"{whole}/{other}"].op.startswith("Placeholder") for other in PARTS[:2]):
            return Sparse(whole, {other: (f"{whole}/{other}", 0) for other in PARTS})
        return None
    placeholders = program.placeholders
    if name not in placeholders:
        return None
    at = placeholders.index(name)
    for begin in range(max(0, at - 2), at + 1):
        three = placeholders[begin : begin + 3]
        if len(three) == 3 and _are_parts([program.outputs(one)[0] for one in three]):
            return Sparse(three[0], {part: (one, 0) for part, one in zip(reversed(PARTS), three, strict=True)})
    return None


def _are_parts(tensors: Sequence[Any]) -> bool:
    shape, _, indices = tensors
    if [tensor.shape.rank for tensor in tensors] != [1, 1, 2] or {shape.dtype, indices.dtype} != {tf.int64}:
        return False
    return all(tensor.shape[0] is None for tensor in tensors)


def draw_sparse(
    program: Program, sparse: Sparse, sizes: Sequence[int], place: np.random.Generator, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return {tensor: array} for the parts: about every third entry is there, in the order that TensorFlow asks for.

    `place` draws which, `random` their values: a program may be told how many there are.
    """
    shape = _shape(program, sparse, sizes)
    here = place.random(shape) < 1 / 3
    here.flat[0] = True
    indices = np.argwhere(here).reshape(-1, len(shape))
    name, at = sparse.parts["values"]
    dtype = program.outputs(name)[at].dtype
    values = random.random(len(indices)) if dtype.is_floating else random.integers(0, 2, len(indices))
    arrays = {"indices": indices, "values": values.astype(dtype.as_numpy_dtype), "shape": np.array(shape, np.int64)}
    return {"{}:{}".format(*sparse.parts[part]): array for part, array in arrays.items()}


def _shape(program: Program, sparse: Sparse, sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the dense shape: what is known of it, what a product asks for, else `sizes`, one or one a dimension."""
    known = program.constant(sparse.parts["shape"])
    if known is not None and (known > 0).all():
        return tuple(int(size) for size in known)
    of_indices = program.outputs(sparse.parts["indices"][0])[0].shape
    rank = len(sizes) if len(sizes) > 1 else 2
    if of_indices.rank == 2 and of_indices[1]:
        rank = int(of_indices[1])
    shape = [*sizes] if len(sizes) == rank else [sizes[0]] * rank
    if len(sizes) != rank:
        _fit_products(program, sparse, shape)
    return tuple(shape)


def _fit_products(program: Program, sparse: Sparse, shape: list[int]) -> None:
    """Let a matrix have as many columns as what it is multiplied with has rows."""
    wiring = program.wiring
    for consumer in wiring.consumers[sparse.parts["shape"][0]]:
        if wiring.op(consumer) != "SparseTensorDenseMatMul" or wiring.inputs[consumer][2] != sparse.parts["shape"]:
            continue
        node, (dense, at) = wiring.nodes[consumer], wiring.inputs[consumer][3]
        rows = program.outputs(dense)[at].shape
        size = rows[1 if node.attr["adjoint_b"].b else 0] if rows.rank == 2 else None
        if size:
            shape[0 if node.attr["adjoint_a"].b else 1] = size
