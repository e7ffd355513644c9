"""Metrics as the first releases wrote them: without assertions, from sparse pairs, over all classes; and mistakes."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.ops import metrics_impl

from compat_v1.audit.comparison import audit
from drift_cases import out

raw = tf.raw_ops


def _built(form, *args, **options):
    with tf.Graph().as_default() as graph:
        tf.get_variable_scope().set_use_resource(False)
        tf.disable_control_flow_v2()
        try:
            form(*args, **options)
        finally:
            tf.enable_control_flow_v2()
    return graph.as_graph_def()


def _causes(old, new):
    result = audit(old, new)
    assert result.differences == [], result.differences
    return [one.cause for one in result.numbers]


def _run(graph_def, feeds):
    """Return what an update and then the metric give, twice."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        session.run("begin")
        return [session.run(one, feeds).tobytes() for _ in range(2) for one in ("update:0", "out:0")]


def _begin(update):
    raw.Identity(input=update, name="update")
    tf.variables_initializer(tf.local_variables(), name="begin")


# At thresholds.


def _at_thresholds(new, monkeypatch, swapped=False, curve="ROC", count=7):
    labels, predictions = (tf.placeholder(tf.float32, [None], name=name) for name in ("labels", "predictions"))
    if swapped:
        labels, predictions = predictions, labels
    with monkeypatch.context() as patch:
        if not new:
            for name in ("assert_greater_equal", "assert_less_equal"):
                patch.setattr(metrics_impl.check_ops, name, lambda *_, **__: tf.no_op())
        value, update = tf.metrics.auc(labels, predictions, curve=curve, num_thresholds=count)
    out(value)
    _begin(update)


def test_predictions_at_thresholds_are_asserted_to_be_probabilities(monkeypatch):
    old, new = (_built(_at_thresholds, one, monkeypatch) for one in (False, True))
    for node in [node for node in old.node if node.op == "NoOp" and node.name.startswith("auc/")]:
        for other in old.node:  # what stands for assertions in this test alone
            if f"^{node.name}" in other.input:
                other.input.remove(f"^{node.name}")
        old.node.remove(node)
    assert _causes(old, new) == ["asserted of metrics"]
    rng = np.random.default_rng(1)
    feeds = {"labels:0": rng.integers(0, 2, 20), "predictions:0": rng.random(20)}
    assert _run(old, feeds) == _run(new, feeds)
    feeds["predictions:0"][3] = 1.5
    _run(old, feeds)
    with pytest.raises(tf.errors.InvalidArgumentError):
        _run(new, feeds)
    for mistake in ({"swapped": True}, {"curve": "PR"}, {"count": 8}):
        assert audit(old, _built(_at_thresholds, True, monkeypatch, **mistake)).verdict == "not faithful"
    assert audit(new, old).verdict == "not faithful", "assertions of the original"


def _asserted(condition, message, used=False):
    x = tf.placeholder(tf.int64, [None], name="x")
    if condition:
        with tf.control_dependencies([tf.Assert(tf.reduce_all(condition(x)), [message, x])]):
            x = tf.identity(x)
    out(raw.Neg(x=x))


def test_another_assertion_of_the_port_is_reported():
    message = "`labels` contains negative values.  "
    asked = lambda x: tf.less_equal(np.int64(0), x)  # noqa: E731
    none, one = _built(_asserted, None, ""), _built(_asserted, asked, message)
    assert _causes(none, one) == ["asserted of metrics"]
    assert audit(none, _built(_asserted, asked, "no labels")).verdict == "not faithful"
    for other in (lambda x: tf.equal(x, 0), lambda x: tf.less_equal(np.int64(1), x), lambda x: tf.less_equal(x, x)):
        assert audit(none, _built(_asserted, other, message)).verdict == "not faithful"
    assert audit(_built(_asserted, lambda x: tf.less_equal(np.int64(1), x), message), one).verdict == "not faithful"


# Confusion matrices.


