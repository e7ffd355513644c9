"""Rules for what is drawn: from a seed given at each run, as by `tf.random.stateless_uniform`, and of classes."""

from compat_v1.audit.operands import INT32, INT64, is_op, is_scalar

_AUTOMATIC = 3  # which generator: on a CPU and on a GPU the one that there was before
_RULE, _CLASSES = "key and counter", "drawn classes"
_MOVING, _MEASURING = ("Reshape", "Transpose"), ("Rank", "Shape", "Size")


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


def _narrowed(rewriter, name, node, operands):
    """Classes are drawn in 32 bits; they were in 64, moved, and cast then. Nothing else takes them."""
    graph, types = rewriter.graph, rewriter.graph.attributes(name)
    chain, tensor = [], operands[0]
    while is_op(tensor, *_MOVING, "Multinomial"):
        chain.append(tensor[0])
        tensor = tensor[0].inputs[0] if tensor[0].op in _MOVING else None
    if (types.get("SrcT"), types.get("DstT")) != (INT64, INT32) or graph.controls[name]:
        return False
    if not chain or chain[-1].op != "Multinomial" or "output_dtype" in chain[-1].attributes:
        return False
    taking = {name, *(one.name for one in chain)}
    users = {user for one in chain for user, _ in graph.users[one.name]} - taking
    if any(one.names != [one.name] for one in chain) or any(graph.nodes[user].op not in _MEASURING for user in users):
        return False
    for one in chain:
        one.attributes["output_dtype" if one.op == "Multinomial" else "T"] = INT32
    rewriter.normal.alias(name, operands[0], _CLASSES)
    return True


_WRITTEN = ("T", "Tshape", "Tseed")
_OPS = ("StatelessRandomUniform", "StatelessRandomUniformInt", "StatelessRandomNormal", "StatelessTruncatedNormal")
RULES = {**dict.fromkeys(_OPS, _by_seed), **{f"{op}V2": _drawn for op in _OPS}, "Cast": _narrowed}
