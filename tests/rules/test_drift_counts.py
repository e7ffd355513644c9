"""Classes counted by weights, which were cut to whole numbers."""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import out

raw = tf.raw_ops


def counted(old, mistake="", given=tf.float32):
    """How often two classes come together, added up by weights that are `given`, and what is read of that."""
    kind = tf.int64 if old else tf.float64
    with tf.Graph().as_default() as graph:
        pairs, weights = tf.placeholder(tf.int64, [None, 2], name="pairs"), tf.placeholder(given, [None], name="w")
        total = raw.VariableV2(shape=[3, 3], dtype=kind)
        begin = tf.ones([3, 3], kind) if mistake == "begin" else tf.zeros([3, 3], kind)
        raw.Assign(ref=total, value=begin, name="init")
        weighed = {"round": tf.round, "sign": tf.sign}.get(mistake, lambda given: given)(weights)
        values = raw.Cast(x=weighed, DstT=kind)
        counts = raw.ScatterNd(indices=pairs, updates=values, shape=tf.constant([3, 3], tf.int64))
        raw.AssignAdd(ref=total, value=counts, name="update")
        read = raw.Identity(input=total)
        taken = raw.Prod if mistake == "product" else raw.Sum
        sums = [raw.Cast(x=taken(input=read, axis=[axis]), DstT=tf.float32) for axis in (0, 1)]
        diagonal = raw.Cast(x=raw.DiagPart(input=read), DstT=tf.float32)
        if mistake == "read":
            raw.Cast(x=read * 2, DstT=tf.float32)
        out(diagonal / (sums[0] + sums[1]))
    return graph


def told(*graphs):
    result = audit(*(graph.as_graph_def() for graph in graphs))
    return result.verdict, [one.cause for one in result.numbers]


def run(graph, weights):
    pairs = np.array([[0, 0], [1, 2], [0, 1], [2, 2], [2, 0], [0, 0]])
    with tf.Session(graph=graph) as session:
        session.run("init")
        session.run("update", {"pairs:0": pairs, "w:0": weights})
        return session.run("out:0")


def test_weights_of_classes_were_cut_to_whole_numbers():
    graphs = counted(True), counted(False)
    assert told(*graphs) == ("numbers changed", ["weights of classes"])
    for weights in ([1, 0, 3, 7, 1, 2], [0] * 6):
        np.testing.assert_array_equal(*(run(graph, weights) for graph in graphs))
    weights = np.array([0.5, 1.5, 2.5, 1.0, 1.0, 1.7])
    np.testing.assert_array_equal(run(graphs[0], weights), run(graphs[1], np.trunc(weights)))
    assert (run(graphs[0], weights) != run(graphs[1], weights)).any()


def test_weights_that_are_whole_numbers_are_counted_exactly():
    graphs = counted(True, given=tf.int32), counted(False, given=tf.int32)
    assert told(*graphs) == ("faithful", [])
    for weights in ([1, 0, 3, 7, 1, 2], [0] * 6, [2**31 - 1, 16777217, -3, 5, 33554433, 2**31 - 1]):
        np.testing.assert_array_equal(*(run(graph, weights) for graph in graphs))
    for mistake in ("begin", "sign", "product", "read"):
        assert told(graphs[0], counted(False, mistake, tf.int32))[0] == "not faithful", mistake
        assert told(counted(True, mistake, tf.int32), graphs[1])[0] == "not faithful", mistake
    assert told(counted(True), graphs[1])[0] == told(graphs[0], counted(False))[0] == "not faithful"
    assert told(counted(True, given=tf.complex64), counted(False, given=tf.complex64))[0] == "not faithful"


def test_other_counts_and_what_is_read_otherwise_are_told():
    for mistake in ("begin", "round", "sign", "product", "read"):
        assert told(counted(True), counted(False, mistake))[0] == "not faithful", mistake
        assert told(counted(True, mistake), counted(False))[0] == "not faithful", mistake
    assert told(counted(True, "read"), counted(False, "read"))[0] == "not faithful"
    assert told(counted(False), counted(True))[0] == "not faithful"
