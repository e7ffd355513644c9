"""piecewise_constant of the first releases, which took its conditions out of a dict, in any order."""

import itertools

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from drift_cases_oldest import one_beside_the_other
from test_drift import proved

raw = tf.raw_ops
BOUNDS, RATES = (-1.0, 0.5, 1.5), (0.4, 0.3, 0.2, 0.1)
TEXT = "More than one condition evaluated as True but exclusive=True.  Conditions: ({}), Values:"


def decayed(order=None, exchanged=False, wrong=None):
    """Build a rate that depends on the step: by tf.case of today, or of the first releases with this `order`."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        step = raw.Reshape(tensor=floats(1), shape=[])
        rates = (RATES[1], RATES[0], *RATES[2:]) if exchanged else RATES
        if order is None:
            rate = tf.train.piecewise_constant(step, list(BOUNDS), list(rates))
        else:
            rate = _of_old(step, rates, order, wrong)
        out(raw.Exp(x=rate))
    return graph.as_graph_def()


def _of_old(step, rates, order, wrong):
    """Build what the first releases made of it, the intervals in between behind both ends."""
    bounds = [tf.constant(one) for one in BOUNDS]
    values = [tf.constant(one) for one in rates]
    conditions = [raw.LessEqual(x=step, y=bounds[0]), raw.Greater(x=step, y=bounds[-1])]
    for low, high in itertools.pairwise(bounds):
        conditions.append(raw.LogicalAnd(x=raw.Greater(x=step, y=low), y=raw.LessEqual(x=step, y=high)))
    branches = [lambda one=one: one for one in (values[0], values[-1], *values[1:-1])]
    conditions, branches = ([some[place] for place in order] for some in (conditions, branches))
    text = TEXT.format(", ".join(one.name for one in conditions))
    return one_beside_the_other(conditions, branches, lambda: values[0], [], text, wrong)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 1, 3, 2), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_rate_by_steps_passes_in_whatever_order_its_steps_are_asked(order):
    proved(decayed(order), decayed(), seeds=20)
    assert audit(decayed(order), decayed(exchanged=True)).verdict == "not faithful"


@pytest.mark.parametrize("wrong", ["assertion", "not awaited"])
def test_where_more_than_one_step_may_be_met_the_order_counts(wrong):
    first, other = (decayed(order, wrong=wrong) for order in ((0, 1, 2, 3), (0, 1, 3, 2)))
    assert audit(first, first).verdict == "faithful"
    assert audit(first, other).verdict == "not faithful"


def with_default(new, mistake=None, twice=False):
    """Choose by what x sums up to; the default was called before, which left what nothing uses.

    `twice`: for two values, which share what the default computes outside of all branches.
    """
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(3), floats(3, name="w")
        size, results = raw.Sum(input=x, axis=[0]), []

        def default(one="default"):
            return raw.AddV2(x=raw.Tanh(x=raw.Mul(x=x, y=w)), y=raw.Exp(x=x) if mistake == one else raw.Sin(x=x))

        for limit in (1.0, 2.0)[: 1 + twice]:
            conditions = [raw.Greater(x=size, y=limit), raw.Less(x=size, y=-limit)]
            branches = [lambda: raw.Exp(x=x), lambda limit=limit: raw.Mul(x=x, y=limit)]
            if new:
                pairs = list(zip(conditions, branches, strict=True))
                results.append(tf.case(pairs, default, exclusive=True))
                continue
            default("called before")
            text = TEXT.format(", ".join(one.name for one in conditions))
            results.append(one_beside_the_other(conditions, branches, default, [3], text))
        if mistake == "lost":  # what the program may fetch, and its port has no more
            raw.Tanh(x=raw.Mul(x=x, y=w))
        out(raw.Exp(x=raw.Sub(x=results[0], y=results[-1] if twice else 1.0)))
    return graph.as_graph_def()


@pytest.mark.parametrize("twice", [False, True])
def test_what_a_default_left_that_was_called_before_is_of_no_use(twice):
    proved(with_default(False, twice=twice), with_default(True, twice=twice), seeds=20)
    for mistake in ("default", "called before", "lost"):
        old = with_default(False, mistake, twice)
        assert audit(old, with_default(True, twice=twice)).verdict == "not faithful", mistake


def chosen_twice(new, mistake=None):
    """Choose twice by the same conditions, as an image is turned with the mask of what it shows."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(3), floats(3, name="w")
        size, results = raw.Sum(input=x, axis=[0]), []
        for which, value in enumerate((x, w)):
            wrong = mistake if which else None
            limit = 1.5 if wrong == "limit" else 1.0
            conditions = [raw.Greater(x=size, y=limit), raw.Less(x=size, y=-1.0)]
            branches = [lambda value=value: raw.Exp(x=value), lambda value=value: raw.Mul(x=value, y=2.0)]
            branches = branches[::-1] if wrong == "branches" else branches

            def default(value=x if wrong == "value" else value, wrong=wrong):
                return raw.Cos(x=value) if wrong == "default" else raw.Sin(x=value)

            if new:
                results.append(tf.case(list(zip(conditions, branches, strict=True)), default, exclusive=True))
                continue
            text = TEXT.format(", ".join(one.name for one in conditions))
            results.append(one_beside_the_other(conditions, branches, default, [3], text))
        results = results[::-1] if mistake == "results" else results
        out(raw.Exp(x=raw.Sub(x=results[0], y=results[1])))
    return graph.as_graph_def()


def test_two_choices_by_the_same_conditions_are_each_its_own():
    old = chosen_twice(False)
    assert "case in case" in proved(old, chosen_twice(True), seeds=20).rules
    for mistake in ("limit", "branches", "value", "default", "results"):
        assert audit(old, chosen_twice(True, mistake)).verdict == "not faithful", mistake
        assert audit(chosen_twice(False, mistake), chosen_twice(True)).verdict == "not faithful", mistake
