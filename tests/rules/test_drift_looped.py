"""What calls become in the body of a loop: both forms give the same bits, and mistakes beside them are reported."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import built, floats, out
from test_drift import proved, runs

raw = tf.raw_ops


def _cross_entropy(new, mistake):
    """The gradient for the logits of a cross entropy, to which zeros are added; the sign of a zero is left out."""
    x, y, gradient = floats(4, 3), floats(4, 3, name="y"), floats(4, 1, name="gradient")
    loss = raw.SoftmaxCrossEntropyWithLogits(features=x, labels=raw.Softmax(logits=y))
    total = raw.Mul(x=gradient, y=loss.backprop)
    if new:
        zeros = tf.constant([[0.0] * 3] * 3 + [[0.0, 0.0, 1.0 if mistake == "no zeros" else 0.0]])
        soft = raw.Softmax(logits=y if mistake == "other logits" else x)
        row, column = raw.ExpandDims(input=zeros, axis=1), raw.ExpandDims(input=soft, axis=2)
        if mistake == "transposed":
            summed = raw.Max(input=raw.BatchMatMulV2(x=row, y=column, adj_x=True, adj_y=True), axis=[2])
        else:
            summed = raw.Squeeze(input=raw.BatchMatMulV2(x=row, y=column), axis=[1])
        added = raw.Mul(x=raw.Sub(x=zeros, y=summed), y=x if mistake == "no softmax" else soft)
        total = raw.AddV2(x=total, y=added)
    out(raw.AddV2(x=total, y=0.0))


def test_zeros_that_are_added_to_the_gradient_of_a_cross_entropy_change_signs_of_zeros_alone():
    old, new = built(_cross_entropy, False), built(_cross_entropy, True)
    for pair in ((old, new), (new, old)):
        assert [one.cause for one in audit(*pair).numbers] == ["zero in a cross entropy"]
    assert runs(old, range(20)) == runs(new, range(20))
    assert audit(new, new).verdict == "faithful"


@pytest.mark.parametrize("mistake", ["no zeros", "other logits", "transposed", "no softmax"])
def test_what_is_not_zero_in_the_gradient_of_a_cross_entropy_is_reported(mistake):
    assert audit(built(_cross_entropy, False), built(_cross_entropy, True, mistake)).verdict == "not faithful"


def _in_a_loop(call):
    """Return a graph of three turns that add up what a call gives."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = floats(4)
        total = tf.while_loop(lambda k, y: k < 3, lambda k, y: (k + 1, y + call(x)), [0, tf.zeros([])])[1]
        out(total)
    return graph.as_graph_def()


def _diagonal(new, behind="^while/Identity"):
    """The sum of a diagonal matrix, of an op that waits for the turn, or takes constants that do."""
    make = tf.linalg.diag if new else lambda x: raw.MatrixDiag(diagonal=x)
    graph_def = _in_a_loop(lambda x: tf.reduce_sum(make(x)))
    for node in graph_def.node:
        if node.name.startswith("while/diag/") or node.name == "while/MatrixDiag":
            node.input[:] = [behind if one == "^while/Identity" else one for one in node.input]
    return graph_def


def test_what_waits_for_the_turn_may_take_what_does():
    proved(_diagonal(False), _diagonal(True))
    proved(_diagonal(True), _diagonal(False))


@pytest.mark.parametrize("behind", ["^while/LoopCond", "^while/Merge", "^while/add"])
def test_a_wait_for_something_else_of_a_loop_is_reported(behind):
    assert audit(_diagonal(False), _diagonal(True, behind)).verdict == "not faithful"
    assert audit(_diagonal(False, behind), _diagonal(True)).verdict == "not faithful"


