"""TensorArrays of gradients: what is read has the sizes of what was written, and what nobody reads does not count.

Both forms give every bit, the audit knows both, no mistake beside hides.
"""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit, readable
from compat_v1.audit.normal import Normal
from compat_v1.audit.pairing import Pairing
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops
pytestmark = pytest.mark.usefixtures("loops_of_ops")


def written_turn_by_turn(new, mistake, first=0):
    """The gradient of what a loop writes, reshaped to what it is by an old release: its rows are others each turn.

    `first`: how many elements are written before the loop, of another shape.
    """
    x, rows = floats(4, None), floats(None, 3, name="rows")

    @tf.custom_gradient
    def biased(hidden, bias):
        def gradients(given):
            back = given if new else raw.Reshape(tensor=given, shape=tf.shape(given if mistake else hidden))
            return raw.Neg(x=back) if mistake else back, tf.reduce_sum(given, 0)

        return hidden + bias, gradients

    weights, bias = tf.sin(x[:3, :3]), tf.cos(x[3, :3])

    def turn(time, hidden, outputs):
        hidden = tf.tanh(tf.matmul(hidden, weights) + rows)
        return time + 1, hidden, outputs.write(time, biased(hidden, bias))

    outputs = tf.TensorArray(tf.float32, 4, infer_shape=not first)
    outputs = outputs.write(0, tf.exp(rows)) if first else outputs
    begin = [tf.constant(first), rows[:1], outputs]
    shapes = [tf.TensorShape([]), tf.TensorShape([None, 3]), tf.TensorShape(None)]
    *_, outputs = tf.while_loop(lambda time, *_: time < 4, turn, begin, shapes)
    written = outputs.stack() if not first else outputs.gather(tf.range(first, 4))
    out(tf.concat([tf.reshape(one, [-1]) for one in tf.gradients(written**2, [weights, bias])], 0))


def written_behind_a_first(new, mistake):
    written_turn_by_turn(new, mistake, first=1)


def cross_entropy_turn_by_turn(new, mistake, guarded=1):
    """A cross entropy in a loop, whose gradient is kept; `guarded`: which of its outputs an old release guarded."""
    x = floats(4, None)
    weights = tf.sin(x[:3, :3])

    @tf.custom_gradient
    def loss(logits):
        kept = [*raw.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=[2, 0, 1])]

        def gradient(given):
            kept[guarded] = kept[guarded] if new else raw.PreventGradient(input=kept[guarded])
            back = (kept[1] + tf.expand_dims(kept[0], 1)) * tf.expand_dims(given, 1)
            return raw.Neg(x=back) if mistake else back

        return kept[0], gradient

    def turn(time, total):
        return time + 1, total + tf.reduce_sum(loss(tf.matmul(x[:3, :3], weights) * tf.tanh(total)))

    _, total = tf.while_loop(lambda time, _: time < 3, turn, [tf.constant(0), tf.constant(1.0)])
    out(tf.gradients(total, weights)[0])


def pushed_in_a_branch(new, mistake):
    """A shape that is known, but that an old release kept for the backward pass of a branch of a loop."""
    x = floats(4, None)
    weights = raw.Reshape(tensor=tf.sin(x[:3, :3]), shape=[3, 3])
    bias = raw.Reshape(tensor=tf.cos(x[3:, :3]), shape=[1, 3])
    unknown = tf.placeholder_with_default(np.ones([2, 3], np.float32), [None, 3])

    @tf.custom_gradient
    def biased(product, bias):
        def gradients(given):
            shape = tf.constant([1, 3]) if new else raw.Shape(input=bias)
            places = raw.BroadcastGradientArgs(s0=raw.Shape(input=product), s1=shape)
            own = raw.Sum(input=raw.Neg(x=given) if mistake else given, axis=places.r1)
            return given, raw.Reshape(tensor=own, shape=shape)

        return product + bias, gradients

    def turn(time, hidden):
        even = tf.equal(time % 2, 0)
        return time + 1, tf.cond(
            even, lambda: tf.tanh(hidden), lambda: biased(tf.matmul(hidden, weights), raw.Neg(x=bias))
        )

    shapes = [tf.TensorShape([]), tf.TensorShape([None, 3])]
    _, hidden = tf.while_loop(lambda time, _: time < 4, turn, [tf.constant(0), unknown], shapes)
    out(tf.concat(tf.gradients(hidden**2, [weights, bias]), 0))


