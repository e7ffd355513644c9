"""What TensorFlow's first releases wrote otherwise: each form builds the older way or the newer, from x and y."""

import numpy as np
import tensorflow.compat.v1 as tf

raw = tf.raw_ops
SHAPE = (6, 8)


def variable_of(name, value):
    variable = raw.VariableV2(shape=value.shape, dtype=tf.float32, name=name, container="", shared_name="")
    return variable, raw.Assign(ref=variable, value=value, name=f"{name}/Assign")


def look_up(old, x, y):
    rows = tf.constant([2, 0, 2], name="rows")
    if old:
        return raw.Gather(params=x, indices=rows)
    return tf.identity(raw.GatherV2(params=x, indices=rows, axis=0))


def maximum(old, x, y):
    condition, none = raw.GreaterEqual(x=x, y=y), tf.zeros(SHAPE)
    if old:
        return raw.Select(condition=raw.LogicalNot(x=condition), x=x, y=none)
    return raw.SelectV2(condition=condition, t=none, e=x)


def power(old, x, y):
    condition, none, one = raw.Greater(x=x, y=0.0), tf.zeros(SHAPE), tf.ones(SHAPE)
    if old:
        return raw.Select(condition=condition, x=raw.Log(x=x), y=none)
    safe = raw.SelectV2(condition=condition, t=x, e=one)
    return raw.SelectV2(condition=condition, t=raw.Log(x=safe), e=none)


def relu6(old, x, y):
    clipped = raw.Relu6(features=x)
    return raw.Relu6Grad(gradients=y, features=x if old else clipped) + clipped


def product(old, x, y):
    return raw.Mul(x=x, y=y) if old else raw.Mul(x=y, y=x)


def mean_of_known_size(old, x, y):
    count = raw.Cast(x=tf.constant(16777217), DstT=tf.float32) if old else tf.constant(16777216.0)
    return raw.RealDiv(x=x, y=count)


def measured_mean(old, x, y):
    mean = raw.Mul(x=x, y=tf.ones(SHAPE[1:])) if old else x
    return y + raw.Fill(dims=raw.Shape(input=mean), value=2.0)


def own_shape(old, x, y):
    ones = tf.ones(SHAPE)
    return raw.Mul(x=raw.Reshape(tensor=ones, shape=list(SHAPE)) if old else ones, y=x)


def sparse_update(old, x, y):
    variable, _ = variable_of("slot", np.zeros(SHAPE, np.float32))
    assign, rows, part = raw.Assign(ref=variable, value=x), tf.constant([5, 1]), y[:2]
    if old:
        return tf.identity(raw.ScatterAdd(ref=assign, indices=rows, updates=part))
    with tf.control_dependencies([assign]):
        update = raw.ScatterAdd(ref=variable, indices=rows, updates=part)
    return tf.identity(update)


def sampled(old, x, y):
    classes = tf.constant([[1], [7]], tf.int64)
    _, *counts = raw.LogUniformCandidateSampler(
        true_classes=classes, num_true=1, num_sampled=4, unique=True, range_max=50, seed=3, seed2=4
    )
    true, expected = counts if old else map(tf.stop_gradient, counts)
    return tf.log(expected) + tf.reduce_sum(tf.log(true))


def gradient_of_noise(old, x, y):
    """A chain of gradients that nobody takes, one of which waits for another."""
    gradient = raw.TanhGrad(y=x, dy=y)
    if old:
        negated = raw.Neg(x=gradient)
        with tf.control_dependencies([negated]):
            inverse = raw.Reciprocal(x=x)
        raw.Mul(x=negated, y=inverse)
    variable, assign = variable_of("weights", np.zeros(SHAPE, np.float32))
    with tf.control_dependencies([assign]):
        return raw.AssignSub(ref=variable, value=gradient)


def gradient_of_one(old, x, y, of=None):
    gradient = raw.ReluGrad(gradients=y, features=x)
    if old:  # the gradient for the 1 of ones_like(x)
        raw.Sum(input=gradient, axis=[0, 1])
    elif of is not None:
        raw.Sum(input=gradient, axis=of)
    variable, assign = variable_of("weights", np.zeros(SHAPE, np.float32))
    with tf.control_dependencies([assign]):
        return raw.AssignSub(ref=variable, value=gradient)


