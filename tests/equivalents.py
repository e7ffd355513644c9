"""Which edits that the audit does not notice change nothing: told from the graphs, or by running them.

* what the edit reaches is constant, and every constant that anything else uses keeps its value (`known_graph`);
* the node is one that rules take for what the other graph writes otherwise, without a partner there, has no effect, and
  all that it reaches is so: no run of the other program can ask for any of it (`alone`);
* the same, and whatever of the rest uses it comes after what it is made to wait for, or waits for no more, anyhow;
* the edit touches what is computed from constants and sizes alone, and both graphs, run beside each other with three
  batches of other sizes each, have the same bits in all that they fetch and update.
"""

from typing import NamedTuple

from compat_v1.beside import CannotRunError, beside
from known_graph import KnownGraph, same_constants

_BATCHES = (2, 5, 6)


class Pair(NamedTuple):
    """A graph to edit and its edited form, GraphDefs, and the names of its nodes that have no partner."""

    graph: object
    mutant: object
    alone: frozenset


def alone(graph_def, other, partners):
    """Return the names of a graph's nodes without a partner, but one that is computed from sizes by another op.

    `partners`: {name: the partner's name}, as the audit found them.
    """
    graph, ops = KnownGraph(graph_def), {node.name: node.op for node in other.node}
    found = set()
    for name, node in graph.nodes.items():
        op = ops.get(partners.get(name))
        if op is None or (op != node.op and graph.is_of_sizes(name)):
            found.add(name)
    return frozenset(found)


def is_equivalent(edit, pair):
    """Whether an edit of a graph can be told to change nothing."""
    if edit.function:
        return same_constants(pair.graph, pair.mutant)
    return same_constants(pair.graph, pair.mutant) or _is_of_no_use(edit, pair) or _runs_alike(edit, pair)


def _is_of_no_use(edit, pair):
    """Whether nothing that the other graph has can tell the edit: by the second and the third rule."""
    fewer, more = pair.graph, pair.mutant
    if edit.kind == "control input removed":
        fewer, more = more, fewer
    graph, waits = KnownGraph(fewer), set()
    if edit.kind.startswith("control input"):
        (node,) = (node for node in more.node if node.name == edit.node)
        waits = {one[1:] for one in node.input if one.startswith("^")} - {
            one[1:] for one in graph.nodes[edit.node].input
        }
    seen, todo = {edit.node}, [edit.node]
    while todo:
        name = todo.pop()
        if name not in pair.alone or graph.has_effect(name):
            return False
        for user in graph.users.get(name, ()):
            anyhow = waits and all(graph.before(user.name) >> graph.place[one] & 1 for one in waits)
            if user.name not in seen and not anyhow:
                seen.add(user.name)
                todo.append(user.name)
    return True


def _runs_alike(edit, pair):
    """Whether both graphs have the same bits in whatever batches of some sizes give: by the last rule."""
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    if edit.kind.startswith("control") or not all(_touches_sizes(edit, graph) for graph in graphs):
        return False
    try:
        return all(_has_the_same_bits(pair, size) for size in _BATCHES)
    except CannotRunError:
        return False


def _touches_sizes(edit, graph):
    """Whether a node is computed from constants and sizes alone, or only such inputs of it are edited."""
    if graph.is_of_sizes(edit.node):
        return True
    edited = [place for place in edit.places if not graph.is_of_sizes(graph.nodes[edit.node].input[place])]
    return bool(edit.places) and not edited


def _has_the_same_bits(pair, size):
    open_sizes = {
        node.name: [size]
        for node in pair.graph.node
        if node.op == "Placeholder" and any(one.size < 0 for one in node.attr["shape"].shape.dim)
    }
    result = beside(pair.graph, pair.mutant, updates=2, seed=size, sizes=open_sizes)
    return result.verdict == "equal" and not result.left_out
