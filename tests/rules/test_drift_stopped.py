"""Moments of a tensor whose gradient is stopped: theirs end there, and nothing uses them."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats

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