def written_by_branches(new, mistake, other=False):
    """What a loop writes, of which a branch gives rows of a known shape, and the other what it read, of an unknown one.

    `other`: the gradient is reshaped in the branch of what was read.
    """
    x = floats(4, None)
    weights, row = tf.sin(x[:3, :3]), raw.Reshape(tensor=tf.cos(x[3, :3]), shape=[1, 3])

    @tf.custom_gradient
    def scaled(rows):
        def gradient(given):
            back = raw.Neg(x=given) if mistake else given
            return back if new else raw.Reshape(tensor=back, shape=[1, 3])

        return rows + 1.0, gradient

    def turn(time, states):
        read = lambda: tf.tanh(tf.matmul(tf.ensure_shape(states.read(time - 1), [None, None]), weights))  # noqa: E731
        branches = [lambda: scaled(row * 2.0), read] if not other else [lambda: row, lambda: scaled(read())]
        return time + 1, states.write(time, tf.cond(tf.equal(time % 2, 0), *branches))

    states = tf.TensorArray(tf.float32, 5, infer_shape=False, clear_after_read=False).write(0, row)
    shapes = [tf.TensorShape([]), tf.TensorShape(None)]
    _, states = tf.while_loop(lambda time, _: time < 5, turn, [tf.constant(1), states], shapes)
    out(tf.concat(tf.gradients(tf.reshape(states.concat(), [-1, 3]) ** 2, [weights, row]), 0))


def masked(new, mistake):
    """A state that a mask holds, and the gradient for the mask, which the first releases made for nobody."""
    x, mask = floats(6, None, 3), raw.Sin(x=floats(6, None, name="mask"))
    weights = tf.cos(x[:3, 0])

    def turn(hidden, given):
        one, held = given[0], tf.expand_dims(given[1], 1)
        then = tf.tanh(tf.matmul(hidden, weights)) + one  # kept for the gradient of the mask alone
        return held * then + ((held if mistake else 1.0) - held) * hidden

    states = tf.scan(turn, (x, mask), initializer=tf.zeros([tf.shape(x)[1], 3]))
    if new:
        raw.Enter(data=0.0, frame_name="of another loop")  # nobody's, as the sum of the gradients begins
    out(tf.gradients(states**2, weights if new else [weights, mask])[0])


def softmax_in_a_loop_in_a_loop(new, mistake):
    """A softmax of vectors, whose gradient is read from an array that the loop around keeps for it."""
    x = floats(2, 3, 4)

    @tf.custom_gradient
    def soft(row):
        found = raw.Softmax(logits=row if new else raw.Reshape(tensor=row, shape=[1, 4]))

        def gradient(given):
            given = raw.Neg(x=given) if mistake else given
            if new:
                total = raw.Sum(input=given * found, axis=[0], keep_dims=True)
                return (given - total) * found
            given = raw.Reshape(tensor=given, shape=[1, 4])
            total = raw.Reshape(tensor=raw.Sum(input=given * found, axis=[1]), shape=[-1, 1])
            return raw.Reshape(tensor=(given - total) * found, shape=[4])

        return found if new else raw.Reshape(tensor=found, shape=[4]), gradient

    outputs = tf.map_fn(lambda rows: tf.reduce_sum(tf.map_fn(soft, rows), 0), x)
    out(tf.gradients(outputs**2, x)[0])


def read_in_a_branch(new, mistake):
    """Zeros like what a branch reads of an array, of whose elements no release of old says the shape in the graph."""
    x = floats(3, 4)
    array = raw.TensorArrayV3(size=3, dtype=tf.float32)
    flow = raw.TensorArrayScatterV3(handle=array.handle, indices=[0, 1, 2], value=x, flow_in=array.flow)

    def read():
        return raw.TensorArrayReadV3(handle=array.handle, index=1, flow_in=flow, dtype=tf.float32)

    row = tf.cond(tf.reduce_sum(x) > 9.0, lambda: tf.ones([4]), read)
    zeros = tf.fill([4], 1.0 if mistake else 0.0) if new else raw.ZerosLike(x=row)
    out(raw.SelectV2(condition=tf.less(row, 0.5), t=zeros, e=row))


