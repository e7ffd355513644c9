"""Loops whose gradients `tf.gradients` makes without gates: what leaves the backward loop for nobody."""

import functools

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def looped(looked_at=None):
    """Three turns and the gradient for a weight; `looked_at` is of what comes out, or leaves the backward loop."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, w = floats(None, 4), floats(4, 4, name="w")
        begin = [0, tf.zeros_like(x)]
        state = tf.while_loop(lambda k, h: k < 3, lambda k, h: (k + 1, tf.tanh(tf.matmul(h, w) + x)), begin)[1]
        gradient = tf.gradients(tf.reduce_sum(tf.square(state)), [w])[0]
        if looked_at:
            looked_at(state, gradient, graph.get_tensor_by_name("gradients/while/Enter_1_grad/Exit:0"))
        out(tf.clip_by_norm(gradient, 1.0))
    return graph.as_graph_def()


def test_the_gradient_for_the_number_that_a_state_begins_with_is_made_for_nobody():
    made = looped(lambda state, gradient, left: tf.reduce_sum(left))
    proved(made, looped())
    assert "unused gradients" in audit(made, looped()).rules


def test_what_somebody_may_fetch_is_compared():
    of_state = looped(lambda state, gradient, left: tf.reduce_sum(state))
    assert audit(of_state, looped()).verdict == "not faithful"
    assert audit(looped(), of_state).verdict == "not faithful"
    of_gradient = [looped(lambda state, gradient, left, axis=axis: tf.reduce_sum(gradient, axis)) for axis in (0, 1)]
    assert audit(*of_gradient).verdict == "not faithful"


def lost(old, full=False, mistake=""):
    """A loss as of `tf.losses`, by the weights that are not 0, and its gradient; `full`: a weight for each element."""
    with tf.Graph().as_default() as graph:
        x, w, weights = floats(5, 4), floats(4, 4, name="w"), tf.nn.relu(floats(5, 4 if full else 1, name="y"))
        losses = tf.exp(tf.matmul(x, w))
        total = tf.reduce_sum(losses * weights)
        zero, one = (raw.Fill(dims=tf.shape(weights), value=value) for value in (0.0, 1.0))
        present = raw.Select(condition=tf.equal(weights, 0.0), x=zero, y=one)
        count = tf.reduce_sum(present if full else present * tf.ones([5, 4]))
        others = tf.reduce_sum(tf.exp(weights))
        if old:
            one = tf.constant(2.0 if mistake == "guard" else 1.0)
            divisor = raw.Select(condition=tf.equal(count, 0.0), x=one, y=count)
            quotient = raw.RealDiv(x=total, y=divisor)
            loss = raw.Select(condition=raw.Greater(x=count, y=0.0), x=quotient, y=raw.ZerosLike(x=total))
        else:
            loss = raw.DivNoNan(x=total, y=others if mistake == "count" else count)
        gradient, of_count = tf.gradients(loss, [w, count])
        if mistake == "taken":
            gradient *= of_count
        if mistake == "of another":
            raw.Mul(x=1.0, y=raw.RealDiv(x=raw.RealDiv(x=raw.Neg(x=total), y=others), y=others))
        out(tf.tanh(gradient) + tf.tanh(loss) + others)
    return graph.as_graph_def()


@pytest.mark.parametrize("full", [False, True])
def test_the_gradient_for_a_count_of_weights_is_made_for_nobody(full):
    result = proved(lost(True, full), lost(False, full), seeds=20)
    assert {"unused gradients", "quotient or 0"} <= result.rules.keys()


@pytest.mark.parametrize("full", [False, True])
def test_of_a_loss_only_the_gradient_for_the_count_is_passed_over(full):
    right = {old: lost(old, full) for old in (True, False)}
    for mistake in ("guard", "taken", "of another"):
        assert audit(lost(True, full, mistake), right[False]).verdict == "not faithful", mistake
    for mistake in ("count", "taken", "of another"):
        assert audit(right[True], lost(False, full, mistake)).verdict == "not faithful", mistake


def normalized(old, mistake="", kept=False, flat=False):
    """What is left of the mean of a batch, by its deviation, and the gradient of that; `flat`: fetched in a vector."""
    with tf.Graph().as_default() as graph:
        x, w = floats(5, 4), floats(4, 3, name="w")
        h = tf.matmul(x, w)
        average = tf.reduce_mean(h, [0], keepdims=True)
        if old:
            shift = tf.stop_gradient(average)
            parts = tf.nn.sufficient_statistics(h, [0], shift=shift, keep_dims=kept)
            mean, variance = tf.nn.normalize_moments(*parts[:3], shift=shift if kept else tf.reshape(shift, [3]))
        else:
            squares = tf.math.squared_difference(h, tf.stop_gradient(average))
            mean, variance = average, tf.reduce_mean(squares, [0], keepdims=True)
            if not kept:
                mean, variance = (tf.squeeze(one, [0]) for one in (mean, variance))
        scale = tf.rsqrt((mean if mistake == "scale" else variance) + 1.0)
        gradient = tf.gradients(tf.reduce_sum(tf.tanh((h - mean) * scale)), [w])[0]
        if mistake == "taken":
            gradient += tf.reduce_sum(tf.gradients(scale, [h])[0])
        if mistake == "made":
            raw.Sum(input=raw.Mul(x=raw.Sum(input=h, axis=[0]), y=scale), axis=[0])
        if flat:
            tf.concat([tf.reshape(one, [-1]) for one in (gradient, w)], 0)
        else:
            variable = raw.VariableV2(shape=[4, 3], dtype=tf.float32)
            raw.ApplyGradientDescent(var=variable, alpha=0.5, delta=gradient)
    return graph.as_graph_def()


@pytest.mark.long
@pytest.mark.parametrize(("kept", "flat"), [(False, False), (True, False), (True, True)])
def test_the_gradient_for_the_number_of_what_moments_are_of_is_made_for_nobody(kept, flat):
    right = {old: normalized(old, kept=kept, flat=flat) for old in (True, False)}
    result = audit(right[True], right[False])
    assert result.verdict == "numbers changed" and [one.cause for one in result.numbers] == ["moments"]
    for mistake in ("scale", "taken", "made"):
        assert audit(right[True], normalized(False, mistake, kept, flat)).verdict == "not faithful", mistake
        assert audit(normalized(True, mistake, kept, flat), right[False]).verdict == "not faithful", mistake


def twice(old, mistake=""):
    """The second gradient of a mean, which the first releases made for the number of elements, too."""
    with tf.Graph().as_default() as graph:
        x, w, v = floats(None, 4), floats(4, 3, name="w"), floats(4, 3, name="v")
        total = tf.reduce_mean(tf.exp(tf.matmul(x, w)) * tf.square(tf.matmul(x, w)))
        first = tf.gradients(total, w)[0]
        product = tf.reduce_sum(first * v)
        spread = graph.get_tensor_by_name("gradients/Mean_grad/truediv:0")
        summed, count = spread.op.inputs
        second, *given = tf.gradients(product, [w, spread] if old else [w])
        if old:
            given = given[0]
            divisor = count * 2.0 if mistake == "count" else count
            ratio = raw.RealDiv(x=raw.RealDiv(x=raw.Neg(x=summed), y=divisor), y=divisor)
            of_count = raw.Sum(input=raw.Mul(x=given, y=ratio), axis=[0, 1])
            of_sum = raw.RealDiv(x=given, y=count)
            if mistake == "taken":
                second += tf.reduce_sum(of_sum) + of_count
        if mistake == "mean":
            raw.RealDiv(x=raw.Sum(input=x, axis=[0, 1]), y=count)
        out(tf.tanh(second) + total)
    return graph.as_graph_def()


def test_the_second_gradient_for_the_number_of_elements_is_made_for_nobody():
    right = {old: twice(old) for old in (True, False)}
    assert "unused gradients" in proved(right[True], right[False], seeds=5).rules
    for mistake in ("count", "taken", "mean"):
        assert audit(twice(True, mistake), right[False]).verdict == "not faithful", mistake
    assert audit(right[True], twice(False, "mean")).verdict == "not faithful"


def labelled(old, mistake=""):
    """The gradient of a cross entropy with ones, of which the first releases made one for the number 1 as well."""
    with tf.Graph().as_default() as graph:
        x, w = floats(None, 4), floats(4, 3, name="w")
        logits = tf.matmul(x, w)
        labels = (2.0 if mistake == "twos" else 1.0) * tf.ones_like(logits)
        total = tf.reduce_sum(tf.exp(-tf.abs(logits)) - logits * labels)
        gradient = tf.gradients(total, w)[0]
        if old:
            given = graph.get_tensor_by_name("gradients/mul_1_grad/Mul_1:0")
            given = raw.Mul(x=tf.exp(logits), y=given.op.inputs[1]) if mistake == "factor" else given
            of_one = raw.Sum(input=given, axis=[0] if mistake == "axis" else [0, 1])
            if mistake == "taken":
                gradient += of_one
        out(tf.tanh(gradient) + total)
    return graph.as_graph_def()


def test_the_gradient_for_the_number_of_ones_is_made_for_nobody():
    right = {old: labelled(old) for old in (True, False)}
    assert "unused gradients" in proved(right[True], right[False], seeds=5).rules
    for mistake in ("factor", "axis", "taken", "twos"):
        assert audit(labelled(True, mistake), right[False]).verdict == "not faithful", mistake
    assert audit(labelled(True, "twos"), labelled(False, "twos")).verdict == "not faithful", "which is no rule"


def normed(order, last="sum", of="rsqrt"):
    """The norm of gradients in an order: for w, for beta, and for gamma, which is of the inverse of a deviation.

    `of` what gamma is multiplied with, by itself or in "branches".
    """
    with tf.Graph().as_default() as graph:
        x, y = floats(4), floats(4, name="y")
        inverse = tf.exp(y) if of == "exp" else tf.rsqrt(1.0 + y * y)
        gamma = x * inverse
        if of == "branches":
            merged = raw.Merge(inputs=raw.Switch(data=x, pred=raw.Less(x=y[0], y=y[1])))[0]
            x, gamma = tf.add_n([x, merged]), tf.add_n([tf.cos(x), raw.Merge(inputs=[gamma, tf.zeros([4])])[0]])
        squares = {"w": tf.nn.l2_loss(tf.sin(y)), "beta": tf.nn.l2_loss(x), "gamma": tf.nn.l2_loss(gamma)}
        stack = tf.stack([squares[one] for one in order.split()])
        out(tf.sqrt(2.0 * (tf.reduce_sum if last == "sum" else tf.reduce_max)(stack)))
    return graph.as_graph_def()


def test_a_norm_adds_up_the_squares_for_gamma_before_those_for_beta():
    result = audit(normed("w beta gamma"), normed("w gamma beta"))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of variables"])
    for one in ("w gamma gamma", "w beta beta", "beta w gamma", "gamma w beta", "gamma beta w"):
        assert audit(normed("w beta gamma"), normed(one)).verdict == "not faithful", one
    assert audit(normed("w gamma beta"), normed("w beta gamma")).verdict == "not faithful"
    result = audit(normed("w beta gamma", of="branches"), normed("w gamma beta", of="branches"))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of variables"])
    for other in ({"last": "max"}, {"of": "exp"}):
        forms = normed("w beta gamma", **other), normed("w gamma beta", **other)
        assert audit(*forms).verdict == "not faithful", other


def clipped(order, scope, exchanged=False, times=1.0):
    """Two layers that normalize in branches, whose gradients are clipped by the norm of all, in an order."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        x, variables = floats(None, 4) * times, []
        taken = raw.Less(x=tf.reduce_sum(x), y=0.0)
        for k in range(2):
            made = {one: tf.get_variable(f"layer_{k}/{one}", [4], use_resource=False) for one in order.split()}
            batch, beta, gamma = x, made["beta"], made["gamma"]
            averages = [tf.nn.moments(batch, [0]), (tf.zeros([4]), tf.ones([4]))]
            layer = functools.partial(tf.nn.batch_normalization, offset=beta, scale=gamma, variance_epsilon=0.001)
            branches = [functools.partial(layer, batch, *averages[one]) for one in range(2)]
            x = tf.nn.relu(tf.cond(taken, *branches))
            variables += made.values()
        variables.append(tf.get_variable("last", [1], use_resource=False))  # which is paired first, and its gradient
        with tf.name_scope(scope):
            gradients = tf.gradients(tf.reduce_sum(tf.exp(x + variables[-1])), variables, gate_gradients=True)
            gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        variables = [*variables[2:4], *variables[:2], variables[4]] if exchanged else variables
        tf.train.AdamOptimizer(0.1).apply_gradients(list(zip(gradients, variables, strict=True)))
    return graph.as_graph_def()


