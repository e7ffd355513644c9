"""Dropout where `tf.gradients` makes the gradients of mask and scale for nobody, as programs that clip them do."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops

RATE = 0.5


def floor(x, keep, drawn):
    """Return what TensorFlow 1.0 keeps."""
    return x / keep * tf.floor(keep + drawn)


def compared(x, keep, drawn):
    """Return what TensorFlow 1.15 keeps."""
    rate = 1 - keep
    return x * (1 / (1 - rate)) * tf.cast(drawn >= rate, tf.float32)


def today(x, keep, _drawn):
    return tf.nn.dropout(x, rate=1 - keep, seed=7)


def program(dropped, fed=False, gated=False, looked_at=None, scale=2.0, twice=False, ranked=True, averaged=False):
    """Two layers and the gradient through the dropout between them.

    `fed`: what is kept is a placeholder. `gated`: the gradients of one op wait for each other. `looked_at`: what
    somebody may fetch, made of what went into the dropout, what came out, and the gradients there. `twice`: what is
    kept is dropped once more. `scale`: what all is multiplied by at the end. `ranked`: whether the rank is known of
    what is dropped. `averaged`: only averages are taken of what is kept.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        keep = floats(name="keep") if fed else 1 - RATE
        x, w = floats(None, 4), floats(4, 4, name="w")
        x = x if ranked else raw.PlaceholderWithDefault(input=x, shape=None)
        h = tf.nn.relu(tf.matmul(x, w))
        y = dropped(h, keep, tf.random_uniform(tf.shape(h), seed=7) if dropped is not today else None)
        if twice:
            y = dropped(y, keep, tf.random_uniform(tf.shape(y), seed=7) if dropped is not today else None)
        loss = tf.reduce_sum(scale * tf.square(tf.reduce_mean(y, 1) if averaged else y))
        to_h, to_y = tf.gradients(loss, [h, y], gate_gradients=gated)
        if looked_at:
            looked_at(h, y, to_h, to_y)
        out(tf.gradients(h, w, to_h)[0])
    return graph.as_graph_def()


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("old", [floor, compared])
def test_the_gradients_that_nobody_asked_for_are_of_the_formula(old, fed, gated, twice):
    found = audit(program(old, fed, gated, twice=twice), program(today, fed, gated, twice=twice))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]


@pytest.mark.long
@pytest.mark.parametrize("how", [{"ranked": False}, {"averaged": True}, {"ranked": False, "twice": True}], ids=str)
@pytest.mark.parametrize("old", [floor, compared])
def test_so_are_those_of_what_has_no_known_rank_or_is_averaged(old, how):
    found = audit(program(old, True, True, **how), program(today, True, True, **how))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    for mistake in ({"scale": 3.0}, {"twice": "twice" not in how}, {"averaged": "averaged" not in how}):
        assert audit(program(old, True, True, **how), program(today, True, True, **{**how, **mistake})).differences


