"""The audit finds the port faithful, finds every mutant, and agrees with the run of the original's own graph."""

import copy
import functools
import gc
import gzip
import json
import random
from types import SimpleNamespace

import pytest
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

from compat_v1 import cli as command_line
from compat_v1.audit import definitions, drift
from compat_v1.audit.comparison import audit
from compat_v1.audit.nodes import Node
from compat_v1.audit.pruning import arranged
from compat_v1.audit.reading import read_graph_def
from compat_v1.proof.golden import RECORDED
from compat_v1.proof.original_graph import GRAPH, audit_port, original_graph_def, original_network
from compat_v1.training import new_network
from corpus_graphs import audited, recorded
from mutants import MUTANTS, audit_of, build, measured
from original.record_format import DEFAULT_SEED

# Of the mutants, those in `make test`: one or two of each kind. `make test-long` has all of the others.
AUDITED = ("concat order swapped", "one op seed changed", "a functional while", "the step counted by an operator")
RUN = ("forget bias 0", "floor for round", "a functional while")


@pytest.fixture(scope="module")
def port():
    return new_network(DEFAULT_SEED)[0].as_graph_def()


@pytest.fixture(scope="module")
def run_of_the_original(data):
    return measured(*original_network(DEFAULT_SEED), data)


def test_audit_leaves_the_graphs_as_they_were(port):
    graphs = original_graph_def(), port
    before = [graph.SerializeToString(deterministic=True) for graph in graphs]
    audit(*graphs)
    assert [graph.SerializeToString(deterministic=True) for graph in graphs] == before


@pytest.mark.parametrize("is_enabled", [True, False])
def test_audit_leaves_the_collector_of_cycles_as_it_was(is_enabled):
    empty = tf.GraphDef()
    unusable = text_format.Parse('node { name: "a" op: "NoOp" input: "^b" }', tf.GraphDef())
    (gc.enable if is_enabled else gc.disable)()
    try:
        audit(empty, empty)
        assert gc.isenabled() == is_enabled
        with pytest.raises(ValueError, match="needs"):
            audit(empty, unusable)
        assert gc.isenabled() == is_enabled
    finally:
        gc.enable()


def test_port_is_the_original_node_by_node():
    result = audit_port()
    assert result.differences == [] and result.numbers == [] and result.not_compared == []
    assert result.verdict == "faithful" and result.is_faithful
    assert result.compared == 677, "every node of the original's graph"
    assert result.rules.keys() <= drift.RULES.keys()


def test_audit_holds_for_another_seed():
    assert audit_port(graph_seed=7).is_faithful


def test_second_witness_is_the_original_node_by_node():
    result = audit(original_graph_def(), read_graph_def(RECORDED / "tf1.15.5" / "graph.pb.gz"))
    assert result.verdict == "faithful" and result.differences == []
    assert result.rules["unused constants"], "TensorFlow 1.15's zeros check their size, and nobody asks"


@functools.cache
def mutant_of(name):
    return build(MUTANTS[name])


def mutants(briefly):
    return [pytest.param(name, marks=[] if name in briefly else [pytest.mark.long]) for name in MUTANTS]


@pytest.mark.parametrize("name", mutants(AUDITED))
def test_every_mutant_is_caught_by_the_audit(name):
    result = audit_of(*mutant_of(name))
    if MUTANTS[name].changes_names_only:
        assert result.is_faithful and result.pairs != audit_port().pairs, "the pairs show the other names"
    else:
        assert result.verdict == "not faithful" and result.differences, "the audit did not notice"


@pytest.mark.parametrize("name", mutants(RUN))
def test_every_mutant_is_caught_by_the_run_if_it_changes_the_numbers(name, data, run_of_the_original):
    graph, network = mutant_of(name)
    changed = measured(graph, network, data) != run_of_the_original
    assert changed == MUTANTS[name].changes_numbers, "the run of the original's own graph says otherwise"


