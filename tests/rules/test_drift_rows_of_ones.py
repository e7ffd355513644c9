"""Batch normalization of 1.0 under Python 3, which reshaped its rows, computes the same, and no mistake hides in it."""

from functools import partial

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops
SHAPES = {"flat": (None, 3), "images": (None, 2, 2, 3), "step": (None, 1, 3), "line": (None, 2, 1, 3)}


def normalized(old, shape, by, mistake="", twice=False, frozen=False):
    """Two layers that share gamma and beta, their averages and gradients.

    `by`: moments of the batch, the averages, or either as is fed; `twice`: each normalizes twice; `frozen`: gamma and
    beta get no gradients.
    """
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = floats(*SHAPES[shape])
        gamma, beta, average, spread, *weights = (
            floats(3, name=name) for name in ["gamma", "beta", "mean", "squares", "v", "w"]
        )
        axes, width = [*range(x.shape.rank - 1)], [1] * (x.shape.rank - 1) + [3]
        training = tf.reduce_max(gamma) > 0.5
        moving = [average, tf.square(spread)]

        def as_taken(row):
            return tf.reshape(row, width) if old else row

        def moments(h):
            shift = tf.stop_gradient(tf.reduce_mean(h, axes, keepdims=True))
            parts = tf.nn.sufficient_statistics(h, axes, shift=shift, keep_dims=old)
            mean, variance = tf.nn.normalize_moments(*parts[:3], shift=shift if old else tf.reshape(shift, [3]))
            return mean, variance

        def normalize(h, mean, variance, scale, offset):
            return tf.nn.batch_normalization(h, mean, variance, offset, scale, 0.01 if mistake == "epsilon" else 0.001)

        def layer(h):
            mean, variance = [as_taken(one) for one in moving] if by == "averages" else moments(h)
            if mistake == "moments":
                mean, variance = variance, mean
            rows = [as_taken(one) for one in (gamma, beta)]
            rows = rows[::-1] if mistake == "exchanged" else rows
            updates.extend(average - (tf.reshape(one, [-1]) if old else one) for one in (mean, variance))
            once = partial(normalize, mean=mean, variance=variance, scale=rows[0], offset=rows[1])

            def otherwise(h=h):
                return h * 2.0 if twice else normalize(h, *map(as_taken, moving), *rows)

            branches = (otherwise, partial(once, h)) if mistake == "branches" else (partial(once, h), otherwise)
            h = tf.cond(training, *branches) if by == "fed" else once(h)
            if not twice:
                return h
            others = [tf.reduce_max(beta) > 0.5, partial(once, h), partial(otherwise, h)]
            return tf.cond(*others) if by == "fed" else once(h)

        updates = []
        h = x * weights[0]
        for weight in weights:
            h = tf.tanh(layer(h * weight))
        loss = tf.reduce_mean(tf.square(h))
        with tf.name_scope("old" if old else "new"):  # of shapes that today's TensorFlow makes for nobody
            gradients = tf.gradients(loss, [*([] if frozen else [gamma, beta]), *weights], gate_gradients=True)
        if mistake == "gradients":
            gradients = gradients[::-1]
        if mistake == "averages":
            updates = updates[::-1]
        out(
            tf.concat(
                [
                    tf.reshape(one, [-1])
                    for one in (*gradients, *updates, h, tf.reduce_max(tf.reshape(beta, width), axes))
                ],
                0,
            )
        )
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("by", ["moments", "averages", "fed"])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_reshaped_or_not(shape, by):
    old = normalized(True, shape, by)
    assert "reshaped rows" in proved(old, normalized(False, shape, by)).rules
    for mistake in ("exchanged", "moments", "epsilon", "gradients", "averages", *(["branches"] if by == "fed" else [])):
        assert audit(old, normalized(False, shape, by, mistake)).verdict == "not faithful", mistake


def test_gradients_that_nothing_takes_are_of_rows_as_well():
    old, new = (normalized(one, "images", "fed", frozen=True) for one in (True, False))
    assert "reshaped rows" in proved(old, new).rules


