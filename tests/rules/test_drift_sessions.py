"""What a session of TensorFlow's own looks at, and what queues and shapes tell: both forms, and no mistake excused."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow import function
from tensorflow.core.protobuf import config_pb2

from compat_v1.audit import audit

raw = tf.raw_ops


def _graph(form, *of, **told):
    with tf.Graph().as_default() as graph:
        form(*of, **told)
    return graph.as_graph_def()


def _joined(others=None):
    """Which variables have no value yet, joined with others, of which there are none."""
    variables = [raw.VariableV2(shape=[], dtype=tf.float32, name=name) for name in "ab"]
    asked = tf.stack([raw.IsVariableInitialized(ref=one) for one in variables])
    names = tf.boolean_mask(tf.constant(["a", "b"]), tf.logical_not(asked))
    tf.assign(variables[1], 1.0, name="begin")
    if others is not None:
        names = raw.ConcatV2(values=[names, tf.constant(others, tf.string)], axis=0)
    tf.identity(names, name="result")


def test_nothing_is_joined_with_what_has_no_value_yet():
    old, new = _graph(_joined), _graph(_joined, [])
    for graph_def in (old, new):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            session.run("begin")
            assert session.run("result:0").tolist() == [b"a"]
    result = audit(old, new)
    assert result.verdict == "faithful" and "nothing joined" in result.rules
    assert audit(old, _graph(_joined, ["c"])).verdict == "not faithful"


def _named(names, told=None, order=(0, 1)):
    """Which of two variables have no value yet, by their names, or what is `told` in place of these."""
    variables = [raw.VariableV2(shape=[2 + k], dtype=tf.float32, name=name) for k, name in enumerate(names)]
    asked = tf.stack([raw.IsVariableInitialized(ref=variables[k]) for k in order])
    tf.identity(tf.boolean_mask(tf.constant(told or names), tf.logical_not(asked)), name="result")


def test_what_has_no_value_yet_is_told_by_its_own_name_which_may_be_another():
    old, new = _graph(_named, ["weights", "biases"]), _graph(_named, ["kernel", "bias"])
    result = audit(old, new)
    assert (result.differences, [one.cause for one in result.numbers]) == ([], ["names in checkpoints"])
    for told in (["bias", "kernel"], ["kernel", "biases"]):
        assert audit(old, _graph(_named, ["kernel", "bias"], told=told)).verdict == "not faithful"
        assert audit(_graph(_named, ["kernel", "bias"], told=told), new).verdict == "not faithful"
    other = _graph(_named, ["kernel", "bias"], told=["bias", "kernel"], order=(1, 0))
    assert audit(old, other).verdict == "not faithful"


def _step(reads, add=0, to=None):
    """A step that is counted, and read for hooks."""
    step = tf.Variable(3, name="step", use_resource=False)
    tf.assign_add(step, 1, name="train")
    if reads:
        value = tf.add(step.initialized_value(), add, name="read")
        if to:
            tf.assign(step, value * to)


@pytest.mark.usefixtures("loops_of_ops")
def test_a_step_that_is_read_is_no_part_of_the_program():
    result = audit(_graph(_step, False), _graph(_step, True))
    assert result.verdict == "faithful" and "step that is read" in result.rules
    for mistake in ({"add": 1}, {"to": 2}):
        assert audit(_graph(_step, False), _graph(_step, True, **mistake)).verdict == "not faithful"


def _taken(new, few=True, sizes=(3,)):
    """What comes from a queue, up to four at a time, and keeps its shape; older graphs wrote that down."""
    queue = raw.FIFOQueueV2(component_types=[tf.float32], shapes=[[3]])
    take = raw.QueueDequeueUpToV2 if few else raw.QueueDequeueManyV2
    (taken,) = take(handle=queue, n=4, component_types=[tf.float32])
    tf.tanh(taken if new else tf.reshape(taken, [-1, *sizes]), name="result")


@pytest.mark.parametrize("few", [True, False])
def test_what_comes_from_a_queue_has_the_shape_that_the_queue_says(few):
    assert audit(_graph(_taken, False, few), _graph(_taken, True, few)).verdict == "faithful"
    for sizes in ((1, 3), (-1,)):
        assert audit(_graph(_taken, False, few, (3,)), _graph(_taken, False, few, sizes)).verdict == "not faithful"


def _called(factor=2.0):
    """A call of a function of Python, as today's TensorFlow writes it."""
    x = tf.placeholder(tf.float32, [3], name="x")
    tf.identity(function(lambda one: tf.tanh(one) * factor)(x), name="result")


