"""The handmade network against implementations that share no code with it."""

import numpy as np
import pytest

from compat_v1.checkpoints import restore
from compat_v1.proof.golden import RECORDED
from compat_v1.training import new_network, new_session, variables
from original.record_format import DEFAULT_SEED


@pytest.fixture(scope="module")
def trained_network(data):
    """The port with the weights that TensorFlow 1.0.1 had after 300 updates: (weights, inputs, predictions)."""
    inputs = data.inputs[::8]
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        restore(session, RECORDED / "tf1.0.1" / "model.ckpt-300")
        names = ["W_f", "unused", "b_f", "W_i", "b_i", "W_C", "b_c", "W_o", "b_o", "weight", "bias"]
        values = variables(session)
        weights = {name: values[f"Variable_{k}" if k else "Variable"] for k, name in enumerate(names)}
        return weights, inputs, session.run(network.prediction, {network.data: inputs})


def test_keras_lstm_gives_the_same_predictions(trained_network):
    """Keras orders its gates input, forget, candidate, output, and splits the weights by what they multiply."""
    import keras  # here: one of pytest's processes needs it, not all

    weights, inputs, predictions = trained_network
    kernels = np.concatenate([weights[name] for name in ("W_i", "W_f", "W_C", "W_o")]).T  # (27, 96)
    biases = np.concatenate([weights[name] for name in ("b_i", "b_f", "b_c", "b_o")])[:, 0]
    lstm = keras.layers.LSTM(24)
    lstm.build(inputs.shape)
    lstm.set_weights([kernels[24:], kernels[:24], biases])
    expected = np.asarray(lstm(inputs)) @ weights["weight"] + weights["bias"]
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=1e-5)


def test_a_walk_in_float64_gives_the_same_predictions(trained_network):
    """The equations of an LSTM, written from Olah's article, in double precision."""
    weights, inputs, predictions = trained_network
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    h, c = np.zeros((24, len(inputs))), np.zeros((24, len(inputs)))
    for step in range(6):
        x = np.concatenate([h, inputs[:, step].T])
        forget, admit, emit = (sigmoid(w["W_" + gate] @ x + w["b_" + gate]) for gate in "fio")
        c = forget * c + admit * np.tanh(w["W_C"] @ x + w["b_c"])
        h = emit * np.tanh(c)
    expected = h.T @ w["weight"] + w["bias"]
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=1e-5)


def test_loss_error_and_first_update_of_adam_by_hand(data):
    """The loss is a sum, the error rounds half to even, and Adam's first step is the learning rate's size."""
    graph, network = new_network(DEFAULT_SEED)
    inputs, outputs = data.train
    feed = {network.data: inputs, network.target: outputs}
    with new_session(graph) as session:
        session.run(network.initializer)
        predictions, loss, error = session.run([network.prediction, network.mean_square_error, network.error], feed)
        assert loss == pytest.approx(((outputs - predictions[:, 0].astype(np.float64)) ** 2).sum(), rel=1e-5)
        assert error == (np.rint(predictions[:, 0]) != outputs).mean(dtype=np.float32)
        before = variables(session)
        session.run(network.minimize, feed)
        after = variables(session)
    steps = np.abs(after["Variable_9"] - before["Variable_9"])
    np.testing.assert_allclose(steps, 0.001, rtol=1e-3)
    assert np.array_equal(after["Variable_1"], before["Variable_1"]), "the helper's discarded bias has no gradient"
