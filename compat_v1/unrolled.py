"""The same computation without a loop: the graph that the fast execution runs, made from the post's by rewriting it.

No bit changes: the rewriting starts from the graph as TensorFlow itself has optimized it, keeps every op with floats
that the result depends on, and keeps the order in which sums are formed. (For a network of one unit bits do change:
TensorFlow has other kernels for the product with a vector, and they sum in another order.)

- The loop and its gradient's loop are unrolled: an op in their bodies becomes one op for each iteration. What only
  served to loop is gone: `Enter`, `Merge`, `Switch`, …, and the stacks that kept values for the gradient.
- The inputs become constants, so that TensorFlow computes once what follows from them alone, all shapes for instance.
- A matrix is not transposed where the transpose was there before, or can be put together from others that were.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import op_def_registry


def optimized_graph(session: Any, fetches: Sequence[Any], feed: Mapping[Any, np.ndarray]) -> Any:
    """Run `fetches` once in `session` and return the `GraphDef` that TensorFlow has made of its graph for that."""
    options, metadata = tf.RunOptions(output_partition_graphs=True), tf.RunMetadata()
    session.run(fetches, feed, options=options, run_metadata=metadata)
    (optimized,) = metadata.partition_graphs  # one for each device
    for node in optimized.node:
        if node.op.startswith("_Mkl"):
            _give_name_back(node)
    return optimized


def import_unrolled(
    optimized: Any, fetches: Sequence[Any], feed: Mapping[Any, np.ndarray], iterations: int
) -> list[Any]:
    """Import what computes `fetches` in the `optimized_graph`, unrolled and with `feed` in it, into the default graph.

    None of `fetches` may be what a loop returns. The default graph must have the variables, under the same names. All
    loops must be of control flow v1 and do `iterations` iterations. Returns the tensors and ops that stand for
    `fetches`.
    """
    unroller = _Unroller(optimized, {tensor.op.name: value for tensor, value in feed.items()}, iterations)
    names = [unroller.tensor(fetch.name) for fetch in fetches]
    variables = {f"{name}:0": tf.get_default_graph().get_tensor_by_name(f"{name}:0") for name in unroller.variables}
    graph_def = tf.GraphDef(node=unroller.nodes.values(), versions=optimized.versions)
    return tf.import_graph_def(graph_def, variables, names)


def _give_name_back(node: Any) -> None:
    """Let a node that oneDNN has made its own be what it was: it will do the same with the unrolled graph."""
    name = node.op.removeprefix("_Mkl").removeprefix("Native")
    op_def = op_def_registry.get(name) or op_def_registry.get(f"_{name}")
    if op_def is None:
        raise ValueError(
            f"oneDNN is on and has put its {node.op} into the graph, which cannot be unrolled: choose the execution "
            "one-run or post, or set TF_ENABLE_ONEDNN_OPTS=0"
        )
    node.op, known = op_def.name, {attr.name for attr in op_def.attr}
    for attr in [one for one in node.attr if one not in known and (one == "_kernel" or not one.startswith("_"))]:
        del node.attr[attr]


class _Unroller:
    def __init__(self, graph_def: Any, inputs: Mapping[str, np.ndarray], iterations: int) -> None:
        self.nodes: dict[str, Any] = {}  # the new graph's, by name
        self.variables: set[str] = set()  # names of those that its nodes read or write; they are no nodes of it
        self._looped = {node.name: node for node in graph_def.node}
        self._inputs = inputs
        self._iterations = iterations
        pushes = [node for node in graph_def.node if node.op in ("StackPush", "StackPushV2")]
        self._pushed = {self._stack(push): push.input[1] for push in pushes}
        self._copies: dict[
            tuple[str, int | None], str
        ] = {}  # (looped node, iteration): the tensor that stands for its output 0
        self._transposes: dict[str, str] = {}  # matrix: its transpose, both ways

    def tensor(self, name: str, iteration: Any = None) -> str:
        """Return what the new graph calls a tensor; `iteration` counts from 0 in a loop's body, None is outside."""
        while True:  # what serves to loop passes tensors on
            node = self._looped[_node_name(name)]
            match node.op:
                case "Enter" | "RefEnter":
                    name, iteration = node.input[0], None
                case "Merge" if iteration is not None:  # outside, one belongs to a `tf.cond`
                    name = node.input[0 if iteration == 0 else 1]
                case "Switch" if iteration is not None:
                    name = node.input[0]
                case "NextIteration":
                    name, iteration = node.input[0], iteration - 1
                case "Identity" if iteration is not None:  # outside, one reads a variable
                    name = node.input[0]
                case "Exit":
                    name, iteration = node.input[0], self._iterations
                case "StackPush" | "StackPushV2":
                    name = node.input[1]
                case "StackPop" | "StackPopV2":  # the gradient's loop goes backwards
                    name, iteration = self._pushed[self._stack(node)], self._iterations - 1 - iteration
                case _:
                    break
        if (node.name, iteration) not in self._copies:
            self._copies[node.name, iteration] = self._copy(node, iteration)
        _, colon, output = name.partition(":")
        return self._copies[node.name, iteration] + colon + output

    def _stack(self, node: Any) -> str:
        while node.op not in ("Stack", "StackV2"):
            node = self._looped[_node_name(node.input[0])]
        return node.name

    def _copy(self, node: Any, iteration: int | None) -> str:
        if node.op == "VariableV2":
            self.variables.add(node.name)
            return node.name
        if node.op == "_Arg":
            return self._constant(self._inputs[re.sub(r"^_arg_(.+)_\d+_\d+$", r"\1", node.name)])
        # A constant in a loop waits for its iteration, and for nothing else.
        waits = [] if node.op == "Const" else [name[1:] for name in node.input if name.startswith("^")]
        inputs = [self.tensor(name, iteration) for name in node.input if not name.startswith("^")]
        controls = ["^" + _node_name(self.tensor(name, iteration)) for name in waits]
        attributes = {name: value for name, value in node.attr.items() if not name.startswith("_")}
        if node.op == "Transpose" and self._value(inputs[1]) == [1, 0]:
            return self._transposed(inputs[0])
        if node.op == "MatMul" and attributes["transpose_b"].b:
            inputs[1] = self._transposed(inputs[1])
            attributes["transpose_b"] = tf.AttrValue(b=False)
        return self._add(node.op, node.name, inputs + controls, attributes)

    def _transposed(self, matrix: str) -> str:
        """Return the transpose of a matrix: where that can be, one that is there or one put together from such."""
        if matrix not in self._transposes:
            transpose = self._make_transposed(matrix)
            self._transposes |= {matrix: transpose, transpose: matrix}
        return self._transposes[matrix]

    def _make_transposed(self, matrix: str) -> str:
        made = self.nodes[_node_name(matrix)]
        name = f"{made.name}/transposed"
        if made.op == "ConcatV2" and self._value(made.input[2]) == 1:
            parts = [self._transposed(part) for part in made.input[:2]]
            return self._add(made.op, name, [*parts, self._constant(np.int32(0))], made.attr)
        if made.op == "Slice":
            types, axes = {"T": made.attr["Index"], "Tidx": made.attr["Index"]}, self._constant(np.array([0], np.int32))
            place = [self._add("ReverseV2", f"{made.name}/reversed", [part, axes], types) for part in made.input[1:3]]
            return self._add(made.op, name, [self._transposed(made.input[0]), *place], made.attr)
        types = {"T": made.attr["T"], "Tperm": tf.AttrValue(type=tf.int32.as_datatype_enum)}
        return self._add("Transpose", name, [matrix, self._constant(np.array([1, 0], np.int32))], types)

    def _value(self, tensor: str) -> Any:
        """Return the value of a constant as Python has it, None for others."""
        made = self.nodes[_node_name(tensor)]
        return tf.make_ndarray(made.attr["value"].tensor).tolist() if made.op == "Const" else None

    def _constant(self, value: Any) -> str:
        attributes = {
            "dtype": tf.AttrValue(type=tf.as_dtype(value.dtype).as_datatype_enum),
            "value": tf.AttrValue(tensor=tf.make_tensor_proto(value)),
        }
        return self._add("Const", "constant", [], attributes)

    def _add(self, op: str, name: str, inputs: Sequence[str], attributes: Any) -> str:
        unique, number = name, 1
        while unique in self.nodes:
            unique, number = f"{name}/{number}", number + 1
        self.nodes[unique] = tf.NodeDef(op=op, name=unique, input=inputs, attr=attributes)
        return unique


def _node_name(tensor: str) -> str:
    return tensor.lstrip("^").partition(":")[0]
