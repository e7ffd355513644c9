"""One contestant in a process of its own: reads a number of epochs a line, trains that many, answers with the seconds.

The numbers must be multiples of 20; PyTorch takes as many threads as the environment's THREADS says.
`python benchmarks/worker.py NAME` with the Python of the contestant's environment. All train 24 units on the same 1024
sequences with Adam's defaults and the sum of squared errors, measure the error on the training set at each epoch before
its update, and instead, at every twentieth, error and squared error on the other 3072. Runs under Python 2.7 too.
"""

from __future__ import print_function

import itertools
import json
import os
import resource
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np

from data_generator import getSequences

UNITS = 24
FRAMEWORKS = ("tensorflow", "keras", "torch", "jax")  # whose versions are reported, of those that a contestant loaded


def data():
    """Return ((inputs, outputs) to train on, (inputs, outputs) to test on), float32."""
    inputs, outputs = getSequences(6, draw=1)
    inputs, outputs = inputs.astype(np.float32), outputs.astype(np.float32)
    quarter = len(inputs) // 4
    return (inputs[:quarter], outputs[:quarter]), (inputs[quarter:], outputs[quarter:])


def original(op_seeds=(None,) * 5):
    from original.selfmade_lstm import start, train

    run = start(103747, 1, op_seeds)
    return lambda epochs: train(run, epochs)


def original_1_15():
    return original((13, 30, 43, 56, 160))


def port(execution="fast"):
    from compat_v1.environment import import_tensorflow

    import_tensorflow()
    from compat_v1 import training

    graph, network = training.new_network(103747)
    session = training.new_session(graph)
    session.run(network.initializer)
    measurements = training.EXECUTIONS[execution](session, network, training.load_data(6, draw=1), sys.maxsize)

    def run(epochs):
        for _ in itertools.islice(measurements, epochs):
            pass

    return run


def port_post():
    return port("post")


def port_one_run():
    return port("one-run")


def _keras_model():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    model = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])

    def mistakes(target, prediction):
        return keras.ops.not_equal(keras.ops.round(prediction), target)

    def squared_error(target, prediction):
        return keras.ops.sum(keras.ops.square(target - prediction))

    model.compile("adam", loss=squared_error, metrics=[mistakes])
    return model


def keras_fit():
    model, (train, test) = _keras_model(), data()

    def run(epochs):
        model.fit(
            train[0],
            train[1][:, None],
            batch_size=1024,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            validation_data=(test[0], test[1][:, None]),
            validation_batch_size=3072,
            validation_freq=20,
        )

    return run


def keras_train_on_batch():
    model, (train, test) = _keras_model(), data()

    def run(epochs):
        for i in range(epochs):
            if (i + 1) % 20 == 0:
                model.test_on_batch(test[0], test[1][:, None])
            model.train_on_batch(train[0], train[1][:, None])
            model.reset_metrics()

    return run


def torch_eager(compiled=False):
    import torch

    torch.set_num_threads(int(os.environ["THREADS"]))
    (inputs, outputs), (test_inputs, test_outputs) = ([torch.from_numpy(part) for part in parts] for parts in data())

    class Model(torch.nn.Module):
        def __init__(self):
            super(Model, self).__init__()
            self.lstm = torch.nn.LSTM(3, UNITS, batch_first=True)
            self.output = torch.nn.Linear(UNITS, 1)

        def forward(self, x):
            return self.output(self.lstm(x)[0][:, -1])[:, 0]

    model = Model()
    optimizer = torch.optim.Adam(model.parameters())
    forward = torch.compile(model) if compiled else model

    def run(epochs):
        for i in range(epochs):
            if (i + 1) % 20 == 0:
                with torch.no_grad():
                    prediction = forward(test_inputs)
                    (
                        (prediction.round() != test_outputs).float().mean().item(),
                        (prediction - test_outputs).square().sum().item(),
                    )
            optimizer.zero_grad()
            prediction = forward(inputs)
            (prediction.detach().round() != outputs).float().mean().item()
            (prediction - outputs).square().sum().backward()
            optimizer.step()

    return run


def torch_compile():
    return torch_eager(compiled=True)


def jax_scan():
    """Twenty epochs in one compiled function, the four gates in one product, a column for each sequence."""
    import jax
    import jax.numpy as jnp
    import optax

    (train, test), keys = data(), jax.random.split(jax.random.key(0), 2)
    weights = {
        "gates": jax.random.truncated_normal(keys[0], -2, 2, (4 * UNITS, UNITS + 3)) * 0.1 - 0.2,
        "biases": jnp.repeat(jnp.array([1.0, 0, 0, 0]), UNITS)[:, None],
        "output": jax.random.truncated_normal(keys[1], -2, 2, (UNITS,)),
        "bias": jnp.float32(0.1),
    }

    def predict(weights, inputs):
        def step(state, x):
            h, c = state
            f, i, g, o = jnp.split(jnp.dot(weights["gates"], jnp.concatenate([h, x])) + weights["biases"], 4)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        start = jnp.zeros((2, UNITS, inputs.shape[2]))
        (h, _), _ = jax.lax.scan(step, (start[0], start[1]), inputs)
        return jnp.dot(weights["output"], h) + weights["bias"]

    def loss(weights, inputs, outputs):
        prediction = predict(weights, inputs)
        return jnp.square(prediction - outputs).sum(), (jnp.round(prediction) != outputs).mean()

    optimizer = optax.adam(0.001)

    @jax.jit
    def twenty_epochs(state, train, test):
        def epoch(state, number):
            weights, moments = state
            nothing = jnp.float32(0), jnp.float32(0)
            measured = jax.lax.cond(number == 20, lambda: loss(weights, *test), lambda: nothing)
            (_, error), gradients = jax.value_and_grad(loss, has_aux=True)(weights, *train)
            changes, moments = optimizer.update(gradients, moments)
            return (optax.apply_updates(weights, changes), moments), (error, measured)

        return jax.lax.scan(epoch, state, jnp.arange(1, 21))

    train, test = ((jnp.asarray(part[0].transpose(1, 2, 0)), jnp.asarray(part[1])) for part in (train, test))

    def run(epochs):
        for _ in range(epochs // 20):
            run.state, measured = twenty_epochs(run.state, train, test)
            jax.device_get(measured)

    run.state = weights, optimizer.init(weights)
    return run


CONTESTANTS = [original, original_1_15, port_post, port_one_run, port, keras_fit, keras_train_on_batch]
CONTESTANTS += [torch_eager, torch_compile, jax_scan]


def main():
    answers, sys.stdout = sys.stdout, open(os.devnull, "w")  # the original prints its lines
    run = {function.__name__: function for function in CONTESTANTS}[sys.argv[1]]()
    for line in iter(sys.stdin.readline, ""):
        start = time.time()
        run(int(line))
        seconds = time.time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        versions = {name: sys.modules[name].__version__ for name in FRAMEWORKS if name in sys.modules}
        print(json.dumps({"seconds": seconds, "peak_mib": peak, "versions": versions}), file=answers)
        answers.flush()


if __name__ == "__main__":
    main()
