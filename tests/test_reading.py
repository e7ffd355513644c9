"""What people have is read, whatever form it has; what crashes or hangs TensorFlow is refused in one line before."""

import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tensorflow.compat.v1 as tf
from google.protobuf import text_format
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from compat_v1.audit import reading, validation
from compat_v1.audit.reading import read_graph_def
from compat_v1.audit.validation import shown, validate
from compat_v1.cli import main
from compat_v1.proof.original_graph import GRAPH
from fuzz_graphs import small_program


@pytest.fixture(scope="module")
def program():
    return small_program()


def save(path, content):
    path.write_bytes(content)
    return path


def text(message):
    return text_format.MessageToString(message).encode()


def meta(graph_def, *tags):
    message = tf.MetaGraphDef(graph_def=graph_def)
    message.meta_info_def.tags.extend(tags)
    message.meta_info_def.tensorflow_version = "1.15.5"
    message.meta_info_def.stripped_op_list.op.add(name="MatMul")
    return message


def saved_model(*meta_graphs):
    return SavedModel(saved_model_schema_version=1, meta_graphs=meta_graphs)


# What is read.


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("form", ["binary", "text"])
@pytest.mark.parametrize("kind", ["GraphDef", "MetaGraphDef", "SavedModel"])
def test_every_message_is_read_in_every_form_whatever_its_file_is_called(kind, form, zipped, program, tmp_path):
    message = {"GraphDef": program, "MetaGraphDef": meta(program), "SavedModel": saved_model(meta(program, "serve"))}
    content = text(message[kind]) if form == "text" else message[kind].SerializeToString()
    path = save(tmp_path / "a.txt", gzip.compress(content) if zipped else content)
    assert read_graph_def(path) == program


def test_meta_file_and_saved_model_of_a_program_are_read_and_the_folder_too(tmp_path):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.matmul(x, tf.get_variable("w", [2, 2], use_resource=False))
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        saver.save(session, str(tmp_path / "model"))
        tf.saved_model.simple_save(session, str(tmp_path / "saved"), {"x": x}, {"y": y})
    names = {node.name for node in graph.as_graph_def().node}
    assert {node.name for node in read_graph_def(tmp_path / "model.meta").node} < names
    assert {node.name for node in read_graph_def(tmp_path / "saved").node} == names
    with pytest.raises(ValueError, match=r"is a folder without saved_model.pb"):
        read_graph_def(tmp_path)


def test_of_several_graphs_the_choice_is_named_and_a_number_chooses(program, tmp_path):
    other = tf.GraphDef.FromString(program.SerializeToString())
    del other.node[1:]
    message = saved_model(meta(program, "train"), meta(other, "serve", "gpu"))
    path = save(tmp_path / "saved_model.pb", message.SerializeToString())
    with pytest.raises(ValueError) as caught:
        read_graph_def(tmp_path)
    assert "1 (tags train, " in str(caught.value) and "2 (tags serve, gpu, 1 nodes)" in str(caught.value)
    assert "choose one" in str(caught.value)
    assert read_graph_def(f"{path}#1") == program and read_graph_def(f"{tmp_path}#2") == other
    with pytest.raises(ValueError, match="not 3"):
        read_graph_def(f"{path}#3")
    assert main(["audit", str(path), str(GRAPH)]) == 2


def events(folder, graphs, meta_graphs=()):
    with tf.Graph().as_default():
        writer = tf.summary.FileWriter(str(folder))
    for graph_def in graphs:
        writer.add_event(tf.Event(graph_def=graph_def.SerializeToString()))
    for message in meta_graphs:
        writer.add_event(tf.Event(meta_graph_def=message.SerializeToString()))
    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=1.0)]), 7)
    writer.close()
    (path,) = folder.iterdir()
    return path


