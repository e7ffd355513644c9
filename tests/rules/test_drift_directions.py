"""Gradients in directions: vectors that are given, and what only the gradients of gradients have for nothing."""

import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops


def _given(new, mistake=False):
    """The gradient of a logarithm in a direction, constant or not, of which tf.gradients makes a copy by now."""
    x, waits = floats(None, 3), None
    directions = [raw.Neg(x=floats(None, 3, name="y")), tf.constant(2.5 if mistake else 2.0, name="two")]
    if new:
        directions = [raw.Identity(input=one, name=f"g/grad_ys_{k}") for k, one in enumerate(directions)]
    waits = [one.op for one in directions]
    with tf.control_dependencies(waits[:1]):
        inverse = raw.Reciprocal(x=x)
    with tf.control_dependencies([waits[1]] if new else []):
        root = raw.Sqrt(x=raw.Abs(x=x))
    out(raw.AddV2(x=raw.Mul(x=directions[0], y=inverse), y=raw.AddV2(x=root, y=directions[1])))


def test_a_direction_that_is_given_is_copied_constant_or_not():
    old, new = (built(lambda one, _: _given(one), one) for one in (False, True))
    proved(old, new)
    assert audit(old, built(lambda new, _: _given(new, mistake=True), True)).verdict == "not faithful"


def _of_square(new, mistake=""):
    """The gradient of that of a square, which multiplies by 2: for that number nobody needs one."""
    x, g = raw.Exp(x=floats(None, 3)), raw.Tanh(x=floats(None, 3, name="y"))
    back = raw.Cos(x=raw.Mul(x=2.0, y=g))
    doubled = raw.Mul(x=back, y=3.0 if mistake == "factor" else 2.0)
    if not new:
        total = raw.Mul(x=back, y=x if mistake == "other" else g)
        raw.Reshape(tensor=raw.Sum(input=total, axis=[0, 1]), shape=[])
    out(raw.AddV2(x=doubled, y=x))


def test_the_gradient_for_the_factor_of_a_square_is_of_no_use():
    old, new = (built(lambda one, _: _of_square(one), one) for one in (False, True))
    proved(old, new)
    assert audit(built(lambda new, _: _of_square(new, "other"), False), new).verdict == "not faithful"
    assert audit(old, built(lambda new, _: _of_square(new, "factor"), True)).verdict == "not faithful"
