"""Every rule of the audit is harmless: both ways of writing, run on random inputs, give every bit the same.

A case builds the older and the newer form of one change as small graphs. The audit must find them faithful by that
rule, the two must run to the same bits, and a case with a mistake in the newer form must not pass.
"""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drift_cases_models
import drift_cases_oldest
import drift_cases_values
from compat_v1.audit import drift
from compat_v1.audit.comparison import audit
from drift_cases import CASES, built, case, floats, out
from test_drift_oldest import PROVED

raw = tf.raw_ops
assert drift_cases_models and drift_cases_oldest and drift_cases_values  # their cases are among CASES


@case("names")
def _(new, mistake):
    x = floats(None, 3)
    y = raw.Tanh(x=x, name="other" if new else "tanh")
    out(raw.Sigmoid(x=y) if mistake else raw.Exp(x=y))


@case("private attributes")
def _(new, mistake):
    y = raw.Exp(x=floats(None, 3))
    if new:
        y.op._set_attr("_has_manual_control_dependencies", tf.AttrValue(b=True))
    if mistake:
        y.op._set_attr("_kernel", tf.AttrValue(s=b"other"))
    out(y)


@case("notes on products")
def _(new, mistake):
    x = floats(3, 3)
    out(raw.MatMul(a=x, b=x, grad_a=new, transpose_b=mistake))


@case("colocation")
def _(new, mistake):
    x = floats(None, 3)
    y = raw.Exp(x=x)
    z = raw.Identity(input=y, name="z")
    if new:  # beside what it copies, or by mistake beside what it has nothing to do with
        beside = b"loc:@x" if mistake else b"loc:@" + y.op.name.encode()
        z.op._set_attr("_class", tf.AttrValue(list=tf.AttrValue.ListValue(s=[beside])))
    out(raw.Sub(x=y, y=z))


@case("constants")
def _(new, mistake):
    x = floats(None, 3)
    threes = raw.Fill(dims=[3], value=4.0 if mistake else 3.0) if new else tf.constant([3.0, 3.0, 3.0])
    out(raw.AddV2(x=x, y=threes))


@case("computed shapes")
def _(new, mistake):
    x = floats(None, 3)
    size = raw.Prod(input=raw.Shape(input=x), axis=[0])
    kept = raw.Maximum(x=raw.Prod(input=raw.Shape(input=raw.Sum(input=x, axis=[0])), axis=[0]), y=1)
    if new:
        count = raw.Prod(input=raw.GatherV2(params=raw.Shape(input=x), indices=[1 if mistake else 0], axis=0), axis=[0])
    else:
        count = raw.FloorDiv(x=size, y=kept)
    out(raw.RealDiv(x=x, y=raw.Cast(x=count, DstT=tf.float32)))


@case("unused constants")
def _(new, mistake):
    if not new:
        tf.constant(3, name="of_no_use")
    elif mistake:
        raw.Exp(x=floats(3, name="y"))
    out(raw.Exp(x=floats(None, 3)))


@case("unused results")
def _(new, mistake):
    x = floats(3)
    frame = {"frame_name": "loop", "is_constant": False, "parallel_iterations": 10}
    entered = raw.Enter(data=x, **frame)
    count = raw.Enter(data=0, **frame)
    merged, counted = raw.Merge(inputs=[entered, entered])[0], raw.Merge(inputs=[count, count])[0]
    test = raw.LoopCond(input=raw.Less(x=counted, y=raw.Enter(data=3, frame_name="loop", is_constant=True)))
    (leave, stay), (unused, going) = raw.Switch(data=merged, pred=test), raw.Switch(data=counted, pred=test)
    one = raw.Enter(data=1, frame_name="loop", is_constant=True)
    merged.op._update_input(1, raw.NextIteration(data=raw.Tanh(x=stay)))
    counted.op._update_input(1, raw.NextIteration(data=raw.AddV2(x=going, y=one)))
    if new and not mistake:
        raw.Exit(data=unused)
    left = raw.Exit(data=leave)
    out(raw.Exp(x=left) if mistake else raw.Neg(x=left))


