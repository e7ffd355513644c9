"""A port that is compared as if it were written otherwise: what else takes what is otherwise there has its numbers."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import built, floats

raw = tf.raw_ops


def dropped(taken, new, _):
    """A dropout that keeps all, in the port alone, and what a program adds besides: zeros, or what it is drawn by."""
    x, zeros = floats(3, 4), tf.zeros([3, 4])
    if not new:
        return tf.identity(x + zeros, name="out")
    noise = tf.random_uniform([3, 4], seed=2)
    total = 1.0 + noise
    mask = tf.floor(total)
    if taken:
        zeros = noise if taken == "numbers" else total - 1.0
    return tf.identity(x / 1.0 * mask + zeros, name="out")


def joined(taken, new, _):
    """Rows of two tensors that a program joins, in another order in the port, and takes off those of a variable."""
    table = tf.Variable(np.zeros([5, 3], np.float32), use_resource=False, name="table")
    i, j = (tf.placeholder(tf.int32, [4], name=name) for name in "ij")
    numbers, rows = [i, j // 2], [floats(4, 3), tf.exp(floats(4, 3, name="y"))]
    numbers, rows = (tf.concat(one[::-1] if new else one, 0) for one in (numbers, rows))
    tf.scatter_sub(table, numbers, 0.5 * rows)
    if taken == "copies":
        tf.identity(rows, name="out")
    elif taken:
        tf.tanh(rows if taken == "rows" else tf.cast(numbers, tf.float32), name="out")


def of_classes(taken, new, _):
    """A cross entropy of classes: of logits in the port, of a softmax in the original."""
    x, labels = floats(None, 3, 5), tf.placeholder(tf.int64, [None], name="labels")
    if not new:
        e = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
        least = tf.constant(1e-7)
        x = tf.log(tf.clip_by_value(e / tf.reduce_sum(e, axis=-1, keepdims=True), least, 1 - least))
    flat = tf.reshape(x, [-1, 5])
    tf.identity(raw.SparseSoftmaxCrossEntropyWithLogits(features=flat, labels=labels)[0], name="out")
    if taken:
        tf.tanh(flat, name="seen")


@pytest.mark.parametrize("taken", ["", "flat"])
def test_what_else_takes_the_logits_of_a_cross_entropy_has_no_logarithms(taken):
    _is_told(of_classes, taken, "cross entropy of Keras")


MADE_OF_A_MASK = {
    "an update": lambda mask: tf.assign_add(tf.Variable(0.0, use_resource=False), tf.reduce_sum(mask)),
    "a summary": lambda mask: tf.summary.scalar("kept", tf.reduce_mean(mask)),
    "an assertion": lambda mask: raw.Assert(condition=tf.reduce_all(mask > 2.0), data=["kept"]),
}


@pytest.mark.parametrize("made", MADE_OF_A_MASK)
def test_what_a_program_makes_of_a_mask_stays(made):
    def form(new, _):
        x = floats(3, 4)
        mask = tf.floor(1.0 + tf.random_uniform([3, 4], seed=2)) if new else tf.ones([3, 4])
        tf.identity(x / 1.0 * mask if new else x, name="out")
        if new:
            MADE_OF_A_MASK[made](mask)

    assert audit(built(form, False), built(form, True)).verdict == "not faithful"


@pytest.mark.parametrize("taken", ["", "numbers", "sum"])
def test_what_else_takes_what_is_drawn_for_a_mask_has_no_zeros(taken):
    _is_told(dropped, taken, "dropout that keeps all")


@pytest.mark.parametrize("taken", ["", "numbers", "rows", "copies"])
def test_what_else_takes_rows_has_them_in_their_order(taken):
    _is_told(joined, taken, "order of rows that are taken")


def _is_told(form, taken, cause):
    result = audit(*(built(functools.partial(form, taken), new) for new in (False, True)))
    expected = ("not faithful", []) if taken else ("numbers changed", [cause])
    assert (result.verdict, [one.cause for one in result.numbers]) == expected, result.differences


@pytest.mark.parametrize("others", [[], [3]], ids=["alone", "beside another"])
def test_a_constant_that_is_only_fetched_has_its_type(others):
    def form(new, _):
        raw.Tanh(x=floats(3))
        for value in others:
            tf.constant(value, tf.int32, name="other")
        tf.constant(3, tf.int64 if new else tf.int32, name="fetched")

    result = audit(built(form, False), built(form, True))
    assert [one.node for one in result.differences] == ["fetched"]
    assert "of int32" in result.differences[0].what and "of int64" in result.differences[0].what
    assert audit(built(form, True), built(form, True)).verdict == "faithful"
