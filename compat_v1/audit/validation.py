"""Say what is wrong with a GraphDef before TensorFlow's importer sees it, which some graphs crash and others hang.

Each rule is a function, and raises a `ValueError` of one line. What they let through, TensorFlow may still refuse, but
in bounded memory and time: docs/security.md says how far that holds.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import op_def_registry

LARGEST_TENSOR = 2**30  # bytes that a constant may claim, and that a node may make of constants
LARGEST_TOTAL = 2**32  # bytes that the constants of a graph may claim together
MOST_OUTPUTS = 2**14  # of a node, and as many inputs
HIGHEST_RANK = 254  # TensorFlow's own limit
# TensorFlow follows calls, and what shapes are computed from, by recursion and without remembering where it was.
DEEPEST = 2000
MOST_BRANCHES = 10**6
_SHAPES_FROM = {"Cast": "DstT", "ConcatV2": "T", "Concat": "T", "Pack": "T", "StridedSlice": "T"}  # op: its dtype
# How long that is what these give TensorFlow knows when it has run them. Of an order of axes it reads as many as there
# are axes, be they there or not.
_OF_ANY_LENGTH = ("BroadcastGradientArgs", "DynamicPartition", "ListDiff", "Unique", "UniqueV2", "Where")
_ORDERING = ("ConjugateTranspose", "Transpose")
_TAKING_MANY = "QueueDequeueManyV2"
_DTYPES = frozenset(types_pb2.DataType.values())
_INTEGERS = (types_pb2.DT_INT32, types_pb2.DT_INT64)
# The ops that make much of little: how many elements, from the inputs' numbers of elements and their values.
_MAKES = {
    "Fill": lambda _, dims, value: math.prod(dims),
    "Range": lambda _, start, limit, delta: abs(limit[0] - start[0]) // (abs(delta[0]) or 1),
    "Tile": lambda elements, x, multiples: elements[0] * math.prod(multiples),
    "BroadcastTo": lambda _, x, shape: math.prod(shape),
    "LinSpace": lambda _, start, stop, number: number[0],
    "OneHot": lambda elements, indices, depth, on, off: elements[0] * depth[0],
}
_FIELDS = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type", "shape": "shape", "tensor": "tensor"}
_FIELDS["func"] = "func"  # of an AttrValue, by the kinds of an OpDef; all others are lists
_PLAIN = frozenset({"i", "f", "b", "s", "placeholder", None})  # fields of an AttrValue that claim nothing
_NO_ATTRIBUTE = tf.compat.v1.AttrValue()
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\\/>-]*")


def shown(text: object, longest: int = 200) -> str:
    """Return a text of a file as it may stand in a message: one line, no control characters, not too long."""
    line = str(text)
    if not line.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def validate(graph_def: "tf.compat.v1.GraphDef", gone_too: bool = False) -> None:
    """Raise `ValueError`, in one line, if a `GraphDef` is none that a program could have been.

    `gone_too`: outside of functions it may have ops that TensorFlow does not have today, for a caller that leaves them
    out.
    """
    _check_calls(graph_def.library)
    functions = {function.signature.name for function in graph_def.library.function}
    claimed = 0
    bodies: list[tuple] = [("", graph_def.node, [])]
    for function in graph_def.library.function:
        arguments = [argument.name for argument in function.signature.input_arg]
        bodies.append((f"function {shown(function.signature.name)}: ", function.node_def, arguments))
        _check_types(_argument_types(function.signature), f"function {shown(function.signature.name)}")
    for where, nodes, arguments in bodies:
        try:
            _check_names(nodes, arguments)
            for node in nodes:
                _check_op(node, functions, gone_too and not where)
                claimed += sum(_claim(node, value) for value in node.attr.values())
            order = _check_edges(nodes, arguments)
            _check_folding({node.name: node for node in nodes}, order)
        except ValueError as error:
            raise ValueError(f"{where}{error}") from None
    if claimed > LARGEST_TOTAL:
        raise ValueError(f"the constants claim {claimed} bytes together; {LARGEST_TOTAL} are the most allowed")


def _argument_types(signature):
    return [argument.type for arguments in (signature.input_arg, signature.output_arg) for argument in arguments]


def _check_calls(library):
    """Functions must not call themselves, directly or in a ring, nor unfold into more than can be followed."""
    names = Counter(function.signature.name for function in library.function)
    for name, count in names.items():
        if count > 1:
            raise ValueError(f"{count} functions are named {shown(name)}")
    calls = {
        function.signature.name: [name for node in function.node_def for name in _called(node) if name in names]
        for function in library.function
    }
    for gradient in library.gradient:
        calls.setdefault(gradient.function_name, []).append(gradient.gradient_func)
    _check_unfolded(calls, "function", "calls itself")


def _called(node):
    yield node.op
    todo = list(node.attr.values())
    while todo:
        value = todo.pop()
        for function in _each(value, "func"):
            yield function.name
            todo += function.attr.values()


def _check_unfolded(parts: Mapping[str, Iterable[str]], what: str, ring: str) -> None:
    """Check what is followed as a tree: that it ends, is not too deep, and has not too many branches."""
    depth: dict[str, int] = {}
    size: dict[str, int] = {}
    try:
        order = list(TopologicalSorter(parts).static_order())
    except CycleError as error:
        names = [shown(name, 60) for name in error.args[1]]
        path = " → ".join(names if len(names) < 6 else [*names[:3], "…", names[-1]])
        raise ValueError(f"{what} {names[0]} {ring} ({path})") from None
    for name in order:
        below = [one for one in parts.get(name, ()) if one in depth]
        depth[name] = 1 + max((depth[one] for one in below), default=0)
        size[name] = 1 + sum(size[one] for one in below)
        if depth[name] > DEEPEST or size[name] > MOST_BRANCHES:
            raise ValueError(
                f"{what} {shown(name)} unfolds into more than can be followed: {DEEPEST} levels and {MOST_BRANCHES} "
                f"{what}s are the most allowed"
            )


def _check_names(nodes, arguments):
    names = Counter(arguments)
    names.update(node.name for node in nodes)
    for name, count in names.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{shown(name)}' can be no node's name: letters, digits and _ . / \\ > - are allowed")
        if count > 1:
            raise ValueError(f"{count} nodes are named {shown(name)}")


def _check_op(node, functions, gone_too):
    """A node's op must be known here, have the attributes that it needs, and not too many inputs and outputs."""
    at = f"node {shown(node.name)}"
    if node.op in functions:
        return
    op_def = op_def_registry.get(node.op)
    if op_def is None and gone_too:
        return
    if op_def is None:
        raise ValueError(
            f"{at}: TensorFlow {tf.__version__} has no op {shown(node.op)}; load its library (tf.load_op_library) and "
            "call compat_v1.audit from Python, or take out of both graphs what needs it (extract_sub_graph)"
        )
    for attr in op_def.attr:
        held = node.attr[attr.name].WhichOneof("value") if attr.name in node.attr else None
        if held is None and not attr.HasField("default_value"):
            raise ValueError(f"{at}: the attribute {attr.name}, which the op {node.op} needs, is missing")
        if held not in (None, "placeholder", _FIELDS.get(attr.type, "list")):
            raise ValueError(f"{at}: the attribute {attr.name} of the op {node.op} must be of the kind {attr.type}")
    for arguments, kind in ((op_def.input_arg, "inputs"), (op_def.output_arg, "outputs")):
        number = sum(
            _attr(node, argument.number_attr).i or len(_attr(node, argument.type_list_attr).list.type)
            for argument in arguments
        )
        if not 0 <= number <= MOST_OUTPUTS:
            raise ValueError(f"{at}: {number} {kind}; {MOST_OUTPUTS} are the most allowed")


