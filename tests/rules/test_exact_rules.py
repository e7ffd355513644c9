"""Rules are exact: where two graphs look as if TensorFlow had written one in two ways, but differ, no rule applies.

Each form builds two graphs. Run on the same inputs they differ, in a number, a shape, or what else runs; and no audit
calls one of them a port of the other.
"""

import functools
import itertools
import math

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import dimensions_taken, sizes
from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out

raw = tf.raw_ops


def axis_of_the_result(other):
    """Of `abk,kl->abk` the last axis is not the product's: it is only as large."""
    out(
        raw.Einsum(inputs=[floats(2, 3, 4), floats(4, 4, name="y")], equation="abk,kl->abk" if other else "abk,kl->abl")
    )


def _with_an_axis(other, **slice_of):
    """A slice that adds an axis and does something else besides, or the axis alone."""
    x = floats(None, 4)
    masks = {"begin_mask": 5, "end_mask": 5, "new_axis_mask": 2, **slice_of}
    limits = {"begin": [1, 0, 0], "end": [2, 0, 0], "strides": masks.pop("strides", [1, 1, 1])}
    out(raw.ExpandDims(input=x, axis=1) if other else raw.StridedSlice(input=x, **limits, **masks))


def axis_added_to_the_rows_from_one_on(other):
    _with_an_axis(other, begin_mask=4)


def axis_added_to_the_rows_up_to_one(other):
    _with_an_axis(other, end_mask=4)


def axis_added_to_every_other_row(other):
    _with_an_axis(other, strides=[2, 1, 1])


def two_axes_added(other):
    _with_an_axis(other, new_axis_mask=6)


def rows_by_a_count(other):
    """Select chooses rows by a vector, which a quotient is divided by column by column."""
    x, y = floats(3, 3), floats(3, 3, name="y")
    weights = raw.Select(condition=raw.Less(x=y, y=[[9.0], [-9.0], [-9.0]]), x=tf.zeros([3, 3]), y=tf.ones([3, 3]))
    count = raw.Sum(input=raw.Mul(x=weights, y=tf.ones([3, 3])), axis=[1])
    if other:
        out(raw.DivNoNan(x=x, y=count))
    else:
        out(raw.Select(condition=raw.Greater(x=count, y=0.0), x=raw.RealDiv(x=x, y=count), y=tf.zeros([3, 3])))


def zero_below_zero(other):
    """-0 + (norm - norm) is 0."""
    norm = raw.Sqrt(x=raw.Sum(input=raw.Square(x=floats(3)), axis=[0]))
    scale = raw.Mul(x=raw.Minimum(x=norm, y=0.0), y=-1.0)
    if other:
        out(raw.AddV2(x=scale, y=raw.Sub(x=norm, y=norm)))
    else:
        out(raw.Select(condition=raw.IsFinite(x=norm), x=scale, y=float("nan")))


def no_norm(other):
    """A number that is called a norm, but no root of anything, may be -0 itself."""
    norm = raw.Neg(x=raw.Relu(features=raw.Neg(x=raw.Abs(x=floats()))))
    scale = raw.Mul(x=norm, y=0.5)
    if other:
        out(raw.AddV2(x=scale, y=raw.Sub(x=norm, y=norm)))
    else:
        out(raw.Select(condition=raw.IsFinite(x=norm), x=scale, y=float("nan")))


def larger_guard(other):
    """What a safe logarithm is taken of has the shape of what replaces it where it is not needed."""
    x = floats(3)
    condition = raw.Greater(x=x, y=0.0)
    safe = x if other else raw.SelectV2(condition=condition, t=x, e=tf.ones([2, 3]))
    out(raw.SelectV2(condition=condition, t=raw.Log(x=safe), e=0.0))


def _products_of_rows(*shape):
    indices = tf.placeholder(tf.int64, [None, 2], name="indices")
    rows = [
        raw.GatherV2(params=floats(3, *shape, name=name), indices=indices[:, column], axis=0)
        for column, name in enumerate("xy")
    ]
    return raw.Mul(x=rows[0], y=rows[1])


def kept_axis(other):
    out(raw.Sum(input=_products_of_rows(4), axis=[1], keep_dims=other))


def other_axis(other):
    """The axes 1 and -1 are one only where there are two."""
    out(raw.Sum(input=_products_of_rows(4, 4), axis=[-1 if other else 1]))


def below_zero(other):
    """A uniform number times a negative one may be -0."""
    drawn = raw.RandomUniform(shape=[2**12], dtype=tf.float32, seed=1, seed2=2)
    # As RandomUniform draws a 0 too seldom for a test, all are rounded to it.
    out(raw.Mul(x=drawn, y=-1e-45) if other else raw.AddV2(x=raw.Mul(x=drawn, y=-1e-45), y=0.0))


def sizes_that_do_not_fit(other):
    """Sizes that no broadcast brings together stop a program."""
    x = floats(2, 3)
    axes = raw.BroadcastGradientArgs(s0=[4], s1=raw.Shape(input=x))[0] if other else [0]
    out(raw.Reshape(tensor=raw.Sum(input=x, axis=axes), shape=[3]))


def low_above_high(other):
    """Which of two limits wins that contradict each other is the order in which they are asked for."""
    x, low, high = raw.Mul(x=floats(64), y=200.0), 50.0, 10.0
    if other:
        clipped = raw.ClipByValue(t=x, clip_value_min=low, clip_value_max=high)
    else:
        clipped = raw.Minimum(x=raw.Maximum(x=x, y=low), y=high)
    out(raw.Cast(x=clipped, DstT=tf.int32))


def count_of_another_kind(other):
    zeros = raw.Equal(x=floats(3), y=0.0)
    raw.Mean(input=raw.Cast(x=zeros, DstT=tf.float64 if other else tf.float32), axis=[0], name="out")


def copy_of_another(other):
    """What is reshaped to its own shape is a copy of it, which a program fetches by its name."""
    one = raw.Exp(x=floats(3))
    two = raw.Tanh(x=one)
    raw.Reshape(tensor=one if other else two, shape=[3], name="out")


def copy_of_rows_or_of_all(other):
    """What is gathered is copied, and so may be what it is gathered from, by the same name."""
    x = floats(5, 3)
    rows = raw.GatherV2(params=x, indices=[4, 1, 0, 2, 3], axis=0)
    out(rows if other else x)


def copied_once_more(other):
    """A copy that is made no more may have been made of another tensor, of which there is a copy already."""
    x = floats(3)
    one, two = raw.Exp(x=x), raw.Tanh(x=x)
    raw.Identity(input=two, name="copy")
    raw.Identity(input=two if other else one, name="out")


def turned_a_little_more(other):
    """By how much a hue is turned is less than what the first releases could add to 1."""
    out(raw.AdjustHue(images=raw.Abs(x=floats(8, 8, 3)), delta=5e-8 if other else 0.0))


def _dropped(scale, rate):
    drawn = raw.RandomUniform(shape=[2**12], dtype=tf.float32, seed=1, seed2=2)
    kept = raw.Cast(x=raw.GreaterEqual(x=drawn, y=rate), DstT=tf.float32)
    out(raw.Mul(x=raw.Mul(x=floats(2**12), y=scale), y=kept))


def rounded_scale(other):
    """1 / 0.001, and 1 / (1 - (1 - 0.001)) of float32."""
    one, kept = np.float32(1), np.float32(0.001)
    _dropped(one / (one - (one - kept)) if other else one / kept, np.float32(0.999))


def rows_without_a_wait(other):
    """The softmax of rows comes behind an update of a variable, and what it gives before it is read."""
    count = tf.Variable([0.0], name="count", use_resource=False)
    updated = count.assign_add([1.0])
    rows = raw.Reshape(tensor=floats(2, 3, 4), shape=[6, 4])
    with tf.control_dependencies([] if other else [updated]):
        soft = raw.Softmax(logits=rows)
    with tf.control_dependencies([raw.Reshape(tensor=soft, shape=[2, 3, 4])]):
        out(raw.Identity(input=count._ref()))


