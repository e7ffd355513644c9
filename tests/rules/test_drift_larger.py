"""Rules that the larger programs showed: both forms give every bit, the audit knows both, no mistake beside hides."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved, run, runs

raw = tf.raw_ops
RECORDS = Path(tempfile.gettempdir()) / f"records_of_a_test_{os.getpid()}"


@pytest.fixture(autouse=True, scope="module")
def _remove_records():
    yield
    RECORDS.unlink(missing_ok=True)


def _graph(form, new, mistake=False):
    with tf.Graph().as_default() as graph:
        form(new, mistake)
    return graph.as_graph_def()


def parsed_alone(new, mistake):
    features = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=[1.5, -2.5]))}
    features |= {"n": tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))}
    example = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    serialized = raw.PlaceholderWithDefault(input=example, shape=[])
    kinds = {"dense_shapes": [[], [2]], "dense_defaults": [tf.constant([], tf.int64)]}
    kinds["dense_defaults"].append(tf.constant([9.0, 9.0 if not mistake else 8.0]))
    if new:
        empty = {"names": [], "sparse_keys": [], "ragged_keys": [], "num_sparse": 0, "sparse_types": []}
        empty |= {"ragged_value_types": [], "ragged_split_types": []}
        found = raw.ParseExampleV2(serialized=serialized, dense_keys=["n", "x"], **kinds, **empty).dense_values
    else:
        keys = {"sparse_keys": [], "dense_keys": ["n", "x"], "num_sparse": 0, "sparse_types": []}
        found = raw.ParseSingleExample(serialized=serialized, **kinds, **keys).dense_values
    out(raw.Mul(x=found[1], y=raw.Cast(x=found[0], DstT=tf.float32)))


def sum_of_sparse_tensors(new, mistake):
    shape = tf.constant([3, 5], tf.int64)
    indices, values = tf.constant([[0, 1], [2, 0]], tf.int64), floats(2, 3)[:, 0]
    one = {"a_indices": indices, "a_values": values, "a_shape": shape}
    two = {"b_indices": indices, "b_values": raw.Exp(x=values), "b_shape": shape}
    total = raw.SparseAdd(**one, **two, thresh=0.0)
    whole = total.sum_shape if new else tf.constant([3, 6] if mistake else [3, 5], tf.int64)
    out(
        raw.SparseToDense(
            sparse_indices=total.sum_indices, output_shape=whole, sparse_values=total.sum_values, default_value=0.0
        )
    )


def chosen_by_shapes(new, mistake):
    x = raw.Placeholder(dtype=tf.float32, shape=[4, 3], name="x")
    size = raw.SelectV2(condition=raw.Less(x=raw.Shape(input=x)[0], y=5 if not mistake else 3), t=3, e=2)
    out(raw.Slice(input=x, begin=[0, 0], size=[2, 3 if not new else size]))


def read_at_once(new, mistake):
    size = tf.constant(1024 if mistake else -1 if new else 262144, tf.int64)
    with tf.io.TFRecordWriter(str(RECORDS)) as writer:
        for number in range(9):
            writer.write(bytes([number]) * 50)
    records = raw.TFRecordDataset(filenames=str(RECORDS), compression_type="", buffer_size=size)
    of = {"output_types": [tf.string], "output_shapes": [[]]}
    if not new:
        records = raw.ModelDataset(
            input_dataset=raw.OptimizeDataset(input_dataset=records, optimizations=[], **of), **of
        )
    batches = raw.BatchDatasetV2(input_dataset=records, batch_size=9, drop_remainder=False, **of)
    iterator = raw.IteratorV2(shared_name="", container="", output_types=[tf.string], output_shapes=[[None]])
    raw.MakeIterator(dataset=batches, iterator=iterator, name="init")
    taken = raw.IteratorGetNext(iterator=iterator, output_types=[tf.string], output_shapes=[[9]])[0]
    out(raw.DecodeRaw(bytes=taken, out_type=tf.uint8))


def parsed_sequence_alone(new, mistake):
    context = {"n": tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))}
    steps = [tf.train.Feature(float_list=tf.train.FloatList(value=[value])) for value in (1.5, -2.5, 0.25)]
    lists = tf.train.FeatureLists(feature_list={"x": tf.train.FeatureList(feature=steps)})
    example = tf.train.SequenceExample(context=tf.train.Features(feature=context), feature_lists=lists)
    serialized = raw.PlaceholderWithDefault(input=example.SerializeToString(), shape=None)
    kinds = {"context_dense_shapes": [[]], "feature_list_dense_shapes": [[]]}
    kinds["context_dense_defaults"] = [tf.constant([], tf.int64)]
    if new:
        with tf.control_dependencies([tf.Assert(tf.equal(tf.rank(serialized), 0), ["no scalar"])]):
            serialized = tf.identity(serialized)
        keys = {"context_dense_keys": ["n"], "feature_list_dense_keys": ["x"]}
        none = ("context_sparse_keys", "context_ragged_keys", "feature_list_sparse_keys", "feature_list_ragged_keys")
        keys |= {key: [] for key in (*none, "debug_name")}
        types = {"feature_list_dense_types": [tf.float32], "Nfeature_list_dense": 1}
        found = raw.ParseSequenceExampleV2(
            serialized=serialized, feature_list_dense_missing_assumed_empty=[mistake], **keys, **types, **kinds
        )
    else:
        found = raw.ParseSingleSequenceExample(
            serialized=serialized,
            feature_list_dense_missing_assumed_empty=[],
            context_sparse_keys=[],
            context_dense_keys=["n"],
            feature_list_sparse_keys=[],
            feature_list_dense_keys=["x"],
            debug_name="",
            feature_list_dense_types=[tf.float32],
            **kinds,
        )
    values, number = found.feature_list_dense_values[0], found.context_dense_values[0]
    out(raw.Mul(x=values, y=raw.Cast(x=number, DstT=tf.float32)))


FORMS = (read_at_once, parsed_alone, parsed_sequence_alone, sum_of_sparse_tensors, chosen_by_shapes)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_give_every_bit(form):
    old, new = _graph(form, False), _graph(form, True)
    assert runs(old, range(3)) == runs(new, range(3))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_audit_knows_both_forms_and_a_mistake_beside_them(form):
    result = audit(_graph(form, False), _graph(form, True))
    assert result.verdict == "faithful", result.differences
    mistaken = (True, True), (False, True)
    verdicts = [audit(_graph(form, False), _graph(form, new, mistake)).verdict for new, mistake in mistaken]
    assert "not faithful" in verdicts


def _shuffled(seed, seed2, buffer_size=8):
    """Return a graph that shuffles a dataset by two seeds, as tf.data writes them down, with the ops before counted."""
    with tf.Graph().as_default() as graph:
        elements = tf.data.Dataset.range(100)
        written, derived = tf.constant(seed, tf.int64, name="seed"), tf.constant(seed2, tf.int64, name="seed2/Const")
        none = raw.LogicalAnd(
            x=raw.Equal(x=written, y=tf.constant(0, tf.int64)), y=raw.Equal(x=derived, y=tf.constant(0, tf.int64))
        )
        chosen = raw.SelectV2(condition=none, t=tf.constant(2**31 - 1, tf.int64), e=derived)
        of = {"output_types": [tf.int64], "output_shapes": [[]]}
        shuffled = raw.ShuffleDataset(
            input_dataset=elements._variant_tensor, buffer_size=buffer_size, seed=written, seed2=chosen, **of
        )
        iterator = raw.IteratorV2(shared_name="", container="", **of)
        raw.MakeIterator(dataset=shuffled, iterator=iterator, name="init")
        out(raw.IteratorGetNext(iterator=iterator, **of)[0])
    return graph.as_graph_def()


def _summed(new, equation="ijk,kl->ijl"):
    """Return the graph of tf.einsum and its gradients: as the op, or as TensorFlow 1.15 made it of others."""
    with tf.Graph().as_default() as graph:
        x, w = floats(None, 3, 3), floats(3, 3, name="w")
        if new:
            y = tf.einsum(equation, x, w)
        else:
            y = tf.reshape(tf.matmul(tf.reshape(x, [tf.shape(x)[0] * 3, 3]), w), [tf.shape(x)[0], 3, 3])
        for number, gradient in enumerate(tf.gradients(tf.tanh(y), [x, w])):
            tf.exp(gradient, name=f"gradient{number}")
        out(y)
    return graph.as_graph_def()


def test_einsum_is_a_cause_with_its_gradients():
    result = audit(_summed(False), _summed(True))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["einsum"]), result
    assert len(result.numbers[0].nodes) == 3


@pytest.mark.parametrize("equation", ["ijk,lk->ijl", "kij,kl->ijl", "ikj,kl->ijl"])
def test_another_equation_is_a_mistake(equation):
    assert audit(_summed(False), _summed(True, equation)).verdict == "not faithful"


def _contracted(kind, equation=None):
    """Return the graph of an einsum and its gradients: as the op of that equation, or as 1.15 made it of others."""
    with tf.Graph().as_default() as graph:
        x, w, z = floats(None, 3, 4, 3), floats(3, 4, 3, name="w"), floats(None, 3, 4, 3, name="z")
        other = {"batches": [tf.exp(x)], "other batches": [z], "rows": [z], "rows in a column": [z], "matrix": [w]}
        other["number"] = [z]
        taken = [x, *other.get(kind, [])]
        if equation:
            y = tf.einsum(equation, *taken)
        elif "rows" in kind:
            y = tf.matmul(tf.reshape(x, [-1, 1, 36]), tf.reshape(z, [-1, 36, 1]))
            y = tf.reshape(y, [tf.shape(x)[0]])
        elif kind == "number":
            y = tf.reshape(tf.matmul(tf.reshape(x, [1, -1]), tf.reshape(z, [-1, 1])), [])
        elif "batches" in kind:
            y = tf.matmul(tf.transpose(x, [0, 2, 1, 3]), tf.transpose(taken[1], [0, 2, 3, 1]))
        elif kind == "matrix":
            y = tf.matmul(tf.reshape(x, [-1, 12]), tf.reshape(tf.transpose(w, [1, 2, 0]), [12, 3]))
            y = tf.transpose(tf.reshape(y, [-1, 3, 3]), [2, 0, 1])
        else:
            sums = {"sum": [1], "total": [0, 1, 2, 3]}
            y = tf.reduce_sum(x, sums[kind]) if kind in sums else tf.transpose(x, [3, 1, 0, 2])
        if kind == "rows in a column":
            y = tf.expand_dims(y, 1)
        for number, gradient in enumerate(tf.gradients(tf.tanh(y), taken)):
            tf.exp(gradient, name=f"gradient{number}")
        out(y)
    return graph.as_graph_def()


EQUATIONS = {"batches": "bqhk,bthk->bhqt", "matrix": "bqhk,ohk->obq", "sum": "bqhk->bhk", "turned": "bqhk->kqbh"}
EQUATIONS |= {"other batches": "bqhk,bthk->bhqt", **dict.fromkeys(("rows", "rows in a column"), "bqrs,bqrs->b")}
EQUATIONS |= {"number": "bqrs,bqrs->", "total": "bqhk->"}
OTHERS = {
    "other batches": ["bqhk,bthk->bhtq", "bthk,bqhk->bhqt", "bhqk,bhtk->bhqt", "bqhk,athk->ahqt"],
    "number": ["bqrs,bsrq->", "bqhk,bqhk->"],
    "total": ["bqhk->b"],
    "rows": ["bqrs,bsrq->b"],
    "rows in a column": ["bqrs,bsrq->b"],
    "batches": ["bqhk,bthk->bhtq", "bthk,bqhk->bhqt", "bhqk,bhtk->bhqt"],
    "matrix": ["bqhk,ohk->oqb", "bqhk,khq->qbk", "qbhk,ohk->obq"],
    "sum": ["bqhk->bqk", "bqhk->bqh", "bqhk->bkh"],
    "turned": ["bqhk->kqhb", "bqhk->qkbh"],
}


@pytest.mark.parametrize("kind", EQUATIONS)
def test_einsum_of_any_axes_is_a_cause_with_its_gradients(kind):
    old, new = _contracted(kind), _contracted(kind, EQUATIONS[kind])
    result = audit(old, new)
    assert list(result.differences) == []
    assert [one.cause for one in result.numbers] == ([] if kind == "turned" else ["einsum"])
    one, other = (np.frombuffer(run(each, 3), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "equation"), [(kind, one) for kind, some in OTHERS.items() for one in some])
def test_an_einsum_of_other_axes_is_a_mistake(kind, equation):
    assert audit(_contracted(kind), _contracted(kind, equation)).verdict == "not faithful"


def _summed_over_all(new, other="y"):
    """What einsum gave that sums over all axes: one tensor became a row, the other a column of as many elements."""
    with tf.Graph().as_default() as graph:
        x, y, fed = (floats(None, 4, name=name) for name in ("x", "y", "fed"))
        if new:
            total = tf.einsum("ij,ij->", x, y)
        else:
            many = tf.shape(x if other == "y" else fed)[0] * 4
            row, column = tf.reshape(x, [1, tf.shape(x)[0] * 4]), tf.reshape(y, tf.stack([many, 1]))
            total = tf.reshape(tf.matmul(row, column), [])
        out(total * tf.reduce_max(fed))
    return graph.as_graph_def()


def test_a_product_over_all_axes_asks_both_tensors_for_as_many_elements():
    assert audit(_summed_over_all(False), _summed_over_all(True)).verdict == "numbers changed"
    assert audit(_summed_over_all(False, "fed"), _summed_over_all(True)).verdict == "not faithful"


def _of_chosen_rows(equation=None):
    """An einsum of rows of which nobody knows how many there are, and whose gradient comes for rows chosen anew."""
    with tf.Graph().as_default() as graph:
        x, w = floats(5, 3), floats(3, 3, name="w")
        places = tf.where(tf.greater(x[:, 0], 0.0))
        rows = tf.gather_nd(tf.exp(x), places)
        if equation:
            y = tf.einsum(equation, rows, w)
        else:
            count = tf.shape(rows)[0]
            y = tf.reshape(tf.matmul(tf.reshape(rows, [count, 3]), w), [count, 3])
        together = tf.scatter_nd(places, y, [5, 3])
        for number, gradient in enumerate(tf.gradients(tf.tanh(together), [x, w])):
            tf.exp(gradient, name=f"gradient{number}")
        out(together)
    return graph.as_graph_def()


def test_einsum_of_rows_of_an_unknown_number_is_a_cause_with_its_gradients():
    old, new = _of_chosen_rows(), _of_chosen_rows("id,de->ie")
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["einsum"])
    one, other = (np.frombuffer(run(each, 3), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    assert audit(old, _of_chosen_rows("id,ed->ie")).verdict == "not faithful"


def _of_masked_weights(equation=None, apart=False, reshaped=False):
    """An einsum of weights that were spread over a mask: a product, whose gradients the first releases did not reshape.

    `apart`: the gradient is that of a product of other weights. `reshaped`: what 1.15 made of it.
    """
    with tf.Graph().as_default() as graph:
        x, mask, values = floats(None, None, 2), floats(None, name="mask"), floats(None, 2, 4, name="values")
        weights = tf.tanh(x if apart else tf.transpose(tf.exp(x), [2, 1, 0]) * mask)
        weights = tf.transpose(weights, [2, 1, 0]) if apart else weights
        taken = [weights, tf.transpose(values, [1, 0, 2])]
        if reshaped:
            y = tf.matmul(*(tf.reshape(one, tf.shape(one)) for one in taken))
        else:
            y = tf.einsum(equation, *taken) if equation else raw.BatchMatMul(x=taken[0], y=taken[1])
        for number, gradient in enumerate(tf.gradients(tf.tanh(y), [x, values])):
            tf.exp(gradient, name=f"gradient{number}")
        out(y)
    return graph.as_graph_def()


@pytest.mark.parametrize("reshaped", [False, True])
def test_the_gradient_of_an_einsum_is_as_large_as_what_it_was_spread_over(reshaped):
    old, new = _of_masked_weights(reshaped=reshaped), _of_masked_weights("bij,bjd->bid")
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["einsum"])
    one, other = (np.frombuffer(run(each, 3), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    for wrong in (_of_masked_weights("bij,bjd->bdi"), _of_masked_weights("bij,bjd->bid", apart=True)):
        assert audit(old, wrong).verdict == "not faithful"


def _of_batches(new, of_other=False, mistake=False):
    """The gradient for the first factor of a product of batches, which was reshaped to the sizes of that."""
    x, w, other = floats(2, None, None), floats(2, 5, 1, name="w"), floats(2, None, None, name="other")
    y = raw.BatchMatMulV2(x=other if mistake else x, y=w)
    back = raw.BatchMatMulV2(x=raw.Tanh(x=y), y=w, adj_y=True)
    back = back if new else raw.Reshape(tensor=back, shape=tf.shape(other if of_other else x))
    out(raw.Tanh(x=back))


def test_the_gradient_of_a_product_of_batches_is_as_large_as_its_factor():
    old, new = built(_of_batches, False), built(_of_batches, True)
    assert "own shape" in proved(old, new).rules
    with tf.Graph().as_default() as graph:
        _of_batches(False, of_other=True)
    assert audit(graph.as_graph_def(), new).verdict == "not faithful"
    with tf.Graph().as_default() as graph:
        _of_batches(True, mistake=True)
    assert audit(old, graph.as_graph_def()).verdict == "not faithful"


def test_a_batch_of_one_is_repeated_by_no_einsum():
    """Its gradient is summed in no port, which would be another where such a batch is written out."""
    with tf.Graph().as_default() as graph:
        x, z = floats(1, 3, 4), floats(None, 3, 4, name="z")
        out(tf.einsum("bqk,btk->bqt", x, z))
    new = graph.as_graph_def()
    with tf.Graph().as_default() as graph:
        x, z = floats(1, 3, 4), floats(None, 3, 4, name="z")
        out(tf.matmul(x, z, transpose_b=True))
    assert audit(graph.as_graph_def(), new).verdict == "not faithful"


def _place(graph_def):
    return [node.name for node in graph_def.node].index("seed2/Const")


def test_a_seed_that_tensorflow_derives_for_a_shuffle_changes_numbers_and_is_said():
    place = _place(_shuffled(1234, 0))
    result = audit(_shuffled(1234, place), _shuffled(1234, 0))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["derived seeds"])
    assert f"write seed= [{place}]" in result.numbers[0].advice


@pytest.mark.parametrize("port", [(1234, 99), (7, 0), (1234, 0, 9)], ids=["own", "graph's", "buffer"])
def test_another_seed_of_a_shuffle_is_a_mistake(port):
    place = _place(_shuffled(1234, 0))
    assert audit(_shuffled(1234, place), _shuffled(*port)).verdict == "not faithful"


def test_the_seeds_of_a_shuffle_choose_its_order():
    first = np.frombuffer(run(_shuffled(1234, 5), 0), np.int64)
    assert first == np.frombuffer(run(_shuffled(1234, 5), 0), np.int64)


def test_a_size_that_one_graph_knows_is_told_for_constants_that_nothing_uses():
    def build(known):
        with tf.Graph().as_default() as graph:
            x = raw.Placeholder(dtype=tf.float32, shape=[4, None, 3], name="x")
            rows = raw.Reshape(tensor=x, shape=[4, -1] if known else [-1, 6])
            product = raw.MatMul(a=rows, b=raw.Placeholder(dtype=tf.float32, shape=[6, 2], name="w"))
            raw.ZerosLike(x=product, name="unused")
            out(product)
        return graph.as_graph_def()

    assert audit(build(True), build(False)).verdict == "faithful"  # a product needs rows of six


def test_rows_before_a_product_may_not_be_written_down_if_their_number_is_not_known():
    """A batch of 7 for any: the product only says how many columns there are."""

    def build(shape):
        with tf.Graph().as_default() as graph:
            x = raw.Placeholder(dtype=tf.float32, shape=[None, 2, 3], name="x")
            out(raw.MatMul(a=raw.Reshape(tensor=x, shape=shape), b=tf.placeholder(tf.float32, [6, 2], name="w")))
        return graph.as_graph_def()

    for one, other in (([-1, 6], [7, 6]), ([7, 6], [-1, 6]), ([-1, 6], [1, 6]), ([7, -1], [1, -1])):
        assert audit(build(one), build(other)).verdict == "not faithful", (one, other)
