"""What only releases between TensorFlow 1.4 and 1.15 wrote: what differs is said, and what does not gives every bit."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import ops

from compat_v1.audit.comparison import audit

raw = tf.raw_ops
NORM = "Found Inf or NaN global norm."


def _value(graph, **fed):
    with tf.Session(graph=graph) as session:
        return session.run("result:0", {f"{name}:0": value for name, value in fed.items()})


def _checked_norm(message=NORM, clip=2.0, beside=False, other=False):
    """The gradients of clip_by_global_norm of 1.9 to 1.14, with one mistake or none."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [5], name="x")
        norm = tf.global_norm([x])
        with ops.colocate_with(norm):
            check = raw.CheckNumerics(tensor=norm + 1.0 if other else norm, message=message)
            with tf.control_dependencies([check]):
                checked = raw.Identity(input=norm)
        scale = raw.Mul(x=clip, y=raw.Minimum(x=raw.RealDiv(x=1.0, y=checked), y=raw.RealDiv(x=1.0, y=clip)))
        with ops.colocate_with(x):
            clipped = tf.identity(x * scale)
        tf.identity(clipped, name="result")
        tf.identity(checked, name="norm")
        if beside:
            tf.identity(check, name="beside")
    return graph


def _clipped(advised=False, clip=2.0, message=NORM):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [5], name="x")
        checked = tf.verify_tensor_all_finite(tf.global_norm([x]), message) if advised else None
        (clipped,), norm = tf.clip_by_global_norm([x], clip, use_norm=checked)
        tf.identity(clipped, name="result")
        tf.identity(norm, name="norm")
    return graph


def test_a_norm_that_stopped_is_said_and_differs_only_where_it_is_not_finite():
    old, new, advised = _checked_norm(), _clipped(), _clipped(advised=True)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert [one.cause for one in result.numbers] == ["norm that stopped"] and result.verdict == "numbers changed"
    again = audit(old.as_graph_def(), advised.as_graph_def())
    assert again.verdict == "faithful" and "norm that is no number" in again.rules, again.differences
    rng = np.random.default_rng(5)
    for scale in (0.0, 1e-30, 0.1, 1.0, 1e3, 1e18):
        x = (rng.normal(size=5) * scale).astype(np.float32)
        values = [_value(graph, x=x).view(np.uint32) for graph in (old, new, advised)]
        assert (values[0] == values[1]).all() and (values[0] == values[2]).all()
    for number in (np.inf, np.nan, 3e38):
        x = np.full(5, number, np.float32)
        assert np.isnan(_value(new, x=x)).all()
        for graph in (old, advised):
            with pytest.raises(tf.errors.InvalidArgumentError, match=NORM):
                _value(graph, x=x)


@pytest.mark.parametrize(
    "old, new",
    [
        ({}, {"clip": 3.0}),
        ({"message": "another"}, {}),
        ({"other": True}, {}),
        ({"beside": True}, {}),
        ({}, {"advised": True, "message": "another"}),
    ],
    ids=str,
)
def test_what_else_is_asked_of_a_norm_is_reported(old, new):
    assert audit(_checked_norm(**old).as_graph_def(), _clipped(**new).as_graph_def()).verdict == "not faithful"


def test_a_norm_that_is_checked_in_the_port_alone_is_reported():
    assert audit(_clipped().as_graph_def(), _clipped(advised=True).as_graph_def()).verdict == "not faithful"
    with tf.Graph().as_default() as raw_norm:
        x = tf.placeholder(tf.float32, [5], name="x")
        norm = tf.global_norm([x])
        checked = tf.verify_tensor_all_finite(norm, NORM)
        tf.identity(tf.clip_by_global_norm([x], 2.0, use_norm=checked)[0][0], name="result")
        tf.identity(norm, name="norm")  # which does not stop
    assert audit(_checked_norm().as_graph_def(), raw_norm.as_graph_def()).verdict == "not faithful"


def _branches(behind=0):
    """The gradients of a condition, made behind some updates, as GraphDef."""
    with tf.Graph().as_default() as graph:
        x, y = (tf.placeholder(tf.float32, [None, 3], name=name) for name in "xy")
        chosen = tf.cond(tf.placeholder(tf.bool, [], name="p"), lambda: tf.exp(x), lambda: y * 2.0)
        updates = [tf.assign_add(tf.Variable(0.0, name=f"count_{k}"), 1.0, name=f"update_{k}") for k in range(2)]
        with tf.control_dependencies(updates[:behind]):
            gradients = tf.gradients(tf.square(chosen), [x, y])
        tf.concat(gradients, 0, name="result")
    return graph.as_graph_def()