def zipped(name, content, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("recording.json", b"{}")
        archive.writestr(name, content)
    return file.getvalue()


def test_of_a_recording_the_graph_is_read_whole_and_small_enough(program, tmp_path, monkeypatch):
    content = program.SerializeToString()
    assert read_graph_def(save(tmp_path / "run.npz", zipped("graph.pb", content))) == program
    with pytest.raises(ValueError, match=r"run.npz: is a zip file without graph.pb, no recording; a GraphDef"):
        read_graph_def(save(tmp_path / "run.npz", zipped("x.npy", content)))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        whole = zipped("graph.pb", content, method)
        at = whole.index(b"graph.pb") + len("graph.pb")
        for damaged in (whole[:-20], whole[: at + 9] + bytes(20) + whole[at + 29 :], whole[:at]):
            with pytest.raises(ValueError, match="is not whole") as caught:
                read_graph_def(save(tmp_path / "run.npz", damaged))
            assert str(caught.value).isprintable()
    monkeypatch.setattr(reading, "LARGEST", 2**20)
    with pytest.raises(ValueError, match="larger than 1048576 bytes, unzipped"):
        read_graph_def(save(tmp_path / "run.npz", zipped("graph.pb", bytes(2**26))))


def test_event_files_are_read_zipped_still_growing_or_with_a_meta_graph_alone(program, tmp_path):
    path = events(tmp_path / "twice", [program, program], [meta(program)])
    assert read_graph_def(path) == program
    content = path.read_bytes()
    assert read_graph_def(save(tmp_path / "events.gz", gzip.compress(content))) == program
    assert read_graph_def(save(tmp_path / "growing", content[:-5])) == program
    assert read_graph_def(events(tmp_path / "meta", [], [meta(program)])) == program
    with pytest.raises(ValueError, match="event file without a graph"):
        read_graph_def(events(tmp_path / "none", []))
    other = tf.GraphDef(node=program.node[:1])
    with pytest.raises(ValueError, match=r"1 \(of step 0, .*2 \(of step 0"):
        read_graph_def(events(tmp_path / "two", [program, other]))


def test_damaged_event_file_is_not_compared(program, tmp_path):
    path = events(tmp_path / "logs", [program])
    content = bytearray(path.read_bytes())
    content[content.index(b"MatMul")] ^= 1
    with pytest.raises(ValueError, match="is damaged: the graph of step 0"):
        read_graph_def(save(path, bytes(content)))
    length = (2**40).to_bytes(8, "little")
    claim = length + masked_crc32c(length).to_bytes(4, "little") + b"data"
    with pytest.raises(ValueError, match="event file without a graph"):
        read_graph_def(save(path, claim))


# What is refused.


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"no graph", b"\x00\xff\x00", b"\x08\x01", b"{}", b"node {", b"versions { producer: 24 }"),
        *(tf.MetaGraphDef().SerializeToString(), saved_model().SerializeToString(), saved_model(meta(tf.GraphDef()))),
        *(meta(tf.GraphDef(), "serve"), b"\x0a\x02\x0a\x00", b"node { name: 'a' }", os.urandom(1000)),
    ],
)
def test_what_holds_no_graph_is_refused_and_not_taken_for_an_empty_one(content, tmp_path):
    content = content if isinstance(content, bytes) else content.SerializeToString()
    with pytest.raises(ValueError, match="holds no graph") as caught:
        read_graph_def(save(tmp_path / "graph.pb", content))
    assert str(caught.value).isprintable()


def test_message_of_one_kind_is_never_read_as_another(program):
    for message in (program, meta(program, "serve"), saved_model(meta(program, "a"), meta(program, "b"))):
        kinds = {type(message) for message in (program, meta(program), saved_model())} - {type(message)}
        for kind in kinds:
            try:
                held = reading._held(kind.FromString(message.SerializeToString()))
            except reading.DecodeError:
                continue
            assert not held or not all(reading._is_graph(graph) for _, graph in held), kind


