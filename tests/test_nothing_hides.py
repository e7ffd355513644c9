"""Edits that touch no value of a forward pass are noticed: places, waits, loops, what follows another difference."""

import functools
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from compat_v1.audit.comparison import audit
from compat_v1.audit.graph import Graph
from compat_v1.audit.literals import MAX_ELEMENTS, read_constant, shown, told_apart
from compat_v1.audit.normal import Normal
from compat_v1.control_flow import control_flow_v1
from corpus_graphs import recorded

v1 = tf.compat.v1


def program():
    """A graph with a variable, a constant that waits, a branch, a loop and dropout's gradients."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = v1.placeholder(tf.float32, [3], name="x")
        weights = v1.get_variable("weights", [3], initializer=v1.ones_initializer(), use_resource=False)
        check = v1.Assert(tf.reduce_all(x > 0), [x], name="check")
        with tf.control_dependencies([check]):
            doubled = tf.multiply(x * weights, tf.constant([2.0, 3.0, 4.0], name="factors"), name="doubled")
        looped = tf.while_loop(lambda k, _: k < 3, lambda k, y: (k + 1, y * 0.5), (0, doubled))[1]
        kept = v1.nn.dropout(looped, rate=0.25, seed=7)
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(kept * kept), name="train")
        v1.global_variables_initializer()
    return graph.as_graph_def()


@pytest.fixture(scope="module")
def original():
    return program()


def without_class(nodes):
    del nodes["weights/Assign"].attr["_class"]


def constant_beside_another(nodes):
    nodes["weights/Initializer/ones"].attr["_class"].list.s[:] = [b"loc:@x"]


def constant_on_a_device(nodes):
    nodes["factors"].device = "/device:CPU:0"


def constant_without_its_wait(nodes):
    del nodes["factors"].input[:]


def constant_out_of_its_loop(nodes):
    del nodes["while/mul/y"].input[:]


def assign_beside_an_unused_gradient(nodes):
    group = next(name for name in nodes if "dropout" in name and name.endswith("tuple/group_deps"))
    nodes[group].input.append("^weights/Assign")


@pytest.mark.parametrize(
    "edit",
    [
        *(without_class, constant_beside_another, constant_on_a_device, constant_without_its_wait),
        *(constant_out_of_its_loop, assign_beside_an_unused_gradient),
    ],
)
def test_an_edit_that_moves_no_value_is_noticed(edit, original):
    assert audit(original, program()).verdict == "faithful"
    mutant = v1.GraphDef.FromString(original.SerializeToString())
    edit({node.name: node for node in mutant.node})
    assert audit(original, mutant).verdict == "not faithful"


def test_what_follows_another_difference_is_told(original):
    def changed(op):
        mutant = v1.GraphDef.FromString(original.SerializeToString())
        nodes = {node.name: node for node in mutant.node}
        nodes["doubled"].op, nodes["mul"].op = "Maximum", op
        return audit(original, mutant)

    one, other = changed("Minimum"), changed("RealDiv")
    assert one.differences != other.differences
    assert all(len(difference.following) == difference.follows for difference in one.differences)


def constant(shape, **values):
    tensor = tf.make_tensor_proto(np.float32(0)) if not values else tf.make_tensor_proto(**values)
    tensor.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    node = v1.NodeDef(name="large", op="Const")
    node.attr["value"].tensor.CopyFrom(tensor)
    node.attr["dtype"].type = tensor.dtype
    return node


@pytest.mark.parametrize("value", [np.float32(2.5), np.int64(7), b"text", True, np.complex64(1j)])
def test_a_constant_that_says_one_value_for_all_elements_is_not_written_out(value):
    tracemalloc.start()
    literal = read_constant(constant([MAX_ELEMENTS // 2, 2], values=value))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000 and literal.shape == (MAX_ELEMENTS // 2, 2)
    assert literal.key == read_constant(constant([MAX_ELEMENTS // 2, 2], values=value)).key
    assert str(MAX_ELEMENTS // 2) in shown(literal)


@pytest.mark.parametrize(
    "one, two, said",
    [
        (np.arange(2000, dtype="float32").reshape(20, 100), np.float32(5), ("307.0", "5.0")),
        (np.arange(2000).reshape(20, 100), np.int64(5), ("307", "5")),
        (np.array([b"a", b"c"] * 1000, object).reshape(20, 100), b"b", ("'c'", "'b'")),
    ],
)
def test_a_value_in_the_middle_of_a_constant_is_said_to_differ(one, two, said):
    other = one.copy()
    other[3, 7] = two
    literals = [read_constant(constant([20, 100], values=list(values.reshape(-1)))) for values in (one, other)]
    assert told_apart(*literals) == tuple(f"{value} at [3, 7] of [20, 100]" for value in said)


def test_numbers_of_two_types_are_said_to_differ():
    literals = [read_constant(constant([], values=kind(0.5))) for kind in (np.float32, np.float64)]
    assert told_apart(*literals) == ("0.5 of float32", "0.5 of float64")


@pytest.mark.parametrize("value", [np.float32(2.5), b"text"])
def test_a_constant_is_the_same_however_it_is_written(value):
    written_out = constant([3000], values=[value] * 3000)
    assert read_constant(written_out).key == read_constant(constant([3000], values=value)).key
    assert read_constant(written_out).key != read_constant(constant([3001], values=value)).key


def test_a_constant_without_elements_is_read():
    assert read_constant(constant([0], values=np.zeros(0, np.float32))).shape == (0,)


def test_a_chain_that_is_deeper_than_python_recurses_is_compared():
    def chain(slope):
        with tf.Graph().as_default() as graph:
            y = v1.placeholder(tf.float32, [2])
            for _ in range(1500):
                y = tf.tanh(y)
            tf.multiply(y, slope)
        return graph.as_graph_def()

    assert audit(chain(1.5), chain(1.5)).verdict == "faithful"
    assert audit(chain(1.5), chain(2.5)).verdict == "not faithful"


def test_no_graph_of_a_release_takes_anything_from_another_loop():
    for release in ("tf1.0.1", "tf1.15.5"):
        assert Graph(recorded(release, "nested_loops")).strays() == set()


def _is_constant(node):
    return node.op == "Enter" and node.attr["is_constant"].b


def _in_the_first_turn_alone(node, others):
    node.attr["is_constant"].b = False


def _behind_a_turn(node, others):
    node.input.append(f"^{next(one.name for one in others if one.op == 'Merge')}")


def _behind_what_awaits_a_turn(node, others):
    constant = others.add(
        name="awaits", op="Const", input=["^" + next(one.name for one in others if one.op == "Merge")]
    )
    constant.attr["dtype"].type = tf.int32.as_datatype_enum
    constant.attr["value"].tensor.CopyFrom(v1.make_tensor_proto(1))
    node.input.append("^awaits")


@pytest.mark.parametrize("change", [_in_the_first_turn_alone, _behind_a_turn, _behind_what_awaits_a_turn])
def test_what_cannot_enter_a_loop_is_noticed_though_rules_take_it(change):
    original = recorded("tf1.15.5", "nested_loops")
    left = {name for node in Normal(Graph(original)).nodes for name in node.names}
    consumed = [node.name for node in original.node if _is_constant(node) and node.name not in left]
    assert consumed
    for name in consumed:
        port = v1.GraphDef.FromString(original.SerializeToString())
        change(next(node for node in port.node if node.name == name), port.node)
        assert audit(original, port).verdict == audit(port, original).verdict == "not faithful"


def test_placeholders_without_a_name_are_told_by_which_is_made_first():
    unnamed = (None, None, None)
    assert audit(fed(*unnamed), fed(*unnamed)).verdict == "faithful"
    for order in ((1, 0, 2), (0, 2, 1), (1, 2, 0)):
        assert audit(fed(*unnamed), fed(*unnamed, order=order)).verdict == "not faithful"


def test_what_leaves_no_loop_is_noticed():
    def ends(op):
        with tf.Graph().as_default() as graph:
            tf.identity(tf.exp(v1.placeholder(tf.float32, [3], name="x")), name="end")
        graph_def = graph.as_graph_def()
        graph_def.node[-1].op = op
        return graph_def

    assert audit(ends("Identity"), ends("Identity")).verdict == "faithful"
    assert audit(ends("Identity"), ends("Exit")).verdict == "not faithful"


def fed(*names, order=(0, 1, 2)):
    """A graph that takes what is fed under these names, each for something else."""
    with tf.Graph().as_default() as graph:
        made = [v1.placeholder(tf.float32, [3], name=name) for name in names]
        one, two, three = (made[place] for place in order)
        tf.stack([tf.exp(one), tf.tanh(two), tf.sqrt(three)], name="taken")
    return graph.as_graph_def()


@pytest.mark.parametrize("names", [("noise", "real", "rate"), ("noise", "rate", "real"), ("rate", "real", "noise")])
@pytest.mark.parametrize("own", [("real", "noise", "rate"), ("x_1", "x_2", "x_3"), ("in/x", "in/x_1", "in_1/x")])
def test_placeholders_that_are_taken_for_one_another_are_noticed(names, own):
    own = dict(zip(("real", "noise", "rate"), own, strict=True))
    original, port = fed(*own.values()), fed(*map(own.get, names))
    assert audit(original, original).verdict == "faithful"
    assert audit(original, port).verdict == audit(port, original).verdict == "not faithful"


@pytest.mark.parametrize("names", [("real", "noise", "step"), ("real", "x", "noise"), ("x", "y", "z")])
def test_a_placeholder_may_have_another_name(names):
    assert audit(fed("real", "noise", "rate"), fed(*names)).verdict == "faithful"
    assert audit(fed("x", "x", "y"), fed("x", "y", "z")).verdict == "faithful"


def kept(*names, resource=False):
    """A graph that adds to one of two variables of these names or to the other, and uses neither."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        one, two = (v1.Variable(0.0, name=name, use_resource=resource) for name in names)
        tf.cond(v1.placeholder(tf.bool, []), lambda: v1.assign_add(one, 1.0), lambda: v1.assign_add(two, 1.0))
    return graph.as_graph_def()


