"""What programs of the first releases have in common: each form on a small graph, and a mistake beside it."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _built(form, *args, **options):
    with tf.Graph().as_default() as graph:
        form(*args, **options)
    return graph.as_graph_def()


def _exponents(new, shared=False, mistake=False, gated=True, behind=False):
    """A sum of exponentials over all axes and its gradient, which is `shared` by something else in the same shape.

    `gated`: it is handed on when all gradients of an op are there, as optimizers have it and tf.gradients has not.
    `behind`: all of the gradient is made behind an update.
    """
    x, variable = floats(5, 3), tf.Variable(tf.ones([3]), use_resource=False)
    largest = raw.StopGradient(input=raw.Max(input=x, axis=[0, 1], keep_dims=True))
    exponents = raw.Exp(x=raw.Sub(x=x, y=largest))
    total = raw.Sum(input=exponents, axis=[0] if mistake == "axes" else [0, 1], keep_dims=not new)
    if new:
        result = raw.AddV2(x=raw.Log(x=total), y=raw.Reshape(tensor=largest, shape=raw.Shape(input=total)[:0]))
    else:
        result = raw.Squeeze(input=raw.AddV2(x=raw.Log(x=total), y=largest))
    updates = [tf.assign_add(variable, x[0])]
    with tf.control_dependencies(updates if behind else []):
        gradient = raw.Sigmoid(x=raw.Min(input=x, axis=[0, 1]))
        kept = raw.Reshape(tensor=gradient, shape=[1, 1]) if shared or not new else None
        other, gradient = raw.Tanh(x=kept) if shared else 0.0, gradient if new else kept
        with tf.control_dependencies([tf.group(gradient)] if gated else []):
            handed = raw.Identity(input=gradient) if gated else gradient
        with tf.control_dependencies([] if mistake == "early" else [handed]):
            inverse = raw.Reciprocal(x=total)
        back = raw.Mul(x=handed, y=inverse)
        back = raw.Reshape(tensor=back, shape=[1, 1]) if new and mistake != "axes" else back
    with tf.control_dependencies(updates):
        read = variable.read_value()
    out(raw.Mul(x=raw.BroadcastTo(input=back, shape=[5, 3]), y=exponents) + result + other + read)
    tf.variables_initializer([variable], name="init")


@pytest.mark.long
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_a_sum_of_exponentials_over_all_axes_is_squeezed_first(shared, gated, behind):
    old, new = (_built(_exponents, one, shared, gated=gated, behind=behind) for one in (False, True))
    assert "squeezed first" in proved(old, new).rules
    for mistake in ("axes", "early"):
        wrong = _built(_exponents, True, shared, mistake, gated, behind)
        assert audit(old, wrong).verdict == "not faithful"
    assert audit(old, _built(_exponents, True, shared, gated=gated, behind=not behind)).verdict == "not faithful"


def _exponents_alone(new, gated, given=1.0, mistake=""):
    """The sums of exponentials of rows, and the gradient of these alone: it begins with ones, or what is given."""
    x = floats(5, 3)
    largest = raw.StopGradient(input=raw.Max(input=x, axis=[1], keep_dims=True))
    exponents = raw.Exp(x=raw.Sub(x=x, y=largest))
    total = raw.Sum(input=exponents, axis=[1], keep_dims=not new)
    if new:
        result = raw.AddV2(x=raw.Log(x=total), y=raw.Reshape(tensor=largest, shape=[5]))
    else:
        result = raw.Squeeze(input=raw.AddV2(x=raw.Log(x=total), y=largest), axis=[1])
    gradient = raw.Fill(dims=[5], value=2.0 if mistake == "twice" else given)
    gradient = gradient if new else raw.Reshape(tensor=gradient, shape=[5, 1])
    with tf.control_dependencies([tf.group(gradient)] if gated else []):
        handed = raw.Identity(input=gradient) if gated else gradient
    with tf.control_dependencies([result if mistake == "late" else handed]):
        inverse = raw.Reciprocal(x=total)
    back = raw.Mul(x=handed, y=inverse)
    back = raw.Reshape(tensor=back, shape=[5, 1]) if new else back
    out(raw.Mul(x=raw.BroadcastTo(input=back, shape=[5, 3]), y=exponents) + tf.reduce_sum(result))


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("given", [1.0, 3.0])
def test_so_is_one_of_which_the_gradient_is_made_alone(gated, given):
    old, new = (_built(_exponents_alone, one, gated, given) for one in (False, True))
    rules = proved(old, new).rules
    assert "squeezed first" in rules and "weights of one" not in rules
    for mistake in ("twice", "late"):
        assert audit(old, _built(_exponents_alone, True, gated, given, mistake)).verdict == "not faithful", mistake
        assert audit(_built(_exponents_alone, False, gated, given, mistake), new).verdict == "not faithful", mistake


def _exponents_reshaped_again(factor):
    """One whose gradient has a shape that is fed, and is reshaped once more when it was multiplied."""
    x = floats(5, 3)
    largest = raw.StopGradient(input=raw.Max(input=x, axis=[1], keep_dims=True))
    exponents = raw.Exp(x=raw.Sub(x=x, y=largest))
    total = raw.Sum(input=exponents, axis=[1], keep_dims=True)
    gradient = raw.Reshape(tensor=raw.Min(input=x, axis=[1]), shape=tf.placeholder(tf.int32, [2]))
    with tf.control_dependencies([tf.group(gradient)]):
        handed = raw.Identity(input=gradient)
    with tf.control_dependencies([handed]):
        back = raw.Mul(x=handed, y=raw.Reciprocal(x=total))
    out(raw.Squeeze(input=raw.AddV2(x=raw.Log(x=total), y=largest), axis=[1]))
    out(raw.Reshape(tensor=back, shape=[5, 1]) * exponents * factor)


def test_a_gradient_that_is_reshaped_once_more_is_made_from_nothing_of_its_own():
    graph = _built(_exponents_reshaped_again, 2.0)
    assert audit(graph, graph).verdict == "faithful"
    assert audit(graph, _built(_exponents_reshaped_again, 3.0)).verdict == "not faithful"


def _exponents_turn_by_turn(new, mistake=False):
    """The forward pass of a chain of labels, and what an optimizer gets for the weights of its steps."""
    x = floats(4, None, 5)
    weights = tf.Variable(tf.sin(tf.reshape(tf.range(25.0), [5, 5])), use_resource=False)

    def turn(scores, own):
        steps = tf.expand_dims(scores, 2) + weights
        largest = tf.stop_gradient(tf.reduce_max(steps, 1, keepdims=True))
        total = tf.reduce_sum(tf.exp(steps - largest), 2 if mistake else 1, keepdims=not new)
        if new:
            return tf.log(total) + tf.reshape(largest, tf.shape(total)) + own
        return tf.squeeze(tf.log(total) + largest, [1]) + own

    scores = tf.scan(turn, x, initializer=tf.zeros([tf.shape(x)[1], 5]))
    ((gradient, _),) = tf.train.GradientDescentOptimizer(1.0).compute_gradients(tf.tanh(scores), [weights])
    tf.global_variables_initializer()
    out(gradient)


@pytest.mark.usefixtures("loops_of_ops")
def test_a_sum_of_exponentials_that_a_loop_keeps_is_squeezed_first():
    old = _built(_exponents_turn_by_turn, False)
    assert "squeezed first" in proved(old, _built(_exponents_turn_by_turn, True)).rules
    assert audit(old, _built(_exponents_turn_by_turn, True, mistake=True)).verdict == "not faithful"


def _exponents_twice(new, mistake=None):
    """Two of one tensor, of which one keeps the axis that it sums over; both have gradients."""
    x = floats(None, 4)
    largest = tf.stop_gradient(tf.reduce_max(x, 1, keepdims=True))
    kept, total = (tf.reduce_sum(tf.exp(x - largest), 1, keepdims=keeps) for keeps in (True, not new))
    logarithm = tf.log(total)
    squeezed = logarithm + tf.reshape(largest, tf.shape(total)) if new else tf.squeeze(logarithm + largest, [1])
    whole = (tf.sin if mistake == "kept" else tf.cos)(tf.log(kept) + largest)
    loss = tf.reduce_sum(whole) + tf.reduce_sum((tf.sin if mistake == "squeezed" else tf.tanh)(squeezed))
    out(tf.gradients(loss, x)[0] + whole)


def test_a_sum_of_exponentials_that_another_keeps_as_it_is_is_squeezed_first():
    old = _built(_exponents_twice, False)
    assert "squeezed first" in proved(old, _built(_exponents_twice, True)).rules
    for mistake in ("kept", "squeezed"):
        assert audit(old, _built(_exponents_twice, True, mistake)).verdict == "not faithful"


def _array(own, writing, other=None):
    """An array on a device of its own, written on another, and again on the `other`."""
    x, size = floats(4), tf.constant(4)
    with tf.device(own):
        array = raw.TensorArrayV3(size=size, dtype=tf.float32)
    flow = array.flow
    for device, value in [(writing, x), (other, raw.Exp(x=x))][: 1 if other is None else 2]:
        with tf.device(device):
            flow = raw.TensorArrayScatterV3(handle=array.handle, indices=[0, 1, 2, 3], value=value, flow_in=flow)
    gathered = raw.TensorArrayGatherV3(handle=array.handle, indices=[0, 1, 2], flow_in=flow, dtype=tf.float32)
    gathered.op._set_attr(
        "_class", tf.AttrValue(list=tf.AttrValue.ListValue(s=[b"loc:@" + array.handle.op.name.encode()]))
    )
    gathered.op._set_device(own or "")
    out(gathered)


@pytest.mark.parametrize("device", ["/device:CPU:0", "/device:GPU:0"])
def test_an_array_is_where_it_is_written(device):
    old = _built(_array, device, device)
    assert "places of arrays" in audit(old, _built(_array, None, device)).rules
    assert audit(old, _built(_array, None, device)).verdict == "faithful"
    assert audit(old, _built(_array, None, "/device:GPU:1")).verdict == "not faithful"
    assert audit(old, _built(_array, "/device:GPU:1", device)).verdict == "not faithful"
    assert audit(old, _built(_array, None, None)).verdict == "not faithful"


def test_an_array_that_is_written_in_two_places_is_in_none_of_them():
    devices = "/device:GPU:0", "/device:GPU:1"
    old = _built(_array, devices[0], *devices)
    assert audit(old, _built(_array, None, *devices)).verdict == "not faithful"
    assert audit(_built(_array, None, *devices), _built(_array, None, *devices)).verdict == "faithful"


def _queues(device, cancelled=(False, True)):
    """Two alike queues, each closed in two ways, of which different things are made."""
    for name, what in (("p", raw.Exp), ("q", raw.Tanh)):
        with tf.device(device):
            queue = raw.FIFOQueueV2(
                component_types=[tf.float32], shapes=[[]], name=name if device else f"{name}/of_{name}"
            )
        raw.QueueEnqueueManyV2(handle=queue, components=[[1.0, 2.0]])
        for cancels in cancelled:
            raw.QueueCloseV2(handle=queue, cancel_pending_enqueues=cancels, name=f"{queue.op.name}_Close")
        what(x=raw.QueueDequeueV2(handle=queue, component_types=[tf.float32])[0])


def test_alike_queues_are_closed_by_their_own_ops():
    assert audit(_built(_queues, None), _built(_queues, "/device:CPU:*")).verdict == "faithful"
    wrong = _built(_queues, "/device:CPU:*", (True, True))
    assert audit(_built(_queues, None), wrong).verdict == "not faithful"


def _asserted(new, said="x must be positive", left=None):
    """An assertion, and constants of the same texts, which nothing uses; `left`: what one of them says instead."""
    x = tf.placeholder(tf.float32, [], name="x")
    texts = [said, "and x > 0:", "x (x:0) = "] if new else [said, "and x > 0: x = ", "x:0"]
    for place, text in enumerate(texts):
        tf.constant(left if left and place == 1 else text, name=f"Assert/Const_{place}")
    with tf.control_dependencies([raw.Assert(condition=raw.Less(x=0.0, y=x), data=[*texts, x])]):
        out(raw.Identity(input=x))


def test_what_an_assertion_says_is_compared_there_and_not_where_nothing_uses_it():
    result = audit(_built(_asserted, False), _built(_asserted, True))
    assert result.verdict == "faithful", result.differences
    assert "names in assertions" in result.rules
    assert audit(_built(_asserted, False), _built(_asserted, True, said="x may be any")).verdict == "not faithful"
    assert audit(_built(_asserted, False), _built(_asserted, True, left="for x < 0")).verdict == "not faithful"


_SAID = "Condition x <= y did not hold element-wise:"
_ASSERTED = {
    "1.0": lambda x, y: ["", f"{_SAID} x = ", x.name, x, "y = ", y.name, y],
    "1.2": lambda x, y: ["", f"{_SAID}x ({x.name}) = ", x, f"y ({y.name}) = ", y],
    "1.15": lambda x, y: [_SAID, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y],
}


def _compared(by, other=False):
    """An assertion without a message about two tensors, in the words of a release; `other`: about one of them twice."""
    x, y = (tf.placeholder(tf.float32, [], name=name) for name in "xy")
    data = _ASSERTED[by](x, x if other else y)
    raw.Assert(condition=raw.LessEqual(x=x, y=y), data=data)


@pytest.mark.parametrize("old", ["1.0", "1.2"])
def test_an_assertion_without_a_message_says_the_same_in_other_texts(old):
    result = audit(_built(_compared, old), _built(_compared, "1.15"))
    assert result.verdict == "faithful" and "names in assertions" in result.rules, result.differences
    assert audit(_built(_compared, old), _built(_compared, "1.15", other=True)).verdict == "not faithful"
    assert audit(_built(_compared, old, other=True), _built(_compared, "1.15")).verdict == "not faithful"


def _classified(by=0.1):
    """Logits that are a sum, trained by a cross entropy whose labels have a gradient as well."""
    x, labels = floats(None, 4), floats(None, 3, name="labels")
    w = tf.get_variable("w", initializer=tf.ones([4, 3]), use_resource=False)
    logits = tf.add_n([tf.matmul(x, w), tf.matmul(tf.square(x), w)])
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    tf.train.GradientDescentOptimizer(by).minimize(loss)


def _without_gradient_of_labels(graph_def):
    """Return a graph as the first releases made it: of the cross entropy's gradients that of the logits alone."""
    kept = tf.GraphDef()
    kept.CopyFrom(graph_def)
    del kept.node[:]
    names = [node.name for node in graph_def.node]
    (product,) = (one for one in names if one.endswith("softmax_cross_entropy_with_logits_sg_grad/mul"))
    place = product.removesuffix("mul")
    gone = ("LogSoftmax", "Neg", "ExpandDims_1", "ExpandDims_1/dim", "mul_1")
    for node in graph_def.node:
        if node.name in [place + one for one in gone] or node.name.startswith(place + "tuple/"):
            continue
        kept.node.add().CopyFrom(node)
        for slot, one in enumerate(node.input):
            if one.removeprefix("^").startswith(place + "tuple/"):
                kept.node[-1].input[slot] = "^" * one.startswith("^") + product
    return kept


