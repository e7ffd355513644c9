"""Write what the old graph computes where two graphs part into the new one, to see whether all is equal then.

A copy of the old node, and of what only the old graph has before it, takes its place: in loops, branches and gradients
as anywhere else.
"""

from collections.abc import Collection, Iterable
from typing import Any

from compat_v1.beside import ops
from compat_v1.beside.plan import Plan, make_plan
from compat_v1.beside.program import Program
from compat_v1.beside.wiring import Tensor

_COPIES = "as_in_the_old"  # the scope of the copies
_MOST = 400  # nodes copied for one place
# What cannot be copied alone: a variable, what changes one, and what belongs to something that others share.
_SHARED = ops.VARIABLES | {"TensorArrayV3", "TensorArrayGradV3", "Assert"}


def with_new(plan: Plan, graph_def: Any, pairs: dict[str, str] | None = None) -> Plan:
    """Return the plan with another new graph; what was left out of the old plan stays out."""
    pairs = plan.pairs if pairs is None else pairs
    new = Program(graph_def, plan.new.fed, plan.new.what)
    made = make_plan(plan.old, new, pairs, plan.feeds.with_(new=new, pairs=pairs), plan.guessed)
    kept = {fetch.old for fetch in plan.fetches}
    return made._replace(fetches=[fetch for fetch in made.fetches if fetch.old in kept])


def grafted(plan: Plan, places: Iterable[tuple[str, str]]) -> Plan | None:
    """Return the plan with the old node of each pair of `places` in the new one's place.

    None if that cannot be: what has to be copied is shared, the two give values of other types, or what takes the new
    one comes before the old one.
    """
    graft = _Graft(plan)
    if not all(graft.write(name, partner) for name, partner in places):
        return None
    try:
        return with_new(plan, graft.graph_def, graft.pairs)
    except ValueError:
        return None


