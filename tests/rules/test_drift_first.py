"""Averages, norms, chosen rates and rows by number as the first releases wrote them, and mistakes beside."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.training import moving_averages

from compat_v1.audit.comparison import audit
from drift_cases import floats, out
from drift_cases_oldest import masked, unsorted_rows
from test_drift import proved, runs

raw = tf.raw_ops


def _built(form, *args, **options):
    with tf.Graph().as_default() as graph:
        form(*args, **options)
    return graph.as_graph_def()


# Averages without bias.


def _averaged(new, decays=(0.9, 0.9), early=False, by=1.0, base=None, of_first=False, count=1.0):
    """Two averages, by today's function or as it was; `early`: read when one of the two updates is done."""
    x = floats(None, 3)
    means = tf.reduce_mean(x, 0), tf.reduce_max(x, 0)
    names, variables = ("biased", "local_step"), []
    tf.get_variable_scope().set_use_resource(False)
    for name, mean, decay in zip("ab", means, decays, strict=True):
        variable = tf.get_variable(name, [3], initializer=tf.zeros_initializer())
        variables.append(variable)
        if new:
            moving_averages.assign_moving_average(variable, mean, decay, name=f"move_{name}")
            continue
        with tf.variable_scope(name), tf.colocate_with(variable):
            average, steps = (
                tf.get_variable(one, shape, initializer=tf.zeros_initializer(), trainable=False)
                for one, shape in zip(names, ([3], []), strict=True)
            )
            rest = tf.constant(1.0 - decay)
            updates = tf.assign_sub(average, (average - mean) * rest), tf.assign_add(steps, count)
            with tf.control_dependencies(updates[:1] if early else updates):
                exponent = tf.pow((base or 1.0) - rest, steps.read_value())
                debiased = average.read_value() / (by - exponent)
                less = (variables[0] if of_first else variable) - debiased
        tf.assign_sub(variable, less, name=f"move_{name}")
    tf.variables_initializer(tf.global_variables(), name="begin")


