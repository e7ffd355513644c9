"""What is made behind the end of a branch that updates a variable: whoever takes a part of it waits for that."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.audit.graph import Graph
from compat_v1.audit.normal import Normal
from compat_v1.audit.pruning import hand_on_effects
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import run

raw = tf.raw_ops


def _sized(x, g, behind, new, mistake):
    """A gradient as large as x: the size was computed behind the update, where what is as large comes from there."""
    shape = raw.Shape(input=x)
    with behind() if mistake != "before" else tf.control_dependencies([]):
        column = raw.Reshape(tensor=g, shape=[-1, 1])
    with behind():
        shape = shape if new else raw.AddV2(x=shape, y=[0, 0])
    return raw.BroadcastTo(input=column, shape=shape)


def _multiplied(x, m, behind, new, mistake):
    with behind() if mistake != "before" else tf.control_dependencies([]):
        if new:
            return raw.Einsum(inputs=[x, m], equation="ij,kj->ik" if mistake == "axes" else "ij,jk->ik")
        return raw.MatMul(a=x, b=m)


def _summed(x, g, behind, new, mistake):
    with behind() if mistake != "before" else tf.control_dependencies([]):
        if new:
            return raw.Einsum(inputs=[x], equation="ij->i" if mistake == "axes" else "ij->j")
        return raw.Sum(input=x, axis=[0])


def _built(form, new, mistake=None):
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, g = floats(None, 3), floats(*((3, 3) if form is _multiplied else (None,)), name="g")
        average = tf.Variable(0.0, use_resource=False, name="average")
        update = tf.cond(x[0, 0] > 0, lambda: tf.assign_add(average, 1.0), lambda: tf.identity(average))
        result = form(x, g, lambda: tf.control_dependencies([update]), new, mistake)
        with tf.control_dependencies([result]):
            out(raw.AddV2(x=raw.Sum(input=result, axis=[0, 1][: result.shape.rank]), y=average.read_value()))
        tf.variables_initializer([average], name="init")
    return graph.as_graph_def()


FORMS = [_sized, _multiplied, _summed]


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_behind_is_compared_in_both_forms(form):
    old, new = _built(form, False), _built(form, True)
    result = audit(old, new)
    assert (list(result.differences), list(result.not_compared)) == ([], [])
    assert {one.cause for one in result.numbers} == ({"einsum"} if form is not _sized else set())
    for seed in range(4):
        np.testing.assert_allclose(*(np.frombuffer(run(one, seed), np.float32) for one in (old, new)), rtol=1e-6)


@pytest.mark.parametrize(("form", "mistake"), [(one, "before") for one in FORMS] + [(one, "axes") for one in FORMS[1:]])
def test_what_comes_before_or_is_another_is_a_mistake(form, mistake):
    mistaken = _built(form, True, mistake)
    assert audit(_built(form, False), mistaken).verdict == "not faithful"
    assert any(run(_built(form, False), seed) != run(mistaken, seed) for seed in range(9))


def _ftrl(waits, new):
    """FTRL behind an update; `waits`: what is made behind it, its constants or beta alone."""
    with tf.Graph().as_default() as graph:
        x = floats(3)
        weights, other = (tf.Variable(tf.ones([3]), use_resource=False) for _ in range(2))
        update = raw.AssignAdd(ref=other._ref(), value=x)
        rate = raw.Maximum(x=raw.Sum(input=x, axis=[0]), y=0.1)
        behind = [tf.control_dependencies([update] if part in waits else []) for part in ("constants", "beta")]
        with behind[0]:
            strength = tf.constant(0.01)
        with behind[1]:
            if new:
                least = raw.Maximum(x=rate, y=1e-36)
                strength = raw.AddV2(x=strength, y=raw.RealDiv(x=0.0, y=raw.Mul(x=2.0, y=least)))
        raw.ApplyFtrl(
            **{name: tf.Variable(tf.ones([3]), use_resource=False)._ref() for name in ("accum", "linear")},
            **{"var": weights._ref(), "grad": x, "lr": rate, "l1": 0.001, "l2": strength, "lr_power": -0.5},
        )
    return graph.as_graph_def()


def test_beta_may_wait_for_what_the_strength_waits_for_and_for_nothing_else():
    old = _ftrl({"constants"}, False)
    assert audit(old, _ftrl({"constants", "beta"}, True)).verdict == "faithful"
    assert audit(_ftrl(set(), False), _ftrl({"beta"}, True)).verdict == "not faithful"
    assert audit(old, _ftrl(set(), True)).verdict == "not faithful"


def _normalized(new, mistake=None):
    """Mean and variance of what comes from a branch that updates, and their gradients, by a count of its rows."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        given = floats(None, 4)
        average, other = (tf.Variable(0.0, use_resource=False, name=name) for name in ("average", "other"))

        def updated():
            with tf.control_dependencies([tf.assign_add(average, 1.0)]):
                return tf.sin(given)

        x = tf.cond(given[0, 0] > 0, updated, lambda: tf.cos(given))
        whole = raw.Mean(input=x, axis=[0], keep_dims=True)
        shift = raw.StopGradient(input=whole)
        squares, rows = raw.SquaredDifference(x=x, y=shift), raw.Shape(input=x)
        if new:
            mean, variance = whole, raw.Mean(input=squares, axis=[0], keep_dims=True)
            mean, variance = (raw.Squeeze(input=one, axis=[0]) for one in (mean, variance))
        else:
            left = raw.Sub(x=x, y=shift)
            taken = raw.GatherV2(params=raw.Cast(x=rows, DstT=tf.float32), indices=[0], axis=0)
            count = raw.Prod(input=taken, axis=[0])
            total, of_squares = (raw.Sum(input=one, axis=[0]) for one in (left, squares))
            with tf.control_dependencies([total, of_squares]):
                inverse = raw.Reciprocal(x=count)
            rest = raw.Mul(x=total, y=inverse)
            mean = raw.AddV2(x=rest, y=raw.Reshape(tensor=shift, shape=[4]))
            variance = raw.Sub(x=raw.Mul(x=of_squares, y=inverse), y=raw.Square(x=rest))
        with tf.control_dependencies([tf.assign_add(other, 1.0)] if mistake == "waits" else []):
            of_mean, of_variance = tf.cos(mean), tf.rsqrt(variance)
        if mistake == "swapped":
            of_mean, of_variance = of_variance, of_mean

        def spread(gradient):
            return raw.BroadcastTo(input=raw.Reshape(tensor=gradient, shape=[1, 4]), shape=rows)

        if new:
            taken = raw.Prod(input=raw.GatherV2(params=raw.Shape(input=squares), indices=[0], axis=0), axis=[0])
            count = raw.Cast(x=taken, DstT=tf.float32)
            of_mean, of_variance = (raw.RealDiv(x=spread(one), y=count) for one in (of_mean, of_variance))
        else:
            corrected = raw.Mul(x=raw.Neg(x=of_variance), y=raw.Mul(x=2.0, y=rest))
            of_mean = spread(raw.Mul(x=raw.AddN(inputs=[of_mean, corrected]), y=inverse))
            of_variance = spread(raw.Mul(x=of_variance, y=inverse))
        back = raw.Mul(x=raw.Mul(x=2.0, y=of_variance), y=raw.Sub(x=x, y=shift))
        out(raw.AddN(inputs=[back, of_mean]) + mean * variance)
        tf.variables_initializer([average, other], name="init")
    return graph.as_graph_def()


