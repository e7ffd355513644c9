"""The network for any length: the post's cell, a loss over all steps, a run that stopping does not change, the game."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import islice, repeat

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import forked
from compat_v1.any_length import by_hand, curriculum, soap
from compat_v1.any_length import learning as learning_module
from compat_v1.any_length.network import LAYERS
from compat_v1.any_length.play import SLICE, play
from compat_v1.any_length.record import KEPT_LOSSES, CurriculumRecord
from compat_v1.checkpoints import load_record, restore
from compat_v1.proof.golden import RECORDED, golden
from compat_v1.training import new_network, new_session, set_weights
from data_generator import decodeSequence, encodeSequence, running_sums
from original.record_format import DEFAULT_SEED, MEASURED_SEQUENCE
from trained_runs import run


@pytest.fixture(scope="module")
def untrained():
    """(session, network) with the initial weights of the default seed."""
    graph, network = curriculum.new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        with graph.as_default():
            session.run(tf.global_variables_initializer())
        yield session, network


@pytest.fixture(scope="module")
def learns():
    """(session, network, learning) of a graph that learns from the default seed; tests initialize it."""
    graph, network, learning = curriculum.new_learning(DEFAULT_SEED, updates=30)
    with new_session(graph) as session:
        yield session, network, learning


@pytest.fixture(scope="module")
def trained():
    """(session, network) with the weights that are part of the project."""
    graph, network = curriculum.new_network()
    with new_session(graph) as session:
        curriculum.restore_weights(session, curriculum.CHECKPOINT)
        yield session, network


@pytest.fixture(scope="module")
def made_by_hand():
    """(session, network) with the weights that nobody trained."""
    graph, network = curriculum.new_network()
    with new_session(graph) as session:
        by_hand.give_weights(session)
        yield session, network


def test_ops_are_those_of_tensorflow_1_and_its_control_flow_is_put_back():
    graph, _, _ = curriculum.new_learning(DEFAULT_SEED, updates=1)
    ops = Counter(op.type for op in graph.get_operations())
    assert ops["LoopCond"] == 2, "one loop forward and one back"
    assert ops["TensorArrayGradV3"] and ops["Qr"] == 4
    assert not {"While", "StatelessWhile", "TensorListReserve", "VarHandleOp", "PartitionedCall"} & set(ops)
    assert tf.control_flow_v2_enabled()


def test_network_starts_from_the_faithful_networks_weights(untrained):
    session, _ = untrained
    graph, faithful = new_network(DEFAULT_SEED)
    with new_session(graph) as other:
        other.run(faithful.initializer)
        for variable in curriculum.trained_variables(session):
            assert (session.run(variable) == other.run(variable.name)).all(), f"{variable.name} starts otherwise"


def test_original_weights_answer_the_posts_sequence_as_under_tensorflow_1():
    """The cell is the same: what TensorFlow 1.0.1 trained says here, after the sixth sign, what it said there."""
    graph, network = curriculum.new_network()
    with new_session(graph) as session:
        restore(session, RECORDED / "tf1.0.1" / "model.ckpt-4000", curriculum.trained_variables(session))
        prediction = session.run(network.prediction, {network.data: [encodeSequence(MEASURED_SEQUENCE)]})
    expected = golden("1.0.1", DEFAULT_SEED, 1).prediction[MEASURED_SEQUENCE]
    assert prediction[0, 5] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("whose", ["trained", "made_by_hand"])
def test_every_step_is_that_of_an_lstm_in_numpy(whose, request):
    session, network = request.getfixturevalue(whose)
    W_f, _, b_f, W_i, b_i, W_C, b_c, W_o, b_o, weight, bias = session.run(curriculum.trained_variables(session))
    data, _ = curriculum.random_sequences(3, 40, seed=[1])
    predictions, conveyors, gates = session.run(
        [network.prediction, network.conveyor, network.gates], {network.data: data}
    )
    h, Conveyor = np.zeros((24, 3)), np.zeros((24, 3))
    for step in range(40):
        x = np.concatenate([h, data[:, step].T])
        f, i, o = (1 / (1 + np.exp(-(W @ x + b))) for W, b in ((W_f, b_f), (W_i, b_i), (W_o, b_o)))
        candidate = np.tanh(W_C @ x + b_c)
        Conveyor = f * Conveyor + i * candidate
        h = o * np.tanh(Conveyor)
        for layer, here, there in zip(LAYERS, gates[:, step], (f, i, candidate, o), strict=True):
            assert np.abs(here - there).max() < 1e-4, f"{layer} differs after sign {step + 1}"
        assert np.abs(conveyors[step] - Conveyor).max() < 1e-3, f"the conveyor differs after sign {step + 1}"
        assert np.abs(predictions[:, step] - (weight.T @ h + bias)).max() < 1e-3, f"sum {step + 1} differs"


def test_sequence_in_slices_gives_every_bit_of_one_in_one_piece(trained):
    session, network = trained
    data, _ = curriculum.random_sequences(3, 40, seed=[3])
    fetches = [network.prediction, network.conveyor, network.gates]
    whole, _ = curriculum.advance(session, network, fetches, data)
    state, parts = None, []
    for start, end in ((0, 1), (1, 17), (17, 40)):
        part, state = curriculum.advance(session, network, fetches, data[:, start:end], state)
        parts.append(part)
    prediction, conveyor, gates = (
        np.concatenate(pieces, axis) for pieces, axis in zip(zip(*parts, strict=True), (1, 0, 1), strict=True)
    )
    assert [one.tobytes() for one in whole[:2]] == [prediction.tobytes(), conveyor.tobytes()]
    # The gates are computed for all signs at once: a processor may take the last ones of a slice one by one.
    np.testing.assert_allclose(gates, whole[2], rtol=0, atol=1e-6)


def test_sequences_go_on_from_one_update_to_the_next_until_they_end_or_are_lost(learns):
    session, network, learning = learns
    session.run(learning.initializer)
    curriculum.restore_weights(session, curriculum.CHECKPOINT)
    *_, weight, _ = curriculum.trained_variables(session)
    set_weights(session, {weight.op.name: 0.8 * session.run(weight)})  # it loses count when a sum is 3
    count = curriculum.SETTINGS["batch"]
    ends = np.arange(count) % 2 == 0
    signs, error, carried = np.zeros((count, 0, 3)), np.zeros(count), np.zeros(count, int)
    state = np.zeros((count, 24)), np.zeros((24, count))
    for length in (7, 11, 9):
        for here, there in zip(session.run(network.state), state, strict=True):
            assert (here == there).all()
        data, target = curriculum.random_sequences(count, length, [2, length])
        signs = np.concatenate([signs, data], axis=1)
        sums = sums_of(signs)[:, -length:]
        feed = dict(zip((network.data, network.target, learning.ends), (data, target, ends), strict=True))
        loss, prediction, state = session.run([learning.loss, network.prediction, network.next_state], feed)
        of_sums = prediction - sums
        of_steps = np.diff(of_sums, axis=1, prepend=error[:, np.newaxis])
        assert loss == pytest.approx(30 * huber(of_steps, 0.5) + 0.1 * huber(of_sums, 1), rel=1e-5)

        goes_on = ~ends & (np.abs(of_sums[:, -1]) < learning_module.LOST)
        assert 0 < goes_on.sum() < (~ends).sum() and sums[goes_on, -1].any(), "the test is to have some of each"
        session.run(learning.minimize, feed)
        signs = signs * goes_on[:, np.newaxis, np.newaxis]  # a 0 leaves the sum and the inversion as they are
        error, carried = np.where(goes_on, of_sums[:, -1], 0), np.where(goes_on, carried + 1, 0)
        state = np.where(goes_on[:, np.newaxis], state[0], 0), np.where(goes_on, state[1], 0)
    assert carried.max() == 3, "the test is to have one that never ended"


def huber(error, bend):
    """Return the mean of the squares' halves, of a line beyond `bend`."""
    size = np.abs(error)
    return np.where(size < bend, error**2 / 2, bend * size - bend**2 / 2).mean()


