"""Where TensorFlow placed nodes otherwise: what may differ, and what beside it may not."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out

raw = tf.raw_ops


def _beside(op, *names):
    places = [f"loc:@{name}".encode() for name in names]
    op._set_attr("_class", tf.AttrValue(list=tf.AttrValue.ListValue(s=places)))


def _power(place, shape):
    """A number that an optimizer keeps, beside one of two variables."""
    with tf.Graph().as_default() as graph:
        for name in ("first", "second"):
            variable = raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
            raw.Assign(ref=variable, value=tf.fill([3], float(len(name))), name=f"{name}/Assign")
        power = raw.VariableV2(shape=shape, dtype=tf.float32, name="power")
        _beside(power.op, place)
        raw.Exp(x=raw.Identity(input=power), name="used")
    return graph.as_graph_def()


def test_a_number_may_be_beside_another_variable_and_a_vector_may_not():
    assert audit(_power("first", []), _power("second", [])).verdict == "faithful"
    assert audit(_power("first", [3]), _power("second", [3])).verdict == "not faithful"


def _placed(device, own):
    """A product on a device, or beside one that is there."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        with tf.device(device):
            y = raw.Exp(x=x, name="y")
        z = raw.Tanh(x=y, name="z")
        _beside(z.op, "y")
        z.op._set_device(own)
    return graph.as_graph_def()


@pytest.mark.parametrize(
    ("own", "verdict"), [("", "faithful"), ("/device:CPU:0", "faithful"), ("/device:GPU:0", "not faithful")]
)
def test_a_device_may_be_repeated_and_not_changed(own, verdict):
    assert audit(_placed("/device:CPU:0", "/device:CPU:0"), _placed("/device:CPU:0", own)).verdict == verdict


def _of_a_variable(device):
    """A variable on a device, which is said to be beside itself, as tf.get_variable has it."""
    with tf.Graph().as_default() as graph:
        with tf.device(device):
            variable = raw.VariableV2(shape=[3], dtype=tf.float32, name="v")
        _beside(variable.op, "v")
        out(variable * 2.0)
    return graph.as_graph_def()


@pytest.mark.parametrize("device", ["", "/device:CPU:0", "/device:GPU:0", "/job:ps/task:1"])
def test_that_a_variable_is_beside_itself_does_not_say_where_it_is(device):
    old = _of_a_variable("/device:GPU:1")
    assert audit(old, _of_a_variable("/device:GPU:1")).verdict == "faithful"
    assert audit(old, _of_a_variable(device)).verdict == "not faithful"