@pytest.mark.parametrize("resource", [True, False])
def test_variables_that_are_taken_for_one_another_are_noticed(resource):
    original = kept("hits", "misses", resource=resource)
    found = audit(original, kept("misses", "hits", resource=resource)).differences
    assert [one.what for one in found] == [
        "is kept as misses in the port, where another is hits",
        "is kept as hits in the port, where another is misses",
    ]
    unnamed = [kept(*names, resource=resource) for names in (("Variable", "Variable_1"), ("Variable_1", "Variable"))]
    assert audit(*unnamed).verdict == "not faithful"
    for names in (("hits", "misses"), ("x", "y"), ("misses", "x")):
        assert audit(original, kept(*names, resource=resource)).verdict == "faithful"


def used(uses, wrong=None, names="xy", drawn=False):
    """A graph of two tensors of these names, fed or drawn, used in turn by so many nodes, once the wrong one."""
    with tf.Graph().as_default() as graph:
        make = tf.random.normal if drawn else functools.partial(v1.placeholder, tf.float32)
        made = [make([3], name=name) for name in names]
        tf.stack([tf.exp(made[(k + (k == wrong)) % 2] * (k + 0.5)) for k in range(uses)])
    return graph.as_graph_def()


@pytest.mark.parametrize(("uses", "wrong"), [(12, 0), (12, 5), (12, 11), (3, 0), (3, 2)])
@pytest.mark.parametrize("drawn", [True, False])
def test_one_wrong_tensor_is_one_difference(uses, wrong, drawn):
    """What most of its users say is what a tensor is paired with, and not what the wrong one says."""
    for names in ("xy", "xx", *["zw"] * (uses > 3)):
        (found,) = audit(used(uses, drawn=drawn), used(uses, wrong, names, drawn)).differences
        assert found.what.startswith("input 0 is ")


