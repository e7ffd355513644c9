"""Names that two graphs give each other's nodes: what a program feeds or keeps by one of them is another in the port.

A name alone says nothing, and TensorFlow numbers those that it makes. But where placeholders, or variables, have the
same names in both graphs, and partners have them in turn, the port takes one for the other.
"""

import re

from compat_v1.audit.findings import Finding
from compat_v1.audit.references import unnumbered

_UNNAMED = re.compile(r"((?:.*/)?)Placeholder(?:WithDefault)?(?:_\d+)?")
FED = {"Placeholder", "PlaceholderWithDefault", "PlaceholderV2"}
KEPT = {"Variable", "VariableV2", "VarHandleOp"}


def unnamed(sides):
    """Return {placeholder that has no name of its own: its scope, and which it is there}, of two graphs.

    The shape of a sparse one is not numbered with the others any more. Nothing where the graphs have not as many.
    """
    found = []
    for side in sides:
        order = {name: place for place, name in enumerate(side.normal.graph.made)}
        fed = [node for node in side.normal.nodes if node.op in FED and node.name in order]
        scopes = {}
        for node in sorted(fed, key=lambda one: order[one.name]):
            if scope := _UNNAMED.fullmatch(node.name):
                scopes.setdefault(scope[1], []).append(node)
        found.append(scopes)
    return {
        node: (scope, place)
        for here, there in (found, found[::-1])
        for scope, nodes in here.items()
        if len(there.get(scope, ())) == len(nodes)
        for place, node in enumerate(nodes)
    }


def names(verification):
    """Yield a `Finding` for each of them whose partner has another's name, that one's the next, and so around."""
    for ops, verb in ((FED, "fed"), (KEPT, "kept")):
        named = {node.name: node for node in verification.partner if node.op in ops}
        partners = {name: verification.partner[node].name for name, node in named.items()}
        for name, node in named.items():
            circle = _circle(partners, name)
            if len(set(map(unnumbered, circle))) > 1:
                what = f"is {verb} as {partners[name]} in the port, where another is {name}"
                yield Finding("role", node, verification.partner[node], what)


def _circle(partners, name):
    """Return the names that lead from one back to it, each to its partner's; none if they do not."""
    found, one = [name], partners[name]
    while one != name and one in partners and one not in found:
        found.append(one)
        one = partners[one]
    return found if one == name else []