def _behind_switches(graph_def, exchanged=False, value=None):
    """Let the zeros of a branch's gradient wait for the Switch as such, as from 1.5 to 1.12, or for the other one."""
    nodes = {node.name: node for node in graph_def.node}
    zeros = [node for node in graph_def.node if node.op == "Const" and "zeros" in node.name]
    copies = [next(one for one in node.input if nodes[one[1:]].op == "Identity") for node in zeros]
    switches = [nodes[copy[1:]].input[0].partition(":")[0] for copy in copies]
    for node, copy, switch in zip(zeros, copies, switches[::-1] if exchanged else switches, strict=True):
        node.input[list(node.input).index(copy)] = f"^{switch}"
        if value is not None:
            node.attr["value"].tensor.float_val[:] = [value]
    assert len(set(switches)) == 2
    return graph_def


def _without_identities(graph_def):
    """Leave out the copies that nothing takes any more."""
    used = {one.lstrip("^").partition(":")[0] for node in graph_def.node for one in node.input}
    kept = [node for node in graph_def.node if node.name in used or not node.name.startswith("gradients/Identity")]
    return tf.GraphDef(node=kept, versions=graph_def.versions)


def test_zeros_of_a_branch_may_have_waited_for_its_switch_and_give_every_bit():
    tf.disable_control_flow_v2()
    try:
        new = _branches()
        old = _without_identities(_behind_switches(_branches()))
        mistakes = [
            _without_identities(_behind_switches(_branches(), exchanged=True)),
            _without_identities(_behind_switches(_branches(), value=1.0)),
        ]
    finally:
        tf.enable_control_flow_v2()
    assert len(old.node) == len(new.node) - 2
    assert audit(old, new).verdict == "faithful", audit(old, new).differences
    assert [audit(one, new).verdict for one in mistakes] == ["not faithful"] * 2
    assert audit(new, old).verdict == "not faithful", "no release made them so later"
    x, y = np.random.default_rng(7).normal(size=(2, 4, 3)).astype(np.float32)
    for p in (True, False):
        values = []
        for graph_def in (old, new):
            with tf.Graph().as_default() as graph:
                tf.import_graph_def(graph_def, name="")
            values.append(_value(graph, x=x, y=y, p=p).view(np.uint32))
        assert (values[0] == values[1]).all()


def test_zeros_of_a_branch_made_behind_updates_wait_for_these_and_for_its_switch():
    tf.disable_control_flow_v2()
    try:
        graphs = [_without_identities(_behind_switches(_branches(behind=count))) for count in (2, 1, 0)]
        new = _branches(behind=2)
    finally:
        tf.enable_control_flow_v2()
    verdicts = [audit(old, new).verdict for old in graphs]
    assert verdicts == ["faithful", "not faithful", "not faithful"], audit(graphs[0], new).differences


def _of_resources(beside=None):
    """Two variables that are resources, as GraphDef, and what takes the first one's handle beside a node."""
    with tf.Graph().as_default() as graph:
        v, w = (tf.get_variable(name, initializer=[1.0, 2.0], use_resource=True) for name in "vw")
        tf.assign(v, v.read_value() * 2.0, name="again")
        tf.add(v, w, name="result")
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if beside and node.input and node.input[0] == "v":
            node.attr["_class"].list.s[:] = [f"loc:@{beside}".encode()]
    return graph_def


def test_what_takes_a_variables_handle_is_placed_with_it_whatever_it_says():
    old, new = _of_resources("v"), _of_resources()
    result = audit(old, new)
    assert result.verdict == "faithful" and "colocation" in result.rules, result.differences
    assert audit(_of_resources("w"), new).verdict == "not faithful"
    assert audit(old, _of_resources("w")).verdict == "not faithful"
    values = []
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph) as session:
            session.run(["v/Assign", "w/Assign"])
            values.append(session.run("result:0").tobytes())
    assert values[0] == values[1]


def _normalized(handed=3, used=None, mean=False):
    """The gradients of fused batch normalization, of which a group hands on so many; as GraphDef."""
    with tf.Graph().as_default() as graph:
        x, g = (tf.placeholder(tf.float32, [2, 3, 3, 4], name=name) for name in "xg")
        scale, nothing = tf.ones([4]), np.zeros(0, np.float32)
        made = raw.FusedBatchNorm(x=x, scale=scale, offset=scale, mean=nothing, variance=nothing, is_training=True)
        back = raw.FusedBatchNormGrad(
            y_backprop=g, x=x, scale=scale, reserve_space_1=made[3], reserve_space_2=made[4], is_training=True
        )
        with tf.control_dependencies([tf.group(back[0])]):
            given = [tf.identity(back[place]) for place in range(handed)]
            given += [tf.identity(made[1], name="mean")] if mean else []
        tf.identity(given[0] * tf.reduce_sum(given[1] + given[2]), name="result")
        if used is not None:
            tf.exp(given[used], name="used")
    return graph.as_graph_def()


