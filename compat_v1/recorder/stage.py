"""A graph in a session of its own, on which the runs of a recording are run again."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.beside.program import Program, Update
from compat_v1.beside.running import one_by_one, reason_of
from compat_v1.recorder.recording import Run
from compat_v1.recorder.tf1_recorder import VARIABLES


def seeds(graph_def: tf.GraphDef) -> dict[str, tuple[int, int]]:
    """Return {name: (graph-level seed, op seed)} of a graph's random ops, in the order of the GraphDef."""
    return {
        node.name: (node.attr["seed"].i, node.attr["seed2"].i)
        for node in graph_def.node
        if "seed" in node.attr and "seed2" in node.attr
    }


def with_seeds(graph_def: tf.GraphDef, values: dict[str, tuple[int, int]]) -> tf.GraphDef:
    """Return a copy of a `GraphDef` with `values`, {name: (graph-level seed, op seed)}, written into its random ops."""
    changed = tf.GraphDef.FromString(graph_def.SerializeToString())
    for node in changed.node:
        if node.name in values:
            node.attr["seed"].i, node.attr["seed2"].i = values[node.name]
    return changed


def run_as_update(program: Program, names: Sequence[str]) -> Update:
    """Return what a run of nodes and tensors, by their names, does to the variables."""
    nodes = list(dict.fromkeys(map(_node, names)))
    return program.update(nodes[0], nodes[1:])


def _node(name: str) -> str:
    return name.partition(":")[0]


class Stage:
    """A graph, its session, and under which names the recording's ops are found in it."""

    def __init__(
        self,
        graph_def: tf.GraphDef,
        partners: dict[str, str] | None = None,
        optimized: bool = True,
        program: Program | None = None,
        in_order: bool = False,
    ):
        """`partners`, {the recording's op name: this graph's}; None if the graph is the recording's own.

        `optimized` is whether TensorFlow may rewrite the graph before it runs (grappler), as it does by default. If the
        graph is given as a `program` as well, a run that updates variables first computes all that comes before, and
        then, with these values fed, updates: so no read races with an update. `in_order`: of a loop, one iteration runs
        after the other.

        Raises `ValueError` for a graph that today's TensorFlow cannot import.
        """
        self._partners, self._program = partners, program
        if program is not None:
            graph_def = program.cut_before_writes()
        if in_order:
            graph_def = one_by_one(graph_def)
        try:
            with tf.Graph().as_default() as self._graph:
                tf.import_graph_def(graph_def, name="")
                ops = [op for op in self._graph.get_operations() if op.type in VARIABLES]
                self._variables = {op.name: _access(op) for op in ops}
        except (ValueError, KeyError, tf.errors.OpError) as error:
            first = str(error).splitlines()[0]
            raise ValueError(f"TensorFlow {tf.VERSION} cannot import the graph: {first}") from None
        # One thread after the other: what a race would decide is decided in the same way in each session.
        config = tf.ConfigProto(
            device_count={"GPU": 0},
            inter_op_parallelism_threads=1,
            intra_op_parallelism_threads=1,
            use_per_session_threads=True,
        )
        config.graph_options.rewrite_options.disable_meta_optimizer = not optimized
        self._session = tf.Session(graph=self._graph, config=config)

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def partner(self, name: str) -> str | None:
        """Return this graph's name of an op or tensor, `op` or `op:0`, of the recording; None if it has no partner."""
        op, colon, index = name.partition(":")
        found = op if self._partners is None else self._partners.get(op)
        return found if found is None else found + colon + index

    def run(self, run: Run, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Do a run of the recording again with `feeds`, {the recording's tensor name: array}.

        Return {the recording's tensor name: array} of what it fetched, without tensors that have no partner. Raises
        `LookupError` if it cannot be done because something that it needs has no partner, and `RuntimeError` if
        TensorFlow fails, both of one line.
        """
        missing = [name for name in (*run.targets, *feeds) if self.partner(name) is None]
        if missing:
            raise LookupError(f"{missing[0]} has no partner in the port")
        fetches = {name: self.partner(name) for name in run.fetches if self.partner(name) is not None}
        given = {self.partner(name): value for name, value in feeds.items()}
        targets = [self.partner(name) for name in run.targets]
        try:
            values = self._values(fetches, targets, given, run.updates)
        except tf.errors.OpError as error:
            raise RuntimeError(f"{type(error).__name__}: {reason_of(error.message)}") from None
        except (ValueError, TypeError, KeyError) as error:
            raise LookupError(str(error).splitlines()[0]) from None
        # A scalar string comes as bytes, which NumPy would make an array of another dtype than that of several strings.
        return {name: np.asarray(v, object if isinstance(v, bytes) else None) for name, v in values.items()}

    def _values(self, fetches: dict, targets: list, feeds: dict, updates: bool) -> dict[str, Any]:
        """Return what a run fetches, all names being this graph's."""
        operations = {name: self._graph.get_operation_by_name(name) for name in targets}
        program = self._program
        if program is None or not updates:
            return self._session.run([fetches, list(operations.values())], feeds)[0]
        update = run_as_update(program, [*targets, *fetches.values()])
        early = {name: tensor for name, tensor in fetches.items() if _node(tensor) not in program.after_writes}
        first = [op for name, op in operations.items() if name not in program.after_writes]
        before = [tensor for tensor in (f"{name}:{index}" for name, index in update.before) if tensor not in feeds]
        awaited = [self._graph.get_operation_by_name(name) for name in update.awaited]
        got, values, _ = self._session.run([early, before, first + awaited], feeds)
        got = {name: np.array(value) if isinstance(value, np.ndarray) else value for name, value in got.items()}
        feeds = {**feeds, **{name: np.array(value) for name, value in zip(before, values, strict=True)}}
        late = {name: tensor for name, tensor in fetches.items() if name not in early}
        last = [op for name, op in operations.items() if name in program.after_writes]
        return {**got, **self._session.run([late, last], feeds)[0]}

    def variables(self) -> dict[str, np.ndarray]:
        """Return {the recording's variable: array}, without those that have no partner or no value."""
        if self._partners is None:
            names = {name: name for name in self._variables}
        else:
            names = {name: other for name, other in self._partners.items() if other in self._variables}
        found = {}
        for name, other in names.items():
            try:
                found[name] = np.asarray(self._session.run(self._variables[other][0]))
            except tf.errors.FailedPreconditionError:
                continue
        return found

    def set_variables(self, values: dict[str, np.ndarray]) -> None:
        """Give variables, {the recording's name: array}, their values; those without a partner are left out."""
        for name, value in values.items():
            access = self._variables.get(self.partner(name))
            if access:
                _, assign, fed = access
                self._session.run(assign, {fed: value})


def _access(variable: Any) -> tuple[Any, Any, Any]:
    """Return what reads a variable's op, what assigns to it, and the placeholder that the assignment is fed by."""
    with tf.device(variable.device), tf.name_scope("replay"):
        dtype = tf.as_dtype(variable.get_attr("dtype"))
        fed = tf.placeholder(dtype)
        if variable.type == "VarHandleOp":
            handle = variable.outputs[0]
            return (
                tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype),
                tf.raw_ops.AssignVariableOp(resource=handle, value=fed),
                fed,
            )
        return variable.outputs[0], tf.raw_ops.Assign(ref=variable.outputs[0], value=fed, validate_shape=False), fed