def edited(graph_def, seed):
    """Edit one node of a GraphDef at random; return (the new GraphDef, what was done)."""
    rng = random.Random(seed)
    graph_def = copy.deepcopy(graph_def)
    nodes = {node.name: node for node in graph_def.node}
    # Reachable from what the program runs; a node that nothing uses may change without changing the program.
    used, todo = set(), ["Adam", "init", "Merge/MergeSummary", "add"]
    while todo:
        name = todo.pop().lstrip("^").partition(":")[0]
        if name not in used:
            used.add(name)
            todo += nodes[name].input
    while True:
        node = nodes[rng.choice(sorted(used))]
        if node.op == "Const" and node.attr["dtype"].type in (tf.float32.as_datatype_enum, tf.int32.as_datatype_enum):
            value = tf.make_ndarray(node.attr["value"].tensor)
            if value.dtype == "float32" and value.size and "gradients" not in node.name:
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value + 1, shape=value.shape))
                return graph_def, f"{node.name} + 1"
        elif node.op in ("Sigmoid", "Tanh", "Square"):
            node.op = {"Sigmoid": "Tanh", "Tanh": "Sigmoid", "Square": "Abs"}[node.op]
            return graph_def, f"{node.name} is {node.op}"
        elif node.op in ("SigmoidGrad", "TanhGrad"):
            node.op = {"SigmoidGrad": "TanhGrad", "TanhGrad": "SigmoidGrad"}[node.op]
            return graph_def, f"{node.name} is {node.op}"
        elif node.op in ("Sub", "SigmoidGrad", "ConcatV2") and node.input[0] != node.input[1]:
            node.input[0], node.input[1] = node.input[1], node.input[0]
            return graph_def, f"the inputs of {node.name} swapped"
        elif node.op in ("Mul", "AddV2") and node.attr["T"].type == tf.float32.as_datatype_enum:
            node.op = "Maximum"
            return graph_def, f"{node.name} is Maximum"


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_random_edit_of_the_graph_is_caught(seed, port):
    mutant, what = edited(port, seed)
    result = audited(original_graph_def(), mutant)
    assert not result.is_faithful, f"not noticed: {what}"


def _nodes(graph_def):
    return {node.name: node for node in graph_def.node}


def _drop_the_gate_of_a_tuple(graph_def):
    for name in ("control_dependency", "control_dependency_1"):
        node = _nodes(graph_def)[f"gradients/MatMul_grad/tuple/{name}"]
        del node.input[1:]


def _wait_for_half_a_tuple(graph_def):
    del _nodes(graph_def)["gradients/MatMul_grad/tuple/group_deps"].input[0]


def _do_not_wait_for_the_pushes(graph_def):
    del _nodes(graph_def)["gradients/NextIteration"].input[1:]


def _assign_among_the_gradients(graph_def):
    node = copy.deepcopy(_nodes(graph_def)["Variable_2/Assign"])
    node.name = "gradients/assign"
    graph_def.node.append(node)
    _nodes(graph_def)["Adam"].input.append("^gradients/assign")


def _draw_among_the_gradients(graph_def):
    node = copy.deepcopy(_nodes(graph_def)["truncated_normal/TruncatedNormal"])
    node.name = "gradients/drawn"
    graph_def.node.append(node)


def _choose_a_kernel(graph_def):
    _nodes(graph_def)["while/MatMul"].attr["_kernel"].s = b"other"


def _choose_a_device(graph_def):
    _nodes(graph_def)["while/MatMul"].device = "/device:GPU:0"


def _one_frame_for_both_loops(graph_def):
    for node in graph_def.node:
        if node.op == "Enter":
            node.attr["frame_name"].s = b"one"


def _a_stack_of_two(graph_def):
    (size,) = (node for node in graph_def.node if node.name == "gradients/while/mul_grad/Mul/Const")
    size.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(2, tf.int32))


def _scale_a_gradient(graph_def):
    _nodes(graph_def)["gradients/grad_ys_0/Const"].attr["value"].tensor.float_val[:] = [2.0]


def _push_another_value(graph_def):
    _nodes(graph_def)["gradients/while/mul_grad/Mul/StackPushV2"].input[1] = "while/Identity_1:0"
    _nodes(graph_def)["gradients/while/mul_1_grad/Mul/StackPushV2"].input[1] = "while/Identity_1:0"


def _define_a_function(graph_def):
    graph_def.library.function.add().signature.name = "unused"


@pytest.mark.parametrize(
    "edit",
    [
        *(_drop_the_gate_of_a_tuple, _do_not_wait_for_the_pushes, _one_frame_for_both_loops, _scale_a_gradient),
        *(
            pytest.param(edit, marks=pytest.mark.long)
            for edit in (
                *(_wait_for_half_a_tuple, _assign_among_the_gradients, _draw_among_the_gradients, _choose_a_kernel),
                *(_choose_a_device, _a_stack_of_two, _push_another_value, _define_a_function),
            )
        ),
    ],
)
def test_edit_that_no_single_value_shows_is_caught(edit, port):
    mutant = copy.deepcopy(port)
    edit(mutant)
    assert not audited(original_graph_def(), mutant).is_faithful


