"""Run two programs beside each other, stage by stage, and compare what each stage leaves.

A stage of an update is a run: first the one that fetches all results, then one for each optimizer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from compat_v1.beside import bits
from compat_v1.beside.plan import Plan
from compat_v1.beside.program import CannotRunError, Update
from compat_v1.beside.running import Runner
from compat_v1.beside.wiring import Tensor

Trace = Mapping[tuple[int, int, str], Any]  # what a program left: {(update, stage, result): what stands for its bits}
# Yields each result's name, the old graph's, and its array: until the next one, which may be in the same memory, and
# before the next run.
Results = Callable[[], Iterator[tuple[str, np.ndarray]]]


class Parted(NamedTuple):
    """A stage whose results are not equal."""

    update: int  # counted from 1
    stage: int  # 0 for the fetches, then the optimizers in their order
    what: tuple[str, ...]  # the results of the old graph that differ: variables, or "node:index"


class Failed(NamedTuple):
    """A stage which the new program does not run, and the old one does."""

    update: int  # counted from 1
    stage: int
    node: str | None  # of the new graph
    why: str


class Distance(NamedTuple):
    """How far the variables are apart after an update."""

    update: int
    differing: int  # variables that differ
    ulps: int  # at most, in units in the last place
    largest: float  # the largest difference of two values


class Course(NamedTuple):
    """What running two programs beside each other has shown."""

    first: Parted | None
    distances: list[Distance]
    strayed: Parted | None  # where the old graph was not what it had been in the control
    not_finite: int | None  # the update after which a variable is no finite number
    failed: Failed | None = None  # where it ended, then

    @property
    def is_equal(self) -> bool:
        """Whether all of it was run, and equal."""
        return self.first is None and self.failed is None


class Mode(NamedTuple):
    """How both programs are run."""

    gradients_first: bool = False  # see `Runner`
    switched_off: tuple[str, ...] = ()  # graph optimizers
    threads: int = 0  # 0: as many as TensorFlow takes
    one_iteration: bool = False  # of a loop at a time
    sums_in_order: bool = False  # and not as memory comes free


class Side:
    """One of the two programs in a session, told apart by which of each pair is its own."""

    def __init__(self, plan: Plan, which: int, mode: Mode, one_iteration: bool = False, session: Any = None) -> None:
        """`session` and `one_iteration` as for `Runner`."""
        self.plan, self.which = plan, which
        program = (plan.old, plan.new)[which]
        alone = one_iteration or mode.one_iteration
        self.runner = Runner(
            program, mode.gradients_first, alone, mode.switched_off, mode.threads, session, mode.sums_in_order
        )
        self.changed = [_changed(plan, *updates) for updates in plan.updates]

    def start(self, initial: Mapping[str, np.ndarray]) -> None:
        """Give the variables their values, {the old graph's name: array}."""
        partner = dict(self.plan.variables)
        values = {
            partner[name] if self.which else name: v for name, v in initial.items() if name in partner or not self.which
        }
        self.runner.initialize(values)

    def run(self, update: int, stage: int, fetched: Sequence[Tensor] = ()) -> tuple[Results, list[Any]]:
        """Run a stage; return (its `Results`, the values of the tensors `fetched`)."""
        feeds = self.runner.feed(self.plan.feed(update)[self.which])
        if stage == 0:
            fetches = [fetch[self.which] for fetch in self.plan.fetches]
            got = self.runner.fetch([*fetches, *fetched], feeds)
            results = {"{}:{}".format(*fetch.old): got[fetch[self.which]] for fetch in self.plan.fetches}
            return lambda: ((name, np.asarray(v)) for name, v in results.items()), [got[one] for one in fetched]
        values = self.runner.update(self.plan.updates[stage - 1][self.which], feeds, fetched)
        return partial(self._variables, self.changed[stage - 1]), values

    def _variables(self, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, np.ndarray]]:
        values = self.runner.some_variables([pair[self.which] for pair in pairs])
        yield from zip((name for name, _ in pairs), values, strict=True)


