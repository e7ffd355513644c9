"""Edits of a GraphDef, one of each kind for every node: what a mutation score plants.

An edit is chosen so that the graph can still be imported, as far as dtypes and static shapes tell, and so that it is
none of the equivalent mutants that can be told mechanically:

* a tensor is replaced by one that is not the same by value numbering: the same op of the same inputs, copies, products
  with 1 and uniform numbers plus 0 left out, a constant of the same value, the shape of what has a static shape;
* what only reads a shape gets a tensor of another static shape, never another value;
* the two inputs of an op that commutes are not swapped, nor those of a Merge of which nobody asks which came;
* an op does not take the place of its synonym, one whose kernel computes the same; Select and SelectV2 are synonyms for
  three tensors of one shape;
* a wait is planted or removed only if a placeholder, op with a state or node of control flow more runs before the node;
  what has no inputs and only names a variable, queue or iterator does not count, nor an assertion that always holds;
* a reduction that is only reshaped, negated or not, keeps its `keep_dims`, PreventGradient its message, Assert how much
  it prints, and a product of matrices the notes `grad_a`, `grad_b`, `grad_x` and `grad_y`, which no CPU kernel reads; a
  stack keeps its name, which its kernel makes another each time, and Cast from what is no floating-point number its
  `Truncate`;
* what a slice is told of an axis is left alone where its masks say that it is not asked;
* whether it is an error that two tensors are not of one shape is left alone where one is a scalar or both are of one;
* a constant that nothing uses, what constants wait for of which nothing else is made, and attributes that begin with an
  underscore but `_class`, are left alone.

What these do not tell, `equivalents.py` may, once an edit was not noticed.
"""

import functools
import random
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from known_graph import KnownGraph, source

v1 = tf.compat.v1

KINDS = (
    *("op", "attribute", "constant", "swapped inputs", "replaced input", "control input added"),
    *("control input removed", "node inserted", "function body"),
)
COMMUTE = {"Add", "AddV2", "Mul", "Maximum", "Minimum", "LogicalAnd", "LogicalOr", "Equal", "NotEqual"}
SYNONYMS = ({"Add", "AddV2"}, {"Div", "RealDiv", "Xdivy"}, {"Identity", "StopGradient", "PreventGradient", "Snapshot"})
READS_A_SHAPE = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
_TEXT = {("PreventGradient", "message"), ("Stack", "stack_name"), ("StackV2", "stack_name"), ("Assert", "summarize")}
_NOTES = {"grad_a", "grad_b", "grad_x", "grad_y"}
_INSERTED = {tf.bool: "LogicalNot", tf.string: "StringUpper"}  # never the same value as their input, but for strings


class Edit(NamedTuple):
    """One planted mistake: of which kind, at which node, in which words, and the node(s) in place of the old one."""

    kind: str
    node: str
    what: str
    nodes: list  # NodeDefs: the first replaces the node of its name, the others are new
    function: str = ""  # the function in whose body the node lies

    @property
    def places(self):
        """The inputs that are others, by their places, as the words have them."""
        words = self.what.split()
        if self.kind == "swapped inputs":
            return [int(words[1]), int(words[3])]
        places = {"replaced input": words[1:2], "node inserted": words[-1:]}  # "Neg before input 0"
        return [int(one) for one in places.get(self.kind, ())]


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
    graph = KnownGraph(graph_def)
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


def _copy(node):
    return v1.NodeDef.FromString(node.SerializeToString())


def _data_inputs(node):
    return [place for place, reference in enumerate(node.input) if not reference.startswith("^")]


# Each of these returns (what was done, [the changed node, new nodes …]), or None if it cannot be done to this node.