def test_the_gradient_of_labels_goes_and_the_group_of_a_sum_before_it_stays():
    new = _built(_classified)
    result = audit(_without_gradient_of_labels(new), new)
    assert result.verdict == "faithful", result.differences
    assert "unused gradients" in result.rules
    assert audit(_without_gradient_of_labels(new), _built(_classified, by=0.2)).verdict == "not faithful"


def _gated(new, used=False, mistake=False):
    """Two gates of a cell whose first state is full of zeros, for which the first releases made a gradient."""
    x = floats(None, 3)
    w = tf.get_variable("w", initializer=tf.ones([6, 6]), use_resource=False)
    state = zeros = raw.Fill(dims=tf.stack([tf.shape(x)[0], 3]), value=0.0)
    for _ in range(2):
        both = tf.matmul(tf.concat([x, state], 1), w)
        if new:
            r, u = raw.Split(axis=1, value=raw.Sigmoid(x=both), num_split=2)
        else:
            r, u = (raw.Sigmoid(x=one) for one in raw.Split(axis=1, value=both, num_split=2))
        state = u * state + (1 - u) * tf.tanh(x * (u if mistake else r * state))
    gradients = tf.gradients(tf.reduce_sum(state), [w] if new else [w, zeros])
    if not new:
        total = raw.Sum(input=gradients[1], axis=[0, 1])
        if used:
            gradients[0] += raw.Tanh(x=total)
    tf.train.GradientDescentOptimizer(0.1).apply_gradients([(gradients[0], w)])


