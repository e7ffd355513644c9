"""Two graphs beside each other: equal, parted at the planted place, or not to be told. Small graphs of our own."""

import json
import zipfile

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import corpus_graphs
from compat_v1.audit.comparison import audit
from compat_v1.beside import CannotRunError, beside, bits, causes, engine, pairs, running, where
from compat_v1.beside.deviation import deviation
from compat_v1.beside.feeds import Feeds
from compat_v1.beside.lockstep import Mode, Parted, parting
from compat_v1.beside.pairs import pair
from compat_v1.beside.plan import make_plan
from compat_v1.beside.program import Program
from compat_v1.beside.races import races
from compat_v1.beside.report import report
from compat_v1.cli import main
from compat_v1.control_flow import control_flow_v1
from compat_v1.proof import original_graph
from compat_v1.proof.original_graph import original_network
from compat_v1.training import EXECUTIONS
from trained_runs import assert_every_bit_equal, trained

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def graph(build, seed=1):
    """Return the GraphDef that `build` makes, with loops and ref variables as TensorFlow 1 made them."""
    with tf.Graph().as_default() as made, control_flow_v1():
        if seed:
            tf.set_random_seed(seed)
        build()
    return made.as_graph_def()


def weights(shape=(3, 2), name="W"):
    return tf.Variable(tf.random_normal(shape, seed=5), name=name, use_resource=False)


def regression(rate=0.1, layer=lambda x, w: tf.matmul(x, w), optimizer=tf.train.AdamOptimizer, width=2):
    """Build a model of one layer and its training."""

    def build():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.placeholder(tf.float32, [None, width], name="y")
        loss = tf.reduce_mean(tf.square(layer(x, weights()) - y), name="loss")
        tf.summary.scalar("loss_summary", loss)
        optimizer(rate).minimize(loss)

    return build


def test_a_graph_equals_itself_and_everything_was_compared():
    result = beside(graph(regression()), graph(regression()), updates=3)
    assert (result.verdict, result.updates, result.first) == ("equal", 3, None)
    assert result.compared["variables"] == 5  # W, its two slots, Adam's two powers
    assert result.compared["summaries"] == 1 and result.compared["fetches"] >= 1
    assert not result.left_out and not result.races


def test_another_learning_rate_is_where_they_part():
    result = beside(graph(regression(0.1)), graph(regression(0.2)))
    assert result.verdict == "parted"
    assert (result.first.update, result.first.tensor) == (1, "Adam/learning_rate:0")
    assert [(cause["cause"], cause["equal_without"]) for cause in result.causes] == [("a constant", True)]


def test_a_difference_in_the_last_bit_of_one_tensor_is_found():
    value = np.float32(1 / 3)

    def scaled(factor):
        return lambda x, w: tf.multiply(tf.matmul(x, w), tf.constant(factor, name="factor"), name="scaled")

    old, new = (graph(regression(layer=scaled(f))) for f in (value, np.nextafter(value, np.float32(1))))
    result = beside(old, new)
    assert result.first.tensor == "factor:0" and result.first.ulps == 1


@pytest.mark.parametrize("at_once", [pytest.param(1, marks=pytest.mark.long), 128])
def test_in_a_loop_the_planted_place_is_found_whatever_is_looked_at_together(monkeypatch, at_once):
    def layer(order):
        def body(i, h, x, w):
            product = tf.matmul(h, tf.matmul(w, w, transpose_b=True), name="product")
            return i + 1, tf.add(order(tf.tanh(product, name="tanh")), x, name="next"), x, w

        def build(x, w):
            _, h, _, _ = tf.while_loop(lambda i, *_: i < 4, body, (0, x, x, w))
            return tf.matmul(h, w)

        return build

    monkeypatch.setattr(where, "_TENSORS_AT_ONCE", at_once)
    old, new = (
        graph(regression(layer=layer(lambda t, factor=factor: tf.multiply(t, tf.constant(factor, name="f"), name="m"))))
        for factor in (0.1, np.nextafter(np.float32(0.1), np.float32(1)))
    )
    result = beside(old, new, updates=2)
    assert result.verdict == "parted"
    assert result.first.tensor == "while/f:0" and result.first.ulps == 1
    assert result.origins.first[0].time == 0 and result.origins.deviations["while/next"].time == 0
    assert all(cause["equal_without"] for cause in result.causes)


def test_in_the_branch_of_a_cond_that_is_taken():
    def layer(factor):
        def build(x, w):
            product = tf.matmul(x, w)
            return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.multiply(product, factor, name="taken"), lambda: product)

        return build

    result = beside(graph(regression(layer=layer(2.0))), graph(regression(layer=layer(3.0))))
    assert result.first.tensor == "cond/taken/y:0"
    assert result.origins.deviations["cond/taken"].time == 0


def racing():
    """Build gradients of `tf.gradients` itself, which let an update go before another gradient has read."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w, v = weights((3, 3), "W"), weights((3, 3), "V")
    loss = tf.reduce_sum(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w)), v)))
    gradients = tf.gradients(loss, [w, v])
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(zip(gradients, [w, v], strict=True))


def test_an_update_that_races_with_a_read_is_named_and_the_race_removed():
    old = graph(racing)
    result = beside(old, graph(racing))
    assert result.verdict == "equal" and any("race" in note for note in result.notes)
    assert {race.variable for race in result.races} == {"V"}  # what W's gradient still has to read
    assert not races(Program(graph(regression())))  # `minimize` makes the gradients wait for each other


def two_optimizers(rate=0.1):
    def build():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w, v = weights((3, 3), "W"), weights((3, 3), "V")
        loss = tf.reduce_sum(tf.square(tf.matmul(tf.matmul(x, w), v)))
        one = tf.train.AdamOptimizer(0.1, name="one").minimize(loss, var_list=[w])
        two = tf.train.AdamOptimizer(rate, name="two").minimize(-loss, var_list=[v])
        tf.group(one, two, name="both")

    return build


@pytest.mark.long
def test_where_all_gradients_come_first_a_loop_is_run_with_what_it_keeps_for_them():
    """Gradients that wait for an average's update, which races with a read: stacks and arrays last as long as a run."""

    def build(rate):
        def made():
            x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
            w, scale = weights([3, 3]), weights([3], "scale")
            mean = tf.Variable(tf.zeros([3]), trainable=False, name="mean", use_resource=False)
            update = tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, [0, 1]))
            steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose((x - mean) * scale, [1, 0, 2]))

            def body(i, h):
                return i + 1, tf.tanh(tf.matmul(h + steps.read(i), w))

            h = tf.while_loop(lambda i, *_: i < 5, body, (0, tf.zeros_like(x[:, 0])))[1]
            with tf.control_dependencies([update]):
                tf.train.AdamOptimizer(rate).minimize(tf.reduce_sum(tf.square(h)))

        return graph(made)

    result = beside(build(0.1), build(0.1), updates=2)
    assert result.races and result.verdict == "equal"
    assert beside(build(0.1), build(0.2), updates=2).first.tensor == "Adam/learning_rate:0"


