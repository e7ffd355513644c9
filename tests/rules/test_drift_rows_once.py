"""Rows of an embedding that were looked up for each weight, and are once each by now, with what updates them."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def weighed(new, mistake="", dense=False):
    """Weighed rows, and their gradient, added up for each row that there is or for all of them (`dense`)."""
    rows, weights, segments = floats(6, 3, name="rows"), floats(None, 1, name="weights"), floats(None, 3, name="g")
    places = raw.Cast(x=raw.Minimum(x=raw.Abs(x=raw.Sum(input=weights, axis=[1])), y=5.0), DstT=tf.int64)
    others = raw.Cast(x=raw.Minimum(x=raw.Abs(x=raw.Sum(input=segments, axis=[1])), y=5.0), DstT=tf.int64)
    once, numbers = raw.Unique(x=others if mistake == "rows" else places) if new else (places, None)
    other, of_others = raw.Unique(x=others)
    taken = raw.GatherV2(params=rows, indices=other if mistake == "inner" else once, axis=0)
    if new:
        which = of_others if mistake == "which" else numbers
        taken = raw.GatherV2(params=raw.Identity(input=taken), indices=which, axis=0)
    result = raw.Sum(input=raw.Mul(x=taken, y=weights), axis=[0])
    result += raw.Sum(input=raw.Cast(x=other, DstT=tf.float32), axis=[0])
    many = raw.Size(input=numbers if new else places)
    gradient = raw.Reshape(tensor=raw.Mul(x=segments, y=weights), shape=raw.Pack(values=[many, 3]))
    if new:
        count = raw.Shape(input=once)[0]
        gradient = raw.UnsortedSegmentSum(data=gradient, segment_ids=numbers, num_segments=count + (mistake == "count"))
    if dense:
        added = raw.UnsortedSegmentSum(data=gradient, segment_ids=once, num_segments=7 if mistake == "more" else 6)
    else:
        again, place = (once, numbers) if mistake == "place" else raw.Unique(x=once)
        added = raw.UnsortedSegmentSum(data=gradient, segment_ids=place, num_segments=raw.Shape(input=again)[0])
        added = raw.Mul(x=added, y=raw.Cast(x=raw.ExpandDims(input=again, axis=1), DstT=tf.float32))
    if mistake == "squares":  # as for a norm, which was that of all, and is of what is added up
        added = raw.AddV2(x=added, y=raw.Sum(input=raw.Square(x=gradient), axis=[0]))
    out(raw.ConcatV2(values=[added, raw.ExpandDims(input=result, axis=0)], axis=0))


def built(form, *of):
    with tf.Graph().as_default() as graph:
        form(*of)
    return graph.as_graph_def()


@pytest.mark.parametrize("dense", [False, True])
def test_rows_that_are_looked_up_once_are_the_same_and_so_is_their_gradient(dense):
    old, new = (built(weighed, one, "", dense) for one in (False, True))
    assert "rows once" in proved(old, new, seeds=20).rules
    for mistake in ("rows", "inner", "which", "count", *(["more"] if dense else ["place"])):
        assert audit(old, built(weighed, True, mistake, dense)).verdict == "not faithful", mistake
    assert audit(*(built(weighed, one, "squares", dense) for one in (False, True))).verdict == "not faithful"


def _of_a_program(new, mistake=""):
    """Rows that a program itself makes unique, and takes of those by an op that has no axis yet."""
    rows, x = floats(6, 3, name="rows"), floats(None)
    once, numbers = raw.Unique(x=raw.Cast(x=raw.Minimum(x=raw.Abs(x=x), y=5.0), DstT=tf.int64))
    if new:
        axis = {"axis": 1 if mistake == "axis" else 0}
        data = raw.GatherV2(params=rows, indices=once, **axis)
        out(raw.Tanh(x=raw.GatherV2(params=data, indices=tf.sort(numbers) if mistake == "order" else numbers, axis=0)))
    else:
        data = raw.Gather(params=rows, indices=once)
        out(raw.Tanh(x=raw.Gather(params=data, indices=numbers)))


def test_rows_that_a_program_makes_unique_are_those_with_or_without_an_axis():
    old, new = (built(_of_a_program, one) for one in (False, True))
    proved(old, new)
    for mistake in ("axis", "order"):
        assert audit(old, built(_of_a_program, True, mistake)).verdict == "not faithful", mistake
