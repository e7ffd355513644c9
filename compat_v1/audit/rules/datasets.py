"""Rules for datasets: how they are tuned, and what their functions wait for."""

import re

import tensorflow as tf
from tensorflow.core.framework.dataset_options_pb2 import Options

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, read_constant, whole
from compat_v1.audit.operands import is_op, is_scalar, number
from compat_v1.audit.pruning import before, redirect, users_of
from compat_v1.audit.rules.functional import acting

v1 = tf.compat.v1

# How many bytes are read at once, of a file, if nobody says: in 1.15, and by now, where the reader decides.
_AT_ONCE = (262144, -1)
_TUNING = ("OptimizeDataset", "ModelDataset", "PrivateThreadPoolDataset", "MaxIntraOpParallelismDataset")
_READERS = ("TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2")
_PACKED_AS_THEY_ARE = Literal("text", "string", (), (b"",))  # how files are packed, if nobody says
_RULE = "elements in any order"
_TRUE = v1.AttrValue(b=True).SerializeToString(deterministic=True)
DATASET = r"\w+Dataset(V\d+)?"  # the ops
_OF_THEM = re.compile(f"{DATASET}|{_RULE}")


def finish(rewriter):
    """Say of the last of the datasets which an iterator asks that they may give their elements in any order.

    It holds for all of them, and was said at the end; by now it is said where the program did.
    """
    normal = rewriter.normal
    said = [node for node in normal.nodes if node.op == _RULE]
    users = users_of(normal) if said else {}
    for node in said:
        last = _last(node, users, normal.graph.is_body)
        if last is not None:
            for one in last:
                one.attributes = {**one.attributes, _RULE: _TRUE}
                one.steps |= node.steps
            redirect(normal, {(node, 0): node.inputs[0]})
            normal.absorbed.add(node)


def _last(said, users, is_body):
    """Return the datasets that something else takes, or a function gives, of all that are made of one.

    Or None where another takes what this one is made of. What nothing takes is no iterator's: the function of a
    one-shot iterator makes the datasets once more.
    """
    last, todo, seen = set(), [said], {said}
    while todo:
        node = todo.pop()
        taking = {user for user in users.get(node, ()) if _OF_THEM.fullmatch(user.op)}
        if taking != users.get(node, set()) or (is_body and not taking):
            last.add(node)
        todo += taking - seen
        seen |= taking
    if said in last and users[said.inputs[0][0]] == {said}:
        last = last - {said} | {said.inputs[0][0]}
    return None if any(one.op == _RULE for one in last) else last


def _tuned(rewriter, name, node, operands):
    """A dataset is the same however its elements are made, and how many at once."""
    if node.op == "OptimizeDataset" and b"make_sloppy" in getattr(operands[1], "value", ()):
        return _in_any_order(rewriter, name, operands, {_RULE})
    rewriter.normal.alias(name, operands[0], "dataset tuning")
    return True


def _with_options(rewriter, name, node, operands):
    options = Options.FromString(Attributes(node)["serialized_options"].s)
    if options.HasField("deterministic") and not options.deterministic:
        return _in_any_order(rewriter, name, operands, ())
    return _tuned(rewriter, name, node, operands)


def _in_any_order(rewriter, name, operands, steps):
    rewriter.normal.keep(name, _RULE, operands[:1], {}, steps, [()])
    return True


def _read(rewriter, name, node, operands):
    """Records are the same however many bytes of them are read at once."""
    op, settings, steps = _usual(node.op, operands[1:])
    return _keep_reader(rewriter, name, op, [operands[0], *settings], steps)


def _usual(op, settings):
    """Return the reader of today and its settings, with the default of today, and by which rule."""
    if op == "FixedLengthRecordDataset":
        return f"{op}V2", [*settings, _PACKED_AS_THEY_ARE], {"first datasets"}
    buffer = settings[-1]
    is_default = isinstance(buffer, Literal) and buffer.shape == () and buffer.value in [(size,) for size in _AT_ONCE]
    if op != "TFRecordDataset" or not is_default or buffer.value == (-1,):
        return op, settings, set()
    return op, [*settings[:-1], buffer._replace(value=(-1,))], {"dataset tuning"}