def _moved(graph_def):
    """Return the averages after each of five updates."""
    values = np.random.default_rng(3).normal(size=(5, 4, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        session.run("begin")
        return [session.run(["move_a:0", "move_b:0"], {"x:0": one}) for one in values]


@pytest.mark.parametrize("decays", [(0.9, 0.9), (0.9, 0.99)])
def test_an_average_without_bias_is_set_instead_of_subtracted_from(decays):
    old, new = _built(_averaged, False, decays), _built(_averaged, True, decays)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["debiased average"]
    np.testing.assert_allclose(_moved(old), _moved(new), rtol=1e-5, atol=1e-6)
    assert audit(old, _built(_averaged, False, decays)).verdict == "faithful", "the port that the advice asks for"


@pytest.mark.parametrize(
    "mistake",
    [{"early": True}, {"by": 2.0}, {"base": 2.0}, {"of_first": True}, {"count": 2.0}, {"decays": (0.9, 0.5)}],
    ids=str,
)
def test_no_mistake_in_an_average_without_bias_is_excused(mistake):
    old, new = _built(_averaged, False, **mistake), _built(_averaged, True)
    assert audit(old, new).verdict == "not faithful"


# Gradients of norms.


def _norm(new, used=False, gated=True, axis=1, by=1.0, root=True):
    """A norm's gradient for what has other uses, or none; `root`: whether it is one, or made by hand of the squares."""
    x, y = floats(5, 3), raw.Tanh(x=floats(5, 3, name="y"))
    product = x * y
    if root:
        norm = tf.norm(product, axis=axis) if new else tf.sqrt(tf.reduce_sum(tf.square(product), axis, keepdims=True))
        norm = norm if new else tf.squeeze(norm, axis)
    else:
        norm = tf.exp(tf.reduce_sum(product * product if new else tf.square(product), axis))
    total = tf.reduce_sum(norm) * by + (tf.reduce_sum(tf.exp(product)) if used else 0.0)
    out(raw.Tanh(x=tf.gradients(total, x, gate_gradients=gated)[0]))


def _results(*graphs):
    """Return what each of some graphs gives on 20 random inputs."""
    return [np.frombuffer(b"".join(runs(one, range(20))), np.float32) for one in graphs]


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("used", [False, True])
def test_the_gradient_of_a_norm_is_a_product_or_a_sum_of_two(used, gated):
    old, new = _built(_norm, False, used, gated), _built(_norm, True, used, gated)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["gradient of a norm"]
    results = _results(old, new)
    np.testing.assert_allclose(*results, rtol=1e-5)
    assert used or results[0].tobytes() == results[1].tobytes()
    for mistake in ({"axis": 0}, {"by": 2.0}):
        assert audit(old, _built(_norm, True, used, gated, **mistake)).verdict == "not faithful"


@pytest.mark.parametrize("used", [False, True])
def test_the_gradient_of_other_squares_is_as_the_program_wrote_them(used):
    old, new = _built(_norm, False, used, root=False), _built(_norm, True, used, root=False)
    assert audit(old, new).verdict == "not faithful"
    assert audit(new, new).verdict == "faithful"


def _norm_beside_a_square(new, updates=(0,), mistake=None):
    """The gradients of a norm and of a square of one tensor, made behind some of two updates."""
    x = floats(5, 3)
    product = x * raw.Tanh(x=floats(5, 3, name="y"))
    others = tf.square(x if mistake == "of another" else product, name="others")
    for _ in range(4):  # so that the norm's gradient is made before it
        others = raw.Tanh(x=others)
    square = None if new else tf.square(product, name="of_norm")
    norm = tf.norm(product, axis=1) if new else tf.squeeze(tf.sqrt(tf.reduce_sum(square, 1, keepdims=True)), 1)
    variables = [raw.VariableV2(shape=[], dtype=tf.float32, name=name) for name in "ab"]
    moved = [raw.Assign(ref=one, value=tf.constant(2.0)) for one in variables]
    with tf.control_dependencies([moved[one] for one in updates]):
        out(tf.gradients(tf.reduce_sum(norm) + tf.reduce_sum(others), x, gate_gradients=True)[0])
    for waits in ([], moved[1:]):
        with tf.control_dependencies(waits):
            out(raw.Mul(x=2.0, y=product))


@pytest.mark.parametrize("updates", [(), (0,)])
def test_the_gradients_of_a_norm_and_of_a_square_take_one_tensor_twice(updates):
    old, new = _built(_norm_beside_a_square, False, updates), _built(_norm_beside_a_square, True, updates)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["gradient of a norm"]
    np.testing.assert_allclose(*_results(old, new), rtol=1e-5)
    for mistake in ({"updates": (1,)}, {"updates": (0, 1)}, {"mistake": "of another"}):
        assert audit(old, _built(_norm_beside_a_square, True, **{"updates": updates, **mistake})).differences


def _norm_in_a_loop(new, axis=1, by=1.0):
    """A state that is divided by its norm turn by turn, for whose gradient it is kept."""
    x, w = floats(5, 3), floats(3, 3, name="w")

    def turn(hidden):
        hidden = tf.matmul(hidden, w) + x
        if new:
            norm = tf.norm(hidden, axis=axis, keepdims=True)
        else:
            norm = tf.sqrt(tf.reduce_sum(tf.square(hidden), axis, keepdims=True))
        return hidden / (norm * by)

    hidden = tf.while_loop(lambda _: tf.constant(True), turn, [x], maximum_iterations=3)
    out(tf.gradients(tf.reduce_sum(hidden**3), w)[0])


@pytest.mark.usefixtures("loops_of_ops")
def test_the_gradient_of_a_norm_in_a_loop_takes_what_is_kept():
    old, new = _built(_norm_in_a_loop, False), _built(_norm_in_a_loop, True)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["gradient of a norm"]
    np.testing.assert_allclose(*_results(old, new), rtol=1e-4, atol=1e-5)
    for mistake in ({"axis": 0}, {"by": 2.0}):
        assert audit(old, _built(_norm_in_a_loop, True, **mistake)).verdict == "not faithful"


def _norm_behind_updates(makes_one):
    """The gated gradients of a norm, that wait for an update; and one for the 1 of ones_like(x), which nothing uses."""
    x, y = floats(3, 4), floats(3, 4, name="y")
    average = raw.VariableV2(shape=[], dtype=tf.float32, name="average")
    loss = tf.reduce_sum(tf.sqrt(tf.reduce_sum(x * x, 1, keepdims=True)) * x)
    with tf.control_dependencies([raw.Assign(ref=average, value=tf.constant(2.0))]):
        out(tf.gradients(loss, x, gate_gradients=True)[0])
    gradient = raw.ReluGrad(gradients=y, features=x)
    if makes_one:
        raw.Sum(input=gradient, axis=[0, 1])
    raw.AssignSub(ref=raw.VariableV2(shape=[3, 4], dtype=tf.float32, name="weights"), value=gradient)


def test_a_norm_is_the_same_where_one_graph_alone_has_gradients_that_nothing_uses():
    old, new = _built(_norm_behind_updates, True), _built(_norm_behind_updates, False)
    result = audit(old, new)
    assert result.verdict == "faithful" and "unused gradients" in result.rules, result.differences


# Chosen by conditions that are not asked to exclude each other.


def _rate(new, limit=2.0, tells=False):
    """A rate by how large a number is; `tells`: the condition asked second is told as well."""
    x = floats(3)
    size = raw.Sum(input=x, axis=[0])
    conditions = [raw.Less(x=size, y=-1.0), raw.Less(x=size, y=limit)]
    first, second = (raw.Exp(x=x), raw.Tanh(x=x))
    result = raw.Neg(x=x)
    tf.disable_control_flow_v2()
    try:
        if new:
            result = tf.case([(conditions[0], lambda: first * 2.0), (conditions[1], lambda: second)], lambda: result)
        else:
            none, asked = tf.constant(True), []
            for condition in conditions:
                asked.append(raw.LogicalAnd(x=condition, y=none))
                none = raw.LogicalAnd(x=none, y=raw.LogicalNot(x=condition))
            result = tf.cond(none, lambda: result, lambda: tf.zeros([3]))
            inner = tf.cond(asked[1], lambda: second, lambda: result)
            result = tf.cond(asked[0], lambda: first * 2.0, lambda: inner)
    finally:
        tf.enable_control_flow_v2()
    out(raw.Mul(x=result, y=raw.Cast(x=conditions[1], DstT=tf.float32)) if tells else raw.Tanh(x=result))


@pytest.mark.parametrize("tells", [False, True])
def test_a_comparison_that_only_a_branch_asks_is_left_out_where_it_was(tells):
    result = proved(_built(_rate, False, tells=tells), _built(_rate, True, tells=tells), seeds=20)
    assert "case in case" in result.rules
    wrong = _built(_rate, True, limit=3.0, tells=tells)
    assert audit(_built(_rate, False, tells=tells), wrong).verdict == "not faithful"
    if tells:
        assert audit(_built(_rate, False, tells=True), _built(_rate, True)).verdict == "not faithful"


# Rows by their numbers.


@pytest.mark.parametrize("wrong", ["asked", "across", "ones", "not summed"])
def test_rows_are_taken_by_numbers_that_a_sum_has_taken_and_else_as_the_program_says(wrong):
    assert audit(_built(unsorted_rows, False, wrong), _built(unsorted_rows, True, wrong)).verdict == "not faithful"


def test_rows_are_taken_by_numbers_whichever_op_selects_them():
    proved(_built(unsorted_rows, True, "selected"), _built(unsorted_rows, True))
    for wrong in ("asked", "across", "ones"):
        one, other = _built(unsorted_rows, True, "selected"), _built(unsorted_rows, True, wrong)
        assert audit(one, other).verdict == "not faithful"
    assert audit(_built(unsorted_rows, True, "selected"), _built(unsorted_rows, False)).verdict == "not faithful"


def test_a_port_that_stops_at_a_row_below_0_is_another_program():
    assert audit(_built(unsorted_rows, True), _built(unsorted_rows, False)).verdict == "not faithful"


def test_only_a_mask_is_as_wide_as_a_length_below_0():
    for mistake in ("others", "less", "alone"):
        old, new = (_built(masked, is_new, mistake) for is_new in (False, True))
        assert audit(old, new).verdict == "not faithful", mistake
    assert audit(_built(masked, True, None), _built(masked, False, None)).verdict == "not faithful"


def _largest(new, by=1.0, begin=0):
    """The gradient of top_k, of as many rows as are fed."""
    x = floats(None, 3)
    values, places = raw.TopKV2(input=x, k=2)
    rows, kind = raw.Shape(input=x)[0], tf.int64 if new else tf.int32
    begins = raw.Range(start=tf.cast(begin, kind), limit=tf.cast(rows * 3, kind), delta=tf.constant(3, kind))
    begins = (
        raw.Cast(x=raw.ExpandDims(input=begins, axis=-1), DstT=tf.int32)
        if new
        else raw.ExpandDims(input=begins, axis=-1)
    )
    places = raw.Reshape(tensor=raw.AddV2(x=places, y=begins), shape=[-1])
    gradient = raw.Reshape(tensor=raw.Mul(x=raw.Exp(x=values), y=by), shape=[-1])
    shape = raw.Reshape(tensor=rows * 3, shape=[1])
    if new:
        total = raw.ScatterNd(indices=raw.ExpandDims(input=places, axis=-1), updates=gradient, shape=shape)
    else:
        total = raw.SparseToDense(
            sparse_indices=places, output_shape=shape, sparse_values=gradient, default_value=0.0, validate_indices=False
        )
    out(raw.Reshape(tensor=total, shape=raw.Shape(input=x)))


def test_where_rows_begin_is_counted_in_as_many_bits_as_it_takes():
    old, new = _built(_largest, False), _built(_largest, True)
    result = audit(old, new)
    assert result.differences == [] and [one.cause for one in result.numbers] == ["gradient of top_k"]
    np.testing.assert_array_equal(*_results(old, new))
    for mistake in ({"by": 2.0}, {"begin": 1}):
        assert audit(old, _built(_largest, True, **mistake)).verdict == "not faithful"


def _gathered(new, mistake=False):
    """Numbers are gathered from an array, which says itself that all are of one shape, or what gathers says it."""
    x = raw.Exp(x=floats(None))
    array = raw.TensorArrayV3(size=tf.size(x), dtype=tf.float32, identical_element_shapes=new)
    flow = raw.TensorArrayScatterV3(handle=array.handle, indices=tf.range(tf.size(x)), value=x, flow_in=array.flow)
    numbers = raw.TensorArrayGatherV3(
        handle=array.handle, indices=tf.range(tf.size(x)), flow_in=flow, dtype=tf.float32, element_shape=[]
    )
    size = raw.Shape(input=x[1:] if mistake else numbers)
    out(raw.Tile(input=raw.Reshape(tensor=raw.Sum(input=numbers, axis=[0]), shape=[1]), multiples=size))


def test_of_numbers_that_are_gathered_there_are_as_many_as_were_asked_for():
    old, new = _built(_gathered, False), _built(_gathered, True)
    assert audit(old, new).verdict == "not faithful"  # infer_shape=False: elements may have any shapes in one alone
    old.versions.producer = 24  # of TensorFlow 1.4, whose arrays did not say it
    assert audit(old, new).verdict == "faithful", audit(old, new).differences
    assert audit(old, _built(_gathered, True, mistake=True)).verdict == "not faithful"


# Logarithms of a softmax over the last of some axes.


def _logarithms(new, axis=-1, of_others=False, last=4):
    x, gradient = floats(2, 3, 4), raw.Exp(x=floats(2, 3, 4, name="y"))
    if new:
        logarithms = raw.LogSoftmax(logits=x)
        total = raw.Sum(input=raw.Exp(x=x) if of_others else gradient, axis=[axis], keep_dims=True)
        back = raw.Sub(x=gradient, y=raw.Mul(x=total, y=raw.Exp(x=logarithms)))
    else:
        rows = raw.LogSoftmax(logits=raw.Reshape(tensor=x, shape=[-1, last]))
        gradients = raw.Reshape(tensor=gradient, shape=[-1, last])
        others = raw.Exp(x=raw.Reshape(tensor=x, shape=[-1, last])) if of_others else gradients
        total = raw.Reshape(tensor=raw.Sum(input=others, axis=[1]), shape=[-1, 1])
        back = raw.Sub(x=gradients, y=raw.Mul(x=total, y=raw.Exp(x=rows)))
        logarithms, back = (raw.Reshape(tensor=one, shape=[2, 3, 4]) for one in (rows, back))
    out(raw.Atan2(y=logarithms, x=back))


def test_the_logarithm_of_a_softmax_and_its_gradient_are_those_of_all_rows():
    result = proved(_built(_logarithms, False), _built(_logarithms, True), seeds=20)
    assert "rows of a softmax" in result.rules
    for mistake in ({"axis": 1}, {"of_others": True}):
        assert audit(_built(_logarithms, False), _built(_logarithms, True, **mistake)).verdict == "not faithful"
    assert audit(_built(_logarithms, False, of_others=True), _built(_logarithms, True)).verdict == "not faithful"


def _of_pixels(new, behind, log=False, mistake=False):
    """A softmax for each pixel of images, reshaped as `behind` says one after the other, and its gradient."""
    shape = [5, 1, 1, 4]
    x, gradient = floats(*shape), raw.Exp(x=floats(*behind[-1], name="y"))
    op = raw.LogSoftmax if log else raw.Softmax
    y = soft = op(logits=x if new else raw.Reshape(tensor=x, shape=[-1, 4]))
    for sizes in behind if new else [shape, *behind]:
        y = raw.Reshape(tensor=y, shape=sizes)
    for sizes in [*behind[-2::-1], shape, *([] if new else [[-1, 4]])]:
        gradient = raw.Reshape(tensor=gradient, shape=sizes)
    factor = raw.Exp(x=raw.Neg(x=soft) if mistake else soft) if log or mistake else soft
    total = raw.Sum(input=gradient if log else raw.Mul(x=gradient, y=factor), axis=[-1], keep_dims=new)
    total = total if new else raw.Reshape(tensor=total, shape=[-1, 1])
    back = raw.Mul(x=total, y=factor) if log else raw.Mul(x=raw.Sub(x=gradient, y=total), y=soft)
    back = raw.Sub(x=gradient, y=back) if log else back
    out(raw.Atan2(y=raw.Reshape(tensor=raw.Tanh(x=y), shape=shape), x=raw.Reshape(tensor=back, shape=shape)))


@pytest.mark.parametrize("behind", [[[5, 4]], [[5, 1, 4]], [[10, 2]], [[5, 4], [20, 1]]], ids=str)
@pytest.mark.parametrize("log", [False, True])
def test_the_gradient_of_a_softmax_may_come_from_what_it_was_squeezed_or_reshaped_into(log, behind):
    old, new = _built(_of_pixels, False, behind, log), _built(_of_pixels, True, behind, log)
    assert "rows of a softmax" in proved(old, new).rules
    assert audit(old, _built(_of_pixels, True, behind, log, mistake=True)).verdict == "not faithful"
    assert audit(_built(_of_pixels, False, behind, log, mistake=True), new).verdict == "not faithful"


def test_rows_of_another_length_have_another_softmax():
    for last in (2, 12):
        assert audit(_built(_logarithms, False, last=last), _built(_logarithms, True)).verdict == "not faithful"


# Losses whose weights are held to be such.


def _weighed(new, other=False, mistake=False):
    """A quotient by a count of weights that an assertion is about; `other`: the quotient waits for one more."""
    total, weights = raw.Exp(x=floats(1)), floats(3, name="w")
    tf.disable_control_flow_v2()
    try:
        fits, more = (tf.Assert(raw.All(input=raw.Less(x=weights, y=most), axis=[0]), ["fits"]) for most in (9.0, 8.0))
    finally:
        tf.enable_control_flow_v2()
    with tf.control_dependencies([fits]):
        none, one = raw.Fill(dims=[3], value=0.0), raw.Fill(dims=[3], value=1.0)
        present = raw.Select(condition=raw.Equal(x=weights, y=0.0), x=one if mistake else none, y=one)
        count = raw.Sum(input=raw.Mul(x=present, y=one), axis=[0], keep_dims=True)
        if new:
            out(raw.DivNoNan(x=total, y=count))
            return
    with tf.control_dependencies([more if other else fits]):
        none, one = raw.Fill(dims=[1], value=0.0), raw.Fill(dims=[1], value=1.0)
        divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=one, y=count)
        out(raw.Select(condition=raw.Greater(x=count, y=0.0), x=raw.RealDiv(x=total, y=divisor), y=none))


def test_a_quotient_by_a_count_may_wait_for_what_the_count_has_waited_for():
    result = proved(_built(_weighed, False), _built(_weighed, True))
    assert "quotient or 0" in result.rules
    assert audit(_built(_weighed, False), _built(_weighed, True, mistake=True)).verdict == "not faithful"
    assert audit(_built(_weighed, False, other=True), _built(_weighed, True)).verdict == "not faithful"


def _counted_of_one(new, weight=1.0):
    """A quotient by the count of one weight, which is broadcast to losses that are one."""
    total, weights = raw.Sum(input=floats(1, 1), axis=[0, 1]), floats(3, name="w")[0]
    present = raw.Select(condition=raw.Equal(x=weights, y=raw.Abs(x=weights)), x=0.0, y=1.0)
    count = raw.Sum(input=raw.Mul(x=present, y=[[weight]]), axis=[0, 1])
    if new:
        out(raw.DivNoNan(x=total, y=count))
        return
    divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=1.0, y=count)
    out(raw.Select(condition=raw.Greater(x=count, y=0.0), x=raw.RealDiv(x=total, y=divisor), y=0.0))


