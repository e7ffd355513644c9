"""Which node of the old graph is which of the new one: what the audit says, in the form that a run needs."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from compat_v1.audit.comparison import audit
from compat_v1.beside import ops
from compat_v1.beside.program import Program

_SAME = {"Add": "AddV2", "Variable": "VariableV2", "VariableV2": "VarHandleOp"}
# Where the audit takes a pattern as a whole, it pairs what stands for one another in it: a number and its inverse, or
# a gradient before and after it is divided.
_OTHER_VALUES = {("Sub", "SquaredDifference"), ("Reciprocal", "Cast")}
_OTHER_IN_MOMENTS = {("Reshape", "Reshape"), ("Tile", "BroadcastTo")}


class Paired(NamedTuple):
    """Which node of the old graph is which of the new one."""

    pairs: dict[str, str]  # in the old graph's order of computation
    guessed: frozenset[str]  # old nodes that only have a name in common with their partners
    notes: list[str]
    audit: str | None  # the audit's verdict, None if it cannot compare the two
    changed: dict[str, str]  # old nodes whose numbers TensorFlow itself has changed, and by what: see the audit
    differences: int  # that the audit finds besides


def pair(old: Program, new: Program) -> Paired:
    """Pair the nodes of two `Program`s.

    What the audit leaves, such as constants whose numbers differ, is paired by name where its place says the same.
    """
    notes = []
    try:
        found = audit(old.graph_def, new.graph_def)
    except ValueError as error:
        notes.append(f"the audit cannot compare the two graphs, all is paired by name: {error}")
        audited, verdict, changed, differences = dict[str, str](), None, dict[str, str](), 0
    else:
        audited, verdict, differences = found.pairs, found.verdict, len(found.differences)
        changed = {name: numbers.cause for numbers in found.numbers for name in numbers.nodes}
        if found.differences:
            first = found.differences[0]
            at = first.node or f"{first.port_node} of the new graph"
            notes.append(f"the audit finds {len(found.differences)} differences, the first at {at}: {first.what}")
    pairs = {
        name: other
        for name, other in audited.items()
        if not _stand_for_each_other(old.wiring.op(name), new.wiring.op(other), changed.get(name))
        and _is_one_value(old, new, name, other)
        and _is_taken_alike(old, new, audited, name, other)
    }
    pairs = _without_parts(old, pairs)
    partners = {other: name for name, other in pairs.items()}
    pairs = {name: other for name, other in pairs.items() if not _is_exchanged(old, new, pairs, partners, name, other)}
    pairs = _without_negated(old, new, pairs)
    guessed = _pair_by_name(old, new, pairs, audited)
    by_name = len(guessed & old.needs([update.target for update in old.updates]))
    if by_name and differences:  # else the audit has compared them: a loop's conditions, what a rule takes as a whole
        notes.append(
            f"{by_name} nodes of the training are paired by their names alone: the audit finds that they differ, or "
            "compares them only together with others"
        )
    ordered = {name: pairs[name] for name in old.wiring.order if name in pairs}
    return Paired(ordered, frozenset(guessed), notes, verdict, changed, differences)


def _pair_by_name(old: Program, new: Program, pairs: dict[str, str], audited: Mapping[str, str]) -> set[str]:
    """Add pairs of one name to `pairs`, of what has no partner; return those that the audit had not found either.

    They are variables, what is fed and what nothing uses; and of the rest, what partners take in the same place. A
    name alone tells nothing of a number on the way: TensorFlow counts on when it makes one op more or less.
    """
    guessed, taken = set[str](), set(pairs.values())

    def add(name: str) -> None:
        if (
            name not in pairs
            and name not in taken
            and name in new.wiring.nodes
            and _may_be_same(old, new, name, name)
            and _have_one_shape(old, new, name, name)
            and not _is_judged_in_its_place(old, new, name, audited)
        ):
            pairs[name] = name
            guessed.update({name} - audited.keys())
            todo.append(name)

    todo = list(pairs)
    for name in old.wiring.order:
        is_end = not (_takers(old, name) or (name in new.wiring.nodes and _takers(new, name)))
        if is_end or name in old.inputs or old.wiring.op(name) in ops.VARIABLES:
            add(name)
    while todo:
        name = todo.pop()
        for one, other in zip(old.wiring.inputs[name], new.wiring.inputs[pairs[name]], strict=False):
            if one == other:
                add(one[0])
    return guessed


def _takers(program: Program, name: str) -> list[str]:
    """Return the nodes that take a value of a node."""
    wiring = program.wiring
    return [consumer for consumer in wiring.consumers[name] if any(name == one for one, _ in wiring.inputs[consumer])]


def _stand_for_each_other(op: str, other: str, cause: str | None) -> bool:
    """Whether a pair of two ops is one by its place in a pattern, and has two values."""
    return (op, other) in _OTHER_VALUES or (cause == "moments" and (op, other) in _OTHER_IN_MOMENTS)


def _is_one_value(old: Program, new: Program, name: str, other: str) -> bool:
    """Whether the two nodes of a pair of the audit themselves give one value.

    Integers may be paired because the same is computed from them in the end: a tensor's shape in one graph, in the
    other the axes that TensorFlow found from that shape; or -1 in one, and in the other all sizes.
    """
    here, there = old.outputs(name), new.outputs(other)
    if {old.wiring.op(name), new.wiring.op(other)} <= ops.VARIABLES:
        return True
    if any(one.dtype.base_dtype != two.dtype.base_dtype for one, two in zip(here, there, strict=False)):
        return False
    if not all(_may_be_one_number(one.shape, two.shape) for one, two in zip(here, there, strict=False)):
        return False  # cut before an op in one graph and after it in the other
    is_of_integers = all(tensor.dtype.is_integer for tensor in [*here, *there])
    carry = {old.wiring.op(name), new.wiring.op(other)} <= ops.CARRIERS
    if not is_of_integers or carry or not here or not there:
        return True
    return _may_be_same(old, new, name, other) and _have_one_shape(old, new, name, other)


def _without_parts(old: Program, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return the pairs without those of several old nodes and one new one that compute different things.

    Such are what is computed in parts in one graph and at once in the other.
    """
    shared = defaultdict[str, list[str]](list)
    for name, other in pairs.items():
        if old.wiring.inputs[name] and old.wiring.op(name) not in ops.CARRIERS:
            shared[other].append(name)
    parts = {
        name
        for names in shared.values()
        if len({tuple((pairs.get(one, one), at) for one, at in old.wiring.inputs[name]) for name in names}) > 1
        for name in names
    }
    return {name: other for name, other in pairs.items() if name not in parts}