def test_two_optimizers_are_run_one_after_the_other():
    assert [update.target for update in Program(graph(two_optimizers())).updates] == ["one", "two"]
    assert beside(graph(two_optimizers()), graph(two_optimizers())).verdict == "equal"
    result = beside(graph(two_optimizers()), graph(two_optimizers(0.2)))
    assert result.first.tensor == "two/learning_rate:0" and result.parted.stage == 2


def test_what_only_waits_for_an_update_is_none():
    """Such as a gradient behind the first optimizer that the second one does not take."""

    def build(with_rest):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        one, two = weights(name="one_w"), weights(name="two_w")
        loss = tf.reduce_mean(tf.square(tf.matmul(x, one) - tf.matmul(x, two)))
        first = tf.train.AdamOptimizer(0.1, name="one").minimize(loss, var_list=[one])
        with tf.control_dependencies([first]):
            second = tf.train.GradientDescentOptimizer(0.1, name="two")
            gradients = second.compute_gradients(loss + tf.reduce_mean(one), var_list=[two])
            for _ in range(with_rest):
                tf.multiply(gradients[0][0], 2.0, name="rest")
        tf.group(second.apply_gradients(gradients), name="both")

    old, new = graph(lambda: build(0)), graph(lambda: build(2))
    assert [update.target for update in Program(new).updates] == ["both"]
    assert beside(old, new).verdict == "equal"


def dropped(seed):
    return regression(layer=lambda x, w: tf.nn.dropout(tf.matmul(x, w), rate=0.5, seed=seed))


def test_other_seeds_are_the_cause_and_with_the_old_ones_every_bit_is_equal():
    assert beside(graph(dropped(7)), graph(dropped(7))).verdict == "equal"
    result = beside(graph(dropped(7)), graph(dropped(8)))
    assert result.verdict == "parted" and result.first.tensor.startswith("dropout/random_uniform/RandomUniform")
    assert [(cause["cause"], cause["equal_without"]) for cause in result.causes] == [("seeds", True)]
    assert result.causes[0]["what"].endswith("every bit is equal")


def test_with_the_old_seeds_graph_optimizers_may_part_two_graphs_that_are_equal_as_they_stand():
    """x / 3.1 is x * (1 / 3.1) to TensorFlow's graph optimizers, if 3.1 is a constant."""

    def kept(number, seed):
        return graph(regression(layer=lambda x, w: tf.nn.dropout(tf.matmul(x, w) / number(), rate=0.5, seed=seed)))

    old = kept(lambda: tf.constant(3.1, name="number"), 7)
    result = beside(old, kept(lambda: tf.placeholder_with_default(3.1, [], name="number"), 8))
    seeds, optimizers = result.causes
    assert (seeds["cause"], optimizers["cause"]) == ("seeds", "graph optimizers")
    assert seeds["what"].endswith("the two still part, with TensorFlow's graph optimizers off every bit is equal")
    assert optimizers["optimizers"] == ["constant_folding"]
    assert seeds["equal_without"] and optimizers["equal_without"]


@pytest.mark.parametrize("is_folded", [True, pytest.param(False, marks=pytest.mark.long)])
def test_with_the_old_seeds_it_is_said_what_graph_optimizers_have_to_do_with_it(is_folded):
    """x / 0.75 is x * (1 / 0.75) to TensorFlow's graph optimizers, if 0.75 is a constant."""

    def kept(scaled, seed):
        def layer(x, w):
            keep = tf.constant(0.75) if is_folded else tf.placeholder_with_default(0.75, [])
            mask = tf.floor(tf.random_uniform([2], seed=seed) + 0.75)
            return tf.multiply(scaled(tf.matmul(x, w), keep), mask, name="dropout/mul")

        return graph(regression(layer=layer))

    result = beside(kept(tf.divide, 7), kept(lambda x, keep: x * (1 / keep), 8))
    seeds = result.causes[0]
    assert (seeds["cause"], seeds["equal_without"]) == ("seeds", is_folded)
    ending = "every bit is equal, with TensorFlow's graph optimizers off they part"
    assert seeds["what"].endswith(ending if is_folded else "the two still part")
    assert (len(result.causes) == 1) == is_folded


def test_without_a_seed_it_is_not_deterministic_and_the_op_is_named():
    def build():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.Variable(tf.zeros([3, 2]), name="W", use_resource=False)
        loss = tf.reduce_mean(tf.square(tf.nn.dropout(tf.matmul(x, w) + 1.0, rate=0.5)))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    result = beside(graph(build, seed=None), graph(build, seed=None))
    assert result.verdict == "not deterministic"
    assert result.first.tensor.startswith("dropout/random_uniform/RandomUniform")
    assert result.causes[0]["cause"] == "no seed"


def test_where_chance_comes_in_is_looked_for_with_what_both_graphs_know_of_shapes():
    """The first releases wrote down no shape of a placeholder."""

    def build():
        product = tf.matmul(tf.placeholder(tf.float32, [None, 3], name="x"), tf.eye(3))
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.nn.dropout(product @ weights(), rate=0.5)))

    new = graph(build, seed=None)
    old = tf.GraphDef.FromString(new.SerializeToString())
    next(node for node in old.node if node.name == "x").attr["shape"].shape.Clear()
    next(node for node in old.node if node.name == "x").attr["shape"].shape.unknown_rank = True
    result = beside(old, new, updates=1)
    assert result.verdict == "not deterministic" and result.origins.first
    assert not any("where is not known" in note for note in result.notes)


