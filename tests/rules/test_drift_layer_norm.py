"""Layer normalization of Keras is one fused op by now: a port with it passes, and no mistake does."""

import contextlib
import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.layer_norm import CAUSE
from test_drift_fused_branches import attribute

raw = tf.raw_ops
EPSILON = 1e-3


def _read(name, shape, value):
    handle = raw.VarHandleOp(dtype=tf.float32, shape=shape, shared_name=name, name=name)
    raw.AssignVariableOp(resource=handle, value=np.full(shape, value, np.float32), name=f"{name}/Assign")
    return lambda: raw.ReadVariableOp(resource=handle, dtype=tf.float32)


def _first(x, axes, gamma, beta):
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON)


def _newer(x, axes, gamma, beta):
    shape = tf.shape(x)
    rows, columns = tf.reduce_prod(shape[: axes[0]]), tf.reduce_prod(shape[axes[0] :])
    folded = tf.reshape(x, [1, rows, columns, 1])
    scale, offset = tf.ones([rows]), tf.zeros([rows])
    y = tf.nn.fused_batch_norm(folded, scale, offset, epsilon=EPSILON, data_format="NCHW")[0]
    y = tf.reshape(y, shape)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


@functools.cache
def _program(
    layer,
    variables=("gamma", "beta"),
    last=1,
    sizes=(None, 5, 6),
    of_input=False,
    gated=True,
    beside=False,
    again=False,
):
    """Return a graph that normalizes twice, with gradients for what is normalized, if that is not the input."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, sizes, name="x")
        axes = list(range(len(sizes) - last, len(sizes)))
        sources, y = [], x if of_input else tf.tanh(_read("w", [sizes[-1]], 0.5)() * x)
        taken = y
        for place in range(2):
            read = {}
            for name, value in zip(variables, (1.5, 0.25), strict=False):
                read[name] = _read(f"{name}_{place}", [sizes[one] for one in axes], value)
            kept = {name: one() for name, one in read.items()}
            sources += kept.values()
            given = y, axes, kept.get("gamma"), kept.get("beta")
            y = tf.sin(layer(*given))
        loss = tf.reduce_sum(tf.square(y))
        loss += tf.reduce_sum(tf.exp(taken)) if beside else 0.0
        gradients = tf.gradients(loss, sources if of_input else [*sources, taken], gate_gradients=gated)
        for place, one in enumerate([loss, *gradients]):
            raw.Identity(input=one, name=f"result_{place}")
        if again:
            raw.Identity(input=tf.cos(layer(*given)), name="result_again")
    return graph.as_graph_def()


WAYS = [
    {},
    {"variables": ("gamma",), "last": 2},
    {"variables": ()},
    {"of_input": True, "sizes": (4, 6)},
    {"gated": False},
    {"beside": True},
    {"again": True},
]


@pytest.mark.long
@pytest.mark.parametrize("how", WAYS)
def test_the_port_has_the_cause_and_nothing_else_differs(how):
    result = audit(_program(_first, **how), _program(_newer, **how))
    assert list(result.differences) == [] and result.verdict == "numbers changed"
    assert [one.cause for one in result.numbers if one.cause != "order of a sum"] == [CAUSE]


def _results(graph_def, sizes=(3, 5, 6)):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        session.run([op for op in graph.get_operations() if op.type == "AssignVariableOp"])
        wanted = [f"{op.name}:0" for op in graph.get_operations() if op.name.startswith("result_")]
        return session.run(wanted, {"x:0": np.random.default_rng(9).normal(size=sizes)})


def test_both_compute_the_same_but_for_last_bits():
    for one, other in zip(_results(_program(_first)), _results(_program(_newer)), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


def _constant(old, new, place=0):
    def edit(nodes):
        found = [node for node in nodes if node.op == "Const" and _is(node, old)]
        found[place].attr["value"].CopyFrom(tf.AttrValue(tensor=tf.make_tensor_proto(new)))

    return edit


def _is(node, value):
    return np.array_equal(tf.make_ndarray(node.attr["value"].tensor), value)


def _input(op, slot, other, place=0):
    def edit(nodes):
        [node for node in nodes if node.op == op][place].input[slot] = other

    return edit


def _gradient_of_the_other(nodes):
    one, other = [node for node in nodes if node.op == "FusedBatchNormGradV3"]
    one.input[4] = other.input[4]


EDITS = [
    attribute("FusedBatchNormV3", "epsilon", f=0.01),
    attribute("FusedBatchNormGradV3", "epsilon", f=0.01),
    attribute("FusedBatchNormV3", "is_training", b=False),
    attribute("FusedBatchNormV3", "exponential_avg_factor", f=0.5),
    _constant(np.float32(1.0), np.float32(2.0)),  # the scale
    _constant(np.float32(0.0), np.float32(1.0)),  # the offset
    _constant(np.int32([2]), np.int32([1])),  # other axes
    _input("Mul", 0, "x", place=1),
    _input("Reshape", 0, "x", place=2),
    _gradient_of_the_other,
]


@pytest.mark.long
@pytest.mark.parametrize("edit", EDITS)
def test_a_mistake_in_such_a_port_is_reported(edit):
    port = tf.GraphDef.FromString(_program(_newer).SerializeToString())
    edit(port.node)
    assert port != _program(_newer)
    with contextlib.suppress(ValueError):  # TensorFlow refuses it
        assert audit(_program(_first), port).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("how", WAYS[1:5])
def test_another_layer_is_reported(how):
    assert audit(_program(_first), _program(_newer, **how)).verdict == "not faithful"
    assert audit(_program(_first, **how), _program(_newer)).verdict == "not faithful"


def test_what_is_normalized_in_a_branch_is_left_as_it_is():
    def chosen(layer):
        with tf.Graph().as_default() as graph, build_switches():
            x, which = tf.placeholder(tf.float32, [4, 6], name="x"), tf.placeholder(tf.bool, [], name="which")
            tf.cond(which, lambda: layer(x, [1], None, None), lambda: x)
        return graph.as_graph_def()

    assert audit(chosen(_first), chosen(_newer)).verdict == "not faithful"
