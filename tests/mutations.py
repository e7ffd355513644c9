"""Edits of a GraphDef, one of each kind for every node: what a mutation score plants.

An edit is chosen so that the graph can still be imported, as far as dtypes and static shapes tell, and so that it is
none of the equivalent mutants that can be told mechanically:

* a tensor is replaced by one that is not the same by value numbering: the same op of the same inputs, copies, products
  with 1 and uniform numbers plus 0 left out, a constant of the same value, the shape of what has a static shape;
* what only reads a shape gets a tensor of another static shape, never another value;
* the two inputs of an op that commutes are not swapped;
* an op does not take the place of its synonym, one whose kernel computes the same;
* a wait is planted or removed only if a placeholder, op with a state or node of control flow more runs before the node;
* a reduction that is only reshaped keeps its `keep_dims`, and PreventGradient its message;
* a constant that nothing uses, and attributes that begin with an underscore but `_class`, are left alone.

What these do not tell, `same_constants` may, once the audit has not noticed the edit: it runs what is constant.
"""

import functools
import random
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

v1 = tf.compat.v1

KINDS = (
    *("op", "attribute", "constant", "swapped inputs", "replaced input", "control input added"),
    *("control input removed", "node inserted", "function body"),
)
COMMUTE = {"Add", "AddV2", "Mul", "Maximum", "Minimum", "LogicalAnd", "LogicalOr", "Equal", "NotEqual"}
SYNONYMS = ({"Add", "AddV2"}, {"Div", "RealDiv", "Xdivy"}, {"Identity", "StopGradient", "PreventGradient", "Snapshot"})
READS_A_SHAPE = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
_CONTROL_FLOW = {"Enter", "RefEnter", "Merge", "RefMerge", "Switch", "RefSwitch", "LoopCond", "NextIteration", "Exit"}
_COPIES = {"Identity", "StopGradient", "PreventGradient", "Snapshot"}
_INSERTED = {tf.bool: "LogicalNot", tf.string: "StringUpper"}  # never the same value as their input, but for strings


class Edit(NamedTuple):
    """One planted mistake: of which kind, at which node, in which words, and the node(s) in place of the old one."""

    kind: str
    node: str
    what: str
    nodes: list  # NodeDefs: the first replaces the node of its name, the others are new
    function: str = ""  # the function in whose body the node lies


def apply(edit, graph_def):
    """Return a copy of the GraphDef with the edit."""
    mutant = v1.GraphDef.FromString(graph_def.SerializeToString())
    nodes = mutant.node
    if edit.function:
        nodes = next(one for one in mutant.library.function if one.signature.name == edit.function).node_def
    next(node for node in nodes if node.name == edit.node).CopyFrom(edit.nodes[0])
    nodes.extend(edit.nodes[1:])
    return mutant


def edits(graph_def):
    """Yield the edits of a graph, at most one of a kind for every node; the same ones each time."""
    graph = _Known(graph_def)
    for node in graph_def.node:
        for kind, plant in _PLANT.items():
            changed = plant(node, graph, random.Random(f"{kind} {node.name}"))
            if changed:
                yield Edit(kind, node.name, *changed)
    for function in graph_def.library.function:
        for node in function.node_def:
            rng = random.Random(node.name)
            changed = _constant(node, None, rng) or _op(node, None, rng) or _attribute(node, None, rng)
            if changed:
                yield Edit("function body", node.name, *changed, function.signature.name)


class _Known:
    """What the choice of an edit needs to know of a graph."""

    def __init__(self, graph_def):
        self.nodes = {node.name: node for node in graph_def.node}
        self.place = {name: place for place, name in enumerate(self.nodes)}
        with tf.Graph().as_default() as self.graph:
            v1.import_graph_def(graph_def, name="")
        self.users = {}
        for node in graph_def.node:
            for reference in node.input:
                self.users.setdefault(source(reference)[0], []).append(node)
        self.effects = sum(1 << self.place[name] for name in self.nodes if self._has_effect(name))
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

    def _has_effect(self, name):
        """Whether it matters that a node runs: it has a state, must be fed, or decides what else runs."""
        operation = self.graph.get_operation_by_name(name)
        return (
            operation.op_def.is_stateful
            or operation.type in {"Placeholder", *_CONTROL_FLOW}
            or any(tensor.dtype._is_ref_dtype for tensor in operation.inputs)
        )

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
        """Return (what depends on constants and static shapes alone, the other nodes, what these use of it)."""
        part, rest = v1.GraphDef(), {}
        names = set()
        for node in self.nodes.values():
            folded = self._folded(node)
            if folded is not None or self._is_constant(node, names):
                part.node.append(folded or node)
                part.node[-1].attr.pop("_class", None)  # what it lies beside may not be constant
                names.add(node.name)
            else:
                rest[node.name] = node.SerializeToString(deterministic=True)
        used = {reference for name in rest for reference in self.nodes[name].input if source(reference)[1] >= 0}
        return part, rest, {reference for reference in used if source(reference)[0] in names}

    def _is_constant(self, node, names):
        operation = self.graph.get_operation_by_name(node.name)
        sources = [source(reference) for reference in node.input]
        pure = operation.outputs and not self._has_effect(node.name) and node.op != "PlaceholderWithDefault"
        return pure and all(name in names and index >= 0 for name, index in sources)

    def _folded(self, node):
        """Return a node that measures a static shape as a constant, else None."""
        operation = self.graph.get_operation_by_name(node.name)
        if node.op not in ("Shape", "Size", "Rank") or not operation.inputs[0].shape.is_fully_defined():
            return None
        shape = operation.inputs[0].shape.as_list()
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


