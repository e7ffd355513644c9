"""Whether one GraphDef is another with other names: what computes the same, and only is called otherwise.

Two slots of an optimizer that begin with the same zeros are one such pair: which of the two is called Adam is a matter
of names as long as no checkpoint names them. A placeholder is what its name says, for it is fed by that.
"""

import tensorflow as tf

from known_graph import source

v1 = tf.compat.v1
_BESIDE = "loc:@"


def same_but_names(graph_def, mutant, name):
    """Whether an edit of a node only exchanged names of others: found from there, and verified node by node."""
    nodes, others = ({node.name: node for node in one.node} for one in (graph_def, mutant))
    renamed = _exchanged(nodes, others, name)
    if graph_def.library != mutant.library or nodes.keys() != others.keys() or set(renamed) != set(renamed.values()):
        return False
    if any(nodes[one].op.startswith("Placeholder") for one, other in renamed.items() if one != other):
        return False
    return all(_key(node, renamed) == _key(others[renamed.get(one, one)], {}) for one, node in nodes.items())


def _exchanged(nodes, others, name):
    """Return {node: the one of the mutant that has its place}, as followed from an edited node; not yet verified."""
    users = {}
    for node in others.values():
        for slot, reference in _slots(node):
            users.setdefault(source(reference)[0], []).append((slot, node.op, node.name))
    here = {}
    for node in nodes.values():
        for slot, reference in _slots(node):
            here.setdefault(source(reference)[0], []).append((slot, node.op, node.name))
    renamed, todo = {name: name}, [name]
    while todo:
        one = todo.pop()
        two = renamed[one]
        found = [
            (source(a)[0], source(b)[0])
            for (slot, a), (other_slot, b) in zip(_slots(nodes[one]), _slots(others[two]), strict=False)
            if slot == other_slot != "^"
        ]
        if one != two:
            for slot, op, user in here.get(one, ()):
                alike = [other for *at, other in users.get(two, ()) if at == [slot, op]]
                found += [(user, user if user in alike else alike[0])] if alike else []
        for a, b in found:
            if a not in renamed and (a != b or one != two):
                renamed[a] = b
                todo.append(a)
    return renamed


def _slots(node):
    return [("^" if one.startswith("^") else slot, one) for slot, one in enumerate(node.input)]


def _key(node, renamed):
    """Return what a node is and takes, with other names for nodes."""

    def other(name):
        return renamed.get(name, name)

    data = [(other(source(one)[0]), source(one)[1]) for one in node.input if not one.startswith("^")]
    waits = sorted(other(one[1:]) for one in node.input if one.startswith("^"))
    attributes = {key: one.SerializeToString(deterministic=True) for key, one in node.attr.items() if key != "_class"}
    beside = [one.decode() for one in node.attr["_class"].list.s] if "_class" in node.attr else []
    beside = sorted(_BESIDE + other(one[len(_BESIDE) :]) if one.startswith(_BESIDE) else one for one in beside)
    return other(node.name), node.op, node.device, data, waits, attributes, beside
