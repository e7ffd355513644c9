"""Waits for a branch that another wait implies.

What takes nothing waits for its branch: for a copy of a Switch whose data is its condition. TensorFlow 1.0 let it wait
for that also where it waits for something of that branch, which cannot run but where and when the copy can.
"""

from compat_v1.audit.graph import BACK_EDGES, MERGES, SWITCHES, gives_reference
from compat_v1.audit.operands import counts_turns


def leave_out(graph):
    """Leave out of `graph.controls` what tells a branch to nodes that take nothing and wait for more of that branch."""
    branches = Branches(graph)
    for name, controls in graph.controls.items():
        if len(controls) < 2 or graph.inputs[name]:
            continue
        told = {one: branch for one in controls if (branch := branches.told_by(one)) is not None}
        implied = {
            one
            for one, branch in told.items()
            if any(branch in branches.of(other) for other in controls if other not in told)
        }
        graph.controls[name] = [one for one in controls if one not in implied]


def of_turn(verification, node, other, awaited):
    """Whether a node waits for what counts a loop's turns by what rules left out of it, such as a constant's wait.

    `awaited`: a node of the port, for which one of two partners alone waits in the normal form. Which op of a call
    waits for the turn depends on which ops there are; that it does not run in a turn that is none, the graph tells.
    """
    waiting = [awaited in one for one in ({verification.partner.get(k) for k in node.controls}, other.controls)]
    sides = zip(
        verification.pairing.sides, (node, other), (verification.back.get(awaited), awaited), waiting, strict=False
    )
    for side, one, turn, waits in sides:
        graph = side.normal.graph
        names = [] if turn is None else [name for name in turn.names if graph.frames.get(name)]
        if not names or not counts_turns(turn) or _is_stateful(side.normal, names):
            return False
        own = [name for name in one.names if name in graph.nodes]
        if not waits and (not own or any(graph.surely_before(name).isdisjoint(names) for name in own)):
            return False
    return True


def _is_stateful(normal, names):
    return any(normal.graph.is_stateful(name) or normal.reads_a_ref(name) for name in names)


class Branches:
    """In which branches, as (condition, output of its switches), the nodes of a graph run, each time that they do."""

    def __init__(self, graph):
        self.graph = graph
        self._found: dict = {}

    def told_by(self, name):
        """Return the branch that a node tells and does nothing else, or None."""
        if self.graph.nodes[name].op != "Identity" or self.graph.controls[name]:
            return None
        maker, output = self.graph.inputs[name][0]
        if self.graph.nodes[maker].op != "Switch" or self.graph.controls[maker]:
            return None
        data, condition = map(self._source, self.graph.inputs[maker])
        return (condition, output) if data == condition else None

    def of_user(self, name, but=frozenset()):
        """Return the branches that a node has by what it takes or waits for, but for some that it waits for."""
        needs = [(maker, output) for maker, output in self._needs(name) if maker not in but or output is not None]
        return frozenset().union(*(self.of(maker) | self._switched(maker, output) for maker, output in needs))

    def of(self, name):
        """Return the branches of a node, of which all that it takes or waits for has its own."""
        todo = [name]
        while todo:
            one = todo[-1]
            needs = self._needs(one)
            missing = [maker for maker, _ in needs if maker not in self._found]
            if missing and one not in self._found:
                todo += missing
                continue
            todo.pop()
            if one not in self._found:
                own = [self._found[maker] | self._switched(maker, output) for maker, output in needs]
                is_merge = self.graph.nodes[one].op in MERGES
                joined = frozenset.intersection if is_merge else frozenset().union
                self._found[one] = joined(*own) if own else frozenset()
        return self._found[name]

    def _needs(self, name):
        """Return what a node takes, as (node, output); what it waits for, without output; no back edges of loops."""
        taken = self.graph.inputs[name]
        if self.graph.nodes[name].op in MERGES:
            return [one for one in taken if self.graph.nodes[one[0]].op not in BACK_EDGES]
        return [*taken, *((one, None) for one in self.graph.controls[name])]

    def _switched(self, maker, output):
        if output is None or self.graph.nodes[maker].op not in SWITCHES:
            return frozenset()
        return frozenset([(self._source(self.graph.inputs[maker][1]), output)])

    def _source(self, tensor):
        """Return the tensor that one is a copy of, as copies of one tensor are equal; not so those of a variable."""
        while self.graph.nodes[tensor[0]].op == "Identity":
            (copied,) = self.graph.inputs[tensor[0]]
            definition = self.graph.op_def(copied[0])
            if definition is None or gives_reference(definition, copied[1]):
                break
            tensor = copied
        return tensor
