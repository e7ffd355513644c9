"""Edits that once survived the mutation score: waits of what rules leave out, and numbers that almost are others."""

import numpy as np
import pytest
import tensorflow as tf

from compat_v1.audit import dropout, read_graph_def
from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from corpus_graphs import recorded

v1 = tf.compat.v1


def edited(graph_def, edit):
    mutant = v1.GraphDef.FromString(graph_def.SerializeToString())
    edit({node.name: node for node in mutant.node})
    return mutant


def without(name, wait):
    return lambda nodes: nodes[name].input.remove(f"^{wait}")


def waiting(name, wait):
    return lambda nodes: nodes[name].input.append(f"^{wait}")


_OF_SUM = "gradients/rnn/while/gru_cell/add_grad/BroadcastGradientArgs"
_OF_PRODUCT = "gradients/rnn/while/gru_cell/mul_1_grad/BroadcastGradientArgs"


@pytest.mark.long
@pytest.mark.parametrize(
    ("release", "edit"),
    [
        ("tf1.0.1", without(f"{_OF_SUM}/StackPop", "gradients/Sub")),
        ("tf1.15.5", without(f"{_OF_PRODUCT}/StackPushV2_1", "gradients/Add")),
        ("tf1.15.5", without("gradients/NextIteration", f"{_OF_PRODUCT}/StackPushV2_1")),
        ("tf1.0.1", waiting(f"{_OF_SUM}/RefEnter_1", "rnn/gru_cell/gates/biases/Assign")),
    ],
    ids=["one pop more than turns", "a push before its turn", "a turn before a push", "a stack behind an initializer"],
)
def test_a_stack_that_rules_leave_out_is_kept_turn_by_turn(release, edit):
    """Sizes need no stack where they are known before: but what the stack waits for, and what waits for it, stays."""
    graph = recorded(release, "dynamic_rnn")
    assert audit(graph, graph).verdict == "faithful"
    assert audit(graph, edited(graph, edit)).verdict == "not faithful"


def test_a_stack_that_takes_nothing_is_no_stack_without_a_limit():
    def edit(nodes):
        nodes[f"{_OF_PRODUCT}/Const"].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0))

    graph = recorded("tf1.15.5", "dynamic_rnn")
    assert audit(graph, edited(graph, edit)).verdict == "not faithful"


def test_an_assertion_that_both_graphs_have_is_waited_for_in_both():
    loss = "SparseSoftmaxCrossEntropyWithLogits"
    graph = recorded("tf1.15.5", "attention")
    mutant = edited(graph, without(f"{loss}/Rank", f"{loss}/assert_equal_1/Assert/Assert"))
    assert audit(graph, mutant).verdict == audit(mutant, graph).verdict == "not faithful"


def test_what_a_branch_gives_comes_behind_what_is_enqueued_in_it(today):
    port, queue = read_graph_def(today / "queues.pb.gz"), "shuffle_batch/cond/random_shuffle_queue_enqueue"
    graph = recorded("tf1.0.1", "queues")
    assert not audit(graph, port).differences
    assert audit(edited(graph, without("shuffle_batch/cond/control_dependency", queue)), port).differences


@pytest.mark.parametrize("name", ["switch_f", "NoOp", "control_dependency_1"])
def test_what_never_runs_makes_nothing_run(today, name):
    """What a branch waits for is run for its result, whether the branch is or not."""
    port = read_graph_def(today / "queues.pb.gz")
    mutant = edited(recorded("tf1.0.1", "queues"), waiting(f"shuffle_batch/cond/{name}", "Variable/Assign"))
    assert audit(mutant, port).differences


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dropout/RealDiv_grad/mul", lambda node: setattr(node, "op", "BandedTriangularSolve")),
        ("dropout/RealDiv_grad/mul", lambda node: setattr(node, "op", "Maximum")),
        ("dropout/RealDiv_grad/RealDiv_2", lambda node: node.input.__setitem__(1, "Variable/read")),
        ("dropout/RealDiv_grad/Sum_1", lambda node: node.input.__setitem__(1, "gradients/dropout/RealDiv_grad/Shape")),
        ("dropout/SelectV2_grad/Sum_1", lambda node: setattr(node, "op", "Prod")),
    ],
    ids=["what may fail", "another op", "another divisor", "sizes as axes", "a product"],
)
def test_the_gradient_of_a_dropouts_mask_or_rate_is_one_though_nobody_takes_it(today, name, change):
    port, graph = read_graph_def(today / "convolution.pb.gz"), recorded("tf1.15.5", "convolution")
    assert not audit(graph, port).differences
    assert audit(graph, edited(port, lambda nodes: change(nodes[f"gradients/{name}"]))).differences


@pytest.mark.parametrize("inserted", [False, True])
def test_the_gradient_of_a_count_that_nobody_takes_is_compared_where_both_divide_the_same_way(today, inserted):
    def edit(nodes):
        node = nodes["gradients/sparse_softmax_cross_entropy_loss/value_grad/div_no_nan_2"]
        if inserted:
            node.input[0] = "gradients/sparse_softmax_cross_entropy_loss/value_grad/Neg"
        else:
            node.input[0], node.input[1] = node.input[1], node.input[0]

    port, graph = read_graph_def(today / "layers.pb.gz"), recorded("tf1.15.5", "layers")
    assert not audit(graph, port).differences
    assert audit(graph, edited(port, edit)).differences


def test_a_constant_that_the_port_makes_in_a_branch_is_made_there_in_the_original(today):
    port, graph = read_graph_def(today / "conditional.pb.gz"), recorded("tf1.15.5", "conditional")
    assert not audit(graph, port).differences
    mutant = edited(graph, without("cond_1/strided_slice/stack_1", "cond_1/switch_f"))
    (difference,) = audit(mutant, port).differences
    assert difference.node == "cond_1/strided_slice/stack_1" and "only in the port" in difference.what


