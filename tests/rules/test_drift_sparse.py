"""The shapes of sparse placeholders of which a part is unknown: a placeholder, by now with a default that says so."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import built, floats, out
from drift_cases_oldest import places_in_a_matrix

raw = tf.raw_ops


def product(new, mistake, known=(-1, 5)):
    """A sparse matrix times a dense one, and what is copied and measured of its shape."""
    if new:
        shape = raw.PlaceholderWithDefault(input=tf.constant(known, tf.int64), shape=[2], name="shape")
    else:
        shape = raw.Placeholder(dtype=tf.int64, shape=[2], name="shape")
    of_other = raw.Placeholder(dtype=tf.int64, shape=[2], name="of_other")
    indices, values = tf.placeholder(tf.int64, [None, 2], name="indices"), floats(None, name="values")
    dense = floats(5, 3, name="dense")
    taken = of_other if mistake == "other" else raw.Identity(input=shape)
    result = raw.SparseTensorDenseMatMul(a_indices=indices, a_values=values, a_shape=taken, b=dense)
    out(result + raw.Cast(x=shape[1], DstT=tf.float32))


def resized(new, _, op="Reshape"):
    """A dense tensor of a size that is fed, or not."""
    shape = tf.constant([-1, 5], tf.int64)
    shape = raw.PlaceholderWithDefault(input=shape, shape=[2]) if new else raw.Placeholder(dtype=tf.int64, shape=[2])
    x = floats(5, 3)
    out(raw.Reshape(tensor=x, shape=shape) if op == "Reshape" else raw.BroadcastTo(input=x, shape=shape))


def run(graph_def, seed):
    rng = np.random.RandomState(seed)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    feeds = {"shape:0": [4, 5], "indices:0": [[0, 1], [2, 0], [3, 4]], "values:0": rng.randn(3)}
    with tf.Session(graph=graph) as session:
        return session.run("out:0", {**feeds, "dense:0": rng.randn(5, 3)}).tobytes()


def test_a_part_of_a_sparse_shape_is_unknown():
    old, new = built(product, False), built(product, True)
    result = audit(old, new)
    assert result.verdict == "faithful" and "shape of a sparse placeholder" in result.rules, result.differences
    for seed in range(5):
        assert run(old, seed) == run(new, seed)


def test_a_default_that_is_known_or_another_shape_is_reported():
    known = built(lambda *of: product(*of, known=[4, 5]), True)
    assert audit(built(product, False), known).verdict == "not faithful"
    assert audit(built(product, False), built(product, True, "other")).verdict == "not faithful"


@pytest.mark.parametrize("op", ["Reshape", "BroadcastTo"])
def test_the_size_of_a_dense_tensor_has_no_default_unless_it_is_given_one(op):
    forms = (built(lambda *of: resized(*of, op), new) for new in (False, True))
    assert audit(*forms).verdict == "not faithful"


def test_a_sparse_placeholder_that_nothing_takes_need_not_have_a_default():
    def form(new, mistake):
        shape = tf.constant([-1.0, 5.0] if mistake else [-1, 5], tf.float32 if mistake else tf.int64)
        raw.PlaceholderWithDefault(input=shape, shape=[2]) if new else raw.Placeholder(dtype=tf.int64, shape=[2])
        out(raw.Exp(x=floats(3)))

    assert audit(built(form, False), built(form, True)).verdict == "faithful"
    assert audit(built(form, False), built(form, True, mistake=True)).verdict == "not faithful"


def two_sums(new, mistake):
    """Rows of two tables as two sparse placeholders say that no program named, of which one is trained."""
    tables = [tf.Variable(tf.zeros([size, 3]), name=name, use_resource=False) for name, size in (("a", 5), ("b", 7))]
    fed = []
    for size in (5, 7):
        known = tf.constant((-1, size), tf.int64)
        shape = raw.PlaceholderWithDefault(input=known, shape=[2]) if new else tf.placeholder(tf.int64, [2])
        fed.append((tf.placeholder(tf.int64, [None]), tf.placeholder(tf.int64, [None, 2]), shape))
    fed = fed[::-1] if mistake == "rows" else fed
    weight = tf.placeholder(tf.int64, [None])
    sums = []
    for table, (values, indices, shape) in zip(tables, fed, strict=True):
        if mistake == "weight":
            values, weight = weight, values
        dense = raw.SparseTensorDenseMatMul(
            a_indices=indices, a_values=tf.cast(values, tf.float32), a_shape=shape, b=table
        )
        sums.append(tf.reduce_sum(dense) / tf.cast(tf.shape(indices)[0], tf.float32))
    out(raw.PreventGradient(input=sums[0] * 2 + sums[1], message="new" if new else "old"))
    tf.identity(weight, name="weight")


def test_what_no_program_named_is_fed_in_the_order_that_it_was_made_in():
    old = built(two_sums, False)
    assert [node.name for node in old.node if "Placeholder" in node.op][:4] == [
        *("Placeholder", "Placeholder_1", "Placeholder_2", "Placeholder_3")
    ]
    result = audit(old, built(two_sums, True))
    assert result.verdict == "faithful" and "shape of a sparse placeholder" in result.rules, result.differences
    for mistake in ("rows", "weight"):
        assert audit(old, built(two_sums, True, mistake)).verdict == "not faithful", mistake


@pytest.mark.parametrize("mistake", ["other", "rows", "width", "transposed"])
def test_elements_of_other_places_in_a_matrix_are_reported(mistake):
    old = built(lambda *_: places_in_a_matrix(False, mistake, width=2 if mistake == "width" else 3), False)
    new = built(lambda *_: places_in_a_matrix(True, "transposed" if mistake == "transposed" else ""), True)
    assert audit(old, new).verdict == "not faithful"


@pytest.mark.parametrize("kind", ["unknown", "other"])
def test_places_that_may_be_outside_of_a_matrix_are_no_such(kind):
    """Of an unknown number of columns, or those of what another matrix has."""
    assert audit(*(built(lambda new, _: places_in_a_matrix(new, kind), new) for new in (False, True))).differences


@pytest.mark.parametrize("behind", ["what is found", "nothing"])
def test_what_places_in_a_matrix_wait_for_the_elements_wait_for(behind):
    def form(new, _):
        update = tf.assign_add(tf.Variable(0.0, use_resource=False, name="counted"), 1.0)
        with tf.control_dependencies([] if new and behind == "nothing" else [update]):
            places_in_a_matrix(new)

    old, new = built(form, False), built(form, True)
    for graph_def in (old, new):
        for node in graph_def.node:
            if node.name == "x":
                del node.input[:]
    result = audit(old, new)
    assert (result.verdict == "faithful") == (behind == "what is found"), result.differences
