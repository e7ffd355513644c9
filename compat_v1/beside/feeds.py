"""What is fed to both graphs: arrays that the user gives, or drawn ones that the graphs' ops can take."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.beside import ops
from compat_v1.beside.program import CannotRunError, Program
from compat_v1.beside.wiring import Tensor

SIZE = 4  # of a dimension that the graph leaves open, alike for all, so that batches fit each other

# Hand integers on as they are, so that what takes them further on limits them here.
_PASS = ops.CARRIERS | {
    *("Reshape", "ExpandDims", "Squeeze", "Cast", "Transpose", "StridedSlice", "Slice", "Pack", "Unpack", "Split"),
    *("ConcatV2", "Concat", "Tile", "ReverseV2", "ReverseSequence", "TensorArrayScatterV3", "TensorArrayReadV3"),
}
_RATE = {  # where an optimizer takes its learning rate
    **{"ApplyGradientDescent": 1, "ResourceApplyGradientDescent": 1, "ApplyAdam": 5, "ResourceApplyAdam": 5},
    **{"ApplyMomentum": 2, "ResourceApplyMomentum": 2, "ApplyAdagrad": 2, "ResourceApplyAdagrad": 2},
    **{"ApplyRMSProp": 3, "ResourceApplyRMSProp": 3, "SparseApplyAdagrad": 2, "SparseApplyRMSProp": 3},
}


class Feeds:
    """The arrays for each update: `feeds(update)` is {tensor of the old graph: array}."""

    def __init__(
        self,
        old: Program,
        new: Program,
        pairs: Mapping[str, str],
        given: Mapping[str, np.ndarray] | None = None,
        seed: int = 0,
        sizes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        """`given` is {tensor: array}, `sizes` {node: the sizes that it leaves open, one or one a dimension}.

        Raises `CannotRunError` if a name is none of an input's.
        """
        self.old, self.new, self.pairs = old, new, pairs
        self.given = {_tensor(name): np.asarray(value) for name, value in (given or {}).items()}
        self.sizes, self.seed = dict(sizes or {}), seed
        for name in [*self.given, *self.sizes]:
            node = name.rpartition(":")[0] or name
            if node not in old.wiring.nodes and node not in new.wiring.nodes:
                raise CannotRunError(f"no tensor to feed is called {name}; there are {self._known()}")

    def _known(self) -> str:
        inputs = [name for name in self.old.wiring.order if name in self.old.inputs]
        return ", ".join(inputs[:12]) + (" …" if len(inputs) > 12 else "") if inputs else "none"

    def draw(self, update: int, tensors: Iterable[Tensor]) -> dict[str, np.ndarray]:
        """Return {tensor: array} for tensors of the old graph, alike for each call with the same update."""
        drawn: dict[str, np.ndarray] = {}
        for name, index in tensors:
            key = f"{name}:{index}"
            if key in self.given:
                drawn[key] = self.given[key]
                continue
            if key not in drawn:
                random = np.random.default_rng([self.seed, update, self.old.wiring.position[name], index])
                self._draw_one(drawn, name, index, random)
        return drawn

    def _draw_one(self, drawn: dict[str, np.ndarray], name: str, index: int, random: np.random.Generator) -> None:
        sparse = self._sparse_parts(name, index)
        if sparse:
            drawn.update(self._draw_sparse(*sparse, random))
            return
        tensor = self.old.outputs(name)[index]
        shape = self._shape(name, index)
        dtype = tensor.dtype.base_dtype
        if dtype.is_floating:
            values: Any = self._floats(name, index, shape, random)
        elif dtype.is_complex:
            values = random.random(shape) + 1j * random.random(shape)
        elif dtype.is_bool:
            values = random.integers(0, 2, shape)
        elif dtype.is_integer:
            values = random.integers(0, self._bound(name, index, dtype), shape)
        elif dtype == tf.string:
            self._require_plain_text(name)
            texts = [b"%04x" % int(n) for n in random.integers(0, 2**16, shape or 1).flat]
            values = np.array(texts, dtype=object).reshape(shape)
        else:
            raise CannotRunError(f"{name}:{index} is of type {dtype.name}, which cannot be drawn: give it with --feeds")
        drawn[f"{name}:{index}"] = np.asarray(values).astype(dtype.as_numpy_dtype)

    def _require_plain_text(self, name: str) -> None:
        if self.old.wiring.op(name) != "Placeholder":
            raise CannotRunError(
                f"{name} ({self.old.wiring.op(name)}) gives the content of files: give it with --feeds, as {name}:0"
            )

    def _static_shape(self, name: str, index: int) -> list[int | None] | None:
        """Return what both graphs know of a tensor's shape, a list with None for an open size, or None."""
        shapes = [self.old.shape(name, index)]
        if name in self.pairs:
            shapes.append(self.new.shape(self.pairs[name], index))
        known = [shape for shape in shapes if shape is not None]
        if not known:
            return None
        if len(known) == 1 or len(known[0]) != len(known[1]):
            return known[0]
        return [size if size is not None else other for size, other in zip(*known, strict=True)]

    def _shape(self, name: str, index: int) -> tuple[int, ...]:
        shape = self._static_shape(name, index)
        if shape is None:
            return tuple(self.sizes.get(name, ()))  # most often a rate
        wanted = list(self.sizes.get(name, [SIZE]))
        open_sizes = shape.count(None)
        if len(wanted) not in (1, open_sizes):
            raise CannotRunError(f"--size {name}: {open_sizes} sizes of it are open, {len(wanted)} were given")
        sizes = iter(wanted * open_sizes if len(wanted) == 1 else wanted)
        return tuple(next(sizes) if size is None else size for size in shape)

    def _floats(self, name: str, index: int, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray | float:
        uses = list(self._uses(self.old, name, index))
        if any(_RATE.get(op) == position for op, position, _ in uses):
            return random.uniform(1e-3, 1e-2, shape)
        if any(op == "SoftmaxCrossEntropyWithLogits" and position == 1 for op, position, _ in uses) and len(shape) == 2:
            return np.eye(shape[1])[random.integers(0, shape[1], shape[0])]
        return random.uniform(0.5, 1, shape) if shape == () else random.random(shape)

    def _bound(self, name: str, index: int, dtype: Any) -> int:
        """Return above which integer nothing may be drawn: what it indexes has so many parts."""
        bounds = []
        places = [(self.old, name)] + ([(self.new, self.pairs[name])] if name in self.pairs else [])
        for program, node in places:
            for op, position, consumer in self._uses(program, node, index):
                bounds.append(_limit(program, op, position, consumer))
        known = [bound for bound in bounds if bound]
        if known:
            return min(known)
        return 256 if dtype == tf.uint8 else SIZE

    def _uses(self, program: Program, name: str, index: int) -> Iterator[tuple[str, int, str]]:
        """Yield (op, input's position, node) of what takes a tensor, through ops that hand it on."""
        todo, seen = [(name, index)], set[tuple[str, int]]()
        while todo:
            source, at = todo.pop()
            for consumer in program.wiring.consumers[source]:
                for position, (other, output) in enumerate(program.wiring.inputs[consumer]):
                    if other != source or output != at or (consumer, position) in seen:
                        continue
                    seen.add((consumer, position))
                    op = program.wiring.op(consumer)
                    yield op, position, consumer
                    if op in _PASS:
                        todo += [(consumer, output) for output in range(len(program.outputs(consumer)))]

    def _sparse_parts(self, name: str, index: int) -> tuple[str, dict[str, Tensor]] | None:
        """Return (consumer, its three inputs) if a tensor is fed as the indices, values or shape of a sparse one."""
        for op, _, consumer in self._uses(self.old, name, index):
            if "Sparse" not in op and op not in ("SerializeManySparse", "DeserializeSparse"):
                continue
            names = [argument.name for argument in self.old.graph.get_operation_by_name(consumer).op_def.input_arg]
            parts: dict[str, Tensor] = {}
            for argument, source in zip(names, self.old.wiring.inputs[consumer], strict=False):
                for part in ("indices", "values", "shape"):
                    if argument.endswith(part):
                        parts.setdefault(part, source)
            if len(parts) == 3 and all(source[0] in self.old.inputs for source in parts.values()):
                return consumer, parts
        return None

    def _draw_sparse(
        self, consumer: str, parts: Mapping[str, Tensor], random: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Draw a sparse tensor of which about every third entry is there, in the order that TensorFlow asks for."""
        rank = (self._static_shape(*parts["indices"]) or [None, 2])[1] or 2
        wanted = list(self.sizes.get(parts["shape"][0], [SIZE]))
        shape = np.array(wanted if len(wanted) == rank else wanted[:1] * rank, np.int64)
        if self.old.wiring.op(consumer) == "SparseTensorDenseMatMul":
            node = self.old.wiring.nodes[consumer]
            dense, at = self.old.wiring.inputs[consumer][3]
            rows = self.old.outputs(dense)[at].shape
            size = rows[1 if node.attr["adjoint_b"].b else 0] if rows.rank == 2 else None
            if size:
                shape[0 if node.attr["adjoint_a"].b else 1] = size
        here = random.random(shape) < 1 / 3
        here.flat[0] = True
        indices = np.argwhere(here)
        values, at = parts["values"]
        dtype = self.old.outputs(values)[at].dtype.as_numpy_dtype
        arrays = {"indices": indices, "values": random.random(len(indices)).astype(dtype), "shape": shape}
        return {"{}:{}".format(*parts[part]): array for part, array in arrays.items()}


def _limit(program: Program, op: str, position: int, node: str) -> int | None:
    """Return how many parts there are of what an op's integer input chooses from, or None."""
    inputs = program.wiring.inputs[node]

    def size(which: int, axis: int) -> int | None:
        source, index = inputs[which]
        shape = program.outputs(source)[index].shape
        return shape[axis] if shape.rank else None

    if op in ("GatherV2", "Gather", "ResourceGather") and position == 1:
        if op == "ResourceGather":
            shape = program.wiring.nodes[inputs[0][0]].attr["shape"].shape
            return shape.dim[0].size if shape.dim else None
        axis = _constant(program, inputs[2]) if op == "GatherV2" else 0
        return size(0, int(axis or 0))
    if op == "SparseSoftmaxCrossEntropyWithLogits" and position == 1:
        return size(0, -1)
    if op == "OneHot" and position == 0:
        return _constant(program, inputs[1])
    if op in ("UnsortedSegmentSum", "UnsortedSegmentMean", "UnsortedSegmentMax") and position == 1:
        return _constant(program, inputs[2])
    if op in ("InTopK", "InTopKV2") and position == 1:
        return size(0, -1)
    return None


def _constant(program: Program, source: Tensor) -> int | None:
    value = tf.get_static_value(program.outputs(source[0])[source[1]])
    return None if value is None else int(value)


def _tensor(name: str) -> str:
    return name if name.rpartition(":")[2].isdigit() and ":" in name else f"{name}:0"
