"""What takes nothing waited for its branch, too, where it waits for more of that: the same bits, no mistake hides."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _kept(mistake=""):
    """A variable is assigned to in a branch, and what the branch gives, a constant, waits for that."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(3)
        best, last = (
            tf.get_variable(name, [3], initializer=tf.zeros_initializer(), use_resource=False)
            for name in ("best", "last")
        )
        tf.variables_initializer([best, last], name="init")
        condition = raw.All(input=raw.Less(x=x[:1], y=1.0), axis=[0])

        def better():
            updates = tf.assign(best, x * 2.0), tf.assign(last, x)
            with tf.control_dependencies(updates[:1] if mistake == "fewer" else updates):
                return tf.constant(2.0, name="two")

        def worse():
            update = tf.assign(best, -x)
            with tf.control_dependencies([] if mistake == "none" else [update]):
                return tf.constant(3.0, name="three")

        found = tf.cond(condition, better, worse)
        with tf.control_dependencies([found]):
            out((best.read_value() - last.read_value()) * found)
    return graph.as_graph_def()


def _said(graph_def, names=("cond/two", "cond/three"), pivots=("cond/switch_t", "cond/switch_f")):
    """As TensorFlow 1.0 said of constants in which branch they are."""
    for node in graph_def.node:
        if node.name in names:
            node.input.append(f"^{pivots[names.index(node.name)]}")
    return graph_def


def test_a_constant_that_waits_for_more_of_its_branch_may_wait_for_the_branch():
    proved(_said(_kept()), _kept(), seeds=20)


@pytest.mark.parametrize("mistake", ["fewer", "none"])
def test_a_wait_that_is_missing_in_a_branch_is_reported(mistake):
    assert audit(_said(_kept()), _kept(mistake)).verdict == "not faithful"
    assert audit(_said(_kept(mistake)), _kept()).verdict == "not faithful"


def test_a_constant_of_the_other_branch_is_reported():
    crossed = _said(_kept(), pivots=("cond/switch_f", "cond/switch_t"))
    assert audit(crossed, _kept()).verdict == "not faithful"


def _asked(said, of="same"):
    """A constant waits for what runs where a variable, or a copy, holds, and for the branch of the one or the other."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(3)
        holds = tf.get_variable("holds", [], tf.bool, initializer=tf.ones_initializer(), use_resource=False)
        tf.variables_initializer([holds], name="init")
        read = raw.Identity(input=holds._ref(), name="read")  # a reference is read when something takes it
        again = {"same": raw.Identity(input=read), "later": raw.Identity(input=holds._ref(), name="again")}[of]
        pivot = raw.Identity(input=raw.Switch(data=again, pred=again)[1])
        inside = raw.Exp(x=raw.Switch(data=x, pred=read)[1])
        with tf.control_dependencies([inside, pivot] if said else [inside]):
            two = tf.constant(2.0, name="two")
        with tf.control_dependencies([two]):
            end = tf.constant(3.0)
        out(raw.Merge(inputs=[end, raw.Sum(input=raw.Switch(data=x, pred=read)[0], axis=[0])])[0])
    return graph.as_graph_def()


def test_only_the_branch_of_one_reading_is_implied():
    proved(_asked(True), _asked(False))
    assert audit(_asked(True, "later"), _asked(False, "later")).verdict == "not faithful"
    assert audit(_asked(False, "later"), _asked(True, "later")).verdict == "not faithful"
