"""Every rule where all of it is placed on a device, as programs place their models."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from test_drift import CASES

GPU, OTHER = "/device:GPU:0", "/device:GPU:1"
raw = tf.raw_ops


def placed(device, form, new, mistake=False):
    with tf.Graph().as_default() as graph, tf.device(device):
        form(new, mistake)
    return graph.as_graph_def()


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_applies_on_a_device(rule):
    old = placed(GPU, CASES[rule], False)
    assert audit(old, placed(GPU, CASES[rule], True)).verdict in ("faithful", "numbers changed")
    assert audit(old, placed(GPU, CASES[rule], True, mistake=True)).verdict == "not faithful"
    assert audit(old, placed(OTHER, CASES[rule], True)).verdict == "not faithful"


def _looked_up(new, mistake=False):
    """Rows of a variable, combined; in the older form looked up once each, beside the variable."""
    rows = raw.VariableV2(shape=[5, 2], dtype=tf.float32, name="rows")
    raw.Assign(ref=rows, value=tf.fill([5, 2], 0.5))
    read, numbers = raw.Identity(input=rows), tf.placeholder(tf.int32, [None], name="numbers")
    segments = tf.placeholder(tf.int32, [None], name="segments")
    combine = raw.SparseSegmentSum if mistake else raw.SparseSegmentMean
    if new:
        raw.Tanh(x=combine(data=read, indices=numbers, segment_ids=segments, sparse_gradient=True), name="y")
        return
    once = raw.Unique(x=numbers)
    taken = raw.GatherV2(params=read, indices=once.y, axis=0)
    taken.op._set_attr("_class", tf.AttrValue(list=tf.AttrValue.ListValue(s=[b"loc:@rows"])))
    raw.Tanh(x=combine(data=taken, indices=once.idx, segment_ids=segments), name="y")


def test_rows_that_were_looked_up_beside_their_variable_are_on_its_device():
    old = placed(GPU, _looked_up, False)
    assert audit(old, placed(GPU, _looked_up, True)).verdict == "faithful"
    assert audit(old, placed(GPU, _looked_up, True, mistake=True)).verdict == "not faithful"
    assert audit(old, placed(OTHER, _looked_up, True)).verdict == "not faithful"
