"""Sizes that no graph says and that its ops demand: the shapes of their gradients are those, reshaped or not."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def turned_factors(old, turned, mistake=""):
    """The gradients for two batches of which no size is known to be the other's, and for what scales one of them."""
    with tf.Graph().as_default() as graph:
        m, x, w = floats(None, None, None, name="m"), floats(None, None, 5), floats(5, name="w")
        factors = [m, raw.Mul(x=x, y=w)]
        product = (raw.BatchMatMul if old else raw.BatchMatMulV2)(
            x=factors[0], y=factors[1], adj_x=turned[0], adj_y=turned[1]
        )
        for_m, for_scaled = tf.gradients(raw.Tanh(x=product), factors)
        back = raw.Mul(x=raw.Neg(x=for_scaled) if mistake == "negated" else for_scaled, y=w)
        if old:
            shape = raw.Shape(input=m if mistake == "other shape" else x)
            axes = raw.BroadcastGradientArgs(s0=shape, s1=[5])
            back = raw.Reshape(tensor=raw.Sum(input=back, axis=axes.r0), shape=shape)
        out(raw.AddV2(x=back, y=raw.Max(input=for_m, axis=[0, 1, 2])))
    graph_def = graph.as_graph_def()
    for node in graph_def.node:  # the gradient's own
        node.op = node.op.removesuffix("V2") if old and node.op == "BatchMatMulV2" else node.op
    return graph_def


@pytest.mark.parametrize("turned", [(False, False), (False, True), (True, False), (True, True)])
def test_batches_that_are_multiplied_are_as_many_and_fit(turned):
    result = proved(turned_factors(True, turned), turned_factors(False, turned), seeds=5)
    assert {"one batch", "own shape"} <= result.rules.keys()
    for mistake in ("negated", "other shape"):
        assert audit(turned_factors(True, turned, mistake), turned_factors(False, turned)).verdict == "not faithful"


def softmax_of_any_rank(old, mistake=""):
    """A softmax of a tensor of which not even the rank is known: of all its rows, or of the tensor."""
    with tf.Graph().as_default() as graph:
        x = raw.PlaceholderWithDefault(input=floats(2, 3, 4), shape=None)
        if old:
            shape, place = raw.Shape(input=x), raw.Sub(x=raw.Rank(input=x), y=2 if mistake == "other axis" else 1)
            last = raw.Slice(input=shape, begin=tf.stack([place]), size=[1])
            rows = raw.Reshape(tensor=x, shape=raw.ConcatV2(values=[[-1], last], axis=0))
            back = raw.Reverse(tensor=shape, dims=[True]) if mistake == "other shape" else shape
            soft = raw.Reshape(tensor=raw.Softmax(logits=rows), shape=back)
        else:
            soft = raw.Softmax(logits=x)
        out(raw.Tanh(x=soft))
    return graph.as_graph_def()


def test_a_softmax_of_unknown_rank_is_of_all_rows():
    assert "rows of a softmax" in proved(softmax_of_any_rank(True), softmax_of_any_rank(False)).rules
    for mistake in ("other axis", "other shape"):
        assert audit(softmax_of_any_rank(True, mistake), softmax_of_any_rank(False)).verdict == "not faithful", mistake


def gradient_for_a_factor(old, which, turned, mistake=""):
    """The gradient of a sum of a product for one of its factors, which has more unknown sizes than one."""
    with tf.Graph().as_default() as graph:
        factors = [floats(None, None, name=name) for name in ("x", "y")]
        other = floats(None, None, name="other")
        how = dict(zip(("transpose_a", "transpose_b"), turned, strict=True))
        made_of = [other, factors[1]] if mistake == "other product" else factors
        product = raw.MatMul(a=made_of[0], b=made_of[1], **how)
        sizes = [raw.Shape(input=one)[int(k != turned[k])] for k, one in enumerate(made_of)]
        dims = raw.Pack(values=sizes) if mistake == "not run" else raw.Shape(input=product)
        ones = raw.Fill(dims=dims, value=1.0)
        if which:
            pair, back = (made_of[0], ones), (not turned[0], False)
        else:
            pair, back = (ones, made_of[1]), (False, not turned[1])
        if turned[which]:
            pair, back = pair[::-1], (not back[1], not back[0])
        back = raw.MatMul(a=pair[0], b=pair[1], transpose_a=back[0], transpose_b=back[1])
        back = raw.Mul(x=floats(1, name="scale"), y=back)
        shape = raw.Shape(input=other if mistake == "other shape" else factors[which])
        out(raw.Tanh(x=raw.Reshape(tensor=back, shape=shape) if old else back))
    return graph.as_graph_def()