def _kept(new, other=""):
    """Gradients of three turns that multiply by weights, which are reshaped to their own shape in each turn, or not."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w, v = floats(3, 4), floats(4, 4, name="w"), floats(4, 4, name="v")

        def turn(k, y):
            weights = w if new else tf.reshape(w, tf.shape(w))
            return k + 1, tf.tanh(tf.matmul(y, weights * y[0, 0] if other == "of a turn" else weights) + v[0])

        made = tf.gradients(tf.while_loop(lambda k, y: k < 3, turn, [0, x])[1], [x, w])
        out(tf.concat(made, 0))
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if other == "entered" and node.name == "gradients/while/MatMul_grad/MatMul/Enter":
            node.input[:] = ["v"]
        if other == "pushed" and node.name == "gradients/while/MatMul_grad/MatMul/StackPushV2":
            node.input[1] = "while/strided_slice/Enter"
    return graph_def


def test_what_entered_a_loop_as_a_constant_may_enter_that_of_the_gradient_or_be_pushed_in_every_turn():
    assert not any("MatMul_grad/MatMul/Stack" in node.name for node in _kept(True).node)
    assert any("MatMul_grad/MatMul/Stack" in node.name for node in _kept(False).node)
    assert "entered again" in proved(_kept(False), _kept(True)).rules
    proved(_kept(True), _kept(False))


def test_another_constant_of_a_loop_is_reported():
    assert audit(_kept(False), _kept(True, "entered")).verdict == "not faithful"
    assert audit(_kept(False, "pushed"), _kept(True)).verdict == "not faithful"
    assert audit(_kept(True), _kept(False, "pushed")).verdict == "not faithful"
    assert audit(_kept(False, "of a turn"), _kept(True)).verdict == "not faithful"


def _summed(new, weights, mistake=""):
    """Gradients of three turns of an einsum of a loop's variable and weights; the older way, of a transposed matrix."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w, v = floats(4, 4), floats(4, 4, name="w"), floats(4, 4, name="v")

        def turn(k, y):
            pair = (y, w) if weights == "right" else (w, y)
            if mistake == "other" or mistake == "turned":
                pair = (y, w + v) if mistake == "other" else pair[::-1]
            made = tf.einsum("ij,kj->ik", *pair) if new else tf.matmul(pair[0], tf.transpose(pair[1]))
            return k + 1, tf.tanh(made) + v

        out(tf.concat(tf.gradients(tf.while_loop(lambda k, y: k < 3, turn, [0, x])[1], [x, w]), 0))
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if mistake == "entered" and node.op == "Enter" and "Einsum_grad" in node.name and node.input[0] == "w":
            node.input[:] = ["v"]
        if mistake == "pushed" and node.op == "StackPushV2" and "Einsum_grad" in node.name:
            node.input[1] = "while/Tanh"
    return graph_def


@pytest.mark.parametrize("weights", ["left", "right"])
def test_the_gradients_of_einsum_in_a_loop_take_what_was_kept_or_enters(weights):
    old, new = _summed(False, weights), _summed(True, weights)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["einsum"], result
    assert runs(old, range(10)) == runs(new, range(10))
    for mistake in ("other", "turned", "entered", "pushed"):
        assert audit(old, _summed(True, weights, mistake)).verdict == "not faithful", mistake