def test_a_count_may_be_of_one_loss():
    result = proved(_built(_counted_of_one, False), _built(_counted_of_one, True), seeds=20)
    assert "quotient or 0" in result.rules
    assert audit(_built(_counted_of_one, False), _built(_counted_of_one, True, weight=0.0)).verdict == "not faithful"
    negative = (_built(_counted_of_one, new, weight=-1.0) for new in (False, True))
    assert audit(*negative).verdict == "not faithful", "one is 0 where it is negative"


def _mean_of_all(new, weight=1.0):
    """The sum of losses by how many they are, as tf.losses takes their mean, and its gradient."""
    losses, gradient = floats(None, 3), floats(1, name="y")
    ones = raw.Fill(dims=raw.Shape(input=losses), value=weight)
    count = raw.Reshape(tensor=raw.Sum(input=ones, axis=[0, 1]), shape=[1])
    total = raw.Reshape(tensor=raw.Sum(input=losses, axis=[0, 1]), shape=[1])
    if new:
        out(raw.AddV2(x=raw.DivNoNan(x=total, y=count), y=raw.DivNoNan(x=gradient, y=count)))
        return
    none = raw.Fill(dims=[1], value=0.0)
    divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=raw.Fill(dims=[1], value=1.0), y=count)
    above = raw.Greater(x=count, y=0.0)
    back = raw.RealDiv(x=raw.Select(condition=above, x=gradient, y=none), y=divisor)
    out(raw.AddV2(x=raw.Select(condition=above, x=raw.RealDiv(x=total, y=divisor), y=none), y=back))


