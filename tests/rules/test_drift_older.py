"""Masks, waits and stacks of loops, unused gradients: as the first releases wrote them, and mistakes beside."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.keras.layers.legacy_rnn import rnn_cell_impl

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _built(form, *args, producer=None, **options):
    with tf.Graph().as_default() as graph:
        form(*args, **options)
    graph_def = graph.as_graph_def()
    graph_def.versions.producer = producer or graph_def.versions.producer
    return graph_def


# The seeds of a wrapper.


def _dropped(salted, seed=42, inputs=0.7, outputs=0.5, of_graph=None, static=False):
    """A cell whose inputs and outputs are dropped; `salted`: by seeds made of the one that the program gives."""
    tf.disable_control_flow_v2()
    try:
        tf.set_random_seed(of_graph)
        x = floats(4, 3, 5)
        cell = rnn_cell_impl.DropoutWrapper(rnn_cell_impl.GRUCell(6), inputs, outputs, seed=seed)
        if not salted:
            cell._gen_seed = lambda *_: seed
        if static:
            y = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)[0][-1]
        else:
            y = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[0]
        out(y)
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y))
        tf.variables_initializer(tf.global_variables(), name="init")
    finally:
        tf.enable_control_flow_v2()


def _kept(graph_def):
    """Return which inputs were kept by the only mask of a graph, as it is drawn first."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("rnn/dropout/GreaterEqual:0")


@pytest.mark.long
@pytest.mark.parametrize(("seed", "static", "of_graph"), [(42, False, 3), (42, True, None), (0, True, 3)])
def test_a_wrapper_makes_a_seed_for_each_mask_of_the_one_it_is_given(seed, static, of_graph):
    given = {"seed": seed, "of_graph": of_graph, "static": static}
    old, new = _built(_dropped, False, producer=21, **given), _built(_dropped, True, **given)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["seeds of a wrapper"]
    assert "cell._gen_seed = lambda *_: seed" in result.numbers[0].advice
    assert audit(old, _built(_dropped, False, **given)).verdict == "faithful", "the port that the advice asks for"
    for mistake in ({"seed": seed + 1}, *([{"inputs": 0.6}, {"inputs": 0.5, "outputs": 0.7}] if static else [])):
        assert audit(old, _built(_dropped, True, **{**given, **mistake})).verdict == "not faithful"


def test_the_advice_on_the_seeds_of_a_wrapper_keeps_what_the_old_program_kept():
    given = {"outputs": 1.0, "static": True}
    old, new = (_built(_dropped, salted, **given) for salted in (False, True))
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = session.run(tf.random_uniform([4, 5], seed=42))
    np.testing.assert_array_equal(_kept(old), drawn >= np.float32(1.0 - 0.7))
    assert (_kept(old) != _kept(new)).any()


def test_a_seed_that_was_derived_for_a_wrapper_and_is_given_to_it_is_told_how_to_be_kept():
    """As where a port writes the seeds that the report lists."""
    old, new = (_built(_dropped, salted, outputs=1.0, static=True) for salted in (False, True))
    advised = [one.what for one in audit(old, new).differences if "seed2" in one.what]
    assert advised and all("write cell._gen_seed = lambda *_: 42 behind its cell" in one for one in advised), advised
    other = _built(_dropped, True, outputs=1.0, static=True, seed=43)
    assert "give it seed=42" in " ".join(one.what for one in audit(old, other).differences)


def test_a_seed_that_a_later_release_took_as_it_is_may_not_be_another():
    """TensorFlow 1.2 made them already; and no other op has such seeds."""
    old, new = (_built(_dropped, salted) for salted in (False, True))
    assert audit(old, new).verdict == "not faithful"
    assert audit(_built(_dropped, True, producer=21), _built(_dropped, False)).verdict == "not faithful"

    def drawn(seed):
        out(tf.random_normal([3], seed=seed))

    salted = 1222008005  # of 42, for the output
    assert audit(_built(drawn, 42, producer=21), _built(drawn, salted)).verdict == "not faithful"


