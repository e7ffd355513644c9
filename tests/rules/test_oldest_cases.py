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