@case("one of each")
def _(new, mistake):
    x = floats(None, 3)
    y = raw.Exp(x=x)
    z = y if new else raw.Exp(x=x)
    out(raw.Sub(x=raw.Tanh(x=y), y=x if mistake else z))


@case("AddV2")
def _(new, mistake):
    x = floats(None, 3)
    out((raw.AddV2 if new else raw.Add)(x=x, y=raw.Exp(x=x) if not mistake else x))


@case("division")
def _(new, mistake):
    x, y = floats(None, 3), floats(3, name="y")
    out(raw.RealDiv(x=y, y=x) if mistake else (raw.RealDiv if new else raw.Div)(x=x, y=y))


@case("gather")
def _(new, mistake):
    x, y = floats(5, 5), floats(None, 5, name="y")
    of_one = raw.Fill(dims=raw.Slice(input=raw.Shape(input=y), begin=[0], size=[1]), value=4)
    for indices in ([4, 1], of_one):
        taken = (
            raw.GatherV2(params=x, indices=indices, axis=int(mistake)) if new else raw.Gather(params=x, indices=indices)
        )
        y = raw.AddV2(x=y, y=raw.Sum(input=taken, axis=[0, 1]))
    out(y)


@case("select")
def _(new, mistake):
    x = floats(2, 3)
    condition = raw.Less(x=x, y=0.0)
    zeros = raw.ZerosLike(x=x)
    if new:
        out(raw.SelectV2(condition=condition, t=x, e=1.0 if mistake else 0.0))
    else:
        out(raw.Select(condition=condition, x=x, y=zeros))


@case("unit interval")
def _(new, mistake):
    drawn = raw.RandomUniform(shape=[100], dtype=tf.float32, seed=7, seed2=8)
    if not new:
        drawn = raw.AddV2(x=raw.Mul(x=drawn, y=raw.Sub(x=1.0, y=0.0)), y=0.0)
    elif mistake:
        drawn = raw.AddV2(x=raw.Mul(x=drawn, y=raw.Sub(x=1.5, y=0.0)), y=0.0)
    out(drawn)


@case("copies")
def _(new, mistake):
    x = raw.Exp(x=floats(None, 3))
    x = x if new else raw.Identity(input=x)
    out(raw.Abs(x=x) if mistake else raw.Tanh(x=x))


@case("norm that is no number")
def _(new, mistake):
    x = floats(3)
    norm = raw.Sqrt(x=raw.Sum(input=raw.Square(x=x), axis=[0]))
    scale = raw.Mul(x=raw.Minimum(x=raw.RealDiv(x=1.0, y=norm), y=0.5), y=2.0)
    if new:
        scale = raw.AddV2(x=scale, y=raw.Sub(x=norm, y=scale if mistake else norm))
    else:
        scale = raw.Select(condition=raw.IsFinite(x=norm), x=scale, y=float("nan"))
    out(raw.Mul(x=x, y=scale))


@case("matrix diagonals")
def _(new, mistake):
    x = floats(4)
    if new:
        diagonal = raw.MatrixDiagV3(diagonal=x, k=1 if mistake else 0, num_rows=-1, num_cols=-1, padding_value=0.0)
    else:
        diagonal = raw.MatrixDiag(diagonal=x)
    out(diagonal)


@case("diagonal of a triangle")
def _(new, mistake):
    triangle = raw.MatrixBandPart(input=floats(3, 3), num_lower=0 if mistake else -1, num_upper=0)
    if not new:
        raw.MatrixDiagPart(input=triangle)
    out(raw.Tanh(x=triangle))


def _sum_back(x, y, new, keep_dims=False):
    """The sum that makes a gradient of x fit y, which was broadcast to x."""
    if new:
        total = raw.Sum(input=x, axis=[0], keep_dims=keep_dims)
    else:
        axes = raw.BroadcastGradientArgs(s0=raw.Shape(input=y), s1=raw.Shape(input=x))[0]
        total = raw.Sum(input=x, axis=axes, keep_dims=keep_dims)
    return total


