"""Images that TensorFlow 1.0 cut and padded by themselves, where a tensor says."""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit

raw = tf.raw_ops


def built(form, *of, **told):
    with tf.Graph().as_default() as graph:
        tf.identity(form(*of, **told), name="result")
    return graph.as_graph_def()


def run(graph_def, feeds):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("result:0", feeds)


def cut(old, exchanged=False, taller=0, batched=False):
    """Part of an image, from where a tensor says, put into zeros of a size that another tensor says."""
    image = tf.placeholder(tf.float32, [None, None, 3], name="image")
    top, left, size = (tf.placeholder(tf.int32, [], name=name) for name in ("top", "left", "size"))
    where, height = (left, top) if exchanged else (top, left), size + taller
    if old:
        part = raw.Slice(
            input=raw.Identity(input=image), begin=tf.stack([top, left, 0]), size=tf.stack([height, 4, -1])
        )
        around = tf.reshape(tf.stack([top, 1, left, 2, 0, 0]), [3, 2])
        return raw.Exp(x=raw.Pad(input=part, paddings=around))
    batch = raw.ExpandDims(input=image, axis=0)
    size = tf.stack([2 if batched else 1, height, 4, tf.shape(batch)[3]])
    part = raw.Slice(input=raw.Identity(input=batch), begin=tf.stack([0, *where, 0]), size=size)
    around = tf.reshape(tf.stack([0, 0, top, 1, left, 2, 0, 0]), [4, 2])
    return raw.Exp(x=raw.Squeeze(input=raw.Pad(input=part, paddings=around), axis=[0]))


def test_where_an_image_is_cut_and_how_it_is_padded_may_be_tensors():
    old, new = built(cut, True), built(cut, False)
    found = audit(old, new)
    assert found.verdict == "faithful" and "one image" in found.rules, found.differences
    image = np.random.default_rng(5).normal(size=(9, 8, 3)).astype(np.float32)
    feeds = {"image:0": image, "top:0": 2, "left:0": 1, "size:0": 5}
    assert run(old, feeds).tobytes() == run(new, feeds).tobytes()
    for mistake in ({"exchanged": True}, {"taller": 1}, {"batched": True}):
        assert audit(old, built(cut, False, **mistake)).verdict == "not faithful", mistake


def resized(height, width):
    """An image that is cut or padded to sizes that a tensor says."""
    image = tf.placeholder(tf.float32, [5, 6, 3], name="image")
    sizes = tf.placeholder(tf.int32, [2], name="sizes")
    return tf.image.resize_image_with_crop_or_pad(image, sizes[height], sizes[width])


def test_what_is_cut_as_a_whole_may_be_said_by_its_size():
    new = built(resized, 0, 1)
    old = tf.GraphDef.FromString(new.SerializeToString())
    (sizes,) = (node for node in old.node if node.name.endswith("crop_to_bounding_box/stack_1"))
    rest = old.node.add(name="rest", op="Const")
    rest.attr["dtype"].type = tf.int32.as_datatype_enum
    rest.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(-1))
    sizes.input[0] = sizes.input[3] = "rest"
    assert audit(old, new).verdict == "faithful"
    assert audit(old, built(resized, 1, 0)).verdict == "not faithful"
    image = np.random.default_rng(5).normal(size=(5, 6, 3)).astype(np.float32)
    feeds = {"image:0": image, "sizes:0": [4, 9]}
    assert run(old, feeds).tobytes() == run(new, feeds).tobytes()
