"""Gradients for parts of what is joined, given as rows or dense, and numbers of rows that nobody takes."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.ops.array_grad import _ConcatGradV2

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved, runs

raw = tf.raw_ops


def _below_zeros(new, mistake=None, gated=True):
    """The gradient of a table below a row of zeros, of a dense and a sparse gradient for both together."""
    with tf.Graph().as_default() as graph:
        table, dense, values, zeros = floats(5, 3), floats(6, 3, name="y"), floats(4, 3, name="z"), tf.zeros([1, 3])
        rows = tf.argmax(floats(4, 6, name="scores"), 1, output_type=tf.int32)
        whole = tf.concat([table, zeros] if mistake == "order" else [zeros, table], 0)
        values = tf.exp(values) if mistake == "values" else values
        if new:
            given = tf.add_n([dense, raw.UnsortedSegmentSum(data=values, segment_ids=rows, num_segments=6)])
        else:
            listed = tf.concat([tf.range(6), rows], 0)
            given = tf.IndexedSlices(tf.concat([dense, values], 0), listed, tf.constant([6, 3]))
        parts = [one for one in _ConcatGradV2(whole.op, given) if one is not None]
        if gated:
            with tf.control_dependencies([tf.group(*(one if new else one.values for one in parts))]):
                copies = [tf.identity(one if new else one.values) for one in parts]
            if new:
                parts = copies
            else:
                parts = [
                    tf.IndexedSlices(copy, one.indices, one.dense_shape)
                    for copy, one in zip(copies, parts, strict=True)
                ]
        part = parts[0 if mistake == "order" else 1]
        if mistake == "numbers":
            part = tf.IndexedSlices(part.values, parts[0].indices, part.dense_shape)
        if mistake == "size":
            part = tf.convert_to_tensor(tf.IndexedSlices(part.values, part.indices, tf.constant([6, 3])))[:5]
        back = tf.convert_to_tensor(part)
        out(tf.sin(back) if mistake == "use" else tf.tanh(back))
    return graph.as_graph_def()


@pytest.mark.parametrize("gated", [True, False])
def test_rows_are_summed_before_a_part_of_them_is_taken(gated):
    old, new = (_below_zeros(one, gated=gated) for one in (False, True))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == (
        "numbers changed",
        ["dense and sparse gradients"],
    )
    np.testing.assert_allclose(*(np.frombuffer(b"".join(runs(one, range(5))), "f4") for one in (old, new)), rtol=1e-5)
    for mistake in ("order", "values", "use"):
        assert audit(old, _below_zeros(True, mistake, gated)).verdict == "not faithful", mistake
    for mistake in ("numbers", "size"):
        assert audit(_below_zeros(False, mistake, gated), new).verdict == "not faithful", mistake
    assert audit(old, old).verdict == "faithful"


def _counted(new, mistake=None):
    """Rows of a table, looked up by numbers that are counted along a tensor, and the table's gradient for nobody."""
    with tf.Graph().as_default() as graph:
        x, table = floats(None, 4), floats(7, 3, name="table")
        numbers = tf.tile(tf.expand_dims(tf.range(4), 0), [tf.shape(x)[0], 1])
        rows = raw.Tanh(x=raw.GatherV2(params=table, indices=numbers, axis=0))
        gradient = raw.TanhGrad(y=rows, dy=tf.exp(rows))
        if not new:
            if mistake != "numbers alone":
                raw.Reshape(tensor=gradient, shape=[-1, 3])
            raw.Reshape(tensor=numbers + 1 if mistake == "others" else numbers, shape=[-1])
        out(tf.reduce_sum(rows * gradient, [1, 2]) + tf.reduce_sum(x, 1))
    return graph.as_graph_def()


def test_numbers_of_rows_come_with_a_gradient_that_nobody_takes():
    proved(_counted(False), _counted(True))
    for mistake in ("numbers alone", "others"):
        assert audit(_counted(False, mistake), _counted(True)).verdict == "not faithful", mistake
