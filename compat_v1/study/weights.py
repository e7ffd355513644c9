"""The weights that a run starts from, as the random ops draw them, without a graph: {op name: float32 array}."""

from typing import Any

import numpy as np
import tensorflow as tf

from compat_v1.graph import FEATURE_SIZE, LSTM_SIZE, SEQUENCE_LENGTH
from compat_v1.study.runs import Run
from compat_v1.training import OP_SEEDS

# The variables of the handmade network in the order of construction; their op names are Variable, Variable_1, …
NAMES = ("W_f", "unused", "b_f", "W_i", "b_i", "W_C", "b_c", "W_o", "b_o", "weight", "bias")
GATES = ("W_f", "W_i", "W_C", "W_o")
# (op, its numbers' factor, what is added); a truncated normal ends at two deviations: within [-1, 1] all the same.
DISTRIBUTIONS = {
    "post": ("TruncatedNormal", 0.1, -0.2),
    "mirrored": ("TruncatedNormal", 0.1, 0.2),
    "around-0": ("TruncatedNormal", 0.1, 0.0),
    "wide": ("TruncatedNormal", 0.5, 0.0),
    "uniform": ("RandomUniform", 2.0, -1.0),
}


def op_name(name: str) -> str:
    """Return the op name of a variable of `NAMES`."""
    number = NAMES.index(name)
    return f"Variable_{number}" if number else "Variable"


def initial_weights(run: Run) -> dict[str, np.ndarray]:
    """Return the variables that a run starts from, {op name: array}, but for those that are zero and stay as they are.

    What the post has bit for bit: its ops' kernels with its seeds, scaled in float32. The last layer is the post's
    throughout; only Keras' weights, of `keras_weights`, have another.
    """
    if run.weights == "keras":
        weights = keras_weights(run.seed)
    else:
        op, factor, added = DISTRIBUTIONS[run.weights]
        shape = [LSTM_SIZE, LSTM_SIZE + FEATURE_SIZE]
        # Eager TensorFlow keeps a kernel with its stream; a new seed makes it forget them, and each begins again.
        tf.random.set_seed(run.seed)
        drawn = [_draw(op, shape, run.seed, seed) * np.float32(factor) + np.float32(added) for seed in OP_SEEDS[:4]]
        weights = dict(zip(GATES, drawn, strict=True))
        weights["weight"] = _draw("TruncatedNormal", [LSTM_SIZE, 1], run.seed, OP_SEEDS[4])
    weights["b_f"] = np.full([LSTM_SIZE, 1], run.forget_bias, np.float32)
    return {op_name(name): value for name, value in weights.items()}


def _draw(op: str, shape: list[int], seed: int, op_seed: int) -> np.ndarray:
    return getattr(tf.raw_ops, op)(shape=shape, dtype=tf.float32, seed=seed, seed2=op_seed).numpy()


def keras_model() -> Any:
    """Return a new `keras.layers.LSTM` of the post's size with its own defaults, and a layer that makes one number."""
    import keras

    signs = keras.Input((SEQUENCE_LENGTH, FEATURE_SIZE))
    return keras.Sequential([signs, keras.layers.LSTM(LSTM_SIZE), keras.layers.Dense(1)])


def keras_weights(seed: int) -> dict[str, np.ndarray]:
    """Return the weights that Keras draws after `set_random_seed(seed)`, by the names of `NAMES`; its biases too."""
    import keras

    keras.utils.set_random_seed(seed)
    kernel, recurrent, _, weight, bias = keras_model().get_weights()
    gates = np.split(np.concatenate([recurrent, kernel]).T, 4)  # input, forget, candidate, output; (24, 27) each
    named = dict(zip(("W_i", "W_f", "W_C", "W_o"), gates, strict=True))
    return {**named, "weight": weight, "bias": bias}


def put_in(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Give a model of `keras_model` the variables of the handmade network, {op name: array}; those left out are 0."""
    w = {name: weights.get(op_name(name), np.zeros([LSTM_SIZE, 1], np.float32)) for name in NAMES}
    gates = np.concatenate([w["W_i"], w["W_f"], w["W_C"], w["W_o"]]).T  # (27, 96)
    biases = np.concatenate([w["b_i"], w["b_f"], w["b_c"], w["b_o"]])[:, 0]
    bias = weights.get(op_name("bias"), np.full([1], 0.1, np.float32))
    model.set_weights([gates[LSTM_SIZE:], gates[:LSTM_SIZE], biases, w["weight"], bias])