def _matrix(new, classes=4, swapped=False, kind=tf.int32, of_one=False, unranked=()):
    """`unranked`: of which of the two the graph does not say that it is a vector, as of what Python gave."""
    names = ("labels", "predictions")
    labels, predictions = (tf.placeholder(tf.int64, None if name in unranked else [None], name=name) for name in names)
    for one in (labels, predictions):
        one.set_shape([None])
    given = (predictions, labels) if swapped else (labels, labels) if of_one else (labels, predictions)
    if new:
        out(tf.math.confusion_matrix(*given, classes, kind))
        return
    pairs = raw.Transpose(x=raw.Pack(values=list(given)), perm=[1, 0])
    ones = raw.Fill(dims=raw.Shape(input=predictions), value=tf.ones([], kind))
    zeros = tf.zeros([classes, classes], kind)
    shape = tf.constant([classes, classes], tf.int64)
    out(raw.SparseTensorDenseAdd(a_indices=pairs, a_values=ones, a_shape=shape, b=zeros))


@pytest.mark.parametrize("kind", [tf.int32, tf.float32, tf.float64])
def test_a_confusion_matrix_is_scattered_and_stops_for_what_is_no_class(kind):
    old, new = (_built(_matrix, one, kind=kind) for one in (False, True))
    result = audit(old, new)
    assert [one.cause for one in result.numbers] == ["asserted of metrics"] and not result.differences
    assert "pairs in rows" in result.rules
    for seed in range(5):
        rng = np.random.default_rng(seed)
        feeds = {f"{name}:0": rng.integers(0, 4, 30) for name in ("labels", "predictions")}
        found = []
        for graph_def in (old, new):
            with tf.Graph().as_default(), tf.Session() as session:
                tf.import_graph_def(graph_def, name="")
                found.append(session.run("out:0", feeds).tobytes())
        assert found[0] == found[1]
    for mistake in ({"classes": 5}, {"swapped": True}, {"of_one": True}):
        assert audit(old, _built(_matrix, True, **{"kind": kind, **mistake})).verdict == "not faithful"


@pytest.mark.parametrize("unranked", [["labels"], ["predictions"], ["labels", "predictions"]])
def test_pairs_lie_in_rows_if_one_of_them_is_known_to_be_a_vector(unranked):
    old, new = (_built(_matrix, one, unranked=unranked) for one in (False, True))
    assert ("pairs in rows" in audit(old, new).rules) == (len(unranked) == 1) == (not audit(old, new).differences)
    assert audit(old, _built(_matrix, True, unranked=unranked, swapped=True)).verdict == "not faithful"


def test_other_tensors_are_no_pairs_that_lie_in_rows():
    def form(new, order=(1, 0, 2), axis=1):
        x, y = (tf.placeholder(tf.float32, [5, 3], name=name) for name in "xy")
        packed = raw.Pack(values=[x, y], axis=axis if new else 0)
        out(packed if new else raw.Transpose(x=packed, perm=order))

    for axis in (1, 2):
        assert audit(_built(form, False), _built(form, True, axis=axis)).verdict == "not faithful"


# The mean over classes.


def _classes(new, as_advised=False, least=0.0, of_others=False, over=None):
    labels, predictions = (tf.placeholder(tf.int64, [None], name=name) for name in ("labels", "predictions"))
    mean, update = tf.metrics.mean_iou(labels, predictions, 4)
    matrix = tf.local_variables()[0]
    if not new:
        rows, columns = (tf.cast(tf.reduce_sum(matrix, axis), tf.float32) for axis in (0, 1))
        own = tf.cast(tf.diag_part(matrix), tf.float32)
        total = rows + (rows if of_others else columns) - own
        total = tf.where(tf.greater(total, least), total, tf.ones_like(total))
        mean = tf.reduce_mean(tf.divide(own, total), over)
    elif as_advised:
        d, c = tf.cast(tf.diag_part(matrix), tf.float32), matrix
        n = tf.cast(tf.reduce_sum(c, 0), tf.float32) + tf.cast(tf.reduce_sum(c, 1), tf.float32) - d
        mean = tf.reduce_mean(d / tf.where(n > 0, n, tf.ones_like(n)))
    out(mean)
    _begin(update)


def _without_mean(graph_def):
    """Return a graph without the mean that today's function made, of which nothing is taken."""
    kept, todo, nodes = set(), ["out", "update", "begin"], {node.name: node for node in graph_def.node}
    while todo:
        name = todo.pop()
        if name not in kept:
            kept.add(name)
            todo += [one.lstrip("^").partition(":")[0] for one in nodes[name].input]
    for node in list(graph_def.node):
        if node.name not in kept:
            graph_def.node.remove(node)
    return graph_def


