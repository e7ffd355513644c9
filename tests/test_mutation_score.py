"""A small sample of the mutation score, and its parts: what is planted can be told from what it was."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

import equivalents
import known_graph
import mutation_score
import mutations
from corpus_graphs import recorded
from mutation_score import Subject

v1 = tf.compat.v1
SAMPLED = [
    Subject("tf1.15.5", "softmax_regression"),
    Subject("today", "convolution"),
    Subject("tf1.0.1", "conditional"),
]


@pytest.mark.long
@pytest.mark.parametrize("share", [0.01, 0.04])
def test_the_audit_notices_a_sample_of_edits(today, share):
    with ThreadPoolExecutor(1) as pool:  # processes would import TensorFlow first
        planted, total = mutation_score.score(pool, today, SAMPLED, share=share, seed=1)
    assert 1000 * share < len(planted) < 0.1 * total
    left = {(*one.subject, one.edit.node) for one in planted if one.outcome in ("survived", "crashed")}
    assert not left


def test_every_node_of_a_graph_is_edited_and_every_edit_changes_the_graph():
    graph = recorded("tf1.15.5", "moving_averages")
    edits = list(mutations.edits(graph))
    assert {edit.node for edit in edits} >= {node.name for node in graph.node if node.op not in ("NoOp", "Const")}
    assert all(mutations.apply(edit, graph) != graph for edit in edits)
    assert len({(edit.kind, edit.node) for edit in edits}) == len(edits)


def test_the_body_of_a_function_is_edited_too():
    graph = recorded("tf1.15.5", "dataset")
    edited = {edit.node for edit in mutations.edits(graph) if edit.kind == "function body"}
    assert any("truediv" in node for node in edited)


def build(make):
    with tf.Graph().as_default() as graph:
        make()
    return graph.as_graph_def()


def constant_graph(divisor):
    def make():
        total = tf.constant(7, name="seven") // tf.constant(divisor, name="divisor")
        v1.placeholder(tf.int32, [], name="x") + total

    return build(make)


def test_an_edit_that_leaves_every_used_constant_as_it_was_is_equivalent():
    assert known_graph.same_constants(constant_graph(4), constant_graph(5)), "7 // 4 is 7 // 5"
    assert not known_graph.same_constants(constant_graph(4), constant_graph(3))


def test_a_tensor_is_never_replaced_by_the_same_value():
    def make():
        x = v1.placeholder(tf.float32, [2], name="x")
        tf.add(tf.identity(x, name="copy") * 1.0, x, name="sum")

    graph = known_graph.KnownGraph(build(make))
    assert graph.number("copy") == graph.number("mul") == graph.number("x") != graph.number("sum")


@pytest.mark.parametrize(("shape", "changes_nothing"), [([-1, 3], True), ([-1, 1], False)])
def test_an_input_that_is_replaced_by_what_it_is_a_reshape_of_may_change_nothing(shape, changes_nothing):
    def make():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        tf.sigmoid(tf.reshape(x, shape, name="reshaped"), name="node")

    graph = build(make)
    node = v1.NodeDef.FromString(next(node for node in graph.node if node.name == "node").SerializeToString())
    node.input[0] = "x"
    edit = mutations.Edit("replaced input", "node", "input 0 is x, was reshaped", [node])
    pair = equivalents.Pair(graph, mutations.apply(edit, graph), frozenset())
    assert equivalents.is_equivalent(edit, pair) == changes_nothing


@pytest.mark.parametrize(("wait", "changes_nothing"), [("gradient", True), ("update", False)])
def test_a_size_may_wait_for_what_all_that_is_made_of_it_comes_behind(wait, changes_nothing):
    """A mean's gradient divides by a size as a number: that this waits for the gradient it divides changes nothing."""

    def make():
        x = v1.placeholder(tf.float32, [None], name="x")
        gradient = tf.exp(v1.placeholder(tf.float32, [None]), name="gradient")
        variable = v1.get_variable("v", [], use_resource=False, initializer=v1.zeros_initializer())
        v1.assign_add(variable, 1.0, name="update")
        size = tf.add(tf.size(x), 1, name="divisor")
        tf.divide(gradient, tf.cast(size, tf.float32), name="quotient")

    graph = build(make)
    node = v1.NodeDef.FromString(next(node for node in graph.node if node.name == "divisor").SerializeToString())
    node.input.append(f"^{wait}")
    edit = mutations.Edit("control input added", "divisor", f"waits for {wait}", [node])
    pair = equivalents.Pair(graph, mutations.apply(edit, graph), frozenset({"divisor"}))
    assert equivalents.is_equivalent(edit, pair) == changes_nothing


def test_a_constant_that_an_assertion_prints_may_be_another():
    def make():
        x = v1.placeholder(tf.float32, [], name="x")
        limit, message = tf.constant(2.0, name="limit"), tf.constant("too large", name="message")
        tf.raw_ops.Assert(condition=tf.less(x, limit), data=[message, x])
        tf.raw_ops.Assert(condition=tf.constant(False, name="never"), data=[message])

    graph = build(make)
    for edit in mutations.edits(graph):
        if edit.kind == "constant":
            pair = equivalents.Pair(graph, mutations.apply(edit, graph), frozenset())
            assert equivalents.is_equivalent(edit, pair) == (edit.node == "message"), edit.node


def test_what_a_constant_waits_for_is_edited_only_if_something_uses_it():
    def make():
        v1.placeholder(tf.float32, [])
        x = v1.placeholder(tf.float32, [None], name="x")
        with tf.control_dependencies([x]):
            used = tf.constant(1.0, name="used")
            tf.fill(tf.constant([2, 3], name="pair"), used, name="unused")
            tf.add(x, used)

    edited = {edit.node for edit in mutations.edits(build(make)) if edit.kind.startswith("control")}
    assert "used" in edited and not {"pair", "unused"} & edited


def test_a_mask_of_a_slice_is_edited_where_it_says_something():
    def make():
        x = v1.placeholder(tf.int32, [4, 5], name="x")
        tf.identity(x[1, 2:], name="shrunk")

    graph = build(make)
    (node,) = (node for node in graph.node if node.op == "StridedSlice")
    known = known_graph.KnownGraph(graph)
    found = [mutations._attribute(node, known, random.Random(seed)) for seed in range(40)]
    keys = {what.split()[2] for what, _ in found}
    assert "begin_mask" not in keys, "its first bit is of the axis of which one element is taken"
    assert {"shrink_axis_mask", "new_axis_mask", "ellipsis_mask"} <= keys


def test_what_replaces_an_op_has_its_signature():
    graph = build(lambda: tf.sigmoid(v1.placeholder(tf.float32, [2]), name="node"))
    edit = next(edit for edit in mutations.edits(graph) if (edit.kind, edit.node) == ("op", "node"))
    with tf.Graph().as_default() as imported:
        v1.import_graph_def(mutations.apply(edit, graph), name="")
    assert imported.get_tensor_by_name("node:0").dtype.as_numpy_dtype is np.float32
