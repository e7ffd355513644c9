"""Rows that are taken in a branch, or of what hands on its gradient, beside other gradients of the same tensor."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.eager import backprop_util
from tensorflow.python.ops import math_ops

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved
from test_drift_updates import weights_after

raw = tf.raw_ops


def _joined(gradients):
    """Return the list of rows that the first releases made of a tensor's gradients, if some are such lists."""
    lists = math_ops._as_indexed_slices_list([one for one in gradients if one is not None], optimize=False)
    values, indices = (tf.concat([getattr(one, which) for one in lists], 0) for which in ("values", "indices"))
    return tf.IndexedSlices(values, indices, lists[0].dense_shape)


def _built(form, old=False, **mistake):
    with pytest.MonkeyPatch.context() as patch, tf.Graph().as_default() as graph, control_flow_v1():
        if old:
            patch.setattr(backprop_util, "AggregateIndexedSlicesGradients", _joined)
        form(**mistake)
        tf.variables_initializer(tf.global_variables(), name="begin")
    return graph


def _branched(scale=2.0, turned=False, after=0, inside=False):
    """Rows of weights, or in another branch of what is made of them, that are tied to others."""
    x = tf.placeholder(tf.int32, [None], name="x")
    start = tf.constant(np.random.default_rng(2).normal(size=(7, 7)), tf.float32)
    weights = tf.Variable(start, name="weights", use_resource=False)
    taken = [lambda: tf.tanh(weights) * scale, lambda: tf.identity(weights)]
    table = tf.cond(x[1] > 2, *(taken[::-1] if turned else taken))
    table = tf.tanh(table) if inside else table
    loss = tf.reduce_sum(tf.tanh(tf.matmul(tf.gather(table, x + after), weights, transpose_b=True)))
    (gradient,) = tf.gradients(loss, [weights], gate_gradients=True)
    tf.train.GradientDescentOptimizer(0.1).apply_gradients([(gradient, weights)], name="train")


def _handed(scale=2.0, after=0, beside=True, bias=True):
    """Rows of a layer, and all of it, whose gradient is handed on when that for the bias is there as well."""
    x = tf.placeholder(tf.int32, [None], name="x")
    starts = tf.constant(np.random.default_rng(2).normal(size=(3, 7, 7)), tf.float32)
    weights, others = (tf.Variable(starts[k], name=name, use_resource=False) for k, name in enumerate(("weights", "o")))
    layer = tf.nn.bias_add(tf.matmul(starts[2], weights), others[0]) if bias else tf.matmul(starts[2], weights)
    loss = tf.reduce_sum(tf.tanh(tf.gather(layer, x + after))) * scale
    loss += tf.reduce_sum(tf.tanh(layer)) if beside else 0.0
    gradients = tf.gradients(loss, [weights, others], gate_gradients=True)
    gradients = [(one, two) for one, two in zip(gradients, [weights, others], strict=True) if one is not None]
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(gradients, name="train")


@pytest.mark.long
@pytest.mark.parametrize(
    "form, mistakes",
    [
        (_branched, [{"scale": 3.0}, {"turned": True}, {"after": 1}, {"inside": True}]),
        (_handed, [{"scale": 3.0}, {"after": 1}, {"beside": False}, {"bias": False}]),
    ],
)
def test_such_rows_are_made_dense_before_they_are_added(form, mistakes):
    old, new = _built(form, True), _built(form)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert result.differences == [] and [one.cause for one in result.numbers] == ["dense and sparse gradients"]
    np.testing.assert_allclose(weights_after(old), weights_after(new), rtol=1e-4, atol=1e-6)
    for mistake in mistakes:
        assert audit(old.as_graph_def(), _built(form, **mistake).as_graph_def()).verdict == "not faithful", mistake
        assert audit(_built(form, True, **mistake).as_graph_def(), new.as_graph_def()).verdict == "not faithful"


def _counted(known, others=7, rank=1):
    """Rows that are added up into as many as either branch says, or so many."""
    x = floats(3, 4)
    taken = [lambda: tf.constant([7, 4][:rank]), lambda: tf.constant([others, 4])]
    sizes = tf.cond(tf.reduce_sum(x) > 0.0, *taken)
    out(raw.UnsortedSegmentSum(data=x, segment_ids=[0, 2, 0], num_segments=7 if known else sizes[0]))


def test_a_size_that_both_branches_have_is_known():
    old, new = (_built(_counted, known=one, rank=2).as_graph_def() for one in (True, False))
    proved(old, new)
    for mistake in ({"others": 6}, {"rank": 1}):
        port = _built(_counted, known=False, **{"rank": 2, **mistake}).as_graph_def()
        assert audit(old, port).verdict == "not faithful"
        assert audit(_built(_counted, known=True, **{"rank": 2, **mistake}).as_graph_def(), port).differences