def parted_in_a_loop_in_a_loop(new, mistake):
    """The gradient of rows that are put back together turn by turn, reshaped to what these are by an old release."""
    x, w = floats(5, 6), floats(6, name="w")

    @tf.custom_gradient
    def whole(rows):
        def gradient(given):
            back = raw.Reshape(tensor=given, shape=[-1] if new else tf.shape(rows))
            return raw.Neg(x=back) if mistake else back

        return raw.Reshape(tensor=rows, shape=[6]), gradient

    def turn(time, kept, chosen, total):
        others, own = tf.dynamic_partition(kept, chosen, 2)
        places = tf.dynamic_partition(tf.range(6), chosen, 2)
        rows = tf.dynamic_stitch(places, [others, own * (1.0 - total) / tf.reduce_sum(own)])
        still = chosen * tf.cast(tf.less(w, rows), tf.int32)
        return time + 1, whole(rows), still, total + tf.reduce_sum(others)

    def one(row):
        begin = [0, tf.exp(row * w), tf.ones([6], tf.int32), tf.constant(0.0)]
        return tf.while_loop(lambda time, *_: time < 2, turn, begin)[1]

    out(tf.gradients(tf.map_fn(one, x), w)[0])


FORMS = (written_turn_by_turn, cross_entropy_turn_by_turn, pushed_in_a_branch, masked, softmax_in_a_loop_in_a_loop)
FORMS += (read_in_a_branch, parted_in_a_loop_in_a_loop, written_behind_a_first, written_by_branches)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_forms_are_faithful_give_every_bit_the_same_and_hide_no_mistake(form):
    old = built(form, False)
    result = proved(old, built(form, True))
    assert result.rules
    assert audit(old, built(form, True, mistake=True)).verdict == "not faithful"


def test_what_a_branch_gives_has_not_the_sizes_of_what_the_other_gives():
    graphs = (built(lambda new, _: written_by_branches(new, False, other=True), one) for one in (False, True))
    assert audit(*graphs).verdict == "not faithful"


def test_what_is_guarded_and_is_no_gradient_stays_guarded():
    old, new = (built(lambda new, _: cross_entropy_turn_by_turn(new, False, guarded=0), one) for one in (False, True))
    assert audit(old, new).verdict == "not faithful"


def test_an_array_of_gradients_has_the_sizes_of_the_array_that_it_is_for():
    with tf.Graph().as_default(), tf.Session() as session:
        x, gradient = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        array = raw.TensorArrayV3(size=2, dtype=tf.float32)
        flow = raw.TensorArrayWriteV3(handle=array.handle, index=0, value=x, flow_in=array.flow)
        back = raw.TensorArrayGradV3(handle=array.handle, flow_in=flow, source="gradients")
        flow = raw.TensorArrayWriteV3(handle=back.grad_handle, index=0, value=gradient, flow_in=back.flow_out)
        read = raw.TensorArrayReadV3(handle=back.grad_handle, index=0, flow_in=flow, dtype=tf.float32)
        assert session.run(read, {x: np.ones([2, 3]), gradient: np.ones([2, 3])}).shape == (2, 3)
        for other in ([3, 2], [6], [2, 1]):
            with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
                session.run(read, {x: np.ones([2, 3]), gradient: np.ones(other)})


@pytest.mark.parametrize("is_read", [False, True])
def test_what_is_written_into_an_array_of_gradients_counts_if_anything_reads_there(is_read):
    """What is read does not wait for it: which of the two comes first, nobody knows."""

    def form(is_written, _):
        x = floats(3)
        array = raw.TensorArrayV3(size=2, dtype=tf.float32)
        flow = raw.TensorArrayWriteV3(handle=array.handle, index=0, value=x, flow_in=array.flow)
        gradient = raw.TanhGrad(y=x, dy=x)
        if is_written or is_read:
            back = raw.TensorArrayGradV3(handle=array.handle, flow_in=flow, source="gradients")
            taken = {"handle": back.grad_handle, "index": 0, "flow_in": back.flow_out}
        if is_written:
            raw.TensorArrayWriteV3(value=raw.Neg(x=gradient), **taken)
        if is_read:
            gradient += raw.TensorArrayReadV3(dtype=tf.float32, **taken)
        out(gradient)

    verdict = audit(built(form, True), built(form, False)).verdict
    assert verdict == ("not faithful" if is_read else "faithful")


