"""Run one program update by update, and look at any tensor of it, inside loops as well."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.beside import ops
from compat_v1.beside.program import CannotRunError, Program, Update
from compat_v1.beside.wiring import Tensor

v1 = tf.compat.v1

# TensorFlow's graph optimizers, as a session's `RewriterConfig` calls them; first those that rewrite arithmetic.
OPTIMIZERS = (
    *("arithmetic_optimization", "constant_folding", "remapping", "layout_optimizer", "common_subgraph_elimination"),
    *("loop_optimization", "dependency_optimization", "function_optimization", "shape_optimization"),
)
ALL = ("all",)
_ELEMENTS_AT_ONCE = 2**24  # of variables that are read: what bounds the memory


class Runner:
    """A session on a program's graph.

    If `gradients_first`, an update is two runs: everything that it computes from before its first write, which is
    fetched, and then, with these values fed, the writes.
    """

    def __init__(
        self,
        program: Program,
        gradients_first: bool = False,
        one_iteration: bool = False,
        switched_off: tuple[str, ...] = (),
        threads: int = 0,
        session: Any = None,
        sums_in_order: bool = False,
    ) -> None:
        """`switched_off`: the graph optimizers of TensorFlow that rewrite nothing, or `ALL`: each op is run as the
        graph has it, whatever else is asked for with it. `one_iteration`: those of a loop never overlap, so that
        what is seen in it is seen in order. `threads`: so many, 0 for as many as TensorFlow takes. `session`: one that
        is open on the program's very graph, and stays its owner's; of the runner, only what runs is used then.
        `sums_in_order`: see the function of that name.
        """
        self.program, self.gradients_first = program, gradients_first
        self.switched_off, self.threads = switched_off, threads
        self._session: Any = session
        self._options: Any = None
        if session is not None:
            self._graph = session.graph
        else:
            made: dict[tuple[bool, bool, bool], Any] = program.made
            how = gradients_first, one_iteration, sums_in_order
            made[how] = made.get(how) or _accessible(program, *how)
            self._graph, self._reads, self._assigns = made[how]

    def __enter__(self) -> "Runner":
        config = v1.ConfigProto(
            device_count={"GPU": 0},
            inter_op_parallelism_threads=self.threads,
            intra_op_parallelism_threads=self.threads,
            use_per_session_threads=True,
            allow_soft_placement=True,
        )
        if self.switched_off == ALL:
            config.graph_options.rewrite_options.disable_meta_optimizer = True
            config.graph_options.optimizer_options.opt_level = -1  # L0
        for name in self.switched_off if self.switched_off != ALL else ():
            setattr(config.graph_options.rewrite_options, name, 2)  # RewriterConfig.OFF
        self._session = v1.Session(graph=self._graph, config=config)
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._session = None

    def run(self, fetches: Any, feeds: Mapping[Any, np.ndarray] | None = None) -> Any:
        """`Session.run`; an error of TensorFlow's becomes a `CannotRunError` that names the op."""
        try:
            return self._session.run(fetches, feeds, options=self._options)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            op = getattr(error, "op", None)
            where = f"{op.name} ({op.type}): " if op is not None else ""
            message = reason_of(str(getattr(error, "message", error)))
            raise CannotRunError(
                f"{self.program.what} does not run: {where}{message}; give what it is fed by --feeds, or by --size",
                op and op.name,
                message,
                isinstance(error, (tf.errors.InvalidArgumentError, ValueError)) and "OpKernel" not in message,
            ) from None

    def initialize(self, values: Mapping[str, np.ndarray] | None = None) -> None:
        """Run the initializers, of tables as well, then give the variables `values`, {name: array}."""
        program, done = self.program, set(values or {})
        todo = [name for name in program.initializers if name not in done]
        while todo:  # a variable may start from another one
            ready = [
                name
                for name in todo
                if not (program.needs([program.initializers[name]]) & set(program.variables) - {name}) - done
            ]
            if not ready:
                ready = todo
            self.run([self.operation(program.initializers[name]) for name in ready])
            done |= set(ready)
            todo = [name for name in todo if name not in done]
        if values:
            assigns = {self._assigns[name]: value for name, value in values.items()}
            self.run([one for one, _ in assigns], {fed: value for (_, fed), value in assigns.items()})
        if program.tables:
            self.run([self.operation(name) for name in program.tables])

    def variables(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return {name: value}, arrays of their own: what a session gives may be the variable's own memory."""
        return {name: np.array(value) for name, value in zip(names, self.some_variables(names), strict=True)}

    def some_variables(self, names: Sequence[str]) -> Iterator[np.ndarray]:
        """Yield the values of variables, some of them read at a time; an array may be the variable's own memory."""
        part, size = list[Any](), 0
        for number, name in enumerate(names, 1):
            part.append(self._reads[name])
            size += self.program.variable_shape(name).num_elements() or 0
            if size >= _ELEMENTS_AT_ONCE or number == len(names):
                yield from map(np.asarray, self.run(part))
                part, size = [], 0

    def fetch(self, tensors: Sequence[Tensor], feeds: Mapping[Any, np.ndarray]) -> dict[Tensor, Any]:
        """Return {(node, index): array} for tensors that are in no loop and no branch."""
        return dict(zip(tensors, self.run([self.tensor(one) for one in tensors], feeds), strict=True))

    def update(self, update: Update, feeds: Mapping[Any, np.ndarray], fetched: Iterable[Tensor]) -> list[Any]:
        """Run an `Update`; return the arrays of the tensors `fetched`, which no write comes before."""
        feeds = dict(feeds)
        wanted = [self.tensor(one) for one in fetched]
        target = self.operation(update.target)
        if not self.gradients_first:
            return self.run([wanted, target], feeds)[0]
        awaited = [self.operation(name) for name in update.awaited]
        before = [tensor for tensor in map(self.tensor, update.before) if tensor not in feeds]
        results, values, _ = self.run([before, wanted, awaited], feeds)
        feeds.update({tensor: np.array(value) for tensor, value in zip(before, results, strict=True)})
        self.run(target, feeds)
        return values

    @contextmanager
    def watching(self, tensors: Sequence[Tensor]) -> Iterator[dict[Tensor, list[np.ndarray]]]:
        """Within the block, runs fill the dictionary that this gives, {(node, index): [array, one for each time]}.

        TensorFlow's own debugger copies each of the tensors to a file whenever its op has run: so what is in a loop or
        in a branch, and could not be fetched, is seen too. What a graph optimizer has done away with is not.
        """
        seen: dict[Tensor, list[np.ndarray]] = {one: [] for one in tensors}
        if not tensors:
            yield seen
            return
        with tempfile.TemporaryDirectory(prefix="beside_") as folder:
            self._options = v1.RunOptions()
            for name, index in tensors:
                self._options.debug_options.debug_tensor_watch_opts.add(
                    node_name=name, output_slot=index, debug_ops=["DebugIdentity"], debug_urls=[f"file://{folder}"]
                )
            try:
                yield seen
            finally:
                self._options = None
            files = _dumped(Path(folder))
            for name, index in tensors:
                seen[name, index] += [_array(path) for _, path in sorted(files[f"{name}_{index}"])]

    def operation(self, name: str) -> Any:
        """Return a node of the session's graph."""
        return self._graph.get_operation_by_name(name)

    def tensor(self, one: Tensor) -> Any:
        """Return a tensor of the session's graph, by (node name, index)."""
        name, index = one
        if index and name in self.program.cut:
            name, index = _fed_name(name, index), 0
        return self._graph.get_tensor_by_name(f"{name}:{index}")

    def feed(self, arrays: Mapping[str, np.ndarray]) -> dict[Any, np.ndarray]:
        """Return the feeds for `Session.run` from {"name:0": array}."""
        parts = {name: name.rpartition(":") for name in arrays}
        return {self.tensor((parts[name][0], int(parts[name][2]))): array for name, array in arrays.items()}


def _accessible(program: Program, gradients_first: bool, one_iteration: bool, in_order: bool) -> tuple[Any, dict, dict]:
    """Return (the graph for a session, {variable: what reads it}, {variable: (what assigns it, the placeholder)})."""
    graph_def = program.cut_before_writes() if gradients_first else program.graph_def
    graph_def = _with_placeholders(graph_def, program)
    if one_iteration:
        graph_def = one_by_one(graph_def)
    if in_order:
        graph_def = sums_in_order(graph_def)
    reads, assigns = dict[str, Any](), dict[str, tuple[Any, Any]]()
    with tf.Graph().as_default() as graph:
        v1.import_graph_def(graph_def, name="")
        with tf.name_scope("beside"):
            for name in program.variables:
                operation = graph.get_operation_by_name(name)
                dtype = operation.get_attr("dtype")
                value = v1.placeholder(dtype, name="value")
                if operation.type == "VarHandleOp":
                    assign = tf.raw_ops.AssignVariableOp(resource=operation.outputs[0], value=value)
                    reads[name] = tf.raw_ops.ReadVariableOp(resource=operation.outputs[0], dtype=dtype)
                else:
                    assign = tf.raw_ops.Assign(ref=operation.outputs[0], value=value, validate_shape=False).op
                    reads[name] = operation.outputs[0]
                assigns[name] = assign, value
    return graph, reads, assigns


def one_by_one(graph_def: Any) -> Any:
    """Return a copy of a GraphDef in whose loops one iteration runs after the other."""
    copy = v1.GraphDef.FromString(graph_def.SerializeToString())
    for node in copy.node:
        if node.op in ops.ENTERS:
            node.attr["parallel_iterations"].i = 1
    return copy


def sums_in_order(graph_def: Any) -> Any:
    """Return a copy of a GraphDef in which each sum of several tensors is made of sums of two, from the first on.

    TensorFlow's kernel of AddN begins with the term whose memory it may take for the sum. Which that is, if any,
    depends on what else is computed from the terms, and asked for.
    """
    copy = v1.GraphDef.FromString(graph_def.SerializeToString())
    for node in copy.node[:]:
        terms = [reference for reference in node.input if not reference.startswith("^")]
        if node.op != "AddN" or len(terms) < 3 or node.attr["T"].type == tf.variant.as_datatype_enum:
            continue
        waits = list(node.input[len(terms) :])
        del node.attr["N"]
        node.op = "AddV2"
        for number, term in enumerate(terms[1:-1]):
            partial_sum = copy.node.add()
            partial_sum.CopyFrom(node)
            partial_sum.name = f"{node.name}/beside_{number}"
            partial_sum.input[:] = [terms[0], term]
            terms[0] = partial_sum.name
        node.input[:] = [terms[0], terms[-1], *waits]
    return copy


def _fed_name(name: str, index: int) -> str:
    return f"{name}/beside_{index}" if index else name


def _with_placeholders(graph_def: Any, program: Program) -> Any:
    """Return the GraphDef with placeholders for the outputs of what is fed instead of run.

    A feed alone is not enough: a graph optimizer may make other nodes wait for the node whose outputs are fed, and a
    queue that is empty would be waited for for ever.
    """
    if not program.cut:
        return graph_def
    changed = v1.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node in graph_def.node:
        if node.name in program.cut:
            for index, tensor in enumerate(program.outputs(node.name)):
                placeholder = changed.node.add(name=_fed_name(node.name, index), op="Placeholder")
                placeholder.attr["dtype"].type = tensor.dtype.base_dtype.as_datatype_enum
                placeholder.attr["shape"].shape.unknown_rank = True
                if tensor.shape.rank is not None:
                    placeholder.attr["shape"].shape.CopyFrom(tensor.shape.as_proto())
            continue
        kept = changed.node.add()
        kept.CopyFrom(node)
        for position, reference in enumerate(kept.input):
            name, _, index = reference.partition(":")
            if name in program.cut and index:
                kept.input[position] = _fed_name(name, int(index))
    return changed


def reason_of(message: str) -> str:
    """Return the line of TensorFlow's message that says what is wrong."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    context = ("Detected at", "File", "Node:", "[", "Original stack trace", "Graph execution error")
    said = [line for line in lines if not line.startswith(context)]
    return (said or lines or ["no reason given"])[0]


def _dumped(folder: Path) -> dict[str, list[tuple[int, Path]]]:
    """Return {"node_index": [(when, file), …]} of what the debugger wrote."""
    files: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in folder.glob("_tfdbg_device_*/**/*_DebugIdentity_*"):
        device = next(part for part in path.relative_to(folder).parts)
        name, _, moment = str(path.relative_to(folder / device)).rpartition("_DebugIdentity_")
        files[name].append((int(moment.partition("-")[0]), path))
    return files


def _array(path: Path) -> np.ndarray:
    (value,) = v1.Event.FromString(path.read_bytes()).summary.value
    return tf.make_ndarray(value.tensor)
