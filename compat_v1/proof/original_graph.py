"""The original's own graph, as TensorFlow 1.0.1 wrote it, running in today's TensorFlow.

The proof without a tolerance: the port must compute what this graph computes, on the same machine, to the last bit.
"""

import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit, same_roles
from compat_v1.audit.reading import read_graph_def
from compat_v1.graph import Network
from compat_v1.original.record_format import DEFAULT_SEED
from compat_v1.proof.golden import RECORDED
from compat_v1.training import OP_SEEDS, new_network

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


def original_graph_def(graph_seed=DEFAULT_SEED, op_seeds=OP_SEEDS):
    """Return the `GraphDef` that TensorFlow 1.0.1 wrote, with these seeds.

    In a GraphDef the seeds are attributes of the random ops: only they are set, everything else stays as recorded.
    """
    graph_def = read_graph_def(GRAPH)
    random_nodes = [node for node in graph_def.node if node.op == "TruncatedNormal"]
    for node, op_seed in zip(random_nodes, op_seeds, strict=True):
        node.attr["seed"].i = graph_seed
        node.attr["seed2"].i = op_seed
    return graph_def


def original_network(graph_seed, op_seeds=OP_SEEDS):
    """Import the original's graph into a `tf.Graph` of its own and return (graph, network), as `new_network` does."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(original_graph_def(graph_seed, op_seeds), name="")
    return graph, Network(*(graph.as_graph_element(name) for name in TENSORS))


def audit_port(graph_seed=DEFAULT_SEED, op_seeds=OP_SEEDS):
    """Audit the port's graph, as it is built now with these seeds, against the original's; return the `Audit`."""
    graph, network = new_network(graph_seed, op_seeds=op_seeds)
    return audit(original_graph_def(graph_seed), graph.as_graph_def(), same_roles(TENSORS, network))
