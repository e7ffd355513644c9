"""What functions tell of shapes, sums of parts, an einsum that sums nothing, and what serves nothing."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit.bodies import with_bodies
from compat_v1.audit.comparison import audit, readable, shapes_of_placeholders
from compat_v1.audit.graph import Graph
from drift_cases import added, built, floats, out
from test_drift import proved, run

raw = tf.raw_ops


@Defun(tf.float32)
def copied(x):
    return tf.tanh(x)


@Defun(tf.float32)
def copied_twice(x):
    return copied(copied(x))


def told_by_a_function(new, mistake):
    """A sum of what a function gives is over axes of one element as well, or over the others alone."""
    x = copied_twice(floats(4, 3, 1))
    axes = [0, 1] if new else [0, 1, 2]
    out(raw.Reshape(tensor=raw.Sum(input=x, axis=[1] if mistake else axes), shape=[-1] if mistake else []))


def chosen_of_constants(new, mistake):
    """All that a Select takes is a constant."""
    no, yes = tf.constant([[True], [False]]), tf.constant([[0.5], [0.25 if mistake else 0.75]])
    other = tf.constant([[1.5], [1.75]])
    select = raw.SelectV2(condition=no, t=yes, e=other) if new else raw.Select(condition=no, x=yes, y=other)
    out(raw.Mul(x=floats(2, 3), y=select))


def waits_for_what_is_handed_on(new, mistake):
    """A group waits for what a function of a gradient of its own hands on, or for the first of these alone."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    given = raw.Exp(x=x)
    both = raw.IdentityN(input=[raw.Tanh(x=raw.Exp(x=y) if mistake else given), given])
    first = both[0] if new else raw.Reshape(tensor=both[0], shape=[-1, 3])
    with tf.control_dependencies([first]):
        group = raw.NoOp(name="group")
    with tf.control_dependencies([group]):
        out(raw.Identity(input=raw.Exp(x=y)) + raw.Tanh(x=first))


@pytest.mark.parametrize("form", [told_by_a_function, chosen_of_constants, waits_for_what_is_handed_on])
def test_both_forms_are_faithful_give_every_bit_the_same_and_hide_no_mistake(form):
    proved(built(form, False), built(form, True))
    assert audit(built(form, False), built(form, True, mistake=True)).verdict == "not faithful"


def test_bodies_are_laid_out_for_their_shapes_alone():
    graph_def = built(told_by_a_function, True)
    graph = Graph(graph_def)
    call = next(name for name, node in graph.nodes.items() if node.op == copied_twice.name)
    assert (graph.shapes[call], graph.nodes.keys()) == ([(4, 3, 1)], {node.name for node in graph_def.node})
    inside = [node.name for node in with_bodies(graph_def).node if node.name.startswith(f"{call}/")]
    assert sum(name.endswith("/Tanh") for name in inside) == 2


def test_a_function_that_calls_itself_is_left_as_a_call():
    graph_def = built(told_by_a_function, True)
    for function in graph_def.library.function:
        for node in function.node_def:
            if node.op == copied.name:
                node.op = copied_twice.name
    assert copied_twice.name in [node.op for node in with_bodies(graph_def).node]


def test_functions_that_call_one_another_twice_are_laid_out_up_to_a_limit(monkeypatch):
    monkeypatch.setattr("compat_v1.audit.bodies.MOST_NODES_MORE", -100)
    assert copied_twice.name in [node.op for node in with_bodies(built(told_by_a_function, True)).node]


# Sums.


def sums_of_parts(new, mistake):
    """Two sums, of which the second is made of the first, each put together of parts or at once."""
    x, y, z, w = (raw.Exp(x=floats(None, 3, name=name)) for name in "xyzw")
    if new:
        first = added([x, y, raw.Tanh(x=z)], "AddN")
        turned = raw.Sigmoid(x=first)
        second = added([turned, w, raw.Tanh(x=y if mistake else w)], "AddN_1")
    else:
        part = added([y, raw.Tanh(x=z)], "AddN")
        turned = raw.Sigmoid(x=added([x, part], "AddN_1"))
        part = added([w, raw.Tanh(x=w)], "AddN_2")
        second = added([turned, part], "AddN_3")
    out(second)


