"""Forms that TensorFlow 1.15 still wrote otherwise: both run to the same bits, or are a cause, and hide no mistake."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import spare
from compat_v1.audit.comparison import audit
from compat_v1.audit.graph import Graph
from compat_v1.audit.normal import Normal
from compat_v1.audit.result import report
from drift_cases import added, built, floats, out
from test_drift import proved, run

raw = tf.raw_ops


def zeros_of_a_broadcast_shape(new, mistake):
    """Zeros of the shape of what a condition was broadcast from are a scalar zero."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    taken = raw.GatherV2(params=raw.Exp(x=y), indices=raw.Range(start=0, limit=raw.Shape(input=x)[0], delta=1), axis=0)
    shape = raw.Shape(input=x if not mistake else raw.ExpandDims(input=x, axis=0))
    zeros = raw.Fill(dims=shape, value=0.0)
    condition = raw.Equal(x=x, y=raw.Maximum(x=x, y=taken))
    if new:
        out(raw.SelectV2(condition=condition, t=taken, e=zeros))
    else:
        out(raw.Select(condition=condition, x=taken, y=zeros))


def spread_by_several(new, mistake):
    """The gradient of a Tile sums over axes whose sizes are computed by a Transpose, or are written down."""
    x = floats(None, 4)
    size = raw.Shape(input=x)[0]
    if new:
        target = raw.Pack(values=[1, size, 2, 3 if mistake else 2])
    else:
        pairs = raw.Pack(values=[raw.Pack(values=[1, 2]), raw.Pack(values=[size, 2])])
        target = raw.Reshape(tensor=raw.Transpose(x=pairs, perm=[1, 0]), shape=[-1])
    parts = raw.Reshape(tensor=raw.Exp(x=x), shape=target)
    total = raw.Sum(input=parts, axis=[2] if new else [0, 2])
    out(raw.Tanh(x=raw.Reshape(tensor=total, shape=[-1, 2]) if new else total))


def sum_over_one(new, mistake):
    """A sum over an axis of one element copies."""
    x = raw.Exp(x=floats(None, 1, 3))
    y = raw.Sum(input=x, axis=[0 if mistake else 2])
    if new:
        out(raw.Tanh(x=raw.Reshape(tensor=y, shape=[-1])))
    else:
        out(raw.Tanh(x=raw.Sum(input=x, axis=[1, 2])))


def swish(new, mistake):
    """Swish and its gradient, as both releases wrote them."""
    x = floats(None, 3)
    beta = tf.constant(2.0 if mistake else 1.0, name="beta")
    scaled = raw.Mul(x=beta, y=x) if new else x
    y = raw.Mul(x=x, y=raw.Sigmoid(x=scaled))
    y = raw.IdentityN(input=[y, x, beta] if new else [y, x])[0]
    dy = raw.Tanh(x=y)
    with tf.control_dependencies([dy]):
        scaled = raw.Mul(x=beta, y=x) if new else x
        again = raw.Sigmoid(x=scaled)
    inner = raw.AddV2(x=1.0, y=raw.Mul(x=raw.Mul(x=beta, y=x) if new else x, y=raw.Sub(x=1.0, y=again)))
    out(raw.Mul(x=dy, y=raw.Mul(x=again, y=inner)))


def convolved(new, mistake):
    """The sizes of a convolution of what is kept by dropout are known, or asked."""
    x, keep = floats(2, 8, 8, 3), raw.Placeholder(dtype=tf.float32, name="keep")
    x = raw.RealDiv(x=x, y=raw.Reshape(tensor=raw.Sum(input=raw.Abs(x=keep), axis=[0, 1]), shape=[]))
    y = raw.Conv2D(input=x, filter=floats(3, 3, 3, 4, name="w"), strides=[1, 2, 2, 1], padding="VALID")
    y = raw.MaxPool(input=y, ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="SAME")
    shape = [2, -1, 9 if mistake else 3, 4]
    out(raw.Reshape(tensor=raw.Reshape(tensor=raw.Exp(x=y), shape=[-1]), shape=shape if new else raw.Shape(input=y)))


def statistics_of_variables(new, mistake):
    """Fused batch normalization in training, in a branch, is given the moving averages that it does not read."""
    x, scale = floats(2, 5, 5, 4), floats(4, name="scale")
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[4], shared_name="mean", name="mean")
    raw.AssignVariableOp(resource=handle, value=tf.ones([4]), name="init")
    condition = raw.Less(x=0.0, y=1.0 + raw.Exp(x=scale)[0])
    given = []
    if new:
        sent = raw.Switch(data=handle, pred=condition)[1]
        given = raw.ReadVariableOp(resource=sent, dtype=tf.float32)
    statistics = {"mean": given, "variance": given, "epsilon": 1e-2}
    sent = raw.Switch(data=x, pred=condition)[1]
    y = raw.FusedBatchNormV3(x=sent, scale=scale, offset=scale, is_training=not mistake, **statistics)[0]
    out(raw.Tanh(x=y))


