"""Quotients by a count in loops, as losses have them, with gradients: an old program's port passes, no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from test_drift_layer_norm import _read

raw = tf.raw_ops
SHAPE = [4, 3]
RULE = "quotient or 0"
gates = pytest.mark.parametrize("gated", [True, False])
pytestmark = pytest.mark.usefixtures("loops_of_ops")


def quotient(old, total, count, mistake):
    """Return a total divided by a count, or 0 where that is 0."""
    if not old:
        return tf.math.divide_no_nan(total, count)
    if mistake == "another 0":
        return tf.where(tf.greater(count, 1.0), total / count, tf.zeros_like(count))
    most = tf.ones_like(count) * (2.0 if mistake == "another 1" else 1.0)
    least = 1.0 if mistake == "another count" else 0.0
    return tf.where(tf.greater(count, 0.0), total / tf.where(tf.equal(count, least), most, count), tf.zeros_like(count))


@functools.cache
def program(old, gated=True, mistake=""):
    """Return a graph that adds up two losses in the turns of a loop, and trains weights by that."""
    with tf.Graph().as_default() as graph:
        x, given = (tf.placeholder(tf.float32, SHAPE, name=name) for name in ("x", "given"))
        factor = _read("v", SHAPE[1:], 0.5)()

        def body(turn, total):
            taken = tf.cast(turn, tf.float32) * x * factor
            present = tf.where(tf.equal(given, 0.0), tf.zeros(SHAPE), tf.ones(SHAPE))
            counted = tf.ones(SHAPE) if mistake == "counts all" else present
            weighed = tf.reduce_sum(tf.square(taken) * (tf.tanh(given) if mistake == "weights" else given))
            weighed = tf.stop_gradient(weighed) if mistake == "stopped" else weighed
            total += quotient(old, weighed, tf.reduce_sum(counted), mistake)
            return turn + 1, total + quotient(old, tf.reduce_sum(tf.abs(taken) * given), tf.reduce_sum(present), "")

        loss = tf.while_loop(lambda turn, _: turn < 3, body, [0, 0.0])[1]
        for number, one in enumerate([loss, *tf.gradients(loss, [x, factor], gate_gradients=gated)]):
            raw.Identity(input=one, name=f"result_{number}")
    return graph.as_graph_def()


@gates
def test_the_port_passes(gated):
    result = audit(program(True, gated), program(False, gated))
    assert (result.verdict, list(result.differences)) == ("faithful", []) and RULE in result.rules


@pytest.mark.parametrize("count", [0, 1, 7])
def test_both_give_the_same_bits(count):
    found, generator = [], np.random.default_rng(count)
    x, given = generator.normal(size=(2, *SHAPE)).astype(np.float32)
    given.reshape(-1)[count:] = 0.0
    as_written = tf.ConfigProto()
    as_written.graph_options.rewrite_options.disable_meta_optimizer = True
    for old in (True, False):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph, config=as_written) as session:
            tf.import_graph_def(program(old), name="")
            session.run("v/Assign")
            found.append(session.run([f"result_{number}:0" for number in range(3)], {"x:0": x, "given:0": given}))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.long
@gates
@pytest.mark.parametrize("mistake", ["counts all", "weights", "stopped"])
def test_a_mistake_beside_it_is_reported(gated, mistake):
    assert audit(program(True, gated), program(False, gated, mistake)).verdict == "not faithful"
    assert audit(program(True, gated, mistake), program(False, gated)).verdict == "not faithful"


@gates
@pytest.mark.parametrize("mistake", ["another 0", "another 1", "another count"])
def test_what_only_looks_like_it_is_reported(gated, mistake):
    assert audit(program(True, gated, mistake), program(False, gated)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("is_of_port", [True, False])
def test_each_edit_of_a_gradient_is_reported(is_of_port):
    graphs = [program(True), program(False)]
    whole, edited = graphs[is_of_port], 0
    used = {one.partition(":")[0] for node in whole.node for one in node.input if not one.startswith("^")}
    for number, node in enumerate(whole.node):
        if node.op not in ("Select", "SelectV2", "RealDiv", "DivNoNan", "StackPushV2") or node.name not in used:
            continue
        for slot in range(node.op.startswith("S"), len(node.input) - (node.op == "StackPushV2")):
            wrong = tf.GraphDef.FromString(whole.SerializeToString())
            negated = wrong.node.add(op="Neg", name="negated")
            negated.attr["T"].type = tf.float32.as_datatype_enum
            negated.input.append(node.input[slot])
            wrong.node[number].input[slot] = "negated"
            edited += 1
            pair = (graphs[0], wrong) if is_of_port else (wrong, graphs[1])
            assert audit(*pair).verdict == "not faithful", (node.name, slot)
    assert edited >= 6
