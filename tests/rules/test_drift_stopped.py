"""Gradients that end where they are stopped, and nothing uses: of moments, behind a condition, of rows."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def normalized(old, mistake="", kept=False, gate=True):
    """What is left of the mean of a batch, by its deviation, and how it trains a weight.

    `kept`: whether the axes of the mean are, of which the number is unknown then.
    """
    with tf.Graph().as_default() as graph:
        x, w = floats(None if kept else 5, 4), floats(4, 3, name="w")
        h = tf.matmul(x, w)
        still = h if mistake == "not stopped" else tf.stop_gradient(h)
        average = tf.reduce_mean(still, [0], keepdims=True)
        shift = tf.stop_gradient(average)
        if old:
            parts = tf.nn.sufficient_statistics(still, [0], shift=shift, keep_dims=kept)
            mean, variance = tf.nn.normalize_moments(*parts[:3], shift=shift if kept else tf.reshape(shift, [3]))
        else:
            squares = tf.math.squared_difference(still, shift)
            mean, variance = average, tf.reduce_mean(squares, [0], keepdims=True)
            if not kept:
                mean, variance = (tf.squeeze(one, [0]) for one in (mean, variance))
        scale = tf.rsqrt((mean if mistake == "scale" else variance) + 1.0)
        loss = tf.reduce_sum(tf.tanh((h - mean) * scale))
        gradient = tf.gradients(loss, [w], gate_gradients=gate)[0]
        if mistake == "taken":
            gradient += tf.reduce_sum(tf.gradients(loss, [still], gate_gradients=gate)[0])
        if mistake == "shift":
            gradient += tf.reduce_sum(tf.gradients(loss, [mean], gate_gradients=gate)[0])
        if mistake == "looked at":
            raw.Sign(x=raw.Sign(x=tf.gradients(loss, [mean], gate_gradients=gate)[0]))
        variable = raw.VariableV2(shape=[4, 3], dtype=tf.float32)
        raw.ApplyGradientDescent(var=variable, alpha=0.5, delta=gradient)
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("gate", [True, False])
@pytest.mark.parametrize("kept", [False, True])
def test_the_gradients_of_moments_of_what_is_stopped_are_made_for_nobody(kept, gate):
    right = {old: normalized(old, kept=kept, gate=gate) for old in (True, False)}
    result = audit(right[True], right[False])
    assert result.verdict == "numbers changed", result
    assert [one.cause for one in result.numbers] == ["moments"]
    for mistake in ("scale", "taken", "shift", "not stopped"):
        assert audit(right[True], normalized(False, mistake, kept, gate)).verdict == "not faithful", mistake
        assert audit(normalized(True, mistake, kept, gate), right[False]).verdict == "not faithful", mistake
    if kept:  # where it is made of the same gradients as what ends
        assert audit(right[True], normalized(False, "looked at", kept, gate)).verdict == "not faithful"


def divided(old, mistake=""):
    """A loss that a branch divides by a number, and its gradients; `old`: those for the number as well."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(None, 4), floats(4, 3, name="w")
        h, count = tf.matmul(x, w), tf.stop_gradient(tf.reduce_max(tf.abs(x)))
        taken = [lambda: tf.reduce_sum(h) / count, lambda: tf.constant(0.0 if mistake != "other" else 1.0)]
        taken = taken[::-1] if mistake == "turned" else taken
        loss = tf.cond(tf.reduce_sum(x) > 0.0, *taken) + tf.reduce_sum(tf.exp(h)) / count
        given = [w, count] if old or mistake == "used" else [w]
        gradients = tf.gradients(loss * 2.0 if mistake == "scale" else loss, given, gate_gradients=True)
        out(tf.tanh(gradients[0]) + (gradients[1] if mistake == "used" else 0.0))
    return graph.as_graph_def()


def test_gradients_that_end_behind_a_condition_are_made_for_nobody():
    assert "unused gradients" in proved(divided(True), divided(False)).rules
    for mistake in ("turned", "other", "scale", "used"):
        assert audit(divided(True), divided(False, mistake)).verdict == "not faithful", mistake
        assert audit(divided(True, mistake), divided(False)).verdict == "not faithful", mistake


def less_rows(old, mistake=""):
    """Rows less others of the same numbers, and their gradients, that train; `old`: those for the others as well."""
    with tf.Graph().as_default() as graph:
        x, w, y = floats(5, 4), floats(4, 3, name="w"), floats(15, name="y")
        rows, others = tf.constant([3, 0, 3]), tf.constant([3, 0, 4 if mistake == "rows" else 3])
        product, still = tf.matmul(x, w), tf.exp(y)
        difference = tf.gather(product, rows) - tf.gather(tf.reshape(still, [5, 3]), others)
        loss = tf.reduce_sum(tf.abs(difference)) * (2.0 if mistake == "scale" else 1.0)
        gradients = tf.gradients(loss, [w, still] if old or mistake == "used" else [w], gate_gradients=True)
        gradient = gradients[0] + (tf.reduce_sum(gradients[1]) if mistake == "used" else 0.0)
        variable = raw.VariableV2(shape=[4, 3], dtype=tf.float32)
        with tf.control_dependencies([raw.Assign(ref=variable, value=w)]):
            out(raw.AssignSub(ref=variable, value=gradient))
    return graph.as_graph_def()


def test_rows_for_nobody_are_not_made_dense_before_they_are_handed_on():
    assert "unused gradients" in proved(less_rows(True), less_rows(False)).rules
    for mistake in ("rows", "scale", "used"):
        assert audit(less_rows(True), less_rows(False, mistake)).verdict == "not faithful", mistake
        assert audit(less_rows(True, mistake), less_rows(False)).verdict == "not faithful", mistake