def in_top_k(old, x, y, k=2):
    rows = tf.constant([2, 0, 2, 1, 7, 5])
    found = raw.InTopK(predictions=x, targets=rows, k=2) if old else raw.InTopKV2(predictions=x, targets=rows, k=k)
    return tf.cast(found, tf.float32) + y[:, 0]


def assertion(old, x, y, of="y"):
    named = {"x": x, "y": tf.add(y, 1.0, name="sum_1" if old else "scope/sum")}
    about = named["y"] if old else named[of]
    raw.Assert(condition=raw.All(input=tf.equal(x, x), axis=[0, 1]), data=[f"Expected less than {about.name} has", x])
    return named["y"]


def divergence(old, x, y, of="x"):
    setting = "allow_nan=False).  Values:" if old else "allow_nan_stats=False). Values:"
    said = f"KL between a and b returned NaN values (and was called with {setting}"
    raw.Assert(condition=raw.All(input=tf.equal(x, x), axis=[0, 1]), data=[said, x if old or of == "x" else y])
    return x + y


def loop(old, x, y, limit=3):
    def count(start, step=1):
        merged = raw.Merge(inputs=[raw.Enter(data=start, frame_name="loop")] * 2)[0]
        return merged, step

    clock, state = count(tf.constant(0)), count(x)
    goes_on = raw.Less(x=clock[0], y=raw.Enter(data=tf.size(x[:3, 0]), frame_name="loop", is_constant=True))
    if not old:
        turns = count(tf.constant(0))
        counted = raw.Less(x=turns[0], y=raw.Enter(data=tf.constant(limit), frame_name="loop", is_constant=True))
        goes_on = raw.LogicalAnd(x=counted, y=goes_on)
    goes_on = raw.LoopCond(input=goes_on)
    factor = raw.Enter(data=y, frame_name="loop", is_constant=True)
    for merged, step in (clock, state) if old else (turns, clock, state):
        leave, stay = raw.Switch(data=merged, pred=goes_on)
        stay = raw.Identity(input=stay)
        with tf.control_dependencies([stay]):
            step = raw.AddV2(x=stay, y=tf.constant(step)) if merged is not state[0] else raw.Mul(x=stay, y=factor)
        merged.op._update_input(1, raw.NextIteration(data=step))
    return raw.Exit(data=leave)


def waiting(old, x, y):
    product = raw.Mul(x=x, y=y)
    if old:
        product.op._add_control_input(x.op)
    return product


def branch(old, x, y, holds=True):
    product = raw.Mul(x=x, y=y)
    if not old and holds:
        return raw.Tanh(x=product)
    condition = tf.constant(holds)
    other, this = raw.Switch(data=product, pred=condition)
    return raw.Merge(inputs=[raw.Exp(x=other), raw.Tanh(x=this)])[0]


def initial_value(old, x, y, of=None):
    variable, assign = variable_of("weights", x)
    if old:
        with tf.control_dependencies([assign]):
            value = tf.identity(variable)
    else:
        known = raw.IsVariableInitialized(ref=variable)
        first, _ = raw.Switch(data=x if of is None else of, pred=known)
        _, current = raw.RefSwitch(data=variable, pred=known)
        value = raw.Merge(inputs=[first, tf.identity(current)])[0]
    return variable_of("other", raw.Neg(x=value))[1]


def merge(old, x, y, crossed=False):
    other, this = raw.Switch(data=x, pred=raw.Less(x=y[0, 0], y=0.0))
    branches = [raw.Tanh(x=other), raw.Exp(x=this)]
    if crossed:
        branches = [raw.Exp(x=other), raw.Tanh(x=this)]
    return raw.Merge(inputs=branches if old else branches[::-1])[0]


