"""Where the nodes of a normal form run: in which loop, in which branch, and after what. For `normal.py`."""

from functools import cached_property

from compat_v1.audit import conditions
from compat_v1.audit.graph import MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.nodes import Node
from compat_v1.audit.pruning import arranged, before
from compat_v1.audit.rules.oldest_branches import is_inside


class Places:
    """The part of a `Normal` that tells what its nodes wait for."""

    def controls(self, name):
        """Return the normal nodes that a node waits for, itself and for its inputs that are no nodes."""
        found = set()
        for one in self.graph.controls[name]:
            found |= self.awaited(one)
        for one, index in self.graph.inputs[name]:
            if one not in self.waits:
                continue
            # Of a literal that a Merge takes the node for that waits: a Merge takes what comes.
            is_literal = isinstance(self.tensors.get((one, index)), Literal)
            if not (is_literal and self.graph.nodes[name].op in MERGES):
                found |= self.waits[one]
                self.carried |= self.waits[one]
        return found | self.measured_for(name) | self._read_before(name)

    def alive(self, name):
        """Return what tells in which loop or branch a node runs."""
        if self.graph.frames[name]:
            return frozenset([self._frame(self.graph.frames[name])])
        if name in self.graph.conditional and name in self.made:
            return frozenset([self.made[name]])
        return frozenset()

    def is_in_branch(self, node):
        """Whether a node runs in a branch only, of those that rules have left; None where its names do not tell."""
        ops = {name: self.graph.nodes[name].op for name in node.names if name in self.graph.nodes}
        found = {name in self._in_branches for name, op in ops.items() if op not in SWITCHES}  # these begin one
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _in_branches(self):
        """The names of what runs in a branch in the graph, and in the normal form, where rules wrote branches anew."""
        if not self.graph.conditional:
            return set()
        left, found, inside = set(self.nodes), set(), set(self.conditions)
        for name in filter(self.graph.conditional.__contains__, self.graph.order):
            made = self.made.get(name)
            is_switch = self.graph.nodes[name].op in SWITCHES and made in left
            if is_switch or made in inside or any(one in found for one in self.graph.needs(name)):
                found.add(name)
        return found

    @cached_property
    def left(self):
        """The nodes of the finished normal form, as a set."""
        return frozenset(self.nodes)

    @cached_property
    def conditions(self):
        """The `Conditions` under which the nodes of the normal form run."""
        return conditions.of_nodes(arranged(self))

    def _place_and_waits(self, name):
        """Return what says in which loop or branch a literal is made, and what its making waits for otherwise."""
        alive, waits = set(), set()
        if not self.graph.needs(name):
            return frozenset(), waits
        for one in self.graph.controls[name]:
            maker = self.graph.nodes[one]
            placed = maker.op in MERGES or any(
                self.graph.nodes[source].op in SWITCHES for source, _ in self.graph.inputs[one][:1]
            )
            if not placed or self.graph.is_stateful(one) or one not in self.made:
                waits |= self.awaited(one)
                continue
            frame = self.graph.frames[one]
            in_turn = frame and (maker.op in MERGES or self._begins_turn(one))  # else in one of a turn's branches
            alive.add(self._frame(frame) if in_turn else self.made[one])
        measured = set()
        for one, index in self.graph.inputs[name]:
            if one in self.waits:
                waits |= self.waits[one]
            if one in self.initial:  # what begins with zeros in its shape need not wait for the initializer
                continue
            if one in self.measured or one in self.graph.effects:
                is_literal = isinstance(self.tensors.get((one, index)), Literal)
                measured.update((self.measured if is_literal else self.graph.effects).get(one, ()))
        if measured:
            self.measured[name] = measured
        # The end of a branch is a place, and what it runs comes before: whoever takes the literal waits for that.
        self.carried |= waits | {one for one in alive if one.op in MERGES}
        return frozenset(alive), waits

    def _without_implied(self, alive):
        """Return what tells places without the branches that others of them are inside of."""
        if len(alive) < 2:
            return alive
        return frozenset(one for one in alive if not any(is_inside(other, one) for other in alive))

    def _begins_turn(self, name):
        """Whether what is switched, and handed on by an Identity, is so by the condition of a loop."""
        switch = self.graph.inputs[name][0][0]
        return self.graph.nodes[self.graph.inputs[switch][1][0]].op == "LoopCond"

    def measured_for(self, name):
        """Return the nodes with effects that run for a node only as it takes or awaits a size of what they change."""
        needs = self.graph.needs(name) if self.measured else ()
        measured = set().union(*[self.measured[one] for one in needs if one in self.measured])
        for one in needs if measured else ():
            if one not in self.measured:
                measured -= self.graph.effects.get(one, frozenset())
        return {self.made[one] for one in measured if one in self.made}

    def _read_before(self, name):
        """Return what is read of a variable before a node changes it, which awaits a size of that alone.

        So may the constant that it takes.
        """
        found, seen = set(), set()
        variable = self.made.get(self.graph.inputs[name][0][0]) if self.graph.has_effect(name) else None
        if variable is None:
            return found
        awaited = [one for taken in (name, *self._constants(name)) for one in self.graph.controls[taken]]
        sizes = [one for one in awaited if isinstance(self.tensors.get((one, 0)), Literal)]
        while sizes:
            seen.add(one := sizes.pop())
            for maker, index in self.graph.inputs[one]:
                measured = self.tensors.get((maker, index))
                if isinstance(measured, Literal):
                    sizes += [maker] if maker not in seen else []
                elif measured is not None and variable in before(measured[0]):
                    found.add(measured[0])
        return found

    def _constants(self, name):
        return [
            maker for maker, index in self.graph.inputs[name] if isinstance(self.tensors.get((maker, index)), Literal)
        ]

    def _frame(self, frame):
        if frame not in self._frames:
            self._frames[frame] = Node(
                next(self._numbers), "the loop", {"frame_name": frame}, [], frozenset(), "", [frame]
            )
            self.nodes.append(self._frames[frame])
        return self._frames[frame]

    def awaited(self, name):
        """Return the normal nodes that waiting for a node means waiting for: none for an op that does nothing."""
        if name in self.made:
            return {self.made[name]} if self.made[name].op != "NoOp" or self.made[name].controls else set()
        found = set(self.waits.get(name, ()))
        for index in range(max(1, len(self.graph.shapes[name]))):
            operand = self.tensors.get((name, index))
            if isinstance(operand, Literal):
                known = self.consumed.get(name) == "condition that always holds"
                if not known and not self.graph.nodes[name].op.startswith("Stack"):
                    found.add(self.any_constant())
                    found |= {one for one in operand.alive if one.op != "the loop"}  # in which branch it is made
            elif operand is not None:
                found.add(operand[0])
        if self.graph.nodes[name].op == "IdentityN":  # some of what it copies may be made of the rest
            self.carried |= found
        return found

    def any_constant(self):
        """Return the node that stands for all constants that something waits for: one is as quickly made as another."""
        if self._constant is None:
            self._constant = Node(next(self._numbers), "a constant", {}, [], frozenset(), "", ["a constant"])
            self.nodes.append(self._constant)
        return self._constant

    def _stand_in(self, name, literal, maker):
        """Return a node for a literal that `maker` gives, where it matters which loop or branch it is made in."""
        controls = literal.alive.union(*(self.waits.get(one, ()) for one in (maker, *literal.names[:1])))
        node = Node(next(self._numbers), "Const", {}, [literal], controls, "", [*literal.names, name][:1])
        self.nodes.append(node)
        node.sizes[0] = literal.shape
        return node, 0
