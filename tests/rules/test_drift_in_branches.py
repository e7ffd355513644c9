"""What stands in a branch: what both forms keep, count and wait for there gives the same bits, and no mistake hides."""

import re

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from compat_v1.audit.branched import build_switches
from compat_v1.audit.graph import Graph
from compat_v1.audit.normal import Normal
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops


def _branched(build, rows=None):
    """Return the GraphDef of the gradient of what build(x) gives in a branch that is taken for every other x."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(rows, 3)
        is_taken = raw.Less(x=raw.Sum(input=x, axis=[0, 1]), y=0.0)
        loss = tf.cond(is_taken, lambda: build(x), lambda: tf.reduce_sum(tf.exp(x)))
        out(tf.gradients(loss, x, gate_gradients=True)[0])
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        node.attr.pop("_class", None)  # beside a barrier, where there is one
    return graph_def


def _mapped(counted=False, elsewhere=False):
    """A loop over rows, whose results are stacked by as many as the array has, or as there are rows."""

    def build(x):
        rows = tf.shape(x)[0]
        given = tf.TensorArray(tf.float32, rows).unstack(x)
        begin = [tf.constant(0), tf.TensorArray(tf.float32, rows + 1 if elsewhere else rows)]

        def turn(step, result):
            return step + 1, result.write(step, tf.tanh(given.read(step)) * 2.0)

        _, result = tf.while_loop(lambda step, _: step < rows, turn, begin)
        size = raw.TensorArraySizeV3(handle=result.handle, flow_in=result.flow) if counted else rows
        return tf.reduce_sum(tf.square(result.gather(tf.range(0, size))))

    return _branched(build)


def without_barriers(graph_def):
    """Return a graph in which the gradient of a write waits no more for what it wrote, and nothing is kept for that."""
    old = tf.GraphDef()
    sources = {node.name: node.input[0] for node in graph_def.node if node.name.endswith("/write_barrier")}
    gone = re.compile(
        r"/write_barrier$|/flow_out($|/(f_acc|Switch|Enter|StackPushV2|Switch_1|Switch_1/Enter|StackPopV2|StackPopV2/Enter)$)"
    )
    for node in graph_def.node:
        if gone.search(node.name):
            continue
        node = old.node.add(name=node.name, op=node.op, input=node.input, attr=node.attr)
        inputs = [re.sub(r"^(\^?)(.*)$", lambda one: one[1] + sources.get(one[2], one[2]), one) for one in node.input]
        node.input[:] = [one for one in inputs if not (one[0] == "^" and gone.search(one))]
    old.versions.CopyFrom(graph_def.versions)
    return old


def _replaced(graph_def, name, place, instead):
    """Return a graph whose node of this ending takes another input instead."""
    port = tf.GraphDef.FromString(graph_def.SerializeToString())
    (node,) = (node for node in port.node if node.name.endswith(name))
    node.input[place] = instead(node.input[place])
    return port


def test_a_gradient_of_what_a_loop_in_a_branch_wrote_need_not_wait_for_it():
    new = _mapped()
    old = without_barriers(new)
    assert len(old.node) < len(new.node)
    assert "write barrier" in proved(old, new).rules


@pytest.mark.parametrize("name", ["flow_out/StackPopV2", "flow_out/Enter", "flow_out/Switch_1/Enter"])
def test_what_a_barrier_waits_for_comes_in_the_branch_that_it_is_in(name):
    new = _mapped()
    port = _replaced(new, name, 0, lambda one: one.removesuffix(":1"))  # there, nothing comes of the other branch
    assert audit(without_barriers(new), port).verdict == "not faithful"


def test_a_loop_in_a_branch_gives_as_many_results_as_its_array_has():
    old = _mapped(counted=True)
    proved(old, _mapped())
    assert audit(old, _mapped(elsewhere=True)).verdict == "not faithful"
    assert audit(_mapped(counted=True, elsewhere=True), _mapped()).verdict == "not faithful"


def _sliced(name, shares=True, end=-1, waits=True):
    """A slice in a branch before a condition of its own, with its gradient, which shares the bounds or has its own."""

    def build(x):
        with tf.name_scope(name):
            rows = raw.StridedSlice(input=x, begin=[0, 0], end=[0, end], strides=[1, 1], begin_mask=1, end_mask=1)
        is_small = raw.Less(x=raw.Sum(input=rows, axis=[0, 1]), y=-3.0)
        return tf.reduce_sum(tf.square(tf.cond(is_small, lambda: tf.tanh(rows), lambda: tf.sin(rows))))

    graph_def = _branched(build, rows=4)
    (forward,) = (node for node in graph_def.node if node.op == "StridedSlice")
    (backward,) = (node for node in graph_def.node if node.op == "StridedSliceGrad")
    if shares:
        backward.input[1:4] = forward.input[1:4]
    if not waits:
        for node in graph_def.node:
            if node.name == forward.input[2]:
                del node.input[:]
    return graph_def


@pytest.mark.parametrize("name", ["a", "b"])
def test_bounds_of_a_slice_in_a_branch_are_shared_with_its_gradient_or_made_anew(name):
    old = _sliced("a")
    proved(old, _sliced(name, shares=False))
    for mistake in ({"end": -2}, {"waits": False}):
        assert audit(old, _sliced(name, shares=False, **mistake)).verdict == "not faithful", mistake


def _averaged(new, mistake=""):
    """What is divided in a branch by a count, which is of sizes of other nodes of the branch in either form."""
    rows = mistake == "rows"

    def build(x):
        variable = raw.VarHandleOp(dtype=tf.float32, shape=[], shared_name="v", name="v")
        with tf.control_dependencies([raw.AssignVariableOp(resource=variable, value=0.0)]):
            update = raw.AssignAddVariableOp(resource=variable, value=1.0)
        total = raw.Sum(input=x, axis=[0])
        checked = raw.CheckNumerics(tensor=x, message="")
        with tf.control_dependencies([update] if mistake == "update" else []):
            if new:
                taken = raw.GatherV2(params=raw.Shape(input=x), indices=[1 if rows else 0], axis=0)
                count = raw.Prod(input=taken, axis=[0])
            else:
                parts = [raw.Prod(input=raw.Shape(input=one), axis=[0]) for one in (x, total)]
                count = raw.FloorDiv(x=parts[0], y=raw.Maximum(x=parts[1], y=1))
                raw.Less(x=raw.Mul(x=4, y=raw.Shape(input=x)[0]), y=1000)  # whether as many zeros are a constant
            with tf.control_dependencies([checked] if mistake == "check" else []):
                count = raw.Cast(x=count, DstT=tf.float32)
        return tf.reduce_sum(tf.square(raw.RealDiv(x=total, y=count)))

    return _branched(build)


def test_a_count_in_a_branch_is_known_wherever_the_branch_is():
    old = _averaged(False)
    proved(old, _averaged(True))
    for mistake in ("rows", "update", "check"):
        assert audit(old, _averaged(True, mistake)).verdict == "not faithful", mistake


def _by_reference(graph_def):
    """Return a graph whose stacks are references, as they were."""
    old = tf.GraphDef.FromString(graph_def.SerializeToString())
    text = tf.AttrValue(type=tf.string.as_datatype_enum)
    kept = {node.name for node in old.node if node.op == "StackV2"}
    for node in [*old.node] * 3:  # a stack is handed on twice, and not in the order of the nodes
        if node.op in ("Switch", "Enter") and node.input[0].partition(":")[0] in kept:
            kept.add(node.name)
            node.op = f"Ref{node.op}"
            node.attr["T"].CopyFrom(text)
        elif node.op.startswith("Stack") and node.op.endswith("V2"):
            node.op = node.op.removesuffix("V2")
            del node.input[: 1 if node.op == "Stack" else 0]
            node.attr.pop("max_size", None)
    return old


def test_stacks_of_a_loop_in_a_branch_are_references_or_resources():
    new = _mapped()
    assert "stacks" in proved(_by_reference(new), new).rules
    port = _replaced(new, "TensorArrayReadV3/StackPopV2", 0, lambda one: one.removesuffix(":1"))
    assert audit(_by_reference(new), port).verdict == "not faithful"


def test_a_size_is_popped_in_the_branch_that_it_was_pushed_in():
    def turn(step, rows):
        by = raw.Less(x=raw.Sum(input=rows, axis=[0, 1]), y=0.0)
        rolled = tf.cond(step < 2, lambda: raw.Roll(input=rows, shift=raw.Size(input=rows) // 5, axis=0), lambda: rows)
        return step + 1, tf.cond(by, lambda: tf.tanh(rolled), lambda: rolled)

    with tf.Graph().as_default() as graph, build_switches():
        x = floats(3, 4)
        _, rows = tf.while_loop(lambda step, _: step < 4, turn, [tf.constant(0), x])
        out(tf.gradients(rows, x)[0])
    old = graph.as_graph_def()
    size = re.compile("cond/Roll_grad/Neg/StackPopV2$")
    assert [name for name in Normal(Graph(old)).consumed if size.search(name)]  # its value is known
    other = "gradients/while/cond_1/Merge_grad/StackPopV2"
    port = _replaced(old, "cond/Roll_grad/Neg/Switch", 1, lambda popped: other)
    assert audit(old, port).verdict == "not faithful"


def _merged(new, mistake=False):
    """Two conditions, in either order of their branches, and by other names."""
    with tf.Graph().as_default() as graph:
        x = floats(3)
        no, yes = raw.Switch(data=x, pred=raw.Less(x=raw.Sum(input=x, axis=[0]), y=0.0))
        branches = [[raw.Exp(x=yes), raw.Sin(x=no)], [raw.Tanh(x=yes), raw.Cos(x=no)]]
        if mistake:
            branches = [[branches[k][0], branches[1 - k][1]] for k in range(2)]
        for name, inputs in zip("cd" if new else "ab", branches[::-1] if new else branches, strict=True):
            merged = raw.Merge(inputs=inputs[::-1] if new else inputs, name=name).output
            raw.Identity(input=merged, name=f"{name}/copy")
        out(raw.AddV2(x=raw.Exp(x=x), y=1.0))
    return graph.as_graph_def()


def test_branches_are_merged_in_either_order_whatever_their_names():
    assert "merged the other way" in proved(_merged(False), _merged(True)).rules
    assert audit(_merged(False), _merged(True, mistake=True)).verdict == "not faithful"


def test_what_always_holds_is_left_out_of_a_branch_in_which_more_is_asserted_and_chosen():
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(3)

        def guarded():
            with tf.control_dependencies([tf.Assert(x[0] > -9, ["below"])]):
                y = tf.sin(x)
            with tf.control_dependencies([tf.Assert(tf.constant(True), [1.5], name="always")]):
                return tf.cond(y[0] > 0, lambda: tf.exp(y), lambda: tf.cos(y))

        out(tf.cond(x[1] > 0, guarded, lambda: x))
    consumed = Normal(Graph(graph.as_graph_def())).consumed
    assert consumed.get("cond/always/AssertGuard/Merge") == "condition that always holds"


def _printing(what):
    with tf.Graph().as_default() as graph:
        x, other = (floats(3, name=name) for name in ("x", "other"))
        holds = raw.Greater(x=raw.Rank(input=x), y=0)
        with tf.control_dependencies([raw.Assert(condition=holds, data=["of", {"x": x, "other": other}[what]])]):
            out(raw.Exp(x=x))
        raw.Exp(x=other, name="besides")
    return graph.as_graph_def()


def test_what_always_holds_has_to_be_fed_what_it_would_print():
    assert audit(_printing("x"), _printing("x")).verdict == "faithful"
    assert audit(_printing("x"), _printing("other")).verdict == "not faithful"


def _unrolled(elsewhere=False):
    """Return the gradient of a loop over known rows of what an update gives: nothing that counts them waits for it."""
    with tf.Graph().as_default() as graph, build_switches():
        rows = tf.Variable(tf.ones([4, 3]), name="rows")
        updated = rows.assign(floats(4, 3))
        with tf.control_dependencies([updated] if elsewhere else []):
            size = tf.constant(4) + 0
        given = tf.TensorArray(tf.float32, size if elsewhere else 4, element_shape=[3]).unstack(updated)

        def turn(step, total):
            return step + 1, total + tf.square(given.read(step))

        _, total = tf.while_loop(lambda step, _: step < 4, turn, [tf.constant(0), tf.zeros([3])])
        out(tf.gradients(total, updated)[0])
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        node.attr.pop("_class", None)
    return graph_def


def test_a_gradient_need_not_wait_for_the_update_behind_what_was_written():
    new = _unrolled()
    old = without_barriers(new)
    assert len(old.node) < len(new.node)
    assert "write barrier" in proved(old, new).rules


def test_what_is_written_waits_for_an_update():
    assert audit(without_barriers(_unrolled()), _unrolled(elsewhere=True)).verdict == "not faithful"


def _counted_in_no_case(of="y"):
    """How many different numbers there are in a branch that never runs, and which branch it was that ran."""
    with tf.Graph().as_default() as graph:
        _asks_which(of)
    return graph.as_graph_def()


def _asks_which(of):
    never, always = raw.Switch(data=floats(5), pred=tf.constant(True))
    found = raw.Unique(x=never)
    none = raw.Equal(x=raw.Size(input=getattr(found, of)), y=0)
    ended = raw.Merge(inputs=[none, raw.Less(x=raw.Max(input=always, axis=[0]), y=0.0)])
    out(raw.Cast(x=ended.value_index, DstT=tf.float32))


def test_what_is_counted_in_a_branch_that_never_runs_is_compared_where_it_is_asked_which_ran():
    one, other = map(_counted_in_no_case, ("y", "idx"))
    assert audit(one, one).verdict == "faithful"
    assert audit(one, other).verdict == "not faithful"


def _taken_in_some_turns(hidden, wide=False):
    """A loop of which some turns take what the last gave, of a shape that TensorFlow knew or, hidden, did not."""
    with tf.Graph().as_default() as graph, build_switches():
        x = floats(5, 3) if wide else raw.Sum(input=floats(5, 3), axis=[0, 1])

        def turn(step, last):
            last = (
                raw.PlaceholderWithDefault(input=last, shape=None, name="last") if hidden else tf.identity(last, "last")
            )
            given = tf.cond(raw.Equal(x=step % 2, y=0), lambda: tf.tanh(last) * x, lambda: tf.cos(x))
            return step + 1, tf.ensure_shape(given, x.shape) + tf.sin(last)

        shapes = [tf.TensorShape([]), tf.TensorShape(None) if hidden else x.shape]
        _, last = tf.while_loop(lambda step, _: step < 4, turn, [tf.constant(0), x], shapes)
        out(tf.gradients(tf.reduce_sum(last), x)[0])
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if node.op == "PlaceholderWithDefault":  # the importer knows what the builder did not
            node.op = "Identity"
            node.attr["T"].CopyFrom(node.attr.pop("dtype"))
            node.attr.pop("shape")
    return graph_def


@pytest.mark.parametrize("wide", [False, True])
def test_zeros_for_the_branch_that_did_not_run_are_sent_there(wide):
    old, new = (_taken_in_some_turns(one, wide) for one in (True, False))
    proved(old, new)
    (zeros,) = (node.input[1] for node in old.node if node.op == "Fill" and node.name.startswith("gradients/zeros"))
    next(node for node in old.node if node.name == zeros).attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0))
    assert audit(old, new).verdict == "not faithful"
