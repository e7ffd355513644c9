"""Waits and places of TensorFlow 1.0 that say nothing: both forms give every bit; mistakes beside them are found."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.training import adam

from compat_v1.audit.comparison import audit
from oldest_forms import variable_of

raw = tf.raw_ops
SHAPE = (3, 4)


def _graph(form, *of, **more):
    """Build a form of a placeholder x, and return its graph; what the form returns is its result."""
    with tf.Graph().as_default() as graph:
        tf.identity(form(tf.placeholder(tf.float32, SHAPE, name="x"), *of, **more), name="result")
    return graph


def _audit(old, new):
    return audit(*(graph.as_graph_def() for graph in (old, new)))


def _are_bit_equal(*graphs, begin=()):
    """Whether graphs give the same result, and leave the same in their variables."""
    x = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
    found = []
    for graph in graphs:
        with tf.Session(graph=graph) as session:
            for name in begin:
                session.run(name, {"x:0": x})
            values = [session.run("result:0", {"x:0": x})]
            names = [one.name for one in graph.get_operations() if one.type == "VariableV2"]
            found.append([one.tobytes() for one in values + [session.run(f"{name}:0") for name in names]])
    return all(one == found[0] for one in found)


def _begun_with_zeros(x, old, value=0.0, behind="weights/Assign"):
    """Slots that begin with zeros in a variable's shape: its initial value is what they were made of."""
    weights, _ = variable_of("weights", np.full(SHAPE, 2.0, np.float32))
    raw.AssignAdd(ref=weights, value=x, name="update")
    if old:
        with tf.control_dependencies([tf.get_default_graph().get_operation_by_name(behind)]):
            begin = raw.ZerosLike(x=tf.identity(weights))
    else:
        begin = tf.constant(value, shape=SHAPE)
    slot = raw.VariableV2(shape=SHAPE, dtype=tf.float32, name="slot")
    raw.Assign(ref=slot, value=begin, name="slot/Assign")
    return raw.Mul(x=weights, y=x)