def _numbered(names, exchanged=False, extra=False):
    """Numbers that are added in two branches, each made in its own; `exchanged`: in the other."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        branches = []
        for name in "pq":
            condition = tf.placeholder(tf.bool, [], name=name)
            branches.append((raw.Switch(data=x, pred=condition), raw.Switch(data=condition, pred=condition)))
        for place, (data, branch) in enumerate(branches):
            other = branches[1 - place if exchanged else place][1]
            with tf.control_dependencies([raw.Identity(input=other[1], name=f"{'pq'[place]}/switch_t")]):
                number = tf.constant(1.0, name=names[place])
                if extra:
                    tf.constant(4, name=f"of_no_use_{place}")
            raw.AddV2(x=data[1], y=number, name=f"sum_{place}")
            raw.Identity(input=branch[0], name=f"{'pq'[place]}/switch_f")
    return graph.as_graph_def()


def test_constants_of_branches_may_be_numbered_otherwise():
    old = _numbered(["Const_1", "Const_2"], extra=True)
    assert audit(old, _numbered(["Const_0", "Const_1"])).verdict == "faithful"
    assert audit(_numbered(["Const_1", "of_no_use_0"]), _numbered(["of_no_use_0", "Const_1"])).verdict == "faithful"


@pytest.mark.parametrize("names", [("Const_1", "Const_2"), ("Const_0", "Const_1")])
def test_a_constant_of_another_branch_is_a_mistake(names):
    old = _numbered(["Const_1", "Const_2"])
    assert audit(old, _numbered(names, exchanged=True)).verdict == "not faithful"


def _compared(place, mistake=False):
    """What is compared with a number is sent into a branch of a branch, beside what is compared."""
    with tf.Graph().as_default() as graph:
        x, outer, inner = (
            tf.placeholder(kind, [], name=name)
            for kind, name in zip((tf.float32, tf.bool, tf.bool), "xpq", strict=True)
        )
        tf.placeholder(tf.float32, [3], name="other")
        compared = raw.Less(x=x, y=4.0 if mistake else 2.0, name="compared")
        sent = raw.Switch(data=compared, pred=outer, name="sent")
        deeper = raw.Switch(data=sent[1], pred=inner, name="deeper")
        _beside(sent[1].op, "compared")
        _beside(deeper[1].op, place)
        raw.LogicalNot(x=deeper[1], name="used")
    return graph.as_graph_def()


def test_what_is_sent_into_a_branch_may_be_beside_what_is_left_out():
    assert audit(_compared("compared"), _compared("compared")).verdict == "faithful"
    assert audit(_compared("compared"), _compared("compared", True)).verdict == "not faithful"
    assert audit(_compared("compared"), _compared("other")).verdict == "not faithful"


def _on_gpu(beside="b", on="/device:GPU:0", group="a", constant="/device:GPU:0", name="number"):
    """Copies and a group beside others, all on one device by name, and an initial value on another."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        with tf.device("/device:GPU:0"):
            a = raw.Exp(x=x, name="a")
            b = raw.Tanh(x=a, name="b")
            copy = raw.Identity(input=b, name="copy")
            with tf.control_dependencies([b]):
                done = tf.no_op(name="group")
        copy.op._set_device(on)
        _beside(copy.op, beside)
        if group:
            _beside(done, group)
        with tf.control_dependencies([done]), tf.device("/device:GPU:0"):
            raw.Exp(x=copy, name="used")
        with tf.device("/device:CPU:0"):
            variable = raw.VariableV2(shape=[3], dtype=tf.float32, name="variable")
            with tf.device(constant):
                number = tf.constant([1.0, 2.0, 3.0], name=name)
            raw.Assign(ref=variable, value=number, name="variable/Assign")
            raw.Exp(x=raw.Identity(input=variable), name="of_variable")
    return graph.as_graph_def()


@pytest.mark.parametrize("other", [{"beside": "used"}, {"group": ""}, {"constant": "/device:CPU:0", "name": "zeros"}])
def test_beside_whom_on_the_same_device_and_where_a_constant_is_made_is_no_difference(other):
    assert audit(_on_gpu(), _on_gpu(**other)).verdict == "faithful"


@pytest.mark.parametrize("other", [{"on": "/device:GPU:1"}, {"beside": "used", "on": ""}])
def test_another_device_is_reported(other):
    assert audit(_on_gpu(), _on_gpu(**other)).verdict == "not faithful"


def _queue(device):
    with tf.Graph().as_default() as graph:
        with tf.device(device):
            queue = raw.FIFOQueueV2(component_types=[tf.float32])
        raw.QueueDequeueV2(handle=queue, component_types=[tf.float32])
    return graph.as_graph_def()


def test_a_queue_is_on_the_cpu_of_its_computer():
    job = "/job:worker/task:0"
    assert audit(_queue("/device:GPU:0"), _queue("/device:CPU:0")).verdict == "faithful"
    assert audit(_queue(f"{job}/device:GPU:0"), _queue("/device:CPU:0")).verdict == "not faithful"
    assert audit(_queue("/device:CPU:0"), _queue("/device:GPU:0")).verdict == "not faithful"
    assert audit(_queue(job), _queue(f"{job}/device:CPU:*")).verdict == "faithful"
    for other in ("", "/device:CPU:*", "/job:worker/task:1/device:CPU:*", f"{job}/device:GPU:0"):
        assert audit(_queue(job), _queue(other)).verdict == "not faithful", other


