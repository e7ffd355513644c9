"""Train the network of `network.py` on random sequences of mixed lengths, and measure how often it is right.

A run is a function of its seed and its number of updates: it can be stopped after any update and gone on with later,
and ends with the bits that it would have had. Nothing here knows the cell.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

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
    "shortest": 10,  # signs, of a batch's longest sequence
    "longest": 200,  # likewise
    "uneven": 0.3,  # the share of a batch's sequences that favour a sign
    "learning_rate": 1e-2,  # at its highest
    "last_learning_rate": 1e-5,
    "warm_up": 500,  # updates, in which the rate rises to its highest
    "gradient_norm": 1.0,
    "polish": 13,  # one in so many updates, the last ones, trains on long sequences alone, and the rate rises once more
    "polish_shortest": 100,  # signs, as "shortest"
    "polish_learning_rate": 1e-3,
}
REPORT_EVERY = 1000  # updates
HELD_OUT = 2017  # the seed of the sequences that measure


def new_network(graph_seed: int, updates: int, batch_size: int | None = None) -> tuple[Any, Network]:
    """Build the graph for a run of `updates` updates in a `tf.Graph` of its own and return (graph, network).

    `batch_size` is as in `any_length.build_graph`; to `train`, it is that of `SETTINGS` or None.
    """

    def decaying(highest: float, step: Any, steps: int) -> Any:
        rate = tf.train.cosine_decay(highest, step, max(1, steps), SETTINGS["last_learning_rate"] / highest)
        return rate * tf.minimum(1.0, tf.cast(step + 1, tf.float32) / SETTINGS["warm_up"])

    def learning_rate(step: Any) -> Any:
        start = polish_start(updates)
        rate = decaying(SETTINGS["learning_rate"], step, start)
        polish_rate = decaying(SETTINGS["polish_learning_rate"], step - start, updates - start)
        return tf.where(step < start, rate, polish_rate)

    with tf.Graph().as_default() as graph:
        tf.set_random_seed(graph_seed)
        return graph, build_graph(OP_SEEDS, learning_rate, SETTINGS["gradient_norm"], batch_size)


def polish_start(updates: int) -> int:
    """Return the number of updates before the polish, of `updates` in all."""
    return updates - updates // SETTINGS["polish"]


def random_sequences(count: int, length: int, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return (data, target), float32 (count, length, 3) and (count, length): even signs and their sums.

    `seed` is a list of integers. The stream is NumPy's oldest generator, which no version of NumPy changes.
    """
    return _with_sums(encodeSequence(SIGNS)[np.random.RandomState(seed).randint(len(SIGNS), size=(count, length))])


def batch(graph_seed: int, step: int, updates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what update number `step`, from 0, trains on: data, target and lengths, as the graph takes them.

    The longest sequence has a random length up to a bound that grows with `step` until the polish, and the others have
    at least half of it. Some favour a sign, which replaces each of theirs with a probability of their own: so the sums
    become large even while the sequences are short.
    """
    random = np.random.RandomState([graph_seed, step])
    count, start = SETTINGS["batch"], polish_start(updates)
    shortest = SETTINGS["shortest"] if step < start else SETTINGS["polish_shortest"]
    bound = max(shortest, int(SETTINGS["longest"] * min(1.0, 0.05 + step / start)))
    longest = random.randint(shortest, bound + 1)
    signs = random.randint(len(SIGNS), size=(count, longest))
    uneven = signs[: int(count * SETTINGS["uneven"])]
    favoured = random.randint(len(SIGNS), size=(len(uneven), 1))
    is_replaced = random.random_sample(uneven.shape) < random.random_sample((len(uneven), 1))
    uneven[:] = np.where(is_replaced, favoured, uneven)
    lengths = random.randint((longest + 1) // 2, longest + 1, size=count).astype(np.int32)
    lengths[0] = longest
    return *_with_sums(encodeSequence(SIGNS)[signs]), lengths


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


def is_right(session: Any, network: Network, data: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return whether the network is right after each sign of each sequence, bool (count, length)."""
    return session.run(network.right, {network.data: data, network.target: target})


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


def begin(session: Any, network: Network, directory: str | Path, graph_seed: int, updates: int) -> CurriculumRecord:
    """Initialize the network, or go on with the unfinished run in `directory`; return its record.

    Raises `ValueError` if `directory` holds a run that is not one of `updates` updates from `graph_seed`, or one of
    other settings than this file's, or a broken one.
    """
    session.run(network.initializer)
    asked: dict[str, Any] = {
        "graph_seed": graph_seed,
        "op_seeds": list(OP_SEEDS),
        "updates": updates,
        "settings": SETTINGS,
    }
    if find_checkpoint(directory) is None:
        nothing: dict[str, Any] = {"done": 0, "first_losses": [], "measured": Measured(done=[], loss=[], right=[])}
        return CurriculumRecord(**asked, **nothing, stack=this_stack(tf.VERSION, onednn()))
    prefix, record = load_record(directory, CurriculumRecord)
    for name, value in asked.items():
        if getattr(record, name) != value:
            raise ValueError(
                f"{directory} holds a run whose {name} is {getattr(record, name)}, not {value}: give another folder"
            )
    restore(session, prefix, trained_variables(session) if record.weights_sha256 else None)
    return record


def train(
    session: Any,
    network: Network,
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
    minimize = session.make_callable([network.loss, network.minimize], [network.data, network.target, network.lengths])
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
            right = np.mean([is_right(session, network, *part) for part in held_out])
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
    """Return the weights of the session's graph: its variables without Adam's and the counter."""
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
