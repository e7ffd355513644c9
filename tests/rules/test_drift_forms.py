"""Forms that a rule of `drift.py` knows besides the one of its case: both run to the same bits, and hide no mistake."""

import functools

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import CASES, added, built, floats, out
from drift_cases_oldest import CHOSEN_WRONG, chosen
from test_drift import proved

raw = tf.raw_ops


def slice_to_the_end(new, mistake):
    """A size of -1 where the slice begins at a constant along this axis, at a tensor along another."""
    x = floats(4, 6)
    begin = raw.Pack(values=[tf.constant(0, tf.int64), raw.ArgMax(input=floats(3, name="y"), dimension=0)])
    rows = raw.Shape(input=x, out_type=tf.int64)[0] if new else tf.constant(-1, tf.int64)
    rows = tf.constant(3, tf.int64) if mistake else rows
    out(raw.Slice(input=x, begin=begin, size=raw.Pack(values=[rows, tf.constant(2, tf.int64)])))


def waits_for_a_copy(new, mistake):
    """A constant waits for a gradient, which was reshaped to the shape that it has."""
    x, y = raw.Exp(x=floats(5, 3)), raw.Tanh(x=floats(5, 3, name="y"))
    awaited = y if mistake else x if new else raw.Reshape(tensor=x, shape=[5, 3])
    with tf.control_dependencies([awaited]):
        two = tf.constant(2.0, name="two")
    out(raw.AddV2(x=raw.Mul(x=two, y=x), y=y))


def size_of_what_a_queue_gives(new, mistake):
    queue = raw.FIFOQueueV2(component_types=[tf.float32], shapes=[[3]])
    raw.QueueEnqueueManyV2(handle=queue, components=[tf.ones([4, 3])], name="init")
    x = raw.QueueDequeueManyV2(handle=queue, n=2, component_types=[tf.float32])[0]
    size = raw.Cast(x=raw.Size(input=x[:1] if mistake else x), DstT=tf.float32) if new else 6.0
    out(raw.RealDiv(x=x, y=size))


def zeros_in_a_branch(new, mistake):
    """Whether zeros of a size that a branch is given are fewer than 1000 is asked, and nobody wants to know."""
    x = floats(5, 3)
    size = raw.Cast(x=raw.Sum(input=raw.Abs(x=x), axis=[0, 1]), DstT=tf.int32)
    size = raw.Switch(data=size, pred=raw.Greater(x=size, y=3))[1]
    if not new:
        raw.Less(x=raw.Mul(x=size, y=6), y=1000)
    elif mistake:
        raw.Less(x=raw.Mul(x=size, y=6), y=5)
    out(raw.Mul(x=x, y=raw.Exp(x=x)))


def gradient_of_one_channel(new, mistake):
    """The sum for 1 - x, where the last axis of x has one element, is over that axis, and is reshaped."""
    x = floats(5, 3, 1)
    if new:
        out(raw.Exp(x=raw.Neg(x=raw.Abs(x=x) if mistake else x)))
        return
    axes = raw.BroadcastGradientArgs(s0=tf.constant([], tf.int32), s1=[5, 3, 1])[1]
    out(raw.Exp(x=raw.Reshape(tensor=raw.Neg(x=raw.Sum(input=x, axis=axes)), shape=[5, 3, 1])))


def assertions_of_1_0(new, mistake):
    """An assertion of TensorFlow 1.0 tells names as texts of their own."""
    x, y = raw.Exp(x=floats(3)), floats(3, name="y")
    names = ["y:0", "Exp:0"] if mistake else ["Exp:0", "y:0"]
    words = "Condition x < y did not hold element-wise:"
    if new:
        data = [words, f"x ({names[0]}) = ", x, f"y ({names[1]}) = ", y]
    else:
        data = [words + " x = ", names[0], x, "y = ", names[1], y]
    with tf.control_dependencies([raw.Assert(condition=raw.All(input=raw.Less(x=y, y=x + 99.0), axis=[0]), data=data)]):
        out(raw.Tanh(x=x))