@pytest.mark.parametrize(("helps", "verdict"), [(True, "equal"), (False, "not deterministic")])
def test_what_is_not_the_same_twice_is_tried_with_op_determinism(monkeypatch, helps, verdict):
    """Chance is played here, so that it always comes; nor does the process keep its real op determinism."""
    switched, digests = [], engine.digests

    def of_chance(*args):
        seen = digests(*args)
        return seen if switched and helps else dict.fromkeys(seen, b"another")

    monkeypatch.setattr(engine, "digests", of_chance)
    monkeypatch.setattr(engine.tf.config.experimental, "enable_op_determinism", lambda: switched.append(True))
    result = beside(graph(regression()), graph(regression()), updates=2)
    assert result.verdict == verdict and switched == [True]
    assert any("op determinism is on" in note for note in result.notes)


@pytest.mark.parametrize(
    ("op", "number", "optimizer"),
    [(tf.divide, 3.1, "constant_folding"), (tf.pow, 3.0, "arithmetic_optimization")],  # x * (1 / 3.1), x * x * x
)
def test_where_graph_optimizers_alone_part_two_graphs_it_is_said_which(op, number, optimizer):
    """Both have the same number, in the old graph as a constant, which TensorFlow takes as a reason to rewrite."""
    old = graph(regression(layer=lambda x, w: op(tf.matmul(x, w), tf.constant(number))))
    new = graph(regression(layer=lambda x, w: op(tf.matmul(x, w), tf.placeholder_with_default(number, []))))
    result = beside(old, new, updates=2)
    assert result.verdict == "parted"
    (cause,) = result.causes
    assert (cause["cause"], cause["optimizers"], cause["equal_without"]) == ("graph optimizers", [optimizer], True)
    assert result.origins.first


def test_what_only_stands_for_the_same_number_is_no_pair():
    """An open size may be written as -1, or be asked for: the audit knows that it is the same, the values are not."""

    def layer(size, factor):
        def build(x, w):
            scaled = tf.multiply(x, factor, name="scaled")
            return tf.matmul(tf.reshape(tf.reshape(scaled, [-1, 6]), size(x), name="back"), w)

        return build

    old = graph(regression(layer=layer(lambda x: tf.shape(x, name="size"), 2.0)))
    new = graph(regression(layer=layer(lambda x: tf.constant([-1, 3], name="size"), 3.0)))
    assert audit(old, new).pairs["size"] == "size"
    result = beside(old, new, updates=2)
    assert [one.node for one in result.origins.first] == ["scaled/y"]
    assert [(cause["cause"], cause["equal_without"]) for cause in result.causes] == [("a constant", True)]


def test_a_queue_is_cut_off_and_what_is_put_into_it_compared():
    def build(scale):
        def made():
            queue = tf.FIFOQueue(8, [tf.float32], shapes=[[3]])
            queue.enqueue([tf.multiply(tf.range(3.0), scale, name="put")])
            loss = tf.reduce_mean(tf.square(tf.matmul(queue.dequeue_many(4), weights())))
            tf.train.GradientDescentOptimizer(0.1).minimize(loss)

        return made

    result = beside(graph(build(1.0)), graph(build(1.0)))
    assert result.verdict == "equal" and any("QueueDequeueMany" in what for what in result.left_out)
    assert beside(graph(build(1.0)), graph(build(2.0))).first.tensor == "put/y:0"


def test_what_is_put_into_a_queue_in_another_ones_place_is_compared_without_a_partner():
    def build(scaled):
        def made():
            queue = tf.FIFOQueue(8, [tf.float32], shapes=[[3]])
            queue.enqueue([scaled(tf.random_uniform([3], seed=1))], name="enqueue")
            loss = tf.reduce_mean(tf.square(tf.matmul(queue.dequeue_many(4), weights())))
            tf.train.GradientDescentOptimizer(0.1).minimize(loss)

        return graph(made)

    result = beside(build(lambda x: tf.subtract(x * 2.0, 1.0, name="put")), build(lambda x: x * 2.0))
    assert result.verdict == "parted" and result.first.tensor == "put:0"
    assert [(cause["cause"], cause["equal_without"]) for cause in result.causes] == [("another op", True)]


def test_a_data_set_is_cut_off_at_its_iterator():
    def build():
        data = tf.data.Dataset.from_tensor_slices(np.ones((8, 3), np.float32)).batch(2)
        batch = tf.data.make_initializable_iterator(data).get_next()
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(batch, weights()))))

    result = beside(graph(build), graph(build))
    assert result.verdict == "equal" and any("IteratorGetNext" in what for what in result.left_out)


def test_what_is_drawn_fits_indices_labels_sparse_tensors_and_strings():
    def build():
        words = tf.placeholder(tf.int32, [None, 2], name="words")
        labels = tf.placeholder(tf.int64, [None], name="labels")
        sparse = tf.sparse_placeholder(tf.float32, name="sparse")
        train = tf.placeholder(tf.bool, [], name="train")
        text = tf.placeholder(tf.string, [None], name="text")
        tf.strings.join([text, tf.constant("!")], name="joined")
        table, w = weights((2, 3), "table"), weights((5, 2), "V")
        found = tf.reduce_sum(tf.nn.embedding_lookup(table, words), axis=1)
        logits = tf.cond(train, lambda: found * 2, lambda: found)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        loss += tf.reduce_sum(tf.square(tf.sparse_tensor_dense_matmul(sparse, w)))
        tf.train.AdamOptimizer().minimize(loss)

    result = beside(graph(build), graph(build), updates=8)
    assert result.verdict == "equal" and not result.left_out
    feeds = [result.plan.feed(update)[0] for update in range(1, 9)]
    assert {int(number) for feed in feeds for number in feed["words:0"].flat} == {0, 1}
    assert {int(number) for feed in feeds for number in feed["labels:0"].flat} == {0, 1, 2}
    assert all(feed["sparse/shape:0"][1] == 5 and len(feed["sparse/indices:0"]) > 0 for feed in feeds)
    assert {bool(feed["train:0"]) for feed in feeds} == {False, True}


def test_python_functions_have_to_be_fed():
    def build():
        doubled = tf.py_func(lambda value: value * 2, [tf.ones([4, 3])], tf.float32, name="doubled")
        doubled.set_shape([4, 3])
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(doubled, weights()))))

    made = graph(build)
    with pytest.raises(CannotRunError, match=r"doubled.*--feeds"):
        beside(made, made)
    assert beside(made, made, feeds={"doubled": np.ones((4, 3), np.float32)}).verdict == "equal"


