"""Rules for the gradients of `tf.self_adjoint_eig` and `tf.svd`, which divide by the distances of the values.

They took the reciprocal of a distance, that of the singular values with ones on the diagonal, which is set to 0 then.
By now they multiply it by the reciprocal of its square and 1e-20, and a singular value as well. All are written as the
reciprocal; that it is taken otherwise is a cause of other numbers.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor, single

CAUSE = "gradient of a decomposition"
_TINY = 1e-20


def _plain(rewriter, name, _node, operands):
    """The reciprocal."""
    (divisor,) = operands
    gone = set()
    if is_op(divisor, "AddV2") and _is_distance(divisor[0].inputs[0]):
        distance, ones = divisor[0].inputs
        if not is_identity(ones, rewriter.normal.sizes(_values(distance))):
            return False
        gone, divisor = {divisor[0], ones[0]}, distance
    if not _is_inverted(rewriter.graph, name, divisor):
        return False
    rewriter.normal.absorbed |= gone
    return _written(rewriter, name, divisor, "plain")


def _safe(rewriter, name, _node, operands):
    """What is multiplied by the reciprocal of its square and a tiny number."""
    divisor, inverse = operands
    total = inverse[0].inputs[0] if is_op(inverse, "Reciprocal") else None
    if not is_op(total, "AddV2") or not is_scalar(total[0].inputs[1], _TINY) or not is_tensor(divisor):
        return False
    square = total[0].inputs[0]
    if not is_op(square, "Mul") or square[0].inputs != [divisor, divisor]:
        return False
    if not _is_inverted(rewriter.graph, name, divisor):
        return False
    rewriter.normal.absorbed.update({inverse[0], total[0], square[0]})
    return _written(rewriter, name, divisor, "safe")


def _written(rewriter, name, divisor, formula):
    types = rewriter.graph.own_type(name)
    sizes = [rewriter.normal.sizes(divisor)]
    rewriter.normal.keep(name, "Reciprocal", [divisor], types, {f"{CAUSE}: {formula}"}, sizes)
    return True


def _is_inverted(graph, name, divisor):
    """Whether distances get another diagonal, or singular values become one, after they are inverted."""
    users = graph.users[name]
    if not users or any(slot for _, slot in users):
        return False
    if is_op(divisor, "Svd") and divisor[1] == 0:
        return all(graph.nodes[user].op.startswith("MatrixDiag") for user, _ in users)
    return _is_distance(divisor) and all(_sets_diagonal(graph, user) for user, _ in users)


def _sets_diagonal(graph, name):
    """Whether a node sets the main diagonal, of which its newer forms are told that it is the 0th."""
    if not graph.nodes[name].op.startswith("MatrixSetDiag"):
        return False
    places = [maker for maker, _ in graph.inputs[name][2:3]]
    return all(graph.nodes[one].op == "Const" and graph.constant(one).value == (0,) for one in places)


def _is_distance(operand):
    """Whether a tensor holds the differences of all pairs of eigenvalues, or of squares of singular values."""
    if not is_op(operand, "Sub") or not all(is_op(one, "ExpandDims") for one in operand[0].inputs):
        return False
    (values, axis), (others, other_axis) = (one[0].inputs for one in operand[0].inputs)
    if values != others or axis == other_axis:
        return False
    if is_op(values, "Square"):
        values = values[0].inputs[0]
        return is_op(values, "Svd") and values[1] == 0
    return is_op(values, "SelfAdjointEigV2") and values[1] == 0


def _values(distance):
    """Return the tensor of whose elements a distance has the differences."""
    return distance[0].inputs[0][0].inputs[0]


def is_identity(operand, sizes):
    """Whether a tensor is the identity matrix for as many values as there are, or a batch of them."""
    if not is_op(operand, "MatrixDiagV3"):
        return False
    diagonal, place, rows, columns, rest = operand[0].inputs
    if sizes is None or not isinstance(diagonal, Literal) or diagonal.shape not in (sizes, sizes[-1:]):
        return False
    one = single(diagonal)
    alone = is_scalar(place, 0) and is_scalar(rows, -1) and is_scalar(columns, -1) and is_scalar(rest, 0)
    return one is not None and is_scalar(one, 1) and alone


RULES = {"Reciprocal": _plain, "Mul": _safe}
