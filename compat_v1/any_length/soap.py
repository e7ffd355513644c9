"""SOAP: Adam in the basis in which the rows and the columns of a gradient are uncorrelated.

Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam" (2024). A weight's step in Adam knows that weight's
own past gradients alone. Here weights that must move together are told from those that need not: it keeps what a
row's gradient has in common with the other rows', and a column's with the other columns', and takes Adam's step along
the principal directions of both.
"""

from typing import Any

import tensorflow.compat.v1 as tf

MOMENTUM = 0.9
EPSILON = 1e-8


def change(gradient: Any, rate: Any, step: Any, memory: float) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return (what to add to the weights, [(variable, its next value)]) for a gradient, float32 (rows, columns).

    `rate` is a float32 scalar, `step` the number of updates done, int64. `memory` is the share that an update leaves of
    the mean squares and products of the gradients before it. The variables are made here, in the default graph. Their
    next values, to be assigned after everything was computed, follow from the present ones.
    """
    updates = tf.cast(step + 1, tf.float32)
    momentum, momentum_next = _mean(tf.zeros(gradient.shape), gradient, MOMENTUM, "momentum")
    of_rows, basis_of_rows = _basis(tf.matmul(gradient, gradient, transpose_b=True), memory, "rows")
    of_columns, basis_of_columns = _basis(tf.matmul(gradient, gradient, transpose_a=True), memory, "columns")
    (_, rows), (_, columns) = basis_of_rows, basis_of_columns

    def turned(matrix: Any) -> Any:
        return tf.matmul(tf.matmul(rows, matrix, transpose_a=True), columns)

    square, square_next = _mean(tf.zeros(gradient.shape), tf.square(turned(gradient)), memory, "square")
    first = turned(momentum_next) / (1 - MOMENTUM**updates)
    second = square_next / (1 - memory**updates)
    direction = first / (tf.sqrt(second) + EPSILON)
    back = tf.matmul(tf.matmul(rows, direction), columns, transpose_b=True)
    kept = [(momentum, momentum_next), of_rows, basis_of_rows, of_columns, basis_of_columns, (square, square_next)]
    return -rate * back, kept


def _mean(start: Any, value: Any, memory: float, name: str) -> tuple[Any, Any]:
    """Make a variable that keeps a moving mean and return (variable, next value)."""
    variable = tf.Variable(start, trainable=False, name=name)
    return variable, memory * variable + (1 - memory) * value


def _basis(products: Any, memory: float, name: str) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Make the variables for the principal directions of a moving mean: [(variable, next value)] of mean and basis.

    A step of the power iteration, kept orthonormal, follows the directions as the mean moves.
    """
    size = int(products.shape[0])
    mean, mean_next = _mean(tf.zeros([size, size]), products, memory, name)
    basis = tf.Variable(tf.eye(size), trainable=False, name=f"basis_of_{name}")
    basis_next, _ = tf.linalg.qr(tf.matmul(mean_next, basis))
    return (mean, mean_next), (basis, basis_next)