def _op(node, graph, rng):
    names = [name for name in _same_signature().get(_signature(node.op), []) if _fits(name, node)]
    if {"Select", "SelectV2"} & set(names) and graph and _of_one_shape(node, graph):
        names = [name for name in names if name not in ("Select", "SelectV2")]
    if graph is None:  # in a function's body an output is asked for by its name in the op's definition
        names = [name for name in names if _outputs(name) == _outputs(node.op)]
    if not names:
        return None
    changed = _copy(node)
    changed.op = rng.choice(names)
    known = {attribute.name for attribute in op_def_registry.get(changed.op).attr}
    for key in [key for key in changed.attr if key not in known and not key.startswith("_")]:
        del changed.attr[key]
    return f"{node.op} becomes {changed.op}", [changed]


def _of_one_shape(node, graph):
    """Whether a choice is made for each element: of three tensors that have one shape, as far as it is known."""
    condition, then, other = map(graph.tensor, node.input[:3])
    return _same_shape(condition, then) and _same_shape(then, other)


def _outputs(op):
    return [output.name for output in op_def_registry.get(op).output_arg]


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
        if (node.op, key) in _TEXT or key in _NOTES or (key == "keep_dims" and _only_reshaped(node, graph)):
            continue
        if key == "Truncate" and not tf.as_dtype(node.attr["SrcT"].type).is_floating:
            continue
        if key == "incompatible_shape_error" and graph and _shapes_fit(node, graph):
            continue
        changed = _copy(node)
        if not _change(changed.attr[key], declared.get(key), rng):
            continue
        if key in ("begin_mask", "end_mask") and not _asks(node, node.attr[key].i ^ changed.attr[key].i):
            continue
        return f"the attribute {key} changes", [changed]
    return None


def _asks(node, axes):
    """Whether a slice asks for where it begins and ends along any of some axes, given as bits."""
    return bool(axes & ~(node.attr["ellipsis_mask"].i | node.attr["new_axis_mask"].i | node.attr["shrink_axis_mask"].i))


def _shapes_fit(node, graph):
    """Whether two tensors can be compared element by element, as far as static shapes tell."""
    tensors = [graph.tensor(node.input[place]) for place in _data_inputs(node)]
    return any(tensor.shape.rank == 0 for tensor in tensors) or (
        all(tensor.shape.is_fully_defined() for tensor in tensors) and _same_shape(*tensors)
    )


def _only_reshaped(node, graph):
    users = graph.users.get(node.name, []) if graph else []
    return bool(users) and all(
        user.input[0] == node.name and (user.op == "Reshape" or (user.op == "Neg" and _only_reshaped(user, graph)))
        for user in users
    )


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
    places = [place for place in range(flat.size) if graph is None or _is_asked(node, place, graph)]
    if not places:
        return None
    place = rng.choice(places)
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


def _is_asked(node, place, graph):
    """Whether an element of a constant is read by any that uses it: the masks of a slice may say that it is not."""
    return not all(
        user.op in ("StridedSlice", "StridedSliceGrad")
        and all(_is_masked(user, slot, place) for slot in _data_inputs(user) if user.input[slot] == node.name)
        for user in graph.users[node.name]
        if node.name in user.input
    )


def _is_masked(node, slot, place):
    """Whether a slice does not ask for what it is told as begin (in slot 1), end or stride along an axis."""

    def mask(*names):
        return any(node.attr[f"{name}_mask"].i >> place & 1 for name in names)

    if slot not in (1, 2, 3):
        return False
    if mask("ellipsis", "new_axis"):
        return True
    if slot == 1:
        return mask("begin") and not mask("shrink_axis")
    return mask("shrink_axis") or (slot == 2 and mask("end"))


def _swapped(node, graph, rng):
    if node.op in COMMUTE or (node.op == "AddN" and len(_data_inputs(node)) == 2):
        return None
    if node.op == "Merge" and not any(f"{node.name}:1" in user.input for user in graph.users.get(node.name, ())):
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
    if node.name in graph.unused_constants:
        return None
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
    if node.name in graph.unused_constants:
        return None
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
