"""What is sent into a branch in which a gradient is made: both forms give the same bits, and no mistake hides."""

import re

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from drift_cases import floats, out
from test_drift import proved
from test_drift_dropout import compared, floor, today
from test_drift_in_branches import without_barriers

raw = tf.raw_ops


def _is_taken(x, at=0.0):
    return raw.Less(x=raw.Sum(input=x, axis=[0, 1]), y=at)


def _graph(build, *, at=0.0):
    """Return the GraphDef of what build(x, h) gives in a branch, h being made of x outside."""
    with tf.Graph().as_default() as graph, build_switches():
        tf.set_random_seed(3)
        x = floats(4, 3)
        inside, outside = build(x)
        out(tf.cond(_is_taken(x, at), inside, outside))
    return graph.as_graph_def()


def _bounded(new, begin=1, factor=0.7):
    """A slice of whose bounds its gradient has its own, or takes those from outside; so with a factor and axes."""

    def build(x):
        constants = [tf.constant([0, begin]), tf.constant([0, 3]), tf.constant(factor), tf.constant([0])]

        def inside():
            first, end, scale, axes = [tf.constant(tf.get_static_value(one)) for one in constants] if new else constants
            of = {"begin": first, "end": end, "strides": [1, 1], "begin_mask": 1, "end_mask": 1}
            back = raw.StridedSliceGrad(shape=[4, 3], dy=x[:, :2], **of)
            return raw.Sum(input=back * scale, axis=axes)

        return inside, lambda: tf.exp(x[0])

    return _graph(build)


def test_a_constant_is_sent_into_a_branch_or_made_there():
    old = _bounded(False)
    assert "sent into a branch" in proved(old, _bounded(True)).rules
    for mistake in ({"begin": 0}, {"factor": 0.8}):
        assert audit(old, _bounded(True, **mistake)).verdict == "not faithful", mistake


def _zeros(new, swapped=False, behind=False, at=0.0):
    """Zeros like a tensor of known sizes: made of what is sent into the branch, or a constant there."""

    def build(x):
        if behind:
            x = tf.Variable(tf.ones([4, 3])).assign_add(x)

        def zeros():
            return tf.zeros([4, 3]) if new else raw.ZerosLike(x=x)

        branches = (zeros, lambda: tf.identity(x))
        return branches[::-1] if swapped else branches

    return _graph(build, at=at)


def test_zeros_in_a_branch_are_made_of_what_is_sent_there_or_a_constant():
    old = _zeros(False)
    proved(old, _zeros(True))
    for mistake in ({"swapped": True}, {"at": 1.0}):
        assert audit(old, _zeros(True, **mistake)).verdict == "not faithful", mistake


def test_what_an_update_gives_was_sent_there_for_zeros_as_well():
    assert audit(_zeros(False, behind=True), _zeros(True, behind=True)).verdict == "not faithful"


def _read(new, mistake=False):
    """Zeros in a branch of what was read of a variable, which is read once more for another condition."""
    with tf.Graph().as_default() as graph:
        x, variable = floats(4, 3), tf.Variable(True, use_resource=False)
        pivots = []
        for _ in range(2):
            read = raw.Identity(input=variable.op.outputs[0])
            pivots.append(raw.Switch(data=read, pred=read))
            no, yes = raw.Switch(data=x, pred=read)
            with tf.control_dependencies([raw.Identity(input=pivots[0 if mistake else -1][0])]):
                zeros = tf.zeros([4, 3])
            out(raw.Merge(inputs=[zeros if new else raw.ZerosLike(x=no), raw.Exp(x=yes)]).output)
    return graph.as_graph_def()


def test_two_readings_of_a_variable_are_two_conditions():
    assert audit(_read(False), _read(True)).verdict == "faithful"
    assert audit(_read(False), _read(True, mistake=True)).verdict == "not faithful"


def _sized(new, rows=4):
    """What is sent into a branch for its size alone, which is known."""

    def build(x):
        y = tf.tanh(x)
        return lambda: x * tf.cast(tf.constant(rows) if new else raw.Size(input=y) // 3, tf.float32), lambda: x

    return _graph(build)


def test_nothing_is_sent_into_a_branch_for_a_size_that_is_known():
    proved(_sized(False), _sized(True))
    assert audit(_sized(False), _sized(True, rows=5)).verdict == "not faithful"


def _guarded(new, other=False):
    """The gradient of a cross entropy outside, whose second output is sent into a branch."""

    def build(x):
        loss, gradient = raw.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=[1, 2, 0, 1])
        sent = raw.Exp(x=x) if other else gradient

        def inside():
            return (sent if new else raw.PreventGradient(input=sent)) * tf.expand_dims(loss, 1)

        return inside, lambda: x

    return _graph(build)


