"""One process of a contestant of `benchmarks/study.py`: reads a number of epochs a line, trains that many, answers.

`python benchmarks/study_worker.py NAME CORES`, with the cores that it may use, such as 0,1. All train as `worker.py`
says, but measure as a study does: at each twentieth epoch, on the test set and on the training set. Each is at its
best: twenty epochs in one compiled call where there is a compiler, one product for all gates where that is allowed.
"""

import hashlib
import json
import os
import sys
import time

if __name__ == "__main__":
    cores = {int(core) for core in sys.argv[2].split(",")}
    os.sched_setaffinity(0, cores)
    if len(cores) == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np
from worker import UNITS, data

SEEDS = 30  # that vmap trains side by side


def port():
    """Return what trains that many epochs: the engine of `compat_v1.study`, one thread."""
    from compat_v1.environment import import_tensorflow

    import_tensorflow()
    from compat_v1.study.engine import engine
    from compat_v1.study.runs import Run
    from compat_v1.study.weights import initial_weights

    network = engine(1024, 1)
    network.begin(initial_weights(Run(seed=1)))

    def run(epochs):
        for _ in range(epochs // 20):
            for _ in range(18):
                network.update()
            network.measure_and_update()
            network.measure()
            network.update()

    return run


def torch_lstm():
    import torch

    torch.set_num_threads(1)
    (inputs, outputs), (test_inputs, test_outputs) = ([torch.from_numpy(part) for part in parts] for parts in data())
    lstm, output = torch.nn.LSTM(3, UNITS, batch_first=True), torch.nn.Linear(UNITS, 1)
    optimizer = torch.optim.Adam([*lstm.parameters(), *output.parameters()])

    def predict(x):
        return output(lstm(x)[0][:, -1])[:, 0]

    def run(epochs):
        for epoch in range(1, epochs + 1):
            if epoch % 20 == 0:
                with torch.no_grad():
                    for x, y in ((inputs, outputs), (test_inputs, test_outputs)):
                        prediction = predict(x)
                        (prediction.round() != y).float().mean().item()
                        (prediction - y).square().sum().item()
            optimizer.zero_grad()
            (predict(inputs) - outputs).square().sum().backward()
            optimizer.step()

    return run


def jax_blocks(seeds=1):
    """JAX with twenty epochs in one call; `seeds` side by side, by `vmap`, if there are several."""
    import jax
    import jax.numpy as jnp
    import optax

    (train, test), optimizer = data(), optax.adam(0.001)
    train, test = ([jnp.asarray(part) for part in parts] for parts in (train, test))

    def begin(key):
        keys = jax.random.split(key, 2)
        weights = {
            "gates": jax.random.truncated_normal(keys[0], -2, 2, (UNITS + 3, 4 * UNITS)) * 0.1 - 0.2,
            "biases": jnp.repeat(jnp.array([1.0, 0, 0, 0]), UNITS),
            "output": jax.random.truncated_normal(keys[1], -2, 2, (UNITS,)),
            "bias": jnp.float32(0.1),
        }
        return weights, optimizer.init(weights)

    def predict(weights, inputs):
        h = c = jnp.zeros((len(inputs), UNITS))
        for step in range(inputs.shape[1]):  # unrolled
            gates = jnp.concatenate([h, inputs[:, step]], 1) @ weights["gates"] + weights["biases"]
            f, i, g, o = jnp.split(gates, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h @ weights["output"] + weights["bias"]

    def loss(weights, inputs, outputs):
        return jnp.square(predict(weights, inputs) - outputs).sum()

    def measure(weights, inputs, outputs):
        prediction = predict(weights, inputs)
        return (jnp.round(prediction) != outputs).mean(), jnp.square(prediction - outputs).sum()

    def block(state):
        def update(_, state):
            weights, moments = state
            changes, moments = optimizer.update(jax.grad(loss)(weights, *train), moments)
            return optax.apply_updates(weights, changes), moments

        state = jax.lax.fori_loop(0, 19, update, state)
        measured = measure(state[0], *train), measure(state[0], *test)
        return update(None, state), measured

    if seeds == 1:
        state, compiled = begin(jax.random.key(0)), jax.jit(block)
    else:
        state = jax.vmap(begin)(jax.random.split(jax.random.key(0), seeds))
        compiled = jax.jit(jax.vmap(block))

    def run(epochs):
        nonlocal state
        for _ in range(epochs // 20):
            state, measured = compiled(state)
            jax.block_until_ready(measured)

    return run


def jax_vmap():
    return jax_blocks(SEEDS)


def hashes():
    """A control: what a core computes without asking for memory."""
    block = bytes(4096)

    def run(epochs):
        for _ in range(100 * epochs):
            hashlib.sha256(block).digest()

    return run


def products():
    """A control: what most of the port's ops do, on matrices as large."""
    matrices = np.ones((60, UNITS, 1024), np.float32)

    def run(epochs):
        for _ in range(2 * epochs):
            for one, other, result in matrices.reshape(20, 3, UNITS, 1024):
                np.multiply(one, other, out=result)

    return run


CONTESTANTS = {
    "port": port,
    "torch": torch_lstm,
    "jax": jax_blocks,
    "jax_vmap": jax_vmap,
    "hashes": hashes,
    "products": products,
}


def main():
    train = CONTESTANTS[sys.argv[1]]()
    for line in iter(sys.stdin.readline, ""):
        begin = time.perf_counter()
        train(int(line))
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


if __name__ == "__main__":
    main()
