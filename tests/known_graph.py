"""What can be told of a GraphDef without running it, and what its constant part is: edits are chosen by that."""

import functools

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.smart_cond import smart_constant_value

v1 = tf.compat.v1

CONTROL_FLOW = {"Enter", "RefEnter", "Merge", "RefMerge", "Switch", "RefSwitch", "LoopCond", "NextIteration", "Exit"}
MEASURES = {"Shape", "ShapeN", "Size", "Rank"}
_THERE_AT_ONCE = {"Const", "VarHandleOp", "Variable", "VariableV2"}
# What has no effect of its own but that something must be fed, or have a value, or that it decides what runs.
ONLY_ASKED = {"Identity", "Placeholder", "ReadVariableOp", *_THERE_AT_ONCE, *CONTROL_FLOW}
_COPIES = {"Identity", "StopGradient", "PreventGradient", "Snapshot"}


def source(reference):
    """Return (node, output index) of an input of a node; -1 for a control input."""
    if reference.startswith("^"):
        return reference[1:], -1
    name, _, index = reference.partition(":")
    return name, int(index or 0)


class KnownGraph:
    """What the choice of an edit needs to know of a graph."""

    def __init__(self, graph_def):
        self.nodes = {node.name: node for node in graph_def.node}
        self.place = {name: place for place, name in enumerate(self.nodes)}
        with tf.Graph().as_default() as self.graph:
            v1.import_graph_def(v1.GraphDef.FromString(graph_def.SerializeToString()), name="")  # it writes defaults in
        self.users = {}
        for node in graph_def.node:
            for reference in node.input:
                self.users.setdefault(source(reference)[0], []).append(node)
        self.effects = sum(1 << self.place[name] for name in self.nodes if self.has_effect(name))
        self.awaited = {}
        self.numbers, self._number_of, self.uniform = {}, {}, set()

    def tensor(self, reference):
        name, index = source(reference)
        return self.graph.get_tensor_by_name(f"{name}:{index}")

    def tensors(self):
        """Every tensor of the graph, [(reference, tf.Tensor)]."""
        for name in self.nodes:
            for index, tensor in enumerate(self.graph.get_operation_by_name(name).outputs):
                yield f"{name}:{index}" if index else name, tensor

    @functools.cached_property
    def by_dtype(self):
        found = {}
        for reference, tensor in self.tensors():
            found.setdefault(tensor.dtype, []).append((reference, tensor))
        return found

    def before(self, name):
        """Return what runs before a node in any run, as a set of bits; the edges back in a loop do not count."""
        todo = [name]
        while todo:
            node = self.nodes[todo[-1]]
            sources = [source(reference)[0] for reference in node.input]
            sources = [one for one in sources if self.nodes[one].op != "NextIteration"]
            missing = [one for one in sources if one not in self.awaited]
            if missing:
                todo += missing
                continue
            awaited = 1 << self.place[node.name]
            for one in sources:
                awaited |= self.awaited[one]
            self.awaited[todo.pop()] = awaited
        return self.awaited[name]

    def is_behind(self, name, awaited):
        """Whether a node runs only where another has run, or would have, that copies what is sent into a branch."""
        found, branches, todo = {name}, set(), [name]
        while todo:
            node = self.nodes[todo.pop()]
            if node.op in ("Merge", "RefMerge"):  # any of its inputs makes it run
                continue
            for one, index in map(source, node.input):
                if self.nodes[one].op == "Switch":
                    branches.add((self._copied(self.nodes[one].input[1]), index))
                todo += {one} - found
                found.add(one)
        node = self.nodes[awaited]
        if awaited in found or node.op in _THERE_AT_ONCE:
            return True
        if node.op != "Identity":
            return False
        sent, index = source(node.input[0])
        if self.nodes[sent].op != "Switch":
            return False
        data, condition = self.nodes[sent].input[:2]
        return (self._copied(condition), index) in branches and source(data)[0] in found

    def _copied(self, reference):
        """Return the tensor, (name, index), that a tensor is a copy of."""
        while self.nodes[source(reference)[0]].op in _COPIES:
            reference = self.nodes[source(reference)[0]].input[0]
        return source(reference)

    def takers(self, name):
        """Return the names of what takes a value of a node, not of what only waits for it."""
        return {
            user.name
            for user in self.users.get(name, ())
            if any(source(one)[0] == name and source(one)[1] >= 0 for one in user.input)
        }

    def makers(self, name):
        """Return the names of what a node takes."""
        return {one for one, index in map(source, self.nodes[name].input) if index >= 0}

    def made_of(self, name):
        """Return the names of all that is computed from a node, and its own."""
        found, todo = {name}, [name]
        while todo:
            new = self.takers(todo.pop()) - found
            found |= new
            todo += new
        return found

    def effects_before(self, name):
        """Return the names of what has an effect and runs before a node in any run."""
        before = self.before(name) & self.effects
        return {one for one, place in self.place.items() if before >> place & 1}

    def has_effect(self, name):
        """Whether it matters that a node runs: it has a state, must be fed, or decides what else runs.

        An assertion of what is constantly true stops nothing.
        """
        operation = self.graph.get_operation_by_name(name)
        if operation.type == "Assert" and smart_constant_value(operation.inputs[0]):
            return False
        return (
            operation.op_def.is_stateful
            or operation.type in {"Placeholder", *CONTROL_FLOW}
            or any(tensor.dtype._is_ref_dtype for tensor in operation.inputs)
        )

    @functools.cached_property
    def dead(self):
        """The names of what never runs: a Switch whose condition is constant leads there, and nothing else does."""
        tensors, found, before = set(), set(), -1
        for node in self.nodes.values():
            taken = self._always(node.input[1]) if node.op in ("Switch", "RefSwitch") else None
            if taken is not None:
                tensors.add((node.name, int(not taken)))
        while before != len(found):
            before = len(found)
            for node in self.nodes.values():
                ends = [(name in found or (name, index) in tensors) for name, index in map(source, node.input)]
                if ends and (all(ends) if node.op in ("Merge", "RefMerge") else any(ends)):
                    found.add(node.name)
        return found

    def _always(self, reference):
        """Return the condition that a tensor always is, or None."""
        node = self.nodes[source(reference)[0]]
        while node.op in _COPIES:
            node = self.nodes[source(node.input[0])[0]]
        return smart_constant_value(self.tensor(node.name)) if node.op == "Const" else None

    def is_of_sizes(self, reference, whole=True):
        """Whether a tensor, or all of a node's, is of (whole) numbers computed from constants and sizes alone."""
        todo, seen = [source(reference)[0]], set()
        while todo:
            operation = self.graph.get_operation_by_name(todo.pop())
            seen.add(operation.name)
            are_whole = all(tensor.dtype.is_integer or tensor.dtype.is_bool for tensor in operation.outputs)
            handed = self._handed(operation)
            if (
                not operation.outputs
                or (whole and not are_whole)
                or (handed is None and self.has_effect(operation.name))
            ):
                return False
            if operation.type not in MEASURES:
                makers = operation.inputs if handed is None else handed
                todo += [one.op.name for one in makers if one.op.name not in seen]
        return True

    def reshaped(self, reference):
        """Return the tensor, (name, index), that a tensor is reshaped from, summed over some axes or none."""
        while self.nodes[source(reference)[0]].op in {"Reshape", "Sum", *_COPIES}:
            reference = self.nodes[source(reference)[0]].input[0]
        return source(reference)

    def is_pivot(self, name):
        """Whether nodes wait for one only as it tells in which branch they are."""
        node = self.nodes[name]
        in_branch = node.op == "Identity" and self.nodes[source(node.input[0])[0]].op == "Switch"
        return in_branch and name in self.users and not self.takers(name)

    def is_unused_gradient(self, name):
        """Whether a node hands on a gradient, together with others, to nobody, or a sum of one."""
        handed_on = self.makers(name) if self.nodes[name].op == "AddN" else {name}
        return name not in self.users and any(map(self._hands_on, handed_on))

    def _hands_on(self, name):
        awaited = [source(one)[0] for one in self.nodes[name].input if one.startswith("^")]
        return self.nodes[name].op == "Identity" and any(self.nodes[one].op == "NoOp" for one in awaited)

    def _handed(self, operation):
        """Return the tensors of which one is what a node hands on, as from a loop to that of its gradient, or None."""
        if operation.type == "Enter":
            return list(operation.inputs)
        if operation.type not in ("StackPop", "StackPopV2"):
            return None
        stack = self._entered(operation.inputs[0])
        pushes = [one for one in self.graph.get_operations() if one.type in ("StackPush", "StackPushV2")]
        return [push.inputs[1] for push in pushes if self._entered(push.inputs[0]) is stack]

    @staticmethod
    def _entered(tensor):
        while tensor.op.type in ("Enter", "RefEnter"):
            tensor = tensor.op.inputs[0]
        return tensor

    def matters(self, name, others):
        """Whether waiting for the node `name` makes more run that has an effect than waiting for `others` does."""
        anyhow = 0
        for other in others:
            anyhow |= self.before(other)
        return bool(self.before(name) & ~anyhow & self.effects)

    def number(self, reference):
        """Return the number of a tensor's value: two tensors of one number are the same in every run."""
        name, index = source(reference)
        if (name, index) in self._number_of:
            return self._number_of[name, index]
        node, tensor = self.nodes[name], self.tensor(reference)
        operation = tensor.op
        # A loop leads back to a Merge, so that its value is its own, as is that of what keeps a state.
        if node.op == "Merge" or operation.op_def.is_stateful or tensor.dtype._is_ref_dtype or node.op == "Placeholder":
            key = (name, index)
        elif node.op == "Const":
            key = self.value(tf.make_ndarray(node.attr["value"].tensor))
        elif node.op == "Shape" and self.tensor(node.input[0]).shape.is_fully_defined():
            key = self.value(np.array(self.tensor(node.input[0]).shape.as_list(), tensor.dtype.as_numpy_dtype))
        else:
            inputs = [self.number(one) for one in node.input if not one.startswith("^")]
            if node.op in _COPIES:
                self._number_of[name, index] = inputs[0]
                return inputs[0]
            if self._is_neutral(node, inputs):
                self._number_of[name, index] = inputs[0]
                return inputs[0]
            attributes = sorted(
                (k, v.SerializeToString(deterministic=True)) for k, v in node.attr.items() if k[0] != "_"
            )
            key = (node.op, index, tuple(inputs), tuple(attributes))
        number = self._number_of[name, index] = self.numbers.setdefault(key, len(self.numbers))
        if node.op == "RandomUniform":
            self.uniform.add(number)
        return number

    def constant_part(self):
        """Return (what depends on constants and static shapes alone, the other nodes, what these use of it).

        What a constant waits for does not change its value: it counts as one of the other nodes.
        """
        part, rest = v1.GraphDef(), {}
        names = set()
        for node in self.nodes.values():
            folded = self._folded(node)
            if folded is not None or self._is_constant(node, names):
                part.node.append(folded or node)
                part.node[-1].attr.pop("_class", None)  # what it lies beside may not be constant
                waits = [one for one in node.input if one.startswith("^")]
                for one in waits if folded is None else ():
                    part.node[-1].input.remove(one)
                if waits:
                    rest[f"what {node.name} waits for"] = tuple(sorted(waits))
                names.add(node.name)
            else:
                rest[node.name] = node.SerializeToString(deterministic=True)
        left = [node for node in self.nodes.values() if node.name in rest]
        used = {reference for node in left for reference in node.input if source(reference)[1] >= 0}
        return part, rest, {reference for reference in used if source(reference)[0] in names}

    @functools.cached_property
    def unused_constants(self):
        """The names of what is constant, and of which nothing is made that is not, and waited for by nothing."""
        constants = {node.name for node in self.constant_part()[0].node}
        unused = set()
        for name in sorted(constants, key=self.place.get, reverse=True):
            if all(user.name in unused for user in self.users.get(name, ())):
                unused.add(name)
        return unused

    def _is_constant(self, node, names):
        operation = self.graph.get_operation_by_name(node.name)
        sources = [source(reference) for reference in node.input]
        pure = operation.outputs and not self.has_effect(node.name) and node.op != "PlaceholderWithDefault"
        return pure and all(name in names or index < 0 for name, index in sources)

    def _folded(self, node):
        """Return a node that measures a static shape as a constant, else None."""
        operation = self.graph.get_operation_by_name(node.name)
        if node.op not in ("Shape", "Size", "Rank") or operation.inputs[0].shape.rank is None:
            return None
        shape = operation.inputs[0].shape.as_list()
        if node.op != "Rank" and None in shape:
            return None
        value = {"Shape": shape, "Size": int(np.prod(shape, dtype=np.int64)), "Rank": len(shape)}[node.op]
        folded = v1.NodeDef(name=node.name, op="Const")
        folded.attr["dtype"].type = operation.outputs[0].dtype.as_datatype_enum
        folded.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, operation.outputs[0].dtype))
        return folded

    def _is_neutral(self, node, inputs):
        """Whether a node multiplies by 1, or adds 0 to a uniform number, which is never -0."""
        neutral = {"Mul": 1, "Add": 0, "AddV2": 0}.get(node.op)
        if neutral is None or (neutral == 0 and inputs[0] not in self.uniform):
            return False
        value = self._static(node.input[1])
        return value is not None and value.shape == () and value == neutral

    def _static(self, reference):
        node = self.nodes[source(reference)[0]]
        if node.op != "Sub":
            return tf.get_static_value(self.tensor(reference))
        parts = [tf.get_static_value(self.tensor(one)) for one in node.input[:2]]
        return None if any(part is None for part in parts) else parts[0] - parts[1]

    @staticmethod
    def value(array):
        """Return what is equal only for arrays of one dtype, shape and bit pattern."""
        return "value", str(array.dtype), array.shape, str(array.tolist()) if array.dtype == object else array.tobytes()


