"""Gradients that are only fetched, as by `tf.gradients`: what goes to nobody may differ, what is fetched may not."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1

raw = tf.raw_ops
_LOOKS = {"Exp": tf.exp, "L2Loss": tf.nn.l2_loss}
_LOOKS["flat"] = lambda one, name: tf.concat([tf.reshape(one, [-1]), tf.reshape(one * one, [-1])], 0, name=name)
FED = {"x": [None, 4], "y": [None, 4]}


def _quotient(total, count, old):
    """What is divided by a count, or 0, as a loss until 1.12 wrote it or as today's does."""
    if not old:
        return raw.DivNoNan(x=total, y=count)
    safe = raw.Select(condition=raw.Equal(x=count, y=0.0), x=tf.constant(1.0), y=count)
    return raw.Select(condition=raw.Greater(x=count, y=0.0), x=raw.RealDiv(x=total, y=safe), y=tf.constant(0.0))


def _loss(old, scale=1.0, first=False, looked_at=None):
    """Return the GraphDef of a weighted loss and its gradients, which are fetched."""
    with tf.Graph().as_default() as graph:
        x, y = (tf.placeholder(tf.float32, shape, name=name) for name, shape in FED.items())
        losses, weights = raw.SquaredDifference(x=x, y=y), tf.constant(1.0)
        present = tf.reduce_sum(tf.where(tf.equal(weights, 0.0), 0.0, 1.0) * tf.ones_like(losses))
        value = _quotient(tf.reduce_sum(losses * weights), present, old)
        gradients = tf.gradients(value, [x, y], gate_gradients=True)
        if first:
            gradients[1] = gradients[0]
        for place, one in enumerate([value, gradients[0] * scale if scale != 1.0 else gradients[0], gradients[1]]):
            raw.Identity(input=one, name=f"result_{place}")
        if looked_at:
            _LOOKS[looked_at](gradients[0], name="looked_at")
    return graph.as_graph_def()


def _results(graph_def, **fed):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        return session.run([f"result_{place}:0" for place in range(3)], {f"{name}:0": one for name, one in fed.items()})


