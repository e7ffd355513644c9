"""Conditions in the functions of datasets, which were branches and are ops with functions by now."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import elements

raw = tf.raw_ops
OF = {"output_types": [tf.float32], "output_shapes": [[]]}
NUMBERS = [-4.0, -1.0, 1.0, 2.0, 8.0]


def chosen(limit=0.0, factor=2.0, constant=5.0, turned=False, other=False):
    """Return a function of a number that chooses: a tensor from outside, a constant, one of two, in a branch again."""

    def mapped(x):
        more, y = x > limit, tf.exp(x)
        first = tf.cond(more, lambda: x * factor, lambda: y)
        pair = tf.cond(tf.equal(x, 1.0), lambda: (y, tf.constant(constant)), lambda: (x, y)[:: -1 if turned else 1])
        last = tf.cond(
            more, lambda: tf.cond(y > 5.0, lambda: pair[0], lambda: x + y), lambda: x - y if other else y - x
        )
        return first + pair[1] * last

    return mapped


def program(new, **mistake):
    """Return a GraphDef that gives, as an iterator, what a function makes of numbers."""
    function = chosen(**mistake)
    with tf.Graph().as_default() as graph:
        numbers = tf.data.Dataset.from_tensor_slices(NUMBERS)
        if new:
            dataset = numbers.map(function)._variant_tensor
        else:
            with control_flow_v1():
                old = Defun(tf.float32, func_name="mapped")(function)
                dataset = raw.MapDataset(input_dataset=numbers._variant_tensor, other_arguments=[], f=old, **OF)
        iterator = raw.IteratorV2(shared_name="", container="", **OF)
        raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
        raw.IteratorGetNext(iterator=iterator, name="out", **OF)
    return graph.as_graph_def()


def _ops(graph_def):
    return {node.op for function in graph_def.library.function for node in function.node_def}


def test_a_condition_in_a_function_is_the_branches_that_it_was():
    old, new = program(False), program(True)
    assert "Switch" in _ops(old) and "StatelessIf" in _ops(new) and "Switch" not in _ops(new)
    result = audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert "branches in functions" in result.rules
    assert elements(old) == elements(new)


@pytest.mark.parametrize(
    "mistake",
    [{"limit": 1.0}, {"factor": 3.0}, {"constant": 6.0}, {"turned": True}, {"other": True}],
    ids=lambda one: next(iter(one)),
)
def test_a_mistake_in_a_branch_is_reported(mistake):
    assert elements(program(False)) != elements(program(True, **mistake))
    assert audit(program(False), program(True, **mistake)).verdict == "not faithful"
