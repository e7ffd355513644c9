"""Images that are cut to their middle, and what is asserted of images and copied before anything is done to them."""

import contextlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from drift_cases_oldest import cropped
from test_drift import proved

raw = tf.raw_ops


def _cropped(new, part):
    return built(lambda new, _: cropped(new, part), new)


@pytest.mark.parametrize("part", [0.7, 0.8, 0.9])
def test_where_the_middle_of_an_image_begins_elsewhere_is_said(part):
    old, new = (_cropped(one, part) for one in (False, True))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["part of an image"])
    assert audit(new, new).verdict == "faithful"
    assert audit(old, _cropped(True, part - 0.2)).verdict == "not faithful"


@pytest.mark.parametrize(("part", "other"), [(0.7, 0.68), (0.8, 0.81), (0.875, 0.88), (0.5, 0.52)])
def test_parts_of_an_image_with_as_many_margins_are_told_apart(part, other):
    """Before, the program's graph had the number of margins alone."""
    one, two = _cropped(True, part), _cropped(True, other)
    for release in (21, 27, 134, 2474):
        one.versions.producer = release
        assert audit(one, two).verdict == audit(two, one).verdict == "not faithful", release
    assert audit(one, _cropped(False, part)).verdict == "not faithful", "no release went back"
    for node in one.node:
        if node.op == "Cast" and node.attr["DstT"].type == tf.int32.as_datatype_enum:
            node.attr["Truncate"].b = True
    assert audit(_cropped(False, part), one).verdict == "not faithful", "rounded otherwise"


def test_that_it_does_is_so_for_some_sizes_only():
    begins = []
    for new in (False, True):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(_cropped(new, 0.7), name="")
        with tf.Session(graph=graph) as session:
            begins.append([session.run("out:0", {"x:0": np.zeros([n, n, 3])}).shape for n in range(4, 40)])
    same = [one == two for one, two in zip(*begins, strict=True)]
    assert any(same) and not all(same)


def _of_known_size(new, part, size):
    """The middle part of an image whose size is known: from TensorFlow 1.4 to 1.8 ops computed where it begins."""
    with tf.Graph().as_default() as graph:
        x = floats(size, 2 * size, 3)
        if new:
            middle = tf.image.central_crop(x, part)
        else:
            shape, share, begin = raw.Shape(input=x), tf.constant(part, tf.float64), []
            for axis in (0, 1):
                whole = raw.Cast(x=shape[axis], DstT=tf.float64)
                begin.append(raw.Cast(x=(whole - whole * share) / tf.constant(2.0, tf.float64), DstT=tf.int32))
            left = [shape[axis] - begin[axis] * 2 for axis in (0, 1)]
            middle = raw.Slice(input=x, begin=raw.Pack(values=[*begin, 0]), size=raw.Pack(values=[*left, -1]))
        out(raw.Exp(x=middle))
    return graph.as_graph_def()


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.6, 0.7, 0.875])
def test_where_the_middle_of_an_image_of_known_size_begins_is_computed_as_python_does(part):
    for size in (3, 10, 20, 31):
        old = _of_known_size(False, part, size)
        proved(old, _of_known_size(True, part, size), seeds=1)
    assert audit(old, _of_known_size(True, part + 0.1, size)).verdict == "not faithful"


def test_what_is_no_part_of_an_image_is_not_computed():
    new = _of_known_size(True, 0.5, 8)
    for part in (0.0, np.inf, np.nan):
        assert audit(_of_known_size(False, part, 8), new).verdict == "not faithful", part


def _turned(new, mistake=""):
    """An image that is copied and turned, or not: in a branch as well."""
    x = floats(4, 4, 3)
    copy = raw.Identity(input=raw.Identity(input=x)) if new else x
    if mistake == "taken":
        copy = raw.Exp(x=copy)
    turned = raw.Transpose(x=copy, perm=[0, 1, 2] if mistake == "order" else [1, 0, 2])
    taken = raw.Switch(data=copy, pred=raw.Greater(x=x[0, 0, 0], y=0.0))
    back = raw.ReverseV2(tensor=taken[1], axis=[0 if mistake == "axis" else 1])
    out(raw.AddV2(x=turned, y=raw.Merge(inputs=[taken[0], back])[0]))


def test_what_is_turned_is_copied_first_or_is_not():
    old, new = (built(lambda one, _: _turned(one), one) for one in (False, True))
    proved(old, new)
    for mistake in ("taken", "order", "axis"):
        assert audit(old, built(lambda new, _, m=mistake: _turned(new, m), True)).verdict == "not faithful", mistake


