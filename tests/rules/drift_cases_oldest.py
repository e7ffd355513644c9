"""Both forms of what TensorFlow wrote otherwise between 1.0 and 1.15, for `CASES`; see `drift_cases`."""

import tempfile
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

from drift_cases import case, floats, out

raw = tf.raw_ops
FOLDER = tempfile.TemporaryDirectory()  # until the interpreter ends


@case("batches of products")
def _(new, mistake):
    x, y = floats(2, 3, 4), floats(2, 4, 3, name="y")
    out(raw.BatchMatMulV2(x=y if mistake else x, y=x if mistake else y) if new else raw.BatchMatMul(x=x, y=y))


@case("added by a slice")
def _(new, mistake):
    x = floats(None, 4)
    limits, masks = {"begin": [0, 0, 0], "end": [0, 0, 0], "strides": [1, 1, 1]}, {"begin_mask": 5, "end_mask": 5}
    sliced = raw.StridedSlice(input=x, **limits, **masks, new_axis_mask=2) if not new else None
    out(raw.Tanh(x=raw.ExpandDims(input=x, axis=2 if mistake else 1) if new else sliced))


@case("smaller of one")
def _(new, mistake):
    x = floats(3)
    rows, columns = (raw.Cast(x=raw.Max(input=one, axis=0), DstT=tf.int32) for one in (x, raw.Neg(x=x)))
    size = raw.Minimum(x=rows, y=columns if mistake else rows) if new else rows
    out(raw.Cast(x=size, DstT=tf.float32))


@case("rows of a softmax")
def _(new, mistake):
    x, gradient = floats(2, 3, 4), floats(2, 3, 4, name="y")
    if new:
        soft = raw.Softmax(logits=x)
        total = raw.Sum(input=raw.Mul(x=gradient, y=soft), axis=[1 if mistake else -1], keep_dims=True)
        back = raw.Mul(x=raw.Sub(x=gradient, y=total), y=soft)
    else:
        rows = raw.Softmax(logits=raw.Reshape(tensor=x, shape=[-1, 4]))
        gradients = raw.Reshape(tensor=gradient, shape=[-1, 4])
        total = raw.Reshape(tensor=raw.Sum(input=raw.Mul(x=gradients, y=rows), axis=[1]), shape=[-1, 1])
        back = raw.Reshape(tensor=raw.Mul(x=raw.Sub(x=gradients, y=total), y=rows), shape=[2, 3, 4])
        soft = raw.Reshape(tensor=rows, shape=[2, 3, 4])
    out(raw.AddV2(x=soft, y=back))


@case("asked on the CPU")
def _(new, mistake):
    x = floats(5)
    asked = raw.Greater(x=x, y=1.0 if mistake else 0.0)
    with tf.device("/device:CPU:0" if new else None):
        places = raw.Where(condition=raw.LogicalNot(x=asked))
    out(raw.GatherNd(params=x, indices=places))


@case("quotient or 0")
def _(new, mistake):
    total, gradient, weights = floats(1), floats(1, name="y"), raw.Relu(features=floats(3, name="w"))
    none, one = tf.zeros([3]), tf.ones([3])
    is_none = raw.Equal(x=weights, y=0.0)
    present = raw.Select(condition=is_none, x=one if mistake else none, y=none if mistake else one)
    count = raw.Sum(input=raw.Mul(x=present, y=tf.ones([3])), axis=[0], keep_dims=True)
    if new:
        out(raw.AddV2(x=raw.DivNoNan(x=total, y=count), y=raw.DivNoNan(x=gradient, y=count)))
        return
    divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=tf.ones([1]), y=count)
    above, none = raw.Greater(x=count, y=0.0), tf.zeros([1])
    back = raw.RealDiv(x=raw.Select(condition=above, x=gradient, y=none), y=divisor)
    out(raw.AddV2(x=raw.Select(condition=above, x=raw.RealDiv(x=total, y=divisor), y=none), y=back))


