"""Functions in Python, which a graph names by how many its process had made before."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow import function
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit

raw = tf.raw_ops


def computed(*, exchanged=False, unused=False, eager=False):
    """A quotient of what two functions make of the same, one of them in a dataset; and the graph, which keeps both."""
    call = tf.py_function if eager else tf.py_func
    with tf.Graph().as_default() as graph:
        if unused:
            call(np.negative, [tf.constant(1.0)], tf.float32, name="unused")
        x = tf.constant([2.0, 3.0])
        if exchanged:
            root = call(np.sqrt, [x], tf.float32)
        numbers = tf.data.Dataset.from_tensors(x).map(lambda one: call(np.square, [one], tf.float32))
        squared = tf.data.make_initializable_iterator(numbers, shared_name="").get_next()
        if not exchanged:
            root = call(np.sqrt, [x], tf.float32)
        tf.divide(squared, root, name="result")
    return graph


def run(graph):
    with tf.Session(graph=graph) as session:
        session.run([op for op in graph.get_operations() if op.type == "MakeIterator"])
        return session.run("result:0")


def audited(*graphs):
    return audit(*(graph.as_graph_def() for graph in graphs))


def test_how_many_functions_the_process_had_made_before_is_no_matter():
    old, new = computed(), computed()
    assert old.as_graph_def() != new.as_graph_def()
    assert run(old).tobytes() == run(new).tobytes()
    found = audited(old, new)
    assert found.verdict == "faithful" and "count of functions" in found.rules


def test_the_tenth_function_comes_after_the_ninth():
    old, new = (computed().as_graph_def() for _ in range(2))
    calls = [node for node in new.node if "token" in node.attr]
    calls += [node for function in new.library.function for node in function.node_def if "token" in node.attr]
    first, second = sorted(calls, key=lambda node: int(node.attr["token"].s[7:]))
    first.attr["token"].s, second.attr["token"].s = b"pyfunc_9", b"pyfunc_10"
    assert audit(old, new).verdict == "faithful"


def test_which_of_its_own_functions_a_graph_calls_is_compared():
    old = computed()
    for port in (computed(exchanged=True), computed(unused=True), computed(eager=True)):
        assert audited(old, port).verdict == "not faithful"


def test_the_report_tells_functions_by_their_order_in_the_graph():
    """The first function of the port, of which nothing is made, moves those that follow."""
    report = audited(computed(), computed(unused=True)).differences
    assert any("pyfunc_0" in one.what and "pyfunc_1" in one.what for one in report), report


def guided(number, *, sign=1.0, name="Guided"):
    """The gradient of what has another one, registered under a name that the program draws a number for."""
    with tf.Graph().as_default() as graph:
        tf.RegisterGradient(f"{name}{number}")(lambda _op, gradient: sign * tf.nn.relu(gradient))
        x = tf.constant([2.0, -3.0])
        with graph.gradient_override_map({"Relu": f"{name}{number}"}):
            y = tf.nn.relu(x)
        tf.identity(tf.gradients(tf.sin(y), x)[0], name="result")
    return graph


def test_a_gradient_is_registered_under_a_name_that_is_drawn():
    old, new = guided(40213), guided(77120)
    assert run(old).tobytes() == run(new).tobytes()
    assert audited(old, new).verdict == "faithful"
    assert audited(old, guided(1234, sign=2.0)).verdict == "not faithful"


@pytest.mark.parametrize("drawn, name, number", [(90001, "Guided", 2), (90002, "Other", 5000), (90003, "Guided", "x")])
def test_another_name_of_a_gradient_is_reported(drawn, name, number):
    report = audited(guided(drawn), guided(number, name=name)).differences
    assert len(report) == 1 and "_gradient_op_type" in report[0].what


def passed_on(*, old=False, exchanged=False, after=False):
    """What a function in Python makes of numbers beside these, which today's function copies behind the call."""
    of = {"output_types": [tf.float32] * 2, "output_shapes": [[]] * 2}

    @Defun(tf.float32, func_name="mapped")
    def mapped(number):
        (square,) = tf.py_func(lambda one: one * one, [number], [tf.float32])
        return tf.reshape(square, []), number

    def changed(number):
        (square,) = tf.py_func(lambda one: one * one, [number], [tf.float32])
        if after:
            with tf.control_dependencies([tf.py_func(lambda: np.float32(1.0), [], tf.float32)]):
                number = tf.identity(number)
        square = tf.reshape(square, [])
        return (number, square) if exchanged else (square, number)

    with tf.Graph().as_default() as graph:
        numbers = tf.data.Dataset.from_tensor_slices(tf.constant([2.0, 3.0]))
        if old:
            iterator = raw.IteratorV2(shared_name="", container="", **of)
            variant = raw.MapDataset(input_dataset=numbers._variant_tensor, other_arguments=[], f=mapped, **of)
            raw.MakeIterator(dataset=variant, iterator=iterator)
            square, number = raw.IteratorGetNext(iterator=iterator, **of)
        else:
            square, number = tf.data.make_initializable_iterator(numbers.map(changed), shared_name="").get_next()
        tf.subtract(square, number, name="result")
    return graph


def test_what_a_function_gives_is_there_when_it_has_ended():
    old, new = passed_on(old=True), passed_on()
    assert run(old) == run(new) == 2.0
    found = audited(old, new)
    assert found.verdict == "faithful" and "results of functions" in found.rules, found.differences
    for mistake in ({"exchanged": True}, {"after": True}):
        assert audited(old, passed_on(**mistake)).verdict == "not faithful", mistake


def test_elsewhere_a_function_may_give_something_before_it_has_ended():
    """As one does that is written out where it is called."""

    @function
    def passed(number):
        (square,) = tf.py_func(lambda one: one * one, [number], [tf.float32])
        return square, number

    with tf.Graph().as_default() as graph:
        square, number = passed(tf.placeholder(tf.float32, []))
        tf.subtract(square, number)
    old, new = graph.as_graph_def(), graph.as_graph_def()
    assert audit(old, new).verdict == "faithful"
    body = old.library.function[0]
    (copy,) = (node for node in body.node_def if list(node.input) == ["number", "^NoOp"])
    body.node_def.remove(copy)
    for given, what in body.ret.items():
        if what.startswith(copy.name + ":"):
            body.ret[given] = "number"
    assert audit(old, new).verdict == "not faithful"
