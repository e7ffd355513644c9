"""Batch normalization of images whose `training` is fed is one op in each branch: it passes, and no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches

raw = tf.raw_ops
MOMENTUM, EPSILON, CHANNELS = 0.99, 1e-3, 3


def _number(variable, name):
    handle = raw.VariableV2(shape=[CHANNELS], dtype=tf.float32, name=name)
    raw.Assign(ref=handle, value=np.full(CHANNELS, variable, np.float32), name=f"{name}/Assign")
    return handle, raw.Identity(input=handle, name=f"{name}/read")


def _first(x, training, gamma, beta, averages):
    statistics = tf.nn.moments(x, [0, 1, 2])
    for (variable, average), statistic in zip(averages, statistics, strict=True):
        raw.AssignSub(
            ref=variable, value=(average - statistic) * np.float32(1 - MOMENTUM), name=f"{variable.op.name}/move"
        )
    given = statistics, [average for _, average in averages]
    branches = [lambda of=of: tf.nn.batch_normalization(x, *of, beta, gamma, EPSILON) for of in given]
    return tf.cond(training, *branches)


def _newer(x, training, gamma, beta, averages):
    given = {"x": x, "scale": gamma, "offset": beta, "mean": averages[0][1], "variance": averages[1][1]}
    branches = [
        lambda one=one: list(raw.FusedBatchNormV3(**given, epsilon=EPSILON, is_training=one)[:3])
        for one in (True, False)
    ]
    y, *statistics = tf.cond(training, *branches)
    momentum = tf.cond(training, lambda: tf.constant(MOMENTUM), lambda: tf.constant(1.0))
    for (variable, average), statistic in zip(averages, statistics, strict=True):
        raw.AssignSub(ref=variable, value=(average - statistic) * (1.0 - momentum), name=f"{variable.op.name}/move")
    return y


@functools.cache
def _program(layer, scaled=True, besides=False):
    """Return a graph that normalizes two images by the same variables; `besides`: and uses one of them besides."""
    with tf.Graph().as_default() as graph, build_switches():
        images = [tf.placeholder(tf.float32, [4, 6, 6, CHANNELS], name=name) for name in "xy"]
        training = tf.placeholder(tf.bool, [], name="training")
        gamma = _number(1.5, "gamma")[1] if scaled else tf.ones([CHANNELS]) if layer is _newer else None
        beta, averages = _number(0.5, "beta")[1], [_number(0.0, "mean"), _number(1.0, "variance")]
        taken = [tf.tanh(one) for one in images]
        results = [layer(one, training, gamma, beta, averages) for one in taken]
        loss = tf.reduce_sum(tf.square(results[0])) + tf.reduce_sum(tf.exp(results[1]))
        if besides:
            loss += tf.reduce_sum(tf.sigmoid(taken[0]))
        sources = [beta, *images, *([gamma] if scaled else [])]
        gradients = tf.gradients(loss, sources, gate_gradients=True)
        for place, gradient in enumerate([loss, *gradients]):
            raw.Identity(input=gradient, name=f"result_{place}")
    return graph.as_graph_def()


CAUSES = {"fused batch normalization", "normalized in branches"}


@pytest.mark.long
@pytest.mark.parametrize("how", [{}, {"scaled": False}, {"besides": True}])
def test_the_port_has_both_causes_and_nothing_else_differs(how):
    result = audit(_program(_first, **how), _program(_newer, **how))
    assert list(result.differences) == [] and result.verdict == "numbers changed"
    assert {one.cause for one in result.numbers} - {"order of a sum", "moments"} == CAUSES


@pytest.mark.parametrize("training", [True, False])
def test_both_compute_the_same_but_for_last_bits_and_the_averages(training):
    rng, found = np.random.default_rng(9), []
    feed = {f"{name}:0": rng.normal(size=(4, 6, 6, CHANNELS)) for name in "xy"} | {"training:0": training}
    for layer in (_first, _newer):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(_program(layer), name="")
            session.run([op for op in graph.get_operations() if op.type == "Assign"])
            found.append(session.run([f"result_{place}:0" for place in range(5)], feed))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


def attribute(op, key, **value):
    def edit(nodes):
        node = next(node for node in nodes if node.op == op)
        for kind, one in value.items():
            setattr(node.attr[key], kind, one)

    return edit


def _exchanged(op, first, second, place=0):
    def edit(nodes):
        node = [node for node in nodes if node.op == op][place]
        node.input[first], node.input[second] = node.input[second], node.input[first]

    return edit


def _constant(old, new):
    def edit(nodes):
        for node in nodes:
            if node.op == "Const" and list(node.attr["value"].tensor.float_val) == [np.float32(old)]:
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(new, tf.float32))

    return edit


def _placed(op, place):
    def edit(nodes):
        [node for node in nodes if node.op == op][place].device = "/device:CPU:0"

    return edit


EDITS = [
    attribute("FusedBatchNormGradV3", "epsilon", f=0.01),
    _exchanged("FusedBatchNormV3", 3, 4, place=1),
    _exchanged("Merge", 0, 1),
    _constant(MOMENTUM, 0.9),
    attribute("FusedBatchNormV3", "epsilon", f=0.01),
    attribute("FusedBatchNormV3", "is_training", b=False),
    attribute("FusedBatchNormV3", "exponential_avg_factor", f=0.5),
    _exchanged("FusedBatchNormV3", 1, 2),
    *(_exchanged("Merge", 0, 1, place) for place in (1, 2, 3)),
    _constant(1.0, 0.9),
    _constant(MOMENTUM, [MOMENTUM] * 3),
    *(_placed(op, place) for op in ("FusedBatchNormV3", "FusedBatchNormGradV3") for place in (0, 1)),
]


# `make test` has one of each kind.
@pytest.mark.long
@pytest.mark.parametrize("edit", [*EDITS[:4], *(pytest.param(edit, marks=pytest.mark.long) for edit in EDITS[4:])])
def test_a_mistake_in_such_a_port_is_reported(edit):
    port = tf.GraphDef.FromString(_program(_newer).SerializeToString())
    edit(port.node)
    assert audit(_program(_first), port).verdict == "not faithful"


def test_where_nobody_takes_a_gradient_or_its_sum_is_another_the_audit_goes_on():
    for op in ("AddN", "FusedBatchNormGradV3"):
        port = tf.GraphDef.FromString(_program(_newer, scaled=False, besides=True).SerializeToString())
        for node in port.node:
            if any(maker.partition(":")[0] in {one.name for one in port.node if one.op == op} for maker in node.input):
                node.input[0] = "x"
        assert audit(_program(_first, scaled=False, besides=True), port).verdict == "not faithful"
