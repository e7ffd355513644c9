"""Newer forms of what one TensorFlow made of other ops than the next, as they seem in a port's graph."""

from typing import NamedTuple

from compat_v1.audit.layers import Newer


def _is_gated(op):
    """Whether what is before a gradient, or else behind it, was handed on when all of an op's gradients were made."""
    for ways in (lambda one: [k.op for k in one.inputs], lambda one: [k for o in one.outputs for k in o.consumers()]):
        todo, seen = [op], {op}
        while todo:
            one = todo.pop()
            if _hands_on(one):
                return True
            new = set(ways(one)) - seen
            seen |= new
            todo += new
    return False


class Form(Newer):
    """A newer form, as it seems: nothing is taken for granted until it has been built once more."""

    def gates(self, arriving):
        """Return whether gradients are handed on when all of an op's are made: one alone is not, and does not tell."""
        return (_is_gated(arriving.op),)


class Original(NamedTuple):
    """What the forms ask of the original: whether its gradients are gated, and clip_by_norm inverts a root."""

    gated: bool
    inverts: bool


class Older(Form):
    """A newer form, as it seems: whether gradients are gated the original tells where the port does not."""

    def __init__(self, original):
        self.original = original

    def last(self):
        """Return the op of the newer form whose gradients are made of what arrives."""
        return self.y.op

    def gates(self, arriving):
        """Return whether gradients are handed on when all of an op's are made, as those are that are named alike."""
        own = f"{self.last().name}_grad/"
        scopes = [user.name.partition(own)[0] for user in arriving.consumers() if own in user.name]
        scope = min(scopes, key=len, default="")
        if scope:
            return (any(op.name.startswith(scope) and _hands_on(op) for op in self.y.graph.get_operations()),)
        return (super().gates(arriving)[0] or self.original.gated,)


def _hands_on(op):
    """Whether an op hands on a gradient when all of an op's are made."""
    return op.type == "Identity" and [one.type for one in op.control_inputs] == ["NoOp"]
