"""Training is deterministic, and what makes it fast changes no bit."""

from contextlib import closing
from functools import partial

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.proof.original_graph import original_network
from compat_v1.training import EXECUTIONS, load_data, new_network, new_session, variables
from original.record_format import DEFAULT_SEED
from trained_runs import assert_every_bit_equal, trained, trained_port


@pytest.fixture(scope="module")
def port():
    return new_network(1)


@pytest.fixture(scope="module")
def fast_run(port, data):
    return trained(*port, data, 1, epochs=200)


def test_two_runs_are_bit_equal(data, fast_run):
    assert_every_bit_equal(fast_run, trained_port(data, epochs=200))


@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.long), 2])
@pytest.mark.parametrize(
    "execution", ["fast", *(pytest.param(one, marks=pytest.mark.long) for one in ("one-run", "post"))]
)
def test_number_of_threads_changes_no_bit(port, data, fast_run, execution, threads):
    threads = {"inter_op_threads": threads, "intra_op_threads": threads}
    here = partial(EXECUTIONS["fast"], **threads) if execution == "fast" else EXECUTIONS[execution]
    assert_every_bit_equal(fast_run, trained(*port, data, 1, 200, here, **threads))


@pytest.mark.long  # in `make test`, above: with other threads
@pytest.mark.parametrize("execution", ["one-run", "post"])
def test_executions_are_bit_equal(port, data, fast_run, execution):
    assert_every_bit_equal(fast_run, trained(*port, data, 1, 200, EXECUTIONS[execution]))


def assert_executions_are_bit_equal(network, data, epochs):
    post, *others = (trained(*network, data, 1, epochs, EXECUTIONS[name]) for name in ("post", "one-run", "fast"))
    for other in others:
        assert_every_bit_equal(post, other)


@pytest.mark.long  # in `make test`, test_golden.py: with more epochs
def test_executions_are_bit_equal_for_the_graph_of_tensorflow_1_too(data):
    assert_executions_are_bit_equal(original_network(1), data, epochs=40)


@pytest.mark.parametrize(
    ("length", "units"),
    [(4, 24), (4, 2), *(pytest.param(*one, marks=pytest.mark.long) for one in ((1, 24), (7, 24), (4, 48)))],
)
def test_executions_are_bit_equal_for_other_lengths_and_sizes(length, units):
    assert_executions_are_bit_equal(new_network(1, length, lstm_size=units), load_data(length, 1), epochs=20)


def test_session_has_the_trained_variables_when_the_fast_execution_is_closed(port, data):
    graph, network = port
    with new_session(graph) as session:
        session.run(network.initializer)
        with closing(EXECUTIONS["fast"](session, network, data, 40)) as measurements:
            for _ in range(20):
                next(measurements)
                assert tf.get_default_graph() is graph
        here = variables(session)
    for name, value in trained(graph, network, data, 1, 20).variables.items():
        assert here[name].tobytes() == value.tobytes(), name


@pytest.mark.parametrize("execution", EXECUTIONS.values())
def test_line_of_epoch_20_describes_the_network_after_19_updates(data, execution):
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        session.run(network.initializer)
        measurements = list(execution(session, network, data, 20))
    with new_session(graph) as session:
        session.run(network.initializer)
        for _ in range(19):
            session.run(network.minimize, dict(zip((network.data, network.target), data.train, strict=True)))
        expected = session.run(
            [network.summaries, network.error, network.mean_square_error],
            dict(zip((network.data, network.target), data.test, strict=True)),
        )
    assert [measurement.part for measurement in measurements] == ["train"] * 19 + ["test"]
    assert list(measurements[-1][2:]) == expected


def test_another_seed_gives_another_run(data, fast_run):
    assert trained_port(data, graph_seed=2).record.test.squared_error[0] != fast_run.record.test.squared_error[0]
