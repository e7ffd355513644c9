"""What is clipped by a norm behind an update, or by a limit that is a tensor."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out


def clipped(old, counts=1, behind="all", limit="number"):
    """A tensor clipped as it first was or as it is, behind an update that counts; `limit`: "number", "fed" or "above".

    `behind`: whether "all" of it comes behind the update, or "the norm" alone.
    """
    with tf.Graph().as_default() as graph:
        x, fed = floats(4, 3), tf.placeholder(tf.float32, [], name="limit")
        clip = {"number": 2.0, "fed": fed, "above": tf.maximum(fed, 0.0)}[limit]
        count = tf.Variable(0.0, trainable=False, use_resource=False, name="count")
        update = tf.assign_add(count, counts)
        early = x * clip if behind == "the norm" else None
        with tf.control_dependencies([update]):
            product = x * clip if early is None and old else early
            if old or early is not None:
                squares = tf.reduce_sum(x * x, keepdims=True)
            if old:
                made = tf.identity(product * tf.minimum(tf.rsqrt(squares), tf.constant(1.0) / clip))
            elif behind == "the norm":
                root = tf.where_v2(squares > 0, tf.sqrt(tf.where_v2(squares > 0, squares, tf.ones([1, 1]))), squares)
                made = tf.identity(product / tf.maximum(root, clip))
            else:
                made = tf.clip_by_norm(x, clip)
            out(made)
    return graph


def told(*graphs):
    result = audit(*(graph.as_graph_def() for graph in graphs))
    return result.verdict, [one.cause for one in result.numbers]


def run(graph, x, limit=2.0):
    with tf.Session(graph=graph) as session:
        session.run("count/Assign")
        result = session.run("out:0", {"x:0": x, "limit:0": limit})
        return result, session.run("count:0")


def test_what_is_clipped_behind_an_update_counts_as_often():
    graphs = clipped(True), clipped(False)
    assert told(*graphs) == ("numbers changed", ["clipped by a norm"])
    for scale in (0.1, 1.0, 10.0):
        x = np.random.default_rng(3).normal(scale=scale, size=(4, 3)).astype(np.float32)
        (old, counted), (new, also_counted) = (run(graph, x) for graph in graphs)
        np.testing.assert_allclose(old, new, rtol=1e-6)
        assert (counted, also_counted) == (1.0, 1.0)


def test_another_update_and_a_product_that_is_made_before_are_told():
    assert told(clipped(True), clipped(False, counts=2))[0] == "not faithful"
    assert told(clipped(True), clipped(False, behind="the norm"))[0] == "not faithful"
    assert told(clipped(True, behind="the norm"), clipped(False))[0] == "not faithful"


@pytest.mark.parametrize("old", [True, False], ids=["first", "later"])
def test_zero_is_taken_for_a_limit_below_0(old):
    causes = ["clipped by a norm"] if old else []
    later = clipped(True, limit="fed") if old else without_limit()
    assert told(later, clipped(False, limit="fed")) == ("numbers changed", [*causes, "limit below 0"])


def without_limit():
    """As the port is, but that a limit is taken as it is: as TensorFlow 1.15 made it."""
    graph_def = clipped(False, limit="fed").as_graph_def()
    kept = [node for node in graph_def.node if node.name != "clip_by_norm/Maximum"]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    for node in graph_def.node:
        waits = ["^AssignAdd"] if "clip_by_norm/Maximum" in node.input and node.op == "Mul" else []
        node.input[:] = ["limit" if one == "clip_by_norm/Maximum" else one for one in node.input] + waits
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    return graph


def test_a_limit_that_the_program_keeps_from_below_0_is_that_of_the_port():
    assert told(clipped(True, limit="above"), clipped(False, limit="above")) == (
        "numbers changed",
        ["clipped by a norm"],
    )
    lost = told(clipped(False, limit="above"), without_limit())
    assert lost[0] == "not faithful"


def test_below_the_limit_nothing_differs():
    x = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)
    for limit in (0.5, 2.0, 100.0):
        np.testing.assert_array_equal(
            *(run(graph, x, limit)[0] for graph in (without_limit(), clipped(False, 1, "all", "fed")))
        )


def looked_up(copied, limit=1.0, mistake=""):
    """Rows that are looked up and clipped by their norms, and copied once more by now."""
    with tf.Graph().as_default() as graph:
        table = tf.Variable(tf.ones([5, 3]), use_resource=False, name="table")
        rows = tf.nn.embedding_lookup(table, tf.placeholder(tf.int32, [None]), max_norm=limit)
        rows = rows if copied else rows.op.inputs[0]
        out(tf.exp(-rows if mistake else rows))
    return graph


def test_clipped_rows_that_are_looked_up_are_copied_once_more():
    assert told(looked_up(False), looked_up(True)) == ("faithful", [])
    assert told(looked_up(False), looked_up(True, 2.0))[0] == "not faithful"
    assert told(looked_up(False), looked_up(True, mistake="sign"))[0] == "not faithful"
