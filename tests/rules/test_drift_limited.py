"""Stacks that hold as many values as a loop has turns, as TensorFlow 1.5 made them for `maximum_iterations`.

Both forms give every bit, the audit knows both, no mistake beside hides.
"""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops
pytestmark = pytest.mark.usefixtures("loops_of_ops")


def _trained(limited, holds=None, most=None, in_branch=False):
    """The gradient of a loop of at most `most` turns, kept on stacks of that size, or of `holds`, or of any."""
    x = floats(3, 3)
    most = tf.shape(x)[0] if most is None else tf.constant(most)

    def turn(hidden):
        if in_branch:
            return tf.cond(tf.reduce_sum(hidden) > 0.0, lambda: tf.tanh(tf.matmul(hidden, x)), lambda: tf.exp(hidden))
        return tf.tanh(tf.matmul(hidden, x))

    hidden = tf.while_loop(lambda hidden: tf.reduce_sum(hidden) < 9.0, turn, [tf.cos(x)], maximum_iterations=most)
    gradient = tf.gradients(hidden**2, x)[0]
    stacks = [op for op in tf.get_default_graph().get_operations() if op.type == "StackV2"]
    for stack in stacks if limited else []:
        stack._update_input(0, most if holds is None else tf.constant(holds))
    assert stacks
    out(gradient)


def _graph(*args, **kwargs):
    return built(lambda *_: _trained(*args, **kwargs), None)


@pytest.mark.parametrize("form", [{}, {"most": 4}, {"in_branch": True}], ids=str)
def test_a_stack_for_all_turns_is_as_good_as_one_without_a_limit(form):
    result = proved(_graph(True, **form), _graph(False, **form))
    assert "limited stacks" in result.rules


def test_a_stack_for_less_than_all_turns_overflows_and_is_a_difference():
    old, new = _graph(True, holds=1), _graph(False)
    assert audit(old, new).verdict == audit(new, old).verdict == "not faithful"


def _from_minus_one(named, merge):
    named[named[merge.input[0]].input[0]].attr["value"].tensor.int_val[0] = -1


def _once_more(named, merge):
    less = next(node for node in named.values() if node.op == "Less" and node.input[0] == merge.name)
    less.op = "LessEqual"


def _backward(named, merge):
    named[named[named[merge.input[1]].input[0]].input[1]].attr["value"].tensor.int_val[0] = -1


@pytest.mark.parametrize("change", [_from_minus_one, _once_more, _backward])
def test_a_stack_of_a_loop_that_counts_otherwise_may_overflow_and_is_a_difference(change):
    graphs = _graph(True), _graph(False)
    for graph in graphs:
        named = {node.name: node for node in graph.node}
        count = next(node for node in graph.node if node.op == "Less" and named[node.input[1]].op == "Enter")
        change(named, named[count.input[0]])
    assert audit(*graphs).verdict == "not faithful"


def test_a_stack_that_two_ops_push_to_may_overflow_and_is_a_difference():
    graphs = _graph(True), _graph(False)
    for graph in graphs:
        push = next(node for node in graph.node if node.op == "StackPushV2")
        again = graph.node.add()
        again.CopyFrom(push)
        again.name = "again"
        count = next(node for node in graph.node if f"^{push.name}" in node.input)
        count.input.append("^again")
    assert audit(*graphs).verdict == "not faithful"


def test_a_stack_for_what_a_loop_ends_with_is_a_difference():
    """It may be one more than the turns."""
    graphs = _graph(True), _graph(False)
    for graph in graphs:
        push = next(node for node in graph.node if node.op == "StackPushV2")
        taken = next(node for node in graph.node if node.op == "Switch" and node.attr["T"] == push.attr["T"])
        push.input[1:] = [taken.name]
    assert audit(*graphs).verdict == "not faithful"


@pytest.mark.parametrize("of_inner", [True, False])
def test_a_stack_that_a_loop_in_a_loop_fills_may_overflow_and_is_a_difference(of_inner):
    """It is made once, for all turns of both loops."""

    def form(limited, _):
        x, most = floats(3, 3), tf.constant(2)

        def inner(hidden):
            turns = most if of_inner else 4
            return tf.while_loop(
                lambda _: True, lambda one: tf.tanh(tf.matmul(one, x)), [hidden], maximum_iterations=turns
            )

        turns = 4 if of_inner else most
        hidden = tf.while_loop(lambda one: tf.reduce_sum(one) < 9.0, inner, [tf.cos(x)], maximum_iterations=turns)
        gradient = tf.gradients(hidden**2, x)[0]
        for op in tf.get_default_graph().get_operations() if limited else []:
            if op.type == "StackV2":
                op._update_input(0, most)
        out(gradient)

    graphs = built(form, True), built(form, False)
    assert audit(*graphs).verdict == "not faithful"
