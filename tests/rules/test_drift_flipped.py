"""Gradients of images that are flipped, cut or padded."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out

raw = tf.raw_ops
EVERY = {"begin_mask": 7, "end_mask": 7}


def flipped(new, gated, shape=(4, 5, 3)):
    """An image that is flipped if y is below 0.5, with the gradient for what it is made of."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, condition = floats(*shape), raw.Less(x=floats(name="y"), y=0.5)
        raw.Less(x=floats(name="z"), y=0.5)
        image = raw.Tanh(x=x)
        if new:
            image = raw.Identity(input=image)
            turned = tf.cond(condition, lambda: raw.ReverseV2(tensor=image, axis=[1]), lambda: image)
        else:
            strides = raw.Pack(values=[1, raw.Select(condition=condition, x=-1, y=1), 1])
            turned = raw.StridedSlice(input=image, begin=[0, 0, 0], end=[0, 0, 0], strides=strides, **EVERY)
        (gradient,) = tf.gradients(turned, x, raw.Sigmoid(x=raw.Square(x=turned)), gate_gradients=gated)
        out(raw.Exp(x=gradient))
    return graph.as_graph_def()


def edited(graph_def, edit):
    """A mistake in the gradient of what is flipped in a branch."""
    axis = graph_def.node.add(name="other_axis", op="Const")
    axis.attr["dtype"].type = tf.int32.as_datatype_enum
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([0]))
    for node in graph_def.node:
        if edit == "axis" and node.name.endswith("ReverseV2_grad/ReverseV2"):
            node.input[1] = "other_axis"
        if edit == "condition" and node.name.endswith("Merge_grad/cond_grad"):
            node.input[1] = "Less_1"
        if edit == "sides" and "Merge_grad/tuple/control_dependency" in node.name:
            node.input[0] = node.input[0].removesuffix(":1") + (":1" if node.input[0][-2:] != ":1" else "")
        if edit == "ones" and node.op == "Const" and "/zeros" in node.name and node.attr["dtype"].type == 1:
            value = tf.make_ndarray(node.attr["value"].tensor)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.ones_like(value)))
        if edit == "taken twice" and node.op == "AddN":
            node.input[1] = node.input[0]
    return graph_def


def run(graph_def, feeds):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("out:0", feeds)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("shape", [(4, 5, 3), (None, None, 3)], ids=str)
def test_the_gradient_of_a_flip_is_flipped(shape, gated):
    old, new = (flipped(one, gated, shape) for one in (False, True))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["gradient of a flip"])
    x = np.random.default_rng(3).normal(size=(4, 5, 3))
    for y in (0.2, 0.7):
        np.testing.assert_array_equal(*(run(one, {"x:0": x, "y:0": y}) for one in (old, new)))


def test_the_gradient_of_a_flip_has_the_shape_of_the_image():
    old = flipped(False, True)
    (back,) = (node for node in old.node if node.op == "StridedSliceGrad")
    shape = next(node for node in old.node if node.name == back.input[0])
    shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([5, 6, 4]))
    assert audit(old, flipped(True, True)).verdict == "not faithful"


@pytest.mark.parametrize("edit", ["axis", "condition", "sides", "ones", "taken twice"])
def test_another_gradient_of_a_flip_is_told(edit):
    new = edited(flipped(True, True), edit)
    assert audit(flipped(False, True), new).verdict == "not faithful"
    assert audit(flipped(True, True), new).verdict == "not faithful"


def cut(new, mistake=""):
    """An image that is cut to its upper left corner and padded, and then cut where a tensor says, with its gradient."""
    with tf.Graph().as_default() as graph:
        x, place = floats(5, 6, 3), raw.Cast(x=floats(3, name="y"), DstT=tf.int32)
        image, left = raw.Tanh(x=x), 2 if mistake == "place" else 1
        if new:
            part = tf.image.crop_to_bounding_box(image, 0, left, 4, 3)
            part = tf.image.pad_to_bounding_box(part, 1, 1 if mistake == "around" else 2, 7, 8)
        else:
            part = raw.Slice(input=image, begin=[0, 1, 0], size=[4, 3, 3])
            part = raw.Pad(input=part, paddings=[[1, 2], [2, 3], [0, 0]])
        part = raw.Slice(input=part, begin=place, size=[4, 4, 3])
        (gradient,) = tf.gradients(raw.Sin(x=part), x, raw.Neg(x=part) if mistake == "sign" else part)
        out(raw.Exp(x=gradient))
    return graph.as_graph_def()


def test_the_gradient_of_what_is_cut_or_padded_is_that_of_a_batch_of_one_image():
    old, new = cut(False), cut(True)
    assert audit(old, new).verdict == "faithful"
    x = np.random.default_rng(3).normal(size=(5, 6, 3))
    for y in ([0, 0, 0], [3, 4, 0], [1, 2, 0]):
        assert run(old, {"x:0": x, "y:0": y}).tobytes() == run(new, {"x:0": x, "y:0": y}).tobytes()
    for mistake in ("place", "around", "sign"):
        assert audit(old, cut(True, mistake)).verdict == "not faithful", mistake
