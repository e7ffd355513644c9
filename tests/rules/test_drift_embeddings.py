"""Embeddings that are looked up and combined: both forms give every bit, and no mistake beside the rule hides."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import looked_up

raw = tf.raw_ops
FORWARD = {"sum": raw.SparseSegmentSum, "mean": raw.SparseSegmentMean, "sqrtn": raw.SparseSegmentSqrtN}
BY_NOW = {"sum": raw.SparseSegmentSumGradV2, "mean": raw.SparseSegmentMeanGradV2, "sqrtn": raw.SparseSegmentSqrtNGradV2}
BEFORE = {"sum": raw.SparseSegmentSumGrad, "mean": raw.SparseSegmentMeanGrad, "sqrtn": raw.SparseSegmentSqrtNGrad}


def combined(combiner, new, mistake="", by_op=False):
    """Return a graph that combines rows of embeddings, and adds their gradient to those rows.

    `by_op`: of rows that were looked up once, with the gradient of a sum as the op that it is by now.
    """
    with tf.Graph().as_default() as graph:
        params = tf.placeholder(tf.float32, [9, 4], name="params")
        numbers = tf.placeholder(tf.int64, [None], name="numbers")
        segments = tf.placeholder(tf.int64, [None], name="segments")
        took = segments if mistake == "numbers" else numbers
        into = numbers if mistake == "segments" else segments
        if new:
            y = FORWARD[combiner](data=params, indices=took, segment_ids=into, sparse_gradient=mistake != "dense")
            gradient = _gradient(y, mistake)
            rows = 4 if mistake == "rows" else raw.Shape(input=params)[0]
            into = numbers if mistake == "segments of the gradient" else into
            values, indices = BY_NOW[combiner](grad=gradient, indices=took, segment_ids=into, dense_output_dim0=rows)
            indices = segments if mistake == "indices" else indices
        else:
            unique, places = raw.Unique(x=took)
            segments = into if by_op else raw.Cast(x=into, DstT=tf.int32)
            taken = raw.Identity(input=raw.GatherV2(params=params, indices=unique, axis=0))
            y = FORWARD[combiner](data=taken, indices=places, segment_ids=segments)
            gradient, size = _gradient(y, mistake), raw.Shape(input=taken)[0]
            segments = numbers if mistake == "segments of the gradient" else segments
            if combiner == "sum" and not by_op:
                each = raw.GatherV2(params=gradient, indices=segments, axis=0)
                values = raw.UnsortedSegmentSum(data=each, segment_ids=places, num_segments=size)
            else:
                values = BEFORE[combiner](grad=gradient, indices=places, segment_ids=segments, output_dim0=size)
            values = raw.Reshape(tensor=values, shape=[raw.Size(input=unique), 4])
            indices = raw.Reshape(tensor=unique, shape=[raw.Size(input=unique)])
        places = raw.ExpandDims(input=indices, axis=1)
        raw.ScatterNd(indices=places, updates=values, shape=tf.constant([9, 4], tf.int64), name="gradients")
        raw.Identity(input=y, name="out")
    return graph.as_graph_def()


def _gradient(y, mistake):
    return raw.Exp(x=y) if mistake == "gradient" else raw.Tanh(x=y)


def run(graph_def, seed):
    rng = np.random.RandomState(seed)
    segments = np.sort(rng.randint(0, 5, 20))
    feeds = {"params": rng.randn(9, 4), "numbers": rng.randint(0, 9, 20), "segments": segments, "y": rng.randn(5, 4)}
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        feeds = {name: value for name, value in feeds.items() if name in {op.name for op in graph.get_operations()}}
        with tf.Session(graph=graph) as session:
            found = session.run(["out:0", "gradients:0"], {f"{name}:0": value for name, value in feeds.items()})
    return [one.tobytes() for one in found]


@pytest.mark.parametrize("combiner", FORWARD)
def test_each_row_has_the_same_bits(combiner):
    old, new = combined(combiner, False), combined(combiner, True)
    for seed in range(10):
        assert run(old, seed) == run(new, seed)


@pytest.mark.parametrize("combiner", FORWARD)
def test_the_order_of_the_rows_is_a_cause(combiner):
    result = audit(combined(combiner, False), combined(combiner, True))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of rows"]), result


@pytest.mark.parametrize("combiner", FORWARD)
@pytest.mark.parametrize(
    "mistake", ["numbers", "segments", "segments of the gradient", "rows", "indices", "gradient", "dense"]
)
def test_mistakes_are_reported(combiner, mistake):
    assert audit(combined(combiner, False), combined(combiner, True, mistake)).verdict == "not faithful"


def test_the_gradient_of_a_sum_of_rows_that_were_looked_up_once_is_an_op_by_now():
    old, new = combined("sum", False), combined("sum", False, by_op=True)
    for seed in range(10):
        for one, other in zip(run(old, seed), run(new, seed), strict=True):
            assert (np.frombuffer(one, np.float32) == np.frombuffer(other, np.float32)).all()
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["gradient of a sum of rows"])
    for mistake in ("numbers", "segments", "segments of the gradient", "gradient"):
        assert audit(old, combined("sum", False, mistake, by_op=True)).verdict == "not faithful"


def test_another_combiner_is_a_mistake():
    for combiner in FORWARD:
        for other in FORWARD.keys() - {combiner}:
            assert audit(combined(combiner, False), combined(other, True)).verdict == "not faithful"


def summed(new, mistake=False):
    """Return a graph of the gradient of a sum of rows."""
    with tf.Graph().as_default() as graph:
        y, params = (tf.placeholder(tf.float32, [size, 4], name=name) for size, name in ((5, "y"), (9, "params")))
        numbers = tf.placeholder(tf.int64, [None], name="numbers")
        segments = tf.placeholder(tf.int32, [None], name="segments")
        gradient = raw.Exp(x=params if mistake else y)
        if new:
            taken = {"grad": gradient, "indices": numbers, "segment_ids": segments}
            raw.SparseSegmentSumGrad(**taken, output_dim0=9, name="out")
        else:
            taken = raw.GatherV2(params=gradient, indices=segments, axis=0)
            raw.UnsortedSegmentSum(data=taken, segment_ids=numbers, num_segments=9, name="out")
        raw.Tanh(x=params, name="gradients")
    return graph.as_graph_def()


def test_the_gradient_of_a_sum_of_rows_has_the_same_bits_but_for_the_sign_of_a_zero():
    old, new = summed(False), summed(True)
    for seed in range(10):
        assert run(old, seed) == run(new, seed)
    result = audit(old, new)
    assert [one.cause for one in result.numbers] == ["gradient of a sum of rows"], result
    assert audit(old, summed(True, mistake=True)).verdict == "not faithful"


def weighed(combiner, new, mistake=""):
    """Return a graph that combines weighed rows, and their gradient, for which it divides by the weights' sum."""
    with tf.Graph().as_default() as graph:
        rows = tf.placeholder(tf.float32, [20, 4], name="rows")
        weights = tf.placeholder(tf.float32, [20], name="weights")
        segments = raw.Cast(x=tf.placeholder(tf.int64, [20], name="segments"), DstT=tf.int32)
        column = raw.Reshape(tensor=weights, shape=[20, 1])
        total = raw.SegmentSum(data=raw.Mul(x=rows, y=column), segment_ids=segments)
        other = raw.Exp(x=column) if mistake == "weights" else column
        if combiner == "sqrtn":
            squares = raw.Pow(x=other, y=3.0 if mistake == "power" else 2.0)
            divisor = raw.Sqrt(x=raw.SegmentSum(data=squares, segment_ids=segments))
        else:
            divisor = raw.SegmentSum(data=other, segment_ids=segments)
        quotient = raw.DivNoNan if new else raw.RealDiv
        y = quotient(x=total, y=divisor)
        given = raw.Tanh(x=y)
        for_divisor = raw.Mul(x=given, y=quotient(x=quotient(x=raw.Neg(x=total), y=divisor), y=divisor))
        raw.Sum(input=for_divisor, axis=[1], name="gradient")
        of_total = quotient(x=given, y=raw.Exp(x=divisor) if mistake == "gradient" else divisor)
        raw.Identity(input=of_total, name="other_gradient")
        raw.Identity(input=y, name="out")
    return graph.as_graph_def()


