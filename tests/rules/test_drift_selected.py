"""Batch normalization whose `training` is fed selected, from 1.1 to 1.4: a port of it passes, and no mistake does."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.layers import SELECTED
from test_drift_fused_branches import CHANNELS, EPSILON, MOMENTUM, _newer, _number

raw = tf.raw_ops


def _selected(training, one, other):
    one, other = tf.expand_dims(one, 0), tf.expand_dims(other, 0)
    return tf.squeeze(raw.Select(condition=tf.reshape(training, [1]), x=one, y=other), [0])


def _selecting(x, training, gamma, beta, averages, momentum=MOMENTUM, mistake=""):
    """The layer as releases from 1.1 to 1.4 wrote it."""
    statistics = tf.nn.moments(x, list(range(x.shape.rank - 1)))
    averages = averages[::-1] if mistake == "averages" else averages
    values = [average for _, average in averages]
    given = [_selected(training, *pair) for pair in zip(statistics, values, strict=True)]
    if mistake == "exchanged":
        given = [_selected(training, *pair) for pair in zip(values, statistics, strict=True)]
    momentum = _selected(training, tf.constant(0.9 if mistake == "momentum" else momentum), tf.constant(1.0))
    for (variable, average), statistic in zip(averages, given, strict=True):
        with tf.get_default_graph().colocate_with(variable.op):
            moved = (average - statistic) * (1.0 - momentum)
            moved = raw.AssignSub(ref=variable, value=moved)
        raw.Identity(input=moved, name=f"{variable.op.name}/moved")
    return tf.nn.batch_normalization(x, *given, beta, gamma, EPSILON)


def _choosing(x, training, gamma, beta, averages, momentum=MOMENTUM):
    """The layer of today that is not fused."""
    statistics = tf.nn.moments(x, list(range(x.shape.rank - 1)))
    chosen = [
        tf.cond(training, lambda one=one: one, lambda other=other: other)
        for one, (_, other) in zip(statistics, averages, strict=True)
    ]
    for (variable, average), statistic in zip(averages, chosen, strict=True):

        def move(variable=variable, average=average, statistic=statistic):
            with tf.get_default_graph().colocate_with(variable.op):
                return tf.assign_sub(variable, (average - statistic) * tf.constant(1 - momentum))

        tf.identity(tf.cond(training, move, lambda average=average: average), name=f"{variable.op.name}/moved")
    return tf.nn.batch_normalization(x, *chosen, beta, gamma, EPSILON)


def _fused(*given):
    """The layer of today that is fused."""
    y = _newer(*given)
    for op in [op for op in y.graph.get_operations() if op.type == "AssignSub"]:
        raw.Identity(input=op.outputs[0], name=f"{op.inputs[0].op.name}/moved")
    return y


def _program(layer, images=False, besides=False, dropped=False, device=None, **how):
    """Return a graph that normalizes, with the gradients of that; `besides`: another condition asks the same.

    `dropped`: elements are dropped before, with a rate of unknown shape, of which the graph cannot say any shape.
    `device`: that of the layer, if that is another than that of its variables.
    """
    with tf.Graph().as_default() as graph, build_switches():
        x = tf.placeholder(tf.float32, [4, 6, 6, CHANNELS] if images else [8, CHANNELS], name="x")
        training = tf.placeholder(tf.bool, [], name="training")
        gamma, beta = _number(1.5, "gamma")[1], _number(0.5, "beta")[1]
        averages = [_number(0.0, "mean"), _number(1.0, "variance")]
        h = tf.tanh(x)
        if dropped:
            h = tf.nn.dropout(h, rate=tf.placeholder(tf.float32, name="rate"), seed=3)
        with tf.device(device):
            y = layer(h, training, gamma, beta, averages, **how)
        loss = tf.reduce_sum(tf.square(y))
        if besides:
            loss += tf.cond(training, lambda: tf.reduce_sum(x), lambda: tf.constant(0.0))
        gradients = tf.gradients(loss, [x, gamma, beta], gate_gradients=True)
        for place, one in enumerate([loss, *gradients]):
            raw.Identity(input=one, name=f"result_{place}")
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("ways", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("images, newer", [(False, _choosing), (True, _choosing), (True, _fused)])
def test_the_port_has_the_cause_and_nothing_else_differs(images, newer, ways):
    result = audit(_program(_selecting, images, *ways), _program(newer, images, *ways))
    assert list(result.differences) == [] and result.verdict == "numbers changed", result.differences
    assert SELECTED in [one.cause for one in result.numbers]


@pytest.mark.long
@pytest.mark.parametrize("momentum", [0.1, 0.4, 0.7, 0.9, 0.95, 0.99, 0.997, 0.999])
def test_the_momentum_is_the_number_that_the_program_says(momentum):
    old, new = (_program(layer, momentum=momentum) for layer in (_selecting, _choosing))
    assert audit(old, new).verdict == "numbers changed"
    nearly = float(np.nextafter(np.float32(momentum), np.float32(0)))
    assert audit(_program(_selecting, momentum=nearly), new).verdict == "not faithful"


@pytest.mark.parametrize("images, newer", [(False, _choosing), (True, _fused)])
def test_the_layer_may_be_on_a_device_and_on_no_other(images, newer):
    old = _program(_selecting, images, device="/device:GPU:0")
    assert audit(old, _program(newer, images, device="/device:GPU:0")).verdict == "numbers changed"
    assert audit(old, _program(newer, images, device="/device:GPU:1")).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("mistake", ["averages", "exchanged", "momentum"])
@pytest.mark.parametrize("images, newer", [(False, _choosing), (True, _fused)])
def test_a_mistake_in_such_a_program_is_reported(images, newer, mistake):
    for dropped in (False, True):
        old = _program(_selecting, images, dropped=dropped, mistake=mistake)
        assert audit(old, _program(newer, images, dropped=dropped)).verdict == "not faithful"


def test_a_program_of_today_has_no_such_layer():
    result = audit(_program(_choosing), _program(_choosing))
    assert result.verdict == "faithful" and not result.numbers


@pytest.mark.parametrize("training", [True, False])
def test_both_compute_the_same_bits_but_for_the_last_of_the_averages(training):
    rng, found = np.random.default_rng(9), []
    x = rng.normal(size=(8, CHANNELS)).astype(np.float32)
    for layer in (_selecting, _choosing):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(_program(layer), name="")
            session.run([f"{name}/Assign" for name in ("gamma", "beta", "mean", "variance")])
            feeds = {"x:0": x, "training:0": training}
            results = session.run([f"result_{place}:0" for place in range(4)], feeds)
            session.run(["mean/moved", "variance/moved"], feeds)
            found.append((results, session.run(["mean:0", "variance:0"])))
    (results, moved), (others, averages) = found
    for one, other in zip(results, others, strict=True):
        np.testing.assert_array_equal(one, other)  # a zero may have another sign
    for one, other, begun in zip(moved, averages, (0.0, 1.0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-9)
        assert training or ((one == begun).all() and (other == begun).all())