def test_a_count_may_be_of_all_losses():
    result = proved(_built(_mean_of_all, False), _built(_mean_of_all, True))
    assert "quotient or 0" in result.rules
    assert audit(_built(_mean_of_all, False), _built(_mean_of_all, True, weight=2.0)).verdict == "not faithful"
    negative = (_built(_mean_of_all, new, weight=-1.0) for new in (False, True))
    assert audit(*negative).verdict == "not faithful", "one is 0 where it is negative"


def _counted_classes(new, mistake=False):
    """How many of each class are right, by how many there are, as tf.metrics counts them in a variable."""
    x = floats(4)
    total = tf.Variable([0.0, 1.0, 0.0], use_resource=False)
    with tf.control_dependencies([total.initializer]):
        count = raw.ScatterAdd(ref=total._ref(), indices=[0, 1], updates=[1.0, 1.0])
    right = raw.AddV2(x=x[:3], y=1.0)
    if new:
        limit = 1.0 if mistake else 0.0
        out(raw.DivNoNan(x=right, y=raw.Maximum(x=count, y=limit)))
        return
    none = raw.Fill(dims=[3], value=0.0)
    out(raw.Select(condition=raw.Greater(x=count, y=none), x=raw.RealDiv(x=right, y=count), y=none))


def test_a_count_may_be_of_each_class():
    result = proved(_built(_counted_classes, False), _built(_counted_classes, True))
    assert "quotient or 0" in result.rules
    assert (
        audit(_built(_counted_classes, False), _built(_counted_classes, True, mistake=True)).verdict == "not faithful"
    )