def test_the_gradient_of_a_cross_entropy_is_guarded_in_a_branch_or_not():
    proved(_guarded(False), _guarded(True))
    assert audit(_guarded(False), _guarded(True, other=True)).verdict == "not faithful"
    assert audit(_guarded(False, other=True), _guarded(True, other=True)).verdict == "not faithful"


def _dropped(formula, fed=False, kept=0.5, exchanged=False, elsewhere=False, at=0.0):
    """Two layers with a dropout each outside, whose gradient is made in a branch."""
    with tf.Graph().as_default() as graph, build_switches():
        tf.set_random_seed(3)
        keep = floats(name="keep") if fed else kept
        x, w = floats(None, 4), floats(4, 4, name="w")
        drawn = [tf.random_uniform(tf.shape(x), seed=k) if formula is not today else None for k in (7, 8)]
        h, seeds = x, (8, 7) if exchanged else (7, 8)
        for seed, one in zip(seeds, drawn, strict=True):
            h = tf.matmul(h, w)
            h = tf.nn.dropout(h, rate=1 - keep, seed=seed) if formula is today else formula(h, keep, one)
        loss = tf.reduce_sum(tf.square(h))
        tf.summary.scalar("loss", loss)
        branches = (lambda: tf.gradients(loss, w, gate_gradients=True)[0], lambda: tf.zeros([4, 4]))
        out(tf.cond(raw.Less(x=floats(name="c"), y=at), *(branches[::-1] if elsewhere else branches)))
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("old", [floor, compared])
def test_the_gradient_of_a_dropout_is_made_in_a_branch(old, fed):
    found = audit(_dropped(old, fed), _dropped(today, fed))
    assert not found.differences
    assert [one.cause for one in found.numbers] == ["dropout"]
    mistakes = [{"exchanged": True}, {"elsewhere": True}, {"at": 1.0}] + ([] if fed else [{"kept": 0.6}])
    for mistake in mistakes:
        assert audit(_dropped(old, fed), _dropped(today, fed, **mistake)).verdict == "not faithful", mistake


@pytest.mark.parametrize("name", ["dropout_1/SelectV2_grad/SelectV2", "dropout/SelectV2_grad/SelectV2"])
def test_a_mask_in_a_branch_is_that_of_its_dropout(name):
    port = _dropped(today)
    masks = [node.name for node in port.node if node.op == "GreaterEqual"]
    (select,) = (node for node in port.node if node.name.endswith("/" + name))
    (switch,) = (node for node in port.node if node.name == select.input[0].partition(":")[0])
    switch.input[0] = next(one for one in masks if one != switch.input[0])
    assert audit(_dropped(compared), port).verdict == "not faithful"


def _nested(new, mistake=False):
    """The gradient of a condition, in a branch of another: zeros for the branch that did not run."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(4, 3)
        chosen = tf.cond(_is_taken(x), lambda: tf.exp(x), lambda: tf.tanh(x))
        loss = tf.reduce_sum(tf.square(chosen))
        out(tf.cond(_is_taken(x, 1.0), lambda: tf.gradients(loss, x)[0], lambda: x))
    graph_def = graph.as_graph_def()
    (pivot,) = (
        node.name for node in graph_def.node if node.name == ("cond_1/switch_f" if mistake else "cond_1/switch_t")
    )
    for node in graph_def.node:
        if not new and re.search(r"/gradients/zeros(_1)?/Const$", node.name):
            node.input[:] = [f"^{pivot}"]
    return graph_def


def test_zeros_for_a_branch_inside_of_another_wait_for_either():
    old = _nested(False)
    proved(old, _nested(True))
    assert audit(_nested(False, mistake=True), _nested(True)).verdict == "not faithful"


def _summed(barriers=True, behind=True):
    """The gradient of a sum that a loop makes of rows behind an update; it keeps no more than a number for that."""
    with tf.Graph().as_default() as graph, build_switches():
        rows = tf.Variable(tf.ones([4, 3]), name="rows")
        x = floats(4, 3)
        with tf.control_dependencies([rows.assign(x)] if behind else []):
            y = tf.tanh(x)
        sums = tf.scan(lambda total, row: total * 0.9 + row, y, initializer=tf.zeros([3]))
        out(tf.gradients(tf.reduce_sum(tf.square(sums)), x, gate_gradients=True)[0])
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        node.attr.pop("_class", None)
    return graph_def


def test_the_turns_of_a_loop_are_counted_behind_no_update_that_a_barrier_kept():
    new = _summed()
    old = without_barriers(new)
    assert len(old.node) < len(new.node)
    assert "write barrier" in proved(old, new).rules
    assert audit(old, _summed(behind=False)).verdict == "not faithful"
