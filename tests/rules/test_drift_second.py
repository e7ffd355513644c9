"""What gradients of gradients are reshaped to, terms that come in another order, and what constants wait for."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import added, built, floats, out
from test_drift import proved, run

raw = tf.raw_ops


def spread_twice(new, mistake):
    """The gradient of a gradient of a sum over the last two axes, which left them out."""
    x = raw.Exp(x=floats(None, 4, 3))
    size = raw.Shape(input=x)[0]
    kept = raw.Pack(values=[size, 1, 1])
    if new:
        total = raw.Sum(input=x, axis=[0, 2] if mistake else [1, 2])
    else:
        pairs = raw.Pack(values=[raw.Pack(values=[1, 4, 3]), kept])
        between = raw.Reshape(tensor=raw.Transpose(x=pairs, perm=[1, 0]), shape=[-1])
        total = raw.Sum(input=raw.Reshape(tensor=x, shape=between), axis=[1, 2, 4] if mistake else [0, 2, 4])
    there = raw.Reshape(tensor=total, shape=[-1, 1, 1] if mistake else kept)
    out(raw.Tanh(x=raw.Reshape(tensor=there, shape=[-1])))


def ones_in_between(new, mistake):
    """What is reshaped to other axes of one element, and then to others."""
    x = raw.Exp(x=floats(None, 3))
    between = x if new else raw.Reshape(tensor=x, shape=[-1, 1, 3])
    out(raw.Tanh(x=raw.Reshape(tensor=between, shape=[-1, 3, 3] if mistake else [-1, 3, 1])))


def ones_and_back(new, mistake):
    """What is reshaped back to the shape that it had, though one of its sizes is unknown."""
    x = raw.Exp(x=floats(None, 3))
    if not new:
        x = raw.Reshape(tensor=raw.Reshape(tensor=x, shape=[-1, 1, 3]), shape=[-1, 3])
    out(raw.Tanh(x=raw.Reshape(tensor=x, shape=[3, -1]) if mistake else x))


def parts_of_a_shape(new, mistake):
    """A shape is cut into its sizes, by a list of how many or into as many of each, and put together otherwise."""
    x = raw.Exp(x=floats(None, 3))
    if new:
        return out(raw.Tanh(x=raw.Reshape(tensor=x, shape=[-1, 3] if mistake else [3, -1])))
    shape = raw.Shape(input=x)
    _, first, second = raw.SplitV(value=shape, size_splits=[0, 1, 1], axis=0, num_split=3)
    halves = raw.Split(axis=0, value=raw.ConcatV2(values=[second, first], axis=0), num_split=2)
    target = raw.ConcatV2(values=halves[::-1] if mistake else halves, axis=0)
    return out(raw.Tanh(x=raw.Reshape(tensor=x, shape=target)))


def size_of_an_array(new, mistake):
    """All that an array of as many elements as a tensor says holds, which was asked of the array."""
    x = raw.Exp(x=floats(4, 3))
    size = raw.Cast(x=raw.ArgMax(input=raw.Sum(input=x, axis=[1]), dimension=0), DstT=tf.int32) + 1
    other = raw.Cast(x=raw.ArgMax(input=raw.Sum(input=x, axis=[0]), dimension=0), DstT=tf.int32) + 1
    array = raw.TensorArrayV3(size=size, dtype=tf.float32, element_shape=[3], dynamic_size=mistake and not new)
    places = raw.Range(start=0, limit=size, delta=1)
    flow = raw.TensorArrayScatterV3(
        handle=array.handle, indices=places, value=raw.GatherV2(params=x, indices=places, axis=0), flow_in=array.flow
    )
    taken = (other if mistake else size) if new else raw.TensorArraySizeV3(handle=array.handle, flow_in=flow)
    places = raw.Range(start=0, limit=taken, delta=1)
    kinds = {"dtype": tf.float32, "element_shape": [3]}
    out(raw.Tanh(x=raw.TensorArrayGatherV3(handle=array.handle, indices=places, flow_in=flow, **kinds)))


def sum_of_an_array(new, mistake, shape=(), of=(4,)):
    """The sum of an array of numbers, which is reshaped to a number where nobody says that it is one."""
    x = raw.Exp(x=floats(*of) if of else raw.Placeholder(dtype=tf.float32, name="x"))
    array = raw.TensorArrayV3(size=4, dtype=tf.float32)
    places = [0, 1, 2, 3]
    flow = raw.TensorArrayScatterV3(handle=array.handle, indices=places, value=x, flow_in=array.flow)
    kinds = {"dtype": tf.float32, "element_shape": shape}
    gathered = raw.TensorArrayGatherV3(handle=array.handle, indices=places, flow_in=flow, **kinds)
    total = (raw.Prod if mistake else raw.Sum)(input=gathered, axis=[0])
    out(raw.Tanh(x=total if new else raw.Reshape(tensor=total, shape=[])))


def flow_that_is_kept(new, mistake):
    """A stack keeps what a gradient array begins with, and the gradient of the write waits for that, or does not."""
    x = raw.Exp(x=floats(2, 3))
    array, stack = raw.TensorArrayV3(size=2, dtype=tf.float32), raw.StackV2(max_size=-1, elem_type=tf.float32)
    flow = raw.TensorArrayScatterV3(handle=array.handle, indices=[0, 1], value=x, flow_in=array.flow)
    with tf.control_dependencies([raw.StackPushV2(handle=stack, elem=flow)]):
        popped = raw.StackPopV2(handle=stack, elem_type=tf.float32)
    first = raw.TensorArrayGradV3(handle=array.handle, flow_in=popped, source="first")
    back = raw.Identity(input=flow)
    with tf.control_dependencies([raw.Identity(input=popped)] if new else []):
        back = raw.Identity(input=back)
    second = raw.TensorArrayGradV3(handle=array.handle, flow_in=back, source="second")
    read = []
    for gradient, row in zip((first, second), [x[1], x[0]] if mistake else [x[0], x[1]], strict=True):
        flow = raw.TensorArrayWriteV3(handle=gradient.grad_handle, index=0, value=row, flow_in=gradient.flow_out)
        read.append(raw.TensorArrayReadV3(handle=gradient.grad_handle, index=0, flow_in=flow, dtype=tf.float32))
    out(raw.Sub(x=read[0], y=read[1]))


def flow_in_a_loop(new, mistake):
    """In a loop behind an update the gradient of a write waits for the update, and for the write, or not."""
    count = raw.VariableV2(shape=[], dtype=tf.float32, name="count")
    raw.Assign(ref=count, value=0.0, name="init")
    update, x = raw.AssignAdd(ref=count, value=1.0), floats(2, 3)
    with tf.control_dependencies([] if mistake else [update]):
        x = raw.Exp(x=x)

    def entered(tensor):
        return raw.Enter(data=tensor, frame_name="loop", is_constant=True)

    array = raw.TensorArrayV3(size=2, dtype=tf.float32)
    handle, zero = entered(array.handle), entered(0)
    both = {"indices": entered([0, 1]), "value": entered(x)}
    flow = raw.TensorArrayScatterV3(handle=handle, flow_in=entered(array.flow), **both)
    copy = raw.Identity(input=raw.RefEnter(data=update, frame_name="loop", is_constant=True))
    back = raw.Identity(input=flow)
    with tf.control_dependencies([*([raw.Identity(input=flow)] if new else []), copy]):
        back = raw.Identity(input=back)
    gradient = raw.TensorArrayGradV3(handle=handle, flow_in=back, source="gradients")
    row = {"index": zero, "value": entered(x[1])}
    flow = raw.TensorArrayWriteV3(handle=gradient.grad_handle, flow_in=gradient.flow_out, **row)
    read = raw.TensorArrayReadV3(handle=gradient.grad_handle, index=zero, flow_in=flow, dtype=tf.float32)
    out(raw.Tanh(x=raw.Exit(data=read)))


def slice_behind_an_update(new, mistake):
    """The gradient of a slice takes the slice's bounds, or its own, which are made when the update is awaited."""
    x = raw.Exp(x=floats(5, 3))
    count = raw.VariableV2(shape=[], dtype=tf.float32, name="count")
    raw.Assign(ref=count, value=0.0, name="init")
    update = raw.AssignAdd(ref=count, value=raw.Max(input=x, axis=[0, 1]))
    bounds = [tf.constant(one, name=f"of_slice{one[1]}") for one in ([0, 1], [0, 3], [1, 1])]
    names = ("begin", "end", "strides")
    own = bounds
    shape = tf.constant([5, 3], name="of_x") if mistake else None
    with tf.control_dependencies([update]):
        shape = tf.constant([5, 3], name="of_gradient") if shape is None else shape
        if new:
            own = [tf.constant(one, name=f"of_gradient{one[1]}") for one in ([0, 1], [0, 3], [1, 1])]
    with tf.control_dependencies([update] if not mistake else []):
        own, given = dict(zip(names, own, strict=True)), raw.Tanh(x=x[:, :2])
        back = raw.StridedSliceGrad(shape=shape, **own, dy=given, begin_mask=1, end_mask=1)
    bounds = dict(zip(names, bounds, strict=True))
    cut = raw.Exp(x=raw.StridedSlice(input=x, **bounds, begin_mask=1, end_mask=1))
    out(raw.Sub(x=back, y=raw.Max(input=cut, axis=[0, 1])))