def test_squares_of_which_the_order_does_not_matter_pair_no_gradients_of_branches():
    old = clipped("beta gamma", "original")
    result = audit(old, clipped("gamma beta", "port"))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of variables"])
    assert audit(old, clipped("gamma beta", "port", exchanged=True)).verdict == "not faithful"
    result = audit(old, clipped("gamma beta", "port", times=2.0))
    assert [one.node for one in result.differences] == ["mul/y"], "and nothing else"


def fetched(old, mistake=""):
    """The gradient for a bias, to be fetched, beside that for a placeholder, which is reshaped or as it comes."""
    with tf.Graph().as_default() as graph:
        x, bias = floats(None, 3), tf.placeholder(tf.float32, [3], name="bias")
        loss = tf.reduce_sum(tf.nn.relu(raw.AddV2(x=x, y=bias, name="add")))
        if old:
            (gradient,) = tf.gradients(loss, graph.get_tensor_by_name("add:0"))
            gradient = 2.0 * gradient if mistake == "value" else gradient
            shapes = [raw.Shape(input=one) for one in (x, bias)]
            axes = raw.BroadcastGradientArgs(s0=shapes[0], s1=shapes[1])
            for number, shape in enumerate(shapes[: 1 if mistake == "alone" else 2]):
                name = f"gradients/add_grad/Reshape{f'_{number}' * number}"
                raw.Reshape(tensor=raw.Sum(input=gradient, axis=axes[number]), shape=shape, name=name)
        else:
            tf.gradients(loss, bias)
            assert graph.get_tensor_by_name("gradients/add_grad/Reshape:0").shape == [3], "the only one"
    return graph.as_graph_def()


