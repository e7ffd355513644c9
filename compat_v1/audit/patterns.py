"""Trees of ops: to hold tensors against, and parts of them to make."""

import tensorflow as tf

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar


def match(operand, pattern, found):
    """Whether a tensor is what a pattern says; `found` gets {name: tensor}, and its inner nodes under "nodes".

    A pattern is a name, which stands for one tensor wherever it comes; a number; or (op, the pattern of each input).
    """
    if isinstance(pattern, str):
        return is_same(found.setdefault(pattern, operand), operand)
    if not isinstance(pattern, tuple):
        return is_scalar(operand, pattern)
    op, *inputs = pattern
    if not is_op(operand, op) or operand[1] != 0 or len(operand[0].inputs) != len(inputs):
        return False
    found.setdefault("nodes", []).append(operand[0])
    return all(match(one, inside, found) for one, inside in zip(operand[0].inputs, inputs, strict=True))


def is_same(one, other):
    """Whether two operands are one tensor, or equal constants."""
    if isinstance(one, Literal) and isinstance(other, Literal):
        return one.key == other.key
    return not isinstance(one, Literal) and one == other


def make(normal, like, op, attributes, inputs, sizes, step, controls=frozenset(), outputs=1):
    """Make a node that stands for a part of another, `like`, and came by a rule; return its first output.

    `controls`: what it waits for. `sizes`: those of each output.
    """
    made = normal.made.get(like.name)
    node = normal.node(like.name, op, attributes, inputs, controls, {step} if step else (), outputs, [sizes] * outputs)
    normal.made[like.name] = made
    return node, 0


def set_terms(total, terms):
    """Let an AddN add up these tensors."""
    count = tf.compat.v1.AttrValue(i=len(terms)).SerializeToString(deterministic=True)
    total.inputs, total.attributes = terms, {**total.attributes, "N": count}
