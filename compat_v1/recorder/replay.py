"""Replay a recording: the old graph and the port, side by side in this TensorFlow, held to what was recorded.

Three questions are kept apart. Does the port compute what the old graph computes? Both run here, with the same data,
variables and seeds, and every bit must be equal. Does this TensorFlow compute what the old one did? The old graph here
is held to the recording; what differs are kernels. Is that rounding? Then it grows as one unit in the last place does.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import Audit, audit
from compat_v1.beside import bits, ops
from compat_v1.beside.program import Program
from compat_v1.beside.races import Race, races
from compat_v1.beside.wiring import Wiring
from compat_v1.recorder.distance import PARTED, in_words
from compat_v1.recorder.recording import Recording, Run
from compat_v1.recorder.stage import Stage, run_as_update, seeds, with_seeds

# What is compared with what, run by run; the names of the curves.
KERNELS = "the recording and the old graph here"
PORT = "the old graph and the port here"
NUDGED = "the old graph here and itself, moved by one unit in the last place"
CONTROL = "the old graph here, twice"

# Random ops that are partners: (op of the old graph, of the port, the old seeds, the port's).
PairedSeeds = list[tuple[str, str, tuple[int, int], tuple[int, int]]]


class Runs:
    """The runs of a recording, run again; what was seen is kept, the arrays are not."""

    def __init__(
        self,
        recording: Recording,
        port: tf.GraphDef,
        partners: dict[str, str],
        optimized: bool,
        programs: tuple[Program, Program] | None = None,
        in_order: bool = False,
    ):
        """`port` is its `GraphDef` with the old seeds; `partners`, `optimized` and `in_order` are as for `Stage`.

        `programs` are both graphs, if in some run a read races with an update. What draws `in_order` is not held to the
        recording, which need not have drawn so.
        """
        self._recording, self.in_order = recording, in_order
        old_program, port_program = programs or (None, None)
        self.compared = 0  # values of the old graph and of the port
        self.held = 0  # values of the old graph, to recorded ones
        self.not_compared: set[str] = set()  # tensors
        # The first other bit, {"run", "tensor", "words"}.
        self.firsts: dict[str, dict | None] = {KERNELS: None, PORT: None, CONTROL: None}
        # The distance in each run, None where there is none.
        self.curves: dict[str, list[float | None]] = {KERNELS: [], PORT: [], NUDGED: []}
        # Variables, {"old" or "port": {name: array}}, as the graphs draw them and after the first update.
        self.drawn: dict[str, dict[str, np.ndarray]] = {}
        self.updated: dict[str, dict[str, np.ndarray]] = {}
        self.reason: str | None = None  # why it ended before the last run
        self._wiring = Wiring(recording.graph_def)
        self._port_ended = False
        self._graphs = {
            **dict.fromkeys(
                ("old", "control", "nudged"), (recording.graph_def, None, optimized, old_program, in_order)
            ),
            "port": (port, partners, optimized, port_program, in_order),
        }

    def play(self, progress: Callable[[int], None]) -> None:
        """Do all runs; `progress` is called with the number of each."""
        with ExitStack() as opened:
            stages = {name: opened.enter_context(closing(Stage(*graph))) for name, graph in self._graphs.items()}
            start = first_run_after_setting(self._recording.content.runs)
            for number, run in enumerate(self._recording.content.runs, 1):
                progress(number)
                for curve in self.curves.values():
                    curve.append(None)
                if number == start:
                    self._set(stages)
                if number < start:
                    self._initialize(stages, run)
                elif not self._run(stages, number, run):
                    break
            if start > len(self._recording.content.runs):
                self._set(stages)

    def _initialize(self, stages: dict[str, Stage], run: Run) -> None:
        for stage in stages.values():
            # What fails is restored from a file, say; the recorded variables take the place of what it would give.
            with suppress(LookupError, RuntimeError):
                stage.run(run, self._feeds(run) or {})

    def _set(self, stages: dict[str, Stage]) -> None:
        """Note what the graphs draw by themselves, then give all of them the recorded variables."""
        self.drawn = {name: stages[name].variables() for name in ("old", "port")}
        recorded = self.recorded("initial")
        for name, stage in stages.items():
            stage.set_variables({key: _nudged(v) for key, v in recorded.items()} if name == "nudged" else recorded)

    def recorded(self, when: str) -> dict[str, np.ndarray]:
        """Return the recorded variables, {name: array}, without those that had no value or were too large to keep."""
        return self._recording.kept(getattr(self._recording.content.variables, when))

    def _feeds(self, run: Run) -> dict[str, np.ndarray] | None:
        """Return what a run is fed with, or None if the recording has only the SHA-256 of some of it."""
        described = {**run.feeds, **run.sources}
        feeds = self._recording.kept(described)
        return feeds if len(feeds) == len(described) else None

    def _run(self, stages: dict[str, Stage], number: int, run: Run) -> bool:
        """Do a run in all stages and compare; return whether it makes sense to go on."""
        feeds = self._feeds(run)
        if run.unseen:
            self.reason = f"what {run.unseen[0]} gave in run {number} could not be recorded"
        elif feeds is None:
            self.reason = f"run {number} was fed with more than a recorder keeps"
        elif run.error and run.updates:
            self.reason = f"run {number} failed with {run.error} when it was recorded, maybe half-way"
        if self.reason or feeds is None:
            return False
        if run.error or (self._saves(run) and not (run.updates or run.sets)):
            return True
        found = {}
        for name, stage in stages.items():
            try:
                found[name] = {} if name == "port" and self._port_ended else stage.run(run, feeds)
            except RuntimeError as error:
                if name != "port":
                    self.reason = f"the old graph cannot do run {number} here: {error}"
                    return False
                self._port_ended = True
                self._note_first(PORT, number, run.targets[0] if run.targets else run.fetches[0], f"fails: {error}")
            except LookupError as error:
                self._port_ended, self.reason = True, f"the port cannot do run {number}: {error}"
                return False
        is_first_update = run.updates and not self.updated
        if is_first_update:
            self.updated = {name: stages[name].variables() for name in ("old", "port")}
        self._compare(number, run, found)
        if is_first_update:
            self._compare_updated(number)
        return True

    def _compare_updated(self, number: int) -> None:
        """Compare the variables after the first update, of which what is fetched need not tell."""
        old, port = self.updated["old"], self.updated["port"]
        for name in sorted(self.recorded("initial").keys() & old.keys() & port.keys()):
            if not bits.equal(port[name], old[name]):
                self._note_first(PORT, number, name, in_words(port[name], old[name]))

    def _saves(self, run: Run) -> bool:
        """Whether a run writes a checkpoint: where the old program had its folder, there need be none here."""
        nodes = {name.partition(":")[0] for name in (*run.targets, *run.fetches)} & self._wiring.nodes.keys()
        return any(self._wiring.op(name) in ops.SAVES for name in self._wiring.ancestors(nodes))

    def _compare(self, number: int, run: Run, found: dict[str, dict[str, np.ndarray]]) -> None:
        recorded = self._recording.kept(dict(zip(run.fetches, run.values, strict=True)))
        old = found["old"]
        for what, one, other in (
            (KERNELS, old, {} if self.in_order else recorded),
            (PORT, found.get("port", {}), old),
            (NUDGED, found["nudged"], old),
            (CONTROL, found["control"], old),
        ):
            pairs = {name: (one[name], other[name]) for name in other if name in one}
            if what == PORT:
                self.compared += len(pairs)
                self.not_compared |= set(old) - set(pairs)
            self.held += len(pairs) if what == KERNELS else 0
            for name, pair in pairs.items():
                if what in self.firsts and not bits.equal(*pair):
                    self._note_first(what, number, name, in_words(*pair))
            if what in self.curves:
                self.curves[what][-1] = farthest(pairs.values())

    def _note_first(self, what: str, number: int, tensor: str, words: str) -> None:
        self.firsts[what] = self.firsts[what] or {"run": number, "tensor": tensor, "words": words}


def first_run_after_setting(runs: list[Run]) -> int:
    """Return the number, from 1, of the run after the last that sets variables before the first that updates some."""
    updating = next((number for number, run in enumerate(runs, 1) if run.updates), len(runs) + 1)
    return 1 + max((number for number, run in enumerate(runs, 1) if run.sets and number < updating), default=0)


def farthest(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """Return the largest relative distance of pairs of float arrays, or None if there are no floats among them."""
    return max(
        (bits.relative(one, other) for one, other in pairs if bits.is_float(one) and bits.is_float(other)), default=None
    )


def _nudged(value: np.ndarray) -> np.ndarray:
    """Return a float array with each element moved to the next float, up or down; other arrays as they are."""
    if value.dtype not in (np.float16, np.float32, np.float64):
        return value
    direction = np.where(np.random.RandomState(0).rand(*value.shape) < 0.5, np.inf, -np.inf).astype(value.dtype)
    return np.where(value == 0, value, np.nextafter(value, direction))


def paired_seeds(old: tf.GraphDef, port: tf.GraphDef, partners: dict[str, str]) -> PairedSeeds:
    """Return the `PairedSeeds` of two graphs."""
    theirs = seeds(port)
    return [
        (name, partners[name], values, theirs[partners[name]])
        for name, values in seeds(old).items()
        if partners.get(name) in theirs
    ]


class Replayed(NamedTuple):
    """What a replay has seen."""

    audit: Audit
    seeds: PairedSeeds
    races: list[Race]  # of both graphs; they are removed
    draws_in_a_loop: bool  # in one of the graphs: its iterations, several at once, draw in an order of chance
    runs: list[Runs]  # two if the port parts from the old graph: the second is without TensorFlow's graph optimizer


def replay(recording: Recording, port: tf.GraphDef, progress: Callable[[int], None] = lambda number: None) -> Replayed:
    """Replay a `Recording` beside the port's `GraphDef`.

    Raises `ValueError` for a graph that today's TensorFlow cannot import.
    """
    compared = audit(recording.graph_def, port)
    found = paired_seeds(recording.graph_def, port, compared.pairs)
    port = with_seeds(port, {other: values for _, other, values, _ in found if any(values)})
    programs, raced = _races(recording, port, compared.pairs)
    draws_in_a_loop = any(Wiring(graph_def).draws_in_a_loop() for graph_def in (recording.graph_def, port))

    def played(optimized: bool, in_order: bool) -> Runs:
        runs = Runs(recording, port, compared.pairs, optimized, programs, in_order)
        runs.play(progress)
        return runs

    runs = played(optimized=True, in_order=False)
    if draws_in_a_loop and (runs.firsts[PORT] or runs.firsts[CONTROL]):
        in_order = played(optimized=True, in_order=True)
        distances = [far for far in runs.curves[PORT] if far is not None]
        # Numbers drawn in another order are far away. If none is, the order was the same, and the rest is rounding.
        if runs.firsts[CONTROL] or not in_order.firsts[PORT] or max(distances, default=np.inf) > PARTED:
            runs = in_order
    done = [runs]
    if runs.firsts[PORT] and not runs.firsts[CONTROL]:
        done.append(played(optimized=False, in_order=runs.in_order))
    return Replayed(compared, found, raced, draws_in_a_loop, done)


def _races(
    recording: Recording, port: tf.GraphDef, partners: dict[str, str]
) -> tuple[tuple[Program, Program] | None, list[Race]]:
    """Return (both graphs as `Program`s, the races in the recorded runs); None and nothing if there are no races."""
    runs = {(*run.targets, *run.fetches): run for run in recording.content.runs if run.updates}
    fed = {name: tf.as_dtype(v.dtype) for run in runs.values() for name, v in {**run.feeds, **run.sources}.items()}
    programs, found = list[Program](), list[Race]()
    for graph_def, names_of in ((recording.graph_def, None), (port, partners)):
        program = Program(graph_def, {_partner(name, names_of): dtype for name, dtype in fed.items()})
        for names in runs:
            here = [other for name in names if (other := _partner(name, names_of))]
            nodes = {name.partition(":")[0] for name in here} & program.wiring.nodes.keys()
            if nodes:
                found += races(program, [run_as_update(program, sorted(nodes))], nodes)
        programs.append(program)
    return (programs[0], programs[1]) if found else None, list(dict.fromkeys(found))


def _partner(name: str, partners: dict[str, str] | None) -> str:
    """Return the port's name of a tensor or an op, "" if it has none; `partners` None: the name itself."""
    node, colon, index = name.partition(":")
    other = node if partners is None else partners.get(node, "")
    return other and other + colon + index


def races_in_words(found: list[Race]) -> list[str]:
    """Return a line on the first race and on what is done about it, or nothing if there is none."""
    if not found:
        return []
    one, rest = found[0], f", and {len(found) - 1} others" if len(found) > 1 else ""
    return [
        f"races: nothing orders {one.read}, which reads {one.variable}, against its update {one.write}{rest}; here "
        "each graph computes first all that comes before an update; what the recording has of it is chance"
    ]
