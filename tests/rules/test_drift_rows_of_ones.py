"""Batch normalization of 1.0 under Python 3, which reshaped its rows, computes the same, and no mistake hides in it."""

from functools import partial

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved

SHAPES = {"flat": (None, 3), "images": (None, 2, 2, 3)}


def normalized(old, shape, by, mistake="", twice=False, frozen=False):
    """Two layers that share gamma and beta, their averages and gradients.

    `by`: moments of the batch, the averages, or either as is fed; `twice`: each normalizes twice; `frozen`: gamma and
    beta get no gradients.
    """
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = floats(*SHAPES[shape])
        gamma, beta, average, spread, *weights = (
            floats(3, name=name) for name in ["gamma", "beta", "mean", "squares", "v", "w"]
        )
        axes, width = [*range(x.shape.rank - 1)], [1] * (x.shape.rank - 1) + [3]
        training = tf.reduce_max(gamma) > 0.5
        moving = [average, tf.square(spread)]

        def as_taken(row):
            return tf.reshape(row, width) if old else row

        def moments(h):
            shift = tf.stop_gradient(tf.reduce_mean(h, axes, keepdims=True))
            parts = tf.nn.sufficient_statistics(h, axes, shift=shift, keep_dims=old)
            mean, variance = tf.nn.normalize_moments(*parts[:3], shift=shift if old else tf.reshape(shift, [3]))
            return mean, variance

        def normalize(h, mean, variance, scale, offset):
            return tf.nn.batch_normalization(h, mean, variance, offset, scale, 0.01 if mistake == "epsilon" else 0.001)

        def layer(h):
            mean, variance = [as_taken(one) for one in moving] if by == "averages" else moments(h)
            if mistake == "moments":
                mean, variance = variance, mean
            rows = [as_taken(one) for one in (gamma, beta)]
            rows = rows[::-1] if mistake == "exchanged" else rows
            updates.extend(average - (tf.reshape(one, [-1]) if old else one) for one in (mean, variance))
            once = partial(normalize, mean=mean, variance=variance, scale=rows[0], offset=rows[1])

            def otherwise(h=h):
                return h * 2.0 if twice else normalize(h, *map(as_taken, moving), *rows)

            branches = (otherwise, partial(once, h)) if mistake == "branches" else (partial(once, h), otherwise)
            h = tf.cond(training, *branches) if by == "fed" else once(h)
            if not twice:
                return h
            others = [tf.reduce_max(beta) > 0.5, partial(once, h), partial(otherwise, h)]
            return tf.cond(*others) if by == "fed" else once(h)

        updates = []
        h = x * weights[0]
        for weight in weights:
            h = tf.tanh(layer(h * weight))
        loss = tf.reduce_mean(tf.square(h))
        with tf.name_scope("old" if old else "new"):  # of shapes that today's TensorFlow makes for nobody
            gradients = tf.gradients(loss, [*([] if frozen else [gamma, beta]), *weights], gate_gradients=True)
        if mistake == "gradients":
            gradients = gradients[::-1]
        if mistake == "averages":
            updates = updates[::-1]
        out(
            tf.concat(
                [
                    tf.reshape(one, [-1])
                    for one in (*gradients, *updates, h, tf.reduce_max(tf.reshape(beta, width), axes))
                ],
                0,
            )
        )
    return graph.as_graph_def()


@pytest.mark.parametrize("by", ["moments", "averages", "fed"])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_reshaped_or_not(shape, by):
    old = normalized(True, shape, by)
    assert "reshaped rows" in proved(old, normalized(False, shape, by)).rules
    for mistake in ("exchanged", "moments", "epsilon", "gradients", "averages", *(["branches"] if by == "fed" else [])):
        assert audit(old, normalized(False, shape, by, mistake)).verdict == "not faithful", mistake


def test_gradients_that_nothing_takes_are_of_rows_as_well():
    old, new = (normalized(one, "images", "fed", frozen=True) for one in (True, False))
    assert "reshaped rows" in proved(old, new).rules


def written_out(old, mistake=""):
    """A layer that a program writes itself of moments that keep their axes and a scale that it reshapes."""
    with tf.Graph().as_default() as graph:
        x, gamma = floats(5, 3), floats(3, name="gamma")
        h = tf.exp(x)
        if not old:
            moments = tf.nn.moments(h, [0], keepdims=True)
        else:
            shift = tf.stop_gradient(tf.reduce_mean(h, [0], keepdims=True))
            parts = tf.nn.sufficient_statistics(h, [0], shift=shift, keep_dims=True)
            moments = tf.nn.normalize_moments(*parts[:3], shift=shift)
        scale = tf.reshape(gamma, [1, 3])
        root = tf.rsqrt(moments[0 if mistake == "mean" else 1] + 0.001) * (scale * 2.0 if mistake == "scale" else scale)
        gradients = tf.gradients(tf.reduce_sum(tf.tanh((h - moments[0]) * root)), [x, gamma])
        tf.concat([tf.reshape(one, [-1]) for one in gradients], 0)
    return graph.as_graph_def()


def test_what_a_program_reshapes_itself_is_compared():
    result = audit(written_out(True), written_out(False))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["moments"])
    for mistake in ("mean", "scale"):
        assert audit(written_out(True), written_out(False, mistake)).verdict == "not faithful", mistake


@pytest.mark.parametrize("by", ["moments", "fed"])
def test_gradients_that_are_not_in_branches_of_one_condition_are_added_up_as_they_were(by):
    result = audit(normalized(True, "flat", by, twice=True), normalized(False, "flat", by, twice=True))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"])
