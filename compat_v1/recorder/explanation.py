"""Say what a replay found, in the order in which a person would look: data, seeds, variables, first update, runs."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.audit.comparison import Audit, audit
from compat_v1.beside import bits
from compat_v1.recorder.distance import PARTED, in_words
from compat_v1.recorder.growth import SCALE, growth, horizon
from compat_v1.recorder.recording import Recording
from compat_v1.recorder.replay import (
    CONTROL,
    KERNELS,
    PORT,
    PairedSeeds,
    Runs,
    farthest,
    races_in_words,
    replay,
)
from compat_v1.recorder.stage import seeds

_SHOWN = 3  # variables that are farthest from the recorded ones
_DEFAULT_GRAPH_SEED = 87654321  # what TensorFlow takes for the graph's if only an op has a seed


class Explanation(NamedTuple):
    """What a replay found. Runs count from 1, as they were recorded."""

    verdict: str  # "equal", "parted", "not deterministic" or "cannot tell"
    causes: list[str]  # those known of what is not equal: data, seeds, graph, graph optimizer
    lines: list[str]  # for a person to read
    compared: int  # values of the old graph and of the port that were compared
    not_compared: list[str]  # tensors and variables without a partner
    first: dict | None  # the first value that differs between them: {"run", "tensor", "words"}; of what is judged
    horizon: int | None  # the last run before the recording and the old graph here differ by `PARTED`; None: never
    curves: dict[str, list[float | None]]  # what against what: the distance, run by run

    @property
    def status(self) -> int:
        """The exit status."""
        return {"equal": 0, "parted": 1}.get(self.verdict, 3)


def explain(
    recording: Recording,
    port: tf.compat.v1.GraphDef,
    port_recording: Recording | None = None,
    scale: Recording | None = None,
    progress: Callable[[int], None] = lambda number: None,
) -> Explanation:
    """Replay a `Recording` beside the port's `GraphDef` and return an `Explanation`.

    `port_recording` is a recording of the port, if there is one: only it tells what the port's program feeds. `scale`
    is one of the old program under another old release. Raises `ValueError` for a graph that cannot be imported.
    """
    compared, found, raced, draws_in_a_loop, done = replay(recording, port, progress)
    runs, judged = done[0], done[-1]  # the same, unless the graph optimizer had to be switched off
    data = _data(recording, port_recording, compared.pairs)
    seeds_said = _seeds(recording, compared.pairs, found)
    why_no_scale = _no_scale(recording, scale) if scale else None
    curves = dict(runs.curves)
    if scale and not why_no_scale:
        curves[SCALE] = _scale(recording, scale)
    causes = [
        cause
        for cause, is_one in (
            ("graph", (compared.differences or compared.numbers) and judged.firsts[PORT]),
            ("data", "DIFFERENT" in data),
            ("seeds", any("DIFFERENT" in line for line in seeds_said)),
            ("graph optimizer", runs.firsts[PORT] and not judged.firsts[PORT]),
        )
        if is_one
    ]
    verdict = _verdict(recording, judged, causes)
    lines = [
        *_origin(recording, port_recording, scale),
        _graph(compared),
        data,
        *seeds_said,
        *races_in_words(raced),
        *_loops(draws_in_a_loop, runs.in_order),
        *_variables("initial variables", runs.recorded("initial"), runs.drawn),
        *_variables("after the first update", runs.recorded("first_update"), runs.updated, runs.in_order),
        *([f"scale: not used, {why_no_scale}"] if why_no_scale else []),
        *_parting(runs, judged),
        *growth(curves, draws_in_a_loop),
        *_ending(judged, verdict, causes),
    ]
    return Explanation(
        verdict,
        causes,
        lines,
        judged.compared,
        sorted(judged.not_compared),
        judged.firsts[PORT],
        horizon(curves[KERNELS]),
        curves,
    )


def _graph(compared: Audit) -> str:
    text = f"graph: {len(compared.pairs)} pairs, no unexplained difference"
    if compared.differences:
        first = compared.differences[0]
        text = (
            f"graph: {len(compared.pairs)} pairs, {len(compared.differences)} unexplained differences, which the "
            f"command audit lists; the first at {first.node or f'{first.port_node} of the port'}: {first.what}"
        )
    return text + "".join(f"; numbers changed by {one.cause}, {len(one.nodes)} nodes" for one in compared.numbers)


def _origin(recording: Recording, port_recording: Recording | None, scale: Recording | None) -> Iterator[str]:
    content = recording.content
    updates = sum(run.updates for run in content.runs)
    yield f"recording: {content.stack}; {len(content.runs)} runs, {updates} of them update variables"
    if port_recording:
        yield f"the port's recording: {port_recording.content.stack}"
    if scale:
        yield f"scale: {scale.content.stack}"
    yield f"here: TensorFlow {tf.__version__}, NumPy {np.__version__}"
    for what, count in content.unrecorded.items():
        yield f"recording: {count} {what} were not recorded"
    for note in content.notes:
        yield f"recording: {note}"


def _data(recording: Recording, port_recording: Recording | None, partners: dict[str, str]) -> str:
    """Compare what the two programs fed, if the port was recorded as well."""
    if port_recording is None:
        return "data: the recorded feeds, given to both graphs; what the port's program feeds, no graph tells"
    ours, theirs = recording.content.runs, port_recording.content.runs
    for number, (run, other) in enumerate(zip(ours, theirs, strict=False), 1):
        for name, array in {**run.feeds, **run.sources}.items():
            op, colon, index = name.partition(":")
            fed = {**other.feeds, **other.sources}.get(partners.get(op, op) + colon + index)
            if fed is None:
                return f"data: DIFFERENT from run {number} on: {name} is fed in the recording, not in the port's"
            if fed != array:
                return f"data: DIFFERENT from run {number} on: {name} is fed with other values"
    shorter = "" if len(ours) == len(theirs) else f"; the recordings have {len(ours)} and {len(theirs)}"
    return f"data: every bit that was fed is equal in {min(len(ours), len(theirs))} runs{shorter}"


def _seeds(recording: Recording, partners: dict[str, str], found: PairedSeeds) -> list[str]:
    """Compare the seeds of the random ops and say which ones to write."""
    old = seeds(recording.graph_def)
    lines = [f"seeds: the random op {name} has no partner in the port" for name in old if name not in partners]
    others = [(name, values, theirs) for name, _, values, theirs in found if any(values) and values != theirs]
    if found and not others:
        lines.append(f"seeds: the same at {len(found)} random ops")
    for name, (graph_seed, op_seed), theirs in others:
        level = (
            "no graph-level seed"
            if graph_seed == _DEFAULT_GRAPH_SEED
            else f"tf.compat.v1.set_random_seed({graph_seed})"
        )
        lines.append(f"seeds: DIFFERENT at {name}: write {level} and seed={op_seed}; the port has {theirs}")
    unseeded = [name for name, values in old.items() if not any(values)]
    if unseeded:
        lines.append(
            f"seeds: {len(unseeded)} random ops of the old program have none, the first is {unseeded[0]}: what they "
            "drew is in the recording where it reached a variable, and nothing can draw it again"
        )
    return lines


def _loops(draws_in_a_loop: bool, in_order: bool) -> Iterator[str]:
    """Say what chance has to do with what is drawn in a loop, and what is done about it."""
    done = "both graphs draw in the same order; where the recording is left, it may have drawn in another"
    if in_order:
        done = "one runs after the other, and nothing is held to the recording, which need not have drawn so"
    if draws_in_a_loop:
        yield f"loops: random numbers are drawn in a loop, whose iterations draw in an order of chance; here {done}"


def _variables(
    what: str, recorded: dict[str, np.ndarray], here: dict[str, dict[str, np.ndarray]], in_order: bool = False
) -> list[str]:
    """Compare variables: the recorded ones with the old graph's here, unless `in_order`, and those with the port's."""
    old, port = (here.get(stage, {}) for stage in ("old", "port"))
    there = [name for name in recorded if name in old]
    both = [name for name in there if name in port]
    lines = [
        f"{what}: {_named(names)} not compared, with {why}"
        for why, names in (
            ("no value here", [name for name in recorded if name not in old]),
            ("no partner or no value in the port", [name for name in there if name not in port]),
        )
        if names
    ]
    others = [name for name in both if not bits.equal(port[name], old[name])]
    lines += [
        f"{what}, {name}: DIFFERENT in the port from the old graph here: {in_words(port[name], old[name])}"
        for name in others
    ]
    if there:
        lines.append(f"{what}: {len(both) - len(others)} of {len(recorded)} equal in the old graph and the port here")
    if not there or in_order:
        return lines
    kernels = [(bits.relative(old[name], recorded[name]), name) for name in there]
    kernels = sorted((one for one in kernels if not bits.equal(old[one[1]], recorded[one[1]])), reverse=True)
    lines.append(f"{what}: {len(there) - len(kernels)} of {len(recorded)} as recorded in the old graph here")
    lines += [f"    {name}: {in_words(old[name], recorded[name])}" for _, name in kernels[:_SHOWN]]
    if len(kernels) > _SHOWN:
        lines.append(f"    and {len(kernels) - _SHOWN} others, less")
    return lines


def _named(names: list[str]) -> str:
    """Return how many there are, and the first by their names."""
    more = f" and {len(names) - _SHOWN} others" if len(names) > _SHOWN else ""
    return f"{len(names)} ({', '.join(names[:_SHOWN])}{more})"


def _no_scale(recording: Recording, scale: Recording) -> str | None:
    """Return why a second recording is no scale for rounding, or None: it must have begun alike and been fed alike."""
    partners = audit(recording.graph_def, scale.graph_def).pairs
    if "DIFFERENT" in _data(recording, scale, partners):
        return "it was fed with other data"
    theirs = scale.kept(scale.content.variables.initial)
    for name, value in recording.kept(recording.content.variables.initial).items():
        other = theirs.get(partners.get(name, name))
        if other is not None and bits.relative(other, value) > PARTED:
            return f"it began with another {name}: its seeds are others"
    return None


def _scale(recording: Recording, scale: Recording) -> list[float | None]:
    """Return the distance between two recordings, run by run."""
    partners = audit(recording.graph_def, scale.graph_def).pairs
    curve = []
    for run, other in zip(recording.content.runs, scale.content.runs, strict=False):
        theirs = scale.kept(dict(zip(other.fetches, other.values, strict=False)))
        pairs = []
        for name, value in recording.kept(dict(zip(run.fetches, run.values, strict=False))).items():
            op, colon, index = name.partition(":")
            match = theirs.get(partners.get(op, op) + colon + index)
            if match is not None and match.shape == value.shape:
                pairs.append((match, value))
        curve.append(farthest(pairs))
    return curve


def _parting(runs: Runs, judged: Runs) -> Iterator[str]:
    """Say where the old graph and the port part, and the recording and the old graph."""
    equal = {
        PORT: f"every bit equal, {runs.compared} values" if runs.compared else "not compared",
        KERNELS: "every bit equal" if runs.held else "not compared",
    }
    for what in (PORT, KERNELS):
        yield f"{what}: {_first(runs, what) or equal[what]}"
    if judged is not runs:
        rewritten = "every bit equal: the graphs compute the same, and it rewrites them in different ways"
        yield f"the same without TensorFlow's graph optimizer (grappler): {_first(judged, PORT) or rewritten}"


def _first(runs: Runs, what: str) -> str | None:
    first = runs.firsts[what]
    return f"the first other bit in run {first['run']}, {first['tensor']}: {first['words']}" if first else None


def _verdict(recording: Recording, runs: Runs, causes: list[str]) -> str:
    if runs.firsts[CONTROL]:
        return "not deterministic"
    if runs.firsts[PORT] or {"data", "seeds"} & set(causes):
        return "parted"
    if runs.reason or not runs.compared or recording.content.unrecorded.get("updates in other threads"):
        return "cannot tell"
    drawn, port = runs.drawn.get("old", {}), runs.drawn.get("port", {})
    seeded = all(any(values) for values in seeds(recording.graph_def).values())
    if seeded and any(not bits.equal(port[name], drawn[name]) for name in drawn if name in port):
        return "parted"
    return "equal"


def _ending(runs: Runs, verdict: str, causes: list[str]) -> Iterator[str]:
    if runs.not_compared:
        yield f"not compared, without a partner in the port: {', '.join(sorted(runs.not_compared))}"
    if runs.reason:
        yield f"ended early: {runs.reason}"
    control = runs.firsts[CONTROL]
    if control:
        yield f"{CONTROL}: NOT DETERMINISTIC, the first other bit in run {control['run']}, {control['tensor']}"
    elif not runs.compared:
        yield "nothing was compared: no run fetched a tensor that has a partner in the port"
    if verdict == "parted" and not runs.firsts[PORT]:
        yield f"but for the {' and the '.join(causes)}, the port computes what the old graph computes, to the last bit"