@case("static broadcast")
def _(new, mistake):
    x, y = floats(None, 3), floats(3, name="y")
    total = _sum_back(x, y, new)
    out(
        raw.Reshape(tensor=raw.Exp(x=x) if mistake else total, shape=[-1])
        if mistake
        else raw.Reshape(tensor=total, shape=[3])
    )


@case("kept dimensions")
def _(new, mistake):
    x, y = floats(None, 3), floats(3, name="y")
    total = raw.Sum(input=x, axis=[1 if mistake else 0], keep_dims=new)
    del y
    out(raw.Reshape(tensor=total, shape=[-1] if mistake else [3]))


@case("own shape")
def _(new, mistake):
    x = raw.Exp(x=floats(None, 3))
    if not new:
        x = raw.Reshape(tensor=x, shape=raw.Shape(input=x))
    elif mistake:
        x = raw.Reshape(tensor=x, shape=[3, -1])
    out(raw.Tanh(x=x))


@case("negated first")
def _(new, mistake):
    x = raw.Exp(x=floats(None, 3))
    behind_an_axis = raw.Reshape(tensor=x, shape=[-1, 1, 3])  # as one that was expanded
    if new:
        totals = [raw.Sum(input=x if mistake else raw.Neg(x=x), axis=[0]) for x in (x, behind_an_axis)]
        totals = [raw.Reshape(tensor=one, shape=[1, 3]) for one in totals]
    else:
        totals = [raw.Neg(x=raw.Sum(input=x, axis=[0])) for x in (x, behind_an_axis)]
        totals = [raw.Reshape(tensor=one, shape=[1, 3]) for one in totals]
    out(raw.Mul(x=totals[0], y=totals[1]))


@case("commuted product")
def _(new, mistake):
    x = floats(None, 3)
    factor = 0.3 if not mistake else 0.5
    out(raw.Mul(x=x, y=factor) if new else raw.Mul(x=factor, y=x))


@case("spread")
def _(new, mistake):
    x = floats(1, 3)
    if new:
        out(raw.BroadcastTo(input=x, shape=[5 if mistake else 4, 3]))
    else:
        out(raw.Tile(input=x, multiples=[4, 1]))


@case("second derivative")
def _(new, mistake):
    loss, gradient = raw.SparseSoftmaxCrossEntropyWithLogits(features=floats(2, 3), labels=[1, 2])
    gradient = gradient if new else raw.PreventGradient(input=gradient)
    out(raw.Mul(x=gradient, y=raw.ExpandDims(input=gradient[:, 0] if mistake else loss, axis=-1)))


@case("labels without gradient")
def _(new, mistake):
    logits, labels = floats(2, 3), floats(2, 3, name="y")
    guarded = raw.StopGradient(input=raw.Exp(x=labels) if mistake else labels) if new else labels
    own = raw.StopGradient(input=raw.Cast(x=labels, DstT=tf.int32))  # the program's, of whole numbers
    cast = raw.Cast(x=raw.StopGradient(input=own) if new else own, DstT=tf.float32)
    losses = [raw.SoftmaxCrossEntropyWithLogits(features=logits, labels=one)[0] for one in (guarded, cast)]
    out(raw.AddV2(x=losses[0], y=losses[1]))


@case("shapes in arrays")
def _(new, mistake):
    x = floats(3)
    handle, flow = raw.TensorArrayV3(size=2, dtype=tf.float32, element_shape=[3] if new else None)
    flow = raw.TensorArrayWriteV3(handle=handle, index=1, value=raw.Exp(x=x) if mistake else x, flow_in=flow)
    out(raw.TensorArrayReadV3(handle=handle, index=1, flow_in=flow, dtype=tf.float32))


