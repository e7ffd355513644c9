"""Reads of a variable that nothing orders against an update of it: what they see is chance.

A TensorFlow 1 variable is a piece of memory that an optimizer changes in place. What reads it, or looks at the same
memory through an `Identity` or a `Reshape`, has to run before the update, and only an edge of the graph sees to it.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from compat_v1.beside import ops
from compat_v1.beside.program import Program, Update
from compat_v1.beside.wiring import Wiring


class Race(NamedTuple):
    """A read of a variable which may come before or after a write of it."""

    variable: str
    read: str
    write: str


def races(
    program: Program, updates: Iterable[Update] | None = None, fetched: Collection[str] = frozenset()
) -> list[Race]:
    """Return the `Race`s of a `Program`'s updates, or of others, each update by itself.

    `fetched` are nodes that these updates' runs give out: what is a variable's own memory is looked at last.
    """
    wiring, found = program.wiring, list[Race]()
    updates = program.updates if updates is None else list(updates)
    writes = {write for update in updates for write in update.writes}
    written = {write: variable for write in writes if (variable := wiring.variable_written(write))}
    readers = {variable: _readers(wiring, variable) for variable in set(written.values())}
    before, after = {}, {}
    for write in written:
        before[write], after[write] = wiring.ancestors([write]), wiring.descendants([write])
    for update in updates:
        for write in sorted(update.writes & written.keys(), key=wiring.position.__getitem__):
            values, views = readers[written[write]]
            unordered = ((values - before[write]) | (views & set(fetched))) & update.needs - after[write]
            found += [Race(written[write], read, write) for read in sorted(unordered, key=wiring.position.__getitem__)]
    return found


def _readers(wiring: Wiring, variable: str) -> tuple[set[str], set[str]]:
    """Return the nodes that compute from a variable's values, and those that hand its memory on."""
    readers, views, todo, seen = set[str](), set[str](), [variable], set[str]()
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
                views.add(name)
                todo.append(name)
            else:
                readers.add(name)
    return readers, views
