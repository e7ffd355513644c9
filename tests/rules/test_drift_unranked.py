"""What TensorFlow writes otherwise in the gradients of tensors of unknown rank."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.branched import build_switches
from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved, runs

raw = tf.raw_ops
GRAPHS: list = []  # whose functions in Python are gone with them


def _unranked(tensor):
    return raw.PlaceholderWithDefault(input=tensor, shape=None)


def _place(shape, axis):
    rank = raw.Size(input=shape)
    return raw.FloorMod(x=raw.AddV2(x=axis, y=rank), y=rank)


def _kept_sizes(shape, axis, start=0, one=1):
    """The sizes of a tensor with 1 along an axis, as gradients of sums ask for them."""
    counted = raw.Range(start=start, limit=raw.Size(input=shape), delta=1)
    place = _place(shape, axis)
    ones = raw.Fill(dims=raw.Shape(input=place), value=one)
    return raw.DynamicStitch(indices=[counted, place], data=[shape, ones])


def _spread(gradient, shape, new, is_kept, axis=-1, **sizes):
    """The gradient of a sum over the last axis, which was reshaped also if the sum keeps that."""
    kept = None if new and is_kept else _kept_sizes(shape, axis, **sizes)
    gradient = gradient if kept is None else raw.Reshape(tensor=gradient, shape=kept)
    if new:
        return raw.BroadcastTo(input=gradient, shape=shape)
    return raw.Tile(input=gradient, multiples=raw.FloorDiv(x=shape, y=raw.Maximum(x=kept, y=1)))


def larger(new, mistake, rows=False):
    """The gradient of a maximum goes to what is larger; `rows`: it is not reduced to the shapes of the two."""
    x, y = _unranked(floats(2, 3)), _unranked(floats(3, name="y"))
    gradient = raw.Cos(x=raw.Maximum(x=x, y=y))
    chosen = raw.GreaterEqual(x=x, y=y)
    select = {"SelectV2": lambda *parts: raw.SelectV2(condition=parts[0], t=parts[1], e=parts[2])}
    select["Select"] = lambda *parts: raw.Select(condition=parts[0], x=parts[1], y=parts[2])
    one_of = select["SelectV2" if new else "Select"]
    zeros = raw.ZerosLike(x=gradient) if new else raw.Fill(dims=raw.Shape(input=gradient), value=0.0)
    parts = one_of(chosen, gradient, zeros), one_of(chosen, zeros, gradient)
    shapes = raw.Shape(input=x), raw.Shape(input=y)
    axes = raw.BroadcastGradientArgs(s0=shapes[0], s1=shapes[1])
    for k, (part, shape) in enumerate(zip(parts[::-1] if mistake else parts, shapes, strict=True)):
        total = part if rows else raw.Reshape(tensor=raw.Sum(input=part, axis=axes[k], keep_dims=new), shape=shape)
        raw.Identity(input=total, name="out" if k else "first")


def larger_than_a_number(new, mistake):
    """Two gradients of a maximum beside a number, each with a constant of its own for the shape of that."""
    x = _unranked(floats(2, 3))
    chosen, shape = raw.GreaterEqual(x=x, y=0.5), raw.Shape(input=x)
    for name, gradient in (("first", raw.Cos(x=x)), ("out", raw.Exp(x=x))):
        none = tf.constant([1] if mistake and name == "out" else [], tf.int32)
        axes = raw.BroadcastGradientArgs(s0=shape, s1=tf.constant([], tf.int32))
        if new:
            part = raw.SelectV2(condition=chosen, t=raw.ZerosLike(x=gradient), e=gradient)
        else:
            part = raw.Select(condition=chosen, x=raw.Fill(dims=raw.Shape(input=gradient), value=0.0), y=gradient)
        raw.Reshape(tensor=raw.Sum(input=part, axis=axes[1]), shape=none, name=name)


def kept_sum(new, mistake, **sizes):
    """The gradient of a sum that keeps its dimensions is spread; of one that does not it is reshaped before."""
    x = _unranked(raw.Exp(x=floats(3, 3)))
    gradient = raw.Cos(x=raw.Sum(input=x, axis=-1, keep_dims=not mistake))
    out(_spread(gradient, raw.Shape(input=x), new, True, **sizes))


def kept_sum_of_a_function(new, mistake):
    """The sizes of what a function in Python gives wait for it, and so does what is spread to them."""
    x = tf.py_func(np.exp, [floats(3, 3)], tf.float32)
    GRAPHS.append(x.graph)
    gradient = raw.Cos(x=raw.Sum(input=x, axis=-1, keep_dims=not mistake))
    out(_spread(gradient, raw.Shape(input=x), new, True))


def mean_of_an_axis(new, mistake, kept_dims=False):
    """The gradient of a mean is divided by the size along its axis."""
    x = _unranked(raw.Exp(x=floats(2, 3)))
    mean = raw.Mean(input=x, axis=-1, keep_dims=kept_dims)
    shape = raw.Shape(input=x)
    if new:
        place = _place(shape, 0 if mistake else -1)
        sizes = raw.GatherV2(params=shape, indices=place, axis=0)
        count = raw.Prod(input=sizes, axis=raw.Range(start=0, limit=0, delta=1))
    else:
        left = raw.Prod(input=raw.Shape(input=raw.Mean(input=x, axis=0) if mistake else mean), axis=[0])
        with tf.get_default_graph().colocate_with(shape.op):  # as until 1.12
            count = raw.FloorDiv(x=raw.Prod(input=shape, axis=[0]), y=raw.Maximum(x=left, y=1))
    out(raw.RealDiv(x=_spread(raw.Cos(x=mean), shape, new, kept_dims), y=raw.Cast(x=count, DstT=tf.float32)))


def kept_mean(new, mistake):
    mean_of_an_axis(new, mistake, True)


def narrowed(new, mistake):
    """Sizes are counted in 64 bits, and cast."""
    x = _unranked(raw.Exp(x=floats(2, 3)))
    measured = raw.Transpose(x=x, perm=[1, 0]) if mistake else x
    if new:
        sizes = raw.Shape(input=measured)
    else:
        sizes = raw.Cast(x=raw.Shape(input=measured, out_type=tf.int64), DstT=tf.int32)
    out(raw.Reshape(tensor=raw.Tanh(x=x), shape=sizes[::1]))


def diagonal_of_a_product(new, mistake):
    """What is multiplied by three numbers has three along its last axis, whatever its rank."""
    x, y = _unranked(raw.Exp(x=floats(2, 3))), raw.Cos(x=floats(3, name="y"))
    rows = 4 if mistake else 3 if new else -1
    numbers = {"num_rows": rows, "num_cols": rows, "padding_value": 0.0}
    out(raw.MatrixDiagV3(diagonal=raw.Mul(x=x, y=y), k=0, **numbers))


FORMS = (larger, larger_than_a_number, kept_sum, kept_sum_of_a_function, mean_of_an_axis, kept_mean)
FORMS += (narrowed, diagonal_of_a_product)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_known_and_a_mistake_beside_them(form):
    old, new = built(form, False), built(form, True)
    proved(old, new)
    for one, two in ((False, True), (True, False)):
        mistaken = built(form, two, True)
        assert audit(old if not one else new, mistaken).verdict == "not faithful", (one, two)


def test_rows_are_not_chosen_as_elements_are():
    def rows(new, mistake):
        larger(new, mistake, True)

    assert audit(built(rows, False), built(rows, True)).verdict == "not faithful"


def test_what_does_not_keep_its_dimensions_is_reshaped():
    assert audit(built(kept_sum, False, True), built(kept_sum, True, True)).verdict == "not faithful"


@pytest.mark.parametrize("sizes", [{"axis": 0}, {"start": 1}, {"one": 3}], ids=str)
def test_what_is_reshaped_otherwise_is_not_what_has_its_dimensions(sizes):
    old = built(lambda new, mistake: kept_sum(new, mistake, **sizes), False)
    assert audit(old, built(kept_sum, True)).verdict == "not faithful"


def _dense(new, mistake=False, layers=2, of_product=True):
    """Layers of a tensor of unknown rank whose weights were reshaped to their shape, and the gradients for these.

    `of_product`: the first factor of the gradient's product is also that of a product with the weights.
    """
    x, other = _unranked(floats(2, 3, 4)), _unranked(floats(6, None, name="other"))
    variables = []
    for size in range(layers):
        w = tf.Variable(tf.sin(tf.reshape(tf.range(20.0), [4, 5] if size == 0 else [5, 4])), use_resource=False)
        b = tf.Variable(tf.ones([5 if size == 0 else 4]), use_resource=False)
        shape = raw.Shape(input=x)
        free, last = (raw.GatherV2(params=shape, indices=one, axis=0) for one in ([0, 1], [2]))
        rows = raw.Reshape(tensor=x, shape=tf.stack([raw.Prod(input=one, axis=[0]) for one in (free, last)]))
        weights = w if new else raw.Reshape(tensor=w, shape=w.shape.as_list())
        product = raw.MatMul(a=rows, b=weights)
        product = raw.Reshape(tensor=product, shape=tf.concat([free, w.shape[1:].as_list()], 0))
        x = raw.Elu(features=product) if mistake else tf.tanh(tf.nn.bias_add(product, b))
        variables.append(w)
    found = tf.gradients(tf.reduce_mean(tf.square(x)), variables)
    if not of_product:
        found[0] = raw.MatMul(a=other, b=raw.Reshape(tensor=product, shape=[6, -1]), transpose_a=True)
        found[0] = found[0] if new else raw.Reshape(tensor=found[0], shape=[5, 4])
    tf.global_variables_initializer()
    out(raw.Exp(x=found[0]))


def test_the_gradient_for_weights_of_rows_of_unknown_rank_has_their_shape():
    old, new = (_built(_dense, one) for one in (False, True))
    assert "own shape" in proved(old, new).rules
    assert audit(old, _built(_dense, True, mistake=True)).verdict == "not faithful"
    others = (_built(_dense, one, of_product=False) for one in (False, True))
    assert audit(*others).verdict == "not faithful"  # which may have more rows than weights, and stop


def _multiplied(new, times=1.0):
    """Two products of which the rank of the first factor is unknown, and their gradients."""
    x, w, last = _unranked(floats(5, 4)), floats(4, 3, name="w"), floats(3, 2, name="last")
    multiply = (lambda x, y: raw.BatchMatMulV2(x=x, y=y)) if new else (lambda x, y: raw.MatMul(a=x, b=y))
    given = raw.Exp(x=multiply(raw.Tanh(x=multiply(x, w)), last))
    gradients = tf.gradients(given, [x, w, last])
    for one in gradients[1:]:
        raw.Cos(x=one * times)
    out(raw.Cos(x=gradients[0]))


def test_the_gradient_of_a_product_of_unknown_rank_is_not_summed():
    old, new = (_built(_multiplied, one) for one in (False, True))
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["product of unknown rank"]
    results = [np.frombuffer(b"".join(runs(one, range(3))), np.float32) for one in (old, new)]
    np.testing.assert_allclose(*results, rtol=1e-3)
    assert audit(old, _built(_multiplied, True, times=2.0)).verdict == "not faithful"


def _multiplied_in_turns(new, is_branched, mistake=False):
    """Products, in a loop, of what the last turn gave, of which the rank is unknown; in a branch in half of them."""
    multiply = (lambda x, y: raw.BatchMatMulV2(x=x, y=y)) if new else (lambda x, y: raw.MatMul(a=x, b=y))
    x, w = floats(4, 4), floats(4, 4, name="w")

    def turn(step, last):
        last = _unranked(last)
        if not is_branched:
            given = tf.tanh(multiply(last, w))
        else:
            given = tf.cond(raw.Equal(x=step % 2, y=0), lambda: tf.tanh(multiply(last, w)), lambda: tf.cos(last))
        return step + 1, raw.Sin(x=given) if mistake else given

    with build_switches():
        shapes = [tf.TensorShape([]), tf.TensorShape(None)]
        _, last = tf.while_loop(lambda step, _: step < 4, turn, [tf.constant(0), x], shapes)
        gradients = tf.gradients(tf.reduce_sum(last), [x, w])
    out(tf.concat([tf.reshape(one, [-1]) for one in gradients], 0))


@pytest.mark.parametrize("is_branched", [False, True])
def test_in_a_loop_neither_is_that_of_the_turn_that_it_is_for(is_branched):
    old, new = (_built(_multiplied_in_turns, one, is_branched) for one in (False, True))
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["product of unknown rank"]
    results = [np.frombuffer(b"".join(runs(one, range(3))), np.float32) for one in (old, new)]
    np.testing.assert_allclose(*results, rtol=1e-3)
    assert audit(old, _built(_multiplied_in_turns, True, is_branched, mistake=True)).verdict == "not faithful"


@pytest.mark.parametrize(
    "name, place, instead",
    [
        ("Shape", 0, "while/Tanh"),
        ("Reshape", 1, "gradients/while/BatchMatMulV2_grad/Shape_1"),
        ("strided_slice", 2, "gradients/while/BatchMatMulV2_grad/strided_slice/stack_2"),
        ("Sum", 1, "gradients/while/BatchMatMulV2_grad/BroadcastGradientArgs:1"),
    ],
)
def test_there_too_it_has_the_shape_and_the_batches_of_the_factor(name, place, instead):
    old, new = (_built(_multiplied_in_turns, one, False) for one in (False, True))
    (node,) = (one for one in new.node if one.name == f"gradients/while/BatchMatMulV2_grad/{name}")
    node.input[place] = instead
    assert audit(old, new).verdict == "not faithful"


@pytest.mark.parametrize(
    "name, place, instead", [("Reshape", 1, "_1_grad/Shape"), ("strided_slice", 2, "_grad/strided_slice/stack_2")]
)
def test_it_has_the_shape_and_the_batches_of_the_factor(name, place, instead):
    new = _built(_multiplied, True)
    (node,) = (one for one in new.node if one.name == f"gradients/BatchMatMulV2_grad/{name}")
    node.input[place] = f"gradients/BatchMatMulV2{instead}"
    assert audit(_built(_multiplied, False), new).verdict == "not faithful"


def _beside(new, mistake=False, sizes=()):
    """The gradient of a tensor of unknown rank beside one of the given sizes."""
    x, factor = _unranked(floats(1, 3)), floats(3, name="factor")
    factor = factor if sizes else raw.Sum(input=factor, axis=[0])
    gradient = raw.Mul(x=raw.Cos(x=raw.Mul(x=x, y=factor)), y=raw.Neg(x=factor) if mistake else factor)
    if not new:
        shape = raw.Shape(input=x)
        axes = raw.BroadcastGradientArgs(s0=shape, s1=list(sizes) if sizes else tf.constant([], tf.int32))
        gradient = raw.Reshape(tensor=raw.Sum(input=gradient, axis=axes.r0), shape=shape)
    out(raw.Exp(x=gradient))


def test_the_gradient_of_a_tensor_beside_a_scalar_is_not_summed():
    old = _built(_beside, False)
    assert "static broadcast" in proved(old, _built(_beside, True)).rules
    assert audit(old, _built(_beside, True, mistake=True)).verdict == "not faithful"
    others = (_built(_beside, one, sizes=(3,)) for one in (False, True))
    assert audit(*others).verdict == "not faithful"  # where the tensor may be the one that is broadcast


def _mean(new, mistake=""):
    """The gradient of a mean of all elements, which are counted along all axes, or as they are."""
    x = _unranked(raw.Exp(x=floats(2, 3)))
    other = _unranked(raw.ExpandDims(input=x, axis=0))
    axes = raw.Range(start=0, limit=raw.Rank(input=x), delta=1)
    shape = raw.Shape(input=other if mistake == "tensor" else x)
    if new:
        start, delta = int(mistake == "start"), 2 if mistake == "delta" else 1
        limit = raw.Rank(input=other) if mistake == "limit" else raw.Rank(input=x)
        along = axes if not mistake else raw.Range(start=start, limit=limit, delta=delta)
        place = _place(raw.Shape(input=other) if mistake == "rank" else shape, along)
        count = raw.Prod(input=raw.GatherV2(params=shape, indices=place, axis=0), axis=[0])
    else:
        count = raw.FloorDiv(x=raw.Prod(input=shape, axis=[0]), y=1)
    total = raw.Mean(input=x, axis=axes)
    out(raw.RealDiv(x=raw.Mul(x=x, y=total), y=raw.Cast(x=count, DstT=tf.float32)))


def test_all_elements_are_counted_along_all_axes():
    proved(built(_mean, False), built(_mean, True))


@pytest.mark.parametrize("mistake", ["tensor", "start", "delta", "limit", "rank"])
def test_elements_that_are_counted_along_others_are_reported(mistake):
    assert audit(built(_mean, False, ""), built(_mean, True, mistake)).verdict == "not faithful"


def _counted(new, mistake=""):
    """A loss by the weights that are not 0, its gradient, and in the old form that for which weights these are."""
    x, w, weights = floats(5, 4), floats(4, 4, name="w"), tf.nn.relu(tf.reduce_max(floats(5, 3, name="weights")))
    losses = _unranked(tf.exp(tf.matmul(x, w)))
    present = raw.Select(condition=tf.equal(weights, 0.0), x=tf.zeros([]), y=tf.ones([]))
    spread = raw.Mul(x=present, y=raw.Fill(dims=raw.Shape(input=losses), value=1.0))
    total, count = (
        raw.Sum(input=one, axis=raw.Range(start=0, limit=raw.Rank(input=one), delta=1))
        for one in (losses * weights, spread)
    )
    if new:
        loss = raw.DivNoNan(x=total, y=count)
    else:
        divisor = raw.Select(condition=tf.equal(count, 0.0), x=tf.ones([]), y=count)
        quotient = raw.RealDiv(x=total, y=divisor)
        loss = raw.Select(condition=raw.Greater(x=count, y=0.0), x=quotient, y=tf.zeros([]))
    gradients = tf.gradients(loss, [w] if new else [w, present], gate_gradients=True)
    if mistake == "another start":
        raw.Sum(input=gradients[1] * losses, axis=raw.Range(start=1, limit=raw.Rank(input=losses), delta=1))
    if mistake == "another shape":
        along = raw.Range(start=0, limit=raw.Rank(input=losses), delta=1)
        sizes = raw.DynamicStitch(indices=[along], data=[raw.Shape(input=losses)])
        raw.BroadcastTo(input=gradients[1], shape=sizes)
    out(raw.Exp(x=gradients[0] * (gradients[1] if mistake == "taken" else 1.0)))


def test_the_gradient_for_a_count_of_unknown_rank_is_made_for_nobody():
    old, new = (_built(_counted, one) for one in (False, True))
    assert "unused gradients" in proved(old, new).rules
    for mistake in ("taken", "another start", "another shape"):
        assert audit(_built(_counted, False, mistake), new).verdict == "not faithful", mistake


def test_what_is_divided_by_another_number_or_has_fractions_is_reported():
    def divided(new, divisor, dtype=tf.int32):
        """Whole numbers, divided by 1 and rounded down, or not divided."""
        x = raw.Cast(x=floats(2, 3), DstT=dtype)
        out(raw.Cast(x=x if new else raw.FloorDiv(x=x, y=tf.constant(divisor, dtype)), DstT=tf.float64))

    proved(*(built(lambda new, _: divided(new, 1), new) for new in (False, True)))
    for divisor, dtype in ((2, tf.int32), (-1, tf.int32), (1, tf.float32)):
        old, new = (built(lambda new, _, of=(divisor, dtype): divided(new, *of), one) for one in (False, True))
        assert audit(old, new).verdict == "not faithful"


def _built(form, *args, **options):
    with tf.Graph().as_default() as graph:
        form(*args, **options)
    return graph.as_graph_def()


def test_a_gradient_of_unknown_rank_beside_a_scalar_may_only_be_fetched():
    """As what a picture of any size is moved by, which nothing in the graph takes."""
    graphs = []
    for offset in (117.0, 117.0, 116.0):
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, name="x")
            tf.gradients(tf.reduce_mean(tf.square(tf.expand_dims(x - offset, 0))), x)
        graphs.append(graph.as_graph_def())
    assert [audit(graphs[0], other).verdict for other in graphs[1:]] == ["faithful", "not faithful"]


def _beside_a_number(new, axes=(0, 1), total=raw.Sum, of=raw.Sin):
    """The gradients of a product with a number, of what has no known rank but in the program, which `axes` tell."""
    x, w = _unranked(floats(2, 3)), raw.Reshape(tensor=floats(1, name="w"), shape=[])
    gradient = of(x=raw.Mul(x=x, y=w))
    shape = raw.Shape(input=x)
    to_x, to_w = raw.Mul(x=gradient, y=w), raw.Mul(x=gradient, y=x)
    if not new:
        broadcast = raw.BroadcastGradientArgs(s0=shape, s1=tf.constant([], tf.int32))
        to_x = raw.Reshape(tensor=raw.Sum(input=to_x, axis=broadcast[0]), shape=shape)
    to_w = raw.Reshape(tensor=total(input=to_w, axis=list(axes) if new else broadcast[1]), shape=[])
    out(raw.AddV2(x=to_x, y=to_w))


def test_the_gradient_of_a_number_is_the_sum_of_all_whose_axes_a_program_told():
    old = built(_beside_a_number, False)
    assert "static broadcast" in proved(old, _told(axes=(0, 1))).rules
    for mistake in ({"axes": (1,)}, {"axes": (1, 2)}, {"total": raw.Mean}, {"of": raw.Tan}):
        assert audit(old, _told(**mistake)).verdict == "not faithful", mistake


def _told(**options):
    with tf.Graph().as_default() as graph:
        _beside_a_number(True, **options)
    return graph.as_graph_def()


def _behind_an_end(new, mistake=False):
    """The gradient for a tensor beside a number that is behind the end of a condition, whose shape was asked for."""
    x = floats(5, 3)
    asked = tf.cond(x[0, 0] > 0, lambda: raw.Tanh(x=x), lambda: raw.Sin(x=x))
    with tf.control_dependencies([asked.op]):
        number = tf.constant(2.0)
    y = _unranked(raw.Exp(x=x))
    sizes = [raw.Shape(input=y), tf.constant([], tf.int32) if new else raw.Shape(input=number)]
    axes = raw.BroadcastGradientArgs(s0=sizes[0], s1=sizes[1])
    gradient = raw.Mul(x=raw.Cos(x=y), y=2.0 if mistake else number)
    out(raw.Reshape(tensor=raw.Sum(input=gradient, axis=axes.r0), shape=sizes[0]))


def test_the_shape_of_a_number_behind_an_end_is_awaited_by_what_takes_the_number():
    with build_switches():
        old, new, wrong = (_built(_behind_an_end, *how) for how in ((False,), (True,), (True, True)))
    proved(old, new)
    assert audit(old, wrong).verdict == "not faithful"