def test_zipped_file_is_whole_and_small_enough(program, tmp_path, monkeypatch):
    whole = gzip.compress(program.SerializeToString())
    for damaged in (whole[:-20], whole[:40] + b"\x00\x00" + whole[42:], b"\x1f\x8b broken"):
        with pytest.raises(ValueError, match="is not whole"):
            read_graph_def(save(tmp_path / "graph.pb.gz", damaged))
    monkeypatch.setattr(reading, "LARGEST", 2**20)
    with pytest.raises(ValueError, match="larger than 1048576 bytes, unzipped"):
        read_graph_def(save(tmp_path / "bomb.gz", gzip.compress(bytes(2**26))))
    monkeypatch.setattr(reading, "LARGEST_TEXT", 2**10)
    with pytest.raises(ValueError, match="text of more than 1024 bytes"):
        read_graph_def(save(tmp_path / "graph.pbtxt", b"\n" * 2000))


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"library { function { node_def { attr { value { " + b"func { attr { value { " * 100_000, "nested too deeply"),
        (b'node { name: "\xff" op: "NoOp" }', "no UTF-8"),
        (b"\x0a\x09\x0a\x01\xff\x12\x04NoOp", "a name that is no UTF-8"),
        (b"node { name: 'a' op: 'NoOp' } nodes { }", "1:31"),
    ],
)
def test_text_is_checked(content, reason, tmp_path):
    with pytest.raises(ValueError, match=reason) as caught:
        read_graph_def(save(tmp_path / "graph", content))
    assert str(caught.value).isprintable()