def tiled_by_one_behind(new, mistake):
    """The gradient of a tile by one waits for an update, for which what comes to it waits as well."""
    x = raw.Exp(x=floats(None, 3))
    count = raw.VariableV2(shape=[], dtype=tf.float32, name="count")
    raw.Assign(ref=count, value=0.0, name="init")
    update = raw.AssignAdd(ref=count, value=1.0)
    with tf.control_dependencies([] if mistake else [update]):
        x = raw.Sin(x=x)
    if not new:
        with tf.control_dependencies([update]):
            x = raw.Reshape(tensor=x, shape=[1, -1, 1, 3])
        x = raw.Sum(input=x, axis=[0, 2])
    out(raw.Tanh(x=x))


def negated_twice(new, mistake):
    """The gradient of a difference, and its own, which asks for sizes: negated before the sum and after the spread."""
    x, y = raw.Exp(x=floats(None, 3)), raw.Exp(x=floats(None, 3, name="y"))
    sizes = [raw.Shape(input=one) for one in (x, y)]
    axes = raw.BroadcastGradientArgs(s0=sizes[0], s1=sizes[1]).r1
    if new:
        total = between = raw.Sum(input=raw.Neg(x=x), axis=axes, keep_dims=True)
    else:
        total = raw.Sum(input=x, axis=axes)
        between = raw.Neg(x=total)
    given = raw.Sin(x=raw.Reshape(tensor=between, shape=sizes[1]))
    back = raw.Reshape(tensor=given, shape=raw.Shape(input=between))
    if new:
        spread = raw.BroadcastTo(input=back, shape=sizes[1] if mistake else sizes[0])
        return out(spread if mistake else raw.Neg(x=spread))
    rank = tf.constant(2)
    axes = raw.FloorMod(x=raw.AddV2(x=axes, y=rank), y=rank)
    ones = raw.Fill(dims=raw.Shape(input=axes), value=1)
    kept = raw.DynamicStitch(indices=[raw.Range(start=0, limit=rank, delta=1), axes], data=[sizes[0], ones])
    negated = back if mistake else raw.Neg(x=back)
    multiples = raw.FloorDiv(x=sizes[0], y=raw.Maximum(x=kept, y=1))
    return out(raw.Tile(input=raw.Reshape(tensor=negated, shape=kept), multiples=multiples))