def _keep_reader(rewriter, name, op, operands, steps):
    """Files are read one after the other, be they a list or one."""
    files, *settings = operands
    if is_op(files, "Reshape") and len(rewriter.normal.sizes(files) or ()) == 1 and not files[0].controls:
        rewriter.normal.absorbed.add(files[0])
        files = files[0].inputs[0]
    if isinstance(files, Literal) and files.shape == ():
        files = files._replace(shape=(1,))
    rewriter.normal.keep(name, op, [files, *settings], {}, steps).functions = {}
    return True


def _file_by_file(rewriter, name, _node, operands):
    """Each of several files has a reader of its own, one after the other; one reader had them all."""
    (function,) = rewriter.graph.called(name)["f"]
    op, settings, functions = _reader(rewriter.graph.functions, function)
    files = operands[0]
    if op is None or len(operands) != 1 or not is_op(files, "TensorSliceDataset") or files[0].controls:
        return False
    if len(files[0].inputs) != 1 or len(rewriter.normal.sizes(files[0].inputs[0]) or ()) != 1:
        return False
    op, settings, steps = _usual(op, settings)
    rewriter.normal.absorbed.add(files[0])
    rewriter.normal.written_out.update(functions)
    return _keep_reader(rewriter, name, op, [*files[0].inputs, *settings], {"newer datasets", *steps})


def _reader(functions, name, may_be_listed=True):
    """Return the op that alone reads a file in a function, which is given its name, its settings, and the functions.

    By now the file is a list of one file, which calls another function with each. Or (None, (), ()).
    """
    function, nothing = functions.get(name), (None, (), ())
    nodes = {node.name: node for node in function.node_def} if function else {}
    makers = {node.op: node for node in nodes.values() if node.op not in ("Const", "Identity", "NoOp")}
    taken = {op: [one.partition(":")[0] for one in node.input] for op, node in makers.items()}
    given = [one.name for one in function.signature.input_arg] if function else []
    results = [one.partition(":")[0] for one in function.ret.values()] if function else []
    while results and results[0] in nodes and nodes[results[0]].op == "Identity":
        results[0] = nodes[results[0]].input[0].partition(":")[0]
    if len(given) != 1 or sum(node.op in makers for node in nodes.values()) != len(makers):
        return nothing
    if may_be_listed and makers.keys() == {"Reshape", "TensorSliceDataset", "FlatMapDataset"}:
        lists, slices, read = (makers[op] for op in ("Reshape", "TensorSliceDataset", "FlatMapDataset"))
        shape = nodes.get(taken["Reshape"][-1])
        is_of_one = shape is not None and shape.op == "Const" and read_constant(shape).key == whole([-1], "int32").key
        order = [taken[op] for op in ("Reshape", "TensorSliceDataset", "FlatMapDataset")] + [results]
        if not is_of_one or order != [[*given, shape.name], [lists.name], [slices.name], [read.name]]:
            return nothing
        op, settings, called = _reader(functions, Attributes(read)["f"].func.name, False)
        return (op, settings, [name, *called]) if op else nothing
    if len(makers) != 1 or not makers.keys() <= set(_READERS):
        return nothing
    ((op, reader),) = makers.items()
    constants = [nodes.get(one) for one in taken[op][1:]]
    if taken[op][:1] != given or results != [reader.name] or not all(one and one.op == "Const" for one in constants):
        return nothing
    return op, list(map(read_constant, constants)), [name]


def _one_of_so_many(rewriter, name, _node, operands):
    """Of so many elements one is taken by an op; it was chosen by a number counted beside them, which was left out."""
    (chosen,), graph, normal = operands[:1], rewriter.graph, rewriter.normal
    if len(operands) != 1 or not is_op(chosen, "FilterDataset") or len(chosen[0].inputs) != 3:
        return False
    pairs, *which = chosen[0].inputs
    if not is_op(pairs, "ZipDataset") or len(pairs[0].inputs) != 2 or not is_op(pairs[0].inputs[0], "RangeDataset"):
        return False
    numbers, data = pairs[0].inputs
    if not all(map(is_scalar, numbers[0].inputs, (0, 2**63 - 1, 1))):
        return False
    if any(one[0].controls for one in (chosen, pairs, numbers)):
        return False
    functions = [*chosen[0].functions["predicate"], *graph.called(name)["f"]]
    choose, leave_out = map(graph.functions.get, functions)
    if choose is None or leave_out is None or not (_chooses(choose) and _leaves_the_first_out(leave_out)):
        return False
    attributes = {key: value for key, value in graph.attributes(name).items() if key.startswith("output_")}
    normal.absorbed.update(one[0] for one in (chosen, pairs, numbers))
    normal.written_out.update(functions)
    normal.keep(name, "ShardDataset", [data, *which], attributes, {"newer datasets"}).functions = {}
    return True


