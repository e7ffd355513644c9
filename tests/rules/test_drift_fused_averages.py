"""The averages of fused batch normalization of 1.4: a port of it passes with its cause, and no mistake does."""

import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.fused_averages import CAUSE
from test_drift_fused_branches import CHANNELS, EPSILON, MOMENTUM, _number

raw = tf.raw_ops
NOTHING = np.zeros(0, np.float32)


def _select(condition, one, other):
    one, other = tf.expand_dims(one, 0), tf.expand_dims(other, 0)
    return tf.squeeze(raw.Select(condition=tf.reshape(condition, [1]), x=one, y=other), [0])


def _normalized(old, training, averages, x, scale, offset):
    """Return what normalizes, in training or as the condition says, with mean and variance."""

    def layer(is_training):
        given = {"x": x, "scale": scale, "offset": offset, "epsilon": EPSILON, "is_training": is_training}
        mean, variance = (NOTHING, NOTHING) if old and is_training else [average for _, average in averages]
        return list((raw.FusedBatchNorm if old else raw.FusedBatchNormV3)(**given, mean=mean, variance=variance)[:3])

    if training is None:
        return layer(True)
    return tf.cond(training, lambda: layer(True), lambda: layer(False))


def _rate(old, training, momentum, by_branches):
    if old and by_branches:
        return tf.cond(training, lambda: tf.constant(1 - momentum), lambda: tf.constant(0.0))
    if old:
        rate = tf.constant(1 - momentum)
        return rate if training is None else _select(training, rate, tf.constant(0.0))
    if training is not None:
        return 1.0 - tf.cond(training, lambda: tf.constant(momentum), lambda: tf.constant(1.0))
    return raw.Sub(x=tf.constant(1.0), y=tf.constant(momentum))


def _program(old, fed=False, momentum=MOMENTUM, exchanged=False, producer=24, added=False, device=None):
    """`fed`: whether it is in training; "inside": the layer is in a branch, which is taken; "1.5": fed, as 1.5 had it.

    `device`: that of the layer, if that is another than that of its variables.
    """
    with tf.Graph().as_default() as graph, build_switches():
        x = tf.placeholder(tf.float32, [4, 6, 6, CHANNELS], name="x")
        training = tf.placeholder(tf.bool, [], name="training") if fed in (True, "1.5") else None
        scale, offset = _number(1.5, "gamma")[1], _number(0.5, "beta")[1]
        averages = [_number(0.0, "mean"), _number(1.0, "variance")]

        def layer():
            y, *statistics = _normalized(old, training, averages, x, scale, offset)
            rate = _rate(old, training, momentum, fed == "1.5")
            given = statistics[::-1] if exchanged else statistics
            for (variable, average), statistic in zip(averages, given, strict=True):
                with graph.colocate_with(variable.op):
                    read = raw.Identity(input=variable) if old else average
                    distance = read + statistic if added else read - statistic
                    moved = raw.AssignSub(ref=variable, value=distance * rate)
                raw.Identity(input=moved, name=f"{variable.op.name}_moved")
            return y

        is_taken = tf.placeholder_with_default(True, [], name="taken")
        with tf.device(device):
            y = tf.cond(is_taken, layer, lambda: x, name="branch") if fed == "inside" else layer()
        raw.Identity(input=y, name="result")
    graph_def = graph.as_graph_def()
    if old:
        graph_def.versions.producer = producer
    return graph_def


@pytest.mark.parametrize("device", [None, "/device:GPU:1"])
@pytest.mark.parametrize("fed", [False, True, "inside", "1.5"])
def test_the_port_has_the_cause_and_nothing_else_differs(fed, device):
    result = audit(_program(True, fed, device=device), _program(False, fed, device=device))
    assert list(result.differences) == [] and [one.cause for one in result.numbers] == [CAUSE], result.differences


@pytest.mark.parametrize("mistake", [{"momentum": 0.9}, {"exchanged": True}, {"added": True}], ids=str)
@pytest.mark.parametrize("fed", [False, True, "inside", "1.5"])
def test_a_mistake_in_either_is_reported(fed, mistake):
    assert audit(_program(True, fed), _program(False, fed, **mistake)).verdict == "not faithful"
    assert audit(_program(True, fed, **mistake), _program(False, fed)).verdict == "not faithful"


def test_a_program_of_a_later_release_has_the_rate_of_today():
    assert audit(_program(True, producer=27), _program(False)).verdict == "not faithful"


def test_another_device_is_reported():
    assert audit(_program(True, True), _program(False, True, device="/device:GPU:1")).verdict == "not faithful"


@pytest.mark.parametrize("fed", [None, True, False, "inside", "1.5"])
def test_both_give_every_bit_but_the_last_of_the_averages(fed):
    x, found = np.random.default_rng(3).normal(size=(4, 6, 6, CHANNELS)).astype(np.float32), []
    for old in (True, False):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(_program(old, fed if fed in (None, "inside", "1.5") else True), name="")
            session.run([f"{name}/Assign" for name in ("gamma", "beta", "mean", "variance")])
            feeds = {"x:0": x, **({"training:0": bool(fed)} if fed in (True, False, "1.5") else {})}
            moved = [f"{'branch/' * (fed == 'inside')}{name}_moved:0" for name in ("mean", "variance")]
            found.append([session.run("result:0", feeds), *session.run(moved, feeds)])
    assert found[0][0].tobytes() == found[1][0].tobytes()
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    ("fed", "op"), [*itertools.product([False, True, "inside"], ["Sub", "Mul"]), (True, "Merge"), ("1.5", "Merge")]
)
def test_what_moves_an_average_waits_in_the_port_for_what_it_does_in_the_original(fed, op):
    old, new = _program(True, fed), _program(False, fed)
    for node in [node for node in new.node if node.op == op]:
        node.input.append("^gamma/Assign")
        assert audit(old, new).verdict == "not faithful", node.name
        node.input.pop()