# A softmax that a loop keeps for its gradient.


def _softmax(new, shape=(2, 3, 4), axis=-1, of_pushed=False, used="", log=False):
    """A softmax, pushed for its gradient; `used`: what of it is used besides."""
    x, gradient = floats(*shape), raw.Exp(x=floats(*shape, name="y"))
    rows = [1, 4] if len(shape) == 1 else [-1, 4]
    taken = x if new else raw.Reshape(tensor=x, shape=rows)
    soft = raw.Softmax(logits=raw.Neg(x=taken) if log else taken)
    stack = raw.StackV2(max_size=-1, elem_type=tf.float32)
    with tf.control_dependencies([push := raw.StackPushV2(handle=stack, elem=raw.Exp(x=soft) if of_pushed else soft)]):
        popped = raw.StackPopV2(handle=stack, elem_type=tf.float32)
    popped.set_shape(soft.shape)
    if new:
        total = raw.Sum(input=raw.Mul(x=gradient, y=popped), axis=[axis], keep_dims=True)
        back = raw.Mul(x=raw.Sub(x=gradient, y=total), y=popped)
    else:
        gradients = raw.Reshape(tensor=gradient, shape=rows)
        total = raw.Reshape(tensor=raw.Sum(input=raw.Mul(x=gradients, y=popped), axis=[1]), shape=[-1, 1])
        back = raw.Reshape(tensor=raw.Mul(x=raw.Sub(x=gradients, y=total), y=popped), shape=shape)
        soft = raw.Reshape(tensor=soft, shape=shape)
    besides = {"popped": popped, "pushed": push}.get(used)
    other = tf.reduce_max(besides) if used else 0.0
    out(raw.Atan2(y=raw.Sub(x=soft, y=other), x=back))


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (2, 1, 3, 4)])
def test_the_rows_of_a_softmax_are_kept_or_the_softmax_itself(shape):
    result = proved(_built(_softmax, False, shape), _built(_softmax, True, shape))
    assert "rows of a softmax" in result.rules
    for mistake in ({"of_pushed": True}, {"log": True}, *([{"axis": 1}] if len(shape) > 1 else [])):
        assert audit(_built(_softmax, False, shape), _built(_softmax, True, shape, **mistake)).verdict == "not faithful"


@pytest.mark.parametrize("used", ["popped", "pushed"])
def test_what_is_kept_of_a_softmax_stays_rows_where_it_is_used_besides(used):
    old, new = _built(_softmax, False, used=used), _built(_softmax, True, used=used)
    assert audit(old, old).verdict == audit(new, new).verdict == "faithful"
    assert audit(old, _built(_softmax, True)).verdict == audit(_built(_softmax, False), new).verdict == "not faithful"


def test_the_softmax_of_a_vector_has_its_gradient_though_nobody_knows_how_long_that_is():
    def form(new, mistake=False):
        x, begin, size = floats(4), raw.Placeholder(dtype=tf.int32, shape=[1]), tf.constant([1])
        soft = raw.Softmax(logits=x if new else raw.Reshape(tensor=x, shape=[1, 4]))
        taken = raw.Slice(input=soft if new else raw.Reshape(tensor=soft, shape=[4]), begin=begin, size=size)
        before = raw.Reshape(tensor=begin, shape=[1, 1])
        behind = raw.Reshape(tensor=raw.Sub(x=[3], y=begin), shape=[1, 1])
        back = raw.Pad(input=raw.Exp(x=taken), paddings=raw.ConcatV2(values=[before, behind], axis=1))
        if new:
            total = raw.Sum(input=raw.Mul(x=back, y=raw.Exp(x=soft) if mistake else soft), axis=[0], keep_dims=True)
            back = raw.Mul(x=raw.Sub(x=back, y=total), y=soft)
        else:
            back = raw.Reshape(tensor=back, shape=[1, 4])
            total = raw.Reshape(tensor=raw.Sum(input=raw.Mul(x=back, y=soft), axis=[1]), shape=[-1, 1])
            back = raw.Reshape(tensor=raw.Mul(x=raw.Sub(x=back, y=total), y=soft), shape=[4])
        out(back)

    old, new = _built(form, False), _built(form, True)
    assert audit(old, new).verdict == "faithful", audit(old, new).differences
    assert audit(old, _built(form, True, mistake=True)).verdict == "not faithful"
    found = []
    for graph_def in (old, new):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            feeds = {"x:0": [0.3, -2.0, 1.1, 0.7], "Placeholder:0": [2]}
            found.append(session.run("out:0", feeds).tobytes())
    assert found[0] == found[1]