_COUNTED = "zero_fraction/cond/count_nonzero"


def taking(name, slot, reference):
    return lambda nodes: nodes[name].input.__setitem__(slot, reference)


@pytest.mark.parametrize(
    ("program", "edit"),
    [
        ("saver_and_summaries", taking("zero_fraction/cond/switch_t", 0, "zero_fraction/cond/Switch")),
        ("saver_and_summaries", taking("zero_fraction/cond/pred_id", 0, "zero_fraction/cond/switch_t")),
        ("saver_and_summaries", waiting(f"{_COUNTED}_1/NotEqual/Switch", f"{_COUNTED}/NotEqual")),
        ("transposed_convolution", taking("gradients/mul_grad/Sum", 0, "Maximum")),
    ],
    ids=[
        "zeros that are counted in the branch that does not run",
        "or in none",
        "or in one that waits for the other",
        "the gradient of a constant, made from another",
    ],
)
def test_what_rules_take_as_a_whole_is_held_to_what_they_say(today, program, edit):
    port, graph = read_graph_def(today / f"{program}.pb.gz"), recorded("tf1.15.5", program)
    assert not audit(graph, port).differences
    assert audit(graph, edited(port, edit)).differences


def test_what_pops_without_its_turn_pops_once_more_than_there_are_turns():
    with tf.Graph().as_default() as graph, control_flow_v1():
        x = v1.placeholder(tf.float32, [], name="x")
        power = tf.while_loop(lambda k, _: k < 3, lambda k, y: (k + 1, tf.sin(y)), (0, x))[1]
        tf.identity(tf.gradients(power, x)[0], name="slope")
    graph_def = graph.as_graph_def()
    pop = next(node for node in graph_def.node if node.op == "StackPopV2")

    def slope(graph_def):
        with tf.Graph().as_default(), v1.Session() as session:
            v1.import_graph_def(graph_def, name="")
            return session.run("slope:0", {"x:0": 0.5})

    assert 0 < slope(graph_def) < 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="is empty when calling Pop"):
        slope(edited(graph_def, lambda nodes: [nodes[pop.name].input.remove(one) for one in pop.input[1:]]))


def dropped(rate=0.25):
    with tf.Graph().as_default() as graph:
        v1.nn.dropout(v1.placeholder(tf.float32, [3], name="x"), rate=rate, seed=7, name="dropout")
    return graph.as_graph_def()


@pytest.mark.parametrize("name", ["dropout/Const", "dropout/GreaterEqual/y"])
def test_the_next_number_is_another_rate_and_another_scale_of_a_dropout(name):
    def edit(nodes):
        tensor = nodes[name].attr["value"].tensor
        value = tf.make_ndarray(tensor)
        tensor.CopyFrom(tf.make_tensor_proto(np.nextafter(value, value + 1)))

    assert audit(dropped(), edited(dropped(), edit)).verdict == "not faithful"
    assert audit(dropped(), dropped()).verdict == "faithful"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_form_of_a_dropout_says_the_same_of_what_it_keeps(dtype):
    """Of each thousandth: x / keep, x * (1 / keep), u >= 1 - keep, with the difference taken here or in the graph."""
    one = dtype(1)
    for kept in np.arange(1, 1000) / 1000:
        rate = 1 - kept
        said = {dropout._said(float(str(dtype(kept)))), dropout._complement(dtype(rate))}
        said |= {dropout._complement(one - dtype(kept)), dropout._inverse(one / dtype(kept))}
        assert said | {dropout._inverse(dtype(1 / (1 - rate)))} == {str(kept)}


@pytest.mark.parametrize("number", [np.inf, np.nan, 1e38, 1e-38, 0.0])
def test_what_no_program_keeps_is_said_as_well(number):
    number = np.float32(number)
    assert dropout._complement(number) and dropout._said(float(str(number)))
    assert not number or not np.isfinite(number) or dropout._inverse(number)


def reshaped(rows):
    with tf.Graph().as_default() as graph:
        tf.exp(tf.reshape(v1.placeholder(tf.float32, [None, 4, 3], name="x"), [rows, 12]))
    return graph.as_graph_def()


def test_a_number_stands_for_the_size_that_the_elements_leave_only_where_their_number_is_known():
    assert audit(reshaped(-1), reshaped(5)).verdict == "not faithful"
    assert audit(reshaped(5), reshaped(-1)).verdict == "not faithful"


def test_a_node_without_a_partner_says_what_it_waits_for():
    def graph(awaited):
        with tf.Graph().as_default() as graph:
            x, y = v1.placeholder(tf.float32, [3], name="x"), v1.placeholder(tf.float32, [3], name="y")
            with tf.control_dependencies([x] * awaited):
                tf.exp(y, name="alone")
        return graph.as_graph_def()

    nothing = v1.GraphDef(node=[node for node in graph(False).node if node.op == "Placeholder"])
    assert audit(graph(True), nothing).differences != audit(graph(False), nothing).differences


def test_a_gradient_that_is_computed_in_one_branch_only_is_noticed():
    """The sizes are equal, but there are none where the other branch is taken, and so no gradient."""

    def edit(nodes):
        nodes["gradients/sub_grad/BroadcastGradientArgs"].input[0] = "gradients/Shape_2"

    graph = recorded("tf1.0.1", "conditional")
    result = audit(graph, edited(graph, edit))
    assert any(one.what == "runs in any case, in a branch only in the port" for one in result.differences)