def test_file_whose_name_is_no_utf_8_is_read_and_named(program, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m.pb")
    assert read_graph_def(save(Path(path), program.SerializeToString())) == program
    Path(path).write_bytes(b"no graph")
    with pytest.raises(ValueError, match=r"\\udcff\\x1b\[31m.pb: holds no graph"):
        read_graph_def(path)


def node(graph_def, name):
    return next(one for one in graph_def.node if one.name == name)


def add(graph_def, name, op, *inputs, **types):
    added = graph_def.node.add(name=name, op=op, input=inputs)
    for key, dtype in types.items():
        added.attr[key].type = dtype
    return added


def constant(graph_def, name, value, dtype=None):
    added = add(graph_def, name, "Const")
    added.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
    added.attr["dtype"].type = added.attr["value"].tensor.dtype
    return added


def claim(*sizes):
    def edit(graph_def):
        added = constant(graph_def, "huge", 1.0)
        for size in sizes:
            added.attr["value"].tensor.tensor_shape.dim.add(size=size)

    return edit


def shape(*sizes):
    def edit(graph_def):
        added = add(graph_def, "fed", "Placeholder", dtype=tf.float32.as_datatype_enum)
        for size in sizes:
            added.attr["shape"].shape.dim.add(size=size)

    return edit


def rename(name, new):
    return lambda graph_def: setattr(node(graph_def, name), "name", new)


def functions(*calls, by_attribute=False):
    """Add functions f0, f1, …, each of which calls those of the numbers."""

    def edit(graph_def):
        for number, called in enumerate(calls):
            one = graph_def.library.function.add()
            one.signature.name = f"f{number}"
            one.signature.input_arg.add(name="x", type=1)
            for place, callee in enumerate(called):
                call = one.node_def.add(name=f"c{place}", op=f"f{callee}", input=["x"])
                if by_attribute:
                    call.op = "PartitionedCall"
                    call.attr["f"].func.name = f"f{callee}"
                    call.attr["Tin"].list.type.append(1)
                    call.attr["Tout"].list.type.append(1)

    return edit


def cycle(graph_def):
    add(graph_def, "here", "Identity", "there", T=1)
    add(graph_def, "there", "Identity", "here", T=1)


def made(op, *values, **types):
    def edit(graph_def):
        for number, value in enumerate(values):
            constant(graph_def, f"value{number}", value)
        add(graph_def, "made", op, *(f"value{number}" for number in range(len(values))), **types)

    return edit


def split(number):
    def edit(graph_def):
        constant(graph_def, "axis", 0)
        add(graph_def, "parts", "Split", "axis", "x", T=1).attr["num_split"].i = number

    return edit


def chain(graph_def):
    """A slice of a slice of a slice …, as a shape: TensorFlow follows it by recursion."""
    add(graph_def, "n0", "Placeholder", dtype=3).attr["shape"].shape.dim.add(size=2)
    for name in ("begin", "end", "step"):
        constant(graph_def, name, [1])
    for number in range(1, 20_000):
        add(graph_def, f"n{number}", "StridedSlice", f"n{number - 1}", "begin", "end", "step", T=3, Index=3)


def ordered(graph_def):
    """Two axes in an order of none."""
    for name, value in (("a", [2]), ("b", [2]), ("image", [[1.0]])):
        constant(graph_def, name, value)
    add(graph_def, "none", "BroadcastGradientArgs", "a", "b", T=3)
    add(graph_def, "turned", "Transpose", "image", "none", T=1, Tperm=3)


def taken(graph_def):
    """As many elements of a queue as two numbers say."""
    constant(graph_def, "many", [1, 2])
    add(graph_def, "queue", "FIFOQueueV2").attr["component_types"].list.type.append(1)
    add(graph_def, "taken", "QueueDequeueManyV2", "queue", "many").attr["component_types"].list.type.append(1)


HOSTILE = {
    "constant of 2**40 elements": (claim(2**40), r"node huge: a constant claims 4398046511104 bytes"),
    "constants together": (
        lambda g: [rename("huge", f"huge{n}")(g) for n in range(5) if not claim(2**28)(g)],
        "claim .* bytes together",
    ),
    "more elements than can be counted": (claim(*[2**40] * 5), "node huge: a shape has 2e"),
    "negative constant": (claim(-2), "the size -2 in a shape is negative"),
    "unknown constant": (claim(-1), "the size -1 in a shape is negative"),
    "negative shape": (shape(3, -5), "node fed: the size -5 in a shape is negative"),
    "rank": (shape(*[1] * 255), "255 dimensions"),
    "function that calls itself": (functions([0]), r"function f0 calls itself \(f0 → f0\)"),
    "ring of functions": (functions([1], [2], [0], by_attribute=True), r"calls itself \(f. → f. → f. → f.\)"),
    "deep functions": (functions(*([n + 1] for n in range(3000)), []), "function f1000 unfolds into more"),
    "wide functions": (functions(*([n + 1] * 2 for n in range(40)), []), "unfolds into more than can be followed"),
    "two functions of a name": (lambda g: [functions([])(g), functions([])(g)], "2 functions are named f0"),
    "dtype 99": (lambda g: add(g, "fed", "Placeholder", dtype=99), "node fed: 99 is no dtype"),
    "dtype 99 in a list": (lambda g: node(g, "x").attr["a"].list.type.append(99), "node x: 99 is no dtype"),
    "tensor of dtype 99": (
        lambda g: setattr(constant(g, "a", 1.0).attr["value"].tensor, "dtype", 99),
        "node a: ",
    ),
    "variant": (
        lambda g: [
            setattr(one.attr["value"].tensor, "dtype", 21) or setattr(one.attr["dtype"], "type", 21)
            for one in [constant(g, "a", 1.0)]
        ],
        "node a: a value of the dtype DT_VARIANT cannot be read",
    ),
    "too much content": (
        lambda g: setattr(constant(g, "a", [1.0, 2.0]).attr["value"].tensor, "tensor_content", b"123"),
        "node a: a constant has 3 bytes, its shape wants 8",
    ),
    "too many values": (
        lambda g: constant(g, "a", 1).attr["value"].tensor.int_val.extend([1] * 9),
        "node a: a constant has more values than its shape has elements, 1",
    ),
    "name": (rename("x", "x\x1b[31m"), r"'x\\x1b\[31m' can be no node's name"),
    "no name": (rename("x", ""), "'' can be no node's name"),
    "two of a name": (rename("Variable", "x"), "2 nodes are named x"),
    "input of nowhere": (lambda g: add(g, "i", "Identity", "\x1b", T=1), r"node i: its input \\x1b names no node"),
    "cycle": (cycle, "a cycle that is no loop: (here|there) → (here|there)"),
    "unknown op": (lambda g: add(g, "i", "SkipGramGone"), "node i: TensorFlow .* has no op SkipGramGone; load its lib"),
    "missing attribute": (lambda g: add(g, "i", "Identity", "x"), "node i: the attribute T, .* Identity needs"),
    "attribute of another kind": (
        lambda g: setattr(add(g, "i", "Identity", "x").attr["T"], "i", 1),
        "the attribute T of the op Identity must be of the kind type",
    ),
    "Range": (made("Range", 0, 2**31 - 1, 1, Tidx=3), "node made: Range makes 2147483647 elements"),
    "Fill": (made("Fill", [2**30, 2**20], 1, T=3, index_type=3), "node made: Fill makes"),
    "Tile": (made("Tile", [1, 2], [2**30], T=3, Tmultiples=3), "node made: Tile makes 2147483648 elements"),
    "Tile of a Tile": (
        lambda g: [
            made("Tile", [1, 2], [2**20], T=3, Tmultiples=3)(g),
            add(g, "again", "Tile", "made", "value1", T=3, Tmultiples=3),
        ],
        "node again: Tile makes 2199023255552 elements",
    ),
    "BroadcastTo": (made("BroadcastTo", 1, [2**30], T=3, Tidx=3), "node made: BroadcastTo makes"),
    "Split": (split(2**31 - 1), "node parts: 2147483647 outputs; 16384 are the most"),
    "negative Split": (split(-1), "node parts: -1 outputs"),
    "order of no axes": (ordered, "node turned: its axes are ordered by BroadcastGradientArgs, which may give too few"),
    "several numbers of elements": (taken, "node taken: it takes as many elements as many, no one number"),
    "shape of a long chain": (chain, "node n2001 unfolds into more than can be followed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_graph_is_refused_in_one_line_before_tensorflow_sees_it(name, program, tmp_path, capsys, monkeypatch):
    edit, reason = HOSTILE[name]
    graph_def = tf.GraphDef.FromString(program.SerializeToString())
    edit(graph_def)
    with pytest.raises(ValueError, match=reason) as caught:
        validate(graph_def)
    assert str(caught.value).isprintable()
    monkeypatch.setattr(tf, "import_graph_def", lambda *_, **__: pytest.fail("TensorFlow saw it"))
    path = save(tmp_path / "graph.pb", graph_def.SerializeToString())
    assert main(["audit", str(path), str(GRAPH)]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1 and error.startswith("error: ") and error[:-1].isprintable()


def test_validation_changes_nothing_and_lets_real_graphs_pass(program):
    before = program.SerializeToString(deterministic=True)
    validate(program)
    assert program.SerializeToString(deterministic=True) == before
    functions([1, 1], [2], [])(program_copy := tf.GraphDef.FromString(before))
    validate(program_copy)
    shape(-1, 0, 2**31)(program_copy)
    claim(2**20)(program_copy)
    validate(program_copy)


def test_concatenation_of_a_thousand_results_is_no_shape(program):
    graph_def = tf.GraphDef.FromString(program.SerializeToString())
    constant(graph_def, "axis", 0)
    constant(graph_def, "n0", [1.0])
    for number in range(1, validation.DEEPEST + 10):
        inputs = (f"n{number - 1}", "n0", "axis")
        add(graph_def, f"n{number}", "ConcatV2", *inputs, T=1, Tidx=3).attr["N"].i = 2
    validate(graph_def)


def test_shown_text_is_one_line_without_control_characters():
    assert shown("a\n\x1b[31m\u202e\udcff") == r"a\n\x1b[31m\u202e\udcff"
    assert len(shown("é" * 999)) == 200


def test_no_damaged_graph_kills_or_hangs_the_process():
    """Some hundred examples; `python tests/fuzz_graphs.py 10000` tries more."""
    command = [sys.executable, str(Path(__file__).with_name("fuzz_graphs.py")), "300"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "graph_with_other_bytes done\ngraph_with_another_structure done\n"
