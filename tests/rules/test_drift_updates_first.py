"""Every rule where all of it waits for an update, as a program's gradients do that come behind averages which move."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import CASES, proved, run

raw = tf.raw_ops
# What these rules take a wait for may be another than what replaces it has; such ports are called not faithful.
UNEXPLAINED = {
    *("counted down", "steps between numbers", "regularizers start from zero", "cycles of a decay", "key and counter"),
    *("nothing to wait for", "wide conditions", "mask of no length", "flipped or not"),
    *("case in case", "parts of a checkpoint", "one image", "numbers in a vector", "margins of an image"),
}


def update():
    return tf.assign_add(tf.Variable(0.0, use_resource=False, name="counted"), 1.0, name="an_update")


def behind(form, new, mistake=False):
    with tf.Graph().as_default() as graph, tf.control_dependencies([update()]):
        form(new, mistake)
    return _with_what_is_fed_copied(graph.as_graph_def())


def _with_what_is_fed_copied(graph_def):
    """Let a copy of what is fed wait for the update: what is fed itself waits for nothing."""
    for node in [node for node in graph_def.node if node.op == "Placeholder" and node.input]:
        copy = graph_def.node.add(name=node.name, op="Identity", input=[f"{node.name}/fed", *node.input])
        copy.attr["T"].CopyFrom(node.attr["dtype"])
        node.name = f"{node.name}/fed"
        del node.input[:]
    return graph_def


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_applies_behind_an_update(rule):
    old = behind(CASES[rule], False)
    expected = ("not faithful",) if rule in UNEXPLAINED else ("faithful", "numbers changed")
    assert audit(old, behind(CASES[rule], True)).verdict in expected
    assert audit(old, behind(CASES[rule], True, mistake=True)).verdict == "not faithful"


def _built(form, *given):
    with tf.Graph().as_default() as graph:
        form(*given)
        tf.variables_initializer(tf.global_variables(), name="init")
    return graph.as_graph_def()


def _normed(new, mistake=None):
    """A norm and its gradient: what is twice the tensor waits for the update, or what the gradient is handed on by."""
    x, gradient, moved = floats(4, 3), floats(4, name="g"), update()
    square = raw.Mul(x=x, y=x) if new else raw.Square(x=x)
    norm = raw.Sqrt(x=raw.Sum(input=square, axis=[1]))
    with tf.control_dependencies([moved] if mistake != "before" else []):
        column = raw.Reshape(tensor=raw.SqrtGrad(y=norm, dy=gradient), shape=[4, 1])
        spread = raw.BroadcastTo(input=column, shape=[4, 3])
    if new:
        out(raw.AddN(inputs=[raw.Mul(x=spread, y=x), raw.Mul(x=x, y=spread)]))
        return
    with tf.control_dependencies([moved]):
        twice = raw.Mul(x=2.0, y=x)
    out(raw.Mul(x=spread, y=twice))


def test_what_a_rule_wrote_may_wait_for_what_all_that_is_made_of_it_comes_behind():
    result = audit(_built(_normed, False), _built(_normed, True))
    assert (list(result.differences), {one.cause for one in result.numbers}) == ([], {"gradient of a norm"})
    for before in (None, "before"):
        assert audit(_built(_normed, False, before), _built(_normed, True, "before")).verdict == "not faithful"


def _squared(new, mistake=None):
    """The gradient of a squared difference, of which a constant waits for the update, as the difference does."""
    x, y, gradient, moved = floats(3), floats(3, name="y"), floats(3, name="g"), update()
    difference = raw.Sub(x=x, y=y)
    square = raw.SquaredDifference(x=x, y=y) if new else raw.Square(x=difference)
    with tf.control_dependencies([moved] if mistake != "before" else []):
        two = tf.constant(2.0)
        difference = raw.Sub(x=x, y=y) if new else difference
    back = [raw.Mul(x=two, y=gradient), difference] if new else [gradient, raw.Mul(x=two, y=difference)]
    out(raw.AddV2(x=square, y=raw.Mul(x=back[0], y=back[1])))


def test_the_gradient_of_a_squared_difference_waits_in_both_forms():
    proved(_built(_squared, False), _built(_squared, True))
    assert audit(_built(_squared, False), _built(_squared, True, "before")).verdict == "not faithful"


def _sliced(new, mistake=None):
    """A slice and its gradient, whose bounds are those of the slice, or made anew behind the update."""
    x, gradient, moved = floats(4, 3), floats(2, 3, name="g"), update()
    with tf.name_scope("port" if new else "original"):
        bounds = [tf.constant(one) for one in ([0, 0], [2, 3], [1, 1])]
        part = raw.StridedSlice(input=x, begin=bounds[0], end=bounds[1], strides=bounds[2])
    with tf.control_dependencies([moved] if mistake != "before" else []):
        arriving = raw.Tanh(x=gradient)
    with tf.control_dependencies([moved]), tf.name_scope("gradients"):
        bounds = [tf.constant(one) for one in ([0, 0], [2, 3], [1, 1])] if new else bounds
        shape = tf.constant([4, 3], name="size")
    whole = raw.StridedSliceGrad(shape=shape, begin=bounds[0], end=bounds[1], strides=bounds[2], dy=arriving)
    out(raw.AddV2(x=whole, y=raw.Sum(input=part, axis=[0])))


def test_bounds_that_a_gradient_makes_anew_wait_as_the_gradient_does():
    proved(_built(_sliced, False), _built(_sliced, True))
    assert audit(_built(_sliced, False), _built(_sliced, True, "before")).verdict == "not faithful"


def _looped(new, waiting="in the turn", begins=True, branch=None):
    """A loop behind two updates, in which something of the port waits for copies of them, which wait for a turn.

    `branch`: that the loop is in and the updates come into, where it is not another.
    """
    x, moved = floats(3), [update(), update()]
    with tf.control_dependencies(moved if begins else []):
        x = raw.Exp(x=x)
    if branch:
        holds = raw.Less(x=raw.Max(input=x, axis=[0]), y=2.0)
        other, x = raw.Switch(data=x, pred=holds)
        told = raw.Less(x=raw.Min(input=other, axis=[0]), y=2.0) if branch == "another" else holds
        moved = [raw.RefSwitch(data=one, pred=told).output_true for one in moved]
    entered = {"frame_name": "loop", "is_constant": True}
    limit, axis = (raw.Enter(data=one, **entered) for one in (1e9, [0]))
    merged = raw.Merge(inputs=[raw.Enter(data=x, frame_name="loop")] * 2)[0]
    test = raw.LoopCond(input=raw.Less(x=raw.Max(input=merged, axis=axis), y=limit))
    leave, stay = raw.Switch(data=merged, pred=test)
    turn = raw.Identity(input=stay, name="turn")
    inside = [raw.RefEnter(data=one, **entered) for one in moved if new]
    with tf.control_dependencies([turn]):
        copies = [raw.Identity(input=one, name="copy") for one in inside]
    with tf.control_dependencies(copies if waiting == "in the turn" else []):
        grown = raw.AddV2(x=stay, y=raw.Exp(x=stay))
    with tf.control_dependencies([merged, *(copies if "handed" in waiting else [])]):
        group = tf.no_op("group")
    with tf.control_dependencies([group]):
        left, kept = raw.Identity(input=leave), raw.Identity(input=grown)
    merged.op._update_input(1, raw.NextIteration(data=kept))
    ended = raw.Exit(data=left if waiting == "handed on" else leave)
    out(raw.Merge(inputs=[other, ended]).output if branch else ended)
    raw.Exit(data=left)


def test_what_runs_in_a_turn_need_not_wait_for_the_turn_by_a_copy():
    old = _built(_looped, False)
    result = audit(old, _built(_looped, True))
    assert (result.verdict, "waits from outside a loop" in result.rules) == ("faithful", True)
    assert run(old, 0) == run(_built(_looped, True), 0)


def test_what_is_updated_before_a_branch_is_awaited_in_a_loop_of_the_branch_as_outside():
    old, new = (_built(_looped, one, "in the turn", True, "the same") for one in (False, True))
    assert "waits from outside a loop" in audit(old, new).rules
    proved(old, new)
    assert audit(old, _built(_looped, True, "in the turn", True, "another")).verdict == "not faithful"
    alone = [_built(_looped, one, "in the turn", False, "the same") for one in (False, True)]
    assert audit(*alone).verdict == "not faithful"
    assert audit(old, alone[1]).verdict == "not faithful"


def test_what_waits_for_a_turn_may_leave_a_loop_without_its_last_value():
    mistaken = _built(_looped, True, "handed on")
    result = audit(_built(_looped, False, "handed on"), mistaken)
    assert result.verdict == "not faithful"
    assert "compute_gradients outside" in result.differences[0].what
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not have value"):
        run(mistaken, 0)


@pytest.mark.parametrize("outside", [True, False])
def test_todays_tensorflow_does_not_train_what_a_loop_begins_with_by_gradients_made_behind_an_update(outside):
    with tf.Graph().as_default(), control_flow_v1():
        weights = tf.Variable(tf.ones([3, 3]), use_resource=False)
        update = tf.assign_add(tf.Variable(0.0, trainable=False, use_resource=False), 1.0)
        first = tf.matmul(tf.ones([2, 3]), weights)
        _, last = tf.while_loop(lambda turn, _: turn < 3, lambda turn, x: [turn + 1, tf.sin(x)], [0, first])
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        gradients = optimizer.compute_gradients(last) if outside else None
        with tf.control_dependencies([update.op]):
            train = optimizer.apply_gradients(gradients) if outside else optimizer.minimize(last)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            assert (session.run(weights) != 1).all() == outside


def test_a_last_value_that_nothing_uses_may_wait_for_a_turn():
    proved(_built(_looped, False, "handed to nobody"), _built(_looped, True, "handed to nobody"))


def test_a_loop_that_is_not_behind_the_update_waits_for_it_in_the_turns_alone():
    old = _built(_looped, False, "in the turn", False)
    assert audit(old, _built(_looped, True, "in the turn", False)).verdict == "not faithful"


def _rows(new, mistake=None):
    """A tensor is reshaped to rows and then gets an axis of one element: how many rows is told, or left open."""
    x, y = floats(None, 2), floats(None, 2, name="y")
    size = raw.Shape(input=x)
    size = size[0] if mistake != "other" else size[1]
    image = raw.Relu(features=raw.Reshape(tensor=y, shape=[-1, 1, 1, 2]))
    rows = raw.Reshape(tensor=image, shape=[-1, 2] if new else tf.stack([size, 2]))
    last = [size, 2, 1] if mistake == "turned" else [size, 1, 2]
    out(raw.Tanh(x=raw.Reshape(tensor=rows, shape=tf.stack(last))))


def test_a_reshape_to_the_size_of_what_is_passed_over_is_no_other_size():
    def ranked():
        count = raw.Cast(x=floats(1, name="y"), DstT=tf.int32)
        row = raw.Reshape(tensor=floats(None), shape=tf.concat([[1], count], 0))
        out(raw.Reshape(tensor=row, shape=raw.Shape(input=row)[1:]))

    assert audit(_built(ranked), _built(ranked)).verdict == "faithful"


def test_a_reshape_in_between_may_leave_the_one_unknown_size_open():
    proved(_built(_rows, False), _built(_rows, True))
    for mistake in ("turned", "other"):
        assert audit(_built(_rows, False), _built(_rows, True, mistake)).verdict == "not faithful", mistake