def test_zeros_that_variables_begin_with_wait_for_no_initializer():
    old, new = (_graph(_begun_with_zeros, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=("weights/Assign", "slot/Assign"))
    result = _audit(old, new)
    assert result.verdict == "faithful" and "initial value" in result.rules, result.differences
    assert _audit(old, _graph(_begun_with_zeros, False, value=1.0)).verdict == "not faithful"
    of_an_update = _graph(_begun_with_zeros, True, behind="update")
    assert _audit(of_an_update, new).verdict == "not faithful", "who resets the slots updates the weights"


def _initial_value(variable, assign, old):
    """What initialized_value made: of TensorFlow 1.0, or today's."""
    if old:
        with tf.control_dependencies([assign]):
            return tf.identity(variable)
    known = raw.IsVariableInitialized(ref=variable)
    first, _ = raw.Switch(data=assign.op.inputs[1], pred=known)
    return raw.Merge(inputs=[first, tf.identity(raw.RefSwitch(data=variable, pred=known)[1])])[0]


def _begun_twice(x, old, of=("a", "a")):
    """Two averages begin with the initial value of one variable."""
    made = {name: variable_of(name, np.full(SHAPE, start, np.float32)) for name, start in (("a", 2.0), ("b", 3.0))}
    for number, name in enumerate(of):
        average = raw.VariableV2(shape=SHAPE, dtype=tf.float32, name=f"average_{number}")
        raw.Assign(ref=average, value=_initial_value(*made[name], old), name=f"average_{number}/Assign")
    return raw.Mul(x=made["a"][0], y=x)


def test_a_variable_may_begin_several():
    old, new = (_graph(_begun_twice, is_old) for is_old in (True, False))
    begin = [f"{name}/Assign" for name in ("a", "b", "average_0", "average_1")]
    assert _are_bit_equal(old, new, begin=begin)
    result = _audit(old, new)
    assert result.verdict == "faithful" and "initial value" in result.rules, result.differences
    for of in (("a", "b"), ("b", "a")):
        assert _audit(old, _graph(_begun_twice, False, of=of)).verdict == "not faithful"


def _initialized_again(x, old, of="a"):
    """A pass before training, that begins with what a variable begins with."""
    made = {name: variable_of(name, np.full(SHAPE, start, np.float32)) for name, start in (("a", 2.0), ("b", 3.0))}
    raw.AssignAdd(ref=made["a"][0], value=x, name="update")
    return raw.Mul(x=_initial_value(*made[of], old), y=x)


def _initialized_behind(x, old):
    """A variable that is initialized behind an update of another."""
    variable = raw.VariableV2(shape=SHAPE, dtype=tf.float32, name="a")
    other, _ = variable_of("c", np.full(SHAPE, 5.0, np.float32))
    with tf.control_dependencies([raw.Assign(ref=other, value=tf.fill(SHAPE, 3.0))]):
        assign = raw.Assign(ref=variable, value=tf.fill(SHAPE, 2.0))
    return raw.Mul(x=_initial_value(variable, assign, old), y=x)


def test_who_computes_an_initial_value_initializes_again():
    old, new = (_graph(_initialized_again, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=("a/Assign", "b/Assign"))
    assert not _are_bit_equal(old, new, begin=("a/Assign", "b/Assign", "update"))
    result = _audit(old, new)
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["initialized again"])
    assert _audit(old, _graph(_initialized_again, False, of="b")).verdict == "not faithful"
    assert _audit(new, old).verdict == "not faithful", "no newer release does"
    old, new = (_graph(_initialized_behind, is_old) for is_old in (True, False))
    assert _audit(old, new).verdict == "not faithful", "another is initialized again by the first alone"


def _loop_in_a_loop(x, turns, inner=2):
    """A loop in each turn of another, which counts its turns once more if it is told how many there are at most."""

    def body(k, value):
        def step(j, one, total):
            return j + 1, one * 0.5 + 1.0, total + one

        _, value, total = tf.while_loop(lambda j, *_: j < inner, step, [0, value, x], name="inner")  # x enters twice
        return [k + 1, value * total]

    return tf.while_loop(lambda k, _: k < 3, body, [tf.constant(0), x], name="outer", maximum_iterations=turns)[1]


@pytest.mark.usefixtures("loops_of_ops")
def test_a_loop_in_a_loop_that_counts_its_turns_twice():
    old, new = (_graph(_loop_in_a_loop, turns) for turns in (None, 3))
    assert _are_bit_equal(old, new)
    result = _audit(old, new)
    assert result.verdict == "faithful" and "counted turns" in result.rules, result.differences
    for mistake in ({"turns": 2}, {"turns": 3, "inner": 3}):
        assert _audit(old, _graph(_loop_in_a_loop, **mistake)).verdict == "not faithful", mistake


def _scaled_behind_an_update(x, old, used="behind", number=0.0):
    """A product with zeros in the shape of what comes behind an update, which need not be asked for its shape."""
    count, _ = variable_of("count", np.zeros((1,), np.float32))
    with tf.control_dependencies([raw.AssignAdd(ref=count, value=[1.0])]):
        behind = tf.identity(x, name="behind")
    labels = raw.ZerosLike(x=behind) if old else tf.constant(number, shape=SHAPE)
    product = raw.Mul(x=raw.Exp(x=x), y=labels)
    return raw.AddV2(x=product, y=raw.Tanh(x=behind if used == "behind" else x)) if used else product


def test_what_is_multiplied_by_zeros_need_not_come_behind_what_their_shape_is_of():
    old, new = (_graph(_scaled_behind_an_update, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=["count/Assign"])
    result = _audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert _audit(old, _graph(_scaled_behind_an_update, False, number=1.0)).verdict == "not faithful"
    for used in ("alone", ""):  # in the port nothing then counts
        graphs = [_graph(_scaled_behind_an_update, is_old, used=used) for is_old in (True, False)]
        assert _audit(*graphs).verdict == "not faithful", used


def _behind(x, old, of="a chain"):
    """What waits for an update that what it takes comes behind in any case; or only seems to."""
    count, _ = variable_of("count", np.zeros(SHAPE, np.float32))
    counted = raw.AssignAdd(ref=count, value=x)
    value = raw.Exp(x=raw.Tanh(x=raw.Neg(x=counted)))
    if of == "a branch":  # the other may be taken
        other, this = raw.Switch(data=x, pred=raw.Less(x=x[0, 0], y=0.0))
        value = raw.Merge(inputs=[raw.Exp(x=other), raw.Mul(x=raw.Exp(x=this), y=counted)])[0]
    elif of == "another":
        value = raw.Exp(x=raw.Tanh(x=raw.Neg(x=x)))
    with tf.control_dependencies([counted] if old else []):
        return raw.Sqrt(x=raw.Square(x=raw.Abs(x=value)))


def test_what_comes_behind_another_need_not_wait_for_it():
    old, new = (_graph(_behind, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=["count/Assign"])
    result = _audit(old, new)
    assert result.verdict == "faithful" and "waits for operands" in result.rules, result.differences
    for of in ("a branch", "another"):
        graphs = [_graph(_behind, is_old, of=of) for is_old in (True, False)]
        assert _audit(*graphs).verdict == "not faithful", of


def _slot_of_a_constant(x, old, start=0.1):
    """What a slot begins with is a constant beside its variable, and that constant's name another's in the port."""
    weights, _ = variable_of("weights", np.ones(SHAPE, np.float32))

    def scaled(name):
        number = tf.constant(2.0, name=name)
        with tf.colocate_with(number.op):
            other, this = raw.Switch(data=number, pred=raw.Less(x=x[0, 0], y=0.0))
        return raw.Mul(x=x, y=raw.Merge(inputs=[raw.Exp(x=other), raw.Neg(x=this)])[0])

    x = x if old else scaled("Const")
    with tf.colocate_with(weights.op):
        begin = tf.constant(start, shape=SHAPE, name="Const" if old else "slot/Initializer/Const")
        slot = raw.VariableV2(shape=SHAPE, dtype=tf.float32, name="slot")
        raw.Assign(ref=slot, value=begin, name="slot/Assign")
    return raw.AddV2(x=scaled("Const_1") if old else x, y=weights)


def test_constants_of_one_name_by_chance_are_placed_apart():
    old, new = (_graph(_slot_of_a_constant, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=["weights/Assign", "slot/Assign"])
    assert _audit(old, new).verdict == "faithful"
    assert _audit(old, _graph(_slot_of_a_constant, False, start=0.2)).verdict == "not faithful"


@tf.RegisterGradient("CrossEntropyOfLogits")
def _of_logits(op, gradient, _):
    return raw.ExpandDims(input=gradient, axis=-1) * op.outputs[1], None


def _loss_of_batches(x, old, times=1.0):
    """The gradient of a cross entropy of rows of batches, with one for its labels, or without."""
    logits = tf.reshape(x, [3, 2, 2]) * 3.0
    names = {"SoftmaxCrossEntropyWithLogits": "CrossEntropyOfLogits"} if old else {}
    with tf.get_default_graph().gradient_override_map(names):
        labels = tf.constant([[0.5, 0.5], [1.0, 0.0]] * 3)
        loss, _ = raw.SoftmaxCrossEntropyWithLogits(
            features=raw.Reshape(tensor=logits, shape=[-1, 2]), labels=labels if old else raw.StopGradient(input=labels)
        )
    found = tf.gradients(loss * times, [x], gate_gradients=True)[0]
    loss.op._clear_attr("_gradient_op_type")
    weights, _ = variable_of("weights", np.ones(SHAPE, np.float32))
    return raw.AssignSub(ref=weights, value=found)


def test_labels_of_rows_of_batches_have_no_gradient():
    old, new = (_graph(_loss_of_batches, is_old) for is_old in (True, False))
    assert _are_bit_equal(old, new, begin=["weights/Assign"])
    assert "LogSoftmax" in {one.type for one in new.get_operations()} - {one.type for one in old.get_operations()}
    result = _audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert _audit(old, _graph(_loss_of_batches, False, times=2.0)).verdict == "not faithful"


@pytest.mark.parametrize("machine", ["", "/job:ps/task:1"])
def test_checkpoints_are_read_on_the_cpu_of_any_machine(machine):
    def restored(x, place):
        with tf.device(place or None):
            path = raw.PlaceholderWithDefault(input=tf.constant("model"), shape=())
            return raw.RestoreV2(prefix=path, tensor_names=["v"], shape_and_slices=[""], dtypes=[tf.float32])[0]

    old, new = (_graph(restored, place) for place in (machine, f"{machine}/device:CPU:0"))
    for graph in (old, new):  # the path is read where the checkpoint is
        graph.get_operation_by_name("PlaceholderWithDefault")._set_device(machine)
        graph.get_operation_by_name("Const")._set_device(machine)
    result = _audit(old, new)
    left = [one.what for one in result.differences if "is placed" in one.what and "RestoreV2" in one.node]
    assert left == [], left
    elsewhere = _audit(old, _graph(restored, "/job:ps/task:2/device:CPU:0"))
    assert elsewhere.verdict == "not faithful"


def _counting_down(x, turns, start=3, last=0):
    def body(k, value):
        return [k - 1, value * tf.cast(k, tf.float32)]

    return tf.while_loop(lambda k, _: k > last, body, [tf.constant(start), x], maximum_iterations=turns)[1]


@pytest.mark.usefixtures("loops_of_ops")
@pytest.mark.parametrize("start", [3, 2])  # with the first value given, as `tf.foldr`, or taken
def test_a_loop_that_counts_down_and_counts_its_turns_besides(start):
    old, new = (_graph(_counting_down, turns, start) for turns in (None, 3))
    assert _are_bit_equal(old, new)
    result = _audit(old, new)
    assert result.verdict == "faithful" and "counted turns" in result.rules, result.differences
    for mistake in ((1, start), (3, start - 1), (3, start, 1)):
        assert _audit(old, _graph(_counting_down, *mistake)).verdict == "not faithful", mistake
    edited = new.as_graph_def()
    (entering,) = (node for node in edited.node if node.op == "Enter" and "iteration_counter" in node.input[0])
    entering.attr["is_constant"].b = True
    assert audit(old.as_graph_def(), edited).verdict == "not faithful", "a count that enters anew in each turn"


def _updated(servers=3, beside=None):
    """Variables on servers in turn, of which Adam updates two, its numbers beside `beside` or where it puts them."""
    with tf.Graph().as_default() as graph, pytest.MonkeyPatch.context() as patch:
        setter = tf.train.replica_device_setter(ps_tasks=servers, worker_device="/job:worker/task:0")
        with tf.device(setter if servers else None):
            x = tf.placeholder(tf.float32, SHAPE, name="x")
            ones = {name: tf.Variable(tf.ones(SHAPE[1:]), name=name, use_resource=False) for name in ("w", "b", "a")}
            if beside:
                patch.setattr(adam, "min", lambda _, key: ones[beside], raising=False)
            loss = tf.reduce_sum(x * ones["w"] + ones["b"] * ones["a"])
            tf.train.AdamOptimizer(0.5).minimize(loss, var_list=[ones["w"], ones["b"]])
    return graph.as_graph_def()


@pytest.mark.parametrize("servers", [0, 1, 3])
def test_numbers_of_an_optimizer_are_beside_the_first_variable_by_name(servers):
    result = audit(_updated(servers, beside="w"), _updated(servers))
    assert result.verdict == "faithful" and "colocation" in result.rules, result.differences


def test_numbers_of_an_optimizer_are_on_no_other_server():
    assert audit(_updated(beside="w"), _updated(beside="a")).verdict == "not faithful"
    assert audit(_updated(beside="a"), _updated()).verdict == "not faithful"
    assert audit(_updated(), _updated(beside="w")).verdict == "not faithful"