def _changed(plan: Plan, *updates: Update) -> list[tuple[str, str]]:
    """Return the pairs of variables of which an update changes one or both."""
    written = [
        {variable for write in update.writes for variable in program.wiring.variables_written(write)}
        for program, update in zip((plan.old, plan.new), updates, strict=True)
    ]
    return [pair for pair in plan.variables if pair[0] in written[0] or pair[1] in written[1]]


def stages(plan: Plan, updates: int) -> Iterator[tuple[int, int]]:
    """Yield (update, stage) in the order in which they are run."""
    for update in range(1, updates + 1):
        yield from ((update, stage) for stage in range(0 if plan.fetches else 1, len(plan.updates) + 1))


def parting(here: Trace, there: Trace) -> Parted | None:
    """Return the first stage of one trace at which another has something else, with all that it has otherwise."""
    others = sorted(key for key, value in here.items() if key not in there or value != there[key])
    if not others:
        return None
    update, stage, _ = others[0]
    return Parted(update, stage, tuple(name for *at, name in others if at == [update, stage]))


def digests(
    plan: Plan, initial: Mapping[str, np.ndarray], updates: int, mode: Mode, progress: Callable[[], None]
) -> Trace:
    """Run the old program alone; return the `Trace` of digests."""
    seen: dict[tuple[int, int, str], bytes] = {}
    side = Side(plan, 0, mode)
    with side.runner:
        side.start(initial)
        for update, stage in stages(plan, updates):
            results, _ = side.run(update, stage)
            seen.update({(update, stage, name): bits.digest(value) for name, value in results()})
            progress()
    return seen


def run_beside(
    plan: Plan,
    initial: Mapping[str, np.ndarray],
    updates: int,
    mode: Mode,
    control: Trace | None,
    progress: Callable[[], None],
) -> Course:
    """Run both programs; return the `Course`. `control` are the old one's `digests` from a run before.

    It ends where the old program strays from the control: whatever differs from there on tells nothing; and where the
    new one does not take what the old one does. Without a control it ends where they part, and no distance is measured.
    """
    old, new = Side(plan, 0, mode), Side(plan, 1, mode)
    first, distances, not_finite = None, list[Distance](), None
    with old.runner, new.runner:
        old.start(initial)
        new.start(initial)
        for update, stage in stages(plan, updates):
            here, _ = old.run(update, stage)
            try:
                there, _ = new.run(update, stage)
            except CannotRunError as error:
                if not error.refused:
                    raise
                failed = Failed(update, stage, error.node, str(error))
                return Course(first, _by_update(distances), None, not_finite, failed)
            seen, differing, apart = dict[tuple[int, int, str], bytes](), list[str](), Distance(update, 0, 0, 0.0)
            for (name, value), (_, other) in zip(here(), there(), strict=True):
                if control is not None:
                    seen[update, stage, name] = bits.digest(value)
                if not bits.equal(value, other):
                    differing.append(name)
                    apart = apart if control is None else _further(apart, value, other)
                if stage and value.dtype.kind == "f" and not_finite is None and not np.isfinite(value).all():
                    not_finite = update
            strayed = parting(seen, control or {})
            if strayed:
                return Course(first, distances, strayed, not_finite)
            if stage:
                distances.append(apart)
            if differing and first is None:
                first = Parted(update, stage, tuple(differing))
            progress()
            if first and control is None:
                break
    return Course(first, _by_update(distances), None, not_finite)


def _further(apart: Distance, value: np.ndarray, other: np.ndarray) -> Distance:
    ulps = bits.largest_ulps(value, other) or 0
    largest = 0.0
    if value.shape == other.shape and value.dtype.kind in "fiu":
        largest = bits.largest_difference(value, other)
    return Distance(apart.update, apart.differing + 1, max(apart.ulps, ulps), max(apart.largest, largest))


def _by_update(distances: Iterable[Distance]) -> list[Distance]:
    joined: dict[int, Distance] = {}
    for one in distances:
        before = joined.get(one.update, Distance(one.update, 0, 0, 0.0))
        joined[one.update] = Distance(
            one.update, before.differing + one.differing, max(before.ulps, one.ulps), max(before.largest, one.largest)
        )
    return list(joined.values())
