"""tf.sparse_fill_empty_rows, which was made of many ops that sort, and is one."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import out

raw = tf.raw_ops


def filled(old, known=False, fed=False, mistake=""):
    """Sparse numbers with one in each row, and which rows had none.

    `known`: whether the shape is; `fed`: what is put there is fed.
    """
    with tf.Graph().as_default() as graph:
        indices = tf.placeholder(tf.int64, [None, 2], name="indices")
        values, given = (tf.placeholder(tf.float32, shape, name=name) for shape, name in (([None], "x"), ([], "given")))
        shape = tf.constant([5, 4], tf.int64) if known else tf.placeholder(tf.int64, [2], name="shape")
        given = given if fed else tf.constant(3.0 if mistake == "given" else 2.0)
        if old:
            rows = tf.constant([0, 1, 2, 3, 4], tf.int64)
            if not known:
                last = raw.Cast(x=shape[1 if mistake == "count" else 0], DstT=tf.int32)
                rows = raw.Cast(x=raw.Range(start=0, limit=last, delta=1), DstT=tf.int64)
            empty = raw.ListDiff(x=rows, y=indices[:, 1 if mistake == "column" else 0]).out
            size = tf.constant([5], tf.int64) if known else tf.expand_dims(shape[0], -1)
            was_empty = raw.SparseToDense(
                sparse_indices=empty,
                output_shape=size,
                sparse_values=mistake != "marks",
                default_value=mistake == "marks",
            )
            column = raw.Reshape(tensor=empty, shape=[-1, 1])
            new = [column, raw.ZerosLike(x=column)]
            new = raw.ConcatV2(values=new[::-1] if mistake == "turned" else new, axis=1)
            more = raw.Fill(dims=raw.Shape(input=empty), value=given)
            places, numbers = [indices, new], [values, more]
            all_of = [raw.ConcatV2(values=one, axis=0) for one in (places, numbers)]
            sparse = raw.SparseReorder(input_indices=all_of[0], input_values=all_of[1], input_shape=shape)
        else:
            sparse = raw.SparseFillEmptyRows(indices=indices, values=values, dense_shape=shape, default_value=given)
            was_empty = sparse.empty_row_indicator
        dense = raw.ScatterNd(indices=sparse[0], updates=sparse[1], shape=shape)
        out(raw.Select(condition=was_empty, x=-dense, y=dense))
        raw.Identity(input=sparse[1], name="values")
    return graph


def told(*graphs):
    result = audit(*(graph.as_graph_def() for graph in graphs))
    return result.verdict, [one.cause for one in result.numbers]


def run(graph, indices, known, fed):
    given = {"indices:0": indices, "x:0": np.arange(1.0, 1.0 + len(indices))}
    given |= {"given:0": 7.0} if fed else {}
    with tf.Session(graph=graph) as session:
        values = session.run(["out:0", "values:0"], given | ({} if known else {"shape:0": [5, 4]}))
        return [one.tobytes() for one in values]


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_rows_without_elements_are_filled_as_before(known, fed):
    graphs = filled(True, known, fed), filled(False, known, fed)
    assert told(*graphs) == ("numbers changed", ["filled rows"])
    for indices in ([[0, 1], [0, 3], [3, 0]], np.zeros([0, 2]), [[k, 1] for k in range(5)], [[4, 2]]):
        assert len({tuple(run(graph, indices, known, fed)) for graph in graphs}) == 1
    turned = [[0, 3], [0, 1], [3, 0]]
    assert len({tuple(run(graph, turned, known, fed)) for graph in graphs}) == 2
    for mistake in ("column", "marks", "turned", *([] if known else ["count"]), *([] if fed else ["given"])):
        wrong = told(filled(True, known, fed, mistake), graphs[1])
        assert wrong[0] == "not faithful", mistake
    assert told(*graphs[::-1])[0] == "not faithful"
