"""The port's graph is TensorFlow 1's, line by line and op by op, and building it changes nothing around it."""

import difflib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from compat_v1.control_flow import control_flow_v1, require_v1_ops
from compat_v1.proof.golden import published
from compat_v1.training import OP_SEEDS, load_data, new_network
from original.record_format import DEFAULT_SEED
from trained_runs import trained_port

v1 = tf.compat.v1
ROOT = Path(__file__).parent.parent


def test_port_differs_from_the_original_only_in_what_tensorflow_changed():
    def code(folder):
        lines = (ROOT / folder / "graph.py").read_text().split('"""', 2)[2].splitlines()
        return [line.strip() for line in lines if line.strip()]

    diff = difflib.ndiff(code("original"), code("compat_v1"))
    changed = [line for line in diff if line[0] in "+-"]
    assert changed == [
        "- import tensorflow as tf",
        "+ import tensorflow.compat.v1 as tf",
        "+ from compat_v1.control_flow import control_flow_v1, require_v1_ops",
        "+ tf.get_variable_scope().set_use_resource(False)  # ref variables, here and in Adam's slots: the graph's own "
        "setting",
        "+ with control_flow_v1():",
        "+ require_v1_ops(tf.get_default_graph())",
    ]


def test_ops_are_those_of_tensorflow_1():
    graph, _ = new_network(DEFAULT_SEED)
    ops = Counter(op.type for op in graph.get_operations())
    expected = {
        "VariableV2": 33, "ApplyAdam": 10, "MatMul": 15, "Sigmoid": 3, "SigmoidGrad": 3, "Tanh": 2, "TanhGrad": 2,
        "Transpose": 5, "LoopCond": 2, "Switch": 15, "Merge": 15, "NextIteration": 15, "Exit": 15,
    }  # fmt: skip
    assert {name: ops[name] for name in expected} == expected
    assert not {"While", "StatelessWhile", "VarHandleOp", "PartitionedCall"} & set(ops)


def test_op_seeds_are_written_out():
    graph, _ = new_network(DEFAULT_SEED)
    seeds = [
        (op.get_attr("seed"), op.get_attr("seed2")) for op in graph.get_operations() if op.type == "TruncatedNormal"
    ]
    assert seeds == [(DEFAULT_SEED, op_seed) for op_seed in OP_SEEDS]


def test_summaries_have_the_names_of_the_post():
    _, network = new_network(DEFAULT_SEED)
    inputs = network.summaries.op.inputs
    assert [tensor.name for tensor in inputs] == published()["summary_names"]
    assert repr(inputs[0]) == published()["summaries"]["mean_square_error"]


def test_tensorflow_2_stays_as_it_was_around_building_and_training():
    def eager():
        tf.random.set_seed(3)
        counter = tf.Variable(0.0)

        @tf.function
        def count_to(n):
            while counter < n:
                counter.assign_add(1.0)
            return counter.read_value()

        ops = {op.type for op in count_to.get_concrete_function(tf.constant(3.0)).graph.get_operations()}
        return count_to(tf.constant(3.0)).numpy(), ops, tf.random.normal([3]).numpy().tolist(), type(counter).__name__

    def switches():
        return tf.executing_eagerly(), v1.control_flow_v2_enabled(), v1.resource_variables_enabled()

    before = eager(), switches()
    trained_port(load_data(2, draw=1), epochs=3)
    assert (eager(), switches()) == before
    assert before[1] == (True, True, True) and "While" in before[0][1]


def test_control_flow_is_put_back_after_an_error():
    with pytest.raises(KeyError), control_flow_v1():
        raise KeyError
    assert v1.control_flow_v2_enabled()


@pytest.mark.parametrize("mistake", ["functional while", "resource variables"])
def test_graph_of_tensorflow_2_is_refused(mistake):
    """Either would train to the same loss, so that nothing else tells."""
    with tf.Graph().as_default() as graph:
        v1.get_variable_scope().set_use_resource(mistake == "resource variables")
        v1.Variable(0.0)
        if mistake == "functional while":
            v1.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
        else:
            with control_flow_v1():
                v1.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
    with pytest.raises(RuntimeError, match="While" if mistake == "functional while" else "VarHandleOp"):
        require_v1_ops(graph)


@pytest.mark.parametrize("sequence_length", [5, pytest.param(7, marks=pytest.mark.long)])
def test_other_sequence_lengths_build_and_train(sequence_length):
    data = load_data(sequence_length, draw=1)
    run = trained_port(data, epochs=60)
    assert np.isfinite(run.record.test.squared_error).all()
    assert run.record.test.squared_error[2] < run.record.test.squared_error[0]
