"""Graphs that once stopped the audit with an error of its own: found by thousands of edits of pairs at random."""

import functools
import time

import pytest
import tensorflow as tf

import drift_cases_oldest
from compat_v1.audit.comparison import audit, readable
from compat_v1.audit.normal import Normal
from drift_cases import CASES, added, built, floats, out

v1, raw = tf.compat.v1, tf.raw_ops
assert drift_cases_oldest  # its cases are among CASES


def edited(graph_def, edit):
    other = v1.GraphDef.FromString(graph_def.SerializeToString())
    for node in other.node:
        edit(node)
    return other


def of_any_rank(node):
    if node.op == "Placeholder":
        node.attr["shape"].shape.CopyFrom(tf.TensorShape(None).as_proto())


def tiles_and_slices():
    x = floats(2, 3)
    out(raw.Sum(input=raw.Tile(input=raw.Tanh(x=x), multiples=[2, 1]), axis=[1], keep_dims=True))
    raw.Slice(input=x, begin=[0, 1], size=[-1, 2])
    raw.Squeeze(input=raw.Slice(input=x, begin=[0, 0], size=[2, 1]), axis=[-1])
    raw.Reshape(tensor=raw.Sum(input=x, axis=[1]), shape=[-1])


@functools.cache
def _graphs():
    cases = [(rule, built(form, new)) for rule, form in CASES.items() for new in (False, True)]
    return [("tiles and slices", built(lambda *_: tiles_and_slices(), True)), *cases]


def test_a_rank_that_the_other_graph_tells_of_another_tensor_stops_nothing():
    """Of what is paired wrongly, the sizes are told as well; the wrong pair is reported, and so are they to be."""
    told = 0
    for rule, graph_def in _graphs():
        graph = readable(edited(graph_def, of_any_rank))
        unknown = [name for name, shapes in graph.shapes.items() if None in shapes]
        for rank in range(5):
            sizes = {name: [(2,) * rank] * len(graph.shapes[name]) for name in unknown}
            assert Normal(graph, sizes).nodes, rule
        told += len(unknown)
    assert told > 100


def test_a_group_that_waits_for_nothing_stops_nothing():
    def alone(node):
        if node.op == "NoOp":
            del node.input[:]

    for rule, graph_def in _graphs():
        if any(node.op == "NoOp" and node.input for node in graph_def.node):
            assert Normal(readable(edited(graph_def, alone))).nodes, rule


def chain(op, count, start=lambda: floats(2, 2)):
    with tf.Graph().as_default() as graph:
        x = start()
        for _ in range(count):
            x = op(x)
        raw.Identity(input=x, name="out")
    return graph.as_graph_def()


OPS = {
    "copies": lambda x: raw.Identity(input=x),
    "guards": lambda x: raw.StopGradient(input=x),
    "products": lambda x: raw.Mul(x=x, y=x),
}


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", ["copies", *(pytest.param(one, marks=pytest.mark.long) for one in ("guards", "products"))]
)
def test_a_thousand_ops_of_one_graph_alone_are_no_recursion(kind):
    long, none = chain(OPS[kind], 1100), chain(OPS[kind], 0)
    assert audit(long, none).verdict == ("faithful" if kind == "copies" else "not faithful")
    assert audit(none, long).verdict == "not faithful"


def _sum(put_together):
    with tf.Graph().as_default() as graph:
        terms = raw.Unpack(value=raw.Tanh(x=floats(1100, 2)), num=1100)
        raw.Identity(input=put_together(terms), name="out")
    return graph.as_graph_def()


def test_a_sum_of_a_thousand_terms_is_no_recursion():
    at_once = _sum(added)
    one_by_one = _sum(lambda terms: functools.reduce(lambda one, term: added([one, term]), terms))
    assert audit(one_by_one, one_by_one).verdict == "faithful"
    for pair in ((at_once, one_by_one), (one_by_one, at_once)):
        assert audit(*pair).verdict == "numbers changed"


SIZES = {
    "squares": lambda x: raw.Mul(x=x, y=x),
    "sums": lambda x: raw.AddV2(x=raw.Mul(x=x, y=x), y=x),
    "largest": lambda x: raw.Maximum(x=x, y=raw.AddV2(x=raw.Mul(x=x, y=2), y=1)),
    "rests": lambda x: raw.FloorMod(x=raw.AddV2(x=x, y=3), y=x),
}


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=pytest.mark.long if one == "largest" else []) for one in SIZES]
)
def test_a_size_that_grows_with_each_op_is_followed_to_an_end(kind):
    begun = time.monotonic()
    graphs = [chain(SIZES[kind], count, lambda: raw.Size(input=floats(None, None))) for count in (30, 29)]
    assert audit(*graphs).verdict == "not faithful"
    assert time.monotonic() - begun < 60


def test_a_name_of_an_example_may_be_fed():
    def parsed(new):
        names = v1.placeholder(tf.string, [None]) if new else tf.constant(["a"])
        raw.ParseExample(
            serialized=v1.placeholder(tf.string, [None]),
            names=names,
            sparse_keys=[],
            dense_keys=["x"],
            dense_defaults=[tf.constant([0.0])],
            sparse_types=[],
            dense_shapes=[[1]],
            name="out",
        )

    graphs = [built(lambda new, _: parsed(new), new) for new in (False, True)]
    assert audit(*graphs).verdict == audit(*graphs[::-1]).verdict == "not faithful"


def test_a_function_whose_result_waits_for_nothing_of_its_own_is_refused():
    graph = built(CASES["groups in functions"], True)
    other = v1.GraphDef.FromString(graph.SerializeToString())
    (function,) = other.library.function
    function.signature.control_output.append("gone")
    for pair in ((graph, other), (other, graph)):
        with pytest.raises(ValueError, match="the function body cannot be read: its result waits for what it has not"):
            audit(*pair)


def test_an_output_has_a_number():
    graph = built(CASES["no transposition"], True)
    other = edited(graph, lambda node: node.input.__setitem__(slice(None), [f"{one}:\x15" for one in node.input]))
    with pytest.raises(ValueError, match="takes an output without a number"):
        audit(graph, other)


def test_how_many_rows_a_gradient_has_may_be_fed():
    def gradient(fed):
        count = v1.placeholder(tf.int32, []) if fed else tf.constant(5)
        numbers = {"indices": tf.constant([0, 1, 3]), "segment_ids": tf.constant([0, 0, 1])}
        out(raw.SparseSegmentSumGrad(grad=floats(2, 3), **numbers, output_dim0=count))

    graphs = [built(lambda new, _: gradient(new), new) for new in (False, True)]
    assert audit(*graphs).verdict == audit(*graphs[::-1]).verdict == "not faithful"
    assert audit(graphs[1], graphs[1]).verdict == "faithful"


def test_an_order_of_axes_that_is_one_number_stands_in_a_graph_where_nobody_knows_how_many_there_are():
    def transposed(order):
        out(raw.Transpose(x=raw.PlaceholderWithDefault(input=floats(3), shape=None), perm=order))

    one, other = (built(lambda new, _, order=order: transposed(order), False) for order in (0, [0]))
    assert audit(one, other).verdict == audit(other, one).verdict == "not faithful"
    assert audit(one, one).verdict == "faithful"
