"""Claims 1 and 3 under the original's own TensorFlow: `make study-original` trains a few settings from ten seeds.

`python original/study.py DIR` writes a result for each run, as `compat_v1/study/runs.py` has them and under its names;
runs that have one are left out. It is slow, so that a run has a thousand epochs.
"""

from __future__ import print_function

import hashlib
import os
import sys
import time

import numpy as np
import tensorflow as tf

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from original.record_format import MEASURED_SEQUENCE, exactly, write_json
from original.selfmade_lstm import finish, start, train

SEEDS, EPOCHS, DRAW, EXAMPLES, TESTS = range(1, 11), 1000, 1, 1024, 3072
SETTINGS = [("post", 1.0), ("wide", 1.0), ("uniform", 1.0), ("post", 0.0)]
OP_SEEDS = (13, 30, 43, 56)  # what TensorFlow 1.0.1 derives for the gates' weights
GATES = ("Variable", "Variable_3", "Variable_5", "Variable_7")
FORGET_BIAS = "Variable_2"


def draw(weights, seed):
    """Return the gates' weights, float32 (24, 27) each, as the random ops with the graph's seeds draw them."""
    draws = {
        "wide": lambda op_seed: tf.truncated_normal([24, 27], 0.0, 0.5, seed=op_seed),
        "uniform": lambda op_seed: tf.random_uniform([24, 27], -1.0, 1.0, seed=op_seed),
    }
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        return session.run([draws[weights](op_seed) for op_seed in OP_SEEDS])


def variables(run):
    """Return all variables, {op name: array}."""
    tensors = {op.name: op.outputs[0] for op in run.graph.get_operations() if op.type == "VariableV2"}
    return run.session.run(tensors)


def sha256(values):
    return hashlib.sha256(b"".join(values[name].tobytes() for name in sorted(values))).hexdigest()


def counts(shares, of):
    return np.rint(np.multiply(shares, of)).astype(int).tolist()


def trained(weights, forget_bias, seed):
    """Train once and return the result."""
    begin = time.time()
    run = start(seed, DRAW)
    values = {} if weights == "post" else dict(zip(GATES, draw(weights, seed)))
    values[FORGET_BIAS] = np.full([24, 1], forget_bias, np.float32)
    assigns = {run.graph.get_operation_by_name(name + "/Assign"): value for name, value in values.items()}
    run.session.run(list(assigns), {assign.inputs[1]: value for assign, value in assigns.items()})
    initial = variables(run)
    train(run, EPOCHS)
    record = finish(run)
    train_error = dict(zip(record["train"]["epoch"], record["train"]["error"]))
    result = {
        "format": 1,
        "package": "original",
        "stack": record["stack"],
        "run": {
            "kind": "run",
            "program": "original",
            "weights": weights,
            "forget_bias": forget_bias,
            "examples": EXAMPLES,
            "draw": DRAW,
            "epochs": EPOCHS,
            "seed": seed,
        },
        "epochs": EPOCHS,
        "test_wrong": counts(record["test"]["error"], TESTS),
        "squared_error": record["test"]["squared_error"],
        "train_wrong": counts([train_error[epoch - 1] for epoch in record["test"]["epoch"]], EXAMPLES),
        "prediction": exactly(record["prediction"][MEASURED_SEQUENCE]),
        "initial_sha256": sha256(initial),
        "final_sha256": sha256(variables(run)),
        "seconds": round(time.time() - begin, 3),
    }
    run.session.close()
    return result


def main():
    folder = sys.argv[1]
    for seed in SEEDS:
        for weights, forget_bias in SETTINGS:
            name = "original-{}-bias{:g}-{}examples-draw{}-{}epochs-seed{}.json".format(
                weights, forget_bias, EXAMPLES, DRAW, EPOCHS, seed
            )
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                write_json(path, trained(weights, forget_bias, seed))
            print(name, file=sys.stderr)


if __name__ == "__main__":
    main()