def test_an_op_that_is_gone_is_named_and_can_be_fed(tmp_path, capsys):
    made = graph(regression())
    node = next(node for node in made.node if node.name == "MatMul")
    node.op = "GoneOp"
    with pytest.raises(CannotRunError, match=r"GoneOp.*MatMul:0"):
        beside(made, made)
    assert beside(made, made, feeds={"MatMul": np.ones((4, 2), np.float32)}).verdict == "equal"
    old, feeds = write(tmp_path / "old.pb", made), str(tmp_path / "feeds.npz")
    np.savez(feeds, MatMul=np.ones((4, 2), np.float32))
    assert main(["beside", old, old]) == 2 and "no op GoneOp" in capsys.readouterr().err
    assert main(["beside", old, old, "--feeds", feeds]) == 0
    assert main(["audit", old, old]) == 2 and "no op GoneOp" in capsys.readouterr().err


def test_an_op_that_is_gone_from_a_function_is_named(tmp_path, capsys):
    def build():
        data = tf.data.Dataset.from_tensor_slices(np.ones((8, 3), np.float32)).map(lambda row: row * 2.0).batch(2)
        batch = tf.data.make_initializable_iterator(data).get_next()
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(batch, weights()))))

    made = graph(build)
    next(node for node in made.library.function[0].node_def if node.op == "Mul").op = "GoneOp"
    old = write(tmp_path / "old.pb", made)
    assert main(["beside", old, old]) == 2 and "no op GoneOp" in capsys.readouterr().err


def test_comparing_nothing_is_no_pass():
    with pytest.raises(CannotRunError, match="nothing can be compared"):
        beside(*(graph(lambda name=name: tf.Variable(tf.zeros([2]), name=name, use_resource=False)) for name in "ab"))


def test_a_trained_variable_without_a_partner_is_never_equal():
    def build(width):
        def made():
            regression()()
            if width:
                tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(weights((1, width), "more")))

        return made

    result = beside(graph(build(3)), graph(build(0)))
    assert result.verdict == "parted" and "more" in " ".join(cause["what"] for cause in result.causes)


def test_a_variable_that_only_one_graph_trains_is_never_equal():
    def build(trained):
        def made():
            w, b = weights(), weights((2,), "b")
            loss = tf.reduce_sum(tf.square(tf.matmul(tf.placeholder(tf.float32, [4, 3], name="x"), w) + b))
            tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[w, b][:trained])

        return made

    result = beside(graph(build(2)), graph(build(1)))
    assert result.verdict == "parted"
    assert "b is trained in the old graph alone" in " ".join(cause["what"] for cause in result.causes)
    assert not any(cause["cause"] == causes.UNKNOWN for cause in result.causes)


def test_units_in_the_last_place():
    one = np.array([1.0, -1.0, 0.0], np.float32)
    assert bits.ulps(one, np.nextafter(one, np.float32(2))).tolist() == [1, 1, 1]
    assert bits.largest_ulps(np.float32(-0.0), np.float32(0.0)) == 0
    assert not bits.equal(np.float32(-0.0), np.float32(0.0))
    assert bits.largest_ulps(np.float64(-1), np.float64(1)) == 2 * 0x3FF0000000000000  # more than an int64 has room for


def test_distances_are_measured_piece_by_piece(monkeypatch):
    monkeypatch.setattr(bits, "_AT_ONCE", 2)
    one = np.array([[1.0, 2.0], [np.nan, 5.0], [3.0, 4.0]], np.float32)
    other = one.copy()
    other[1, 1] = np.nextafter(np.nextafter(np.float32(5), np.float32(9)), np.float32(9))
    assert bits.largest_ulps(one, other) == 2
    assert bits.largest_difference(one, other) == float(other[1, 1]) - 5
    assert bits.largest_difference(one[:0], other[:0]) == 0
    assert bits.relative(one, other) == (float(other[1, 1]) - 5) / float(other[1, 1])
    other[0, 0] = np.inf
    assert bits.relative(one, other) == float("inf")


def test_variables_are_read_some_at_a_time(monkeypatch):
    monkeypatch.setattr(running, "_ELEMENTS_AT_ONCE", 7)  # W and a slot of Adam's, then the rest
    program, read = Program(graph(regression())), list[int]()
    with running.Runner(program) as runner:
        runner.initialize()
        run = runner.run
        monkeypatch.setattr(runner, "run", lambda part: read.append(len(part)) or run(part))
        found = runner.variables(program.variables)
    assert sum(read) == len(program.variables) == 5 and max(read) < 5
    assert found["W"].shape == (3, 2) and found["beta1_power"] == np.float32(0.9)
    assert beside(graph(regression()), graph(regression()), updates=1).verdict == "equal"


def test_the_progress_ends_where_all_is_done():
    seen = list[tuple[int, int]]()
    result = beside(graph(dropped(7)), graph(dropped(8)), updates=3, progress=lambda *one: seen.append(one))
    assert result.verdict == "parted" and [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1] and all(done <= total for done, total in seen)


@pytest.mark.parametrize("name", [pytest.param("post", marks=pytest.mark.long), "one-run"])
def test_the_proof_of_this_program_runs_on_the_same_engine(data, name):
    """Every bit is that of `training.py`, which knows nothing of it."""
    engine_run, run = (
        trained(*original_network(1), data, 1, 41, executions[name])
        for executions in (original_graph.ORIGINAL_EXECUTIONS, EXECUTIONS)
    )
    assert_every_bit_equal(engine_run, run)


def test_a_trace_parts_at_the_first_stage_that_is_another():
    trace = {(1, 0, "loss"): 1.0, (1, 1, "W"): b"w", (1, 1, "V"): b"v", (2, 0, "loss"): 0.5}
    assert parting(trace, dict(trace)) is None
    assert parting(trace, {**trace, (1, 1, "W"): b"", (1, 1, "V"): b"", (2, 0, "loss"): 0}) == (1, 1, ("V", "W"))


def test_sizes_that_the_graph_wants_are_found():
    """A batch of 6 is written into the graph, the width of x is not, and the longest sequence is as long as x."""

    def build():
        x = tf.placeholder(tf.float32, [None, None], name="x")
        lengths = tf.placeholder(tf.int32, [None], name="lengths")
        hidden = tf.matmul(x, weights((5, 4))) * tf.cast(tf.sequence_mask(lengths), tf.float32)
        loss = tf.reduce_mean(tf.square(tf.reshape(hidden, [6, 4])))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    result = beside(graph(build), graph(build), updates=1)
    assert result.verdict == "equal" and any("fitted" in note for note in result.notes)
    fed = result.plan.feed(1)[0]
    assert fed["x:0"].shape == (6, 5) and fed["lengths:0"].shape == (6,) and fed["lengths:0"].max() == 4
    with pytest.raises(CannotRunError, match=r"does not run.*may have to be given as well, as of lengths$"):
        beside(graph(build), graph(build), updates=1, sizes={"x": [3, 5]})  # what the user says stays


