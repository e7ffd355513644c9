"""What a mask chooses turn by turn, and the sizes that loops keep: the same bits either way, and no mistake hides."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _recurrent(new, mistake="", sizes=(None, 5, 3)):
    """A layer that keeps its state where a mask says so, with its gradient."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(*sizes)
        mask = raw.Less(x=raw.Sum(input=x, axis=[2], keep_dims=True), y=0.5)
        turns = [raw.Transpose(x=one, perm=[1, 0, 2]) for one in (x, mask)]
        arrays = [tf.TensorArray(one.dtype, 5).unstack(one) for one in turns]
        state = tf.zeros([tf.shape(x)[1 if mistake == "size" else 0], 3]) if mistake != "one row" else tf.zeros([1, 3])
        shape = [None, 3]

        def turn(step, kept, result):
            given, chosen = (one.read(step) for one in arrays)
            found = raw.Tanh(x=given + raw.Sin(x=kept))
            if mistake == "not":
                chosen = raw.LogicalNot(x=chosen)
            if mistake == "exchanged":
                found, kept = kept, found
            if new:
                found = raw.SelectV2(condition=chosen, t=found, e=kept)
            else:
                found = tf.raw_ops.Select(condition=tf.tile(chosen, [1, 3]), x=found, y=kept)
            found.set_shape(shape)
            return step + 1, found, result.write(step, found)

        result = tf.TensorArray(tf.float32, 5, element_shape=shape)
        variables = [tf.constant(0), state, result]
        shapes = [tf.TensorShape([]), tf.TensorShape(shape), tf.TensorShape(None)]
        *_, last, result = tf.while_loop(lambda step, *_: step < 5, turn, variables, shapes)
        total = tf.reduce_sum(result.stack() * 0.5) + tf.reduce_sum(last)
        out(tf.gradients(total, x)[0])
    return graph.as_graph_def()


@pytest.mark.parametrize("sizes", [(None, 5, 3), (4, 5, 3)])
def test_a_mask_is_spread_over_the_state_or_broadcast(sizes):
    old, new = _recurrent(False, sizes=sizes), _recurrent(True, sizes=sizes)
    assert "wide conditions" in audit(old, new).rules
    proved(old, new)


@pytest.mark.parametrize("mistake", ["not", "exchanged", "size", "one row"])
def test_another_choice_or_state_is_a_mistake(mistake):
    assert audit(_recurrent(False), _recurrent(True, mistake)).verdict == "not faithful"


def _chosen(new, of, used=False):
    """What a condition chooses that is spread, or not, and may be used besides."""
    with tf.Graph().as_default() as graph:
        x = floats(4, 1)
        condition = raw.Less(x=x, y=0.5)
        wide = condition if new else raw.BroadcastTo(input=condition, shape=[4, 3])
        if used:
            raw.Cast(x=wide, DstT=tf.float32, name="used")
        out(raw.SelectV2(condition=wide, t=raw.Exp(x=x) if of == 1 else raw.Exp(x=floats(4, 3, name="y")), e=x))
    return graph.as_graph_def()


def test_a_condition_that_makes_more_of_what_it_chooses_stays():
    assert audit(_chosen(False, of=3), _chosen(True, of=3)).verdict == "faithful"
    assert audit(_chosen(False, of=1), _chosen(True, of=1)).verdict == "not faithful"
    assert audit(_chosen(False, of=3, used=True), _chosen(True, of=3, used=True)).verdict == "not faithful"


def _counted(of_loop, how):
    """A loop that counts the rows of what it carries, or of what it began with."""
    with tf.Graph().as_default() as graph, build_switches():
        x, y = floats(None, 3), floats(None, 3, name="y")
        bodies = {
            "kept": lambda a, b: (tf.tanh(a), tf.sin(b)),
            "grown": lambda a, b: (tf.concat([a, tf.tanh(b)], 0), tf.sin(b)),
            "exchanged": lambda a, b: (tf.tanh(b), tf.sin(a)),
            "cut": lambda a, b: (tf.tanh(a)[1:], tf.sin(b)),
        }

        def turn(step, a, b):
            a, b = (
                one * tf.cast(tf.shape(one if of_loop else begin)[0], tf.float32) for one, begin in ((a, x), (b, y))
            )
            return step + 1, *bodies[how](a, b)

        shapes = [tf.TensorShape([]), *[tf.TensorShape([None, 3])] * 2]
        _, a, b = tf.while_loop(lambda step, *_: step < 3, turn, [tf.constant(0), x, y], shapes)
        out(tf.reduce_sum(a) + tf.reduce_sum(b))
    return graph.as_graph_def()


@pytest.mark.parametrize("how", ["grown", "exchanged", "cut"])
def test_the_rows_that_a_loop_carries_are_those_it_began_with_where_it_keeps_them(how):
    proved(_counted(False, "kept"), _counted(True, "kept"))
    assert audit(_counted(False, how), _counted(True, how)).verdict == "not faithful"


def _cropped(new, whole=0, length=-1):
    """What a slice leaves of an axis that it takes as a whole, where it cuts another as it is told."""
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        rows = raw.Cast(x=raw.Sum(input=raw.Sign(x=raw.Abs(x=x)), axis=[0, 1]) / 5.0, DstT=tf.int32)
        cut = raw.Slice(input=x, begin=raw.Pack(values=[1, whole]), size=raw.Pack(values=[rows, length]))
        if new:
            cut = raw.Reshape(tensor=cut, shape=[-1, 3])
        out(raw.Exp(x=cut))
    return graph.as_graph_def()


def test_an_axis_that_is_sliced_as_a_whole_keeps_its_size():
    proved(_cropped(False), _cropped(True))
    for other in ({"whole": 1}, {"length": 2}):
        assert audit(_cropped(False, **other), _cropped(True, **other)).verdict == "not faithful"


def _behind_a_branch(new, mistake=""):
    """Where the largest of each row are, behind a branch that moves an average; they had been given their own shape."""
    with tf.Graph().as_default() as graph, build_switches():
        x, training = floats(None, 4), tf.placeholder(tf.bool, [], name="training")
        average = raw.VariableV2(shape=[], dtype=tf.float32, name="average")
        with tf.control_dependencies([raw.Assign(ref=average, value=tf.constant(0.0))]):
            begun = raw.Identity(input=average)

        def moved():
            return tf.identity(raw.AssignAdd(ref=average, value=tf.reduce_sum(x) + begun))

        updates = [tf.cond(training, moved, lambda: begun) for _ in range(2)]
        largest = raw.Max(input=x, axis=[1], keep_dims=True)
        asked = {"": updates, "one": updates[:1], "another": [updates[0], begun], "none": []}[mistake]
        if new:
            with tf.control_dependencies(asked):
                found = raw.Equal(x=largest, y=x)
        else:
            with tf.control_dependencies(updates):
                shape = tf.stack([tf.shape(x)[0], 1])
            found = raw.Equal(x=raw.Reshape(tensor=largest, shape=shape), y=x)
        out(raw.Cast(x=found, DstT=tf.float32))
    return graph.as_graph_def()


def test_what_is_asked_of_a_shape_behind_a_branch_waits_for_its_end():
    old = _behind_a_branch(False)
    result = audit(old, _behind_a_branch(True))
    assert (result.verdict, result.differences) == ("faithful", [])
    for mistake in ("one", "another", "none"):
        assert audit(old, _behind_a_branch(True, mistake)).verdict == "not faithful", mistake