def passed_back_twice(dropped, scale=1.0, other=None):
    """The gradients of one loss through a dropout without gates and with them, as of `tf.gradients` and `minimize`.

    `other`: of which of the two it is the gradient of another loss.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        x, w = floats(None, None, 4), floats(4, 4, name="w")
        keep = raw.PlaceholderWithDefault(input=1 - RATE, shape=None, name="keep")
        h = tf.tanh(tf.reshape(tf.matmul(tf.reshape(x, [-1, 4]), w), tf.shape(x)))
        y = dropped(h, keep, tf.random_uniform(tf.shape(h), seed=7) if dropped is not today else None)
        loss = scale * tf.reduce_sum(tf.square(y))
        for number, gated in enumerate([False, True]):
            one = loss + tf.reduce_sum(y) if other == number else loss
            raw.Identity(input=tf.gradients(one, w, gate_gradients=gated)[0], name=f"to_weights_{number}")
    return graph.as_graph_def()


@pytest.mark.parametrize("old", [floor, compared])
def test_two_backward_passes_share_what_they_make_for_nobody(old):
    found = audit(passed_back_twice(old), passed_back_twice(today))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    for mistake in ({"scale": 3.0}, {"other": 0}, {"other": 1}):
        assert audit(passed_back_twice(old), passed_back_twice(today, **mistake)).verdict == "not faithful"
        assert audit(passed_back_twice(old, **mistake), passed_back_twice(today)).verdict == "not faithful"


def branched(dropped, is_rate, other=False, elsewhere=False):
    """A dropout, in a branch, of what is fed as kept, or as the rate outside, and the gradient through it.

    `elsewhere`: what is kept is that of another branch, where nothing of it comes.
    """
    with tf.Graph().as_default() as graph, control_flow_v1():
        tf.set_random_seed(3)
        x, fed, w = floats(None, 4), floats(name="keep"), floats(4, 4, name="w")
        h = tf.matmul(x, w)

        def drop():
            keep = 1 - fed if is_rate else fed
            keep = keep * keep if other else keep
            return dropped(h, keep, tf.random_uniform(tf.shape(h), seed=7) if dropped is not today else None)

        y = tf.cond(raw.Less(x=raw.Sum(input=x, axis=[0, 1]), y=0.0), drop, lambda: h)
        out(tf.gradients(tf.square(y), w, gate_gradients=True)[0])
    graph_def = graph.as_graph_def()
    for node in graph_def.node if elsewhere else ():
        node.input[:] = [one.removesuffix(":1") if "sub/Switch" in one else one for one in node.input]
    return graph_def


@pytest.mark.parametrize("is_rate", [False, True])
@pytest.mark.parametrize("old", [floor, compared])
def test_what_is_kept_in_a_branch_may_be_fed(old, is_rate):
    found = audit(branched(old, is_rate), branched(today, is_rate))
    assert not found.differences, found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    for mistake in ({"is_rate": not is_rate}, {"other": True}, {"elsewhere": True}):
        assert audit(branched(old, is_rate), branched(today, **{"is_rate": is_rate, **mistake})).differences


@pytest.mark.parametrize("scale", [1.0, 3.0, -2.0])
def test_what_is_multiplied_beside_it_is_compared(scale):
    assert audit(program(floor), program(today, scale=scale)).verdict == "not faithful"


@pytest.mark.parametrize(
    "looked_at",
    [
        lambda h, y, to_h, to_y: tf.reduce_sum(h * to_h, 1),
        lambda h, y, to_h, to_y: tf.reduce_sum(h * to_y, 1),
        lambda h, y, to_h, to_y: y * to_y,
        lambda h, y, to_h, to_y: tf.where(h > 0, to_y, tf.zeros_like(y)),
    ],
    ids=["saliency", "saliency behind it", "of what is kept", "where it is positive"],
)
@pytest.mark.parametrize("old", [floor, compared])
def test_what_somebody_computes_of_a_gradient_is_compared(old, looked_at):
    assert not audit(program(old, looked_at=looked_at), program(today, looked_at=looked_at)).differences
    assert audit(program(old, looked_at=looked_at), program(today)).verdict == "not faithful"
    assert audit(program(old), program(today, looked_at=looked_at)).verdict == "not faithful"


def looped(dropped, scale=1.0, twice=False):
    """Three turns of a loop, a dropout in each, and the gradient for a weight; `twice`: with one for an output, too."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        tf.set_random_seed(3)
        x, w, keeps = floats(5, 4), floats(4, 4, name="w"), [floats(name=name) for name in ("keep", "other")]

        def turn(k, h, total):
            h = tf.tanh(tf.matmul(h, w))
            parts = [
                dropped(h, keep, tf.random_uniform(tf.shape(h), seed=7) if dropped is not today else None)
                for keep in (keeps if twice else keeps[:1])
            ]
            return k + 1, parts[0], total + tf.reduce_sum(parts[-1])

        state, total = tf.while_loop(lambda k, *_: k < 3, turn, [0, x, 0.0])[1:]
        out(tf.gradients(tf.reduce_sum(scale * tf.square(state)) + total, w)[0])
    return graph.as_graph_def()


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("old", [floor, compared])
def test_in_a_loop_these_gradients_pop_what_the_loop_has_kept(old, twice):
    found = audit(looped(old, twice=twice), looped(today, twice=twice))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    assert audit(looped(old), looped(today, scale=2.0)).verdict == "not faithful"


