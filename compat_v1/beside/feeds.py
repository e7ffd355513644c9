"""What is fed to both graphs: arrays that the user gives, or drawn ones that the graphs' ops can take."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.beside import limits
from compat_v1.beside.program import CannotRunError, Program
from compat_v1.beside.sparse import Sparse, draw_sparse, sparse_of
from compat_v1.beside.wiring import Tensor

SIZE = 4  # at least, of a dimension that the graph leaves open


class Feeds:
    """The arrays for each update: `draw(update, tensors)` is {tensor of the old graph: array}."""

    def __init__(
        self,
        old: Program,
        new: Program,
        pairs: Mapping[str, str],
        given: Mapping[str, np.ndarray] | None = None,
        seed: int = 0,
        sizes: Mapping[str, Sequence[int]] | None = None,
        bounds: Mapping[str, tuple[int, int]] | None = None,
        signed: bool = True,
    ) -> None:
        """`given` is {tensor: array}; an array with one dimension more than its tensor has a batch for each update.

        `sizes` is {node: the sizes that it leaves open, one or one a dimension}, `bounds` {node: the least integer that
        is drawn, and the largest, which is drawn for certain}. `signed`: every second update is fed numbers below 0,
        so that the other branch of a condition is taken. Raises `CannotRunError` if a name is none of an input's.
        """
        self.old, self.new, self.pairs = old, new, pairs
        self.given = {_tensor(name): np.asarray(value) for name, value in (given or {}).items()}
        self.sizes = {name.partition(":")[0]: list(some) for name, some in (sizes or {}).items()}
        self.bounds, self.seed = dict(bounds or {}), seed
        self.signed = signed
        self.size, self.length = _sizes(old)
        strange = {name.rpartition(":")[0] for name in self.given} - old.wiring.nodes.keys() - new.wiring.nodes.keys()
        strange |= {name for name in self.sizes if name not in old.inputs and not sparse_of(old, f"{name}/shape")}
        if strange:
            raise CannotRunError(f"no tensor to feed is called {min(strange)}; there are {self._known()}")

    def _known(self) -> str:
        inputs = [name for name in self.old.wiring.order if name in self.old.inputs]
        return ", ".join(inputs[:12]) + (" …" if len(inputs) > 12 else "") if inputs else "none"

    def with_(self, **changed: Any) -> "Feeds":
        """Return these feeds with other `old`, `new`, `pairs`, `sizes`, `bounds` or `signed`."""
        names = ("old", "new", "pairs", "given", "seed", "sizes", "bounds", "signed")
        return Feeds(**{name: changed.get(name, getattr(self, name)) for name in names})

    def in_words(self) -> str:
        """Return the sizes and bounds, as options of the command line would say them where there are some."""
        sizes = [f"--size {name}={','.join(map(str, sizes)) or '()'}" for name, sizes in self.sizes.items()]
        bounds = [f"{name} from {least} to {most}" for name, (least, most) in self.bounds.items()]
        return ", ".join(sizes + bounds + ["no number below 0"] * (not self.signed))

    def draw(self, update: int, tensors: Iterable[Tensor]) -> dict[str, np.ndarray]:
        """Return {tensor: array} for tensors of the old graph, alike for each call with the same update."""
        drawn: dict[str, np.ndarray] = {}
        for name, index in tensors:
            key = f"{name}:{index}"
            if key in self.given:
                drawn[key] = self.batch(key, update)
            elif key not in drawn:
                sparse = self.sparse(name)
                place = self.old.wiring.position["{}".format(*sparse.parts["values"]) if sparse else name]
                random = np.random.default_rng([self.seed, update, place, index])
                if sparse:  # its parts at once, whichever is asked for first
                    sizes = self.sizes.get(sparse.name) or self.sizes.get(f"{sparse.name}/shape") or [self.size]
                    always = np.random.default_rng([self.seed, place])
                    drawn.update(draw_sparse(self.old, sparse, sizes, always, random))
                else:
                    drawn[key] = self._draw_one(name, index, random, update)
        return drawn

    def sparse(self, name: str) -> Sparse | None:
        """Return the `Sparse` that a node of the old graph is a part of, or None.

        The first releases wrote down no shape of a placeholder that tells it: then that of the partner does.
        """
        found = sparse_of(self.old, name)
        there = None if found or name not in self.pairs else sparse_of(self.new, self.pairs[name])
        if there:
            back = {self.pairs[one]: one for one in self.old.placeholders if one in self.pairs}
            if all(node in back for node, _ in there.parts.values()):
                parts = {part: (back[node], index) for part, (node, index) in there.parts.items()}
                return Sparse(parts["shape"][0], parts)
        return found

    def batch(self, key: str, update: int) -> np.ndarray:
        """Return what is given for a tensor in an update."""
        given, (node, _, index) = self.given[key], key.rpartition(":")
        of_old = node in self.old.wiring.nodes  # the first releases wrote down no shape of a placeholder: the partner's
        shape = self.static_shape(node, int(index)) if of_old else self.new.shape(node, int(index))
        if shape is None or given.ndim != len(shape) + 1:
            return given
        if update > len(given):
            raise CannotRunError(f"--feeds has {len(given)} batches for {key}: give one for each of the updates")
        return np.asarray(given[update - 1])

    def _draw_one(self, name: str, index: int, random: np.random.Generator, update: int) -> np.ndarray:
        dtype = self.old.outputs(name)[index].dtype.base_dtype
        shape = self.shape(name, index)
        if dtype.is_floating:
            values: Any = self._floats(name, index, shape, random, self.signed and update % 2 == 0)
        elif dtype.is_complex:
            values = random.random(shape) + 1j * random.random(shape)
        elif dtype.is_bool:
            values = random.integers(0, 2, shape) if shape else update % 2
        elif dtype.is_integer:
            values = self._integers(name, index, shape, random)
        elif dtype == tf.string:
            self._require_plain_text(name)
            texts = [b"%04x" % int(n) for n in random.integers(0, 2**16, shape or 1).flat]
            values = np.array(texts, dtype=object).reshape(shape)
        else:
            raise CannotRunError(f"{name}:{index} is of type {dtype.name}, which cannot be drawn: give it with --feeds")
        return np.asarray(values).astype(dtype.as_numpy_dtype)

    def _require_plain_text(self, name: str) -> None:
        if self.old.wiring.op(name) != "Placeholder":
            raise CannotRunError(
                f"{name} ({self.old.wiring.op(name)}) gives the content of files: give it with --feeds, as {name}:0"
            )

    def static_shape(self, name: str, index: int) -> list[int | None] | None:
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

    def shape(self, name: str, index: int) -> tuple[int, ...]:
        """Return the shape in which a tensor is drawn."""
        shape = self.static_shape(name, index)
        if shape is None:
            return tuple(self.sizes.get(name, ()))  # most often a rate
        given, open_sizes = self.sizes.get(name), shape.count(None)
        wanted = given or self.usual(shape)
        if given and (not open_sizes or len(given) not in (1, open_sizes)):
            raise CannotRunError(f"--size {name}: {open_sizes} sizes of it are open, {len(given)} were given")
        sizes = iter(wanted * open_sizes if len(wanted) == 1 else wanted)
        return tuple(next(sizes) if size is None else size for size in shape)

    def usual(self, shape: Sequence[int | None]) -> list[int]:
        """Return the sizes for what a shape leaves open: all batches fit each other, and all that follows in them."""
        return [self.length if axis else self.size for axis, size in enumerate(shape) if size is None]

    def _floats(
        self, name: str, index: int, shape: tuple[int, ...], random: np.random.Generator, signed: bool
    ) -> np.ndarray | float:
        if limits.is_rate(self.old, name, index):
            return random.uniform(1e-3, 1e-2, shape)
        if len(shape) == 2 and limits.is_distribution(self.old, name, index):
            return np.eye(shape[1])[random.integers(0, shape[1], shape[0])]
        if signed and shape:
            return random.uniform(-1, 0.5, shape)  # so that most sums are below 0 too
        return random.random(shape) if shape else random.uniform(0.5, 1)

    def _integers(self, name: str, index: int, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
        if name in self.bounds:
            least, most = self.bounds[name]
            values = np.asarray(random.integers(least, most + 1, shape))
            values.flat[:1] = most
            return values
        places = [(self.old, name)] + ([(self.new, self.pairs[name])] if name in self.pairs else [])
        known = [bound for place in places if (bound := limits.bound(*place, index))]
        is_byte = self.old.outputs(name)[index].dtype.base_dtype == tf.uint8
        least = 0 if shape or known else 1  # a single number that nothing limits counts something, and is divided by
        return np.asarray(random.integers(least, min(known) if known else 256 if is_byte else SIZE, shape))


def _tensor(name: str) -> str:
    return name if name.rpartition(":")[2].isdigit() and ":" in name else f"{name}:0"


def _sizes(program: Program) -> tuple[int, int]:
    """Return two sizes that nothing else in a program has: a sum over the wrong axis is another number then."""
    shapes = [program.shape(name, 0) for name in [*program.variables, *program.inputs] if program.outputs(name)]
    taken = {size for shape in shapes for size in shape or ()}
    free = (size for size in itertools.count(SIZE) if size not in taken)
    return next(free), next(free)
