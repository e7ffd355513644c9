"""Weights for the post's cell, written down instead of trained: three of its 24 units play the game.

The rest are zeros. Every number that the three units ever hold is a small integer times a power of two, so that float32
rounds none of them, and every gate says exactly 0, 1/2 or 1: nothing is forgotten and nothing leaks, however long the
sequence is. docs/any_length.md derives them.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from compat_v1.graph import FEATURE_SIZE, LSTM_SIZE
from compat_v1.training import set_weights

INVERSION, CORRECTION, COUNT = range(3)  # the units that are used
PLUS, MINUS, INVERT = range(LSTM_SIZE, LSTM_SIZE + FEATURE_SIZE)  # the columns of the sign, after the units' outputs

# tanh(x) is x in float32 up to 2**-12: there the cell is linear.
ONE = 2.0**-40  # what the count holds for a sum of 1
INVERTED = 2.0**-14  # what the inversion holds while signs are inverted; it holds 0 while they are not
SURE = 128.0  # sigmoid(SURE) is 1 in float32, and sigmoid(-SURE) times anything that a unit holds is 0

LARGEST_SUM = 2**24  # float32 has every integer up to here, and not the next one


def weights() -> dict[str, np.ndarray]:
    """Return {the post's name: float32 array}, in the order of the graph's variables and in their shapes.

    "unused" is the bias that the post's graph makes for the forget gate and drops.
    """
    layer = (LSTM_SIZE, LSTM_SIZE + FEATURE_SIZE)
    W_f, W_i, W_C, W_o = (np.zeros(layer, np.float32) for _ in range(4))
    unused, b_f, b_i, b_c, b_o = (np.zeros((LSTM_SIZE, 1), np.float32) for _ in range(5))
    weight, bias = np.zeros((LSTM_SIZE, 1), np.float32), np.zeros(1, np.float32)

    # The inversion forgets what it held at an I, and at no other sign, and takes in "inverted" there if it was not.
    b_f[INVERSION], W_f[INVERSION, INVERT] = SURE, -2 * SURE
    b_i[INVERSION], W_i[INVERSION, INVERT], W_i[INVERSION, INVERSION] = -SURE, 2 * SURE, -2 * SURE / INVERTED
    b_c[INVERSION] = INVERTED

    # The count forgets nothing and takes in every candidate: 1, or -1 while inverted, as if each sign were a plus, and
    # what the correction put out one sign ago.
    b_f[COUNT], b_i[COUNT] = SURE, SURE
    b_c[COUNT], W_C[COUNT, INVERSION], W_C[COUNT, CORRECTION] = ONE, -2 * ONE / INVERTED, 1

    # The correction holds what this sign's true worth is over that of a plus: nothing at a plus, -2 at a minus, and
    # half as much, the gate's sigmoid(0), at a 0 or an I; times -1 while inverted. It forgets it at the next sign.
    b_f[CORRECTION] = -SURE
    W_i[CORRECTION, PLUS], W_i[CORRECTION, MINUS] = -SURE, SURE
    b_c[CORRECTION], W_C[CORRECTION, INVERSION] = -2 * ONE, 4 * ONE / INVERTED

    # All three put out what they hold, and the read-out adds the correction to the count.
    b_o[[INVERSION, CORRECTION, COUNT]] = SURE
    weight[[CORRECTION, COUNT]] = 1 / ONE

    return {
        **{"W_f": W_f, "unused": unused, "b_f": b_f, "W_i": W_i, "b_i": b_i, "W_C": W_C, "b_c": b_c},
        **{"W_o": W_o, "b_o": b_o, "weight": weight, "bias": bias},
    }


def give_weights(session: tf.Session) -> None:
    """Give the network of the session's graph these weights."""
    variables = session.graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
    set_weights(session, dict(zip((variable.op.name for variable in variables), weights().values(), strict=True)))
