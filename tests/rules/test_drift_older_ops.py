"""What releases from 1.0 to 1.12 made of other ops: a port of it passes with its cause, and no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.densities import CAUSE as DENSITY
from compat_v1.audit.leaky import CAUSE as LEAKY
from compat_v1.audit.logarithms import CAUSE as LOGARITHM
from compat_v1.audit.older_ops import BY_NORM, BY_VALUE, HUBER, SQUARES
from test_drift_layer_norm import _read

raw = tf.raw_ops
SHAPE = [4, 3]


def leaky(old, x, other=False):
    alpha = 0.3 if other else 0.2
    return tf.maximum(tf.constant(alpha) * x, x) if old else raw.LeakyRelu(features=x, alpha=alpha)


def by_value(old, x, other=False):
    most = 1.0 if other else 0.5
    if old:
        return raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=most)
    return tf.maximum(tf.minimum(x, most), -0.5)


def by_norm(old, x, other=False):
    limit = 2.0 if other else 0.75
    if not old:
        return tf.clip_by_norm(x, limit, [1])
    return tf.identity(x * limit / tf.maximum(tf.sqrt(tf.reduce_sum(x * x, [1], keepdims=True)), limit))


def by_inverse(old, x, other=False):
    limit = 2.0 if other else 0.75
    if not old:
        return tf.clip_by_norm(x, limit, [1])
    inverse = tf.rsqrt(tf.reduce_sum(x * x, [1], keepdims=True))
    return tf.identity(x * limit * tf.minimum(inverse, tf.constant(1.0) / limit))


def huber(old, x, other=False):
    distance = tf.abs(x)
    smaller = tf.minimum(distance, 2.0 if other else 1.0)
    square = tf.pow(smaller, 2) if old else tf.multiply(smaller, smaller)
    return 0.5 * square + 1.0 * (distance - smaller)


def squares(old, x, other=False):
    rate = 0.5 if other else 0.2
    if old:
        return tf.constant(0.0) + tf.reduce_sum(tf.constant(rate / 2) * tf.square(x))
    return tf.constant(rate) * tf.nn.l2_loss(x)


def by_logarithm(old, x, other=False):
    factor, size = (tf.cos if other else tf.sin)(x), tf.square(x) + 1.0
    return factor * tf.log(size) if old else tf.math.xlogy(factor, size)


def by_logarithm_of_more_than_one(old, x, other=False):
    factor, size = (tf.cos if other else tf.sin)(x), tf.square(x)
    return factor * tf.math.log1p(size) if old else tf.math.xlog1py(factor, size)


def density(old, x, other=False, sigma=None):
    sigma = tf.exp(x * 0.3) if sigma is None else sigma
    distance, half = tf.square((x - 0.1) / sigma), 0.4 if other else 0.5
    if old:
        return -0.5 * np.log(2.0 * np.pi) - tf.log(sigma) - half * distance
    return -half * distance - (0.5 * np.log(2.0 * np.pi) + tf.log(sigma))


def density_of_one_sigma(old, x, other=False):
    return density(old, x, other, tf.exp(tf.reduce_mean(x, 0, keepdims=True)))


def density_of_fixed_sigma(old, x, other=False):
    return density(old, x, other, tf.identity(tf.constant(0.4)))


FORMS = {leaky: LEAKY, by_value: BY_VALUE, by_norm: BY_NORM, by_inverse: BY_NORM, huber: HUBER, squares: SQUARES}
FORMS |= {by_logarithm: LOGARITHM, by_logarithm_of_more_than_one: LOGARITHM}
FORMS |= {density: DENSITY, density_of_one_sigma: DENSITY, density_of_fixed_sigma: DENSITY}
forms = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)


@functools.cache
def _program(form, old, gated=True, besides=False, scale=1.0, producer=26, turns=0, together=False, **how):
    """Return a graph with what a form makes of a tensor, and gradients; `besides`: the tensor is used once more.

    `turns`: of a loop that the tensor leaves; `together`: the gradients are handed on when all of them are made.
    """
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, SHAPE, name="x")
        first = _read("v", SHAPE[1:], 0.5)()
        taken = tf.nn.bias_add(tf.sin(x * 3.0) * 1.5 * first, _read("w", SHAPE[1:], 0.25)())
        if turns:
            taken = tf.while_loop(lambda turn, _: turn < turns, lambda turn, one: (turn + 1, one * 0.9), [0, taken])[1]
        loss = tf.reduce_sum(tf.square(form(old, taken, **how)) * scale)
        if besides:
            loss += tf.reduce_sum(tf.sigmoid(taken))
        gradients = tf.gradients(loss, [x, first], gate_gradients=gated)
        gradients = tf.tuple(gradients) if together else gradients
        for place, one in enumerate([loss, *gradients]):
            raw.Identity(input=one, name=f"result_{place}")
    graph_def = graph.as_graph_def()
    if old:
        graph_def.versions.producer = producer
    return graph_def


@pytest.mark.long
@forms
@pytest.mark.parametrize("how", [{}, {"gated": False}, {"gated": False, "together": True}, {"besides": True}], ids=str)
def test_the_port_has_the_cause_and_nothing_else_differs(form, how):
    result = audit(_program(form, True, **how), _program(form, False, **how))
    assert list(result.differences) == [], result.differences
    assert FORMS[form] in [one.cause for one in result.numbers]


@pytest.mark.long
@forms
@pytest.mark.usefixtures("loops_of_ops")
def test_what_leaves_a_loop_is_of_the_size_that_entered(form):
    result = audit(_program(form, True, turns=2), _program(form, False, turns=2))
    assert list(result.differences) == [] and FORMS[form] in [one.cause for one in result.numbers], result.differences
    assert audit(_program(form, True, turns=2), _program(form, False, turns=3)).verdict == "not faithful"


@pytest.mark.long
@forms
def test_another_number_another_form_and_another_gradient_are_reported(form):
    old, new = (_program(form, one) for one in (True, False))
    for mistake in ({"other": True}, {"scale": 2.0}, {"besides": True}):
        assert audit(old, _program(form, False, **mistake)).verdict == "not faithful"
        assert audit(_program(form, True, **mistake), new).verdict == "not faithful"


@forms
def test_a_program_of_a_later_release_has_the_form_of_today(form):
    result = audit(_program(form, True, producer=134), _program(form, False))
    assert FORMS[form] not in [one.cause for one in result.numbers]


@forms
def test_both_give_the_same_numbers_where_there_are_any(form):
    x, found = np.random.default_rng(6).normal(size=SHAPE).astype(np.float32), []
    for old in (True, False):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(_program(form, old), name="")
            session.run(["v/Assign", "w/Assign"])
            found.append(session.run([f"result_{place}:0" for place in range(3)], {"x:0": x}))
    for one, other in zip(*found, strict=True):
        if form in (leaky, by_value, by_norm):
            np.testing.assert_array_equal(one, other)  # a zero may have another sign
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)