def _regularized(beside, device=None, of_reference=False, on=None):
    """A regularizer, with what it is made of placed beside the variable that it is for, or anything else.

    `device`: that of the variable; `on`: that of all the rest, and of the variable if it has no other.
    """
    with tf.Graph().as_default() as graph, tf.device(on):
        with tf.device(device or on):
            weights = raw.VariableV2(shape=[3, 3], dtype=tf.float32, name="weights")
            raw.VariableV2(shape=[], dtype=tf.float32, name="other")
        read = raw.Identity(input=weights, name="read")
        _beside(read.op, "weights")
        read = weights if of_reference else read
        squares = raw.MatMul(a=read, b=read, name="squares")
        turned = raw.Transpose(x=squares, perm=[1, 0], name="turned")
        total = raw.L2Loss(t=turned, name="total")
        for one in (squares, turned, total) if beside else ():
            _beside(one.op, beside)
    return graph.as_graph_def()


def test_a_regularizer_was_beside_its_variable():
    assert audit(_regularized("weights"), _regularized(None)).verdict == "faithful"
    assert audit(_regularized(None), _regularized("weights")).verdict == "not faithful"
    assert audit(_regularized("other"), _regularized(None)).verdict == "not faithful"
    two = (_regularized(one, of_reference=True) for one in ("weights", None))  # read when it is multiplied
    assert audit(*two).verdict == "not faithful"
    device = "/device:GPU:0"
    assert audit(_regularized("weights", device), _regularized(None, device)).verdict == "not faithful"
    assert audit(_regularized("weights", on=device), _regularized(None, on=device)).verdict == "faithful"
    assert (
        audit(_regularized("weights", on=device), _regularized(None, "/device:GPU:1", on=device)).verdict != "faithful"
    )


def _of_chosen_rows(beside, other=False):
    """A regularizer of the rows that labels name, each once: whatever that takes was beside the variable, too."""
    with tf.Graph().as_default() as graph:
        weights = raw.VariableV2(shape=[3, 3], dtype=tf.float32, name="weights")
        raw.VariableV2(shape=[], dtype=tf.float32, name="other")
        read = raw.Identity(input=weights, name="read")
        _beside(read.op, "weights")
        chosen, _ = raw.Unique(x=raw.Placeholder(dtype=tf.int64, shape=[None]))
        rows = raw.GatherV2(params=read, indices=chosen, axis=0)
        total = raw.L2Loss(t=rows)
        for one in (chosen, *(() if other else (rows, total))) if beside else ():
            _beside(one.op, beside)
    return graph.as_graph_def()


def test_what_a_regularizer_takes_was_beside_its_variable():
    assert audit(_of_chosen_rows("weights"), _of_chosen_rows(None)).verdict == "faithful"
    assert audit(_of_chosen_rows(None), _of_chosen_rows("weights")).verdict == "not faithful"
    assert audit(_of_chosen_rows("other"), _of_chosen_rows(None)).verdict == "not faithful"
    assert audit(_of_chosen_rows("weights", other=True), _of_chosen_rows(None)).verdict == "not faithful"


def _begun(gets, device="", other=None):
    """A variable that begins with random numbers, beside it in the newer form; `other`: what takes them, too."""
    with tf.Graph().as_default() as graph:
        if gets:
            tf.get_variable("v", [3], initializer=tf.random_normal_initializer(stddev=0.1, seed=1), use_resource=False)
        else:
            tf.Variable(tf.random_normal([3], stddev=0.1, seed=1), name="v", use_resource=False)
        if other:
            (begin,) = (one for one in graph.get_operations() if one.type == "Assign")
            raw.Exp(x=begin.inputs[1], name=other)
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        node.device = device if node.op == "VariableV2" else ""
    return graph_def


def test_what_a_variable_begins_with_may_be_beside_it():
    assert audit(_begun(False), _begun(True)).verdict == "faithful"
    assert audit(_begun(True), _begun(False)).verdict == "not faithful"
    for options in ({"device": "/device:GPU:0"}, {"other": "used"}):
        assert audit(_begun(False, **options), _begun(True, **options)).verdict == "not faithful", options