def _chooses(function):
    """Whether a function asks if its first argument is the last one, divided by the one before."""
    given = [one.name for one in function.signature.input_arg]
    rest, same = (next((one for one in function.node_def if one.op == op), None) for op in ("FloorMod", "Equal"))
    if rest is None or same is None or len(function.node_def) != 2 or len(given) < 4:
        return False
    taken = [*rest.input, *same.input, *function.ret.values()]
    return taken == [given[0], given[-2], f"{rest.name}:z:0", given[-1], f"{same.name}:z:0"]


def _leaves_the_first_out(function):
    """Whether a function gives all its arguments but the first."""
    given = [one.name for one in function.signature.input_arg]
    return not function.node_def and [function.ret[one.name] for one in function.signature.output_arg] == given[1:]


def _given_back(rewriter, name, _node, operands):
    """What a function gives is copied first, by now; in a function no one else can ask for a copy."""
    graph, normal = rewriter.graph, rewriter.normal
    if not graph.is_body or normal.reads_a_ref(name) or (graph.followers[name] and not _only_copies(graph, name)):
        return False
    waits, ends = (
        acting(normal, set().union(*map(normal.awaited, names))) for names in (graph.controls[name], graph.ends_behind)
    )
    waits -= ends  # which all that the function gives waits for
    if waits and (isinstance(operands[0], Literal) or not waits <= before(operands[0][0])):
        return False
    rewriter.normal.alias(name, operands[0], "results of functions")
    return True


def _only_copies(graph, name):
    """Whether a node only copies: it is in no loop, and nothing waits for it, nor it for anything."""
    return not (graph.controls[name] or name in graph.awaited or graph.frames[name])


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


def _in_order(rewriter, name, node, operands):
    """Elements are made beside each other, and given in order; whether they are was said otherwise."""
    attributes = rewriter.graph.attributes(name)
    if "sloppy" in attributes:  # which no function of TensorFlow's wrote
        return False
    op, taken, step = f"{node.op}V2", operands, "dataset tuning"
    if node.op == "ParallelInterleaveDatasetV2":  # how many elements are kept ready is TensorFlow's choice
        chosen, step = whole(-1, "int64"), "newer datasets"
        op, taken = "ParallelInterleaveDatasetV4", [*operands[:-1], chosen, chosen, operands[-1]]
    rewriter.normal.keep(name, op, taken, attributes, {step})
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


def _counted(rewriter, name, node, operands):
    """A dataset has as many elements as the one that it is made of, and as nobody asks how many, none need say so.

    That its function does not end it beforehand was assured as well, so that has to be pure, and no Python.
    """
    graph, attributes = rewriter.graph, rewriter.graph.attributes(name)
    if "preserve_cardinality" not in attributes or graph.whole.counts_elements:
        return False
    if not all(graph.is_pure(one, but={"PyFuncStateless"}) for one in graph.called(name)["f"]):
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
    **dict.fromkeys(("ParallelInterleaveDatasetV2", "ParallelMapDataset", "ParseExampleDataset"), _in_order),
    "RewriteDataset": _split,
    "EagerPyFunc": _next_of_generator,
    "MapDataset": lambda *given: _one_of_so_many(*given) or _counted(*given),
    "ParallelMapDatasetV2": _counted,
    "FlatMapDataset": _file_by_file,
    **dict.fromkeys(_TUNING, _tuned),
    "OptionsDataset": _with_options,
    **dict.fromkeys(_READERS, _read),
    "NoOp": _grouped,
}