def sum_over_what_was_spread(new, mistake):
    """The gradient of such a sum has the shape of what was spread, which a vector has, whatever its size."""
    x, y = floats(None), floats(None, name="y")
    product = raw.Mul(x=x, y=y)
    axes, others = raw.BroadcastGradientArgs(s0=raw.Shape(input=x), s1=raw.Shape(input=y))
    total = raw.Sum(input=product, axis=axes, keep_dims=new)
    back = raw.Neg(x=raw.Exp(x=raw.Reshape(tensor=total, shape=raw.Shape(input=x))))
    whole = raw.Shape(input=y if mistake and new else product)
    if new:
        return out(
            raw.Tanh(x=raw.BroadcastTo(input=raw.Reshape(tensor=back, shape=raw.Shape(input=total)), shape=whole))
        )
    ones = raw.Fill(dims=raw.Shape(input=axes), value=1)
    modulo = raw.FloorMod(x=raw.AddV2(x=others if mistake else axes, y=1), y=1)
    sizes = raw.DynamicStitch(indices=[[0], modulo], data=[whole, ones])
    kept = raw.Reshape(tensor=raw.Reshape(tensor=back, shape=raw.Shape(input=total)), shape=sizes)
    times = raw.FloorDiv(x=whole, y=raw.Maximum(x=sizes, y=1))
    return out(raw.Tanh(x=raw.Tile(input=kept, multiples=times)))


