"""Datasets of 1.4 to 1.14: what they read was made for each iterator, and their functions had no seeds."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit
from drift_cases import elements

raw = tf.raw_ops
OF = {"output_types": [tf.float32], "output_shapes": [[]]}
BATCHES = {"output_types": [tf.float32], "output_shapes": [[None]]}


def read(new, newer=False, drop=False, other=False, factor=2.0, seeds=None, read_twice=False):
    """Two iterators over batches of the same numbers, as GraphDef; `newer`: by today's op, which can be iterated."""

    @Defun(tf.float32, func_name="mapped")
    def mapped(x):
        x = x * factor
        if seeds is not None:
            x = x + raw.RandomUniform(shape=np.zeros(0, np.int32), dtype=tf.float32, seed=seeds[0], seed2=seeds[1])
        return raw.Identity(input=x) if new else x

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [7], name="x")
        y = x + 1.0
        for place in range(2):
            if place == 0 or not new or other:
                components = [y if place and other else x]
                source = raw.TensorSliceDataset(components=components, output_shapes=[[]])
            dataset = raw.MapDataset(input_dataset=source, other_arguments=[], f=mapped, **OF)
            if new or newer:
                batches = raw.BatchDatasetV2(input_dataset=dataset, batch_size=3, drop_remainder=drop, **BATCHES)
            else:
                batches = raw.BatchDataset(input_dataset=dataset, batch_size=3, **BATCHES)
            if place == 0 or not read_twice:
                iterator = (raw.IteratorV2 if new else raw.Iterator)(shared_name="", container="", **BATCHES)
            raw.MakeIterator(dataset=batches, iterator=iterator, name=f"begin_{place}")
            tf.identity(raw.IteratorGetNext(iterator=iterator, **BATCHES)[0], name=f"result_{place}")
    return graph.as_graph_def()


def _values(graph_def, x):
    """What the two iterators give, the first read further than the second."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    with tf.Session(graph=graph) as session:
        session.run(["begin_0", "begin_1"], {"x:0": x})
        return [session.run(f"result_{place}:0") for place in (0, 0, 1, 0, 1, 1)]


def test_what_several_iterators_read_batches_and_results_of_functions_give_every_bit():
    old, new = read(False), read(True)
    result = audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert {"first datasets", "results of functions", "one of each"} <= result.rules.keys()
    x = np.random.default_rng(3).normal(size=7).astype(np.float32)
    for one, two in zip(_values(read(False, newer=True), x), _values(new, x), strict=True):
        assert one.dtype == two.dtype and one.tobytes() == two.tobytes()


def _last_batch(new, padded, drop=False):
    """A batch of 3 of the 2 elements that there are."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 4], name="x")
        dataset = raw.TensorSliceDataset(components=[x], output_shapes=[[4]])
        more = {"drop_remainder": drop} if new else {}
        if padded:
            values = {"padded_shapes": [np.array([5], np.int64)], "padding_values": [0.5], "output_shapes": [[None, 5]]}
            op = raw.PaddedBatchDatasetV2 if new else raw.PaddedBatchDataset
        else:
            values = {"output_types": [tf.float32], "output_shapes": [[None, 4]]}
            op = raw.BatchDatasetV2 if new else raw.BatchDataset
        dataset = op(input_dataset=dataset, batch_size=3, **values, **more)
        of = {"output_types": [tf.float32], "output_shapes": values["output_shapes"]}
        tf.identity(raw.DatasetToSingleElement(dataset=dataset, **of)[0], name="result")
    return graph


@pytest.mark.parametrize("padded", [False, True])
def test_a_last_batch_that_is_smaller_is_the_same(padded):
    old, new = _last_batch(False, padded), _last_batch(True, padded)
    result = audit(old.as_graph_def(), new.as_graph_def())
    assert result.verdict == "faithful" and "first datasets" in result.rules, result.differences
    assert audit(old.as_graph_def(), _last_batch(True, padded, drop=True).as_graph_def()).verdict == "not faithful"
    x = np.random.default_rng(3).normal(size=(2, 4)).astype(np.float32)
    values = []
    for graph in (old, new):
        with tf.Session(graph=graph) as session:
            values.append(session.run("result:0", {"x:0": x}))
    assert values[0].shape == values[1].shape and values[0].tobytes() == values[1].tobytes()


