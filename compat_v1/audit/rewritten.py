"""A port's graph written otherwise, to be compared as if the port had been; for `fused.py` and `branched.py`."""

from collections import Counter
from contextlib import contextmanager
from itertools import count

import tensorflow as tf

from compat_v1.audit.references import source, target

v1 = tf.compat.v1


class Rewritten:
    """A port's graph, in which there are others `instead` of some tensors, {name: name}.

    `unneeded`: names of nodes that go if nothing else uses them any more.
    """

    def __init__(self, port):
        self.port, self.instead, self.unneeded = port, {}, set()
        self.places = {}  # {node: another, to be placed beside instead}
        self.dropped = {}  # {sum: names of its terms that come with another term}
        self.given = {}  # {node: {place of an input: the name of what it takes there instead}}
        copied, copies = _with_copies(port.graph.graph_def)
        self.instead.update(copies)
        self.unneeded.update(copies)
        with tf.Graph().as_default() as self.graph:
            v1.import_graph_def(copied, name="")
        for op in self.graph.get_operations():  # the importer knows no shapes in a loop, which its builder knew
            name = copies.get(op.name, op.name)
            for index, (tensor, shape) in enumerate(zip(op.outputs, port.graph.shapes[name], strict=True)):
                for known in (shape, _known(port, name, index)):
                    if not tensor.shape.is_fully_defined() and tensor.shape.is_compatible_with(known):
                        tensor.set_shape(known)

    @contextmanager
    def beside(self, op, awaited):
        """Let what comes for an op be placed where it was, and wait for what it waited for."""
        with tf.device(op.device or None), tf.control_dependencies(awaited):
            yield

    def replace(self, op, tensors):
        """Let other tensors come for the outputs of an op, and the first of them for waiting for it."""
        for output, other in zip(op.outputs, tensors, strict=False):
            if other is not None:
                self.instead[output.name.removesuffix(":0")] = other.name.removesuffix(":0")
        self.instead.update({f"^{op.name}": f"^{one.op.name}" for one in tensors if one is not None})
        self.unneeded.add(op.name)

    def graph_def(self):
        """Return the GraphDef, the nodes that came at its end."""
        kept = {node.name for node in self.port.graph.graph_def.node}
        graph_def = v1.GraphDef.FromString(self.port.graph.graph_def.SerializeToString())
        made = [node for node in self.graph.as_graph_def().node if node.name not in kept]
        nodes = [*graph_def.node, *made]
        for node in nodes:
            dropped = self.dropped.get(node.name, ())
            given = self.given.get(node.name, {})
            inputs = [given.get(place, one).removesuffix(":0") for place, one in enumerate(node.input)]
            inputs = [self._final(one) for one in inputs if one not in dropped]
            if dropped:
                node.attr["N"].i = len(inputs)
            node.input[:] = dict.fromkeys(inputs) if node.op == "NoOp" else inputs
            if node.attr["_class"].list.s:
                beside = [self._place(node.name, target(one.decode())) for one in node.attr["_class"].list.s]
                node.attr["_class"].list.s[:] = [f"loc:@{one}".encode() for one in beside]
        nodes = in_use(nodes, self.unneeded)
        del graph_def.node[:]
        graph_def.node.extend(_with_flat_sums(nodes, {node.name: node for node in made if node.op == "AddN"}))
        return graph_def

    def _place(self, name, beside):
        """Return what a node is to be beside that was beside another.

        A sum of gradients is where the first of them is, of all that an op gave, and so is the square of one.
        """
        graph = self.port.graph
        first = graph.inputs[name][0][0] if name in graph.nodes and graph.nodes[name].op in ("AddN", "L2Loss") else ""
        if beside in self.instead and first in self.instead and beside in map(target, graph.colocated(first)):
            op = self.graph.get_operation_by_name(source(self._final(first)))
            return target(op.colocation_groups()[0].decode())
        return self._final(self.places.get(beside, beside)).partition(":")[0]

    def _final(self, name):
        while name in self.instead:
            name = self.instead[name]
        return name


def _known(port, name, index):
    """Return the shape of a tensor that follows from what ops demand, as of what a dropout keeps: no graph says it."""
    sizes = port.sizes(port.tensors.get((name, index)))
    return None if sizes is None else [size if isinstance(size, int) else None for size in sizes]


def _with_copies(graph_def):
    """Return a GraphDef in which all that takes a loop's result takes a copy of it, and the copies, {name: result}.

    For a gradient for an Exit itself, tf.gradients would ask in which loop that is, which no importer knows.
    """
    copied, copies = v1.GraphDef.FromString(graph_def.SerializeToString()), {}
    names = {node.name for node in graph_def.node}
    for node in graph_def.node:
        if node.op == "Exit":
            copy = next(name for number in count() if (name := f"{node.name}/copy_{number}") not in names)
            copies[copy] = node.name
    taken = {name: copy for copy, name in copies.items()}
    for node in copied.node:
        node.input[:] = [taken.get(one.removesuffix(":0"), one) for one in node.input]
    for node in [node for node in copied.node if node.name in taken]:
        copied.node.add(name=taken[node.name], op="Identity", input=[node.name]).attr["T"].CopyFrom(node.attr["T"])
    return copied, copies


def in_use(nodes, unneeded):
    """Return nodes without those that are `unneeded` and used by no other."""
    makers = {
        node.name: [*map(source, node.input), *(target(one.decode()) for one in node.attr["_class"].list.s)]
        for node in nodes
    }
    used = makers.keys() - unneeded
    todo = list(used)
    while todo:
        new = [one for one in makers[todo.pop()] if one not in used]
        used.update(new)
        todo += new
    return [node for node in nodes if node.name in used]


def _with_flat_sums(nodes, sums):
    """Return nodes, those of `sums` that are a term of another sum alone left out for their own terms."""
    users = Counter(one.lstrip("^") for node in nodes for one in node.input)
    flat = set()
    for node in nodes:
        for term in list(node.input) if node.op == "AddN" else ():
            if term in sums and users[term] == 1:
                place = list(node.input).index(term)
                node.input[:] = [*node.input[:place], *sums[term].input, *node.input[place + 1 :]]
                node.attr["N"].i = len(node.input)
                flat.add(term)
    return [node for node in nodes if node.name not in flat]