@pytest.mark.parametrize("combiner", ["mean", "sqrtn"])
def test_weights_that_add_up_to_zero_are_a_cause(combiner):
    old, new = weighed(combiner, False), weighed(combiner, True)
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["weights without sum"]), (
        result
    )
    rng = np.random.RandomState(3)
    feeds = {"rows": rng.randn(20, 4), "weights": rng.rand(20) + 0.1, "segments": np.sort(rng.randint(0, 5, 20))}
    given = []
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
            with tf.Session(graph=graph) as session:
                names = ["out:0", "gradient:0", "other_gradient:0"]
                given.append(session.run(names, {f"{name}:0": value for name, value in feeds.items()}))
    assert [one.tobytes() for one in given[0]] == [one.tobytes() for one in given[1]]


@pytest.mark.parametrize("combiner", ["mean", "sqrtn"])
def test_mistakes_beside_weights_are_reported(combiner):
    for mistake in ("weights", "gradient", *(["power"] if combiner == "sqrtn" else [])):
        assert audit(weighed(combiner, False), weighed(combiner, True, mistake)).verdict == "not faithful", mistake


def added_up(new, alone=False, checked=True):
    """Return a graph that adds up the gradients of rows, behind a check; `alone`: something takes the rows alone."""
    with tf.Graph().as_default() as graph:
        params = tf.placeholder(tf.float32, [9, 4], name="params")
        numbers = tf.placeholder(tf.int64, [None], name="numbers")
        segments = tf.placeholder(tf.int64, [None], name="segments")
        check = raw.Assert(condition=raw.All(input=raw.Less(x=params, y=1e9), axis=[0, 1]), data=["too large"])
        if new:
            y = raw.SparseSegmentMean(data=params, indices=numbers, segment_ids=segments, sparse_gradient=True)
        else:
            unique, places = raw.Unique(x=numbers)
            of = raw.Cast(x=segments, DstT=tf.int32)
            taken = raw.Identity(input=raw.GatherV2(params=params, indices=unique, axis=0))
            y = raw.SparseSegmentMean(data=taken, indices=places, segment_ids=of)
        with tf.control_dependencies([check] if checked else []):
            given = raw.Tanh(x=y)
            if new:
                size = raw.Shape(input=params)[0]
                values, indices = raw.SparseSegmentMeanGradV2(
                    grad=given, indices=numbers, segment_ids=segments, dense_output_dim0=size
                )
            else:
                size = raw.Shape(input=taken)[0]
                values = raw.SparseSegmentMeanGrad(grad=given, indices=places, segment_ids=of, output_dim0=size)
                count = raw.Size(input=unique)
                values = raw.Reshape(tensor=values, shape=raw.Pack(values=[count, 4]))
                indices = raw.Reshape(tensor=unique, shape=raw.Pack(values=[count]))
        rows, where = raw.Unique(x=indices)
        total = raw.UnsortedSegmentSum(data=values, segment_ids=where, num_segments=raw.Shape(input=rows)[0])
        raw.UnsortedSegmentSum(data=total, segment_ids=rows, num_segments=9, name="gradients")
        if alone:
            raw.Square(x=rows, name="alone")
    return graph.as_graph_def()


