"""What TensorFlow's first releases wrote otherwise is harmless: both forms give every bit, and the audit knows both."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf import rewriter_config_pb2

from compat_v1.audit.comparison import audit
from oldest_forms import (
    HARMLESS,
    SHAPE,
    assertion,
    branch,
    compared,
    divergence,
    gradient_of_a_branch,
    gradient_of_an_array,
    gradient_of_one,
    grouped,
    in_top_k,
    initial_value,
    limited,
    loop,
    maximum,
    merge,
    parsed,
    power,
    reversed_by_lengths,
    row_in_a_part,
    size_of_an_array,
    sparse_update,
    switched_twice,
    variable_of,
)

raw = tf.raw_ops
SPECIAL = [0.0, -0.0, 6.0, 1.0, -1.0, 1e-30, 5.9999995, 6.0000005, np.inf, -np.inf, np.nan, 3.4e38]
PROVED = {"checkpoints", "checkpoints on the CPU", *HARMLESS.values()}
PROVED -= {"commuted product", "computed shapes", "own shape"}  # which have other forms, too
PROVED |= {"waits of a loop", "pairs in rows"}  # in test_drift_older.py and test_drift_metrics.py
PROVED |= {"entered again", "handed on as rows"}  # in test_drift_looped.py and test_drift_rows_of_sums.py
PROVED |= {"nothing joined", "step that is read", "settings of calls"}  # in test_drift_sessions.py
PROVED |= {"asserted to be one", "placeholder shape"}  # in test_drift_readers.py and test_one_way.py
PROVED |= {"beside the average", "places in functions"}  # in test_drift_places.py
PROVED |= {"handles of tables", "filled tables"}  # in test_drift_tables.py
PROVED |= {"first datasets", "results of functions", "unused datasets"}  # in test_drift_between_datasets.py
PROVED |= {"branches in functions"}  # in test_drift_lowered.py
PROVED |= {"gradient of patches"}  # in test_drift_patches.py
PROVED |= {"count of functions"}  # in test_drift_python.py
PROVED |= {"next step"}  # in test_drift_first_training.py
PROVED |= {"closed queue"}  # in test_drift_replicas.py
PROVED |= {"handles of accumulators"}  # in test_drift_accumulators.py
PROVED |= {"rows once"}  # in test_drift_rows_once.py
PROVED |= {"reshaped rows"}  # in test_drift_rows_of_ones.py
PROVED |= {"sent into a branch"}  # in test_drift_sent.py
PROVED |= {"limited stacks"}  # in test_drift_limited.py
PROVED |= {"whole weights"}  # in test_drift_counts.py
UNLISTED = {"computed shapes"}  # nobody is told of them


def _built(form, old):
    with tf.Graph().as_default() as graph:
        x, y = (tf.placeholder(tf.float32, SHAPE, name=name) for name in "xy")
        tf.identity(form(old, x, y), name="result")
    return graph


def _run(graph, x, y):
    # As the graphs say: today's optimizer writes not (x >= y) as x < y, which is another answer for no number.
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.arithmetic_optimization = rewriter_config_pb2.RewriterConfig.OFF
    with tf.Session(graph=graph, config=config) as session:
        return session.run("result:0", {"x:0": x, "y:0": y})


@pytest.mark.parametrize("form", HARMLESS, ids=lambda form: form.__name__)
def test_both_forms_give_every_bit(form):
    rng = np.random.default_rng(11)
    graphs = _built(form, True), _built(form, False)
    for scale in (1.0, 1e-3, 10.0):
        x, y = (rng.normal(scale=scale, size=SHAPE).astype(np.float32) for _ in range(2))
        x.flat[: len(SPECIAL)], y.flat[6 : 6 + len(SPECIAL)] = SPECIAL, SPECIAL
        old, new = (_run(graph, x, y) for graph in graphs)
        same = (old.view(np.uint32) == new.view(np.uint32)) | (np.isnan(old) & np.isnan(new))
        assert same.all(), form.__name__


@pytest.mark.parametrize("form", HARMLESS, ids=lambda form: form.__name__)
def test_the_audit_knows_both_forms(form):
    result = audit(_built(form, True).as_graph_def(), _built(form, False).as_graph_def())
    assert result.verdict == "faithful", result.differences
    assert HARMLESS[form] in result.rules.keys() | UNLISTED


# One mistake in each form: what a rule takes in must be checked, all of it.
def maximum_wrong(old, x, y):
    if old:
        return maximum(True, x, y)
    return raw.SelectV2(condition=raw.GreaterEqual(x=x, y=y), t=x, e=tf.zeros(SHAPE))


def power_of_another(old, x, y):
    if old:
        return power(True, x, y)
    condition, none, one = raw.Greater(x=x, y=0.0), tf.zeros(SHAPE), tf.ones(SHAPE)
    safe = raw.SelectV2(condition=raw.Greater(x=y, y=0.0), t=x, e=one)
    return raw.SelectV2(condition=condition, t=raw.Log(x=safe), e=none)


def relu6_of_another(old, x, y):
    clipped = raw.Relu6(features=x)
    return raw.Relu6Grad(gradients=y, features=x if old else raw.Relu6(features=y)) + clipped


def product_of_another(old, x, y):
    return raw.Mul(x=x, y=y) if old else raw.Mul(x=y, y=y)


def another_size(old, x, y):
    count = raw.Cast(x=tf.constant(48), DstT=tf.float32) if old else tf.constant(47.0)
    return raw.RealDiv(x=x, y=count)


def sparse_update_unordered(old, x, y):
    if old:
        return sparse_update(True, x, y)
    variable, _ = variable_of("slot", np.zeros(SHAPE, np.float32))
    raw.Assign(ref=variable, value=x)
    return tf.identity(raw.ScatterAdd(ref=variable, indices=tf.constant([5, 1]), updates=y[:2]))


def gradient_that_may_be_fetched(old, x, y):
    return gradient_of_one(old, x, y, of=[0])


def another_shape(old, x, y):
    return gradient_of_an_array(old, x, y, shape=(2, SHAPE[1] // 2))


def size_of_another(old, x, y):
    return size_of_an_array(old, x, y, size=0)


def size_of_what_grows(old, x, y):
    return size_of_an_array(old, x, y, grows=True)


def waited_for(old, x, y):
    gradient = raw.TanhGrad(y=x, dy=y)
    with tf.control_dependencies([raw.Neg(x=gradient)] if old else []):
        return raw.Exp(x=gradient)


def another_k(old, x, y):
    return in_top_k(old, x, y, k=3)


def another_tensor_in_an_assertion(old, x, y):
    return assertion(old, x, y, of="x")


def fewer_turns(old, x, y):
    return loop(old, x, y, limit=2)


def condition_that_does_not_hold(old, x, y):
    return branch(old, x, y, holds=old)


def another_initial_value(old, x, y):
    return initial_value(old, x, y, of=y)


def merged_crosswise(old, x, y):
    return merge(old, x, y, crossed=not old)


def switched_into_the_other(old, x, y):
    return switched_twice(old, x, y, branch=1)


def gradient_of_the_other_branch(old, x, y):
    return gradient_of_a_branch(old, x, y, crossed=not old)


def update_left_out(old, x, y):
    return grouped(old, x, y, left_out=0 if old else 1)


def compared_with_another(old, x, y):
    return compared(old, x, y, number=1.0)


def another_limit(old, x, y):
    return limited(old, x, y, limit=4)


def another_feature(old, x, y):
    return parsed(old, x, y, key="b")


def another_part(old, x, y):
    return row_in_a_part(old, x, y, extras=2 if old else 3)


def rows_of_each_others_parts(old, x, y):
    return row_in_a_part(old, x, y, crossed=True)


def row_by_another_condition(old, x, y):
    if not old:
        return row_in_a_part(False, x, y)
    made = row_in_a_part(True, x, y)
    rest = made.op.inputs[0].op.inputs[1].op.inputs[0].op  # 1 - c
    rest._update_input(1, x.graph.get_tensor_by_name("Cast:0"))  # of x < y, which both make
    return made


def reversed_by_others(old, x, y):
    return reversed_by_lengths(old, x, y, more=0 if old else 1)


def divergence_of_another(old, x, y):
    return divergence(old, x, y, of="y")


def mean_of_another_size(old, x, y):
    row = x[:1]
    return y + raw.Fill(dims=raw.Shape(input=row * tf.ones(SHAPE) if old else row), value=2.0)


def mean_that_is_not_ones(old, x, y):
    return y + raw.Fill(dims=raw.Shape(input=x * tf.fill(SHAPE, 2.0) if old else x), value=2.0)


def mean_that_is_taken(old, x, y):
    mean = x * tf.ones(SHAPE) if old else x
    return y + raw.Fill(dims=raw.Shape(input=mean), value=2.0) + 0.5 * mean


MISTAKES = [
    *(divergence_of_another, mean_of_another_size, mean_that_is_not_ones, mean_that_is_taken),
    *(reversed_by_others,),
    *(another_part, rows_of_each_others_parts, row_by_another_condition),
    *(maximum_wrong, power_of_another, relu6_of_another, product_of_another, another_size, sparse_update_unordered),
    *(size_of_another, size_of_what_grows),
    *(gradient_that_may_be_fetched, another_shape, waited_for, another_k, another_tensor_in_an_assertion, fewer_turns),
    *(condition_that_does_not_hold, another_initial_value, merged_crosswise, switched_into_the_other, another_feature),
    *(update_left_out, compared_with_another, another_limit, gradient_of_the_other_branch),
]


@pytest.mark.parametrize("form", MISTAKES, ids=lambda form: form.__name__)
def test_a_mistake_in_either_form_is_found(form):
    result = audit(_built(form, True).as_graph_def(), _built(form, False).as_graph_def())
    assert result.verdict == "not faithful"


def _checkpoint(one_op, order=(0, 1), crossed=False, names=("a", "b")):
    """Build a graph that saves and restores two variables of one shape."""
    with tf.Graph().as_default() as graph:
        variables = []
        for name, size in zip(names, (2.0, 3.0), strict=True):
            variable, _ = variable_of(name, np.full(SHAPE, size, np.float32))
            variables.append(variable)
            tf.multiply(variable, size, name=f"used_{len(variables)}")
        path = tf.constant("model", name="path")
        path = path if one_op else raw.PlaceholderWithDefault(input=path, shape=())
        listed = [names[k] for k in order]
        raw.SaveV2(
            prefix=path,
            tensor_names=listed,
            shape_and_slices=["", ""],
            tensors=[variables[k] for k in order],
            name="save",
        )
        if one_op:
            with tf.device("/device:CPU:0"):
                kinds = [tf.float32] * 2
                restored = raw.RestoreV2(prefix=path, tensor_names=listed, shape_and_slices=["", ""], dtypes=kinds)
        else:
            restored = [
                raw.RestoreV2(prefix=path, tensor_names=[name], shape_and_slices=[""], dtypes=[tf.float32])[0]
                for name in listed
            ]
        for k, tensor in zip(order[::-1] if crossed else order, restored, strict=True):
            raw.Assign(ref=variables[k], value=tensor, name=f"restore_{names[k]}")
    return graph


def _in_parts(name):
    """A checkpoint of variables of two machines; `name`: its own, a constant as it was."""
    with tf.Graph().as_default() as graph:
        for number in range(2):
            with tf.device(f"/job:ps/task:{number}"):
                tf.Variable(tf.ones([2]), name=f"weights_{number}", use_resource=False)
        tf.train.Saver(sharded=True)
    graph_def = graph.as_graph_def()
    if name:
        (node,) = (one for one in graph_def.node if one.name == "save/Const")
        node.CopyFrom(tf.NodeDef(name=node.name, op="Const", device=node.device))
        node.attr["dtype"].type = tf.string.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(name))
        left = [one for one in graph_def.node if not one.name.startswith("save/filename")]
        graph_def = tf.GraphDef(node=left, versions=graph_def.versions)
    return graph_def


def test_a_checkpoint_in_parts_has_a_name_that_can_be_fed():
    result = audit(_in_parts("model"), _in_parts(None))
    assert result.verdict == "faithful" and "checkpoints" in result.rules
    assert audit(_in_parts("other"), _in_parts(None)).verdict == "not faithful"


@pytest.mark.parametrize("device", ["/device:CPU:0", "/device:GPU:0"])
def test_what_rounds_is_placed_where_the_program_says(device):
    def made(device, whole):
        with tf.Graph().as_default() as graph, tf.device(device):
            x = tf.placeholder(tf.float32, [3], name="x")
            raw.Greater(x=x, y=0.0) if whole else raw.Exp(x=x)
        graph_def = graph.as_graph_def()
        graph_def.node[0].device = ""  # where it is fed
        return graph_def

    assert audit(made(None, False), made(device, False)).verdict == "not faithful"
    expected = "faithful" if "CPU" in device else "not faithful"
    assert audit(made(None, True), made(device, True)).verdict == expected


def test_checkpoints_are_compared_by_name_and_slice():
    result = audit(_checkpoint(False, (1, 0)).as_graph_def(), _checkpoint(True).as_graph_def())
    assert result.verdict == "faithful" and {"checkpoints", "checkpoints on the CPU"} <= result.rules.keys()
    crossed = audit(_checkpoint(False).as_graph_def(), _checkpoint(True, crossed=True).as_graph_def())
    assert crossed.verdict == "not faithful", "each variable is restored from the other"


def test_other_names_in_checkpoints_are_said():
    result = audit(_checkpoint(False).as_graph_def(), _checkpoint(True, names=("a", "kernel")).as_graph_def())
    assert result.verdict == "numbers changed" and result.differences == []
    assert [one.cause for one in result.numbers] == ["names in checkpoints"]


def _saved(scope, given=None, resource=False):
    """Two variables of a scope and their Saver, which has the names that a program may have `given`."""
    with tf.Graph().as_default() as graph:
        with tf.variable_scope(scope, use_resource=resource):
            begin = {"w": tf.ones_initializer(), "b": tf.zeros_initializer()}
            saved = [tf.get_variable(name, [3], initializer=one) for name, one in begin.items()]
        tf.train.Saver(dict(zip(given, saved, strict=True)) if given else saved)
    return graph.as_graph_def()


@pytest.mark.parametrize("resource", [False, True])
def test_a_dictionary_of_the_old_names_makes_a_saver_of_renamed_variables_the_same(resource):
    old, new = (
        functools.partial(_saved, "net", resource=resource),
        functools.partial(_saved, "model", resource=resource),
    )
    assert [one.cause for one in audit(old(), new()).numbers] == ["names in checkpoints"]
    assert audit(old(), new(["net/w", "net/b"])).verdict == "faithful"
    assert audit(old(["net/w", "y"]), new(["net/w", "y"])).verdict == "faithful"
    for given in (["net/b", "net/w"], ["net/w", "net/c"], ["w", "b"]):
        for pair in ((old(), new(given)), (old(), old(given)), (old(given), old())):
            assert audit(*pair).verdict == "not faithful", given


def _initialized_from(file, name, as_named, resource):
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("", use_resource=resource):
            tf.get_variable(name, [3])
        tf.train.init_from_checkpoint(str(file), {as_named: name})
    return graph.as_graph_def()


@pytest.mark.parametrize("resource", [False, True])
def test_what_a_file_names_is_what_a_variable_begins_with_whatever_its_own_name_is(resource, tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        for value, name in enumerate("ab"):
            tf.get_variable(name, [3], initializer=tf.constant_initializer(value))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "begin"))
    begun = functools.partial(_initialized_from, tmp_path / "begin", resource=resource)
    assert audit(begun("a", "a"), begun("c", "a")).verdict == "faithful"
    assert audit(begun("a", "a"), begun("b", "b")).verdict == "not faithful"


@pytest.mark.parametrize("writer", [True, False])
def test_either_form_of_a_saver_restores_what_the_other_saved(writer, tmp_path):
    path = str(tmp_path / "model")
    graphs = _checkpoint(writer, (1, 0)), _checkpoint(not writer)
    with tf.Session(graph=graphs[0]) as session:
        session.run(["a/Assign", "b/Assign"])
        session.run("save", {_path(graphs[0]): path})
    with tf.Session(graph=graphs[1]) as session:
        values = session.run(["restore_a:0", "restore_b:0"], {_path(graphs[1]): path})
    assert (values[0] == 2.0).all() and (values[1] == 3.0).all()


def zeros(old, x, y, of=None):
    if old:
        return tf.reduce_mean(tf.cast(tf.equal(x, 0.0), tf.float32)) * y
    return tf.nn.zero_fraction(x if of is None else of) * y


def clipped(old, x, y, limit=2.0):
    squares = tf.reduce_sum(x * x, keepdims=True)
    if old:
        return tf.identity(x * 2.0 * tf.minimum(tf.rsqrt(squares), tf.constant(1.0) / 2.0)) + y
    return tf.clip_by_norm(x, limit) + y


def zeros_of_another(old, x, y):
    return zeros(old, x, y, of=y)


def zeros_of_a_row(old, x, y, of=None):
    """Of a size of 1 no sum is taken."""
    rows = [tf.reshape(one, [1, -1]) for one in (x, x if of is None else of)]
    return zeros(old, rows[0], y, of=rows[1])


def zeros_of_another_row(old, x, y):
    return zeros_of_a_row(old, x, y, of=y)


def clipped_at_another(old, x, y):
    return clipped(old, x, y, limit=3.0)


@pytest.mark.parametrize(
    ("form", "wrong", "cause"),
    [
        (zeros, zeros_of_another, "part of zeros"),
        (zeros_of_a_row, zeros_of_another_row, "part of zeros"),
        (clipped, clipped_at_another, "clipped by a norm"),
    ],
)
def test_what_changed_numbers_is_said_and_no_mistake_beside_it_is_excused(form, wrong, cause):
    tf.disable_control_flow_v2()
    try:
        graphs = _built(form, True), _built(form, False)
        result = audit(*(graph.as_graph_def() for graph in graphs))
        assert result.verdict == "numbers changed" and [one.cause for one in result.numbers] == [cause]
        mistake = audit(graphs[0].as_graph_def(), _built(wrong, False).as_graph_def())
        assert mistake.verdict == "not faithful"
    finally:
        tf.enable_control_flow_v2()
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=SHAPE).astype(np.float32) for _ in range(2))
    x[0, :5] = 0.0
    old, new = (_run(graph, x, y) for graph in graphs)
    np.testing.assert_allclose(old, new, rtol=1e-5)
    assert (old != new).any(), "else it would be a rule"


def _tagged(tag, name, clipped=None, norm="norm"):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, SHAPE, name="x")
        norm = raw.Sqrt(x=tf.reduce_sum(x * x), name=norm)
        scale = raw.Mul(x=2.0, y=raw.Minimum(x=raw.RealDiv(x=1.0, y=norm), y=raw.RealDiv(x=1.0, y=clipped or 2.0)))
        if clipped:
            scale = raw.AddV2(x=scale, y=raw.Sub(x=norm, y=norm))
        raw.ScalarSummary(tags=tag, values=norm, name=name)
        tf.multiply(x, scale, name="result")
    return graph


def test_tags_that_follow_the_names_are_said_and_no_others():
    old = _tagged("loss", "loss").as_graph_def()
    result = audit(old, _tagged("loss_1", "loss_1", norm="loss").as_graph_def())
    assert [one.cause for one in result.numbers] == ["tags of summaries"] and result.verdict == "numbers changed"
    for tag, name in (("loss_1", "loss"), ("cost", "cost"), ("loss_1", "loss_1")):  # the last is the program's number
        assert audit(old, _tagged(tag, name).as_graph_def()).verdict == "not faithful"


def test_a_norm_that_was_not_asked_is_said_and_differs_only_where_it_is_infinite():
    old, new = _tagged("loss", "loss"), _tagged("loss", "loss", clipped=2.0)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert [one.cause for one in result.numbers] == ["norm that was not asked"] and not result.differences
    assert audit(old.as_graph_def(), _tagged("loss", "loss", clipped=3.0).as_graph_def()).verdict == "not faithful"
    x = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
    assert (_value(old, x) == _value(new, x)).all()
    x[0, 0] = np.inf
    assert np.isnan(_value(new, x)).all() and not np.isnan(_value(old, x)).all()


def _value(graph, x):
    with tf.Session(graph=graph) as session:
        return session.run("result:0", {"x:0": x})


def _path(graph):
    return graph.get_operation_by_name("save").inputs[0].name


def _looped(also, taken=False):
    """Build the gradients of a loop, in which a tensor of zeros is added, for x and `also` for the zeros."""
    with tf.Graph().as_default() as graph:
        x, zeros = tf.placeholder(tf.float32, [1, 3], name="x"), tf.fill([1, 3], 0.0)
        _, value = tf.while_loop(lambda i, _: i < 4, lambda i, v: (i + 1, tf.tanh(v * x + zeros)), [0, x])
        gradients = tf.gradients(value, [x, zeros] if also else [x])
        total = tf.reduce_sum(gradients[1]) if also else 0.0
        variable, assign = variable_of("weights", np.zeros((1, 3), np.float32))
        with tf.control_dependencies([assign]):
            update = raw.AssignSub(ref=variable, value=gradients[0] + total if taken else gradients[0])
        tf.identity(update, name="result")
    return graph


def test_what_leaves_a_backward_loop_for_nobody_may_be_made_or_not():
    tf.disable_control_flow_v2()
    try:
        graphs = [_looped(*of) for of in ((True,), (False,), (True, True))]
    finally:
        tf.enable_control_flow_v2()
    old, new, taken = (graph.as_graph_def() for graph in graphs)
    result = audit(old, new)
    assert result.verdict == "faithful" and "unused gradients" in result.rules, result.differences
    assert audit(taken, new).verdict == audit(new, taken).verdict == "not faithful"
    x = np.random.default_rng(2).normal(size=(1, 3)).astype(np.float32)
    assert _value(graphs[0], x).tobytes() == _value(graphs[1], x).tobytes()


def _named(names):
    """Build a product of a matrix and a vector, with placeholders of these names."""
    with tf.Graph().as_default() as graph:
        matrix = raw.Placeholder(dtype=tf.float32, shape=[2, 3], name=names[0])
        vector = raw.Placeholder(dtype=tf.float32, shape=[3], name=names[1])
        raw.Tanh(x=raw.MatMul(a=matrix, b=raw.ExpandDims(input=vector, axis=1)))
    return graph


def test_placeholders_without_a_shape_may_have_the_names_of_others_in_the_port():
    old = _named(["x", "y"]).as_graph_def()
    old.versions.producer = 21  # of TensorFlow 1.0, for which an empty shape is one that is unknown
    for node in old.node:
        if node.op == "Placeholder":
            node.attr["shape"].Clear()
            node.attr["shape"].shape.SetInParent()
    assert audit(old, _named(["y", "z"]).as_graph_def()).verdict == "faithful"