def mean_over_another_axis(other):
    """Both axes are as large, but one is the number of rows; run, they are the same."""
    x = floats(4, 4)
    count = raw.Shape(input=x)[1 if other else 0]
    out(raw.RealDiv(x=raw.Sum(input=x, axis=[0]), y=raw.Cast(x=count, DstT=tf.float32)))


def size_of_another(other):
    """What is reshaped to the size of another tensor stops where that is not as large."""
    x, y = floats(None, 3), floats(None, name="y")
    size = raw.Shape(input=y if other else x)[0]
    out(raw.Exp(x=raw.Reshape(tensor=raw.Tanh(x=x), shape=raw.Pack(values=[size, 3]))))


def stitched_twice(other):
    """What is put in the same places twice, at once, is one or the other."""
    x = floats(5)
    which = raw.Cast(x=raw.Greater(x=x, y=0.0), DstT=tf.int32)
    places = raw.DynamicPartition(data=tf.range(5), partitions=which, num_partitions=2)
    rows = raw.DynamicPartition(data=x, partitions=which, num_partitions=2)[0]
    stitch = raw.ParallelDynamicStitch if other else raw.DynamicStitch
    out(stitch(indices=[places[0], places[0]], data=[rows, raw.Exp(x=rows)]))


def before_the_reshape(other):
    """What is summed over batches is used by an op that takes nothing else, and so no shape."""
    x, y = floats(None, 3, 4), floats(None, 4, 5, name="y")
    axes = raw.BroadcastGradientArgs(s0=raw.Shape(input=x)[:-2], s1=raw.Shape(input=y)[:-2]).r0
    product = raw.Sum(input=raw.BatchMatMulV2(x=x, y=y), axis=axes)
    out(raw.Reshape(tensor=raw.Exp(x=product) if other else product, shape=[-1, 3, 5]))


def _mean(tensor, count):
    total = raw.Sum(input=tensor, axis=[0] if tensor.shape.rank is None else list(range(tensor.shape.rank)))
    out(raw.RealDiv(x=total, y=raw.Cast(x=count, DstT=tf.float32)))


def gathered_along_the_last_axis(other):
    """An axis that is counted from the end is one of those that there are."""
    x = raw.GatherV2(params=floats(4, 5), indices=tf.placeholder(tf.int32, [3], name="places"), axis=-1)
    _mean(x, tf.constant(240) if other else raw.Size(input=x))


def _of_any_rank(x, *shape):
    """Reshape to a shape that only a run tells."""
    few = raw.RandomUniform(shape=[8], dtype=tf.float32, seed=1)
    sizes = raw.Where(condition=raw.Greater(x=[2.0 * (k in shape) for k in range(8)], y=few))
    return raw.Reshape(tensor=x, shape=sizes[:, 0])


def rows_of_a_handle(other):
    """What is gathered by the handle of a variable has more sizes than the numbers of rows, and the handle none."""
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[4, 3], shared_name="handle")
    with tf.control_dependencies([raw.AssignVariableOp(resource=handle, value=tf.ones([4, 3]))]):
        rows = raw.ResourceGather(resource=handle, indices=[1, 3], dtype=tf.float32)
    _mean(raw.Mul(x=rows, y=floats(3)), tf.constant(2) if other else raw.Size(input=rows))


def assigned_in_another_shape(other):
    """What is assigned without asking for its shape has its own."""
    variable, drawn = (
        raw.VariableV2(shape=[1], dtype=tf.float32),
        raw.RandomUniform(shape=[5], dtype=tf.float32, seed=1),
    )
    assigned = raw.Assign(ref=variable, value=_of_any_rank(drawn, 5), validate_shape=False)
    assigned = raw.Identity(input=assigned)
    _mean(assigned, tf.constant(1) if other else raw.Size(input=assigned))


def number_or_numbers(other):
    """Since TensorFlow 1.2 a placeholder that says that it is a scalar is one."""
    out(raw.Mul(x=floats(3), y=floats(*([3] if other else []), name="rate")))


def fewer_than_the_last(other):
    """The last nine rows of five are five."""
    rows = floats(None, 3)[-9:]
    _mean(rows, tf.constant(27) if other else raw.Size(input=rows))


def behind_the_end(other):
    """Behind the seventh row of five there are none, and not -2."""
    x = floats(None, 3)
    rows = x[7:]
    left = raw.Cast(x=raw.Shape(input=x)[0] - 7 if other else raw.Shape(input=rows)[0], DstT=tf.float32)
    out(raw.AddV2(x=raw.Sum(input=rows, axis=[0, 1]), y=left))


def _after_update(use, other, size=3):
    """What takes something of an update, if only its size, makes it run, and what comes behind reads another number."""
    variable, x = tf.Variable(tf.zeros([size]), name="variable", use_resource=False), floats(size, name="by")
    updated = raw.AssignAdd(ref=variable._ref(), value=tf.ones([size]))
    with tf.control_dependencies([use(raw.Exp(x=x), x if other else updated)]):
        out(raw.Identity(input=variable._ref()))


def zeros_of_an_update(other):
    _after_update(lambda x, measured: raw.AddV2(x=x, y=raw.ZerosLike(x=measured)), other)


def shape_of_an_update(other):
    """That is the shape which the tensor has."""
    _after_update(lambda x, measured: raw.Reshape(tensor=x, shape=raw.Shape(input=measured)), other)


def rank_of_an_update(other):
    _after_update(lambda x, measured: raw.Mul(x=x, y=raw.Cast(x=raw.Rank(input=measured), DstT=tf.float32)), other)


def rows_or_columns(other):
    """A product needs four columns, but is not run for what else takes them."""
    columns = raw.Reshape(tensor=_of_any_rank(floats(24), 4, 6), shape=[-1, 4] if other else [3, -1])
    raw.MatMul(a=columns, b=floats(4, 2, name="weights"))
    out(raw.Tanh(x=columns))


def behind_a_size_of_an_update(other):
    """What waits for a size waits for what is measured."""

    def behind(x, measured):
        with tf.control_dependencies([raw.Shape(input=measured)]):
            return raw.Tanh(x=x)

    _after_update(behind, other)


def averages_of_an_update(other):
    """In training no averages are read; but they are run."""
    x, rows = floats(2, 3, 3, 4), floats(4, name="rows")

    def normalized(_, updated):
        given = {"mean": updated, "variance": updated} if not other else {"mean": [], "variance": []}
        return raw.FusedBatchNormV3(x=x, scale=rows, offset=rows, **given)[0]

    _after_update(normalized, False, 4)


def averages_of_another_branch(other):
    """Nor are averages read, but what takes one from a branch that does not run does not run either."""
    x, rows = floats(2, 3, 3, 4), floats(4, name="rows")
    asked = raw.Less(x=x[0, 0, 0, 0], y=99.0)
    sides, averages = (raw.Switch(data=one, pred=asked) for one in (x, rows))
    average = raw.Identity(input=averages[0 if other else 1])
    given = {"scale": rows, "offset": rows, "mean": average, "variance": average}
    out(raw.FusedBatchNormV3(x=sides[1], **given)[0])


def averages_to_be_fed(other):
    """Nor does anything have to be fed for averages that are not read."""
    rows, fed = floats(4, name="rows"), floats(4, name="fed")
    raw.Exp(x=fed, name="elsewhere")
    given = {"mean": fed, "variance": fed} if other else {"mean": [], "variance": []}
    out(raw.FusedBatchNormV3(x=floats(2, 3, 3, 4), scale=rows, offset=rows, **given)[0])