def of_one_count(new, mistake):
    """The gradients of two losses that are divided by one count: chosen from zeros like each loss, or one of both."""
    losses, gradient, weights = [floats(3, name=name) for name in "ab"], floats(1, name="g"), floats(3, name="w")
    present = raw.Select(condition=raw.Equal(x=weights, y=0.0), x=tf.zeros([3]), y=tf.ones([3]))
    count = raw.Sum(input=raw.Mul(x=present, y=tf.ones([3])), axis=[0], keep_dims=True)
    if new:
        of_other = raw.Exp(x=gradient) if mistake else gradient
        back = [raw.DivNoNan(x=one, y=count) for one in (gradient, of_other)]
    else:
        divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=tf.ones([1]), y=count)
        totals = [raw.Sum(input=one, axis=[0], keep_dims=True) for one in losses]
        above, zeros = raw.Greater(x=count, y=0.0), [raw.ZerosLike(x=one) for one in totals]
        chosen = [raw.Select(condition=above, x=gradient, y=none) for none in zeros]
        back = [raw.RealDiv(x=one, y=divisor) for one in chosen]
    totals = [raw.Sum(input=one, axis=[0], keep_dims=True) for one in losses]
    out(raw.Sub(x=raw.Mul(x=totals[0], y=back[0]), y=raw.Mul(x=raw.Exp(x=totals[1]), y=back[1])))