def test_the_gradient_of_zeros_that_cells_begin_with_goes_whatever_nodes_a_rule_made_around_it():
    result = audit(_built(_gated, False), _built(_gated, True))
    assert result.verdict == "numbers changed", result.differences  # by the order of sums in a GRU alone
    assert {one.cause for one in result.numbers} == {"gates"}
    assert audit(_built(_gated, False), _built(_gated, True, mistake=True)).verdict == "not faithful"
    assert audit(_built(_gated, False, used=True), _built(_gated, True)).verdict == "not faithful"


def _norms(new, of_both=False, root=True):
    """A norm, of a tensor whose square is used besides, or of the products of two tensors if it is `of_both`."""
    x, y = floats(5, 3), floats(5, 3, name="y")
    other = raw.Sum(input=raw.Square(x=x), axis=[0, 1])
    total = raw.Sum(input=raw.Mul(x=x, y=y if of_both else x) if new else raw.Square(x=x), axis=[0, 1])
    out(raw.Sub(x=raw.Exp(x=other), y=raw.Sqrt(x=total) if root else raw.Tanh(x=total)))


def test_a_norm_multiplies_or_squares_also_what_is_squared_besides():
    assert proved(_built(_norms, False), _built(_norms, True), seeds=20).rules["squared norm"]
    assert audit(_built(_norms, False), _built(_norms, True, of_both=True)).verdict == "not faithful"
    no_norms = (_built(_norms, new, root=False) for new in (False, True))
    assert audit(*no_norms).verdict == "not faithful"  # which tf.norm did not make


