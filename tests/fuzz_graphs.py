"""Damaged graphs, read and imported: each must be read, or refused in one line; none may end or hang the process.

`python tests/fuzz_graphs.py EXAMPLES` tries as many, half of them with bytes changed, half with the structure, and ends
with status 0. A graph that kills TensorFlow kills this process too, which is why the tests start one.
"""

import os
import random
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat_v1.environment import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402
from tensorflow.python.framework import function  # noqa: E402

from compat_v1.audit.reading import read_graph_def  # noqa: E402

NUMBERS = [-(2**63), -5, -1, 0, 1, 2, 3, 9, 99, 255, 300, 2**16, 2**31 - 1, 2**40, 2**63 - 1]
WORDS = [
    "",
    "a",
    "while/Merge",
    "no where",
    "x\x1b[31m",
    "^x",
    "x:9",
    "x:99999999999999999999",
    "twice",
    "é",
    "nowhere",
]
OPS = "Const Fill Range Tile Pack ConcatV2 Split Merge NextIteration Enter MatMul PyFunc Reshape Cast NoOp twice Gone"


def small_program():
    """Return the GraphDef of a program with a loop, a function, a constant, a variable and gradients."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        weight = tf.Variable(tf.ones([3, 3]), use_resource=False)

        @function.Defun(tf.float32, func_name="twice")
        def twice(value):
            return 2 * value

        value = twice(tf.matmul(x, weight))
        value = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, tf.tanh(v)), (0, value))[1]
        shape = tf.stack([tf.shape(value)[0], tf.constant(3)])
        tf.gradients(tf.reduce_sum(tf.reshape(value, shape) + tf.fill([3], 1.0)), weight)
        tf.split(tf.tile(tf.range(6), [2]), 2)
    return graph.as_graph_def()


def edit(graph_def, draw):
    """Change one thing of a GraphDef, anywhere, into something that may make no sense."""
    bodies = [graph_def.node, *(one.node_def for one in graph_def.library.function)]
    nodes = draw.choice(bodies)
    node = draw.choice(nodes)
    number, word = draw.choice(NUMBERS), draw.choice([*WORDS, *(one.name for one in nodes)])
    attr = node.attr[draw.choice([*sorted(node.attr), "shape", "T"])]
    tensor, int32 = (attr.tensor if attr.HasField("tensor") else tf.AttrValue().tensor), 2**31
    edits = {
        "name": lambda: setattr(node, "name", word),
        "op": lambda: setattr(node, "op", draw.choice(OPS.split())),
        "device": lambda: setattr(node, "device", word),
        "input": lambda: node.input.append(word),
        "first input": lambda: node.input.__setitem__(0, word) if node.input else None,
        "no input": lambda: node.input.__delitem__(slice(None)),
        "no attribute": lambda: node.attr.clear(),
        "number": lambda: setattr(attr, "i", number),
        "dtype": lambda: setattr(attr, "type", number % int32),
        "dtypes": lambda: attr.list.type.extend([number % int32] * 3),
        "shape": lambda: attr.shape.dim.add(size=number),
        "many dimensions": lambda: [attr.shape.dim.add(size=1) for _ in range(number % 1000)],
        "constant": lambda: tensor.tensor_shape.dim.add(size=number),
        "constant's dtype": lambda: setattr(tensor, "dtype", number % int32),
        "content": lambda: setattr(tensor, "tensor_content", b"\xff" * (number % 100)),
        "sizes": lambda: tensor.CopyFrom(tf.make_tensor_proto([abs(number) % int32] * 2, tf.int32)),
        "string": lambda: setattr(attr, "s", b"\xff\xfe"),
        "class": lambda: node.attr["_class"].list.s.append(b"loc:@" + word.encode()),
        "function": lambda: setattr(attr.func, "name", "twice"),
        "another node": lambda: nodes.add().CopyFrom(draw.choice(draw.choice(bodies))),
        "call": lambda: nodes.add(name=f"call{len(nodes)}", op="twice", input=[node.name]),
        "versions": lambda: setattr(graph_def.versions, "producer", number % int32),
    }
    edits[draw.choice(sorted(edits))]()


def edited(content, draw, edits):
    """Return the GraphDef of these bytes with as many edits."""
    graph_def = tf.GraphDef.FromString(content)
    for _ in range(edits):
        try:
            edit(graph_def, draw)
        except (ValueError, IndexError):  # what protobuf itself does not take
            continue
    return graph_def


def check(content):
    """Read bytes as a graph and import it; a refusal must be one line that a terminal can show."""
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, content)
        graph_def = read_graph_def(path)
    except ValueError as error:
        assert str(error).isprintable() and len(str(error)) < 1000, repr(error)
        return "refused"
    finally:
        os.close(descriptor)
        Path(path).unlink()
    try:
        with tf.Graph().as_default():
            tf.import_graph_def(graph_def, name="")
    except (ValueError, KeyError, TypeError, tf.errors.OpError):
        return "refused by TensorFlow"
    return "imported"


PROGRAM = small_program().SerializeToString()
_settings = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
bytes_changed = st.lists(st.tuples(st.integers(0, len(PROGRAM) - 1), st.integers(0, 255)), min_size=1, max_size=8)


@given(bytes_changed, st.integers(0, len(PROGRAM)))
def graph_with_other_bytes(changes, cut):
    content = bytearray(PROGRAM)
    for position, byte in changes:
        content[position] = byte
    check(bytes(content if cut % 2 else content[:cut]))


@given(st.randoms(use_true_random=False), st.integers(1, 4))
def graph_with_another_structure(draw: random.Random, edits):
    check(edited(PROGRAM, draw, edits).SerializeToString())


if __name__ == "__main__":
    for target in (graph_with_other_bytes, graph_with_another_structure):
        settings(_settings, max_examples=int(sys.argv[1]) // 2)(target)()
        print(target.__name__, "done", flush=True)
