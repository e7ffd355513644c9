"""Rows of a sum or difference, whose gradient was made dense, and is handed on as rows by now."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from test_drift_updates import OPTIMIZERS, weights_after


def _audit(one, other):
    return audit(one.as_graph_def(), other.as_graph_def())


@tf.RegisterGradient("MadeDense")
def _made_dense(op, gradient):
    return tf.convert_to_tensor(gradient), tf.convert_to_tensor(-gradient if op.type == "Sub" else gradient)


@tf.RegisterGradient("NegatedThen")
def _negated_then(_, gradient):
    return tf.convert_to_tensor(gradient), -tf.convert_to_tensor(gradient)


def _of_a_sum(old, made, optimizer="descent", combine="AddV2", rows=None, rate=0.1, times=1.0, dense=False):
    """Train by some rows of a sum or difference of two variables, or of what is `made` of them.

    `old`: the name of the gradient that releases until 1.15 had. `dense`: as the advice of "rows of a sum" says.
    `optimizer`: None if the gradients are only fetched.
    """
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.int32, [None], name="x") if rows is None else tf.constant(rows)
        start = tf.constant(np.random.default_rng(2).normal(size=(2, 7, 7)), tf.float32)
        weights, others = (
            tf.Variable(start[k], name=name, use_resource=False) for k, name in enumerate(("weights", "others"))
        )
        parts = [tf.matmul(weights, others), tf.tanh(others)] if made else [weights, others]
        with graph.gradient_override_map({combine: old} if old else {}):
            total = getattr(tf.raw_ops, combine)(x=parts[0], y=parts[1])
        loss = tf.reduce_sum(tf.tanh(tf.gather(total, x)) * times)
        gradients = tf.gradients(loss, [weights, others], gate_gradients=True)
        gradients = [tf.convert_to_tensor(one) for one in gradients] if dense else gradients
        if optimizer:
            gradients = zip(gradients, [weights, others], strict=True)
            OPTIMIZERS[optimizer](rate).apply_gradients(gradients, name="train")
        tf.variables_initializer(tf.global_variables(), name="begin")
        if old:
            total.op._clear_attr("_gradient_op_type")
    return graph


@pytest.mark.parametrize("rows", [None, [3, 0, 3]], ids=str)
@pytest.mark.parametrize("combine", ["AddV2", "Sub"])
def test_rows_of_a_sum_are_made_dense_before_or_behind_what_hands_them_on(combine, rows):
    old, new = (_of_a_sum(name, True, combine=combine, rows=rows) for name in ("MadeDense", None))
    assert _audit(old, new).verdict == "faithful"
    feeds = {} if rows else {"x:0": [3, 1, 3]}
    trained = []
    for graph in (old, new):
        with tf.Session(graph=graph) as session:
            session.run("begin")
            session.run("train", feeds)
            trained.append([one.tobytes() for one in session.run(["weights:0", "others:0"])])
    assert trained[0] == trained[1]
    other = {"AddV2": "Sub", "Sub": "AddV2"}[combine]
    for mistake in ({"rate": 0.2}, {"times": 2.0}, {"rows": [3, 0, 4]}, {"combine": other}):
        port = _of_a_sum(None, True, **{"combine": combine, "rows": rows, **mistake})
        assert _audit(old, port).verdict == "not faithful"


@pytest.mark.parametrize("combine", ["AddV2", "Sub"])
def test_so_are_those_of_which_the_gradients_are_only_fetched(combine):
    old, new = (_of_a_sum(name, True, None, combine) for name in ("MadeDense", None))
    assert _audit(old, new).verdict == "faithful"
    assert _audit(old, _of_a_sum(None, True, None, combine, times=2.0)).verdict == "not faithful"


def test_rows_that_are_negated_before_or_behind_their_sum_differ_in_the_sign_of_a_zero():
    old, new = (_of_a_sum(name, True, combine="Sub") for name in ("NegatedThen", None))
    result = _audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["negated rows"]
    np.testing.assert_array_equal(weights_after(old), weights_after(new))
    assert _audit(old, _of_a_sum(None, True, combine="Sub", times=2.0)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_of_a_sum_of_variables_update_them_row_by_row(name):
    old, new = (_of_a_sum(which, False, name) for which in ("MadeDense", None))
    result = _audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["rows of a sum"]
    assert _audit(old, _of_a_sum(None, False, name, dense=True)).verdict == "faithful", "as the advice says"
    assert _audit(new, old).verdict == "not faithful", "no newer release makes them dense"
    for mistake in ({"rate": 0.2}, {"times": 2.0}, {"combine": "Sub"}, {"rows": [3, 0, 3]}):
        assert _audit(old, _of_a_sum(None, False, name, **mistake)).verdict == "not faithful"


@tf.RegisterGradient("Reshaped")
def _reshaped(op, gradient):
    gradient = tf.convert_to_tensor(gradient)
    return tf.reshape(gradient * op.inputs[1], [7, 5]), tf.reduce_sum(op.inputs[0] * gradient)


@tf.RegisterGradient("NotReshaped")
def _not_reshaped(op, gradient, factor=1):
    gradient = tf.convert_to_tensor(gradient)
    product = gradient * op.inputs[1]
    return product if factor == 1 else product * factor, tf.reduce_sum(op.inputs[0] * gradient)


@tf.RegisterGradient("Doubled")
def _doubled(op, gradient):
    return _not_reshaped(op, gradient, 2)


def _in_turn(form, looped, times=3.0, after=0):
    """Train by rows of a product, taken in a branch or in a loop: its gradient was `Reshaped`."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, is_taken = tf.placeholder(tf.int32, [None], name="x"), tf.placeholder(tf.bool, [], name="is_taken")
        start = tf.constant(np.random.default_rng(2).normal(size=(7, 5)), tf.float32)
        weights = tf.Variable(start, name="weights", use_resource=False)
        with graph.gradient_override_map({"Mul": form}):
            product = tf.raw_ops.Mul(x=weights, y=times)
        if looped:
            step = lambda k, total: (k + 1, total + tf.tanh(tf.gather(product, x[k] + after)))  # noqa: E731
            _, total = tf.while_loop(lambda k, _: k < tf.size(x), step, [0, tf.zeros([5])])
        else:
            total = tf.cond(is_taken, lambda: tf.tanh(tf.gather(product, x + after)), lambda: tf.zeros([2, 5]))
        (gradient,) = tf.gradients(tf.reduce_sum(total), [weights], gate_gradients=True)
        tf.train.GradientDescentOptimizer(0.1).apply_gradients([(gradient, weights)], name="train")
        tf.variables_initializer([weights], name="begin")
        product.op._clear_attr("_gradient_op_type")
    return graph


