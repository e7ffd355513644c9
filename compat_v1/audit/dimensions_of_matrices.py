"""The sizes of what is made of matrices and their diagonals, for `dimensions.py`."""

from compat_v1.audit.folding import fixed


def _solved(shapes, _literals, _attributes):
    """The right side's: today's op takes one for many matrices as well, which are not looked at here."""
    matrix, right = shapes
    return [right] if matrix[:-2] == right[:-2] else None


def _tensor_of_diagonal(shapes, _literals, _attributes):
    return [shapes[0] * 2]


def _diagonal_of_tensor(shapes, _literals, _attributes):
    return [shapes[0][: len(shapes[0]) // 2]]


def _matrices(shapes, literals, _attributes):
    """A square matrix for each diagonal, if it is to be the main one."""
    if literals[1:] and [fixed(one.array()).reshape(-1).tolist() for one in literals[1:4]] != [[0], [-1], [-1]]:
        return None
    return [(*shapes[0], shapes[0][-1])]


RULES = {
    **dict.fromkeys(("MatrixSolve", "MatrixTriangularSolve"), _solved),
    **dict.fromkeys(("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3"), _matrices),
    "Diag": _tensor_of_diagonal,
    "DiagPart": _diagonal_of_tensor,
}
