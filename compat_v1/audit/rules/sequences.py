"""Rules for one example that is parsed by the op that parses many, and for the lengths of sequences."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import INT32, is_op, is_scalar

_COUNTS = ("Ncontext_sparse", "Ncontext_dense", "Nfeature_list_sparse", "Nfeature_list_dense")
_KEPT = ("Ncontext_sparse", "Nfeature_list_sparse", "Nfeature_list_dense", "context_sparse_types", "Tcontext_dense")
_KEPT += ("feature_list_dense_types", "context_dense_shapes", "feature_list_sparse_types", "feature_list_dense_shapes")


def _parsed_alone(rewriter, name, node, operands):
    serialized, assumed_empty, *rest = operands
    written, keys = rewriter.graph.attributes(name), []
    for key in _COUNTS:
        count = Attributes(node)[key].i
        keys.append(rest[:count])
        rest = rest[count:]
    *defaults, said = rest
    texts = [assumed_empty, said, *(one for some in keys for one in some)]
    if any(not isinstance(one, Literal) or one.kind != "text" for one in texts) or said.value != (b"",):
        return False
    if any(one.shape != () for one in texts[1:]) or written.keys() - {*_KEPT, "Ncontext_dense"}:
        return False
    sparse, dense, lists_sparse, lists_dense = (_vector([one.value[0] for one in some]) for some in keys)
    none, empty = _vector([]), whole([int(key in assumed_empty.value) for key in lists_dense.value], "bool")
    rewriter.normal.assume(serialized, ())
    inputs = [serialized, none, sparse, dense, none, lists_sparse, lists_dense, none, empty, *defaults]
    kept = {key: written[key] for key in _KEPT if key in written}
    shapes = rewriter.graph.shapes[name]
    made = rewriter.normal.node(name, "ParseSequenceExampleV2", kept, inputs, None, {"parsed"}, len(shapes), shapes)
    for index in range(len(shapes)):
        rewriter.normal.tensors[name, index] = (made, index)
    return True


def _vector(texts):
    return Literal("text", "string", (len(texts),), tuple(texts))


def _parsed_asserted(rewriter, name, node, operands):
    """Of what is asserted to be one example, whose op refused more itself."""
    serialized = asserted(rewriter.normal, operands[0])
    if serialized == operands[0]:
        return False
    rewriter.normal.assume(serialized, ())
    rewriter.normal.keep(name, node.op, [serialized, *operands[1:]], steps={"asserted to be one"})
    return True


def asserted(normal, serialized):
    """Return the tensor that a copy of it waits to be asserted a scalar, any other as it is."""
    if not is_op(serialized, "Identity") or normal.reads_a_ref(serialized[0].name):
        return serialized
    given = serialized[0].inputs[0]
    for name in normal.graph.controls[serialized[0].name]:
        pattern = _asserts_scalar(normal, name, given)
        if pattern is not None:
            normal.absorbed.update({serialized[0], *pattern})
            return given
    return serialized


def _asserts_scalar(normal, name, given):
    """Return the nodes of an assertion that a tensor is a scalar, none where it is known to be; None for any other."""
    node = normal.made.get(name)
    if node is None:  # it always holds, as where the same example has been parsed before
        is_known = normal.graph.nodes[name].op == "Assert" and name in normal.consumed and normal.sizes(given) == ()
        return () if is_known else None
    if node.op != "Assert" or not is_op(node.inputs[0], "Equal") or not is_op(node.inputs[0][0].inputs[0], "Rank"):
        return None
    condition = node.inputs[0][0]
    rank, none = condition.inputs
    return (node, condition, rank[0]) if rank[0].inputs == [given] and is_scalar(none, 0) else None


def _reversed(rewriter, name, node, operands):
    """Lengths of 32 bits are as many as they are in 64."""
    tensor, lengths = operands
    if not is_op(lengths, "Cast") or lengths[0].controls or lengths[0].attributes.get("SrcT") != INT32:
        return False
    rewriter.normal.absorbed.add(lengths[0])
    attributes = {**rewriter.graph.attributes(name), "Tlen": INT32}
    rewriter.normal.keep(name, node.op, [tensor, lengths[0].inputs[0]], attributes, {"lengths of sequences"})
    return True


RULES = {
    "ReverseSequence": _reversed,
    "ParseSingleSequenceExample": _parsed_alone,
    "ParseExampleV2": _parsed_asserted,
    "ParseSequenceExampleV2": _parsed_asserted,
}
