"""Trains the handmade network again and again in one process: one graph and one session, other weights each time.

The graph is the one that the fast execution runs, so that a run's every bit is that of `train` with its seed.
"""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1 import __version__
from compat_v1.any_length import network as any_length
from compat_v1.data_generator import encodeSequence, sums
from compat_v1.environment import onednn
from compat_v1.graph import SEQUENCE_LENGTH
from compat_v1.original.record_format import DEFAULT_SEED, MEASURED_SEQUENCE, exactly
from compat_v1.records import this_stack
from compat_v1.study.published import fits
from compat_v1.study.runs import (
    FORMAT,
    GOAL,
    LONGEST,
    QUARTER,
    SETTLED,
    WHOLE,
    Lines,
    LinesResult,
    Result,
    Run,
    Start,
    lines,
)
from compat_v1.study.weights import initial_weights
from compat_v1.training import (
    OP_SEEDS,
    Data,
    load_data,
    new_network,
    new_session,
    new_unrolled_session,
    predict,
    set_weights,
    variables,
)

ASKED = 1000  # sequences that a trained network is asked at each length
_one_at_a_time = threading.Lock()  # a Dask worker has threads, and an engine one state


class Part(Data):
    """`Data` of which the first `examples` are trained on; the first quarter is never tested on."""

    examples = QUARTER

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """What is trained on, (inputs, outputs)."""
        return self.inputs[: self.examples], self.outputs[: self.examples]

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """What is tested on, (inputs, outputs)."""
        first = max(self.examples, QUARTER)
        return self.inputs[first:], self.outputs[first:]


class Engine:
    """The post's network in a session, which `begin` gives its weights; one thread, as processes share the cores."""

    def __init__(self, examples: int, draw: int) -> None:
        self.data = Part(*load_data(SEQUENCE_LENGTH, draw))
        self.data.examples = examples
        graph, self._network = new_network(DEFAULT_SEED)
        self._session = new_session(graph, inter_op_threads=1)
        self._session.run(self._network.initializer)
        self._fresh = variables(self._session)
        session, test, train = new_unrolled_session(self._session, self._network, self.data, inter_op_threads=1)
        self._unrolled = session
        self._measure, self.update = session.make_callable(test), session.make_callable(train[-1])
        self._measure_and_update = session.make_callable(train)
        assigns = [session.graph.get_operation_by_name(f"{name}/Assign") for name in self._fresh]
        self._assign = session.make_callable(assigns, [assign.inputs[1] for assign in assigns])

    def begin(self, weights: Mapping[str, np.ndarray]) -> None:
        """Start anew from these variables, {op name: array}, and for all others from the post's."""
        self._assign(*({**self._fresh, **weights}).values())

    def measure(self) -> tuple[int, float]:
        """Return how many of the test set are wrong, and the sum of its squared errors."""
        _, error, squared_error = self._measure()
        return round(float(error) * len(self.data.test[1])), exactly(squared_error)

    def measure_and_update(self) -> int:
        """Return how many of the training set are wrong, and do an update."""
        return round(float(self._measure_and_update()[1]) * len(self.data.train[1]))

    def variables(self) -> dict[str, np.ndarray]:
        """Return all variables, Adam's included, {op name: array}."""
        return variables(self._unrolled)

    def predict(self, sequence: str) -> float:
        """Return the answer to six signs."""
        set_weights(self._session, self.variables())
        return exactly(predict(self._session, self._network, sequence))


@lru_cache(maxsize=2)
def engine(examples: int, draw: int) -> Engine:
    """Return this process's `Engine` for so many examples of a draw."""
    return Engine(examples, draw)


def execute(task: Run | Lines) -> Result | LinesResult:
    """Do a run in this process and return its result."""
    with _one_at_a_time:
        if isinstance(task, Lines):
            return published_lines(task)
        if task.program == "keras":
            from compat_v1.study.keras_runs import train_keras

            return train_keras(task)
        return train(task)


def about(task: Run | Lines) -> dict[str, Any]:
    """Return what every result says of itself."""
    return {"format": FORMAT, "package": __version__, "stack": this_stack(tf.VERSION, onednn()), "run": task}