@case("write barrier")
def _(new, mistake):
    x = floats(2, 3)
    handle, flow = raw.TensorArrayV3(size=2, dtype=tf.float32)
    flow = raw.TensorArrayScatterV3(handle=handle, indices=[0, 1], value=x, flow_in=flow)
    back = raw.Identity(input=flow)
    if new:
        with tf.control_dependencies([raw.Identity(input=flow)] if not mistake else [raw.Exp(x=x)]):
            back = raw.Identity(input=back)
    gradient, back = raw.TensorArrayGradV3(handle=handle, flow_in=back, source="gradients")
    back = raw.TensorArrayWriteV3(handle=gradient, index=0, value=[1.0, 2.0, 3.0], flow_in=back)
    out(raw.TensorArrayReadV3(handle=gradient, index=0, flow_in=back, dtype=tf.float32))


def _loop(frame, step):
    x = floats(3)
    merged = raw.Merge(inputs=[raw.Enter(data=x, frame_name=frame)] * 2)[0]
    limit = raw.Enter(data=tf.fill([3], 9.0), frame_name=frame, is_constant=True)
    axis = raw.Enter(data=[0], frame_name=frame, is_constant=True)
    test = raw.LoopCond(input=raw.All(input=raw.Less(x=merged, y=limit), axis=axis))
    leave, stay = raw.Switch(data=merged, pred=test)
    grown = raw.AddV2(x=stay, y=raw.Enter(data=step, frame_name=frame, is_constant=True))
    merged.op._update_input(1, raw.NextIteration(data=grown))
    out(raw.Exit(data=leave))


@case("frame name")
def _(new, mistake):
    _loop("while_context" if new else "while/", 2.0 if mistake else 1.0)


@case("stacks")
def _(new, mistake):
    x = floats(3)
    if new:
        stack = raw.StackV2(max_size=2 if mistake else -1, elem_type=tf.float32)
        pushed = raw.StackPushV2(handle=stack, elem=raw.Exp(x=x))
        with tf.control_dependencies([pushed]):
            out(raw.StackPopV2(handle=stack, elem_type=tf.float32))
        return
    graph = tf.get_default_graph()
    stack = graph.create_op(
        "Stack", [], [tf.as_dtype("string_ref")], attrs={"elem_type": tf.AttrValue(type=1)}
    ).outputs[0]
    attrs = {"T": tf.AttrValue(type=1)}
    pushed = graph.create_op("StackPush", [stack, raw.Exp(x=x)], [tf.float32], attrs=attrs).outputs[0]
    with tf.control_dependencies([pushed]):
        pop = graph.create_op("StackPop", [stack], [tf.float32], attrs={"elem_type": tf.AttrValue(type=1)})
        out(pop.outputs[0])


@case("dataset tuning")
def _(new, mistake):
    of = {"output_types": [tf.float32], "output_shapes": [[]]}
    dataset = raw.TensorSliceDataset(components=[[4.0 if mistake else 1.0, 2.0]], output_shapes=[[]])
    if not new:
        dataset = raw.OptimizeDataset(input_dataset=dataset, optimizations=[], **of)
    iterator = raw.IteratorV2(shared_name="", container="", **of)
    raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
    out(raw.IteratorGetNext(iterator=iterator, **of)[0])


def in_any_order(new, mistake, before=True, both=False):
    """A dataset whose elements may come in any order, if no mistake says in order.

    `before`: whether that is said before they are repeated; `both`: two iterators ask it, the second in order.
    """
    of = {"output_types": [tf.float32], "output_shapes": [[]]}
    options = tf.data.Options()
    options.deterministic = mistake == "in order"

    def said(dataset):
        if new:  # as Dataset.with_options does
            written = options._to_proto().SerializeToString()
            return raw.OptionsDataset(input_dataset=dataset, serialized_options=written, **of)
        optimizations = ["noop_elimination", "make_sloppy"]
        return raw.OptimizeDataset(input_dataset=dataset, optimizations=optimizations, **of)

    dataset = raw.TensorSliceDataset(components=[[1.0, 2.0]], output_shapes=[[]])
    dataset = said(dataset) if new and before else dataset
    dataset = raw.RepeatDataset(input_dataset=dataset, count=tf.constant(2, tf.int64), **of)
    asked = [dataset if new and before else said(dataset), *([dataset] if both else [])]
    for number, one in enumerate(asked[::-1] if mistake == "exchanged" else asked):
        iterator = raw.IteratorV2(shared_name=f"{number}", container="", **of)
        raw.MakeIterator(dataset=one, iterator=iterator, name=f"init{number or ''}")
        out(raw.IteratorGetNext(iterator=iterator, **of)[0] + number)