# Gradients for a number that was spread.


def _second(unused, op=raw.Sum, axes=(0, 2), of_others=False, summed=False):
    """A gradient's gradient; `unused`: that for the number which the first spread over all elements is made too."""
    x = floats(5, 3)
    gradient, other = raw.Exp(x=x), raw.Tanh(x=x)
    out(raw.Mul(x=gradient, y=other))
    if unused:
        taken = raw.AddN(inputs=[gradient, other]) if summed else raw.Sin(x=gradient) if of_others else gradient
        op(input=raw.Reshape(tensor=taken, shape=[5, 1, 3, 1]), axis=axes, name="unused")


@pytest.mark.parametrize("summed", [False, True])
def test_the_gradient_for_a_number_that_was_spread_is_made_for_nothing(summed):
    result = proved(_built(_second, True, summed=summed), _built(_second, False))
    assert "unused gradients" in result.rules


@pytest.mark.parametrize("other", [{"op": raw.Max}, {"axes": (0,)}, {"axes": (2,)}], ids=list)
def test_whatever_else_nothing_uses_is_reported(other):
    assert audit(_built(_second, True, **other), _built(_second, False)).verdict == "not faithful"


def test_such_a_gradient_that_both_make_is_compared():
    old = _built(_second, True)
    assert audit(old, _built(_second, True, of_others=True)).verdict == "not faithful"
    assert audit(old, _built(_second, True, summed=True)).verdict == "not faithful"


# What a loop waits for.


def _looped(new, limit=True, zero=True, drawn=False, carried=True):
    """A loop behind an update; `new`: of what enters, only the limit waits for that; `drawn`: to a limit by chance."""
    count = raw.VariableV2(shape=[], dtype=tf.float32, name="count")
    raw.Assign(ref=count, value=0.0, name="init")
    update, x = raw.AssignAdd(ref=count, value=1.0), raw.Exp(x=floats(3))
    with tf.control_dependencies([update] if limit else []):
        turns = tf.constant(4)
    with tf.control_dependencies([update]):
        rows = raw.Identity(input=x)
    shape = [3] if new or not zero else raw.Shape(input=rows)  # of which the size is taken when the update is done
    start, step = (raw.Fill(dims=shape, value=value) for value in (0.0, 0.5))

    def asked(turn, _):
        least = tf.random_uniform([], 0, 2, tf.int32, seed=1) if drawn else 0
        return turn < (turns - least if drawn else turns)

    tf.disable_control_flow_v2()
    try:
        _, total = tf.while_loop(asked, lambda turn, total: (turn + 1, total * step + x), [0, start if carried else x])
    finally:
        tf.enable_control_flow_v2()
    with tf.control_dependencies([total]):
        out(raw.Add(x=raw.Add(x=total, y=rows), y=raw.Identity(input=count)))


@pytest.mark.parametrize("carried", [False, True])
def test_what_enters_a_loop_need_not_wait_for_what_its_condition_comes_behind(carried):
    old, new = _built(_looped, False, carried=carried), _built(_looped, True, carried=carried)
    proved(old, new)
    for mistake in ({"limit": False}, {"limit": False, "zero": False}):
        assert audit(old, _built(_looped, True, carried=carried, **mistake)).verdict == "not faithful"


def test_what_enters_waits_itself_where_the_condition_does_not():
    alone = [_built(_looped, new, limit=False) for new in (False, True)]
    assert audit(*alone).verdict == "not faithful"


