"""Which node of the old graph is which of the new one: what the audit says, in the form that a run needs."""

from compat_v1.audit.comparison import audit
from compat_v1.beside import ops
from compat_v1.beside.program import Program

_SAME = {"Add": "AddV2", "Variable": "VariableV2", "VariableV2": "VarHandleOp"}


def pair(old: Program, new: Program) -> dict[str, str]:
    """Return {old node: new node} for two `Program`s, in the old graph's order of computation."""
    pairs = dict(audit(old.graph_def, new.graph_def).pairs)
    taken = set(pairs.values())
    for name in old.wiring.order:
        if name in pairs or name in taken or name not in new.wiring.nodes:
            continue
        if _may_be_same(old, new, name):
            pairs[name] = name
    return {name: pairs[name] for name in old.wiring.order if name in pairs}


def _may_be_same(old: Program, new: Program, name: str) -> bool:
    op, other = old.wiring.op(name), new.wiring.op(name)
    if op in ops.VARIABLES and other in ops.VARIABLES:
        return True
    dtypes = [[tensor.dtype for tensor in program.outputs(name)] for program in (old, new)]
    return (op == other or _SAME.get(op) == other) and dtypes[0] == dtypes[1]