@pytest.mark.parametrize(
    "mistake", [{"drop": True}, {"other": True}, {"factor": 3.0}, {"read_twice": True}], ids=lambda one: next(iter(one))
)
def test_a_mistake_beside_them_is_reported(mistake):
    assert audit(read(False), read(True, **mistake)).verdict == "not faithful"


def test_a_copy_that_others_take_or_that_waits_is_no_result():
    def given(copied, waits=False, behind=False):
        @Defun(tf.float32, func_name="mapped")
        def mapped(x):
            x = tf.exp(x)
            if not copied:
                return x
            with tf.control_dependencies(
                [raw.RandomUniform(shape=np.zeros(0, np.int32), dtype=tf.float32, seed=3)] if waits else []
            ):
                x = raw.Identity(input=x)
            return raw.Identity(input=x) + 1.0 if behind else x

        with tf.Graph().as_default() as graph:
            numbers = raw.TensorSliceDataset(components=[[1.0, 2.0]], output_shapes=[[]])
            raw.MapDataset(input_dataset=numbers, other_arguments=[], f=mapped, **OF)
        return graph.as_graph_def()

    assert audit(given(False), given(True)).verdict == "faithful"
    assert audit(given(False), given(True, waits=True)).verdict == "not faithful"
    assert audit(given(False), given(True, behind=True)).verdict == "not faithful"


def test_in_a_function_nobody_can_ask_for_a_copy():
    def given(copied, factor=2.0):
        @Defun(tf.float32, func_name="mapped")
        def mapped(x):
            x = (x if copied else tf.identity(x, name="copy")) * factor
            return raw.Identity(input=tf.identity(x, name="copy")) if copied else x

        with tf.Graph().as_default() as graph:
            numbers = raw.TensorSliceDataset(components=[[1.0, 2.0]], output_shapes=[[]])
            dataset = raw.MapDataset(input_dataset=numbers, other_arguments=[], f=mapped, **OF)
            iterator = raw.IteratorV2(shared_name="", container="", **OF)
            raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
            raw.IteratorGetNext(iterator=iterator, name="out", **OF)
        return graph.as_graph_def()

    old, new = given(False), given(True)
    assert audit(old, new).verdict == "faithful"
    assert elements(old) == elements(new) == [[2.0], [4.0]]
    assert audit(old, given(True, 3.0)).verdict == "not faithful"


def test_a_function_that_had_no_seed_is_said_and_no_seed_that_the_program_gave():
    old = read(False, seeds=(0, 0))
    result = audit(old, read(True, seeds=(7, 0)))
    assert [one.cause for one in result.numbers] == ["seeds in functions"] and not result.differences
    for seeds in ((7, 5), (87654321, 0), (87654321, 5)):
        assert audit(old, read(True, seeds=seeds)).verdict == "not faithful"
    assert audit(read(False, seeds=(7, 5)), read(True, seeds=(0, 0))).verdict == "not faithful"


def test_a_function_that_had_no_seed_but_those_of_its_ops_is_said():
    old = read(False, seeds=(87654321, 5))
    result = audit(old, read(True, seeds=(7, 5)))
    assert [one.cause for one in result.numbers] == ["seeds in functions"] and not result.differences
    for seeds in ((7, 6), (0, 5), (7, 0)):
        assert audit(old, read(True, seeds=seeds)).verdict == "not faithful", seeds
    assert audit(read(False, seeds=(7, 5)), read(True, seeds=(87654321, 5))).verdict == "not faithful"


def _drawn(advised=False, seeded=True, seed=None):
    """A program by today's TensorFlow; without `seeded` its functions have not the seed of its graph, as before."""

    def draw(x):
        if advised:
            tf.set_random_seed(None)
        return x + tf.random_uniform([], seed=seed) * tf.random_normal([], seed=seed)

    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        iterator = tf.data.make_initializable_iterator(tf.data.Dataset.from_tensor_slices(tf.zeros([4])).map(draw))
        tf.identity(iterator.get_next(), name="result")
        tf.group(iterator.initializer, name="begin")
    graph_def = graph.as_graph_def()
    for node in [node for function in graph_def.library.function for node in function.node_def]:
        if "seed" in node.attr and not seeded:
            node.attr["seed"].i, node.attr["seed2"].i = (87654321, seed) if seed else (0, 0)
    return graph_def