def source(reference):
    """Return (node, output index) of an input of a node; -1 for a control input."""
    if reference.startswith("^"):
        return reference[1:], -1
    name, _, index = reference.partition(":")
    return name, int(index or 0)


def _copy(node):
    return v1.NodeDef.FromString(node.SerializeToString())


def _data_inputs(node):
    return [place for place, reference in enumerate(node.input) if not reference.startswith("^")]


# Each of these returns (what was done, [the changed node, new nodes …]), or None if it cannot be done to this node.


def _op(node, _graph, rng):
    names = [name for name in _same_signature().get(_signature(node.op), []) if _fits(name, node)]
    if not names:
        return None
    changed = _copy(node)
    changed.op = rng.choice(names)
    known = {attribute.name for attribute in op_def_registry.get(changed.op).attr}
    for key in [key for key in changed.attr if key not in known and not key.startswith("_")]:
        del changed.attr[key]
    return f"{node.op} becomes {changed.op}", [changed]


def _signature(op):
    definition = op_def_registry.get(op)
    if definition is None:
        return None
    sides = [
        [(arg.type, arg.type_attr, arg.number_attr, arg.type_list_attr, arg.is_ref) for arg in side]
        for side in (definition.input_arg, definition.output_arg)
    ]
    return str(sides)


@functools.cache
def _same_signature():
    """Return {signature: [ops]}, of the ops that have an input and are found in today's TensorFlow."""
    found = {}
    for name in sorted(dir(tf.raw_ops)):
        definition = op_def_registry.get(name)
        if definition is not None and definition.input_arg and not definition.HasField("deprecation"):
            found.setdefault(_signature(name), []).append(name)
    return found


def _fits(name, node):
    """Whether the op of that name can stand in a node: another one, of the same kind of state, with its attributes."""
    definition = op_def_registry.get(name)
    if name == node.op or any({name, node.op} <= group for group in SYNONYMS):
        return False
    if definition.is_stateful != op_def_registry.get(node.op).is_stateful:
        return False
    for attribute in definition.attr:
        if attribute.name not in node.attr:
            if not attribute.HasField("default_value"):
                return False
        elif attribute.type == "type" and attribute.HasField("allowed_values"):
            known = node.attr[attribute.name].type in attribute.allowed_values.list.type
            if not known:
                return False
    return True


def _attribute(node, graph, rng):
    definition = op_def_registry.get(node.op)
    if definition is None or node.op == "Const":
        return None
    declared = {attribute.name: attribute for attribute in definition.attr}
    keys = [key for key in sorted(node.attr) if key == "_class" or not key.startswith("_")]
    rng.shuffle(keys)
    for key in keys:
        if (node.op, key) == ("PreventGradient", "message") or (key == "keep_dims" and _only_reshaped(node, graph)):
            continue
        changed = _copy(node)
        if _change(changed.attr[key], declared.get(key), rng):
            return f"the attribute {key} changes", [changed]
    return None


def _only_reshaped(node, graph):
    users = graph.users.get(node.name, []) if graph else []
    return bool(users) and all(user.op == "Reshape" and user.input[0] == node.name for user in users)


def _change(value, declared, rng):
    """Change the value of an attribute in place; return whether that could be done without breaking dtypes."""
    kind = value.WhichOneof("value")
    if kind == "b":
        value.b = not value.b
    elif kind == "i" and declared is not None and not declared.has_minimum:
        value.i += 1
    elif kind == "f":
        value.f += 1.0
    elif kind == "s":
        allowed = [one for one in declared.allowed_values.list.s if one != value.s] if declared is not None else []
        value.s = rng.choice(allowed) if allowed else value.s + b"x"
    elif kind == "shape" and value.shape.dim:
        value.shape.dim[-1].size = max(value.shape.dim[-1].size, 0) + 1
    elif kind == "list" and value.list.i:
        value.list.i[rng.randrange(len(value.list.i))] += 1
    elif kind == "list" and value.list.s:
        value.list.s[0] += b"x"
    else:
        return False
    return True


def _constant(node, graph, rng):
    if node.op != "Const" or (graph and node.name not in graph.users):
        return None
    array = tf.make_ndarray(node.attr["value"].tensor)
    if not array.size:
        return None
    array = array.copy()
    flat = array.reshape(-1)
    place = rng.randrange(flat.size)
    before = flat[place]
    if array.dtype == object:
        flat[place] = before + b"x"
    elif array.dtype == bool:
        flat[place] = not before
    elif np.issubdtype(array.dtype, np.integer):
        flat[place] = before + 1
    else:
        flat[place] = np.nextafter(before, array.dtype.type(np.inf))
    changed = _copy(node)
    changed.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, node.attr["dtype"].type, array.shape))
    return f"element {place} is {flat[place]}, was {before}", [changed]