def test_no_gradients_for_the_mean_and_variance_are_handed_on():
    old, new = _normalized(handed=5), _normalized()
    result = audit(old, new)
    assert result.verdict == "faithful" and "unused gradients" in result.rules, result.differences
    for mistake in (_normalized(handed=5, used=3), _normalized(mean=True)):
        assert audit(mistake, new).verdict == "not faithful"
    assert audit(new, old).verdict == "faithful", "what is handed to nobody makes no difference"
    x, g = np.random.default_rng(9).normal(size=(2, 2, 3, 3, 4)).astype(np.float32)
    values = []
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        values.append(_value(graph, x=x, g=g).tobytes())
    assert values[0] == values[1]


def _limited(form, low=-0.5, high=0.5, awaited=True, unknown=False):
    """What is clipped between two limits, by one op or by two, behind an update."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, None if unknown else [None, 3], name="x")
        average = tf.raw_ops.VariableV2(shape=[], dtype=tf.float32, name="average")
        update = tf.raw_ops.Assign(ref=average, value=tf.constant(1.0))
        with tf.control_dependencies([update] if awaited else []):
            if form == "one op":
                y = tf.raw_ops.ClipByValue(t=x, clip_value_min=low, clip_value_max=high)
            elif form == "two":
                y = tf.clip_by_value(x, low, high)
            else:
                y = tf.minimum(tf.maximum(x, low), high)
        tf.identity(y, "result")
    return graph


def test_what_one_op_clipped_is_said_and_differs_only_in_the_sign_of_a_zero():
    graphs = _limited("one op"), _limited("two")
    old, new = (graph.as_graph_def() for graph in graphs)
    result = audit(old, new)
    assert not result.differences and [one.cause for one in result.numbers] == ["clipped by one op"]
    for low, high in ((-0.5, 0.5), (0.0, 1.0), (-np.inf, 0.0), (0.75, 0.25)):
        pair = [_limited(form, low, high) for form in ("one op", "two")]
        x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
        x[0], x[1] = (np.nan, np.inf, -np.inf), (0.0, -0.0, 1e-40)
        one, other = (_value(graph, x=x) for graph in pair)
        np.testing.assert_array_equal(one, other)
    advised = audit(old, _limited("one op").as_graph_def())
    assert (advised.verdict, advised.numbers) == ("faithful", [])
    wrong = {"low": -0.25}, {"high": 0.25}, {"awaited": False}
    for mistaken in (*(_limited("two", **one) for one in wrong), _limited("the other way")):
        assert audit(old, mistaken.as_graph_def()).verdict == "not faithful"
    unknown = [_limited(form, unknown=True).as_graph_def() for form in ("one op", "two")]
    assert audit(*unknown).verdict == "not faithful"  # the op refuses limits of other sizes, which the two spread


def _weights(deviation, drawn="truncated"):
    """Initial weights, as variance_scaling_initializer draws them."""
    with tf.Graph().as_default() as graph:
        draw = tf.random.truncated_normal if drawn == "truncated" else tf.random.normal
        tf.identity(draw([200, 3], 0.0, deviation, seed=3), "result")
    return graph


def test_the_scale_of_initial_weights_is_said_and_is_another():
    deviation = (2.0 / 4) ** 0.5
    old, new = _weights(deviation), _weights(deviation / 0.87962566103423978)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert not result.differences and [one.cause for one in result.numbers] == ["scale of initial weights"]
    np.testing.assert_allclose(_value(new) / _value(old), 1.1368472, rtol=1e-6)
    initializers = (tf.variance_scaling_initializer(2.0), tf.truncated_normal_initializer(stddev=deviation))
    for initializer, graph in zip(initializers, (new, old), strict=True):  # what the advice says, beside today's
        with tf.Graph().as_default() as advised:
            initializer.seed = 3
            tf.identity(initializer([4, 3]), "result")
        made = {node.name.rpartition("/")[2]: node for node in advised.as_graph_def().node}
        same = next(node for node in graph.as_graph_def().node if node.name.endswith("stddev"))
        assert made["stddev"].attr["value"] == same.attr["value"]
    for other in (_weights(deviation / 0.88), _weights(deviation * 0.87962566), _weights(0.8038, "normal")):
        assert audit(old.as_graph_def(), other.as_graph_def()).verdict == "not faithful"
    normal = [_weights(one, "normal").as_graph_def() for one in (deviation, deviation / 0.87962566103423978)]
    assert audit(*normal).verdict == "not faithful"