def test_the_advice_for_seeds_in_functions_draws_as_the_old_program_did():
    old, given = _drawn(seeded=False), _drawn(seeded=False, seed=3)
    assert [one.cause for one in audit(old, _drawn()).numbers] == ["seeds in functions"]
    assert [one.cause for one in audit(given, _drawn(seed=3)).numbers] == ["seeds in functions"]
    assert audit(old, _drawn(advised=True)).verdict == "faithful"
    assert audit(given, _drawn(advised=True, seed=3)).verdict == "faithful"

    def numbers(graph_def):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph) as session:
            session.run("begin")
            return [session.run("result:0") for _ in range(4)]

    assert numbers(_drawn()) == numbers(_drawn())
    assert numbers(old) != numbers(old) and numbers(_drawn(advised=True)) != numbers(_drawn(advised=True))
    assert numbers(given) == numbers(_drawn(advised=True, seed=3)) != numbers(_drawn(seed=3))


def _lines(new, files, compression="", size=262144, waits=False, taken=1, op="TextLineDataset", listed="", by=4):
    """The lines of some files, by one reader or by one for each; `waits`: the function draws a number besides.

    `listed`: each file is a list of files as well, for which another function has a reader; records have `by` bytes.
    """
    of = {"output_types": [tf.string], "output_shapes": [[]]}
    of_bytes = op.startswith("FixedLength")

    def read(names, size, compression=""):
        settings = {"filenames": names, "buffer_size": tf.constant(size, tf.int64)}
        if of_bytes:
            settings |= {"header_bytes": np.int64(1), "record_bytes": np.int64(by), "footer_bytes": np.int64(0)}
        if not of_bytes or new:
            settings |= {"compression_type": compression}
        return getattr(raw, f"{op}V2" if of_bytes and new else op)(**settings)

    @Defun(tf.string, func_name="read_one_file")
    def read_one_file(name):
        drawn = [raw.RandomUniform(shape=np.zeros(0, np.int32), dtype=tf.float32, seed=3)] if waits else []
        lines = read(files[0] if taken == 0 else name, size, compression)
        with tf.control_dependencies([lines.op, *drawn]):
            return raw.Identity(input=lines)

    @Defun(tf.string, func_name="read_the_list_of_a_file")
    def read_the_list_of_a_file(name):
        one = files[0] if listed == "first" else name
        names = raw.TensorSliceDataset(components=[raw.Reshape(tensor=one, shape=[-1])], output_shapes=[[]])
        if listed == "twice":
            names = raw.RepeatDataset(input_dataset=names, count=np.int64(2), **of)
        lines = raw.FlatMapDataset(input_dataset=names, other_arguments=[], f=read_one_file, **of)
        with tf.control_dependencies([names.op]):
            return raw.Identity(input=names if listed == "names" else lines)

    with tf.Graph().as_default() as graph:
        if new:
            names = raw.Reshape(tensor=tf.constant(files), shape=[-1])
            names = raw.TensorSliceDataset(components=[names], output_shapes=[[]])
            function = read_the_list_of_a_file if listed else read_one_file
            lines = raw.FlatMapDataset(input_dataset=names, other_arguments=[], f=function, **of)
        else:
            lines = read(files, 262144)
        if of_bytes:  # which today's iterators cannot ask the older op for
            many = {"output_types": [tf.string], "output_shapes": [[None]]}
            batch = raw.BatchDatasetV2(input_dataset=lines, batch_size=np.int64(99), drop_remainder=False, **many)
            tf.identity(raw.DatasetToSingleElement(dataset=batch, **many)[0], name="result")
            return graph.as_graph_def()
        iterator = raw.IteratorV2(shared_name="", container="", **of)
        raw.MakeIterator(dataset=lines, iterator=iterator, name="begin")
        tf.identity(raw.IteratorGetNext(iterator=iterator, **of)[0], name="result")
    return graph.as_graph_def()


