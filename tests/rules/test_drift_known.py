"""What today's TensorFlow knows of a shape, or names a tag after, and what batch normalization adds."""

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


def _array(shape, gathered=None):
    """An array of rows of which a shape is said, and another one where they are gathered."""
    handle, flow = raw.TensorArrayV3(size=2, dtype=tf.float32, element_shape=shape)
    flow = raw.TensorArrayScatterV3(handle=handle, indices=[0, 1], value=floats(2, 3, 4), flow_in=flow)
    out(raw.TensorArrayGatherV3(handle=handle, indices=[1, 0], flow_in=flow, dtype=tf.float32, element_shape=gathered))


@pytest.mark.parametrize("shapes", [([None, 4], [3, None]), (None, [3, 4])])
def test_an_array_is_said_to_have_elements_of_a_shape_of_which_more_is_known(shapes):
    new = _built(_array, [3, 4], [3, 4])
    assert "shapes in arrays" in proved(_built(_array, *shapes), new).rules
    assert audit(new, _built(_array, *shapes)).verdict == "not faithful"
    assert audit(_built(_array, *shapes), _built(_array, [3, 4], [5, 4])).verdict == "not faithful"


def _tagged(weights, crossed=False):
    """Summaries of two variables, under what is made of the variables' names."""
    variables = []
    for number, rows in enumerate((3, 4)):
        with tf.variable_scope(f"cells/cell_{number}"):
            variables.append(tf.get_variable(weights, initializer=tf.ones([rows, 2]), use_resource=False))
    for one, named in zip(variables, variables[::-1] if crossed else variables, strict=True):
        tf.summary.histogram(named.op.name, one)  # under the name with a number, as the variable has that itself
        tf.summary.histogram(f"parameters/{named.op.name}", tf.reduce_max(one))
        tf.summary.scalar(f"{named.op.name}/mean", tf.reduce_mean(one))


def test_a_tag_is_made_of_the_name_that_a_variable_has_in_its_graph():
    old = _built(_tagged, "weights")
    result = audit(old, _built(_tagged, "kernel"))
    assert result.verdict == "numbers changed", result.differences
    assert {one.cause for one in result.numbers} == {"tags of summaries"}
    assert audit(old, _built(_tagged, "kernel", crossed=True)).verdict == "not faithful"


def _curves(before, crossed=False):
    """Summaries of two means, under what is made of the means' names, behind some that TensorFlow made itself."""
    x = floats(4, 3)
    for _ in range(before):
        raw.Mean(input=raw.Abs(x=x), axis=[0], name="Mean")
    losses = [tf.reduce_mean(raw.Tanh(x=x), 0), tf.reduce_mean(raw.Sin(x=x), 0)]
    for one, named in zip(losses, losses[::-1] if crossed else losses, strict=True):
        tf.summary.histogram(f"{named.op.name}_raw", one)
        out(one)


def test_a_tag_is_made_of_the_name_that_a_tensor_has_in_its_graph():
    old, new = _built(_curves, 2), _built(_curves, 0)
    del old.node[1:7]  # those means, of which a release had its own
    result = audit(old, new)
    assert result.verdict == "numbers changed", result.differences
    assert {one.cause for one in result.numbers} == {"tags of summaries"}
    assert audit(old, _built(_curves, 0, crossed=True)).verdict == "not faithful"


def _of_an_op(new, name=""):
    """The curve of a sum, under what is made of the sum's name: that of its op, which is another by now, or `name`."""
    x = floats(4, 3)
    with tf.name_scope("layer"):
        total = (
            raw.AddV2(x=x, y=raw.Exp(x=x), name=name or "AddV2") if new else raw.Add(x=x, y=raw.Exp(x=x), name="add")
        )
    tf.summary.histogram(f"mean_{total.op.name}_raw", total)
    out(total)


def test_a_tag_is_made_of_the_name_that_an_op_gives_its_tensor():
    old = _built(_of_an_op, False)
    for version in (0, 21, 134):  # by any release, the last of TensorFlow 1 as well
        old.versions.producer = version
        result = audit(old, _built(_of_an_op, True))
        assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["tags of summaries"])
    for name in ("total", "Add_total"):
        assert audit(old, _built(_of_an_op, True, name)).verdict == "not faithful"


def _penalized(epsilon, training=True, in_sum=None):
    """The penalty of a gradient through fused batch normalization, whose own gradient adds the epsilon once more."""
    x = floats(2, 4, 4, 3)
    averages = {} if training else {"mean": floats(3, name="mean"), "variance": floats(3, name="variance")}
    scale, offset = floats(3, name="scale"), floats(3, name="offset")
    normal = tf.nn.fused_batch_norm(x, scale, offset, epsilon=epsilon, is_training=training, **averages)[0]
    (gradient,) = tf.gradients(raw.Tanh(x=normal), x)
    (second,) = tf.gradients(raw.Square(x=gradient), x)
    if in_sum:
        second += raw.Rsqrt(x=raw.Mean(input=raw.Square(x=x), axis=[0, 1, 2]) + in_sum)
    out(second)


@pytest.mark.parametrize("training", [True, False])
def test_the_gradient_of_a_gradient_has_the_epsilon_of_batch_normalization(training):
    old = _built(_penalized, 1.001e-5, training)
    result = audit(old, _built(_penalized, 1e-5, training))
    assert result.verdict == "numbers changed", result.differences
    assert {one.cause for one in result.numbers} == {"least epsilon"}
    assert audit(_built(_penalized, 2e-5, training), _built(_penalized, 1e-5, training)).verdict == "not faithful"
    others = (_built(_penalized, one, training, in_sum=one) for one in (1.001e-5, 1e-5))
    assert audit(*others).verdict == "not faithful"  # of a mean that no op normalizes by
