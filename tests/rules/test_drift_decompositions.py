"""The gradients of eigenvalues and singular values: by a reciprocal, or by one that is never infinite."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import run

raw = tf.raw_ops
CAUSE = "gradient of a decomposition"


def _inverted(x, new, tiny=1e-20):
    if not new:
        return raw.Reciprocal(x=x)
    return raw.Mul(x=x, y=raw.Reciprocal(x=raw.AddV2(x=raw.Mul(x=x, y=x), y=tiny)))


def _set(matrix, diagonal, k=0):
    return raw.MatrixSetDiagV3(input=matrix, diagonal=diagonal, k=k)


def _distances(values, turned=False):
    axes = (-1, -2) if turned else (-2, -1)
    return raw.Sub(x=raw.ExpandDims(input=values, axis=axes[0]), y=raw.ExpandDims(input=values, axis=axes[1]))


def eigenvectors(new, mistake):
    x = floats(3, 3)
    e, v = raw.SelfAdjointEigV2(input=x)
    f = _set(_inverted(_distances(e, mistake == "turned"), new), raw.ZerosLike(x=e), mistake == "beside")
    out(raw.MatMul(a=f, b=v))


def singular_vectors(new, mistake):
    x = floats(3, 3)
    s, u, _ = raw.Svd(input=x)
    distances = _distances(raw.Square(x=s), mistake == "turned")
    if not new:
        ones = tf.constant([1.0, 2.0, 1.0] if mistake == "ones" else [1.0, 1.0, 1.0])
        distances = raw.AddV2(x=distances, y=raw.MatrixDiag(diagonal=ones))
    f = _set(_inverted(distances, new), raw.ZerosLike(x=s), mistake == "beside")
    inverse = raw.MatrixDiag(diagonal=_inverted(s, new, 1e-2 if mistake == "tiny" else 1e-20))
    out(raw.MatMul(a=raw.MatMul(a=f, b=u), b=inverse))


def _built(form, new, mistake=None):
    with tf.Graph().as_default() as graph:
        form(new, mistake)
    return graph.as_graph_def()


@pytest.mark.parametrize("form", [eigenvectors, singular_vectors])
def test_a_reciprocal_that_is_never_infinite_is_a_cause(form):
    old, new = _built(form, False), _built(form, True)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], [CAUSE])
    for seed in range(3):
        one, other = (np.frombuffer(run(each, seed), np.float32) for each in (old, new))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("form", "new", "mistake"),
    [
        (eigenvectors, True, "turned"),
        (eigenvectors, True, "beside"),  # another diagonal than the main one
        (singular_vectors, True, "turned"),
        (singular_vectors, True, "beside"),
        (singular_vectors, True, "tiny"),
        (singular_vectors, False, "ones"),
    ],
)
def test_another_distance_diagonal_or_number_is_a_mistake(form, new, mistake):
    mistaken = _built(form, new, mistake)
    assert (
        audit(*((_built(form, False), mistaken) if new else (mistaken, _built(form, True)))).verdict == "not faithful"
    )


def test_a_reciprocal_of_other_differences_is_not_written_otherwise():
    def form(new, _):
        x = floats(3)
        out(_set(_inverted(_distances(x), new), raw.ZerosLike(x=x)))

    assert audit(_built(form, False), _built(form, True)).verdict == "not faithful"
