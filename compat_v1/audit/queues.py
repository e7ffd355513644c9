"""How large what a queue gives is: the program that built the graph knew, and the graph says it only of the queue."""

import tensorflow as tf

_QUEUES = {"FIFOQueue", "RandomShuffleQueue", "PaddingFIFOQueue"}
_GIVING = {"QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo"}


def write_sizes(graph_def):
    """Write the shapes of what is taken from queues, in place, where TensorFlow's importer looks for them."""
    nodes = {node.name: node for node in graph_def.node}
    for node in graph_def.node:
        giving = node.op.removesuffix("V2")
        queue = nodes.get(node.input[0].partition(":")[0]) if giving in _GIVING and node.input else None
        if queue is None or queue.op.removesuffix("V2") not in _QUEUES or "_output_shapes" in node.attr:
            continue
        shapes = [tf.TensorShape(one) for one in queue.attr["shapes"].list.shape]
        if giving != "QueueDequeue":
            batch = nodes.get(node.input[1]) if giving == "QueueDequeueMany" else None
            sizes = batch.attr["value"].tensor.int_val if batch is not None and batch.op == "Const" else []
            shapes = [
                tf.TensorShape(list(sizes) if len(sizes) == 1 and sizes[0] >= 0 else [None]).concatenate(one)
                for one in shapes
            ]
        if len(shapes) == len(node.attr["component_types"].list.type):
            node.attr["_output_shapes"].list.shape.extend(one.as_proto() for one in shapes)
