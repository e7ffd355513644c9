"""Layers that pool in one dimension, of an image of one row or of one column, with their gradients."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops
_BOTH = pytest.mark.parametrize("pool", [raw.MaxPool, raw.AvgPool], ids=["max", "avg"])
_SIZES = ((None, 8, 3), (4, 8, 3), (None, None, 3))


def _program(new, pool, sizes=(None, 8, 3), padding="VALID", window=3, stride=2, besides=None, axis=None):
    """Return the graph of a pool in one dimension; `besides(image, pooled)`: what is added to the loss."""
    axis = axis or (2 if new else 1)
    along = 3 - axis

    def slid(length):
        return [length if place == along else 1 for place in range(4)]

    def form(_new, _mistake):
        x = floats(*sizes)
        image = raw.ExpandDims(input=tf.sin(x), axis=axis)
        value = {"input" if pool is raw.MaxPool else "value": image}
        pooled = pool(**value, ksize=slid(window), strides=slid(stride), padding=padding)
        found = raw.Squeeze(input=pooled, axis=[axis])
        loss = tf.reduce_sum(tf.exp(found))
        if besides:
            loss += besides(image, pooled)
        raw.Identity(input=found, name="found")
        out(tf.gradients(loss, x)[0])

    return built(form, new)


@_BOTH
@pytest.mark.parametrize("sizes", _SIZES, ids=str)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_both_forms_give_every_bit_and_are_faithful(pool, sizes, padding):
    old, new = (_program(one, pool, sizes, padding) for one in (False, True))
    if None in sizes[1:]:  # the placeholder takes any length: those that run it feed a known one
        assert audit(old, new).verdict == "faithful"
    else:
        assert "pooled in one dimension" in proved(old, new).rules


@_BOTH
@pytest.mark.parametrize("sizes", _SIZES, ids=str)
def test_another_window_stride_padding_and_axis_are_reported(pool, sizes):
    old, new = (_program(one, pool, sizes) for one in (False, True))
    other = raw.AvgPool if pool is raw.MaxPool else raw.MaxPool
    for mistake in ({"window": 2}, {"stride": 1}, {"padding": "SAME"}, {"pool": other}):
        how = {"pool": pool, "sizes": sizes, **mistake}
        assert audit(old, _program(True, **how)).verdict == "not faithful", mistake
        assert audit(_program(False, **how), new).verdict == "not faithful", mistake


@_BOTH
def test_pools_over_the_axis_that_was_put_in_are_no_row(pool):
    """A window along the axis of one element pools nothing: that is another program."""

    def across(new):
        def form(_new, _mistake):
            image = raw.ExpandDims(input=floats(None, 8, 3), axis=1)
            window = [1, 1, 3, 1] if new else [1, 3, 1, 1]
            value = {"input" if pool is raw.MaxPool else "value": image}
            pooled = pool(**value, ksize=window, strides=[1, 1, 1, 1], padding="SAME")
            out(raw.Squeeze(input=pooled, axis=[1]))

        return built(form, new)

    assert audit(across(False), across(True)).verdict == "not faithful"


@_BOTH
@pytest.mark.parametrize("which", [0, 1])
def test_an_image_that_serves_something_else_is_compared_as_it_is(pool, which):
    def besides(*images):
        return tf.reduce_sum(tf.cumsum(images[which], 1))

    old, new = (_program(one, pool, besides=besides) for one in (False, True))
    assert audit(old, new).verdict == "not faithful"
    assert audit(old, old).verdict == audit(new, new).verdict == "faithful"