@pytest.mark.parametrize("given", [{"sizes": {"x": [7]}}, {"feeds": {"x": np.ones((7, 3), np.float32)}}])
def test_all_batches_have_the_size_of_one_that_is_given(given):
    """What may have any shape would be tried before."""

    def layer(x, w):
        return tf.matmul(x, w) * tf.placeholder(tf.float32, name="keep")

    made = graph(regression(layer=layer))
    assert beside(made, made, updates=1, **given).plan.feed(1)[0]["y:0"].shape == (7, 2)


def test_all_that_follows_in_the_batches_may_have_one_size():
    """Two inputs are as long as a third number says, which is only written into a reshape."""

    def build():
        x, y = (tf.placeholder(tf.float32, [None, None], name=name) for name in "xy")
        both = tf.reshape(x, [-1, 7, 1]) * tf.expand_dims(y, -1)
        loss = tf.reduce_sum(tf.square(tf.reshape(both, [-1, 7]) @ weights((7, 2))))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    fed = beside(graph(build), graph(build), updates=1).plan.feed(1)[0]
    assert fed["x:0"].shape == fed["y:0"].shape and fed["x:0"].shape[1] == 7


def test_sizes_are_given_by_the_name_of_a_tensor_or_of_its_op():
    made = graph(regression())
    for colon in ("", ":0"):
        result = beside(made, made, updates=1, sizes={f"x{colon}": [7], f"y{colon}": [7]})
        assert result.plan.feed(1)[0]["x:0"].shape == (7, 3)


def test_one_batch_for_each_update_is_given(tmp_path):
    batches = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    made = graph(regression())
    result = beside(made, made, updates=2, feeds={"x": batches})
    assert [(result.plan.feed(update)[0]["x:0"] == batches[update - 1]).all() for update in (1, 2)] == [True, True]
    with pytest.raises(CannotRunError, match="2 batches for x:0"):
        beside(made, made, updates=3, feeds={"x": batches})


def test_one_batch_for_each_update_is_told_by_the_shape_that_either_graph_has():
    """The first releases wrote down no shape of a placeholder."""
    new = graph(regression())
    old = tf.GraphDef.FromString(new.SerializeToString())
    shape = next(node for node in old.node if node.name == "x").attr["shape"].shape
    shape.Clear()
    shape.unknown_rank = True
    batches = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    assert beside(old, new, updates=2, feeds={"x": batches}).verdict == "equal"


def test_what_a_data_set_does_to_each_element_is_run_and_a_mistake_in_it_found():
    def build(scale):
        def made():
            offset = tf.placeholder(tf.float32, [], name="offset")
            data = tf.data.Dataset.from_tensor_slices(np.ones((8, 3), np.float32))
            data = data.map(lambda row: tf.multiply(row, scale, name="scaled") + offset).batch(2)
            batch = tf.data.make_initializable_iterator(data).get_next()
            tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(batch, weights()))))

        return made

    assert beside(graph(build(1.0)), graph(build(1.0)), updates=1).verdict == "equal"
    result = beside(graph(build(1.0)), graph(build(2.0)), updates=1)
    assert result.first.tensor == "MapDataset/f/scaled/y:0"


def test_a_result_that_nothing_makes_run_is_left_out_by_its_name():
    def build():
        regression()()
        any_size = tf.placeholder(tf.float32, [None], name="any_size")
        tf.add(tf.reshape(any_size, [7]), tf.reduce_sum(tf.reshape(any_size, [5])), name="both")

    result = beside(graph(build), graph(build), updates=1)
    assert result.verdict == "equal" and any("need Reshape" in what for what in result.left_out)


def test_a_run_that_fails_while_causes_are_sought_is_a_note(monkeypatch):
    def fails(*_):
        raise CannotRunError("no room")

    monkeypatch.setattr(causes, "_by_writing", fails)
    result = beside(graph(regression(0.1)), graph(regression(0.2)), updates=1)
    assert result.verdict == "parted" and result.first.tensor == "Adam/learning_rate:0"
    assert any("no room" in note for note in result.notes)


def test_the_same_numbers_in_another_shape_are_not_where_they_part():
    def layer(keep, factor):
        def build(x, w):
            total = tf.reshape(tf.reduce_sum(tf.matmul(x, w), axis=1, keepdims=keep, name="total"), [-1, 1])
            return tf.multiply(total, factor, name="scaled")

        return build

    old, new = (graph(regression(layer=layer(*how), width=1)) for how in ((True, 2.0), (False, 3.0)))
    assert beside(old, new, updates=1).first.tensor == "scaled/y:0"


@pytest.mark.parametrize("axes", [(1, 0), (0, 1)])
def test_a_sum_over_the_wrong_axis_is_never_equal(axes):
    """There are as many classes as a batch would have examples, were its size not one that nothing else has."""

    def layer(axis):
        return lambda x, w: tf.reduce_sum(tf.tanh(tf.matmul(x, w)), axis=axis, name="total")

    def build(axis):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(layer(axis)(x, weights((3, 4)))))

    old, new = (graph(lambda axis=axis: build(axis)) for axis in axes)
    assert beside(old, new, updates=1).verdict == "parted"


def test_one_number_in_another_shape_is_equal_unless_it_is_a_result():
    def layer(keep, is_result):
        def build(x, w):
            total = tf.reduce_sum(tf.matmul(x, w), keepdims=keep, name="total")
            return total if is_result else tf.reshape(total, [1, 1])

        return build

    def built(keep, is_result):
        made = graph(regression(layer=layer(keep, is_result), width=1))
        if is_result:
            with tf.Graph().as_default() as more:
                tf.import_graph_def(made, name="")
                tf.square(more.get_tensor_by_name("total:0"), name="result")
            made = more.as_graph_def()
        return made

    assert beside(built(False, False), built(True, False), updates=1).verdict == "equal"
    assert beside(built(False, True), built(True, True), updates=1).verdict == "parted"


