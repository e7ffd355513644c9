"""The gradients of eigenvalues and singular values, by a reciprocal that may be infinite or not, and of triangles."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from compat_v1.control_flow import control_flow_v1
from drift_cases import floats, out
from test_drift import proved, run

raw = tf.raw_ops
CAUSE = "gradient of a decomposition"


def _inverted(x, new, tiny=1e-20):
    if not new:
        return raw.Reciprocal(x=x)
    return raw.Mul(x=x, y=raw.Reciprocal(x=raw.AddV2(x=raw.Mul(x=x, y=x), y=tiny)))


def _set(matrix, diagonal, k=0):
    return raw.MatrixSetDiagV3(input=matrix, diagonal=diagonal, k=k)


def _distances(values, turned=False):
    axes = (-1, -2) if turned else (-2, -1)
    return raw.Sub(x=raw.ExpandDims(input=values, axis=axes[0]), y=raw.ExpandDims(input=values, axis=axes[1]))


def eigenvectors(new, mistake):
    x = floats(3, 3)
    e, v = raw.SelfAdjointEigV2(input=x)
    f = _set(_inverted(_distances(e, mistake == "turned"), new), raw.ZerosLike(x=e), mistake == "beside")
    out(raw.MatMul(a=f, b=v))


def singular_vectors(new, mistake):
    x = floats(3, 3)
    s, u, _ = raw.Svd(input=x)
    distances = _distances(raw.Square(x=s), mistake == "turned")
    if not new:
        ones = tf.constant([1.0, 2.0, 1.0] if mistake == "ones" else [1.0, 1.0, 1.0])
        distances = raw.AddV2(x=distances, y=raw.MatrixDiag(diagonal=ones))
    f = _set(_inverted(distances, new), raw.ZerosLike(x=s), mistake == "beside")
    inverse = raw.MatrixDiag(diagonal=_inverted(s, new, 1e-2 if mistake == "tiny" else 1e-20))
    out(raw.MatMul(a=raw.MatMul(a=f, b=u), b=inverse))


def _built(form, new, mistake=None):
    with tf.Graph().as_default() as graph:
        form(new, mistake)
    return graph.as_graph_def()


@pytest.mark.parametrize("form", [eigenvectors, singular_vectors])
def test_a_reciprocal_that_is_never_infinite_is_a_cause(form):
    old, new = _built(form, False), _built(form, True)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], [CAUSE])
    for seed in range(3):
        one, other = (np.frombuffer(run(each, seed), np.float32) for each in (old, new))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("form", "new", "mistake"),
    [
        (eigenvectors, True, "turned"),
        (eigenvectors, True, "beside"),  # another diagonal than the main one
        (singular_vectors, True, "turned"),
        (singular_vectors, True, "beside"),
        (singular_vectors, True, "tiny"),
        (singular_vectors, False, "ones"),
    ],
)
def test_another_distance_diagonal_or_number_is_a_mistake(form, new, mistake):
    mistaken = _built(form, new, mistake)
    assert (
        audit(*((_built(form, False), mistaken) if new else (mistaken, _built(form, True)))).verdict == "not faithful"
    )


def test_a_reciprocal_of_other_differences_is_not_written_otherwise():
    def form(new, _):
        x = floats(3)
        out(_set(_inverted(_distances(x), new), raw.ZerosLike(x=x)))

    assert audit(_built(form, False), _built(form, True)).verdict == "not faithful"


# Cholesky's factor.

SHAPES = [(3, 3), (3, 3, 3), (None, 3), (None, 2)]


def _by_hand(factor, g, update, mistake=None):
    """The gradient as it is made of products by now, and of mistaken ones."""
    rank = factor.shape.rank
    product = tf.matmul(factor, g, adjoint_a=mistake != "unturned")
    diagonal = raw.MatrixDiagPartV3(input=product, k=0, padding_value=0.0)
    halved = raw.MatrixSetDiagV3(input=product, diagonal=(1.0 if mistake == "whole" else 0.5) * diagonal, k=0)
    band = (0, -1) if mistake == "upper" else (-1, 0)
    lower = raw.MatrixBandPart(input=halved, num_lower=band[0], num_upper=band[1])
    eye = tf.eye(tf.shape(factor)[-1], batch_shape=tf.shape(factor)[:-2])
    eye = eye * 2.0 if mistake == "twos" else eye
    with tf.control_dependencies([update] if mistake == "waits" else []):
        inverse = raw.MatrixTriangularSolve(matrix=factor, rhs=eye, lower=True, adjoint=mistake == "solved")
    total = tf.matmul(tf.matmul(inverse, lower, adjoint_a=True), inverse, adjoint_b=mistake == "turned")
    order = [1, 0, 2][:rank] if mistake == "batches" else [*range(rank - 2), rank - 1, rank - 2]
    return (total + tf.transpose(total, order)) * (1.0 if mistake == "once" else 0.5)


def _factored(shape, how, mistake=None):
    """Return the GraphDef of the gradient of a factor, of a matrix of that many rows, or of several."""
    with tf.Graph().as_default() as graph:
        x = floats(*shape)
        eye = tf.eye(3) if shape[0] else tf.diag(tf.ones(tf.shape(x)[:1]))
        eye = tf.eye(tf.shape(x)[0]) if shape == (None, 2) else eye  # of which no number says that it is square
        positive = tf.matmul(x, x, transpose_b=True) + eye
        factor, g = tf.cholesky(positive), tf.tanh(positive)
        update = raw.Assign(ref=raw.VariableV2(shape=[], dtype=tf.float32), value=1.0)
        if how == "op":
            gradient = raw.CholeskyGrad(l=factor, grad=g)
        elif how == "hand":
            gradient = _by_hand(factor, g, update, mistake)
        else:
            gradient = tf.gradients(factor, positive, g)[0]
        out(tf.sin(gradient))
    return graph.as_graph_def()


@pytest.mark.parametrize("how", ["hand", "today"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_a_factor_is_made_of_products_by_now(shape, how):
    old, new = _factored(shape, "op"), _factored(shape, how)
    result = audit(old, new)
    assert (list(result.differences), [one.cause for one in result.numbers]) == ([], ["gradient of a Cholesky factor"])
    assert audit(old, old).verdict == audit(new, new).verdict == "faithful"
    for seed in range(5):
        one, other = (np.frombuffer(run(each, seed), np.float32) for each in (old, new))
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


MISTAKES = ["unturned", "whole", "upper", "twos", "solved", "waits", "turned", "once"]
OTHERS = [(shape, mistake) for shape in SHAPES for mistake in MISTAKES] + [((3, 3, 3), "batches")]


@pytest.mark.parametrize(("shape", "mistake"), OTHERS, ids=str)
def test_other_products_are_no_gradient_of_a_factor(shape, mistake):
    assert audit(_factored(shape, "op"), _factored(shape, "hand", mistake)).verdict == "not faithful"


# Solved triangles, of sizes that nobody knows.


def _solved(new, adjoint=False, mistake=None):
    with tf.Graph().as_default() as graph:
        x, y = floats(None, 3), floats(None, 2, name="y")
        matrix = tf.matmul(x, x, transpose_b=True) + tf.diag(tf.ones(tf.shape(x)[:1]))
        other = raw.MatrixTriangularSolve(matrix=tf.exp(matrix) if mistake == "another" else matrix, rhs=tf.cos(y))
        products = [raw.MatrixTriangularSolve(matrix=matrix, rhs=y, adjoint=not adjoint), other]
        product = tf.matmul(*products[:: -1 if adjoint else 1], transpose_b=True)
        gradient = raw.MatrixBandPart(input=raw.Neg(x=product), num_lower=-1, num_upper=0)
        if new:
            gradient = tf.reshape(gradient, tf.shape(x)[:1] if mistake == "flat" else tf.shape(matrix))
        out(tf.sin(gradient))
    return graph.as_graph_def()


@pytest.mark.parametrize("adjoint", [False, True])
def test_the_gradient_of_a_triangle_is_reshaped_to_the_shape_that_it_has(adjoint):
    result = proved(_solved(False, adjoint), _solved(True, adjoint))
    assert "triangles of a batch" in result.rules


@pytest.mark.parametrize("mistake", ["another", "flat"])
def test_what_other_triangles_are_made_of_may_be_reshaped_to_another_shape(mistake):
    assert audit(_solved(False, mistake=mistake), _solved(True, mistake=mistake)).verdict == "not faithful"


def _solved_for(new, in_loop, mistake=None):
    """The gradients of what as many right sides are solved to as there are triangles, both fed; `in_loop`: thrice."""

    def gradients_of(op, gradient):
        matrices, sides = op.inputs
        second = raw.MatrixTriangularSolve(matrix=matrices, rhs=gradient, adjoint=mistake != "turned")
        product = tf.matmul(second, op.outputs[0], adjoint_b=True)
        first = raw.MatrixBandPart(input=raw.Neg(x=product), num_lower=-1, num_upper=0)
        if new:
            shapes = [tf.shape(one) for one in (matrices, tf.tile(sides, [2, 1, 1]) if mistake == "tiled" else sides)]
            axes = raw.BroadcastGradientArgs(s0=shapes[0][:-2], s1=shapes[1][:-2])
            target = [3, -1, 3] if mistake == "sizes" else shapes[0]
            first = tf.reshape(tf.reduce_sum(first, axes.r0), target)
            second = tf.reshape(tf.reduce_sum(second, axes.r1), shapes[1])
        return tf.reshape(first, tf.shape(matrices)) if mistake == "sizes" else first, second

    name = f"triangles {new} {in_loop} {mistake}"
    tf.RegisterGradient(name)(gradients_of)
    with tf.Graph().as_default() as graph, control_flow_v1():
        matrices, sides = (tf.placeholder_with_default(floats(3, 3, n, name=f"of{n}"), [None, 3, n]) for n in (3, 1))

        def turn(i, total):
            factor = tf.cast(i + 1, tf.float32)
            with graph.gradient_override_map({"MatrixTriangularSolve": name}):
                solved = raw.MatrixTriangularSolve(matrix=matrices * factor, rhs=sides * factor)
            return i + 1, total + tf.reduce_sum(tf.sin(solved))

        first = [tf.constant(0), tf.constant(0.0)]
        _, last = tf.while_loop(lambda i, _: i < 3, turn, first) if in_loop else turn(*first)
        gradients = tf.gradients(last, [matrices, sides])
        out(tf.concat([tf.reshape(tf.reduce_sum(one, 0), [-1]) for one in gradients], 0))
    found = graph.as_graph_def()
    for node in found.node:
        node.attr.pop("_gradient_op_type", None)
    return found


@pytest.mark.parametrize("in_loop", [False, True])
def test_the_gradients_of_as_many_triangles_as_right_sides_are_not_summed(in_loop):
    old = _solved_for(False, in_loop)
    assert "triangles of a batch" in proved(old, _solved_for(True, in_loop)).rules
    for mistake in ("turned", "tiled", "sizes"):
        assert audit(old, _solved_for(True, in_loop, mistake)).verdict == "not faithful", mistake


# A diagonal that is set in matrices of which nobody knows how many there are.


def _diagonal_set(shape, new, mistake=None):
    def before(_, gradient):
        sizes, rank = tf.shape(gradient), tf.rank(gradient)
        matrix = tf.slice(sizes, [rank - 2], [2])
        least = tf.reduce_max(matrix) if mistake == "largest" else tf.reduce_min(matrix)
        zeros = tf.fill(tf.concat([tf.slice(sizes, [0], [rank - 2]), [least]], 0), float(mistake == "ones"))
        kept = gradient if mistake == "kept" else _set(gradient, zeros, int(mistake == "beside"))
        return kept, raw.MatrixDiagPartV3(input=gradient, k=0, padding_value=0.0), None

    name = f"diagonal of {shape}, {mistake}"
    if not new:
        tf.RegisterGradient(name)(before)
    with tf.Graph().as_default() as graph:
        x, y = floats(*shape), floats(*shape[:-2], shape[-1], name="y")
        with graph.gradient_override_map({} if new else {"MatrixSetDiagV3": name}):
            gradients = tf.gradients(tf.sin(tf.linalg.set_diag(x, y)), [x, y])
        out(tf.concat([tf.reshape(one, [-1]) for one in gradients], 0))
    made = graph.as_graph_def()
    for node in made.node:
        node.attr.pop("_gradient_op_type", None)
    return made


@pytest.fixture
def _branches_of_ops():
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


@pytest.mark.usefixtures("_branches_of_ops")
@pytest.mark.parametrize("shape", [(None, 3, 3), (None, 5, 3), (2, None, None)], ids=str)
def test_the_gradient_of_a_diagonal_that_is_set_asks_by_now_which_one_it_is(shape):
    result = proved(_diagonal_set(shape, False), _diagonal_set(shape, True))
    assert "condition that always holds" in result.rules


@pytest.mark.usefixtures("_branches_of_ops")
@pytest.mark.parametrize("mistake", ["largest", "ones", "kept", "beside"])
def test_the_gradient_of_a_diagonal_has_no_other_diagonal_than_zeros(mistake):
    shape = (None, 3, 3)
    assert audit(_diagonal_set(shape, False, mistake), _diagonal_set(shape, True)).verdict == "not faithful"


@pytest.mark.usefixtures("_branches_of_ops")
def test_a_branch_that_a_slice_of_a_constant_leads_to_is_another():
    def graph(number):
        with tf.Graph().as_default() as made:
            x = floats(3)
            place = tf.reshape(tf.constant(number), [-1])[0]
            out(tf.cond(tf.less(place, 0), lambda: tf.sin(x), lambda: tf.cos(x)))
        return made.as_graph_def()

    assert audit(graph(0), graph(0)).verdict == audit(graph(-1), graph(-1)).verdict == "faithful"
    assert audit(graph(0), graph(-1)).verdict == audit(graph(-1), graph(0)).verdict == "not faithful"
