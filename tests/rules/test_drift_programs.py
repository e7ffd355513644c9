"""What public programs showed besides the corpus: forms of a rule, and fused batch normalization written out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import read_graph_def
from compat_v1.audit.comparison import audit, readable
from compat_v1.audit.fused import CAUSE, Unfused
from compat_v1.audit.normal import Normal
from corpus_graphs import RECORDED
from drift_cases import built, floats, out
from test_drift import proved, run

raw = tf.raw_ops


def tiled_by_ones(new, mistake):
    """The gradient of a tile by ones: axes of one element are put in and summed over."""
    x = raw.Exp(x=floats(5, 3))
    if not new or mistake:
        x = raw.Sum(input=raw.Reshape(tensor=x, shape=[1, 3, 1, 5] if mistake else [1, 5, 1, 3]), axis=[0, 2])
        x = raw.Reshape(tensor=x, shape=[3, 5] if mistake else [5, 3])
    out(raw.Tanh(x=x))


def summed_over_no_axis(new, mistake):
    """The gradient of a sum over no axis asks for the sizes of the sum."""
    x = raw.Exp(x=floats(5, 3))
    total = x if new else raw.Sum(input=x, axis=tf.constant([], tf.int32))
    total = raw.Sum(input=x, axis=[0]) if mistake else total
    out(raw.Mul(x=raw.Tanh(x=total), y=raw.Cast(x=raw.Size(input=total), DstT=tf.float32)))


def of_more_bits(new, mistake):
    """A number is written down with 64 bits, or with 32 that are cast."""
    size = raw.Cast(x=raw.Cast(x=raw.Sum(input=floats(5, 3), axis=[0, 1]), DstT=tf.int32), DstT=tf.float64)
    part = (
        raw.Cast(x=tf.constant(0.75 if mistake else 0.875), DstT=tf.float64) if new else tf.constant(0.875, tf.float64)
    )
    out(raw.Cast(x=raw.Mul(x=size, y=part), DstT=tf.float32))


def copied_at_the_end(new, mistake):
    """What nobody takes is a copy, or is what was copied."""
    x = raw.Exp(x=floats(5, 3))
    if not new or mistake:
        raw.Identity(input=raw.Tanh(x=x) if mistake else x, name="copy")
    out(x)


def counted_in_a_loop(new, mistake):
    """A constant enters a loop, where another is computed from it."""
    x, frame = floats(3), {"frame_name": "loop", "is_constant": True}
    count = raw.Enter(data=0, frame_name="loop")
    merged, counted = (raw.Merge(inputs=[one, one])[0] for one in (raw.Enter(data=x, frame_name="loop"), count))
    test = raw.LoopCond(input=raw.Less(x=counted, y=raw.Enter(data=3, **frame)))
    (leave, stay), (_, going) = raw.Switch(data=merged, pred=test), raw.Switch(data=counted, pred=test)
    entered = raw.Enter(data=tf.constant([-1]), **frame) if not new else None
    with tf.control_dependencies([raw.Identity(input=going)]):
        one, axis = tf.constant(1), tf.constant([1 if mistake else 0])
        axis = axis if new else raw.FloorMod(x=raw.AddV2(x=entered, y=one), y=one)
        wide = raw.ExpandDims(input=raw.Tanh(x=stay), axis=tf.constant(0))
    merged.op._update_input(1, raw.NextIteration(data=raw.Reshape(tensor=raw.Max(input=wide, axis=axis), shape=[-1])))
    counted.op._update_input(1, raw.NextIteration(data=raw.AddV2(x=going, y=one)))
    out(raw.Exp(x=raw.Exit(data=leave)))


def given_gradient(new, mistake):
    """What tf.gradients is given as grad_ys is copied."""
    gradient = raw.Exp(x=floats(5, 3, name="y"))
    if new:
        gradient = raw.Identity(input=gradient, name="copy" if mistake else "gradients/grad_ys_0")
    out(raw.TanhGrad(y=raw.Tanh(x=floats(5, 3)), dy=gradient))


def kept_in_a_loop(new, mistake):
    """What dropout keeps enters a loop for the gradient once more, or once for both."""
    x, keep, frame = floats(3), tf.placeholder(tf.float32, [], "keep"), {"frame_name": "loop", "is_constant": True}
    kept = raw.Enter(data=keep, **frame)
    other = tf.placeholder(tf.float32, [], "other") if mistake else keep
    again = kept if new and not mistake else raw.Enter(data=other, **frame)
    entered = [raw.Enter(data=one, frame_name="loop") for one in (x, 0)]
    merged, counted = (raw.Merge(inputs=[one, one])[0] for one in entered)
    test = raw.LoopCond(input=raw.Less(x=counted, y=raw.Enter(data=3, **frame)))
    (leave, stay), (_, going) = raw.Switch(data=merged, pred=test), raw.Switch(data=counted, pred=test)
    with tf.control_dependencies([raw.Identity(input=going)]):
        drawn, one = raw.RandomUniform(shape=tf.constant([3]), dtype=tf.float32, seed=1, seed2=2), tf.constant(1)
    mask = raw.Floor(x=raw.AddV2(x=kept, y=drawn))
    forth = raw.Mul(x=raw.RealDiv(x=stay, y=kept), y=mask)
    back = raw.RealDiv(x=raw.Mul(x=raw.Exp(x=stay), y=mask), y=again)
    merged.op._update_input(1, raw.NextIteration(data=raw.AddV2(x=forth, y=back)))
    counted.op._update_input(1, raw.NextIteration(data=raw.AddV2(x=going, y=one)))
    out(raw.Exp(x=raw.Exit(data=leave)))


def guarded_without_a_loss(new, mistake):
    """What is guarded from gradients and reshaped is no label, and is transposed in one form alone."""
    x = raw.StopGradient(input=raw.Exp(x=floats(3, 3)))
    x = x if new else raw.Transpose(x=x, perm=[0, 1])
    x = raw.Transpose(x=x, perm=[1, 0]) if mistake else x
    out(raw.Tanh(x=raw.Reshape(tensor=x, shape=[1, 9])))


FORMS = (tiled_by_ones, summed_over_no_axis, of_more_bits, copied_at_the_end, given_gradient)
FORMS += (guarded_without_a_loss,)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_faithful_and_give_every_bit_the_same(form):
    old, new = built(form, False), built(form, True)
    proved(old, new)
    assert audit(old, built(form, True, mistake=True)).verdict == "not faithful"


@pytest.mark.parametrize("form", [counted_in_a_loop, kept_in_a_loop], ids=lambda form: form.__name__)
def test_a_constant_that_enters_a_loop_is_that_constant(form):
    old, new = built(form, False), built(form, True)
    assert audit(old, new).verdict == "faithful"
    assert audit(old, built(form, True, mistake=True)).verdict == "not faithful"


def _largest(new, mistake):
    x, gradient = floats(4, 5), floats(4, 2, name="y")
    largest = raw.TopKV2(input=x, k=2)[1]
    rows = raw.ExpandDims(input=tf.constant([0, 5, 10, 15]), axis=-1)
    places = raw.Reshape(tensor=raw.AddV2(x=largest, y=rows), shape=[-1])
    values, of = raw.Reshape(tensor=gradient, shape=[-1]), tf.constant([20])
    if new:
        places = raw.ExpandDims(input=raw.Mul(x=places, y=0) if mistake else places, axis=-1)
        back = raw.ScatterNd(indices=places, updates=values, shape=of)
    else:
        kinds = {"default_value": 0.0, "validate_indices": False}
        back = raw.SparseToDense(sparse_indices=places, output_shape=of, sparse_values=values, **kinds)
    out(raw.Reshape(tensor=back, shape=[4, 5]))


def test_the_gradient_of_top_k_is_a_cause_of_which_only_zeros_have_another_sign():
    old, new = built(_largest, False), built(_largest, True)
    result = audit(old, new)
    assert [one.cause for one in result.numbers] == ["gradient of top_k"], result.differences
    assert audit(old, built(_largest, True, mistake=True)).verdict == "not faithful"
    for seed in range(3):
        one, two = (np.frombuffer(run(graph, seed), np.float32) for graph in (old, new))
        assert (one == two).all() and one.any()


def _shuffled(seed2, optimized):
    """Return a graph that shuffles a dataset by a seed derived from the ops before; 1.15 writes an op before them."""
    with tf.Graph().as_default() as graph:
        optimizations = tf.constant([b""]) if optimized else None
        of = {"output_types": [tf.int64], "output_shapes": [[]]}
        limits = [tf.constant(number, tf.int64) for number in (0, 9, 1)]
        numbers = raw.RangeDataset(start=limits[0], stop=limits[1], step=limits[2], **of)
        seed, others = tf.constant(1234, tf.int64), [tf.constant(0) for _ in range(3)]
        seeds = {"seed": seed, "seed2": tf.constant(seed2, tf.int64, name="seed2")}
        assert others
        dataset = raw.ShuffleDataset(input_dataset=numbers, buffer_size=tf.constant(8, tf.int64), **seeds, **of)
        if optimized:
            dataset = raw.OptimizeDataset(input_dataset=dataset, optimizations=optimizations, **of)
        iterator = raw.IteratorV2(shared_name="", container="", **of)
        raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
        out(raw.IteratorGetNext(iterator=iterator, **of)[0])
    return graph.as_graph_def()


def test_a_derived_seed_is_known_where_a_function_begins_with_what_optimizes_its_dataset():
    result = audit(_shuffled(4, optimized=True), _shuffled(0, optimized=False))
    assert [one.cause for one in result.numbers] == ["derived seeds"], result.differences
    assert audit(_shuffled(3, optimized=True), _shuffled(0, optimized=False)).verdict == "not faithful"


# Batch normalization.

CHANGED = """
import sys, os
os.environ["TF_USE_LEGACY_KERAS"] = "1"
sys.path[:0] = [sys.argv[1]]
from corpus import build, sources
tf, path = build.tensorflow_1(), os.path.join(sys.argv[1], "corpus", "programs", sys.argv[3] + ".py")
space = {}
exec(open(path).read().replace(*sys.argv[4:]), space)
tf.set_random_seed(build.SEED)
space["build"](tf)
open(sys.argv[2], "wb").write(tf.get_default_graph().as_graph_def().SerializeToString())
"""


@pytest.fixture(scope="module")
def layers(today):
    return read_graph_def(RECORDED / "tf1.0.1" / "layers.pb.gz"), read_graph_def(today / "layers.pb.gz")


def test_a_port_that_is_fused_has_one_cause_that_names_each_layer_once(layers):
    result = audit(*layers)
    (cause,) = [one for one in result.numbers if one.cause == CAUSE]
    names = [node.name for node in layers[1].node if node.op == "FusedBatchNormV3"]
    assert (result.verdict, sorted(cause.nodes)) == ("numbers changed", sorted(names))
    assert "fused=False" in cause.advice
    assert set(result.pairs.values()) <= {node.name for node in layers[1].node}


def _written_otherwise(folder, *change):
    """Build a program of the corpus with one expression for another: (its name, the one, the other)."""
    path, tests = folder / "changed.pb", Path(__file__).parents[1]
    subprocess.run([sys.executable, "-W", "ignore", "-c", CHANGED, str(tests), str(path), *change], check=True)
    return read_graph_def(path)


def test_a_partitioned_variable_that_a_loss_is_given_as_a_whole_passes_as_it_is_advised(today, tmp_path):
    original = read_graph_def(RECORDED / "tf1.0.1" / "partitioned.pb.gz")
    result = audit(original, read_graph_def(today / "partitioned.pb.gz"))
    (advised,) = [one.what for one in result.differences if "tf.convert_to_tensor(weights)" in one.what]
    assert advised.startswith("GatherV2 of model/weights:0")
    whole = _written_otherwise(tmp_path, "partitioned", "loss(weights", "loss(tf.convert_to_tensor(weights)")
    assert list(audit(original, whole).differences) == []


def test_a_port_written_as_it_is_advised_has_that_cause_no_more(layers, tmp_path):
    change = "layers", "training=training, name", "training=training, fused=False, name"
    result = audit(layers[0], _written_otherwise(tmp_path, *change))
    assert (result.verdict, list(result.differences)) == ("numbers changed", [])
    assert CAUSE not in [one.cause for one in result.numbers]


def test_a_layer_of_another_release_is_not_written_out(layers):
    newer = tf.GraphDef.FromString(layers[0].SerializeToString())
    newer.versions.producer = 134
    for node in newer.node:
        if node.op == "Placeholder" and not node.attr["shape"].shape.dim:
            node.attr["shape"].shape.unknown_rank = True
    assert audit(newer, layers[1]).verdict == "not faithful"


def _epsilon(nodes):
    next(node for node in nodes.values() if node.op == "FusedBatchNormV3").attr["epsilon"].f = 0.002


def _swapped(nodes):
    node = next(node for node in nodes.values() if node.op == "FusedBatchNormV3")
    node.input[1], node.input[2] = node.input[2], node.input[1]


def _momentum(nodes):
    node = next(node for name, node in nodes.items() if name.endswith("norm/Const"))
    node.attr["value"].tensor.float_val[:] = [0.8]


def _mean_for_variance(nodes):
    node = next(node for name, node in nodes.items() if name.endswith("AssignMovingAvg_1/sub_1"))
    node.input[1] = node.input[1].replace(":2", ":1")


def _trained_for_given(nodes):
    node = [node for node in nodes.values() if node.op == "FusedBatchNormV3"][-1]
    node.attr["is_training"].b = not node.attr["is_training"].b


def _gradient_for_another(nodes):
    copies = [node for node in nodes.values() if node.op == "Identity" and "FusedBatchNormGradV3:" in node.input[0]]
    first, second = copies[-2:]
    first.input[0], second.input[0] = second.input[0], first.input[0]


def _gradients_of(nodes):
    return next(node for node in nodes.values() if node.op == "FusedBatchNormGradV3")


def _other_epsilon_back(nodes):
    _gradients_of(nodes).attr["epsilon"].f = 0.002


def _other_scale_back(nodes):
    _gradients_of(nodes).input[2] = next(node for node in nodes.values() if node.op == "FusedBatchNormV3").input[2]


def _waits_back(nodes):
    copy = next(node for node in nodes.values() if node.op == "Identity" and "FusedBatchNormGradV3" in node.input[0])
    copy.input.append("^" + next(name for name, node in nodes.items() if node.op == "Placeholder"))


def _without_update(nodes):
    for node in nodes.values():
        kept = [one for one in node.input if not (one.startswith("^") and one.endswith("AssignMovingAvg_1"))]
        node.input[:] = kept


MISTAKES = (
    _epsilon,
    _swapped,
    _momentum,
    _mean_for_variance,
    _trained_for_given,
    _gradient_for_another,
    _without_update,
    _other_epsilon_back,
    _other_scale_back,
    _waits_back,
)


@pytest.mark.long
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_beside_a_fused_layer_is_reported(layers, mistake):
    port = tf.GraphDef.FromString(layers[1].SerializeToString())
    mistake({node.name: node for node in port.node})
    assert port != layers[1]
    assert audit(layers[0], port).verdict == "not faithful"


@pytest.mark.parametrize("gate", [True, False])  # whether all of its gradients are handed on, also those for nobody
@pytest.mark.parametrize("is_training", [True, False])
def test_what_comes_for_a_fused_layer_computes_the_same_but_for_rounding(is_training, gate):
    sizes = [7, 3, 2, 4]
    with tf.Graph().as_default() as graph:
        x, *given = floats(*sizes), *(floats(4, name=name) for name in ("scale", "offset", "mean", "variance"))
        y, mean, variance = tf.nn.fused_batch_norm(x, *given, epsilon=0.01, is_training=is_training)
        gradients = tf.gradients(y, [x, *given[:2]], floats(*sizes, name="gradient"), gate_gradients=gate)
        for backward in [op for op in graph.get_operations() if gate and op.type == "FusedBatchNormGradV3"]:
            with tf.control_dependencies([op for op in graph.get_operations() if op.type == "NoOp"]):
                for output in backward.outputs[3:]:
                    tf.identity(output)
        results = (y, mean, variance, *gradients)
        for name, one in zip(("y", "mean", "variance", "dx", "dscale", "doffset"), results, strict=True):
            tf.identity(one, f"result/{name}")
    port = graph.as_graph_def()
    names = [node.name for node in port.node if node.op == "FusedBatchNormV3"]
    unfused = Unfused(Normal(readable(port)), names).graph_def()
    assert not [node.op for node in unfused.node if node.op.startswith("FusedBatchNorm")]
    fused, apart = (_results(one) for one in (port, unfused))
    if is_training:
        apart["variance"] = apart["variance"] * 42 / 41
    for name, value in fused.items():
        np.testing.assert_allclose(apart[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def _results(graph_def):
    rng = np.random.default_rng(5)
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        feeds = {op.outputs[0]: op.outputs[0].shape for op in graph.get_operations() if op.type == "Placeholder"}
        feeds = {one: rng.uniform(0.5, 2, shape.as_list()).astype(np.float32) for one, shape in feeds.items()}
        wanted = [op.name for op in graph.get_operations() if op.name.startswith("result/")]
        found = session.run([f"{name}:0" for name in wanted], feeds)
    return {name.removeprefix("result/"): value for name, value in zip(wanted, found, strict=True)}
