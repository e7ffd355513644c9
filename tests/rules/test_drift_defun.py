"""Functions of TensorFlow 1's own (`Defun`): as 1.0 wrote them and as they are by now, and no mistake excused."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.core.framework.attr_value_pb2 import NameAttrList
from tensorflow.python.framework.function import Defun
from tensorflow.python.ops import gen_functional_ops

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from drift_cases import floats, out
from test_drift import proved


def _called(first=True, factor=2.0):
    """What a function hands on of two tensors, and what it makes of the other one."""

    @Defun(tf.float32, tf.float32, func_name="both")
    def both(one, other):
        return (one, other * factor) if first else (other, one * factor)

    with tf.Graph().as_default() as graph:
        out(tf.subtract(*both(floats(3), floats(3, name="y"))))
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


@pytest.mark.parametrize("first", [True, False])
def test_a_function_may_hand_on_what_it_takes(first):
    old, new = _as_it_was(_called(first)), _called(first)
    assert list(proved(old, new).rules) == ["private attributes"]
    for mistake in (_called(not first), _called(first, factor=3.0)):
        assert audit(old, mistake).verdict == "not faithful"


def _in_turns(waits=True, takes="while/Identity_1"):
    """A function that is called in each turn of a loop, whether it waits for the turn or not."""

    @Defun(tf.float32, func_name="step")
    def step(one):
        return tf.tanh(one) + 1.0

    with tf.Graph().as_default() as graph, build_switches():
        out(tf.while_loop(lambda k, h: k < 3, lambda k, h: (k + 1, tf.reshape(step(h), [3]) * h), [0, floats(3)])[1])
    graph_def = graph.as_graph_def()
    (call,) = (node for node in graph_def.node if node.op == "step")
    assert list(call.input) == ["while/Identity_1", "^while/Identity"]
    call.input[:] = [takes, "^while/Identity"][: 1 + waits]
    return graph_def


def test_the_call_of_a_function_in_a_loop_may_wait_for_the_turn_that_what_it_takes_is_of():
    assert "waits for operands" in proved(_in_turns(waits=False), _in_turns()).rules


@pytest.mark.parametrize("takes", ["while/Merge_1", "while/Switch_1"])
def test_a_call_that_waits_for_turns_and_is_not_of_them_in_the_other_graph_is_reported(takes):
    """What the condition takes is there once more than there are turns, and what leaves the loop after these."""
    old, new = (_in_turns(waits, takes) for waits in (False, True))
    assert audit(old, new).verdict == audit(new, old).verdict == "not faithful"


@pytest.mark.parametrize("draws", [True, False])
def test_the_gradient_of_a_function_that_draws_numbers_draws_them_each_time(draws):
    def gradients(*makers):
        @Defun(tf.float32, func_name="noise")
        def noise(one):
            return one * (tf.random_uniform([3]) if draws else 2.0)

        @Defun(tf.float32, func_name="noisy")
        def noisy(one):
            return tf.tanh(noise(one))

        with tf.Graph().as_default() as graph:
            x = floats(3)
            y, made = noisy(x), []
            for place in makers:
                made = made if place < len(made) else [*made, tf.gradients(y, x)[0]]
            out(tf.stack([made[place] for place in makers]))
        return graph.as_graph_def()

    verdict = "not faithful" if draws else "faithful"
    assert audit(gradients(0, 1), gradients(0, 0)).verdict == verdict
    assert audit(gradients(0, 0), gradients(0, 1)).verdict == verdict


def test_what_a_call_says_to_the_function_is_compared():
    def product(**settings):
        function = NameAttrList(name="MatMul")
        function.attr["T"].type = tf.float32.as_datatype_enum
        for setting, value in settings.items():
            function.attr[setting].b = value
        with tf.Graph().as_default() as graph:
            x = floats(3, 3)
            out(gen_functional_ops.symbolic_gradient([x, x, x], [tf.float32] * 2, function)[0])
        return graph.as_graph_def()

    asked = product(transpose_b=True)
    assert audit(asked, product(transpose_b=True, _tf_data_function=True)).verdict == "faithful"
    assert audit(asked, product(transpose_b=False)).verdict == "not faithful"
