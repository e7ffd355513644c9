"""What changed numbers between TensorFlow 1.0 and 1.15 in cells, loops and moments: a cause, that hides no mistake."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit

raw = tf.raw_ops
SHAPE = (4, 5, 6)


def gates(new, mistake, x):
    """The gates of a GRU and their gradients."""
    rows, gradient = tf.reshape(x, [20, 6]), tf.reshape(tf.sin(x), [20, 6])
    halves = [gradient[:, :3], gradient[:, 3:]]
    if not new:
        squashed = [raw.Sigmoid(x=part) for part in tf.split(rows, 2, 1)]
        back = [raw.SigmoidGrad(y=one, dy=half) for one, half in zip(squashed, halves, strict=True)]
        return tf.concat([squashed[0] * squashed[1], tf.concat(back, 1)], 1)
    whole = raw.Sigmoid(x=rows)
    squashed = tf.split(whole, 2, 1)
    back = raw.SigmoidGrad(y=whole, dy=tf.concat(halves[::-1] if mistake else halves, 1))
    return tf.concat([squashed[0] * squashed[1], back], 1)


def longest(new, mistake, x, lengths=None, steps=6):
    """A recurrent state that stands still when its sequence is over, and the gradient of its weights."""
    lengths = tf.placeholder_with_default([1, 3, 2, 3], [4]) if lengths is None else lengths
    weights = tf.sin(x[0, :, :5] * 9.0)
    inputs = tf.TensorArray(tf.float32, 6).unstack(tf.transpose(x, [2, 0, 1]))
    steps = tf.convert_to_tensor(steps)
    most = tf.reduce_max(lengths)  # the old releases made it for nothing
    end = tf.minimum(steps, tf.maximum(1, most)) if new else steps

    def turn(time, outputs, state):
        is_over = raw.GreaterEqual(x=time, y=lengths)
        then = tf.tanh(tf.matmul(state, weights) + inputs.read(time))
        written = raw.Select(condition=is_over, x=tf.zeros([4, 5]), y=then)
        return (
            time + 1,
            outputs.write(time, written),
            then if mistake else raw.Select(condition=is_over, x=state, y=then),
        )

    begin = [tf.constant(0), tf.TensorArray(tf.float32, 6, element_shape=[4, 5]), tf.zeros([4, 5])]
    _, outputs, state = tf.while_loop(lambda time, *_: time < end, turn, begin)
    total = tf.reduce_sum(outputs.stack()) + tf.reduce_sum(state * x[:, :, 0])
    return tf.gradients(total, weights)[0] + total


def longest_twice(new, mistake, x):
    """Two loops over sequences of the same lengths, of which each counts the steps of what it reads itself."""
    lengths = tf.placeholder_with_default([1, 3, 2, 3], [4])
    sizes = [tf.constant([6, 4, width])[0] for width in (5, 5 if mistake else 9)]
    return sum(longest(new, False, part, lengths, steps) for part, steps in zip((x, -x), sizes, strict=True))


def moments(new, mistake, x, keep=False):
    """Mean and variance, and what goes back through both, as TensorFlow's gradients write it."""
    kept = [1, 1, 6]
    average = raw.Mean(input=x, axis=[0, 1], keep_dims=True)
    shift = raw.StopGradient(input=average)
    squares = raw.SquaredDifference(x=x, y=shift)
    if new:
        mean, variance = average, raw.Mean(input=squares, axis=[0, 1], keep_dims=True)
        if not keep:
            mean, variance = (raw.Squeeze(input=one, axis=[0, 1]) for one in (mean, variance))
    else:
        left = raw.Sub(x=x, y=shift)
        total, of_squares = (raw.Sum(input=one, axis=[0, 1], keep_dims=keep) for one in (left, squares))
        with tf.control_dependencies([total, of_squares]):
            inverse = raw.Reciprocal(x=tf.constant(20.0))
        rest = raw.Mul(x=total, y=inverse)
        mean = raw.AddV2(x=rest, y=shift if keep else raw.Reshape(tensor=shift, shape=[6]))
        variance = raw.Sub(x=raw.Mul(x=of_squares, y=inverse), y=raw.Square(x=rest))
    of_mean, of_variance = tf.cos(mean), tf.rsqrt(variance)
    if mistake:
        of_mean, of_variance = of_variance, of_mean

    def spread(gradient):
        return raw.BroadcastTo(input=raw.Reshape(tensor=gradient, shape=kept), shape=x.shape.as_list())

    if new:
        of_mean, of_variance = (raw.RealDiv(x=spread(one), y=20.0) for one in (of_mean, of_variance))
    else:
        corrected = raw.Mul(x=raw.Neg(x=of_variance), y=raw.Mul(x=2.0, y=rest))
        of_mean, of_variance = (
            spread(raw.Mul(x=one, y=inverse)) for one in (raw.AddN(inputs=[of_mean, corrected]), of_variance)
        )
    back = raw.Mul(x=raw.Mul(x=2.0, y=of_variance), y=raw.Sub(x=x, y=shift))
    return raw.AddN(inputs=[back, of_mean]) + mean * variance


