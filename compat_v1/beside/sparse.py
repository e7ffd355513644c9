"""Which placeholders are the parts of a sparse one, and a sparse tensor to feed them with."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compat_v1.beside.program import Program
from compat_v1.beside.wiring import Tensor

PARTS = ("indices", "values", "shape")


class Sparse(NamedTuple):
    """The placeholders, by the name of the part, that `tf.sparse_placeholder` makes; the shape may be a constant."""

    name: str
    parts: Mapping[str, Tensor]


def sparse_of(program: Program, name: str) -> Sparse | None:
    """Return the `Sparse` that a node is a part of, or None: every release calls the parts by the same names."""
    whole, _, part = name.rpartition("/")
    nodes = program.wiring.nodes
    if part not in PARTS or any(f"{whole}/{other}" not in nodes for other in PARTS):
        return None
    if any(not nodes[f"{whole}/{other}"].op.startswith("Placeholder") for other in PARTS[:2]):
        return None
    return Sparse(whole, {other: (f"{whole}/{other}", 0) for other in PARTS})


def draw_sparse(
    program: Program, sparse: Sparse, sizes: Sequence[int], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return {tensor: array} for the parts: about every third entry is there, in the order that TensorFlow asks for."""
    shape = _shape(program, sparse, sizes)
    here = random.random(shape) < 1 / 3
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
