"""Batch normalization that a program writes into the branches of `tf.cond`: unfused until 1.4, fused by now."""

import pytest
import tensorflow.compat.v1 as tf
from tf_keras.src.legacy_tf_layers import normalization

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.fused import CAUSE

OF_1_0 = 21  # the version of its graphs


def program(fused, momentum=0.99, of="x", shifted=0.0):
    """A layer in training in one branch, and the same layer, in use, in the other; and its gradients."""
    with tf.Graph().as_default() as graph, build_switches(), tf.variable_scope("", use_resource=False):
        images = {name: tf.placeholder(tf.float32, [None, 4, 6, 3], name) for name in "xy"}
        training = tf.placeholder(tf.bool, [], name="training")

        def layer(in_training, reuse):
            x = images[of if in_training else "x"] * 2.0 + shifted * in_training
            options = {"momentum": momentum, "fused": fused, "reuse": reuse, "name": "norm"}
            return normalization.batch_normalization(x, training=in_training, **options)

        x = tf.cond(training, lambda: layer(True, None), lambda: layer(False, True))
        gradients = tf.gradients(tf.nn.l2_loss(tf.sin(x)), [images["x"], *tf.trainable_variables()])
        for place, one in enumerate(gradients):
            tf.identity(one, f"gradient_{place}")
    graph_def = graph.as_graph_def()
    if not fused:
        graph_def.versions.producer = OF_1_0
    return graph_def


@pytest.fixture(scope="module")
def original():
    return program(False)


def test_a_port_has_one_cause_and_nothing_else_differs(original):
    result = audit(original, program(True))
    assert ([*result.differences], [one.cause for one in result.numbers]) == ([], [CAUSE])
    assert sorted(result.numbers[0].nodes) == ["cond/norm/FusedBatchNormV3", "cond/norm_1/FusedBatchNormV3"]


@pytest.mark.parametrize("mistake", [{"momentum": 0.9}, {"of": "y"}, {"shifted": 1.0}], ids=str)
def test_a_mistake_in_a_port_is_reported(original, mistake):
    assert audit(original, program(True, **mistake)).verdict == "not faithful"


def test_branches_that_are_exchanged_are_reported(original):
    port = program(True)
    for node in port.node:  # the training branch runs where the condition does not hold
        if node.op == "Identity" and node.name in ("cond/switch_t", "cond/switch_f"):
            node.input[0] = {"cond/Switch:1": "cond/Switch", "cond/Switch": "cond/Switch:1"}[node.input[0]]
    assert audit(original, port).verdict == "not faithful"