def asserted_size(new, mistake):
    """A size that an assertion says is written down, or is what is left."""
    x = floats(None, None)
    asked = raw.Equal(x=raw.Shape(input=x)[1], y=5)
    with tf.control_dependencies([raw.Assert(condition=asked, data=["five, please"])] if not mistake else []):
        y = raw.Identity(input=x)
    half = raw.FloorDiv(x=raw.Shape(input=y)[0], y=2)
    part = raw.StridedSlice(
        input=y, begin=[0, 0], end=raw.Pack(values=[half, 0]), strides=[1, 1], begin_mask=3, end_mask=2
    )
    out(raw.Slice(input=part, begin=[0, 1], size=[-1, 4 if new else -1]))


def out_of_a_branch(new, mistake):
    """What is known of the sizes of all that a Merge may give is known of what it gives."""
    x = floats(None, 3)
    y = raw.Reshape(tensor=raw.Exp(x=x), shape=raw.Pack(values=[raw.Shape(input=x)[0], -1]))
    without, with_it = raw.Switch(data=y, pred=raw.Less(x=0.0, y=raw.Sum(input=x, axis=[0, 1])))
    merged = raw.Merge(inputs=[raw.Tanh(x=without), raw.Sin(x=with_it)])[0]
    flat = raw.Exp(x=raw.Reshape(tensor=merged, shape=[-1]))
    out(raw.Reshape(tensor=flat, shape=[3, -1] if mistake else [-1, 3] if new else raw.Shape(input=merged)))


def read_for_its_rank(new, mistake):
    """A variable whose mean is taken is not read once more to know along which axes."""
    handle, other = (raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=name, name=name) for name in "vw")
    x = floats(3)
    with tf.control_dependencies([raw.AssignVariableOp(resource=one, value=x) for one in (handle, other)]):
        if not new:
            raw.ReadVariableOp(resource=handle, dtype=tf.float32)
        values = [raw.ReadVariableOp(resource=one, dtype=tf.float32) for one in (handle, other)]
    means = [raw.Mean(input=one, axis=[0]) for one in (values[::-1] if mistake else values)]
    out(raw.Sub(x=means[0], y=raw.Exp(x=means[1])))


def read_for_its_shape(new, mistake):
    """A variable is not read once more for zeros like it, though its rows alone are taken of it otherwise."""
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[4, 3], shared_name="v", name="v")
    raw.ReadVariableOp(resource=handle, dtype=tf.float32)  # whoever fetches the variable has this one
    if not new:
        raw.ReadVariableOp(resource=handle, dtype=tf.float32)
    with tf.control_dependencies([raw.AssignVariableOp(resource=handle, value=floats(4, 3))]):
        rows = raw.ResourceGather(resource=handle, indices=[1, 2], dtype=tf.float32)
    out(rows[::-1] if mistake else rows)


def _read_for_nobody(times):
    with tf.Graph().as_default() as graph:
        handle = raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name="v", name="v")
        for _ in range(times):
            raw.ReadVariableOp(resource=handle, dtype=tf.float32)
    return graph.as_graph_def()


def test_a_variable_that_can_be_fetched_still_can():
    assert audit(_read_for_nobody(3), _read_for_nobody(1)).verdict == "faithful"
    for times in (1, 2):
        assert audit(_read_for_nobody(times), _read_for_nobody(0)).verdict == "not faithful"


def hot_index(new, mistake):
    """The index that is hot is written in another type of whole numbers."""
    index = tf.constant(2 if mistake else 1, tf.int32 if new else tf.int64)
    out(raw.Mul(x=floats(None, 3), y=raw.OneHot(indices=index, depth=3, on_value=0.5, off_value=-1.0)))


def reshaped_back(new, mistake):
    """What is reshaped and then reshaped to the shape that it had is what it was."""
    y = raw.Exp(x=raw.Sum(input=floats(5, 3), axis=[0, 1]))
    if new:
        y = raw.Reshape(tensor=raw.Reshape(tensor=y, shape=[1, 1]), shape=[1] if mistake else tf.zeros([0], tf.int32))
    out(raw.Mul(x=floats(3, name="y"), y=y))