def _swapped(node, graph, rng):
    if node.op in COMMUTE or (node.op == "AddN" and len(_data_inputs(node)) == 2):
        return None
    places = _data_inputs(node)
    pairs = [
        (one, other)
        for position, one in enumerate(places)
        for other in places[position + 1 :]
        if graph.tensor(node.input[one]).dtype == graph.tensor(node.input[other]).dtype
        and graph.number(node.input[one]) != graph.number(node.input[other])
        and node.op not in READS_A_SHAPE
    ]
    if not pairs:
        return None
    # Two of one shape first: the others often cannot be imported.
    alike = [pair for pair in pairs if _same_shape(*(graph.tensor(node.input[place]) for place in pair))]
    one, other = rng.choice(alike or pairs)
    changed = _copy(node)
    changed.input[one], changed.input[other] = node.input[other], node.input[one]
    return f"inputs {one} and {other} are swapped", [changed]


def _same_shape(tensor, other):
    """Whether two static shapes are known and look the same; a size that only a run knows looks like another one."""
    ranked = tensor.shape.rank is not None and other.shape.rank is not None
    return ranked and tensor.shape.as_list() == other.shape.as_list()


def _replaced(node, graph, rng):
    places = _data_inputs(node)
    rng.shuffle(places)
    for place in places:
        tensor, number = graph.tensor(node.input[place]), graph.number(node.input[place])
        others = [
            (reference, other)
            for reference, other in graph.by_dtype[tensor.dtype]
            if graph.place[other.op.name] < graph.place[node.name] and graph.number(reference) != number
        ]
        if node.op in READS_A_SHAPE:
            others = [(reference, other) for reference, other in others if _other_shape(tensor, other)]
        else:
            others = [(reference, other) for reference, other in others if _same_shape(tensor, other)] or others
        if others:
            changed = _copy(node)
            changed.input[place] = rng.choice(others)[0]
            return f"input {place} is {changed.input[place]}, was {node.input[place]}", [changed]
    return None


def _other_shape(tensor, other):
    return all(one.shape.is_fully_defined() for one in (tensor, other)) and not _same_shape(tensor, other)


def _control_added(node, graph, rng):
    names = [
        name
        for name in graph.nodes
        if graph.place[name] < graph.place[node.name]
        and graph.matters(name, [node.name])
        and not graph.before(name) >> graph.place[node.name] & 1
    ]
    if not names:
        return None
    changed = _copy(node)
    changed.input.append("^" + rng.choice(names))
    return f"waits for {changed.input[-1][1:]}", [changed]


def _control_removed(node, graph, rng):
    controls = [place for place, reference in enumerate(node.input) if reference.startswith("^")]
    rng.shuffle(controls)
    for place in controls:
        others = [source(reference)[0] for other, reference in enumerate(node.input) if other != place]
        name = node.input[place][1:]
        if not graph.matters(name, [one for one in others if graph.nodes[one].op != "NextIteration"]):
            continue
        changed = _copy(node)
        del changed.input[place]
        return f"does not wait for {name}", [changed]
    return None


def _inserted(node, graph, rng):
    places = _data_inputs(node)
    rng.shuffle(places)
    for place in places:
        dtype = graph.tensor(node.input[place]).dtype
        op = "Exp" if dtype.is_floating else "Invert" if dtype.is_integer else _INSERTED.get(dtype)
        if op is None or dtype._is_ref_dtype or node.op in READS_A_SHAPE:
            continue
        new = v1.NodeDef(name=f"{node.name}/planted", op=op, input=[node.input[place]])
        if op in ("Exp", "Invert"):
            new.attr["T"].type = dtype.as_datatype_enum
        changed = _copy(node)
        changed.input[place] = new.name
        return f"{op} before input {place}", [changed, new]
    return None


_PLANT = dict(
    zip(
        KINDS,
        (_op, _attribute, _constant, _swapped, _replaced, _control_added, _control_removed, _inserted),
        strict=False,
    )
)


def same_constants(graph_def, mutant):
    """Whether an edit changed only constants, and every constant that the rest of the graph uses has the same value.

    Both graphs' constant parts are run: what depends on constants and static shapes alone.
    """
    graphs = _Known(graph_def), _Known(mutant)
    (ours, rest, used), (theirs, other_rest, _) = (graph.constant_part() for graph in graphs)
    if rest != other_rest:
        return False
    unused = {node.name for node in ours.node if not any(node.name in graph.users for graph in graphs)}
    try:
        values, others = (_run(part, sorted(used | unused)) for part in (ours, theirs))
    except (ValueError, KeyError, tf.errors.OpError):
        return False
    return all(_Known.value(value) == _Known.value(other) for value, other in zip(values, others, strict=True))


def _run(graph_def, references):
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.import_graph_def(graph_def, name="")
        tensors = [graph.get_tensor_by_name("{}:{}".format(*source(reference))) for reference in references]
        return [np.asarray(value) for value in session.run(tensors)]
