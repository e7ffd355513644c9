"""Reads of a variable that nothing orders against an update of it: what they see is chance.

A TensorFlow 1 variable is a piece of memory that an optimizer changes in place. What reads it, or looks at the same
memory through an `Identity` or a `Reshape`, has to run before the update, and only an edge of the graph sees to it.
"""

from typing import NamedTuple

from compat_v1.beside import ops
from compat_v1.beside.program import Program
from compat_v1.beside.wiring import Wiring


class Race(NamedTuple):
    """A read of a variable which may come before or after a write of it."""

    variable: str
    read: str
    write: str


def races(program: Program) -> list[Race]:
    """Return the `Race`s of a `Program`'s updates, each update by itself."""
    wiring, found = program.wiring, list[Race]()
    writes = {write for update in program.updates for write in update.writes}
    written = {write: variable for write in writes if (variable := wiring.variable_written(write))}
    readers = {variable: _readers(wiring, variable) for variable in set(written.values())}
    before, after = {}, {}
    for write in written:
        before[write], after[write] = wiring.ancestors([write]), wiring.descendants([write])
    for update in program.updates:
        for write in sorted(update.writes & written.keys(), key=wiring.position.__getitem__):
            unordered = (readers[written[write]] & update.needs) - before[write] - after[write]
            found += [Race(written[write], read, write) for read in sorted(unordered, key=wiring.position.__getitem__)]
    return found


def _readers(wiring: Wiring, variable: str) -> set[str]:
    """Return the nodes that look at a variable's values."""
    readers, todo, seen = set[str](), [variable], set[str]()
    while todo:
        source = todo.pop()
        for name in wiring.reads(source) if source == variable else wiring.consumers[source]:
            op = wiring.op(name)
            if name in seen or source in wiring.controls[name]:
                continue
            seen.add(name)
            if ops.is_write(op) or op in ops.ASK_NO_VALUE:
                continue
            if op in ops.ALIASES:
                todo.append(name)
            else:
                readers.add(name)
    return readers