def of_rows(dropped, rows=0):
    """A dropout in a branch that keeps whole rows, as many as the tensor has, or as another axis has columns."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        tf.set_random_seed(3)
        x, w = floats(None, None, 4), floats(4, 4, name="w")
        h = tf.einsum("bij,jk->bik", x, w)
        count = tf.shape(x if rows else h)[rows]

        def in_branch():
            if dropped is today:
                return tf.nn.dropout(h, rate=RATE, seed=7, noise_shape=[count, 1, 4])
            return dropped(h, 1 - RATE, tf.random_uniform([count, 1, 4], seed=7))

        y = tf.cond(tf.placeholder(tf.bool, [], name="training"), in_branch, lambda: tf.identity(h))
        out(tf.gradients(tf.reduce_sum(tf.square(y)), w)[0])
    return graph.as_graph_def()


@pytest.mark.parametrize("old", [floor, compared])
def test_how_many_rows_are_drawn_in_a_branch_is_known(old):
    found = audit(of_rows(old), of_rows(today))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    assert audit(of_rows(old), of_rows(today, rows=1)).verdict == "not faithful"


def second(dropped, scale=1.0):
    """The gradient of a gradient through a dropout whose rate is fed, as networks for forces have it."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        keep, x, w = floats(name="keep"), floats(None, 4), floats(4, 4, name="w")
        h = tf.tanh(tf.matmul(x, w))
        y = dropped(h, keep, tf.random_uniform(tf.shape(h), seed=7) if dropped is not today else None)
        to_x = tf.gradients(tf.reduce_sum(tf.square(y)), x)[0]
        out(tf.gradients(tf.reduce_sum(scale * tf.square(to_x)), w)[0])
    return graph.as_graph_def()


@pytest.mark.parametrize("old", [floor, compared])
def test_the_gradient_of_its_gradient_is_of_the_formula(old):
    result = audit(second(old), second(today))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["dropout"])
    assert audit(second(old), second(today, scale=3.0)).verdict == "not faithful"


def by_hand(new, mistake=None):
    """What a program masks itself, divided by what is kept, and its gradient, which was summed over nothing."""
    x, gradient = floats(3, 4), raw.Exp(x=floats(3, 4, name="y"))
    mask = tf.floor(0.75 + tf.random_uniform([3, 4], seed=7))
    divided = raw.RealDiv(x=gradient, y=0.5 if mistake == "keep" else 0.75)
    if not new or mistake == "sum":
        total = raw.Sum(input=divided, axis=tf.constant([1] if mistake else [], tf.int32), keep_dims=bool(mistake))
        divided = total if mistake else raw.Reshape(tensor=total, shape=[3, 4])
    masked = raw.Mul(x=divided, y=tf.ones([3, 4]) if mistake == "mask" else mask)
    out(raw.Atan2(y=raw.RealDiv(x=x * mask, y=0.75), x=masked))


def test_a_gradient_may_be_summed_over_nothing_before_it_is_masked():
    old, new = built(by_hand, False), built(by_hand, True)
    proved(old, new)
    for mistake in ("keep", "sum", "mask"):
        assert audit(old, built(by_hand, True, mistake)).verdict == "not faithful"


def test_a_long_chain_behind_a_quotient_is_followed():
    with tf.Graph().as_default() as graph:
        x = floats(3, 4) / 0.5
        for _ in range(1200):
            x = tf.identity(x)
        out(tf.tanh(x))
    assert audit(graph.as_graph_def(), graph.as_graph_def()).verdict == "faithful"


def _noise(form, factor):
    """What is multiplied by a factor, and at random by 0: no dropout, which keeps the mean."""
    x, drawn = floats(3, 4), tf.random_uniform([3, 4], seed=1)
    mask = tf.floor(0.5 + drawn) if form == "floor" else drawn >= 0.5
    if form == "selected":
        return out(tf.where_v2(mask, x * factor, 0.0))
    return out((x / factor if form == "divided" else x * factor) * tf.cast(mask, tf.float32))


@pytest.mark.parametrize("form", ["compared", "floor", "selected", "divided"])
@pytest.mark.parametrize(("one", "other"), [(1500.0, 1499.0), (32767.0, 32768.0), (-1e9, -1e8), (1e-7, 2e-7)])
def test_a_factor_that_is_not_what_its_mask_keeps_counts_to_the_last_digit(form, one, other):
    old, new = (built(lambda _new, _, k=k: _noise(form, k), True) for k in (one, other))
    for producer in (21, 26, 134):
        old.versions.producer = producer
        assert audit(old, new).verdict == audit(new, old).verdict == "not faithful", producer
    assert audit(new, new).verdict == "faithful"