def switched_twice(old, x, y, branch=0):
    condition = raw.Less(x=y[0, 0], y=0.0)
    parts = raw.Switch(data=x, pred=condition)
    other = raw.Switch(data=parts[0], pred=condition)[0] if old else parts[branch]
    return raw.Merge(inputs=[raw.Tanh(x=other), raw.Exp(x=parts[1])])[0]


def gradient_of_a_branch(old, x, y, crossed=False):
    """What comes back of a branch, zeros if the other ran; it waits for an update."""
    condition = raw.Less(x=y[0, 0], y=0.0)
    parts = raw.Switch(data=x, pred=condition)
    variable, assign = variable_of("v", np.zeros(SHAPE, np.float32))
    with tf.control_dependencies([assign]):
        update = raw.AssignAdd(ref=variable, value=x)
    with tf.control_dependencies([update]):
        gradient = raw.Switch(data=y, pred=condition)[1 if crossed else 0]
        if old:
            gradient = raw.Merge(inputs=[gradient, raw.ZerosLike(x=raw.Switch(data=parts[0], pred=condition)[1])])[0]
        zeros = raw.ZerosLike(x=raw.Switch(data=x, pred=condition)[0 if crossed else 1])
    return raw.Merge(inputs=[gradient, zeros])[0]


def grouped(old, x, y, left_out=0):
    variables = [variable_of(name, np.zeros(SHAPE, np.float32)) for name in "vw"]
    with tf.control_dependencies([assign for _, assign in variables]):
        updates = [raw.AssignAdd(ref=variable, value=x).op for variable, _ in variables]
    updates[0]._set_device("/device:CPU:0")
    if old:
        groups = []
        for update in updates:
            with tf.control_dependencies([update]), tf.device(update.device):
                groups.append(raw.NoOp())
        updates = groups
    with tf.control_dependencies(updates[left_out:]):
        done = raw.NoOp()
    with tf.control_dependencies([done]):
        return tf.identity(variables[0][0]) * tf.identity(variables[1][0])


def compared(old, x, y, number=0.0):
    condition = raw.Less(x=y[0, 0], y=0.0)
    other, this = raw.Switch(data=x, pred=condition)
    if old:
        below = raw.LessEqual(x=other, y=0.0)
    else:
        below, _ = raw.Switch(data=raw.LessEqual(x=x, y=number), pred=condition)
    return raw.Merge(inputs=[tf.cast(below, tf.float32), this])[0]


def limited(old, x, y, limit=3):
    clock, state = (
        raw.Merge(inputs=[raw.Enter(data=start, frame_name="loop")] * 2)[0] for start in (tf.constant(0), x)
    )
    if old:
        end = raw.Enter(data=tf.constant(3), frame_name="loop", is_constant=True)
    else:
        with tf.control_dependencies([clock]):
            end = tf.constant(limit)
    goes_on = raw.LoopCond(input=raw.Less(x=clock, y=end))
    factor = raw.Enter(data=y, frame_name="loop", is_constant=True)
    for merged in (clock, state):
        leave, stay = raw.Switch(data=merged, pred=goes_on)
        stay = raw.Identity(input=stay)
        with tf.control_dependencies([stay]):
            step = raw.Mul(x=stay, y=factor) if merged is state else raw.AddV2(x=stay, y=tf.constant(1))
        merged.op._update_input(1, raw.NextIteration(data=step))
    return raw.Exit(data=leave)


