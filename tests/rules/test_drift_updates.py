"""Tied weights: what TensorFlow's first releases updated row by row, and what is one dense update by now."""

import functools
import re

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit

OPTIMIZERS = {
    "descent": lambda rate: tf.train.GradientDescentOptimizer(rate),
    "momentum": lambda rate: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
    "adagrad": lambda rate: tf.train.AdagradOptimizer(rate),
    "rmsprop": lambda rate: tf.train.RMSPropOptimizer(rate),
    "centered": lambda rate: tf.train.RMSPropOptimizer(rate, centered=True),
    "adadelta": lambda rate: tf.train.AdadeltaOptimizer(rate),
    "ftrl": lambda rate: tf.train.FtrlOptimizer(rate),
    "adam": lambda rate: tf.train.AdamOptimizer(rate),
}


@functools.cache
def _train(optimizer, by_rows, rate=0.1, rows=(0, 7), others=False, order=(0, 1), norm=None, of_rows=True):
    """Train by both uses of a variable; `by_rows`: as the advice of "dense and sparse gradients" says.

    `norm`: by which the gradient is clipped, together with another; `of_rows`: counting each of its rows.
    """
    with tf.Graph().as_default() as graph:
        _built(optimizer, by_rows, rate, rows, others, order, norm, of_rows)
    return graph


def _behind(optimizer, by_rows, awaited=True, **mistake):
    """The same behind an update, as the averages of a batch normalization are."""
    with tf.Graph().as_default() as graph:
        average = tf.Variable(1.0, name="average", use_resource=False)
        update = tf.assign(average, 2.0)
        values = {"rate": 0.1, "rows": (0, 7), "others": False, "order": (0, 1), "norm": None, "of_rows": True}
        _built(optimizer, by_rows, **(values | mistake), awaited=[update] if awaited else [])
    return graph


def _built(optimizer, by_rows, rate, rows, others, order, norm, of_rows, awaited=()):
    x = tf.placeholder(tf.int32, [None], name="x")
    start = tf.constant(np.random.default_rng(2).normal(size=(7, 7)), tf.float32)
    weights = tf.Variable(start, name="weights", use_resource=False)
    gathered = tf.gather(weights, x)
    bias = tf.Variable(tf.ones([7]), name="bias", use_resource=False)
    loss = tf.reduce_sum(tf.tanh(tf.matmul(gathered, weights, transpose_b=True) + bias))
    optimizer = OPTIMIZERS[optimizer](rate)
    with tf.control_dependencies(awaited):
        if by_rows:
            dense, rest, for_bias = tf.gradients(
                loss, [weights, gathered, bias], stop_gradients=[gathered], gate_gradients=True
            )
            x = tf.abs(x) if others else x
            parts = [dense, tf.reshape(rest, [-1, 7])], [tf.range(*rows), tf.reshape(x, [-1])]
            values, indices = (tf.concat([part[k] for k in order], 0) for part in parts)
            gradients = [tf.IndexedSlices(values, indices, tf.shape(weights)), for_bias]
        else:
            gradients = tf.gradients(loss, [weights, bias], gate_gradients=True)
        if norm is not None:
            known = None if of_rows else tf.global_norm([tf.convert_to_tensor(gradients[0]), gradients[1]])
            gradients, _ = tf.clip_by_global_norm(gradients, norm, known)
        optimizer.apply_gradients(list(zip(gradients, [weights, bias], strict=True)), name="train")
        tf.variables_initializer(tf.global_variables(), name="begin")


def weights_after(graph):
    with tf.Session(graph=graph) as session:
        session.run("begin")
        for turn in range(5):
            session.run("train", {"x:0": [3, turn, 3]})
        return session.run("weights:0")