def test_what_enters_need_not_wait_either_where_the_condition_draws_but_comes_behind():
    old, new = (_built(_looped, one, drawn=True) for one in (False, True))
    proved(old, new)
    assert audit(old, _built(_looped, True, drawn=True, limit=False)).verdict == "not faithful"


def _asked(new, begins=True, of_another=False):
    """A loop that begins behind an update; `new`: what is asked and done in it waits for a copy of that, or another."""
    counts = [raw.VariableV2(shape=[], dtype=tf.float32, name=name) for name in ("count", "another")]
    updates = [raw.AssignAdd(ref=raw.Assign(ref=count, value=0.0), value=1.0) for count in counts]
    with tf.control_dependencies(updates[:1] if begins else []):
        begun = tf.constant([0.0, 0.0, 0.0])
    entered = {"frame_name": "loop", "is_constant": True}
    merged = raw.Merge(inputs=[raw.Enter(data=begun, frame_name="loop")] * 2)[0]
    x, limit, axis = (raw.Enter(data=one, **entered) for one in (raw.Exp(x=floats(3)), 1e2, [0]))
    awaited = [raw.Identity(input=raw.RefEnter(data=updates[of_another], **entered))] if new else []
    with tf.control_dependencies(awaited):
        least = raw.Max(input=merged, axis=axis)
    with tf.control_dependencies(awaited):
        leave, stay = raw.Switch(data=merged, pred=raw.LoopCond(input=raw.Less(x=least, y=limit)))
    with tf.control_dependencies(awaited):
        merged.op._update_input(1, raw.NextIteration(data=raw.AddV2(x=stay, y=x)))
    left = raw.Exit(data=leave)
    with tf.control_dependencies([left]):
        out(raw.AddV2(x=left, y=raw.Identity(input=counts[0])))


def test_what_comes_behind_an_update_as_its_loop_does_need_not_wait_for_a_copy_of_that():
    old = _built(_asked, False)
    proved(old, _built(_asked, True))
    assert audit(old, _built(_asked, True, of_another=True)).verdict == "not faithful"
    for form in (True, False):
        assert audit(old, _built(_asked, form, begins=False)).verdict == "not faithful"
    assert audit(_built(_asked, False, begins=False), _built(_asked, True, begins=False)).verdict == "not faithful"


def _kept_in_a_branch(new, mistake=False, of_another=False, always=None):
    """What is kept in a branch, on a stack that was a reference; `always`: by a condition that is known."""
    x = raw.Exp(x=floats(3))
    condition = raw.Less(x=raw.Max(input=x, axis=[0]), y=2.0) if always is None else tf.constant(always)
    value = raw.Switch(data=x, pred=condition)
    if new:
        stack = raw.StackV2(max_size=3 if of_another else -1, elem_type=tf.float32)
        switch, push, pop = raw.Switch, raw.StackPushV2, raw.StackPopV2
    else:
        stack = raw.Stack(elem_type=tf.float32)
        switch, push, pop = raw.RefSwitch, raw.StackPush, raw.StackPop
    handle = switch(data=stack, pred=condition).output_true
    elem = raw.Exp(x=value.output_true) if mistake else value.output_true
    with tf.control_dependencies([push(handle=handle, elem=elem)]):
        popped = pop(handle=handle, elem_type=tf.float32)
    popped.set_shape([3])
    merged = raw.Merge(inputs=[raw.Tanh(x=popped), raw.Neg(x=value.output_false)])
    out(merged.output)


def test_a_stack_is_sent_into_a_branch_as_a_resource_or_as_a_reference():
    old, new = _built(_kept_in_a_branch, False), _built(_kept_in_a_branch, True)
    assert "stacks" in proved(old, new, seeds=10).rules
    for mistake in ({"mistake": True}, {"of_another": True}):
        assert audit(old, _built(_kept_in_a_branch, True, **mistake)).verdict == "not faithful"