def train(run: Run) -> Result:
    """Train the handmade network."""
    begin, network = time.process_time(), engine(run.examples, run.draw)
    weights = initial_weights(run)
    network.begin(weights)
    initial = network.variables()
    test_wrong, squared_error, train_wrong = [], [], []
    epoch = 0
    for epoch in lines(run.epochs):
        last = epoch - (20 if epoch <= WHOLE else 200)
        for _ in range(last, epoch - 2):
            network.update()
        train_wrong.append(network.measure_and_update())  # at the epoch before: at this one the post measures a test
        wrong, squared = network.measure()
        test_wrong.append(wrong)
        squared_error.append(squared)
        network.update()
        if epoch > WHOLE and is_settled(test_wrong, epoch, run):
            break
    final = network.variables()
    return Result(
        **about(run),
        epochs=epoch,
        test_wrong=test_wrong,
        squared_error=squared_error,
        train_wrong=train_wrong,
        prediction=network.predict(MEASURED_SEQUENCE),
        initial_sha256=variables_sha256(initial),
        final_sha256=variables_sha256(final),
        start=start_of(initial, network.data.train[0]),
        wrong_by_length=wrong_by_length(final),
        seconds=round(time.process_time() - begin, 3),
    )


def is_settled(test_wrong: list[int], epoch: int, run: Run) -> bool:
    """Return whether the test error has stayed under `GOAL` for `SETTLED` epochs at this epoch of the run."""
    late = [wrong for wrong, line in zip(test_wrong, lines(epoch), strict=True) if line > epoch - SETTLED]
    return max(late) < GOAL * run.tests


def variables_sha256(values: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of variables' bytes, one after the other in the order of their names, in hex."""
    return hashlib.sha256(b"".join(values[name].tobytes() for name in sorted(values))).hexdigest()


def published_lines(task: Lines) -> LinesResult:
    """Measure the post's lines for each seed of the task."""
    begin, network = time.process_time(), engine(QUARTER, task.draw)
    seeds = range(task.first, task.first + task.count)
    measured = [list(_lines_of(network, seed, task.search)) for seed in seeds]
    return LinesResult(**about(task), lines=measured, seconds=round(time.process_time() - begin, 3))


def _lines_of(network: Engine, seed: int, search: bool) -> Iterator[tuple[int, float]]:
    network.begin(initial_weights(Run(seed=seed)))
    for epoch in (20, 40, 60):
        for _ in range(19 if epoch == 20 else 20):
            network.update()
        line = network.measure()
        yield line
        if search and not fits(epoch, *line):
            return


@lru_cache(maxsize=1)
def _any_length_network() -> tuple[Any, Any]:
    """Return (session, network) that says the gates and the answer after every sign."""
    with tf.Graph().as_default() as graph:
        network = any_length.build_graph(OP_SEEDS)
    return new_session(graph, inter_op_threads=1), network


def _of_cell(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in values.items() if "/" not in name and name.startswith("Variable")}


def start_of(values: Mapping[str, np.ndarray], inputs: np.ndarray) -> Start:
    """Return what the cell of these variables holds after the last sign of `inputs`, float32 (batch, 6, 3)."""
    session, network = _any_length_network()
    set_weights(session, _of_cell(values))
    gates, conveyors = session.run((network.gates, network.conveyor), {network.data: inputs})
    forget, input_gate, candidate, output_gate = gates[:, -1]  # (24, batch) each
    conveyor = conveyors[-1]
    output = output_gate * np.tanh(conveyor)
    means = {
        "forget": forget,
        "input": input_gate,
        "output_gate": output_gate,
        "candidate": np.abs(candidate),
        "conveyor": np.abs(conveyor),
        "output": np.abs(output),
        "conveyor_spread": conveyor.std(axis=1),
        "output_spread": output.std(axis=1),
    }
    return Start(**{name: float(f"{value.mean(dtype=np.float64):.6g}") for name, value in means.items()})


@lru_cache(maxsize=1)
def _long_sequences() -> tuple[np.ndarray, np.ndarray]:
    """Return random sequences, float32 (`ASKED`, `LONGEST`, 3), and the sums after each sign; always the same."""
    signs = np.random.RandomState(0).randint(4, size=(ASKED, LONGEST))
    inputs = encodeSequence("I0+-")[signs]
    return inputs.astype(np.float32), sums(inputs).astype(np.float32)


def wrong_by_length(values: Mapping[str, np.ndarray]) -> list[float]:
    """Return the share of random sequences that the network of these variables gets wrong, at each length."""
    session, network = _any_length_network()
    set_weights(session, _of_cell(values))
    inputs, outputs = _long_sequences()
    right = session.run(network.right, {network.data: inputs, network.target: outputs})  # (ASKED, LONGEST)
    return [round(float(share), 6) for share in 1 - right.mean(axis=0)]