def _audit(one, other):
    return audit(one.as_graph_def(), other.as_graph_def())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_row_by_row_is_the_dense_one_but_for_the_last_bits(name):
    old, new = _train(name, True), _train(name, False)
    result = _audit(old, new)
    assert result.differences == [] and not result.not_compared
    assert [one.cause for one in result.numbers] == ["dense and sparse gradients"]
    np.testing.assert_allclose(weights_after(old), weights_after(new), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("mistake", [{"rate": 0.2}, {"rows": (1, 8)}, {"others": True}, {"order": (0, 1, 1)}], ids=str)
def test_no_mistake_in_it_is_excused(name, mistake):
    assert _audit(_train(name, True, **mistake), _train(name, False)).verdict == "not faithful"


def _by_sparse(by_rows, rows=(0, 7)):
    """Rows of a table, and its product with a fed sparse matrix, whose columns are the rows of the gradient."""
    with tf.Graph().as_default() as graph:
        fed = [tf.placeholder(tf.int64, [None, 2]), tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int64, [2])]
        table = tf.get_variable("table", [7, 3], use_resource=False)
        x = tf.placeholder(tf.int64, [None], name="x")
        gathered = tf.gather(table, x)
        loss = tf.nn.l2_loss(tf.sparse_tensor_dense_matmul(tf.SparseTensor(*fed), table)) + tf.nn.l2_loss(gathered)
        if by_rows:
            dense, of_rows = tf.gradients(loss, [table, gathered], stop_gradients=[gathered], gate_gradients=True)
            numbers = tf.concat([tf.cast(tf.range(*rows), tf.int64), x], 0)
            gradient = tf.IndexedSlices(tf.concat([dense, of_rows], 0), numbers, tf.shape(table))
        else:
            (gradient,) = tf.gradients(loss, [table], gate_gradients=True)
        tf.train.AdamOptimizer().apply_gradients([(gradient, table)], name="train")
    return graph


def test_a_gradient_of_an_unknown_number_of_rows_has_all_of_them_where_it_is_added_to_others():
    result = _audit(_by_sparse(True), _by_sparse(False))
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["dense and sparse gradients"])
    for rows in ((1, 8), (0, 6)):
        assert _audit(_by_sparse(True, rows), _by_sparse(False)).verdict == "not faithful", rows


@pytest.mark.parametrize("name", ["adam", "momentum", "descent"])
def test_updates_row_by_row_behind_others_are_dense_ones_behind_these(name):
    old, new = _behind(name, True), _behind(name, False)
    result = _audit(old, new)
    assert result.differences == [] and not result.not_compared
    assert [one.cause for one in result.numbers] == ["dense and sparse gradients"]
    np.testing.assert_allclose(weights_after(old), weights_after(new), rtol=1e-4, atol=1e-6)
    assert _audit(old, _behind(name, False, awaited=False)).verdict == "not faithful"
    for mistake in ({"rate": 0.2}, {"rows": (1, 8)}, {"others": True}, {"awaited": False}):
        assert _audit(_behind(name, True, **mistake), new).verdict == "not faithful"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_norm_that_counts_the_rows_one_by_one_is_a_cause_of_its_own(name):
    old, new = _train(name, True, norm=1.0), _train(name, False, norm=1.0)
    result = _audit(old, new)
    assert result.differences == [] and not result.not_compared
    assert {one.cause for one in result.numbers} == {"dense and sparse gradients", "norm of dense and sparse gradients"}
    is_alike = np.allclose(weights_after(old), weights_after(new), rtol=1e-4, atol=1e-6)
    assert is_alike == (name == "adadelta"), "which divides by the gradients' own size"
    of_the_sum = _train(name, True, norm=1.0, of_rows=False)
    np.testing.assert_allclose(weights_after(of_the_sum), weights_after(new), rtol=1e-4, atol=1e-6)
    assert [one.cause for one in _audit(of_the_sum, new).numbers] == ["dense and sparse gradients"]
    for mistake in ({"norm": 2.0}, {"rate": 0.2, "norm": 1.0}, {"norm": None}):
        assert _audit(old, _train(name, False, **mistake)).verdict == "not faithful"
        assert _audit(_train(name, True, **mistake), new).verdict == "not faithful"
    for mistake in ({"rows": (1, 8)}, {"others": True}, {"order": (0, 1, 1)}):
        assert _audit(_train(name, True, norm=1.0, **mistake), new).verdict == "not faithful"