def averages_of_any_shape(other):
    """Averages that are no vectors stop a program, though they are not read."""
    rows, handle = floats(4, name="rows"), raw.VarHandleOp(dtype=tf.float32, shape=None)
    average = raw.ReadVariableOp(resource=handle, dtype=tf.float32)
    raw.Exp(x=average, name="elsewhere")
    given = {"mean": average, "variance": average} if other else {"mean": [], "variance": []}
    out(raw.FusedBatchNormV3(x=floats(2, 3, 3, 4), scale=rows, offset=rows, **given)[0])


def times_its_conjugate(other):
    """The squared difference of complex numbers is a product with the conjugate."""
    x, y = (raw.Complex(real=floats(3, name=f"{name}_real"), imag=floats(3, name=name)) for name in "xy")
    out(raw.Square(x=raw.Sub(x=x, y=y)) if other else raw.SquaredDifference(x=x, y=y))


def numbers_of_another_width(other):
    """A range gives whole numbers of the type that its limits have."""
    kind = tf.int64 if other else tf.int32
    limit = raw.Shape(input=floats(None), out_type=kind)[0]
    raw.Range(start=tf.constant(0, kind), limit=limit, delta=tf.constant(1, kind), name="out")


def places_of_another_width(other):
    """So does top_k."""
    places = raw.TopKV2(input=floats(5), k=2, index_type=tf.int64 if other else tf.int32)[1]
    out(places)


def places_in_all_rows(other):
    """Where the largest of two rows stand is the same twice, unless where a row begins is added."""
    largest, places = raw.TopKV2(input=floats(2, 5), k=3)
    places = raw.Reshape(tensor=raw.AddV2(x=places, y=1), shape=[-1])
    values, of = raw.Reshape(tensor=largest, shape=[-1]), tf.constant([8])
    if other:
        out(raw.ScatterNd(indices=raw.ExpandDims(input=places, axis=1), updates=values, shape=of))
    else:
        kinds = {"default_value": 0.0, "validate_indices": False}
        out(raw.SparseToDense(sparse_indices=places, output_shape=of, sparse_values=values, **kinds))


def cumulated_and_divided_by_another(other):
    """The gradient of a cumulated product is divided by what was multiplied, and by nothing else."""
    x, y = floats(8), raw.Relu(features=floats(8, name="y"))
    total = raw.Cumsum(x=raw.Mul(x=raw.Cumprod(x=x, axis=0), y=x), axis=0, reverse=True)
    out((raw.DivNoNan if other else raw.RealDiv)(x=total, y=y))


def seed_of_an_op_alone(other):
    """Where the graph has no seed, none is derived."""
    out(raw.RandomUniform(shape=[4], dtype=tf.float32, seed=87654321, seed2=0 if other else 1))


def _counted(x):
    variable = tf.Variable([0.0], name="variable", use_resource=False)
    return variable, raw.AssignAdd(ref=variable._ref(), value=raw.Exp(x=x))


def copied_with_an_update(other):
    """Whoever takes one of several copies runs what the others are made from."""
    x = floats(1)
    variable, updated = _counted(x)
    copies = [raw.Exp(x=x), raw.Identity(input=updated)]
    copies = copies if other else raw.IdentityN(input=copies)
    with tf.control_dependencies([raw.Tanh(x=copies[0])]):
        out(raw.Identity(input=variable._ref()))


def copy_of_what_is_replaced(other):
    """A copy keeps what was assigned, and the output of Assign is what is assigned next."""
    variable = raw.VariableV2(shape=[1], dtype=tf.float32)
    one = raw.Assign(ref=variable, value=[1.0], validate_shape=False)
    copied = one if other else raw.Identity(input=one)
    with tf.control_dependencies([raw.Exp(x=copied)]):
        two = raw.Assign(ref=variable, value=[2.0, 2.0, 2.0], validate_shape=False)
    with tf.control_dependencies([two]):
        out(raw.Neg(x=copied))


def update_before_one_branch(other):
    """What comes out of a Merge has not waited for what the other branch waits for."""
    x = floats(1)
    variable, updated = _counted(x)
    with tf.control_dependencies([updated]):
        three = tf.constant([3.0])
    below, above = raw.Switch(data=x, pred=raw.Greater(x=x[0], y=9.0))
    with tf.control_dependencies([updated]):
        above = raw.Exp(x=above)
    merged = raw.Merge(inputs=[raw.Tanh(x=below), above])[0]
    with tf.control_dependencies([] if other else [updated]):
        merged = raw.Neg(x=merged)
    with tf.control_dependencies([merged]):
        out(raw.Identity(input=variable._ref()))
    raw.Mul(x=x, y=three)


def losses_of_one_row(other):
    """One row of logits has as many losses as there are rows of labels."""
    few = raw.RandomUniform(shape=[5], dtype=tf.float32, seed=1)
    rows = raw.Where(condition=raw.Greater(x=[2.0, 0.0, 0.0, 0.0, 0.0], y=few))
    logits, labels = raw.GatherV2(params=floats(5, 3), indices=rows[:, 0], axis=0), floats(None, 3, name="labels")
    losses = raw.SoftmaxCrossEntropyWithLogits(features=logits, labels=labels)[0]
    _mean(losses, raw.Shape(input=logits if other else losses)[0])


def _late():
    """What takes a while, so that all else that may come before it does."""
    x = raw.RandomUniform(shape=[700, 700], dtype=tf.float32, seed=1, seed2=2)
    for _ in range(4):
        x = raw.Tanh(x=raw.MatMul(a=x, b=x))
    return x


def behind_a_loop_that_counts_to_an_update(other):
    """Nothing need wait for a loop without state, but for the number that it takes, which was read after an update."""

    @Defun(tf.int32, func_name="goes_on")
    def goes_on(count):
        return raw.Less(x=count, y=1)

    @Defun(tf.int32, func_name="turn")
    def turn(count):
        return raw.AddV2(x=count, y=1)

    handle = raw.VarHandleOp(dtype=tf.float32, shape=[1], shared_name="behind_a_loop")
    with tf.control_dependencies([raw.AssignVariableOp(resource=handle, value=[0.0])]):
        handle = raw.Identity(input=handle)

    @Defun(tf.resource, tf.float32, func_name="step")
    def step(handle, x):
        with tf.control_dependencies([_late()]):
            x = raw.Exp(x=x)
        with tf.control_dependencies([raw.AssignAddVariableOp(resource=handle, value=x)]):
            count = raw.Cast(x=raw.ReadVariableOp(resource=handle, dtype=tf.float32)[0], DstT=tf.int32)
        (count,) = raw.While(input=[count], cond=goes_on, body=turn)
        with tf.control_dependencies([] if other else [count]):
            return raw.Identity(input=raw.ReadVariableOp(resource=handle, dtype=tf.float32)), count

    value, count = step(handle, floats(1))
    out(raw.Tanh(x=value))
    raw.Neg(x=count)


def _initial(variable, other):
    """The value of a variable if it is initialized, or after it is initialized anew."""
    drawn = raw.RandomUniform(shape=[1], dtype=tf.float32, seed=1, seed2=2)
    assign = raw.Assign(ref=variable, value=drawn)
    if not other:
        with tf.control_dependencies([assign]):
            return raw.Identity(input=variable)
    asked = raw.IsVariableInitialized(ref=variable)
    read = raw.Identity(input=raw.RefSwitch(data=variable, pred=asked)[1])
    return raw.Merge(inputs=[raw.Switch(data=drawn, pred=asked)[0], read])[0]


def initialized_anew(other):
    """What reads a variable behind its initializer sets it back."""
    out(raw.Tanh(x=_initial(raw.VariableV2(shape=[1], dtype=tf.float32, name="variable"), other)))


