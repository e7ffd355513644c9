"""Sizes of what is convolved that `set_shape` told TensorFlow 1.0, which its gradients have as numbers."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops
_FORMS = {
    "Conv2D": (raw.Conv2D, raw.Conv2DBackpropInput, raw.Conv2DBackpropFilter),
    "apart": (
        raw.DepthwiseConv2dNative,
        raw.DepthwiseConv2dNativeBackpropInput,
        raw.DepthwiseConv2dNativeBackpropFilter,
    ),
}


def convolved(form, new, mistake="", stride=2):
    """Convolve 8 of what is given, as only a run can tell, with both gradients; the old graph says that they are 8."""
    forward, for_operand, for_filter = _FORMS[form]
    with tf.Graph().as_default() as graph:
        x, w = floats(4, 9, 5, 3), floats(3, 3, 3, 1, name="w")
        rest = tf.cast(floats(1, name="n")[0] * 0.0, tf.int32)
        y = raw.Tanh(x=x[:, : 8 + rest])
        how = {"strides": [1, stride, stride, 1], "padding": "SAME"}
        z = forward(input=y, filter=w, **how)
        gradient = raw.Exp(x=z)
        operand = y[:, :, ::-1] if mistake == "another operand" else y
        back = for_operand(
            input_sizes=raw.Shape(input=y) if new else [4, 8, 5, 3],
            filter=w[::-1] if mistake == "another filter" else w,
            out_backprop=gradient,
            **how,
        )
        parts = [back]
        if mistake != "alone":
            other = raw.Neg(x=gradient) if mistake == "another gradient" else gradient
            parts.append(for_filter(input=operand, filter_sizes=[3, 3, 3, 1], out_backprop=other, **how))
        out(tf.concat([tf.reshape(one, [-1]) for one in parts], 0))
    return graph.as_graph_def()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("form", _FORMS)
def test_sizes_that_both_gradients_have_are_those_of_the_operand(form, stride):
    proved(convolved(form, False, stride=stride), convolved(form, True, stride=stride))


@pytest.mark.parametrize("mistake", ["another operand", "another gradient", "another filter", "alone"])
@pytest.mark.parametrize("form", _FORMS)
def test_sizes_of_what_is_no_gradient_of_the_convolution_are_not(form, mistake):
    """As of a decoder that has the filters of its encoder."""
    assert audit(convolved(form, False, mistake), convolved(form, True, mistake)).verdict == "not faithful"


def test_sizes_that_are_known_otherwise_are_compared():
    old, new = convolved("Conv2D", False), convolved("Conv2D", True)
    for node in old.node:
        if node.name == "Conv2DBackpropInput/input_sizes":
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([4, 8, 6, 3]))
    assert audit(old, new).verdict == "not faithful"
