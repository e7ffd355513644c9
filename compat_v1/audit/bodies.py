"""The functions of a GraphDef: their bodies, by themselves or in place of the nodes that call them."""

import tensorflow as tf
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def

v1 = tf.compat.v1

# Functions that call one another twice each grow without end: from then on calls are left, and their shapes unknown.
MOST_NODES_MORE, DEEPEST = 5_000, 20


def body(function, library):
    """Return the body of a function of a FunctionDefLibrary as (GraphDef, outputs).

    Its arguments are Placeholders, `outputs` lists tensor names, and "^name" for what it waits for. A node's being
    beside a node of the function around it, as TensorFlow 1.15 wrote it of a branch, says nothing and is left out.

    Raises `ValueError` for a body that cannot be laid out.
    """
    try:
        with tf.Graph().as_default():
            v1.import_graph_def(v1.GraphDef(library=library), name="")
            graph_def, tensors = function_def_to_graph_def(function)
        tensors |= {f"{one.name}:0": f"{one.name}:0" for one in function.signature.input_arg}  # as TensorFlow 1.0 wrote
        outputs = [tensors[function.ret[output.name]] for output in function.signature.output_arg]
    except (KeyError, ValueError, TypeError, IndexError, tf.errors.OpError) as error:
        raise ValueError(f"the function {function.signature.name} cannot be read: {error}") from None
    names = {f"loc:@{node.name}".encode() for node in graph_def.node}
    for node in [one for one in graph_def.node if "_class" in one.attr]:
        beside = [one for one in node.attr["_class"].list.s if not one.startswith(b"loc:@") or one in names]
        node.attr["_class"].list.s[:] = beside
        if not beside:
            del node.attr["_class"]
    controls = [f"^{function.control_ret[name]}" for name in function.signature.control_output]
    if not {one[1:] for one in controls} <= {node.name for node in graph_def.node}:
        raise ValueError(f"the function {function.signature.name} cannot be read: its result waits for what it has not")
    return graph_def, outputs + controls


def generators(library):
    """Return the names of the functions of a library by which datasets ask their generators for the next element."""
    nodes = [node for function in library.function for node in function.node_def]
    return {node.attr["next_func"].func.name for node in nodes if node.op == "GeneratorDataset"}


def every_node(graph_def):
    """Yield the nodes of a GraphDef and of its functions."""
    yield from graph_def.node
    for function in graph_def.library.function:
        yield from function.node_def


def callers(graph_def, functions):
    """Return the nodes that call one of the functions of these names."""
    nodes = every_node(graph_def)
    return [node for node in nodes if any(value.func.name in functions for value in node.attr.values())]


def alike(library):
    """Return {the name of a function: that of the first that is written alike} of a FunctionDefLibrary.

    What they call may have other names, if that is written alike. What has a gradient of its own is like no other.
    """
    apart = {name for one in library.gradient for name in (one.function_name, one.gradient_func)}
    first = {one.signature.name: one.signature.name for one in library.function}
    while True:
        found = {}
        merged = {
            name: name if name in apart else found.setdefault(_written(one, first), name)
            for name, one in ((one.signature.name, one) for one in library.function)
        }
        if merged == first:
            return first
        first = merged


def _written(function, first):
    """Return all that a function says but its name and where it was written, with the `first` of what it calls."""
    function = type(function).FromString(function.SerializeToString())
    function.signature.name = ""
    for node in function.node_def:
        node.ClearField("experimental_debug_info")
        node.op = first.get(node.op, node.op)
        for value in node.attr.values():
            for one in [value.func] if value.HasField("func") else value.list.func:
                one.name = first.get(one.name, one.name)
    return function.SerializeToString(deterministic=True)


def of_datasets(graph_def):
    """Return the names of the functions that datasets call, with each element or when they begin."""
    datasets = [node for node in every_node(graph_def) if "Dataset" in node.op]
    return {value.func.name for node in datasets for value in node.attr.values() if value.HasField("func")}


def with_bodies(graph_def):
    """Return a copy of a GraphDef with the bodies of functions whose name is an op's in place of the calls.

    Only for its shapes, which TensorFlow's importer does not look for in a function: a call becomes an IdentityN of
    what its body gives, and nothing else of the body is meant to be as it was.
    """
    functions = {one.signature.name: one for one in graph_def.library.function}
    if not any(node.op in functions for node in graph_def.node):
        return graph_def
    laid_out, bodies = v1.GraphDef(library=graph_def.library, versions=graph_def.versions), {}

    def add(node, prefix, within, arguments):
        """Add a node of the graph, or of a body whose names begin with `prefix`, which is in the bodies `within`."""
        inputs = [_renamed(one, prefix) for one in node.input]
        new = laid_out.node.add()
        new.CopyFrom(node)
        new.name = prefix + node.name
        del new.input[:]
        new.input.extend(inputs)
        if not prefix:
            pass
        elif node.name in arguments:
            new.op = "Identity"
            new.input.append(arguments[node.name])
            dtype = node.attr["dtype"].type
            new.attr.clear()
            new.attr["T"].type = dtype
        elif "_class" in node.attr:
            del new.attr["_class"]
        function = functions.get(node.op)
        is_too_much = len(within) == DEEPEST or len(laid_out.node) - len(graph_def.node) > MOST_NODES_MORE
        if function is None or node.op in within or is_too_much:
            return
        try:
            if node.op not in bodies:
                bodies[node.op] = body(function, graph_def.library)
        except ValueError:
            return
        inside, outputs = bodies[node.op]
        outputs = [one for one in outputs if not one.startswith("^")]
        names = [one.name for one in function.signature.input_arg]
        given = dict(zip(names, (one for one in inputs if not one.startswith("^")), strict=False))
        if not outputs or len(given) < len(names):
            return
        inner = f"{new.name}/{node.op}/"
        types = [one.type for one in function.signature.output_arg]
        new.op = "IdentityN"
        new.input[:] = [_renamed(one, inner) for one in outputs] + [one for one in inputs if one.startswith("^")]
        new.attr.clear()
        new.attr["T"].list.type.extend(types)
        for one in inside.node:
            add(one, inner, {*within, node.op}, given)

    for node in graph_def.node:
        add(node, "", set(), {})
    return laid_out


def _renamed(reference, prefix):
    return f"^{prefix}{reference[1:]}" if reference.startswith("^") else prefix + reference
