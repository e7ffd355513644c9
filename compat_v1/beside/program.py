"""What of a GraphDef can be run, found in the GraphDef alone: its variables, initializers, updates and inputs."""

from collections.abc import Collection, Mapping, Set
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.beside import ops
from compat_v1.beside.bodies import with_bodies
from compat_v1.beside.wiring import Tensor, Wiring

v1 = tf.compat.v1

_HANDLES = {tf.resource.as_datatype_enum, tf.variant.as_datatype_enum}


class CannotRunError(ValueError):
    """A graph that cannot be run; the message names the op and what can be done.

    `node` is the one that failed, if TensorFlow named it, `reason` what it said, and `refused` whether it did not take
    what it was given.
    """

    def __init__(self, message: str, node: str | None = None, reason: str = "", refused: bool = False) -> None:
        super().__init__(message)
        self.node, self.reason, self.refused = node, reason, refused


class Update(NamedTuple):
    """One optimizer's update: what one `session.run` of the program's training would ask for."""

    target: str  # the node to run
    needs: frozenset[str]  # all nodes that it takes, as far as the inputs
    writes: frozenset[str]  # those of them that change a variable
    before: tuple[Tensor, ...]  # the tensors that it takes from what no write of its comes before
    awaited: tuple[str, ...]  # nodes of that part which it waits for without a tensor


