"""What has to hold for a node to run: the branches that it is in, of graphs and of normal forms alike."""

from compat_v1.audit.literals import Literal

BACK_EDGES = ("NextIteration", "RefNextIteration")
MERGES = ("Merge", "RefMerge")
ENTERS = ("Enter", "RefEnter")
SWITCHES = ("Switch", "RefSwitch")
_COPIES = ("Identity", *ENTERS)


def of_graph(graph):
    """Return {name: the conditions under which a node runs, {(tensor, output of a Switch)}}, of those in branches.

    A Switch that begins a branch is among them, as one that has none.
    """

    op, inputs = _questions(graph)

    def makers(name):
        return [one for one in inputs(name) if op(one[0]) not in BACK_EDGES], graph.controls[name]

    found = _conditions(graph.order, op, makers, inputs)
    begin = [name for name in graph.order if op(name) in SWITCHES and op(inputs(name)[1][0]) != "LoopCond"]
    return {**dict.fromkeys(begin, frozenset()), **found}


def of_tensor(graph, name, index):
    """Return the conditions under which an output of a node comes."""
    return graph.conditional.get(name, frozenset()) | _told(name, index, *_questions(graph))


def _questions(graph):
    return lambda name: graph.nodes[name].op, lambda name: graph.inputs[name]


def of_nodes(nodes):
    """Return the same of the nodes of a normal form, each after what it needs: {node: {(tensor, output)}}."""

    def makers(node):
        inputs = [one for k, one in enumerate(node.inputs) if k not in node.late and not isinstance(one, Literal)]
        return inputs, node.controls

    return _conditions(nodes, lambda node: node.op, makers, lambda node: node.inputs)


def _conditions(order, op, makers, inputs):
    found: dict = {}
    for node in order:
        taken, awaited = makers(node)
        known = [found.get(one, frozenset()) | _told(one, index, op, inputs) for one, index in taken]
        # What comes by a Merge comes in either branch; whatever waits for a Switch runs in any case.
        together = frozenset.intersection if op(node) in MERGES else frozenset().union
        own = (together(*known) if known else frozenset()).union(*(found.get(one, ()) for one in awaited))
        if own:
            found[node] = own
    return found


def _told(node, index, op, inputs):
    """Return what holds if an output of a node comes, {(condition, output)}, beside what holds if the node runs."""
    if op(node) not in SWITCHES:
        return frozenset()
    condition = inputs(node)[1]
    while not isinstance(condition, Literal) and op(condition[0]) in _COPIES:
        condition = inputs(condition[0])[0]
    if isinstance(condition, Literal):
        return frozenset([(condition.key, index)])
    return frozenset() if op(condition[0]) == "LoopCond" else frozenset([(condition, index)])
