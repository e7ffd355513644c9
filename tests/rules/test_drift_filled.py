"""Second derivatives, of which TensorFlow until 1.8 made those for the ones as well that `tf.gradients` begins with."""

import functools

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops


def _hyperbolic(x, w, ones):
    """Return the derivative of tanh(x) w, the gradient that the ones became on the way, and what it was before."""
    h = raw.Tanh(x=x)
    between = raw.MatMul(a=ones, b=w, transpose_b=True)
    return raw.TanhGrad(y=h, dy=between), between


def _sine(x, w, ones):
    between = raw.MatMul(a=ones, b=w, transpose_b=True)
    return raw.Mul(x=between, y=raw.Cos(x=x)), between


def second(new, mistake, first=_hyperbolic, way="product", live=True):
    """A second derivative, and for nobody what the first was taken in the direction of, as far as its number."""
    x, w, other = floats(None, 3), raw.Exp(x=floats(3, 1)), raw.Sin(x=floats(3, 1))
    y = raw.MatMul(a=raw.Tanh(x=x), b=w)
    ones = raw.Fill(dims=raw.Shape(input=y), value=1.0)
    scale = raw.Exp(x=floats(1))
    begun = {"product": lambda: ones, "scaled": lambda: raw.Mul(x=scale, y=ones), "less": lambda: raw.Neg(x=ones)}[
        way
    ]()
    derivative, between = first(x, w, begun)
    found, arrived = tf.gradients(derivative, [x, between])
    if mistake == "twice":
        found = found * raw.Exp(x=x)
    if not new or mistake:
        back = raw.MatMul(a=arrived, b=other if mistake == "weights" else w)
        raw.MatMul(a=begun, b=arrived, transpose_a=True)
        if way == "scaled":
            raw.Reshape(tensor=raw.Sum(input=raw.Mul(x=back, y=ones), axis=[0]), shape=[1])
            back = raw.Mul(x=scale, y=back)
        back = raw.Neg(x=back) if way == "less" else back
        raw.Reshape(
            tensor=raw.Sum(input=back, axis=[1] if mistake == "rows" else [0, 1]), shape=[-1] if mistake else []
        )
    out(raw.Square(x=found) if live else raw.Tanh(x=x))


@pytest.mark.parametrize("way", ["product", "scaled", "less"])
@pytest.mark.parametrize("first", [_hyperbolic, _sine])
def test_what_the_ones_became_is_made_for_nobody_by_one_release_alone(first, way):
    form = functools.partial(second, first=first, way=way)
    old, new = built(form, False), built(form, True)
    proved(old, new)
    fetched = functools.partial(form, live=False)
    assert audit(built(fetched, False), built(fetched, True)).verdict == "faithful"
    for mistake in ("twice", "weights", "rows"):
        mistaken = built(form, False, mistake)
        assert audit(mistaken, new).verdict == "not faithful", mistake
        assert audit(new, mistaken).verdict == "not faithful", mistake
