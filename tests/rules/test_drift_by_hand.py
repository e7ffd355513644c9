"""What a release had changed before it wrote the original is no cause: then the port alone has changed it."""

import pytest
import tensorflow as tf

from compat_v1.audit import audit

v1 = tf.compat.v1


def _graph(build, version):
    with tf.Graph().as_default() as graph:
        build()
    graph_def = graph.as_graph_def()
    graph_def.versions.producer = version
    return graph_def


def _weights(deviation):
    shape = tf.constant([16, 3])
    tf.raw_ops.Mul(x=tf.raw_ops.TruncatedNormal(shape=shape, dtype=tf.float32, seed=1, seed2=2), y=deviation)


def _trained(clip):
    weights = v1.get_variable("weights", [9, 2], use_resource=False, initializer=v1.zeros_initializer())
    taken = tf.gather(weights, v1.placeholder(tf.int32, [4]))
    (gradient,) = tf.gradients(tf.reduce_sum(tf.square(taken)), weights)
    v1.train.MomentumOptimizer(0.1, 0.9).apply_gradients([(clip(gradient), weights)])


def _made_dense(gradient):
    return tf.clip_by_value(tf.convert_to_tensor(gradient), -1.0, 1.0)


def _as_rows(gradient):
    return tf.clip_by_value(gradient, -1.0, 1.0)


_FORMS = {
    "scale of initial weights": (lambda: _weights(0.25), lambda: _weights(0.25 / 0.87962566103423978), 26, 27),
    "clipped rows": (lambda: _trained(_made_dense), lambda: _trained(_as_rows), 27, 134),
}


@pytest.mark.parametrize("cause", _FORMS)
def test_a_cause_is_of_originals_from_before_alone(cause):
    original, port, last, first = _FORMS[cause]
    for version in (0, 21, last):
        found = audit(_graph(original, version), _graph(port, 2000))
        assert (found.verdict, [one.cause for one in found.numbers]) == ("numbers changed", [cause])
    for version in {first, 134}:
        found = audit(_graph(original, version), _graph(port, 2000))
        assert (found.verdict, found.numbers) == ("not faithful", [])
        assert cause in found.differences[0].what
