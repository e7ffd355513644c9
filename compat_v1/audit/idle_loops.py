"""Backward loops, or parts of loops, that never run: nothing takes them, and nobody asks for what is inside of a loop.

Until 1.12 TensorFlow made one where what a loop gives comes of weights by a comparison alone, as does a mask that says
which predictions to ignore; and in 1.0 the gradients of what a loop hands to its next turn as whole numbers alone
decide it, as do those of what a decoder says.
"""

import collections

import tensorflow.compat.v1 as tf

from compat_v1.audit.graph import ENTERS, EXITS, MERGES, SWITCHES, Attributes
from compat_v1.audit.pruning import behind
from compat_v1.audit.references import target

# What a backward loop needs outside of itself, and in the loop before it: no program can ask for these, but for copies.
_ONLY_FOR_IT = {"Stack", "StackV2", "TensorArrayGradV3", "TensorArrayScatterV3", *ENTERS, *EXITS}
_HANDING = {"NextIteration", *ENTERS, *MERGES, *SWITCHES}
_GIVING_FLOWS = {"TensorArrayScatterV3", "TensorArrayWriteV3", "TensorArraySplitV3"}


def without(graph):
    """Return the GraphDef of a graph without what never runs of its loops, and what served these; None if all does."""
    idle = _idle(graph)
    if not idle or _are_beside(graph, idle):
        return None
    left = tf.GraphDef(versions=graph.graph_def.versions, library=graph.graph_def.library)
    left.node.extend(node for node in graph.graph_def.node if node.name not in idle)
    return left


def _are_beside(graph, idle):
    """Whether other nodes are placed beside some: without these the graph could not be read."""
    return any(target(one) in idle for name in graph.nodes.keys() - idle for one in graph.colocated(name))


def _idle(graph):
    """Return the names of the nodes of such loops, and of what only serves these, and of such parts."""
    inside = collections.defaultdict(set)
    for name, frame in graph.frames.items():
        if frame:
            inside[frame].add(name)
    idle = set()
    for names in inside.values():
        followers = {one for name in names for one in graph.followers[name]}
        exits = {one for one in followers if graph.nodes[one].op in EXITS}
        found = {_leaving(graph, one) for one in exits}
        if "count" in found and None not in found and followers <= names | exits:
            idle |= names | exits
    idle |= _serving(graph, idle) if idle else idle
    return idle | _passed_on(graph, inside)


def _passed_on(graph, inside):
    """Return the nodes of what comes into a loop, its next turn or a branch inside of it, where nobody takes that."""
    unseen = set().union(*inside.values())
    todo = [name for name in unseen if not unseen.issuperset(graph.followers[name])]
    while todo:  # what somebody takes, and what that is made of
        name = todo.pop()
        if name in unseen:
            unseen.remove(name)
            todo += [maker for maker, _ in graph.inputs[name] if maker in unseen]
            todo += [one for one in graph.controls[name] if one in unseen]
    stacks = {name for _, pops in graph.stacks.values() for pop in pops for name in _handing(graph, pop)}
    unseen = {name for name in unseen - stacks if graph.nodes[name].op in _HANDING and not _tells(graph, name)}
    constants = {name for name in unseen if Attributes(graph.nodes[name])["is_constant"].b}
    found = behind(unseen - constants, graph.followers)
    return found | {name for name in constants if found.issuperset(graph.followers[name])}


def _tells(graph, name):
    """Whether a Switch only tells which branch runs: one in which nobody takes anything, it may be, in one graph."""
    return graph.nodes[name].op in SWITCHES and len(set(graph.inputs[name])) == 1


def _handing(graph, pop):
    """Return what hands the stack on that a node pops from: what is popped for nobody was pushed, and is left to rules.

    Where a loop has one turn at a time, nothing waits for it.
    """
    found, name = [], graph.inputs[pop][0][0]
    while graph.nodes[name].op in _HANDING:
        found.append(name)
        name = graph.inputs[name][0][0]
    return found


def _leaving(graph, name):
    """Return what leaves a loop for nobody, but that no gradient: "count", of the turns to come, or "flow", or None.

    A flow is what orders the writing into an array. Only a backward loop counts down what came, and no copy of it.
    """
    switch, index = graph.inputs[name][0]
    while graph.nodes[switch].op == "Identity":  # a gradient that is handed on when all of an op's are made
        switch, index = graph.inputs[switch][0]
    merge = graph.inputs[switch][0][0] if graph.nodes[switch].op == "Switch" and index == 0 else ""
    makers = [maker for maker, _ in graph.inputs[merge]] if merge and graph.nodes[merge].op in MERGES else []
    if graph.followers[name] or [graph.nodes[one].op for one in makers] != ["Enter", "NextIteration"]:
        return None
    begun, counted = (graph.nodes[graph.inputs[one][0][0]] for one in makers)
    if begun.op in EXITS and counted.op == "Sub" and graph.inputs[counted.name][0] == (switch, 1):
        return "count"
    return "flow" if begun.op in _GIVING_FLOWS else None


def _serving(graph, idle):
    """Return what serves only idle nodes: in loops whatever it is, elsewhere what is made for them alone."""
    may = {
        name
        for name, node in graph.nodes.items()
        if graph.frames[name] or node.op in _ONLY_FOR_IT or _is_flow(graph, name)
    }
    may = {name for name in may - idle if graph.followers[name]}
    found, many = may, None
    while many != len(found):
        many = len(found)
        found = {name for name in found if all(one in found or one in idle for one in graph.followers[name])}
    return found & graph.all_before(idle)


def _is_flow(graph, name):
    """Whether a node hands on what orders the writing into an array of gradients, behind updates too, where all are."""
    waits = {graph.nodes[one].op for one in graph.controls[name]}
    return graph.nodes[name].op == "Identity" and "TensorArrayGradV3" in waits
