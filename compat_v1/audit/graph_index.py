"""A GraphDef made easy to ask: nodes by name, inputs, constants, static shapes. Reads every form a graph is kept in."""

import gzip
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

v1 = tf.compat.v1

_FOLDED = {
    "Sub": np.subtract,
    "Add": np.add,
    "AddV2": np.add,
    "FloorMod": np.mod,
    "Range": np.arange,
    "InvertPermutation": np.argsort,
    "Pack": lambda *parts: np.stack(parts),
}


def read_graph_def(path):
    """Read a `GraphDef` from `.pb`, `.pbtxt`, either one gzipped, or an event file.

    Raises `OSError` if the file cannot be read and `ValueError` if it holds no graph.
    """
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise ValueError(f"{path} is not whole: {error}") from None
    for read in (_from_text, v1.GraphDef.FromString, lambda _: _from_events(path)):
        try:
            graph_def = read(content)
        except (UnicodeDecodeError, DecodeError, text_format.ParseError, tf.errors.DataLossError):
            continue
        if graph_def is not None and graph_def.node and all(node.op for node in graph_def.node):
            return graph_def
    raise ValueError(f"{path} holds no graph: give a GraphDef (.pb, .pbtxt, gzipped or not) or an event file")


def _from_text(content):
    return text_format.Parse(content.decode("utf-8"), v1.GraphDef())


def _from_events(path):
    for event in EventFileLoader(str(path)).Load():
        if event.graph_def:
            return v1.GraphDef.FromString(event.graph_def)
    return None


def _source(reference):
    """Return the node that an input is made by: `name`, `name:1` or, for a control input, `^name`."""
    return reference.lstrip("^").partition(":")[0]


