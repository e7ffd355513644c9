"""What has to hold for a node to run: the branches that it is in, of graphs and of normal forms alike."""

from compat_v1.audit.definitions import gives_reference
from compat_v1.audit.literals import Literal

BACK_EDGES = ("NextIteration", "RefNextIteration")
MERGES = ("Merge", "RefMerge")
ENTERS = ("Enter", "RefEnter")
SWITCHES = ("Switch", "RefSwitch")
_COPIES = ("Identity", *ENTERS)


class Conditions:
    """The conditions under which nodes run, {(tensor, which output of a Switch comes by it)}, whenever they do.

    `order`: the nodes, each after what it needs; `op` and `inputs`: of a node; `needs`: the tensors that it takes, but
    for back edges of loops, and the nodes that it waits for; `with_turns`: whether the turns of a loop count, too.
    """

    def __init__(self, order, op, inputs, needs, with_turns=False):
        self._op, self._inputs, self._needs, self._with_turns = op, inputs, needs, with_turns
        self._found: dict = {}
        for node in order if any(op(node) in SWITCHES for node in order) else ():
            own = self.without(node)
            if own:
                self._found[node] = own

    def __iter__(self):
        """The nodes that have conditions."""
        return iter(self._found)

    def of(self, node):
        """Return what holds whenever a node runs."""
        return self._found.get(node, frozenset())

    def without(self, node, others=frozenset()):
        """Return what holds whenever a node runs, even if that is not told by some others."""
        taken, awaited = self._needs(node)
        known = [frozenset() if one[0] in others else self.of_tensor(*one) for one in taken]
        # What comes by a Merge comes in either branch; whatever waits for a Switch runs in any case.
        together = frozenset.intersection if self._op(node) in MERGES else frozenset().union
        own = together(*known) if known else frozenset()
        return own.union(*(self.of(one) for one in awaited if one not in others))

    def of_tensor(self, node, index):
        """Return what holds whenever an output of a node comes."""
        if self._op(node) not in SWITCHES:
            return self.of(node)
        condition = self.source(self._inputs(node)[1])
        if isinstance(condition, Literal):
            condition = condition.key
        elif self._op(condition[0]) == "LoopCond" and not self._with_turns:
            return self.of(node)
        return self.of(node) | {(condition, index)}

    def source(self, tensor):
        """Return the tensor that one is a copy of, as copies of one tensor are equal; not so those of a variable."""
        while not isinstance(tensor, Literal) and self._op(tensor[0]) in _COPIES:
            copied = self._inputs(tensor[0])[0]
            if not isinstance(copied, Literal) and gives_reference(self._op(copied[0]), copied[1]) is not False:
                break
            tensor = copied
        return tensor


def of_graph(graph, with_turns=False, but=()):
    """Return the `Conditions` of a graph's nodes, by name, but for what the inputs of some ops tell."""

    def needs(name):
        inputs = graph.inputs[name] if graph.nodes[name].op not in but else ()
        return [one for one in inputs if graph.nodes[one[0]].op not in BACK_EDGES], graph.controls[name]

    return Conditions(graph.order, lambda name: graph.nodes[name].op, graph.inputs.__getitem__, needs, with_turns)


def of_nodes(nodes):
    """Return the `Conditions` of the nodes of a normal form, each after what it needs."""

    def needs(node):
        taken = [one for k, one in enumerate(node.inputs) if k not in node.late and not isinstance(one, Literal)]
        return taken, node.controls

    return Conditions(nodes, lambda node: node.op, lambda node: node.inputs, needs)


def in_branches(graph):
    """Return the names of the nodes that run in a branch only, and of the Switches that begin one."""
    begin = {
        name
        for name, node in graph.nodes.items()
        if node.op in SWITCHES and graph.nodes[graph.inputs[name][1][0]].op != "LoopCond"
    }
    return begin.union(of_graph(graph))
