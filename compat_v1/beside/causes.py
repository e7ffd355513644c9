"""Why two programs part, as far as it is known: each cause is tried, by running both again without it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from compat_v1.beside import ops
from compat_v1.beside.deviation import Deviation
from compat_v1.beside.grafts import grafted, with_new
from compat_v1.beside.lockstep import Mode, Parted
from compat_v1.beside.pairs import Paired
from compat_v1.beside.plan import Plan
from compat_v1.beside.program import CannotRunError, Program
from compat_v1.beside.running import ALL, OPTIMIZERS
from compat_v1.beside.where import Origins

if TYPE_CHECKING:
    from compat_v1.beside.engine import Trial

DROPOUT = "dropout's formula"
SIGN = "the sign of a zero"
FIRST_TERM = "where a sum begins"
UNKNOWN = "unknown"
_SAID = {"dropout": DROPOUT, "derived seeds": "seeds"}  # what the audit says, and what is said here
_SEEDS = ("seed", "seed2")
_ROUNDING = 1e-5  # of the largest value: as much as another order of the same arithmetic can make
_NAMED = 8  # tensors in a sentence
_AT_MOST = 12  # rounds in which what the old graph does is written into the new one where they part


def explain(trial: "Trial", first: Parted) -> tuple[Origins | None, list[dict[str, Any]]]:
    """Return (`Origins` of the stage that parts first, the causes as dictionaries) for a trial that has parted.

    Each has `cause`, `what` it is in a sentence and, if it was tried, whether all is `equal_without` it. What a further
    run that fails would have shown is missing, and a note says so.
    """
    plan, plain, found = trial.plan, trial.plain, list[dict[str, Any]]()
    origins: Origins | None = None
    try:
        course = trial.course(plan, plain)
        if course.is_equal:
            origins = trial.origins(plan, first, trial.mode)
            found.append(_by_optimizers(trial, plan))
            return origins, found
        at = course.first
        if at is None:
            return None, found
        origins = here = trial.origins(plan, at, plain)
        seeded, names = with_old_seeds(plan)
        if names:
            course = trial.course(seeded, plain)
            is_equal = trial.course(seeded, trial.mode).is_equal
            found.append(_of_seeds(names, is_equal, course.is_equal))
            at = course.first
            if at is None and not is_equal:
                found.append(_by_optimizers(trial, seeded))
                _settle(found)
            if at is None or is_equal:
                return origins, found
            here = trial.origins(seeded, at, plain)
        _by_writing(trial, seeded, at, here, plain, found)
    except CannotRunError as error:
        trial.notes.append(f"why is not known further: {error}")
    return origins, found


def _of_seeds(names: Sequence[str], is_equal: bool, is_equal_plain: bool) -> dict[str, Any]:
    """Return the cause, with whether the two are equal without it, and with each op run as the graph has it too."""
    what = f"{len(names)} random ops have other seeds than in the old graph, such as {names[0]}; with the old seeds "
    what += "written into the new graph " + ("every bit is equal" if is_equal else "the two still part")
    if is_equal != is_equal_plain:
        what += ", with TensorFlow's graph optimizers off " + ("every bit is equal" if is_equal_plain else "they part")
    return {"cause": "seeds", "what": what, "equal_without": is_equal}


def with_old_seeds(plan: Plan) -> tuple[Plan, list[str]]:
    """Return (the plan with the old graph's seeds in the new graph's random ops, the old names of those changed)."""
    graph_def = type(plan.new.graph_def).FromString(plan.new.graph_def.SerializeToString())
    nodes, names = {node.name: node for node in graph_def.node}, list[str]()
    used = plan.old.needs(_targets(plan, 0))
    for name, other in plan.pairs.items():
        old = plan.old.wiring.nodes[name]
        if not ops.RANDOM.fullmatch(old.op) or name not in used:
            continue
        if [old.attr[key].i for key in _SEEDS] != [nodes[other].attr[key].i for key in _SEEDS]:
            names.append(name)
            for key in _SEEDS:
                nodes[other].attr[key].i = old.attr[key].i
    if not names:
        return plan, []
    return with_new(plan, graph_def), names


def unseeded(program: Program, plan: Plan) -> list[str]:
    """Return the random ops of the old graph that are run and have no seed: TensorFlow gives them one by chance."""
    return [
        name
        for name in sorted(program.needs(_targets(plan, 0)), key=program.wiring.position.__getitem__)
        if ops.RANDOM.fullmatch(program.wiring.op(name))
        and not any(program.wiring.nodes[name].attr[key].i for key in _SEEDS)
    ]


def of_chance(plan: Plan, names: Sequence[str], origins: Origins | None, strayed: Parted) -> dict[str, Any]:
    """Return the cause for a program that does not equal itself: the op without a seed, or that which gives chance."""
    if names:
        what = f"{names[0]} ({plan.old.wiring.op(names[0])}) has no seed, so that each session draws other numbers: "
        return {"cause": "no seed", "what": what + "write seeds into both programs, the same"}
    if origins and origins.first:
        name = origins.first[0].node
        what = f"{name} ({plan.old.wiring.op(name)}) gives of the same inputs now this, now that"
        return {"cause": "op", "what": what}
    name = strayed.what[0].rpartition(":")[0] or strayed.what[0]
    what = f"{name} ({plan.old.wiring.op(name)}) is not the same twice; looked at op by op, it was"
    return {"cause": "op", "what": what}


def _by_optimizers(trial: "Trial", plan: Plan) -> dict[str, Any]:
    """Find the graph optimizers without which all is equal."""
    alone = [(name,) for name in OPTIMIZERS]
    sets: list[tuple[str, ...]] = [*alone[:2], OPTIMIZERS[:2], *alone[2:], OPTIMIZERS]
    for off in sets:
        if trial.course(plan, trial.mode._replace(switched_off=off)).is_equal:
            break
    else:
        off = ALL
    which = "all of them" if off in (ALL, OPTIMIZERS) else " and ".join(off)
    what = f"TensorFlow's graph optimizers rewrite the two graphs differently; with {which} off every bit is equal"
    return {"cause": "graph optimizers", "what": what, "optimizers": list(off), "equal_without": True}


def _by_writing(
    trial: "Trial", plan: Plan, first: Parted, origins: Origins, mode: Mode, found: list[dict[str, Any]]
) -> None:
    """Write into the new graph what the old one does where it parts, until nothing else does; append the causes.

    `origins` are those of the stage `first`. What is left over is a cause that is `UNKNOWN`.
    """
    written, before = list[str](), len(found)
    for _ in range(_AT_MOST):
        places = dict[tuple[str, str], None]()
        for one in origins.first:
            what = kind(plan, one, origins.between[one.node], trial.paired)
            found.append(
                {"cause": what, "what": _sentence(plan, one, origins), "node": one.node, "port_node": one.partner}
            )
            places[one.node, one.partner] = None
            places |= dict.fromkeys(_alike(plan, one, what, trial.paired))
        if not places or any(name in written for name, _ in places):
            break
        graft = grafted(plan, places)
        if graft is None:
            trial.notes.append("whether there are more causes is not known: the last named cannot be taken away alone")
            return
        plan = graft
        written += [name for name, _ in places]
        course = trial.course(plan, mode)
        if course.is_equal:
            found[-1]["what"] += f"; {_with(written)} every bit is equal"
            _settle(found[before:])
            return
        if course.first is None:  # with other shapes the new graph does not run
            found.append({"cause": UNKNOWN, "what": f"{_with(written)} it does not run; why is not known"})
            return
        first, origins = course.first, trial.origins(plan, course.first, mode)
    if not origins.first and trial.course(plan, mode._replace(sums_in_order=True)).is_equal:
        what = "AddN adds that first whose memory it may take for the sum, which depends on what else is asked for"
        also = f"{_with(written)} and " if written else "with "
        found.append({"cause": FIRST_TERM, "what": f"{what}; {also}all sums in their order every bit is equal"})
        _settle(found[before:])
        return
    if trial.plan.mismatches:  # said already: a variable of one graph alone, say, of which nothing can be copied
        return
    what = f"{_with(written)} the two still part" if written else "the two part"
    found.append(
        {"cause": UNKNOWN, "what": f"{what}, in update {first.update} at {first.what[0]} first; why is not known"}
    )


def _settle(found: Sequence[dict[str, Any]]) -> None:
    for cause in found:
        cause["equal_without"] = True


def _with(written: Sequence[str]) -> str:
    return (
        f"with the old graph's {', '.join(written[:_NAMED])}{' …' * (len(written) > _NAMED)} written into the new graph"
    )


def _alike(plan: Plan, one: Deviation, what: str, paired: Paired | None) -> list[tuple[str, str]]:
    """Return the pairs of the same two ops that are run and of which the audit says the same, or dropout's.

    A network has one a layer, and as many on the way back.
    """
    changed = paired.changed if paired else {}
    if what != DROPOUT and changed.get(one.node) != what:
        return []
    ops_of = plan.old.wiring.op(one.node), plan.new.wiring.op(one.partner)
    needs = [program.needs(_targets(plan, which)) for which, program in enumerate((plan.old, plan.new))]
    return [
        (name, other)
        for name, other in plan.pairs.items()
        if (plan.old.wiring.op(name), plan.new.wiring.op(other)) == ops_of
        and name in needs[0]
        and other in needs[1]
        and (what == DROPOUT or changed.get(name) == what)
    ]


def kind(plan: Plan, one: Deviation, between: tuple[list[str], list[str]], paired: Paired | None = None) -> str:
    """Return in a few words what a difference is due to: as the audit calls it, if it knows it."""
    old, new = plan.old.wiring, plan.new.wiring
    changed = paired.changed if paired else {}
    around = [one.node, *between[0]]
    if one.relative == 0 and not any(name in changed for name in around):
        return SIGN
    if changed and paired and not paired.differences:  # so that it must be one of those: that which comes next
        around += [source for source, _ in old.inputs[one.node]] + _following(plan, one.node)
    known = next((changed[name] for name in around if name in changed), None)
    if known:
        return _SAID.get(known, known)
    op, other = old.op(one.node), new.op(one.partner)
    here = {op} | {old.op(name) for name in between[0]}
    there = {other} | {new.op(name) for name in between[1]}
    is_rounding = one.relative is not None and one.relative < _ROUNDING
    if is_rounding and here != there and (here | there) & {"RealDiv", "Mul"} and _is_dropout(plan, one, here | there):
        return DROPOUT
    if len({any(name.startswith("FusedBatchNorm") for name in some) for some in (here, there)}) > 1:
        return "fused batch normalization"
    if op == other == "Const":
        return "a constant"
    if op != other or here != there:
        return "another op"
    attributes = {
        key
        for key in old.nodes[one.node].attr.keys() | new.nodes[one.partner].attr.keys()
        if not key.startswith("_") and old.nodes[one.node].attr[key] != new.nodes[one.partner].attr[key]
    }
    return f"the attributes {', '.join(sorted(attributes))}" if attributes else "other inputs"


def _following(plan: Plan, name: str) -> list[str]:
    """Return what waits for a node, the nearest first."""
    found = [name]
    seen = {name}
    for one in found:
        fresh = [consumer for consumer in plan.old.wiring.consumers[one] if consumer not in seen]
        found += fresh
        seen.update(fresh)
    return found


def _is_dropout(plan: Plan, one: Deviation, around: set[str]) -> bool:
    """Whether a pair of nodes scales what is kept by chance: it is called so, or the mask is made among them."""
    old = plan.old.wiring
    is_random = any(ops.RANDOM.fullmatch(old.op(name)) for name in old.ancestors([one.node]))
    called = any("dropout" in scope for name in (one.node, one.partner) for scope in name.split("/"))
    return called or (is_random and bool(around & {"Floor", "GreaterEqual", "SelectV2", "Select"}))


def _sentence(plan: Plan, one: Deviation, origins: Origins) -> str:
    old, new = plan.old.wiring, plan.new.wiring
    here, there = origins.between[one.node]
    text = f"{one.node} ({old.op(one.node)}): {one.values[0]} in the old graph, {one.values[1]} in the new"
    if one.partner != one.node or old.op(one.node) != new.op(one.partner):
        text += f", where it is {one.partner} ({new.op(one.partner)})"
    for which, wiring, names in (("old", old, here), ("new", new, there)):
        if names:
            shown = ", ".join(f"{name} ({wiring.op(name)})" for name in names[-6:])
            text += f"; only the {which} one has before it {shown}"
    return text


def _targets(plan: Plan, which: int) -> set[str]:
    return {fetch[which][0] for fetch in plan.fetches} | {pair[which].target for pair in plan.updates}
