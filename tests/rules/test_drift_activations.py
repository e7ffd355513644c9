"""Second derivatives of softplus, elu and selu, which first releases had otherwise: a cause, that hides no mistake."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out

raw = tf.raw_ops
X = np.random.default_rng(7).normal(scale=2.0, size=(4, 6)).astype(np.float32)


def elu(form, mistake=""):
    """The two gradients of elu's gradient, of which the first release had both wrong, and 1.12 one."""
    x = floats(4, 6)
    return _of_elu(form, mistake, x, raw.Elu(features=x), raw.EluGrad, 1.0)


def selu(form, mistake=""):
    x = floats(4, 6)
    return _of_elu(form, mistake, x, raw.Selu(features=x), raw.SeluGrad, 1.7580993408473768599402175208123)


def _of_elu(form, mistake, x, y, gradient_of, slope):
    given, again = raw.Sin(x=x), raw.Cos(x=x) + 2.0
    first = gradient_of(gradients=given, outputs=y)
    if form == "new":
        for_gradient = gradient_of(gradients=given if mistake == "gradient" else again, outputs=y)
    else:
        for_gradient = raw.EluGrad(gradients=again, outputs=first)
    if form == "1.0":
        for_output = raw.EluGrad(gradients=again, outputs=first + (1.5 if mistake == "slope" else slope))
    else:
        for_output = raw.Mul(x=again, y=again if mistake == "product" else given)
    is_below = raw.Less(x=y, y=0.5 if mistake == "limit" else 0.0)
    out(raw.Pack(values=[for_gradient, raw.Select(condition=is_below, x=for_output, y=tf.zeros([4, 6]))]))


def softplus(form, mistake=""):
    """The two gradients of softplus' gradient, handed on when both are there, or made of those of a product."""
    x = floats(4, 6)
    given, again = raw.Sin(x=x), raw.Cos(x=x) + 2.0
    sigmoid = raw.Sigmoid(x=x)
    product = raw.Mul(x=again, y=again if mistake == "product" else given)
    if form == "new":
        first = raw.Mul(x=again, y=given if mistake == "gradient" else sigmoid)
        handed, second = _handed(first, product)
        second = raw.SigmoidGrad(y=sigmoid, dy=second)
    else:
        first = raw.SoftplusGrad(gradients=again, features=given if mistake == "features" else x)
        with tf.control_dependencies([again]):
            total = raw.Exp(x=raw.Neg(x=given if mistake == "fallen" else x)) + (3.0 if mistake == "slope" else 2.0)
            total = raw.AddV2(x=total, y=raw.Exp(x=given if mistake == "grown" else x))
        handed, second = _handed(first, raw.RealDiv(x=product, y=total))
    out(raw.Pack(values=[handed, second]))


def _handed(*gradients):
    with tf.control_dependencies([tf.group(*gradients)]):
        return [raw.Identity(input=one) for one in gradients]


def run(form, which):
    with tf.Graph().as_default(), tf.Session() as session:
        form(which)
        return session.run("out:0", {"x:0": X})


@pytest.mark.parametrize(
    ("form", "old", "cause"),
    [
        (elu, "1.0", "second derivative of elu"),
        (elu, "1.12", "second derivative of elu"),
        (selu, "1.12", "second derivative of elu"),
        (selu, "1.0", "second derivative of elu"),
        (softplus, "1.12", "gradient of softplus"),
    ],
)
def test_the_cause_is_said_and_no_mistake_beside_it_is_excused(form, old, cause):
    graph = built(form, old)
    result = audit(graph, built(form, "new"))
    assert ([*result.differences], [one.cause for one in result.numbers]) == ([], [cause])
    assert result.verdict == "numbers changed"
    in_port = ["product", "gradient"] + ["limit"] * (form is not softplus)
    for mistake in in_port:
        assert audit(graph, built(form, "new", mistake)).verdict == "not faithful", mistake
    in_original = {"1.0": ["slope"], "1.12": ["features", "slope", "fallen", "grown"] if form is softplus else []}[old]
    for mistake in in_original:
        assert audit(built(form, old, mistake), built(form, "new")).verdict == "not faithful", mistake


def test_the_new_second_derivative_of_elu_is_the_right_one():
    below = np.minimum(X, 0)
    given, again = np.sin(X), np.cos(X) + 2
    right = np.stack([again * np.where(X < 0, np.exp(below), 1), np.where(X < 0, again * given, 0)])
    np.testing.assert_allclose(run(elu, "new"), right, rtol=1e-5)
    for old in ("1.0", "1.12"):
        assert not np.allclose(run(elu, old), right, rtol=0.1)


def test_the_last_bits_of_the_second_derivative_of_softplus_change():
    old, new = run(softplus, "1.12"), run(softplus, "new")
    np.testing.assert_allclose(old, new, rtol=1e-5)
    assert (old != new).any(), "else it would be a rule"