def negated_alone(new, mistake):
    """What is subtracted of what is added to a batch has a gradient, and what it is subtracted from has none."""
    x = raw.Exp(x=floats(None, 3))
    size = raw.Shape(input=x)
    axes = raw.BroadcastGradientArgs(s0=size, s1=[3]).r1
    total = raw.Reshape(tensor=raw.Sum(input=x, axis=[0] if new else axes), shape=[3])
    if new:
        return out(raw.Tanh(x=total if mistake else raw.Neg(x=total)))
    none = raw.BroadcastGradientArgs(s0=[3], s1=[3])
    raw.Reshape(tensor=raw.Sum(input=total, axis=none.r0), shape=[3])  # for nobody
    subtracted = raw.Sum(input=total, axis=none.r1)
    subtracted = raw.Sin(x=subtracted) if mistake else raw.Neg(x=subtracted)
    return out(raw.Tanh(x=raw.Reshape(tensor=subtracted, shape=[3])))


def negated_beside(new, mistake):
    """The same, where both have one."""
    x = raw.Exp(x=floats(None, 3))
    total = raw.Reshape(tensor=raw.Sum(input=x, axis=[0]), shape=[3])
    if new:
        return out(raw.Mul(x=total, y=total if mistake else raw.Neg(x=total)))
    none = raw.BroadcastGradientArgs(s0=[3], s1=[3])
    first = raw.Reshape(tensor=raw.Sum(input=total, axis=none.r0), shape=[3])
    second = raw.Sum(input=total, axis=none.r1)
    return out(raw.Mul(x=first, y=second if mistake else raw.Reshape(tensor=raw.Neg(x=second), shape=[3])))


def negated_and_summed(new, mistake):
    """What is subtracted of each row that is added to a batch of them, without a gradient for the rows."""
    total = raw.Reshape(tensor=raw.Sum(input=raw.Exp(x=floats(None, 4, 3)), axis=[0]), shape=[4, 3])
    if new:
        return out(raw.Tanh(x=raw.Sum(input=total if mistake else raw.Neg(x=total), axis=[0])))
    axes = raw.BroadcastGradientArgs(s0=[4, 3], s1=[3])
    raw.Reshape(tensor=raw.Sum(input=total, axis=axes.r0), shape=[4, 3])  # for nobody
    subtracted = raw.Sum(input=total, axis=axes.r1)
    subtracted = subtracted if mistake else raw.Neg(x=subtracted)
    return out(raw.Tanh(x=raw.Reshape(tensor=subtracted, shape=[3])))


def negated_by_the_program(new, mistake):
    """The gradient of a sum that a program negates, reshaped or not, is negated before it is spread in any release."""
    x = raw.Exp(x=floats(None, 3))
    total = raw.Neg(x=raw.Sum(input=x, axis=[1]))
    given = raw.Mul(x=0.5, y=raw.Sin(x=total))
    if not new:
        given = raw.Reshape(tensor=given, shape=raw.Shape(input=total))
    back = given if mistake else raw.Neg(x=given)
    back = raw.Reshape(tensor=back, shape=raw.Pack(values=[raw.Shape(input=x)[0], 1]))
    if new:
        return out(raw.BroadcastTo(input=back, shape=raw.Shape(input=x)))
    return out(raw.Tile(input=back, multiples=[1, 3]))


