"""Loops whose gradients `tf.gradients` makes without gates: what leaves the backward loop for nobody."""

import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved


def looped(looked_at=None):
    """Three turns and the gradient for a weight; `looked_at` is of what comes out, or leaves the backward loop."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(None, 4), floats(4, 4, name="w")
        begin = [0, tf.zeros_like(x)]
        state = tf.while_loop(lambda k, h: k < 3, lambda k, h: (k + 1, tf.tanh(tf.matmul(h, w) + x)), begin)[1]
        gradient = tf.gradients(tf.reduce_sum(tf.square(state)), [w])[0]
        if looked_at:
            looked_at(state, gradient, graph.get_tensor_by_name("gradients/while/Enter_1_grad/Exit:0"))
        out(tf.clip_by_norm(gradient, 1.0))
    return graph.as_graph_def()


def test_the_gradient_for_the_number_that_a_state_begins_with_is_made_for_nobody():
    made = looped(lambda state, gradient, left: tf.reduce_sum(left))
    proved(made, looped())
    assert "unused gradients" in audit(made, looped()).rules


def test_what_somebody_may_fetch_is_compared():
    of_state = looped(lambda state, gradient, left: tf.reduce_sum(state))
    assert audit(of_state, looped()).verdict == "not faithful"
    assert audit(looped(), of_state).verdict == "not faithful"
    of_gradient = [looped(lambda state, gradient, left, axis=axis: tf.reduce_sum(gradient, axis)) for axis in (0, 1)]
    assert audit(*of_gradient).verdict == "not faithful"
