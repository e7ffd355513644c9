"""Functions of TensorFlow 1's own (`Defun`): as 1.0 wrote them and as they are by now, and no mistake excused."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit


def _called(first=True, factor=2.0):
    """What a function hands on of two tensors, and what it makes of the other one."""
    x, y = (tf.placeholder(tf.float32, [3], name=name) for name in "xy")

    @Defun(tf.float32, tf.float32, func_name="both")
    def both(one, other):
        return (one, other * factor) if first else (other, one * factor)

    tf.subtract(*both(x, y), name="result")


def _graph(*of, **told):
    with tf.Graph().as_default() as graph:
        _called(*of, **told)
    return graph.as_graph_def()


def _as_it_was(graph_def):
    """The same graph as TensorFlow 1.0 wrote it: an argument that is handed on is one of a node's results."""
    (both,) = graph_def.library.function
    names = {one.name for one in both.signature.input_arg}
    for output, given in both.ret.items():
        both.ret[output] = f"{given}:0" if given in names else given
    for one in (both, *(node for node in graph_def.node if node.op == "both")):
        del one.attr["_disable_call_shape_inference"]
    return graph_def


def _run(graph_def, x, y):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("result:0", {"x:0": x, "y:0": y})


@pytest.mark.parametrize("first", [True, False])
def test_a_function_may_hand_on_what_it_takes(first):
    old, new = _as_it_was(_graph(first)), _graph(first)
    x, y = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    assert np.array_equal(_run(old, x, y), _run(new, x, y))
    result = audit(old, new)
    assert (result.verdict, list(result.rules)) == ("faithful", ["private attributes"])
    for mistake in (_graph(not first), _graph(first, factor=3.0)):
        assert audit(old, mistake).verdict == "not faithful"
