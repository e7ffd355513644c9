"""A rule for `tf.parse_single_sequence_example`: one is parsed by the op that parses many, with vectors of keys."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole

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
    inputs = [serialized, none, sparse, dense, none, lists_sparse, lists_dense, none, empty, *defaults]
    kept = {key: written[key] for key in _KEPT if key in written}
    shapes = rewriter.graph.shapes[name]
    made = rewriter.normal.node(name, "ParseSequenceExampleV2", kept, inputs, None, {"parsed"}, len(shapes), shapes)
    for index in range(len(shapes)):
        rewriter.normal.tensors[name, index] = (made, index)
    return True


def _vector(texts):
    return Literal("text", "string", (len(texts),), tuple(texts))


RULES = {"ParseSingleSequenceExample": _parsed_alone}