def sums_of(data):
    """Return the true sums after each sign, by the game's own rule."""
    return np.array([running_sums(decodeSequence(inputs.astype(int))) for inputs in data])


def test_soap_is_that_of_a_few_lines_of_numpy():
    with tf.Graph().as_default() as graph:
        tf.get_variable_scope().set_use_resource(False)
        gradient, step = tf.placeholder(tf.float32, [4, 4]), tf.placeholder(tf.int64, [])
        change, kept = soap.change(gradient, 0.1, step, 0.9)
        with tf.control_dependencies([change, *(value for _, value in kept)]):
            keep = tf.group(*(tf.assign(variable, value) for variable, value in kept))
        initializer = tf.global_variables_initializer()
    rows, columns, first, second = np.zeros((4, 4, 4))
    of_rows, of_columns = np.eye(4), np.eye(4)
    random = np.random.RandomState(7)
    with new_session(graph) as session:
        session.run(initializer)
        for done in range(1, 6):
            g = random.standard_normal((4, 4)) * 2.0 ** -np.arange(4)
            first = 0.9 * first + 0.1 * g
            rows, columns = 0.9 * rows + 0.1 * g @ g.T, 0.9 * columns + 0.1 * g.T @ g
            of_rows, of_columns = np.linalg.qr(rows @ of_rows)[0], np.linalg.qr(columns @ of_columns)[0]
            second = 0.9 * second + 0.1 * (of_rows.T @ g @ of_columns) ** 2
            m, v = of_rows.T @ first @ of_columns / (1 - 0.9**done), second / (1 - 0.9**done)
            expected = -0.1 * of_rows @ (m / np.sqrt(v)) @ of_columns.T
            got, _ = session.run([change, keep], {gradient: g, step: done - 1})
            assert got == pytest.approx(expected, abs=1e-3), f"update {done} differs"


