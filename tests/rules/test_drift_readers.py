"""What reads, parses and batches examples: TensorFlow's first releases and today's forms, and mistakes beside them."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.control_flow import control_flow_v1

raw = tf.raw_ops
TYPES = {"sparse_types": [tf.int64, tf.float32], "dense_shapes": [[2]]}


def _parsed(old, key="b", begin=(0, 1), size=(-1, -1), first=1, cut=False):
    """Parse one example with features of any length, in a batch of one or alone."""
    with tf.Graph().as_default() as graph:
        example = tf.placeholder(tf.string, [], name="example")
        default = [tf.constant([7.0, 8.0])]
        if old:
            batch = raw.ParseExample(
                serialized=tf.expand_dims(example, 0), names=[], sparse_keys=["a", key], dense_keys=["c"],
                dense_defaults=default, **TYPES,
            )  # fmt: skip
            indices = [raw.Slice(input=one, begin=list(begin), size=list(size)) for one in batch.sparse_indices]
            shapes = [raw.Slice(input=one, begin=[first], size=[-1]) for one in batch.sparse_shapes]
            dense = tf.squeeze(batch.dense_values[0], [0])
        else:
            batch = raw.ParseExampleV2(
                serialized=example, names=tf.constant([], tf.string), sparse_keys=["a", key], dense_keys=["c"],
                ragged_keys=tf.constant([], tf.string), num_sparse=2, ragged_value_types=[], ragged_split_types=[],
                dense_defaults=default, **TYPES,
            )  # fmt: skip
            indices, shapes, dense = batch.sparse_indices, batch.sparse_shapes, batch.dense_values[0]
        values = [raw.Slice(input=one, begin=[1], size=[-1]) if cut else one for one in batch.sparse_values]
        for place, one in enumerate((*indices, *values, *shapes, dense)):
            tf.identity(one, name=f"result_{place}")
    return graph


def _examples():
    rng = np.random.default_rng(5)
    for lengths in ((0, 3), (4, 1), (2, 0)):
        features = {
            "a": tf.train.Feature(int64_list=tf.train.Int64List(value=rng.integers(100, size=lengths[0]))),
            "b": tf.train.Feature(float_list=tf.train.FloatList(value=rng.normal(size=lengths[1]))),
        }
        if lengths[0]:
            features["c"] = tf.train.Feature(float_list=tf.train.FloatList(value=rng.normal(size=2)))
        yield tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def test_one_example_of_features_of_any_length_is_parsed_alike():
    for example in _examples():
        found = []
        for graph in map(_parsed, (True, False)):
            with tf.Session(graph=graph) as session:
                found.append(session.run([f"result_{k}:0" for k in range(7)], {"example:0": example}))
        for one, other in zip(*found, strict=True):
            assert one.shape == other.shape and one.tobytes() == other.tobytes()
    result = audit(*(_parsed(old).as_graph_def() for old in (True, False)))
    assert result.verdict == "faithful" and "parsed" in result.rules, result.differences


@pytest.mark.parametrize(
    ("mistake", "in_old"),
    [
        ({"key": "d"}, False),
        ({"begin": (0, 0), "size": (-1, 1)}, True),
        ({"first": 0}, True),
        ({"cut": True}, True),
        ({"cut": True}, False),
    ],
)
def test_another_part_of_a_parsed_example_is_reported(mistake, in_old):
    graphs = [_parsed(old, **(mistake if old is in_old else {})).as_graph_def() for old in (True, False)]
    assert audit(*graphs).verdict == "not faithful"


def _joined(old, awaited=(0, 1), which=(0, 1), told_by=1):
    """Enqueue two tensors; in the old way each in a branch of one condition that always holds.

    `awaited`: which of them each branch waits for; `which`: what each enqueues; `told_by`: the output of the Switch,
    by which it is told that the first is done.
    """
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = tf.placeholder(tf.float32, [3], name="x")
        tensors = [tf.exp(x), tf.tanh(x)]
        queue = raw.FIFOQueueV2(component_types=[tf.float32], shapes=[[3]], name="queue")
        if not old:
            for place in which:
                raw.QueueEnqueueV2(handle=queue, components=[tensors[place]])
            return graph.as_graph_def()
        always = tf.constant(True)
        switched = [raw.Switch(data=always, pred=always) for _ in tensors]
        enqueued = []
        for tensor in tensors:
            condition = raw.Identity(input=always)
            there, given = (raw.Switch(data=one, pred=condition)[1] for one in (queue, tensor))
            enqueued.append(raw.QueueEnqueueV2(handle=there, components=[given]))
        for place, (no, yes) in enumerate(switched):
            with tf.control_dependencies([enqueued[one] for one in awaited if awaited.index(one) == place]):
                done = raw.Identity(input=yes if place else switched[0][told_by])
            raw.Merge(inputs=[raw.Identity(input=no), done])
    return graph.as_graph_def()


def test_batches_that_are_joined_are_enqueued_each_by_itself():
    result = audit(_joined(True), _joined(False))
    assert result.verdict == "faithful" and "condition that always holds" in result.rules, result.differences


@pytest.mark.parametrize("mistake", [{"awaited": (0, 0)}, {"awaited": (1, 1)}, {"awaited": (0,)}, {"told_by": 0}])
def test_what_nothing_enqueues_is_reported(mistake):
    assert audit(_joined(True, **mistake), _joined(False)).verdict == "not faithful"


@pytest.mark.parametrize("which", [(0, 0), (1, 1), (0,)])
def test_what_is_enqueued_twice_or_not_is_reported(which):
    assert audit(_joined(True), _joined(False, which=which)).verdict == "not faithful"


def _standardized(old, copied="x", cast=tf.float32):
    """Standardize an image of whole numbers, which by now is copied behind what was checked of it."""
    with tf.Graph().as_default() as graph:
        images = {name: tf.placeholder(tf.uint8, [5, 5, 3], name=name) for name in "xy"}
        x = images["x"] if old else raw.Identity(input=images[copied])
        image = tf.cast(x, cast)
        if old:
            mean = tf.reduce_mean(image)
            variance = tf.reduce_mean(tf.square(image)) - tf.square(mean)
            deviation = tf.sqrt(tf.nn.relu(variance))
        else:
            mean = tf.reduce_mean(image, axis=[-1, -2, -3], keepdims=True)
            variance = tf.reduce_mean(tf.square(image - mean), axis=[-1, -2, -3], keepdims=True)
            deviation = tf.sqrt(variance)
        least = tf.rsqrt(tf.cast(75, image.dtype))
        raw.Exp(x=(image - mean) / tf.maximum(deviation, least))
        raw.Bitcast(input=images["x"], type=tf.int8)
    return graph.as_graph_def()


def test_an_image_of_whole_numbers_may_be_copied_before_it_is_standardized():
    result = audit(_standardized(True), _standardized(False))
    assert [one.cause for one in result.numbers] == ["standardized image"] and not result.differences
    for mistake in ({"copied": "y"}, {"cast": tf.float64}):
        assert audit(_standardized(True), _standardized(False, **mistake)).verdict == "not faithful"


def _asserted(tensor, copied, rank=0):
    with tf.control_dependencies([tf.Assert(tf.equal(tf.rank(tensor), rank), ["Input serialized must be a scalar"])]):
        return tf.identity(copied)


def _of_unknown_shape(form, key="c", about="example", taken="example", **mistake):
    """Parse an example of unknown shape: alone by an op that refuses more, or where it is asserted to be a scalar."""
    with tf.Graph().as_default() as graph:
        given = {name: tf.placeholder(tf.string, name=name) for name in ("example", "other")}
        example = given["example"]
        of = {"dense_defaults": [tf.constant([7.0, 8.0])], "sparse_types": [tf.int64], "dense_shapes": [[2]]}
        keys = {"sparse_keys": ["a"], "dense_keys": [key]}
        if form == "old":
            one = raw.ParseSingleExample(serialized=example, num_sparse=1, **keys, **of)
        elif form == "first":
            batch = tf.expand_dims(_asserted(example, example), 0)
            one = raw.ParseExample(serialized=batch, names=[], **keys, **of)
        elif form == "vector":
            one = raw.ParseExample(serialized=example, names=[], **keys, **of)
        else:
            features = {key: tf.FixedLenFeature([2], tf.float32, [7.0, 8.0]), "a": tf.VarLenFeature(tf.int64)}
            found = tf.io.parse_example(_asserted(given[about], given[taken], **mistake), features)
        dense, sparse = (
            (found[key], found["a"].values) if form == "new" else (one.dense_values[0], one.sparse_values[0])
        )
        tf.identity(tf.squeeze(dense, [0]) if form == "first" else dense, name="dense")
        tf.identity(sparse, name="sparse")
    return graph


@pytest.mark.parametrize("old", ["old", "first"])
def test_what_is_asserted_to_be_one_example_is_parsed_as_by_the_op_that_refuses_more(old):
    for example in _examples():
        found = []
        for graph in map(_of_unknown_shape, (old, "new")):
            with tf.Session(graph=graph) as session:
                found.append(session.run(["dense:0", "sparse:0"], {"example:0": example}))
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run("dense:0", {"example:0": [example]})
        for one, other in zip(*found, strict=True):
            assert one.shape == other.shape and one.tobytes() == other.tobytes()
    result = audit(*(_of_unknown_shape(form).as_graph_def() for form in (old, "new")))
    assert result.verdict == "faithful" and {"old": "asserted to be one", "first": "parsed"}[old] in result.rules, (
        result.differences
    )


@pytest.mark.parametrize("mistake", [{"rank": 1}, {"about": "other"}, {"taken": "other"}, {"key": "d"}], ids=str)
@pytest.mark.parametrize("old", ["old", "first"])
def test_what_is_asserted_of_something_else_is_no_such_assertion(old, mistake):
    graphs = _of_unknown_shape(old), _of_unknown_shape("new", **mistake)
    assert audit(*(graph.as_graph_def() for graph in graphs)).verdict == "not faithful"


@pytest.mark.parametrize("old", ["old", "first", "new"])
def test_one_example_alone_is_no_batch_of_examples(old):
    graphs = [_of_unknown_shape(form).as_graph_def() for form in ("vector", old)]
    assert audit(*graphs).verdict == audit(*graphs[::-1]).verdict == "not faithful"