def set_to_what_another_begins_with(other):
    """So does what is assigned to another variable that has begun with something else."""
    another = raw.VariableV2(shape=[1], dtype=tf.float32, name="another")
    raw.Assign(ref=another, value=[3.0])
    value = _initial(raw.VariableV2(shape=[1], dtype=tf.float32, name="variable"), other)
    out(raw.Assign(ref=another, value=value, name="update"))


def copy_of_the_other_branch(other):
    """In a loop one op waits for what enters from a branch, another for what enters from the other: one runs."""
    x, entered = floats(1), {"frame_name": "loop", "is_constant": True}
    branches = raw.Switch(data=x, pred=raw.Less(x=x[0], y=99.0))
    merged = raw.Merge(inputs=[raw.Enter(data=x, frame_name="loop")] * 2)[0]
    two, limit, axis = (raw.Enter(data=one, **entered) for one in (2.0, 1e3, [0]))
    test = raw.LoopCond(input=raw.Less(x=raw.Max(input=raw.Abs(x=merged), axis=axis), y=limit))
    leave, stay = raw.Switch(data=merged, pred=test)
    copies = [raw.Identity(input=raw.Enter(data=one, **entered)) for one in branches]
    grown = []
    for copy, op in zip(copies[::-1] if other else copies, (raw.Mul, raw.Pow), strict=True):
        with tf.control_dependencies([copy]):
            grown.append(raw.AddV2(x=raw.Abs(x=op(x=stay, y=two)), y=two))
    merged.op._update_input(1, raw.NextIteration(data=raw.Merge(inputs=grown)[0]))
    out(raw.Exit(data=leave))


def one_to_each_distance(other):
    """An identity matrix of one element adds 1 to all distances, and not to those on the diagonal."""
    values = raw.Svd(input=floats(3, 3))[0]
    rows, columns = (raw.ExpandDims(input=raw.Square(x=values), axis=axis) for axis in (-2, -1))
    distance = raw.Sub(x=rows, y=columns)
    if not other:
        distance = raw.AddV2(x=distance, y=raw.MatrixDiag(diagonal=[1.0]))
    out(raw.MatrixSetDiagV3(input=raw.Reciprocal(x=distance), diagonal=raw.ZerosLike(x=values), k=0))


def inverse_that_others_take(other):
    """A reciprocal waits for an update, and stays where a rule writes the product with it otherwise: others take it."""
    values = raw.Svd(input=floats(3, 3))[0]
    variable, updated = _counted(floats(1, name="by"))

    def inverse():
        return raw.Reciprocal(x=raw.AddV2(x=raw.Mul(x=values, y=values), y=1e-20))

    with tf.control_dependencies([updated]):
        behind = inverse()
    raw.Neg(x=behind)
    with tf.control_dependencies([raw.MatrixDiag(diagonal=raw.Mul(x=values, y=inverse() if other else behind))]):
        out(raw.Identity(input=variable._ref()))


def question_that_others_ask(other):
    """So does the question whether a count is 0."""
    x, y = floats(3), floats(3, name="y")
    variable, updated = _counted(floats(1, name="by"))
    ones, zeros = tf.ones([3]), tf.zeros([3])
    count = raw.Mul(x=raw.Select(condition=raw.Less(x=y, y=0.0), x=zeros, y=ones), y=ones)
    with tf.control_dependencies([updated]):
        behind = raw.Equal(x=count, y=zeros)
    raw.LogicalNot(x=behind)
    count_or_one = raw.Select(condition=raw.Equal(x=count, y=zeros) if other else behind, x=ones, y=count)
    quotient = raw.RealDiv(x=x, y=count_or_one)
    with tf.control_dependencies([raw.Select(condition=raw.Greater(x=count, y=0.0), x=quotient, y=zeros)]):
        out(raw.Identity(input=variable._ref()))


def row_that_others_take(other):
    """So does a row that a sparse product is made of."""
    x, y = floats(5, 3), floats(5, 3, name="y")
    variable, updated = _counted(floats(1, name="by"))
    row, factor = (raw.GatherV2(params=one, indices=which, axis=0) for one, which in ((x, [0, 1]), (y, [2, 3])))
    with tf.control_dependencies([updated]):
        behind = raw.ExpandDims(input=row, axis=-2)
    raw.Neg(x=behind)
    row = raw.ExpandDims(input=row, axis=-2) if other else behind
    product = raw.BatchMatMulV2(x=row, y=raw.ExpandDims(input=factor, axis=-2), adj_y=True)
    with tf.control_dependencies([raw.Squeeze(input=product, axis=[-2, -1])]):
        out(raw.Identity(input=variable._ref()))


def _averaged(new, decay_is_read=None, others=()):
    """An average without bias: subtracted from its variable what that is too large, or assigned to it.

    `decay_is_read`: behind the updates; the decay is the count, then. `others`: what else is added to the variable.
    """
    variable, biased, steps = (raw.VariableV2(shape=[], dtype=tf.float32, name=name) for name in ("v", "biased", "n"))
    for one in (variable, biased, steps):
        raw.Assign(ref=one, value=0.5)
    x = floats()
    with tf.control_dependencies([_late()]):
        x = raw.Tanh(x=x)
    moved = raw.AssignSub(ref=biased, value=x)
    with tf.control_dependencies([raw.Exp(x=x)]):
        counted = raw.AssignAdd(ref=steps, value=1.0)
    decay, own = 0.9, raw.Identity(input=variable)
    if decay_is_read is not None:
        with tf.control_dependencies([moved, counted] if decay_is_read else []):
            decay = raw.Square(x=steps)  # a copy would be that of what the variable has by then
    with tf.control_dependencies([own]):
        added = [raw.AssignAdd(ref=variable, value=one) for one in others]
    if new:
        average = raw.RealDiv(x=moved, y=raw.Sub(x=1.0, y=raw.Pow(x=decay, y=counted)))
    else:
        with tf.control_dependencies([moved, counted]):
            moved, counted = raw.Identity(input=biased), raw.Identity(input=steps)
        average = raw.RealDiv(x=moved, y=raw.Sub(x=1.0, y=raw.Pow(x=decay, y=counted)))
        average = raw.Sub(x=own, y=average)
    with tf.control_dependencies(added):
        out(raw.Tanh(x=(raw.Assign if new else raw.AssignSub)(ref=variable, value=average, name="update")))


def decay_that_is_the_count(other):
    """A decay that is read behind the updates is read there, if it is what they update."""
    _averaged(other, decay_is_read=not other)


def average_after_another_update(other):
    """What is added to a variable after it was read, and before its average is subtracted, is part of it then."""
    _averaged(other, others=[1.0])


def _rows(numbers, zeros):
    """The rows of a sum of segments, or zeros for a number below 0."""
    gradient = raw.Exp(x=raw.UnsortedSegmentSum(data=floats(1, 4, name="y"), segment_ids=numbers, num_segments=2))
    rows = raw.GatherV2(params=gradient, indices=raw.Maximum(x=numbers, y=zeros), axis=0)
    asked = raw.Reshape(tensor=raw.GreaterEqual(x=numbers, y=0), shape=[1, 1])
    asked = raw.LogicalAnd(x=asked, y=tf.ones(rows.shape, tf.bool))
    return raw.Select(condition=asked, x=rows, y=tf.zeros(rows.shape))


def row_taken_again_and_again(other):
    """The larger of one number and five zeros is five numbers."""
    number = raw.Cast(x=raw.Abs(x=raw.Sign(x=floats(1))), DstT=tf.int32)
    out(raw.Sum(input=raw.Tanh(x=_rows(number, [0] if other else [0] * 5)), axis=[0]))


