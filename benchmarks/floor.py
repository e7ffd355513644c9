"""How fast could an epoch be? Count its arithmetic, measure this machine's rate for it, compare: `make bench-floor`.

The rates are those of TensorFlow's own kernels, one after the other on one thread, on arrays of the size that the graph
has. Everything else that an epoch does (transposes, sums, stacks, the executor) is what it costs above the floor.
"""

import statistics
import time

import numpy as np

from compat_v1.environment import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402
from tables import publish  # noqa: E402

from compat_v1.training import fast_execution, load_data, new_network, new_session  # noqa: E402

UNITS, INPUTS, BATCH, TEST, STEPS, GATES = 24, 27, 1024, 3072, 6, 4
REPEATS, ROUNDS, EPOCHS = 200, 9, 60

# A product of (24, 27) and (27, batch) forward; backward two of as many operations, for the weights and for the input.
PRODUCT = 2 * UNITS * INPUTS
EVERY_EPOCH = (3 * STEPS - 1) * GATES * PRODUCT * BATCH  # nothing needs the gradient of the first step's state
EVERY_20TH = STEPS * GATES * PRODUCT * TEST  # the measurement on the test set
FLOPS = EVERY_EPOCH + EVERY_20TH / 20
# Three sigmoids and two tanhs a step, for each unit and sequence.
TRANSCENDENTAL = STEPS * 5 * UNITS * (BATCH + TEST / 20)


def seconds_of(build):
    """Return the seconds that one op takes of a chain of them; `build` makes the next from the last."""
    with tf.Graph().as_default() as graph:
        last = start = tf.placeholder(tf.float32, [INPUTS, BATCH])
        for _ in range(REPEATS):
            last = build(last)
        with new_session(graph, inter_op_threads=1) as session:
            run = session.make_callable(last.op, [start])
            value = np.random.RandomState(0).standard_normal((INPUTS, BATCH)).astype(np.float32)
            seconds = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                run(value)
                seconds.append(time.perf_counter() - begin)
    return min(seconds) / REPEATS


def seconds_of_an_epoch():
    graph, network = new_network(graph_seed=1)
    data = load_data(6, draw=1)
    with new_session(graph) as session:
        session.run(network.initializer)
        times = [time.perf_counter() for _ in fast_execution(session, network, data, ROUNDS * EPOCHS)]
    return (times[-1] - times[EPOCHS]) / (len(times) - 1 - EPOCHS)


# Square, so that a product can go into the next, and small, so that it stays a number.
weights = 0.1 * np.random.RandomState(1).standard_normal((INPUTS, INPUTS)).astype(np.float32)
flops_a_second = 2 * INPUTS**2 * BATCH / seconds_of(lambda x: tf.matmul(weights, x))
transcendental_a_second = INPUTS * BATCH / statistics.mean([seconds_of(tf.tanh), seconds_of(tf.sigmoid)])
products, functions, epoch = FLOPS / flops_a_second, TRANSCENDENTAL / transcendental_a_second, seconds_of_an_epoch()
table = [
    "| an epoch | operations | rate | share of its time |",
    "| --- | ---: | ---: | ---: |",
    f"| products of matrices | {FLOPS / 1e6:.0f} M | {flops_a_second / 1e9:.0f} G/s | {products / epoch:.0%} |",
    f"| sigmoids and tanhs | {TRANSCENDENTAL / 1e6:.2f} M | {transcendental_a_second / 1e9:.2f} G/s | "
    f"{functions / epoch:.0%} |",
    f"| the floor, both | | | {(products + functions) / epoch:.0%} |",
]
publish("floor", table)
