"""Batch normalization on a device, with gradients beside what they are of, as in towers of TensorFlow 1.0."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats

raw = tf.raw_ops
AXES = [0, 1, 2]


def tower(form, rows=5, mistake="", fused=False, is_behind=False):
    """Images that are convolved and normalized, and how that trains a weight.

    `form`: of the first, newer or fused; `fused`: whether it is to be held against a fused one; `is_behind`: whether
    they are normalized behind an update.
    """
    with tf.Graph().as_default() as graph:
        x, w = floats(rows, 2, 2, 4), floats(4, 3, name="w")
        device = "/device:GPU:0"
        with tf.device(device):
            h = tf.nn.conv2d(x, tf.reshape(w, [1, 1, 4, 3]), strides=1, padding="SAME")
        gamma, beta = floats(3, name="gamma"), floats(3, name="beta")
        turns = raw.VariableV2(shape=[], dtype=tf.float32)
        raw.Assign(ref=turns, value=tf.constant(0.0))
        counted = [raw.AssignAdd(ref=turns, value=tf.constant(1.0))]
        with (
            tf.device("/device:GPU:1" if mistake == "device" else device),
            tf.control_dependencies(counted if is_behind else []),
        ):
            if form == "fused":
                y = tf.nn.fused_batch_norm(h, gamma, beta, epsilon=0.1 if mistake == "epsilon" else 0.01)[0]
            else:
                mean, variance = _moments(form == "first", h)
                scale = (mean if mistake == "scale" else variance), beta, gamma
                y = tf.nn.batch_normalization(h, mean, *scale, 0.1 if mistake == "epsilon" else 0.01)
        with tf.device(device):
            loss = tf.reduce_sum(tf.tanh(y))
        options = {"gate_gradients": True, "colocate_gradients_with_ops": mistake != "anywhere"}
        for number, gradient in enumerate(tf.gradients(loss, [w, gamma, beta], **options)):
            variable = raw.VariableV2(shape=gradient.shape, dtype=tf.float32, name=f"variable{number}")
            raw.ApplyGradientDescent(var=variable, alpha=0.5, delta=gradient)
    graph_def = graph.as_graph_def()
    if form == "first":
        graph_def.versions.producer = 21
        for node in graph_def.node if fused else ():  # not beside what is copied, as by now
            if node.name.startswith("gradients/batchnorm/add_1_grad/tuple/control_dependency"):
                node.attr["_class"].list.s[:] = [b"loc:@batchnorm/add_1"]
    return graph_def


def _moments(first, h):
    average = tf.reduce_mean(h, AXES, keepdims=True)
    shift = tf.stop_gradient(average)
    if first:
        parts = tf.nn.sufficient_statistics(h, AXES, shift=shift)
        return tf.nn.normalize_moments(*parts[:3], shift=tf.reshape(shift, [3]))
    squares = tf.reduce_mean(tf.math.squared_difference(h, shift), AXES, keepdims=True)
    return [tf.squeeze(one, AXES) for one in (average, squares)]


@pytest.mark.parametrize("form", ["newer", "fused"])
def test_what_is_normalized_in_one_op_or_many_comes_behind_the_same_update(form):
    """Of the fused op the constants for mean and variance alone wait for it."""
    for is_behind in (False, True):
        old = tower("first", is_behind=is_behind, fused=form == "fused")
        result = audit(old, tower(form, is_behind=is_behind))
        assert result.verdict == "numbers changed", result.differences
        assert audit(old, tower(form, is_behind=not is_behind)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("rows", [5, None])
@pytest.mark.parametrize("form", ["newer", "fused"])
def test_gradients_of_moments_are_beside_what_the_moments_are_made_of_by_now(form, rows):
    old = tower("first", rows, fused=form == "fused")
    result = audit(old, tower(form, rows))
    assert result.verdict == "numbers changed", result.differences
    expected = {"newer": {"moments"}, "fused": {"moments", "fused batch normalization"}}[form]
    assert {one.cause for one in result.numbers} >= expected
    for mistake in ("device", "anywhere", "epsilon", *(["scale"] if form == "newer" else [])):
        assert audit(old, tower(form, rows, mistake)).verdict == "not faithful", mistake


@pytest.mark.parametrize("form", ["newer", "fused"])
def test_where_gradients_are_nowhere_the_number_of_elements_is_nowhere(form):
    forms = (tower(one, None, "anywhere") for one in ("first", form))
    assert audit(*forms).verdict == "numbers changed"


def twice(form, beside=""):
    """What two tensors are normalized with one beta alone, and how that trains it: its gradient is a sum of two."""
    with tf.Graph().as_default() as graph:
        beta, w, loss = floats(3, name="beta"), floats(3, name="w"), 0.0
        for name, rows in (("x", 5), ("z", 6)):
            h = tf.exp(w * floats(rows, 2, 2, 3, name=name))
            if form == "fused":
                y = tf.nn.fused_batch_norm(h, tf.ones([3]), beta, epsilon=0.01)[0]
            else:
                y = tf.nn.batch_normalization(h, *_moments(True, h), beta, None, 0.01)
            loss += tf.reduce_sum(tf.tanh(y))
        gradients = tf.gradients(loss, [beta, w], gate_gradients=True)
        for number, gradient in enumerate(gradients):
            variable = raw.VariableV2(shape=gradient.shape, dtype=tf.float32, name=f"variable{number}")
            raw.ApplyGradientDescent(var=variable, alpha=0.5, delta=gradient)
    graph_def = graph.as_graph_def()
    if form == "first":
        graph_def.versions.producer = 21
    for node in graph_def.node:
        if beside and node.name == gradients[0].op.name:
            node.attr["_class"].list.s[:] = [f"loc:@{beside}".encode()]
    return graph_def


def test_a_sum_of_gradients_is_beside_the_first_of_them_that_a_fused_op_gave():
    result = audit(twice("first"), twice("fused"))
    assert (result.verdict, list(result.differences)) == ("numbers changed", [])
    for beside in ("Exp", "gradients/FusedBatchNormV3_grad/FusedBatchNormGradV3"):
        assert audit(twice("first"), twice("fused", beside)).verdict == "not faithful", beside


def _checked(first, place=1):
    """Rows that are normalized twice, by moments of what was checked before it was, as `place` says."""
    with tf.Graph().as_default() as graph:
        w, h = floats(3, name="w"), floats(None, 2, 2, 3)
        h = tf.exp(w * h)
        for number in range(2):
            h = tf.debugging.check_numerics(h, "no number") if number == place else h
            h = tf.tanh(tf.nn.batch_normalization(h, *_moments(first, h), None, None, 0.01))
        (gradient,) = tf.gradients(tf.reduce_sum(h), w, gate_gradients=True)
        raw.ApplyGradientDescent(var=raw.VariableV2(shape=[3], dtype=tf.float32), alpha=0.5, delta=gradient)
    graph_def = graph.as_graph_def()
    if first:
        graph_def.versions.producer = 21
    return graph_def


def test_a_count_need_not_wait_for_a_check_that_all_comes_behind_which_it_divides():
    old = _checked(True)
    result = audit(old, _checked(False))
    assert (list(result.differences), {one.cause for one in result.numbers}) == ([], {"moments"})
    assert audit(old, _checked(False, place=0)).verdict == "not faithful"
