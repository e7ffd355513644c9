"""Rules for loops and branches that are ops with functions, as in the functions of datasets.

Where none of the functions keeps, changes or draws anything, the op is another by now, and nothing need wait for it.
"""

from compat_v1.audit.literals import Literal

_RULE = "loops without state"


def _without_state(rewriter, name, node, operands):
    graph = rewriter.graph
    called = [one for names in graph.called(name).values() for one in names]
    if not called or graph.controls[name] or not all(graph.is_pure(one) for one in called):
        return False
    rewriter.normal.keep(name, f"Stateless{node.op}", operands, steps={_RULE})
    return True


def has_no_effect(node):
    """Whether waiting for a node is waiting for nothing that another could notice."""
    return node.op in ("StatelessWhile", "StatelessIf")


def _copied(rewriter, name, _node, operands):
    """In a function, what such a loop gives was copied once more."""
    (tensor,) = operands
    if isinstance(tensor, Literal) or not rewriter.graph.is_body or tensor[0].op != "StatelessWhile":
        return False
    if rewriter.graph.controls[name] or name in rewriter.graph.awaited:
        return False
    rewriter.normal.alias(name, tensor, _RULE)
    return True


def finish(rewriter):
    """In a function, of which nothing can be fetched, let nothing wait for what has no effect."""
    if rewriter.graph.is_body:
        for node in rewriter.normal.nodes:
            node.controls = frozenset(one for one in node.controls if not has_no_effect(one))


RULES = {"While": _without_state, "If": _without_state, "Identity": _copied}
