"""Rules for regular expressions, which were operands where they are attributes of ops of their own by now."""

import tensorflow as tf

from compat_v1.audit.literals import Literal

_STATIC = {"RegexReplace": ("pattern", "rewrite"), "RegexFullMatch": ("pattern",)}


def _written_down(rewriter, name, node, operands):
    """What is known before the program runs."""
    texts, keys = operands[1:], _STATIC[node.op]
    if not all(isinstance(one, Literal) and one.kind == "text" and one.shape == () for one in texts):
        return False
    written = {key: tf.compat.v1.AttrValue(s=one.value[0]) for key, one in zip(keys, texts, strict=True)}
    attributes = rewriter.graph.attributes(name)
    attributes |= {key: one.SerializeToString(deterministic=True) for key, one in written.items()}
    rewriter.normal.keep(name, f"Static{node.op}", operands[:1], attributes, {"expressions"})
    return True


RULES = dict.fromkeys(_STATIC, _written_down)