def _two_cut(new, mistake=""):
    """Two images of which a part is cut out and zeros are put around it, each in a batch of one, or copied between."""
    for k in range(2):
        x = raw.DecodeJpeg(contents=raw.AsString(input=floats(name=f"x{k}")), channels=3)
        x.set_shape([8, 8, 3])
        begin, size = [0, k if mistake == "part" else 2, 0], [8, 4, 3]
        if new:
            batch = raw.Slice(input=raw.ExpandDims(input=x, axis=0), begin=[0, *begin], size=[1, *size])
            around = raw.Pad(input=raw.Identity(input=batch), paddings=[[0, 0], [1, 1], [0, 0], [0, 0]])
            image = raw.Squeeze(input=raw.Identity(input=around), axis=[0])
        else:
            image = raw.Identity(input=raw.Slice(input=x, begin=begin, size=size))
            image = raw.Identity(input=raw.Pad(input=image, paddings=[[1, 1], [0, 0], [0, 0]]))
        # The same names, of the other image by now.
        raw.Reshape(tensor=image, shape=[1, 10, 4, 3], name=f"shown_{1 - k if new else k}")


def test_images_that_are_cut_alike_are_told_apart_by_what_they_are_made_of():
    old, new = (built(_two_cut, one) for one in (False, True))
    assert audit(old, new).verdict == "faithful"
    assert audit(old, built(lambda new, _: _two_cut(new, "part"), True)).verdict == "not faithful"


def test_what_is_cut_out_and_copied_is_the_same_part():
    def form(new, mistake):
        part = raw.Slice(input=floats(6, 8, 3), begin=[0, 2, 0], size=[6, 4, 3])
        part = raw.Identity(input=part) if not new else raw.Neg(x=part) if mistake else part
        out(raw.Pad(input=part, paddings=[[1, 1], [0, 0], [0, 0]]))

    proved(built(form, False), built(form, True))
    assert audit(built(form, False), built(lambda new, _: form(new, True), True)).verdict == "not faithful"


@pytest.mark.parametrize("in_branch", [False, True])
def test_a_copy_of_a_variable_that_changes_before_it_is_turned_is_none(in_branch):
    def form(new, _):
        image = tf.Variable(tf.ones([4, 4, 3]), use_resource=False, name="image")
        copy = raw.Identity(input=image._ref()) if new else image._ref()
        if in_branch:
            taken = raw.Switch(data=copy, pred=raw.Greater(x=floats(), y=0.0))
            out(raw.Merge(inputs=[taken[0], raw.ReverseV2(tensor=taken[1], axis=[1])])[0])
        else:
            out(raw.Transpose(x=copy, perm=[1, 0, 2]))

    assert audit(built(form, False), built(form, True)).verdict == "not faithful"


def _asserted(new, mistake=""):
    """An image of which is asserted that it has something in it, which nothing waited for."""
    x = floats(None, None, 3)
    shape, said = raw.Shape(input=x), "all dims of 'image.shape' must be > 0."
    if new:
        shape, said = shape[-3:], said.replace("all", "inner 3")
    asked = raw.Less(x=1 if mistake == "more" else 0, y=shape)
    asked = raw.Less(x=shape, y=0) if mistake == "turned" else asked
    asked = raw.Less(x=0, y=raw.Cast(x=x[0, 0], DstT=tf.int32)) if mistake == "pixels" else asked
    every = raw.All(input=asked, axis=[0], keep_dims=mistake == "kept")
    told = [raw.Assert(condition=every, data=["empty" if mistake == "text" else said])]
    if new:
        rank, none = raw.GreaterEqual(x=raw.Rank(input=x), y=3), raw.Range(start=0, limit=0, delta=1)
        told.append(
            raw.Assert(
                condition=raw.All(input=rank, axis=none), data=["'image' must be at least three-dimensional.", shape]
            )
        )
        with tf.control_dependencies(told):
            x = raw.Identity(input=x)
    out(raw.ReverseV2(tensor=x, axis=[0 if mistake == "axis" else 1]))


def test_what_waits_for_an_assertion_that_nothing_waited_for_is_said():
    old, new = (built(lambda one, _: _asserted(one), one) for one in (False, True))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["asserted of images"])
    assert audit(new, new).verdict == audit(old, old).verdict == "faithful"
    for mistake in ("more", "text", "axis", "turned", "kept", "pixels"):
        assert audit(old, built(lambda new, _, m=mistake: _asserted(new, m), True)).verdict == "not faithful", mistake


def _checked(new, mistake=""):
    """An image of which a part is taken, and that was copied besides, for nothing."""
    x = raw.Exp(x=floats(4, 4, 3))
    if new:
        raw.Identity(input=x)
    if mistake == "others":
        raw.Exp(x=x)
    out(raw.Slice(input=x, begin=[1, 1, 0], size=[2, 2, 2 if mistake == "size" else 3]))


def test_an_image_is_copied_for_nothing_where_a_part_of_it_is_taken():
    old, new = (built(lambda one, _: _checked(one), one) for one in (False, True))
    proved(old, new)
    assert audit(new, old).verdict == "faithful", "a copy of the original alone"
    for mistake in ("others", "size"):
        assert audit(old, built(lambda new, _, m=mistake: _checked(new, m), True)).verdict == "not faithful", mistake