def _sized(names, places=("v", "w")):
    """Two tensors that are reshaped to equal sizes, constants of other names, each beside a variable."""
    with tf.Graph().as_default() as graph:
        for variable, name, place in zip("vw", names, places, strict=True):
            raw.VariableV2(shape=[3, 2], dtype=tf.float32, name=variable)
            sizes = tf.constant([6, 1], tf.int64, name=name)
            _beside(sizes.op, place)
            x = floats(2, 3, name=f"of_{variable}")
            out(raw.Reshape(tensor=x, shape=raw.Cast(x=sizes, DstT=tf.int32, name=f"{name}/Cast")))
    return graph.as_graph_def()


def test_sizes_that_have_one_name_by_chance_are_placed_apart():
    assert audit(_sized(["one", "two"]), _sized(["two", "one"])).verdict == "faithful"
    assert audit(_sized(["one", "two"]), _sized(["one", "two"], "wv")).verdict == "not faithful"


def turned():
    """A branch that is never taken, whose gradient a Merge of others may ask for."""
    with control_flow_v1():
        x = floats(8, 8, 3)
        out(tf.gradients(tf.reduce_sum(tf.square(tf.image.rot90(x))), x)[0])


def beside_a_size():
    """What is computed of sizes that may differ is placed beside one of them."""
    shape = raw.Shape(input=raw.Mul(x=floats(None, 4), y=floats(None, 4, name="y")))
    with tf.get_default_graph().colocate_with(shape.op):
        largest = raw.Maximum(x=shape, y=raw.Reshape(tensor=raw.Cast(x=floats(name="z"), DstT=tf.int32), shape=[1]))
    out(raw.Fill(dims=largest, value=1.0))


@pytest.mark.parametrize("form", [turned, beside_a_size], ids=lambda form: form.__name__)
def test_a_graph_does_what_it_does(form):
    with tf.Graph().as_default() as graph:
        form()
    assert audit(graph.as_graph_def(), graph.as_graph_def()).verdict == "faithful"


def synchronized(*places):
    """What starts a turn of a gradient's loop does nothing, beside whomever."""
    with tf.Graph().as_default() as graph:
        for name in ("first", "second"):
            raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
        starts = raw.ControlTrigger(name="b_sync")
        if places:
            _beside(starts, *places)
        with tf.control_dependencies([starts]):
            out(raw.Exp(x=floats(3)))
    return graph.as_graph_def()


def test_what_starts_a_turn_may_be_beside_anyone_and_ties_no_two_others_together():
    assert audit(synchronized("first"), synchronized()).verdict == "faithful"
    assert audit(synchronized("first", "second"), synchronized()).verdict == "not faithful"


def _copied_for_nothing(place):
    """A copy in a branch that never runs, beside what it copies, or beside what that is beside, or elsewhere."""
    with tf.Graph().as_default() as graph:
        x = floats(3)
        y, _ = raw.Exp(x=x, name="y"), raw.Sin(x=x, name="z")
        never, always = raw.Switch(data=y, pred=tf.constant(True), name="sent")
        _beside(never.op, "y")
        copy = raw.Identity(input=never, name="copy")
        _beside(copy.op, place)
        out(raw.Merge(inputs=[raw.Tanh(x=copy), raw.Neg(x=always)])[0])
    return graph.as_graph_def()


def test_a_copy_that_nobody_takes_may_be_beside_what_it_copies_or_where_that_is():
    assert audit(_copied_for_nothing("sent"), _copied_for_nothing("y")).verdict == "faithful"
    assert audit(_copied_for_nothing("sent"), _copied_for_nothing("z")).verdict == "not faithful"


def _with_a_number(places, device=""):
    """A number that is written down, beside some variables."""
    with tf.Graph().as_default() as graph:
        for name in ("first", "second"):
            raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
        with tf.device(device):
            number = tf.constant([0], name="number")
        _beside(number.op, *places)
        out(raw.Sum(input=floats(3, 2), axis=number))
    return graph.as_graph_def()