def gradient_of_a_kept_sum(new, mistake):
    """The gradient of a sum over axes that are a tensor is reshaped to the sizes of that sum if it keeps dimensions."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    product = raw.Mul(x=x, y=y)
    axes, others = raw.BroadcastGradientArgs(s0=raw.Shape(input=x), s1=raw.Shape(input=y))
    total = raw.Sum(input=product, axis=axes, keep_dims=new)
    gradient = raw.Exp(x=raw.Reshape(tensor=total, shape=raw.Shape(input=x)))
    if new:
        of = raw.Sum(input=product, axis=others, keep_dims=True) if mistake else total
        kept = raw.Reshape(tensor=gradient, shape=raw.Shape(input=of))
        out(raw.BroadcastTo(input=kept, shape=raw.Shape(input=product)))
    else:
        modulo = raw.FloorMod(x=raw.AddV2(x=axes, y=2), y=2)
        ones = raw.Fill(dims=raw.Shape(input=axes), value=1)
        sizes = raw.DynamicStitch(indices=[[0, 1], modulo], data=[raw.Shape(input=product), ones])
        kept = raw.Reshape(tensor=raw.Reshape(tensor=gradient, shape=raw.Shape(input=total)), shape=sizes)
        out(raw.Tile(input=kept, multiples=raw.FloorDiv(x=raw.Shape(input=product), y=raw.Maximum(x=sizes, y=1))))


FORMS = (
    gradient_of_a_kept_sum,
    out_of_a_branch,
    reshaped_back,
    hot_index,
    zeros_of_a_broadcast_shape,
    spread_by_several,
    sum_over_one,
    swish,
    convolved,
    statistics_of_variables,
    asserted_size,
    read_for_its_rank,
    read_for_its_shape,
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_faithful_and_give_every_bit_the_same(form):
    proved(built(form, False), built(form, True))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_mistake_beside_them_is_reported(form):
    assert audit(built(form, False), built(form, True, True)).verdict == "not faithful"


def test_a_size_that_nothing_asserts_is_not_known():
    old, new = built(asserted_size, False, True), built(asserted_size, True, True)
    assert audit(old, new).verdict == "not faithful"


def test_a_factor_of_two_is_none_of_swish_and_a_copy_of_two_is_not_exchanged():
    def copied(order):
        def form(_new, _mistake):
            x = floats(3)
            one, two = raw.IdentityN(input=[raw.Exp(x=x), raw.Tanh(x=x)])[::order]
            out(raw.Sub(x=one, y=two))

        return built(form, True)

    assert audit(copied(1), copied(1)).verdict == "faithful"
    assert audit(copied(1), copied(-1)).verdict == "not faithful"


def _mean(new, awaited=True, extra=False):
    """The gradient of a mean, that waits for a check of what it is taken of."""
    with tf.Graph().as_default() as graph:
        x = floats(None, 3)
        check = raw.Assert(condition=raw.All(input=raw.Less(x=x, y=1e9), axis=[0, 1]), data=["too large"])
        with tf.control_dependencies([check] if awaited else []):
            axes = tf.constant([0, 1], name="axes")
        raw.Mean(input=x, axis=axes, name="mean")
        shape = raw.Shape(input=x, name="sizes")
        if new:
            shape = raw.GatherV2(params=shape, indices=raw.FloorMod(x=raw.AddV2(x=axes, y=2), y=2), axis=0)
        other = raw.Assert(condition=raw.All(input=raw.Less(x=x, y=1e8), axis=[0, 1]), data=["large"], name="other")
        with tf.control_dependencies([other] if extra else []):
            count = raw.Cast(x=raw.Prod(input=shape, axis=[0]), DstT=tf.float32)
        out(raw.RealDiv(x=raw.Exp(x=x), y=count))
    return graph.as_graph_def()


def test_the_gradient_of_a_mean_waits_for_what_its_axes_wait_for_and_for_nothing_else():
    result = audit(_mean(False), _mean(True))
    assert [one.cause for one in result.numbers] == ["gradient of a mean waits"], result
    assert result.verdict == "numbers changed"
    assert audit(_mean(False), _mean(True, awaited=False)).verdict == "not faithful"
    assert audit(_mean(False), _mean(True, extra=True)).verdict == "not faithful"
    assert audit(_mean(True), _mean(False)).verdict == "not faithful"


def _drawn(*seeds, of_graph=1234):
    with tf.Graph().as_default() as graph:
        for place, seed in enumerate(seeds):
            tf.constant(0.5)
            raw.RandomUniform(shape=[3], dtype=tf.float32, seed=of_graph, seed2=seed, name=f"drawn_{place}")
    return graph.as_graph_def()


def test_a_seed_that_is_written_down_behind_derived_ones_may_be_as_large():
    result = audit(_drawn(1, 4, 1), _drawn(0, 1, 1))
    assert [one.cause for one in result.numbers] == ["derived seeds"], result
    assert {"    drawn_0", "    drawn_1"} <= set(report(result, verbose=True)) - set(report(result)), (
        "in the seeds' order"
    )
    assert audit(_drawn(1, 4, 1), _drawn(0, 1, 2)).verdict == "not faithful"
    assert audit(_drawn(1, 4, 1), _drawn(0, 99, 1)).verdict == "not faithful"


def test_the_seed_of_a_graph_may_be_0():
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(0)
        for _ in range(3):
            tf.random_uniform([3])
    first, *others = [node.attr["seed2"].i for node in graph.as_graph_def().node if "seed2" in node.attr]
    old = _drawn(1, 4, 7, of_graph=0)
    result = audit(old, _drawn(first, *others, of_graph=0))
    assert [one.cause for one in result.numbers] == ["derived seeds"], result
    assert "seed= [1, 4, 7]" in result.numbers[0].advice
    for seeds, of_graph in [((first, 2, 1), 0), ((first, *others), 1), ((0, *others), 1), ((first, 5, 2), 0)]:
        assert audit(old, _drawn(*seeds, of_graph=of_graph)).verdict == "not faithful", seeds


def test_a_graph_whose_seed_is_0_is_not_one_without_a_seed():
    """An op that has none draws other numbers in each run."""
    for pair in (
        (_drawn(1, of_graph=0), _drawn(0, of_graph=0)),
        (_drawn(0, of_graph=0), _drawn(2**31 - 1, of_graph=0)),
    ):
        assert audit(*pair).verdict == "not faithful"


def test_seeds_that_ops_were_given_are_told_one_by_one():
    given = 87654321
    for seeds, of_graph in (((0, 0), 0), ((8, 9), given)):
        said = " ".join(
            one.what for one in audit(_drawn(5, 7, of_graph=given), _drawn(*seeds, of_graph=of_graph)).differences
        )
        assert "give it seed=5" in said and "give it seed=7" in said and "set_random_seed" not in said
    (difference,) = audit(_drawn(5, 7, of_graph=2), _drawn(5, 7, of_graph=given)).differences
    assert "write tf.compat.v1.set_random_seed(2) in the port" in difference.what


def test_another_seed_of_the_graph_is_one_difference_and_says_what_to_write():
    seeded, none = _drawn(1, 4, 7, of_graph=10), _drawn(0, 0, 0, of_graph=0)
    asked = "tf.compat.v1.set_random_seed(10) in the port"
    for port, follows in ((_drawn(1, 4, 7, of_graph=11), 2), (none, 5)):
        (difference,) = audit(seeded, port).differences
        assert f"; write {asked}" in difference.what and difference.follows == follows, difference
    assert "the attribute seed is i: 10, i: 0 by default in the port" in difference.what
    (difference,) = audit(none, seeded).differences
    assert f"; do not write {asked}" in difference.what and "seed=0" not in difference.what


def _dropped(new, rate=0.0, drawn=3, seeds=range(0, 10, 2)):
    """Weights and dropouts of a rate of 0 one after the other: TensorFlow 2 asks for their seeds and draws nothing."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1234)
        x = floats(3, 4)
        for place in range(drawn):
            seed = seeds[place] if new else len(graph.get_operations())
            shape = tf.constant([4, 4])
            weights = raw.TruncatedNormal(shape=shape, dtype=tf.float32, seed=1234, seed2=seed, name=f"drawn_{place}")
            x = tf.tanh(tf.matmul(x, weights))
            x = tf.nn.dropout(x, rate=rate if place == 1 else 0.0)
        out(x)
    return graph.as_graph_def()