def _product(new, shapes=(None, (4, 3)), transpose=True, **notes):
    """A product of which the rank of a factor is unknown."""
    x, y = (raw.Placeholder(dtype=tf.float32, shape=shape, name=name) for shape, name in zip(shapes, "xy", strict=True))
    if new:
        out(raw.BatchMatMulV2(x=x, y=y, adj_y=transpose, **notes))
    else:
        out(raw.MatMul(a=x, b=y, transpose_b=True))


@pytest.mark.parametrize("shapes", [(None, (4, 3)), ((4, 3), None)])
def test_a_product_of_unknown_rank_is_one_of_matrices_or_of_batches(shapes):
    result = audit(_built(_product, False, shapes), _built(_product, True, shapes))
    assert result.verdict == "numbers changed", result.differences
    assert [one.cause for one in result.numbers] == ["product of unknown rank"]
    wrong = audit(_built(_product, False, shapes), _built(_product, True, shapes, transpose=False))
    assert wrong.verdict == "not faithful"


def test_a_product_of_unknown_rank_may_say_that_it_is_one_of_a_gradient():
    assert audit(_built(_product, True), _built(_product, True, grad_x=True)).verdict == "faithful"
    assert audit(_built(_product, True), _built(_product, True, transpose=False, grad_x=True)).verdict == "not faithful"


