"""The original's own graph, as TensorFlow 1.0.1 wrote it, running in today's TensorFlow.

The proof without a tolerance: the port must compute what this graph computes, on the same machine, to the last bit.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import Audit, audit, same_roles
from compat_v1.audit.reading import read_graph_def
from compat_v1.beside.feeds import Feeds
from compat_v1.beside.lockstep import Mode, Side
from compat_v1.beside.plan import make_plan
from compat_v1.beside.program import Program
from compat_v1.graph import Network
from compat_v1.original.record_format import DEFAULT_SEED
from compat_v1.proof.golden import RECORDED
from compat_v1.training import (
    EXECUTIONS,
    OP_SEEDS,
    Data,
    Execution,
    Measurement,
    Measurements,
    feeds,
    fetches,
    new_network,
)

GRAPH = RECORDED / "tf1.0.1" / "graph.pb.gz"

# The tensors' names in the original. The trailing numbers are TensorFlow's.
TENSORS = Network(
    data="data:0",
    target="transpose:0",
    prediction="add:0",
    mean_square_error="mean_square_error/Sum:0",
    error="error/error/Mean:0",
    minimize="Adam",
    summaries="Merge/MergeSummary:0",
    initializer="init",
)


@cache
def _recorded_graph() -> Any:
    return read_graph_def(GRAPH)


def original_graph_def(graph_seed: int = DEFAULT_SEED, op_seeds: Sequence[int] = OP_SEEDS) -> Any:
    """Return the `GraphDef` that TensorFlow 1.0.1 wrote, with these seeds.

    In a GraphDef the seeds are attributes of the random ops: only they are set, everything else stays as recorded.
    """
    graph_def = tf.GraphDef()
    graph_def.CopyFrom(_recorded_graph())
    random_nodes = [node for node in graph_def.node if node.op == "TruncatedNormal"]
    for node, op_seed in zip(random_nodes, op_seeds, strict=True):
        node.attr["seed"].i = graph_seed
        node.attr["seed2"].i = op_seed
    return graph_def


def original_network(graph_seed: int, op_seeds: Sequence[int] = OP_SEEDS) -> tuple[Any, Network]:
    """Import the original's graph into a `tf.Graph` of its own and return (graph, network), as `new_network` does."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(original_graph_def(graph_seed, op_seeds), name="")
    return graph, Network(*(graph.as_graph_element(name) for name in TENSORS))


def _beside(in_one_run: bool, session: Any, network: Network, data: Data, epochs: int) -> Measurements:
    """Train as the execution of that name in `training.py`, by what runs any two programs beside each other."""
    parts = [{tensor.name: array for tensor, array in fed.items()} for fed in feeds(network, data)]
    fed = {name: array.dtype for name, array in parts[0].items()}
    program = Program(session.graph.as_graph_def(), fed, "the original's graph")
    itself = {name: name for name in program.wiring.order}
    results = [(tensor.op.name, tensor.value_index) for tensor in fetches(network)[0]]
    plans = [make_plan(program, program, itself, Feeds(program, program, itself, parts[0]))]
    plans.append(plans[0]._replace(feeds=Feeds(program, program, itself, parts[1])))
    train, test = (Side(plan, 0, Mode(), session=session) for plan in plans)
    for epoch in range(1, epochs + 1):
        is_test = epoch % 20 == 0
        if in_one_run and not is_test:
            _, measured = train.run(epoch, 1, results)
        else:
            _, measured = (test if is_test else train).run(epoch, 0, results)
            train.run(epoch, 1)
        summary, error, squared_error = measured
        yield Measurement(epoch, "test" if is_test else "train", summary, error, squared_error if is_test else None)


# How the original's graph is trained: by the engine, but for the execution that makes another graph of it.
ORIGINAL_EXECUTIONS: dict[str, Execution] = {
    **EXECUTIONS,
    "one-run": partial(_beside, True),
    "post": partial(_beside, False),
}


def audit_port(graph_seed: int = DEFAULT_SEED, op_seeds: Sequence[int] = OP_SEEDS) -> Audit:
    """Audit the port's graph, as it is built now with these seeds, against the original's; return the `Audit`."""
    graph, network = new_network(graph_seed, op_seeds=op_seeds)
    return audit(original_graph_def(graph_seed), graph.as_graph_def(), same_roles(TENSORS, network))
