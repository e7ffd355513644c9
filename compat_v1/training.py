"""Train a network as the post does: measure first, then update, 4000 times.

Works alike on the port's graph and on the original's (`proof/original_graph.py`): nothing here knows which it has.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.data_generator import LONGEST, encodeSequence, getSequences, memory
from compat_v1.graph import LSTM_SIZE, SEQUENCE_LENGTH, Network, build_graph
from compat_v1.unrolled import import_unrolled, optimized_graph

OP_SEEDS = (13, 30, 43, 56, 160)  # what TensorFlow 1.0.1 derives; today's would derive 0 to 4 and draw other weights
EPOCHS = 4000
BYTES_A_SIGN = 450  # that training takes for each sign of all sequences, measured at 8 and 9: docs/benchmarks.md


class Data(NamedTuple):
    """All sequences as float32, (4**n, n, 3), with their answers, (4**n,), and the two parts of them."""

    inputs: np.ndarray
    outputs: np.ndarray

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """The first quarter, (inputs, outputs)."""
        return self.inputs[: len(self.inputs) // 4], self.outputs[: len(self.inputs) // 4]

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """The other three, (inputs, outputs)."""
        return self.inputs[len(self.inputs) // 4 :], self.outputs[len(self.inputs) // 4 :]


class Measurement(NamedTuple):
    """What one epoch saw before its update; `squared_error` is None on the training set, as in the post."""

    epoch: int  # counted from 1
    part: str  # "test" or "train"
    summary: bytes
    error: np.float32
    squared_error: np.float32 | None


Measurements = Generator[Measurement, None, None]


def load_data(sequence_length: int, draw: int) -> Data:
    """Return `Data`; `ValueError` as `data_generator.getSequences`, and for more than this machine can train on."""
    if sequence_length in range(1, LONGEST + 1):  # the generator says what is wrong with others
        needed, available = 4**sequence_length * sequence_length * BYTES_A_SIGN, memory()
        if needed > available:
            raise ValueError(
                f"sequence_length {sequence_length} makes 4**{sequence_length} sequences: to train on all at once, as"
                f" the post does, takes about {needed >> 30} GiB of this machine's {available >> 30}; choose a smaller"
                " length"
            )
    inputs, outputs = getSequences(sequence_length, draw=draw)
    return Data(inputs.astype(np.float32), outputs.astype(np.float32))


def new_network(
    graph_seed: int,
    sequence_length: int = SEQUENCE_LENGTH,
    op_seeds: Sequence[int | None] = OP_SEEDS,
    lstm_size: int = LSTM_SIZE,
) -> tuple[Any, Network]:
    """Build the port's graph in a `tf.Graph` of its own and return (graph, network)."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(graph_seed)
        return graph, build_graph(op_seeds, sequence_length, lstm_size)


def new_session(
    graph: Any, inter_op_threads: int = 2, intra_op_threads: int = 1, optimizers: Sequence[str] = ()
) -> Any:
    """Open a session on the CPU, where the original ran; `optimizers` names TensorFlow's graph optimizers, () all.

    The matrices are so small that a kernel on two threads only waits for itself; two kernels side by side do help.
    The thread counts change no bit.
    """
    config = tf.ConfigProto(
        device_count={"GPU": 0},
        inter_op_parallelism_threads=inter_op_threads,
        intra_op_parallelism_threads=intra_op_threads,
        use_per_session_threads=True,  # or the first session of a process decides for all
    )
    config.graph_options.rewrite_options.optimizers.extend(optimizers)
    return tf.Session(graph=graph, config=config)


def feeds(network: Network, data: Data) -> list[dict[Any, np.ndarray]]:
    """Return what a session is fed with to run the network on the training set, and on the test set."""
    return [dict(zip((network.data, network.target), part, strict=True)) for part in (data.train, data.test)]


def fetches(network: Network) -> tuple[list[Any], list[Any]]:
    """Return what measures on the test set, summaries, error and squared error, and what measures and updates on the
    training set, summaries, error and `minimize`.
    """
    to_measure = [network.summaries, network.error, network.mean_square_error]
    return to_measure, [network.summaries, network.error, network.minimize]


def post_execution(session: Any, network: Network, data: Data, epochs: int) -> Measurements:
    """Train as the post's code does, with two runs an epoch; yield each epoch's `Measurement` after its update."""
    train_feed, test_feed = feeds(network, data)
    for i in range(epochs):
        if (i + 1) % 20 == 0:
            summary, error, squared_error = session.run(
                [network.summaries, network.error, network.mean_square_error], test_feed
            )
            measurement = Measurement(i + 1, "test", summary, error, squared_error)
        else:
            summary, error = session.run([network.summaries, network.error], train_feed)
            measurement = Measurement(i + 1, "train", summary, error, None)
        session.run(network.minimize, train_feed)
        yield measurement