def test_classes_that_there_are_not_count_as_none_or_not_at_all():
    old, new = _without_mean(_built(_classes, False)), _built(_classes, True)
    assert _causes(old, new) == ["mean of classes"]
    assert "tf.reduce_mean(d / tf.where(n > 0, n, tf.ones_like(n)))" in audit(old, new).numbers[0].advice
    rng = np.random.default_rng(2)
    for most, same in ((3, False), (4, True)):
        feeds = {f"{name}:0": rng.integers(0, most, 50) for name in ("labels", "predictions")}
        before, after = _run(old, feeds), _run(new, feeds)
        if same:
            np.testing.assert_allclose(*(np.frombuffer(one[1], np.float32) for one in (before, after)), rtol=1e-6)
        else:
            np.testing.assert_raises(AssertionError, np.testing.assert_array_equal, before[1], after[1])
        assert before == _run(_without_mean(_built(_classes, True, as_advised=True)), feeds), "as the advice says"
    for mistake in ({"least": 1.0}, {"of_others": True}):
        assert audit(_without_mean(_built(_classes, False, **mistake)), new).verdict == "not faithful"


def test_a_port_may_not_count_all_classes_where_the_original_does_not():
    old, new = _built(_classes, True), _without_mean(_built(_classes, False))
    assert audit(old, new).verdict == "not faithful"


# Feature columns by identity.


def _by_identity(new, below=10, least=0, waits=False):
    """Numbers of buckets, that the older form asserts to be such; `waits`: for an update as well."""
    numbers = tf.placeholder(tf.int64, [None], name="numbers")
    values = tf.identity(numbers)
    asserted = []
    if not new:
        limit, zero = tf.constant(below, tf.int64), tf.constant(least, tf.int64)
        said = 'Bucket index for categorical column "a" exceeds number of buckets'
        update = [tf.get_variable("v", [], use_resource=False).assign(1.0)] if waits else []
        with tf.control_dependencies(update):
            less = tf.debugging.assert_less(values, limit, data=(values, limit), message=said)
        said = 'Negative bucket index for categorical column "a"'
        asserted = [less, tf.debugging.assert_greater_equal(values, zero, data=(values,), message=said)]
    elif waits:
        tf.get_variable("v", [], use_resource=False).assign(1.0)
    with tf.control_dependencies(asserted):
        values = tf.identity(values) if asserted else values
    out(tf.one_hot(values, 10))


def test_numbers_of_buckets_are_asserted_no_more():
    old, new = _built(_by_identity, False), _built(_by_identity, True)
    assert _causes(old, new) == ["asserted of buckets"]
    results = []
    for graph_def in (old, new):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            results.append(session.run("out:0", {"numbers:0": [3, 0, 9]}).tobytes())
            if graph_def is old:
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run("out:0", {"numbers:0": [10]})
    assert results[0] == results[1]
    assert audit(new, old).verdict == "not faithful", "assertions of the port alone"


def test_what_is_asserted_otherwise_is_compared():
    new = _built(_by_identity, True)
    assert audit(_built(_by_identity, False, least=1), new).verdict == "not faithful"
    assert (
        audit(_built(_by_identity, False, waits=True), _built(_by_identity, True, waits=True)).verdict == "not faithful"
    )
    old = _built(_by_identity, False)
    assert audit(old, _built(_by_identity, False, below=11)).verdict == "not faithful"
    for node in old.node:
        for value in node.attr["value"].tensor.string_val if node.op == "Const" else ():
            if value.startswith(b"Bucket"):
                node.attr["value"].tensor.string_val[0] = b"The bucket index is too large"
    assert audit(old, new).verdict == "not faithful"


def test_an_assertion_may_print_no_text():
    def program(size):
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [None, 2], name="x")
            empty = tf.constant([], tf.string)
            with tf.control_dependencies([tf.raw_ops.Assert(condition=tf.equal(tf.shape(x)[0], size), data=[empty])]):
                out(tf.exp(x))
        return graph.as_graph_def()

    assert audit(program(3), program(3)).verdict == "faithful"
    assert audit(program(3), program(4)).verdict == "not faithful"
