"""Accumulators of gradients, whose handles were references to texts and are resources."""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out

raw = tf.raw_ops


def accumulated(old, mistake=""):
    """The mean of two gradients or more, how many have come, and the step that those have to be of."""
    with tf.Graph().as_default() as graph:
        x = floats(3)
        made = {"dtype": tf.float32, "shape": [3], "shared_name": "other" if mistake == "name" else "kept"}
        if mistake == "sum":
            made["reduction_type"] = "SUM"
        kept = (raw.ConditionalAccumulator if old else raw.ResourceConditionalAccumulator)(**made)

        def op(name):
            return getattr(raw, name if old else f"Resource{name}")

        with tf.colocate_with(kept) if old else tf.name_scope(None):
            step = tf.constant(1 if mistake == "step" else 0, tf.int64)
            given = op("AccumulatorApplyGradient")(handle=kept, local_step=step, gradient=x)
            with tf.control_dependencies([given] if mistake != "early" else []):
                count = tf.constant(1 if mistake == "count" else 2)
                taken = op("AccumulatorTakeGradient")(handle=kept, num_required=count, dtype=tf.float32)
            op("AccumulatorNumAccumulated")(handle=kept, name="number")
            op("AccumulatorSetGlobalStep")(handle=kept, new_global_step=tf.constant(0, tf.int64), name="set")
            graph.add_to_collection("given", given)
        out(taken * 2.0)
    return graph


def run(graph):
    """Return what comes of two gradients, one of which comes by itself, and how many there are before and after."""
    (given,) = graph.get_collection("given")
    first, second = np.array([1, -0.5, 3e-7], "float32"), np.array([1e-3, 7, np.inf], "float32")
    with tf.Session(graph=graph) as session:
        session.run("set")
        counts = [session.run("number:0")]
        session.run(given, {"x:0": first})
        counts.append(session.run("number:0"))
        result = session.run("out:0", {"x:0": second})
        return result.tobytes(), counts, session.run("number:0")


def test_what_an_accumulator_gives_is_the_same_by_either_handle():
    old, new = accumulated(True), accumulated(False)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert result.verdict == "faithful", result.differences
    assert "handles of accumulators" in result.rules
    assert run(old) == run(new)


def test_another_accumulator_or_count_or_step_is_told():
    for mistake in ("name", "sum", "step", "count", "early"):
        wrong = accumulated(False, mistake).as_graph_def()
        assert audit(accumulated(True).as_graph_def(), wrong).verdict == "not faithful", mistake


def test_one_of_sparse_gradients_is_a_reference_as_before():
    with tf.Graph().as_default() as graph:
        kept = raw.SparseConditionalAccumulator(dtype=tf.float32, shape=[3, 2])
        raw.AccumulatorNumAccumulated(handle=kept)
    result = audit(graph.as_graph_def(), graph.as_graph_def())
    assert (result.verdict, result.rules) == ("faithful", {})