def test_shapes_of_fed_gradients_are_those_that_the_optimizer_asks_for():
    def build():
        w, b = weights(), weights((2,), "b")
        loss = tf.reduce_sum(tf.square(tf.matmul(tf.placeholder(tf.float32, [None, 3], name="x"), w) + b))
        tf.gradients(loss, [w, b])
        holders = [tf.placeholder(tf.float32, name=f"{number}_holder") for number in (0, 1)]
        tf.train.AdamOptimizer().apply_gradients(zip(holders, [w, b], strict=True))

    result = beside(graph(build), graph(build), updates=1)
    assert result.verdict == "equal"
    assert [result.plan.feed(1)[0][f"{number}_holder:0"].shape for number in (0, 1)] == [(3, 2), (2,)]


def test_a_matrix_of_neighbours_is_square():
    def build():
        support = tf.sparse_placeholder(tf.float32)
        features = tf.placeholder(tf.float32, [7, 3], name="x")
        hidden = tf.sparse_tensor_dense_matmul(support, tf.matmul(features, weights((3, 3))))
        loss = tf.reduce_mean(tf.square(tf.sparse_tensor_dense_matmul(support, hidden)))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    result = beside(graph(build), graph(build), updates=2)
    assert result.verdict == "equal"
    shapes = [array for name, array in result.plan.feed(1)[0].items() if array.dtype == np.int64 and array.ndim == 1]
    assert [list(shape) for shape in shapes] == [[7, 7]]


def test_what_the_new_graph_takes_without_a_partner_is_fed_what_the_old_one_gives_in_its_place():
    def build(parse):
        def made():
            example = tf.placeholder(tf.string, [4], name="example")
            row = parse(example)
            tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(row, weights()))))

        return made

    features = {"row": tf.io.FixedLenFeature([3], tf.float32)}
    new = graph(build(lambda example: tf.io.parse_example(example, features)["row"]))
    shape = {"sparse_types": [], "dense_shapes": [[3]], "sparse_keys": []}

    def old_op(example):
        parsed = tf.raw_ops.ParseExample(
            serialized=example, names=[], dense_keys=["row"], dense_defaults=[tf.zeros([0])], name="before", **shape
        )
        return parsed.dense_values[0]

    result = beside(graph(build(old_op)), new, updates=1)
    assert result.verdict == "equal" and "before:0" in result.plan.feed(1)[0]


def test_a_variable_may_start_from_another_that_is_initialized_first():
    def build():
        w = weights()
        with tf.control_dependencies([w.initializer]):  # as TensorFlow 1.0's `initialized_value` did
            started = tf.identity(w.value(), name="started")
        average = tf.Variable(started, name="average", trainable=False, use_resource=False)
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
        with tf.control_dependencies([step]):
            tf.assign_sub(average, 0.1 * (average - w))

    result = beside(graph(build), graph(build), updates=1)
    assert result.verdict == "equal" and result.compared["variables"] == 2


def test_iterations_that_draw_come_one_after_the_other():
    def layer(x, w):
        def body(i, h, w):
            return i + 1, tf.tanh(tf.matmul(h, tf.matmul(w, w, transpose_b=True))) + tf.random_uniform([3], seed=3), w

        return tf.matmul(tf.while_loop(lambda i, *_: i < 4, body, (0, x, w))[1], w)

    result = beside(graph(regression(layer=layer)), graph(regression(layer=layer)), updates=1)
    assert result.verdict == "equal" and any("one by one" in note for note in result.notes)
    run_graph, *_ = result.plan.old.made[False, True, False]  # gradients first, one iteration at a time, sums in order
    assert {node.attr["parallel_iterations"].i for node in run_graph.as_graph_def().node if node.op == "Enter"} == {1}


def test_where_a_branch_parts_that_an_update_waits_for_beside_what_is_fed():
    def build(rate):
        def made():
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            w = weights()
            product = tf.matmul(x, w)
            scaled = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.multiply(product, rate, name="scaled"), lambda: product)
            with tf.control_dependencies([tf.assign_add(weights((2,), "seen"), [1.0, 1.0])]):
                gradient = tf.matmul(x, scaled, transpose_a=True)
            tf.train.GradientDescentOptimizer(0.1).apply_gradients([(gradient, w)])

        return made

    result = beside(graph(build(2.0)), graph(build(3.0)), updates=1)
    assert result.first.tensor == "cond/scaled/y:0" and not any("not known" in note for note in result.notes)


def test_what_only_the_new_graph_does_not_run_is_parted_where_it_begins():
    def layer(axis):
        def build(x, w):
            hidden, labels = tf.matmul(x, w), tf.placeholder(tf.int64, [None], name="labels")
            tf.reduce_mean(tf.cast(tf.equal(tf.argmax(hidden, axis, name="best"), labels), tf.float32))
            return hidden

        return build

    old, new = (graph(regression(layer=layer(axis))) for axis in (1, 0))
    result = beside(old, new, updates=1)
    assert result.verdict == "parted" and "does not run" in [cause["cause"] for cause in result.causes]
    assert result.first.tensor == "best:0"


def test_a_variable_of_another_shape_is_parted():
    def build(width):
        def made():
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            hidden = tf.matmul(x, weights((3, width), "W"))
            loss = tf.reduce_mean(tf.matmul(hidden, weights((width, 2), "V")))
            tf.train.GradientDescentOptimizer(0.1).minimize(loss)

        return made

    result = beside(graph(build(4)), graph(build(5)), updates=1)
    assert result.verdict == "parted"
    assert "the variable W is (3, 4) in the old graph, (3, 5) in the new" in {one["what"] for one in result.causes}


def test_an_optimizers_slots_are_compared():
    """At the first update Adam's beta1 makes no difference for what is trained, but for the last bit."""

    def adam(beta):
        return lambda rate: tf.train.AdamOptimizer(rate, beta1=beta)

    result = beside(*(graph(regression(optimizer=adam(beta))) for beta in (0.5, 0.75)), updates=1)
    assert result.verdict == "parted" and "W/Adam" in result.parted.what


def test_every_second_update_is_fed_numbers_below_0_unless_none_is_finite_then():
    def build(layer):
        def made():
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(layer(tf.matmul(x, weights()), x)))

        return made

    def fed(layer):
        result = beside(graph(build(layer)), graph(build(layer)), updates=2)
        assert result.verdict == "equal"
        return [bool((result.plan.feed(update)[0]["x:0"] < 0).any()) for update in (1, 2)]

    assert fed(lambda h, x: h) == [False, True]
    assert fed(lambda h, x: h * tf.sqrt(x[:, :2])) == [False, False]
    old, new = (
        graph(build(lambda h, x, factor=factor: tf.where_v2(x[:, :2] < 0, tf.tanh(factor * h), h)))
        for factor in (2.0, 3.0)
    )
    assert [beside(old, new, updates=number).verdict for number in (1, 2)] == ["equal", "parted"]