def test_a_number_that_is_written_down_is_the_same_beside_a_variable():
    assert audit(_with_a_number([]), _with_a_number(["first"])).verdict == "faithful"
    assert audit(_with_a_number(["second"]), _with_a_number(["first"])).verdict == "not faithful"
    assert audit(_with_a_number([]), _with_a_number(["first", "second"])).verdict == "not faithful"
    assert audit(_with_a_number([]), _with_a_number([], "/device:GPU:0")).verdict == "not faithful"


def _averaged(where, beside=True, another=False, used=False):
    """An average that is moved by what a layer on another device computes, there or beside the average."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        with tf.device("/device:CPU:0"):
            average, other = (
                raw.VariableV2(shape=[3], dtype=tf.float32, name=name) for name in ("average", "another_average")
            )
            for variable in (average, other):
                raw.Assign(ref=variable, value=tf.constant([1.0, 2.0, 3.0]))
            read = raw.Identity(input=average, name="average/read")
        with tf.device("/device:CPU:1"):
            mean = raw.Exp(x=x, name="mean")
            rate = tf.constant(0.1, name="rate")
        with tf.device(where):
            apart = raw.Sub(x=read, y=mean, name="apart")
            moved = raw.Mul(x=apart, y=rate, name="moved")
        if beside:
            for one in (apart, moved):
                _beside(one.op, "another_average" if another else "average")
        raw.AssignSub(ref=average, value=moved, name="move")
        if used:
            raw.Exp(x=moved, name="used")
    return graph.as_graph_def()


def _run(graph_def):
    """What the average is after two moves, where there are two CPUs."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph, config=tf.ConfigProto(device_count={"CPU": 2})) as session:
            session.run([op for op in graph.get_operations() if op.type == "Assign"])
            for seed in range(2):
                session.run("move", {"x:0": np.random.default_rng(seed).normal(size=3)})
            return session.run("average:0")


@pytest.mark.parametrize("turned", [1, -1])
def test_what_moves_an_average_may_be_computed_beside_it(turned):
    forms = (_averaged("/device:CPU:1", beside=False), _averaged("/device:CPU:0"))[::turned]
    assert np.array_equal(*map(_run, forms))
    assert not np.array_equal(_run(forms[0]), [1.0, 2.0, 3.0])
    result = audit(*forms)
    assert (result.verdict, result.rules["beside the average"]) == ("faithful", 2)


@pytest.mark.parametrize("other", [{"beside": False}, {"another": True}, {"used": True}], ids=str)
def test_what_moves_an_average_may_be_nowhere_else_and_nothing_else_may_take_it(other):
    original = _averaged("/device:CPU:1", beside=False, used=other.get("used", False))
    assert audit(original, _averaged("/device:CPU:0", **other)).verdict == "not faithful"


def _scaled(devices, beside=None, mistake=False):
    """Towers that scale by a number that each computes of constants, where it is."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        for tower, device in enumerate(devices):
            with tf.device(device):
                rate = raw.Sub(
                    x=tf.constant(1.0), y=tf.constant(0.9 if mistake and tower else 0.99), name=f"rate_{tower}"
                )
            if beside:
                _beside(rate.op, beside)
            with tf.device(f"/device:CPU:{tower}"):
                raw.Mul(x=raw.Exp(x=x), y=rate, name=f"y_{tower}")
    return graph.as_graph_def()


CPUS = ["/device:CPU:0", "/device:CPU:1"]


def test_a_number_that_constants_make_is_the_same_anywhere():
    assert audit(_scaled(CPUS), _scaled(CPUS[:1] * 2, beside="x")).verdict == "faithful"
    assert audit(_scaled(CPUS), _scaled(CPUS[:1] * 2, mistake=True)).verdict == "not faithful"
    assert audit(_scaled(CPUS), _scaled(CPUS[::-1])).verdict == "faithful"


def _sent(beside, turned=False):
    """What is read of a variable on one device is sent into a branch of another, reshaped there or as it is."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        with tf.device(CPUS[0]):
            variable = raw.VariableV2(shape=[3], dtype=tf.float32, name="variable")
            raw.Assign(ref=variable, value=tf.constant([1.0, 2.0, 3.0]))
            read = raw.Identity(input=variable, name="read")
            _beside(read.op, "variable")
        with tf.device(CPUS[1]):
            asked = tf.placeholder(tf.bool, [], name="asked")
            taken = raw.Reshape(tensor=read, shape=[3], name="reshaped") if beside == "reshaped" else read
            sent = raw.Switch(data=taken, pred=asked, name="sent")
            done = raw.Exp(x=sent.output_true), (raw.Tanh if turned else raw.Exp)(x=sent.output_false)
            raw.Merge(inputs=done[::-1], name="y")
        sent.output_true.op._set_device("" if beside else CPUS[1])
        if beside:
            _beside(sent.output_true.op, beside)
    return graph.as_graph_def()


