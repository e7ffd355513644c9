"""What TensorFlow changed in the colours of images is said, and no mistake beside it is excused."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit

raw = tf.raw_ops
SHAPE = (16, 16, 3)


def _parts(x):
    hsv = raw.RGBToHSV(images=x)
    return [raw.Slice(input=hsv, begin=[0, 0, k], size=[-1, -1, 1]) for k in range(3)]


def hue(new, mistake, x):
    if new:
        return raw.AdjustHue(images=x, delta=0.2 if mistake else 0.1)
    h, s, v = _parts(raw.Identity(input=x))
    h = raw.FloorMod(x=raw.Add(x=h, y=1.1), y=1.0)
    return raw.HSVToRGB(images=raw.ConcatV2(values=[h, s, v], axis=2))


def drawn_hue(new, mistake, x):
    delta = raw.Tanh(x=tf.random_uniform([], seed=3))
    if new:
        return raw.AdjustHue(images=x, delta=raw.Neg(x=delta) if mistake else delta)
    h, s, v = _parts(x)
    h = raw.FloorMod(x=raw.Add(x=h, y=raw.Add(x=delta, y=1.0)), y=1.0)
    return raw.HSVToRGB(images=raw.ConcatV2(values=[h, s, v], axis=2))


def saturation(new, mistake, x):
    if new:
        return raw.AdjustSaturation(images=x, scale=1.4 if mistake else 1.5)
    h, s, v = _parts(x)
    s = raw.Maximum(x=raw.Minimum(x=raw.Mul(x=s, y=1.5), y=1.0), y=0.0)
    return raw.HSVToRGB(images=raw.ConcatV2(values=[h, s, v], axis=2))


def grey(new, mistake, x):
    light = tf.constant([0.2989, 0.587, 0.115 if mistake else 0.114])
    if not new:
        return raw.Sum(input=raw.Mul(x=x, y=light), axis=[2], keep_dims=True)
    rows, column = raw.Reshape(tensor=x, shape=[-1, 3]), raw.Reshape(tensor=light, shape=[3, 1])
    product = raw.Reshape(tensor=raw.MatMul(a=rows, b=column), shape=list(SHAPE[:2]))
    return raw.ExpandDims(input=product, axis=-1)


FORMS = {hue: "colours", drawn_hue: "colours", saturation: "colours", grey: "grey image"}


def _built(form, new, mistake=False):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, SHAPE, name="x")
        tf.identity(form(new, mistake, x), name="result")
    return graph


def _run(graph, x):
    with tf.Session(graph=graph) as session:
        return session.run("result:0", {"x:0": x})


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_other_colours_are_said_and_no_mistake_is_excused(form):
    old, new, wrong = (_built(form, *of) for of in ((False,), (True,), (True, True)))
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", [FORMS[form]])
    assert audit(old.as_graph_def(), wrong.as_graph_def()).verdict == "not faithful"
    x = np.random.default_rng(4).random(SHAPE, np.float32)
    before, after = _run(old, x), _run(new, x)
    np.testing.assert_allclose(before, after, atol=1e-5)
    assert form is grey or (before != after).any(), "else it would be a rule"


@pytest.mark.parametrize("edit", ["begin", "clip", "axis"])
def test_parts_of_colours_that_are_others_are_no_colours(edit):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, SHAPE, name="x")
        h, s, v = _parts(x)
        s = raw.Maximum(x=raw.Minimum(x=raw.Mul(x=s, y=1.5), y=0.9 if edit == "clip" else 1.0), y=0.0)
        parts = [v, s, h] if edit == "begin" else [h, s, v]
        if edit == "axis":
            parts = [raw.Transpose(x=one, perm=[0, 2, 1]) for one in parts]
        joined = raw.ConcatV2(values=parts, axis=1 if edit == "axis" else 2)
        joined = raw.Transpose(x=joined, perm=[0, 2, 1]) if edit == "axis" else joined
        tf.identity(raw.HSVToRGB(images=joined), name="result")
    result = audit(graph.as_graph_def(), _built(saturation, True).as_graph_def())
    assert result.verdict == "not faithful"


def _suppressed(number, share=0.5, score=-np.inf, count=6):
    with tf.Graph().as_default() as graph:
        boxes, scores = (
            tf.placeholder(tf.float32, [40, 4], name="boxes"),
            tf.placeholder(tf.float32, [40], name="scores"),
        )
        ops = (tf.raw_ops.NonMaxSuppression, tf.raw_ops.NonMaxSuppressionV2, tf.raw_ops.NonMaxSuppressionV3)
        least = {"score_threshold": score} if number == 3 else {}
        chosen = ops[number - 1](boxes=boxes, scores=scores, max_output_size=count, iou_threshold=share, **least)
        tf.identity(chosen, name="chosen")
    return graph


def test_the_same_boxes_are_chosen_by_all_ops():
    rng = np.random.default_rng(3)
    for share in (0.3, 0.5, 0.9):
        for _ in range(5):
            corner = rng.uniform(size=(40, 2))
            boxes = np.concatenate([corner, corner + rng.uniform(0.1, 0.5, size=(40, 2))], 1)
            feed = {"boxes:0": boxes, "scores:0": rng.normal(size=40)}
            chosen = []
            for number in (1, 2, 3):
                with tf.Session(graph=_suppressed(number, share)) as session:
                    chosen.append(session.run("chosen:0", feed).tolist())
            assert chosen[0] == chosen[1] == chosen[2]


@pytest.mark.parametrize("number", [1, 2])
def test_the_audit_knows_the_ops_that_choose_boxes(number):
    graphs = [_suppressed(one).as_graph_def() for one in (number, 3)]
    result = audit(*graphs)
    assert [one.cause for one in result.numbers] == ["boxes of one score"] and not result.differences
    for mistake in ({"share": 0.4}, {"score": 0.0}, {"count": 7}):
        assert audit(graphs[0], _suppressed(3, **mistake).as_graph_def()).verdict == "not faithful"


def _copied(once, mistake=False):
    """An image that is copied when it is standardized, as it was, and once more for what turns it, or for that."""
    with tf.Graph().as_default() as graph:
        image = raw.Tanh(x=tf.placeholder(tf.float32, [4, 4, 3], name="image"))
        made = image if once else raw.Identity(input=image)
        raw.AdjustContrastv2(images=raw.Neg(x=made) if mistake else made, contrast_factor=1.2)
        raw.Reverse(tensor=raw.Identity(input=made), dims=[True, False, False])
    return graph.as_graph_def()


def test_a_copy_whose_partner_is_a_copy_of_the_same_may_be_passed_over():
    assert audit(_copied(False), _copied(True)).verdict == "faithful"
    assert audit(_copied(False), _copied(True, mistake=True)).verdict == "not faithful"
