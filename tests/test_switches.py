"""The audit says which of TensorFlow's switches a port was begun without."""

from contextlib import nullcontext

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1


def program(resources=False, functional=False):
    """Return the GraphDef of a loop that multiplies by a variable."""
    with tf.Graph().as_default() as graph, nullcontext() if functional else control_flow_v1():
        with tf.variable_scope("model", use_resource=resources):
            weight = tf.get_variable("weight", [2, 2])
        matrix = tf.placeholder(tf.float32, [2, 2])
        tf.while_loop(lambda i, _: i < 3, lambda i, matrix: (i + 1, tf.matmul(matrix, weight)), (0, matrix))
    return graph.as_graph_def()


@pytest.mark.parametrize("switch", ["resource_variables", "control_flow_v2"])
def test_the_switch_that_gives_the_originals_ops_is_named(switch):
    old, new = program(), program(resources=switch == "resource_variables", functional=switch == "control_flow_v2")
    for graphs, verb, other in (((old, new), "disable", "enable"), ((new, old), "enable", "disable")):
        texts = " ".join(one.what for one in audit(*graphs).differences)
        assert f"begin the port with tf.compat.v1.{verb}_{switch}()" in texts
        assert f".{other}_" not in texts


def trained(resources=False, functional=False, rate=0.1):
    """Return the GraphDef of a program that trains what a condition takes, behind an update, and saves it."""
    with tf.Graph().as_default() as graph, nullcontext() if functional else control_flow_v1():
        with tf.variable_scope("model", use_resource=resources):
            weights = [tf.get_variable(f"weight_{place}", [2, 2]) for place in range(3)]
            mean = tf.get_variable("mean", [2, 2], trainable=False)
        x, flag = tf.placeholder(tf.float32, [2, 2]), tf.placeholder(tf.bool, [])
        for weight in weights:
            x = tf.cond(flag, lambda x=x, weight=weight: tf.matmul(x, weight), lambda x=x: tf.tanh(x))
        with tf.control_dependencies([mean.assign(x)]):
            tf.train.MomentumOptimizer(rate, 0.9).minimize(tf.reduce_sum(x * x))
        tf.train.Saver()
    return graph.as_graph_def()


@pytest.mark.parametrize(
    ("options", "switch"),
    [
        ({"resources": True}, "disable_resource_variables"),
        ({"functional": True}, "disable_control_flow_v2"),
        ({"resources": True, "functional": True}, "disable_v2_behavior"),
    ],
)
def test_the_switch_comes_first_and_the_rest_follows(options, switch):
    first, *others = audit(trained(), trained(**options, rate=0.2)).differences
    assert f"begin the port with tf.compat.v1.{switch}()" in first.what and first.follows > 20
    assert not any("begin the port" in one.what or "waits for" in one.what for one in others), others
    assert len(others) < 10, [one.what for one in others]


def test_a_port_with_functional_branches_is_told_so_where_the_original_has_no_branch_at_all():
    new = trained(functional=True)
    with tf.Graph().as_default() as graph:
        tf.get_variable("weight", [2, 2], use_resource=False)
    texts = [one.what for one in audit(graph.as_graph_def(), new).differences]
    assert any("begin the port with tf.compat.v1.disable_control_flow_v2()" in one for one in texts)


def in_a_dataset(mapped):
    """A dataset whose elements are multiplied at random in a branch, built by `mapped`, the name of a method."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        numbers = tf.data.Dataset.from_tensor_slices(tf.constant([1.0, -2.0]))
        numbers = getattr(numbers, mapped)(
            lambda x: tf.cond(x > 0.0, lambda: x, lambda: x * tf.random_uniform([], seed=1))
        )
        tf.data.make_initializable_iterator(numbers, shared_name="").get_next()
    return graph.as_graph_def()


def test_in_a_function_of_a_dataset_another_way_to_map_is_named_as_no_switch_helps():
    old, new = in_a_dataset("map_with_legacy_function"), in_a_dataset("map")
    assert audit(old, in_a_dataset("map_with_legacy_function")).verdict == "faithful"
    result = audit(old, new)
    told = [one.what for one in result.differences if "map_with_legacy_function" in one.what]
    assert result.verdict == "not faithful" and told and not any("disable_" in one.what for one in result.differences)
    assert not any("legacy" in one.what for one in audit(new, old).differences)


def with_both_kinds():
    """Return a program with variables by reference, one with them by handle, and the first with one such beside."""
    old, new = program(), program(resources=True)
    both = tf.GraphDef.FromString(old.SerializeToString())
    for node in new.node:
        if node.op == "VarHandleOp":
            both.node.add().CopyFrom(node)
            both.node[-1].name = "another"
    return old, new, both


def test_no_switch_is_named_where_it_is_on_or_does_not_help():
    old, _, both = with_both_kinds()
    added = in_a_dataset("map")
    with tf.Graph().as_default() as graph:
        numbers = tf.data.Dataset.from_tensor_slices(tf.constant([1.0, -2.0])).map(tf.exp)
        tf.data.make_initializable_iterator(numbers, shared_name="").get_next()
    for pair in ((old, both), (graph.as_graph_def(), added)):
        result = audit(*pair)
        assert result.verdict == "not faithful" and not any("begin the port" in one.what for one in result.differences)


def test_no_switch_is_named_where_the_original_has_both_kinds():
    _, new, both = with_both_kinds()
    result = audit(both, new)
    assert result.verdict == "not faithful" and not any("begin the port" in one.what for one in result.differences)


def test_a_scope_with_such_variables_is_named_where_the_original_has_both_kinds_and_the_port_one():
    old, _, both = with_both_kinds()
    texts = " ".join(one.what for one in audit(both, old).differences)
    assert "use_resource=True" in texts and "begin the port" not in texts
    assert not any("use_resource" in one.what for one in audit(both, both).differences)


def _normalized(fused, training=None):
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = tf.placeholder(tf.float32, [2, 4, 4, 3], name="x")
        training = tf.placeholder(tf.bool, [], name="training")
        gamma, beta = tf.get_variable("gamma", [3]), tf.get_variable("beta", [3])

        def batch():
            if fused:
                return tf.nn.fused_batch_norm(x, gamma, beta)[0]
            return tf.nn.batch_normalization(x, *tf.nn.moments(x, [0, 1, 2]), beta, gamma, 1e-3)

        tf.cond(training, batch, lambda: x)
    return graph.as_graph_def()


def test_a_port_that_fuses_batch_normalization_in_a_branch_is_told_not_to():
    advised = [
        ["fused=False" in one.what for one in audit(*map(_normalized, pair)).differences]
        for pair in ((False, True), (True, False))
    ]
    assert any(advised[0]) and not any(advised[1])
