"""Datasets that an iterator makes once more in a function, and those that a generator written in Python gives."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit
from drift_cases import out

raw = tf.raw_ops
OF = {"output_types": [tf.int64], "output_shapes": [[]]}


def shuffled(outside, inside=None, seed=3):
    """A dataset that is shuffled, by a seed of the op that TensorFlow derives, and the same `inside` a function."""
    numbers = {"start": 0, "stop": 9, "step": 1}

    @Defun(func_name="again")
    def again():
        shuffle = {"buffer_size": 9, "seed": seed, "seed2": outside if inside is None else inside}
        return raw.ShuffleDataset(input_dataset=raw.RangeDataset(**numbers, **OF), **shuffle, **OF)

    with tf.Graph().as_default() as graph:
        for position in range(5):
            tf.constant(position)
        dataset = raw.RangeDataset(**numbers, **OF)
        raw.ShuffleDataset(input_dataset=dataset, buffer_size=9, seed=seed, seed2=outside, **OF)
        again.add_to_graph(graph)
        iterator = raw.OneShotIterator(dataset_factory=again, **OF)
        out(raw.IteratorGetNext(iterator=iterator, **OF)[0])
    return graph.as_graph_def()


def test_the_seed_of_what_a_function_makes_once_more_is_that_of_the_first():
    places = [name.name for name in shuffled(1).node]
    derived = places.index(next(name for name in places if name.startswith("ShuffleDataset/seed2")))
    found = audit(shuffled(derived), shuffled(0))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["derived seeds"]
    assert f"[{derived}]" in found.numbers[0].advice


@pytest.mark.parametrize(
    "port", [shuffled(0, inside=5), shuffled(0, seed=4), shuffled(77)], ids=["inside", "of the graph", "outside"]
)
def test_another_seed_of_it_is_a_mistake(port):
    places = [name.name for name in shuffled(1).node]
    derived = places.index(next(name for name in places if name.startswith("ShuffleDataset/seed2")))
    assert audit(shuffled(derived), port).verdict == "not faithful"


def generated(asked, mapped=tf.py_func):
    """Numbers that a generator gives, which is asked by `asked`, and what Python makes of each by `mapped`.

    Returns: the graph, which alone keeps the Python functions that its nodes name.
    """

    @Defun(tf.int64, func_name="begin")
    def begin(start):
        return start

    @Defun(tf.int64, func_name="following")
    def following(start):
        (given,) = asked(lambda number: number + 7, [start], [tf.int64])
        return tf.reshape(given, [])

    @Defun(tf.int64, func_name="end")
    def end(start):
        return start

    @Defun(tf.int64, func_name="square")
    def square(number):
        (given,) = mapped(lambda one: one * one, [number], [tf.int64])
        return tf.reshape(given, [])

    with tf.Graph().as_default() as graph:
        functions = {"init_func": begin, "next_func": following, "finalize_func": end}

        @Defun(tf.int64, func_name="all")
        def numbers(which):
            others = {"next_func_other_args": [], "finalize_func_other_args": []}
            others |= {"init_func_other_args": [which + 5]}
            return raw.GeneratorDataset(**functions, **others, **OF)

        dataset = raw.RangeDataset(start=0, stop=3, step=1, **OF)
        dataset = raw.FlatMapDataset(input_dataset=dataset, other_arguments=[], f=numbers, **OF)
        dataset = raw.MapDataset(input_dataset=dataset, other_arguments=[], f=square, **OF)
        iterator = raw.IteratorV2(shared_name="", container="", **OF)
        raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
        out(raw.IteratorGetNext(iterator=iterator, **OF)[0])
    return graph


def first(graph):
    with tf.Session(graph=graph) as session:
        session.run("init")
        return session.run("out:0")


def test_what_asks_a_generator_is_one_op_or_another_and_calls_the_same():
    old, new = generated(tf.py_func), generated(tf.py_function)
    assert first(old) == first(new) == 144
    found = audit(old.as_graph_def(), new.as_graph_def())
    assert found.verdict == "faithful"
    assert {"newer datasets", "count of functions"} <= found.rules.keys()


def test_elsewhere_what_python_is_given_is_compared():
    old, new = generated(tf.py_func), generated(tf.py_func, tf.py_function)
    assert audit(old.as_graph_def(), new.as_graph_def()).verdict == "not faithful"


def augmented(old, mistake=""):
    """Images that are flipped in a branch and cropped: sizes that fit are asserted, which the result awaits in a group.

    TensorFlow 1.15 placed the flipped one beside what enters, in the function around the branch; and wrote no group.
    """

    def changed(x):
        x = tf.reshape(x, [4, 4, 3], name="entering")
        flip = tf.image.flip_up_down if mistake == "flip" else tf.image.flip_left_right
        x = tf.cond(tf.reduce_sum(x) > 0.0, lambda: flip(x), lambda: x)
        return tf.random_crop(x, [2, 3 if mistake == "size" else 2, 3], seed=2)

    with tf.Graph().as_default() as graph:
        images = tf.data.Dataset.from_tensor_slices(tf.ones([5, 48])).map(changed)
        tf.data.make_initializable_iterator(images).get_next()
    graph_def = graph.as_graph_def()
    for function in graph_def.library.function if old else ():
        groups = {f"^{node.name}": node.input for node in function.node_def if node.op == "NoOp"}
        for node in function.node_def:
            node.input[:] = [one for given in node.input for one in groups.get(given, [given])]
            if node.op == "ReverseV2":
                node.attr["_class"].list.s[:] = [b"loc:@entering"]
        left = [node for node in function.node_def if f"^{node.name}" not in groups]
        del function.node_def[:]
        function.node_def.extend(left)
    return graph_def


def test_a_branch_in_a_function_may_be_beside_what_is_around_it():
    old = augmented(True)
    assert old != augmented(False)
    assert audit(old, augmented(False)).verdict == "faithful"
    for mistake in ("flip", "size"):
        assert audit(old, augmented(False, mistake)).verdict == "not faithful", mistake