def looked_up(factor):
    """A graph whose two placeholders are alike, but for what they are multiplied with."""
    with tf.Graph().as_default() as graph:
        users, items = (v1.placeholder(tf.int32, [None]) for _ in range(2))
        tables = [v1.Variable(tf.random.uniform([9], seed=3), use_resource=False) for _ in range(2)]
        rows = [tf.nn.embedding_lookup(table, which) for table, which in zip(tables, (users, items), strict=True)]
        v1.train.AdagradOptimizer(0.05).minimize(tf.reduce_sum(tf.square(tf.add_n(rows))))
        tf.stack([tf.cast(users, tf.float32) * factor, tf.cast(items, tf.float32) * (factor + 1)])
    return graph.as_graph_def()


def test_two_numbers_that_differ_are_two_differences():
    """Though by them alone one placeholder is known from the other, and so all that is made of them."""
    assert [one.what for one in audit(looked_up(2.0), looked_up(2.5)).differences] == [
        "is 2.0, 2.5 in the port, for mul",
        "is 3.0, 3.5 in the port, for mul_1",
    ]


def drawn(names, op):
    """A graph that draws four numbers with seeds of the program's own, under these names."""
    with tf.Graph().as_default() as graph:
        graph.seed = 1
        numbers = [tf.random.uniform([], seed=3 + k, name=name) for k, name in enumerate(names)]
        tf.stack([op(one) for one in numbers], name="drawn")
    return graph.as_graph_def()


