"""What TensorFlow changed in one direction is a mistake in the other, and where it is not what TensorFlow wrote."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import CASES, built, floats, out
from test_drift import proved

raw = tf.raw_ops


def numbers(*shape, name="i"):
    return tf.placeholder(tf.int32, shape, name=name)


def mean_of_rows(new, _):
    """The weighted mean of rows that are looked up, which is 0 by now where the weights are 0."""
    w, table, ids = floats(None, 1, name="w"), floats(7, 3), numbers(None)
    total, weights = (raw.SegmentSum(data=one, segment_ids=ids) for one in (w * tf.gather(table, ids), w))
    out((raw.DivNoNan if new else raw.RealDiv)(x=total, y=weights))


def cumulated_product(new, _):
    x, g = floats(None, 4), floats(None, 4, name="g")
    total = tf.cumsum(tf.cumprod(x, 1) * g, 1, reverse=True)
    out((raw.DivNoNan if new else raw.RealDiv)(x=total, y=x))


def cast_and_back(new, _):
    ids = numbers(None)
    out(tf.gather(floats(7, 3), tf.cast(tf.cast(ids, tf.float32), tf.int32) if new else ids))


def clipped(new, _):
    norm = raw.Sqrt(x=raw.AddN(inputs=[raw.L2Loss(t=floats(5))]) * 2.0)
    scale = 5.0 * tf.minimum(1.0 / norm, tf.constant(1.0) / 5.0)
    out(floats(5) * (scale + (norm - norm) if new else scale))


def chosen(new, _):
    asked, x, y = tf.placeholder(tf.bool, [None], name="asked"), floats(None), floats(None, name="y")
    out(raw.SelectV2(condition=asked, t=x, e=y) if new else raw.Select(condition=asked, x=x, y=y))


def decayed(new, _):
    """The natural decay of a learning rate."""
    part = raw.RealDiv(x=raw.Cast(x=numbers(), DstT=tf.float32), y=100.0)
    negated = raw.Neg(x=0.5)
    out(0.1 * (raw.Pow(x=raw.Exp(x=negated), y=part) if new else raw.Exp(x=negated * part)))


def squared(new, _):
    """What a regularizer of squares adds."""
    w = floats(3, 4)
    out(0.02 * raw.L2Loss(t=w) if new else tf.constant(0.0) + 0.01 * tf.reduce_sum(tf.square(w)))


def added(new, _):
    terms = [floats(3, name=name) for name in "abc"]
    out(raw.AddN(inputs=terms) if new else raw.AccumulateNV2(inputs=terms, shape=[3]))


_FORMS = [mean_of_rows, cumulated_product, cast_and_back, clipped, chosen, decayed, squared, added]


@pytest.mark.parametrize("form", _FORMS)
def test_what_changed_in_one_direction_does_not_pass_in_the_other(form):
    old, new = built(form, False), built(form, True)
    old.versions.producer = new.versions.producer = 24
    assert audit(old, new).verdict != "not faithful"
    assert audit(new, old).verdict == "not faithful"


def test_the_shape_of_a_placeholder_is_compared_where_a_graph_tells_it():
    """TensorFlow 1.0 and 1.1 wrote none."""

    def form(new, mistake):
        x = tf.placeholder(tf.float32, (5, 3) if new else None, name="x")
        out(raw.Tanh(x=x) if mistake else raw.Exp(x=x))

    old, new = built(form, False), built(form, True)
    old.versions.producer = 21
    assert "placeholder shape" in proved(old, new).rules
    assert audit(old, built(form, True, mistake=True)).verdict == "not faithful"
    for producer in (24, 134):
        old.versions.producer = producer
        assert audit(old, new).verdict == "not faithful"


@pytest.mark.parametrize("kept, verdict", [([], "numbers changed"), ([3], "not faithful")])
def test_what_a_dropout_keeps_is_one_number(kept, verdict):
    """Of many each may be more than 1: the old form keeps more than once the tensor then, the new one does not."""

    def form(new, _):
        x, kept_of = floats(2, 3), tf.placeholder(tf.float32, kept, name="kept")
        drawn = tf.random_uniform([2, 3], seed=1)
        mask = tf.cast(drawn >= 1.0 - kept_of, tf.float32) if new else tf.floor(kept_of + drawn)
        out(x / kept_of * mask)

    assert audit(built(form, False), built(form, True)).verdict == verdict


@pytest.mark.parametrize("shape, verdict", [([-1], "faithful"), ([-1, 3], "not faithful")])
def test_what_is_counted_in_another_shape_has_as_many_elements(shape, verdict):
    def form(new, _):
        true = tf.cast(tf.placeholder(tf.bool, [None, 4], name="true"), tf.float32)
        out(tf.reduce_sum(tf.reshape(true, shape) if new else true))

    assert audit(built(form, False), built(form, True)).verdict == verdict


def _edited(graph_def, op, key, value):
    for node in graph_def.node:
        if node.op == op:
            node.attr[key].CopyFrom(value)
    return graph_def


@pytest.mark.parametrize(
    ("case", "op", "key", "value"),
    [
        ("labels and logits", "All", "keep_dims", tf.AttrValue(b=True)),
        ("triangles of a batch", "StridedSlice", "end_mask", tf.AttrValue(i=1)),
    ],
)
def test_an_attribute_of_what_a_rule_leaves_out_counts(case, op, key, value):
    form = CASES[case]
    old, new = (built(form, one) for one in (False, True))
    assert audit(old, new).verdict != "not faithful"
    assert audit(old, _edited(new, op, key, value)).verdict == "not faithful"


@pytest.mark.parametrize("stopped, verdict", [("labels", "faithful"), ("logits", "not faithful")])
def test_labels_alone_have_no_gradient(stopped, verdict):
    def form(new, _):
        given = {"logits": floats(3, 4), "labels": floats(3, 4, name="y")}
        given[stopped] = tf.stop_gradient(given[stopped]) if new else given[stopped]
        out(raw.SoftmaxCrossEntropyWithLogits(features=given["logits"], labels=given["labels"])[0])

    assert audit(built(form, False), built(form, True)).verdict == verdict