@pytest.mark.parametrize("drawn", [2, 3, 5])
def test_a_dropout_that_keeps_all_has_asked_for_a_seed(drawn):
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1234)
        for _ in range(3):
            tf.nn.dropout(tf.random_uniform([3]), rate=0.0)
    assert [node.attr["seed2"].i for node in graph.as_graph_def().node if "seed2" in node.attr] == [0, 2, 4]
    old = _dropped(False, drawn=drawn)
    assert [one.cause for one in audit(old, _dropped(True, drawn=drawn)).numbers] == ["derived seeds"]
    assert audit(old, _dropped(True, drawn=drawn)).verdict == "numbers changed"
    assert audit(old, _dropped(True, rate=0.5, drawn=drawn)).verdict == "not faithful"


def test_seeds_that_were_given_are_none_behind_those_that_a_dropout_asked_for():
    assert audit(_dropped(False), _dropped(True, seeds=[0, 1, 5])).verdict == "not faithful"
    assert audit(_dropped(False, drawn=5), _dropped(True, drawn=5, seeds=[1, 2, 3, 4, 5])).verdict == "not faithful"


def _beside_a_constant(value):
    with tf.Graph().as_default() as graph:
        rate = tf.constant(value, name="rate")
        with graph.colocate_with(rate.op):
            raw.Exp(x=floats(3), name="beside")
    return graph.as_graph_def()


def test_beside_a_constant():
    assert audit(_beside_a_constant(0.5), _beside_a_constant(0.5)).verdict == "faithful"
    assert audit(_beside_a_constant(0.5), _beside_a_constant(0.25)).verdict == "not faithful"