def written_out(old, mistake=""):
    """A layer that a program writes itself of moments that keep their axes and a scale that it reshapes."""
    with tf.Graph().as_default() as graph:
        x, gamma = floats(5, 3), floats(3, name="gamma")
        h = tf.exp(x)
        if not old:
            moments = tf.nn.moments(h, [0], keepdims=True)
        else:
            shift = tf.stop_gradient(tf.reduce_mean(h, [0], keepdims=True))
            parts = tf.nn.sufficient_statistics(h, [0], shift=shift, keep_dims=True)
            moments = tf.nn.normalize_moments(*parts[:3], shift=shift)
        scale = tf.reshape(gamma, [1, 3])
        root = tf.rsqrt(moments[0 if mistake == "mean" else 1] + 0.001) * (scale * 2.0 if mistake == "scale" else scale)
        gradients = tf.gradients(tf.reduce_sum(tf.tanh((h - moments[0]) * root)), [x, gamma])
        tf.concat([tf.reshape(one, [-1]) for one in gradients], 0)
    return graph.as_graph_def()


def test_what_a_program_reshapes_itself_is_compared():
    result = audit(written_out(True), written_out(False))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["moments"])
    for mistake in ("mean", "scale"):
        assert audit(written_out(True), written_out(False, mistake)).verdict == "not faithful", mistake


@pytest.mark.parametrize("by", ["moments", "fed"])
def test_gradients_that_are_not_in_branches_of_one_condition_are_added_up_as_they_were(by):
    result = audit(normalized(True, "flat", by, twice=True), normalized(False, "flat", by, twice=True))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"])


def layer(old, beside):
    """A layer by its averages, and what else takes its scale, or waits for that, as `beside` makes it."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        rows = [floats(3, name=name) for name in ("gamma", "beta", "mean", "squares")]
        gamma, beta, mean, variance = (tf.reshape(one, [1, 3]) if old else one for one in rows)
        scale = raw.Mul(x=raw.Rsqrt(x=raw.AddV2(x=variance, y=0.001)), y=gamma)
        out(raw.AddV2(x=raw.Mul(x=floats(None, 3), y=scale), y=raw.Sub(x=beta, y=raw.Mul(x=mean, y=scale))))
        raw.Exp(x=beside(old, scale, beta), name="seen")
    return graph.as_graph_def()


def summed(old, scale, _):
    return raw.Reshape(tensor=raw.Sum(input=scale, axis=[1]), shape=[]) if old else raw.Sum(input=scale, axis=[0])


def summed_behind(axis_of_port):
    def beside(old, scale, _):
        with tf.control_dependencies([scale]):
            total = raw.Sum(input=tf.placeholder(tf.float32, None, name="q"), axis=[1 if old else axis_of_port])
        return raw.Reshape(tensor=total, shape=[]) if old or axis_of_port else total

    return beside


def number_of_branch(_old, scale, beta):
    return raw.Cast(x=raw.Merge(inputs=[scale, beta]).value_index, DstT=tf.float32)


@pytest.mark.parametrize("beside", [summed, summed_behind(1), number_of_branch])
def test_what_takes_a_row_or_waits_for_it_is_as_it_was(beside):
    assert audit(layer(True, beside), layer(False, beside)).verdict == "faithful"


@pytest.mark.parametrize("beside", [summed_behind(0), lambda old, scale, beta: tf.identity(scale)])
def test_what_is_of_another_shape_is_reported(beside):
    assert audit(layer(True, beside), layer(False, beside)).verdict == "not faithful"


def test_a_row_that_is_copied_to_be_fetched_has_its_shape():
    def copied(old):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(layer(old, summed), name="")
            raw.Identity(input=graph.get_tensor_by_name("Mul:0"), name="copied")
        return graph.as_graph_def()

    assert audit(copied(True), copied(False)).verdict == "not faithful"


def test_a_variance_of_which_one_graph_alone_knows_the_rank_is_compared():
    def of_python(known):
        with tf.Graph().as_default() as graph:
            x, gamma = floats(None, 3), tf.reshape(floats(3, name="gamma"), [1, 3])
            variance = raw.PyFunc(input=[gamma], token="variance", Tout=[tf.float32])[0]
            variance = raw.EnsureShape(input=variance, shape=[1, 3]) if known else variance
            root = raw.Rsqrt(x=raw.AddV2(x=variance, y=0.001, name="added"), name="root")
            out(raw.Mul(x=raw.Mul(x=root, y=gamma, name="scale"), y=x))
        return graph.as_graph_def()

    assert audit(of_python(False), of_python(True)).verdict == "not faithful"
    assert audit(of_python(False), of_python(False)).verdict == "faithful"