@case("squared difference")
def _(new, mistake):
    x, y, gradient = floats(2, 3), floats(2, 3, name="y"), floats(2, 3, name="gradient")
    difference = raw.Sub(x=x, y=y)
    if new:
        square = raw.SquaredDifference(x=x, y=y)
        back = raw.Mul(x=raw.Mul(x=3.0 if mistake else 2.0, y=gradient), y=difference)
    else:
        square = raw.Square(x=difference)
        back = raw.Mul(x=gradient, y=raw.Mul(x=2.0, y=difference))
    out(raw.AddV2(x=square, y=back))


@case("distance either way")
def _(new, mistake):
    x, y = floats(None, 3), floats(None, 3, name="y")
    total = tf.Variable(0.0, name="total", use_resource=False)
    labels, predictions = (raw.Exp(x=x), raw.Tanh(x=y)) if new else (raw.Tanh(x=y), raw.Exp(x=x))
    distance = raw.Abs(x=raw.Sub(x=labels, y=raw.Sin(x=labels) if mistake else predictions))
    with tf.control_dependencies([total.initializer]):
        out(raw.AssignAdd(ref=total._ref(), value=raw.Sum(input=distance, axis=[0, 1])))


@case("margins of an image")
def _(new, mistake):
    cropped(new, 0.75 if mistake else 0.5)


def cropped(new, part):
    """The middle part of an image of any size."""
    x = floats(None, None, 3)
    shape = raw.Shape(input=x)
    sizes = [shape[axis] for axis in (0, 1)]
    if new:
        begin = []
        for size in sizes:
            size, share = (raw.Cast(x=one, DstT=tf.float64) for one in (size, tf.constant(part)))
            margins = raw.Sub(x=size, y=raw.Mul(x=size, y=share))
            begin.append(raw.Cast(x=raw.RealDiv(x=margins, y=tf.constant(2.0, tf.float64)), DstT=tf.int32))
    else:
        begin = [raw.FloorDiv(x=size, y=int(1 / ((1 - part) / 2))) for size in sizes]
    left = [raw.Sub(x=size, y=raw.Mul(x=one, y=2)) for size, one in zip(sizes, begin, strict=True)]
    out(raw.Exp(x=raw.Slice(input=x, begin=raw.Pack(values=[*begin, 0]), size=raw.Pack(values=[*left, -1]))))


@case("kept once")
def _(new, mistake):
    kept = raw.Exp(x=floats(3))
    stacks = [raw.StackV2(max_size=-1, elem_type=tf.float32) for _ in range(1 if new and not mistake else 2)]
    pushed = [raw.StackPushV2(handle=stacks[0], elem=kept)]
    pushed += [raw.StackPushV2(handle=stack, elem=raw.Neg(x=kept) if mistake else kept) for stack in stacks[1:]]
    with tf.control_dependencies(pushed):
        popped = [raw.StackPopV2(handle=stack, elem_type=tf.float32) for stack in stacks]
    out(raw.Atan2(y=popped[0], x=raw.Tanh(x=popped[-1])))


@case("mask of no length")
def masked(new, mistake):
    """A mask as wide as the longest of some lengths."""
    lengths = raw.Cast(x=raw.Abs(x=floats(3)), DstT=tf.int32)
    most = raw.Max(input=lengths, axis=[0])
    if new:
        most = raw.Maximum(x=1 if mistake == 1 else 0, y=most)
    row = raw.Range(start=0, limit=most, delta=1)
    held = raw.Neg(x=lengths) if mistake == "others" else lengths
    less = raw.LessEqual if mistake == "less" else raw.Less
    mask = less(x=row, y=raw.Cast(x=raw.ExpandDims(input=held, axis=-1), DstT=tf.int32))
    out(raw.Cast(x=row if mistake == "alone" else mask, DstT=tf.float32))


