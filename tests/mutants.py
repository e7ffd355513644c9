"""Plausible mistakes in a port: what is changed in `compat_v1/graph.py`, and whether that changes what it computes.

Run as a program, it prints what the audit and the run of the original's own graph say of each: `make mutants`.
"""

import types
from pathlib import Path
from typing import NamedTuple

from compat_v1.environment import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402

import compat_v1.graph  # noqa: E402
from compat_v1.audit.comparison import same_roles  # noqa: E402
from compat_v1.proof.original_graph import TENSORS, original_graph_def, original_network  # noqa: E402
from compat_v1.training import OP_SEEDS, load_data, post_execution  # noqa: E402
from corpus_graphs import audited  # noqa: E402
from original.record_format import DEFAULT_SEED  # noqa: E402
from trained_runs import trained  # noqa: E402

_SOURCE = Path(compat_v1.graph.__file__).read_text()
_NO_CHECK = ("    require_v1_ops(tf.get_default_graph())\n", "")


class Mutant(NamedTuple):
    edits: list[tuple[str, str]]  # (what stands in the source once, what takes its place)
    changes_numbers: bool = True
    changes_names_only: bool = False  # the same ops on the same values, made under other names: no mistake to an audit


MUTANTS = {
    "concat order swapped": Mutant([("tf.concat([ht_minus_1, xt], 1)", "tf.concat([xt, ht_minus_1], 1)")]),
    "forget bias 0": Mutant([("tf.constant(1.0, shape", "tf.constant(0.0, shape")]),
    "the discarded bias left out": Mutant(
        [
            (
                "W_f, _ = default_weights_and_bias()",
                "W_f = tf.Variable(tf.truncated_normal([24, 27], -0.2, 0.1, seed=next(op_seed)))",
            )
        ],
        changes_numbers=False,
    ),
    "mean for sum": Mutant([("tf.reduce_sum(", "tf.reduce_mean(")]),
    "tanh and sigmoid swapped": Mutant(
        [("tf.sigmoid(tf.matmul(W_i", "tf.tanh(tf.matmul(W_i"), ("tf.tanh(tf.matmul(W_C", "tf.sigmoid(tf.matmul(W_C")]
    ),
    "no tanh at the output": Mutant([("o_t * tf.tanh(FinalConveyor)", "o_t * FinalConveyor")]),
    "output from the old conveyor": Mutant(
        [("h_t(ht_minus_1_and_xt, FinalConveyor))", "h_t(ht_minus_1_and_xt, Conveyor))")]
    ),
    "conveyor updated with the old prediction": Mutant(
        [("= C_t(ht_minus_1_and_xt, Conveyor, Cand", "= C_t(ht_minus_1_and_xt, tf.transpose(ht_minus_1), Cand")]
    ),
    "conveyor and candidates swapped": Mutant(
        [
            (
                "C_t(ht_minus_1_and_xt, Conveyor, CandidateConveyor)\n        prediction",
                "C_t(ht_minus_1_and_xt, CandidateConveyor, Conveyor)\n        prediction",
            )
        ]
    ),
    "a gate with another gate's weights": Mutant([("tf.matmul(W_i, ht", "tf.matmul(W_f, ht")]),
    "Adam's epsilon": Mutant([("AdamOptimizer()", "AdamOptimizer(epsilon=1e-7)")]),
    "Adam's learning rate": Mutant([("AdamOptimizer()", "AdamOptimizer(0.002)")]),
    "one op seed changed": Mutant([("[lstm_size, 1], seed=next(op_seed)", "[lstm_size, 1], seed=next(op_seed) + 1")]),
    "weights around +0.2": Mutant([("-0.2, 0.1", "0.2, 0.1")]),
    "output bias 0": Mutant([("tf.constant(0.1, shape=[1])", "tf.constant(0.0, shape=[1])")]),
    "one step too few": Mutant([("return step < sequence_length", "return step < sequence_length - 1")]),
    "floor for round": Mutant([("tf.round(", "tf.floor(")]),
    "loss of a column against a row": Mutant(
        [("tf.subtract(target, tf.unstack(prediction, axis=1))", "tf.subtract(target, prediction)")]
    ),
    "another parallel_iterations": Mutant([("parallel_iterations=32", "parallel_iterations=10")], False),
    "summaries unmerged": Mutant(
        [("tf.summary.merge_all()", 'tf.get_default_graph().get_tensor_by_name("error_1:0")')], False
    ),
    "resource variables": Mutant([("set_use_resource(False)", "set_use_resource(True)"), _NO_CHECK], False),
    "a functional while": Mutant([("with control_flow_v1():", "if True:"), _NO_CHECK], False),
    "an extra identity": Mutant([("tf.matmul(lstm_prediction,", "tf.matmul(tf.identity(lstm_prediction),")], False),
    "the placeholder fed instead of its transpose": Mutant(
        [
            (
                "return Network(data, target,",
                'return Network(data, tf.get_default_graph().get_tensor_by_name("target:0"),',
            )
        ],
        False,
    ),
    "bias + product": Mutant(
        [("tf.matmul(W_o, ht_minus_1_and_xt) + b_o", "b_o + tf.matmul(W_o, ht_minus_1_and_xt)")], False
    ),
    "the zeros made in the other order": Mutant(
        [
            ("    Conveyor = tf.zeros([lstm_size, data_length])\n", ""),
            (
                "    prediction = tf.zeros([data_length, lstm_size])\n",
                "    prediction = tf.zeros([data_length, lstm_size])\n"
                "    Conveyor = tf.zeros([lstm_size, data_length])\n",
            ),
        ],
        False,
        changes_names_only=True,
    ),
    "the step counted by an operator": Mutant([("tf.add(step, 1)", "step + 1")], False, changes_names_only=True),
    "a tensor as the first step": Mutant(
        [("(prediction, Conveyor, 0)", "(prediction, Conveyor, tf.constant(0))")], False, changes_names_only=True
    ),
}


def build(mutant, graph_seed=DEFAULT_SEED):
    """Build a mutant's graph as `new_network` builds the port's and return (graph, network)."""
    source = _SOURCE
    for old, new in mutant.edits:
        assert source.count(old) == 1, f"{old!r} must stand once in graph.py"
        source = source.replace(old, new)
    module = types.ModuleType("mutant")
    exec(source, module.__dict__)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(graph_seed)
        return graph, module.build_graph(OP_SEEDS)


def audit_of(graph, network):
    """Audit a mutant against the original."""
    return audited(original_graph_def(), graph.as_graph_def(), same_roles(TENSORS, network))


def measured(graph, network, data):
    """Return what 20 epochs of the post's execution measure, to the last bit; the fast one knows loops of v1 only."""
    record = trained(graph, network, data, draw=1, epochs=20, execution=post_execution, inter_op_threads=1).record
    return record.test, record.train, record.prediction


def table_of_mutants():
    """Yield the lines of a table in Markdown: each mutant, whether its numbers are others, what the audit says."""
    data = load_data(6, draw=1)
    original = measured(*original_network(DEFAULT_SEED), data)
    yield "| mutant | numbers after 20 epochs | differences | the first |"
    yield "| --- | --- | ---: | --- |"
    for name, mutant in MUTANTS.items():
        graph, network = build(mutant)
        differences = audit_of(graph, network).differences
        numbers = "other" if measured(graph, network, data) != original else "bit-equal"
        first = (
            f"`{differences[0].node or differences[0].port_node}`: {differences[0].what}" if differences else "names"
        )
        yield f"| {name} | {numbers} | {len(differences)} | {first} |"


if __name__ == "__main__":
    print(*table_of_mutants(), sep="\n")