def test_batches_are_right_grow_and_are_a_function_of_seed_and_step():
    stretch = curriculum.SETTINGS["stretch"]
    for step, is_whole in ((0, True), (900, False)):
        data, target, ends = curriculum.batch(DEFAULT_SEED, step, 1000)
        assert (sums_of(data) == target).all()
        assert ends.all() if is_whole else not ends.all() and data.shape[1] == stretch
    again = curriculum.batch(DEFAULT_SEED, 900, 1000)
    assert all((one == other).all() for one, other in zip((data, target, ends), again, strict=True))
    for seed, step in ((DEFAULT_SEED, 901), (DEFAULT_SEED + 1, 900)):
        assert curriculum.batch(seed, step, 1000)[1].tolist() != target.tolist()
    ends = np.mean([curriculum.batch(DEFAULT_SEED, step, 1000)[2] for step in range(400, 1000)])
    assert ends == pytest.approx(stretch / curriculum.SETTINGS["longest"], rel=0.2)


def weights(directory):
    """Return what a run left: its record without the stack, and every variable of its checkpoint, as bytes."""
    prefix, record = load_record(directory, CurriculumRecord)
    reader = tf.train.load_checkpoint(prefix)
    return record, {name: reader.get_tensor(name).tobytes() for name in reader.get_variable_to_shape_map()}


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    """The folder of a run of 30 updates in one piece."""
    folder = tmp_path_factory.mktemp("any_length") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curriculum, "REPORT_EVERY", 10)
        assert run("train-any-length", "--updates", 30, "--checkpoint", folder) == 0
    return folder