def test_a_gradient_that_is_only_fetched_may_have_the_name_of_the_one_beside_it():
    assert audit(fetched(True), fetched(False)).verdict == "faithful"
    for mistake in ("value", "alone"):
        assert audit(fetched(True, mistake), fetched(False)).verdict == "not faithful", mistake


def summarized(order, mistake="", looked_at=False):
    """Summaries, in an order, of the variables of two layers and of their gradients."""
    with tf.Graph().as_default() as graph:
        names = ("w", "beta", "gamma", "beta_of_another", "gamma_of_another")
        made = {name: tf.get_variable(name, [4], use_resource=False) for name in names}
        result = made["w"] * tf.random_uniform([3, 4], seed=7)
        for suffix in ("", "_of_another"):
            mean = tf.reduce_mean(result, 0)
            spread = tf.reduce_mean(tf.square(result), 0)
            factor = made[f"gamma{suffix}"] * (tf.exp(spread) if mistake == "exp" else tf.rsqrt(spread + 0.1))
            beta = made[f"beta{suffix}"]
            result *= factor
            result = tf.tanh(result + (beta - mean) if mistake == "sub" else result + (beta - mean * factor))
        gradients = tf.gradients(tf.reduce_sum(result), list(made.values()))
        values = {
            name: [value, gradient, tf.reduce_mean(tf.square(value - 1.0))]
            for (name, value), gradient in zip(made.items(), gradients, strict=True)
        }
        entries = {
            f"{name}_{k}": (tf.summary.histogram if k < 2 else tf.summary.scalar)(f"{name}_{k}", value)
            for name, of_it in values.items()
            for k, value in enumerate(of_it)
        }
        merged = tf.summary.merge([tf.constant(b""), *(entries[one] for one in order.split())])
        if looked_at:
            tf.strings.substr(merged, 0, 4)
    return graph.as_graph_def()