def parsed(old, x, y, key="a"):
    features = {name: tf.train.Feature(float_list=tf.train.FloatList(value=range(start, start + 48)))
                for name, start in (("a", 1), ("b", 2))}  # fmt: skip
    example = tf.constant(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    shared = {"dense_defaults": [tf.zeros(0)], "dense_shapes": [SHAPE]}
    if old:
        batch = raw.ParseExample(
            serialized=tf.expand_dims(example, 0), names=[], sparse_keys=[], dense_keys=["a"], sparse_types=[], **shared
        )
        return tf.squeeze(batch.dense_values[0], [0]) + x
    one = raw.ParseExampleV2(
        serialized=example, names=tf.constant([], tf.string), sparse_keys=tf.constant([], tf.string), dense_keys=[key],
        ragged_keys=tf.constant([], tf.string), num_sparse=0, sparse_types=[], ragged_value_types=[],
        ragged_split_types=[], **shared,
    )  # fmt: skip
    return one.dense_values[0] + x


def gradient_of_an_array(old, x, y, shape=(SHAPE[1],)):
    """What is read from the array of a gradient has the shape of what was written into its own array."""
    rows = tf.range(SHAPE[0])
    handle, flow = raw.TensorArrayV3(size=SHAPE[0], dtype=tf.float32)
    flow = raw.TensorArrayScatterV3(handle=handle, indices=rows, value=x, flow_in=flow)
    gradient, back = raw.TensorArrayGradV3(handle=handle, flow_in=flow, source="gradients")
    back = raw.TensorArrayScatterV3(handle=gradient, indices=rows, value=y, flow_in=back)
    row = raw.TensorArrayReadV3(handle=gradient, index=2, flow_in=back, dtype=tf.float32)
    if old:
        row = raw.Reshape(tensor=raw.Sum(input=row, axis=tf.constant([], tf.int32)), shape=shape)
    return raw.Exp(x=row)


def size_of_an_array(old, x, y, grows=False, size=1):
    """What was stacked is read as far as an array's size says, which the array was asked for."""
    rows = [raw.Cast(x=tf.equal(one[0, 0], one[0, 0]), DstT=tf.int32) + SHAPE[0] - 1 for one in (x + 1, y)]
    handle, flow = raw.TensorArrayV3(size=rows[0], dtype=tf.float32, dynamic_size=grows)
    written = raw.TensorArrayScatterV3(handle=handle, indices=tf.range(rows[0]), value=x[: rows[0]], flow_in=flow)
    size = raw.TensorArraySizeV3(handle=handle, flow_in=written) if old else rows[1 - size]
    return raw.TensorArrayGatherV3(handle=handle, indices=tf.range(size), flow_in=written, dtype=tf.float32)


def row_in_a_part(old, x, y, extras=2, crossed=False):
    rows = tf.cast(x < y, tf.int32) * 2 + tf.reshape(tf.range(SHAPE[0] * SHAPE[1]), SHAPE) % 5
    inside, row, other = raw.Less(x=rows, y=extras), rows % 3, (rows - 2) // 2
    if old:
        chosen = tf.cast(inside, tf.int32)
        return tf.cast(raw.Add(x=chosen * row, y=(1 - chosen) * other), tf.float32)
    return tf.cast(raw.SelectV2(condition=inside, t=other if crossed else row, e=row if crossed else other), tf.float32)


def reversed_by_lengths(old, x, y, axis=1, more=0):
    lengths = tf.cast(tf.abs(tf.argmax(tf.sin(x), axis=1)), tf.int32) // 2 + more
    given = tf.cast(lengths, tf.int64) if old else lengths
    return raw.ReverseSequence(input=x * y, seq_lengths=given, seq_dim=axis, batch_dim=1 - axis)


HARMLESS = {
    reversed_by_lengths: "lengths of sequences",
    row_in_a_part: "row in a part",
    size_of_an_array: "computed shapes",
    branch: "condition that always holds",
    initial_value: "initial value",
    merge: "merged the other way",
    switched_twice: "switched twice",
    gradient_of_a_branch: "condition that always holds",
    parsed: "parsed",
    grouped: "groups by device",
    compared: "compared in a branch",
    limited: "limit of a loop",
    in_top_k: "in top k",
    assertion: "names in assertions",
    divergence: "names in assertions",
    loop: "counted turns",
    waiting: "waits for operands",
    gradient_of_one: "unused gradients",
    gradient_of_noise: "unused gradients",
    look_up: "copied rows",
    maximum: "chosen the other way",
    power: "safe logarithm",
    relu6: "clipped or not",
    product: "commuted product",
    mean_of_known_size: "computed shapes",
    measured_mean: "measured mean",
    own_shape: "own shape",
    gradient_of_an_array: "own shape",
    sparse_update: "scattered behind",
    sampled: "drawn without gradient",
}