def test_what_is_drawn_with_the_programs_own_seeds_is_told_apart_by_them():
    """Where names have moved and what uses the numbers differs, so that nothing else tells one from the other."""
    result = audit(drawn("abcd", tf.sqrt), drawn("bcda", tf.exp))
    assert result.verdict == "not faithful"
    assert not [one for one in result.differences if "seed" in one.what]


def _training(waits, rate=0.1, updates=True, clip=tf.identity):
    """Gradient descent on two variables, behind updates of two averages or not."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        first, second = (
            v1.get_variable(name, [3, 3], initializer=v1.zeros_initializer(), use_resource=False) for name in "ab"
        )
        averages = [v1.get_variable(name, [], trainable=False, use_resource=False) for name in ("mean", "variance")]
        moved = [v1.assign_sub(one, 0.5, name=f"{one.op.name}/moved").op for one in averages] if updates else []
        loss = tf.reduce_mean(tf.matmul(tf.tanh(tf.matmul(x, first)), second))
        with tf.control_dependencies(moved if waits else []):
            optimizer = v1.train.GradientDescentOptimizer(rate)
            optimizer.apply_gradients([(clip(one), v) for one, v in optimizer.compute_gradients(loss)])
    return graph.as_graph_def()


def test_what_many_nodes_do_not_wait_for_is_one_difference():
    original = _training(True)
    (lost,) = audit(original, _training(False)).differences
    assert lost.what == "waits for mean/moved, variance/moved only in the original" and lost.follows > 10
    value, also_lost = audit(original, _training(False, rate=0.2)).differences
    assert value.what.startswith("is 0.1, 0.2 in the port") and also_lost.what == lost.what
    assert audit(original, _training(False, clip=tf.sign)).differences[0].what == lost.what
    assert not audit(original, _training(False, updates=False)).differences[0].what.startswith("waits")


def seeded(seed, producer):
    """A graph of three random ops, of which the last has a seed that might be how many were made before it."""
    with tf.Graph().as_default() as graph:
        v1.set_random_seed(7)
        total = tf.constant(1.0)
        for own in (31, 31, seed):
            total = tf.tanh(tf.exp(tf.sin(total + v1.random_uniform([2], seed=own))))
    graph_def = graph.as_graph_def()
    graph_def.versions.producer = producer
    return graph_def


@pytest.mark.parametrize("producer, verdict", [(21, "not faithful"), (134, "not faithful"), (2474, "numbers changed")])
def test_a_small_seed_was_not_derived_where_seeds_were_the_number_of_all_ops(producer, verdict):
    """Which of two seeds of today's the program gave, no graph says: the report tells to write the original's."""
    assert audit(seeded(2, producer), seeded(1, 2474)).verdict == verdict
    assert audit(seeded(2, producer), seeded(2, 2474)).verdict == "faithful"


def chosen(first, second, place):
    """One constant or another, as a condition says: in a turn of a loop, of two loops, or of one in a branch."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = v1.placeholder(tf.float32, [], "x")

        def either(total):
            return v1.cond(total > x, lambda: tf.constant(first), lambda: tf.constant(second))

        def loop(turn, start):
            def body(count, total):
                return count + 1, turn(total)

            return v1.while_loop(lambda count, _: count < 3, body, [0, start])[1]

        if place == "loop":
            end = loop(either, x)
        elif place == "loop in a loop":
            end = loop(lambda total: loop(either, total), x)
        else:
            end = v1.cond(x > 0.0, lambda: loop(either, x + 0.0), lambda: x)
        tf.identity(end, "end")
    return graph.as_graph_def()


@pytest.mark.parametrize("place", ["loop", "loop in a loop", "loop in a branch"])
def test_constants_of_two_branches_in_a_loop_that_are_exchanged_are_noticed(place):
    assert audit(chosen(1.0, 2.0, place), chosen(1.0, 2.0, place)).verdict == "faithful"
    assert audit(chosen(1.0, 2.0, place), chosen(2.0, 1.0, place)).verdict == "not faithful"