def _attr(node, name):
    """Return an attribute, empty if it is missing; asking a message's map for what is missing would put it there."""
    return node.attr.get(name, _NO_ATTRIBUTE)


def _claim(node, value):
    """Check an attribute's types, shapes and tensors; return how many bytes its tensors claim."""
    if value.WhichOneof("value") in _PLAIN:
        return 0
    at = f"node {shown(node.name)}"
    _check_types(_each(value, "type"), at)
    for shape in _each(value, "shape"):
        _check_shape(shape, at, lowest=-1)
    if node.op == "Const" and value.HasField("tensor") and value.tensor.dtype != _attr(node, "dtype").type:
        raise ValueError(f"{at}: its value is not of the dtype that it says")
    inner = [one for function in _each(value, "func") for one in function.attr.values()]
    return sum(_bytes(tensor, at) for tensor in _each(value, "tensor")) + sum(_claim(node, one) for one in inner)


def _each(value, kind):
    """Return what an attribute holds of a kind, as a list."""
    if value.HasField("list"):
        return getattr(value.list, kind)
    return [getattr(value, kind)] if value.HasField(kind) else []


def _check_types(types, at):
    for number in types:
        if number not in _DTYPES:
            raise ValueError(f"{at}: {number} is no dtype that TensorFlow {tf.__version__} knows")


def _check_shape(shape, at, lowest):
    """Return the number of elements, those of unknown sizes not counted; `lowest` is the lowest size allowed."""
    sizes = [dim.size for dim in shape.dim]
    if len(sizes) > HIGHEST_RANK:
        raise ValueError(f"{at}: a shape has {len(sizes)} dimensions; {HIGHEST_RANK} are the most allowed")
    if any(size < lowest for size in sizes):
        raise ValueError(f"{at}: the size {min(sizes)} in a shape is negative")
    elements = math.prod(size for size in sizes if size != -1)
    if elements >= 2**63:
        raise ValueError(f"{at}: a shape has {elements:.0e} elements")
    return elements