def test_an_update_that_is_written_otherwise_is_named_and_taken_away():
    def build(written):
        def made():
            w = weights()
            loss = tf.reduce_mean(tf.square(tf.matmul(tf.placeholder(tf.float32, [None, 3], name="x"), w)))
            if written:
                tf.assign_sub(w, 0.25 * tf.gradients(loss, w)[0], name="update")
            else:
                tf.train.GradientDescentOptimizer(0.5).minimize(loss)

        return made

    (cause,) = beside(graph(build(True)), graph(build(False)), updates=1).causes
    assert (cause["node"], cause["port_node"]) == ("update", "GradientDescent/update_W/ApplyGradientDescent")
    assert cause["equal_without"]


def test_a_name_alone_makes_no_pair():
    """TensorFlow numbers the constants of an op that it has made before, wherever they are used."""

    def layer(first):
        def build(x, w):
            hidden = tf.tanh(tf.matmul(x, w))
            for one in (tf.square, tf.exp) if first else (tf.exp, tf.square):
                hidden = one(hidden) * 2.0 if one is tf.exp else one(hidden) * 3.0
            return hidden

        return build

    old, new = (graph(regression(layer=layer(first))) for first in (True, False))
    paired = pair(Program(old), Program(new)).pairs
    assert not any(name.endswith("/y") and paired.get(name) == name for name in ("mul/y", "mul_1/y"))


def test_names_are_spoken_of_only_where_the_audit_finds_a_difference():
    """Of a loop's conditions and of groups the audit says no pair, and has compared them."""

    def layer(x, w):
        square = tf.matmul(w, w, transpose_a=True)
        return tf.while_loop(lambda i, h: i < 4, lambda i, h: (i + 1, tf.matmul(h, square)), (0, tf.matmul(x, w)))[1]

    def paired(rate):
        programs = (Program(graph(regression(one, layer))) for one in (0.1, rate))
        return pair(*programs)

    assert paired(0.1).audit == "faithful" and paired(0.1).guessed
    assert not any("by their names" in note for note in paired(0.1).notes)
    assert any("nodes of the training are paired by their names alone" in note for note in paired(0.2).notes)


def test_what_is_negated_first_or_last_is_no_pair():
    """The audit pairs the sums, of which one is the other's negative."""

    def build(first):
        def made():
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            squares = tf.square(tf.matmul(x, weights()))
            total = tf.reduce_sum(tf.negative(squares) if first else squares, name="total")
            loss = tf.reshape(total if first else tf.negative(total), [])
            tf.train.GradientDescentOptimizer(0.1).minimize(loss)

        return made

    old, new = graph(build(False)), graph(build(True))
    assert audit(old, new).pairs["total"] == "total" and "total" not in pair(Program(old), Program(new)).pairs


def test_a_cause_that_many_layers_have_is_said_once():
    many = [{"cause": "dropout's formula", "what": f"layer {number}"} for number in range(25)]
    result = beside(graph(regression()), graph(regression()), updates=1)._replace(verdict="parted", causes=many)
    assert [line for line in report(result) if "layer" in line] == [
        "CAUSE: dropout's formula: layer 0",
        "  … and 24 more, the last: layer 24",
    ]


def test_dropouts_formula_is_taken_away_in_all_layers_at_once():
    def layer(formula):
        def build(x, w):
            keep = tf.placeholder_with_default(0.75, [])
            for number in range(6):
                mask = tf.random_uniform(tf.shape(x), seed=number) >= 0.25
                x = tf.matmul(formula(tf.tanh(x), mask, keep), tf.matmul(w, w, transpose_b=True))
            return tf.matmul(x, w)

        return build

    def before(x, mask, keep):
        return tf.multiply(tf.multiply(x, 1 / keep), tf.cast(mask, tf.float32), name="kept")

    def after(x, mask, keep):
        return tf.where_v2(mask, x / keep, tf.zeros([]), name="kept")

    old, new = (graph(regression(layer=layer(formula))) for formula in (before, after))
    both = {node.name for node in old.node} & {node.name for node in new.node}
    result = beside(
        old, new, updates=1, pairs={name: name for name in both if not name.startswith(("gradients", "truediv"))}
    )
    assert result.verdict == "parted"
    assert {cause["cause"] for cause in result.causes} == {"dropout's formula"}
    # Not one for each layer; and whether the gradients, which are no pairs, part as well is the processor's to say.
    assert [cause["node"] for cause in result.causes] in (["kept"], ["kept", "Adam/update_W/ApplyAdam"])
    assert all(cause["equal_without"] for cause in result.causes)


def test_moments_of_the_first_releases_are_where_they_part_and_taken_away_at_once():
    """What stands for one another in the audit's pattern, 1 / n and n say, is no pair of one value."""
    old, new = (corpus_graphs.recorded(release, "batch_normalization") for release in ("tf1.0.1", "tf1.15.5"))
    result = beside(old, new, updates=2)
    assert result.first.tensor == "moments/normalize/mean:0" and result.first.ulps < 100
    assert {(cause["cause"], cause["equal_without"]) for cause in result.causes} == {("moments", True)}
    assert all(one.relative < 1e-5 for one in result.origins.deviations.values())
    assert pairs._stand_for_each_other("Reshape", "Reshape", "moments")  # today's; divided before in the first
    assert not pairs._stand_for_each_other("Reshape", "Reshape", None)


def two_layers(x, w):
    return tf.matmul(tf.matmul(x, tf.matmul(w, w, transpose_b=True), name="one"), w, name="two")


def test_what_the_audit_calls_the_same_is_taken_away_at_once_and_nothing_else():
    made = graph(regression(layer=two_layers))
    old, new = Program(made), Program(made)
    paired = pair(old, new)._replace(changed={"one": "moments", "two": "moments"})
    plan = make_plan(old, new, paired.pairs, Feeds(old, new, paired.pairs))
    zero = np.float32(0)
    first = deviation(("one", 0), ("one", 0), None, zero, np.float32(1))
    assert causes._alike(plan, first, "moments", paired) == [("one", "one"), ("two", "two")]
    assert causes._alike(plan, first, "another op", paired) == []


