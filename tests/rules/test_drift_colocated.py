"""Gradients beside what they are of, as `colocate_gradients_with_ops` puts them, or beside what rules made of that."""

from contextlib import nullcontext

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved
from test_drift_embeddings import combined

raw = tf.raw_ops


def _graph(op=None, of_two=False, by=2.0):
    """Return the GraphDef of a product, and of an op that is put beside it, of which nobody takes anything."""
    with tf.Graph().as_default() as graph:
        x = floats(None, 4)
        product = raw.Mul(x=x, y=by)
        with tf.control_dependencies([product] if op == "ControlTrigger" else []):
            if op == "ControlTrigger":
                made = raw.ControlTrigger()
            elif op == "Const":
                made = tf.constant([3, 4]).op
        if op:
            names = [product.op.name, x.op.name][: 1 + of_two]
            listed = tf.AttrValue.ListValue(s=[f"loc:@{one}".encode() for one in names])
            made._set_attr("_class", tf.AttrValue(list=listed))
        out(product)
    return graph.as_graph_def()


@pytest.mark.parametrize("op", ["Const", "ControlTrigger"])
def test_what_is_known_or_does_nothing_may_be_beside_one_node(op):
    proved(_graph(op=op), _graph())
    proved(_graph(), _graph(op=op))
    assert audit(_graph(), _graph(op=op, of_two=True)).verdict == "not faithful"
    assert audit(_graph(), _graph(op=op, by=3.0)).verdict == "not faithful"


