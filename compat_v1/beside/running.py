"""Run one program update by update, and look at any tensor of it, inside loops as well."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from compat_v1.beside import ops
from compat_v1.beside.program import CannotRunError

v1 = tf.compat.v1


class Runner:
    """A session on a program's graph.

    No graph optimizer of TensorFlow's is on: each op is run as the graph has it, whatever else is asked for with it.
    If `gradients_first`, an update is two runs: everything that it computes from before its first write, which is
    fetched, and then, with these values fed, the writes.
    """

    def __init__(self, program, gradients_first=False, one_iteration=False):
        """`one_iteration`: the iterations of a loop never overlap, so that what is seen in it is seen in order."""
        self.program, self.gradients_first = program, gradients_first
        graph_def = program.cut_before_writes() if gradients_first else program.graph_def
        if one_iteration:
            graph_def = v1.GraphDef.FromString(graph_def.SerializeToString())
            for node in graph_def.node:
                if node.op in ops.ENTERS:
                    node.attr["parallel_iterations"].i = 1
        with tf.Graph().as_default() as self._graph:
            v1.import_graph_def(graph_def, name="")
            self._reads, self._assigns = {}, {}
            with tf.name_scope("beside"):
                for name in program.variables:
                    self._add_access(name)
        self._session = None

    def _add_access(self, name):
        """Add what reads and what assigns a variable, whatever it has of its own."""
        operation = self._graph.get_operation_by_name(name)
        dtype = operation.get_attr("dtype")
        value = v1.placeholder(dtype, name="value")
        if operation.type == "VarHandleOp":
            assign = tf.raw_ops.AssignVariableOp(resource=operation.outputs[0], value=value)
            self._reads[name] = tf.raw_ops.ReadVariableOp(resource=operation.outputs[0], dtype=dtype)
        else:
            assign = tf.raw_ops.Assign(ref=operation.outputs[0], value=value, validate_shape=False).op
            self._reads[name] = operation.outputs[0]
        self._assigns[name] = assign, value

    def __enter__(self):
        config = v1.ConfigProto(device_count={"GPU": 0}, use_per_session_threads=True, allow_soft_placement=True)
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = -1  # L0
        self._session = v1.Session(graph=self._graph, config=config)
        return self

    def __exit__(self, *_):
        self._session.close()
        self._session = None

    def run(self, fetches, feeds=None, **options):
        """`Session.run`; an error of TensorFlow's becomes a `CannotRunError` that names the op."""
        try:
            return self._session.run(fetches, feeds, **options)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            op = getattr(error, "op", None)
            where = f"{op.name} ({op.type}): " if op is not None else ""
            message = str(getattr(error, "message", error)).splitlines()[0]
            raise CannotRunError(
                f"{self.program.what} does not run: {where}{message}; give what it is fed by --feeds, or by --size"
            ) from None

    def initialize(self, values=None):
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
        for name, value in (values or {}).items():
            assign, placeholder = self._assigns[name]
            self.run(assign, {placeholder: value})
        if program.tables:
            self.run([self.operation(name) for name in program.tables])

    def variable(self, name):
        """Return a variable's value, an array of its own: what a session gives may be the variable's own memory."""
        return np.array(self.run(self._reads[name]))

    def fetch(self, tensors, feeds):
        """Return {(node, index): array} for tensors that are in no loop and no branch."""
        return dict(zip(tensors, self.run([self.tensor(one) for one in tensors], feeds), strict=True))

    def update(self, update, feeds, replaced=(), fetched=(), watched=None):
        """Run an `Update`, with the tensors `replaced`, {(node, index): array}, in place of its own.

        Return the arrays of the tensors `fetched`, which no write comes before; and put into the dictionary `watched`
        the arrays of its keys, as `watch` does.
        """
        feeds = dict(feeds)
        feeds.update({self.tensor(one): value for one, value in dict(replaced).items()})
        values = []
        if self.gradients_first:
            awaited = [self.operation(name) for name in update.awaited]
            before = [one for one in update.before if self.tensor(one) not in feeds]
            results, values, _ = self.run([*([self.tensor(one) for one in some] for some in (before, fetched)), awaited], feeds)
            feeds.update({self.tensor(one): np.array(value) for one, value in zip(before, results, strict=True)})
        elif fetched:
            values, _ = self.run([[self.tensor(one) for one in fetched], self.operation(update.target)], feeds)
            return values
        if watched is None:
            self.run(self.operation(update.target), feeds)
        else:
            watched.update(self.watch(list(watched), [update.target], feeds))
        return values

    def watch(self, tensors, targets, feeds):
        """Run `targets`, names of nodes; return {(node, index): [array for each time it was computed]}.

        TensorFlow's own debugger copies each of the tensors to a file whenever its op has run: so what is in a loop or
        in a branch, and could not be fetched, is seen too.
        """
        targets = [self.operation(name) for name in targets]
        if not tensors:
            self.run(targets, feeds)
            return {}
        folder = Path(tempfile.mkdtemp(prefix="beside_"))
        try:
            options = v1.RunOptions()
            for name, index in tensors:
                options.debug_options.debug_tensor_watch_opts.add(
                    node_name=name, output_slot=index, debug_ops=["DebugIdentity"], debug_urls=[f"file://{folder}"]
                )
            self.run(targets, feeds, options=options)
            return _dumped(folder, tensors)
        finally:
            shutil.rmtree(folder)

    def operation(self, name):
        """Return a node of the session's graph."""
        return self._graph.get_operation_by_name(name)

    def tensor(self, one):
        """Return a tensor of the session's graph, by (node name, index)."""
        return self._graph.get_tensor_by_name("{}:{}".format(*one))

    def feed(self, arrays):
        """Return the feeds for `Session.run` from {"name:0": array}."""
        return {self._graph.get_tensor_by_name(name): array for name, array in arrays.items()}


def _dumped(folder, tensors):
    files = defaultdict(list)
    for path in folder.glob("_tfdbg_device_*/**/*_DebugIdentity_*"):
        device = next(part for part in path.relative_to(folder).parts)
        name, _, moment = str(path.relative_to(folder / device)).rpartition("_DebugIdentity_")
        files[name].append((int(moment.partition("-")[0]), path))
    values = {}
    for name, index in tensors:
        values[name, index] = [_array(path) for _, path in sorted(files[f"{name}_{index}"])]
    return values


def _array(path):
    (value,) = v1.Event.FromString(path.read_bytes()).summary.value
    return tf.make_ndarray(value.tensor)
