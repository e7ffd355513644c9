"""Batch normalization of volumes, which tf.layers fuses by now and 1.15 did not: it passes, and no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from test_drift_fused_branches import EPSILON, MOMENTUM, attribute

raw = tf.raw_ops
CHANNELS, SIZES = 3, [2, 4, 2, 3]


def chosen(training, one, other):
    if isinstance(training, bool):
        return one() if training else other()
    return tf.cond(training, one, other)


def _read(row):
    """Read a variable, which is read once, however many layers share it."""
    name = f"{row.op.name}/read"
    made = [op for op in row.graph.get_operations() if op.name == name]
    return made[0].outputs[0] if made else tf.identity(row, name)


def written(x, training, rows, epsilon=EPSILON, momentum=MOMENTUM):
    gamma, beta, *averages = [_read(row) for row in rows]
    pairs = zip(tf.nn.moments(x, [0, 1, 2, 3]), averages, strict=True) if training is not False else ()
    statistics = [chosen(training, *(functools.partial(tf.convert_to_tensor, one) for one in pair)) for pair in pairs]
    for row, average, one in zip(rows[2:], averages, statistics, strict=False):
        with tf.get_default_graph().colocate_with(row.op):
            moved = functools.partial(lambda *of: tf.assign_sub(of[0], (of[1] - of[2]) * (1 - momentum)), row, average)
            chosen(training, functools.partial(moved, one), lambda average=average: average)
    return tf.nn.batch_normalization(x, *(statistics or averages), beta, gamma, epsilon)


def fused(x, training, rows, momentum=MOMENTUM, exchanged=False, **others):
    gamma, beta, *averages = [_read(row) for row in rows]
    given = {"x": x, "scale": gamma, "offset": beta, "mean": averages[0], "variance": averages[1]}
    given |= {"epsilon": EPSILON, "data_format": "NDHWC"} | others
    y, *statistics = chosen(
        training, *(lambda one=one: list(raw.FusedBatchNormV3(**given, is_training=one)[:3]) for one in (True, False))
    )
    if training is False:
        return y
    rate = 1.0 - chosen(training, lambda: tf.constant(momentum), lambda: tf.constant(1.0))
    statistics = statistics[::-1] if exchanged else statistics
    for row, average, one in zip(rows[2:], averages, statistics, strict=True):
        with tf.get_default_graph().colocate_with(row.op):
            tf.assign_sub(row, (average - one) * rate)
    return y


@functools.cache
def program(layer, training, again=False, **how):
    """Return the graph of a layer and its gradients, which are clipped by the norm of all.

    `again`: the same is normalized once more, as where a program samples, and has no gradients.
    """
    with tf.Graph().as_default() as graph, build_switches():
        x = tf.placeholder(tf.float32, [*SIZES, CHANNELS], name="x")
        is_training = tf.placeholder(tf.bool, [], name="training") if training is None else training
        rows = [raw.VariableV2(shape=[CHANNELS], dtype=tf.float32, name=f"row_{k}") for k in range(4)]
        for number, row in enumerate(rows):
            raw.Assign(ref=row, value=np.full(CHANNELS, number % 2 + 0.5, np.float32), name=f"{row.op.name}/Assign")
        h = tf.tanh(x)
        loss = tf.reduce_sum(tf.square(layer(h, is_training, rows, **how)))
        sources = [x, *(op.outputs[0] for k in (0, 1) for op in [graph.get_operation_by_name(f"row_{k}/read")])]
        gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, sources, gate_gradients=True), 5.0)
        for place, gradient in enumerate([loss, *gradients]):
            raw.Identity(input=gradient, name=f"result_{place}")
        if again:
            raw.Identity(input=tf.sin(layer(h, is_training, rows, **how)), name="again")
    graph_def = graph.as_graph_def()
    graph_def.versions.producer = 134 if layer is written else graph_def.versions.producer
    return graph_def


TRAINING = [True, False, None]  # None: what is fed says it


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("training", TRAINING)
def test_a_port_that_is_fused_has_that_cause_and_nothing_else_differs(training, again):
    result = audit(program(written, training, again), program(fused, training, again))
    assert list(result.differences) == [] and result.verdict == "numbers changed"
    assert {one.cause for one in result.numbers} - {"order of a sum"} == {"fused batch normalization"}


@pytest.mark.parametrize("training", [True, False])
def test_both_compute_the_same_but_for_last_bits(training):
    feed, found = {"x:0": np.random.default_rng(5).normal(size=(*SIZES, CHANNELS)), "training:0": training}, []
    for layer in (written, fused):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(program(layer, None), name="")
            session.run([op for op in graph.get_operations() if op.type == "Assign"])
            found.append(session.run([f"result_{place}:0" for place in range(4)], feed))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("training", TRAINING)
@pytest.mark.parametrize("mistake", [{"epsilon": 0.01}, {"momentum": 0.9}, {"exchanged": True}], ids=str)
def test_a_mistake_in_such_a_port_is_reported(training, mistake):
    if training is False and "epsilon" not in mistake:
        return  # nothing is moved
    for again in (False, True):
        port = program(fused, training, again, **mistake)
        assert audit(program(written, training, again), port).verdict == "not faithful"


@pytest.mark.long
def test_other_training_and_releases_are_reported():
    for one, other in ((True, False), (False, True), (None, True), (True, None)):
        assert audit(program(written, one), program(fused, other)).verdict == "not faithful"
    for edit in (
        attribute("FusedBatchNormV3", "is_training", b=False),
        attribute("FusedBatchNormV3", "exponential_avg_factor", f=0.5),
        attribute("FusedBatchNormGradV3", "epsilon", f=0.01),
    ):
        for training in (True, None):
            port = tf.GraphDef.FromString(program(fused, training).SerializeToString())
            edit(port.node)
            assert audit(program(written, training), port).verdict == "not faithful"
    newer = tf.GraphDef.FromString(program(written, True).SerializeToString())
    newer.versions.producer = 2474
    assert audit(newer, program(fused, True)).verdict == "not faithful"
