"""Sizes that `set_shape` told: the gradient of a Reshape is reshaped to numbers by now, was to the shape as it runs."""

import contextlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit

USES = {
    "relu": tf.nn.relu,
    "elu": tf.nn.elu,
    "bias": lambda x: x + tf.constant([0.5, 0.25, 1.0, 2.0]),
    "largest": lambda x: tf.nn.max_pool(tf.concat([x, x], 2), [1, 1, 2, 1], [1, 1, 2, 1], "SAME"),
    "average": lambda x: tf.nn.avg_pool(tf.concat([x, x], 2), [1, 1, 2, 1], [1, 1, 2, 1], "SAME"),
    "selected": lambda x: tf.maximum(x, 0.2 * x),
    "residual": lambda x: x + tf.tanh(x),
}


@tf.RegisterGradient("ReshapedToShape")
def _reshaped_to_shape(op, gradient):
    return tf.reshape(gradient, tf.shape(op.inputs[0])), None


def _told(old=False, use="relu", told=(None, 4, 4, 1), rate=0.1, columns=64, optimizer=tf.train.AdamOptimizer):
    with tf.Graph().as_default() as graph:
        numbers = tf.constant(np.random.default_rng(3).normal(size=(3, 4, 4, 1)), tf.float32)
        (images,) = tf.py_func(lambda x: x, [numbers], [tf.float32])
        images.set_shape(told)
        start = np.random.default_rng(4).normal(size=(2, 2, 1, 4))
        weights = tf.Variable(tf.constant(start, tf.float32), name="weights", use_resource=False)
        used = USES[use](tf.nn.conv2d(images, weights, 1, "SAME"))
        with graph.gradient_override_map({"Reshape": "ReshapedToShape"} if old else {}):
            flat = tf.reshape(used, [-1, columns])
        loss = tf.reduce_sum(tf.square(flat) * tf.range(columns * 1.0))
        optimizer(rate).minimize(loss, name="train")
        tf.variables_initializer(tf.global_variables(), name="begin")
        if old:
            flat.op._clear_attr("_gradient_op_type")
    return graph


def _weights_after(graph):
    with tf.Session(graph=graph) as session:
        session.run("begin")
        for _ in range(3):
            session.run("train")
        return session.run("weights:0")


def _audit(one, other):
    return audit(one.as_graph_def(), other.as_graph_def())


@pytest.mark.long
@pytest.mark.parametrize("use", USES)
def test_what_set_shape_told_is_the_size_of_the_gradient(use):
    old, new = (_told(which, use) for which in (True, False))
    assert _audit(old, new).verdict == "faithful"
    np.testing.assert_array_equal(_weights_after(old), _weights_after(new))
    for mistake in ({"rate": 0.2}, {"columns": 32}, {"optimizer": tf.train.AdagradOptimizer}):
        assert _audit(old, _told(False, use, **mistake)).verdict == "not faithful"


@pytest.mark.parametrize("use", USES)
def test_other_sizes_stop_the_port_or_are_the_same_in_the_end(use):
    other = _told(False, use, told=(None, 8, 2, 1))
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        np.testing.assert_array_equal(_weights_after(other), _weights_after(_told(False, use)))


def _reshaped(sizes, then):
    """Reshape what comes out of a function to the sizes of another tensor, or to numbers."""
    with tf.Graph().as_default() as graph:
        (one, two) = tf.py_func(lambda: (0.0, 0.0), [], [tf.float32, tf.float32])
        two.set_shape([None, 4, 4, 1])
        kernel = tf.constant(np.ones((1, 1, 1, 4)), tf.float32)
        two = tf.nn.conv2d(two, kernel, 1, "SAME")
        reshaped = tf.reshape(one, tf.shape(two) if sizes is None else sizes)
        then(reshaped, two)
    return graph


def test_numbers_are_no_sizes_where_nothing_demands_these():
    uses = {
        "tanh": lambda x, y: tf.tanh(x),
        "joined": lambda x, y: tf.concat([x, y], 0),
        "product": lambda x, y: tf.matmul(x, tf.ones([4, 4])),
        "other": lambda x, y: x + tf.abs(x),
    }
    for then in uses.values():
        assert _audit(_reshaped(None, then), _reshaped([-1, 4, 4, 4], then)).verdict == "not faithful"
    assert _audit(_reshaped(None, tf.add), _reshaped([-1, 4, 4, 4], tf.add)).verdict == "faithful"  # or it stops
    assert (
        _audit(_reshaped(None, tf.add), _reshaped([-1, 1, 4, 4], tf.add)).verdict == "not faithful"
    )  # would be spread
    assert _audit(_reshaped(None, tf.add), _reshaped([4, 4, 4, -1], tf.add)).verdict == "not faithful"


def test_a_reshape_vouches_for_no_other():
    def reshaped(sizes):
        return _reshaped(None, lambda x, y: (x + y, tf.tanh(x if sizes is None else tf.reshape(_source(x), sizes))))

    assert _audit(reshaped(None), reshaped([-1, 4, 4, 4])).verdict == "not faithful"


def _source(reshaped):
    return reshaped.op.inputs[0]
