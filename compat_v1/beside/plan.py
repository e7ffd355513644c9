"""What of two programs is run and compared, pair by pair: updates, variables and fetches; and what is left out."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from compat_v1.beside import ops
from compat_v1.beside.feeds import Feeds
from compat_v1.beside.program import CannotRunError, Program, Update
from compat_v1.beside.wiring import Tensor

# Ops with an effect outside the session; nothing that needs one is fetched.
_EFFECTS = {
    *("Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints", "WriteFile", "ShardedFilename", "MakeIterator"),
    *("WriteSummary", "WriteScalarSummary", "CreateSummaryFileWriter", "IteratorToStringHandle"),
}
_ALONE = "without a partner"
_NO_FETCHES = {"Const", "NoOp", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault"} | ops.VARIABLES


class Fetch(NamedTuple):
    """A tensor of the old graph and its partner."""

    old: Tensor
    new: Tensor


class Plan(NamedTuple):
    """Two programs, and what of them is run and compared."""

    old: Program
    new: Program
    pairs: dict[str, str]  # the old graph's nodes to the new one's
    feeds: Feeds
    updates: list[tuple[Update, Update]]
    variables: list[tuple[str, str]]
    fetches: list[Fetch]
    left_out: list[str]  # what is not compared, and why
    mismatches: list[tuple[str, str]]  # (cause, sentence) for what cannot be equal: what one of the two alone trains
    taken: tuple[list[Tensor], list[Tensor]]  # the tensors that the two are fed
    guessed: Collection[str]  # nodes of the old graph that are paired by their names alone
    sources: dict[Tensor, Tensor]  # for those of the new graph, the old one's that has the same value

    @property
    def summaries(self) -> int:
        """How many of the fetches are summaries."""
        return sum(self.old.wiring.op(fetch.old[0]).endswith("Summary") for fetch in self.fetches)

    def feed(self, update: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return what the old and the new graph are fed in an update, each {"name:0": array}."""
        wanted = [*self.taken[0], *(self.sources[one] for one in self.taken[1] if one in self.sources)]
        drawn = self.feeds.draw(update, dict.fromkeys(wanted))
        old = {f"{name}:{index}": drawn[f"{name}:{index}"] for name, index in self.taken[0]}
        new = {}
        for one in self.taken[1]:
            key = "{}:{}".format(*one)
            if one in self.sources:
                new[key] = drawn["{}:{}".format(*self.sources[one])]
            else:
                new[key] = self.feeds.batch(key, update)
        return old, new


def make_plan(
    old: Program, new: Program, pairs: dict[str, str], feeds: Feeds, guessed: Collection[str] = frozenset()
) -> Plan:
    """Return the `Plan` for two `Program`s; raises `CannotRunError` if there is nothing to run or to compare."""
    new.inputs |= {pairs[name] for name in old.inputs if name in pairs}
    left_out, mismatches = list[str](), list[tuple[str, str]]()
    for program in (old, new):
        left_out += [f"{name} ({op}): TensorFlow has no such op today" for name, op in program.gone.items()]
    updates = _paired_updates(old, new, pairs, mismatches)
    for pair in updates:
        for program, update in zip((old, new), pair, strict=True):
            _require_runnable(program, update.target)
    variables = [(name, pairs[name]) for name in old.variables if name in pairs and pairs[name] in new.variables]
    mismatches += _mismatches(old, new, variables)
    sources = _sources(old, new, pairs)
    for _, update in updates:
        lacking = _lacking(new, [update.target], sources, feeds)
        if lacking:
            raise CannotRunError(f"{lacking}: give its value with --feeds")
    certain = {name: other for name, other in pairs.items() if not (name in guessed and _is_gradient(name))}
    fetches = _fetches(old, new, certain, feeds, sources, left_out)
    if not fetches and not (updates and variables):
        raise CannotRunError(
            "nothing can be compared: the audit pairs no fetch and no trained variable of the two graphs"
            + ("; " + "; ".join(left_out[:3]) if left_out else "")
        )
    left_out += _behind_inputs(old)
    pairs = {**{one.old[0]: one.new[0] for one in fetches}, **pairs}  # what is queued may have had no partner
    taken = [
        _fed(program, program.needs({fetch[side][0] for fetch in fetches} | {pair[side].target for pair in updates}))
        for side, program in enumerate((old, new))
    ]
    return Plan(
        old,
        new,
        pairs,
        feeds,
        updates,
        variables,
        fetches,
        left_out,
        mismatches,
        (taken[0], taken[1]),
        guessed,
        sources,
    )