def test_a_node_is_computed_from_all_that_one_new_node_is_the_partner_of():
    def build():
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.negative(tf.add(x, 1.0, name="a") + tf.add(x, 1.0, name="b"), name="c")

    made = graph(build)
    partners = {"x": "x", "a": "a", "b": "a", "c": "c"}
    old, new = Program(made), Program(made)
    plan = make_plan(old, new, partners, Feeds(old, new, partners))
    search = where.Search(plan, {}, Parted(1, 0, ("c:0",)), Mode(), lambda: None)
    search.compared = {"x", "a", "b", "c"}
    assert search._before("c") == {"a", "b", "x"}  # x by the new graph's b, which has no partner


def summed(term):
    """Return the graph of a layer on a sum of three: of two terms that are fed, and of what the weights give."""

    def layer(x, w):
        terms = [term(tf.placeholder(tf.float32, [3, 2], name=f"p{at}"), f"term_{at}") for at in range(2)]
        return tf.matmul(x, tf.add_n([*terms, tf.multiply(w, 0.3, name="scaled")], name="sum"))

    return graph(regression(layer=layer))


def test_the_order_in_which_a_kernel_adds_is_a_cause_of_its_own():
    """What is fed stays as it is, so that the sum begins with the third term; what is computed may be overwritten."""
    old = summed(lambda fed, name: tf.identity(fed, name=name))
    new = summed(lambda fed, name: tf.maximum(fed, -5.0, name=name))
    both = {node.name for node in old.node} & {node.name for node in new.node}
    result = beside(old, new, updates=2, pairs={name: name for name in both})
    assert result.verdict == "parted" and not result.origins.first
    assert [(cause["cause"], cause["equal_without"]) for cause in result.causes] == [("where a sum begins", True)]
    in_order = running.sums_in_order(old)
    (total,) = [node for node in in_order.node if node.name == "sum"]
    assert (total.op, list(total.input)) == ("AddV2", ["sum/beside_0", "scaled"])


def test_what_is_left_over_is_a_cause_that_is_not_known(monkeypatch):
    monkeypatch.setattr(causes, "_AT_MOST", 0)
    result = beside(graph(regression(0.1)), graph(regression(0.2)), updates=1)
    (cause,) = result.causes
    assert cause["cause"] == "unknown" and cause["what"] == "the two part, in update 1 at W first; why is not known"


def test_what_cannot_be_taken_away_alone_is_said(monkeypatch):
    monkeypatch.setattr(causes, "grafted", lambda *_: None)
    result = beside(graph(regression(0.1)), graph(regression(0.2)), updates=1)
    assert [cause["cause"] for cause in result.causes] == ["a constant"] and "equal_without" not in result.causes[0]
    assert any("more causes is not known" in note for note in result.notes)


def test_what_was_not_asked_for_is_not_compared():
    """Nobody writes the vectors then: TensorFlow gives one number of memory that was there."""

    def build():
        x = tf.placeholder(tf.float32, [3, 3], name="x")
        tf.svd(x, compute_uv=False, name="svd")
        tf.svd(x, name="all")
        tf.raw_ops.SelfAdjointEigV2(input=x, compute_v=False, name="eig")

    program = Program(graph(build))
    assert [len(program.values(name)) for name in ("svd", "all", "eig")] == [1, 3, 1]


def write(path, graph_def):
    path.write_bytes(graph_def.SerializeToString())
    return str(path)


def test_the_command_line(tmp_path, capsys):
    old = write(tmp_path / "old.pb", graph(regression()))
    new = write(tmp_path / "new.pb", graph(regression(0.2)))
    assert main(["beside", old, old, "--updates", "2"]) == 0
    assert capsys.readouterr().out.endswith("EQUAL\n")
    assert main(["beside", old, new, "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["verdict", "updates", "compared", "first", "causes"]
    assert printed["first"]["tensor"] == "Adam/learning_rate:0"


def test_both_start_from_the_checkpoint(tmp_path, capsys):
    made, w = graph(regression()), np.arange(6, dtype=np.float32).reshape(3, 2)
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(w, name="W", use_resource=False)
        session.run(variable.initializer)
        path = tf.train.Saver([variable]).save(session, str(tmp_path / "model"))
    notes = []
    initial = engine.initial_variables(Program(made), path, notes)
    assert (initial["W"] == w).all() and (initial["W/Adam"] == 0).all()
    assert [note for note in notes if "W/Adam" in note and "left as initialized" in note]
    without = tf.GraphDef.FromString(made.SerializeToString())  # so that W has no other value to start from
    del without.node[:]
    without.node.extend(node for node in made.node if node.name != "W/Assign")
    old = write(tmp_path / "old.pb", without)
    assert main(["beside", old, old]) == 2 and "W has no initializer" in capsys.readouterr().err
    assert main(["beside", old, old, "--checkpoint", path]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "nothing=3"], "no tensor to feed is called nothing"),
        (["--size", "MatMul=3"], "no tensor to feed is called MatMul"),
        (["--size", "x=3,3"], "--size x: 1 sizes of it are open, 2 were given"),
        (["--size", "scale=3"], "--size scale: 0 sizes of it are open, 1 were given"),
        (["--checkpoint", "missing"], "no checkpoint"),
        (["--feeds", "missing.npz"], "missing.npz"),
        (["--size", "x=2", "--size", "y=3"], "does not run"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(tmp_path, capsys, options, message):
    def layer(x, w):
        return tf.matmul(x, w) * tf.placeholder(tf.float32, [2], name="scale")

    old = write(tmp_path / "old.pb", graph(regression(layer=layer)))
    assert main(["beside", old, old, *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("member", "message"), [("recording.json", "a recording, which the command replay"), ("a.txt", "a.txt is no array")]
)
def test_a_file_of_feeds_that_holds_other_than_arrays_is_refused(tmp_path, capsys, member, message):
    old, feeds = write(tmp_path / "old.pb", graph(regression())), tmp_path / "feeds.npz"
    with zipfile.ZipFile(feeds, "w") as archive:
        archive.writestr(member, b"{}")
    assert main(["beside", old, old, "--feeds", str(feeds)]) == 2
    assert message in capsys.readouterr().err


def test_the_name_of_a_file_is_no_graph():
    with pytest.raises(TypeError, match=r"GraphDef is wanted, no str: read_graph_def"):
        beside(graph(regression()), "new.pb")