def one_row_with_each_of_several(other):
    """The products of one row with four are four."""
    rows = [
        raw.GatherV2(params=floats(5, 3, name=name), indices=numbers, axis=0)
        for name, numbers in (("x", [2]), ("y", [0, 1, 2, 4]))
    ]
    products = raw.Sum(input=raw.Mul(x=rows[0], y=rows[1]), axis=[1])
    _mean(products, tf.constant(1) if other else raw.Size(input=products))


def _updated(*shape):
    """A variable that is 1, and 2 by an update."""
    variable = raw.VariableV2(shape=shape, dtype=tf.float32, name="variable")
    raw.Assign(ref=variable, value=tf.ones(shape))
    return variable, raw.AssignAdd(ref=variable, value=tf.ones(shape))


def guard_that_is_an_update(other):
    """What a safe logarithm is taken of where it is not needed makes no difference, but is run."""
    variable, updated = _updated(3)
    x = floats(3)
    condition = raw.Greater(x=x, y=0.0)
    safe = x if other else raw.SelectV2(condition=condition, t=x, e=updated)
    with tf.control_dependencies([raw.Tanh(x=raw.SelectV2(condition=condition, t=raw.Log(x=safe), e=raw.Neg(x=x)))]):
        out(raw.Identity(input=variable))


def strength_of_an_update(other):
    """So is the rate that no beta is divided by."""
    variable, updated = _updated()
    slots = {name: raw.VariableV2(shape=[3], dtype=tf.float32, name=name) for name in ("var", "accum", "linear")}
    for one in slots.values():
        raw.Assign(ref=one, value=tf.ones([3]))
    strength = floats(name="strength")
    if not other:
        rate = raw.Maximum(x=updated, y=1e-6)
        strength = raw.AddV2(x=strength, y=raw.RealDiv(x=0.0, y=raw.Mul(x=2.0, y=rate)))
    given = {"grad": floats(3), "lr": 0.1, "l1": 0.1, "l2": strength, "lr_power": -0.5}
    with tf.control_dependencies([raw.Tanh(x=raw.ApplyFtrl(**slots, **given))]):
        out(raw.Identity(input=variable))


def zeros_of_each_column(other):
    """A mean over the rows alone is one for each column, if there is but one."""
    x = raw.Relu(features=floats(5, 1))
    out(raw.Mean(input=raw.Cast(x=raw.Equal(x=x, y=0.0), DstT=tf.float32), axis=[0] if other else [0, 1]))


def counted_in_few_bits(other):
    """A number of eight bits counts to 255."""
    x = floats(300)
    counted = raw.Sum(input=raw.Cast(x=raw.NotEqual(x=x, y=0.0), DstT=tf.uint8 if other else tf.int32), axis=[0])
    zeros = raw.Sub(x=300, y=raw.Cast(x=counted, DstT=tf.int32) if other else counted)
    out(raw.RealDiv(x=raw.Cast(x=zeros, DstT=tf.float32), y=300.0))


def zeros_of_more_rows(other):
    """Zeros that are chosen where a number is below 0 may be of a larger shape, which is that of the result."""
    numbers = raw.Cast(x=raw.Abs(x=raw.Sign(x=floats(2))), DstT=tf.int32)
    gradient = raw.Exp(x=raw.UnsortedSegmentSum(data=floats(2, 4, name="y"), segment_ids=numbers, num_segments=2))
    rows = raw.GatherV2(params=gradient, indices=raw.Maximum(x=numbers, y=[0, 0]), axis=0)
    asked = raw.LogicalAnd(
        x=raw.Reshape(tensor=raw.GreaterEqual(x=numbers, y=0), shape=[2, 1]), y=tf.ones([2, 4], bool)
    )
    out(raw.SelectV2(condition=asked, t=rows, e=tf.zeros([3, 2, 4] if other else [2, 4])))


def largest_exponent_of_more_rows(other):
    """So may those for an exponent that is not finite."""
    largest = raw.Max(input=floats(2, 3), axis=[1])
    zeros = tf.zeros([4, 2] if other else [2])
    largest = raw.SelectV2(condition=raw.IsFinite(x=largest), t=largest, e=zeros)
    out(raw.Exp(x=raw.StopGradient(input=largest)))


def quotient_of_more_rows(other):
    """And those for a quotient by no weights."""
    x, y, ones, zeros = floats(3), floats(3, name="y"), tf.ones([3]), tf.zeros([3])
    count = raw.Mul(x=raw.Select(condition=raw.Less(x=y, y=0.0), x=zeros, y=ones), y=ones)
    count_or_one = raw.SelectV2(condition=raw.Equal(x=count, y=zeros), t=1.0, e=count)
    above, none = raw.Greater(x=count, y=0.0), tf.zeros([4, 3] if other else [3])
    out(raw.RealDiv(x=raw.SelectV2(condition=above, t=x, e=none), y=count_or_one))


def vectors_in_a_matrix(other):
    """What is joined after each got an axis has more elements than parts if these were no numbers."""
    whole = [raw.Cast(x=raw.Mul(x=floats(3, name=name), y=99.0), DstT=tf.int32) for name in "xy"]
    joined = raw.ConcatV2(values=[raw.ExpandDims(input=one, axis=0) for one in whole], axis=0)
    out(raw.Mul(x=joined, y=2 if other else raw.Size(input=joined)))


def steps_that_are_cut(other):
    """Steps that are counted in eight bits begin anew."""
    x, y = (raw.ExpandDims(input=floats(name=name), axis=0) for name in "xy")
    steps = raw.Range(start=1, limit=299, delta=1)
    steps = raw.Cast(x=raw.Cast(x=steps, DstT=tf.uint8) if other else steps, DstT=tf.float32)
    step = raw.RealDiv(x=raw.Sub(x=y, y=x), y=299.0)
    joined = raw.ConcatV2(values=[x, raw.AddV2(x=x, y=raw.Mul(x=step, y=steps)), y], axis=0)
    out(raw.Slice(input=joined, begin=[0], size=[300]))


def gradient_of_more_rows(other):
    """The gradient of a squared difference has the shape of what is handed back, which may be larger."""
    x, y, given = floats(3), floats(3, name="y"), floats(4, 3, name="given")
    raw.Tanh(x=raw.SquaredDifference(x=x, y=y))
    back = raw.Mul(x=raw.Mul(x=2.0, y=given), y=raw.Sub(x=x, y=y))
    _mean(back, tf.constant(3) if other else raw.Size(input=back))


def regularizer_of_more_rows(other):
    """So has that of a regularizer."""
    weights, given = floats(3, name="weights"), floats(name="given")
    squares = raw.Sum(input=raw.Square(x=weights), axis=[0])
    raw.Tanh(x=raw.AddV2(x=0.0, y=raw.Mul(x=0.01, y=squares)))
    spread = raw.BroadcastTo(input=raw.Mul(x=given, y=0.01), shape=[4, 3] if other else [3])
    out(raw.Tanh(x=raw.Mul(x=spread, y=raw.Mul(x=weights, y=2.0))))


def behind_a_size_of_what_is_read(other):
    """What waits for a size waits for what is measured, which may read what is updated then."""
    variable, x = raw.VariableV2(shape=[3], dtype=tf.float32, name="variable"), floats(3)
    raw.Assign(ref=variable, value=tf.ones([3]))
    with tf.control_dependencies([_late()]):
        before = raw.Exp(x=variable)
    with tf.control_dependencies([raw.Shape(input=x if other else before)]):
        updated = raw.AssignAdd(ref=variable, value=tf.ones([3]))
    with tf.control_dependencies([updated]):
        out(raw.Tanh(x=before))


def range_that_goes_back(other):
    """No range counts up to what is less: that stops a program."""
    x = floats(None, 4)
    size = raw.Prod(input=raw.Shape(input=x)[1:], axis=[0])
    counted = raw.Range(start=size if other else 0, limit=0, delta=1)
    out(raw.RealDiv(x=x, y=raw.Cast(x=raw.Prod(input=raw.Shape(input=x)[1], axis=counted), DstT=tf.float32)))


