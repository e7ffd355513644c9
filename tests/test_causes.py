"""One mistake is one difference, with all that follows from it, and two are two."""

import pytest
import tensorflow as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1

v1 = tf.compat.v1


def net(**changed):
    """A convolution and three layers, trained by Adam, with what is given otherwise."""
    how = {"kernel": 3, "filters": 4, "stride": 2, "padding": "SAME", "first": 8, "second": 16, "rate": 0.01, "seed": 1}
    how |= changed
    with tf.Graph().as_default() as graph, control_flow_v1():
        images, labels = v1.placeholder(tf.float32, [None, 12, 12, 1]), v1.placeholder(tf.float32, [None, 3])
        filters = _weights([how["kernel"], how["kernel"], 1, how["filters"]], how["seed"])
        strides = [1, how["stride"], how["stride"], 1]
        x = tf.nn.relu(tf.nn.conv2d(images, filters, strides, how["padding"]))
        x = tf.reshape(x, [-1, x.shape[1] * x.shape[2] * x.shape[3]])
        for width, activation in ((how["first"], tf.nn.relu), (how["second"], tf.nn.relu), (3, tf.identity)):
            product = tf.matmul(x, _weights([x.shape[1], width], 2))
            x = activation(product + v1.Variable(tf.zeros([width]), use_resource=False))
        loss = tf.reduce_mean(v1.nn.softmax_cross_entropy_with_logits_v2(logits=x, labels=labels))
        v1.train.AdamOptimizer(how["rate"]).minimize(loss)
    return graph.as_graph_def()


def _weights(shape, seed):
    return v1.Variable(tf.random.normal(shape, seed=seed), use_resource=False)


WIDTH = "is [144, 8], [144, 9] in the port, for random_normal_1/RandomStandardNormal"
FLAT = "is [-1, 144], [-1, {}] in the port, for Reshape"
FILTERS = "is [3, 3, 1, 4], {} in the port, for random_normal/RandomStandardNormal"
RATE = "is 0.01, 0.1 in the port, for Adam/update_Variable/ApplyAdam"
PADDING = 'the attribute padding is s: "SAME", s: "VALID" in the port'


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"first": 9}, [WIDTH]),
        (
            {"first": 9, "second": 17},
            [WIDTH, "is [8, 16], [9, 17] in the port, for random_normal_2/RandomStandardNormal"],
        ),
        ({"first": 9, "rate": 0.1}, [WIDTH, RATE]),
        ({"kernel": 5}, [FILTERS.format("[5, 5, 1, 4]")]),
        ({"filters": 5}, [FILTERS.format("[3, 3, 1, 5]"), FLAT.format(180)]),
        ({"padding": "VALID"}, [PADDING, FLAT.format(100)]),
        ({"kernel": 5, "padding": "VALID"}, [FILTERS.format("[5, 5, 1, 4]"), PADDING, FLAT.format(64)]),
        ({"filters": 5, "seed": 2}, [FILTERS.format("[3, 3, 1, 5]"), "the attribute seed2 is i: 1", FLAT.format(180)]),
    ],
)
def test_what_has_another_size_is_one_difference_at_the_constant_that_says_so(changed, expected):
    found = audit(net(), net(**changed)).differences
    assert [one.what[: len(text)] for one, text in zip(found, expected, strict=True)] == expected
    assert sum(one.follows for one in found) > 20


