"""Which node of the old graph is which of the new one: what the audit says, in the form that a run needs."""

from collections.abc import Mapping
from typing import NamedTuple

from compat_v1.audit.comparison import audit
from compat_v1.beside import ops
from compat_v1.beside.program import Program

_SAME = {"Add": "AddV2", "Variable": "VariableV2", "VariableV2": "VarHandleOp"}


class Paired(NamedTuple):
    """Which node of the old graph is which of the new one."""

    pairs: dict[str, str]  # in the old graph's order of computation
    guessed: frozenset[str]  # old nodes that only have a name in common with their partners
    notes: list[str]
    audit: str | None  # the audit's verdict, None if it cannot compare the two


def pair(old: Program, new: Program) -> Paired:
    """Pair the nodes of two `Program`s.

    What the audit leaves, such as constants whose numbers differ, is paired by name, unless the shapes are others.
    """
    notes = []
    try:
        found = audit(old.graph_def, new.graph_def)
    except ValueError as error:
        notes.append(f"the audit cannot compare the two graphs, all is paired by name: {error}")
        audited, verdict = dict[str, str](), None
    else:
        audited, verdict = found.pairs, found.verdict
        if found.differences:
            first = found.differences[0]
            at = first.node or f"{first.port_node} of the new graph"
            notes.append(f"the audit finds {len(found.differences)} differences, the first at {at}: {first.what}")
    pairs = {name: other for name, other in audited.items() if _is_one_value(old, new, name, other)}
    taken, guessed = set(pairs.values()), set[str]()
    for name in old.wiring.order:
        if name in pairs or name in taken or name not in new.wiring.nodes:
            continue
        if (
            _may_be_same(old, new, name, name)
            and _have_one_shape(old, new, name, name)
            and not _is_judged_in_its_place(old, new, name, audited)
        ):
            pairs[name] = name
            guessed |= {name} - audited.keys()
    by_name = len(guessed & old.needs([update.target for update in old.updates]))
    if by_name:
        notes.append(f"{by_name} nodes of the training have no partner in the audit and are paired by their names")
    ordered = {name: pairs[name] for name in old.wiring.order if name in pairs}
    return Paired(ordered, frozenset(guessed), notes, verdict)


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
    is_of_integers = all(tensor.dtype.is_integer for tensor in [*here, *there])
    carry = {old.wiring.op(name), new.wiring.op(other)} <= ops.CARRIERS
    if not is_of_integers or carry or not here or not there:
        return True
    return _may_be_same(old, new, name, other) and _have_one_shape(old, new, name, other)


def _have_one_shape(old: Program, new: Program, name: str, other: str) -> bool:
    outputs = zip(old.outputs(name), new.outputs(other), strict=True)
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