def test_run_that_was_stopped_and_went_on_has_every_bit_of_one_in_one_piece(short_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(curriculum, "REPORT_EVERY", 10)
    batches = curriculum.batches
    interruptions = {12: signal.SIGINT, 20: signal.SIGTERM}

    def interrupted_batches(graph_seed, done, updates):
        for step, batch in enumerate(batches(graph_seed, done, updates), done):
            yield batch
            if step in interruptions:
                signal.raise_signal(interruptions[step])

    monkeypatch.setattr(curriculum, "batches", interrupted_batches)
    for stopped_after in (13, 21):
        assert run("train-any-length", "--updates", 30, "--checkpoint", tmp_path) == 130
        assert f"stopped after {stopped_after} of 30 updates" in capsys.readouterr().err
    assert run("train-any-length", "--updates", 30, "--checkpoint", tmp_path) == 0
    assert "update 30 of 30" in capsys.readouterr().out
    assert weights(tmp_path) == weights(short_run)


def test_finished_run_is_left_as_it_is(short_run):
    before = {path.name: path.read_bytes() for path in short_run.iterdir()}
    assert run("train-any-length", "--updates", 30, "--checkpoint", short_run) == 0
    assert run("train-any-length", "--updates", 31, "--checkpoint", short_run) == 2
    assert {path.name: path.read_bytes() for path in short_run.iterdir()} == before


def test_projects_weights_are_those_of_its_record_and_small():
    record, variables = weights(curriculum.CHECKPOINT)
    assert record.done == record.updates and record.settings == curriculum.SETTINGS
    assert {name: hashlib.sha256(value).hexdigest() for name, value in variables.items()} == record.weights_sha256
    assert sum(path.stat().st_size for path in curriculum.CHECKPOINT.iterdir()) < 100_000


def test_projects_run_begins_as_its_record_says(tmp_path):
    _, record = load_record(curriculum.CHECKPOINT, CurriculumRecord)
    graph, network, learning = curriculum.new_learning(record.graph_seed, record.updates)
    with new_session(graph) as session:
        prefix, again = curriculum.run_in(tmp_path, record.graph_seed, record.updates)
        curriculum.begin(session, learning, prefix, again)
        curriculum.train(session, network, learning, again, tmp_path, is_stop_wanted=lambda: again.done == KEPT_LOSSES)
    # Another processor, measured: up to 2e-5 here, and 1.7e-3 in the end.
    assert again.first_losses[:40] == pytest.approx(record.first_losses[:40], rel=1e-4)
    assert again.first_losses == pytest.approx(record.first_losses, rel=1e-2)


def test_weights_by_hand_use_three_units_and_leave_the_others_at_nothing(made_by_hand):
    session, network = made_by_hand
    data, _ = curriculum.random_sequences(100, 30, seed=[4])
    conveyor = session.run(network.conveyor, {network.data: data})
    used = [by_hand.INVERSION, by_hand.CORRECTION, by_hand.COUNT]
    assert np.flatnonzero(np.abs(conveyor).max(axis=(0, 2))).tolist() == sorted(used)
    for variable, value in zip(curriculum.trained_variables(session), by_hand.weights().values(), strict=True):
        assert value.dtype == np.float32 and value.shape == tuple(variable.shape)
        assert np.isin(np.flatnonzero(value.any(axis=-1)), used).all()


@pytest.mark.parametrize("first", "+-0I")
def test_weights_by_hand_say_exactly_the_sum_after_every_sign_of_every_sequence_of_ten(made_by_hand, first):
    """What begins alike is asked once: four sequences go on from the state in which their common beginning ended."""
    session, network = made_by_hand
    sums, worth = np.zeros(1, int), np.ones(1, int)
    output, conveyor = np.zeros((1, 24)), np.zeros((24, 1))
    for signs in (first, *["+-0I"] * 9):
        sign = np.tile(list(signs), len(sums))
        data = np.stack([sign == "+", sign == "-", sign == "I"], axis=-1)[:, np.newaxis]
        state = np.repeat(output, len(signs), axis=0), np.repeat(conveyor, len(signs), axis=1)
        (prediction,), (output, conveyor) = curriculum.advance(session, network, [network.prediction], data, state)
        sums, worth = np.repeat(sums, len(signs)), np.repeat(worth, len(signs))
        sums, worth = sums + worth * data[:, 0].dot([1, -1, 0]), np.where(sign == "I", -worth, worth)
        assert (prediction[:, 0] == sums).all()
    assert len(sums) == 4**9


@pytest.mark.parametrize(
    ("signs", "count"),
    [
        *((signs, 1) for signs in ("+", "I", "+I-I0")),
        *(pytest.param(*one, marks=pytest.mark.long) for one in (("-", 1), ("I+", 1), ("+-", 1), (None, 100))),
    ],
)
def test_weights_by_hand_say_exactly_the_sum_at_twenty_thousand_signs(made_by_hand, signs, count):
    data, target = curriculum.random_sequences(count, 20000, seed=[5])
    if signs:
        data = encodeSequence(signs * (20000 // len(signs)))[np.newaxis]
        target = np.array([running_sums(signs * (20000 // len(signs)))])
    state = None
    for start in range(0, 20000, 5000):
        part = slice(start, start + 5000)
        (prediction,), state = curriculum.advance(*made_by_hand, [made_by_hand[1].prediction], data[:, part], state)
        assert (prediction == target[:, part]).all()


def state_by_hand(sums, inverted, last_sign):
    """Return what the three units must hold after `last_sign`, from what they are for, and nothing in the others."""
    conveyor = np.zeros((24, len(sums)))
    conveyor[by_hand.INVERSION] = by_hand.INVERTED * inverted
    # An I turned what followed it: it was itself read with the other worth.
    worth = np.where(inverted ^ (last_sign == "I"), -1, 1)
    missing = worth * np.select([last_sign == "+", last_sign == "-"], [0, -2], -1)
    conveyor[by_hand.CORRECTION] = by_hand.ONE * missing
    conveyor[by_hand.COUNT] = by_hand.ONE * (sums - missing)
    return conveyor.T.astype(np.float32), conveyor.astype(np.float32)  # every unit puts out what it holds


def test_weights_by_hand_go_from_each_state_to_the_next_whatever_came_before(made_by_hand):
    """What one step does depends on the state alone. So no length is too long, only a sum too large."""
    session, network = made_by_hand
    random = np.random.RandomState(6)
    ends = np.arange(by_hand.LARGEST_SUM - 100, by_hand.LARGEST_SUM - 1)
    sums = np.concatenate([ends, -ends, np.arange(-1000, 1000), random.randint(-(2**24) + 2, 2**24 - 2, size=100000)])
    last_sign, sign = random.choice(list("+-0I"), size=(2, len(sums)))
    inverted = random.randint(2, size=len(sums))
    data = np.array([encodeSequence(one) for one in sign])
    state = state_by_hand(sums, inverted, last_sign)
    (prediction,), (output, conveyor) = curriculum.advance(session, network, [network.prediction], data, state)
    next_sums = sums + np.where(inverted == 1, -1, 1) * (1 * (sign == "+") - (sign == "-"))
    _, next_conveyor = state_by_hand(next_sums, inverted ^ (sign == "I"), sign)
    assert (prediction[:, 0] == next_sums).all()
    assert (conveyor == next_conveyor).all() and (output == next_conveyor.T).all()


def test_weights_by_hand_end_where_float32_lacks_the_next_integer(made_by_hand):
    session, network = made_by_hand
    before = by_hand.LARGEST_SUM - 5
    state = state_by_hand(np.array([before]), np.array([0]), np.array(["+"]))
    (prediction,), _ = curriculum.advance(session, network, [network.prediction], [encodeSequence("+" * 8)], state)
    is_right = prediction[0].astype(int) == before + 1 + np.arange(8)
    assert is_right.tolist() == [True] * 5 + [False] * 3


def test_projects_network_is_right_at_every_step_of_every_sequence_up_to_eight_signs(trained):
    assert curriculum.is_right(*trained, *curriculum.every_sequence(8)).all()


@pytest.mark.parametrize(("length", "share"), [(20, 1), (200, 0.9999), (500, 0.999), (1000, 0.99)])
def test_projects_network_is_right_on_sequences_it_never_saw(trained, length, share):
    right = curriculum.is_right(
        *trained, *curriculum.random_sequences(1000, length, [curriculum.HELD_OUT, length])
    ).mean()
    assert right >= share, f"{right:.4%} of the sums are right"


@pytest.mark.parametrize("sequence", ["+-I0+", "-", "--", "-I--+0", "I" * 60])
def test_play_shows_each_sign_with_the_true_sum_the_networks_and_its_gates(sequence, capsys):
    assert run("play", sequence, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    steps = json.loads(line)["steps"]
    assert "".join(step["sign"] for step in steps) == sequence
    assert [step["sum"] for step in steps] == running_sums(sequence)
    assert [round(step["network"]) for step in steps] == running_sums(sequence)
    for step in steps:
        assert list(step["gates"]) == list(LAYERS) and all(0 <= value <= 1 for value in step["gates"].values())
    assert run("play", sequence) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line[0] for line in lines] == list(sequence)
    assert [int(line.split()[2]) for line in lines] == running_sums(sequence)


def test_play_says_where_a_network_is_wrong(short_run, capsys):
    assert run("play", "+++++", "--checkpoint", short_run) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[3] == "wrong"


def test_play_goes_on_after_bad_lines_until_the_input_ends(monkeypatch, capsys):
    lines = [b"+-I", b"", b" --\r", b"+x", b"\xff+", b"0" * (SLICE + 1), b"0" * SLICE]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines)), encoding="utf-8"))
    assert run("play", "--json") == 0
    output, errors = capsys.readouterr()
    assert [len(json.loads(line)["steps"]) for line in output.splitlines()] == [3, 2, SLICE + 1, SLICE]
    for error, expected in zip(
        errors.splitlines(),
        (
            "an empty sequence: give one or more of the signs + - 0 I",
            "sign 2 of the sequence is 'x': allowed are + - 0 I",
            "sign 1 of the sequence is",
        ),
        strict=True,
    ):
        assert expected in error


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_play_of_weights_by_hand_says_the_sum(option, capsys):
    sequence = "+-I++0" * SLICE
    assert run("play", sequence, "--weights", "hand", *option) == 0
    lines = capsys.readouterr().out.splitlines()
    if option:
        steps = json.loads(lines[0])["steps"]
        assert [step["network"] for step in steps] == [step["sum"] for step in steps] == running_sums(sequence)
    else:
        assert [int(line.split()[2]) for line in lines[1:]] == running_sums(sequence)
        assert not any("wrong" in line for line in lines)


def test_play_takes_what_comes_and_keeps_nothing_of_what_was(made_by_hand):
    taken = []

    def pieces():
        for piece in repeat("I+-+" * SLICE):
            taken.append(len(piece))
            yield piece

    for step in islice(play(*made_by_hand, pieces()), 10 * SLICE):
        assert step["network"] == step["sum"]
    assert sum(taken) == 12 * SLICE, "it reads ahead"


def test_play_answers_each_sign_of_a_stream_as_it_comes():
    command = [sys.executable, "-m", "compat_v1", "play", "-", "--weights", "hand", "--json"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with forked.Popen(command, **pipes) as process:
        for piece, sums in ((b"+", [1]), (b"I+\n+", [1, 0, -1]), (b"\r\n-", [0])):
            process.stdin.write(piece)
            process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for _ in sums]  # or it waits for ever
            assert [answer["sum"] for answer in answers] == [answer["network"] for answer in answers] == sums
        assert process.communicate() == (b"", b"") and process.returncode == 0


@pytest.mark.parametrize(
    ("given", "answers", "message"),
    [
        (b"++\n+x+", 3, "sign 4 of the sequence is 'x': allowed are + - 0 I"),
        (b"++\xff", 2, "sign 3 of the sequence is '\ufffd': allowed are + - 0 I"),
        (b"+" * SLICE + b"++ +", SLICE + 2, f"sign {SLICE + 3} of the sequence is ' ': allowed are + - 0 I"),
        (b"+\xc3", 1, "sign 2 of the sequence is '\ufffd'"),
        (b"\n", 0, "an empty sequence: give one or more of the signs + - 0 I"),
    ],
)
def test_stream_ends_with_a_clear_error_and_status_2_at_what_is_no_sign(given, answers, message, monkeypatch, capsys):
    read_end, write_end = os.pipe()
    os.write(write_end, given)  # all of it fits in
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        assert run("play", "-", "--weights", "hand") == 2
    output, error = capsys.readouterr()
    assert len(output.splitlines()) == 1 + answers
    assert message in error and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["play", "+-x"], "sign 3 of the sequence is 'x': allowed are + - 0 I"),
        (["play", ""], "an empty sequence: give one or more of the signs + - 0 I"),
        (["play", "+", "--weights", "hand", "--checkpoint", "x"], "not allowed with argument"),
        (["play", "+", "--checkpoint", "no-such"], "no-such holds no checkpoint"),
        (["play", "--checkpoint", "no-such"], "no-such holds no checkpoint"),
        (["predict", "++++++", "--checkpoint", curriculum.CHECKPOINT], "holds a network for any length: play asks it"),
        (["train-any-length"], "required: --checkpoint"),
        (["train-any-length", "--checkpoint", __file__], "a folder that can be written to is needed: File exists"),
        (["train-any-length", "--checkpoint", "x", "--updates", "0"], "'0': integers from 1 to 10000000 are allowed"),
        (["train-any-length", "--checkpoint", curriculum.CHECKPOINT, "--seed", "1"], "holds a run whose graph_seed is"),
    ],
)
def test_bad_input_gets_a_clear_error_and_status_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    output, error = capsys.readouterr()
    assert not output and message in error and "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_broken_checkpoint_is_refused(short_run, tmp_path, capsys):
    for path in short_run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 100 if "data" in path.name else None])
    for command in (["play", "+"], ["train-any-length", "--updates", 30]):
        assert run(*command, "--checkpoint", tmp_path) == 2
        assert "is broken" in capsys.readouterr().err