def test_a_product_of_two_unknown_ranks_was_one_of_batches():
    shapes = (None, None)
    assert audit(_built(_product, False, shapes), _built(_product, True, shapes)).verdict == "not faithful"
    assert audit(_built(_product, True, shapes), _built(_product, True, shapes)).verdict == "faithful"


def _handed_on(new, mistake=False, alive=False):
    """What a branch gives, merged with zeros for where it is sent into the other branch of the same condition.

    `alive`: it is sent by another condition, so that zeros may come.
    """
    x = floats(5, 3)
    condition, other = (raw.Less(x=one, y=0.0) for one in (x[0, 0], x[0, 1]))
    first, second = raw.Switch(data=x, pred=condition)
    given = raw.Exp(x=first) if mistake else raw.Tanh(x=first)
    if not new:
        again = raw.Switch(data=first, pred=other if alive else condition)
        zeros = raw.Fill(dims=raw.Shape(input=again.output_true), value=0.0)
        given = raw.Merge(inputs=[given, zeros])[0]
    out(raw.Merge(inputs=[given, raw.Neg(x=second)])[0])


def test_no_zeros_come_from_the_other_branch_of_the_same_condition():
    old = _built(_handed_on, False)
    assert "condition that always holds" in proved(old, _built(_handed_on, True)).rules
    assert audit(old, _built(_handed_on, True, mistake=True)).verdict == "not faithful"
    assert audit(_built(_handed_on, False, alive=True), _built(_handed_on, True)).verdict == "not faithful"