def _as_it_was(graph_def, devices=("GPU", "CPU"), registered=b"PartitionedCall-21"):
    """The same call with the attributes of 1.15."""
    (node,) = (one for one in graph_def.node if one.op == "PartitionedCall")
    config, count = config_pb2.ConfigProto.FromString(node.attr["config_proto"].s), b""
    for device in devices:
        count += config_pb2.ConfigProto(device_count={device: config.device_count[device]}).SerializeToString()
    for setting in ("device_count", "experimental", "pluggable_device_options"):
        config.ClearField(setting)
    node.attr["config_proto"].s = count + config.SerializeToString()
    node.attr["_gradient_op_type"].s = registered
    del node.attr["_collective_manager_ids"]
    return graph_def


def test_a_call_says_no_more_of_itself_than_it_is():
    result = audit(_as_it_was(_graph(_called)), _graph(_called))
    assert result.verdict == "faithful" and {"settings of calls", "private attributes"} <= result.rules.keys()
    assert audit(_as_it_was(_graph(_called)), _graph(_called, 3.0)).verdict == "not faithful"
    for mistake in ({"devices": ["CPU"]}, {"registered": b"Square"}):
        assert audit(_as_it_was(_graph(_called), **mistake), _graph(_called)).verdict == "not faithful"
    damaged = _graph(_called)
    next(one for one in damaged.node if one.op == "PartitionedCall").attr["config_proto"].s = b"\xff"
    assert audit(_as_it_was(_graph(_called)), damaged).verdict == "not faithful"


def _shapes(one_op, first="x"):
    """The shapes of tensors of which nothing is known, and of one that is."""
    x, y = (tf.placeholder(tf.float32, name=name) for name in "xy")
    tensors = [x if first == "x" else y, tf.placeholder(tf.float32, [3, 2], name="z"), y]
    shapes = raw.ShapeN(input=tensors) if one_op else [raw.Shape(input=one) for one in tensors]
    tf.concat([*shapes, [1]], 0, name="result")


def test_shapes_of_several_tensors_are_asked_for_together_or_one_by_one():
    graphs = _graph(_shapes, False), _graph(_shapes, True)
    for old, new in (graphs, graphs[::-1]):
        result = audit(old, new)
        assert result.verdict == "faithful" and "computed shapes" in result.rules
    assert audit(graphs[0], _graph(_shapes, True, "y")).verdict == "not faithful"
    feeds = {"x:0": np.ones([4]), "y:0": np.ones([2, 5]), "z:0": np.ones([3, 2])}
    for graph_def in graphs:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            assert session.run("result:0", feeds).tolist() == [4, 3, 2, 2, 5, 1]


def _saved_cells(kernel, projection, given=None, used=(0, 1)):
    """Two cells of two variables each and their Saver, which restores them in the order of their names.

    `given`: another order of the names, for variables in the order in which they are made.
    """
    made, result = [], tf.placeholder(tf.float32, [1, 2], name="x")
    for layer in range(2):
        with tf.variable_scope(f"cell_{layer}"):
            made += [tf.get_variable(kernel, [2, 3], use_resource=False)]
            made += [tf.get_variable(projection, [3, 2], use_resource=False)]
    for layer in used:
        result = tf.tanh(result @ made[2 * layer]) @ made[2 * layer + 1]
    names = [one.op.name for one in made]
    tf.train.Saver(dict(zip([names[k] for k in given], made, strict=True)) if given else made)


def test_what_is_saved_under_another_name_is_that_variable_in_whatever_order_the_names_come():
    old, new = (
        _graph(_saved_cells, "weights", "projection/weights"),
        _graph(_saved_cells, "kernel", "projection/kernel"),
    )
    result = audit(old, new)
    assert (result.differences, [one.cause for one in result.numbers]) == ([], ["names in checkpoints"])
    for mistake in ({"given": (2, 1, 0, 3)}, {"given": (1, 0, 3, 2)}, {"used": (1, 0)}):
        wrong = _graph(_saved_cells, "kernel", "projection/kernel", **mistake)
        assert audit(old, wrong).verdict == "not faithful", mistake