@pytest.mark.long
def test_summaries_of_gamma_come_before_those_of_beta():
    old = "w_0 beta_0 beta_1 beta_2 gamma_0 gamma_1 gamma_2"
    new = "w_0 gamma_0 gamma_1 gamma_2 beta_0 beta_1 beta_2"
    for forms in ((old, new), ("w_1 beta_1 gamma_1", "w_1 gamma_1 beta_1")):
        result = audit(*map(summarized, forms))
        assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["order of summaries"])
        assert audit(*map(summarized, forms[::-1])).verdict == "not faithful"
        for mistake in ("exp", "sub"):
            assert audit(*(summarized(one, mistake) for one in forms)).verdict == "not faithful"
    for other in ("gamma_0 w_0 beta_0", "beta_0 w_0 gamma_0", "w_0 gamma_0 gamma_1", "gamma_0 beta_0 w_0"):
        assert audit(summarized("w_0 beta_0 gamma_0"), summarized(other)).verdict == "not faithful", other
    for one in ("gamma_0 gamma_1", "w_0 gamma_0", "w_1 gamma_1", "gamma_of_another_0 gamma_0"):
        turned = " ".join(reversed(one.split()))
        assert audit(summarized(one), summarized(turned)).verdict == "not faithful", one
    for k in range(3):
        forms = f"beta_of_another_{k} gamma_{k}", f"gamma_{k} beta_of_another_{k}"
        assert audit(*map(summarized, forms)).verdict == "not faithful", "of another layer"
    forms = (summarized(one, looked_at=True) for one in ("beta_0 gamma_0", "gamma_0 beta_0"))
    assert audit(*forms).verdict == "not faithful", "what comes first is taken"


