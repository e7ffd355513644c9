"""Names that two graphs give each other's nodes: what a program feeds or keeps by one of them is another in the port.

A name alone says nothing. But where placeholders, or variables, have the same names in both graphs, and partners have
them in turn, the port takes one for the other. A number is the program's, too: it is which of them is made first.
"""

import re

from compat_v1.audit.findings import Finding
from compat_v1.audit.operands import VARIABLES

_UNNAMED = re.compile(r"((?:.*/)?)Placeholder(?:WithDefault)?(?:_\d+)?")
FED = {"Placeholder", "PlaceholderWithDefault", "PlaceholderV2"}
KEPT = set(VARIABLES)


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
    known, numbered = unnamed(verification.pairing.sides), verification.pairing.numbered
    for ops, verb in ((FED, "fed"), (KEPT, "kept")):
        own = [node for node in verification.partner if node.op in ops and node not in numbered]
        named = {known.get(node, node.name): node for node in own}
        partners = {name: verification.partner[node] for name, node in named.items()}
        partners = {name: known.get(other, other.name) for name, other in partners.items()}
        for name, node in named.items():
            if len(_circle(partners, name)) > 1:
                other = verification.partner[node]
                what = f"is {verb} as {other.name} in the port, where another is {node.name}"
                yield Finding("role", node, other, what)


def _circle(partners, name):
    """Return the names that lead from one back to it, each to its partner's; none if they do not."""
    found, one = [name], partners[name]
    while one != name and one in partners and one not in found:
        found.append(one)
        one = partners[one]
    return found if one == name else []