def _limited(gradient, low, high, norm, axes, as_it_was):
    dense = not isinstance(gradient, tf.IndexedSlices)
    if norm is None:
        return tf.clip_by_value(gradient, low, high)
    if as_it_was == "root":
        values = gradient if dense else gradient.values
        root = tf.sqrt(tf.reduce_sum(values * values, axes, keepdims=True))
        values = tf.identity(values * norm / tf.maximum(root, norm))
        return values if dense else tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    if dense and as_it_was:
        squares = tf.reduce_sum(gradient * gradient, axes, keepdims=True)
        return tf.identity(gradient * norm * tf.minimum(tf.rsqrt(squares), 1.0 / tf.constant(norm)))
    return tf.clip_by_norm(gradient, norm, axes)


@functools.cache
def _clipped(optimizer, dense, low=-0.5, high=0.5, rate=0.1, norm=None, axes=None, as_it_was=True, behind=""):
    """Train by a clipped sparse gradient; `dense`: as the advice of "clipped rows" says.

    `behind`: what comes behind a counter, the "update" alone or what is "clipped" as well.

    `norm`: by which it is clipped, over some axes, instead of from `low` to `high`: as it was first, divided by the
    "root" as from 1.4 to 1.8, or as by now.
    """
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.int32, [None], name="x")
        start = tf.constant(np.random.default_rng(2).normal(size=(7, 7)), tf.float32)
        weights = tf.Variable(start, name="weights", use_resource=False)
        optimizer = OPTIMIZERS[optimizer](rate)
        ((gradient, _),) = optimizer.compute_gradients(tf.reduce_sum(tf.gather(weights, x) ** 2))
        count = [tf.Variable(0, name="count", use_resource=False).assign_add(1)]
        with tf.control_dependencies(count if behind == "clipped" else []):
            gradient = _limited(tf.convert_to_tensor(gradient) if dense else gradient, low, high, norm, axes, as_it_was)
        with tf.control_dependencies(count if behind else []):
            optimizer.apply_gradients([(gradient, weights)], name="train")
        tf.variables_initializer(tf.global_variables(), name="begin")
    return graph


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_that_are_clipped_before_they_are_added_are_a_cause(name):
    old = _clipped(name, True)
    result = _audit(old, _clipped(name, False))
    assert result.differences == [] and [one.cause for one in result.numbers] == ["clipped rows"]
    assert _audit(old, _clipped(name, True)).verdict == "faithful", "the port that the advice asks for"
    for mistake in ({"low": -0.25}, {"high": 5.0}, {"rate": 0.2}):
        assert _audit(old, _clipped(name, False, **mistake)).verdict == "not faithful"
    assert _audit(_clipped(name, False), old).verdict == "not faithful", "no newer release makes it dense"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_sparse_update_leaves_other_rows_alone_that_a_dense_one_moves_by_momentum(name):
    old, new = (weights_after(_clipped(name, dense, -1e9, 1e9)) for dense in (True, False))
    moves = name in ("momentum", "rmsprop", "centered", "ftrl")
    assert np.allclose(old, new, rtol=1e-4, atol=1e-6) != moves


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_that_are_clipped_by_their_norm_before_they_are_added_are_a_cause(name):
    old = _clipped(name, True, norm=2.0)
    result = _audit(old, _clipped(name, False, norm=2.0))
    assert result.differences == [] and not result.not_compared
    assert {one.cause for one in result.numbers} == {"clipped rows", "clipped by a norm"}
    dense = _audit(old, _clipped(name, True, norm=2.0, as_it_was=False))
    assert {one.cause for one in dense.numbers} == {"clipped by a norm"} and dense.differences == []
    for mistake in ({"norm": 1.0}, {"norm": None}, {"norm": 2.0, "rate": 0.2}, {"norm": 2.0, "axes": (1,)}):
        assert _audit(old, _clipped(name, False, **mistake)).verdict == "not faithful"
    assert _audit(_clipped(name, False, norm=2.0), old).verdict == "not faithful", "no newer release makes it dense"
    of_rows = (_clipped(name, dense, norm=2.0, axes=(1,)) for dense in (True, False))
    assert _audit(*of_rows).verdict == "not faithful", "each row by its own norm, for which there is no rule"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_so_are_rows_that_are_divided_by_their_norm(name):
    old, new = (_clipped(name, dense, norm=2.0, as_it_was="root") for dense in (True, False))
    result = _audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["clipped rows"]
    for mistake in ({"norm": 1.0}, {"norm": 2.0, "rate": 0.2}, {"norm": 2.0, "axes": (1,)}):
        assert _audit(old, _clipped(name, False, as_it_was="root", **mistake)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("behind", ["update", "clipped"])
@pytest.mark.parametrize("clip", [{}, {"norm": 2.0}, {"norm": 2.0, "as_it_was": "root"}], ids=["value", "norm", "root"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_so_are_rows_that_are_clipped_or_updated_behind_something(name, clip, behind):
    old = _clipped(name, True, behind=behind, **clip)
    result = _audit(old, _clipped(name, False, behind=behind, **clip))
    assert result.differences == [] and not result.not_compared
    assert "clipped rows" in {one.cause for one in result.numbers}
    assert _audit(old, _clipped(name, False, **clip)).verdict == "not faithful", "behind nothing"
    assert _audit(_clipped(name, True, **clip), _clipped(name, False, behind=behind, **clip)).verdict == "not faithful"
    assert _audit(old, _clipped(name, False, behind=behind, rate=0.2, **clip)).verdict == "not faithful"


def _made_dense(first, by=0.5, behind=False):
    """A sparse gradient that is made dense, and clipped by its norm before or after that, `behind` a counter."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.int32, [None], name="x")
        weights = tf.get_variable("weights", [7, 3], use_resource=False)
        (gradient,) = tf.gradients(tf.reduce_sum(tf.gather(weights, x) ** 2), [weights])
        count = tf.Variable(0, name="count", use_resource=False).assign_add(1)
        with tf.control_dependencies([count] if behind else []):
            gradient = tf.clip_by_norm(tf.convert_to_tensor(gradient) if first else gradient, by)
            gradient = tf.convert_to_tensor(gradient)
        tf.assign(weights, tf.exp(gradient))
    return graph


def test_rows_that_are_clipped_and_made_dense_then_are_as_well():
    result = _audit(_made_dense(True), _made_dense(False))
    assert result.differences == [] and [one.cause for one in result.numbers] == ["clipped rows"]
    assert _audit(_made_dense(True), _made_dense(False, by=0.25)).verdict == "not faithful"
    result = _audit(_made_dense(True, behind=True), _made_dense(False, behind=True))
    assert result.differences == [] and [one.cause for one in result.numbers] == ["clipped rows"]
    for behind in (False, True):
        assert _audit(_made_dense(True, behind=behind), _made_dense(False, behind=not behind)).verdict == "not faithful"
    assert _audit(_made_dense(False), _made_dense(True)).verdict == "not faithful"


def _of_a_layer(by_rows, step=1, of_type=tf.int64, taken="x:0", factor=None, added=False, centred=False, wide=False):
    """Train by a layer of unknown size, whose rows are taken by numbers of two types, and which is used besides.

    `added`: the layer is a sum, of known size, so that its gradient goes two ways. `centred`: others are less its rows.
    `wide`: the program itself has made numbers of rows 64 bits wide, for something else.
    """
    with tf.Graph().as_default() as graph:
        fed, x = tf.placeholder(tf.float32, [4 if added else None, 3]), tf.placeholder(tf.int32, [None], name="x")
        y = tf.placeholder(of_type, [None], name="y")
        start = tf.constant(np.random.default_rng(2).normal(size=(3, 5)), tf.float32)
        weights = tf.Variable(start, name="weights", use_resource=False)
        layer = tf.tanh(tf.matmul(fed, weights))
        layer = layer + tf.sin(layer) if added else layer
        first, second = tf.gather(layer, graph.get_tensor_by_name(taken)), tf.gather(layer, y)
        rows = tf.Variable(start[:1] * tf.ones([4, 1]), name="rows", use_resource=False)
        centre = tf.matmul(tf.one_hot(x, 4), rows) - first if centred else first
        loss = tf.reduce_sum(centre**2) + tf.reduce_sum(second**3) + tf.reduce_sum(layer**4)
        loss += tf.reduce_sum(tf.cast(tf.cast(x, tf.int64), tf.float32)) if wide else 0.0
        if by_rows:
            uses = [layer, first, second, *([rows] if centred else [])]
            parts = tf.gradients(loss, uses, stop_gradients=[first, second], gate_gradients=True)
            of_rows = parts[3:]
            del parts[3:]
            parts[1] = parts[1] if factor is None else parts[1] * factor
            numbers = [tf.range(0, tf.shape(parts[0])[0], step), x, y]
            numbers = tf.concat([tf.cast(one, tf.int64) for one in numbers], 0)
            total = tf.IndexedSlices(tf.concat(parts, 0), numbers, tf.shape(layer))
            (gradient,) = tf.gradients(layer, [weights], tf.convert_to_tensor(total), gate_gradients=True)
        else:
            gradient, *of_rows = tf.gradients(loss, [weights, *([rows] if centred else [])], gate_gradients=True)
        updates = [(gradient, weights), *((one, rows) for one in of_rows)]
        tf.train.GradientDescentOptimizer(0.1).apply_gradients(updates, name="train")
        tf.variables_initializer(tf.global_variables(), name="begin")
    return graph


def _layer_trained(graph):
    with tf.Session(graph=graph) as session:
        session.run("begin")
        feeds = {"Placeholder:0": np.random.default_rng(3).normal(size=(4, 3)), "x:0": [3, 0, 3], "y:0": [1, 3]}
        session.run("train", feeds)
        return session.run("weights:0")


def _handed_on(graph):
    """The graph of a layer, whose gradient is handed on as it is made, where tf.gradients has copied it."""
    graph_def, copy = graph.as_graph_def(), "gradients_1/grad_ys_0"
    made = {node.name: node.input[0] for node in graph_def.node if node.name == copy}.get(copy)
    for node in graph_def.node:
        node.input[:] = [re.sub(rf"^(\^?){copy}$", rf"\g<1>{made}", one) for one in node.input]
    return graph_def


@pytest.mark.parametrize("form", [{}, {"added": True}, {"centred": True}, {"wide": True}], ids=str)
def test_rows_of_a_layer_are_added_alike(form):
    old, new = _of_a_layer(True, **form), _of_a_layer(False, **form)
    result = audit(_handed_on(old), new.as_graph_def())
    assert result.differences == [] and not result.not_compared
    causes = {"dense and sparse gradients", *(["order of a sum"] if "centred" in form else [])}
    assert {one.cause for one in result.numbers} == causes
    np.testing.assert_allclose(_layer_trained(old), _layer_trained(new), rtol=1e-5, atol=1e-6)
    for mistake in ({"step": 2}, {"factor": 2.0}):
        mistaken = _handed_on(_of_a_layer(True, **mistake, **form))
        assert audit(mistaken, new.as_graph_def()).verdict == "not faithful"
    for mistake in ({"taken": "y:0"}, {"of_type": tf.int32}):
        mistaken = _of_a_layer(False, **mistake, **form).as_graph_def()
        assert audit(_handed_on(old), mistaken).verdict == "not faithful"
