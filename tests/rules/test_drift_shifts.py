"""Moments from TensorFlow 1.1 to 1.3, corrected by what is left of a shift: a cause, that hides no mistake."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import runs

CAUSE = "shifted moments"


def moments(form, x, axes, keep=False):
    """Return mean and variance, as today ("new"), as they were ("old"), or with a mistake in what was."""
    if form == "new":
        return tf.nn.moments(x, axes, keep_dims=keep)
    others = {k: [0] if form == k else axes for k in ("another mean", "another axis", "axis of squares")}
    m = tf.reduce_mean(x, others["another mean"], keepdims=True)
    m = m if form == "not stopped" else tf.stop_gradient(m)
    r = tf.reduce_mean(x - m, others["another axis"], keepdims=True)
    mean = r + (tf.stop_gradient(r) if form == "another shift" else m)
    squares = (
        tf.square(x) if form == "no difference" else tf.squared_difference(x * 2 if form == "of another" else x, m)
    )
    squares = tf.reduce_mean(squares, others["axis of squares"], keepdims=True)
    variance = squares - (tf.square(m) if form == "square of another" else tf.square(r))
    return (mean, variance) if keep else (tf.squeeze(mean, axes), tf.squeeze(variance, axes))


@functools.cache
def normalized(form, gated=True, keep=False, rows=None, of=lambda mean, variance: (mean, variance), axes=(0, 1)):
    """Normalize a batch of products, and train what made them."""
    with tf.Graph().as_default() as graph:
        x, w = floats(rows, 3, 4), floats(4, 5, name="w")
        y = tf.tensordot(x, w, 1)
        mean, variance = of(*moments(form, y, list(axes), keep))
        z = tf.nn.batch_normalization(y, mean, variance, None, None, 1e-3)
        gradients = tf.gradients(tf.reduce_sum(tf.cos(z)), [w], gate_gradients=gated)
        out(tf.concat([tf.reshape(one, [-1]) for one in (z, *gradients)], 0))
    return graph.as_graph_def()


def of_variance(mean, variance):
    return 0.0, variance


def of_mean(mean, variance):
    return mean, tf.stop_gradient(variance)


GIVEN = [
    {"gated": gated, "keep": keep, "rows": rows}
    for gated, keep, rows in itertools.product((True, False), (True, False), (6, None))
]
GIVEN += [{"of": of_variance, "gated": gated, "rows": 6} for gated in (True, False)]
GIVEN += [{"axes": (2,), "keep": True}]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: "-".join(map(str, given.values())).split(" at")[0])
def test_the_cause_is_said_and_the_last_bits_change(given):
    old, new = (normalized(form, **given) for form in ("old", "new"))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", [CAUSE]), result.differences
    found = [[np.frombuffer(one, np.float32) for one in runs(graph, range(5))] for graph in (old, new)]
    for before, after in zip(*found, strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-3, atol=1e-3)
    assert any((before != after).any() for before, after in zip(*found, strict=True)), "else it would be a rule"


MISTAKES = ["another mean", "another axis", "axis of squares", "not stopped", "another shift", "of another"]
MISTAKES += ["no difference", "square of another"]


@pytest.mark.long
@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_otherwise_is_reported(mistake):
    kept = {"keep": True, "axes": (0, 2)}
    assert audit(normalized("old", **kept), normalized("new", **kept)).verdict == "numbers changed"
    assert audit(normalized(mistake, **kept), normalized("new", **kept)).verdict == "not faithful"
    assert audit(normalized("old", **kept), normalized(mistake, **kept)).verdict == "not faithful"


def of_three(nodes):
    nodes["gradients/Square_grad/Const"].attr["value"].tensor.float_val[:] = [3.0]


def not_negated(nodes):
    nodes["gradients/sub_1_grad/Neg"].op = "Abs"


def of_a_sum(nodes):
    nodes["gradients/Mean_1_grad/truediv"].op = "Mul"


def of_what_is_squared(nodes):
    nodes["gradients/Square_grad/Mul"].input[0] = "Mean"


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("edit", [of_three, not_negated, of_a_sum, of_what_is_squared], ids=lambda edit: edit.__name__)
def test_another_gradient_is_reported(edit, gated):
    old = tf.GraphDef.FromString(normalized("old", gated, rows=6).SerializeToString())
    edit({node.name: node for node in old.node})
    assert audit(old, normalized("new", gated, rows=6)).verdict == "not faithful"


def test_a_port_that_writes_the_old_moments_out_is_faithful():
    assert audit(normalized("old"), normalized("old")).verdict == "faithful"
    text = audit(normalized("old"), normalized("new")).numbers[0].advice
    assert "r = tf.reduce_mean(x - m, axes, keepdims=True), mean = r + m" in text  # as `moments` has it