def fed(old, mistake=""):
    """Batch normalization whose `training` is fed, in each branch or by what is chosen, and the gradients of that."""
    with tf.Graph().as_default() as graph, build_switches():
        x, w, training = floats(5, 4), floats(4, 3, name="w"), tf.placeholder(tf.bool, [], name="training")
        gamma, beta, *averages = (floats(3, name=name) for name in ("gamma", "beta", "mean", "variance"))
        h = tf.tanh(tf.matmul(x, w))
        statistics = tf.nn.moments(h, [0])
        if mistake == "averages":
            averages.reverse()
        if old:
            branches = [
                lambda of=of: tf.nn.batch_normalization(h, *of, beta, gamma, 1e-3) for of in (statistics, averages)
            ]
            y = tf.cond(training, *branches)
        else:
            choices = zip(statistics, averages, strict=True)
            chosen = [tf.cond(training, *(lambda of=of: tf.convert_to_tensor(of) for of in one)) for one in choices]
            y = tf.nn.batch_normalization(h, *chosen, beta, gamma, 1e-3)
        total = tf.reduce_sum(tf.tanh(y))
        for one, gradient in zip("wgb", tf.gradients(total, [w, gamma, beta]), strict=True):
            variable = raw.VariableV2(shape=gradient.shape, dtype=tf.float32, name=f"variable_{one}")
            delta = tf.exp(gradient) if mistake == one else tf.clip_by_value(gradient, -1.0, 1.0)
            raw.ApplyGradientDescent(var=variable, alpha=0.5, delta=delta)
    return graph.as_graph_def()


@pytest.mark.long
def test_what_is_normalized_in_branches_passes_without_gates():
    result = audit(fed(True), fed(False))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["normalized in branches"])
    for mistake in ("averages", "w", "g", "b"):
        assert audit(fed(True), fed(False, mistake)).verdict == "not faithful", mistake


def transposed(made=True):
    """The gradient of a loss of images that a transposed convolution makes, and a number to fetch, `made` of them."""
    with tf.Graph().as_default() as graph:
        x, w, y = floats(2, 4, 4, 3), floats(3, 3, 5, 3, name="w"), floats(2, 9, 9, 5, name="y")
        images = tf.nn.conv2d_transpose(x, w, [2, 9, 9, 5], [1, 2, 2, 1], "VALID")
        out(tf.tanh(tf.gradients(tf.reduce_sum(tf.square(images - y)), [w])[0]))
        if made:
            tf.reduce_sum(images * y)
    return graph.as_graph_def()


def test_what_is_made_of_a_transposed_convolution_is_no_gradient():
    assert audit(transposed(), transposed(made=False)).verdict == "not faithful"
    assert audit(transposed(made=False), transposed()).verdict == "not faithful"


def entropy(made=True, of_op=False):
    """The gradient of a cross entropy, written out or as one op, and a number to fetch, `made` of what is summed."""
    with tf.Graph().as_default() as graph:
        x, w, y = floats(None, 4), floats(4, 3, name="w"), floats(None, 3, name="y")
        logits = tf.matmul(x, w)
        each = -tf.nn.log_softmax(logits) * y
        loss = tf.nn.softmax_cross_entropy_with_logits_v2(y, x[:, :3] if of_op else logits) if of_op else each
        out(tf.tanh(tf.gradients(tf.reduce_sum(loss) + tf.reduce_sum(each), [w])[0]))
        if made:
            tf.reduce_sum(each * x[:, :3])
    return graph.as_graph_def()


