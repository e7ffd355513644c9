"""Rules for numbers that are drawn from a seed that is given at each run, as `tf.random.stateless_uniform` does."""

from compat_v1.audit.operands import is_op, is_scalar

_AUTOMATIC = 3  # which generator: on a CPU and on a GPU the one that there was before
_RULE = "key and counter"


def _drawn(rewriter, name, node, operands):
    """The op takes a key and a counter, made from the seed by another, and took the seed."""
    shape, key, counter, algorithm, *limits = operands
    if not is_op(key, "StatelessRandomGetKeyCounter") or not is_scalar(algorithm, _AUTOMATIC):
        return False
    made = key[0]
    if (key, counter) != ((made, 0), (made, 1)) or made.controls:
        return False
    rewriter.normal.absorbed.add(made)
    _keep(rewriter, name, node.op.removesuffix("V2"), [shape, made.inputs[0], *limits], {_RULE})
    return True


def _by_seed(rewriter, name, node, operands):
    _keep(rewriter, name, node.op, operands)
    return True


def _keep(rewriter, name, op, operands, steps=()):
    """Take a node over; in which types its shape and seed are written is compared with these."""
    attributes = {key: one for key, one in rewriter.graph.attributes(name).items() if key not in _WRITTEN}
    rewriter.normal.keep(name, op, operands, attributes, steps)


_WRITTEN = ("T", "Tshape", "Tseed")
_OPS = ("StatelessRandomUniform", "StatelessRandomUniformInt", "StatelessRandomNormal", "StatelessTruncatedNormal")
RULES = {**dict.fromkeys(_OPS, _by_seed), **{f"{op}V2": _drawn for op in _OPS}}