class Program:
    """A GraphDef with what its training consists of."""

    def __init__(self, graph_def: Any, fed: Mapping[str, Any] | None = None, what: str = "the graph") -> None:
        """`fed` are the tensors ("name:0") that are fed whatever makes them, with the types to feed.

        `what` is its name in messages. Raises `CannotRunError` for a graph without anything that can be run.
        """
        self.what, graph_def = what, with_bodies(graph_def)
        self.made: dict[tuple[bool, bool, bool], Any] = {}  # what `Runner` has made of it
        self.fed = dict(fed or {})
        self.gone = _gone_ops(graph_def)
        self.graph_def = _without(graph_def, self.gone, self.fed)
        self.wiring = Wiring(self.graph_def)
        self._require_training(graph_def)
        self.graph = _imported(self.graph_def, what)
        self.inputs = self._inputs()
        self.placeholders = [node.name for node in self.graph_def.node if node.op == "Placeholder"]
        self.variables = [name for name, node in self.wiring.nodes.items() if node.op in ops.VARIABLES]
        self.writes = {name for name, node in self.wiring.nodes.items() if ops.is_write(node.op)}
        self.initializers = self._initializers()
        self.after_writes = self._after_writes()
        self.updates = self._updates()
        self.tables = [name for name in self.wiring.order if ops.TABLE_INITIALIZERS.fullmatch(self.wiring.op(name))]

    def _require_training(self, graph_def: Any) -> None:
        """Raise `CannotRunError` if an update went with the ops that are gone."""
        for node in graph_def.node:
            if ops.is_apply(node.op) and node.name not in self.wiring.nodes:
                name, op = next(iter(self.gone.items()))
                raise CannotRunError(
                    f"{self.what}: TensorFlow {tf.__version__} has no op {op}, and {node.name} needs {name}: "
                    f"give its value with --feeds, as {name}:0"
                )

    @property
    def cut(self) -> set[str]:
        """The inputs that are no placeholders: what would give their values is not run."""
        return {name for name in self.inputs if not self.wiring.op(name).startswith("Placeholder")}

    def outputs(self, name: str) -> list[Any]:
        """Return the tensors of a node as `tf.Tensor`s."""
        return self.graph.get_operation_by_name(name).outputs

    def values(self, name: str) -> list[Tensor]:
        """Return (node name, index) of each output that has a value which can be looked at: no reference, no handle."""
        return [
            (name, index)
            for index, tensor in enumerate(self.outputs(name))
            if not tensor.dtype._is_ref_dtype
            and tensor.dtype.as_datatype_enum not in _HANDLES
            and not ops.is_scratch(self.wiring.nodes[name], index)
        ]

    def constant(self, source: Tensor) -> np.ndarray | None:
        """Return the value that a tensor has in every run, as far as the graph itself tells."""
        return tf.get_static_value(self.outputs(source[0])[source[1]])

    def shape(self, name: str, index: int) -> list[int | None] | None:
        """Return what is known of a tensor's shape, a list with None for an open size; None if nothing is.

        What comes from a queue has the shape that the queue was made for: the importer does not look there.
        """
        shape = self.outputs(name)[index].shape
        sources = self.wiring.inputs[name]
        if shape.rank is None and self.wiring.op(name).startswith("QueueDequeue") and sources:
            queue = self.wiring.nodes[sources[0][0]]
            shapes = queue.attr["shapes"].list.shape
            if index < len(shapes) and not shapes[index].unknown_rank:
                known = [dim.size if dim.size >= 0 else None for dim in shapes[index].dim]
                if len(sources) == 1:
                    return known
                many = self.constant(sources[1])
                return [None if many is None else int(many), *known]
        return None if shape.rank is None else shape.as_list()

    def variable_shape(self, name: str) -> Any:
        """Return the `tf.TensorShape` that a variable is made with."""
        return tf.TensorShape(self.wiring.nodes[name].attr["shape"].shape)

    def needs(self, names: Collection[str]) -> set[str]:
        """Return the nodes that `names` need, as far as the inputs."""
        return self.wiring.ancestors(names, self.inputs)

    def trained(self) -> set[str]:
        """Return the variables that the updates change."""
        writes = {write for update in self.updates for write in update.writes}
        return {variable for write in writes for variable in self.wiring.variables_written(write)}

    def _inputs(self) -> set[str]:
        by_op = {name for name, node in self.wiring.nodes.items() if node.op in ops.INPUTS}
        return by_op | {
            tensor.rpartition(":")[0] for tensor in self.fed if tensor.rpartition(":")[0] in self.wiring.nodes
        }

    def _initializers(self) -> dict[str, str]:
        """Return {variable: the op that gives it its initial value}, for the variables that have one."""
        wiring, found, known = self.wiring, dict[str, list[tuple[bool, bool, int, str]]](), set[str]()
        for name in sorted(self.writes, key=wiring.position.__getitem__):
            if wiring.op(name) not in ops.INITIAL or len(wiring.inputs[name]) < 2:
                continue
            variable = wiring.variable_written(name)
            needs = wiring.ancestors([wiring.inputs[name][1][0]])
            if (
                variable is None
                or not wiring.is_always_there(name)
                or variable in needs
                or any(wiring.op(need) in ops.RESTORES | ops.INPUTS for need in needs)
                or any(ops.is_write(wiring.op(need)) for need in needs - known)
            ):
                continue
            known.add(name)  # the value of another variable may wait for it, as `initialized_value` does
            others = any(wiring.op(need) in ops.VARIABLES for need in needs)
            is_its_own = name.startswith(variable + "/")  # `<variable>/Assign`, as every release calls it
            found.setdefault(variable, []).append((not is_its_own, others, wiring.position[name], name))
        return {variable: min(candidates)[-1] for variable, candidates in found.items()}

    def _is_training(self, write: str) -> bool:
        """Whether a write is part of the training: it neither initializes nor restores."""
        if write in self.initializers.values():
            return False
        needs = self.wiring.ancestors([write])
        return not any(self.wiring.op(need) in ops.RESTORES for need in needs)

    def _after_writes(self) -> set[str]:
        """Return the nodes that wait for a write of the training, those writes included."""
        wiring = self.wiring
        writes = {write for write in self.writes if self._is_training(write)}
        frames = {wiring.frames[write] for write in writes} - {()}
        inside = {name for name, frame in wiring.frames.items() if frame in frames}
        return wiring.descendants(writes | inside)

    def _updates(self) -> list[Update]:
        """Return the `Update`s, in the order of the GraphDef, one for each optimizer; none for a graph without any.

        What only waits for one is none of its own: a gradient, say, that is computed after it and that nothing takes.
        """
        wiring = self.wiring
        applies = {name for name in self.after_writes if ops.is_apply(wiring.op(name))}
        roots = applies or {write for write in self.writes if self._is_training(write)}
        sinks = [name for name in wiring.nodes if name in self.after_writes and not wiring.consumers[name]]
        targets: list[str] = []
        for sink in sinks:
            if wiring.ancestors([sink]) & roots:
                targets += self._groups(sink, roots)
        updates = [self.update(target) for target in dict.fromkeys(targets)]
        return [
            one
            for place, one in enumerate(updates)
            if not any(one.writes < other.writes for other in updates)
            and not any(one.writes == other.writes for other in updates[:place])
        ]

    def _groups(self, target: str, roots: set[str]) -> list[str]:
        """Return the optimizers that a target is a group of, or the target itself if it is one."""
        wiring = self.wiring
        parts = [name for name in wiring.controls[target] if wiring.ancestors([name]) & roots]
        trained = [wiring.ancestors([name]) & roots for name in parts]
        apart = len(parts) > 1 and sum(map(len, trained)) == len(set[str]().union(*trained))
        if (
            wiring.op(target) != "NoOp"
            or not apart
            or any(part in roots or wiring.op(part) != "NoOp" for part in parts)
        ):
            return [target]
        others = [name for name in wiring.controls[target] if name not in parts and name in self.after_writes]
        return [group for part in parts for group in self._groups(part, roots)] + others

    def update(self, target: str, others: Collection[str] = ()) -> Update:
        """Return the `Update` that a run of the nodes `target` and `others` is."""
        wiring = self.wiring
        needs = self.needs([target, *others])
        late = self._with_what_they_keep(needs & self.after_writes, needs)
        before, awaited = dict[Tensor, None](), dict[str, None]()
        for name in sorted(late, key=wiring.position.__getitem__):
            for source, index in wiring.inputs[name]:
                if source not in late and wiring.is_always_there(source) and (source, index) in self.values(source):
                    before[source, index] = None
            for source in wiring.controls[name]:
                if source not in late and wiring.is_always_there(source):
                    awaited[source] = None
        writes = frozenset(name for name in late if name in self.writes)
        return Update(target, frozenset(needs), writes, tuple(before), tuple(awaited))

    def _with_what_they_keep(self, late: Set[str], needs: Set[str]) -> set[str]:
        """Return the nodes `late` with what they are computed from that cannot be fed, of `needs`.

        That is what fills the stacks and arrays that they take from, which last as long as a run, and what is in loops
        or branches.
        """
        wiring, found, todo = self.wiring, set(late), list(late)
        while todo:
            for source in wiring.computed_from(todo.pop(), back_edges=True):
                is_kept = source in wiring.flows or not wiring.is_always_there(source)
                if source in needs and source not in found and is_kept:
                    found.add(source)
                    todo.append(source)
        return found

    def cut_before_writes(self) -> Any:
        """Return the GraphDef with the writes waiting for nothing that a run before them has already done."""
        wiring, cut = self.wiring, v1.GraphDef.FromString(self.graph_def.SerializeToString())
        for node in cut.node:
            if node.name in self.after_writes:
                kept = [
                    reference
                    for reference in node.input
                    if not reference.startswith("^")
                    or reference[1:] in self.after_writes
                    or not wiring.is_always_there(reference[1:])
                ]
                del node.input[:]
                node.input.extend(kept)
        return cut


