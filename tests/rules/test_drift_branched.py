"""Batch normalization whose `training` is fed: both layers compute the same, and no mistake hides behind that."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit, read_graph_def
from compat_v1.audit.branched import Branched, build_switches
from compat_v1.audit.comparison import readable
from compat_v1.audit.layers import CAUSE
from compat_v1.audit.normal import Normal
from corpus_graphs import recorded

NAME = "fed_training"
LAYERS = ["batch_normalization", "batch_normalization_1", "batch_normalization_2"]


@pytest.fixture(scope="module")
def port(today):
    return read_graph_def(today / f"{NAME}.pb.gz")


def test_a_port_has_one_cause_that_names_each_layer_once(port):
    result = audit(recorded("tf1.0.1", NAME), port)
    (cause,) = [one for one in result.numbers if one.cause == CAUSE]
    assert (result.verdict, list(result.differences)) == ("numbers changed", [])
    assert sorted(cause.nodes) == [f"{layer}/batchnorm/add_1" for layer in LAYERS]
    assert set(result.pairs.values()) <= {node.name for node in port.node}


def test_a_program_of_1_15_has_the_layer_of_today(port):
    assert CAUSE not in [one.cause for one in audit(recorded("tf1.15.5", NAME), port).numbers]


@pytest.mark.parametrize("training", [True, False])
def test_the_first_layer_computes_the_same_but_moves_the_averages_always(port, training):
    with build_switches():
        graph = Branched(Normal(readable(port)), [f"{layer}/cond_1/Merge" for layer in LAYERS])
    first = graph.graph_def()
    assert len(graph.causes[CAUSE]) == len(LAYERS)
    averages = [f"{layer}/{which}" for layer in LAYERS for which in ("moving_mean", "moving_variance")]
    (new, kept), (old, moved) = (_step(one, training, averages) for one in (port, first))
    for name, value in new.items():
        np.testing.assert_array_equal(old[name], value, err_msg=name)
    before = [np.full_like(one, name.endswith("variance")) for name, one in zip(averages, moved, strict=True)]
    for one, at_first, other in zip(moved, before, kept, strict=True):
        assert not np.array_equal(one, at_first)
        np.testing.assert_array_equal(other, one if training else at_first)


def _step(graph_def, training, averages):
    """Return (loss and, in training, gradients; the averages after their updates) from the same weights and feeds."""
    rng = np.random.default_rng(8)
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True  # as the graphs say
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, config=config) as session:
        tf.import_graph_def(graph_def, name="")
        session.run("init")
        values = {"Variable:0": (6, 8), "Variable_1:0": (8, 5), "Variable_2:0": (5, 3)}
        for name, shape in values.items():
            session.run(tf.raw_ops.Assign(ref=graph.get_tensor_by_name(name), value=rng.normal(size=shape)))
        feeds = {"Placeholder:0": rng.normal(size=(7, 6)), "Placeholder_1:0": rng.normal(size=(7, 3))}
        feeds["Placeholder_2:0"] = training
        steps = [op for op in graph.get_operations() if op.type == "ApplyAdam"]
        wanted = {op.name: op.inputs[9] for op in steps if training}
        found = session.run({"loss": graph.get_tensor_by_name("Mean:0"), **wanted}, feeds)
        if not training:
            session.run(steps[0].inputs[9], feeds)
        return found, session.run([f"{name}:0" for name in averages])


def _exchange(name, slot=0, other=1):
    def mistake(nodes):
        inputs = nodes[name].input
        inputs[slot], inputs[other] = inputs[other], inputs[slot]

    return mistake


def _take(name, slot, other):
    def mistake(nodes):
        nodes[name].input[slot] = other

    return mistake


def _other_number(name, number):
    def mistake(nodes):
        nodes[name].attr["value"].tensor.float_val[:] = [number]

    return mistake


def _no_wait(nodes):
    for node in nodes.values():
        node.input[:] = [one for one in node.input if one != "^batch_normalization_1/cond_3/Merge"]


def _no_wait_of_one(nodes):
    nodes["gradients/batch_normalization_1/batchnorm/add_1_grad/Sum/reduction_indices"].input.pop()


BACK = "gradients/batch_normalization_1"
MISTAKES = {
    "the averages for the statistics": _exchange("batch_normalization_1/cond/Merge"),
    "the mean's average for the variance's": _take(
        "batch_normalization_1/cond_1/Switch_2", 0, "batch_normalization_1/moving_mean/read"
    ),
    "another layer's average": _take("batch_normalization_2/cond/Switch_2", 0, "Placeholder_1"),
    "another epsilon": _other_number("batch_normalization_1/batchnorm/add/y", 1e-5),
    "epsilon before the variance": _exchange("batch_normalization_1/batchnorm/add"),
    "gamma before the root": _exchange("batch_normalization_1/batchnorm/mul"),
    "another decay": _other_number("batch_normalization_1/cond_2/AssignMovingAvg/decay", 0.01),
    "moved the other way": _exchange("batch_normalization_1/cond_2/AssignMovingAvg/sub"),
    "moved by the other statistic": _take(
        "batch_normalization_1/cond_2/AssignMovingAvg/sub/Switch_1", 0, "batch_normalization_1/cond_1/Merge"
    ),
    "gamma and beta": _exchange("batch_normalization_1/batchnorm/sub"),
    "another gradient of the scale": _take(f"{BACK}/batchnorm/mul_2_grad/Mul_1", 1, f"{BACK}/batchnorm/mul_1_grad/Mul"),
    "a gradient not negated": _take(
        f"{BACK}/batchnorm/sub_grad/tuple/control_dependency_1", 0, f"{BACK}/batchnorm/add_1_grad/Reshape"
    ),
    "the other branch's gradient": _take(
        f"{BACK}/cond/Switch_1_grad/cond_grad", 1, f"{BACK}/cond/Merge_grad/cond_grad"
    ),
    "the gradients of two variables": _exchange("Adam/update_batch_normalization_1/gamma/ApplyAdam", 9, 0),
    "no update of the variance": _no_wait,
    "a gradient that does not wait for all updates": _no_wait_of_one,
}
BRIEFLY = ("the averages for the statistics",)


@pytest.mark.long
@pytest.mark.parametrize(
    "mistake", [pytest.param(one, marks=[] if one in BRIEFLY else [pytest.mark.long]) for one in MISTAKES]
)
def test_a_mistake_in_a_layer_or_its_gradient_is_reported(port, mistake):
    other = tf.GraphDef.FromString(port.SerializeToString())
    MISTAKES[mistake]({node.name: node for node in other.node})
    assert other != port
    try:
        with tf.Graph().as_default():
            tf.import_graph_def(other, name="")
    except ValueError:  # TensorFlow refuses it
        return
    assert audit(recorded("tf1.0.1", NAME), other).verdict == "not faithful"