def one_run_execution(session: Any, network: Network, data: Data, epochs: int) -> Measurements:
    """Train as `post_execution`, bit for bit, with one run an epoch, two in every twentieth.

    One run measures on the training set and updates. The measurement still sees the weights from before the update:
    summaries and error are made from `prediction` and the loss, and so are the gradients, so that every weight has been
    read for them before the optimizer has anything to apply.
    """
    train_feed, test_feed = feeds(network, data)
    test_fetches, train_fetches = fetches(network)
    measure = partial(session.run, test_fetches, test_feed)
    measure_and_update = partial(session.run, train_fetches, train_feed)
    yield from _one_run_an_epoch(measure, measure_and_update, epochs)


def fast_execution(session: Any, network: Network, data: Data, epochs: int, **threads: int) -> Measurements:
    """Train as `one_run_execution`, on the graph unrolled: in a third of the post's time, every measurement bit-equal.

    That graph runs in a session of its own with `threads` as `new_session` takes them. `session` keeps the variables
    from before until the execution has ended or is closed, and is given the trained ones then.
    """
    unrolled_session, test_fetches, train_fetches = new_unrolled_session(session, network, data, **threads)
    with closing(unrolled_session):
        measure = unrolled_session.make_callable(test_fetches)
        measure_and_update = unrolled_session.make_callable(train_fetches)
        try:
            yield from _one_run_an_epoch(measure, measure_and_update, epochs)
        finally:
            set_weights(session, variables(unrolled_session))


def _one_run_an_epoch(measure: Callable[[], Any], measure_and_update: Callable[[], Any], epochs: int) -> Measurements:
    for i in range(epochs):
        if (i + 1) % 20 == 0:
            measurement = Measurement(i + 1, "test", *measure())
            measure_and_update()  # not the update alone: TensorFlow would prepare one graph more
        else:
            summary, error, _ = measure_and_update()
            measurement = Measurement(i + 1, "train", summary, error, None)
        yield measurement


def new_unrolled_session(
    session: Any, network: Network, data: Data, **threads: int
) -> tuple[Any, list[Any], list[Any]]:
    """Open a session on the network unrolled, see `unrolled.py`, with the data in it and the variables of `session`.

    Return it with what stands there for `fetches(network)`.
    """
    runs = list(zip(fetches(network), reversed(feeds(network, data)), strict=True))
    before, steps = variables(session), data.inputs.shape[1]
    with ThreadPoolExecutor(len(runs)) as pool, tf.Graph().as_default() as graph:  # its C++ leaves Python to others
        optimized = [pool.submit(optimized_graph, session, *run) for run in runs]
        try:
            unrolled = [tf.Variable(value, name=name, use_resource=False) for name, value in before.items()]
            initializer = tf.variables_initializer(unrolled)
        finally:
            wait(optimized)
            restored = pool.submit(set_weights, session, before)  # one of them has run an update
        test_fetches, train_fetches = (
            import_unrolled(one.result(), *run, steps) for one, run in zip(optimized, runs, strict=True)
        )
        restored.result()
    # Not TensorFlow's arithmetic optimizer: outside a loop it forms the sum of a weight's gradients in another order.
    # Pruning first, or the others work through the whole graph for whatever part of it is run.
    unrolled_session = new_session(graph, **threads, optimizers=["pruning", "constfold", "dependency"])
    unrolled_session.run(initializer)
    return unrolled_session, test_fetches, train_fetches


Execution = Callable[..., Measurements]
EXECUTIONS: dict[str, Execution] = {
    "fast": fast_execution,
    "one-run": one_run_execution,
    "post": post_execution,
}


def predict(session: Any, network: Network, sequence: str) -> np.float32:
    """Return the answer of the network, a float32, to a string of as many signs as it was built for."""
    return session.run(network.prediction, {network.data: encodeSequence(sequence)[np.newaxis]})[0, 0]


def variables(session: Any) -> dict[str, np.ndarray]:
    """Return all variables of the session's graph, Adam's included, {op name: float32 array}."""
    tensors = {op.name: op.outputs[0] for op in session.graph.get_operations() if op.type == "VariableV2"}
    return session.run(tensors)


def set_weights(session: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Give variables of the session's graph, {op name: array}, the values; the graph stays as it is."""
    assigns = {session.graph.get_operation_by_name(f"{name}/Assign"): value for name, value in weights.items()}
    session.run(list(assigns), {assign.inputs[1]: value for assign, value in assigns.items()})
