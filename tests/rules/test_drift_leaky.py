"""Second derivatives of leaky relus, as penalties on gradients have them: a port from 1.12 passes, no mistake does."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.leaky import CAUSE
from drift_cases import floats
from test_drift_older_ops import leaky

BETWEEN = {
    "maximum": lambda tensor: tf.maximum(tensor * 0.2, tensor),
    "relu": tf.nn.relu,
    "elu": tf.nn.elu,
    "relu6": tf.nn.relu6,
    "tanh": tf.tanh,
    "sigmoid": lambda tensor: -tf.sigmoid(tensor),
    "divided": lambda tensor: tensor / 3.0,
    "transposed": lambda tensor: tf.transpose(tf.transpose(tensor[:, :2]), [1, 0])[:, :1] * [1.0, 2.0, 3.0],
    "padded": lambda tensor: tf.pad(tf.slice(tensor, [0, 0], [-1, 2]), [[0, 0], [0, 1]]),
    "pooled": lambda tensor: tf.nn.avg_pool(tf.nn.max_pool(tensor, 2, 1, "SAME"), 2, 1, "SAME"),
}
FORMS = [{}, {"gated": False}, {"alone": True}, {"alone": True, "gated": False}, {"alone": True, "convolved": True}]
FORMS += [{"alone": True, "between": name, "convolved": name == "pooled"} for name in BETWEEN]
FORMS += [{"alone": True, "before": name, "convolved": name == "pooled"} for name in BETWEEN]
forms = pytest.mark.parametrize("form", FORMS, ids=str)


@functools.cache
def penalized(old, gated=True, alone=False, convolved=False, between="", before="", mistake=""):
    """Return a graph with a critic of two layers, a penalty on the gradient of its score, and what trains it by both.

    `alone`: the gradient is that of the score of something else; `between`: what comes between the layers; `before`:
    what is made of the first bias is scored.
    """
    with tf.Graph().as_default() as graph:
        x = floats(*[2, 4, 4, 3] if convolved else [4, 3])
        factors = [floats(*[3] * (4 if convolved else 2), name=f"factor_{layer}") for layer in range(2)]
        biases = [floats(3, name=f"bias_{layer}") for layer in range(2)]
        weights = floats(3, name="weights")

        def score(tensor):
            for layer, (factor, bias) in enumerate(zip(factors, biases, strict=True)):
                tensor = BETWEEN[between](tensor) if layer and between else tensor
                tensor = tf.nn.conv2d(tensor, factor, padding="SAME") if convolved else tf.matmul(tensor, factor)
                tensor = leaky(old, tf.nn.bias_add(tensor, bias), other=mistake == f"alpha {layer}")
            return tf.reduce_sum(tensor * weights)

        taken = BETWEEN[before](x + biases[0]) if before else tf.sin(x * 3.0)
        first = score(taken)
        (gradient,) = tf.gradients(first, taken)
        if mistake == "stopped":
            gradient = tf.stop_gradient(gradient)
        loss = tf.reduce_sum(tf.square(gradient - (2.0 if mistake == "penalty" else 1.0)))
        loss += score(x) if alone != (mistake == "alone") else first
        gradients = tf.gradients(loss, [*factors, *biases, weights], gate_gradients=gated)
        for place, one in enumerate([loss, *gradients]):
            tf.raw_ops.Identity(input=one, name=f"result_{place}")
    graph_def = graph.as_graph_def()
    if old:
        graph_def.versions.producer = 26
    return graph_def


@pytest.mark.long
@forms
def test_a_penalty_on_gradients_has_the_cause_and_nothing_else_differs(form):
    result = audit(penalized(True, **form), penalized(False, **form))
    assert list(result.differences) == [], result.differences
    assert [one.cause for one in result.numbers] == [CAUSE]


@forms
def test_both_give_the_same_numbers(form):
    found = []
    for old in (True, False):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(penalized(old, **form), name="")
            generator, given = (
                np.random.default_rng(6),
                [op for op in graph.get_operations() if op.type == "Placeholder"],
            )
            feeds = {op.outputs[0]: generator.normal(size=op.outputs[0].shape) for op in given}
            found.append(session.run([f"result_{place}:0" for place in range(6)], feeds))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)  # sums have their terms in another order


@pytest.mark.long
@forms
@pytest.mark.parametrize("mistake", ["alpha 0", "alpha 1", "penalty", "stopped", "alone"])
def test_a_mistake_beside_it_is_reported(form, mistake):
    assert audit(penalized(True, **form), penalized(False, **form, mistake=mistake)).verdict == "not faithful"
    assert audit(penalized(True, **form, mistake=mistake), penalized(False, **form)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("gated", [True, False])
def test_another_gradient_is_reported_whichever_it_is(gated):
    port = penalized(False, gated)
    names = [node.name for node in port.node if node.op == "LeakyReluGrad"]
    assert len(names) == 6
    for name in names:
        for edit in ("alpha", "features", "gradients"):
            wrong = tf.GraphDef.FromString(port.SerializeToString())
            node = next(node for node in wrong.node if node.name == name)
            if edit == "alpha":
                node.attr["alpha"].f = 0.1
            else:
                node.input[edit == "features"] = "Sin"
            assert audit(penalized(True, gated), wrong).verdict == "not faithful", (name, edit)


@pytest.mark.long
@pytest.mark.parametrize("form", [{}, {"alone": True}], ids=str)
def test_terms_that_are_no_zeros_stay(form):
    wrong = tf.GraphDef.FromString(penalized(False, **form).SerializeToString())
    zeros = [node for node in wrong.node if node.name.endswith("LeakyReluGrad_grad/zeros_like")]
    assert len(zeros) == 2 and {node.op for node in zeros} == {"Const"}
    for node in zeros:
        was = node.attr["value"].tensor.SerializeToString()
        node.attr["value"].tensor.float_val[:] = [0.5]
        assert audit(penalized(True, **form), wrong).verdict == "not faithful", node.name
        node.attr["value"].tensor.ParseFromString(was)
    assert audit(penalized(True, **form), wrong).verdict == "numbers changed"