def test_what_is_sent_into_a_branch_may_be_where_either_graph_has_what_it_copies():
    assert audit(_sent("reshaped"), _sent("variable")).verdict == "faithful"
    assert audit(_sent("reshaped"), _sent("asked")).verdict == "faithful"
    assert audit(_sent("reshaped"), _sent("y")).verdict == "not faithful"
    assert audit(_sent("reshaped"), _sent("variable", turned=True)).verdict == "not faithful"


def _chained(device, places=True, mistake=False):
    """Elements of one TensorArray are written into another, each placed where it is made, or by what writes into it."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3, 2], name="x")
        with tf.device(device):
            size, forth, back = tf.constant(3), tf.constant([0, 1, 2]), tf.constant([2, 1, 0])
        for turn in range(2):
            with tf.device(device if places else None):
                array = raw.TensorArrayV3(size=size, dtype=tf.float32, name=f"array_{turn}")
            with tf.device(device if places or not turn else None):
                into = raw.TensorArrayScatterV3(handle=array.handle, indices=forth, value=x, flow_in=array.flow)
            if turn and not places:
                _beside(into.op, "array_0")
            with tf.device("/device:CPU:1" if mistake and turn else None if not places else device):
                x = raw.TensorArrayGatherV3(handle=array.handle, indices=back, flow_in=into, dtype=tf.float32)
            if not (places or mistake):
                _beside(x.op, f"array_{turn}")
        with tf.device(device):
            raw.Exp(x=x, name="y")
    return graph.as_graph_def()


def test_an_array_is_where_that_is_which_writes_into_it_beside_another():
    assert audit(_chained("/device:GPU:0"), _chained("/device:GPU:0", places=False)).verdict == "faithful"
    for other in ({"places": False, "mistake": True}, {"mistake": True}):
        assert audit(_chained("/device:GPU:0"), _chained("/device:GPU:0", **other)).verdict == "not faithful"
    assert audit(_chained("/device:GPU:0"), _chained("/device:GPU:1", places=False)).verdict == "not faithful"


def _squared(beside):
    """A variable is moved by a number that is squared forty times, elsewhere or beside it."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        with tf.device("/device:CPU:0"):
            average = raw.VariableV2(shape=[3], dtype=tf.float32, name="average")
            raw.Assign(ref=average, value=tf.constant([1.0, 2.0, 3.0]))
        for _ in range(40):
            with tf.device(f"/device:CPU:{int(not beside)}"):
                x = raw.Mul(x=x, y=x)
            if beside:
                _beside(x.op, "average")
        raw.AssignSub(ref=average, value=x, name="move")
    return graph.as_graph_def()


def test_what_is_made_of_a_number_again_and_again_is_followed_once():
    assert audit(_squared(False), _squared(True)).verdict == "faithful"


def _restored(devices, restored_on):
    """Variables that are restored by one op each, placed as these or by name."""
    with tf.Graph().as_default() as graph:
        for name, device, at in zip("vw", devices, restored_on, strict=True):
            with tf.device(device):
                variable = raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
            with tf.device(at):
                value = raw.RestoreV2(prefix="model", tensor_names=[name], shape_and_slices=[""], dtypes=[tf.float32])
            with tf.device(device):
                raw.Assign(ref=variable, value=value[0])
    return graph.as_graph_def()