def _squeezed(new, mistake=""):
    """An image that is padded as a batch of one, copied in between."""
    x = raw.Exp(x=floats(4, 4, 3))
    many = 2 if mistake else 1
    if not new:
        return out(raw.Exp(x=raw.Pad(input=x, paddings=[[1, many], [1, 1], [0, 0]])))
    batch = raw.Identity(input=raw.ExpandDims(input=x, axis=0))
    padded = raw.Identity(input=raw.Pad(input=batch, paddings=[[0, 0], [1, many], [1, 1], [0, 0]]))
    return out(raw.Exp(x=raw.Squeeze(input=padded, axis=[0])))


def test_copies_of_a_batch_of_one_image_are_none():
    old, new = (built(lambda one, _: _squeezed(one), one) for one in (False, True))
    proved(old, new)
    assert audit(old, built(lambda new, _: _squeezed(new, "more"), True)).verdict == "not faithful"


def _by_number(old, mistake="", fed=False):
    """What is done by a number, as how often an image is turned: asked if it is that, or if it is not another."""
    x, number = floats(3), raw.FloorMod(x=5, y=4)
    if old:
        asked = tf.constant(False) if fed else raw.LogicalNot(x=raw.Equal(x=number, y=1))
    else:
        asked = raw.Equal(x=number, y=1 if mistake == "number" else 2)
    (none, one), done = raw.Switch(data=x, pred=asked), raw.Sin if mistake == "done" else raw.Exp
    out(raw.Merge(inputs=[done(x=none), raw.Cos(x=one)])[0])


def test_a_branch_that_by_what_it_is_computed_from_never_runs_is_none():
    old, new = (built(lambda one, _: _by_number(one), one) for one in (True, False))
    proved(old, new)
    for mistake in ("number", "done"):
        assert audit(old, built(lambda one, _, m=mistake: _by_number(one, m), False)).verdict == "not faithful", mistake
    assert audit(built(lambda one, _: _by_number(one, fed=True), True), new).verdict == "not faithful"


def test_a_copy_that_has_a_place_is_compared_with_its_place():
    """Rows of a table are three-dimensional, too: TensorFlow 1.15 copied them twice, beside the table at first."""

    def turned(old, size=3):
        with tf.Graph().as_default() as graph:
            table = tf.get_variable("table", [7, size], initializer=tf.zeros_initializer(), use_resource=True)
            taken = tf.placeholder(tf.int32, [2, 5])
            rows = tf.raw_ops.ResourceGather(resource=table.handle, indices=taken, dtype=tf.float32)
            with tf.colocate_with(table.handle) if old else contextlib.nullcontext():
                rows = tf.identity(rows)
            tf.identity(tf.transpose(tf.identity(rows) if old else rows, [1, 0, 2]), name="out")
        return graph.as_graph_def()

    assert audit(turned(True), turned(False)).verdict == "faithful"
    assert audit(turned(True), turned(False, size=4)).verdict == "not faithful"


def _greys(axes=None):
    """An image that is copied and multiplied, as by `rgb_to_grayscale`; `axes`: it is transposed before, to these."""
    with tf.Graph().as_default() as graph:
        copied = tf.identity(tf.placeholder(tf.float32, [2, 4, 4, 4], name="x"))
        rows = tf.reshape(copied if axes is None else tf.transpose(copied, axes), [-1, 4])
        tf.identity(tf.matmul(rows, [[0.3], [0.6], [0.1], [0.0]]), name="grey")
    return graph.as_graph_def()


def test_an_image_whose_axes_stay_is_not_turned():
    assert audit(_greys([0, 1, 2, 3]), _greys()).verdict == "faithful"
    assert audit(_greys([0, 2, 1, 3]), _greys()).verdict == "not faithful"
    assert audit(_greys(), _greys([0, 2, 1, 3])).verdict == "not faithful"


def _turned_on(device, copied_on=None):
    """An image that is turned on a device, where it is, and copied before on one or not."""
    with tf.Graph().as_default() as graph, tf.device(device):
        image = tf.placeholder(tf.float32, [4, 5, 3], name="x")
        if copied_on:
            with tf.device(copied_on):
                image = tf.identity(image)
        tf.identity(tf.transpose(image, [1, 0, 2]), name="turned")
    return graph.as_graph_def()


@pytest.mark.parametrize("device", ["/device:CPU:0", "/device:GPU:1"])
def test_an_image_is_copied_where_it_is(device):
    assert audit(_turned_on(device), _turned_on(device, device)).verdict == "faithful"
    assert audit(_turned_on(device), _turned_on(device, "/device:GPU:2")).verdict == "not faithful"