@pytest.mark.parametrize("of_op", [False, True])
def test_what_is_made_of_a_cross_entropy_that_is_written_out_is_no_gradient(of_op):
    assert audit(entropy(of_op=of_op), entropy(made=False, of_op=of_op)).verdict == "not faithful"
    assert audit(entropy(made=False, of_op=of_op), entropy(of_op=of_op)).verdict == "not faithful"


def lost_images(old):
    """A loss as of `tf.losses`, of images that a transposed convolution makes, and its gradient through gates."""
    with tf.Graph().as_default() as graph:
        x, w, y = floats(2, 4, 4, 3), floats(3, 3, 5, 3, name="w"), floats(2, 9, 9, 5, name="y")
        images = tf.nn.conv2d_transpose(x, w, [2, 9, 9, 5], [1, 2, 2, 1], "VALID")
        total = tf.reduce_sum(tf.square(images - y) * tf.constant(1.0))
        count = tf.reduce_sum(tf.fill([2, 9, 9, 5], 1.0) * raw.Fill(dims=[2, 9, 9, 5], value=1.0))
        if old:
            divisor = raw.Select(condition=tf.equal(count, 0.0), x=tf.ones([]), y=count)
            quotient = raw.RealDiv(x=total, y=divisor)
            loss = raw.Select(condition=raw.Greater(x=count, y=0.0), x=quotient, y=raw.ZerosLike(x=total))
        else:
            loss = raw.DivNoNan(x=total, y=count)
        out(tf.tanh(tf.gradients(loss, [w], gate_gradients=True)[0]))
    return graph.as_graph_def()


def test_the_gradient_for_a_count_is_made_for_nobody_behind_a_transposed_convolution_either():
    assert "unused gradients" in proved(lost_images(True), lost_images(False)).rules


def drawn(old, more=False, mistake=False):
    """What is drawn beside a mean, through softplus, and the gradient of that.

    `more`: for the number that it was scaled by as well; `mistake`: for that, of what the forward pass has made.
    """
    with tf.Graph().as_default() as graph:
        x, w = floats(5, 4), floats(4, name="w")
        noise = raw.Mul(x=tf.random_normal([5, 4], seed=1), y=tf.constant(2.0))
        h = x * w + tf.sqrt(tf.exp(w)) * noise
        ones = tf.ones_like(h)
        back = raw.SoftplusGrad(gradients=ones, features=h) if old else raw.Mul(x=ones, y=raw.Sigmoid(x=h))
        (gradient,) = tf.gradients(h, [w], back)
        if more:
            tf.gradients(h, [noise.op.inputs[1]], tf.tanh(h) if mistake else back)
        raw.ApplyGradientDescent(var=raw.VariableV2(shape=[4], dtype=tf.float32), alpha=0.5, delta=gradient)
    return graph.as_graph_def()


def test_behind_the_gradient_of_softplus_gradients_are_made_for_nobody():
    result = audit(drawn(True, more=True), drawn(False))
    assert (list(result.differences), {one.cause for one in result.numbers}) == ([], {"gradient of softplus"})
    assert audit(drawn(True, more=True, mistake=True), drawn(False)).verdict == "not faithful"


def _attacked(factor=0.1, of_labels=True):
    """An image that is moved along its gradient: of the cross entropy nothing but that is made."""
    with tf.Graph().as_default() as graph:
        x, labels, w = floats(None, 4), tf.nn.softmax(floats(None, 5, name="labels")), floats(4, 5, name="w")
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=tf.matmul(x, w)))
        raw.Maximum(x=x + factor * tf.sign(tf.gradients(loss, x)[0]), y=0.0, name="out")  # what a program ends in
    graph_def = graph.as_graph_def()
    if not of_labels:
        gone = {"LogSoftmax", "Neg", "mul_1", "ExpandDims_1", "ExpandDims_1/dim"}
        nodes = [node for node in graph_def.node if node.name.partition("_grad/")[2] not in gone]
        del graph_def.node[:]
        graph_def.node.extend(nodes)
    return graph_def


def test_with_the_gradient_for_logits_alone_comes_that_for_labels():
    old, new = _attacked(of_labels=False), _attacked()
    assert len(old.node) < len(new.node)
    proved(old, new)
    assert audit(old, _attacked(factor=0.2)).verdict == "not faithful"
    (loss,) = (node for node in new.node if node.name.endswith("_grad/LogSoftmax"))
    loss.input[0] = "labels"
    assert audit(old, new).verdict == "not faithful"  # which no gradient takes