def test_two_losses_that_are_divided_by_one_count_have_one_gradient():
    old = _built(of_one_count, False, False)
    assert "quotient or 0" in proved(old, _built(of_one_count, True, False)).rules
    assert audit(old, _built(of_one_count, True, True)).verdict == "not faithful"


def _of_shaped_rows(new, log=False, mistake=""):
    """A softmax of what was rows, as a matrix product gives them, and got the axes of a sequence, with its gradient."""
    x, sizes = raw.Exp(x=floats(6, 5)), [2, 5, 3] if mistake == "axis" else [2, 3, 5]
    x = raw.Reshape(tensor=x, shape=sizes)
    x = raw.Neg(x=x) if mistake == "negative" else x
    op = raw.LogSoftmax if log is not (mistake == "op") else raw.Softmax
    soft = op(logits=x if new else raw.Reshape(tensor=x, shape=[-1, 5]))
    y = soft if new else raw.Reshape(tensor=soft, shape=sizes)
    out(raw.Mul(x=raw.Tanh(x=y), y=raw.Reshape(tensor=floats(30, name="y"), shape=sizes)))


@pytest.mark.parametrize("log", [False, True])
def test_a_softmax_may_be_of_what_was_made_rows_and_is_reshaped_back(log):
    def back(new):
        x = tf.reshape(tf.reshape(tf.exp(floats(2, 3, 5)), [6, 5]), [2, 3, 5])
        op = tf.nn.log_softmax if log else tf.nn.softmax
        out(tf.tanh(op(x) if new else tf.reshape(op(tf.reshape(x, [-1, 5])), [2, 3, 5])))

    assert "rows of a softmax" in proved(_built(back, False), _built(back, True)).rules