@case("elements in any order")
def _(new, mistake):
    in_any_order(new, "in order" if mistake else "")


def test_which_of_two_iterators_gets_elements_in_any_order_matters():
    two = functools.partial(in_any_order, before=False, both=True)
    assert audit(built(two, False), built(two, True)).verdict == "faithful"
    for mistake in ("in order", "exchanged"):
        port = built(lambda new, _, which=mistake: two(new, which), True)
        assert audit(built(two, False), port).verdict == "not faithful"
    assert audit(built(two, False), built(functools.partial(two, before=True), True)).verdict == "not faithful"


@case("queues on the CPU")
def _(new, mistake):
    with tf.device("/device:CPU:*" if new else None):
        queue = raw.FIFOQueueV2(component_types=[tf.float32])
    pushed = raw.QueueEnqueueV2(handle=queue, components=[raw.Exp(x=floats(3)) if mistake else floats(3)])
    with tf.control_dependencies([pushed]):
        out(raw.QueueDequeueV2(handle=queue, component_types=[tf.float32])[0])


def awaiting(new, mistake, begins=True, taken=False):
    """A loop in which an op, another in the newer form, waits for an update, as what the loop begins with may."""
    x, count = floats(3), raw.VariableV2(shape=[], dtype=tf.float32, name="count")
    raw.Assign(ref=count, value=0.0, name="init")
    update = raw.AssignAdd(ref=count, value=1.0)
    with tf.control_dependencies([update] if begins and not mistake else []):
        x = raw.Exp(x=x)
    merged = raw.Merge(inputs=[raw.Enter(data=x, frame_name="loop")] * 2)[0]
    entered = {"frame_name": "loop", "is_constant": True}
    two, limit, axis = (raw.Enter(data=one, **entered) for one in (2.0, 1e9, [0]))
    test = raw.LoopCond(input=raw.Less(x=raw.Max(input=merged, axis=axis), y=limit))
    leave, stay = raw.Switch(data=merged, pred=test)
    copy = raw.Identity(input=raw.RefEnter(data=update, **entered), name="sum/copy" if new else "product/copy")
    with tf.control_dependencies([copy] if not new else []):
        grown = raw.Mul(x=stay, y=two)
    with tf.control_dependencies([copy] if new else []):
        grown = raw.AddV2(x=grown, y=copy if taken else two)
    merged.op._update_input(1, raw.NextIteration(data=grown))
    out(raw.Exit(data=leave))


@case("waits from outside a loop")
def _(new, mistake):
    awaiting(new, mistake)


def test_what_waits_for_an_update_in_a_loop_matters_where_nothing_before_it_does():
    old = built(lambda new, _: awaiting(new, False, begins=False), False)
    assert audit(old, built(lambda new, _: awaiting(new, False, begins=False), True)).verdict == "not faithful"
    assert audit(old, built(awaiting, True)).verdict == "not faithful"


def test_a_copy_that_is_taken_in_a_loop_is_a_node():
    old = built(lambda new, _: awaiting(new, False, taken=True), False)
    assert "waits from outside a loop" not in audit(old, old).rules
    assert audit(old, built(awaiting, False)).verdict == "not faithful"


def run(graph_def, seed):
    """Run a graph on random inputs and return its output's bytes."""
    return runs(graph_def, [seed])[0]


