"""Train the network of `network.py` on random sequences that become long, and measure how often it is right.

A run is a function of its seed and its number of updates: it can be stopped after any update and gone on with later,
and ends with the bits that it would have had. Nothing here knows the cell.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.any_length.learning import Learning, build_learning
from compat_v1.any_length.network import Network, build_graph
from compat_v1.any_length.record import KEPT_LOSSES, CurriculumRecord, Measured
from compat_v1.checkpoints import find_checkpoint, load_record, restore, save_checkpoint
from compat_v1.data_generator import SIGNS, encodeSequence, getSequences, sums
from compat_v1.environment import onednn
from compat_v1.original.record_format import exactly
from compat_v1.records import this_stack
from compat_v1.training import OP_SEEDS

CHECKPOINT = Path(__file__).parent / "checkpoint"  # the project's: a finished run, see docs/any_length.md
SETTINGS: dict[str, Any] = {
    "batch": 64,  # sequences
    "stretch": 20,  # signs of each that an update sees
    "shortest": 10,  # signs of a whole sequence, in the first updates
    "longest": 1000,  # likewise in the last ones: in the mean, for a sequence ends by chance
    "growth": 0.3,  # the share of the updates in which the one becomes the other
    "uneven": 0.5,  # the share of a batch's sequences that favour a sign
    "favours": 5,  # updates that a sequence favours the same one
    "learning_rate": 0.03,  # at its highest
    "last_learning_rate": 1e-5,
    "warm_up": 500,  # updates, in which the rate rises to its highest
}
REPORT_EVERY = 1000  # updates
HELD_OUT = 2017  # the seed of the sequences that measure


def new_network(graph_seed: int = 0) -> tuple[Any, Network]:
    """Build the graph that answers in a `tf.Graph` of its own and return (graph, network).

    The seed is of the initial weights, and does not matter to weights that are given.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(graph_seed)
        return graph, build_graph(OP_SEEDS)


def new_learning(graph_seed: int, updates: int) -> tuple[Any, Network, Learning]:
    """Build the graph for a run of `updates` updates in a `tf.Graph` of its own: (graph, network, learning)."""

    def learning_rate(step: Any) -> Any:
        highest = SETTINGS["learning_rate"]
        rate = tf.train.cosine_decay(highest, step, updates, SETTINGS["last_learning_rate"] / highest)
        return rate * tf.minimum(1.0, tf.cast(step + 1, tf.float32) / SETTINGS["warm_up"])

    with tf.Graph().as_default() as graph:
        tf.set_random_seed(graph_seed)
        return graph, *build_learning(OP_SEEDS, learning_rate, SETTINGS["batch"])


