"""Tables in which keys are looked up: their handles, their names, what fills them, and who waits for a look-up."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops
DRAWN = "hash_table_80ab99af-c7eb-44fe-a5b6-145f63512aac"
OF_NUMBERS = {"key_dtype": tf.int64, "value_dtype": tf.float32}
OF_LINES = {"key_index": -2, "value_index": -1, "name": "init"}


def made(kind, version, **arguments):
    return getattr(raw, kind + version)(**arguments)


def numbers(version, fill="InitializeTable", names=("",), beside=False, values=(0.5, 1.5), default=-1.0):
    """Numbers looked up in tables of some names, as GraphDef; `beside`: the ops are to be placed beside these."""
    with tf.Graph().as_default() as graph:
        x, filled = raw.Cast(x=floats(None, 3), DstT=tf.int64), []
        keys, total = tf.constant([1, 2], tf.int64), 0.0
        for shared_name in names:
            table = made("HashTable", version, shared_name=shared_name, **OF_NUMBERS)
            with tf.colocate_with(table if beside else None, ignore_existing=True):
                filled.append(made(fill, version, table_handle=table, keys=keys, values=list(values)))
                found = made("LookupTableFind", version, table_handle=table, keys=x, default_value=default)
                size = made("LookupTableSize", version, table_handle=table)
            # How many are found, as many as the keys, the gradient of the sum alone asks.
            total += tf.gradients(tf.reduce_sum(tf.tanh(found * tf.cast(size, tf.float32))), found)[0]
        tf.group(*filled, name="init")
        out(total)
    return graph.as_graph_def()


@pytest.mark.parametrize("fill", ["InitializeTable", "LookupTableImport"])
@pytest.mark.parametrize("beside", [False, True])
def test_a_table_is_the_same_by_its_older_handle_and_filled_by_either_op(beside, fill):
    result = proved(numbers("", beside=beside), numbers("V2", fill), seeds=20)
    assert "handles of tables" in result.rules
    assert ("filled tables" in result.rules) == (fill == "LookupTableImport")


@pytest.mark.parametrize("change", [{"values": (0.5, 4.0)}, {"default": 0.0}, {"names": ("mine",)}], ids=str)
@pytest.mark.parametrize("version", ["", "V2"])
def test_what_a_table_holds_and_a_name_that_it_was_given_are_compared(version, change):
    assert audit(numbers(version), numbers("V2", "LookupTableImport", **change)).verdict == "not faithful"


def test_a_name_that_was_drawn_is_no_name_unless_two_tables_have_it():
    old, fill, other = numbers("V2", names=("", "")), "LookupTableImport", DRAWN.replace("8", "9")
    assert "names of tables" in proved(old, numbers("V2", fill, (DRAWN, other)), seeds=20).rules
    assert audit(numbers("V2", names=(other, DRAWN)), numbers("V2", fill, (DRAWN, other))).verdict == "faithful"
    assert audit(old, numbers("V2", fill, (DRAWN, DRAWN))).verdict == "not faithful"


def texts(version, file, shared_name=""):
    """In which line of a file a text is, as a table tells, as GraphDef."""
    with tf.Graph().as_default() as graph:
        table = made("HashTable", version, shared_name=shared_name, key_dtype=tf.string, value_dtype=tf.int64)
        made("InitializeTableFromTextFile", version, table_handle=table, filename=file, **OF_LINES)
        x = raw.AsString(input=raw.Cast(x=floats(None, 3), DstT=tf.int64))
        out(made("LookupTableFind", version, table_handle=table, keys=x, default_value=tf.constant(-1, tf.int64)))
    return graph.as_graph_def()


@pytest.mark.parametrize("version", ["", "V2"])
def test_a_name_made_of_the_file_that_a_table_is_filled_from_is_no_name(version, tmp_path):
    file = str(tmp_path / "words")
    (tmp_path / "words").write_text("1\n-2\n3\n0\n")
    assert "names of tables" in proved(texts(version, file), texts("V2", file, f"hash_table_{file}_-2_-1")).rules
    for other in (f"hash_table_{file}_mine", f"hash_table_{file}s_-2_-1", f"table_{file}_-2_-1"):
        assert audit(texts(version, file), texts("V2", file, other)).verdict == "not faithful", other
    assert audit(texts(version, file), texts("V2", file + "2", f"hash_table_{file}2_-2_-1")).verdict == "not faithful"


def mapped(form, mistake=False, behind=False):
    """Numbers that a dataset's function looks up in two tables; `form`: how its results wait for both look-ups.

    `mistake`: it changes a table besides, `behind` a look-up in it, and they wait for that as well.
    """
    pairs = {"output_types": [tf.float32] * 2}
    with tf.Graph().as_default() as graph:
        tables = [raw.HashTableV2(shared_name=name, **OF_NUMBERS) for name in ("one", "two")]

        @Defun(tf.int64, tf.resource, tf.resource, func_name="looked_up")
        def looked_up(key, *tables):
            found = [raw.LookupTableFindV2(table_handle=one, keys=key, default_value=-1.0) for one in tables]
            awaited = [one.op for one in found]
            if mistake:
                with tf.control_dependencies(awaited[:1] if behind else []):
                    awaited.append(raw.LookupTableInsertV2(table_handle=tables[0], keys=key, values=found[1]))
            results = [raw.Tanh(x=one) for one in found]
            if form == "alone":
                return tuple(results)
            with tf.control_dependencies([tf.group(*awaited)] if form == "group" else awaited):
                return tuple(raw.Identity(input=one) for one in results)

        x = raw.Cast(x=floats(7), DstT=tf.int64)
        dataset = raw.TensorSliceDataset(components=[x], output_shapes=[[]])
        dataset = raw.MapDataset(
            input_dataset=dataset, other_arguments=tables, f=looked_up, output_shapes=[[]] * 2, **pairs
        )
        batch = raw.BatchDatasetV2(
            input_dataset=dataset, batch_size=7, drop_remainder=True, output_shapes=[[7]] * 2, **pairs
        )
        out(tf.add_n(raw.DatasetToSingleElement(dataset=batch, output_shapes=[[7]] * 2, **pairs)))
    definition = graph.as_graph_def()
    if form != "alone":  # as TensorFlow has written functions since 1.14
        (function,) = definition.library.function
        awaited = [node.name for node in function.node_def if node.op.startswith("LookupTable")]
        for name in awaited:
            function.control_ret[name] = name
            function.signature.control_output.append(name)
    return definition


@pytest.mark.parametrize("old", ["alone", "each"])
def test_what_a_result_is_made_of_need_not_be_awaited(old):
    result = audit(mapped(old), mapped("group"))
    assert result.verdict == "faithful", result.differences
    assert audit(mapped("group"), mapped(old)).verdict == "faithful"


@pytest.mark.parametrize("old", ["alone", "each"])
def test_what_else_a_result_waits_for_is_compared(old):
    assert audit(mapped(old), mapped("group", mistake=True)).verdict == "not faithful"
    assert audit(mapped(old, mistake=True), mapped("group")).verdict == "not faithful"
    unawaited = mapped(old, mistake=True)
    assert (audit(unawaited, mapped("group", mistake=True)).verdict == "faithful") == (old == "each")


def test_whether_a_table_is_changed_behind_a_look_up_is_compared():
    graphs = [mapped("each", mistake=True, behind=behind) for behind in (True, False)]
    assert audit(*graphs).verdict == audit(*reversed(graphs)).verdict == "not faithful"


def measured(looked_up):
    """How many keys there are is added to a total, by how many numbers are looked up or by themselves."""
    with tf.Graph().as_default() as graph:
        table = raw.HashTableV2(shared_name="given", **OF_NUMBERS)
        x = raw.Cast(x=floats(None), DstT=tf.int64)
        found = raw.LookupTableFindV2(table_handle=table, keys=x, default_value=-1.0)
        total = raw.VariableV2(shape=[], dtype=tf.float32, name="total")
        raw.AssignAdd(ref=total, value=raw.Cast(x=raw.Size(input=found if looked_up else x), DstT=tf.float32))
        out(found)
    return graph.as_graph_def()


def test_a_look_up_changes_nothing_so_that_what_asks_how_many_there_are_need_not_wait():
    assert audit(measured(True), measured(False)).verdict == "faithful"
