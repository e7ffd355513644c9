"""Rules for what `tf.custom_gradient` makes, as for `tf.nn.swish`."""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_scalar
from compat_v1.audit.patterns import match
from compat_v1.audit.pruning import may_go, users_of

_FACTOR = "factor of swish"
# The gradient of swish for beta, summed over all elements.
_SQUARED = ("Mul", ("Mul", "gradient", ("Square", "x")), ("Sigmoid", "x"))
_FOR_BETA = ("Sum", ("Mul", _SQUARED, ("Sub", 1, ("Sigmoid", "x"))), "axes")


def _copied(rewriter, name, _node, operands):
    """What a function of a gradient of its own gives, and takes, is handed on together: that copies."""
    if rewriter.normal.reads_a_ref(name) or _makes_others_run(rewriter.graph, name):
        return False
    for index, operand in enumerate(operands):
        rewriter.normal.alias(name, operand, "copies", index)
    return True


def _makes_others_run(graph, name):
    """Whether who takes one of several copies makes something with an effect run that only another is made from.

    What the rest of all that comes of it makes run in any case does not count.
    """
    effects = {graph.effects.get(maker, frozenset()) for maker, _ in graph.inputs[name]}
    if len(effects) < 2:
        return False
    every = frozenset().union(*effects)
    return any(not every <= _run_for(graph, last, name) for last in _last_behind(graph, name))


def _last_behind(graph, name):
    """Return the nodes behind another that nothing uses."""
    found, todo, seen = set(), [name], {name}
    while todo:
        one = todo.pop()
        new = {*graph.followers[one]} - seen
        seen |= new
        todo += new
        found |= set() if graph.followers[one] else {one}
    return found


def _run_for(graph, last, copies):
    """Return what runs for a node, if of several copies only what those are made from that are taken."""
    found, todo = {last}, [last]
    while todo:
        one = todo.pop()
        taken = [graph.inputs[copies][index][0] for maker, index in graph.inputs[one] if maker == copies]
        taken += [maker for maker in graph.needs(one) if maker != copies]
        taken += graph.controls[copies] if copies in graph.needs(one) else []
        new = set(taken) - found
        found |= new
        todo += new
    return found


def _times_one(rewriter, name, _node, operands):
    """A factor that such a function takes, and that is 1."""
    if not rewriter.dtype(name).startswith(("float", "bfloat")):
        return False
    for factor, tensor in (operands, operands[::-1]):
        if not is_scalar(factor, 1) or isinstance(tensor, Literal) or not factor.names:
            continue
        users = rewriter.graph.users[factor.names[-1]]
        if any(rewriter.graph.nodes[user].op == "IdentityN" for user, _ in users):
            rewriter.normal.alias(name, tensor, _FACTOR)
            return True
    return False


def finish(rewriter):
    """Leave out the gradient for the beta of swish, if nothing uses it: beta is no tensor of the program."""
    normal, graph = rewriter.normal, rewriter.graph
    given = [graph.inputs[name] for name, node in graph.nodes.items() if node.op == "IdentityN"]
    squashed = {normal.tensors[tensors[1]] for tensors in given if len(tensors) == 3 and tensors[1] in normal.tensors}
    users = users_of(normal) if squashed else {}
    for node in normal.nodes if squashed else ():
        found: dict = {}
        if node.op != "Sum" or users.get(node) or not match((node, 0), _FOR_BETA, found):
            continue
        if found["x"] in squashed and all(may_go(normal, one) for one in found["nodes"]):
            normal.absorbed.update(found["nodes"])


RULES = {"IdentityN": _copied, "Mul": _times_one}
