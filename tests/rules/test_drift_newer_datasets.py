"""Datasets as TensorFlow 1.15 wrote them, and as they are written by now, give the same elements."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit
from drift_cases import built, elements, out

raw = tf.raw_ops
OF = {"output_types": [tf.float32], "output_shapes": [[]]}


def numbers(*values):
    return raw.TensorSliceDataset(components=[tf.constant(values)], output_shapes=[[]])


def iterated(dataset, **of):
    of = of or OF
    iterator = raw.IteratorV2(shared_name="", container="", **of)
    raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
    out(raw.IteratorGetNext(iterator=iterator, **of)[0])


def proved(form, rule):
    """Hold both forms to be faithful by a rule, and to give the same elements."""
    old, new = built(form, False), built(form, True)
    result = audit(old, new)
    assert result.verdict == "faithful" and rule in result.rules, result.differences
    one, two = ([element.tobytes() for element in elements(graph)] for graph in (old, new))
    assert one == two != []


def verdict(form, mistake):
    return audit(built(form, False), built(form, True, mistake)).verdict


@Defun(tf.float32, func_name="halved")
def halved(x):
    return raw.Mul(x=x, y=0.5)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,b,c\n1.5,2,3\n4,5,6.25\n")


def of_csv(new, mistake):
    """Columns of a file."""
    columns = {"one": [1], "left out": []}.get(mistake, [0, 2])
    given = {"filenames": "table.csv", "compression_type": "", "buffer_size": 4096, "header": True, "field_delim": ","}
    given |= {"use_quote_delim": True, "na_value": "", "select_cols": np.array(columns, np.int64)}
    given |= {"record_defaults": [[0.0]] * len(columns or [0, 2]), "output_shapes": [[]] * len(columns or [0, 2])}
    if new:
        left_out = np.array([1] if mistake == "left out" else [], np.int64)
        dataset = raw.CSVDatasetV2(**given, exclude_cols=left_out)
    else:
        dataset = raw.CSVDataset(**given)
    iterated(dataset, output_types=[tf.float32] * len(given["output_shapes"]), output_shapes=given["output_shapes"])


@pytest.mark.usefixtures("table")
def test_columns_of_files_are_those_that_are_chosen():
    proved(of_csv, "newer datasets")
    for mistake in ("one", "left out"):
        assert verdict(of_csv, mistake) == "not faithful"


def mapped(new, mistake):
    given = {"input_dataset": numbers(1.0, 2.5, 3.0), "other_arguments": [], "f": halved, **OF}
    calls = 3 if mistake == "calls" else 2
    if new:
        order = "false" if mistake == "order" else "default"
        dataset = raw.ParallelMapDatasetV2(**given, num_parallel_calls=calls, deterministic=order)
    else:
        dataset = raw.ParallelMapDataset(**given, num_parallel_calls=calls)
    iterated(dataset)


def parsed(new, mistake):
    example = tf.train.Example(features=tf.train.Features(feature={"a": tf.train.Feature()}))
    example.features.feature["a"].float_list.value.append(2.5)
    written = raw.TensorSliceDataset(components=[[[example.SerializeToString()]]], output_shapes=[[1]])
    given = {"input_dataset": written, "num_parallel_calls": 2}
    given |= {"dense_defaults": [tf.constant([], tf.float32)], "sparse_keys": [], "sparse_types": []}
    given |= {"dense_keys": ["b" if mistake == "key" else "a"], "dense_shapes": [[]]}
    of = {"output_types": [tf.float32], "output_shapes": [[1]]}
    if new:
        more = {"ragged_keys": [], "ragged_value_types": [], "ragged_split_types": []}
        more |= {"deterministic": "false" if mistake == "order" else "default"}
        dataset = raw.ParseExampleDatasetV2(**given, **more, **of)
    else:
        dataset = raw.ParseExampleDataset(**given, **of)
    iterated(dataset, **of)


@pytest.mark.parametrize(("form", "mistakes"), [(mapped, ("calls", "order")), (parsed, ("key", "order"))])
def test_elements_that_are_made_beside_each_other_are_given_in_order(form, mistakes):
    proved(form, "dataset tuning")
    for mistake in mistakes:
        assert verdict(form, mistake) == "not faithful"


@pytest.mark.parametrize("tuning", ["OptimizeDataset", "PrivateThreadPoolDataset", "MaxIntraOpParallelismDataset"])
def test_options_that_change_no_element_are_of_no_matter(tuning):
    def tuned(new, mistake):
        dataset = raw.MapDataset(input_dataset=numbers(1.0, 2.5), other_arguments=[], f=halved, **OF)
        if new:
            options = tf.data.Options()
            options.deterministic = mistake != "order"
            options.threading.private_threadpool_size = 2
            written = options._to_proto().SerializeToString()  # as Dataset.with_options does
            dataset = raw.OptionsDataset(input_dataset=dataset, serialized_options=written, **OF)
        elif tuning == "OptimizeDataset":
            dataset = raw.OptimizeDataset(input_dataset=dataset, optimizations=["noop_elimination"], **OF)
        elif tuning == "PrivateThreadPoolDataset":
            dataset = raw.PrivateThreadPoolDataset(input_dataset=dataset, num_threads=2, **OF)
        else:
            dataset = raw.MaxIntraOpParallelismDataset(input_dataset=dataset, max_intra_op_parallelism=1, **OF)
        iterated(dataset)

    proved(tuned, "dataset tuning")
    assert verdict(tuned, "order") == "not faithful"


def counted(new, mistake, parallel=False, asked=False, ends=False):
    """Which of two datasets comes next; `asked`: how often one does; `ends`: by what might end before the last."""

    @Defun(tf.float32, func_name="which")
    def which(x):
        x = raw.PyFuncStateless(input=[x], token="one", Tout=[tf.float32])[0] if ends else x
        return raw.Cast(x=raw.Greater(x=x, y=3.0 if mistake else 2.0), DstT=tf.int64)

    of = {"output_types": [tf.int64], "output_shapes": [[]]}
    given = {"input_dataset": numbers(1.0, 2.5, 3.5), "other_arguments": [], "f": which, "preserve_cardinality": new}
    if parallel:
        selector = raw.ParallelMapDatasetV2(**given, num_parallel_calls=2, **of)
    else:
        selector = raw.MapDataset(**given, **of)
    if asked:
        raw.DatasetCardinality(input_dataset=selector, name="count")
    chosen = raw.DirectedInterleaveDataset(
        selector_input_dataset=selector, data_input_datasets=[numbers(1.0, 2.0), numbers(5.0, 6.0)], **OF
    )
    iterated(chosen)


@pytest.mark.parametrize("parallel", [False, True])
def test_a_dataset_whose_elements_nobody_counts_need_not_say_how_many_it_has(parallel):
    def form(new, mistake):
        counted(new, mistake, parallel)

    proved(form, "newer datasets")
    assert verdict(form, True) == "not faithful"
    for more in ({"asked": True}, {"ends": True}):
        one, other = (
            built(lambda new, _, more=more: counted(new, False, parallel, **more), new) for new in (False, True)
        )
        assert audit(one, one).verdict == "faithful"
        assert audit(one, other).verdict == "not faithful"


def test_a_dataset_of_a_function_may_be_counted_outside_of_it():
    def form(new, _, asked=False):
        @Defun(func_name="make")
        def make():
            given = {"input_dataset": numbers(1.0, 2.5), "other_arguments": [], "f": halved}
            return raw.MapDataset(**given, preserve_cardinality=new, **OF)

        iterator = raw.OneShotIterator(dataset_factory=make, shared_name="", container="", **OF)
        out(raw.IteratorGetNext(iterator=iterator, **OF)[0])
        tf.no_op(name="init")
        if asked:
            (dataset,) = raw.PartitionedCall(args=[], Tout=[tf.variant], f=make)
            raw.DatasetCardinality(input_dataset=dataset, name="count")

    proved(form, "newer datasets")
    one, other = (built(lambda new, _: form(new, _, asked=True), new) for new in (False, True))
    assert audit(one, other).verdict == "not faithful"


def looped(new, mistake):
    """What two loops make, of which the second writes a list, and waited for the first."""
    loop = raw.StatelessWhile if new else raw.While

    @Defun(tf.float32, func_name="is_small")
    def is_small(x):
        return raw.Less(x=x, y=30.0)

    @Defun(tf.float32, func_name="tripled")
    def tripled(x):
        return raw.Mul(x=x, y=2.0 if mistake == "factor" else 3.0)

    @Defun(tf.int32, tf.float32, tf.variant, func_name="goes_on")
    def goes_on(count, x, written):
        return raw.Less(x=count, y=2)

    @Defun(tf.int32, tf.float32, tf.variant, func_name="write")
    def write(count, x, written):
        item = x + tf.cast(count, tf.float32)
        return count + 1, x, raw.TensorListSetItem(input_handle=written, index=count, item=item)

    @Defun(tf.float32, func_name="made")
    def made(x):
        element = {"element_shape": tf.constant([], tf.int32), "element_dtype": tf.float32}
        zero = tf.constant(0)  # which waits for nothing
        first = loop(input=[x], cond=is_small, body=tripled)[0]
        places = raw.TensorListReserve(num_elements=3 if mistake == "reserved" else 2, **element)
        with tf.control_dependencies([] if new else [first.op]):
            second = loop(input=[zero, x, places], cond=goes_on, body=write)[2]
        said = {"num_elements": 3 if mistake == "said" else 2} if new else {}
        total = raw.Mul(x=raw.TensorListStack(input_handle=second, **element, **said), y=first)
        with tf.control_dependencies([] if new else [first.op, second.op]):
            return raw.Identity(input=total)

    of = {"output_types": [tf.float32], "output_shapes": [[2]]}
    iterated(raw.MapDataset(input_dataset=numbers(1.0, 2.5), other_arguments=[], f=made, **of), **of)


@pytest.mark.parametrize("mistake", ["factor", "said", "reserved"])
def test_loops_in_a_function_wait_for_nothing_and_say_how_many_elements_a_list_has(mistake):
    proved(looped, "loops without state")
    assert verdict(looped, mistake) == "not faithful"