class _Graft:
    def __init__(self, plan: Plan) -> None:
        self.old, self.new, self.pairs, self.updates = plan.old, plan.new, dict(plan.pairs), plan.updates
        self.graph_def = type(plan.new.graph_def).FromString(plan.new.graph_def.SerializeToString())
        self.shapes: set[str] = set()  # asked for, of what a copy takes the place of
        wiring = self.new.wiring
        self.copies = {name.removeprefix(f"{_COPIES}/") for name in wiring.nodes if name.startswith(f"{_COPIES}/")}
        self.frames = {
            plan.old.wiring.nodes[name].attr["frame_name"].s: wiring.nodes[other].attr["frame_name"].s
            for name, other in plan.pairs.items()
            if plan.old.wiring.op(name) in ops.ENTERS and wiring.op(other) in ops.ENTERS
        }

    def write(self, name: str, partner: str) -> bool:
        """Put a copy of an old node in the place of its partner; return whether that could be done.

        What only carries values on stays, and takes what the old one takes.
        """
        if partner in self.new.writes:
            return self._write_otherwise(partner)
        if self.old.wiring.op(name) in ops.CARRIERS:
            return self._rewire(name, partner)
        before = len(self.graph_def.node)
        if self._types(self.old, name) != self._types(self.new, partner) or not self._make({name}):
            return False
        for node in self.graph_def.node[:before]:
            for position, reference in enumerate(node.input):
                source, _, index = reference.partition(":")
                if source == partner:
                    node.input[position] = self._shaped(name, partner, int(index or 0))
        return True

    def _shaped(self, name: str, partner: str, index: int) -> str:
        """Return the tensor to take in place of a partner's: in its shape, if that has another rank."""
        copy, shape = f"{_COPIES}/{name}:{index}", f"{_COPIES}/{name}/shape_{index}"
        one = self.old.outputs(name)[index]
        if partner not in self.new.wiring.nodes:
            return copy
        rank = self.new.outputs(partner)[index].shape.rank
        if one.shape.rank is None or rank is None or one.shape.rank == rank:
            return copy
        if shape not in self.shapes:
            self.shapes.add(shape)
            for op, made, inputs in (
                ("Shape", shape, [f"{partner}:{index}"]),
                ("Reshape", f"{shape}d", [copy, f"{shape}:0"]),
            ):
                node = self.graph_def.node.add(name=made, op=op, input=inputs)
                node.attr["T"].type = one.dtype.base_dtype.as_datatype_enum
        return f"{shape}d:0"

    def _rewire(self, name: str, partner: str) -> bool:
        """Let a node take what the old one takes, of what has a value."""
        inputs = self.old.wiring.inputs[name]
        slots = [slot for slot, one in enumerate(inputs) if one in self.old.values(one[0])]
        node = next(node for node in self.graph_def.node if node.name == partner)
        theirs = self.new.wiring.inputs[partner]
        if len(inputs) != len(theirs) or any(
            self._type(self.old, inputs[slot]) != self._type(self.new, theirs[slot]) for slot in slots
        ):
            return False
        if not self._make({inputs[slot][0] for slot in slots if not self._has_partner(inputs[slot][0])}):
            return False
        for slot in slots:
            node.input[slot] = self._there(inputs[slot])
        return bool(slots)

    def _write_otherwise(self, write: str) -> bool:
        """Let all that the old graph's updates do to a write's variables take the write's place."""
        changed = {*self.new.wiring.variables_written(write)}
        writes = {
            one
            for update, _ in self.updates
            for one in update.writes
            if {self.pairs.get(variable) for variable in self.old.wiring.variables_written(one)} & changed
        }
        taken = any(source == write for node in self.new.wiring.nodes for source, _ in self.new.wiring.inputs[node])
        if taken or not writes or not self._make(writes, writes):
            return False
        node = next(node for node in self.graph_def.node if node.name == write)
        node.Clear()
        node.name, node.op = write, "NoOp"
        node.input.extend(f"^{_COPIES}/{one}" for one in sorted(writes))
        return True

    def _make(self, names: set[str], writes: Collection[str] = ()) -> bool:
        """Copy old nodes with all that they need and the new graph has not; return whether that can be done.

        Of what changes variables only `writes` may be copied.
        """
        needed = self._needed(names, writes)
        if needed is None:
            return False
        fresh = [one for one in sorted(needed, key=self.old.wiring.position.__getitem__) if one not in self.copies]
        self.copies.update(fresh)
        waiting = {one: self._waiting(one) for one in fresh if self.old.wiring.op(one) in ops.PUSHES}
        self.pairs.update({one: f"{_COPIES}/{one}" for one in fresh})
        for one in fresh:
            self._copy(one)
        for node in self.graph_def.node:
            node.input.extend(f"^{_COPIES}/{one}" for one, names in waiting.items() if node.name in names)
        return all(waiting.values())

    def _waiting(self, name: str) -> set[str]:
        """Return the new nodes that wait for an old push: nothing else makes its copy run."""
        return {self.pairs[one] for one in self.old.wiring.consumers[name] if one in self.pairs}

    def _there(self, one: Tensor) -> str:
        name, index = one
        return f"{_COPIES}/{name}:{index}" if name in self.copies else f"{self.pairs[name]}:{index}"

    def _needed(self, names: set[str], writes: Collection[str]) -> set[str] | None:
        """Return the old nodes to copy, or None if they cannot be."""
        needed, todo, wiring = set(names), list(names), self.old.wiring
        while todo:
            one = todo.pop()
            node = wiring.nodes[one]
            if node.op in _SHARED or (ops.is_write(node.op) and one not in writes) or len(needed) > _MOST:
                return None
            if node.op in ops.ENTERS and node.attr["frame_name"].s not in self.frames:
                return None
            sources = {source for source, _ in wiring.inputs[one] if not self._has_partner(source)}
            if node.op in ops.POPS | ops.PUSHES:  # of a stack of their own, whoever shares the old one
                sources |= {*self._stack(one), *wiring.pushed.get(one, ())}
            todo += sources - needed
            needed |= sources
        return needed

    def _stack(self, name: str) -> list[str]:
        """Return the nodes that hand a stack to what pushes on it or pops from it."""
        found, wiring = list[str](), self.old.wiring
        while wiring.inputs[name] and wiring.op(name) not in ("Stack", "StackV2"):
            name = wiring.inputs[name][0][0]
            found.append(name)
        return found

    def _has_partner(self, name: str) -> bool:
        """Whether the new graph has a node's values, where they can be taken."""
        other = self.pairs.get(name)
        if other is None or self._types(self.old, name) != self._types(self.new, other):
            return False
        here, there = self.old.wiring, self.new.wiring
        if other not in there.nodes:  # made just now, in the same place
            return True
        return (len(here.frames[name]), here.branches[name]) == (len(there.frames[other]), there.branches[other])

    def _types(self, program: Program, name: str) -> list[Any]:
        if name.startswith(f"{_COPIES}/") and name not in program.wiring.nodes:  # made just now
            program, name = self.old, name.removeprefix(f"{_COPIES}/")
        return [tensor.dtype for tensor in program.outputs(name)]

    def _type(self, program: Program, one: Tensor) -> Any:
        return program.outputs(one[0])[one[1]].dtype

    def _copy(self, name: str) -> None:
        made = self.graph_def.node.add()
        made.CopyFrom(self.old.wiring.nodes[name])
        made.name = f"{_COPIES}/{name}"
        made.attr.pop("_class", None)  # placed beside what may not be there
        if made.op in ops.ENTERS:
            made.attr["frame_name"].s = self.frames[made.attr["frame_name"].s]
        del made.input[:]
        made.input.extend(self._there(one) for one in self.old.wiring.inputs[name])
        made.input.extend(f"^{one}" for one in sorted(self._waits(name)))

    def _waits(self, name: str) -> Collection[str]:
        """Return what a copy waits for: the partners of what the old node does, or of what comes before that."""
        found, todo, seen = set[str](), list(self.old.wiring.controls[name]), set[str]()
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if one in self.pairs:
                found.add(self.pairs[one])
            else:
                todo += self.old.wiring.sources(one)
        return found
