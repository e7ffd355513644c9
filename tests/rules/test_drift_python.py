"""Functions in Python, which a graph names by how many its process had made before."""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit


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