def _gone_ops(graph_def: Any) -> dict[str, str]:
    """Return {node name: op} of the nodes whose op today's TensorFlow does not have."""
    functions = {function.signature.name for function in graph_def.library.function}
    return {
        node.name: node.op for node in graph_def.node if not hasattr(tf.raw_ops, node.op) and node.op not in functions
    }


def _without(graph_def: Any, gone: Mapping[str, str], fed: Mapping[str, Any]) -> Any:
    """Return the GraphDef without the nodes that are gone and what needs them; those that are fed become inputs."""
    copy = v1.GraphDef.FromString(graph_def.SerializeToString())
    if not gone:
        return copy
    types: dict[str, dict[int, Any]] = {}
    for tensor, dtype in fed.items():
        name, _, at = tensor.rpartition(":")
        types.setdefault(name, {})[int(at)] = dtype
    lost = {name for name in gone if name not in types}
    nodes = {node.name: node for node in copy.node}
    more = lost
    while more:
        more = {
            name
            for name, node in nodes.items()
            if name not in lost and any(reference.lstrip("^").partition(":")[0] in lost for reference in node.input)
        }
        lost |= more
    kept = v1.GraphDef(versions=copy.versions, library=copy.library)
    for node in copy.node:
        if node.name in gone and node.name in types:
            dtypes = [types[node.name].get(index, tf.float32) for index in range(max(types[node.name]) + 1)]
            for index, dtype in enumerate(dtypes):
                kept.node.add(name=f"{node.name}/fed_{index}", op="Placeholder").attr["dtype"].type = tf.as_dtype(
                    dtype
                ).as_datatype_enum
            identity = kept.node.add(name=node.name, op="IdentityN")
            identity.input.extend(f"{node.name}/fed_{index}" for index in range(len(dtypes)))
            identity.attr["T"].list.type.extend(tf.as_dtype(dtype).as_datatype_enum for dtype in dtypes)
        elif node.name not in lost:
            kept.node.add().CopyFrom(node)
    return kept


def _imported(graph_def: Any, what: str) -> Any:
    try:
        with tf.Graph().as_default() as graph:
            v1.import_graph_def(graph_def, name="")
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise CannotRunError(f"TensorFlow {tf.__version__} cannot import {what}: {error}") from None
    return graph