@case("labels and logits")
def _(new, mistake):
    logits, labels = floats(None, 4), raw.Cast(x=raw.Sigmoid(x=floats(None, name="y")), DstT=tf.int32)
    sizes, others = raw.Shape(input=labels), raw.Shape(input=logits)[:-1]
    told = []
    if new:
        told = [raw.Assert(condition=raw.All(input=raw.Equal(x=sizes, y=others), axis=[0]), data=["sizes", sizes])]
    with tf.control_dependencies(told):
        labels = raw.Reshape(tensor=raw.Neg(x=labels) if mistake else labels, shape=[-1])
        rows = raw.Reshape(tensor=logits, shape=[-1, 4])
    out(raw.SparseSoftmaxCrossEntropyWithLogits(features=rows, labels=labels)[0])


@case("third batch normalization")
def _(new, mistake):
    x, gradient = floats(2, 5, 5, 4), floats(2, 5, 5, 4, name="y")
    scale, offset = floats(4, name="scale"), floats(4, name="offset")
    of_batch = {"x": x, "scale": scale, "offset": offset, "mean": [], "variance": [], "epsilon": 1e-3}
    if new:
        normal = raw.FusedBatchNormV3(**of_batch)
        more = {"reserve_space_3": normal[5], "epsilon": 1e-2 if mistake else 1e-3}
        back = raw.FusedBatchNormGradV3
    else:
        normal, more = raw.FusedBatchNorm(**of_batch), {"epsilon": 1e-3}
        back = raw.FusedBatchNormGrad
    kept = {"reserve_space_1": normal[3], "reserve_space_2": normal[4]}
    gradients = back(y_backprop=gradient, x=x, scale=scale, **kept, **more)
    out(raw.AddV2(x=raw.AddV2(x=normal[0], y=gradients[0]), y=raw.AddV2(x=normal[1], y=gradients[1])))


@case("flipped or not")
def _(new, mistake):
    x, drawn = floats(5, 4), floats(1, name="y")
    condition = raw.Less(x=raw.Reshape(tensor=drawn, shape=[]), y=0.5)
    if new:
        parts = raw.Switch(data=x, pred=condition)
        back = raw.ReverseV2(tensor=parts[1], axis=[0 if mistake else 1])
        out(raw.Exp(x=raw.Merge(inputs=[parts[0], back])[0]))
        return
    strides = raw.Pack(values=[1, raw.Select(condition=condition, x=-1, y=1)])
    masks = {"begin_mask": 3, "end_mask": 3}
    out(raw.Exp(x=raw.StridedSlice(input=x, begin=[0, 0], end=[0, 0], strides=strides, **masks)))


@case("case in case")
def _(new, mistake):
    chosen(new, "a branch" if mistake else None)


CHOSEN_WRONG = ("a branch", "limit", "no negation", "default", "of another", "not exclusive", "assertion")


def chosen(new, wrong=None):
    """Build tf.case of two conditions that exclude each other; `wrong`, one of CHOSEN_WRONG: a mistake in it."""
    text = "More than one condition evaluated as True but exclusive=True.  Conditions: (Greater:0, Less:0), Values:"
    tf.disable_control_flow_v2()
    try:
        x = floats(3)
        size = raw.Sum(input=x, axis=[0])
        conditions = [raw.Greater(x=size, y=1.0), raw.Less(x=size, y=2.0 if wrong == "limit" else -1.0)]
        factor = 3.0 if wrong == "a branch" else 2.0
        branches = [lambda: raw.Exp(x=x), lambda: raw.Mul(x=x, y=factor)]
        default = (lambda: raw.Neg(x=x)) if wrong == "default" else (lambda: x)
        if new:
            pairs = list(zip(conditions, branches, strict=True))
            out(raw.Tanh(x=tf.case(pairs, default, exclusive=wrong != "not exclusive")))
            return
        result = one_beside_the_other(conditions, branches, default, [3], text, wrong)
        out(raw.Tanh(x=raw.Neg(x=result) if wrong == "of another" else result))
    finally:
        tf.enable_control_flow_v2()


