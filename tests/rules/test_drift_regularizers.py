"""The regularizers of tf.keras.regularizers, as TensorFlow wrote them: a cause, and no mistake beside it hides."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit

raw = tf.raw_ops
KINDS = ("squares", "absolute values", "both")


@functools.cache
def regularized(kind, new, mistake="", rates=(0.01, 0.02), awaited=None, times=1, ones=(), again=0.0, gated=False):
    """Return a graph of a loss with two regularized weights, and of its gradients; `awaited`: x is checked first.

    `times`: how often the regularizers are added to the loss; `ones`: axes of one element before those of the weights;
    `again`: a factor of what other gradients are of; `gated`: gradients are handed on when all of an op's are made, as
    `minimize` does.
    """
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [5, 4], name="x")
        w, v = (tf.placeholder(tf.float32, [*ones, 4, 4], name=name) for name in "wv")
        terms = [_term(w, kind, rates[0], new, mistake), _term(v, kind, rates[1], new, "")]
        if mistake == "one alone":
            terms = terms[:1]
        elif mistake == "weights":
            terms[1] = _term(w, kind, rates[1], new, "")
        loss = tf.matmul(tf.matmul(x, tf.reshape(w, [4, 4])), tf.reshape(v, [4, 4]))
        loss = tf.add_n([tf.reduce_mean(tf.square(loss, name="errors") if again else tf.tanh(loss)), *(terms * times)])
        check = [tf.Assert(tf.reduce_all(tf.less(x, awaited)), ["too large"])] if awaited else []
        with tf.control_dependencies(check):
            gradients = tf.gradients(loss, [w, v], gate_gradients=gated)
            others = tf.gradients(loss * tf.exp(x[0, 0] * again), [w]) if again else []
        for name, gradient in zip("wv", gradients, strict=True):
            tf.exp(gradient, name=f"gradient_{name}")
        for gradient in others:
            tf.exp(gradient)
        if mistake == "used":
            tf.exp(tf.reduce_sum(tf.square(w)) if not new else 2 * tf.nn.l2_loss(w), name="norm")
        tf.identity(loss, name="loss")
    return graph.as_graph_def()


def _term(w, kind, rate, new, mistake):
    rate = {"half": rate / 2, "other": rate * 10}.get(mistake, rate)
    squares = lambda: (2.0 * rate) * tf.nn.l2_loss(w) if new else rate * tf.reduce_sum(tf.square(w))  # noqa: E731
    if kind == "squares":
        return squares() if new else 0.0 + squares()
    absolute = rate * tf.reduce_sum(tf.abs(w))
    if kind == "absolute values":
        return absolute if new else 0.0 + absolute
    return 0.0 + absolute + squares()


def runs(graph_def):
    """Run a graph on the random inputs of some seeds; return the loss and both gradients of each run."""
    found = []
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        for seed in range(5):
            rng = np.random.RandomState(seed)
            feeds = {f"{name}:0": rng.randn(*graph.get_tensor_by_name(f"{name}:0").shape) for name in "xwv"}
            found.append(session.run(["loss:0", "gradient_w:0", "gradient_v:0"], feeds))
    return found


def audit_of_alike(kind, old, new):
    """Assert that both forms give the same, but for the last bits of squares, and no differences; return the audit."""
    for both in zip(runs(old), runs(new), strict=True):
        for one, other in zip(*both, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
            assert kind != "absolute values" or one.tobytes() == other.tobytes()
    result = audit(old, new)
    assert not result.differences, result.differences
    return result


@pytest.mark.parametrize("ones", [(), (1, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_are_the_same_but_for_the_last_bits(kind, ones):
    old, new = regularized(kind, False, ones=ones), regularized(kind, True, ones=ones)
    result = audit_of_alike(kind, old, new)
    causes = [] if kind == "absolute values" else ["regularizer of squares"]
    assert [one.cause for one in result.numbers if one.cause != "order of a sum"] == causes
    for mistake in ("half", "other", "one alone", "weights"):
        assert audit(old, regularized(kind, True, mistake, ones=ones)).verdict == "not faithful"


@pytest.mark.parametrize("kind", KINDS)
def test_regularizers_of_one_rate_have_gradients_in_common(kind):
    """What is computed for each of them in the older form, and once in the newer."""
    rates = (0.02, 0.02)
    old, new = regularized(kind, False, rates=rates), regularized(kind, True, rates=rates)
    audit_of_alike(kind, old, new)
    for mistake in ("half", "other", "one alone", "weights"):
        assert audit(old, regularized(kind, True, mistake, rates)).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_that_are_handed_on_together_are_those_of_one_term_less(kind):
    old = regularized(kind, False, gated=True)
    audit_of_alike(kind, old, regularized(kind, True, gated=True))
    for mistake in ("half", "other", "one alone", "weights"):
        assert audit(old, regularized(kind, True, mistake, gated=True)).verdict == "not faithful"
    old = regularized(kind, False, awaited=9.0, gated=True)
    assert not audit(old, regularized(kind, True, awaited=9.0, gated=True)).differences
    for awaited in (8.0, None):
        assert audit(old, regularized(kind, True, awaited=awaited, gated=True)).verdict == "not faithful"


def test_what_a_gradient_that_is_no_more_waited_for_is_compared():
    def checked(new):
        graph_def = regularized("squares", new, gated=True)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
            tf.Assert(tf.reduce_all(graph.get_tensor_by_name("x:0") < 9.0), ["too large"], name="check")
        return graph.as_graph_def()

    old = checked(False)
    assert not audit(old, checked(True)).differences
    of_sums_with_zero = [node for node in old.node if node.op == "NoOp" and node.name.startswith("gradients/add_")]
    for node in of_sums_with_zero:
        node.input.append("^check/Assert")
    assert len(of_sums_with_zero) == 2
    assert audit(old, checked(True)).verdict == "not faithful"


@pytest.mark.parametrize(("kind", "times"), [*((kind, 1) for kind in KINDS), *((kind, 2) for kind in KINDS[:2])])
def test_what_the_gradients_of_regularizers_wait_for_is_compared(kind, times):
    old = regularized(kind, False, awaited=9.0, times=times)
    result = audit(old, regularized(kind, True, awaited=9.0, times=times))
    assert not result.differences, result.differences
    assert audit(old, regularized(kind, True, awaited=8.0, times=times)).verdict == "not faithful"
    assert audit(old, regularized(kind, True, times=times)).verdict == "not faithful"
    without = regularized(kind, False, times=times)
    assert audit(without, regularized(kind, True, awaited=9.0, times=times)).verdict == "not faithful"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mistake", ["half", "other", "one alone", "weights"])
def test_mistakes_are_reported(kind, mistake):
    assert audit(regularized(kind, False), regularized(kind, True, mistake)).verdict == "not faithful"


def test_another_kind_is_a_mistake():
    for kind in KINDS:
        for other in set(KINDS) - {kind}:
            assert audit(regularized(kind, False), regularized(other, True)).verdict == "not faithful"


def test_a_sum_of_squares_that_something_else_uses_stays():
    assert audit(regularized("squares", False, "used"), regularized("squares", True, "used")).verdict == "not faithful"
    assert audit(regularized("squares", False, "used"), regularized("squares", False, "used")).verdict == "faithful"


def test_a_loss_with_regularizers_is_minimized_twice():
    def form(new, again=3.0):
        return regularized("squares", new, awaited=1e9, again=again)

    result = audit(form(False), form(True))
    assert not result.differences and {one.cause for one in result.numbers} == {"regularizer of squares"}
    assert audit(form(False), form(True, again=2.0)).verdict == "not faithful"
