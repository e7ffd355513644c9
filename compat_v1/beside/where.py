"""Find where two programs part: the pairs of tensors that differ although all that they are computed from is equal."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from compat_v1.beside import bits, ops
from compat_v1.beside.deviation import Deviation, deviation
from compat_v1.beside.lockstep import Mode, Parted, Side, stages
from compat_v1.beside.plan import Plan
from compat_v1.beside.program import Update
from compat_v1.beside.running import ALL
from compat_v1.beside.wiring import Tensor

_TENSORS_AT_ONCE, _BYTES_AT_ONCE = 512, 2**28  # looked at in one run: what bounds the memory

_Seen = Mapping[Tensor, Sequence[np.ndarray]]  # of each tensor the arrays, one for each time that it was computed
_Pair = tuple[Tensor, Tensor]  # of the old graph and of the new one
_See = Callable[[Side, Sequence[Tensor]], _Seen]


class Origins(NamedTuple):
    """Where a stage parts."""

    first: list[Deviation]  # those that nothing that differs comes before, in the order of computation
    deviations: dict[str, Deviation]  # every pair of nodes that differs, by the old one's name
    compared: int  # pairs of nodes
    between: dict[str, tuple[list[str], list[str]]]  # for each of `first`: the nodes without a partner right before it


class Search:
    """Looks for the `Origins` of a `Parted` stage.

    With all graph optimizers off, tensors are fetched, or copied where they cannot be; else only what is left of them
    in the rewritten graphs can be looked at, and in no other run than the stage's own.
    """

    def __init__(
        self,
        plan: Plan,
        initial: Mapping[str, np.ndarray],
        parted: Parted,
        mode: Mode,
        progress: Callable[[], None],
        failed: str | None = None,
    ) -> None:
        """`failed`: the node of the new graph that does not run, and what comes before is looked at."""
        self.plan, self.initial, self.parted = plan, initial, parted
        self.mode, self.progress = mode, progress
        self.written: tuple[Update, ...] = ()
        if parted.stage == 0:
            self.targets = [[fetch[side][0] for fetch in plan.fetches] for side in (0, 1)]
        else:
            self.written = plan.updates[parted.stage - 1]
            self.targets = [[update.target] for update in self.written]
        self.needs = [program.needs(names) for program, names in zip((plan.old, plan.new), self.targets, strict=True)]
        self.failed, wiring = failed, plan.new.wiring
        if failed:  # what is in loops and branches can only be seen in a run of the stage, which fails
            self.needs[1] = wiring.ancestors([failed]) - {failed}
        self.is_random = any(
            ops.RANDOM.fullmatch(program.wiring.op(name))
            for program, needs in zip((plan.old, plan.new), self.needs, strict=True)
            for name in needs
        )
        fed = {name for name in plan.old.inputs if plan.pairs.get(name) in plan.new.inputs}
        self.compared = fed
        self.deviations: dict[str, Deviation] = {}
        # Opened for each part that has to begin anew: random ops go on where they are, and variables change.
        self.sides = [Side(plan, which, mode, one_iteration=True) for which in (0, 1)]
        self.is_open = False
        self.counted: set[str] = set()  # of them, those that one graph computes more often, and nothing else

    def origins(self) -> Origins:
        """Run both programs as often as it takes, and compare every pair of tensors."""
        late, in_parts = self.plan.old.after_writes, self.mode.switched_off == ALL
        try:
            # What is in a branch that only the updates wait for is seen in the stage itself, as they are.
            for values, is_next, anew in (
                (self._fetched, lambda name: name not in late and in_parts and self._is_there(name), False),
                (self._watched, lambda name: name not in late and in_parts, False),
                (self._in_the_stage, lambda name: True, self.parted.stage > 0),
            )[: 1 if self.failed else 3]:
                for some in self._slices([name for name in self._pairs() if is_next(name)]):
                    self._look(some, values, anew or self.is_random)
        finally:
            self._close()
        return self._origins()

    def _is_there(self, name: str) -> bool:
        """Whether both nodes of a pair can be fetched."""
        old, new = self.plan.old.wiring, self.plan.new.wiring
        return old.is_always_there(name) and new.is_always_there(self.plan.pairs[name])

    def _pairs(self) -> list[str]:
        """Return the old graph's nodes that both programs compute at this stage, in the order of computation."""
        old, new = self.plan.old, self.plan.new
        return [
            name
            for name in old.wiring.order
            if name in self.needs[0]
            and self.plan.pairs.get(name) in self.needs[1]
            and (name in old.after_writes) == (self.plan.pairs[name] in new.after_writes)
            and name not in self.compared
            and name not in old.wiring.flows
            and self._outputs(name)
        ]

    def _outputs(self, name: str) -> list[_Pair]:
        """Return the pairs of tensors that two paired nodes give."""
        here, there = self.plan.old.values(name), self.plan.new.values(self.plan.pairs[name])
        return list(zip(here, there, strict=False)) if len(here) == len(there) else []

    def _slices(self, names: Iterable[str]) -> Iterator[list[_Pair]]:
        """Yield the pairs of tensors in parts that fit in memory together."""
        part, size = list[_Pair](), 0
        for name in names:
            for pair in self._outputs(name):
                shape = self.plan.old.outputs(name)[pair[0][1]].shape
                sizes = [8 if one is None else one for one in (shape.as_list() if shape.rank is not None else [64])]
                size += 4 * int(np.prod(sizes))
                part.append(pair)
            # A rewritten graph is rewritten anew for each part, which takes longer than the run.
            if len(part) >= _TENSORS_AT_ONCE * (1 if self.mode.switched_off == ALL else 2) or size > _BYTES_AT_ONCE:
                yield part
                part, size = [], 0
        if part:
            yield part

    # The runs.

    def _at_the_stage(self, anew: bool) -> list[Side]:
        """Return both sides in the state right before the stage."""
        if not self.is_open or anew:
            self._close()
            self.is_open = True
            for side in self.sides:
                side.runner.__enter__()
                side.start(self.initial)
            for update, stage in stages(self.plan, self.parted.update):
                if (update, stage) == (self.parted.update, self.parted.stage):
                    break
                for side in self.sides:
                    side.run(update, stage)
        return self.sides

    def _close(self) -> None:
        for side in self.sides if self.is_open else ():
            side.runner.__exit__()
        self.is_open = False

    def _look(self, some: Sequence[_Pair], values: _See, anew: bool) -> None:
        old, new = self._at_the_stage(anew)
        here, there = values(old, [one for one, _ in some]), values(new, [other for _, other in some])
        for one, other in some:
            self._compare(one, other, here[one], there[other])
        self.progress()

    def _feeds(self, side: Side) -> dict[Any, np.ndarray]:
        return side.runner.feed(self.plan.feed(self.parted.update)[side.which])

    def _fetched(self, side: Side, tensors: Sequence[Tensor]) -> _Seen:
        """Fetch tensors that no write comes before."""
        got = side.runner.fetch(tensors, self._feeds(side))
        return {one: [got[one]] for one in tensors}

    def _watched(self, side: Side, tensors: Sequence[Tensor]) -> _Seen:
        """See tensors computed, in a loop or a branch, on the way to what the stage asks for before it writes."""
        runner = side.runner
        targets: Collection[str] = self.targets[side.which]
        if self.written:
            update = self.written[side.which]
            targets = dict.fromkeys([name for name, _ in update.before] + list(update.awaited))
        done = [runner.operation(name) for name in targets if name not in runner.program.inputs]  # those are fed
        with runner.watching(tensors) as seen:
            runner.run(done, self._feeds(side))
        return seen

    def _in_the_stage(self, side: Side, tensors: Sequence[Tensor]) -> _Seen:
        with side.runner.watching(tensors) as seen:
            side.run(self.parted.update, self.parted.stage)
        return seen

    # The comparison.

    def _compare(self, one: Tensor, other: Tensor, values: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> None:
        name = one[0]
        if not (values or others) or (self.mode.switched_off != ALL and not (values and others)):
            return  # not run, or rewritten in one of the graphs
        self.compared.add(name)
        if name in self.deviations:
            return
        is_there = self._is_there(name)
        for time, (value, other_value) in enumerate(zip(values, others, strict=False)):
            value, other_value = np.asarray(value), np.asarray(other_value)
            if not bits.equal(value.ravel(), other_value.ravel()):  # the same in another shape leads to nothing else
                self.deviations[name] = deviation(one, other, None if is_there else time, value, other_value)
                return
        if len(values) != len(others):
            self.counted.add(name)
            counts = f"computed {len(values)} times", f"computed {len(others)} times"
            at = min(len(values), len(others))
            self.deviations[name] = Deviation(name, other[0], one[1], at, None, 1.0, counts, False, None)

    def _origins(self) -> Origins:
        """Sift the deviations: those that lead to what parted, and of them those that nothing that differs leads to."""
        leading = self._leading()
        first = [self.deviations[name] for name in leading if self._is_origin(name)]
        if not first and leading:
            first = [self.deviations[leading[0]]]
        if not first:
            otherwise = self._written_otherwise() if self.written else None
            first = [otherwise] if otherwise else []
        between = {one.node: self._between(one.node) for one in first}
        return Origins(first, self.deviations, len(self.compared), between)

    def _leading(self) -> list[str]:
        """Return the nodes that differ and lead, by such nodes alone, to a result that differs; in order."""
        wiring = self.plan.old.wiring
        if self.parted.stage == 0:
            ends = {name.rpartition(":")[0] for name in self.parted.what}
        else:
            parted = set(self.parted.what)
            ends = {write for write in self.written[0].writes if parted & {*wiring.variables_written(write)}}
        if self.failed:
            ends = self._before(self.failed) & self.deviations.keys()
        leading, todo = ends & self.deviations.keys(), list(ends)
        while todo:
            for name in self._nearest(todo.pop(), back_edges=True):
                if name in self.deviations and name not in leading:
                    leading.add(name)
                    todo.append(name)
        return sorted(leading, key=wiring.position.__getitem__)

    def _is_origin(self, name: str) -> bool:
        is_carrier = self.plan.old.wiring.op(name) in ops.CARRIERS
        if name in self.counted or (is_carrier and not any(self._between(name))):
            return False
        at = self._reaches(name)
        return not any(
            source in self.deviations and (self.deviations[source].time or 0) <= at
            for source in self._nearest(name, back_edges=is_carrier)
        )

    def _reaches(self, name: str) -> float:
        """Return up to which time of a loop what differs there may be why a node differs.

        What leaves a loop comes after all of it, and what a stack or a TensorArray kept comes in any order.
        """
        time = self.deviations[name].time
        ways = {self.plan.old.wiring.op(one) for one in (name, *self._between(name)[0])}
        return float("inf") if time is None or ways & (ops.POPS | ops.TAKES | ops.EXITS) else time

    def _nearest(self, name: str, back_edges: bool = False) -> set[str]:
        """Return the old names of the compared nodes that a node is computed from, in either graph."""
        found = set(self.plan.old.wiring.walk(name, self.compared, back_edges)[0])
        if name in self.plan.pairs:
            found |= self._before(self.plan.pairs[name], back_edges)
        return found

    def _before(self, name: str, back_edges: bool = False) -> set[str]:
        """Return the old names of the compared nodes that a node of the new graph is computed from."""
        nearest = self.plan.new.wiring.walk(name, self._back, back_edges)[0]
        return {one for other in nearest for one in self._back[other]}

    @cached_property
    def _back(self) -> dict[str, list[str]]:
        """{a node of the new graph: the old ones that were compared with it}, once all have been compared."""
        back = defaultdict[str, list[str]](list)
        for name in self.compared:
            back[self.plan.pairs[name]].append(name)
        return dict(back)

    def _between(self, name: str) -> tuple[list[str], list[str]]:
        """Return the nodes of each graph that were not compared, between a node and the compared ones before it."""
        here = self.plan.old.wiring.walk(name, self.compared)[1]
        there = self.plan.new.wiring.walk(self.plan.pairs[name], self._back)[1] if name in self.plan.pairs else []
        return here, there

    def _written_otherwise(self) -> Deviation | None:
        """Return the deviation of the first write that makes of equal inputs another variable, or None."""
        wiring, new = self.plan.old.wiring, self.plan.new.wiring
        written = {variable for name in self.written[0].writes for variable in wiring.variables_written(name)}
        variable = next((name for name in self.parted.what if name in written), None)
        if variable is None:  # only the new graph changes it
            return None
        partner = dict(self.plan.variables)[variable]
        writes = [
            [name for name in update.writes if which in place.variables_written(name)]
            for update, place, which in zip(self.written, (wiring, new), (variable, partner), strict=True)
        ]
        if not writes[1]:  # only the old graph changes it
            return None
        names = [min(some, key=place.position.__getitem__) for some, place in zip(writes, (wiring, new), strict=True)]
        side, other = self._at_the_stage(anew=True)
        for one in (side, other):
            one.run(self.parted.update, self.parted.stage)
        here, there = side.runner.variables([variable])[variable], other.runner.variables([partner])[partner]
        self._close()
        return deviation((names[0], 0), (names[1], 0), None, here, there)
