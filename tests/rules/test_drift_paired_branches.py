"""What is alike in two branches, or in one for two gradients, is paired with what it is: no difference is made up."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.control_flow import control_flow_v1

raw = tf.raw_ops


def _zeros_of_gradients(newer, exchanged=False, other=0.0):
    """Return two Merges of a tensor with zeros of one branch; the newer release has other names and another order.

    Mistakes: `exchanged` tensors, and `other` zeros.
    """
    with tf.Graph().as_default() as graph:
        x, condition = tf.placeholder(tf.float32, [3], name="x"), tf.placeholder(tf.bool, [], name="condition")
        sent = raw.Switch(data=x, pred=condition, name="Switch")
        with tf.control_dependencies([raw.Identity(input=sent.output_false, name="pivot")]):
            zeros = [tf.constant(other if k else 0.0, shape=[3], name=f"zeros_{k ^ newer}") for k in (0, 1)]
        taken = [raw.Tanh(x=sent.output_true, name="tanh"), raw.Exp(x=sent.output_true, name="exp")]
        for k, one in enumerate(taken[::-1] if exchanged else taken):
            merged = raw.Merge(inputs=[zeros[k], one] if newer else [one, zeros[k]], name=f"merge_{k}").output
            raw.Identity(input=merged, name=f"result_{k}")
    return graph.as_graph_def()


def _branches_of_a_merge(newer, exchanged=False, other=2.0):
    """Return branches of a condition that comes from a Merge, which the newer release makes in another order."""
    with tf.Graph().as_default() as graph, build_switches():
        x, first = tf.placeholder(tf.float32, [3], name="x"), tf.placeholder(tf.bool, [], name="first")
        sent = raw.Switch(data=tf.reduce_all(x > 0), pred=first, name="Switch")
        inputs = [raw.Identity(input=sent.output_false), raw.LogicalNot(x=sent.output_true)]
        merged = raw.Merge(inputs=inputs[::-1] if newer else inputs, name="merge").output
        numbers = [tf.constant(number) for number in ([3.0, other] if exchanged else [other, 3.0])]
        result = tf.cond(merged, *(lambda number=number: tf.fill([3], number) for number in numbers))
        raw.Identity(input=result, name="result_0")
        raw.Identity(input=x, name="result_1")
    return graph.as_graph_def()


PROGRAMS = [_zeros_of_gradients, _branches_of_a_merge]


@pytest.mark.parametrize("program", PROGRAMS)
def test_both_forms_are_one_program(program):
    result = audit(program(False), program(True))
    assert list(result.differences) == [] and result.verdict == "faithful"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("mistake", [{"exchanged": True}, {"other": 1.0}])
def test_a_mistake_is_reported(program, mistake):
    assert audit(program(False), program(True, **mistake)).verdict == "not faithful"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("condition", [True, False])
def test_both_forms_give_the_same_bits(program, condition):
    rng, found = np.random.default_rng(4), []
    feed = {"x:0": rng.normal(size=3)}
    for newer in (False, True):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(program(newer), name="")
            named = {op.name for op in graph.get_operations()}
            which = "condition:0" if "condition" in named else "first:0"
            found.append(session.run(["result_0:0", "result_1:0"], {**feed, which: condition}))
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(("rank", "verdict"), [(1, "faithful"), (2, "not faithful")])
def test_constants_of_one_name_and_other_values_are_not_held_against_each_other(rank, verdict):
    def program(newer):
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [6], name="x")
            rows = raw.Sub(x=3, y=1) if newer else raw.Sub(x=tf.constant(3, name="Rank"), y=1)
            matrix = tf.reshape(x, raw.Pack(values=[rows, 3]), name="matrix")
            with tf.control_dependencies([raw.Assert(condition=tf.reduce_all(x > 0), data=[x], name="Assert")]):
                axes = tf.range(0, tf.constant(rank, name="Rank"), 1) if newer else tf.constant([0])
            tf.reduce_sum(matrix, axes, name="sum")
        return graph.as_graph_def()

    assert audit(program(False), program(True)).verdict == verdict


def _taken_in_a_branch():
    """Rows of a variable that are taken in a branch in a loop, with their gradients: two constants are its shape."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        rows = tf.get_variable("rows", [9, 4], use_resource=False)
        asked, numbers = tf.placeholder(tf.bool, [None], name="asked"), tf.placeholder(tf.int32, [None], name="numbers")

        def body(turn, total):
            def more():
                return total + tf.gather(rows, numbers[turn])

            return turn + 1, tf.cond(asked[turn], more, lambda: tf.tanh(total))

        total = tf.while_loop(lambda turn, _: turn < 5, body, [0, tf.zeros([4])])[1]
        tf.train.GradientDescentOptimizer(0.1).minimize(total, name="train")
    return graph.as_graph_def()


def test_constants_of_one_value_are_paired_by_the_branch_that_they_are_in():
    """The older release merged them in the other order; that it named both otherwise is shown by exchanged names."""
    new, old = _taken_in_a_branch(), _taken_in_a_branch()
    (merge,) = (node for node in old.node if node.op == "Merge" and all("Shape" in one for one in node.input))
    both = dict(zip(merge.input, reversed(merge.input), strict=True))
    for node in old.node:
        if node is not merge:
            node.input[:] = [both.get(one, one) for one in node.input]
        node.name = both.get(node.name, node.name)
    assert audit(old, new).verdict == "faithful"