def typed(weights=tf.float32, labels=tf.int32, steps=tf.int32, start=0.1, rate=0.01):
    """Two layers that are trained for a number of steps, in the types that are given."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, y = v1.placeholder(weights, [None, 4], "x"), v1.placeholder(labels, [None], "y")
        count = v1.Variable(tf.zeros([], steps), trainable=False, use_resource=False, name="count")
        for seed, bias in ((1, start), (2, 0.3)):
            x = tf.matmul(x, v1.Variable(tf.random.normal([4, 4], dtype=weights, seed=seed), use_resource=False))
            x = tf.tanh(x + v1.Variable(tf.constant(bias, weights, [4]), use_resource=False))
        x *= tf.linspace(tf.constant(1.0, weights), tf.constant(2.0, weights), 4)
        loss = tf.reduce_mean(v1.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x))
        tf.equal(tf.cast(tf.argmax(x, 1), labels), y)
        v1.train.AdamOptimizer(rate).minimize(loss, count)
    return graph.as_graph_def()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"weights": tf.float64}, ["x"]),
        ({"labels": tf.int64}, ["y"]),
        ({"steps": tf.int64}, ["count"]),
        ({"steps": tf.float32}, ["zeros"]),
        ({"steps": tf.int64, "weights": tf.float64}, ["x", "count"]),
        ({"weights": tf.float64, "start": 0.2}, ["Const", "x"]),
        ({"labels": tf.int64, "rate": 0.1}, ["Adam/learning_rate", "y"]),
    ],
)
def test_what_is_of_another_type_is_one_difference_where_it_starts(changed, expected):
    found = audit(typed(), typed(**changed)).differences
    assert sorted(one.node for one in found) == sorted(expected)
    assert sum(one.follows for one in found) > 2


def test_the_size_that_an_axis_moves_follows_from_the_axis():
    def columns(axis):
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None, 4])
            products = tf.expand_dims(x, axis) * v1.placeholder(tf.float32, [None, 1, 4])
            v1.gradients(tf.reduce_mean(tf.tanh(tf.reshape(products, [-1]))), x)
        return graph.as_graph_def()

    (axis,) = audit(columns(2), columns(1)).differences
    assert axis.what == "is 2, 1 in the port, for ExpandDims" and axis.follows > 5


def test_two_axes_are_two_differences():
    def of(axis):
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [4, 4, 4])
            tf.exp(tf.cast(tf.argmax(x, axis), tf.float32)), tf.expand_dims(x, axis)
        return graph.as_graph_def()

    assert [one.node for one in audit(of(2), of(1)).differences] == ["ArgMax/dimension", "ExpandDims/dim"]


def test_a_constant_of_another_shape_says_both():
    def zeros(size):
        with tf.Graph().as_default() as graph:
            tf.tanh(tf.zeros([size]), name="out")
        return graph.as_graph_def()

    (found,) = audit(zeros(8), zeros(9)).differences
    assert found.what == "is 0.0 in the shape [8], [9] in the port"


def test_an_attribute_of_a_loop_is_one_difference():
    def loop(turns):
        with tf.Graph().as_default() as graph, control_flow_v1():
            x = v1.placeholder(tf.float32, [3])
            entering = (0, x, 1.0)
            out = tf.while_loop(
                lambda k, *_: k < 4,
                lambda k, y, z: (k + 1, tf.tanh(y * x), z * 2.0),
                entering,
                parallel_iterations=turns,
            )
            v1.gradients(out[1], x)
        return graph.as_graph_def()

    found = audit(loop(10), loop(32)).differences
    assert [one.what[:33] for one in found] == ["the attribute parallel_iterations"]


def parallel(numbers, edit=None):
    """Two blocks of attention, trained by Adam; their layers have names of these numbers, their variables their own."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 5, 4], name="x")
        x = tf.exp(x) if edit == "first" else x
        for block in range(2):
            with v1.variable_scope(f"block_{block}"):
                query, key, value = (_layer(x, place, f"layer_{number}") for place, number in enumerate(numbers))
            x = x + tf.matmul(tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value)
        v1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.exp(x) if edit == "loss" else tf.square(x)))
    return graph.as_graph_def()


def _layer(x, place, name):
    drawn, zeros = v1.random_uniform_initializer(seed=1), v1.zeros_initializer()
    with v1.name_scope(name):
        kernel = v1.get_variable(f"kernel_{place}", [4, 4], initializer=drawn, use_resource=False)
        bias = v1.get_variable(f"bias_{place}", [4], initializer=zeros, use_resource=False)
        rows = tf.matmul(tf.reshape(x, [-1, 4]), kernel)
        return tf.nn.bias_add(tf.reshape(rows, [-1, 5, 4]), bias)


@pytest.mark.parametrize("edit", ["first", "loss"])
def test_a_mistake_is_one_though_layers_that_are_alike_have_the_names_of_others(edit):
    """As tf.layers of TensorFlow 1.0 and 1.4 named ops in a scope, whose variables are numbered as ever."""
    assert len(audit(parallel((1, 2, 3)), parallel((0, 1, 2), edit)).differences) == 1
