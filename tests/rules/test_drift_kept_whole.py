"""Dropout by a constant that keeps all, which drew nothing until TensorFlow 1.12."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats


def today(keep=1.0, **more):
    """Return what TensorFlow keeps by now of a tensor by a constant."""

    def dropped(h):
        return tf.nn.dropout(h, keep_prob=tf.constant(keep), seed=7, **more)

    return dropped


def behind_an_update(h):
    with tf.control_dependencies(tf.get_collection("ticks")):
        return today()(h)


def program(dropped, others=(), scale=2.0, rows=None, gated=False):
    """Two layers, what is dropped between them, and the gradients for weights; `others`: dropped behind that.

    `scale`: None has no product whose gradients are gated before those of what is dropped.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        x, w = floats(rows, 4), tf.Variable(np.ones([4, 3], np.float32), name="w")
        tf.add_to_collection("ticks", tf.assign_add(tf.Variable(0, name="count"), 1).op)
        h = dropped(tf.nn.relu(tf.matmul(x, w)))
        for one in others:
            h = one(h)
        loss = tf.reduce_sum(tf.square(h) if scale is None else scale * tf.square(h))
        tf.identity(tf.gradients(loss, [w], gate_gradients=gated)[0], name="end")
    return graph.as_graph_def()


def ran(graph_def):
    """Return the gradient that a program computes, as bits."""
    fed = np.random.default_rng(4).normal(size=[2, 4]).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        session.run("w/Assign")
        return session.run("end:0", {"x:0": fed}).tobytes()


def as_it_is(h):
    return h


@pytest.mark.long
@pytest.mark.parametrize("scale", [2.0, None])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("rows", [2, None])
def test_a_dropout_by_a_constant_that_keeps_all_draws_for_nothing(rows, gated, scale):
    how = {"rows": rows, "gated": gated, "scale": scale}
    old, new = (program(one, **how) for one in (as_it_is, today()))
    found = audit(old, new)
    assert (found.verdict, [one.cause for one in found.numbers]) == ("numbers changed", ["dropout that keeps all"])
    assert ran(old) == ran(new)
    for wrong in (today(0.5), tf.nn.tanh, lambda h: 2 * today()(h)):
        assert audit(old, program(wrong, **how)).verdict == "not faithful"
    assert audit(old, program(today(), **how | {"scale": 3.0})).verdict == "not faithful"
    assert audit(old, program(today(), [today(0.5)], **how)).verdict == "not faithful"


def awaited(graph_def):
    """Return a graph in which the gate of the gradients of what is masked waits for an update besides."""
    (gate,) = [node for node in graph_def.node if node.op == "NoOp" and "SelectV2_grad" in node.name]
    (update,) = [node.name for node in graph_def.node if node.op.startswith("AssignAdd")]
    gate.input.append(f"^{update}")
    return graph_def


def test_what_the_gate_of_its_gradients_waits_for_besides_is_reported():
    how = {"gated": True, "scale": None}
    assert audit(program(as_it_is, **how), awaited(program(today(), **how))).verdict == "not faithful"


def test_a_mask_of_more_rows_may_spread_what_it_keeps():
    assert audit(program(as_it_is), program(today(noise_shape=[2, 3]))).verdict == "not faithful"
    assert audit(program(as_it_is, rows=2), program(today(noise_shape=[2, 3]), rows=2)).verdict == "numbers changed"


def test_one_that_waits_for_an_update_runs_it():
    assert audit(program(as_it_is), program(behind_an_update)).verdict == "not faithful"


def test_one_beside_another_dropout_is_left_out_alone():
    half = today(0.5)
    found = audit(program(as_it_is, [half]), program(today(), [half]))
    assert (found.verdict, [one.cause for one in found.numbers]) == ("numbers changed", ["dropout that keeps all"])
    assert audit(program(as_it_is, [half]), program(today(), [])).verdict == "not faithful"


def test_one_that_both_programs_draw_for_is_compared():
    assert audit(program(today()), program(today())).verdict == "faithful"
    assert audit(program(today()), program(as_it_is)).verdict == "not faithful"
