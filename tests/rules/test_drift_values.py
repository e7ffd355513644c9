"""What computes, counts or asserts single values: where the rules must not apply, and mistakes beside them."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from drift_cases_values import asserted_images, counted, drawn
from test_drift import proved

raw = tf.raw_ops


def _asserted(new, **options):
    return built(lambda *_: asserted_images(new, **options), new)


def test_the_sizes_of_images_are_asserted_as_before_and_so_is_what_else_is_compared():
    sizes = (None, None, None, 3)
    old = _asserted(False, sizes=sizes)
    assert "batches of images" in proved(old, _asserted(True, sizes=sizes)).rules
    for mistake in ("one", "one channel", "used"):
        assert audit(old, _asserted(True, mistake=mistake, sizes=sizes)).verdict == "not faithful"


def test_other_assertions_and_sizes_that_are_taken_are_compared():
    said = "all dims of 'image.shape' must be > 1."
    assert audit(_asserted(False, said=said), _asserted(True, said=said)).verdict == "not faithful"
    for mistake in ("one", "used"):
        old = _asserted(False, mistake=mistake)
        assert audit(old, _asserted(True)).verdict == "not faithful"
    assert audit(_asserted(False), _asserted(False, mistake="one")).verdict == "not faithful"


@pytest.mark.parametrize("how", [{"weighted": True}, {"flat": False}])
def test_what_is_weighted_or_does_not_lie_in_a_row_is_counted_by_another_op(how):
    old, new = (built(lambda *_, one=one: counted(one, **how), one) for one in (False, True))
    assert audit(old, new).verdict == "not faithful"


def test_zeros_of_more_rows_draw_more():
    old, new = (built(lambda *_, one=one: drawn(one, rows=(5,)), one) for one in (False, True))
    assert audit(old, new).verdict == "not faithful"


def _added(new, *_):
    alpha = raw.AddV2(x=raw.Abs(x=floats(3)), y=0.5)
    alpha = alpha if new else raw.AddV2(x=alpha, y=tf.zeros([3]))
    out(raw.Maximum(x=alpha, y=raw.RandomGamma(shape=[2], alpha=alpha, seed=3, seed2=4)))


def test_zeros_that_are_added_for_others_as_well_are_reported():
    assert audit(built(_added, False), built(_added, True)).verdict == "not faithful"


def _rooted(value, kind=tf.float32):
    def form(new, _):
        root = tf.constant(value if new else 0.0, kind) if new else raw.Sqrt(x=tf.constant(value, kind))
        out(raw.Add(x=raw.Cast(x=floats(3), DstT=kind), y=root))

    return form


def test_roots_that_are_no_numbers_or_of_many_are_computed_as_ever():
    for value in (-1.0, [2.0, 2.0, 2.0]):
        assert audit(built(_rooted(value), False), built(_rooted(value), True)).verdict == "not faithful"
    doubled = built(lambda *_: _rooted(2.0, tf.float64)(False, 0), False)
    port = built(lambda *_: out(raw.Add(x=raw.Cast(x=floats(3), DstT=tf.float64), y=2**0.5)), True)
    assert audit(doubled, port).verdict == "faithful", "rounded to 64 bits"


def _pairs(new, mistake):
    """Pairs, counted into as many rows as the largest number of them says."""
    numbers = raw.Cast(x=raw.Abs(x=floats(None, 2)), DstT=tf.int64)
    largest = raw.AddV2(x=raw.Max(input=numbers, axis=[0, 1]), y=tf.constant(2 if mistake == "larger" else 1, tf.int64))
    shape = raw.Pack(values=[largest, largest])
    ones = raw.Fill(dims=raw.Shape(input=numbers)[:1], value=1)
    if new:
        total = raw.ScatterNd(indices=numbers, updates=ones, shape=shape)
    else:
        zeros = raw.Fill(dims=raw.Cast(x=shape, DstT=tf.int32), value=1 if mistake else 0)
        total = raw.SparseTensorDenseAdd(a_indices=numbers, a_values=ones, a_shape=shape, b=zeros)
    out(raw.Cast(x=total, DstT=tf.float32))


def test_pairs_of_as_many_classes_as_come_are_counted():
    old = built(_pairs, False)
    assert "counted pairs" in proved(old, built(_pairs, True)).rules
    assert audit(old, built(_pairs, True, "larger")).verdict == "not faithful"
    assert audit(built(_pairs, False, "from 1"), built(_pairs, True)).verdict == "not faithful"


def _gathered(new, mistake):
    index = tf.constant([2, 0 if mistake else 1], tf.int64 if new else tf.int32)
    out(raw.GatherV2(params=floats(None, 3), indices=index, axis=1))


def test_the_type_of_indices_that_are_constants_does_not_matter():
    proved(built(_gathered, False), built(_gathered, True))
    assert audit(built(_gathered, False), built(_gathered, True, True)).verdict == "not faithful"


def _with_phase(new, mistake):
    x = floats(None, 3)
    phase = tf.placeholder_with_default(False, []) if new else None
    out(raw.SelectV2(condition=phase, t=x, e=raw.Exp(x=x)) if mistake and new else raw.Exp(x=x))


def test_a_placeholder_of_the_port_that_nothing_asks_is_left():
    old, new = built(_with_phase, False), built(_with_phase, True)
    proved(old, new)
    assert audit(old, built(_with_phase, True, True)).verdict == "not faithful"
    assert audit(new, old).verdict == "not faithful"


def _swish(new, mistake=""):
    """Swish with its gradients, of which the one for beta is handed on to nobody."""
    x = floats(None, 3)
    beta = tf.constant(1.0, name="beta")
    y = raw.Mul(x=x, y=raw.Sigmoid(x=raw.Mul(x=beta, y=x) if new else x))
    y = raw.IdentityN(input=[y, x, beta] if new else [y, x])[0]
    dy = raw.Tanh(x=y)
    s = raw.Sigmoid(x=raw.Mul(x=beta, y=x) if new else x)
    inner = raw.AddV2(x=1.0, y=raw.Mul(x=raw.Mul(x=beta, y=x) if new else x, y=raw.Sub(x=1.0, y=s)))
    if new:
        square = raw.Exp(x=x) if mistake == "square" else raw.Square(x=x)
        product = raw.Mul(x=raw.Mul(x=dy, y=square), y=s)
        total = raw.Sum(input=raw.Mul(x=product, y=raw.Sub(x=1.0, y=s)), axis=[0, 1])
        if mistake == "used":
            raw.Exp(x=total)
    out(raw.Mul(x=dy, y=raw.Mul(x=s, y=inner)))


def test_the_gradient_for_the_beta_of_swish_is_left_where_nothing_takes_it():
    old = built(_swish, False)
    proved(old, built(_swish, True))
    for mistake in ("square", "used"):
        assert audit(old, built(_swish, True, mistake)).verdict == "not faithful"


def _angle(new, mistake=False):
    """An angle and its gradients, for which the squares of its sides are added in one order or the other."""
    y, x = floats(3, 2), floats(3, 2, name="x")
    angle = raw.Atan2(y=y, x=x)
    squares = [raw.Square(x=one) for one in ((y, x) if new else (x, y))]
    if mistake:
        squares[1] = raw.Square(x=raw.Exp(x=y))
    scale = raw.RealDiv(x=raw.Cos(x=angle), y=raw.AddV2(x=squares[0], y=squares[1]))
    out(raw.AddV2(x=raw.Mul(x=x, y=scale), y=raw.Mul(x=raw.Neg(x=y), y=scale)))


def test_the_squares_of_an_angles_sides_are_added_in_either_order():
    old, new = built(_angle, False), built(_angle, True)
    assert "commuted sum" in proved(old, new, seeds=20).rules
    assert audit(old, built(_angle, True, True)).verdict == "not faithful"
    assert audit(built(_angle, False, True), new).verdict == "not faithful"


def _of_whole(old, of=tf.int32, handed=True):
    """Gradients for some numbers, and for whole ones as fractions, which `old` adds up as well.

    `handed`: whether they are handed on when all are made, as gradients are.
    """
    whole = raw.Cast(x=tf.placeholder(of, [None], name="whole"), DstT=tf.float32)
    x, ends = floats(None, name="x"), []
    for k in range(2):
        gradient, sizes = floats(None, name=f"gradient{k}"), [raw.Shape(input=one) for one in (whole, x)]
        axes = raw.BroadcastGradientArgs(s0=sizes[0], s1=sizes[1])
        both = [
            raw.Reshape(tensor=raw.Sum(input=gradient, axis=axis), shape=size)
            for axis, size in zip(axes, sizes, strict=True)
        ]
        with tf.control_dependencies([tf.group(*both)] if handed else []):
            ends.append([raw.Identity(input=one) for one in both])
    if old:
        raw.AddN(inputs=[one for one, _ in ends])
    raw.AddN(inputs=[one for _, one in ends])  # which is only fetched


def test_gradients_for_whole_numbers_are_added_up_no_more():
    old, new = (built(lambda *_, one=one: _of_whole(one), one) for one in (True, False))
    assert "unused gradients" in audit(old, new).rules and audit(old, new).verdict == "faithful"
    assert audit(new, old).verdict == "not faithful"
    for other in ({"of": tf.float64}, {"handed": False}):
        old, new = (built(lambda *_, one=one, other=other: _of_whole(one, **other), one) for one in (True, False))
        assert audit(old, new).verdict == "not faithful", other


def _for_labels(old, mistake=None):
    """The gradient for logits, to be fetched, and that for labels drawn as whole numbers, which was made as well."""
    x, drawn = floats(4, 1), raw.Cast(x=raw.Round(x=floats(4, 1, name="drawn")), DstT=tf.int64)
    labels = raw.Sub(x=1.0, y=raw.Cast(x=drawn, DstT=tf.float32))
    loss = raw.Sub(x=raw.Softplus(features=x), y=raw.Mul(x=x, y=labels))
    given = raw.Neg(x=tf.ones([4, 1]) if mistake == "given" else raw.Exp(x=loss))
    parts = [raw.Mul(x=given, y=labels), raw.Mul(x=x, y=given)]
    with tf.control_dependencies([tf.group(*parts)]):
        to_x, to_labels = (tf.identity(part) for part in parts)
    if old:
        ends = [raw.Reshape(tensor=raw.Sum(input=to_labels, axis=[0, 1]), shape=[]), raw.Neg(x=to_labels)]
        with tf.control_dependencies([tf.group(*ends)]):
            for end in ends:
                tf.identity(end)
    raw.AddN(inputs=[to_x, raw.Sigmoid(x=x)])
    out(loss)


def test_labels_of_whole_numbers_have_no_gradient_any_more():
    old, new = built(_for_labels, True), built(_for_labels, False)
    assert "unused gradients" in proved(old, new).rules
    assert audit(old, built(_for_labels, False, "given")).verdict == "not faithful"


def _weighed(fetched, what):
    """A loss of what labels of whole numbers multiply, and a number to fetch that they do not."""
    x, w, advantage = floats(8, 3), floats(3, 1, name="w"), floats(8, 1, name="advantage")
    labels = 1.0 - tf.cast(tf.placeholder(tf.int64, [8, 1], "labels"), tf.float32)
    logits = tf.tanh(tf.matmul(x, w))
    product = labels * logits
    tf.reduce_sum(labels * advantage)
    loss = tf.reduce_sum(product if what == "logits" else tf.exp(product))
    for_w, for_product = tf.gradients(loss, [w, product], gate_gradients=True)
    if fetched:
        tf.reduce_sum(advantage * (logits if what == "logits" else for_product))
    out(tf.tanh(for_w))


@pytest.mark.parametrize("what", ["logits", "gradient"])
def test_what_labels_multiply_may_be_multiplied_without_a_gradient(what):
    one, other = built(_weighed, True, what), built(_weighed, False, what)
    assert audit(one, other).verdict == audit(other, one).verdict == "not faithful"


def _numbered(first, mistake=None):
    """Two constants that wait for an assertion each of what always holds, which the port numbers otherwise."""
    with tf.Graph().as_default() as graph:
        x, fed = floats(3, 4), tf.placeholder(tf.int32, [], name="fed")
        asked = raw.Greater(x=3, y=2)
        other = raw.Assert(condition=raw.Greater(x=fed, y=0), data=["fed"], name="other")
        for place in range(2):
            held = raw.Assert(condition=asked, data=["too few"], name=f"ranks_{first + place}")
            with tf.control_dependencies([other if mistake and place else held]):
                axis = tf.constant([0], name=f"axis_{place}")
            x = raw.Sum(input=tf.exp(x), axis=axis)
        out(x)
    return graph.as_graph_def()


def test_assertions_of_what_always_holds_may_be_numbered_otherwise():
    assert audit(_numbered(1), _numbered(2)).verdict == "faithful"
    assert audit(_numbered(1), _numbered(2, "other")).verdict == "not faithful"


_ALL = slice(None)


@pytest.mark.parametrize(
    ("taken", "axis"),
    [
        ((None,), 0),
        ((None, ...), 0),
        ((_ALL, None), 1),
        ((_ALL, None, ...), 1),
        ((..., None, _ALL), 2),
        ((..., None), 3),
    ],
)
def test_an_axis_is_added_by_a_slice_before_or_behind_any_others(taken, axis):
    sliced = built(lambda *_: out(raw.Tanh(x=floats(2, None, 3)[taken])), False)
    expanded, other = (
        built(lambda *_, place=place: out(raw.Tanh(x=raw.ExpandDims(input=floats(2, None, 3), axis=place))), False)
        for place in (axis, (axis + 1) % 4)
    )
    for old, new in ((sliced, expanded), (expanded, sliced)):
        assert "added by a slice" in proved(old, new).rules
    assert audit(sliced, other).verdict == "not faithful"


def _gradient_of_softmax(new, columns, mistake=False):
    x, gradient = floats(5, columns), floats(5, columns, name="gradient")
    soft = raw.Softmax(logits=x)
    total = raw.Sum(input=raw.Mul(x=gradient, y=soft), axis=[1], keep_dims=new)
    total = total if new else raw.Reshape(tensor=total, shape=[-1, 1])
    left = raw.Sub(x=total, y=gradient) if mistake else raw.Sub(x=gradient, y=total)
    out(raw.Mul(x=left, y=soft))


@pytest.mark.parametrize("columns", [1, 3])
def test_the_gradient_of_a_softmax_keeps_its_dimension_also_of_one_column(columns):
    old, new = (built(lambda new, mistake: _gradient_of_softmax(new, columns, mistake), one) for one in (False, True))
    assert "kept dimensions" in proved(old, new).rules
    other = built(lambda new, mistake: _gradient_of_softmax(new, columns, mistake), True, mistake=True)
    assert audit(old, other).verdict == "not faithful"
