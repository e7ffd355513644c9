"""Rules for datasets: how they are tuned, and what their functions wait for."""

import tensorflow as tf

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_scalar, number

v1 = tf.compat.v1

# How many bytes are read at once, of a file, if nobody says: in 1.15, and by now, where the reader decides.
_AT_ONCE = (262144, -1)
# What elements are read from: it only says so, and whatever counts them has a place of its own in them.
SOURCES = {"TensorDataset", "TensorSliceDataset", "RangeDataset", "TextLineDataset", "TFRecordDataset"}
SOURCES |= {"FixedLengthRecordDataset"}


def _tuned(rewriter, name, _node, operands):
    """A dataset is the same however its elements are made, and how many at once."""
    rewriter.normal.alias(name, operands[0], "dataset tuning")
    return True


def _read(rewriter, name, node, operands):
    """Records are the same however many bytes of them are read at once."""
    buffer = operands[-1]
    is_default = isinstance(buffer, Literal) and buffer.shape == () and buffer.value in [(size,) for size in _AT_ONCE]
    if node.op == "TFRecordDataset" and is_default:
        operands = [*operands[:-1], buffer._replace(value=(-1,))]
        steps = {"dataset tuning"} if buffer.value != (-1,) else set()
        rewriter.normal.keep(name, node.op, operands, steps=steps)
        return True
    return False


def _given_back(rewriter, name, _node, operands):
    """What a function gives is copied first, by now; in a function no one else can ask for the copy."""
    graph = rewriter.graph
    if not graph.is_body or graph.followers[name] or graph.controls[name] or rewriter.normal.reads_a_ref(name):
        return False
    rewriter.normal.alias(name, operands[0], "results of functions")
    return True


def _in_batches(rewriter, name, node, operands):
    """A last batch that is smaller is left out, if an operand says so."""
    sizes = [*operands, number(0, "bool")]
    rewriter.normal.keep(name, f"{node.op}V2", sizes, steps={"first datasets"})
    return True


def _iterator(rewriter, name, node, operands):
    """An iterator is a newer op, whose handle is its own."""
    rewriter.normal.keep(name, f"{node.op}V2", operands, steps={"first datasets"})
    return True


def _grouped(rewriter, name, _node, _operands):
    """In a function, waiting for a group is waiting for what the group waits for."""
    if not rewriter.graph.is_body or name not in rewriter.graph.awaited:
        return False
    rewriter.normal.hand_on(name, "groups in functions")
    return True


def _of_csv(rewriter, name, _node, operands):
    """Columns of a file are read; by now some can be left out instead of being chosen."""
    sizes = [whole([], "int64")]
    rewriter.normal.keep(name, "CSVDatasetV2", [*operands, *sizes], steps={"newer datasets"})
    return True


def _interleaved(rewriter, name, node, operands):
    """Datasets are read beside each other, whether in order is an operand or an attribute."""
    data, (length, block, sloppy, buffered, prefetched) = operands[:-5], operands[-5:]
    if not (is_scalar(sloppy, 0) or is_scalar(sloppy, 1)):
        return False
    order = v1.AttrValue(s=b"true" if is_scalar(sloppy, 0) else b"false").SerializeToString(deterministic=True)
    attributes = {**rewriter.graph.attributes(name), "deterministic": order}
    taken = [*data, length, block, buffered, prefetched]
    rewriter.normal.keep(name, "LegacyParallelInterleaveDatasetV2", taken, attributes, {"newer datasets"})
    return True


def _interleaved_in_order(rewriter, name, node, operands):
    """Datasets are read beside each other; how many elements are kept ready is an operand, and TensorFlow's choice."""
    attributes, chosen = rewriter.graph.attributes(name), whole(-1, "int64")
    in_order = "sloppy" not in attributes  # its default is not
    attributes.pop("sloppy", None)
    if not in_order:
        attributes["deterministic"] = v1.AttrValue(s=b"false").SerializeToString(deterministic=True)
    taken = [*operands[:-1], chosen, chosen, operands[-1]]
    rewriter.normal.keep(name, "ParallelInterleaveDatasetV4", taken, attributes, {"newer datasets"})
    return True


def _split(rewriter, name, node, operands):
    """What may be split among computers: the numbers of elements are to be counted by each."""
    (how,) = {maker for maker, _ in rewriter.graph.inputs[name][1:]}
    maker = rewriter.graph.nodes[how]
    if maker.op != "Const" or list(maker.attr["value"].tensor.string_val) != [b"replicate_on_split"]:
        return False
    rewriter.normal.alias(name, operands[0], "dataset tuning")
    return True


def _next_of_generator(rewriter, name, node, operands):
    """What a generator written in Python gives next is asked for by another op."""
    attributes = rewriter.graph.attributes(name)
    if not rewriter.graph.is_generator or "is_async" in attributes:
        return False
    rewriter.normal.keep(name, "PyFunc", operands, attributes, {"newer datasets"})
    return True


def _chosen(rewriter, name, node, operands):
    """Of the dataset that says which of several comes next, nobody asks how many elements it has."""
    attributes = rewriter.graph.attributes(name)
    users = {(rewriter.graph.nodes[user].op, slot) for user, slot in rewriter.graph.users[name]}
    if users != {("DirectedInterleaveDataset", 0)} or "preserve_cardinality" not in attributes:
        return False
    del attributes["preserve_cardinality"]
    rewriter.normal.keep(name, node.op, operands, attributes, {"newer datasets"})
    return True


RULES = {
    "Identity": _given_back,
    **dict.fromkeys(("BatchDataset", "PaddedBatchDataset"), _in_batches),
    **dict.fromkeys(("Iterator", "IteratorFromStringHandle"), _iterator),
    "CSVDataset": _of_csv,
    "ParallelInterleaveDataset": _interleaved,
    "ParallelInterleaveDatasetV2": _interleaved_in_order,
    "RewriteDataset": _split,
    "EagerPyFunc": _next_of_generator,
    "MapDataset": _chosen,
    "OptimizeDataset": _tuned,
    "ModelDataset": _tuned,
    "TFRecordDataset": _read,
    "NoOp": _grouped,
}