def test_a_stack_is_sent_into_the_branch_of_a_condition_that_always_holds():
    old, new = (_built(_kept_in_a_branch, form, always=True) for form in (False, True))
    assert "condition that always holds" in proved(old, new).rules
    for mistake in ({"mistake": True, "always": True}, {"of_another": True, "always": True}, {"always": False}, {}):
        assert audit(old, _built(_kept_in_a_branch, True, **mistake)).verdict == "not faithful"


def test_a_variable_is_sent_into_a_branch_as_such():
    def form(switch):
        variable = raw.VariableV2(shape=[3], dtype=tf.float32)
        raw.Assign(ref=variable, value=[1.0, 2.0, 3.0], name="init")
        condition = raw.Less(x=raw.Max(input=floats(3), axis=[0]), y=2.0)
        chosen = switch(data=variable, pred=condition)
        out(raw.Merge(inputs=[raw.Exp(x=chosen[1]), raw.Neg(x=chosen[0])]).output)

    assert audit(_built(form, raw.RefSwitch), _built(form, raw.Switch)).verdict == "not faithful"


def _counted(new, mistake=False):
    """Two counts of rows behind an update, which takes what is behind another; `new`: of which one waits for that."""
    counts = [raw.VariableV2(shape=[], dtype=tf.float32, name=name) for name in "ab"]
    x = raw.Exp(x=floats(None, 3))
    with tf.control_dependencies([raw.Assign(ref=counts[0], value=1.0)]):
        rows = raw.Mul(x=x, y=tf.constant(1.5))
    with tf.control_dependencies([raw.Assign(ref=counts[1], value=raw.Max(input=rows, axis=[0, 1]))]):
        numbers = [raw.Cast(x=raw.Shape(input=one)[k], DstT=tf.float32) for k, one in ((0, rows if new else x), (0, x))]
        if mistake:
            numbers[0] = raw.Cast(x=raw.Size(input=x), DstT=tf.float32)
    out(raw.Atan2(y=raw.Mul(x=rows, y=numbers[0]), x=raw.Add(x=rows, y=numbers[1])))


def test_what_differs_in_waits_alone_that_others_imply_is_one():
    proved(_built(_counted, False), _built(_counted, True))
    assert audit(_built(_counted, False), _built(_counted, True, mistake=True)).verdict == "not faithful"


def _looked_up(new, device="/cpu:0", others=False, limit=None):
    """Rows of what is placed anywhere, looked up on the CPU: beside their variable, and copied there.

    `limit`: of their norms, by which they are clipped.
    """
    table = raw.VariableV2(shape=[5, 3], dtype=tf.float32, name="table")
    raw.Assign(ref=table, value=np.arange(15, dtype=np.float32).reshape(5, 3), name="init")
    read = raw.Identity(input=table)
    rows = raw.Cast(x=raw.Minimum(x=raw.Abs(x=floats(4)), y=4.0), DstT=tf.int32)
    with tf.colocate_with(table):
        found = raw.GatherV2(params=read, indices=rows, axis=0) if new else raw.Gather(params=read, indices=rows)
        if limit:
            norm = raw.Sqrt(x=raw.Sum(input=raw.Mul(x=found, y=found), axis=[1], keep_dims=True))
            clipped = raw.RealDiv(x=raw.Mul(x=found, y=limit), y=raw.Maximum(x=norm, y=limit))
            found = raw.Identity(input=clipped)
    with tf.device(device):
        found = raw.Identity(input=found) if new else found
    out(raw.Neg(x=raw.Tanh(x=found) if others else found))


def test_rows_that_are_looked_up_on_the_cpu_are_copied_there():
    for limit in (None, 2.0):
        old = _built(_looked_up, False, limit=limit)
        assert "copied rows" in proved(old, _built(_looked_up, True, limit=limit)).rules
        for mistake in ({"device": "/gpu:0"}, {"others": True}, {"limit": 1.0}):
            assert audit(old, _built(_looked_up, True, **{"limit": limit, **mistake})).verdict == "not faithful"
