"""Newer forms of what one TensorFlow made of other ops than the next, as they seem in a port's graph."""

from compat_v1.audit.layers import Newer


def _is_gated(op):
    """Whether what is before a gradient, or else behind it, was handed on when all of an op's gradients were made."""
    for ways in (lambda one: [k.op for k in one.inputs], lambda one: [k for o in one.outputs for k in o.consumers()]):
        todo, seen = [op], {op}
        while todo:
            one = todo.pop()
            if one.type == "Identity" and [other.type for other in one.control_inputs] == ["NoOp"]:
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