def runs(graph_def, seeds):
    """Run a graph once for each of some seeds, as `run` does; in one session, unless there are variables."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    ops = sorted(graph.get_operations(), key=lambda op: op.name)
    inputs = [op.outputs[0] for op in ops if op.type == "Placeholder"]
    begin = ["init"] if any(op.name == "init" for op in ops) else []
    found = []
    for some in [[seed] for seed in seeds] if begin else [seeds]:
        with tf.Session(graph=graph) as session:
            found += [_run(session, begin, inputs, seed) for seed in some]
    return found


def _run(session, begin, inputs, seed):
    rng, feeds = np.random.RandomState(seed), {}
    for one in inputs:
        sizes = [5 if size is None else size for size in one.shape.as_list()] if one.shape.rank else [5, 3]
        feeds[one] = (rng.randn(*sizes) * 3).astype("float32")
    session.run(begin)
    return session.run("out:0", feeds).tobytes()


def proved(old, new, seeds=5):
    """Hold two forms to be faithful and to give every bit the same on random inputs; return what the audit says."""
    result = audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert runs(old, range(seeds)) == runs(new, range(seeds))
    return result


def test_every_rule_has_a_case():
    assert not CASES.keys() & PROVED
    assert CASES.keys() | PROVED == drift.RULES.keys()


@pytest.mark.parametrize("rule", CASES)
def test_both_forms_are_faithful_by_the_rule_and_give_every_bit_the_same(rule):
    result = proved(built(CASES[rule], False), built(CASES[rule], True), seeds=20)
    assert rule in result.rules or rule == "constants", result.rules


@pytest.mark.parametrize("rule", CASES)
def test_mistake_beside_the_rule_is_reported(rule):
    assert audit(built(CASES[rule], False), built(CASES[rule], True, mistake=True)).verdict == "not faithful"


def _numbers(build):
    """Return the result for a change that the numbers tell, and for one with a mistake beside it."""
    graphs = []
    for new, mistake in ((False, False), (True, False), (True, True)):
        with tf.Graph().as_default() as graph:
            build(new, mistake)
        graphs.append(graph.as_graph_def())
    return audit(*graphs[:2]), audit(graphs[0], graphs[2])


def _epsilon(new, mistake):
    x, scale, offset = floats(2, 5, 5, 4), floats(4, name="scale"), floats(4, name="offset")
    epsilon = 1.001e-5 if not new else 1e-3 if mistake else 1e-5
    out(raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon)[0])


def _cumulated(new, mistake):
    x = floats(None, 3)
    product = raw.Mul(x=raw.Cumprod(x=x, axis=1), y=raw.Exp(x=x))
    total = raw.Cumsum(x=product, axis=1, reverse=not mistake)
    out((raw.DivNoNan if new else raw.RealDiv)(x=total, y=x))


def _constant_sparse_product(new, mistake):
    _sparse_product(new, mistake, tf.constant([[0, 1], [2, 0]], tf.int64))


def _sparse_product(new, mistake, indices=None):
    indices = tf.placeholder(tf.int64, [2, 2], name="indices") if indices is None else indices
    rows = []
    for column, name in enumerate("xy"):
        begin, end = ([0, column], [0, column + 1])
        of_one = raw.StridedSlice(
            input=indices, begin=begin, end=end, strides=[1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2
        )
        rows.append(raw.GatherV2(params=floats(3, 4, name=name), indices=of_one, axis=0))
    rows = rows[:1] * 2 if mistake else rows
    if new:
        left, right = (raw.ExpandDims(input=one, axis=-2) for one in rows)
        out(raw.Squeeze(input=raw.BatchMatMulV2(x=left, y=right, adj_y=True), axis=[-2, -1]))
    else:
        out(raw.Sum(input=raw.Mul(x=rows[0], y=rows[1]), axis=1))


@pytest.mark.parametrize(
    ("build", "cause"),
    [
        (_epsilon, "least epsilon"),
        (_cumulated, "gradient of Cumprod"),
        (_sparse_product, "gradient of a sparse product"),
        (_constant_sparse_product, "gradient of a sparse product"),
    ],
)
def test_what_changes_numbers_is_a_cause_and_hides_no_mistake(build, cause):
    result, wrong = _numbers(build)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", [cause]), result.differences
    assert wrong.verdict == "not faithful"