def test_sums_put_together_otherwise_are_paired_by_their_terms():
    old, new = built(sums_of_parts, False), built(sums_of_parts, True)
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"]), result
    assert (result.pairs["AddN_1"], result.pairs["AddN_3"]) == ("AddN", "AddN_1")
    one, other = (np.frombuffer(run(each, 0), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_sum_of_another_term_is_a_mistake():
    assert audit(built(sums_of_parts, False), built(sums_of_parts, True, mistake=True)).verdict == "not faithful"


# Products that nothing is summed in.

PRODUCTS = {
    "i,d->id": lambda x, y: raw.Mul(x=raw.ExpandDims(input=x, axis=-1), y=raw.ExpandDims(input=y, axis=0)),
    "i,d->di": lambda x, y: raw.Transpose(x=PRODUCTS["i,d->id"](x, y), perm=[1, 0]),
    "bi,bd->bid": lambda x, y: raw.Mul(x=raw.ExpandDims(input=x, axis=-1), y=raw.ExpandDims(input=y, axis=1)),
    "ib,b->ib": lambda x, y: raw.Transpose(
        x=raw.Mul(x=raw.Transpose(x=x, perm=[1, 0]), y=raw.ExpandDims(input=y, axis=1)), perm=[1, 0]
    ),
}
OTHERS = {"i,d->id": "d,i->id", "i,d->di": "i,d->id", "bi,bd->bid": "bd,bi->bid", "ib,b->ib": "bi,b->ib"}


def _multiplied(equation, new, asked="", together=False):
    """Return the graph of a product and its gradients for the factors that are asked for, handed on together or not."""
    axes = equation.partition("->")[0].split(",")
    with tf.Graph().as_default() as graph:
        x, y = (raw.Exp(x=floats(*[3] * len(one), name=name)) for one, name in zip(axes, "xy", strict=True))
        result = raw.Tanh(x=raw.Einsum(inputs=[x, y], equation=new) if new else PRODUCTS[equation](x, y))
        factors = [{"x": x, "y": y}[one] for one in asked]
        for gradient in tf.gradients(result, factors, gate_gradients=together):
            result = raw.Concat(
                concat_dim=0, values=[raw.Reshape(tensor=one, shape=[-1]) for one in (result, gradient)]
            )
        out(result)
    return graph.as_graph_def()


@pytest.mark.parametrize("equation", PRODUCTS)
def test_an_einsum_that_sums_nothing_is_a_product(equation):
    old, new = _multiplied(equation, None), _multiplied(equation, equation)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["einsum"])
    assert run(old, 0) == run(new, 0)
    assert audit(old, _multiplied(equation, OTHERS[equation])).verdict == "not faithful"


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("equation", PRODUCTS)
def test_the_gradients_of_an_einsum_that_sums_nothing_are_sums_of_products(equation, together):
    old, new = _multiplied(equation, None, "xy", together), _multiplied(equation, equation, "xy", together)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["einsum"])
    one, other = (np.frombuffer(run(each, 0), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-5)
    for axes, asked in ((OTHERS[equation], "xy"), (equation, "yx")):
        assert audit(old, _multiplied(equation, axes, asked, together)).verdict == "not faithful"


def _multiplied_twice(new, first="mbd,mlb->lbd", second="lbd,mlb->mbd", asked=0):
    """A product, and what was made of it multiplied by the same factor as the product's own gradient is."""
    with tf.Graph().as_default() as graph:
        x, y = (raw.Exp(x=floats(3, 3, 3, name=name)) for name in "xy")
        if new:
            result = raw.Einsum(inputs=[raw.Tanh(x=raw.Einsum(inputs=[x, y], equation=first)), y], equation=second)
        else:
            result = tf.matmul(tf.transpose(x, [1, 2, 0]), tf.transpose(y, [2, 0, 1]))
            result = raw.Tanh(x=tf.transpose(result, [2, 0, 1]))
            result = tf.matmul(tf.transpose(result, [1, 2, 0]), tf.transpose(y, [2, 1, 0]))
            result = tf.transpose(result, [2, 0, 1])
        out(raw.Concat(concat_dim=0, values=[result, *tf.gradients(raw.Tanh(x=result), [(x, y), (y, x)][asked])]))
    return graph.as_graph_def()


def test_what_is_multiplied_as_a_gradient_is_may_be_none():
    old, new = _multiplied_twice(False), _multiplied_twice(True)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["einsum"])
    one, other = (np.frombuffer(run(each, 0), np.float32) for each in (old, new))
    np.testing.assert_allclose(one, other, rtol=1e-4)
    for mistake in ({"second": "lbd,lmb->mbd"}, {"first": "mbd,lmb->lbd"}, {"asked": 1}):
        assert audit(old, _multiplied_twice(True, **mistake)).verdict == "not faithful"


# What serves nothing.