@pytest.mark.parametrize("mistake", [False, True])
def test_an_array_of_gradients_for_what_has_none_is_made_no_more(mistake):
    """It leaves the loop in a sum, which is handed on with what is read there, when both are made; nothing uses it."""

    def form(with_labels, _):
        x, labels = floats(4, 3), floats(4, 3, name="labels")
        pairs = (tf.sin(x), tf.cos(labels))
        distances = tf.map_fn(lambda pair: tf.reduce_sum((pair[0] - pair[1]) ** 2), pairs, tf.float32)
        loss = tf.reduce_sum(distances * (2.0 if mistake and not with_labels else 1.0))
        sources = [x, pairs[1]] if with_labels else [x]
        out(tf.gradients(loss, sources, gate_gradients=True)[0])

    assert audit(built(form, True), built(form, False)).verdict == ("not faithful" if mistake else "faithful")


def test_an_op_before_the_count_of_turns_is_a_difference():
    """Then the graph does not tell any more that what is popped was pushed before."""
    old = built(masked, False)
    for counted in ("gradients/Add", "gradients/Sub"):
        new = built(masked, True)
        (count,) = (node for node in new.node if node.name == counted)
        inverted = new.node.add(name="inverted", op="Invert", input=[count.input[0]])
        inverted.attr["T"].type = tf.int32.as_datatype_enum
        count.input[0] = "inverted"
        assert audit(old, new).verdict == "not faithful"


def test_what_is_known_without_a_stack_is_pushed_turn_by_turn_all_the_same():
    old, new = built(pushed_in_a_branch, False), built(pushed_in_a_branch, True)
    shapes = {node.name for node in old.node if node.op == "Shape"}
    pushes = [node for node in old.node if node.op == "StackPushV2" and node.input[1] in shapes]
    for push in pushes:
        push.input.remove("^gradients/Add")
        assert audit(old, new).verdict == "not faithful"
        push.input.append("^gradients/Add")
    assert len(pushes) > 2 and audit(old, new).verdict == "faithful"


def test_the_scopes_of_an_array_s_name_may_be_numbered_otherwise():
    def arrays(scope, kind="output"):
        with tf.Graph().as_default() as graph, tf.name_scope(scope):
            array = tf.TensorArray(tf.float32, 3, tensor_array_name=f"{scope}/dynamic_rnn/{kind}_0")
            tf.identity(array.write(0, floats(2)).read(0))
        return graph.as_graph_def()

    assert audit(arrays("lstm_1"), arrays("lstm")).verdict == "faithful"
    assert audit(arrays("lstm_1"), arrays("lstm", "input")).verdict == "not faithful"


def _alike(new, mistake=False):
    """Products that are used alike, of what arrays hold whose shape the old graph does not say; named in other ways."""
    with tf.Graph().as_default() as graph:
        x, found = floats(4, 3), []
        for which in range(2):
            array = tf.TensorArray(tf.float32, 4, element_shape=[3] if new else None).unstack(x)
            with tf.name_scope(f"c_{which}/"):
                y, scale = array.read(0, name="y"), array.read(which + 1, name="scale")
                made = [tf.identity(tf.tanh(y), name="a"), tf.identity(tf.cos(y) if mistake else tf.sin(y), name="b")]
                terms = [raw.Mul(x=one, y=scale, name=f"Mul_{k + new}") for k, one in enumerate(made)]
                found.append(raw.Sub(x=y, y=raw.AddV2(x=terms[0], y=terms[1])))
        out(raw.Pack(values=found))
    return graph.as_graph_def()


def test_what_is_made_of_an_array_whose_shape_one_graph_says_is_paired_by_what_it_is():
    old, new = _alike(False), _alike(True)
    sides = Pairing(Normal(readable(old)), Normal(readable(new))).sides
    below = [{side.below[node] for node in side.normal.nodes} for side in sides]
    assert below[0] == below[1]
    proved(old, new)
    assert audit(_alike(False), _alike(True, mistake=True)).verdict == "not faithful"
