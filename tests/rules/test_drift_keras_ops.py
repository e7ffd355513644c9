"""What Keras makes of other ops by now, as softmax and Huber's loss: a port with it passes, and no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.keras_losses import HUBER
from compat_v1.audit.keras_ops import DOT, ENTROPY, SOFTMAX
from test_drift_layer_norm import _read

raw = tf.raw_ops


def softmax(new, x, y, mistake=""):
    if new:
        return raw.LogSoftmax(logits=x) if mistake else raw.Softmax(logits=x)
    e = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
    return e / tf.reduce_sum(e, axis=-1, keepdims=True)


def rows(new, x, y, mistake=""):
    x, y = x[:, 0], y[:, 1]
    if not new:
        return tf.expand_dims(tf.reduce_sum(tf.multiply(x, y), 1), 1)
    y = x if mistake else y
    product = tf.matmul(tf.expand_dims(x, 1), tf.expand_dims(y, 2))
    tf.shape(product)
    return tf.squeeze(product, 1)


def columns(new, x, y, mistake=""):
    if not new:
        return tf.matmul(x, y, adjoint_b=True)
    product = tf.matmul(x, y if mistake else tf.transpose(y, [0, 2, 1]))
    tf.shape(product)
    return product


def both(new, x, y, mistake=""):
    if not new:
        return tf.matmul(x, y, adjoint_a=True, adjoint_b=True)
    product = tf.matmul(tf.transpose(x, [1, 0, 2] if mistake else [0, 2, 1]), tf.transpose(y, [0, 2, 1]))
    tf.shape(product)
    return product


def _clipped(probabilities):
    least = tf.constant(1e-7)
    return tf.clip_by_value(probabilities, least, 1 - least)


def entropy(new, x, y, mistake=""):
    labels = tf.nn.softmax(tf.get_default_graph().get_tensor_by_name("x:0"), 1 if mistake else 2)
    if new:
        return tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=x)
    p = softmax(False, x, y)
    return -tf.reduce_sum(labels * tf.log(_clipped(p / tf.reduce_sum(p, -1, keepdims=True))), -1)


def classes(new, x, y, mistake=""):
    logits = x if new else tf.log(_clipped(softmax(False, x, y)))
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.argmax(y, 1 if mistake else 2), logits=logits)


def flat_classes(new, x, y, mistake=""):
    labels = tf.reshape(tf.argmax(y, 2), [-1])
    logits = tf.reshape(x if new else tf.log(_clipped(softmax(False, x, y))), [-1, 4])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=2 * logits if mistake else logits)


def huber(new, x, y, mistake="", delta=1.5, weights=1.0):
    mistake = mistake.replace("mistake", "limit")
    error = tf.subtract(x, y)
    size, half, delta = tf.abs(error), tf.constant(0.5), tf.constant(delta)
    if new:
        far = delta * size - (half if mistake != "half" else 0.25) * tf.square(delta)
        near = half * tf.square(error if mistake != "square" else x)
        losses = tf.reduce_mean(tf.where_v2(size <= (delta if mistake != "limit" else 2.0), near, far), -1)
    else:
        near = tf.minimum(size, delta)
        losses = half * (near * near) + delta * (size - near)
        weights = weights if isinstance(weights, float) else tf.expand_dims(weights, [-1])
    losses *= weights if mistake != "weights" else 2.0
    total = tf.reduce_sum(tf.reduce_sum(losses))
    return tf.div_no_nan(total, tf.cast(tf.size(losses if mistake != "number" else x), tf.float32))


def weighed_huber(new, x, y, mistake=""):
    return huber(new, x, y, weights=tf.reduce_sum(tf.exp(y if mistake else x), 0))


FORMS = {softmax: SOFTMAX, rows: DOT, columns: DOT, both: DOT} | dict.fromkeys(
    [entropy, classes, flat_classes], ENTROPY
)
FORMS |= dict.fromkeys([huber, weighed_huber], HUBER)


def _program(form, new, mistake="", gated=True, of_input=False, again=False):
    """Return a graph with gradients of what a form makes of two tensors."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [4, 4, 4], name="x")
        first, second = (_read(name, [4, 4, 4], value)() for name, value in (("v", 0.5), ("w", 0.25)))
        taken = [x if of_input else tf.tanh(x * first), tf.sin(second * x)]
        taken[0] = tf.nn.bias_add(taken[0], tf.ones([4]))  # whose gradient is placed beside what it is handed on from
        y = form(new, *taken, "mistake" if mistake == "form" else "")
        loss = tf.reduce_sum(tf.square(tf.sin(y) if mistake != "later" else tf.cos(y)))
        gradients = [one for one in tf.gradients(loss, [first, second], gate_gradients=gated) if one is not None]
        for place, one in enumerate([loss, *gradients]):
            raw.Identity(input=one, name=f"result_{place}")
        if again:
            raw.Identity(input=tf.tanh(form(new, *taken)), name="result_again")
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("how", [{}, {"gated": False}, {"of_input": True}, {"of_input": True, "gated": False}])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_port_has_the_cause_and_nothing_else_differs(form, how):
    result = audit(_program(form, False, **how), _program(form, True, **how))
    assert list(result.differences) == [], result.differences
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", [FORMS[form]])


