"""A rule for the queue that a runner closes when SyncReplicasOptimizer's training ends."""

from compat_v1.audit.graph import Attributes


def _of_no_use(rewriter, name, node, _operands):
    """One that is only closed stood for the queue of tokens: its closing is that queue's by now."""
    graph, normal = rewriter.graph, rewriter.normal
    if _shared_name(node) != b"dummy_queue" or not all(_closes(graph, user) for user, _ in graph.users[name]):
        return False
    tokens = [one for one in graph.nodes if _is_of_tokens(graph, one) and graph.devices[one] == graph.devices[name]]
    if len(tokens) != 1 or tokens[0] not in normal.made:
        return False
    normal.alias(name, (normal.made[tokens[0]], 0), "closed queue")
    return True


def _shared_name(node):
    return Attributes(node)["shared_name"].s


def _closes(graph, name):
    return graph.nodes[name].op == "QueueCloseV2"


def _is_of_tokens(graph, name):
    return graph.nodes[name].op == "FIFOQueueV2" and _shared_name(graph.nodes[name]) == b"sync_token_q"


RULES = {"FIFOQueueV2": _of_no_use}
