"""Makes one node of those that compute the same from the same by now, as they came to do when rules rewrote them."""

from compat_v1.audit import pruning
from compat_v1.audit.literals import Literal


def share(normal):
    """Let one node be each that does what one before it does, as where the normal form is built."""
    pruning.arrange(normal)
    found, instead, taken = {}, {}, {}  # {what is done: node}, {operand: operand}, {node: the one instead of it}
    for node in normal.nodes:
        if node.late:
            continue
        node.inputs = [one if isinstance(one, Literal) else instead.get(one, one) for one in node.inputs]
        node.controls = frozenset(taken.get(one, one) for one in node.controls)
        first = found.setdefault(node.does(node.inputs, node.controls), node) if _may_share(normal, node) else node
        if first is not node:
            taken[node] = first
            instead.update({(node, index): (first, index) for index in range(max(len(node.outputs), 1))})
    if not taken:
        return
    for node, first in taken.items():
        first.names += node.names
        first.steps |= node.steps | {"one of each"}
        normal.made.update({name: first for name in node.names if normal.made.get(name) is node})
        if node not in normal.absorbed:
            normal.absorbed.discard(first)
    normal.nodes = [node for node in normal.nodes if node not in taken]
    for node in normal.nodes:
        node.controls = frozenset(taken.get(one, one) for one in node.controls)
    pruning.redirect(normal, instead)


def _may_share(normal, node):
    if not node.inputs or node.op == "Const":  # which stands for the branch that it is made in
        return False
    return node.name in normal.graph.nodes and normal.may_share(node.name, node.op)
