"""The gradient of `tf.cholesky`: today's is made of products and a solved triangle, and is written as the op it was."""

from compat_v1.audit.operands import is_of_numbers, is_op, is_scalar
from compat_v1.audit.patterns import match
from compat_v1.audit.rules.decompositions import is_identity

CAUSE = "gradient of a Cholesky factor"
# For each op, what says that its first operand is transposed, and whether by the factor and its inverse.
_TRANSPOSED = {"MatMul": "transpose_a", "BatchMatMulV2": "adj_x"}
_HALVED = ("MatrixSetDiagV3", "product", ("Mul", 0.5, ("MatrixDiagPartV3", "product", 0, 0)), 0)
_LOWER = ("MatrixBandPart", _HALVED, -1, 0)
_INVERSE = ("MatrixTriangularSolve", "factor", "identity")


def _one_op(rewriter, name, node, operands):
    """Half of s and s transposed, where s is l' ^ -1 lower(l' g) l ^ -1, of which the diagonal is halved."""
    normal, (total, half), found = rewriter.normal, operands, {}
    if not is_scalar(half, 0.5) or not match(total, ("AddV2", "sum", ("Transpose", "sum", "order")), found):
        return False
    last, op = found["sum"], found["sum"][0].op if is_op(found["sum"], *_TRANSPOSED) else ""
    if not match(last, (op, (op, _INVERSE, _LOWER), _INVERSE), found):
        return False
    if not match(found["product"], (op, "factor", "gradient"), found) or not is_op(found["factor"], "Cholesky"):
        return False
    sizes, rank = normal.sizes(found["factor"]), len(normal.sizes(last) or ())
    if sizes is None or len(sizes) != rank:
        return False
    if not any(is_identity(found["identity"], one) for one in (sizes[:-1], (*sizes[:-2], *sizes[-1:]))):
        return False  # a factor has as many rows as columns, also where no number says so
    if not is_of_numbers(found["order"]) or found["order"].value != (*range(rank - 2), rank - 1, rank - 2):
        return False
    nodes = [*found["nodes"], found["identity"][0]]
    if any(one.controls or not _is_as_written(one, last[0]) for one in nodes):
        return False
    normal.absorbed.update(nodes)
    types = rewriter.graph.own_type(name)
    normal.keep(name, "CholeskyGrad", [found["factor"], found["gradient"]], types, {CAUSE}, [sizes])
    return True


def _is_as_written(node, last):
    """Whether a node transposes its first operand, but for the `last` product, and nothing else; and solves as is."""
    given = set(node.attributes) - {"T", "Tperm", "Tindex", "align"}
    return given == ({_TRANSPOSED[node.op]} if node.op in _TRANSPOSED and node is not last else set())


RULES = {"Mul": _one_op}