def _handles(names, beside=0):
    """Two variables that a program can read, and a number that is placed beside one."""
    with tf.Graph().as_default() as graph:
        x, handles = floats(3), []
        for place, name in enumerate(names):
            handles.append(raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=name, name=name))
            raw.AssignVariableOp(
                resource=handles[-1], value=[raw.Exp(x=x), raw.Tanh(x=x)][place], name=f"{name}/Assign"
            )
            raw.ReadVariableOp(resource=handles[-1], dtype=tf.float32, name=f"{name}/Read")
        with graph.colocate_with(handles[beside].op):
            tf.constant(0.9, name="power/initial_value")
    return graph.as_graph_def()


def test_variables_of_other_names_are_paired_by_what_they_are_given():
    old = _handles(["kernel", "bias"])
    assert audit(old, _handles(["cell/kernel", "cell/bias"])).verdict == "faithful"
    assert audit(old, _handles(["cell/kernel", "cell/bias"], beside=1)).verdict == "not faithful"


def _cropped(waits=True, checked=0):
    """A dataset with a function that draws a random part of an image, which cannot be too large."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)

        def crop(x):
            tf.debugging.assert_greater(x, tf.constant(checked, tf.int64))
            return tf.random_crop(tf.zeros([4, 4, 3]) + tf.cast(x, tf.float32), [2, 2, 3])

        tf.data.make_one_shot_iterator(tf.data.Dataset.range(3).map(crop)).get_next()
    graph_def = graph.as_graph_def()
    for function in graph_def.library.function:
        if not waits:
            del function.signature.control_output[:]
            function.control_ret.clear()
            results = {made.partition(":")[0] for made in function.ret.values()}
            for node in function.node_def:
                if node.name in results:
                    node.input[:] = [one for one in node.input if not one.startswith("^")]
    return graph_def


def test_what_the_result_of_a_function_waits_for_is_compared():
    assert audit(_cropped(), _cropped()).verdict == "faithful"
    assert audit(_cropped(), _cropped(waits=False)).verdict == "not faithful"
    assert audit(_cropped(), _cropped(checked=1)).verdict == "not faithful"


def _accumulated(how, terms=(0, 1, 2), begin=0.0, locked=True):
    """A sum by one op, in a variable for it alone that holds `begin` first, of all terms at once or one by one.

    `begin`: None for something computed; `locked`: each term is added while no other is.
    """
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        made = [raw.Exp(x=x), raw.Tanh(x=x), raw.Sin(x=x), raw.Cos(x=x)]
        inputs = [made[one] for one in terms]
        if how == "by one op":
            total = raw.AccumulateNV2(inputs=inputs, shape=[5, 3])
        elif how.startswith("in a variable"):
            kept = raw.TemporaryVariable(shape=[5, 3], dtype=tf.float32, name="kept")
            first = raw.Merge(inputs=inputs).output
            if how.endswith("like"):
                zeros = raw.ZerosLike(x=first)
            else:
                zeros = raw.Cos(x=x) if begin is None else raw.Fill(dims=[5, 3], value=begin)
            kept = raw.Assign(ref=kept, value=zeros)
            with tf.control_dependencies([raw.AssignAdd(ref=kept, value=one, use_locking=locked) for one in inputs]):
                total = raw.DestroyTemporaryVariable(ref=kept, var_name="kept")
        elif how == "one by one":
            total = inputs[0]
            for one in inputs[1:]:
                total = raw.AddN(inputs=[total, one])
        else:
            total = raw.AddN(inputs=inputs)
        out(total)
    return graph.as_graph_def()


@pytest.mark.parametrize("new", ["at once", "one by one"])
@pytest.mark.parametrize("old", ["by one op", "in a variable", "in a variable as its zeros are like"])
def test_terms_that_were_added_as_they_came_are_a_cause(old, new):
    result = audit(_accumulated(old), _accumulated(new))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"]), result
    for terms in ((0, 1), (0, 1, 3), (0, 1, 2, 2)):
        assert audit(_accumulated(old), _accumulated(new, terms)).verdict == "not faithful", terms
    for seed in range(3):
        pair = (np.frombuffer(run(_accumulated(how), seed), np.float32) for how in (old, new))
        np.testing.assert_allclose(*pair, rtol=1e-5)


def test_a_variable_for_a_sum_begins_with_zeros_and_nothing_else_sees_it():
    for begin in (1.0, None):
        begun = _accumulated("in a variable", begin=begin)
        assert audit(begun, _accumulated("at once")).verdict == "not faithful", begin
    unlocked = _accumulated("in a variable", locked=False)
    assert audit(unlocked, _accumulated("at once")).verdict == "not faithful"
    seen = _accumulated("in a variable")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(seen, name="")
        raw.Square(x=graph.get_tensor_by_name("Assign:0"))
    assert audit(graph.as_graph_def(), _accumulated("at once")).verdict == "not faithful"
    assert audit(graph.as_graph_def(), graph.as_graph_def()).verdict == "faithful"


def _drawn_behind_a_dataset(seed, optimized):
    """Return a graph that draws behind a dataset, with a seed that the ops before say; 1.15 optimizes the dataset."""
    with tf.Graph().as_default() as graph:
        of = {"output_types": [tf.int64], "output_shapes": [[]]}
        limits = [tf.constant(number, tf.int64) for number in (0, 9, 1)]
        dataset = raw.RangeDataset(start=limits[0], stop=limits[1], step=limits[2], **of)
        if optimized:
            optimizations = tf.constant([b"map_and_batch_fusion"])
            dataset = raw.OptimizeDataset(input_dataset=dataset, optimizations=optimizations, **of)
        iterator = raw.IteratorV2(shared_name="", container="", **of)
        raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
        raw.IteratorGetNext(iterator=iterator, **of)
        shape = tf.constant([3])
        out(raw.RandomUniform(shape=shape, dtype=tf.float32, seed=1234, seed2=seed))
    return graph.as_graph_def()


def test_a_derived_seed_is_known_behind_a_dataset_that_is_optimized():
    old = _drawn_behind_a_dataset(10, optimized=True)
    result = audit(old, _drawn_behind_a_dataset(0, optimized=False))
    assert [one.cause for one in result.numbers] == ["derived seeds"], result.differences
    assert audit(_drawn_behind_a_dataset(11, optimized=True), _drawn_behind_a_dataset(0, False)).differences
    assert audit(old, _drawn_behind_a_dataset(3, optimized=False)).verdict == "not faithful"


def _sparse(new, of=2, used=False, beside="batches"):
    """Sparse tensors of a dataset, whose sizes are written down as far as they are known; nobody asks for them."""
    with tf.Graph().as_default() as graph:
        numbers = {"output_types": [tf.int64], "output_shapes": [[]]}
        limits = [tf.constant(number, tf.int64) for number in (0, 9, 1)]
        raw.RangeDataset(start=limits[0], stop=limits[1], step=limits[2], name="batches", **numbers)
        serialized = raw.Placeholder(dtype=tf.variant, shape=[3], name="serialized")
        taken = raw.DeserializeSparse(serialized_sparse=serialized, dtype=tf.string, name="sparse")
        if new:
            taken.sparse_values.op._set_attr("_class", tf.AttrValue(list={"s": [b"loc:@" + beside.encode()]}))
            sizes = raw.Unpack(value=taken[of] if of == 2 else taken[0][0], num=2)
            shape = raw.Pack(values=[tf.constant(4, tf.int64), sizes[1]])
            if used:
                raw.Exp(x=raw.Cast(x=shape, DstT=tf.float32))
        raw.StringLength(input=taken.sparse_values)
    return graph.as_graph_def()


def test_sizes_of_sparse_tensors_that_nobody_asks_for():
    old = _sparse(False)
    assert audit(old, _sparse(True)).verdict == "faithful"
    assert audit(_sparse(True), old).verdict == "not faithful"
    assert audit(old, _sparse(True, of=0)).verdict == "not faithful"
    assert audit(old, _sparse(True, used=True)).verdict == "not faithful"
    assert audit(old, _sparse(True, beside="serialized")).verdict == "not faithful"


def _behind_a_check(form, awaited=True):
    """Return a graph whose form(x) is made behind a check of x."""
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        check = raw.Assert(condition=raw.All(input=raw.Less(x=x, y=1e9), axis=[0, 1]), data=["too large"])
        with tf.control_dependencies([check] if awaited else []):
            y = form(x)
        out(raw.Tanh(x=y))
    return graph.as_graph_def()


def _halved(x):
    return raw.Mul(x=tf.constant(0.5), y=x)


def _halved_and_reshaped(x):
    x = raw.Reshape(tensor=x, shape=tf.constant([15, 1]))
    return raw.Mul(x=tf.constant(0.5), y=raw.Reshape(tensor=x, shape=tf.constant([5, 3])))


def _logarithm(x, safe=True):
    condition = raw.Greater(x=x, y=tf.constant(0.0))
    safe = raw.Select(condition=condition, x=x, y=tf.ones([5, 3])) if safe else x
    return raw.Select(condition=condition, x=raw.Log(x=safe), y=tf.zeros([5, 3]))


def test_what_a_tensor_waits_for_that_is_reshaped_back():
    old = _behind_a_check(_halved)
    proved(old, _behind_a_check(_halved_and_reshaped))
    assert audit(old, _behind_a_check(_halved_and_reshaped, awaited=False)).verdict == "not faithful"
    assert audit(_behind_a_check(_halved, False), _behind_a_check(_halved_and_reshaped)).verdict == "not faithful"


def test_what_a_safe_logarithm_waits_for():
    old = _behind_a_check(lambda x: _logarithm(x, safe=False))
    proved(old, _behind_a_check(_logarithm))
    assert audit(old, _behind_a_check(_logarithm, awaited=False)).verdict == "not faithful"
    assert audit(_behind_a_check(_logarithm, awaited=False), _behind_a_check(_logarithm)).verdict == "not faithful"


def _summed(kind, mistake=""):
    """A sum of four terms, put together in one way or another."""
    with tf.Graph().as_default() as graph:
        x = floats(5, 3)
        a, b, c, d = raw.Exp(x=x), raw.Tanh(x=x), raw.Sin(x=x), raw.Cos(x=x)
        d = {"twice": a, "other": raw.Cos(x=raw.Abs(x=a))}.get(mistake, d)
        if kind == "at once":
            part = total = added([a, b, c, d])
        elif kind == "in a row":
            part = added([c, d])
            total = added([added([part, b]), a])
        else:
            pairs = [(a, b), (c, d)] if kind == "in pairs" else [(a, c), (b, d)]
            part, other = (added(pair) for pair in pairs)
            total = added([part, other])
        if mistake == "used":
            raw.Exp(x=part)
        out(raw.Tanh(x=total))
    return graph.as_graph_def()


KINDS = ("at once", "in a row", "in pairs", "in other pairs")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_sums_that_are_put_together_otherwise_are_a_cause(kind, other):
    old, new = _summed(kind), _summed(other)
    result = audit(old, new)
    if kind == other:
        assert result.verdict == "faithful" and not result.numbers
    elif "at once" in (kind, other):
        assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of a sum"]), (
            result
        )
        one, two = (np.frombuffer(run(graph, 1), np.float32) for graph in (old, new))
        np.testing.assert_allclose(one, two, rtol=1e-5)
    else:
        assert result.verdict != "faithful"
    for mistake in ("twice", "other"):
        assert audit(old, _summed(other, mistake)).verdict == "not faithful"
    if kind != other:
        assert audit(old, _summed(other, "used")).verdict == "not faithful"


def _looped(new, draws):
    """A function with a loop that draws numbers, or does not, and a result that waits for it."""
    with tf.Graph().as_default() as graph:

        @Defun(tf.float32, func_name="goes_on")
        def goes_on(x):
            return raw.Less(x=x, y=100.0)

        @Defun(tf.float32, func_name="turn")
        def turn(x):
            shape = tf.constant([], tf.int32)
            drawn = raw.RandomUniform(shape=shape, dtype=tf.float32, seed=3, seed2=5) if draws else tf.constant(1.0)
            return raw.AddV2(x=x, y=drawn)

        @Defun(tf.float32, func_name="body")
        def body(x):
            loop = (raw.StatelessWhile if new else raw.While)(input=[x], cond=goes_on, body=turn)
            with tf.control_dependencies([] if new else [loop[0].op]):
                return raw.Exp(x=x)

        out(body(floats()))
    return graph.as_graph_def()


def test_a_result_waits_for_a_loop_that_draws_and_for_no_other():
    assert audit(_looped(False, draws=False), _looped(True, draws=False)).verdict == "faithful"
    assert audit(_looped(False, draws=True), _looped(True, draws=True)).verdict == "not faithful"
    assert audit(_looped(False, draws=True), _looped(True, draws=False)).verdict == "not faithful"


def _chosen(new, draws=False, turned=False):
    """One of two functions, by a number; one may draw."""
    with tf.Graph().as_default() as graph:

        @Defun(tf.float32, func_name="first")
        def first(x):
            return raw.Exp(x=x)

        @Defun(tf.float32, func_name="second")
        def second(x):
            if not draws:
                return raw.Tanh(x=x)
            return x + raw.RandomUniform(shape=tf.constant([], tf.int32), dtype=tf.float32, seed=3, seed2=5)

        x, branches = floats(5, 3), [second, first] if turned else [first, second]
        for branch in branches:
            branch.add_to_graph(graph)
        which = raw.Cast(x=raw.Greater(x=raw.Sum(input=x, axis=[0, 1]), y=0.0), DstT=tf.int32)
        op = raw.StatelessCase if new else raw.Case
        out(op(branch_index=which, input=[x], Tout=[tf.float32], branches=branches, output_shapes=[[5, 3]])[0])
    return graph.as_graph_def()


def test_a_choice_among_functions_that_draw_nothing_has_no_state():
    assert "loops without state" in proved(_chosen(False), _chosen(True), seeds=20).rules
    assert audit(_chosen(False), _chosen(True, turned=True)).verdict == "not faithful"
    assert audit(_chosen(False, draws=True), _chosen(True, draws=True)).verdict == "not faithful"


def _regularized(again=False, rate=0.5, uses=False, other=False):
    """A regularizer beside its variable, which is asked `again`, elsewhere: for nothing, or something `uses` that."""
    with tf.Graph().as_default() as graph, tf.device("/device:CPU:0"):
        w = raw.Exp(x=floats(3))
        if again:
            term = raw.Mul(x=rate, y=raw.L2Loss(t=raw.Tanh(x=w) if other else w))
            if uses:
                raw.Neg(x=term, name="uses")
        with graph.colocate_with(w.op):
            out(raw.Mul(x=0.5, y=raw.L2Loss(t=w)))
    return graph.as_graph_def()


def test_a_regularizer_that_is_asked_for_nothing():
    old = _regularized()
    proved(old, _regularized(again=True))
    assert "one of each" in audit(old, _regularized(again=True)).rules
    assert audit(old, _regularized(again=True, rate=0.25)).verdict == "not faithful"
    assert audit(old, _regularized(again=True, uses=True)).verdict == "not faithful"
    assert audit(old, _regularized(again=True, other=True)).verdict == "not faithful"
    assert audit(_regularized(again=True), old).verdict == "not faithful"


@pytest.mark.parametrize("whole", [1.0, 2.0])
def test_what_a_dropout_keeps_is_told_from_other_differences_in_gradients_that_nothing_uses(whole):
    with tf.Graph().as_default() as graph:
        x, keep = floats(3), floats(name="keep")
        kept = raw.Sub(x=1.0, y=raw.Sub(x=whole, y=keep))
        raw.Mul(x=x, y=raw.RealDiv(x=raw.Neg(x=x), y=kept))
    normal = Normal(Graph(graph.as_graph_def()))
    assert spare.are_gradients({node for node in normal.nodes if node.op != "Placeholder"}) == (whole == 1.0)


def _with_own_gradient(copies, of_another=False):
    """A function with a gradient of its own; `copies`: whether what it gives is copied, for nobody."""

    @tf.custom_gradient
    def doubled(x):
        return 2.0 * x, lambda given: 3.0 * given

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        given = doubled(tf.sin(x))
        (inner, _) = next(op for op in graph.get_operations() if op.type == "IdentityN").inputs
        raw.Exp(x=tf.gradients(given, x)[0], name="out")
        if copies or of_another:
            raw.Identity(input=tf.cos(x) if of_another else inner, name="copy")
    graph_def = graph.as_graph_def()
    taken = {one for node in graph_def.node for one in node.input}
    unused = [node for node in graph_def.node if node.op == "Identity" and node.name not in {*taken, "copy"}]
    for node in unused:  # as TensorFlow 1.12 made none
        graph_def.node.remove(node)
    return graph_def


def test_copies_of_what_a_function_with_its_own_gradient_gives_are_for_nobody():
    old, new = _with_own_gradient(False), _with_own_gradient(True)
    assert audit(old, new).verdict == "faithful"
    other = _with_own_gradient(True, of_another=True)
    assert audit(other, new).verdict == audit(new, other).verdict == "not faithful"


def _recurrent(method, exchanged=False):
    """Four steps of two gated cells and the gradient for its weights, summed at once or one by one.

    `exchanged`: whether each product of a gradient has its factors in the other order, as the first releases wrote it.
    """
    with tf.Graph().as_default() as graph:
        w, x, states = [floats(6, 6, name=name) for name in "uv"], floats(2, 3), [floats(2, 3, name="h")] * 2
        w += [floats(6, 3, name=name) for name in "wx"]
        for _ in range(4):
            h = x
            for layer, state in enumerate(states):
                u, r = tf.split(tf.sigmoid(tf.matmul(tf.concat([h, state], 1), w[layer])), 2, 1)
                h = u * state + (1.0 - u) * tf.tanh(tf.matmul(tf.concat([h, r * state], 1), w[2 + layer]))
                states[layer] = h
        name = "back" if exchanged else "gradients"
        gradients = tf.gradients(tf.reduce_sum(h), w, name=name, aggregation_method=method)
        for one, gradient in zip(w, gradients, strict=True):
            raw.ApplyGradientDescent(var=raw.VariableV2(shape=one.shape, dtype=tf.float32), alpha=0.5, delta=gradient)
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if exchanged and node.op == "Mul" and node.name.startswith("back"):
            node.input[:] = reversed(node.input)
    return graph_def


def test_sums_that_make_one_another_are_partners_however_each_is_put_together():
    result = audit(_recurrent(tf.AggregationMethod.ADD_N, exchanged=True), _recurrent(2))
    assert ([one.cause for one in result.numbers], list(result.differences)) == (["order of a sum"], [])