@pytest.mark.parametrize("listed", ["", "each"])
@pytest.mark.parametrize("op", ["TextLineDataset", "FixedLengthRecordDataset"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_reader_of_several_files_reads_them_as_one_for_each_does(tmp_path, count, op, listed):
    files = []
    for number in range(max(count, 1)):
        files.append(str(tmp_path / f"{number}.txt"))
        (tmp_path / f"{number}.txt").write_text("\n".join(f"{number}{line}" for line in range(0, 4 * number + 3)))
        (tmp_path / f"{number}.txt").write_text((tmp_path / f"{number}.txt").read_text()[: 4 * number + 5])
    files = files if count else files[0]  # which may be given alone
    old, new = _lines(False, files, op=op), _lines(True, files, op=op, listed=listed)
    result = audit(old, new)
    assert result.verdict == "faithful" and "newer datasets" in result.rules, result.differences
    given = [_records(one) if op.startswith("Fixed") else elements(one, "begin", "result:0") for one in (old, new)]
    assert given[0] == given[1] != []


@pytest.mark.parametrize(
    "mistake",
    [
        {"files": ["b", "a"]}, {"compression": "GZIP"}, {"size": 1024}, {"waits": True}, {"taken": 0}, {"files": ["a"]},
        {"listed": "first"}, {"listed": "twice"}, {"listed": "each", "taken": 0}, {"listed": "each", "waits": True},
        {"listed": "each", "compression": "GZIP"},
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_in_how_files_are_read_is_reported(mistake):
    given = {"files": ["a", "b"], **mistake}
    assert audit(_lines(False, ["a", "b"]), _lines(True, **given)).verdict == "not faithful"
    records = {"op": "TFRecordDataset", "files": ["a", "b"]}
    if mistake != {"size": 1024}:
        assert audit(_lines(False, **records), _lines(True, **{**records, **mistake})).verdict == "not faithful"
    assert audit(_lines(False, **records), _lines(True, size=-1, **records)).verdict == "faithful"
    parts = {"op": "FixedLengthRecordDataset", "files": ["a", "b"]}
    assert audit(_lines(False, **parts), _lines(True, **{**parts, **mistake})).verdict == "not faithful"
    assert audit(_lines(False, **parts), _lines(True, by=5, **parts)).verdict == "not faithful"


def _records(graph_def):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    with tf.Session(graph=graph) as session:
        return session.run("result:0").tolist()


def _shards(new, which=1, count=3, first=0, chosen=0, left=slice(1, None)):
    """One of so many elements, each of which is a pair: chosen by an op, or by numbers counted beside them."""
    pair = {"output_types": [tf.float32, tf.int32], "output_shapes": [[], []]}
    counted = {"output_types": [tf.int64, *pair["output_types"]], "output_shapes": [[], *pair["output_shapes"]]}

    @Defun(tf.int64, tf.float32, tf.int32, tf.int64, tf.int64, func_name="choose")
    def choose(number, x, y, shards, index):
        number = tf.cast(y, tf.int64) if chosen else number
        return raw.Equal(x=raw.FloorMod(x=number, y=shards), y=index)

    @Defun(tf.int64, tf.float32, tf.int32, func_name="leave_out")
    def leave_out(number, x, y):
        return (number, x, y)[left] if left.step is None else (x, y + 0)

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [7], name="x")
        index = tf.constant(which, tf.int64)
        dataset = raw.TensorSliceDataset(components=[x, tf.range(7)], output_shapes=pair["output_shapes"])
        if new:
            dataset = raw.ShardDataset(input_dataset=dataset, num_shards=count, index=index, **pair)
        else:
            one = {"output_types": [tf.int64], "output_shapes": [[]]}
            numbers = raw.RangeDataset(start=first, stop=2**63 - 1, step=1, **one)
            dataset = raw.ZipDataset(input_datasets=[numbers, dataset], **counted)
            given = [np.int64(3), index]
            dataset = raw.FilterDataset(input_dataset=dataset, other_arguments=given, predicate=choose, **counted)
            dataset = raw.MapDataset(input_dataset=dataset, other_arguments=[], f=leave_out, **pair)
        iterator = raw.IteratorV2(shared_name="", container="", **pair)
        raw.MakeIterator(dataset=dataset, iterator=iterator, name="begin_0")
        tf.identity(raw.IteratorGetNext(iterator=iterator, **pair)[0], name="result")
    return graph.as_graph_def()


def test_one_of_so_many_elements_is_taken_by_an_op_as_by_numbers_counted_beside_them():
    old, new = _shards(False), _shards(True)
    result = audit(old, new)
    assert result.verdict == "faithful" and "newer datasets" in result.rules, result.differences
    x, values = np.random.default_rng(3).normal(size=7).astype(np.float32), []
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph) as session:
            session.run("begin_0", {"x:0": x})
            values.append([session.run("result:0").tobytes() for _ in range(2)])
    assert values[0] == values[1] == [x[place].tobytes() for place in (1, 4)]


@pytest.mark.parametrize("mistake", [{"which": 2}, {"count": 4}, {"first": 1}, {"chosen": 1}, {"left": slice(0, 0, 1)}])
def test_other_elements_than_one_of_so_many_are_reported(mistake):
    in_old = mistake.keys() & {"first", "chosen", "left"}
    graphs = _shards(False, **(mistake if in_old else {})), _shards(True, **({} if in_old else mistake))
    assert audit(*graphs).verdict == "not faithful"


def _mapped_twice(names, factors=(2.0, 2.0), inner=("inner", "inner")):
    """Two iterators over what a function makes of the same numbers, by functions of these names, which call others."""

    def function(name, factor, called):
        @Defun(tf.float32, func_name=called)
        def half(x):
            return x / factor

        @Defun(tf.float32, func_name=name)
        def mapped(x):
            return raw.PartitionedCall(args=[x + 1.0], Tout=[tf.float32], f=half)[0]

        return mapped

    with tf.Graph().as_default() as graph:
        for place, (name, factor, called) in enumerate(zip(names, factors, inner, strict=True)):
            source = raw.TensorSliceDataset(components=[[1.0, 2.0, 3.0]], output_shapes=[[]])
            f = function(name, factor, called)
            dataset = raw.MapDataset(input_dataset=source, other_arguments=[], f=f, **OF)
            iterator = raw.IteratorV2(shared_name=f"iterator {place}", container="", **OF)
            raw.MakeIterator(dataset=dataset, iterator=iterator, name=f"begin_{place}")
            tf.identity(raw.IteratorGetNext(iterator=iterator, **OF)[0], name=f"result_{place}")
    return graph.as_graph_def()


def test_functions_that_are_written_alike_are_one():
    old = _mapped_twice(("mapped", "mapped"))
    apart = {"names": ("mapped", "again"), "inner": ("inner", "inner_again")}
    new = _mapped_twice(**apart)
    result = audit(old, new)
    assert result.verdict == "faithful", result.differences
    assert [elements(one, f"begin_{k}", f"result_{k}:0") for one in (old, new) for k in (0, 1)] == [[1.0, 1.5, 2.0]] * 4
    for other in (_mapped_twice(factors=(2.0, 3.0), **apart), _mapped_twice(factors=(3.0, 3.0), **apart)):
        assert audit(old, other).verdict == audit(other, old).verdict == "not faithful"


def _described(in_port, iterated=False, factor=2.0):
    """A one-shot iterator whose function makes a dataset, beside which the port has the same once more."""

    def dataset(factor):
        numbers = raw.TensorSliceDataset(components=[[1.0, 2.0, 3.0]], output_shapes=[[]])
        return raw.MapDataset(input_dataset=numbers, other_arguments=[], f=doubled, **OF)

    @Defun(tf.float32, func_name="doubled")
    def doubled(x):
        return x * factor

    @Defun(func_name="make")
    def make():
        return dataset(factor)

    with tf.Graph().as_default() as graph:
        doubled.add_to_graph(graph)
        iterator = raw.OneShotIterator(dataset_factory=make, shared_name="", container="", **OF)
        if in_port:
            made = dataset(factor)
            raw.IteratorToStringHandle(resource_handle=iterator)
        if iterated:
            raw.MakeIterator(dataset=made, iterator=iterator, name="begin")
        tf.identity(raw.IteratorGetNext(iterator=iterator, **OF)[0], name="result")
    return graph.as_graph_def()


def test_a_dataset_that_nothing_reads_does_nothing():
    old, new = _described(False), _described(True)
    result = audit(old, new)
    assert result.verdict == "faithful" and "unused datasets" in result.rules, result.differences
    values = []
    for graph_def in (old, new):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph) as session:
            values.append([session.run("result:0") for _ in range(3)])
    assert values == [[2.0, 4.0, 6.0]] * 2
    assert audit(new, old).verdict == "not faithful", "no release made it no more"
    for mistake in ({"iterated": True}, {"factor": 3.0}):
        assert audit(old, _described(True, **mistake)).verdict == "not faithful"