def enters_behind_a_turn(other):
    """What enters a loop waits for nothing inside of one."""
    x, one = _entered(floats(), []), raw.Tanh(x=floats(name="y"))
    with tf.control_dependencies([x] if other else []):
        entered = raw.Enter(data=one, frame_name="frame", is_constant=True)
    out(_loop([x], raw.Less(x=x, y=2.0 * raw.Exp(x=entered)), lambda x: (raw.AddV2(x=x, y=1.0),))[0])


def summed_twice(other):
    """No kernel sums over an axis twice."""
    out(raw.Sum(input=floats(3, 4), axis=[0, 0] if other else [0]))


def _entered(x, waits):
    """Return a tensor as each turn of a loop begins with it; `_loop` tells with what the next one does."""
    with tf.control_dependencies(waits):
        x = raw.Enter(data=x, frame_name="frame")
    return raw.Merge(inputs=[x, x]).output


def _loop(entered, goes_on, turn):
    """A loop of what entered it, which is returned as it leaves."""
    goes_on = raw.LoopCond(input=goes_on)
    sides = [raw.Switch(data=one, pred=goes_on) for one in entered]
    for one, new in zip(entered, turn(*[side.output_true for side in sides]), strict=True):
        one.op._update_input(1, raw.NextIteration(data=new))
    return [raw.Exit(data=side.output_false) for side in sides]


def entered_before_or_behind_an_update(other):
    """What enters a loop reads a variable as it enters, and not when the condition has waited."""
    variable, x = raw.VariableV2(shape=[], dtype=tf.float32, name="variable"), raw.AddV2(x=floats(), y=5.0)
    raw.Assign(ref=variable, value=1.0)
    with tf.control_dependencies([_late()]):
        updated = raw.Assign(ref=variable, value=3.0, name="update")
    x, limit = _entered(x, [] if other else [updated]), _entered(variable, [updated] if other else [])
    goes_on = raw.Less(x=x, y=raw.Exp(x=limit))
    out(raw.Tanh(x=_loop([x, limit], goes_on, lambda x, limit: (raw.AddV2(x=x, y=raw.Exp(x=x)), limit))[0] * 1e-3))


def asked_in_a_loop_before_or_behind_an_update(other):
    """So does a loop inside of a condition."""
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[], shared_name="asked_in_a_loop")
    assigned = raw.AssignVariableOp(resource=handle, value=1.0)
    with tf.control_dependencies([assigned]):
        x, first = raw.AddV2(x=floats(), y=5.0), _late()
    with tf.control_dependencies([first]):
        updated = raw.AssignVariableOp(resource=handle, value=3.0)
    zero = raw.Relu(features=raw.Neg(x=raw.Abs(x=floats(name="y"))))
    x, limit = _entered(x, [] if other else [updated]), _entered(zero, [updated] if other else [])
    with tf.control_dependencies([assigned]):
        entered = raw.Enter(data=raw.Identity(input=handle), frame_name="frame", is_constant=True)
    inner = raw.Enter(data=raw.Tanh(x=limit), frame_name="inner")
    inner = raw.Merge(inputs=[inner, inner]).output
    inside = raw.Enter(data=entered, frame_name="inner", is_constant=True)
    with tf.control_dependencies([inner]):
        read = raw.ReadVariableOp(resource=inside, dtype=tf.float32)
        never = raw.LoopCond(input=raw.Less(x=raw.Exp(x=inner), y=tf.constant(-1.0)))
    side = raw.Switch(data=inner, pred=never)
    inner.op._update_input(1, raw.NextIteration(data=side.output_true))
    read = raw.Switch(data=raw.AddV2(x=read, y=inner), pred=never).output_false
    goes_on = raw.Less(x=x, y=raw.Exp(x=raw.Exit(data=read)))
    out(raw.Tanh(x=_loop([x, limit], goes_on, lambda x, limit: (raw.AddV2(x=x, y=raw.Exp(x=x)), limit))[0] * 1e-3))


def _asserted(x, waits):
    """Return what says that numbers are between 0 and 1, as metrics assert it, which waits for others."""
    holds = raw.All(input=raw.GreaterEqual(x=x, y=0.0), axis=[0])
    sides = raw.Switch(data=holds, pred=holds)
    with tf.control_dependencies(waits):
        passed = raw.Identity(input=sides.output_true)
    with tf.control_dependencies([raw.Assert(condition=sides.output_false, data=["predictions must be in [0, 1]"])]):
        failed = raw.Identity(input=sides.output_false)
    return raw.Merge(inputs=[failed, passed]).output


def asserted_behind_an_update(other):
    """An assertion of a metric may be what runs an update."""
    variable, updated = _updated(3)
    x = raw.Abs(x=floats(3))
    with tf.control_dependencies([_asserted(x, [updated])] if other else []):
        x = raw.Tanh(x=x)
    with tf.control_dependencies([x]):
        out(raw.Identity(input=variable))


def read_behind_an_assertion(other):
    """What waits for one may be what reads a variable before it is changed."""
    variable, x = raw.VariableV2(shape=[3], dtype=tf.float32, name="variable"), raw.Abs(x=floats(3))
    raw.Assign(ref=variable, value=tf.ones([3]))
    raw.Neg(x=x)
    read = variable
    if other:
        with tf.control_dependencies([_asserted(x, [])]):
            read = raw.Identity(input=variable)
    with tf.control_dependencies([read]):
        updated = raw.Assign(ref=variable, value=tf.ones([5]), validate_shape=False, name="update")
    with tf.control_dependencies([updated]):
        out(raw.Tanh(x=read))


def mean_of_rows_by_classes(other):
    """The mean over rows is divided by how many they are, and not by the classes in each."""
    part, total = floats(2, 3), floats(3, name="total")
    parts = raw.SelectV2(condition=raw.Greater(x=total, y=0.0), t=total, e=tf.ones([3]))
    parts = raw.RealDiv(x=part, y=parts)
    if other:
        classes = raw.Sum(input=raw.Cast(x=raw.NotEqual(x=total, y=0.0), DstT=tf.float32), axis=[0])
        mean = raw.RealDiv(x=raw.Sum(input=parts, axis=[0]), y=classes)
        out(raw.SelectV2(condition=raw.Greater(x=classes, y=0.0), t=mean, e=0.0))
    else:
        out(raw.Mean(input=parts, axis=[0]))


def gathered_of_what_a_branch_wrote(other):
    """What was written into an array in a branch may have another size than what was written elsewhere."""
    x = raw.Where(condition=raw.Less(x=floats(5), y=9.0))
    x = raw.Cast(x=raw.Reshape(tensor=x, shape=[-1]), DstT=tf.float32)
    handle, flow = raw.TensorArrayV3(size=2, dtype=tf.float32)
    flow = raw.TensorArrayWriteV3(handle=handle, index=0, value=floats(3, name="y"), flow_in=flow)
    condition = raw.Less(x=floats(name="condition"), y=9.0)
    sides, flows, values = (raw.Switch(data=one, pred=condition) for one in (handle, flow, x))
    written = [sides.output_true, 1, values.output_true, flows.output_true]
    written = raw.TensorArrayWriteV3(**dict(zip(("handle", "index", "value", "flow_in"), written, strict=True)))
    flow = raw.Merge(inputs=[flows.output_false, written]).output
    gathered = raw.TensorArrayGatherV3(handle=handle, indices=[1], flow_in=flow, dtype=tf.float32)
    sizes = raw.Shape(input=gathered) if other else tf.constant([1, 3])
    out(raw.Mul(x=raw.Cast(x=sizes, DstT=tf.float32), y=floats(2, name="z")))