@pytest.mark.parametrize("turned", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("which", [0, 1])
def test_the_gradient_for_a_factor_is_as_large_as_that(which, turned):
    new = gradient_for_a_factor(False, which, turned)
    assert "own shape" in proved(gradient_for_a_factor(True, which, turned), new).rules
    assert audit(gradient_for_a_factor(True, which, turned, "other shape"), new).verdict == "not faithful"
    for mistake in ("other product", "not run") if which == 0 else ():
        old, new = (gradient_for_a_factor(is_old, which, turned, mistake) for is_old in (True, False))
        assert audit(old, new).verdict == "not faithful", mistake


def larger_of_two(old, other=0.0):
    """The gradient of the larger of two, of which the program said how large it is, and no graph does."""
    with tf.Graph().as_default() as graph:
        x, y, gradient = (floats(4, None, name=name) for name in ("x", "y", "gradient"))
        asked = raw.GreaterEqual(x=x, y=y)
        if old:  # whose operands have one shape
            chosen = raw.Select(condition=asked, x=gradient, y=tf.fill([4, 5], other))
        else:
            chosen = raw.SelectV2(condition=asked, t=gradient, e=tf.fill([4, 5], other))
        out(raw.Tanh(x=raw.Reshape(tensor=chosen, shape=[4, 5]) if old else chosen))
    return graph.as_graph_def()


def test_what_is_chosen_from_has_one_shape():
    assert {"select", "own shape"} <= proved(larger_of_two(True), larger_of_two(False)).rules.keys()
    assert audit(larger_of_two(True), larger_of_two(False, other=1.0)).verdict == "not faithful"


def reshaped_row(asked, batch=False):
    """A row per unit, or a batch, that is reshaped to what has the sizes that are `asked` for."""
    with tf.Graph().as_default() as graph:
        fed = {name: floats(None, 5, name=name) for name in ("x", "other")}
        fed["row"] = floats(1, 5, name="row")
        tensor = raw.Tanh(x=fed["x" if batch else "row"])
        if asked:
            shape = raw.Pack(values=[tf.shape(fed[asked])[0], 5]) if batch else raw.Shape(input=fed[asked])
            tensor = raw.Reshape(tensor=tensor, shape=shape)
        out(raw.AddV2(x=raw.Exp(x=tensor), y=raw.AddN(inputs=[raw.Sum(input=fed["other"], axis=[0]), [1.0] * 5])))
    return graph.as_graph_def()


def test_what_is_reshaped_to_its_own_shape_may_ask_for_one_batch():
    assert "own shape" in proved(reshaped_row("row"), reshaped_row("")).rules
    for asked in ("x", "other"):
        assert audit(reshaped_row(asked), reshaped_row(asked)).verdict == "faithful"
        for pair in ((asked, "row"), ("", asked)):
            (difference,) = audit(*map(reshaped_row, pair)).differences
            assert f"stops unless (size 0 of {asked}:0) is 1" in difference.what
    assert "own shape" in proved(reshaped_row("x", True), reshaped_row("", True)).rules
    (difference,) = audit(reshaped_row("other", True), reshaped_row("", True)).differences
    assert "stops unless (size 0 of other:0) is (size 0 of x:0)" in difference.what


def in_rows_of_three(asked):
    """What is fed, in rows of three: as many as come of it, or as another tensor says."""
    with tf.Graph().as_default() as graph:
        fed = {name: floats(None, None, name=name) for name in ("x", "p", "q")}
        rows = tf.shape(fed[asked])[0] if asked else -1
        measured = [raw.Max(input=raw.Exp(x=one), axis=[0, 1]) for one in fed.values()]
        out(raw.AddN(inputs=[raw.Max(input=raw.Tanh(x=tf.reshape(fed["x"], [rows, 3])), axis=[0, 1]), *measured]))
    return graph.as_graph_def()


@pytest.mark.parametrize("asked", ["", "x", "p"])
def test_what_a_reshape_leaves_open_and_what_it_asks_for_are_told_apart(asked):
    assert audit(in_rows_of_three(asked), in_rows_of_three(asked)).verdict == "faithful"
    for other in {"", "x", "p", "q"} - {asked}:
        result = audit(in_rows_of_three(asked), in_rows_of_three(other))
        assert any("stops unless (size 0 of " in one.what for one in result.differences), (other, result.differences)


def put_together(old, mistake="", counted=False):
    """What is cut along two axes and put together, which the old graph reshapes to the shape that it had before.

    `counted`: as the program counts, which leaves elements over where 5 does not divide, and not as a split demands.
    """
    with tf.Graph().as_default() as graph:
        x, y = floats(None, None), floats(None, None, name="y")

        def cut(tensor, axis):
            if not counted:
                return list(raw.Split(axis=axis, value=tensor, num_split=5))
            many = raw.FloorDiv(x=raw.Shape(input=x)[axis], y=5)
            begins = [[one * many, 0] if axis == 0 else [0, one * many] for one in range(5)]
            sizes = [many, -1] if axis == 0 else [-1, many]
            return [raw.Slice(input=tensor, begin=begin, size=sizes) for begin in begins]

        rows = [raw.ConcatV2(values=[raw.Neg(x=two) for two in cut(one, 1)], axis=1) for one in cut(x, 0)]
        whole = raw.ConcatV2(values=rows[::-1] if mistake == "order" else rows, axis=0)
        if old:
            whole = raw.Reshape(tensor=whole, shape=raw.Shape(input=y if mistake == "other shape" else x))
        out(raw.Tanh(x=whole))
    return graph.as_graph_def()


def test_all_parts_of_a_split_are_as_large_as_what_was_split():
    assert "own shape" in proved(put_together(True), put_together(False)).rules
    for mistake in ("order", "other shape"):
        assert audit(put_together(True, mistake), put_together(False)).verdict == "not faithful", mistake
    assert audit(put_together(True, counted=True), put_together(False, counted=True)).verdict == "not faithful"


def activated(old, mistake="", op="ReluGrad"):
    """The gradient of an activation, which the old graph reshapes to the shape of what was activated."""
    with tf.Graph().as_default() as graph:
        gradients, features, other = floats(None, None), floats(None, None, name="y"), floats(None, None, name="z")
        product = raw.Mul(x=gradients, y=features)
        if op != "Mul":
            names = ("gradients", "outputs" if op in ("EluGrad", "SeluGrad") else "features")
            product = getattr(raw, op)(**dict(zip(names, (gradients, features), strict=True)))
        if mistake == "exchanged":
            product = raw.ReluGrad(gradients=features, features=gradients)
        if old:
            product = raw.Reshape(tensor=product, shape=raw.Shape(input=other if mistake == "other" else features))
        out(raw.Tanh(x=product))
    return graph.as_graph_def()


@pytest.mark.parametrize("op", ["ReluGrad", "Relu6Grad", "LeakyReluGrad", "EluGrad", "SeluGrad", "SoftplusGrad"])
def test_the_gradient_of_an_activation_is_as_large_as_what_was_activated(op):
    assert "own shape" in proved(activated(True, op=op), activated(False, op=op)).rules
    for mistake in ("other", "exchanged"):
        assert audit(activated(True, mistake, op=op), activated(False, op=op)).verdict == "not faithful", mistake
    assert audit(activated(True, op="Mul"), activated(False, op="Mul")).verdict == "not faithful"


def sparse_product(old, copied=True, mistake=False):
    """A product with a sparse matrix of which another tensor, of as many rows, says the sizes."""
    with tf.Graph().as_default() as graph:
        x, other = (floats(None, None, name=name) for name in ("x", "other"))
        rows = [tf.shape(one)[0] for one in (other if mistake else x, x)]
        rows = raw.Cast(x=raw.Pack(values=rows), DstT=tf.int64)
        indices, values = tf.placeholder(tf.int64, [None, 2]), floats(None, name="values")
        product = raw.SparseTensorDenseMatMul(
            a_indices=indices, a_values=values, a_shape=raw.Identity(input=rows) if copied else rows, b=x
        )
        out(raw.Tanh(x=raw.Reshape(tensor=product, shape=raw.Shape(input=x)) if old else product))
    return graph.as_graph_def()


def test_a_sparse_product_has_the_rows_that_a_copy_says():
    for copied in (False, True):
        assert "own shape" in audit(sparse_product(True, copied), sparse_product(False, copied)).rules
    assert audit(sparse_product(True, mistake=True), sparse_product(False, mistake=True)).verdict == "not faithful"


def said(old, add_shapes, size=5):
    """A gradient that is reshaped or not, of what Python gives in a shape that only the program says."""
    with tf.Graph().as_default() as graph:
        x = tf.py_func(lambda one: one, [floats(4, 5)], tf.float32)
        x.set_shape([4, size])
        back = raw.Mul(x=raw.Tanh(x=x), y=x)
        out(raw.Exp(x=raw.Reshape(tensor=back, shape=[4, size]) if old else back))
    return graph.as_graph_def(add_shapes=add_shapes)


def test_what_set_shape_says_is_known_where_one_graph_is_written_with_its_shapes():
    assert audit(said(True, False), said(False, False)).verdict == "not faithful"
    for shapes in ((True, False), (False, True), (True, True)):
        assert audit(*map(said, (True, False), shapes)).verdict == "faithful", shapes
    assert audit(said(True, True, size=7), said(False, True)).verdict == "not faithful"


def behind_an_update(old, mistake="", branch=False, zeros=False):
    """A gradient beside one for nobody that comes behind an update, as all does that is made of the first.

    Or such a one that is 0 where a condition says so, in the shape of what comes behind the update.
    """
    with tf.Graph().as_default() as graph, build_switches():
        x, y = floats(3, 4), floats(3, 4, name="y")
        average = raw.VariableV2(shape=[], dtype=tf.float32, name="average")
        tf.group(raw.Assign(ref=average, value=tf.constant(0.0)), name="init")

        def moved():
            return tf.identity(raw.AssignAdd(ref=average, value=raw.Mean(input=x, axis=[0, 1])))

        update = tf.cond(x[0, 0] > 0.0, moved, lambda: tf.constant(1.0)) if branch else moved()
        with tf.control_dependencies([update]):
            h = raw.Identity(input=x)
        gradient = raw.TanhGrad(y=y, dy=y)
        kept = raw.Mul(x=gradient, y=y)
        if zeros:
            zeros = raw.ZerosLike(x=h) if old else tf.zeros([3, 4])
            kept = raw.SelectV2(condition=raw.Greater(x=x, y=y), t=kept, e=zeros)
        elif old:
            unused = raw.Mul(x=gradient, y=h)
            with tf.control_dependencies([tf.group(kept, unused)]):
                kept, _ = raw.Identity(input=kept), raw.Identity(input=unused)
        out(raw.Mul(x=raw.Exp(x=kept), y=x if mistake == "not behind" else h))
    return graph.as_graph_def()


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("branch", [False, True])
def test_what_a_gradient_for_nobody_came_behind_is_awaited_by_what_is_made_of_the_other(branch, zeros):
    old, new = (behind_an_update(is_old, branch=branch, zeros=zeros) for is_old in (True, False))
    assert ("computed shapes" if zeros else "unused gradients") in proved(old, new).rules
    assert audit(old, behind_an_update(False, "not behind", branch, zeros)).verdict == "not faithful"


def _chosen_elsewhere(new):
    """A Select asks how large something is only where it runs."""
    h = tf.tanh(floats(None, 3))
    asked = raw.GreaterEqual(x=floats(5, 3, name="y"), y=0.0)
    raw.Select(condition=asked, x=h, y=tf.zeros([5, 3]))
    rows = 5.0 if new else tf.cast(tf.shape(h)[0], tf.float32)
    out(raw.RealDiv(x=raw.Sum(input=h, axis=[0]), y=rows))


def _multiplied_elsewhere(new):
    """So does a product; what is like its gradient need not come behind it."""
    x, y, gradient = floats(4, 2, None), floats(4, None, 6, name="y"), floats(4, 2, 6, name="gradient")
    raw.BatchMatMul(x=x, y=y)
    back = raw.BatchMatMul(x=gradient, y=y, adj_y=True)
    out(tf.fill([tf.shape(x if new else back)[2]], 1.0))


def _without_rows(new):
    """Of no element any number of columns can be made."""
    x = floats(0, None)
    out(x if new else raw.Sum(input=raw.Reshape(tensor=x, shape=[0, 1, 5]), axis=[1]))


def _under_the_name_of_another(new):
    """The last gradients for operands of two ops, of which the port has one under the name of the other."""
    x, y = floats(None, 3), floats(None, 3, name="y")
    given = [raw.Tanh(x=x), raw.Exp(x=y)]
    for number, one in enumerate(given[::-1][:1] if new else given):
        shapes = [raw.Shape(input=[x, y][number]), tf.constant([3])]
        axes = raw.BroadcastGradientArgs(s0=shapes[0], s1=shapes[1])
        total = raw.Sum(input=one, axis=axes[0])
        raw.Reshape(tensor=total, shape=raw.Shape(input=one), name=f"gradient_{number}")
    out(raw.Mul(x=given[0], y=given[1]))


@pytest.mark.parametrize("build", [_chosen_elsewhere, _multiplied_elsewhere, _without_rows, _under_the_name_of_another])
def test_what_need_not_be_so_is_compared(build):
    graphs = []
    for new in (False, True):
        with tf.Graph().as_default() as graph:
            build(new)
        graphs.append(graph.as_graph_def())
    assert audit(*graphs).verdict == "not faithful"