def moments_kept(new, mistake, x):
    return moments(new, mistake, x, keep=True)


def moments_twice(new, mistake, x):
    """Those of one tensor with its axes and without: their sums are the same."""
    return moments(new, mistake, x, keep=True) + moments(new, mistake, x) * 2.0


def moments_of_one_image(new, mistake, x):
    return moments(new, mistake, tf.reshape(x, [1, 20, 6]))


def exponents(new, mistake, x):
    """The logarithm of a sum of exponentials."""
    x = x * (3.0 if mistake is True else 2.0)
    most = raw.Max(input=x, axis=[2], keep_dims=True)
    if new:
        most = raw.SelectV2(condition=raw.IsFinite(x=most), t=most, e=tf.zeros([4, 5, 1]))
    most = raw.StopGradient(input=most)
    left = raw.Sub(x=raw.Neg(x=x) if mistake == "others" else x, y=most)
    total = raw.Sum(input=raw.Exp(x=left), axis=[2], keep_dims=True)
    total = total if mistake == "sum" else raw.Log(x=total)
    if mistake in ("alone", "besides"):
        return left if mistake == "alone" else raw.AddV2(x=total, y=most) + tf.reduce_sum(most)
    most = most if mistake == "kept" else raw.Reshape(tensor=most, shape=raw.Shape(input=total))
    return raw.AddV2(x=total, y=-most if mistake == "less" else most)


def decay(new, mistake, x, in_steps=False, steps=None):
    """A rate that falls by a natural power."""
    steps = raw.Cast(x=tf.placeholder_with_default(30, []), DstT=tf.float32) if steps is None else steps
    part = raw.RealDiv(x=steps, y=100.0)
    part = raw.Floor(x=part) if in_steps else part
    negated = raw.Neg(x=tf.constant(0.5 if mistake else 0.96))
    return raw.Mul(x=x, y=raw.Pow(x=raw.Exp(x=negated), y=part) if new else raw.Exp(x=raw.Mul(x=negated, y=part)))


def decay_in_steps(new, mistake, x):
    """The same by a whole number."""
    return decay(new, mistake, x, in_steps=True)


def decay_by_a_variable(new, mistake, x):
    """The same where the steps are counted in floats, as by tf.get_variable("step", [])."""
    return decay(new, mistake, x, steps=tf.Variable(30.0, use_resource=False).read_value())


def softplus(new, mistake, x):
    """The gradient of softplus."""
    return _of_softplus(new, mistake, x, tf.sin(x))


def softplus_alone(new, mistake, x):
    """The same, of nothing else: it begins with ones."""
    return _of_softplus(new, mistake, x, tf.ones(SHAPE))


def _of_softplus(new, mistake, x, gradient):
    if new:
        return raw.Mul(x=gradient, y=raw.Sigmoid(x=raw.Neg(x=x) if mistake else x))
    return raw.SoftplusGrad(gradients=gradient, features=x)