def _is_exchanged(
    old: Program, new: Program, pairs: Mapping[str, str], partners: Mapping[str, str], name: str, other: str
) -> bool:
    """Whether a pair is taken in one graph by such an op as it takes itself in the other: cut before and after, say.

    These two ops have no partners, and nothing else takes the pair; or they are a pair.
    """
    for one, node, paired, another, partner, known in (
        (old, name, pairs, new, other, partners),
        (new, other, partners, old, name, pairs),
    ):
        after, sources = _takers(one, node), {source for source, _ in another.wiring.inputs[partner]}
        before = {another.wiring.op(source) for source in sources if source not in known}
        if before and after and all(taker not in paired and one.wiring.op(taker) in before for taker in after):
            return True
        if any(paired[taker] in sources for taker in after if taker in paired):
            return True
    return False


def _without_negated(old: Program, new: Program, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return the pairs without those of which one is the other's negative: a gradient is negated first, or last."""
    behind, before = (
        [
            _beside_negations(program, paired, step)
            for program, paired in ((old, pairs.keys()), (new, set(pairs.values())))
        ]
        for step in (_takers, _sources)
    )
    return {
        name: other
        for name, other in pairs.items()
        if not ((name in before[0] and other in behind[1]) or (name in behind[0] and other in before[1]))
    }


def _beside_negations(program: Program, paired: Collection[str], step: Callable[[Program, str], list[str]]) -> set[str]:
    """Return the sums and reshapings that `step` by step lead to from a negation without a partner."""
    todo = [name for name in program.wiring.order if program.wiring.op(name) == "Neg" and name not in paired]
    found = set[str]()
    while todo:
        fresh = {one for one in step(program, todo.pop()) if program.wiring.op(one) in ("Sum", "Reshape")} - found
        found |= fresh
        todo += fresh
    return found


def _sources(program: Program, name: str) -> list[str]:
    """Return the nodes that a node takes values of."""
    return [source for source, _ in program.wiring.inputs[name]]


def _is_taken_alike(old: Program, new: Program, audited: Mapping[str, str], name: str, other: str) -> bool:
    """Whether two constants are equal integers, or partners take them in the same place; True of all else."""
    if {old.wiring.op(name), new.wiring.op(other)} != {"Const"} or not old.outputs(name)[0].dtype.is_integer:
        return True
    here, there = old.constant((name, 0)), new.constant((other, 0))
    if here is not None and there is not None and np.array_equal(here, there):
        return True
    return any(
        (one, two) == ((name, 0), (other, 0))
        for taker in _takers(old, name)
        if taker in audited
        for one, two in zip(old.wiring.inputs[taker], new.wiring.inputs[audited[taker]], strict=False)
    )


def _may_be_one_number(shape: Any, other: Any) -> bool:
    """Whether tensors of two `tf.TensorShape`s may have as many elements."""
    if shape.rank is None or other.rank is None:
        return True
    if shape.rank == other.rank:
        return bool(shape.is_compatible_with(other))
    known, others = (math.prod(size for size in one if size is not None) for one in (shape.as_list(), other.as_list()))
    if shape.is_fully_defined() and other.is_fully_defined():
        return known == others
    if shape.is_fully_defined() and others:
        return known % others == 0
    return not (other.is_fully_defined() and known and others % known)


def _have_one_shape(old: Program, new: Program, name: str, other: str) -> bool:
    outputs = zip(old.outputs(name), new.outputs(other), strict=False)
    return all(one.shape.is_compatible_with(two.shape) for one, two in outputs)


def _is_judged_in_its_place(old: Program, new: Program, name: str, audited: Mapping[str, str]) -> bool:
    """Whether a constant is one of integers, such as the axes of a sum, that the audit has taken with an op it pairs.

    Others may say the same there: with what the sum does to its shape, say.
    """
    if old.wiring.op(name) != "Const" or not old.outputs(name)[0].dtype.is_integer:
        return False
    return any(audited.get(consumer) in new.wiring.consumers[name] for consumer in old.wiring.consumers[name])


def _may_be_same(old: Program, new: Program, name: str, partner: str) -> bool:
    op, other = old.wiring.op(name), new.wiring.op(partner)
    if op in ops.VARIABLES and other in ops.VARIABLES:
        return True
    dtypes = [[tensor.dtype for tensor in program.outputs(node)] for program, node in ((old, name), (new, partner))]
    return (op == other or _SAME.get(op) == other) and dtypes[0] == dtypes[1]