@pytest.mark.parametrize("log", [False, True])
def test_a_softmax_may_be_of_rows_that_were_reshaped_before(log):
    old = _built(_of_shaped_rows, False, log)
    assert "rows of a softmax" in proved(old, _built(_of_shaped_rows, True, log)).rules
    for mistake in ("axis", "negative", "op"):
        assert audit(old, _built(_of_shaped_rows, True, log, mistake)).verdict == "not faithful", mistake


def behind_an_update(new, mistake):
    """The gradients of a softmax of rows and of the bias before it, all made behind an update."""
    x, gradient, bias = floats(2, 3, 4), floats(2, 3, 4, name="g"), floats(4, name="b")
    counted = raw.AssignAdd(ref=raw.VariableV2(shape=[], dtype=tf.float32, name="steps"), value=1.0)
    logits = raw.BiasAdd(value=x, bias=bias)
    taken = logits if new else raw.Reshape(tensor=logits, shape=[-1, 4])
    soft = raw.Softmax(logits=taken)
    out(soft if new else raw.Reshape(tensor=soft, shape=raw.Shape(input=logits)))
    with tf.control_dependencies([counted]):
        arrived = raw.Mul(x=gradient, y=raw.Neg(x=2.0 if not mistake else 3.0))
        arrived = arrived if new else raw.Reshape(tensor=arrived, shape=raw.Shape(input=soft))
        total = raw.Sum(input=raw.Mul(x=arrived, y=soft), axis=[-1] if new else [1], keep_dims=new)
        total = total if new else raw.Reshape(tensor=total, shape=[-1, 1])
        back = raw.Mul(x=raw.Sub(x=arrived, y=total), y=soft)
        back = back if new else raw.Reshape(tensor=back, shape=raw.Shape(input=logits))
        out(raw.BiasAddGrad(out_backprop=back))
        out(back)