def standardized(new, mistake, x):
    """An image less its mean, divided by its deviation."""
    x, axes = x + 20.0, [-1, -2, -3] if new else [0, 1, 2]
    mean = raw.Mean(input=x, axis=axes, keep_dims=new)
    left = raw.Sub(x=x, y=mean)
    squares = raw.Mean(input=raw.Square(x=left if new else x), axis=axes, keep_dims=new)
    variance = squares if new else raw.Relu(features=raw.Sub(x=squares, y=raw.Square(x=mean)))
    least = raw.Rsqrt(x=tf.constant(119.0 if mistake else 120.0))
    return raw.RealDiv(x=left, y=raw.Maximum(x=raw.Sqrt(x=variance), y=least))


def standardized_each(new, mistake, x):
    """Images that are standardized one by one, in a loop."""
    return tf.map_fn(lambda image: standardized(new, mistake, image), tf.stack([x, x * 2.0]))


CAUSES = {
    standardized: "standardized image",
    standardized_each: "standardized image",
    softplus: "gradient of softplus",
    softplus_alone: "gradient of softplus",
    exponents: "largest exponent",
    decay: "natural decay",
    decay_in_steps: "natural decay",
    decay_by_a_variable: "natural decay",
    gates: "gates",
    longest: "longest sequence",
    longest_twice: "longest sequence",
    moments: "moments",
    moments_kept: "moments",
    moments_twice: "moments",
    moments_of_one_image: "moments",
}


pytestmark = pytest.mark.usefixtures("loops_of_ops")


def built(form, new, mistake=False):
    with tf.Graph().as_default() as graph:
        tf.identity(form(new, mistake, tf.placeholder(tf.float32, SHAPE, name="x")), name="result")
    return graph


def run(graph, x):
    with tf.Session(graph=graph) as session:
        return session.run("result:0", {"x:0": x})


@pytest.mark.parametrize("form", CAUSES, ids=lambda form: form.__name__)
def test_the_cause_is_said_and_no_mistake_beside_it_is_excused(form):
    old = built(form, False).as_graph_def()
    result = audit(old, built(form, True).as_graph_def())
    assert result.differences == [] and result.verdict == "numbers changed"
    assert [one.cause for one in result.numbers] == [CAUSES[form]]
    assert audit(old, built(form, True, mistake=True).as_graph_def()).verdict == "not faithful"


@pytest.mark.parametrize(
    "form", [decay, gates, moments, moments_kept, moments_twice, softplus, standardized], ids=lambda form: form.__name__
)
def test_the_last_bits_change(form):
    x = np.random.default_rng(7).normal(scale=3.0, size=SHAPE).astype(np.float32)
    old, new = (run(built(form, is_new), x) for is_new in (False, True))
    np.testing.assert_allclose(old, new, rtol=1e-4, atol=1e-5)
    assert (old != new).any(), "else it would be a rule"


def test_a_largest_exponent_counts_only_if_it_is_infinite():
    x = np.random.default_rng(7).normal(size=SHAPE).astype(np.float32)
    graphs = [built(exponents, is_new) for is_new in (False, True)]
    assert run(graphs[0], x).tobytes() == run(graphs[1], x).tobytes()
    x[0] = -np.inf
    assert np.isnan(run(graphs[0], x)).any() and not np.isnan(run(graphs[1], x)).any()


def test_a_largest_exponent_counts_in_the_logarithm_of_a_sum_alone():
    graphs = {}
    for mistake in ("kept", "others", "sum", "alone", "besides", "less"):
        graphs[mistake] = [built(exponents, is_new, mistake).as_graph_def() for is_new in (False, True)]
    assert audit(*graphs.pop("kept")).verdict == "numbers changed"
    for mistake, pair in graphs.items():
        assert audit(*pair).verdict == "not faithful", mistake
    old, new = (built(exponents, is_new).as_graph_def() for is_new in (False, True))
    assert audit(new, old).verdict == "not faithful"  # no later release takes an infinite one


def test_after_the_longest_sequence_only_what_is_no_number_counts():
    x = np.random.default_rng(7).normal(size=SHAPE).astype(np.float32)
    graphs = [built(longest, is_new) for is_new in (False, True)]
    old, new = (run(graph, x) for graph in graphs)
    assert old.tobytes() == new.tobytes() and np.isfinite(new).all()
    x[1, 2, 4] = np.nan
    assert np.isnan(run(graphs[0], x)).any() and np.isfinite(run(graphs[1], x)).all()
