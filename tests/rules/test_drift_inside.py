"""Leaky relus and what is clipped in loops and branches: a port from 1.8 and 1.12 passes, no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.older_ops import BY_VALUE
from test_drift_layer_norm import _read
from test_drift_older_ops import FORMS, SHAPE, by_value, leaky

raw = tf.raw_ops
FEEDS = {"x:0": np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)}
PLACES = ["loop", "branch", "both"]
forms = pytest.mark.parametrize("form", [leaky, by_value], ids=lambda form: form.__name__)
places = pytest.mark.parametrize("place", PLACES)
gates = pytest.mark.parametrize("gated", [True, False])
pytestmark = pytest.mark.usefixtures("loops_of_ops")


@functools.cache
def program(form, old, place, gated=True, mistake="", producer=26):
    """Return a graph with what a form makes of a tensor in a loop, a branch or a branch in a loop, and gradients."""
    with tf.Graph().as_default() as graph:
        x, feed = tf.placeholder(tf.float32, SHAPE, name="x"), tf.placeholder_with_default(True, [], name="which")
        weights = _read("v", SHAPE[1:], 0.5)()

        def inside(tensor):
            taken = tf.sin(tensor * 3.0) * 1.5 * weights
            given = raw.Sin(x=tensor) if mistake == "another tensor" else taken
            made = form(old, given, mistake == "another number")
            if mistake == "written out":  # where one of the two has no gradient
                made = tf.maximum(tf.stop_gradient(0.2 * taken), taken)
            made = tf.stop_gradient(made) if mistake == "no gradient" else made
            return made * tf.tanh(tensor if mistake == "other gradient" else taken)

        def branch(tensor):
            branches = [lambda: inside(tensor), lambda: tensor * weights]
            return tf.cond(feed, *branches[:: -1 if mistake == "other branch" else 1])

        if place == "branch":
            y = branch(x)
        else:
            body = inside if place == "loop" else branch
            turns = 4 if mistake == "turns" else 3
            y = tf.while_loop(lambda turn, _: turn < turns, lambda turn, one: (turn + 1, body(one)), [0, x])[1]
        loss = tf.reduce_sum(tf.square(y))
        for number, one in enumerate([loss, *tf.gradients(loss, [x, weights], gate_gradients=gated)]):
            raw.Identity(input=one, name=f"result_{number}")
    graph_def = graph.as_graph_def()
    if old:
        graph_def.versions.producer = producer
    return graph_def


@pytest.mark.long
@forms
@places
@gates
def test_the_port_has_the_cause_and_nothing_else_differs(form, place, gated):
    result = audit(program(form, True, place, gated), program(form, False, place, gated))
    assert list(result.differences) == [], result.differences
    assert FORMS[form] in [one.cause for one in result.numbers]
    assert audit(program(form, True, place, gated), program(form, True, place, gated)).verdict == "faithful"


@forms
@places
def test_both_give_the_same_numbers(form, place):
    found = []
    for old in (True, False):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(program(form, old, place), name="")
            session.run("v/Assign")
            found.append(session.run([f"result_{number}:0" for number in range(3)], FEEDS))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)  # sums have their terms in another order


@pytest.mark.long
@forms
@places
@gates
def test_a_mistake_beside_it_is_reported(form, place, gated):
    old, new = program(form, True, place, gated), program(form, False, place, gated)
    mistakes = ["another tensor", "another number", "written out", "no gradient", "other gradient"]
    mistakes += ["other branch"] if place != "loop" else []
    mistakes += ["turns"] if place != "branch" else []
    for mistake in mistakes:
        assert audit(old, program(form, False, place, gated, mistake)).verdict == "not faithful", mistake
        assert audit(program(form, True, place, gated, mistake), new).verdict == "not faithful", mistake


@forms
@places
def test_a_program_of_a_later_release_was_not_written_so(form, place):
    result = audit(program(form, True, place, producer=134), program(form, False, place))
    assert result.verdict == "not faithful"


@pytest.mark.long
@forms
@places
@pytest.mark.parametrize("is_of_port", [True, False])
def test_each_edit_of_a_gradient_is_reported(form, place, is_of_port):
    graphs = [program(form, True, place), program(form, False, place)]
    whole = graphs[is_of_port]
    asked = ("GreaterEqual", "LessEqual", "Less", "Greater", "LogicalOr", "SelectV2", "Select", "LeakyReluGrad", "AddN")
    edited = 0
    for place_of_node, node in enumerate(whole.node):
        if node.op not in asked or not node.name.startswith("gradients/") or _is_idle(whole, node.name):
            continue
        wrong = tf.GraphDef.FromString(whole.SerializeToString())
        one = wrong.node[place_of_node]
        if node.op == "AddN":
            one.input[1] = one.input[0]
        elif node.op.startswith("Select"):
            one.input[1], one.input[2] = one.input[2], one.input[1]
        elif node.op == "LogicalOr":
            one.op = "LogicalAnd"
        elif node.op == "LeakyReluGrad":
            one.attr["alpha"].f = 0.35
        else:
            one.op = {"GreaterEqual": "Greater", "LessEqual": "Less"}.get(node.op, f"{node.op}Equal")
        edited += 1
        pair = (graphs[0], wrong) if is_of_port else (wrong, graphs[1])
        assert audit(*pair).verdict == "not faithful", node.name
    assert edited


def _twice(old, tensor, other=False):
    """What is clipped twice, by one upper limit."""
    most, least = (0.75 if other else 0.5), -0.25
    if old:
        wider = raw.ClipByValue(t=tensor, clip_value_min=-0.5, clip_value_max=0.5)
        return wider + 2.0 * raw.ClipByValue(t=tensor, clip_value_min=least, clip_value_max=most)
    return tf.maximum(tf.minimum(tensor, 0.5), -0.5) + 2.0 * tf.maximum(tf.minimum(tensor, most), least)


@pytest.mark.long
@places
@gates
def test_what_is_clipped_twice_by_one_limit_passes(place, gated):
    old, new = (program(_twice, one, place, gated) for one in (True, False))
    assert list((result := audit(old, new)).differences) == [] and BY_VALUE in [one.cause for one in result.numbers]
    for mistake in ("another number", "another tensor", "no gradient"):
        assert audit(old, program(_twice, False, place, gated, mistake)).verdict == "not faithful", mistake


@pytest.mark.long
@places
@pytest.mark.parametrize("is_of_port", [True, False])
def test_a_gradient_that_asks_for_another_limit_is_reported(place, is_of_port):
    graphs = [program(by_value, True, place), program(by_value, False, place)]
    whole, edited = graphs[is_of_port], 0
    for number, node in enumerate(whole.node):
        limits = (
            [one for one in whole.node if one.op == "Const" and one.name == node.input[1]] if node.input[1:] else []
        )
        asks = node.op in ("GreaterEqual", "LessEqual", "Less", "Greater")
        if not (asks and limits and node.name.startswith("gradients/")):
            continue
        wrong = tf.GraphDef.FromString(whole.SerializeToString())
        other = wrong.node.add()
        other.CopyFrom(limits[0])
        other.name, wrong.node[number].input[1] = "gradients/another_limit", "gradients/another_limit"
        other.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0.375))
        edited += 1
        pair = (graphs[0], wrong) if is_of_port else (wrong, graphs[1])
        assert audit(*pair).verdict == "not faithful", node.name
    assert edited >= 2


def _is_idle(graph, name):
    """Whether nothing takes what a node gives but sums that nothing takes."""
    users = [node for node in graph.node if name in [one.partition(":")[0] for one in node.input]]
    last = ("Sum", "Reshape", "Identity", "Shape")
    return all(node.op in last and _is_idle(graph, node.name) for node in users)