def _bytes(tensor, at):
    """Check a constant's shape and values; return how many bytes it claims."""
    _check_types([tensor.dtype], at)
    elements = _check_shape(tensor.tensor_shape, at, lowest=0)
    try:
        dtype = np.dtype(tf.dtypes.as_dtype(tensor.dtype).as_numpy_dtype)
    except (TypeError, KeyError):
        raise ValueError(f"{at}: a value of the dtype {types_pb2.DataType.Name(tensor.dtype)} cannot be read") from None
    claimed = elements * dtype.itemsize
    if claimed > LARGEST_TENSOR:
        raise ValueError(f"{at}: a constant claims {claimed} bytes; {LARGEST_TENSOR} are the most allowed")
    if tensor.tensor_content:
        if len(tensor.tensor_content) != claimed or dtype.hasobject:
            raise ValueError(f"{at}: a constant has {len(tensor.tensor_content)} bytes, its shape wants {claimed}")
    else:
        values = (held for field, held in tensor.ListFields() if field.name.endswith("_val"))
        parts = 2 if dtype.kind == "c" else 1
        if any(len(held) > elements * parts for held in values):
            raise ValueError(f"{at}: a constant has more values than its shape has elements, {elements}")
    return claimed


def _source(reference):
    return reference.lstrip("^").partition(":")[0]


def _check_edges(nodes, arguments):
    """Inputs must name nodes, and a way from a node to itself must go through a loop's NextIteration and Merge.

    What axes are ordered by must not be an op that gives any number of them, nor how many elements are taken of a queue
    a constant of several numbers.

    Return the names in an order that has a node behind its inputs, loops cut open.
    """
    ops = {**dict.fromkeys(arguments, "an argument"), **{node.name: node.op for node in nodes}}
    constants = {node.name: node for node in nodes if node.op == "Const"}
    for node in nodes:
        for reference in node.input:
            if _source(reference) not in ops:
                raise ValueError(f"node {shown(node.name)}: its input {shown(reference)} names no node")
        order = ops[_source(node.input[1])] if node.op in _ORDERING and len(node.input) > 1 else None
        if order in _OF_ANY_LENGTH:
            raise ValueError(f"node {shown(node.name)}: its axes are ordered by {order}, which may give too few")
        count = constants.get(_source(node.input[1])) if node.op == _TAKING_MANY and len(node.input) > 1 else None
        if count is not None and _attr(count, "value").tensor.tensor_shape.dim:
            raise ValueError(
                f"node {shown(node.name)}: it takes as many elements as {shown(count.name)}, no one number"
            )
    ahead, shapes = {}, {}
    for node in nodes:
        sources = [_source(reference) for reference in node.input]
        if node.op in ("Merge", "RefMerge"):
            sources = [one for one in sources if ops[one] not in ("NextIteration", "RefNextIteration")]
        ahead[node.name] = sources
        if node.op in _SHAPES_FROM and _attr(node, _SHAPES_FROM[node.op]).type in _INTEGERS:
            shapes[node.name] = [one for one in sources if ops[one] in _SHAPES_FROM]
    try:
        order = list(TopologicalSorter(ahead).static_order())
    except CycleError as error:
        ring = " → ".join(shown(name, 60) for name in error.args[1][:4])
        raise ValueError(f"a cycle that is no loop: {ring}{' → …' if len(error.args[1]) > 4 else ''}") from None
    _check_unfolded(shapes, "node", "is computed from itself")
    return order


def _check_folding(nodes, order):
    """What is made of constants must not be huge: TensorFlow computes it to infer shapes."""
    elements = {}  # of what is made of constants
    for node in filter(None, map(nodes.get, order)):
        if node.op == "Const":
            elements[node.name] = math.prod(dim.size for dim in _attr(node, "value").tensor.tensor_shape.dim)
        if node.op not in _MAKES:
            continue
        sources = [_source(reference) for reference in node.input if reference[:1] != "^"]
        values = [_small_constant(nodes.get(source)) for source in sources]
        try:
            number = _MAKES[node.op]([elements.get(source) for source in sources], *values)
        except (TypeError, IndexError):  # not of constants, or with too few inputs: TensorFlow says so
            continue
        if number * 4 > LARGEST_TENSOR:
            raise ValueError(f"node {shown(node.name)}: {node.op} makes {number:.0f} elements of constants, too many")
        elements[node.name] = number


def _small_constant(node, most=1024):
    """Return the elements of a constant of few, a list; or None."""
    if node is None or node.op != "Const":
        return None
    tensor = _attr(node, "value").tensor
    is_small = math.prod(dim.size for dim in tensor.tensor_shape.dim) <= most
    return np.ravel(tf.make_ndarray(tensor)).tolist() if is_small else None