def one_beside_the_other(conditions, branches, default, shape, text, wrong=None):
    """Build tf.case as the first releases did, each condition with all before it negated."""
    many = raw.Pack(values=conditions)
    count = raw.Sum(input=raw.Cast(x=many, DstT=tf.int32), axis=[0])
    none, asked = tf.constant(True), []
    for condition in conditions:
        asked.append(raw.LogicalAnd(x=condition, y=none))
        none = raw.LogicalAnd(x=none, y=condition if wrong == "no negation" else raw.LogicalNot(x=condition))
    limit = raw.Less(x=count, y=3 if wrong == "assertion" else 2)
    assertion = tf.Assert(limit, [text, many])
    assertion.mark_used()
    with tf.control_dependencies([] if wrong == "not awaited" else [assertion]):
        result = tf.cond(none, default, lambda: tf.zeros(shape))
        for condition, branch in list(zip(asked, branches, strict=True))[::-1]:
            result = tf.cond(condition, branch, lambda result=result: result)
    return result


@case("bias of rows")
def _(new, mistake):
    x, weights, bias = floats(2, 3, 4), floats(4, 5, name="weights"), floats(5, name="bias")
    gradient, rows = raw.Exp(x=floats(2, 3, 5, name="y")), raw.Reshape(tensor=x, shape=[-1, 4])
    product = raw.MatMul(a=rows, b=weights)
    if new:
        dense = raw.BiasAdd(value=raw.Reshape(tensor=product, shape=[2, 3, 5]), bias=bias)
        total = raw.BiasAddGrad(out_backprop=raw.Neg(x=gradient) if mistake else gradient)
    else:
        dense = raw.Reshape(tensor=raw.BiasAdd(value=product, bias=bias), shape=[2, 3, 5])
        gradient = raw.Reshape(tensor=gradient, shape=[-1, 5])
        total = raw.BiasAddGrad(out_backprop=gradient)
    with tf.control_dependencies([tf.group(total, gradient)]):
        handed, total = raw.Identity(input=gradient), raw.Identity(input=total)
    handed = raw.Reshape(tensor=handed, shape=[-1, 5]) if new else handed
    back = raw.MatMul(a=rows, b=handed, transpose_a=True)
    out(raw.Atan2(y=raw.Atan2(y=dense, x=total), x=raw.Max(input=back, axis=[0, 1])))


@case("one batch")
def _(new, mistake):
    x, y, gradient = floats(None, 3, 4), floats(None, 4, 2, name="y"), floats(None, 3, 2, name="gradient")
    if not new:
        back = raw.BatchMatMul(x=gradient, y=y, adj_y=True)
        out(raw.AddV2(x=raw.BatchMatMul(x=raw.Tanh(x=x), y=y), y=raw.Sum(input=back, axis=[2], keep_dims=True)))
        return
    shapes = [raw.Shape(input=one) for one in (x, y)]
    batches = raw.BroadcastGradientArgs(s0=shapes[0][:-2], s1=shapes[1][:-2])
    back = raw.BatchMatMulV2(x=gradient, y=y, adj_y=True)
    back = raw.Sum(input=raw.Neg(x=back) if mistake else back, axis=batches[0])
    back = raw.Reshape(tensor=back, shape=shapes[0])
    out(raw.AddV2(x=raw.BatchMatMulV2(x=raw.Tanh(x=x), y=y), y=raw.Sum(input=back, axis=[2], keep_dims=True)))


@case("squeezed first")
def _(new, mistake):
    x = floats(None, 4)
    gradient = raw.Sigmoid(x=raw.Min(input=x, axis=[1]))
    largest = raw.StopGradient(input=raw.Max(input=x, axis=[1], keep_dims=True))
    exponents = raw.Exp(x=raw.Sub(x=x, y=largest))
    total = raw.Sum(input=exponents, axis=[1], keep_dims=not new)
    if new:
        result = raw.AddV2(x=raw.Log(x=total), y=raw.Reshape(tensor=largest, shape=raw.Shape(input=total)))
    else:
        result = raw.Squeeze(input=raw.AddV2(x=raw.Log(x=total), y=largest), axis=[1])
        gradient = raw.Reshape(tensor=gradient, shape=raw.Shape(input=total))
    with tf.control_dependencies([tf.group(gradient)]):
        handed = raw.Identity(input=gradient)
    with tf.control_dependencies([handed]):
        inverse = raw.Reciprocal(x=raw.Neg(x=total) if mistake else total)
    back = raw.Mul(x=handed, y=inverse)
    back = raw.Reshape(tensor=back, shape=tf.stack([raw.Shape(input=x)[0], 1])) if new else back
    out(raw.Atan2(y=raw.Mul(x=raw.BroadcastTo(input=back, shape=raw.Shape(input=x)), y=exponents), x=result[0]))