def test_moments_come_behind_what_their_tensor_comes_behind():
    old, new = _normalized(False), _normalized(True)
    result = audit(old, new)
    assert (list(result.differences), {one.cause for one in result.numbers}) == ([], {"moments"})
    for seed in range(4):
        np.testing.assert_allclose(
            *(np.frombuffer(run(one, seed), np.float32) for one in (old, new)), rtol=1e-3, atol=1e-5
        )
    for mistake in ("swapped", "waits"):
        assert audit(old, _normalized(True, mistake)).verdict == "not faithful", mistake
    (count,) = (node for node in old.node if node.op == "Prod")
    count.attr["keep_dims"].b = True
    assert audit(old, new).verdict == "not faithful", "a count that is no number"


@pytest.mark.parametrize("put_behind", [False, True])
def test_what_has_an_effect_is_awaited_unless_a_rule_has_put_it_behind(put_behind):
    with tf.Graph().as_default() as graph:
        counted = raw.AssignAdd(ref=raw.VariableV2(shape=[], dtype=tf.float32), value=1.0, name="counted")
        x = floats()
        with tf.control_dependencies([counted]):
            raw.Exp(x=x, name="taken")
    normal = Normal(Graph(graph.as_graph_def()))
    counted, taken = normal.made["counted"], normal.made["taken"]
    taken.controls = frozenset()
    counted.controls = frozenset({taken} if put_behind else ())
    hand_on_effects(normal)
    assert taken.controls == (set() if put_behind else {counted})