def _sizes(place=None):
    """The product of a tensor's sizes, beside a node or not."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, name="x")
        sizes = raw.Shape(input=raw.Exp(x=x))
        with graph.colocate_with({"sizes": sizes, "x": x}[place].op) if place else nullcontext():
            count = raw.Prod(input=sizes, axis=[0])
        out(raw.Cast(x=count, DstT=tf.float32))
    return graph.as_graph_def()


def test_sizes_are_counted_beside_those_or_anywhere():
    proved(_sizes("sizes"), _sizes())
    proved(_sizes(), _sizes("sizes"))
    assert audit(_sizes("sizes"), _sizes("x")).verdict == audit(_sizes(), _sizes("x")).verdict == "not faithful"


def _beside_replaced(place):
    """What is beside one of the nodes of a sum of squares that is reshaped to a scalar, or beside a spread mask."""
    with tf.Graph().as_default() as graph:
        x = floats(4, 1)
        squares = raw.Square(x=x)
        loss = raw.Reshape(tensor=raw.Sum(input=squares, axis=[0]), shape=[])
        mask = raw.BroadcastTo(input=raw.Greater(x=loss, y=1.0), shape=[4, 1])
        out(raw.SelectV2(condition=mask, t=x, e=squares))
        with graph.colocate_with({"squares": squares, "loss": loss, "mask": mask}[place].op):
            raw.Tanh(x=x, name="beside")
    return graph.as_graph_def()


@pytest.mark.parametrize("place", ["loss", "mask"])
def test_what_is_beside_a_node_that_a_rule_replaces_is_beside_that_in_both(place):
    assert audit(_beside_replaced(place), _beside_replaced(place)).verdict == "faithful"
    assert audit(_beside_replaced(place), _beside_replaced("squares")).verdict == "not faithful"
    assert audit(_beside_replaced("squares"), _beside_replaced(place)).verdict == "not faithful"


def _beside_a_copy(new, other=False):
    """What is beside a copy of a gradient, which is handed on beside a product that was summed over no axis or not."""
    with tf.Graph().as_default() as graph:
        x, y = floats(4, 3), floats(4, 3, name="y")
        product = raw.Mul(x=x, y=2.0)
        if not new:
            product = raw.Reshape(tensor=raw.Sum(input=product, axis=tf.constant([], tf.int32)), shape=[4, 3])
        with tf.control_dependencies([tf.group(product)]), graph.colocate_with(product.op):
            handed = raw.Identity(input=product)
        copy = raw.Reshape(tensor=handed, shape=[4, 3])
        with graph.colocate_with(y.op if other else copy.op):
            beside = raw.Tanh(x=y)
        out(raw.Atan2(y=copy, x=beside))
    return graph.as_graph_def()


def test_what_is_beside_a_copy_is_beside_what_that_copies():
    proved(_beside_a_copy(False), _beside_a_copy(True))
    assert audit(_beside_a_copy(False), _beside_a_copy(True, other=True)).verdict == "not faithful"


def _product(new):
    """A batch of matrices times a matrix, an einsum or a product, and its gradients, each beside what it is of."""
    with tf.Graph().as_default() as graph:
        x, y = floats(2, 3, 4), floats(4, 5)
        product = tf.einsum("bij,jk->bik", x, y) if new else tf.reshape(tf.matmul(tf.reshape(x, [6, 4]), y), [2, 3, 5])
        loss = tf.reduce_sum(tf.square(product))
        for one in tf.gradients(loss, [x, y], colocate_gradients_with_ops=True, gate_gradients=True):
            tf.identity(one)
    return graph.as_graph_def()


def test_the_gradients_of_an_einsum_are_beside_that_or_beside_the_product():
    old, new = _product(False), _product(True)
    assert audit(old, new).verdict == "numbers changed"
    for node in new.node:
        if node.op == "Einsum" and "_class" in node.attr:
            node.attr["_class"].list.s[:] = [b"loc:@Square"]
    assert audit(old, new).verdict == "not faithful"


def _measured(order, beside=None):
    """The norm of a sum, beside the first of what is added, as the sum is, or elsewhere."""
    with tf.Graph().as_default() as graph:
        parts = [raw.Tanh(x=floats(3)), raw.Exp(x=floats(3, name="y"))]
        raw.Relu(features=floats(3, name="z"), name="elsewhere")
        with graph.colocate_with(parts[order[0]].op):
            total = raw.AddN(inputs=[parts[k] for k in order])
        with graph.colocate_with(graph.get_operation_by_name(beside) if beside else total.op):
            raw.L2Loss(t=total, name="out")
    return graph.as_graph_def()


def test_what_is_beside_what_it_measures_is_where_that_is():
    proved(_measured((0, 1)), _measured((1, 0)))
    assert audit(_measured((0, 1)), _measured((1, 0), beside="elsewhere")).verdict == "not faithful"


def _quotient(new, beside="value"):
    """A quotient by a count, which TensorFlow 1.0 made of several ops, and its gradient beside that or the division."""
    with tf.Graph().as_default() as graph:
        total, gradient, weights = floats(1), floats(1, name="y"), raw.Relu(features=floats(3, name="w"))
        present = raw.Select(condition=raw.Equal(x=weights, y=0.0), x=tf.zeros([3]), y=tf.ones([3]))
        count = raw.Sum(input=raw.Mul(x=present, y=tf.ones([3])), axis=[0], keep_dims=True)
        raw.Tanh(x=total, name="elsewhere")
        if new:
            value = raw.DivNoNan(x=total, y=count, name="value")
        else:
            none, above = tf.zeros([1]), raw.Greater(x=count, y=0.0)
            divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=tf.ones([1]), y=count)
            value = raw.Select(condition=above, x=raw.RealDiv(x=total, y=divisor, name="division"), y=none)
            gradient = raw.Select(condition=above, x=gradient, y=none)
        with graph.colocate_with(graph.get_operation_by_name(beside)):
            back = raw.DivNoNan(x=gradient, y=count) if new else raw.RealDiv(x=gradient, y=divisor)
            back = raw.Identity(input=back)
        out(raw.AddV2(x=value, y=back))
    return graph.as_graph_def()


def test_the_gradient_of_what_rules_write_as_one_op_is_beside_that_or_beside_one_of_its_parts():
    assert audit(_quotient(False, "division"), _quotient(True)).verdict == "faithful"
    assert audit(_quotient(False, "division"), _quotient(True, "elsewhere")).verdict == "not faithful"


def _bias(beside=None):
    """A sum with a bias, and its gradients, which TensorFlow 1.0 placed `beside` the sum as a group as well."""
    with tf.Graph().as_default() as graph:
        x, bias = floats(3, 4), floats(4, name="bias")
        loss = tf.reduce_sum(tf.square(tf.nn.bias_add(x, bias, name="sum")))
        for one in tf.gradients(loss, [x, bias], colocate_gradients_with_ops=True, gate_gradients=True):
            tf.identity(one)
    graph_def = graph.as_graph_def()
    for node in graph_def.node if beside else ():
        if node.name.startswith("gradients/sum_grad/tuple/"):
            places = set(node.attr["_class"].list.s) | {b"loc:@sum" if node.op == "NoOp" else beside}
            node.attr["_class"].list.s[:] = sorted(places)
    return graph_def


def test_gradients_were_placed_beside_what_they_are_of_as_a_group():
    old, new = _bias(b"loc:@sum"), _bias()
    assert audit(old, new).verdict == "faithful"
    assert audit(new, old).verdict == "faithful"
    assert audit(_bias(b"loc:@bias"), new).verdict == "not faithful"


def _rows(new, beside):
    """Rows that are looked up and combined, and their gradient, beside that or elsewhere."""
    graph_def = combined("mean", new)
    for node in graph_def.node:
        if node.op.startswith("SparseSegmentMeanGrad"):
            node.attr["_class"].list.s[:] = [beside]
    return graph_def


def test_a_part_that_rules_make_of_an_op_is_beside_what_the_op_is_beside():
    old, new = _rows(False, b"loc:@SparseSegmentMean"), _rows(True, b"loc:@SparseSegmentMean")
    assert audit(old, new).verdict == "numbers changed"
    assert audit(old, _rows(True, b"loc:@Tanh")).verdict == "not faithful"
