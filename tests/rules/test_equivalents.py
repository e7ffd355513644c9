"""What is called an equivalent edit changes nothing, by the kernels and by runs; and a mistake beside each is none."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import equivalents
import known_graph
import mutations
from compat_v1.audit import read_graph_def
from compat_v1.control_flow import control_flow_v1
from equivalents import Pair
from mutations import Edit

v1, raw = tf.compat.v1, tf.raw_ops


def built(make):
    with tf.Graph().as_default() as graph:
        make()
    return graph.as_graph_def()


def planted(graph_def, kind, name, change, what=""):
    """Return an Edit that changes a node of a GraphDef in place by a function."""
    node = next(v1.NodeDef.FromString(node.SerializeToString()) for node in graph_def.node if node.name == name)
    change(node)
    return Edit(kind, name, what, [node])


def swapped(graph_def, name, slot, other):
    def change(node):
        node.input[slot], node.input[other] = node.input[other], node.input[slot]

    return planted(graph_def, "swapped inputs", name, change, f"inputs {slot} and {other} are swapped")


def is_equivalent(graph_def, edit, alone=frozenset()):
    return equivalents.is_equivalent(edit, Pair(graph_def, mutations.apply(edit, graph_def), frozenset(alone)))


def run(op, *operands, **attributes):
    with tf.Graph().as_default(), v1.Session() as session:
        return session.run(op(*operands, **attributes))


@pytest.mark.parametrize("masks", list(itertools.product([0, 1], repeat=5)))
def test_a_slice_does_not_ask_for_what_its_masks_leave_out(masks):
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    attributes = dict(zip(names, masks, strict=True))
    node = v1.NodeDef(op="StridedSlice")
    for key, value in attributes.items():
        node.attr[key].i = value
    operands = {"input": np.arange(12).reshape(4, 3), "begin": [1], "end": [3], "strides": [1]}
    asked = run(raw.StridedSlice, **operands, **attributes)
    for slot, (key, number) in enumerate([("begin", 0), ("end", 2), ("strides", 2)], 1):
        other = run(raw.StridedSlice, **{**operands, key: [number]}, **attributes)
        if mutations._is_masked(node, slot, 0):
            assert np.array_equal(asked, other) and asked.shape == other.shape, key
        elif key == "end":
            assert not np.array_equal(asked, other), "an end that is asked for is no equivalent"


@pytest.mark.parametrize("source", [tf.int32, tf.int64, tf.bool, tf.uint8])
def test_what_is_no_floating_point_number_is_cast_truncated_or_not(source):
    values = np.random.default_rng(3).integers(0, 2**23, 200).astype(source.as_numpy_dtype)
    for target in (tf.float32, tf.bfloat16, tf.half, tf.int64):
        one, other = (run(raw.Cast, x=values, DstT=target, Truncate=truncate) for truncate in (False, True))
        assert one.tobytes() == other.tobytes()


def test_a_number_of_more_bits_is_cast_truncated_to_another():
    values = np.random.default_rng(3).random(200).astype(np.float32)
    one, other = (run(raw.Cast, x=values, DstT=tf.bfloat16, Truncate=truncate) for truncate in (False, True))
    assert one.tobytes() != other.tobytes()


def test_two_stacks_of_one_name_are_two():
    with tf.Graph().as_default(), v1.Session() as session:
        stacks = [raw.StackV2(max_size=-1, elem_type=tf.int32, stack_name="same") for _ in range(2)]
        with tf.control_dependencies([raw.StackPushV2(handle=one, elem=k) for k, one in enumerate(stacks)]):
            popped = [raw.StackPopV2(handle=one, elem_type=tf.int32) for one in stacks]
        assert session.run(popped) == [0, 1]


def test_of_three_tensors_of_one_shape_select_chooses_as_its_second_form_does():
    random = np.random.default_rng(3)
    condition, then, other = random.random((5, 3)) > 0.5, random.random((5, 3)), random.random((5, 3))
    chosen = run(raw.Select, condition=condition, x=then, y=other)
    assert chosen.tobytes() == run(raw.SelectV2, condition=condition, t=then, e=other).tobytes()

    def make(shape):
        then, other = (v1.placeholder(tf.float32, [None, 3]) for _ in range(2))
        raw.Select(condition=v1.placeholder(tf.bool, [None, *shape]), x=then, y=other, name="chosen")

    for shape, synonyms in (([3], True), ([], False)):  # a condition for each row chooses rows
        graph = known_graph.KnownGraph(built(lambda shape=shape: make(shape)))
        assert mutations._of_one_shape(graph.nodes["chosen"], graph) == synonyms


def test_an_assertion_of_what_always_holds_stops_nothing():
    def make(number):
        v1.Assert(tf.constant(3) > number, ["too few"], name="constant")
        v1.Assert(v1.placeholder(tf.int32, []) > number, ["too few"], name="fed")

    for number, holds in ((2, True), (4, False)):
        graph = known_graph.KnownGraph(built(lambda number=number: make(number)))
        (constant, fed) = (name for name, node in graph.nodes.items() if node.op == "Assert")
        assert graph.has_effect(constant) != holds and graph.has_effect(fed)


def waiting(anyhow):
    """`axis` may wait for an assignment, behind which `total` comes anyhow, or only if it does."""

    def make():
        x = v1.placeholder(tf.float32, [3], name="x")
        total = v1.get_variable("total", [], initializer=v1.zeros_initializer(), use_resource=False)
        assigned = v1.assign(total, 1.0, name="assigned")
        with tf.control_dependencies([assigned] * anyhow):
            y = tf.exp(x, name="y")
        tf.add(raw.Sum(input=y, axis=tf.constant([0], name="axis"), name="sum"), 1.0)

    return built(make)


@pytest.mark.parametrize(
    ("anyhow", "alone", "expected"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_wait_that_all_users_have_anyhow_changes_nothing_where_the_other_graph_has_no_such_node(
    anyhow, alone, expected
):
    graph = waiting(anyhow)
    edit = planted(graph, "control input added", "axis", lambda node: node.input.append("^assigned"))
    assert is_equivalent(graph, edit, {"axis"} if alone else ()) == expected
    mutant = mutations.apply(edit, graph)
    back = planted(mutant, "control input removed", "axis", lambda node: node.input.remove("^assigned"))
    assert is_equivalent(mutant, back, {"axis"} if alone else ()) == expected


@pytest.mark.parametrize(("wait", "expected"), [("y", True), ("total", True), ("sum", True), ("other", False)])
def test_a_size_may_wait_for_what_all_that_takes_it_comes_behind(wait, expected):
    """The sum that `total` is added to is one of `y`, and the size is that of another."""

    def make():
        x = v1.placeholder(tf.float32, [3], name="x")
        v1.get_variable("total", [], initializer=v1.zeros_initializer(), use_resource=False)
        tf.exp(v1.placeholder(tf.float32, [3]), name="other")
        total = raw.Sum(input=tf.exp(x, name="y"), axis=[0], name="sum")
        size = raw.Cast(x=raw.Size(input=v1.placeholder(tf.float32, [None], name="rows"), name="size"), DstT=tf.float32)
        tf.add(total, size, name="added")

    graph = built(make)
    assert is_equivalent(graph, awaited(graph, "size", wait)) == expected


@pytest.mark.parametrize(("is_loop", "expected"), [(False, True), (True, False)])
def test_a_constant_may_wait_or_not_for_the_branch_but_not_the_loop_that_all_that_takes_it_is_in(is_loop, expected):
    def make():
        with control_flow_v1():
            x = v1.placeholder(tf.float32, [None], name="x")
            filled = lambda y: raw.Fill(dims=raw.Shape(input=y), value=tf.constant(2.0, name="two"))  # noqa: E731
            if is_loop:
                tf.while_loop(lambda y: y[0] < 3, lambda y: y + filled(y), [x])
            else:
                v1.cond(v1.placeholder(tf.bool, []), lambda: filled(x), lambda: x)

    graph = built(make)
    name = "while/two" if is_loop else "cond/two"
    (wait,) = (one for node in graph.node if node.name == name for one in node.input)
    edit = planted(graph, "control input removed", name, lambda node: node.input.remove(wait))
    assert is_equivalent(graph, edit) == expected


def test_what_nothing_uses_and_the_other_graph_does_not_have_is_of_no_use():
    graph = built(lambda: tf.exp(tf.sin(v1.placeholder(tf.float32, [3], name="x")), name="end"))
    edit = planted(graph, "op", "Sin", lambda node: setattr(node, "op", "Tanh"))
    assert is_equivalent(graph, edit, {"Sin", "end"}) and not is_equivalent(graph, edit, {"Sin"})


def test_another_op_for_the_same_of_sizes_is_a_node_of_one_graph_alone():
    def make(name):
        raw.Reshape(tensor=v1.placeholder(tf.float32, [None, 3], name="x"), shape=[-1], name="flat")
        tf.constant([3], name="static") if name == "static" else raw.Shape(input=tf.zeros([3]), name="measured")
        tf.exp(tf.sin(1.0), name=f"sine_of_{name}")

    graph, other = built(lambda: make("static")), built(lambda: make("measured"))
    pairs = {node.name: node.name for node in graph.node if node.name != "flat/shape"}
    pairs.update({"static": "measured", "sine_of_static": "sine_of_measured"})
    found = equivalents.alone(graph, other, pairs)
    assert found == {"static", "flat/shape"}, "a partner of the same op is one that can be fetched"


def gradient_of_a_slice():
    """As TensorFlow pads that of the rows from the third on: by total - size - begin rows behind, which is 0."""
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    rows = raw.Slice(input=x, begin=[2, 0], size=[-1, -1], name="rows")
    behind = raw.Sub(x=raw.Sub(x=raw.Shape(input=x), y=raw.Shape(input=rows), name="before"), y=[2, 0], name="behind")
    raw.Pad(input=tf.exp(rows), paddings=tf.stack([[2, 0], behind], axis=1), name="gradient")


@pytest.mark.parametrize(("name", "expected"), [("behind", True), ("before", False)])
def test_sizes_that_are_the_same_in_batches_of_every_size_change_nothing(name, expected):
    graph = built(gradient_of_a_slice)
    assert is_equivalent(graph, swapped(graph, name, 0, 1)) == expected


def gradient_of_a_mean():
    """TensorFlow counts the elements by the sizes of both axes; nobody takes the gradient of x itself."""
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    weight = v1.get_variable("weight", [3, 2], initializer=tf.ones_initializer(), use_resource=False)
    v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, weight))))
    for name, other in (("ones", [1, 1]), ("others", [1, 2])):
        tf.constant(other, name=name)


@pytest.mark.parametrize(("other", "expected"), [("ones", True), ("others", False)])
def test_sizes_in_another_order_have_one_product(other, expected):
    graph = built(gradient_of_a_mean)
    what = f"input 1 is {other}, was add/y"
    nodes = [f"gradients/Mean_grad/{name}" for name in ("add", "mod", "GatherV2")]
    edit = planted(graph, "replaced input", nodes[0], lambda node: node.input.__setitem__(1, other), what)
    assert is_equivalent(graph, edit, nodes) == expected


@pytest.mark.long
@pytest.mark.parametrize(("other_value", "expected"), [("Mean_grad/GatherV2", True), ("MatMul_grad/MatMul", False)])
def test_a_copy_for_nobody_is_of_what_it_copies(today, other_value, expected):
    """Batch normalization has gradients that nobody takes, and that are not fetched: copies of what is run."""
    graph, name = read_graph_def(today / "batch_normalization.pb.gz"), "gradients/Mean_grad/add"
    other = "gradients/Mean_grad/Reshape/shape"
    edit = planted(graph, "replaced input", name, lambda node: node.input.__setitem__(1, other), "input 1 is …")
    pair = Pair(graph, mutations.apply(edit, graph), frozenset())
    values = {f"gradients/{one}" for one in ("Mean_grad/add", "Mean_grad/mod", "Mean_grad/GatherV2", other_value)}
    assert equivalents._has_the_same_bits(edit, pair, values, 2) == expected


def test_what_depends_on_more_than_sizes_is_not_told_by_a_few_runs():
    def make():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        tf.maximum(x, tf.cast(tf.size(x), tf.float32) - 1e6, name="largest")

    graph = built(make)
    edit = planted(graph, "op", "largest", lambda node: setattr(node, "op", "Add"))
    assert not equivalents._touches_sizes(edit, known_graph.KnownGraph(graph))
    assert known_graph.KnownGraph(graph).is_of_sizes("Size")


@pytest.mark.parametrize(
    ("shapes", "fit"), [([[4, 3], []], True), ([[4, 3], [4, 3]], True), ([[4, 3], [4]], False), ([[None], [4]], False)]
)
def test_of_what_fits_it_is_no_matter_whether_what_does_not_is_an_error(shapes, fit):
    def make():
        x, y = (v1.placeholder(tf.float32, shape) for shape in shapes)
        raw.NotEqual(x=x, y=y, incompatible_shape_error=False, name="compared")  # in which the shape tells no more

    graph = known_graph.KnownGraph(built(make))
    assert mutations._shapes_fit(graph.nodes["compared"], graph) == fit
    if fit:
        x, y = (np.random.default_rng(3).integers(0, 2, shape).astype(np.float32) for shape in shapes)
        one, other = (run(raw.NotEqual, x=x, y=y, incompatible_shape_error=error) for error in (True, False))
        assert one.tobytes() == other.tobytes() and one.shape == other.shape


def trained(saved=False):
    weights = v1.get_variable("w", [3, 2], initializer=v1.ones_initializer(), use_resource=False)
    loss = tf.reduce_sum(tf.matmul(v1.placeholder(tf.float32, [None, 3], name="x"), weights))
    v1.train.AdamOptimizer(0.1, name="Adam").minimize(loss)
    if saved:
        v1.train.Saver()
    v1.global_variables_initializer()


@pytest.mark.parametrize(
    ("saved", "slots", "expected"), [(False, (1, 2), True), (True, (1, 2), False), (False, (0, 1), False)]
)
def test_two_slots_that_begin_alike_are_exchanged_by_name_alone_unless_a_checkpoint_names_them(saved, slots, expected):
    graph = built(lambda: trained(saved))
    assert is_equivalent(graph, swapped(graph, "Adam/update_w/ApplyAdam", *slots)) == expected


def test_two_placeholders_are_not_exchanged_by_name_alone():
    graph = built(lambda: tf.subtract(*(v1.placeholder(tf.float32, [3]) for _ in range(2)), name="difference"))
    assert not is_equivalent(graph, swapped(graph, "difference", 0, 1))


def gradient_for_nobody():
    """Of a product, that for what is fed goes nowhere; but both are waited for."""
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    scale = v1.get_variable("scale", [1, 3], initializer=v1.ones_initializer(), use_resource=False)
    v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.multiply(tf.exp(x), scale, name="product")))
    v1.global_variables_initializer()


_OF_PRODUCT = "gradients/product_grad"
_FOR_NOBODY = {f"{_OF_PRODUCT}/{name}" for name in ("Mul", "tuple/control_dependency")}
_FOR_SCALE = {f"{_OF_PRODUCT}/{name}" for name in ("Mul_1", "Sum", "Reshape", "tuple/control_dependency_1")}


@pytest.mark.parametrize(
    ("name", "op", "alone", "expected"),
    [
        ("Mul", "RealDiv", _FOR_NOBODY, True),
        ("Mul", "RealDiv", {f"{_OF_PRODUCT}/Mul"}, False),  # the other graph has what is made of it
        ("Mul", "Cross", _FOR_NOBODY, False),  # which none of them fits
        ("Mul_1", "RealDiv", _FOR_SCALE, False),
    ],
)
def test_what_is_only_waited_for_may_be_another_value_but_has_to_run(name, op, alone, expected):
    graph = built(gradient_for_nobody)
    edit = planted(graph, "op", f"{_OF_PRODUCT}/{name}", lambda node: setattr(node, "op", op))
    assert is_equivalent(graph, edit, alone) == expected


def test_what_is_only_waited_for_makes_nothing_else_run():
    graph = built(gradient_for_nobody)
    for place, other, expected in ((0, "Exp", True), (1, "scale/Assign", False)):

        def change(node, place=place, other=other):
            node.input[place] = other

        edit = planted(graph, "replaced input", f"{_OF_PRODUCT}/Mul", change, f"input {place} is {other}")
        assert is_equivalent(graph, edit, _FOR_NOBODY) == expected


def never(condition):
    def make():
        with control_flow_v1():
            total = v1.get_variable("total", [], initializer=v1.zeros_initializer(), use_resource=False)
            v1.assign_add(total, 1.0, name="counted")
            holds = tf.constant(True) if condition == "constant" else v1.placeholder_with_default(True, [])
            v1.cond(holds, lambda: total + 1.0, lambda: tf.sin(total, name="never"), name="chosen")

    return built(make)


@pytest.mark.parametrize(("condition", "expected"), [("constant", True), ("fed", False)])
def test_what_a_constant_condition_never_leads_to_does_not_run(condition, expected):
    graph = never(condition)
    (name,) = (node.name for node in graph.node if node.op == "Sin")
    assert is_equivalent(graph, planted(graph, "op", name, lambda node: setattr(node, "op", "Cos"))) == expected
    edit = planted(graph, "control input added", name, lambda node: node.input.append("^counted"))
    assert not is_equivalent(graph, edit), "what waits for an assignment makes it run"


@pytest.mark.parametrize("broadcast", [False, True])
def test_sizes_that_a_loop_keeps_for_its_gradient_are_told_by_runs(broadcast):
    def make():
        with control_flow_v1():
            x = v1.placeholder(tf.float32, [None, 3], name="x")
            w = v1.get_variable("w", [], initializer=v1.ones_initializer(), use_resource=False)
            other = (x[:1] if broadcast else x) * w
            power = tf.while_loop(lambda k, _: k < 3, lambda k, y: (k + 1, tf.multiply(y, other)), (0, x))[1]
            v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(power))
            v1.global_variables_initializer()

    graph = built(make)
    nodes = {node.name: node for node in graph.node}
    (name,) = (
        name
        for name, node in nodes.items()
        if node.op == "BroadcastGradientArgs" and any(nodes[one].op == "StackPopV2" for one in node.input)
    )
    assert known_graph.KnownGraph(graph).is_of_sizes(name)
    assert is_equivalent(graph, swapped(graph, name, 0, 1)) != broadcast


@pytest.mark.parametrize(("slots", "expected"), [((1, 3), True), ((0, 4), False)])
def test_what_an_assertion_prints_is_no_matter_but_what_it_asks_is(slots, expected):
    def make():
        x, y = (v1.placeholder(tf.int32, []) for _ in range(2))
        raw.Assert(condition=x > y, data=["x is", x, "y is", x < y], name="asserted")

    graph = built(make)
    assert is_equivalent(graph, swapped(graph, "asserted", *slots)) == expected


def test_a_sum_that_is_only_negated_and_reshaped_keeps_its_dimensions_or_not():
    def make():
        total = raw.Sum(input=v1.placeholder(tf.float32, [4, 3], name="x"), axis=[0], keep_dims=False, name="total")
        raw.Reshape(tensor=tf.negative(total, name="negated"), shape=[3], name="reshaped")
        raw.Sum(input=v1.placeholder(tf.float32, [4, 3]), axis=[0], name="other") + 1.0

    graph = built(make)
    known = known_graph.KnownGraph(graph)
    assert mutations._only_reshaped(known.nodes["total"], known)
    assert not mutations._only_reshaped(known.nodes["other"], known)
    edit = planted(graph, "attribute", "total", lambda node: setattr(node.attr["keep_dims"], "b", True))
    x, found = np.random.default_rng(3).random((4, 3)).astype(np.float32), []
    for one in (graph, mutations.apply(edit, graph)):
        with tf.Graph().as_default(), v1.Session() as session:
            v1.import_graph_def(one, name="")
            found.append(session.run("reshaped:0", {"x:0": x}).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize(("rank", "wait", "expected"), [(1, "", True), (2, "", False), (1, "^x", False)])
def test_a_constant_that_waits_has_its_value_and_its_wait(rank, wait, expected):
    """Of the axes 0, 2, … a vector has as many as of 0, 1, …, and a matrix has not."""

    def make():
        x = v1.placeholder(tf.float32, [None] * rank, name="x")
        with tf.control_dependencies([tf.no_op(name="nothing")]):
            axes = tf.range(0, tf.rank(x), tf.constant(1, name="delta"), name="axes")
        tf.reduce_sum(x, axes)

    def change(node):
        node.attr["value"].tensor.int_val[0] = 2
        node.input.extend([wait] if wait else [])

    graph = built(make)
    edit = planted(graph, "constant", "delta", change)
    assert known_graph.same_constants(graph, mutations.apply(edit, graph)) == expected


def awaited(graph_def, name, wait):
    return planted(graph_def, "control input added", name, lambda node: node.input.append(f"^{wait}"))


def counted():
    """`counted` is an assignment that nothing waits for."""
    total = v1.get_variable("total", [], initializer=v1.zeros_initializer(), use_resource=False)
    v1.assign_add(total, 1.0, name="counted")


@pytest.mark.parametrize(
    ("name", "wait", "expected"), [("more", "rows", True), ("more", "counted", False), ("rows", "other", False)]
)
def test_a_size_may_wait_for_another_if_what_takes_it_comes_behind_anyhow(name, wait, expected):
    def make():
        counted()
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        raw.Size(input=v1.placeholder(tf.float32, [None]), name="other")
        raw.Shape(input=tf.exp(x, name="power"), name="rows")  # which a session may be asked for
        raw.Tile(input=tf.exp(x), multiples=tf.add(raw.Shape(input=x), 1, name="more"), name="tiled")

    graph = built(make)
    assert is_equivalent(graph, awaited(graph, name, wait)) == expected


@pytest.mark.parametrize(("wait", "expected"), [("push", True), ("counted", False)])
def test_what_a_loop_keeps_may_wait_for_what_its_turn_waits_for(wait, expected):
    def make():
        counted()
        with control_flow_v1():
            w = v1.get_variable("w", [], initializer=v1.ones_initializer(), use_resource=False)
            power = tf.while_loop(lambda k, _: k < 3, lambda k, y: (k + 1, tf.exp(y) * tf.sin(y)), (0, w))[1]
            v1.train.GradientDescentOptimizer(0.1).minimize(power)

    graph = built(make)
    first, *_, last = (node.name for node in graph.node if node.op == "StackPushV2")
    assert is_equivalent(graph, awaited(graph, first, last if wait == "push" else wait)) == expected


@pytest.mark.parametrize(
    ("used", "alone", "expected"), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_an_assertion_that_nothing_waits_for_may_wait_itself_where_the_other_graph_has_none(used, alone, expected):
    def make():
        counted()
        x = v1.placeholder(tf.float32, [None], name="x")
        asserted = raw.Assert(condition=tf.greater(tf.size(x), 1, name="many"), data=[x], name="asserted")
        with tf.control_dependencies([asserted] * used):
            tf.exp(x)

    graph = built(make)
    assert is_equivalent(graph, awaited(graph, "many", "counted"), {"many", "asserted"} if alone else ()) == expected


@pytest.mark.parametrize("broadcast", [False, True])
def test_what_is_made_of_a_size_and_not_run_is_the_same_if_the_size_is(broadcast):
    """A moving average that the optimizer does not wait for is not run beside another."""

    def make():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        average, w = (v1.get_variable(name, [3], initializer=v1.zeros_initializer()) for name in ("average", "w"))
        other = raw.Shape(input=x[:1] if broadcast else tf.exp(x))
        axes = raw.BroadcastGradientArgs(s0=raw.Shape(input=x), s1=other, name="axes")
        v1.assign(average, tf.reshape(raw.Sum(input=x, axis=axes.r1), [-1])[:3])
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(x * w))

    graph = built(make)
    assert is_equivalent(graph, swapped(graph, "axes", 0, 1)) != broadcast


@pytest.mark.parametrize(("wait", "expected"), [("of_x", True), ("of_other", False), ("x", False)])
def test_what_waits_for_a_size_is_a_gradient_for_nobody_or_comes_behind_it(wait, expected):
    """What is fed has a gradient that nothing takes."""

    def make():
        x, other = (v1.placeholder(tf.float32, [None, 3], name=name) for name in ("x", "other"))
        raw.Shape(input=x, name="of_x")
        raw.Shape(input=other, name="of_other")
        w = v1.get_variable("w", [3], initializer=v1.ones_initializer(), use_resource=False)
        y = tf.exp(w + v1.placeholder(tf.float32, [3], name="fed"), name="power")
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y * y) + tf.reduce_sum(x * w))

    graph = built(make)
    node = "gradients/power_grad/mul"
    edit = awaited(graph, "gradients/Sum_grad/Reshape/shape", wait)
    assert {node, "gradients/Sum_grad/Reshape"} <= {one.name for one in graph.node}
    assert is_equivalent(graph, edit, {edit.node}) == expected


@pytest.mark.parametrize(("wait", "expected"), [("w/read", True), ("counted", False)])
def test_what_tells_in_which_branch_others_are_may_wait_for_what_these_wait_for(wait, expected):
    def make():
        counted()
        with control_flow_v1():
            w = v1.get_variable("w", [], initializer=v1.ones_initializer(), use_resource=False)
            v1.cond(v1.placeholder(tf.bool, []), lambda: w + 1.0, lambda: w - 1.0, name="cond")

    graph = built(make)
    assert is_equivalent(graph, awaited(graph, "cond/switch_t", wait)) == expected


def test_what_an_assertion_prints_may_have_to_be_fed_for_what_waits_for_it():
    def make():
        x, y = (v1.placeholder(tf.int32, [], name=name) for name in "xy")
        for taken in (x, y):
            asserted = raw.Assert(condition=x > 0, data=["wrong"], name=f"asserted_for_{taken.op.name}")
            with tf.control_dependencies([asserted]):
                tf.negative(taken)

    graph = built(make)
    for name, expected in (("y", True), ("x", False)):
        node = f"asserted_for_{name}"
        edit = planted(graph, "replaced input", node, lambda one: one.input.__setitem__(1, "y"), "input 1 is y, was …")
        edit.nodes[0].attr["T"].list.type[0] = tf.int32.as_datatype_enum
        assert is_equivalent(graph, edit) == expected, name


@pytest.mark.parametrize("broadcast", [False, True])
def test_what_is_inserted_before_sizes_is_told_by_runs(broadcast):
    def make():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        other = raw.Shape(input=x[:1] if broadcast else tf.exp(x))
        axes = raw.BroadcastGradientArgs(s0=other, s1=raw.Shape(input=x), name="axes")
        raw.Invert(x=axes.r0, name="inverted")
        raw.Sum(input=x, axis=axes.r0, name="total")

    graph = built(make)
    edit = planted(
        graph, "node inserted", "total", lambda one: one.input.__setitem__(1, "inverted"), "Invert before input 1"
    )
    assert is_equivalent(graph, edit) != broadcast


@pytest.mark.parametrize(("begin", "expected"), [(1, True), (0, False)])
def test_what_has_one_constant_value_may_be_swapped(begin, expected):
    """Here in what cannot be run: a table is not fed."""

    def make():
        x = v1.placeholder(tf.variant, [])
        shape = raw.TensorListElementShape(input_handle=x, shape_type=tf.int32)
        raw.Slice(input=shape, begin=tf.stack([tf.subtract(2, 2 - begin)]), size=[1], name="size")

    graph = built(make)
    assert is_equivalent(graph, swapped(graph, "size", 1, 2)) == expected


@pytest.mark.parametrize("broadcast", [False, True])
def test_gradients_of_a_sum_are_the_same_if_none_is_broadcast(broadcast):
    def make():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        w, v = (v1.get_variable(name, [3], initializer=v1.ones_initializer(), use_resource=False) for name in "wv")
        added = tf.add(w * x, v * (x[:1] if broadcast else tf.exp(x)), name="sum")
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.square(added)))

    graph = built(make)
    name, other = "gradients/sum_grad/tuple/control_dependency_1", "gradients/sum_grad/Reshape"
    edit = planted(graph, "replaced input", name, lambda one: one.input.__setitem__(0, other), "input 0 is …")
    assert is_equivalent(graph, edit) != broadcast


def test_how_much_an_assertion_prints_is_left_alone():
    x = built(lambda: raw.Assert(condition=v1.placeholder(tf.bool, []), data=["wrong"], summarize=5, name="asserted"))
    edited = [edit.what for edit in mutations.edits(x) if (edit.node, edit.kind) == ("asserted", "attribute")]
    assert not any("summarize" in what for what in edited)
