"""Rows that a backward loop collects are made dense in as many as its turns say, or in as many as the variable has."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops
pytestmark = pytest.mark.usefixtures("loops_of_ops")


def collected(new, mistake=""):
    """The gradient of rows that are looked up turn by turn, added to that of all rows."""
    with tf.Graph().as_default() as graph:
        w, more = floats(7, 3), floats(9, 3, name="more")
        numbers = tf.cast(tf.sigmoid(floats(4, 2, name="numbers")) * 6.9, tf.int32)

        def turn(time, total):
            rows = tf.gather(w, numbers[time]) * tf.gather(more, numbers[time])
            return time + 1, total * 0.5 + tf.square(rows)

        _, total = tf.while_loop(lambda time, _: time < 4, turn, [0, tf.zeros([2, 3])])
        own, others = tf.gradients(tf.reduce_sum(total), [w, more])
        shape = (others if mistake == "of another" else own).dense_shape
        values = raw.Neg(x=own.values) if mistake == "negated" else own.values
        count = raw.StridedSlice(input=shape, begin=[0], end=[1], strides=[1], shrink_axis_mask=1)
        if mistake == "axis":
            count = raw.StridedSlice(input=shape, begin=[1], end=[2], strides=[1], shrink_axis_mask=1) + 4
        dense = raw.UnsortedSegmentSum(data=values, segment_ids=own.indices, num_segments=count if new else 7)
        out(raw.AddN(inputs=[dense[:7] if mistake == "of another" else dense, w]))
    return graph.as_graph_def()


def test_as_many_rows_as_the_turns_say_are_those_of_the_variable():
    proved(collected(False), collected(True))


@pytest.mark.parametrize("mistake", ["of another", "negated", "axis"])
def test_another_number_or_other_rows_are_reported(mistake):
    assert audit(collected(False), collected(True, mistake)).verdict == "not faithful"


@pytest.mark.parametrize(
    ("op", "slot", "value"),
    [("Maximum", 0, [8, 3]), ("Enter", 0, [7, 3]), ("Enter", 0, [1])],
)
def test_a_loop_that_says_another_number_is_reported(op, slot, value):
    """What enters is [0] for the numbers and [0, 0] for the sizes."""
    port = collected(True)
    nodes = {node.name: node for node in port.node}
    constants = [nodes[node.input[slot].split(":")[0]] for node in port.node if node.op == op]
    found = [one for one in constants if one.op == "Const" and one.attr["dtype"].type == tf.int32.as_datatype_enum]
    edited = [one for one in found if tf.make_ndarray(one.attr["value"].tensor).shape == (len(value),)]
    assert edited
    for one in edited:
        one.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, tf.int32))
    assert audit(collected(False), port).verdict == "not faithful"