def _counted(asks):
    """Return the graph of a loop, in whose body it is asked whether zeros are few, or not."""

    def body(i, x):
        if asks:
            raw.Less(x=raw.Mul(x=size, y=tf.constant(3)), y=tf.constant(1000), name="zeros/Less")
        if asks == "used":
            x = raw.SelectV2(condition=raw.Less(x=raw.Mul(x=size, y=tf.constant(3)), y=1000), t=x, e=x + 1)
        return i + 1, raw.Tanh(x=x)

    with tf.Graph().as_default() as graph:
        x = floats(None, 3)
        size = raw.Shape(input=x)[0]
        out(tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), x])[1])
    return graph.as_graph_def()


@pytest.mark.usefixtures("loops_of_ops")
def test_whether_zeros_in_a_loop_are_few_is_asked_for_nothing():
    proved(_counted(True), _counted(False))
    assert audit(_counted("used"), _counted(False)).verdict == "not faithful"


def _named(unused, device):
    """Return a graph with a constant that nothing uses, or has not, before one on a device that something uses."""
    with tf.Graph().as_default() as graph:
        if unused:
            tf.constant([0], name="Const")
        with tf.device(device):
            axis = tf.constant([1], name="Const_1" if unused else "Const")
            out(raw.Sum(input=raw.Exp(x=floats(4, 3)), axis=axis))
    return graph.as_graph_def()


def test_a_constant_that_nothing_uses_is_not_held_against_one_of_its_name():
    proved(_named(True, "/device:CPU:0"), _named(False, "/device:CPU:0"))
    assert audit(_named(True, "/device:CPU:0"), _named(False, "/device:CPU:1")).verdict == "not faithful"


def _unused(*values):
    """Return a graph with constants that nothing uses, numbered in turn."""
    with tf.Graph().as_default() as graph:
        for value in values:
            tf.constant(value)
        out(raw.Exp(x=floats(4, 3)))
    return graph.as_graph_def()


def test_a_constant_that_nothing_uses_may_have_the_name_of_one_that_the_port_has_not():
    proved(_unused(2, 0.0), _unused(0.0))
    proved(_unused([1], 2, 0.0), _unused([1], 0.0))
    assert audit(_unused(2, 0.0), _unused(0.5)).verdict == "not faithful"
    assert audit(_unused(2, 0.0), _unused(2, 0.5)).verdict == "not faithful"


def test_that_a_placeholder_is_a_scalar_the_port_tells_a_graph_of_the_first_releases():
    with tf.Graph().as_default() as graph:
        raw.Mul(x=tf.placeholder(tf.float32, [5, 2]), y=tf.placeholder(tf.float32, [], name="scale"))
    old, port = graph.as_graph_def(add_shapes=True), graph.as_graph_def()
    for node in old.node:
        node.attr["_output_shapes"].list.shape[0].CopyFrom(tf.TensorShape(None).as_proto())
    old.versions.producer = 21  # in which [] stands for a shape that is not known, too
    told = readable(old, shapes_of_placeholders(old, port)).shapes
    assert (told["scale"], told["Mul"]) == ([()], [(5, 2)])
    assert readable(old).shapes["Mul"] == [None]


def test_what_the_program_says_when_it_stops_is_compared():
    with tf.Graph().as_default() as graph:
        raw.CheckNumerics(tensor=floats(3), message="the loss")
    other = tf.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    for node in other.node:
        if node.op == "CheckNumerics":
            node.attr["message"].s = b"the gradient"
    assert audit(graph.as_graph_def(), other).verdict == "not faithful"


def _exponents(new, mistake=False):
    """The gradient of a sum of exponentials, whose axes an old graph keeps: only the port tells how large they are."""
    with tf.Graph().as_default() as graph:
        x = raw.PyFunc(input=[floats(4, 5)], token="pyfunc_0", Tout=[tf.float32])[0]
        if new:
            x.set_shape([None, 5])
        w = tf.Variable(1.0, use_resource=False, name="w")
        x, axes = x * w, [0] if mistake else [1]
        if new:
            result = tf.reduce_logsumexp(x, axes)
        else:
            largest = raw.Max(input=x, axis=axes, keep_dims=True)
            largest = raw.Select(condition=raw.IsFinite(x=largest), x=largest, y=raw.ZerosLike(x=largest))
            largest = tf.stop_gradient(largest)
            result = raw.Log(x=raw.Sum(input=raw.Exp(x=x - largest), axis=axes, keep_dims=True)) + largest
            result = raw.Squeeze(input=result, axis=axes)
        out(tf.gradients(tf.sin(result), w)[0])
    return graph.as_graph_def(add_shapes=new)


def test_how_large_a_sum_is_tells_nothing_of_one_that_keeps_its_axes():
    assert audit(_exponents(False), _exponents(True)).verdict == "faithful"
    assert audit(_exponents(False), _exponents(True, mistake=True)).verdict == "not faithful"
