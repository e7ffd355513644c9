"""The order of rows in the gradient of a variable of which rows are taken more than once: a cause."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats

CAUSE = "order of look-ups"
OPTIMIZERS = [tf.train.GradientDescentOptimizer, tf.train.AdamOptimizer]
pytestmark = pytest.mark.parametrize("optimizer", OPTIMIZERS)


@functools.cache
def trained(optimizer, looked_up="", mistake=""):
    """A step on rows by i, j and k of one variable, and by i and j of another; `looked_up`: which end in a copy."""
    with tf.Graph().as_default() as graph:
        x = floats(None, 3)
        numbers = {name: tf.placeholder(tf.int32, [None], name=name) for name in "ijk"}
        table, other = (
            tf.Variable(np.linspace(first, 1, 15, dtype=np.float32).reshape(5, 3), use_resource=False, name=name)
            for first, name in ((-1, "table"), (-2, "other"))
        )

        def rows(name):
            found = tf.gather(table, numbers["j" if mistake == "numbers" and name == "i" else name])
            return tf.identity(found) if name in looked_up else found

        loss = tf.reduce_sum(tf.square(rows("i") - rows("j") * x + tf.exp(rows("k"))))
        loss += tf.reduce_sum(tf.gather(other, numbers["i"]) * tf.gather(other, numbers["j"]))
        optimizer(0.1).minimize(loss, name="step")
        tf.global_variables_initializer()
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if node.op == "ConcatV2" and len(node.input) == 4:
            is_of_rows = not node.input[0].endswith("_1")
            if mistake == "exchanged" or mistake == ("rows" if is_of_rows else "their numbers"):
                node.input[:2] = node.input[1::-1]
    return graph_def


@functools.cache
def _run(*form):
    """Return a variable after the step of `trained(*form)`."""
    generator = np.random.default_rng(1)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(trained(*form), name="")
        feeds = {f"{name}:0": generator.integers(0, 5, 40) for name in "ijk"}
        feeds["x:0"] = generator.normal(size=(40, 3))
        with tf.Session(graph=graph) as session:
            session.run("init")
            session.run("step", feeds)
            return session.run("table:0")


@pytest.mark.long
@pytest.mark.parametrize("looked_up", ["i", "ij", "ik"])
def test_the_order_of_look_ups_is_a_cause(optimizer, looked_up):
    old, new = trained(optimizer), trained(optimizer, looked_up)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == [CAUSE], result
    np.testing.assert_allclose(_run(optimizer), _run(optimizer, looked_up), rtol=1e-4)
    assert audit(old, trained(optimizer, "ijk")).verdict == "faithful"


def test_the_last_bits_change(optimizer):
    assert (_run(optimizer) != _run(optimizer, "i")).any(), "else it would be a rule"


@pytest.mark.long
@pytest.mark.parametrize("looked_up", ["i", "ij", "ik"])
@pytest.mark.parametrize("mistake", ["rows", "their numbers", "numbers"])
def test_mistakes_beside_it_are_reported(optimizer, looked_up, mistake):
    assert audit(trained(optimizer), trained(optimizer, looked_up, mistake)).verdict == "not faithful"
    assert audit(trained(optimizer, "", mistake), trained(optimizer, looked_up)).verdict == "not faithful"


@pytest.mark.parametrize("looked_up", ["", "ijk"])
def test_rows_that_are_all_taken_alike_may_come_in_another_order_with_their_numbers(optimizer, looked_up):
    form = optimizer, looked_up, "exchanged"
    result = audit(trained(optimizer), trained(*form))
    assert result.differences == [] and [one.cause for one in result.numbers] == ["order of rows that are taken"]
    assert (_run(optimizer) != _run(*form)).any(), "else it would be a rule"
    np.testing.assert_allclose(_run(optimizer), _run(*form), rtol=1e-4)
    for mistake in ("rows", "their numbers"):
        assert audit(trained(optimizer), trained(optimizer, looked_up, mistake)).verdict == "not faithful", mistake
