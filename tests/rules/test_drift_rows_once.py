"""Rows of an embedding that were looked up for each weight, and are once each by now, with what updates them."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.rules.rows_once import SUBTRACTED
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


def _descent(new, mistake=""):
    """Rows that are looked up with weights, and what plain gradient descent takes from each of them."""
    places, weights = tf.placeholder(tf.int64, [None], name="places"), floats(None, 1, name="weights")
    rate = tf.constant([[0.5]] if mistake == "rates" else 0.25 if mistake == "rate" else 0.5)
    table = raw.VariableV2(shape=[6, 3], dtype=tf.float32)
    raw.Assign(ref=table, value=tf.fill([6, 3], 0.5), name="init")
    rows = raw.Identity(input=table)
    once, numbers = raw.Unique(x=places) if new else (places, None)
    taken = raw.GatherV2(params=rows, indices=once, axis=0)
    taken = raw.GatherV2(params=taken, indices=numbers, axis=0) if new else taken
    result = raw.Tanh(x=raw.Sum(input=raw.Mul(x=taken, y=weights), axis=[0]))
    gradient = raw.Mul(x=weights, y=raw.Neg(x=result) if mistake == "negated" else result)
    if new:
        which = tf.sort(numbers) if mistake == "which" else numbers
        count = raw.Shape(input=once)[0] + (mistake == "count")
        gradient = raw.UnsortedSegmentSum(data=gradient, segment_ids=which, num_segments=count)
    where = tf.sort(once) if mistake == "where" else once
    where = tf.concat([where, [0]], 0) if mistake == "count" else where
    change = raw.ScatterAdd if mistake == "added" else raw.ScatterSub
    out(change(ref=table, indices=where, updates=raw.Mul(x=gradient, y=rate)))


def test_what_descent_takes_from_each_row_is_added_up_first():
    old, new = (built(_descent, one) for one in (False, True))
    old.versions.producer = 27
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], [SUBTRACTED])
    for mistake in ("rate", "rates", "negated", "which", "count", "where", "added"):
        assert audit(old, built(_descent, True, mistake)).verdict == "not faithful", mistake
    old.versions.producer = 134
    assert audit(old, new).verdict == "not faithful"
    generator = np.random.default_rng(3)
    feeds = {"places:0": [4, 1, 4, 0, 4], "weights:0": generator.normal(size=(5, 1)).astype(np.float32)}
    found = []
    for one in (old, new):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(one, name="")
            session.run("init")
            found.append(session.run("out:0", feeds))
    np.testing.assert_allclose(*found, rtol=1e-6)