def test_rows_whose_gradients_are_added_up_wait_for_what_these_wait_for():
    result = audit(added_up(False), added_up(True))
    assert result.verdict == "numbers changed", result.differences
    assert [one.cause for one in result.numbers] == ["order of rows"]
    assert audit(added_up(False), added_up(True, alone=True)).verdict == "not faithful"
    assert audit(added_up(False, alone=True), added_up(True, alone=True)).verdict == "not faithful"
    assert audit(added_up(False), added_up(True, checked=False)).verdict == "not faithful"


def _joined(size):
    """Return a graph that reshapes to a shape that is joined of a fed part and a known one, and back."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 6], name="x")
        part = raw.Cast(x=tf.placeholder(tf.int64, [1], name="part"), DstT=tf.int32)
        known = raw.Slice(input=raw.Shape(input=raw.Exp(x=x)), begin=[1], size=[-1])
        y = raw.Reshape(tensor=raw.Exp(x=x), shape=raw.ConcatV2(values=[part, known], axis=0))
        z = raw.Tanh(x=raw.Reshape(tensor=raw.Exp(x=x), shape=[-1]))
        raw.Reshape(tensor=z, shape=raw.Shape(input=y) if size is None else [-1, size], name="out")
    return graph.as_graph_def()


def test_a_size_that_a_joined_shape_says_is_known():
    assert audit(_joined(None), _joined(6)).verdict == "faithful"
    assert audit(_joined(None), _joined(3)).verdict == "not faithful"


def summed_rows(new, mistake=False):
    """Return a graph of a sum of rows that a variable gives by its handle, and of its gradient."""
    with tf.Graph().as_default() as graph:
        data, numbers, segments = looked_up(new)
        given = raw.Tanh(x=raw.SparseSegmentSum(data=data, indices=numbers, segment_ids=segments))
        if mistake:
            given = raw.Exp(x=given)
        if new:
            gradient = raw.SparseSegmentSumGrad(grad=given, indices=numbers, segment_ids=segments, output_dim0=7)
        else:
            taken = raw.GatherV2(params=given, indices=segments, axis=0)
            gradient = raw.UnsortedSegmentSum(data=taken, segment_ids=numbers, num_segments=7)
        raw.Exp(x=gradient, name="out")
    return graph.as_graph_def()


def test_the_gradient_of_a_sum_of_rows_may_have_wide_segments():
    result = audit(summed_rows(False), summed_rows(True))
    assert list(result.differences) == []
    assert [one.cause for one in result.numbers] == ["gradient of a sum of rows"]
    assert audit(summed_rows(False), summed_rows(True, mistake=True)).verdict == "not faithful"
