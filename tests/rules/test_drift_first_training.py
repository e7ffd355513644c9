"""What the first releases wrote otherwise in training: AdagradDA's next step, the gradient of a quantization."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift_clipped import told

raw = tf.raw_ops


def averaged(old, mistake=""):
    """Two variables, trained by AdagradDA; `old`: which take the next step itself, counted beside the first of them."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        w, b = (tf.Variable(tf.ones(shape), use_resource=False, name=name) for name, shape in (("w", [3, 2]), ("b", 2)))
        step = tf.Variable(0, trainable=False, use_resource=False, dtype=tf.int64, name="step")
        loss = tf.reduce_sum(tf.square(tf.matmul(floats(4, 3), w) + b))
        counted = step * 2 if mistake == "step" else step
        optimizer = tf.train.AdagradDAOptimizer(0.2 if mistake == "rate" else 0.1, counted)
        optimizer.minimize(loss, global_step=step, name="train")
        tf.global_variables_initializer()
    graph_def = graph.as_graph_def()
    (add,) = (node for node in graph_def.node if node.name == "train/add")
    copies = [node for node in graph_def.node if list(node.input) == [add.name]]
    if old:
        add.attr["_class"].list.s[:] = [b"loc:@w"]
        for node in graph_def.node:
            node.input[:] = [add.name if one in {copy.name for copy in copies} else one for one in node.input]
        kept = [node for node in graph_def.node if node not in copies]
        del graph_def.node[:]
        graph_def.node.extend(kept)
    elif mistake == "number":
        (one,) = (node for node in graph_def.node if node.name == "train/add/y")
        one.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(2, tf.int64))
    return graph_def


def trained(graph_def):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        session.run("init")
        for _ in range(3):
            session.run("train", {"x:0": np.random.default_rng(2).normal(size=(4, 3))})
        return b"".join(one.tobytes() for one in session.run(["w:0", "b:0"]))


def test_the_next_step_is_copied_for_each_variable():
    old, new = averaged(True), averaged(False)
    result = audit(old, new)
    assert result.verdict == "faithful" and "next step" in result.rules, result.differences
    assert trained(old) == trained(new)
    for mistake in ("step", "rate", "number"):
        assert audit(old, averaged(False, mistake)).verdict == "not faithful", mistake


def quantized(limits, gradient_limits, others=False, looped=False):
    """The gradient of a quantization between two limits, which itself is given limits or none."""
    with tf.Graph().as_default() as graph:
        x = floats(40)

        def difference(x):
            y = raw.FakeQuantWithMinMaxArgs(inputs=x, **limits)
            if others:
                raw.FakeQuantWithMinMaxArgs(inputs=x, min=-1.0, max=1.0)
            return raw.FakeQuantWithMinMaxArgsGradient(gradients=raw.Exp(x=y), inputs=x, **gradient_limits)

        out(tf.map_fn(difference, raw.Reshape(tensor=x, shape=[4, 10])) if looped else difference(x))
    return graph


LIMITS = {"min": -3.0, "max": 3.5}


@pytest.mark.parametrize("looped", [False, True])
def test_the_gradient_of_a_quantization_had_its_own_limits(looped):
    old, new = (quantized(LIMITS, limits, looped=looped) for limits in ({}, LIMITS))
    assert told(old, new) == ("numbers changed", ["limits of a quantization"])
    assert told(new, new) == told(old, old) == ("faithful", [])
    x = np.linspace(-8, 8, 40)
    results = []
    for graph in (old, new):
        with tf.Session(graph=graph) as session:
            results.append(session.run("out:0", {"x:0": x}))
    beyond = (np.abs(x) < 6) & ((x < -3.0) | (x > 3.5))
    assert (results[0] != results[1]).ravel().tolist() == beyond.tolist()


def test_other_limits_of_a_gradient_are_told():
    old, new = quantized(LIMITS, {}), quantized(LIMITS, LIMITS)
    assert told(new, old)[0] == "not faithful", "the port alone forgets them"
    assert told(old, quantized(LIMITS, {"min": -3.0, "max": 2.0}))[0] == "not faithful"
    assert told(old, quantized({"min": -3.0}, {"min": -3.0}))[0] == "not faithful"
    assert told(quantized(LIMITS, {}, others=True), quantized(LIMITS, LIMITS, others=True))[0] == "not faithful"