@case("squared norm")
def _(new, mistake):
    x = floats(None, 3)
    square = raw.Mul(x=x, y=raw.Tanh(x=x) if mistake else x) if new else raw.Square(x=x)
    out(raw.Exp(x=raw.Sqrt(x=raw.Sum(input=square, axis=[1], keep_dims=True))))


@case("rows below 0")
def _(new, mistake):
    unsorted_rows(new, "asked" if mistake else None)


def unsorted_rows(new, wrong=None):
    """Build a sum of segments in any order and its gradient; `wrong`: what is not as in that."""
    numbers = raw.Cast(x=raw.Minimum(x=raw.Abs(x=floats(3, name="y")), y=3.0), DstT=tf.int32)
    summed = numbers if wrong != "not summed" else raw.Minimum(x=numbers, y=2)
    gradient = raw.Exp(x=raw.UnsortedSegmentSum(data=floats(3, 3), segment_ids=summed, num_segments=4))
    if not new:
        out(raw.Gather(params=gradient, indices=numbers))
        return
    rows = raw.GatherV2(params=gradient, indices=raw.Maximum(x=numbers, y=[0, 0, 0]), axis=0)
    asked = raw.GreaterEqual(x=numbers, y=1 if wrong == "asked" else 0)
    asked = raw.Reshape(tensor=asked, shape=[1, 3] if wrong == "across" else [3, 1])
    asked = raw.LogicalAnd(x=asked, y=tf.ones([3, 3], tf.bool))
    if wrong == "selected":  # not wrong, but as TensorFlow 1.15 has it
        out(raw.Select(condition=asked, x=rows, y=raw.ZerosLike(x=rows)))
        return
    out(raw.SelectV2(condition=asked, t=rows, e=1.0 if wrong == "ones" else 0.0))


@case("places of arrays")
def _(new, mistake):
    x, size, place = floats(4), tf.constant(4), "/device:CPU:0"
    with tf.device(None if new else place):
        array = raw.TensorArrayV3(size=size, dtype=tf.float32)
    with tf.device(place):
        written = raw.TensorArrayScatterV3(
            handle=array.handle, indices=[1, 0, 2, 3] if mistake else [0, 1, 2, 3], value=x, flow_in=array.flow
        )
        out(raw.TensorArrayGatherV3(handle=array.handle, indices=[0, 1, 2], flow_in=written, dtype=tf.float32))


@case("parts of a checkpoint")
def _(new, mistake):
    prefix = tf.constant(str(Path(FOLDER.name) / "checkpoint"))
    if new:
        stored = raw.StaticRegexFullMatch(input=prefix, pattern="^s3://.*")
        other = tf.constant("_other/part" if mistake else "_temp/part")
        part = raw.Select(condition=stored, x=tf.constant(".part"), y=other)
    else:
        part = tf.constant("_temp_d6e39a6d5bdd41fb9cf2f5bdd3e8e5b8/part")
    shard = raw.ShardedFilename(basename=raw.StringJoin(inputs=[prefix, part]), shard=0, num_shards=1)
    named = {"tensor_names": ["v"], "shape_and_slices": [""]}
    with tf.control_dependencies([raw.SaveV2(prefix=shard, tensors=[floats(5, 3)], **named)]):
        shards = raw.Pack(values=[shard])
    merged = raw.MergeV2Checkpoints(checkpoint_prefixes=shards, destination_prefix=prefix)
    with tf.control_dependencies([merged]):
        out(raw.RestoreV2(prefix=raw.Identity(input=prefix), dtypes=[tf.float32], **named)[0])