def _normalized(old, place, mistake=""):
    """Gradients of what is left of a mean, or all, by its deviation: of what a loop makes or enters, or in a branch."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(None, 4), floats(4, 4, name="w")

        def left(h, axis=0):
            average = tf.reduce_mean(h, [axis], keepdims=True)
            shift = tf.stop_gradient(average)
            if old:
                parts = tf.nn.sufficient_statistics(h, [axis], shift=shift, keep_dims=True)
                mean, variance = tf.nn.normalize_moments(*parts[:3], shift=shift)
            else:
                mean, variance = average, tf.reduce_mean(tf.math.squared_difference(h, shift), [axis], keepdims=True)
            if mistake == "stopped":
                mean, variance = (tf.stop_gradient(one) for one in (mean, variance))
            scale = tf.rsqrt((mean if mistake == "scale" else variance) + 1.0)
            return (h if place == "variance" else h - mean) * scale

        if place == "branch":
            end = tf.cond(x[0, 0] > 0, lambda: left(tf.matmul(x, w)), lambda: x)
        elif place == "entered branch":
            made = tf.matmul(x, w)
            end = tf.cond(x[0, 0] > 0, lambda: left(made), lambda: x)
        else:
            of_turn = (lambda h: h * left(w, 1)[0]) if place == "constant" else lambda h: left(tf.matmul(h, w))
            end = tf.while_loop(lambda k, h: k < 3, lambda k, h: (k + 1, of_turn(h)), [0, x])[1]
        out(tf.gradients(tf.reduce_sum(tf.tanh(end)), [w], gate_gradients=True)[0])
    graph_def = graph.as_graph_def()
    pushed, instead = _OTHERS.get(mistake, ("", ""))
    for node in graph_def.node:
        if node.op == "StackPushV2" and node.input[1] == pushed:
            node.input[1] = instead or next(one.input[0] for one in graph_def.node if one.name == pushed)
    return graph_def


# What is pushed, and what instead of it: of an inverse the count.
_OTHERS = {
    "shift": ("while/StopGradient", "while/Rsqrt"),
    "rest": ("while/normalize/shifted_mean", "while/normalize/variance"),
    "inverse": ("while/normalize/divisor", ""),
}


@pytest.mark.long
@pytest.mark.parametrize("place", ["loop", "constant", "branch", "variance"])
def test_the_gradients_of_moments_in_a_loop_or_branch_take_what_was_kept(place):
    old, new = _normalized(True, place), _normalized(False, place)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["moments"], result
    for mistake in ("scale", "stopped") if "branch" in place else ("scale", "stopped", "shift"):
        assert audit(old, _normalized(False, place, mistake)).verdict == "not faithful", mistake
    for mistake in ("scale", "stopped") if "branch" in place else ("scale", "stopped", *_OTHERS):
        assert audit(_normalized(True, place, mistake), new).verdict == "not faithful", mistake


def _begun_like(new, of=("x", 5), begin=0, taken=True):
    """A sum of rows behind an update, as a loop: it begins with zeros, which were made like the first row.

    `of`: what the turns take, and how many there are.
    """
    rows, turns = of
    with tf.Graph().as_default() as graph, control_flow_v1():
        given = {name: floats(5, 3, name=name) for name in "xg"}
        count = tf.Variable(0.0, use_resource=False, name="count")
        with tf.control_dependencies([tf.assign_add(count, 1.0)]):
            x = given["x"] = tf.identity(given["x"])
        turns = tf.cast(floats(name="n"), tf.int32) if turns is None else turns
        zeros = tf.zeros_like(x[-1], optimize=new)
        result = tf.while_loop(
            lambda k, y: k < turns, lambda k, y: (k + 1, tf.sin(y) + tf.gather(given[rows], k)), [begin, zeros]
        )[1]
        if taken:
            with tf.control_dependencies([result]):
                out(tf.concat([result, tf.reshape(count.read_value(), [1])], 0))
        tf.variables_initializer([count], name="init")
    return graph.as_graph_def()


@pytest.mark.parametrize("taken", [True, False])
def test_a_loop_that_begins_with_zeros_takes_what_they_are_like_in_its_turns(taken):
    old, new = _begun_like(False, taken=taken), _begun_like(True, taken=taken)
    assert audit(old, new).verdict == "faithful"
    assert not taken or runs(old, range(5)) == runs(new, range(5))
    for of, begin in ((("g", 5), 0), (("x", None), 0), (("x", 0), 0), (("x", 5), 5)):
        old, new = (_begun_like(one, of, begin, taken) for one in (False, True))
        assert audit(old, new).verdict == "not faithful", (of, begin)


def _changed_as_it_leaves(graph_def):
    """Let what the loop gives leave it by a Neg, as a graph may that no while_loop built."""
    leaving = [node for node in graph_def.node if node.op == "Exit"][-1]
    changed = graph_def.node.add(name="changed", op="Neg", input=leaving.input)
    changed.attr["T"].CopyFrom(leaving.attr["T"])
    leaving.input[0] = changed.name
    return graph_def


def test_of_a_loop_that_is_left_in_another_way_it_is_not_known_that_it_has_a_turn():
    old, new = (_changed_as_it_leaves(_begun_like(one)) for one in (False, True))
    assert audit(new, new).verdict == "faithful"
    assert audit(old, new).verdict == "not faithful"


def _largest_gradient(new, mistake):
    """Return the gradient of the three largest of each of four rows, which are kept for it in each turn."""

    def gradient(op, given, _):
        places = op.outputs[1]
        places = raw.Minimum(x=places, y=1) if mistake == "places" else places
        begins = tf.constant([[0], [5], [10], [15]])
        places = raw.Reshape(tensor=raw.AddV2(x=places, y=begins), shape=[-1])
        values = raw.Reshape(tensor=raw.Neg(x=given) if mistake == "value" and new else given, shape=[-1])
        if new:
            back = raw.ScatterNd(indices=raw.ExpandDims(input=places, axis=-1), updates=values, shape=[20])
        else:
            kinds = {"default_value": 0.0, "validate_indices": False}
            back = raw.SparseToDense(sparse_indices=places, output_shape=[20], sparse_values=values, **kinds)
        return raw.Reshape(tensor=back, shape=[4, 5]), None

    return gradient


def _without_names_of_gradients(graph):
    """Return the GraphDef without the names that a test registered gradients under."""
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        node.attr.pop("_gradient_op_type", None)
    return graph_def


def _largest(new, mistake=""):
    name = f"largest {new} {mistake}"
    tf.RegisterGradient(name)(_largest_gradient(new, mistake))
    with tf.Graph().as_default() as graph, control_flow_v1(), graph.gradient_override_map({"TopKV2": name}):
        x = floats(4, 5)

        def turn(k, y):
            return k + 1, tf.sin(y) * tf.reduce_sum(raw.TopKV2(input=y, k=3)[0], 1, keepdims=True)

        out(tf.gradients(tf.while_loop(lambda k, y: k < 3, turn, [0, x])[1], x)[0])
    return _without_names_of_gradients(graph)


def test_the_gradient_of_top_k_is_known_by_what_a_turn_has_kept():
    old, new = _largest(False), _largest(True)
    result = audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["gradient of top_k"])
    for one, two in zip(runs(old, range(5)), runs(new, range(5)), strict=True):
        assert (np.frombuffer(one, np.float32) == np.frombuffer(two, np.float32)).all()
    assert audit(old, _largest(True, "value")).verdict == "not faithful"
    pair = (_largest(form, "places") for form in (False, True))
    assert audit(*pair).verdict == "not faithful", "of two at one place, the last was kept"


def _cut_off_gradient(new, mistake):
    """Return the gradient of a minimum with a number, by zeros that are like the one that arrives, or as large."""

    def gradient(op, given):
        zeros = raw.ZerosLike(x=given) if new else tf.zeros(raw.Shape(input=given))
        if mistake == "ones":
            zeros = raw.OnesLike(x=given)
        is_less = raw.LessEqual(x=op.inputs[0], y=op.inputs[1])
        chosen = [given, zeros] if mistake != "other side" else [zeros, given]
        if new:
            return raw.SelectV2(condition=is_less, t=chosen[0], e=chosen[1]), None
        return raw.Select(condition=is_less, x=chosen[0], y=chosen[1]), None

    return gradient


def _cut_off(new, mistake=""):
    name = f"cut off {new} {mistake}"
    tf.RegisterGradient(name)(_cut_off_gradient(new, mistake))
    with tf.Graph().as_default() as graph, control_flow_v1(), graph.gradient_override_map({"Minimum": name}):
        x = floats(4, 5)
        _, y = tf.while_loop(lambda k, y: k < 3, lambda k, y: (k + 1, raw.Minimum(x=tf.exp(y), y=2.0)), [0, x])
        out(tf.gradients(y, x)[0])
    return _without_names_of_gradients(graph)


def test_zeros_like_a_gradient_that_comes_back_in_a_loop_wait_for_nothing_else():
    old, new = _cut_off(False), _cut_off(True)
    assert proved(old, new).verdict == "faithful"
    for mistake in ("ones", "other side"):
        assert audit(old, _cut_off(True, mistake)).verdict == "not faithful", mistake


def _masked(of_mask, mistake=""):
    """A masked loop of which a weight is trained, with the gradient for the masks, which nothing uses, or without."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, masks = (tf.placeholder(tf.float32, [None, None, 4], name=name) for name in ("x", "masks"))
        weights = tf.get_variable("weights", [4], initializer=tf.ones_initializer(), use_resource=False)

        def turn(y, elements):
            row, mask = elements
            new = mask * tf.tanh(y + row * weights)
            return new if mistake == "no old state" else new + (1 - mask) * y

        last = tf.scan(turn, (x, masks), initializer=tf.zeros_like(x[0]))[-1]
        gradient, *others = tf.gradients(tf.reduce_sum(last), [weights, masks] if of_mask else [weights])
        for one in others:  # which were handed on when both were there, in the first releases
            handed = [one, one.op.inputs[2].op.inputs[0].op.inputs[0]]
            with tf.control_dependencies([tf.group(*handed)]):
                for tensor in handed:
                    tf.identity(tensor)
        tf.train.MomentumOptimizer(0.1, 0.5 if mistake else 0.9).apply_gradients([(gradient, weights)])
    return graph.as_graph_def()