class Graph:
    """A GraphDef's nodes by name, with what can be known of them without running them."""

    def __init__(self, graph_def, placeholder_shapes=None):
        """`placeholder_shapes`, {name: TensorShapeProto}, are those that TensorFlow 1.0 did not write down.

        Raises `ValueError` for a graph that today's TensorFlow cannot import.
        """
        self.nodes = {node.name: node for node in graph_def.node}
        self.functions = {
            function.signature.name: function.SerializeToString(deterministic=True)
            for function in graph_def.library.function
        }
        edges_back = set(self._named("NextIteration"))
        known = v1.GraphDef.FromString(graph_def.SerializeToString())
        for node in known.node:
            if node.name in (placeholder_shapes or {}):
                node.attr["shape"].shape.CopyFrom(placeholder_shapes[node.name])
            # The importer knows no shapes in a loop. But the loop's builder made sure that a variable keeps the shape
            # that it enters with: for the shapes alone, it may enter as a constant and the back edge may be cut.
            if node.op == "Enter":
                node.attr["is_constant"].b = True
            if node.op == "Merge":
                entering = [one for one in node.input if _source(one) not in edges_back]
                del node.input[:]
                node.input.extend(entering)
                node.attr["N"].i = len(entering)
        try:
            with tf.Graph().as_default() as self._graph:
                v1.import_graph_def(known, name="")
        except (ValueError, KeyError, tf.errors.OpError) as error:
            raise ValueError(f"TensorFlow {tf.__version__} cannot import the graph: {error}") from None

    def inputs(self, name):
        """Return a node's data inputs, [(node name, output index), …]."""
        references = [reference for reference in self.nodes[name].input if not reference.startswith("^")]
        parts = [reference.partition(":") for reference in references]
        return [(source, int(index or 0)) for source, _, index in parts]

    def control_inputs(self, name):
        """Return the set of the names of a node's control inputs; a GraphDef gives their order no meaning."""
        return {reference[1:] for reference in self.nodes[name].input if reference.startswith("^")}

    def attributes(self, name):
        """Return a node's attributes, {name: AttrValue}, without those that have the op's default value.

        A GraphDef may leave a default out, so that whether it stands there tells nothing about the graph.
        """
        node = self.nodes[name]
        definition = self._graph.get_operation_by_name(name).op_def
        defaults = {attr.name: attr.default_value for attr in definition.attr if attr.HasField("default_value")}
        return {key: value for key, value in node.attr.items() if value != defaults.get(key)}

    def shape(self, reference):
        """Return the static shape of a tensor (node name, output index), a tuple with None for an unknown size."""
        name, index = reference
        shape = self._graph.get_tensor_by_name(f"{name}:{index}").shape
        return None if shape.rank is None else tuple(shape.as_list())

    def constant(self, reference):
        """Return the value of a tensor that depends on nothing fed and no variable, or None."""
        name, _ = reference
        node = self.nodes[name]
        if node.op == "Const":
            return tf.make_ndarray(node.attr["value"].tensor)
        if node.op in ("StackPop", "StackPopV2"):
            return self.constant(self.pushed(name))
        if node.op in ("Rank", "Shape"):
            shape = self.shape(self.inputs(name)[0])
            if shape is None or (node.op == "Shape" and None in shape):
                return None
            return np.int32(len(shape)) if node.op == "Rank" else np.array(shape, np.int32)
        if node.op not in _FOLDED:
            return None
        parts = [self.constant(source) for source in self.inputs(name)]
        return None if any(part is None for part in parts) else np.asarray(_FOLDED[node.op](*parts))

    def pushed(self, pop):
        """Return the tensor (node name, output index) that was pushed on the stack from which the node `pop` takes."""
        return self.inputs(self._push(pop))[1]

    def _push(self, pop):
        stack = self._stack(pop)
        pushes = [name for name in self._named("StackPush", "StackPushV2") if self._stack(name) == stack]
        if len(pushes) != 1:
            raise ValueError(f"{len(pushes)} nodes push on the stack {stack}: only one can be followed")
        return pushes[0]

    def stack_order(self, pop):
        """Return what a push and its pop wait for, as ops, and how much the stack may hold if that is limited."""
        stack = self.nodes[self._stack(pop)]
        limit = [str(self.constant(source)) for source in self.inputs(stack.name) if self.constant(source) != -1]
        waits = [sorted(self.nodes[name].op for name in self.control_inputs(one)) for one in (self._push(pop), pop)]
        return [*waits, limit]

    def order(self, name):
        """Return in words what a node of the gradients waits for; "" for what is no matter of order.

        TensorFlow makes the gradients of one op wait for each other, so that no variable is updated while another
        gradient still reads it, and an iteration wait until all stacks have their values.
        """
        node, controls = self.nodes[name], self.control_inputs(name)
        if node.op == "Identity" and controls:
            together = {
                self.inputs(one)[0][0] for one in self._named("Identity") if self.control_inputs(one) == controls
            }
            awaited = set().union(*(self.control_inputs(group) for group in controls))
            return " after all of its tuple" if awaited == together else f" after {sorted(awaited)}"
        if node.op == "NextIteration" and controls:
            awaited = set()
            for one in controls:
                awaited |= self.control_inputs(one) if self.nodes[one].op == "ControlTrigger" else {one}
            for what in (("StackPush", "StackPushV2"), ("StackPop", "StackPopV2")):
                if awaited == set(self._named(*what)):
                    return f" after every {what[0]}"
            return f" after {sorted(awaited)}"
        return ""

    def is_stateful(self, name):
        """Whether a node's op keeps, changes or draws something; a RefEnter only lets a loop in on it."""
        op_def = self._graph.get_operation_by_name(name).op_def
        takes_a_ref = any(argument.is_ref for argument in op_def.input_arg) and op_def.name != "RefEnter"
        return op_def.is_stateful or takes_a_ref

    def _named(self, *ops):
        """Return the names of the nodes with one of the ops."""
        return [name for name, node in self.nodes.items() if node.op in ops]

    def _stack(self, name):
        """Return the name of the Stack whose handle comes to a node's first input, into a loop's frame or not."""
        while self.nodes[name].op not in ("Stack", "StackV2"):
            name = self.inputs(name)[0][0]
        return name

    def shape_held_by(self, reference):
        """Return what is known of the shape that a tensor of sizes holds, as `shape` does."""
        name, _ = reference
        if self.nodes[name].op in ("StackPop", "StackPopV2"):
            return self.shape_held_by(self.pushed(name))
        if self.nodes[name].op == "Shape":
            return self.shape(self.inputs(name)[0])
        value = self.constant(reference)
        return None if value is None else tuple(value.tolist())
