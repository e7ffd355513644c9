"""Rules for orthogonal initial weights, which today are the Q of a normal matrix, each column with the sign of R's.

TensorFlow 1.0 took the singular vectors of a uniform one, the left ones or the right ones: other numbers. They are
written as today's. Until 1.7 the sign was a quotient x / |x|.
"""

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, number
from compat_v1.audit.patterns import make

_CAUSE, _SIGN = "orthogonal weights", "sign of a diagonal"


def _left(rewriter, name, node, operands):
    """A matrix with more rows than columns, on its way to the shape of the weights."""
    vectors, shape = operands
    if not is_op(vectors, "Svd") or vectors[1] != 1:
        return False
    product = _orthogonal(rewriter, name, vectors[0], lambda rows, columns: rows > columns)
    if product is None:
        return False
    return rewriter._Reshape(name, node, [product, shape]) or rewriter._plain(name, node, [product, shape])


def _right(rewriter, name, node, operands):
    """Any other matrix is transposed; one with more columns than rows still is."""
    vectors, order = operands
    if not is_op(vectors, "Svd") or vectors[1] != 2 or not isinstance(order, Literal) or order.value != (1, 0):
        return False
    product = _orthogonal(rewriter, name, vectors[0], lambda rows, columns: rows <= columns)
    if product is None:
        return False
    rows, columns = rewriter.normal.sizes(product)
    if rows == columns:
        rewriter.normal.alias(name, product, _CAUSE)
    else:
        rewriter._plain(name, node, [product, order])
    return True


def _orthogonal(rewriter, name, vectors, fits):
    """Return today's matrix in place of the vectors that `name` alone takes; None if they are of something else."""
    normal, graph = rewriter.normal, rewriter.graph
    drawn = vectors.inputs[0]
    if not is_op(drawn, "RandomUniform") or drawn[0].controls or vectors.controls or len(vectors.names) > 1:
        return None
    shape, (svd,), (uniform,) = drawn[0].inputs[0], vectors.names, drawn[0].names
    if not isinstance(shape, Literal) or shape.shape != (2,) or not all(isinstance(one, int) for one in shape.value):
        return None
    users = {user for user, _ in graph.users[svd] if not isinstance(normal.tensors.get((user, 0)), Literal)}
    if vectors.attributes.keys() != {"T"} or users != {name} or svd in graph.awaited:
        return None
    if not fits(*shape.value) or not _is_alone(graph, svd, uniform):
        return None
    types = graph.own_type(svd)
    tall = shape._replace(value=tuple(sorted(shape.value, reverse=True)))
    sizes, least = tall.value, tall.value[1]
    attributes, definition = drawn[0].attributes, graph.nodes[svd]
    made = normal.node(uniform, "RandomStandardNormal", attributes, [tall], None, {_CAUSE}, 1, [sizes])
    normal.absorbed.update({drawn[0], vectors})
    numbers = (made, 0)
    for op, value in (("Mul", 1), ("AddV2", 0)):
        numbers = make(normal, definition, op, types, [numbers, number(value, graph.dtype(svd))], sizes, None)
    qr = normal.node(svd, "Qr", types, [numbers], None, (), 2, [sizes, (least, least)])
    diagonal = make(normal, definition, "DiagPart", types, [(qr, 1)], (least,), None)
    signs = make(normal, definition, "Sign", types, [diagonal], (least,), None)
    return make(normal, definition, "Mul", types, [(qr, 0), signs], sizes, None)


def _is_alone(graph, svd, uniform):
    """Whether nothing else takes what was drawn, or what it was stretched to."""
    ((name, _),) = graph.inputs[svd]
    while len(graph.users[name]) == 1 and name not in graph.awaited:
        if name == uniform:
            return True
        name, _ = graph.inputs[name][0]
    return False


def _sign(rewriter, name, node, operands):
    """x / |x| for the diagonal of R, which is no number where x is 0."""
    value, absolute = operands
    if not is_op(value, "DiagPart") or not is_op(value[0].inputs[0], "Qr") or value[0].inputs[0][1] != 1:
        return False
    if not is_op(absolute, "Abs") or absolute[0].inputs != [value] or absolute[0].controls:
        return False
    if rewriter.graph.users[absolute[0].name] != [(name, 1)] or absolute[0].name in rewriter.graph.awaited:
        return False
    rewriter.normal.absorbed.add(absolute[0])
    rewriter.normal.keep(name, "Sign", [value], rewriter.graph.own_type(name), {_SIGN})
    return True


RULES = {"Reshape": _left, "Transpose": _right, "RealDiv": _sign}