def test_what_a_loop_adds_up_for_masks_that_nothing_trains_may_be_missing():
    old = _masked(True)
    for pair in ((old, _masked(False)), (_masked(False), old)):
        assert audit(*pair).verdict == "faithful"
    for mistake in ("no old state", "other momentum"):
        assert audit(old, _masked(False, mistake)).verdict == "not faithful"


def _growing(last=-1, inside=False):
    """A loop that adds a row to what is empty at first, of which the last is taken when it is done, or in each turn."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = tf.placeholder(tf.float32, [None, 4], name="x")

        def turn(k, rows):
            new = tf.sin(x + tf.concat([tf.zeros([1, 4]), rows], 0)[-1] if inside else x)
            return k + 1, tf.concat([rows, new[k : k + 1]], 0)

        shapes = [tf.TensorShape([]), tf.TensorShape([None, 4])]
        rows = tf.while_loop(lambda k, _: k < 3, turn, [0, tf.zeros([0, 4])], shape_invariants=shapes)[1]
        tf.exp(rows[last])
    return graph.as_graph_def(add_shapes=True)


@pytest.mark.parametrize("inside", [False, True])
def test_what_is_empty_before_a_loop_may_grow(inside):
    assert audit(_growing(inside=inside), _growing(inside=inside)).verdict == "faithful"
    assert audit(_growing(inside=inside), _growing(-2, inside)).verdict == "not faithful"
    assert audit(_growing(inside=inside), _growing(inside=not inside)).verdict == "not faithful"


def test_a_shape_that_was_written_for_a_loop_variable_is_not_that_of_its_turns():
    """As for what the first releases add up in a backward loop, which begins with one row and gets more."""
    graph_def = _growing()
    for node in graph_def.node:
        if node.name == "while/Merge_1":
            node.attr["_output_shapes"].list.shape[0].CopyFrom(tf.TensorShape([1, 4]).as_proto())
        if node.name == "zeros":
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0.0, tf.float32, [1, 4]))
            node.attr["_output_shapes"].list.shape[0].CopyFrom(tf.TensorShape([1, 4]).as_proto())
    assert audit(graph_def, graph_def).verdict == "faithful"


def test_a_size_that_1_15_wrote_for_what_nobody_takes_of_a_normalization_is_passed_over():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 4, 4, 3])
        y = tf.nn.fused_batch_norm(x, tf.ones([3]), tf.zeros([3]))[0]
        tf.exp(tf.gradients(y, x)[0])
    old = graph.as_graph_def(add_shapes=True)
    for node in old.node:
        if node.op.startswith("FusedBatchNormGrad"):
            for size in node.attr["_output_shapes"].list.shape[3:]:
                size.CopyFrom(tf.TensorShape([8]).as_proto())
    assert audit(old, graph.as_graph_def()).verdict == "faithful"


def _beside_number(op, gradient, turned=False):
    """As TensorFlow 1 wrote it for any two operands."""
    shapes = [raw.Shape(input=one) for one in op.inputs]
    axes = raw.BroadcastGradientArgs(s0=shapes[0], s1=shapes[1])
    parts = [gradient] * 2 if op.type == "AddV2" else [gradient * op.inputs[1], op.inputs[0] * gradient]
    shapes = [tf.stack([shapes[0][1], shapes[0][0]]), shapes[1]] if turned else shapes
    return [tf.reshape(tf.reduce_sum(parts[k], axes[k]), shapes[k]) for k in range(2)]


tf.RegisterGradient("BesideNumber")(_beside_number)
tf.RegisterGradient("TurnedBesideNumber")(lambda op, gradient: _beside_number(op, gradient, turned=True))


def _mapped(registered=None):
    """The gradient of what a loop takes row by row, computed beside numbers."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        numbers = np.random.default_rng(5).normal(size=(4, 4)).astype(np.float32)
        x, y = (tf.placeholder_with_default(one, [None, None]) for one in (numbers, numbers[:1]))
        with graph.gradient_override_map(dict.fromkeys(["AddV2", "Mul"], registered) if registered else {}):
            added = tf.exp(tf.maximum(x, y)) * tf.constant(0.5) + 1.0
        rows = tf.map_fn(lambda row: tf.reduce_sum(tf.square(row)), tf.log(added))
        tf.identity(tf.gradients(tf.reduce_sum(tf.sin(rows)), x)[0], name="out")
    return _without_names_of_gradients(graph)


def test_the_gradient_of_what_a_loop_takes_has_the_sizes_of_what_was_computed_beside_a_number():
    proved(_mapped("BesideNumber"), _mapped())


def test_the_gradient_of_what_a_loop_takes_is_not_reshaped_to_other_sizes():
    assert audit(_mapped("TurnedBesideNumber"), _mapped()).verdict == "not faithful"
