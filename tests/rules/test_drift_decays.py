"""Learning rates that decay in cycles, as `polynomial_decay` makes them: of the first, of later releases, and now."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats
from test_drift import proved

raw = tf.raw_ops


def cycles(form, mistake=""):
    """Which part of its cycles a step is; `form`: "first", or in a branch, or selected as by now."""
    with tf.Graph().as_default() as graph:
        total = raw.Sum(input=floats(None, 3), axis=[0, 1])
        step = raw.Round(x=raw.Abs(x=total), name="step")
        length, number = tf.constant(5.0 if mistake == "length" else 7.0), 2.0 if mistake == "number" else 1.0
        asked = total if mistake == "asked" else step
        begun = None if form == "first" else raw.Equal(x=asked, y=1.0 if mistake == "begun" else 0.0)
        if form == "branch":
            condition, with_it = tf.identity(begun), tf.identity(raw.Switch(data=begun, pred=begun)[1])
            sent = [raw.Switch(data=one, pred=condition) for one in (step, length)]
            divided = {"x": sent[0][0], "y": sent[mistake != "sent"][mistake == "side"]}
            with tf.control_dependencies([with_it]):
                number = tf.constant(number)
            count = raw.Merge(inputs=[raw.Ceil(x=raw.RealDiv(**divided)), number])[0]
        else:
            count = raw.Ceil(x=raw.RealDiv(x=raw.Abs(x=step) if mistake == "step" else step, y=length))
            bare, count = count, count if form == "first" else raw.SelectV2(condition=begun, t=number, e=count)
            count = bare if mistake == "bare" else count
        factor, divided = 9.0 if mistake == "factor" else length, total if mistake == "divided" else step
        by = count if mistake == "alone" else raw.Mul(x=factor, y=count)
        raw.RealDiv(x=divided, y=by, name="out")
        if mistake == "besides":
            raw.Tanh(x=count)
    return graph.as_graph_def()


def test_the_length_of_a_cycle_may_be_sent_into_the_branch_that_counts():
    proved(cycles("branch"), cycles("now"), seeds=20)
    for mistake in ("length", "number", "begun", "asked", "sent", "side"):
        assert audit(cycles("branch", mistake), cycles("now")).verdict == "not faithful", mistake


@pytest.mark.parametrize("form", ["branch", "now"])
def test_the_first_releases_counted_no_cycle_where_there_is_no_step(form):
    old, new = cycles("first"), cycles(form)
    result = audit(old, new)
    assert result.verdict == "numbers changed" and [one.cause for one in result.numbers] == ["first cycle"]
    assert audit(new, old).verdict == "not faithful"  # no later release left it out
    for mistake in ("length", "number", "begun", "asked", "step"):
        assert audit(old, cycles(form, mistake)).verdict == "not faithful" or (form, mistake) == ("branch", "step")
    for step in (1, 7, 8, 705):
        assert _part(old, step) == _part(new, step)
    assert np.isnan(_part(old, 0)) and _part(new, 0) == 0


@pytest.mark.parametrize("form", ["branch", "now"])
def test_a_count_of_cycles_begins_with_one_where_the_step_is_divided_by_their_length_alone(form):
    for mistake in ("factor", "divided", "alone", "besides"):
        assert audit(cycles("first", mistake), cycles(form, mistake)).verdict == "not faithful", mistake


def test_who_takes_the_count_as_it_is_does_not_begin_with_one():
    assert audit(cycles("now"), cycles("now", "bare")).verdict == "not faithful"
    assert audit(cycles("now", "bare"), cycles("now")).verdict == "not faithful"


def _part(graph_def, step):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    with tf.Session(graph=graph) as session:
        return session.run("out:0", {"step:0": step})