@pytest.mark.parametrize("looped", [False, True])
def test_rows_that_a_branch_or_loop_hands_on_are_as_many_as_their_gradient_was_reshaped_to(looped):
    old, new = (_in_turn(form, looped) for form in ("Reshaped", "NotReshaped"))
    result = _audit(old, new)
    assert result.verdict == "faithful" and "own shape" in result.rules, result.differences
    for feeds in ({"x:0": [3, 1, 3], "is_taken:0": True}, {"x:0": [2], "is_taken:0": False}):
        trained = []
        for graph in (old, new):
            with tf.Session(graph=graph) as session:
                session.run("begin")
                session.run("train", feeds)
                trained.append(session.run("weights:0").tobytes())
        assert trained[0] == trained[1]
    for form, mistake in (("Doubled", {}), ("NotReshaped", {"times": 2.0}), ("NotReshaped", {"after": 1})):
        assert _audit(old, _in_turn(form, looped, **mistake)).verdict == "not faithful"


def _beside_rows(old, mistake=""):
    """The gradient of a difference: rows are taken of one operand, the other has dense and sparse gradients too.

    `old`: the gradients of the other are joined as a list of rows, as in TensorFlow's first releases.
    """
    raw = tf.raw_ops
    with tf.Graph().as_default() as graph:
        shapes = {"g": [7, 3], "r": [5, 3], "a": [7, 7]}
        g, r, a = (tf.placeholder(tf.float32, shape, name=name) for name, shape in shapes.items())
        places, numbers = (tf.placeholder(tf.int32, [size], name=name) for name, size in (("p", 7), ("n", 5)))
        own, rows = raw.Tanh(x=g), raw.Tanh(x=r)
        other = raw.Neg(x=own)
        group = tf.group(own, other)
        with tf.control_dependencies([group]):
            first, second = raw.Identity(input=own), raw.Identity(input=other)
        if mistake == "exchanged":
            first, second = second, first
        taken = second if mistake == "other" else first
        dense = raw.UnsortedSegmentSum(data=taken, segment_ids=places, num_segments=7)
        dense = raw.MatMul(a=a, b=dense)
        if old:
            every = tf.range(7)
            values = raw.ConcatV2(values=[second, rows, dense], axis=0)
            listed = raw.ConcatV2(values=[every, numbers, every], axis=0)
            total = raw.UnsortedSegmentSum(data=values, segment_ids=listed, num_segments=7)
        else:
            rows = raw.UnsortedSegmentSum(data=rows, segment_ids=numbers, num_segments=7)
            total = raw.AddN(inputs=[first if mistake == "twice" else second, rows, dense])
        raw.Exp(x=total, name="out")
    return graph


def test_rows_of_one_operand_are_none_of_another_whose_gradients_are_dense():
    old, new = _beside_rows(True), _beside_rows(False)
    result = _audit(old, new)
    assert [one.cause for one in result.numbers] == ["dense and sparse gradients"] and not result.differences
    rng = np.random.default_rng(3)
    feeds = {f"{name}:0": rng.normal(size=shape) for name, shape in {"g": (7, 3), "r": (5, 3), "a": (7, 7)}.items()}
    feeds |= {"p:0": rng.integers(0, 7, 7), "n:0": rng.integers(0, 7, 5)}
    found = []
    for graph in (old, new):
        with tf.Session(graph=graph) as session:
            found.append(session.run("out:0", feeds))
    np.testing.assert_allclose(*found, rtol=1e-6)  # the order of the sum is another, as the cause says
    for mistake in ("exchanged", "other", "twice"):
        assert _audit(old, _beside_rows(False, mistake)).verdict == "not faithful"