@case("counted behind")
def _(new, mistake):
    x = raw.Exp(x=floats(None, 3))
    total, count = (tf.Variable(0.0, name=name, use_resource=False) for name in ("total", "count"))
    tf.group(total.initializer, count.initializer, name="init")
    added = raw.AssignAdd(ref=total._ref(), value=raw.Sum(input=x, axis=[0, 1]))
    awaited = raw.Tanh(x=floats(3, name="y")) if mistake else x
    size = raw.Cast(x=raw.Size(input=x), DstT=tf.float32)
    with tf.control_dependencies([awaited] if new else []):
        counted = raw.AssignAdd(ref=count._ref(), value=size)
    out(raw.RealDiv(x=added, y=counted))


# Images.


@case("read backwards")
def _(new, mistake):
    x = raw.Exp(x=floats(4, 5, 3))
    if new:
        out(raw.ReverseV2(tensor=raw.Identity(input=x), axis=[0 if mistake else 1]))
    else:
        none = [0, 0, 0]
        out(raw.StridedSlice(input=x, begin=none, end=none, strides=[1, -1, 1], begin_mask=7, end_mask=7))


@case("one image")
def _(new, mistake):
    x, batch = floats(6, 7, 3), []
    if new:
        x, batch = raw.ExpandDims(input=x, axis=0), [0]
    x = raw.Identity(input=x)
    size = [-1, 4, 5, -1] if new else [4, 5, -1]
    x = raw.Slice(input=x, begin=[*batch, 1, 0 if mistake else 2, 0], size=size)
    x = raw.Pad(input=raw.Identity(input=x), paddings=[*([[0, 0]] * len(batch)), [1, 2], [0, 3], [0, 0]])
    out(raw.Tanh(x=raw.Squeeze(input=x, axis=[0]) if new else x))


@case("part of an object")
def _(new, mistake):
    of = {"image_size": [40, 50, 3], "bounding_boxes": [[[0.1, 0.2, 0.8, 0.9]]], "seed": 5, "seed2": 7}
    of["use_image_if_no_bounding_boxes"] = True
    if new:
        begin, size, _ = raw.SampleDistortedBoundingBoxV2(min_object_covered=0.6 if mistake else 0.5, **of)
    else:
        begin, size, _ = raw.SampleDistortedBoundingBox(min_object_covered=0.5, **of)
    out(raw.Slice(input=floats(40, 50, 3), begin=begin, size=size))


@case("numbers in a vector")
def _(new, mistake):
    count = raw.Cast(x=raw.Max(input=raw.Abs(x=floats(3)), axis=[0]), DstT=tf.int32)
    if new:
        parts = [raw.ExpandDims(input=count, axis=0), tf.constant([3 if mistake else 2])]
        shape = raw.ConcatV2(values=parts, axis=0)
    else:
        shape = raw.Pack(values=[count, tf.constant(2)])
    out(raw.Fill(dims=shape, value=1.5))


@case("places in a matrix")
def _(new, mistake):
    places_in_a_matrix(new, "transposed" if mistake else "")


def places_in_a_matrix(new, mistake="", width=3):
    """The elements of a matrix that are not 0."""
    x = raw.Round(x=floats(None, None if mistake == "unknown" else 3))
    where = raw.Where(condition=raw.NotEqual(x=-x if mistake == "other" else x, y=0.0))
    if new:
        where = raw.ReverseV2(tensor=where, axis=[1]) if mistake == "transposed" else where
        out(raw.GatherNd(params=x, indices=where))
        return
    take = {"input": where, "strides": [1, 1], "end_mask": 1}
    at = 0 if mistake == "rows" else 1
    columns = raw.StridedSlice(begin=[0, at], end=[0, at + 1], begin_mask=1, shrink_axis_mask=2, **take)
    rows = raw.StridedSlice(begin=[0, 0], end=[0, 1], begin_mask=3, **take)
    before = raw.Sum(input=raw.Mul(x=rows, y=np.array([width], np.int64)), axis=[1])
    flat = raw.Reshape(tensor=x, shape=[-1])
    out(raw.Gather(params=flat, indices=raw.Add(x=columns, y=before)))