def _mismatches(old: Program, new: Program, variables: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (cause, sentence) for variables that cannot be equal: trained in one graph alone, or of another shape."""
    trained = [program.trained() for program in (old, new)]
    known = [{pair[side] for pair in variables} for side in (0, 1)]
    for side, which in ((0, "new"), (1, "old")):
        for name in sorted(trained[side] - known[side]):
            yield _ALONE, f"the variable {name} is trained and has no partner in the {which} graph"
    for old_name, new_name in variables:
        shapes = old.variable_shape(old_name), new.variable_shape(new_name)
        if not shapes[0].is_compatible_with(shapes[1]):
            yield "another shape", f"the variable {old_name} is {shapes[0]} in the old graph, {shapes[1]} in the new"
        if (old_name in trained[0]) != (new_name in trained[1]):
            which = "old" if old_name in trained[0] else "new"
            yield _ALONE, f"the variable {old_name} is trained in the {which} graph alone"


def _fed(program: Program, needs: Collection[str]) -> list[Tensor]:
    """Return the tensors that are fed for the nodes `needs`, in order."""
    used = {source for name in needs for source in program.wiring.inputs[name] if name not in program.inputs}
    at = program.wiring.position
    return sorted((one for one in used if one[0] in program.inputs), key=lambda one: (at[one[0]], one[1]))


def _sources(old: Program, new: Program, pairs: Mapping[str, str]) -> dict[Tensor, Tensor]:
    """Return {what the new graph may be fed: the tensor of the old one with the same value}.

    That is the partner's; without one, what the old graph gives to the same input of a partner of the op that takes it.
    """
    back = {other: name for name, other in pairs.items()}
    sources = dict[Tensor, Tensor]()
    for name in sorted(new.inputs, key=new.wiring.position.__getitem__):
        if name in back:
            here, there = old.outputs(back[name]), new.outputs(name)
            sources.update({(name, index): (back[name], index) for index in range(min(len(here), len(there)))})
            continue
        for consumer in new.wiring.consumers[name]:
            taken = old.wiring.inputs[back[consumer]] if consumer in back else []
            for one, source in zip(new.wiring.inputs[consumer], taken, strict=False):
                if one[0] == name and source[0] in old.inputs:
                    sources.setdefault(one, source)
    return sources


def _lacking(program: Program, names: Collection[str], sources: Mapping[Tensor, Tensor], feeds: Feeds) -> str | None:
    """Return which tensor that the new graph's nodes `names` are fed is not known, and None if there is none."""
    for one in _fed(program, program.needs(names)):
        key = "{}:{}".format(*one)
        if one not in sources and key not in feeds.given:
            return f"the new graph takes {key} ({program.wiring.op(one[0])}), which has no partner in the old one"
    return None


def _paired_updates(
    old: Program, new: Program, pairs: Mapping[str, str], mismatches: list[tuple[str, str]]
) -> list[tuple[Update, Update]]:
    """Pair the optimizers by the variables that they change."""

    def changes(program: Program, update: Update) -> set[str | None]:
        return {program.wiring.variable_written(write) for write in update.writes}

    updates, free = list[tuple[Update, Update]](), list(new.updates)
    for update in old.updates:
        wanted = {pairs.get(name) for name in changes(old, update) if name}
        best = max(free, key=lambda other: len(changes(new, other) & wanted), default=None)
        if best is None or not changes(new, best) & wanted:
            mismatches.append((_ALONE, f"the update {update.target} has no partner in the new graph"))
            continue
        free.remove(best)
        updates.append((update, best))
    mismatches += [(_ALONE, f"the update {update.target} has no partner in the old graph") for update in free]
    return updates


def _require_runnable(program: Program, target: str) -> None:
    for name in program.needs([target]):
        if name not in program.inputs and program.wiring.op(name) in ops.PYTHON:
            raise CannotRunError(
                f"{program.what}: {name} ({program.wiring.op(name)}) calls a Python function that is not in the graph: "
                f"give what it returns with --feeds, as {name}:0"
            )


def _fetches(
    old: Program,
    new: Program,
    pairs: Mapping[str, str],
    feeds: Feeds,
    sources: Mapping[Tensor, Tensor],
    left_out: list[str],
) -> list[Fetch]:
    """Return the `Fetch`es: what nothing else is computed from, numbers that stand alone, summaries, what is queued."""
    trained = old.needs([update.target for update in old.updates])
    initial = old.needs([*old.initializers.values()]) - trained
    fetches, tried, queued = list[Fetch](), dict[Tensor, str | None](), _queued(old, new, pairs)
    for name in old.wiring.order:
        if old.wiring.op(name) in _NO_FETCHES or name in initial or name in old.inputs:
            continue
        for one in old.values(name):
            if not _is_result(old, one) or not old.wiring.is_always_there(name):
                continue
            if one not in queued and name not in pairs:
                continue
            other = queued.get(one) or (pairs[name], one[1])
            why = _why_not(old, name, feeds, tried) or _why_not(new, other[0], None, tried)
            if why is None:
                why = _lacking(new, [other[0]], sources, feeds)
            if why:
                left_out.append(f"{name}:{one[1]}: {why}")
            elif why is None and _gives(new, other, old.outputs(name)[one[1]].shape, not _is_used(old, one)):
                fetches.append(Fetch(one, other))
    return fetches


def _queued(old: Program, new: Program, pairs: Mapping[str, str]) -> dict[Tensor, Tensor]:
    """Return which tensor of the new graph is put into a queue in the place of one of the old graph."""
    return {
        one: other
        for name in pairs
        if old.wiring.op(name) in ops.ENQUEUES and new.wiring.op(pairs[name]) in ops.ENQUEUES
        for one, other in zip(old.wiring.inputs[name], new.wiring.inputs[pairs[name]], strict=False)
    }


def _is_gradient(name: str) -> bool:
    """Whether a node is in a scope of gradients: those that nothing uses are numbered as the ops happen to be."""
    return any(scope.startswith("gradients") for scope in name.split("/"))


def _gives(program: Program, one: Tensor, shape: Any, is_end: bool) -> bool:
    """Whether a program has a tensor to be held to one of a `tf.TensorShape`.

    What is used further in one of the two, to be reshaped say, may be the same numbers in another shape.
    """
    name, index = one
    is_there = one in program.values(name) and program.wiring.is_always_there(name)
    return is_there and (
        (is_end and not _is_used(program, one)) or program.outputs(name)[index].shape.rank == shape.rank
    )


def _is_used(program: Program, one: Tensor) -> bool:
    """Whether anything but a queue takes a tensor's values."""
    wiring = program.wiring
    return any(
        one in wiring.inputs[consumer]
        and wiring.op(consumer) not in ops.ASK_NO_VALUE
        and wiring.op(consumer) not in ops.ENQUEUES
        for consumer in wiring.consumers[one[0]]
    )


def _is_result(program: Program, one: Tensor) -> bool:
    name, index = one
    wiring = program.wiring
    tensor = program.outputs(name)[index]
    if wiring.op(name).endswith("Summary"):
        return True
    if (
        wiring.op(name) in ops.CARRIERS
        and wiring.inputs[name]
        and wiring.op(wiring.inputs[name][0][0]) in ops.VARIABLES
    ):
        return False  # compared as a variable
    if name in wiring.flows:
        return False
    return not _is_used(program, one) or (tensor.dtype.is_floating and tensor.shape.rank == 0)


def _why_not(program: Program, name: str, feeds: Feeds | None, tried: dict[Tensor, str | None]) -> str | None:
    """Return why a node is not fetched, "" if that is nothing to speak of, None if it can be."""
    if name in program.after_writes:
        return ""
    needs = program.needs([name])
    for need in sorted(needs, key=program.wiring.position.__getitem__):
        op = program.wiring.op(need)
        if op in _EFFECTS | ops.RESTORES or ops.is_write(op):
            return ""
        if op in ops.PYTHON and need not in program.inputs:
            return f"{need} ({op}) calls a Python function that is not in the graph"
    if feeds is not None:
        for one in _fed(program, needs):
            if one not in tried:
                try:
                    feeds.draw(1, [one])
                    tried[one] = None
                except CannotRunError as error:
                    tried[one] = str(error)
            if tried[one]:
                return tried[one]
    return None


def _behind_inputs(program: Program) -> list[str]:
    """Say which ops lie behind an input that is fed, and are not run: another thing there is for the audit to find."""
    wiring, lines = program.wiring, list[str]()
    for name in sorted(program.inputs, key=wiring.position.__getitem__):
        behind = wiring.ancestors([name]) - {name}
        if behind and not wiring.op(name).startswith("Placeholder"):
            lines.append(f"what fills {name} ({wiring.op(name)}): fed instead, {len(behind)} nodes are not run")
    return lines