def same_constants(graph_def, mutant):
    """Whether an edit changed only constants, and every constant that the rest of the graph uses has the same value.

    Both graphs' constant parts are run: what depends on constants and static shapes alone.
    """
    graphs = KnownGraph(graph_def), KnownGraph(mutant)
    (ours, rest, used), (theirs, other_rest, _) = (graph.constant_part() for graph in graphs)
    if rest != other_rest:
        return False
    unused = {node.name for node in ours.node if not any(node.name in graph.users for graph in graphs)}
    try:
        values, others = (_run(part, sorted(used | unused)) for part in (ours, theirs))
    except (ValueError, KeyError, tf.errors.OpError):
        return False
    return all(KnownGraph.value(value) == KnownGraph.value(other) for value, other in zip(values, others, strict=True))


def same_values(graph_def, references):
    """Whether some tensors are constant, each in one shape, and have the same value."""
    part = KnownGraph(graph_def).constant_part()[0]
    if not {source(one)[0] for one in references} <= {node.name for node in part.node}:
        return False
    return len({KnownGraph.value(value) for value in _run(part, references)}) == 1


def _run(graph_def, references):
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.import_graph_def(graph_def, name="")
        tensors = [graph.get_tensor_by_name("{}:{}".format(*source(reference))) for reference in references]
        return [np.asarray(value) for value in session.run(tensors)]
