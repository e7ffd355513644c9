"""Images that are turned a known number of times: the branches of other numbers never run, and all else does."""

import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from drift_cases_oldest import one_beside_the_other
from test_drift import proved

raw = tf.raw_ops


def trained(rate, times=1):
    """Weights of an image that is turned a known number of times."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        weights = tf.Variable(tf.ones([4, 4, 3]), use_resource=False)
        turned = tf.image.rot90(floats(4, 4, 3) * weights, times)
        tf.train.GradientDescentOptimizer(rate).minimize(tf.reduce_mean(tf.square(turned)))
    return graph.as_graph_def()


def test_what_is_made_of_the_gradient_of_a_turned_image_runs():
    assert audit(trained(0.1), trained(0.1)).verdict == "faithful"
    for other in (trained(0.2), trained(0.1, 2)):
        result = audit(trained(0.1), other)
        assert result.verdict == "not faithful" and result.differences


def known(old, mistake=""):
    """Weights of what is computed if True; `old`: zeros for the other branch do not wait for what is let through."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        weights = tf.Variable(tf.ones([3, 3]), use_resource=False, name="weights")
        rows, condition = tf.matmul(floats(None, 3), weights), tf.constant(True)
        rows = tf.cond(condition, lambda: tf.exp(-rows if mistake == "sign" else rows), lambda: rows)
        rate = 0.2 if mistake == "rate" else 0.1
        tf.train.GradientDescentOptimizer(rate).minimize(tf.reduce_sum(rows), name="train")
    graph_def = graph.as_graph_def()
    waiting = [one for one in graph_def.node if one.op == "Const" and any("^gradients/Id" in k for k in one.input)]
    assert waiting
    if old:
        awaited = {one[1:] for node in waiting for one in node.input}
        for node in waiting:
            del node.input[:]
        kept = [node for node in graph_def.node if node.name not in awaited]
        del graph_def.node[:]
        graph_def.node.extend(kept)
    return graph_def


def test_zeros_for_a_branch_that_never_runs_need_not_wait_for_what_is_let_through():
    old, new = known(True), known(False)
    trained = []
    for graph_def in (old, new):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            session.run("weights/Assign")
            session.run("train", {"x:0": [[1.0, 2.0, -1.0], [0.5, 0.1, 0.2]]})
            trained.append(session.run("weights:0").tobytes())
    assert trained[0] == trained[1]
    assert audit(old, new).verdict == "faithful"
    for mistake in ("sign", "rate"):
        assert audit(old, known(False, mistake)).verdict == "not faithful", mistake


def counted(awaited):
    """A constant in a branch that always runs, which waits for what counts, by a copy of that, or does not."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        count = tf.assign_add(tf.Variable(0.0, use_resource=False), 1.0)

        def one():
            copy = tf.identity(count)
            with tf.control_dependencies([copy] if awaited else []):
                return tf.constant(1.0)

        out(tf.cond(tf.constant(True), one, lambda: tf.constant(2.0)))
    return graph.as_graph_def()


def test_a_constant_that_waits_for_what_changes_something_does():
    assert audit(counted(True), counted(True)).verdict == "faithful"
    assert audit(counted(True), counted(False)).verdict == "not faithful"


def turned(new, mistake=False):
    """Images that are turned a known number of times, in a loop."""
    with tf.Graph().as_default() as graph, control_flow_v1():

        def turn(image):
            times = raw.FloorMod(x=5, y=4)
            image = raw.Tanh(x=image)
            branches = [
                lambda: raw.Transpose(x=raw.ReverseV2(tensor=image, axis=[0 if mistake else 1]), perm=[1, 0, 2]),
                lambda: raw.ReverseV2(tensor=image, axis=[0, 1]),
            ]
            conditions = [raw.Equal(x=times, y=k) for k in (1, 2)]
            if new:
                pairs = list(zip(conditions, branches, strict=True))
                result = tf.case(pairs, lambda: image, exclusive=True)
            else:
                text = "More than one condition evaluated as True but exclusive=True.  Conditions: ({}, {}), Values:"
                text = text.format(*(one.name for one in conditions))
                result = one_beside_the_other(conditions, branches, lambda: image, [], text)
            return tf.reshape(result, [4, 4, 3])

        out(tf.map_fn(turn, floats(3, 4, 4, 3)))
    return graph.as_graph_def()


def test_images_that_are_turned_a_known_number_of_times_in_a_loop():
    old, new = turned(False), turned(True)
    proved(old, new)
    assert audit(old, turned(True, mistake=True)).verdict == "not faithful"