def random_sequences(count: int, length: int, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return (data, target), float32 (count, length, 3) and (count, length): even signs and their sums.

    `seed` is a list of integers. The stream is NumPy's oldest generator, which no version of NumPy changes.
    """
    return _with_sums(encodeSequence(SIGNS)[np.random.RandomState(seed).randint(len(SIGNS), size=(count, length))])


def batch(graph_seed: int, step: int, updates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what update number `step`, from 0, trains on: data, target and ends, as the graph takes them.

    The length of the sequences grows geometrically. Until it exceeds a stretch, each is shown whole. Some favour a
    sign, which replaces each of theirs with a probability of its own, in one stretch after another: so the sums become
    large.
    """
    random = np.random.RandomState([graph_seed, step])
    of_favours = np.random.RandomState([graph_seed, step // SETTINGS["favours"], 1])
    count, stretch = SETTINGS["batch"], SETTINGS["stretch"]
    grown = min(1.0, step / (SETTINGS["growth"] * updates))
    length = SETTINGS["shortest"] * (SETTINGS["longest"] / SETTINGS["shortest"]) ** grown
    steps = stretch if length > stretch else random.randint(int(length / 2), int(length) + 1)
    signs = random.randint(len(SIGNS), size=(count, steps))
    favoured = of_favours.randint(len(SIGNS), size=(count, 1))
    share = of_favours.random_sample((count, 1)) * (of_favours.random_sample((count, 1)) < SETTINGS["uneven"])
    signs = np.where(random.random_sample(signs.shape) < share, favoured, signs)
    ends = random.random_sample(count) < steps / length if length > stretch else np.ones(count, bool)
    return *_with_sums(encodeSequence(SIGNS)[signs]), ends


def batches(graph_seed: int, done: int, updates: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield the batches of the updates after `done`, each made in another thread while the update before it runs."""
    with ThreadPoolExecutor(1) as other_thread:
        coming = other_thread.submit(batch, graph_seed, done, updates)
        for step in range(done, updates):
            this_batch = coming.result()
            coming = other_thread.submit(batch, graph_seed, step + 1, updates)
            yield this_batch


def every_sequence(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (data, target) of all 4**length sequences, as `random_sequences` does; errors as `getSequences`."""
    return _with_sums(getSequences(length)[0])


def is_right(
    session: Any, network: Network, data: np.ndarray, target: np.ndarray, state: Iterable[np.ndarray] = ()
) -> np.ndarray:
    """Return whether the network is right after each sign of each sequence, bool (count, length).

    `state` is what it starts from, of a network that learns: what that starts from otherwise is where training is.
    """
    fed_state = dict(zip(network.state, state, strict=False))
    return session.run(network.right, {network.data: data, network.target: target, **fed_state})


def advance(
    session: Any,
    network: Network,
    fetches: list[Any],
    data: Any,
    state: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[list[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return (values of the fetches, state) after the signs `data`, float32 (batch, steps, 3).

    `state` is what the call for the signs before returned, None at a sequence's beginning: so the memory bounds no
    sequence, only a slice of it.
    """
    fed_state = {} if state is None else dict(zip(network.state, state, strict=True))
    return session.run([fetches, network.next_state], {network.data: data, **fed_state})


def run_in(directory: str | Path, graph_seed: int, updates: int) -> tuple[str | None, CurriculumRecord]:
    """Return (prefix, record) of the checkpoint in `directory`, or None and the record of a run that is to begin.

    Raises `ValueError` if `directory` holds a run that is not one of `updates` updates from `graph_seed`, or one of
    other settings than this file's, or one that can be seen to be broken before it is restored.
    """
    asked: dict[str, Any] = {
        "graph_seed": graph_seed,
        "op_seeds": list(OP_SEEDS),
        "updates": updates,
        "settings": SETTINGS,
    }
    if find_checkpoint(directory) is None:
        nothing: dict[str, Any] = {"done": 0, "first_losses": [], "measured": Measured(done=[], loss=[], right=[])}
        return None, CurriculumRecord(**asked, **nothing, stack=this_stack(tf.VERSION, onednn()))
    prefix, record = load_record(directory, CurriculumRecord)
    for name, value in asked.items():
        if getattr(record, name) != value:
            raise ValueError(
                f"{directory} holds a run whose {name} is {getattr(record, name)}, not {value}: give another folder"
            )
    return prefix, record


def begin(session: Any, learning: Learning, prefix: str | None, record: CurriculumRecord) -> None:
    """Initialize the graph that learns, or go on with what `run_in` found; `ValueError` if its variables are broken."""
    session.run(learning.initializer)
    if prefix:
        restore(session, prefix, trained_variables(session) if record.weights_sha256 else None)


def train(
    session: Any,
    network: Network,
    learning: Learning,
    record: CurriculumRecord,
    directory: str | Path,
    report: Callable[[CurriculumRecord], None] = lambda record: None,
    is_stop_wanted: Callable[[], bool] = lambda: False,
    after_update: Callable[[], object] = lambda: None,
) -> None:
    """Do the updates that the record lacks, and keep the run in `directory`, also when it is stopped.

    `report` is called with the record after every `REPORT_EVERY` updates, `after_update` after each. When all are done,
    only the weights are kept.
    """
    if record.weights_sha256:
        return
    minimize = session.make_callable([learning.loss, learning.minimize], [network.data, network.target, learning.ends])
    beginning = [np.zeros(state.shape, np.float32) for state in network.state]
    held_out = [random_sequences(SETTINGS["batch"], 100, [HELD_OUT, part]) for part in range(8)]
    for this_batch in batches(record.graph_seed, record.done, record.updates):
        if is_stop_wanted():
            break
        loss, _ = minimize(*this_batch)
        record.done += 1
        after_update()
        if record.done <= KEPT_LOSSES:
            record.first_losses.append(exactly(loss))
        if record.done % REPORT_EVERY == 0:
            right = np.mean([is_right(session, network, *part, beginning) for part in held_out])
            measured = record.done, exactly(loss), float(right)
            for name, value in zip(("done", "loss", "right"), measured, strict=True):
                getattr(record.measured, name).append(value)
            report(record)
            save_checkpoint(session, directory, record)
    if record.done < record.updates:
        save_checkpoint(session, directory, record)
        return
    weights = trained_variables(session)
    record.weights_sha256 = {
        variable.op.name: hashlib.sha256(value.tobytes()).hexdigest()
        for variable, value in zip(weights, session.run(weights), strict=True)
    }
    save_checkpoint(session, directory, record, weights)


def trained_variables(session: Any) -> list[Any]:
    """Return the weights of the session's graph: its variables without those that only training has."""
    return session.graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)


def restore_weights(session: Any, directory: str | Path) -> None:
    """Give the network the weights kept in `directory`, those of a faithful network included; `ValueError` if none."""
    prefix = find_checkpoint(directory)
    if prefix is None:
        raise ValueError(f"{directory} holds no checkpoint: train and train-any-length make one")
    restore(session, prefix, trained_variables(session))


def holds_any_length(directory: str | Path) -> bool:
    """Return whether `directory` holds a run of this file, whole."""
    try:
        return bool(load_record(directory, CurriculumRecord))
    except ValueError:
        return False


def _with_sums(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return inputs.astype(np.float32), sums(inputs).astype(np.float32)