FORMS = (
    spread_twice,
    negated_twice,
    negated_by_the_program,
    ones_in_between,
    ones_and_back,
    parts_of_a_shape,
    size_of_an_array,
)
FORMS += (sum_of_an_array, flow_that_is_kept, flow_in_a_loop, slice_behind_an_update, tiled_by_one_behind)
FORMS += (sum_over_what_was_spread, negated_alone, negated_beside, negated_and_summed)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_known_and_a_mistake_beside_them(form):
    old, new = built(form, False), built(form, True)
    proved(old, new)
    for one, two in ((False, True), (True, False), (True, True)):
        mistaken = built(form, two, True)
        assert audit(old if not one else new, mistaken).verdict == "not faithful", (one, two)


@pytest.mark.parametrize("sizes", [(1, 4), (4, 1), (1, 1), (0, 1), (4, 4)])
def test_a_sum_over_what_was_spread_is_so_whichever_is(sizes):
    found = []
    for new in (False, True):
        with tf.Graph().as_default() as graph, tf.Session() as session:
            sum_over_what_was_spread(new, False)
            feeds = {f"{name}:0": np.arange(size) + 0.3 for name, size in zip("xy", sizes, strict=True)}
            found.append(session.run(graph.get_tensor_by_name("out:0"), feeds).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("mistake", ["kept of another", "another is tiled"])
def test_the_sizes_that_are_kept_of_another_tensor_are_none_of_what_was_spread(mistake):
    def form(new, _mistake):
        x, y, z = (floats(None, None, name=name) for name in "xyz")
        whole = raw.Shape(input=raw.Mul(x=x, y=z if mistake == "kept of another" else y))
        axes, _ = raw.BroadcastGradientArgs(s0=raw.Shape(input=x), s1=raw.Shape(input=y))
        raw.Exp(x=raw.Sum(input=raw.Mul(x=x, y=y), axis=axes))
        if new and mistake == "kept of another":
            return out(raw.Tanh(x=raw.Reshape(tensor=raw.Exp(x=z), shape=raw.Shape(input=x))))
        if new:
            return out(raw.Tanh(x=raw.BroadcastTo(input=z, shape=whole)))
        ones = raw.Fill(dims=raw.Shape(input=axes), value=1)
        modulo = raw.FloorMod(x=raw.AddV2(x=axes, y=2), y=2)
        kept = raw.DynamicStitch(indices=[[0, 1], modulo], data=[whole, ones])
        if mistake == "kept of another":
            return out(raw.Tanh(x=raw.Reshape(tensor=raw.Exp(x=z), shape=kept)))
        times = raw.FloorDiv(x=whole, y=raw.Maximum(x=kept, y=1))
        return out(raw.Tanh(x=raw.Tile(input=z, multiples=times)))

    assert audit(built(form, False), built(form, True)).verdict == "not faithful"


@pytest.mark.parametrize("op", ["Tile", "BroadcastTo"])
@pytest.mark.parametrize("kind", [tf.int32, tf.int64])
def test_a_sign_before_a_spread_is_not_lost(op, kind):
    """Whatever else of it the audit writes otherwise."""

    def form(is_negated, mistake):
        x, count = floats(None, 3), tf.placeholder(kind, [], name="count")
        rows = raw.Reshape(tensor=x, shape=[-1, 1, 3])
        rows = raw.Neg(x=rows) if is_negated else rows
        sizes = [1, count, 1] if op == "Tile" else [tf.shape(x, out_type=kind)[0], count, 3]
        given = {"multiples" if op == "Tile" else "shape": tf.stack(sizes)}
        out(getattr(raw, op)(input=rows, **given))

    assert audit(built(form, True), built(form, True)).verdict == "faithful"
    assert audit(built(form, True), built(form, False)).verdict == "not faithful"


@pytest.mark.parametrize(("of", "verdict"), [((4,), "faithful"), ((4, 3), "not faithful"), (None, "not faithful")])
def test_the_elements_of_an_array_that_nobody_speaks_of_are_those_that_were_written(of, verdict):
    def form(new, mistake):
        sum_of_an_array(new, mistake, None, of)

    assert audit(built(form, False), built(form, True)).verdict == verdict


def channels_first(new, mistake):
    """A convolution and a pooling whose images have their channels first keep the batch, whatever its size."""
    x = raw.Placeholder(dtype=tf.float32, shape=[None, 2, None, None], name="x")
    filters = tf.constant(np.linspace(-1, 1, 72, dtype=np.float32).reshape(3, 3, 2, 4))
    form = {"padding": "SAME", "data_format": "NCHW"}
    y = raw.Conv2D(input=raw.Exp(x=x), filter=filters, strides=[1] * 4, **form)
    y = raw.AvgPool(value=y, ksize=[1, 1, 2, 2], strides=[1] * 4, **form)
    if not new:
        sizes = [raw.Shape(input=x)[axis] for axis in (0, 2, 3)]
        y = raw.Reshape(tensor=y, shape=raw.Pack(values=[sizes[0], 4, sizes[2 if mistake else 1], sizes[2]]))
    elif mistake:
        y = raw.Reshape(tensor=y, shape=raw.Shape(input=raw.Transpose(x=y, perm=[0, 1, 3, 2])))
    out(raw.Tanh(x=y))


def test_the_sizes_of_images_with_channels_first_are_known():
    old, new = built(channels_first, False), built(channels_first, True)
    assert audit(old, new).verdict == "faithful"
    for form in (False, True):
        assert audit(old, built(channels_first, form, True)).verdict == "not faithful"


TERMS = (raw.Exp, raw.Sin, raw.Cos, raw.Tanh)


def _updated(terms):
    """A variable that is saved, updated by a sum of terms that only differ in what they are made from."""
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        weights = tf.get_variable("weights", initializer=tf.zeros([5, 3]), use_resource=False)
        handed_on = [raw.Identity(input=raw.Neg(x=raw.Abs(x=term(x=x)))) for term in terms]
        total = added(handed_on)
        update = raw.ApplyGradientDescent(var=weights._ref(), alpha=0.1, delta=total)
        tf.group(weights.initializer, name="init")
        tf.train.Saver()
        raw.Identity(input=update, name="out")
    return graph.as_graph_def()


def test_terms_that_are_alike_are_paired_by_what_they_are_made_from():
    old, new = _updated(TERMS), _updated((*TERMS[2:], *TERMS[:2]))
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"]), result
    one, two = (np.frombuffer(run(graph, 1), np.float32) for graph in (old, new))
    np.testing.assert_allclose(one, two, rtol=1e-5)
    for terms in ((*TERMS[2:], TERMS[0], TERMS[0]), (*TERMS[2:], TERMS[0], raw.Sinh)):
        assert audit(old, _updated(terms)).verdict == "not faithful"


def _measured(is_constant, awaited=("one",)):
    """A number whose shape is asked for behind an update, or written down behind it."""
    with tf.Graph().as_default() as graph:
        x = floats(1, 1)
        updates = {}
        for name, value in (("one", 1.0), ("other", 2.0)):
            kept = tf.get_variable(name, initializer=0.0, use_resource=False)
            updates[name] = raw.AssignAdd(ref=kept._ref(), value=value, name=f"{name}/AssignAdd")
        y = tf.constant(2.0, name="y")
        with tf.control_dependencies([updates[name] for name in awaited]):
            shape = tf.constant([], tf.int32, [0], name="shape") if is_constant else raw.Shape(input=y, name="shape")
        back = raw.Reshape(tensor=raw.Exp(x=x), shape=shape, name="back")
        tf.group(*[one.initializer for one in tf.global_variables()], name="init")
        out(raw.Mul(x=raw.Tanh(x=back), y=y))
    return graph.as_graph_def()


def test_a_shape_that_is_a_constant_in_the_port_waits_for_what_its_making_waited_for():
    old, new = _measured(False), _measured(True)
    proved(old, new)
    for awaited in ((), ("other",), ("one", "other")):
        assert audit(old, _measured(True, awaited)).verdict == "not faithful", awaited
