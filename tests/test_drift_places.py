"""Where TensorFlow placed nodes otherwise: what may differ, and what beside it may not."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit

raw = tf.raw_ops


def _beside(op, *names):
    places = [f"loc:@{name}".encode() for name in names]
    op._set_attr("_class", tf.AttrValue(list=tf.AttrValue.ListValue(s=places)))


def _power(place, shape):
    """A number that an optimizer keeps, beside one of two variables."""
    with tf.Graph().as_default() as graph:
        for name in ("first", "second"):
            variable = raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
            raw.Assign(ref=variable, value=tf.fill([3], float(len(name))), name=f"{name}/Assign")
        power = raw.VariableV2(shape=shape, dtype=tf.float32, name="power")
        _beside(power.op, place)
        raw.Exp(x=raw.Identity(input=power), name="used")
    return graph.as_graph_def()


def test_a_number_may_be_beside_another_variable_and_a_vector_may_not():
    assert audit(_power("first", []), _power("second", [])).verdict == "faithful"
    assert audit(_power("first", [3]), _power("second", [3])).verdict == "not faithful"


def _placed(device, own):
    """A product on a device, or beside one that is there."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        with tf.device(device):
            y = raw.Exp(x=x, name="y")
        z = raw.Tanh(x=y, name="z")
        _beside(z.op, "y")
        z.op._set_device(own)
    return graph.as_graph_def()


@pytest.mark.parametrize(
    ("own", "verdict"), [("", "faithful"), ("/device:CPU:0", "faithful"), ("/device:GPU:0", "not faithful")]
)
def test_a_device_may_be_repeated_and_not_changed(own, verdict):
    assert audit(_placed("/device:CPU:0", "/device:CPU:0"), _placed("/device:CPU:0", own)).verdict == verdict