def _doubled_and_tripled(names, factor):
    """Two products, of which one is taken more often; `factor`: of which."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        products = {number: tf.multiply(x, number, name=name) for name, number in zip(names, (2.0, 3.0), strict=True)}
        tf.add(tf.exp(products[factor]), tf.tanh(products[2.0]) * tf.sin(products[3.0]), name="out")
    return graph.as_graph_def()


def test_an_operand_of_the_same_name_that_is_another_is_told_from_it():
    (found,) = audit(_doubled_and_tripled("ab", 2.0), _doubled_and_tripled("ba", 3.0)).differences
    assert found.what == "input 0 is a:0 (Mul), which is b:0 (Mul) there, a:0 (Mul) in the port"


def test_nodes_that_a_rule_has_made_from_each_other_are_an_error_and_no_endless_search():
    one, other = (Node(number, "Tanh", {}, [], frozenset(), "", [str(number)]) for number in range(2))
    one.inputs, other.inputs = [(other, 0)], [(one, 0)]
    with pytest.raises(ValueError, match="from itself"):
        arranged(SimpleNamespace(nodes=[one, other]))


def test_graph_that_tensorflow_cannot_import_is_refused(port):
    mutant = copy.deepcopy(port)
    _nodes(mutant)["while/Tanh"].op = "NoSuchOp"
    with pytest.raises(ValueError, match=r"cannot import the graph: .*NoSuchOp"):
        audit(original_graph_def(), mutant)
    mutant = copy.deepcopy(port)
    _nodes(mutant)["while/Merge"].input[0] = "nowhere"
    with pytest.raises(ValueError, match=r"cannot import the graph: .*nowhere"):
        audit(original_graph_def(), mutant)


@pytest.mark.parametrize("form", ["pb", "pb.gz", "pbtxt", "pbtxt.gz"])
def test_every_form_of_a_graph_is_read(form, tmp_path, capsys):
    graph_def = original_graph_def()
    content = text_format.MessageToString(graph_def).encode() if "txt" in form else graph_def.SerializeToString()
    path = tmp_path / f"graph.{form}"
    path.write_bytes(gzip.compress(content) if form.endswith("gz") else content)
    assert command_line.main(["audit", str(GRAPH), str(path)]) == 0
    assert capsys.readouterr().out.endswith("FAITHFUL\n")


def test_graph_of_an_event_file_is_read():
    (events,) = (RECORDED / "tf1.0.1" / "logs" / "train").iterdir()
    assert len(read_graph_def(events).node) == 677


def test_audit_reports_for_people_and_programs(capsys):
    assert command_line.main(["audit"]) == 0
    text = capsys.readouterr().out
    assert text.endswith("FAITHFUL\n") and len(text.splitlines()) == 2, "a line of totals and the verdict"
    assert command_line.main(["audit", "--verbose"]) == 0
    text = capsys.readouterr().out
    assert "by rule: while/Add = while/Add_6" in text and "x AddV2 (since 1.15)" in text
    assert command_line.main(["audit", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert list(content) == ["verdict", "differences", "numbers", "rules", "compared", "not_compared"]
    assert content["verdict"] == "faithful" and content["differences"] == content["not_compared"] == []


def test_audit_of_an_unfaithful_graph_exits_with_1(tmp_path, capsys, port):
    (tmp_path / "mutant.pb").write_bytes(edited(port, 0)[0].SerializeToString())
    assert command_line.main(["audit", str(GRAPH), str(tmp_path / "mutant.pb")]) == 1
    assert "DIFFERENCE at" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x1f\x8b broken", b"\x00\xff\x00"])
def test_file_without_a_graph_is_refused(content, tmp_path, capsys):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert command_line.main(["audit", str(path), str(GRAPH)]) == 2
    assert str(path) in capsys.readouterr().err
    assert command_line.main(["audit", str(GRAPH)]) == 2
    assert "takes two graphs" in capsys.readouterr().err


def test_assertion_that_always_holds_may_be_waited_for_or_not():
    old, edited = recorded("tf1.0.1", "queues"), recorded("tf1.0.1", "queues")
    (node,) = (node for node in edited.node if "^input_producer/Assert/Assert" in node.input)
    node.input.remove("^input_producer/Assert/Assert")
    assert audit(old, edited).verdict == audit(edited, edited).verdict == "faithful"


def test_the_name_of_a_file_is_no_graph():
    with pytest.raises(TypeError, match=r"GraphDef is wanted, no str: read_graph_def"):
        audit(tf.GraphDef(), "new.pb")


def test_op_of_what_is_no_number_is_audited():
    resource = tf.AttrValue(type=tf.resource.as_datatype_enum)
    handles = tf.NodeDef(name="handles", op="Placeholder", attr={"dtype": resource})
    handles.attr["shape"].shape.dim.add(size=2)
    diagonal = tf.NodeDef(name="diagonal", op="MatrixDiag", input=["handles"], attr={"T": resource})
    graph = tf.GraphDef(node=[handles, diagonal])
    assert audit(graph, graph).verdict == "faithful"


def test_of_an_op_that_is_refused_nothing_is_kept_as_its_library_may_be_loaded_later():
    with tf.Graph().as_default() as graph:
        tf.raw_ops.TensorArrayV3(size=2, dtype=tf.float32)
    graph_def = graph.as_graph_def()
    graph_def.node.add(name="unheard", op="Unheard")
    asked = definitions.defaults.cache_info().misses
    with pytest.raises(ValueError, match="Unheard"):
        audit(graph_def, graph_def)
    assert definitions.defaults.cache_info().misses == asked
