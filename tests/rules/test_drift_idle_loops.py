"""Backward loops that never run, as TensorFlow made for what comes of weights by comparisons alone."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.eager import backprop_util

from compat_v1.audit import audit
from compat_v1.audit.graph import Graph
from compat_v1.audit.idle_loops import without
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved

raw, trainable = tf.raw_ops, backprop_util.IsTrainable


def looked_for_in(patch, *types):
    """Let TensorFlow look for gradients in whole numbers or the like, too, as it did once."""
    patch.setattr(backprop_util, "IsTrainable", lambda tensor: tensor.dtype in types or trainable(tensor))


def compared(x):
    return raw.Cast(x=raw.Greater(x=x, y=0.5), DstT=tf.float32)


def masked(old, mistake="", step=compared, taken=True, behind=False):
    """A loss of rows, of which some count more, with its gradient; `old`: looked for in the loop that says which, too.

    `step`: what that loop computes. `taken`: whether the gradient is, or only stands there to be fetched. `behind`: it
    waits for an assertion.
    """
    with tf.Graph().as_default(), control_flow_v1(), pytest.MonkeyPatch.context() as patch:
        if old:
            looked_for_in(patch, tf.bool)
        x = floats(5, 3)
        rows = raw.Tanh(x=x)

        def say(row):
            total = raw.Sum(input=rows[row], axis=[0])
            return step(x=raw.Mul(x=total, y=3.0 if mistake == "mask" else 2.0))

        mask = tf.map_fn(say, tf.range(5), tf.float32)
        loss = raw.Mul(x=raw.Reshape(tensor=mask, shape=[5, 1]), y=raw.Square(x=rows))
        asked = [raw.Assert(condition=raw.All(input=x < 1e9, axis=[0, 1]), data=[x])] if behind else []
        with tf.control_dependencies([] if mistake == "wait" else asked):
            (gradient,) = tf.gradients(loss, x, gate_gradients=True)
        out(raw.Exp(x=raw.Neg(x=gradient) if mistake == "sign" else gradient if taken else loss))
        return tf.get_default_graph().as_graph_def()


@pytest.mark.parametrize("behind", [False, True])
def test_a_backward_loop_that_gives_no_gradient_never_runs(behind):
    old, new = masked(True, behind=behind), masked(False, behind=behind)
    assert without(Graph(old)) is not None and without(Graph(new)) is None
    proved(old, new)
    assert audit(old, old).verdict == "faithful"
    for mistake in ("mask", "sign", *["wait"] * behind):
        assert audit(old, masked(False, mistake, behind=behind)).verdict == "not faithful", mistake


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("taken", [False, True])
def test_one_that_gives_a_gradient_runs_or_may_be_asked_for(taken, behind):
    assert without(Graph(masked(True, step=raw.Exp, taken=taken, behind=behind))) is None


def test_a_gradient_that_leaves_a_loop_may_be_asked_for_though_nothing_takes_it():
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = floats(3)
        _, total = tf.while_loop(lambda i, _: i < 4, lambda i, total: (i + 1, total + tf.exp(x)), [0, tf.zeros([3])])
        (gradient,) = tf.gradients(total, x)
    assert gradient.op.type == "Exit" and not gradient.consumers()
    assert without(Graph(graph.as_graph_def())) is None


def decoded(old, mistake="", chosen="", nested=False):
    """What a loop says, with the gradient: it goes on from the word that it said last.

    `old`: the gradient is looked for in that word, too, but not in the first, which is a constant. `chosen`: it goes on
    from that word or, in a branch, from what was "seen" or "told"; `nested`: the words are said in a loop in the loop.
    """
    with tf.Graph().as_default(), control_flow_v1(), pytest.MonkeyPatch.context() as patch:
        if old:
            looked_for_in(patch, tf.int64)
        x = floats(5, 3)

        def say(i, state, word, total):
            if chosen:
                other = tf.constant(0.5, shape=[5, 3]) if chosen == "told" else state
                word = tf.cond(i > 1, lambda: word, lambda: (raw.Cos if mistake == "branch" else raw.Sin)(x=other))
            state = raw.Tanh(x=raw.Add(x=state, y=raw.Mul(x=word, y=2.0)))
            said = (tf.argmin if mistake == "word" else tf.argmax)(state, 1)
            said = raw.Softmax(logits=state) if mistake == "trained" else tf.one_hot(said, 3)
            return i + 1, state, word if mistake == "last" else said, total + tf.reduce_sum(tf.square(state))

        def turn(i, *given):
            *_, state, word, total = loop(say, tf.constant(0), *given)
            return i + 1, state, word, total

        def loop(body, *first):
            return tf.while_loop(lambda i, *_: i < 3, body, first)

        *_, total = loop(turn if nested else say, tf.constant(0), x, tf.constant(0.25, shape=[5, 3]), tf.constant(0.0))
        (gradient,) = tf.gradients(total, x, gate_gradients=True)
        out(raw.Exp(x=raw.Neg(x=gradient) if mistake == "sign" else gradient))
        found, left = tf.get_default_graph().as_graph_def(), tf.GraphDef()
        taken = {one for node in found.node for one in node.input}
        left.node.extend(one for one in found.node if one.name in taken or not (old and one.name.endswith("grad/Exit")))
        return left


@pytest.mark.long
@pytest.mark.parametrize("form", [{}, {"chosen": "seen"}, {"chosen": "told"}, {"nested": True}], ids=str)
def test_what_whole_numbers_decide_has_no_gradient_in_the_next_turn(form):
    old, new = decoded(True, **form), decoded(False, **form)
    assert without(Graph(old)) is not None
    proved(old, new)
    for mistake in ("word", "trained", "last", "sign", *["branch"] * ("chosen" in form)):
        assert audit(old, decoded(False, mistake, **form)).verdict == "not faithful", mistake


def held(old, mistake="", step=compared, turns=10, rows=4):
    """The gradient of a state that a mask, of the state, holds; `old`: one is looked for in the mask, too, for nobody.

    `turns`: how many at a time.
    """
    with tf.Graph().as_default(), control_flow_v1(), pytest.MonkeyPatch.context() as patch:
        if old:
            looked_for_in(patch, tf.bool)
        x = floats(rows, 3)

        def turn(i, state):
            going = step(x=tf.reduce_sum(state, 1, keepdims=True))
            new = raw.Tanh(x=raw.Mul(x=state, y=3.0 if mistake == "factor" else 2.0))
            return i + 1, going * new + ((2.0 if mistake == "mask" else 1.0) - going) * state

        first = [tf.constant(0), x]
        _, last = tf.while_loop(lambda i, _: i < 5, turn, first, parallel_iterations=turns)
        (gradient,) = tf.gradients(last, x)
        out(raw.Exp(x=raw.Neg(x=gradient) if mistake == "sign" else gradient))
        return tf.get_default_graph().as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("rows", [4, None])
@pytest.mark.parametrize("turns", [1, 10])
@pytest.mark.parametrize("step", [compared, lambda x: raw.Sin(x=compared(x))], ids=["mask", "of mask"])
def test_the_gradients_of_a_mask_in_a_loop_without_gates_are_for_nobody(step, turns, rows):
    form = {"step": step, "turns": turns, "rows": rows}
    old, new = held(True, **form), held(False, **form)
    assert len(old.node) > len(new.node)
    proved(old, new)
    for mistake in ("factor", "mask", "sign"):
        assert audit(old, held(False, mistake, **form)).verdict == "not faithful", mistake


def chosen(old, mistake="", turns=10):
    """What a loop hands on, of two branches; `old`: a gradient is looked for in what is chosen from, too, for nobody.

    The softmax's was reshaped, which tells nothing of how many axes there are where the branches do not.
    """
    with tf.Graph().as_default(), control_flow_v1(), pytest.MonkeyPatch.context() as patch:
        if old:
            looked_for_in(patch, tf.bool)
        x, others = floats(None, 3), floats(None, 3, name="others")

        @tf.custom_gradient
        def softmax(logits):
            soft = raw.Softmax(logits=logits)

            def gradient(given):
                total = raw.Sum(input=given * soft, axis=[1] if old else [-1], keep_dims=not old)
                return (given - (raw.Reshape(tensor=total, shape=[-1, 1]) if old else total)) * soft

            return soft, gradient

        def turn(i, state):
            state = softmax(raw.Tanh(x=raw.Mul(x=state, y=3.0 if mistake == "factor" else 2.0)))
            factor = 0.25 if mistake == "branch" else 0.5
            state = tf.cond(tf.reduce_mean(state) > 0.3, lambda: state * factor, lambda: state + others)
            return i + 1, state

        shapes = [tf.TensorShape([]), tf.TensorShape([None, 3])]
        _, last = tf.while_loop(lambda i, _: i < 5, turn, [tf.constant(0), x], shapes, parallel_iterations=turns)
        (gradient,) = tf.gradients(raw.Square(x=last), x)
        out(raw.Exp(x=raw.Neg(x=gradient) if mistake == "sign" else gradient))
        return tf.get_default_graph().as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("turns", [1, 10])
def test_the_gradient_of_what_a_branch_in_a_loop_takes_is_for_nobody(turns):
    old, new = chosen(True, turns=turns), chosen(False, turns=turns)
    assert len(old.node) > len(new.node)
    proved(old, new)
    for mistake in ("factor", "branch", "sign"):
        assert audit(old, chosen(False, mistake, turns=turns)).verdict == "not faithful", mistake


def normalized(old, mistake=""):
    """What moves an average in a loop never runs; what normalizes there is given that average by now, for nothing."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, scale = floats(2, 4, 4, 3), floats(3, name="scale")
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), use_resource=False)

        def turn(state):
            given = [] if old else mean
            found = raw.FusedBatchNormV3(
                x=state, scale=scale, offset=scale, mean=given, variance=given, is_training=mistake != "average"
            )
            raw.Sub(x=mean, y=found.batch_mean)
            return raw.Sin(x=found.y) if mistake == "op" else raw.Tanh(x=found.y)

        out(tf.while_loop(lambda _: tf.constant(True), turn, [x], maximum_iterations=2))
    return graph.as_graph_def()


def test_an_average_enters_a_loop_for_what_does_not_read_it():
    assert audit(normalized(True), normalized(False)).verdict == "faithful"
    for mistake in ("average", "op"):
        assert audit(normalized(True), normalized(False, mistake)).verdict == "not faithful", mistake


def sent(old, mistake=""):
    """A branch in a loop where one graph makes a constant, and the other takes what is sent there alone."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, asked = floats(3), tf.placeholder(tf.bool, [], name="asked")

        def zeros(state):
            return raw.ZerosLike(x=state) if old else tf.fill([3], 1.0 if mistake else 0.0)

        def turn(state):
            chosen = tf.cond(asked, lambda: raw.Maximum(x=state, y=zeros(raw.Identity(input=state))), lambda: state)
            return raw.Sin(x=chosen)

        out(tf.while_loop(lambda _: tf.constant(True), turn, [x], maximum_iterations=2))
    return graph.as_graph_def()


def test_what_tells_the_branch_in_a_loop_stands_there_though_one_graph_makes_nothing_for_it():
    assert audit(sent(True), sent(False)).verdict == "faithful"
    assert audit(sent(True), sent(False, "one")).verdict == "not faithful"
