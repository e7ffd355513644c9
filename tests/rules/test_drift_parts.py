"""What an op, or zeros, waited for that are made otherwise by now: the same bits, and no mistake hides."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _variables():
    return [tf.Variable(tf.ones([3]), use_resource=False) for _ in range(2)]


def _begun(variables):
    tf.variables_initializer(variables, name="init")


def _softplus(new, first=False, mistake=""):
    """The gradient of softplus behind an update, as with those of a batch normalization; `first`: nothing before it."""
    with tf.Graph().as_default() as graph:
        x, variables = floats(3), _variables()
        updates = [raw.AssignAdd(ref=one._ref(), value=x) for one in variables]
        given = raw.Sin(x=x) if first else None
        with tf.control_dependencies(updates[:1]):
            gradient = given if first else raw.Sin(x=x)
        behind = {"": updates[:1], "before": [], "other": updates[1:]}[mistake]
        with tf.control_dependencies(behind if new or first else []):
            if new:
                result = raw.Mul(x=gradient, y=raw.Sigmoid(x=x))
            else:
                result = raw.SoftplusGrad(gradients=gradient, features=x)
        with tf.control_dependencies([result]):
            out(variables[0].read_value() * result)
        _begun(variables)
    return graph.as_graph_def()


@pytest.mark.parametrize("first", [False, True])
def test_a_part_may_wait_for_what_the_op_came_behind(first):
    old = _softplus(False, first)
    result = audit(old, _softplus(True, first))
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["gradient of softplus"])
    assert audit(old, _softplus(True, first, "other")).verdict == "not faithful"
    if first:
        assert audit(old, _softplus(True, first, "before")).verdict == "not faithful"


def _mean(new, form=""):
    """A quotient by a count, and its gradient, whose zeros are as large as what is made of a variable's update."""
    with tf.Graph().as_default() as graph:
        x, weight, variables = floats(3), floats(1, name="w"), _variables()
        updated = raw.AssignAdd(ref=variables[0]._ref(), value=x)
        losses = raw.Tanh(x=updated)
        present = raw.Select(condition=raw.Equal(x=weight, y=0.0), x=[0.0], y=[1.0])
        count, total = raw.Sum(input=raw.Mul(x=present, y=tf.ones([3])), axis=[0]), raw.Sum(input=losses, axis=[0])
        if new:
            mean = raw.DivNoNan(x=total, y=count)
            back = raw.DivNoNan(x=3.0 if form == "another" else 1.0, y=count)
        else:
            above = raw.Greater(x=count, y=0.0)
            divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=1.0, y=count)
            quotient = raw.RealDiv(x=total, y=divisor)
            mean = raw.Select(condition=above, x=quotient, y=raw.ZerosLike(x=total))
            back = raw.RealDiv(x=raw.Select(condition=above, x=1.0, y=raw.ZerosLike(x=quotient)), y=divisor)
        spread = raw.BroadcastTo(input=raw.Reshape(tensor=back, shape=[1]), shape=[3])
        if form == "given":  # nothing of this comes behind the update
            raw.Identity(input=raw.Exp(x=spread), name="given")
        if form == "read":
            with tf.control_dependencies([spread]):
                mean += raw.Sum(input=variables[0].read_value(), axis=[0])
        out(raw.Mul(x=raw.Mul(x=spread, y=losses), y=mean))
        _begun(variables)
    return graph.as_graph_def()


def test_the_gradient_of_a_mean_need_not_come_behind_what_all_that_is_made_of_it_comes_behind():
    proved(_mean(False), _mean(True), seeds=20)
    assert audit(_mean(False), _mean(True, "another")).verdict == "not faithful"


@pytest.mark.parametrize("form", ["given", "read"])
def test_what_is_given_or_reads_a_variable_behind_it_tells_them_apart(form):
    assert audit(_mean(False, form), _mean(True, form)).verdict == "not faithful"


def _two_means(new, form=""):
    """The gradients of two means of one size, of which one is the size of what comes behind an update."""
    with tf.Graph().as_default() as graph:
        x, variables = floats(3), _variables()
        updated = raw.AssignAdd(ref=variables[0]._ref(), value=x)
        losses, others = raw.Tanh(x=updated), raw.Sin(x=x)
        gradient = raw.Reshape(tensor=raw.Min(input=x, axis=[0]), shape=[1])
        shapes = [[3], [3]] if new else [raw.Shape(input=one) for one in (losses, others)]
        spread, other = (raw.BroadcastTo(input=gradient, shape=one) for one in shapes)
        if form == "given":  # nothing of this comes behind the update
            raw.Identity(input=raw.Exp(x=spread), name="given")
        back = raw.Mul(x=other if form == "one of both" else spread, y=losses)
        out(raw.AddV2(x=raw.Atan2(y=back, x=losses), y=raw.Mul(x=other, y=raw.Sin(x=x if form == "other" else others))))
        _begun(variables)
    return graph.as_graph_def()


def test_sizes_that_are_known_make_one_gradient_of_two_though_one_came_behind_an_update():
    proved(_two_means(False), _two_means(True))
    proved(_two_means(False), _two_means(True, "one of both"))
    for form in ("given", "other"):
        assert audit(_two_means(False), _two_means(True, form)).verdict == "not faithful"
    assert audit(_two_means(False, "given"), _two_means(True, "given")).verdict == "not faithful"


def _ones(old, behind=False, value=1.0):
    """Ones as many as what an update gives; TensorFlow 1.15 asked whether these are few, for nothing."""
    with tf.Graph().as_default() as graph:
        x, variables = floats(None), _variables()
        updated, other = (raw.Assign(ref=one._ref(), value=x, validate_shape=False) for one in variables)
        size = raw.Size(input=updated)
        if old:
            with tf.control_dependencies([other] if behind else []):
                raw.Less(x=size, y=1000)
        out(raw.Mul(x=raw.Fill(dims=raw.Pack(values=[size]), value=value), y=updated))
        _begun(variables)
    return graph.as_graph_def()


def _zeros(old, behind=True, others=False):
    """Zeros, as many as is computed, that come behind an update; TensorFlow 1.15 asked there whether these are few."""
    with tf.Graph().as_default() as graph:
        x, variables = floats(None), _variables()
        updated = raw.Assign(ref=variables[0]._ref(), value=x, validate_shape=False)
        count = raw.ArgMax(input=x, dimension=0, output_type=tf.int32)
        with tf.control_dependencies([updated] if behind else []):
            size = raw.Pack(values=[count, 3])
        if old:
            with tf.control_dependencies([updated]):
                raw.Less(x=raw.Mul(x=count, y=3), y=1000)
        if others:
            with tf.control_dependencies([updated]):
                raw.Fill(dims=raw.Pack(values=[count]), value=0.0, name="others")
        out(raw.Sum(input=raw.Fill(dims=size, value=0.0), axis=[0, 1]))
        _begun(variables)
    return graph.as_graph_def()


def test_nobody_asks_behind_an_update_whether_zeros_are_few():
    proved(_zeros(True), _zeros(False))
    assert audit(_zeros(True, behind=False), _zeros(False, behind=False)).verdict == "not faithful"
    for others in (False, True):
        old, new = _zeros(True, others=others), _zeros(False, behind=False, others=others)
        assert audit(old, new).verdict == "not faithful"


def test_nobody_asks_whether_what_an_update_gives_is_little():
    proved(_ones(True), _ones(False))
    assert audit(_ones(True), _ones(False, value=2.0)).verdict == "not faithful"
    assert audit(_ones(True, behind=True), _ones(False)).verdict == "not faithful"
