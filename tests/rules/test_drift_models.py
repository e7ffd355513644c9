"""Compiled models of tf.keras: what changed their numbers, and mistakes beside the rules for them."""

from functools import partial

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops


def looked_up(new, mistake):
    """Whole numbers that a Sequential is given, and rows of those numbers."""
    numbers = tf.placeholder(tf.int32, [None], name="numbers")
    given = numbers
    if new:
        floating = raw.Cast(x=numbers, DstT=tf.float32)
        if mistake == "other":
            floating = raw.Neg(x=floating)
        elif mistake == "narrow":
            floating = raw.Cast(x=numbers, DstT=tf.float16)
        given = raw.Cast(x=floating, DstT=tf.int32)
        if mistake == "used":
            raw.Exp(x=floating)
    out(raw.GatherV2(params=tf.constant(np.arange(20.0), tf.float32), indices=given, axis=0))


def test_whole_numbers_that_are_cast_and_cast_back_change_numbers():
    old, new = built(looked_up, False), built(looked_up, True)
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["cast in Sequential"])
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(graph_def, name="")
            numbers = np.random.RandomState(1).randint(0, 20, 50)
            assert session.run("out:0", {"numbers:0": numbers}).tolist() == numbers.tolist()
    for mistake in ("other", "narrow", "used"):
        assert audit(old, built(looked_up, True, mistake)).verdict == "not faithful"


def grouped(new, mistake, waits=False, behind=False):
    """The gradients of a weighted loss, handed on together as tf.gradients does for an optimizer of tf.train.

    `waits`: whether that for the weights waits for an assertion; `behind`: whether all of it comes behind that.
    """
    given = floats(None, 3)
    asserted = [raw.Assert(condition=raw.Less(x=given[0, 0], y=9.0), data=[given])] if waits or behind else []
    with tf.control_dependencies(asserted if behind else []):
        x = raw.Sum(input=given, axis=[1])
    one = 0.5 if mistake == "weight" else 1.0
    weights = tf.constant(one) if new else raw.Fill(dims=raw.Shape(input=x), value=one)
    loss = raw.Mul(x=x, y=weights)
    given = raw.Exp(x=loss)
    back, product = raw.Mul(x=given, y=weights), raw.Mul(x=x, y=given)
    with tf.control_dependencies(asserted if waits else []):
        total = raw.Sum(input=product, axis=[0]) if new else product
    with tf.control_dependencies([back] if mistake == "wait" else [back, total]):
        together = tf.no_op()
    with tf.control_dependencies([together]):
        out(raw.AddV2(x=raw.Tanh(x=back), y=raw.Sum(input=loss, axis=[0])))
        tf.identity(raw.Neg(x=total) if mistake == "used" else total)


def test_gradients_for_weights_are_handed_on_with_the_others():
    old = built(grouped, False)
    assert "weights of one" in proved(old, built(grouped, True)).rules
    for mistake in ("weight", "wait", "used"):
        assert audit(old, built(grouped, True, mistake)).verdict == "not faithful"
    assert audit(built(grouped, False, "used"), built(grouped, True, "used")).verdict == "not faithful"


def test_gradients_for_weights_may_wait_for_what_all_comes_behind():
    behind = partial(grouped, behind=True)
    proved(built(behind, False), built(partial(behind, waits=True), True))
    assert audit(built(grouped, False), built(partial(grouped, waits=True), True)).verdict == "not faithful"


def counted(new, mistake):
    """A variable that is read behind its update, for which another reading waits in the newer form."""
    x = floats(3)
    handles = [raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=one, name=one) for one in "vw"]
    first = [raw.AssignVariableOp(resource=one, value=tf.zeros([3])) for one in handles]
    with tf.control_dependencies(first):
        update = raw.AssignAddVariableOp(resource=handles[1 if mistake == "variable" else 0], value=x)
    with tf.control_dependencies(first if mistake == "before" else [update]):
        again = raw.ReadVariableOp(resource=handles[0], dtype=tf.float32)
    with tf.control_dependencies([again if new else update]):
        value = raw.ReadVariableOp(resource=handles[0], dtype=tf.float32)
        if mistake == "writer":
            raw.AssignSubVariableOp(resource=handles[0], value=x)
    if mistake == "used":
        raw.Exp(x=again)
    out(raw.Tanh(x=value))


def test_waiting_for_a_reading_is_waiting_for_the_update():
    old = built(counted, False)
    assert "waits in groups" in proved(old, built(counted, True)).rules
    for mistake in ("before", "variable"):
        assert audit(old, built(counted, True, mistake)).verdict == "not faithful"
    for mistake in ("writer", "used"):  # which of the two comes first matters to what is read
        assert audit(built(counted, False, mistake), built(counted, True, mistake)).verdict == "not faithful"


@pytest.mark.parametrize("new", [False, True])
def test_a_copy_that_no_function_of_a_gradient_takes_is_reported(new):
    def copied(more, is_function):
        y = raw.Exp(x=floats(None, 3))
        if is_function:
            raw.Identity(input=y)
            y = raw.IdentityN(input=[y, y])[0]
        elif more:
            raw.Identity(input=y)
        out(raw.Tanh(x=y))

    old = built(copied, False)
    if new:
        proved(old, built(copied, True, True))
    else:
        assert audit(old, built(copied, True)).verdict == "not faithful"


def asked(new, mistake):
    """Variables that are asked for a value by ops of which the numbers say nothing."""
    handles = [raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=one, name=one) for one in "vwu"]
    x = floats(3)
    stored = [raw.AssignVariableOp(resource=one, value=x * k) for k, one in enumerate(handles)]
    for one in handles[::-1] if new else handles:
        raw.VarIsInitializedOp(resource=one)
    with tf.control_dependencies(stored):
        values = [raw.ReadVariableOp(resource=one, dtype=tf.float32) for one in handles]
    values = values[::-1] if mistake else values
    out(raw.Sub(x=raw.Mul(x=values[0], y=values[1]), y=values[2]))


def test_what_asks_for_variables_goes_with_them():
    proved(built(asked, False), built(asked, True))
    assert audit(built(asked, False), built(asked, True, True)).verdict == "not faithful"
