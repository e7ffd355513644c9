"""What bounds a part: the paddings of images that are put into a batch, the bounds of a gradient's part in a loop."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _built(form, *of, **known):
    with tf.Graph().as_default() as graph:
        form(*of, **known)
    return graph.as_graph_def()


def _dilated(new, more=0, behind=False, taken=False):
    """Images of unknown height, padded by what is copied, a window slid over every second row, and put back."""
    x = floats(2, None, 3, 1)
    height = raw.Shape(input=x)[1]
    rest = raw.FloorMod(x=2 - raw.FloorMod(x=height, y=2), y=2)
    pad, crop = ([[0, one]] for one in (rest + more, rest + more))
    update = raw.Assign(ref=raw.VariableV2(shape=[], dtype=tf.float32), value=1.0)
    if new:
        with tf.control_dependencies([update] if behind else []):
            pad, crop = (raw.Identity(input=one) for one in (pad, crop))
    apart = raw.SpaceToBatchND(input=x, block_shape=[2], paddings=pad)
    slid = raw.Conv2D(input=apart, filter=tf.ones([2, 1, 1, 1]), strides=[1] * 4, padding="VALID")
    back = raw.BatchToSpaceND(input=slid, block_shape=[2], crops=crop)
    if not new:
        back = raw.Reshape(tensor=back, shape=[2, height - 2, 3, 1])
    out(raw.Tanh(x=back) + (raw.Cast(x=pad[0, 1], DstT=tf.float32) if taken else 0.0))


def test_paddings_that_are_copied_are_those_and_images_that_are_put_back_have_their_sizes():
    old = _built(_dilated, False)
    proved(old, _built(_dilated, True))
    for mistake in ({"more": 2}, {"behind": True}, {"taken": True}):
        assert audit(old, _built(_dilated, True, **mistake)).verdict == "not faithful"


def _part_in_a_loop(new, start=1, bounds=((1,), (3,), (1,)), varies=False):
    """The gradient of a part, in a loop: its bounds are made in the loop, or enter it."""
    given, x = [tf.constant(one) for one in bounds], floats(4)
    loop = {"frame_name": "loop"}
    clock, state = (raw.Merge(inputs=[raw.Enter(data=one, **loop)] * 2)[0] for one in (tf.constant(0), x))
    goes_on = raw.LoopCond(input=raw.Less(x=clock, y=raw.Enter(data=tf.constant(3), is_constant=True, **loop)))
    entered = [raw.Enter(data=one, is_constant=not varies, **loop) for one in given]
    for merged in (clock, state):
        leave, stay = raw.Switch(data=merged, pred=goes_on)
        stay = raw.Identity(input=stay)
        with tf.control_dependencies([stay]):
            if new:
                entered = [tf.constant(one) for one in ((start,), *bounds[1:])]
            if merged is state:
                part = raw.Exp(x=stay[1:3])
                whole = dict(zip(("begin", "end", "strides"), entered, strict=True))
                step = raw.StridedSliceGrad(shape=tf.constant([4]), **whole, dy=part) + stay
            else:
                step = raw.AddV2(x=stay, y=tf.constant(1))
        merged.op._update_input(1, raw.NextIteration(data=step))
    out(raw.Exit(data=leave))


@pytest.mark.parametrize("bounds", [((1,), (3,), (1,)), ((0,), (2,), (1,))])
def test_what_bounds_a_gradients_part_in_a_loop_is_made_there_or_enters_it(bounds):
    old, start = _built(_part_in_a_loop, False, bounds=bounds), bounds[0][0]
    assert "limit of a loop" in proved(old, _built(_part_in_a_loop, True, start, bounds)).rules
    assert audit(old, _built(_part_in_a_loop, True, start + 1, bounds)).verdict == "not faithful"
    other = (bounds[0], (bounds[1][0] + 1,), (1,))
    assert audit(old, _built(_part_in_a_loop, True, start, other)).verdict == "not faithful"
    varies = _built(_part_in_a_loop, False, bounds=bounds, varies=True)
    assert audit(varies, _built(_part_in_a_loop, True, start, bounds)).verdict == "not faithful"


def _behind_an_update(new, of_labels=False, others=False, taken=False, mistake=""):
    """A cross entropy of what is behind an update; `new`: that asserts that labels and logits have the same sizes."""
    besides = floats(None, 2, name="z")
    raw.Tanh(x=besides)
    table = raw.VariableV2(shape=[4], dtype=tf.float32, name="table")
    raw.Assign(ref=table, value=[1.0, 2.0, 3.0, 4.0], name="init")
    update = raw.AssignAdd(ref=table, value=[4.0, 3.0, 2.0, 1.0])
    logits, labels = floats(None, 2, 4), raw.Cast(x=raw.Sigmoid(x=floats(None, 2, name="y")), DstT=tf.int32)
    with tf.control_dependencies([update]):
        behind = logits + raw.Identity(input=table)
        labels = raw.Identity(input=labels) if of_labels else labels
    behind = logits if others else behind
    sizes, measured = raw.Shape(input=besides if mistake == "sizes" else labels), raw.Shape(input=behind)[:-1]
    measured = {"measured": raw.Shape(input=besides), "exchanged": sizes}.get(mistake, measured)
    sizes = raw.Shape(input=behind)[:-1] if mistake == "exchanged" else sizes
    told = []
    if new:
        told = [raw.Assert(condition=raw.All(input=raw.Equal(x=sizes, y=measured), axis=[0]), data=["sizes", sizes])]
    with tf.control_dependencies(told):
        flat, rows = raw.Reshape(tensor=labels, shape=[-1]), raw.Reshape(tensor=behind, shape=[-1, 4])
    out(raw.SparseSoftmaxCrossEntropyWithLogits(features=rows, labels=flat)[0])
    if taken:
        raw.Assign(ref=raw.VariableV2(shape=[], dtype=tf.int32), value=raw.Sum(input=flat, axis=[0]))


def test_labels_need_not_wait_for_the_update_that_the_logits_are_behind():
    old = _built(_behind_an_update, False)
    assert "labels and logits" in proved(old, _built(_behind_an_update, True)).rules
    for mistake in ({"of_labels": True}, {"others": True}):
        assert audit(old, _built(_behind_an_update, True, **mistake)).verdict == "not faithful"
    for mistake in ("sizes", "measured", "exchanged"):
        assert audit(old, _built(_behind_an_update, True, mistake=mistake)).verdict == "not faithful", mistake
    assert audit(_built(_behind_an_update, True), old).verdict == "not faithful"  # no later release asks less
    waiting = [_built(_behind_an_update, form, taken=True) for form in (False, True)]
    assert audit(*waiting).verdict == "not faithful"  # what is made of the labels comes behind the update in the port