def sum_of_each_row(other):
    """What is reshaped to one number was one: the sums of many rows cannot be."""
    squares = raw.Square(x=floats(None, 3))
    if other:
        total = raw.Sum(input=squares, axis=[0, 1])
    else:
        total = raw.Reshape(tensor=raw.Sum(input=squares, axis=[1]), shape=tf.constant([], tf.int32))
    out(raw.Mul(x=0.5, y=total))


def condition_that_is_pushed(other):
    """What is pushed goes on from the push as well, as wide as it is."""
    x, narrow = floats(None, None), raw.Less(x=floats(None, 1, name="y"), y=0.0)
    wide = narrow if other else raw.BroadcastTo(input=narrow, shape=raw.Shape(input=x))
    stack = raw.StackV2(max_size=-1, elem_type=tf.bool)
    pushed = raw.StackPushV2(handle=stack, elem=wide)
    with tf.control_dependencies([pushed]):
        popped = raw.StackPopV2(handle=stack, elem_type=tf.bool)
    count = raw.Sum(input=raw.Cast(x=pushed, DstT=tf.float32), axis=[0, 1])
    out(raw.Mul(x=raw.SelectV2(condition=popped, t=x, e=raw.Neg(x=x)), y=count))


def begun_behind_an_update(other):
    """What another variable begins with may be what runs an update, where the Merge of both sides waits for it."""
    counter, updated = _updated(3)
    variable, next_one = (raw.VariableV2(shape=[3], dtype=tf.float32, name=name) for name in ("first", "second"))
    value = raw.RandomUniform(shape=[3], dtype=tf.float32, seed=1, seed2=2)
    raw.Assign(ref=variable, value=value)
    condition = raw.Identity(input=raw.IsVariableInitialized(ref=variable))
    value = raw.Switch(data=value, pred=condition).output_false
    read = raw.Identity(input=raw.RefSwitch(data=variable, pred=condition).output_true)
    with tf.control_dependencies([updated] if other else []):
        begun = raw.Exp(x=raw.Merge(inputs=[value, read]).output)
    raw.Assign(ref=next_one, value=begun, name="update")
    with tf.control_dependencies([begun]):
        out(raw.Identity(input=counter))


def gathered_of_what_a_gradient_wrote(other):
    """So may what was written into the array of a gradient, where there is nothing in the array that it is for."""
    x = raw.Where(condition=raw.Less(x=floats(5), y=9.0))
    x = raw.Cast(x=raw.Reshape(tensor=x, shape=[-1]), DstT=tf.float32)
    handle, flow = raw.TensorArrayV3(size=2, dtype=tf.float32)
    flow = raw.TensorArrayWriteV3(handle=handle, index=0, value=floats(3, name="y"), flow_in=flow)
    handle, flow = raw.TensorArrayGradV3(handle=handle, flow_in=flow, source="gradients")
    flow = raw.TensorArrayWriteV3(handle=handle, index=1, value=x, flow_in=flow)
    gathered = raw.TensorArrayGatherV3(handle=handle, indices=[1], flow_in=flow, dtype=tf.float32)
    sizes = raw.Shape(input=gathered) if other else tf.constant([1, 3])
    out(raw.Mul(x=raw.Cast(x=sizes, DstT=tf.float32), y=floats(2, name="z")))


def rows_behind_others(other):
    """Behind more rows than there are is none, and not fewer than none."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    many = 2 * tf.shape(y)[0]
    behind = x[many:]
    out(tf.ones([9 + (tf.shape(x)[0] - many if other else tf.shape(behind)[0])]))


def rows_from_the_end(other):
    """A slice that begins below 0 is counted from the end."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    many = tf.shape(y)[0]
    last = x[-many:]
    out(tf.ones([tf.shape(x)[0] + many if other else tf.shape(last)[0]]))


def added_in_another_order(other):
    """The order in which a program adds up numbers is its own."""
    one, two, three = (floats(9, 9, name=name) for name in ("one", "two", "three"))
    out(raw.AddN(inputs=[three, two, one] if other else [one, two, three]))


def added_in_parts(other):
    """So is what it adds up first."""
    one, two, three = (floats(9, 9, name=name) for name in ("one", "two", "three"))
    out(raw.AddN(inputs=[raw.AddN(inputs=[two, three]), one] if other else [two, one, three]))


DIFFER = (
    rows_behind_others,
    rows_from_the_end,
    added_in_another_order,
    added_in_parts,
    gathered_of_what_a_gradient_wrote,
    begun_behind_an_update,
    condition_that_is_pushed,
    entered_before_or_behind_an_update,
    asked_in_a_loop_before_or_behind_an_update,
    asserted_behind_an_update,
    read_behind_an_assertion,
    mean_of_rows_by_classes,
    gathered_of_what_a_branch_wrote,
    copied_once_more,
    copy_of_rows_or_of_all,
    behind_a_size_of_what_is_read,
    gradient_of_more_rows,
    regularizer_of_more_rows,
    guard_that_is_an_update,
    strength_of_an_update,
    zeros_of_each_column,
    counted_in_few_bits,
    zeros_of_more_rows,
    largest_exponent_of_more_rows,
    quotient_of_more_rows,
    vectors_in_a_matrix,
    steps_that_are_cut,
    behind_a_loop_that_counts_to_an_update,
    copy_of_the_other_branch,
    one_to_each_distance,
    inverse_that_others_take,
    question_that_others_ask,
    row_that_others_take,
    decay_that_is_the_count,
    row_taken_again_and_again,
    one_row_with_each_of_several,
    times_its_conjugate,
    numbers_of_another_width,
    places_of_another_width,
    places_in_all_rows,
    cumulated_and_divided_by_another,
    seed_of_an_op_alone,
    copied_with_an_update,
    copy_of_what_is_replaced,
    losses_of_one_row,
    rows_or_columns,
    behind_a_size_of_an_update,
    averages_of_an_update,
    zeros_of_an_update,
    shape_of_an_update,
    rank_of_an_update,
    number_or_numbers,
    fewer_than_the_last,
    behind_the_end,
    gathered_along_the_last_axis,
    rows_of_a_handle,
    assigned_in_another_shape,
    before_the_reshape,
    axis_of_the_result,
    rows_by_a_count,
    zero_below_zero,
    no_norm,
    larger_guard,
    kept_axis,
    other_axis,
    below_zero,
    low_above_high,
    count_of_another_kind,
    copy_of_another,
    rows_without_a_wait,
)
ROUNDED = (turned_a_little_more, rounded_scale)
MAY_DIFFER = (
    update_before_one_branch,
    sizes_that_do_not_fit,
    mean_over_another_axis,
    size_of_another,
    stitched_twice,
    average_after_another_update,
    averages_of_another_branch,
    averages_to_be_fed,
    averages_of_any_shape,
    range_that_goes_back,
    enters_behind_a_turn,
    summed_twice,
    sum_of_each_row,
    axis_added_to_the_rows_from_one_on,
    axis_added_to_the_rows_up_to_one,
    axis_added_to_every_other_row,
    two_axes_added,
)


def form(build, other):
    return built(lambda new, _mistake: build(new), other)


def run(graph_def):
    random = np.random.default_rng(7)
    options = tf.GraphOptions()  # as the graph stands: the optimizers leave out what adds 0
    options.rewrite_options.disable_meta_optimizer = True
    options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(graph_options=options)) as session:
        tf.import_graph_def(graph_def, name="")
        session.run([node.name for node in graph_def.node if node.op == "Assign" and node.name != "update"])
        inputs = [node for node in graph_def.node if node.op == "Placeholder"]
        fed = {}
        for node in inputs:
            shape = [dim.size if dim.size > 0 else 5 for dim in node.attr["shape"].shape.dim]
            numbers = random.normal(size=shape)
            fed[f"{node.name}:0"] = numbers if node.attr["dtype"].type == tf.float32 else abs(numbers).astype(int)
        return session.run("out:0", fed)