def test_a_tensor_was_restored_where_its_variable_is():
    tasks, worker = ["/job:ps/task:0", "/job:ps/task:1"], ["/job:worker"] * 2
    assert audit(_restored(tasks, tasks), _restored(tasks, worker)).verdict == "faithful"
    assert audit(_restored(tasks, worker), _restored(tasks, tasks)).verdict == "not faithful"
    assert audit(_restored(tasks, tasks[::-1]), _restored(tasks, worker)).verdict == "not faithful"


def _read_in_a_branch(device):
    """A variable that is kept by its handle, and read in a branch, there or as a program says."""
    with tf.Graph().as_default() as graph, control_flow_v1():
        with tf.device("/device:GPU:0"):
            handle = raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name="v", name="v")
            asked = tf.placeholder(tf.bool, [], name="asked")
            sent = raw.Switch(data=handle, pred=asked, name="sent")
        with tf.device(device):
            read = raw.ReadVariableOp(resource=sent.output_true, dtype=tf.float32, name="read")
        raw.Exp(x=read, name="y")
    return graph.as_graph_def()


def test_what_reads_a_variable_in_a_branch_is_where_that_is():
    assert audit(_read_in_a_branch("/device:GPU:0"), _read_in_a_branch(None)).verdict == "faithful"
    assert audit(_read_in_a_branch("/device:GPU:0"), _read_in_a_branch("/device:GPU:1")).verdict == "not faithful"


def _taken_beside(places):
    """What is taken from 1 for each of some variables, beside these."""
    with tf.Graph().as_default() as graph:
        rate = tf.placeholder(tf.float32, [], name="rate")
        for name in "uvw":
            with tf.device(f"/job:ps/task:{'uvw'.index(name)}"):
                variable = raw.VariableV2(shape=[3], dtype=tf.float32, name=name)
                raw.Assign(ref=variable, value=tf.constant([1.0, 2.0, 3.0]))
        for place in places:
            with tf.device(f"/job:ps/task:{'uvw'.index(place)}"):
                less = raw.Sub(x=tf.constant(1.0), y=rate, name=f"less_{place}")
            _beside(less.op, place)
            raw.Exp(x=less, name=f"y_{place}")
    return graph.as_graph_def()


def test_what_computes_the_same_beside_several_variables_may_be_made_for_one_of_them():
    assert audit(_taken_beside("uv"), _taken_beside("v")).verdict == "faithful"
    for other in ("w", "vw"):
        assert audit(_taken_beside("uv"), _taken_beside(other)).verdict == "not faithful"


def _mapped(device, on="/device:CPU:0", divisor=255.0):
    """A dataset whose function has nodes that are placed on a device."""
    with tf.Graph().as_default() as graph, tf.device(on):
        data = tf.data.Dataset.from_tensor_slices(tf.constant([1.0, 2.0, 3.0])).map(lambda x: x / divisor)
        iterator = tf.data.make_initializable_iterator(data)
        tf.group(iterator.initializer, name="begin")
        raw.Exp(x=iterator.get_next(), name="y")
    graph_def = graph.as_graph_def()
    for function in graph_def.library.function:
        for node in function.node_def:
            node.device = device
    return graph_def


@pytest.mark.parametrize("turned", [1, -1])
def test_the_function_of_a_dataset_may_say_where_the_dataset_is(turned):
    forms = (_mapped("/device:CPU:0"), _mapped(""))[::turned]
    result = audit(*forms)
    assert (result.verdict, list(result.rules)) == ("faithful", ["places in functions"])
    values = []
    for form in forms:
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.import_graph_def(form, name="")
            session.run("begin")
            values.append([session.run("y:0").tobytes() for _ in range(3)])
    assert values[0] == values[1] and len(set(values[0])) == 3


def test_the_function_of_a_dataset_may_be_nowhere_else_and_do_nothing_else():
    for other in (_mapped("/device:GPU:0"), _mapped("", divisor=256.0), _mapped("", on="/device:GPU:0")):
        assert audit(_mapped("/device:CPU:0"), other).verdict == "not faithful"
