"""The functions of `tf.data`'s ops, `.map` and `.filter`, written into the graph: so that they run, fed as they stand.

A data set's elements never leave its op, but what is done to each is a function in the graph's library.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import function_def_to_graph

from compat_v1.beside import ops

v1 = tf.compat.v1


def with_bodies(graph_def: Any) -> Any:
    """Return the GraphDef with a copy of each data set's function: its arguments are placeholders, unless captured.

    For a node `MapDataset` with the function `f` they are called `MapDataset/f/arg_0` …, what it returns
    `MapDataset/f/out_0` …, and its own nodes `MapDataset/f/` and their name.
    """
    functions = {function.signature.name: function for function in graph_def.library.function}
    nodes = {node.name: node for node in graph_def.node}
    extended = v1.GraphDef.FromString(graph_def.SerializeToString())
    for node in graph_def.node:
        key = ops.dataset_function(node.op)
        function = functions.get(node.attr[key].func.name) if key else None
        added = list(_body(f"{node.name}/{key}", node, function, nodes)) if function else []
        if not any(one.name in nodes for one in added):
            extended.node.extend(added)
    return extended


def _body(prefix: str, dataset: Any, function: Any, nodes: Mapping[str, Any]) -> Iterator[Any]:
    try:
        body, tensors = function_def_to_graph.function_def_to_graph_def(function)
    except (ValueError, KeyError, RuntimeError, tf.errors.OpError):  # made of ops that are gone, or calls others
        return
    arguments = [argument.name for argument in function.signature.input_arg]
    captured = list(dataset.input)[1 : 1 + len(dataset.attr["Targuments"].list.type)]
    source = nodes.get(dataset.input[0].partition(":")[0])
    shapes = source.attr["output_shapes"].list.shape if source is not None else ()
    renamed = dict[str, str]()
    for number, (name, argument) in enumerate(zip(arguments, function.signature.input_arg, strict=True)):
        renamed[name] = f"{prefix}/arg_{number}"
        position = number - (len(arguments) - len(captured))
        if position >= 0:
            yield _identity(renamed[name], captured[position], argument.type)
            continue
        made = v1.NodeDef(name=renamed[name], op="Placeholder")
        made.attr["dtype"].type = argument.type
        if len(shapes) == len(arguments) - len(captured):
            made.attr["shape"].shape.CopyFrom(shapes[number])
        else:
            made.attr["shape"].shape.unknown_rank = True
        yield made
    for node in body.node:
        if node.name in renamed:
            continue
        copy = v1.NodeDef.FromString(node.SerializeToString())
        copy.name = f"{prefix}/{node.name}"
        for position, reference in enumerate(copy.input):
            copy.input[position] = _renamed(reference, prefix, renamed)
        yield copy
    for number, result in enumerate(function.signature.output_arg):
        reference = tensors.get(function.ret[result.name], function.ret[result.name])
        yield _identity(f"{prefix}/out_{number}", _renamed(reference, prefix, renamed), result.type)


def _renamed(reference: str, prefix: str, renamed: dict[str, str]) -> str:
    mark = "^" if reference.startswith("^") else ""
    name, colon, index = reference.lstrip("^").partition(":")
    return mark + renamed.get(name, f"{prefix}/{name}") + colon + index


def _identity(name: str, reference: str, dtype: int) -> Any:
    made = v1.NodeDef(name=name, op="Identity", input=[reference])
    made.attr["T"].type = dtype
    return made
