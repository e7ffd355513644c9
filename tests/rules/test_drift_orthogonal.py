"""Orthogonal initial weights: of the first releases, from other numbers; of the next, with a quotient for a sign."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from test_drift import run

raw = tf.raw_ops
SHAPES = [[6, 3], [3, 6], [4, 4], [2, 2, 5], [3, 3, 2, 4], [5, 1]]


def _first(shape, gain, mistake, seed=3):
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    if mistake == "shape":
        rows, columns = rows + 1, columns
    drawn = tf.random_uniform([rows, columns], maxval=2.0 if mistake == "range" else None, seed=seed)
    if mistake == "normal":
        drawn = tf.random_normal([rows, columns], seed=seed)
    values, u, v = raw.Svd(input=drawn, full_matrices=mistake == "full")
    q = u if rows > columns else tf.transpose(v)
    if mistake == "other side":
        q = tf.transpose(u) if rows <= columns else v
    if mistake == "taken":
        raw.Identity(input=values, name="values")
    if mistake == "shape":
        q = q[1:]
    return gain * tf.reshape(q, shape)


def _between(shape, gain, mistake, quotient=True):
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    drawn = tf.random_normal([max(rows, columns), min(rows, columns)], seed=3)
    q, r = raw.Qr(input=drawn, full_matrices=False)
    diagonal = raw.DiagPart(input=r)
    if quotient:
        absolute = raw.Abs(x=raw.Square(x=diagonal) if mistake == "square" else diagonal)
        q *= raw.RealDiv(x=diagonal, y=absolute)
    else:
        q *= raw.Sign(x=diagonal)
    if rows < columns:
        q = tf.transpose(q)
    return gain * tf.reshape(q, shape)


def _built(initial, *given, **how):
    with tf.Graph().as_default() as graph:
        raw.Identity(input=initial(*given, **how), name="out")
    return graph.as_graph_def()


def _today(shape, gain, mistake=None, seed=3):
    return tf.orthogonal_initializer(1.5 if mistake == "gain" else gain, seed=seed)(shape)


def _weights(graph_def, shape):
    """Return what a graph initializes to, as a matrix with no more columns than rows."""
    matrix = np.frombuffer(run(graph_def, 0), np.float32).reshape(-1, shape[-1])
    return matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_of_other_numbers_are_a_cause_and_orthogonal_both(shape):
    old, new = _built(_first, shape, 2.0, None), _built(_today, shape, 2.0)
    result = audit(old, new)
    assert ([one.cause for one in result.numbers], list(result.differences)) == (["orthogonal weights"], [])
    matrices = [_weights(one, shape) for one in (old, new)]
    assert not np.allclose(*matrices)
    for one in matrices:
        np.testing.assert_allclose(one.T @ one, 4 * np.eye(one.shape[1]), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_port_with_the_old_weights_is_faithful(shape):
    assert audit(_built(_first, shape, 2.0, None), _built(_first, shape, 2.0, None)).verdict == "faithful"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_quotient_is_the_sign(shape):
    old, new = _built(_between, shape, 2.0, None), _built(_between, shape, 2.0, None, quotient=False)
    result = audit(old, new)
    assert ([one.cause for one in result.numbers], list(result.differences)) == (["sign of a diagonal"], [])
    assert run(old, 0) == run(new, 0)
    assert audit(old, _built(_today, shape, 2.0)).verdict == "numbers changed"


@pytest.mark.parametrize("mistake", ["gain", "seed"])
def test_another_gain_or_seed_of_the_port_is_a_mistake(mistake):
    for old in (_first, _between):
        new = _built(_today, [6, 3], 2.0, mistake, seed=4 if mistake == "seed" else 3)
        assert audit(_built(old, [6, 3], 2.0, None), new).verdict == "not faithful"


OTHERS = [(mistake, shape) for mistake in ("shape", "range", "normal", "taken") for shape in ([6, 3], [3, 6], [4, 4])]
OTHERS += [("full", [4, 4]), ("other side", [4, 4])]


@pytest.mark.parametrize(("mistake", "shape"), OTHERS, ids=str)
def test_vectors_of_anything_else_are_left_as_they_are(mistake, shape):
    old = _built(_first, shape, 2.0, mistake)
    assert audit(old, _built(_today, shape, 2.0)).verdict == "not faithful"


def test_a_quotient_by_anything_else_is_left_as_it_is():
    old, new = _built(_between, [4, 4], 2.0, "square"), _built(_between, [4, 4], 2.0, None, quotient=False)
    assert run(old, 0) != run(new, 0)
    assert audit(old, new).verdict == "not faithful"