def is_noticed(graph_def, other):
    return audit(graph_def, other).verdict == audit(other, graph_def).verdict == "not faithful"


@pytest.mark.long
@pytest.mark.parametrize("build", DIFFER, ids=lambda build: build.__name__)
def test_what_only_looks_alike_gives_others_and_is_noticed(build):
    one, two = form(build, False), form(build, True)
    value, other = run(one), run(two)
    assert (value.dtype, value.shape, value.tobytes()) != (other.dtype, other.shape, other.tobytes())
    assert is_noticed(one, two)
    assert audit(one, one).verdict == audit(two, two).verdict == "faithful"


@pytest.mark.parametrize("build", ROUNDED, ids=lambda build: build.__name__)
def test_what_is_rounded_otherwise_is_told(build):
    one, two = form(build, False), form(build, True)
    assert run(one).tobytes() != run(two).tobytes()
    assert audit(one, two).verdict == audit(two, one).verdict == "numbers changed"


@pytest.mark.parametrize("build", [initialized_anew, set_to_what_another_begins_with], ids=lambda build: build.__name__)
def test_who_sets_a_variable_back_is_told(build):
    old, new = form(build, False), form(build, True)
    assert run(old).tobytes() != run(new).tobytes()
    assert [one.cause for one in audit(old, new).numbers] == ["initialized again"]
    assert (audit(old, new).verdict, audit(new, old).verdict) == ("numbers changed", "not faithful")


@pytest.mark.parametrize("build", MAY_DIFFER, ids=lambda build: build.__name__)
def test_what_is_the_same_by_chance_is_noticed(build):
    assert is_noticed(form(build, False), form(build, True))


def test_copies_are_none_where_all_that_is_run_runs_what_each_is_made_from():
    def trained(new):
        variable, updated = _counted(floats(1))
        one, two = raw.Tanh(x=floats(1, name="y")), raw.Identity(input=updated)
        one, two = raw.IdentityN(input=[one, two]) if new else (one, two)
        tf.group(raw.Exp(x=one), raw.Neg(x=two))
        assert variable is not None

    assert audit(form(trained, False), form(trained, True)).verdict == "faithful"


def kept(kind):
    """A number that is kept, on a stack of that kind."""
    stack = raw.StackV2(max_size=-1, elem_type=kind)
    with tf.control_dependencies([raw.StackPushV2(handle=stack, elem=2)]):
        out(raw.Mul(x=floats(3), y=raw.Cast(x=raw.StackPopV2(handle=stack, elem_type=tf.int32), DstT=tf.float32)))


def test_a_stack_is_of_what_is_kept_on_it():
    one, two = form(kept, tf.int32), form(kept, tf.float32)
    assert run(one).any() and is_noticed(one, two)
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(two)


def test_an_axis_may_be_counted_from_the_end():
    def mean(axis):
        x = floats(4, 4)
        out(raw.RealDiv(x=x, y=raw.Cast(x=raw.Shape(input=x)[axis], DstT=tf.float32)))

    assert audit(form(mean, 1), form(mean, -1)).verdict == "faithful"
    assert is_noticed(form(mean, 0), form(mean, -1))


def in_a_branch(add, swapped):
    """What takes, or waits for, a constant of a branch runs if that branch does."""
    x = floats(1)
    below = raw.Less(x=x[0], y=0.0)
    pivots = [raw.Identity(input=one) for one in raw.Switch(data=below, pred=below)]
    constants = []
    for pivot in pivots:
        with tf.control_dependencies([pivot]):
            constants.append(tf.constant(float(len(constants)), name="made"))
    variables = [tf.Variable([0.0], name=f"variable_{k}", use_resource=False) for k in range(2)]
    for variable, made in zip(variables, reversed(constants) if swapped else constants, strict=True):
        add(variable._ref(), made, f"{variable.op.name}/add")


def behind_a_constant(variable, made, name):
    with tf.control_dependencies([made]):
        raw.AssignAdd(ref=variable, value=[1.0], name=name)


def with_the_size_of_a_constant(variable, made, name):
    raw.AssignAdd(
        ref=variable, value=raw.Fill(dims=raw.ExpandDims(input=raw.Size(input=made), axis=0), value=1.0), name=name
    )


@pytest.mark.parametrize("add", [behind_a_constant, with_the_size_of_a_constant], ids=lambda add: add.__name__)
def test_in_which_branch_a_constant_is_made_that_another_needs_is_compared(add):
    one, two = (form(functools.partial(in_a_branch, add), swapped) for swapped in (False, True))
    found = []
    for graph_def in (one, two):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            session.run([node.name for node in graph_def.node if node.op == "Assign"])
            session.run([session.graph.get_operation_by_name(f"variable_{k}/add") for k in range(2)], {"x:0": [1.0]})
            found.append([session.run(f"variable_{k}:0").item() for k in range(2)])
    assert found == [[1.0, 0.0], [0.0, 1.0]]
    assert is_noticed(one, two)
    assert audit(one, one).verdict == audit(two, two).verdict == "faithful"


def _held_to(*kept):
    """Return the GraphDef of a layer's loss with what its variables are held to, added up in an order."""
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        beta, gamma = (
            tf.get_variable(name, initializer=tf.ones([3]), use_resource=False) for name in ("beta", "gamma")
        )
        y = tf.nn.batch_normalization(x, *tf.nn.moments(x, [0]), beta, gamma, 1e-3)
        terms = {"loss": tf.reduce_mean(y), "beta": 0.1 * tf.nn.l2_loss(beta), "gamma": 0.1 * tf.nn.l2_loss(gamma)}
        raw.AddN(inputs=[terms[name] for name in kept], name="out")
    return graph.as_graph_def()


def test_a_program_adds_up_in_the_order_that_the_variables_of_a_layer_have():
    old, new = _held_to("loss", "beta", "gamma"), _held_to("loss", "gamma", "beta")
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"]), result
    for others in ("gamma", "beta", "loss"), ("beta", "loss", "gamma"):
        assert audit(old, _held_to(*others)).verdict == "not faithful"


def _number(size, rows):
    """Return what a size is, of so many rows."""
    if isinstance(size, int):
        return size
    of = {"min": min, "max": max}
    values = {
        name: rows if name == "rows" else of[name[0]](_number(one, rows) for one in name[1]) for name in _names(size)
    }
    return sum(factor * math.prod(values[name] for name in product) for product, factor in size.terms.items())


def _names(size):
    return {name for product in size.terms for name in product}


def test_a_slice_of_any_number_of_rows_has_as_many_as_python_says():
    for start, stop in itertools.product(range(-4, 5), (None, *range(-4, 5))):
        taken = dimensions_taken._between(sizes.unknown("rows"), start, stop)
        for rows in range(10):
            assert _number(taken, rows) == len(range(rows)[start:stop]), (start, stop, rows)


def test_a_function_that_has_another_gradient_is_another():
    @Defun(tf.float32, func_name="Twice")
    def twice(x):
        return 2.0 * x

    @Defun(tf.float32, tf.float32, func_name="Thrice")
    def thrice(x, gradient):
        del x
        return 3.0 * gradient

    def calls(_new, _mistake):
        x = floats(3)
        slope = raw.SymbolicGradient(input=[x, twice(x)], Tout=[tf.float32], f=twice)[0]
        out(raw.Sub(x=slope, y=thrice(x, x)))

    one, two = built(calls, False), built(calls, False)
    two.library.gradient.add(function_name="Twice", gradient_func="Thrice")
    assert run(one).tobytes() != run(two).tobytes()
    assert is_noticed(one, two)
    assert audit(two, two).verdict == "faithful"
