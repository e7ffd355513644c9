"""The port against the original: every bit of the original's own graph, and the printed digits of TensorFlow 1.0.1."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from compat_v1.graph import build_cell
from compat_v1.logs import PARTS, latest_run
from compat_v1.proof.distance import MARGIN, distance, distance_of_the_old_stacks
from compat_v1.proof.explain import restore_old_weights
from compat_v1.proof.golden import OLD_STACKS, golden, golden_arrays, golden_runs
from compat_v1.proof.original_graph import original_network
from compat_v1.proof.what_ran import WEIGHT_BOUND
from compat_v1.records import read_record, series_names
from compat_v1.training import EPOCHS, fast_execution, feeds, load_data, new_network, new_session, post_execution
from data_generator import encodeSequence
from original.probes import probe
from original.record_format import DEFAULT_SEED, HORIZON
from trained_runs import assert_every_bit_equal, run, trained, trained_port

# Measured between TensorFlow 1.0.1 and 2.21 with the same weights: activations differ by up to 7e-7, gradients by up
# to 1e-4 of their largest entry (after 300 updates, where large terms cancel).
ACTIVATION_BOUND = 5e-6
GRADIENT_BOUND = 5e-4


@pytest.mark.parametrize(
    ("graph_seed", "draw", "epochs"),
    [(2, 5, 100), *(pytest.param(*one, 400, marks=pytest.mark.long) for one in ((1, 1), (2, 5), (3, 1)))],
)
def test_port_as_fast_as_it_is_equals_the_original_graph_as_the_post_runs_it_in_every_bit(graph_seed, draw, epochs):
    """Two equalities in one: of the port with the graph that TensorFlow 1.0.1 wrote, and of the two executions."""
    data = load_data(6, draw)
    port = trained_port(data, draw, epochs, graph_seed, execution=fast_execution)
    original = trained(*original_network(graph_seed), data, draw, epochs, execution=post_execution)
    assert_every_bit_equal(port, original)
    assert len(port.variables) == 33


@pytest.fixture(params=[200, pytest.param(EPOCHS, marks=pytest.mark.long)])
def run_of_epochs(request, tmp_path):
    """(the folder of a run of the command line, as `whole_run` is one; how many epochs it has)"""
    if request.param == EPOCHS:
        return request.getfixturevalue("whole_run"), EPOCHS
    options = ["--epochs", request.param, "--record", tmp_path / "record.json", "--logdir", tmp_path / "logs"]
    assert run("train", *options) == 0
    return tmp_path, request.param


def test_run_equals_the_original_graph_as_the_post_runs_it_in_every_bit_that_is_kept_of_it(run_of_epochs, data):
    """The same of what the command line keeps: the record and the logs."""
    folder, epochs = run_of_epochs
    port = read_record(folder / "record.json")
    network = original_network(DEFAULT_SEED)
    original = trained(*network, data, 1, epochs, execution=post_execution, inter_op_threads=1)
    assert (port.execution, port.epochs, len(port.variables_sha256)) == ("fast", epochs, 33)
    for part, field in series_names():
        assert port.series(part, field) == original.record.series(part, field), f"{part} {field} differs"
    assert port.prediction == original.record.prediction
    assert port.initial_variables_sha256 == original.record.initial_variables_sha256
    assert port.variables_sha256 == original.record.variables_sha256
    assert logged_summaries(latest_run(folder / "logs")) == original.summaries


@pytest.mark.long  # in `make test`, selfmade_lstm.ipynb does the same
def test_all_epochs_are_as_near_to_those_of_tensorflow_1_0_1_as_the_verdict_allows(whole_run):
    distances = distance(read_record(whole_run / "record.json"), golden("1.0.1", DEFAULT_SEED, 1))
    for here, bound in zip(distances, distance_of_the_old_stacks(), strict=True):
        assert 0 < here <= MARGIN * bound


def logged_summaries(folder):
    """Return the serialized summaries of a run's logs, in the order of its epochs."""
    events = [
        tf.Event.FromString(event)
        for part in PARTS
        for path in (folder / part).iterdir()
        for event in RawEventFileLoader(str(path)).Load()
    ]
    logged = sorted((event for event in events if event.HasField("summary")), key=lambda event: event.step)
    return [event.summary.SerializeToString() for event in logged]


@pytest.mark.parametrize(("graph_seed", "draw"), golden_runs())
def test_port_prints_the_lines_of_tensorflow_1_through_the_horizon(graph_seed, draw):
    record = trained_port(load_data(6, draw), draw, HORIZON, graph_seed).record
    here, there = record.printed_lines(), golden("1.0.1", graph_seed, draw).printed_lines()
    for epoch in range(20, HORIZON + 1, 20):
        assert here[epoch] == there[epoch]


@pytest.mark.parametrize("graph_seed", sorted({seed for seed, _ in golden_runs()}))
def test_port_draws_the_initial_weights_of_tensorflow_1(graph_seed):
    expected = golden_arrays("1.0.1", f"seed{graph_seed}_draw1_initial_weights")
    graph, network = new_network(graph_seed)
    with new_session(graph) as session:
        session.run(network.initializer)
        for name, value in expected.items():
            drawn = session.run(f"{name}:0")
            assert np.abs(drawn - value).max() <= WEIGHT_BOUND, f"{name} was drawn otherwise"


@pytest.mark.parametrize("version", OLD_STACKS)
@pytest.mark.parametrize("updates", [0, 300])
def test_every_layer_and_gradient_is_that_of_the_old_stack(version, updates, data):
    expected = golden_arrays(version, f"probes_after_{updates}_updates")
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        restore_old_weights(session, network, version, updates)
        probes = probe(tf, build_cell, encodeSequence, session, feeds(network, data)[0])
    assert len(probes) == 6 * 6 + 10
    for name, value in probes.items():  # in the order of computation
        distance = np.abs(value - expected[name]).max()
        if name.startswith("gradient/"):
            distance, bound = distance / np.abs(expected[name]).max(), GRADIENT_BOUND
        else:
            bound = ACTIVATION_BOUND
        assert distance <= bound, f"{name} is the first that differs, by {distance}"


@pytest.mark.parametrize("version", OLD_STACKS)
@pytest.mark.parametrize("updates", [0, 300])
def test_weights_of_the_old_stack_give_its_test_error_and_squared_error(version, updates, data):
    expected = golden_arrays(version, f"probes_after_{updates}_updates")
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        restore_old_weights(session, network, version, updates)
        error, squared_error = session.run([network.error, network.mean_square_error], feeds(network, data)[1])
    assert error == expected["test/error"]
    # A sum of 3072 squares, which two TensorFlows add up in another order: measured, 3 units in the last place.
    assert squared_error == pytest.approx(expected["test/squared_error"], rel=1e-6)