def test_a_loss_of_which_the_gradients_are_fetched_passes_and_gives_every_bit():
    old, new = _loss(True), _loss(False)
    result = audit(old, new)
    assert list(result.differences) == [] and "unused gradients" in result.rules, result.differences
    rng = np.random.default_rng(4)
    for rows in (0, 1, 7):
        x, y = rng.normal(size=(2, rows, 4)).astype(np.float32)
        for one, other in zip(_results(old, x=x, y=y), _results(new, x=x, y=y), strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("mistake", [{"scale": 2.0}, {"first": True}, *({"looked_at": one} for one in _LOOKS)], ids=str)
def test_another_fetched_gradient_and_what_is_looked_at_in_one_graph_alone_are_reported(mistake):
    assert audit(_loss(True, **mistake), _loss(False)).verdict == "not faithful"
    assert audit(_loss(True), _loss(False, **mistake)).verdict == "not faithful"


def test_what_both_look_at_passes():
    result = audit(_loss(True, looked_at="L2Loss"), _loss(False, looked_at="L2Loss"))
    assert list(result.differences) == [], result.differences


def _summed(old, scale=1.0, looked_at=None, last="y"):
    """A product with a sum of gradients, in the order that a release adds them up; the first trains a variable."""
    with tf.Graph().as_default() as graph:
        x, y = (tf.placeholder(tf.float32, shape, name=name) for name, shape in FED.items())
        parts = [raw.TanhGrad(y=x, dy=y * scale), raw.SigmoidGrad(y=x, dy=y)]
        raw.AssignSub(ref=raw.VariableV2(shape=[7, 4], dtype=tf.float32), value=parts[0])
        total = raw.AddN(inputs=parts if old else parts[::-1])
        result = raw.Mul(x=total, y={"x": x, "y": y}[last])
        if old:
            raw.Sum(input=raw.Mul(x=result, y=total), axis=[0, 1])
        for place, one in enumerate([*parts, result]):
            raw.Reshape(tensor=one, shape=[-1], name=f"result_{place}")
        if looked_at:
            _LOOKS[looked_at](result, name="looked_at")
    return graph.as_graph_def()


def test_what_one_graph_alone_makes_of_a_sum_in_another_order_is_passed_over():
    old, new = _summed(True), _summed(False)
    result = audit(old, new)
    assert result.verdict == "faithful" and {"unused gradients", "commuted sum"} <= result.rules.keys()
    x, y = np.random.default_rng(6).normal(size=(2, 7, 4)).astype(np.float32)
    for one, other in zip(_results(old, x=x, y=y), _results(new, x=x, y=y), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("mistake", [{"scale": 2.0}, {"looked_at": "Exp"}, {"last": "x"}], ids=str)
def test_a_mistake_in_what_it_is_made_from_is_reported(mistake):
    assert audit(_summed(True, **mistake), _summed(False)).verdict == "not faithful"
    assert audit(_summed(True), _summed(False, **mistake)).verdict == "not faithful"


def _normalized(old, taken="mean", epsilon=1e-3, twice=False):
    """The gradients of fused batch normalization by averages, as the first op has them or the third."""
    with tf.Graph().as_default() as graph:
        x, g = (tf.placeholder(tf.float32, [2, 3, 3, 4], name=name) for name in "xg")
        fed = {name: tf.placeholder(tf.float32, [4], name=name) for name in ("scale", "offset", "mean", "variance")}
        given = {"x": x, **fed, "epsilon": 1e-3, "is_training": False}
        made = (raw.FusedBatchNorm if old else raw.FusedBatchNormV3)(**given)
        if twice:
            raw.Identity(input=raw.FusedBatchNorm(**{**given, "offset": fed["scale"]})[0], name="twice")
        averages = {"reserve_space_1": fed[taken], "reserve_space_2": fed["variance"]}
        if not old:
            averages["reserve_space_3"] = made[5]
        back = (raw.FusedBatchNormGrad if old else raw.FusedBatchNormGradV3)(
            y_backprop=g, x=x, scale=fed["scale"], **averages, epsilon=epsilon, is_training=False
        )
        for place, one in enumerate([made[0], *back[:3]]):
            raw.Identity(input=one, name=f"result_{place}")
    return graph.as_graph_def()


def test_the_gradient_by_averages_is_that_of_the_first_op_and_gives_every_bit():
    old, new = _normalized(True), _normalized(False)
    result = audit(old, new)
    assert result.verdict == "faithful" and "third batch normalization" in result.rules, result.differences
    rng = np.random.default_rng(5)
    fed = {name: rng.uniform(0.5, 2, size=4).astype(np.float32) for name in ("scale", "offset", "mean", "variance")}
    fed |= {name: rng.normal(size=(2, 3, 3, 4)).astype(np.float32) for name in "xg"}
    for one, other in zip(_results(old, **fed), _results(new, **fed), strict=True):
        assert one.tobytes() == other.tobytes()


def test_other_averages_another_epsilon_and_the_gradient_of_no_known_op_are_reported():
    for mistake in ({"taken": "variance"}, {"epsilon": 1e-2}):
        assert audit(_normalized(True, **mistake), _normalized(False)).verdict == "not faithful"
        assert audit(_normalized(True), _normalized(False, **mistake)).verdict == "not faithful"
    new = _normalized(False)
    assert audit(_normalized(True, twice=True), new).verdict == "not faithful", "of which op it is cannot be told"


_DIRECTED = (([None, 2], "x"), ([None, 3], "direction"), ([2, 3], "w"))


def _forward(old, mistake=""):
    """Return the derivatives of a derivative, taken forward by a direction.

    The second backward pass began with ones. For these the third made what the second began from once more, and the
    first releases the gradient for the one number that they were filled with.
    """
    with tf.Graph().as_default() as graph:
        x, direction, w = (tf.placeholder(tf.float32, shape, name=name) for shape, name in _DIRECTED)
        (back,) = tf.gradients(tf.tanh(tf.matmul(x, w)), x, direction)
        (forward,) = tf.gradients(back, direction)
        (again,) = tf.gradients(forward, x, direction)
        if old:
            for_ones = raw.MatMul(a=back.op.inputs[0], b=w, transpose_b=True)
            taken = {"no gradient": x, "another": again}.get(mistake, for_ones)
            raw.Sum(input=taken, axis=[0] if mistake == "rows" else [0, 1])
        if mistake == "its own":
            raw.Sum(input=back, axis=[0, 1])
        raw.Identity(input=tf.gradients(again, direction)[0], name="result")
    return graph.as_graph_def()


def test_the_gradient_for_the_number_that_a_backward_pass_began_with_may_be_missing():
    assert audit(_forward(True), _forward(False)).verdict == "faithful"
    for mistake in ("no gradient", "another", "its own", "rows"):
        assert audit(_forward(True, mistake), _forward(False)).verdict == "not faithful", mistake


@pytest.mark.parametrize("branch", [tf.nn.l2_loss, tf.reduce_max], ids=lambda branch: branch.__name__)
def test_what_a_condition_gives_of_a_gradient_may_be_fetched(branch):
    def built(seen):
        with tf.Graph().as_default() as graph, control_flow_v1():
            x, w = (tf.placeholder(tf.float32, shape, name=name) for shape, name in (([None, 4], "x"), ([4, 3], "w")))
            loss = tf.reduce_sum(tf.exp(tf.matmul(x, w)))
            (gradient,) = tf.gradients(loss, [w], gate_gradients=True)
            is_large = tf.reduce_sum(x) > 0.0
            tf.cond(is_large, lambda: tf.clip_by_norm(gradient, 1.0), lambda: gradient * 1.0, name="clipped")
            if seen:
                tf.cond(is_large, lambda: branch(gradient), lambda: tf.constant(0.0), name="seen")
        return graph.as_graph_def()

    assert audit(built(True), built(False)).verdict == "not faithful"
    assert audit(built(False), built(True)).verdict == "not faithful"