def test_the_gradient_of_a_softmax_behind_updates_is_that_of_the_bias_before_it():
    old, new = (_built(behind_an_update, form, False) for form in (False, True))
    assert "rows of a softmax" in proved(old, new).rules
    assert audit(old, _built(behind_an_update, True, True)).verdict == "not faithful"


def test_a_constant_waits_as_another_only_where_the_port_has_one_for_both():
    def built(counts):
        with tf.Graph().as_default() as graph:
            steps = raw.VariableV2(shape=[], dtype=tf.float32)
            counted = raw.AssignAdd(ref=steps, value=1.0)
            with tf.control_dependencies([counted] if counts else []):
                size = tf.constant([1, 1, 1], name="size")
            begin = tf.constant([1, 1, 1], name="begin")
            with tf.control_dependencies([counted]):
                out(raw.Slice(input=floats(2, 2, 2), begin=begin, size=size))
        return graph.as_graph_def()

    assert audit(built(True), built(False)).verdict == "not faithful"
    assert audit(built(False), built(True)).verdict == "not faithful"


def behind_a_threshold(old, mistake="", counted=False):
    """A cross entropy of what is 0 or 1 is added to the loss: its gradients were made down to where they end.

    What is `counted` is divided by a count, which nothing is trained of either; its gradient is written otherwise.
    """
    with tf.Graph().as_default() as graph:
        x, w = floats(5, 4), floats(4, 1, name="w")
        logits = tf.matmul(x, w)
        chosen = tf.cast(logits > 0, tf.float32)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x[:, :1], logits=chosen)
        squares, count, trained = tf.square(logits), tf.reduce_sum(tf.ones_like(logits)), [w]
        if not counted:
            total = tf.reduce_mean(squares)
        elif old:
            divisor = raw.Select(condition=raw.Equal(x=count, y=0.0), x=tf.constant(1.0), y=count)
            quotient = tf.reduce_sum(squares) / divisor
            total = raw.Select(condition=raw.Greater(x=count, y=0.0), x=quotient, y=tf.constant(0.0))
            trained += [count]
        else:
            total = tf.math.divide_no_nan(tf.reduce_sum(squares), count)
        loss = total + tf.reduce_mean(entropy) * (0.02 if mistake == "part" else 0.01)
        gradient = tf.gradients(loss, [*trained, chosen] if old else trained, gate_gradients=True)[0]
        out(raw.Neg(x=gradient) if mistake == "negated" else gradient)
        out(loss)
    return graph.as_graph_def()


@pytest.mark.parametrize("counted", [False, True])
def test_gradients_that_end_at_a_threshold_are_made_for_nobody(counted):
    old = behind_a_threshold(True, counted=counted)
    assert "unused gradients" in proved(old, behind_a_threshold(False, counted=counted)).rules
    for mistake in ("part", "negated"):
        assert audit(old, behind_a_threshold(False, mistake, counted)).verdict == "not faithful", mistake


def _taken_from_fed(older, mistake=""):
    """Rows of what is fed, by weights: until 1.8 the gradient for them was made too, which nothing uses."""
    w, fed = tf.get_variable("w", [2, 4], use_resource=False), floats(6, 3)
    numbers = tf.cast(tf.floor(w), tf.int32)
    rows = raw.GatherV2(params=fed, indices=numbers, axis=0)
    loss = tf.expand_dims(w, 2) * rows
    out(tf.gradients(loss, [w, rows] if older else w, gate_gradients=True)[0])
    if mistake:
        tf.reshape(-numbers if mistake == "others" else numbers, [8])


def test_numbers_of_rows_are_reshaped_for_a_gradient_that_nothing_uses():
    old, new = (_built(_taken_from_fed, one) for one in (True, False))
    assert audit(old, new).verdict == "faithful"
    assert audit(_built(_taken_from_fed, False, "alone"), new).verdict == "not faithful"
    assert audit(_built(_taken_from_fed, True, "others"), new).verdict == "not faithful"
