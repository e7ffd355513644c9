"""What `random_gamma` draws: at least the smallest normal number, by an alpha that is as large as its beta."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import out

raw = tf.raw_ops
SHAPES = [([4], []), ([4], [4]), ([None, 1], [3]), ([], [3]), ([None], [None])]


def drawn(old, shapes=SHAPES[0], least=1.1754943508222875e-38, more=None, kind="float32"):
    """Numbers that are drawn by alpha and beta, of some shapes; `more`: how alpha becomes larger by mistake."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        alpha, beta = (tf.placeholder(kind, shape, name=name) for shape, name in zip(shapes, ("a", "b"), strict=True))
        if old:
            spread = raw.Add(x=alpha, y=raw.ZerosLike(x=beta))
            out(raw.RealDiv(x=raw.RandomGamma(shape=[5], alpha=spread, seed=7, seed2=3), y=beta))
        elif more is not None:
            wide = tf.broadcast_to(alpha, more)
            quotient = raw.RealDiv(x=raw.RandomGamma(shape=[5], alpha=wide, seed=7, seed2=3), y=beta)
            out(raw.Maximum(x=tf.constant(least, kind), y=quotient))
        elif least != 1.1754943508222875e-38:
            quotient = raw.RealDiv(x=raw.RandomGamma(shape=[5], alpha=alpha, seed=7, seed2=3), y=beta)
            out(raw.Maximum(x=tf.constant(least, kind), y=quotient))
        else:
            out(tf.random_gamma([5], alpha, beta, dtype=kind, seed=3))
    return graph


def told(*graphs):
    result = audit(*(graph.as_graph_def() for graph in graphs))
    return result.verdict, [one.cause for one in result.numbers]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_what_is_drawn_is_at_least_the_smallest_normal_number(shapes, kind):
    graphs = drawn(True, shapes, kind=kind), drawn(False, shapes, kind=kind)
    assert told(*graphs) == ("numbers changed", ["least drawn"])
    least = np.finfo(kind).tiny
    for alpha, beta in ((0.5, 2.0), (3.0, 0.1), (0.001, 1.0)):
        given = [
            np.full([2 if size is None else size for size in one], value)
            for one, value in zip(shapes, (alpha, beta), strict=True)
        ]
        values = []
        for graph in graphs:
            with tf.Session(graph=graph) as session:
                values.append(session.run("out:0", {"a:0": given[0], "b:0": given[1]}))
        np.testing.assert_array_equal(np.maximum(values[0], least), values[1])
        assert (values[0] < least).any() == (alpha == 0.001)


def test_another_least_number_another_shape_and_a_lost_one_are_told():
    for least in (1e-30, 0.0, 2e-38):
        assert told(drawn(True), drawn(False, least=least))[0] == "not faithful", least
    assert told(drawn(True, ([], [3])), drawn(False, ([], [3]), more=[3]))[0] == "numbers changed"
    for more in ([1], [2, 3]):
        assert told(drawn(True, ([], [3])), drawn(False, ([], [3]), more=more))[0] == "not faithful", more
    assert told(drawn(False), drawn(True))[0] == "not faithful"