@pytest.mark.parametrize("form", [one for one in FORMS if one is not columns], ids=lambda form: form.__name__)
def test_what_is_made_once_more_of_the_same_has_the_cause_as_well(form):
    result = audit(_program(form, False, again=True), _program(form, True, again=True))
    assert list(result.differences) == [], result.differences
    assert [one.cause for one in result.numbers] == [FORMS[form]]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_compute_the_same_but_for_last_bits(form):
    results = []
    for new in (False, True):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(_program(form, new), name="")
            session.run([op for op in graph.get_operations() if op.type == "AssignVariableOp"])
            wanted = [f"{op.name}:0" for op in graph.get_operations() if op.name.startswith("result_")]
            results.append(session.run(wanted, {"x:0": np.random.default_rng(9).normal(size=(4, 4, 4))}))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("mistake", ["form", "later"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_mistake_beside_it_is_reported(form, mistake):
    assert audit(_program(form, False), _program(form, True, mistake)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("place", ["half", "square", "weights", "number"])
def test_a_mistake_in_a_loss_is_reported(place):
    right, wrong = (functools.partial(_of_huber, mistake) for mistake in ("", place))
    assert audit(_program(right, False), _program(right, True)).verdict == "numbers changed"
    assert audit(_program(right, False), _program(wrong, True)).verdict == "not faithful"


def _of_huber(mistake, new, x, y, _):
    return huber(new, x, y, mistake)


def _edited(form, op, slot, other, place):
    port = _program(form, True)
    node = [node for node in port.node if node.op == op and node.name.startswith("gradients")][place]
    assert node.input[slot] != other
    node.input[slot] = other
    return port


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "op", "slot", "other", "place"),
    [
        (softmax, "Mul", 1, "Tanh", 3),  # the gradient is multiplied by another tensor
        (softmax, "Sub", 0, "Softmax", 0),
        (columns, "BatchMatMulV2", 1, "Tanh", 0),
        (entropy, "Reshape", 0, "gradients/Square_grad/Mul_1", 1),  # the derivative of a sine is missing
        (classes, "Reshape", 0, "gradients/Square_grad/Mul_1", 1),
        (classes, "Reshape", 0, "SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits:1", 2),
        (both, "BatchMatMulV2", 0, "transpose_1", 1),
        (huber, "SelectV2", 1, "Abs", 0),
        (huber, "Sign", 0, "Tanh", 0),
    ],
)
def test_a_mistake_in_the_gradients_is_reported(form, op, slot, other, place):
    assert audit(_program(form, False), _edited(form, op, slot, other, place)).verdict == "not faithful"


def _product(kind):
    """A product that no newer form makes: of what is transposed in itself, or of columns and rows of other sizes."""
    with tf.Graph().as_default() as graph:
        x, y = tf.placeholder(tf.float32, [4, 5], name="x"), tf.placeholder(tf.float32, [4, 6], name="y")
        if kind == "columns":
            tf.squeeze(tf.matmul(tf.expand_dims(x, 2), tf.expand_dims(y, 1))[:, :1], 1)
            raw.Squeeze(input=tf.matmul(tf.expand_dims(x, 2), tf.expand_dims(y, 1)))
        else:
            x, y = tf.exp(tf.reshape(x, [2, 2, 5])), tf.exp(tf.reshape(y, [2, 6, 2]))
            tf.matmul(tf.transpose(x, [0, 2, 1]), y, adjoint_b=True)
    return graph.as_graph_def()


def test_other_products_are_left_as_they_are():
    with tf.Graph().as_default() as nothing:
        tf.placeholder(tf.float32, [4, 5], name="x")
    for kind in ("columns", "turned"):
        assert audit(nothing.as_graph_def(), _product(kind)).verdict == "not faithful"


def test_what_is_in_a_branch_is_left_as_it_is():
    def chosen(new):
        with tf.Graph().as_default() as graph, build_switches():
            x, which = tf.placeholder(tf.float32, [2, 4, 6], name="x"), tf.placeholder(tf.bool, [], name="which")
            tf.cond(which, lambda: softmax(new, x, None), lambda: x)
        return graph.as_graph_def()

    assert audit(chosen(False), chosen(True)).verdict == "not faithful"


def test_a_softmax_of_a_matrix_was_one_op():
    def of_matrix(new):
        with tf.Graph().as_default() as graph:
            softmax(new, tf.placeholder(tf.float32, [4, 6], name="x"), None)
        return graph.as_graph_def()

    assert audit(of_matrix(False), of_matrix(True)).verdict == "not faithful"


def _joined(new):
    """The cross entropy of more classes than the softmax had: its last axis is joined with another."""
    with tf.Graph().as_default() as graph:
        x, labels = tf.placeholder(tf.float32, [2, 3, 4], name="x"), tf.placeholder(tf.int64, [2], name="labels")
        logits = tf.reshape(x if new else tf.log(_clipped(softmax(False, x, None))), [-1, 12])
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return graph.as_graph_def()


def test_where_there_are_other_classes_than_the_softmax_had_its_loss_is_another():
    assert audit(_joined(False), _joined(True)).verdict == "not faithful"


def _other_entropy(kind, new):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 3, 4], name="x")
        labels = tf.placeholder(tf.float32, {"flat": [24], "matrix": [6, 4]}.get(kind, [2, 3, 4]), name="labels")
        if not new:  # as if the port had it for what Keras had made
            tf.tanh(x)
            return graph.as_graph_def()
        if kind == "flat":
            flat = {"features": tf.reshape(x, [-1, 4]), "labels": tf.reshape(labels, [-1, 4])}
            tf.reshape(raw.SoftmaxCrossEntropyWithLogits(**flat).loss, [2, 3])
        else:
            tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=x)
        op = next(one for one in graph.get_operations() if one.type == "SoftmaxCrossEntropyWithLogits")
        if kind == "unshaped":
            raw.Mul(x=tf.expand_dims(tf.placeholder(tf.float32, [6], name="w"), -1), y=op.outputs[1])
        elif kind == "alone":
            tf.gradients(op.outputs[0], x)
    return graph.as_graph_def()


@pytest.mark.parametrize("kind", ["flat", "matrix", "unshaped", "alone"])
def test_another_cross_entropy_is_left_as_it_is(kind):
    assert audit(_other_entropy(kind, False), _other_entropy(kind, True)).verdict == "not faithful"
