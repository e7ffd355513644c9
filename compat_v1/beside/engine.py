"""Run an old program and its port beside each other, and say whether every bit is equal, and if not, where first.

First the old graph is held against itself: what is not the same twice proves nothing. Then both are run, as a session
runs them by default. Where they part is looked for with TensorFlow's graph optimizers off, op by op as the graphs are.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.audit.reading import require_graph_defs
from compat_v1.beside import causes
from compat_v1.beside.feeds import Feeds
from compat_v1.beside.fitting import fit
from compat_v1.beside.lockstep import Course, Distance, Failed, Mode, Parted, Trace, digests, run_beside, stages
from compat_v1.beside.pairs import Paired, pair
from compat_v1.beside.plan import Plan, make_plan
from compat_v1.beside.program import CannotRunError, Program
from compat_v1.beside.races import Race, races
from compat_v1.beside.running import ALL, Runner
from compat_v1.beside.where import Origins, Search

EQUAL, PARTED, NOT_DETERMINISTIC = "equal", "parted", "not deterministic"


class First(NamedTuple):
    """Where two programs part."""

    update: int  # counted from 1
    tensor: str  # of the old graph, "node:0"
    port_tensor: str
    ulps: int | None  # at most, None for what is no floating-point number


class Beside(NamedTuple):
    """The result; the first five are what `--json` prints."""

    verdict: str
    updates: int
    compared: dict[str, int]
    first: First | None
    causes: list[dict[str, Any]]
    origins: Origins | None
    distances: list[Distance]
    races: list[Race]
    left_out: list[str]
    notes: list[str]
    plan: Plan
    parted: Parted | None
    audit: str | None = None  # its verdict, None if it was not asked or cannot compare the two


def beside(
    old: Any,
    new: Any,
    updates: int = 5,
    feeds: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
    sizes: Mapping[str, Sequence[int]] | None = None,
    checkpoint: str | Path | None = None,
    pairs: dict[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Beside:
    """Run two `GraphDef`s beside each other for so many updates and return the `Beside`.

    Both get the old graph's initial variables, or those of the `checkpoint`, a path, and the same `feeds`, {tensor of
    the old graph: array}; what is not given is drawn from `seed`, with `sizes` {placeholder: its open sizes}. `pairs`,
    {old node: new node}, are the audit's unless given. `progress` is called with the runs that are done, and all.

    Raises `CannotRunError`, a `ValueError`, for what cannot be run or compared, and `TypeError` for what is no
    `GraphDef`. If the old graph needs TensorFlow's op determinism to equal itself, that is switched on, and TensorFlow
    knows no way to switch it off in the process.
    """
    require_graph_defs(old, new)
    fed = {name if ":" in name else f"{name}:0": tf.as_dtype(value.dtype) for name, value in (feeds or {}).items()}
    old, new = Program(old, fed, "the old graph"), Program(new, fed, "the new graph")
    paired = pair(old, new) if pairs is None else Paired(pairs, frozenset(), [], None, {}, 0)
    plan = make_plan(old, new, paired.pairs, Feeds(old, new, paired.pairs, feeds, seed, sizes), paired.guessed)
    trial = Trial(plan, updates, checkpoint, progress)
    trial.notes += paired.notes
    trial.paired = paired
    return trial.result()._replace(audit=paired.audit)


class Trial:
    """Two programs on trial: what is known of them, and each further run of both."""

    def __init__(
        self, plan: Plan, updates: int, checkpoint: str | Path | None, progress: Callable[[int, int], None]
    ) -> None:
        self.plan, self.updates, self.progress = plan, updates if plan.updates else 1, progress
        self.notes: list[str] = []
        self.paired: Paired | None = None  # for what the audit knows of causes
        self.races = races(plan.old)
        self.all_races = self.races + races(plan.new)
        self.mode = Mode(
            bool(self.all_races), one_iteration=any(one.wiring.draws_in_a_loop() for one in (plan.old, plan.new))
        )
        self.done, self.total = 0, 2 * len(list(stages(plan, self.updates)))
        self.initial = initial_variables(plan.old, checkpoint, self.notes)

    def result(self) -> Beside:
        if self.plan.variables:
            self.notes.append(
                "both start from the old graph's variables: the new graph's initializers are not compared"
            )
        if self.all_races:
            self.notes.append(
                "updates race with reads of the same variable: in both graphs all gradients are computed first"
            )
        if self.mode.one_iteration:
            self.notes.append("random ops in a loop: its iterations run one by one, or chance says which draws first")
        found: list[dict[str, Any]] = [{"cause": cause, "what": what} for cause, what in self.plan.mismatches]
        try:
            course = self.judge()
        except CannotRunError as error:
            if not found:
                raise
            self.notes.append(f"not run: {error}")
            return self._as_result(PARTED, Course(None, [], None, None), None, found)
        if course.strayed:
            return self._not_deterministic(course, course.strayed)
        if course.is_equal and not found:
            return self._as_result(EQUAL, course, None, [])
        origins: Origins | None = None
        if course.failed:
            found.append({"cause": "does not run", "what": course.failed.why, "port_node": course.failed.node})
        if course.first:
            origins, explained = causes.explain(self, course.first)
            found += explained
        elif course.failed:
            origins = self._origins_of(course.failed)
        return self._as_result(PARTED, course, origins, found)

    def judge(self) -> Course:
        """Run the old graph twice, the second time beside the new one."""
        plan = self.plan
        try:
            control = self._control()
        except CannotRunError:
            plan = self.plan = fit(plan, self.initial, self.updates, self.mode)
            self.notes.append(f"what is drawn was fitted to the graph: {plan.feeds.in_words()}")
            self.total += self.done
            control = self._control()
        course = self._judged(control)
        if (course.not_finite or 0) > 1 and plan.feeds.signed:
            self.plan = plan._replace(feeds=plan.feeds.with_(signed=False))
            self.notes.append("no number below 0 is fed: with such, a variable is no finite number")
            course = self._once_more()
        ways = [self._with_op_determinism, self._on_one_thread]
        while course.strayed and ways and not causes.unseeded(plan.old, plan):
            ways.pop(0)()
            course = self._once_more()
        return course

    def _control(self) -> Trace:
        return digests(self.plan, self.initial, self.updates, self.mode, self._tick)

    def _judged(self, control: Trace) -> Course:
        return run_beside(self.plan, self.initial, self.updates, self.mode, control, self._tick)

    def _once_more(self) -> Course:
        self.total += 2 * len(list(stages(self.plan, self.updates)))
        return self._judged(self._control())

    def _with_op_determinism(self) -> None:
        self.notes.append("op determinism is on: without it the old graph does not equal itself")
        tf.config.experimental.enable_op_determinism()

    def _on_one_thread(self) -> None:
        self.notes.append("both run on one thread: on several the old graph does not equal itself")
        self.mode = self.mode._replace(threads=1)

    @property
    def plain(self) -> Mode:
        """The mode with each op run as the graph has it."""
        return self.mode._replace(switched_off=ALL)

    def course(self, plan: Plan, mode: Mode) -> Course:
        """Run both once more, in another way, as far as they part; no control."""
        self.total = self.done + len(list(stages(plan, self.updates)))
        return run_beside(plan, self.initial, self.updates, mode, None, self._tick)

    def origins(self, plan: Plan, parted: Parted, mode: Mode) -> Origins:
        """Look where a stage parts."""
        return Search(plan, self.initial, parted, mode, self._extra).origins()

    def _origins_of(self, failed: Failed) -> Origins | None:
        """Look where that parts which the new graph does not take."""
        if failed.node not in self.plan.new.wiring.nodes:
            return None
        parted = Parted(failed.update, failed.stage, ())
        try:
            return Search(self.plan, self.initial, parted, self.plain, self._extra, failed.node).origins()
        except CannotRunError as error:
            self.notes.append(f"where is not known further: {error}")
            return None

    def _not_deterministic(self, course: Course, strayed: Parted) -> Beside:
        """Say which op gives another value when the old graph is run again."""
        old = self.plan.old
        itself = {name: name for name in old.wiring.order}
        plan = make_plan(old, old, itself, self.plan.feeds)  # as it was fed: of what the new one knows of shapes too
        unseeded, origins = causes.unseeded(old, self.plan), None
        try:
            origins = self.origins(plan, strayed, self.plain)
        except CannotRunError as error:
            self.notes.append(f"where is not known further: {error}")
        found = [causes.of_chance(self.plan, unseeded, origins, strayed)]
        return self._as_result(NOT_DETERMINISTIC, course._replace(first=strayed), origins, found)

    def _as_result(self, verdict: str, course: Course, origins: Origins | None, found: list[dict[str, Any]]) -> Beside:
        plan, first = self.plan, None
        at = course.first or course.failed
        if at:
            one = origins.first[0] if origins and origins.first else None
            if one:
                tensors = f"{one.node}:{one.output}", f"{one.partner}:{one.output}"
                first = First(at.update, *tensors, one.ulps)
            elif course.first:
                name = course.first.what[0]
                first = First(at.update, name, plan.pairs.get(name, name), None)
            elif course.failed and course.failed.node:
                back = {other: name for name, other in plan.pairs.items()}
                first = First(at.update, back.get(course.failed.node, ""), course.failed.node, None)
        if course.not_finite:
            self.notes.append(f"after update {course.not_finite} a variable is no finite number: later ones say little")
        compared = {
            "variables": len(plan.variables),
            "fetches": len(plan.fetches) - plan.summaries,
            "summaries": plan.summaries,
        }
        return Beside(
            verdict, self.updates if plan.updates else 0, compared, first, found, origins, course.distances,
            self.all_races, plan.left_out, self.notes, plan, course.first,
        )  # fmt: skip

    def _tick(self) -> None:
        self.done += 1
        self.progress(self.done, self.total)

    def _extra(self) -> None:
        self.total += 1
        self._tick()


def initial_variables(program: Program, checkpoint: str | Path | None, notes: list[str]) -> dict[str, np.ndarray]:
    """Return the variables that a program starts from, {name: array}."""
    given: dict[str, np.ndarray] = {}
    if checkpoint:
        try:
            for path in (Path(checkpoint), Path(f"{checkpoint}.index"), Path(checkpoint, "checkpoint")):
                if path.exists() and not (path.is_file() or path.is_dir()):  # TensorFlow would wait for its end
                    raise ValueError(f"{path} is no regular file")
            reader = tf.train.load_checkpoint(str(checkpoint))
        except (tf.errors.OpError, ValueError, OSError) as error:
            raise CannotRunError(f"{checkpoint} is no checkpoint: {error}") from None
        there = reader.get_variable_to_shape_map()
        given = {name: reader.get_tensor(name) for name in program.variables if name in there}
        if program.variables and not given:
            raise CannotRunError(f"{checkpoint} has none of the graph's variables, such as {program.variables[0]}")
        missing = [name for name in program.variables if name not in there]
        if missing:
            notes.append(f"not in the checkpoint, and left as initialized: {', '.join(missing[:8])}")
    without = [name for name in program.variables if name not in given and name not in program.initializers]
    needed = program.needs([update.target for update in program.updates])
    if any(name in needed for name in without):
        raise CannotRunError(f"the variable {without[0]} has no initializer in the graph: give a --checkpoint")
    with Runner(program) as runner:
        runner.initialize(given)
        return runner.variables([name for name in program.variables if name not in without])
