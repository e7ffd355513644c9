"""The window of an inverse short-time Fourier transform: both forms are known, and mistakes beside them reported."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import runs

raw = tf.raw_ops


def _inverted(new, mistake="", step=3):
    """A window of 7 over the sum of its squares, which may be 0 where it is, by steps of 3."""
    with tf.Graph().as_default() as graph:
        window = raw.Relu(features=floats(7))
        squares = window if mistake == "no squares" else tf.square(raw.Exp(x=window) if mistake == "other" else window)
        count = -(-7 // step)
        rows = tf.reshape(tf.pad(squares, [(0, count * step - 7)]), [count, step])
        total = tf.reduce_max(rows, 0, keepdims=True) if mistake == "no sum" else tf.reduce_sum(rows, 0, keepdims=True)
        sums = tf.reshape(tf.tile(total, [count, 1]), [count * step])[:7]
        quotient = window / sums
        if new:
            condition = tf.equal(quotient if mistake == "quotient" else sums, 1.0 if mistake == "one" else 0.0)
            rest = tf.ones_like(window) if mistake == "ones" else tf.zeros_like(window)
            quotient = raw.SelectV2(condition=condition, t=rest, e=quotient)
        out(raw.Tanh(x=quotient))
    return graph.as_graph_def()


def test_a_window_is_divided_by_no_sum_that_is_0():
    old, new = _inverted(False), _inverted(True)
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["window without sum"])
    assert audit(new, old).verdict == "not faithful"
    assert audit(old, old).verdict == audit(new, new).verdict == "faithful"
    for one, other in zip(runs(old, range(8)), runs(new, range(8)), strict=True):
        divided, chosen = np.frombuffer(one, np.float32), np.frombuffer(other, np.float32)
        assert (np.where(np.isnan(divided), 0, divided) == chosen).all()


@pytest.mark.parametrize("mistake", ["no squares", "other", "no sum", "quotient", "one", "ones"])
def test_what_is_chosen_otherwise_is_reported(mistake):
    assert audit(_inverted(False), _inverted(True, mistake)).verdict == "not faithful"
    if mistake in ("no squares", "other", "no sum"):  # of which the quotient may be chosen by the program
        assert audit(_inverted(False, mistake), _inverted(True, mistake)).verdict == "not faithful"