def sizes_that_are_known(new, mistake):
    """Of an image in a batch of one the three sizes of the image are to be larger than 0, or all four."""
    x = raw.ExpandDims(input=floats(None, None, 3), axis=0)
    sizes = raw.Shape(input=x)
    sizes = sizes[2:] if mistake else sizes[-3:] if new else sizes
    words = ("inner 3" if new else "all") + " dims of 'image.shape' must be > 0."
    asked = raw.All(input=raw.Less(x=0, y=sizes), axis=[0])
    with tf.control_dependencies([raw.Assert(condition=asked, data=[words])]):
        out(raw.Tanh(x=x))


FORMS = (
    gradient_of_one_channel,
    slice_to_the_end,
    waits_for_a_copy,
    zeros_in_a_branch,
    size_of_what_a_queue_gives,
    assertions_of_1_0,
    sizes_that_are_known,
)


def order_of_a_sum(new, mistake):
    """What is used three times has the sum of three gradients."""
    x = floats(5, 3)
    one, two, three = raw.Exp(x=x), raw.Tanh(x=x), raw.Sin(x=x)
    out(added([three, one, one if mistake else two] if new else [one, two, three]))


def gradient_of_a_sparse_product(new, mistake):
    """The gradient for the values of a sparse factor that is transposed."""
    indices = tf.placeholder(tf.int64, [2, 2], name="indices")
    rows = []
    for column, name in ((1, "x"), (0, "y")):
        begin, end = ([0, column], [0, column + 1])
        of_one = raw.StridedSlice(
            input=indices, begin=begin, end=end, strides=[1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2
        )
        rows.append(raw.GatherV2(params=floats(3, 4, name=name), indices=of_one, axis=0))
    if new:
        left, right = (raw.ExpandDims(input=one, axis=-1) for one in rows)
        right = raw.Neg(x=right) if mistake else right
        out(raw.Squeeze(input=raw.BatchMatMulV2(x=left, y=right, adj_x=True), axis=[-2, -1]))
    else:
        out(raw.Sum(input=raw.Mul(x=rows[0], y=rows[1]), axis=1))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_faithful_and_give_every_bit_the_same(form):
    old, new = built(form, False), built(form, True)
    proved(old, new)
    assert audit(old, built(form, True, mistake=True)).verdict == "not faithful"


@pytest.mark.parametrize("form", [order_of_a_sum, gradient_of_a_sparse_product], ids=lambda form: form.__name__)
def test_what_changes_numbers_is_a_cause_and_hides_no_mistake(form):
    result = audit(built(form, False), built(form, True))
    cause = form.__name__.replace("_", " ")
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", [cause]), result.differences
    assert audit(built(form, False), built(form, True, mistake=True)).verdict == "not faithful"


def test_branches_inside_a_branch_that_never_runs():
    with tf.Graph().as_default() as graph:
        tf.image.rot90(tf.placeholder(tf.float32, [None, None, 3]))
    assert audit(graph.as_graph_def(), graph.as_graph_def()).verdict == "faithful"


@pytest.mark.parametrize("wrong", CHOSEN_WRONG)
def test_every_mistake_in_a_case_is_reported(wrong):
    in_port = wrong == "not exclusive"
    with tf.Graph().as_default() as graph:
        chosen(in_port, wrong)
    right = built(CASES["case in case"], not in_port)
    pair = (right, graph.as_graph_def()) if in_port else (graph.as_graph_def(), right)
    assert audit(*pair).verdict == "not faithful"


def rows_of_a_dense_layer(new, wrong=None, sizes=(2, 3, 5)):
    """A dense layer of three axes, whose result is made flat for a cross entropy, with the gradient of its bias."""
    x, weights, bias = floats(2, 3, 4), floats(4, 5, name="weights"), floats(5, name="bias")
    product = raw.MatMul(a=raw.Reshape(tensor=x, shape=[-1, 4]), b=weights)
    rows = [6, 5] if wrong != "others" else [5, 6]
    if new:
        dense = raw.BiasAdd(value=raw.Reshape(tensor=product, shape=sizes), bias=bias)
        dense = raw.Tanh(x=dense) if wrong == "tanh" else dense
    else:
        dense = raw.Reshape(tensor=raw.BiasAdd(value=product, bias=bias), shape=sizes)
    flat = raw.Reshape(tensor=dense, shape=rows)
    gradient = raw.Reshape(tensor=raw.Reshape(tensor=raw.Exp(x=flat), shape=[6, 5]), shape=sizes)
    if new:
        gradient = raw.Neg(x=gradient) if wrong == "gradient" else gradient
        total = raw.BiasAddGrad(out_backprop=gradient)
    else:
        gradient = raw.Reshape(tensor=gradient, shape=[-1, 5])
        total = raw.BiasAddGrad(out_backprop=gradient)
    with tf.control_dependencies([tf.group(total, gradient)]):
        handed, total = raw.Identity(input=gradient), raw.Identity(input=total)
    handed = raw.Reshape(tensor=handed, shape=[-1, 5]) if new else handed
    back = raw.MatMul(a=raw.Reshape(tensor=x, shape=[-1, 4]), b=handed, transpose_a=True)
    out(raw.Atan2(y=raw.Atan2(y=raw.Sum(input=flat, axis=[0, 1]), x=total), x=raw.Max(input=back, axis=[0, 1])))


def test_rows_of_a_dense_layer_that_are_made_flat_once_more_are_those_that_got_the_bias():
    old = built(rows_of_a_dense_layer, False)
    assert "bias of rows" in proved(old, built(rows_of_a_dense_layer, True)).rules
    for wrong in ("others", "tanh", "gradient"):
        assert audit(old, built(rows_of_a_dense_layer, True, wrong)).verdict == "not faithful", wrong


def _updated(new, wrong=None):
    """tf.case that updates a variable or gives its value, a default that the first releases called twice."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        rate = tf.Variable(1.0, use_resource=False, name="rate")
        size = raw.Sum(input=floats(3), axis=[0])
        asked = [raw.Greater(x=size, y=1.0), raw.Less(x=size, y=-1.0)]
        factors = [1.5, 3.0 if wrong == "factor" else 0.5]
        branches = [functools.partial(lambda by: tf.assign(rate, rate * by), by) for by in factors]

        def default():
            return tf.exp(rate) if wrong == "default" else tf.identity(rate)

        def for_nothing():
            given = default() if wrong != "another" else tf.sin(rate)
            return tf.zeros(given.shape)

        if new:
            chosen = tf.case(list(zip(asked, branches, strict=True)), default)
        else:
            none, met = tf.constant(True), []
            for condition in asked:
                met.append(raw.LogicalAnd(x=condition, y=none))
                none = raw.LogicalAnd(x=none, y=raw.LogicalNot(x=condition))
            chosen = tf.cond(none, default, for_nothing)
            for condition, branch in list(zip(met, branches, strict=True))[::-1]:
                chosen = tf.cond(condition, branch, lambda chosen=chosen: chosen)
        with tf.control_dependencies([chosen]):
            out(tf.stack([chosen, rate.read_value()]))
        tf.variables_initializer([rate], name="init")
    return graph.as_graph_def()


def test_a_case_may_update_variables_and_its_default_is_called_for_nothing():
    old, new = _updated(False), _updated(True)
    assert "case in case" in proved(old, new).rules
    for wrong in ("factor", "default"):
        assert audit(old, _updated(True, wrong)).verdict == "not faithful", wrong
    for wrong in ("factor", "default", "another"):
        assert audit(_updated(False, wrong), new).verdict == "not faithful", wrong
